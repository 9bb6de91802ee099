/* evsclient/sign.c against the vectors of official signers, to the byte. */
#include "evsclient/sign.h"

#include "evsclient/json.h"

#include "tests/unit/cmocka_all.h"

enum { MAX_HEADERS = 16 };

static json_t *load_vectors(void)
{
  json_t *root = json_load_file(EVS_SOURCE_DIR "/tests/data/signing-vectors.json", 0, NULL);
  assert_non_null(root);
  return root;
}

static gboolean is_signed(const char *name, const char *signed_names)
{
  g_autofree char *lower = g_ascii_strdown(name, -1);
  g_auto(GStrv) names = g_strsplit(signed_names, ";", -1);
  return g_strv_contains((const char *const *)names, lower);
}

static void check_vector(json_t *vector, json_t *expected)
{
  EvsHeader headers[MAX_HEADERS] = {{NULL, NULL}};
  const char *signed_names = json_string_value(json_object_get(expected, "signed_headers")), *name;
  json_t *value;
  guint n = 0;
  json_object_foreach(json_object_get(vector, "headers"), name, value)
  {
    if (is_signed(name, signed_names))
      headers[n++] = (EvsHeader){name, json_string_value(value)};
  }
  const char *body = json_string_value(json_object_get(vector, "body"));
  EvsSignRequest request = {
    .method = json_string_value(json_object_get(vector, "method")),
    .url = json_string_value(json_object_get(vector, "url")),
    .headers = headers,
    .body = body,
    .body_length = body ? strlen(body) : 0,
    .access_key = json_string_value(json_object_get(vector, "ak")),
    .secret_key = json_string_value(json_object_get(vector, "sk")),
  };
  g_auto(EvsSignature) signature = {0};
  evs_sign(&request, &signature);
  assert_string_equal(signature.canonical_request,
                      json_string_value(json_object_get(expected, "canonical_request")));
  assert_string_equal(signature.string_to_sign,
                      json_string_value(json_object_get(expected, "string_to_sign")));
  assert_string_equal(signature.authorization, json_string_value(json_object_get(expected, "authorization")));
}

static void test_vectors(void **state)
{
  (void)state;
  g_autoptr(json_t) root = load_vectors();
  gsize i;
  json_t *vector;
  json_array_foreach(json_object_get(root, "vectors"), i, vector)
  {
    check_vector(vector, json_object_get(vector, "expected"));
  }
  assert_int_equal(i, 16);
}

static void test_published_examples(void **state)
{
  (void)state;
  g_autoptr(json_t) root = load_vectors();
  gsize i;
  json_t *vector;
  json_array_foreach(json_object_get(root, "published_examples"), i, vector)
  {
    check_vector(vector, vector);
  }
  assert_int_equal(i, 3);
}

static void test_order_of_headers_does_not_matter(void **state)
{
  (void)state;
  EvsHeader forward[] = {{"Host", "h"}, {"X-Sdk-Date", "20240229T123456Z"}, {NULL, NULL}};
  EvsHeader backward[] = {{"x-sdk-date", " 20240229T123456Z "}, {"HOST", "h"}, {NULL, NULL}};
  EvsSignRequest request = {
    .method = "get", .url = "https://h", .headers = forward, .access_key = "a", .secret_key = "s"};
  g_auto(EvsSignature) one = {0}, two = {0};
  evs_sign(&request, &one);
  request.headers = backward;
  evs_sign(&request, &two);
  assert_string_equal(one.authorization, two.authorization);
}

static void test_date(void **state)
{
  (void)state;
  g_autofree char *date = evs_sign_date(G_GINT64_CONSTANT(1709210096) * G_USEC_PER_SEC + 999999);
  assert_string_equal(date, "20240229T123456Z");
}

static void test_percent_encode(void **state)
{
  (void)state;
  g_autofree char *text = evs_percent_encode("['a b']/~\xc3\xa9+");
  assert_string_equal(text, "%5B%27a%20b%27%5D%2F~%C3%A9%2B");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_vectors),
    cmocka_unit_test(test_published_examples),
    cmocka_unit_test(test_order_of_headers_does_not_matter),
    cmocka_unit_test(test_date),
    cmocka_unit_test(test_percent_encode),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
