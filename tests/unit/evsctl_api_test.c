/* evsctl api: what a dry run shows, against the vectors of official signers to the byte, and what it never shows. */
#include "evsclient/json.h"
#include "tests/harness/evsctl.h"

#include <jansson.h>

#define DATE "20240229T123456Z"

static void add(GPtrArray *arguments, const char *text)
{
  g_ptr_array_add(arguments, g_strdup(text));
}

static const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* ---- vectors ---- */

/* "https://host" and the rest. */
static char *split_url(const char *url, char **ret_host)
{
  const char *path = strchr(url + strlen("https://"), '/');
  *ret_host = path ? g_strndup(url, (gsize)(path - url)) : g_strdup(url);
  return g_strdup(path ? path : "");
}

/* What evsctl makes by itself comes from --date and cloud-config, or all headers are typed. */
typedef enum { HEADERS_MADE, HEADERS_TYPED } Headers;

static char *write_config(Harness *harness, const json_t *vector, const char *endpoint, Headers headers)
{
  g_autofree char *token =
    headers == HEADERS_MADE && json_is_string(json_object_get(vector, "security_token"))
      ? g_strdup_printf("security-token=%s\n", text_of(vector, "security_token"))
      : g_strdup("");
  g_autofree char *text = g_strdup_printf(
    "[Global]\nregion=cn-north-4\nproject-id=0f1e2d3c4b5a69788796a5b4c3d2e1f0\n"
    "access-key=%s\nsecret-key=%s\nendpoint-%s=%s\n%s",
    text_of(vector, "ak"), text_of(vector, "sk"), strstr(endpoint, "ecs.") ? "ecs" : "evs", endpoint, token);
  g_autofree char *name = g_strconcat(text_of(vector, "id"), ".conf", NULL);
  return harness_write_file(harness, name, text);
}

static void add_header_flags(GPtrArray *arguments, const json_t *vector, Headers headers)
{
  static const char *const made_by_evsctl[] = {"Host", "X-Sdk-Date", "X-Security-Token", NULL};
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(vector, "headers"), name, value)
  {
    if (headers == HEADERS_MADE && g_strv_contains(made_by_evsctl, name))
      continue;
    add(arguments, "--header");
    g_ptr_array_add(arguments, g_strdup_printf("%s: %s", name, json_string_value(value)));
  }
}

static void check_vector(Harness *harness, const json_t *vector, Headers headers)
{
  const json_t *expected = json_object_get(vector, "expected");
  g_autofree char *endpoint = NULL, *path = split_url(text_of(vector, "url"), &endpoint);
  g_autofree char *config = write_config(harness, vector, endpoint, headers);
  const char *service = strstr(endpoint, "ecs.") ? "ecs" : "evs";
  const char *const fixed[] = {"api",
                               text_of(vector, "method"),
                               path,
                               "--dry-run",
                               "-o",
                               "json",
                               "--sign-headers",
                               text_of(expected, "signed_headers"),
                               "--service",
                               service};
  g_autoptr(GPtrArray) arguments = g_ptr_array_new_with_free_func(g_free);
  for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
    add(arguments, fixed[i]);
  add_header_flags(arguments, vector, headers);
  if (headers == HEADERS_MADE) {
    add(arguments, "--show-secrets");
    add(arguments, "--date");
    add(arguments, text_of(vector, "date"));
  }
  if (json_is_string(json_object_get(vector, "body"))) {
    add(arguments, "--data");
    add(arguments, text_of(vector, "body"));
  }
  g_auto(Evsctl) done = evsctl_with(harness, config, arguments);
  evsctl_assert_status(&done, 0);
  g_autoptr(json_t) shown = json_loads(done.out, 0, NULL);
  assert_int_equal(json_object_size(shown), 5);
  assert_string_equal(text_of(shown, "method"), text_of(vector, "method"));
  assert_string_equal(text_of(shown, "url"), text_of(vector, "url"));
  assert_string_equal(text_of(shown, "canonical_request"), text_of(expected, "canonical_request"));
  assert_string_equal(text_of(shown, "string_to_sign"), text_of(expected, "string_to_sign"));
  assert_string_equal(text_of(json_object_get(shown, "headers"), "Authorization"),
                      text_of(expected, "authorization"));
}

static void a_dry_run_signs_as_official_signers_do(void **state)
{
  g_autoptr(json_t) root = json_load_file(EVS_SOURCE_DIR "/tests/data/signing-vectors.json", 0, NULL);
  gsize index;
  json_t *vector;
  json_array_foreach(json_object_get(root, "vectors"), index, vector)
  {
    check_vector(*state, vector, HEADERS_MADE);
    check_vector(*state, vector, HEADERS_TYPED);
  }
  assert_int_equal(index, 16);
}

/* ---- what is shown ---- */

#define PROJECT "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define CONFIG                                                                                               \
  "[Global]\nregion=r1\ncloud=example.test\nproject-id=" PROJECT                                             \
  "\naccess-key=AKIDENT\nsecret-key=PLANTED-SECRET\nsecurity-token=PLANTED-TOKEN\n"

static void secrets_are_not_shown(void **state)
{
  g_autofree char *config = harness_write_file(*state, "c", CONFIG);
  static const char *const formats[] = {"json", "yaml", "table"};
  for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
    g_auto(Evsctl) done = evsctl(*state, config, "api", "GET", "/v2/{project}/cloudvolumes", "--dry-run",
                                 "--date", DATE, "-o", formats[i], NULL);
    evsctl_assert_status(&done, 0);
    assert_null(strstr(done.out, "PLANTED"));
    assert_null(strstr(done.err, "PLANTED"));
    assert_non_null(strstr(done.out, "x-security-token:***"));
    assert_non_null(strstr(done.out, "https://evs.r1.example.test/v2/" PROJECT "/cloudvolumes"));
    assert_non_null(strstr(
      done.out, "Access=AKIDENT, SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, Signature="));
  }
  g_auto(Evsctl) shown =
    evsctl(*state, config, "api", "GET", "/", "--dry-run", "--show-secrets", "-o", "json", NULL);
  assert_non_null(strstr(shown.out, "x-security-token:PLANTED-TOKEN"));
  assert_null(strstr(shown.out, "PLANTED-SECRET"));
}

static void a_password_is_not_shown(void **state)
{
  g_autofree char *config = harness_write_file(
    *state, "c",
    "[Global]\nregion=r1\nauth=password\nuser-name=u\npassword=PLANTED\ndomain-name=d\nproject-id=" PROJECT
    "\n");
  g_auto(Evsctl) done =
    evsctl(*state, config, "api", "GET", "/v2/{project}/types", "--dry-run", "-o", "json", NULL);
  evsctl_assert_status(&done, 0);
  assert_null(strstr(done.out, "PLANTED"));
  g_autoptr(json_t) shown = json_loads(done.out, 0, NULL);
  assert_string_equal(text_of(json_object_get(shown, "headers"), "X-Auth-Token"), "***");
  assert_true(json_is_null(json_object_get(shown, "canonical_request")));
}

/* ---- what is refused ---- */

static void wrong_input_is_refused_before_anything_is_sent(void **state)
{
  static const struct {
    const char *method, *path, *flag, *value, *text;
  } rows[] = {
    {"FETCH", "/", NULL, NULL, "METHOD: 'FETCH': GET, POST, PUT, DELETE or PATCH is expected"},
    {"GET", "v2", NULL, NULL, "PATH: a path beginning with '/' is expected"},
    {"GET", "https://evil.test/v2", NULL, NULL, "PATH: a path without host is expected"},
    {"GET", "/a b", NULL, NULL, "must be percent-encoded"},
    {"GET", "/v2/{volume_id}", NULL, NULL, "only {project} is filled in"},
    {"GET", "/", "--header", "X Y: z", "--header: 'Name: value' is expected"},
    {"GET", "/", "--header", "Authorization: z", "--header: Authorization: cannot be given"},
    {"GET", "/", "--header", "X-Sdk-Date: today", "--header: X-Sdk-Date: 'today': UTC as"},
    {"GET", "/", "--header", "X-Y: a\nb: c", "--header: X-Y: a value of printable ASCII is expected"},
    {"GET", "/", "--date", "2024-02-29", "--date: '2024-02-29': UTC as YYYYMMDDTHHMMSSZ is expected"},
    {"GET", "/", "--sign-headers", "host", "--sign-headers: x-sdk-date must be among them"},
    {"GET", "/", "--sign-headers", "host;x-a;x-sdk-date",
     "--sign-headers: 'x-a' is no header of this request"},
    {"GET", "/", "--service", "obs", "--service: obs: one of evs, ecs, iam is expected"},
    {"POST", "/", "--data", "@/nonexistent", "--data: "},
  };
  g_autofree char *config = harness_write_file(*state, "c", CONFIG);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Evsctl) done = evsctl(*state, config, "api", rows[i].method, rows[i].path, "--dry-run",
                                 rows[i].flag, rows[i].value, NULL);
    if (done.status != 2 || !strstr(done.err, rows[i].text))
      fail_msg("row %zu: status %d, %s", i, done.status, done.err);
    assert_string_equal(done.out, "");
  }
}

static void a_dry_run_asks_nobody(void **state)
{
  g_autofree char *config =
    harness_write_file(*state, "c", "[Global]\nregion=r1\naccess-key=a\nsecret-key=PLANTED\n");
  g_auto(Evsctl) done = evsctl(*state, config, "api", "GET", "/v2/{project}/types", "--dry-run", NULL);
  evsctl_assert_status(&done, 1);
  assert_non_null(strstr(done.err, "cloud-config has no project-id, and a dry run looks nothing up"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(a_dry_run_signs_as_official_signers_do),
    test(secrets_are_not_shown),
    test(a_password_is_not_shown),
    test(wrong_input_is_refused_before_anything_is_sent),
    test(a_dry_run_asks_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
