/* evsclient/echo.c: gateways that quote the whole request in their error, and IAM that quotes the password. */
#include "tests/unit/evsclient_fixture.h"

#include "base/error.h"

#include <jansson.h>

/* With characters that JSON may escape, as tokens have them. */
#define PLANTED_KEY "PLANTED-key-1"
#define PLANTED_SECRET "PLANTED/secret+2"
#define PLANTED_TOKEN "PLANTED/token+3//=="
#define PLANTED_PASSWORD "PLANTED/password+4"
#define TOKEN_ANSWER                                                                                         \
  "{\"token\":{\"expires_at\":\"2099-02-13T06:52:13.855000Z\",\"project\":{\"id\":\"" PROJECT "\"}}}"

typedef struct {
  size_t flags; /* of jansson */
} Quote;

/* The lines of the request that hold something, first what authenticates it: an error's text is cut at 512 bytes. */
static void quote(void *data, const char *request, ScriptAnswer *ret_answer)
{
  const Quote *how = data;
  g_autoptr(GString) text = g_string_new("wrong:");
  g_auto(GStrv) lines = g_strsplit(request, "\r\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (strstr(lines[i], "PLANTED"))
      g_string_append_printf(text, " %s|", lines[i]);
  json_t *body = json_pack("{s:s, s:s}", "error_code", "APIGW.0301", "error_msg", text->str);
  char *packed = json_dumps(body, how->flags);
  ret_answer->status = 401;
  ret_answer->body = g_strdup(packed);
  free(packed);
  json_decref(body);
}

static void assert_masked(Fixture *fixture, const char *where)
{
  g_autoptr(GError) error = NULL;
  assert_false(fixture_get_disk(fixture, 5000, &error));
  g_autofree char *text = evs_error_describe(error);
  if (strstr(text, "PLANTED") || !strstr(text, "***"))
    fail_msg("%s: %s", where, text);
  g_autofree char *reason = NULL;
  if (!evs_client_healthy(fixture->client, &reason)) /* what /readyz says */
    assert_null(strstr(reason, "PLANTED"));
}

static const size_t forms[] = {JSON_COMPACT, JSON_COMPACT | JSON_ESCAPE_SLASH};

static void a_quoted_signature_shows_no_key_and_no_token(void **state)
{
  Fixture *fixture = *state;
  for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
    Quote how = {.flags = forms[i]};
    http_script_clear(fixture->script);
    http_script_add(fixture->script, (ScriptRule){.match = "", .answer = quote, .data = &how});
    fixture_connect(fixture, "access-key = " PLANTED_KEY "\nsecret-key = " PLANTED_SECRET
                             "\nsecurity-token = " PLANTED_TOKEN "\nproject-id = " PROJECT "\n");
    assert_masked(fixture, "signature");
  }
}

static void a_quoted_token_is_masked(void **state)
{
  Fixture *fixture = *state;
  for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
    Quote how = {.flags = forms[i]};
    http_script_clear(fixture->script);
    http_script_add(fixture->script, (ScriptRule){.match = "POST /v3/auth/tokens",
                                                  .status = 201,
                                                  .headers = "X-Subject-Token: " PLANTED_TOKEN "\r\n",
                                                  .body = TOKEN_ANSWER});
    http_script_add(fixture->script, (ScriptRule){.match = "GET ", .answer = quote, .data = &how});
    fixture_connect(fixture,
                    "auth = password\nuser-name = u\npassword = " PLANTED_PASSWORD "\ndomain-name = d\n");
    assert_masked(fixture, "token");
  }
}

static void a_quoted_password_is_masked(void **state)
{
  Fixture *fixture = *state;
  for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
    Quote how = {.flags = forms[i]};
    http_script_clear(fixture->script);
    http_script_add(fixture->script,
                    (ScriptRule){.match = "POST /v3/auth/tokens", .answer = quote, .data = &how});
    fixture_connect(fixture,
                    "auth = password\nuser-name = u\npassword = " PLANTED_PASSWORD "\ndomain-name = d\n");
    assert_masked(fixture, "password");
  }
}

/* Neither the key of an agency, which stands in no configuration, nor the session that it was got with. */
static void quoted_keys_of_an_agency_are_masked(void **state)
{
  Fixture *fixture = *state;
  Quote how = {.flags = JSON_COMPACT};
  http_script_clear(fixture->script);
  http_script_add(fixture->script,
                  (ScriptRule){.match = "PUT /meta-data/latest/api/token", .body = PLANTED_TOKEN});
  http_script_add(
    fixture->script,
    (ScriptRule){.match = "GET /openstack/latest/securitykey", .times = 2, .answer = quote, .data = &how});
  fixture_connect(fixture, "auth = agency\nproject-id = " PROJECT "\n");
  assert_masked(fixture, "session");
  http_script_clear(fixture->script);
  http_script_add(fixture->script,
                  (ScriptRule){.match = "GET /openstack/latest/securitykey",
                               .body =
                                 "{\"credential\":{\"access\":\"" PLANTED_KEY
                                 "\",\"secret\":\"" PLANTED_SECRET "\",\"securitytoken\":\"" PLANTED_TOKEN
                                 "\",\"expires_at\":\"2099-02-13T06:52:13.855000Z\"}}"});
  http_script_add(fixture->script, (ScriptRule){.match = "GET /v2/", .answer = quote, .data = &how});
  fixture_connect(fixture, "auth = agency\nproject-id = " PROJECT "\n");
  assert_masked(fixture, "agency");
}

/* Words of an error are not blotted out for the sake of a short password. */
static void short_values_are_left_alone(void **state)
{
  Fixture *fixture = *state;
  http_script_clear(fixture->script);
  http_script_add(fixture->script,
                  (ScriptRule){.match = "",
                               .status = 401,
                               .body = "{\"error_code\":\"x\",\"error_msg\":\"the token is old\"}"});
  fixture_connect(fixture, "access-key = token\nsecret-key = is\nproject-id = " PROJECT "\n");
  g_autoptr(GError) error = NULL;
  assert_false(fixture_get_disk(fixture, 5000, &error));
  assert_non_null(strstr(error->message, "the token is old"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_quoted_signature_shows_no_key_and_no_token),
    TEST(a_quoted_token_is_masked),
    TEST(a_quoted_password_is_masked),
    TEST(quoted_keys_of_an_agency_are_masked),
    TEST(short_values_are_left_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
