/* evssim/signature.c against the published vectors (tests/data/signing-vectors.json) and against tampering. */
#include <jansson.h>

#include "base/error.h"
#include "evssim/signature.h"
#include "tests/unit/cmocka_all.h"

#ifndef EVS_TEST_DATA
#error "EVS_TEST_DATA must name tests/data"
#endif

enum { HEADERS_MAX = 16 };

typedef struct {
  SignatureHeader headers[HEADERS_MAX];
  SignatureRequest request;
  const char *secret;
} Case;

static const char *text(json_t *object, const char *key)
{
  return json_string_value(json_object_get(object, key));
}

static void case_from_vector(Case *out, json_t *vector)
{
  gsize count = 0;
  const char *name = NULL;
  json_t *value = NULL;
  json_object_foreach(json_object_get(vector, "headers"), name, value)
  {
    assert_true(count < HEADERS_MAX);
    out->headers[count++] = (SignatureHeader){name, json_string_value(value)};
  }
  const char *body = text(vector, "body");
  out->secret = text(vector, "sk");
  out->request = (SignatureRequest){.method = text(vector, "method"),
                                    .target = text(vector, "url"),
                                    .headers = out->headers,
                                    .header_count = count,
                                    .body = body,
                                    .body_size = body ? strlen(body) : 0};
}

static void check_vector(json_t *vector, json_t *expected)
{
  Case example;
  case_from_vector(&example, vector);
  g_autoptr(GError) error = NULL;
  g_autoptr(Signature) signature = signature_parse(text(expected, "authorization"), &error);
  assert_null(error);
  assert_string_equal(signature->access_key, text(vector, "ak"));
  g_autofree char *names = g_strjoinv(";", signature->signed_names);
  assert_string_equal(names, text(expected, "signed_headers"));
  g_autofree char *canonical = signature_canonical_request(signature, &example.request, &error);
  assert_string_equal(canonical, text(expected, "canonical_request"));
  g_autofree char *to_sign = signature_string_to_sign(signature, &example.request, &error);
  assert_string_equal(to_sign, text(expected, "string_to_sign"));
  assert_true(signature_verify(signature, &example.request, example.secret, &error));
  assert_null(error);

  assert_false(signature_verify(signature, &example.request, "another secret", &error));
  assert_true(evs_error_is(error, EVS_CODE_UNAUTHENTICATED));
  g_clear_error(&error);
  example.request.method = "PATCH";
  assert_false(signature_verify(signature, &example.request, example.secret, &error));
}

static json_t *load_vectors(void)
{
  json_error_t where;
  json_t *root = json_load_file(EVS_TEST_DATA "/signing-vectors.json", 0, &where);
  assert_non_null(root);
  return root;
}

static void vectors_verify_in_both_forms(void **state)
{
  (void)state;
  json_t *root = load_vectors();
  json_t *vectors = json_object_get(root, "vectors");
  assert_int_equal(json_array_size(vectors), 16);
  size_t i = 0;
  json_t *vector = NULL;
  json_array_foreach(vectors, i, vector)
  {
    print_message("%s\n", text(vector, "id"));
    check_vector(vector, json_object_get(vector, "expected"));
    check_vector(vector, json_object_get(vector, "expected_golangsdk"));
  }
  json_decref(root);
}

static void published_examples_verify(void **state)
{
  (void)state;
  json_t *root = load_vectors();
  json_t *examples = json_object_get(root, "published_examples");
  assert_int_equal(json_array_size(examples), 3);
  size_t i = 0;
  json_t *example = NULL;
  json_array_foreach(examples, i, example) check_vector(example, example);
  json_decref(root);
}

static const char SCOPED[] =
  "SDK-HMAC-SHA256 Credential=AK/20240229///sdk_request, SignedHeaders=host;x-sdk-date, "
  "Signature=0000000000000000000000000000000000000000000000000000000000000000";
static const char ACCESS[] = "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-sdk-date, "
                             "Signature=0000000000000000000000000000000000000000000000000000000000000000";
static const SignatureHeader PLAIN[] = {{"Host", "h"}, {"X-Sdk-Date", "20240229T123456Z"}};

static SignatureRequest plain_request(const char *method, const char *target)
{
  return (SignatureRequest){.method = method, .target = target, .headers = PLAIN, .header_count = 2};
}

/* What the vectors do not hold of the scoped form: a POST without a body signs its query as the payload; names sort
 * by their encoded form in any case. */
static void scoped_form_has_its_own_query(void **state)
{
  (void)state;
  g_autoptr(Signature) signature = signature_parse(SCOPED, NULL);
  SignatureRequest post = plain_request("POST", "/p?b=2&a=x%20y&b=1");
  g_autofree char *canonical = signature_canonical_request(signature, &post, NULL);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "a=x+y&b=2&b=1", -1);
  g_autofree char *expected =
    g_strdup_printf("POST\n/p/\n\nhost:h\nx-sdk-date:20240229T123456Z\n\nhost;x-sdk-date\n%s", hash);
  assert_string_equal(canonical, expected);
  SignatureRequest get = plain_request("GET", "/?b=1&A=2&B=3&a");
  g_autofree char *sorted = signature_canonical_request(signature, &get, NULL);
  assert_true(g_str_has_prefix(sorted, "GET\n/\nA=2&a=&b=1&B=3\n"));
  g_autoptr(Signature) access = signature_parse(ACCESS, NULL);
  g_autofree char *by_byte = signature_canonical_request(access, &get, NULL);
  assert_true(g_str_has_prefix(by_byte, "GET\n/\nA=2&B=3&a=&b=1\n"));
}

static void broken_authorization_is_refused(void **state)
{
  (void)state;
  static const char *const rows[] = {
    "",
    "Basic QQ==",
    "SDK-HMAC-SHA256 ",
    "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host",
    "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=12",
    "SDK-HMAC-SHA256 Access=, SignedHeaders=host, "
    "Signature=0000000000000000000000000000000000000000000000000000000000000000",
    "SDK-HMAC-SHA256 Credential=AK/20240229/sdk_request, SignedHeaders=host, "
    "Signature=0000000000000000000000000000000000000000000000000000000000000000",
    "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signed=1, "
    "Signature=0000000000000000000000000000000000000000000000000000000000000000",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(signature_parse(rows[i], &error));
    assert_true(evs_error_is(error, EVS_CODE_UNAUTHENTICATED));
  }
  assert_null(signature_parse(NULL, NULL));
}

static void request_must_carry_what_was_signed(void **state)
{
  (void)state;
  g_autoptr(Signature) signature = signature_parse(ACCESS, NULL);
  g_autoptr(GError) error = NULL;
  SignatureRequest request = plain_request("GET", "/a%zz");
  assert_null(signature_canonical_request(signature, &request, &error));
  assert_string_equal(error->message, "the path holds a broken percent escape");
  g_clear_error(&error);
  request = plain_request("GET", "/?a=%0");
  assert_null(signature_canonical_request(signature, &request, &error));
  assert_string_equal(error->message, "the query holds a broken percent escape");
  g_clear_error(&error);
  request = plain_request("GET", "/");
  request.header_count = 1;
  assert_false(signature_verify(signature, &request, "SK", &error));
  assert_string_equal(error->message, "header 'X-Sdk-Date' is missing");
  g_clear_error(&error);
  SignatureHeader without_host[] = {PLAIN[1]};
  request.headers = without_host;
  assert_false(signature_verify(signature, &request, "SK", &error));
  assert_string_equal(error->message, "signed header 'host' is not on the request");
}

static void date_must_be_signed_and_of_the_scope(void **state)
{
  (void)state;
  g_autoptr(Signature) signature = signature_parse(SCOPED, NULL);
  SignatureRequest request = plain_request("GET", "/");
  gint64 wall = 0;
  assert_true(signature_date(signature, &request, &wall, NULL));
  assert_int_equal(wall, G_GINT64_CONSTANT(1709210096) * G_USEC_PER_SEC);
  SignatureHeader other_day[] = {PLAIN[0], {"X-Sdk-Date", "20240301T000000Z"}};
  request.headers = other_day;
  g_autoptr(GError) error = NULL;
  assert_false(signature_date(signature, &request, &wall, &error));
  assert_string_equal(error->message, "the credential's date is not the day of 'X-Sdk-Date'");
  g_clear_error(&error);
  SignatureHeader garbage[] = {PLAIN[0], {"X-Sdk-Date", "20240229T1234567"}};
  request.headers = garbage;
  assert_false(signature_date(signature, &request, &wall, &error));
  g_clear_error(&error);
  g_strfreev(signature->signed_names);
  signature->signed_names = g_strsplit("host", ";", 0);
  assert_false(signature_date(signature, &request, &wall, &error));
  assert_string_equal(error->message, "header 'X-Sdk-Date' is not signed");
}

/* Bytes that mean something to the parsers, and some that do not. */
static char *random_text(GRand *random, gsize max)
{
  static const char alphabet[] = "AZaz09%+&=?/;:, .-_~\xe5\xff\n%2F%zz";
  gsize length = (gsize)g_rand_int_range(random, 0, (gint32)max);
  GString *text = g_string_new(NULL);
  for (gsize i = 0; i < length; i++)
    g_string_append_c(text, alphabet[g_rand_int_range(random, 0, (gint32)sizeof alphabet - 1)]);
  return g_string_free(text, FALSE);
}

static void hostile_input_is_refused_or_signed_but_never_verified(void **state)
{
  (void)state;
  GRand *random = g_rand_new_with_seed(1);
  for (int i = 0; i < 20000; i++) {
    g_autofree char *target = random_text(random, 60), *noise = random_text(random, 40);
    g_autofree char *header = g_strdup_printf(
      "SDK-HMAC-SHA256 %s%s", i % 3 ? SCOPED + strlen("SDK-HMAC-SHA256 ") : "", i % 2 ? noise : "");
    g_autoptr(Signature) signature = signature_parse(header, NULL);
    if (!signature)
      continue;
    SignatureRequest request = plain_request(i % 5 ? "GET" : "POST", target);
    g_autoptr(GError) error = NULL;
    assert_false(signature_verify(signature, &request, "SK", &error));
    assert_true(evs_error_is(error, EVS_CODE_UNAUTHENTICATED));
  }
  g_rand_free(random);
}

int main(void)
{
  static const struct CMUnitTest tests[] = {
    cmocka_unit_test(vectors_verify_in_both_forms),
    cmocka_unit_test(published_examples_verify),
    cmocka_unit_test(scoped_form_has_its_own_query),
    cmocka_unit_test(broken_authorization_is_refused),
    cmocka_unit_test(request_must_carry_what_was_signed),
    cmocka_unit_test(date_must_be_signed_and_of_the_scope),
    cmocka_unit_test(hostile_input_is_refused_or_signed_but_never_verified),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
