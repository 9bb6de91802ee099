/* How evsclient proves who it is: tokens, temporary keys, clock skew, and whose project it works in. */
#include "base/clock.h"
#include "base/error.h"
#include "tests/unit/evsclient_fixture.h"

static void test_token_is_renewed_once(void **state)
{
  Fixture *fixture = *state;
  fixture_connect(fixture, "auth = password\nuser-name = u\npassword = " SECRET "\ndomain-name = d\n");
  static const char token[] =
    "{\"token\":{\"expires_at\":\"2099-02-13T06:52:13.855000Z\",\"project\":{\"id\":\"" PROJECT "\"}}}";
  http_script_add(fixture->script, (ScriptRule){.match = "POST /v3/auth/tokens",
                                                .times = 1,
                                                .status = 201,
                                                .headers = "X-Subject-Token: T1\r\n",
                                                .body = token});
  http_script_add(fixture->script, (ScriptRule){.match = "POST /v3/auth/tokens",
                                                .status = 201,
                                                .headers = "X-Subject-Token: T2\r\n",
                                                .body = token});
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_DISK,
                               .times = 1,
                               .status = 400,
                               .body = "{\"error\":{\"code\":\"Common.0013\",\"message\":\"m\"}}"});
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .times = 1, .body = DISK_BODY});
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_DISK,
                               .status = 401,
                               .body = "{\"error\":{\"code\":\"EVS.5401\",\"message\":\"m\"}}"});
  g_autoptr(GError) error = NULL;
  assert_true(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(http_script_count(fixture->script, "POST /v3/auth/tokens"), 2);
  g_autofree char *request = http_script_last(fixture->script, GET_DISK);
  assert_non_null(strstr(request, "\r\nX-Auth-Token: T2\r\n"));
  g_autofree char *login = http_script_last(fixture->script, "POST /v3/auth/tokens");
  assert_non_null(strstr(login, "\"scope\":{\"project\":{\"name\":\"r1\"}}"));
  assert_non_null(strstr(login, "{\"domain\":{\"name\":\"d\"},\"name\":\"u\",\"password\":\"" SECRET "\"}"));
  assert_false(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_UNAUTHENTICATED);
  /* Renewed a moment ago: not again at once. */
  assert_int_equal(http_script_count(fixture->script, "POST /v3/auth/tokens"), 2);
  assert_int_equal(http_script_count(fixture->script, GET_DISK), 3);
  g_autofree char *reason = NULL;
  assert_false(evs_client_healthy(fixture->client, &reason));
  assert_string_equal(reason, "cannot get disk: m");
}

static void test_wrong_password(void **state)
{
  Fixture *fixture = *state;
  fixture_connect(fixture, "auth = password\nuser-name = u\npassword = " SECRET "\ndomain-name = d\n");
  http_script_add(
    fixture->script,
    (ScriptRule){.match = "POST /v3/auth/tokens",
                 .status = 401,
                 .body = "{\"error\":{\"code\":401,\"message\":\"wrong password\",\"title\":\"U\"}}"});
  g_autoptr(GError) error = NULL;
  assert_false(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_UNAUTHENTICATED);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
  g_autofree char *text = evs_error_describe(error);
  assert_null(strstr(text, SECRET));
  assert_int_equal(http_script_count(fixture->script, ""), 1);
}

static void test_agency_keys(void **state)
{
  Fixture *fixture = *state;
  fixture_connect(fixture, "auth = agency\nproject-id = " PROJECT "\n");
  http_script_add(fixture->script,
                  (ScriptRule){.match = "PUT /meta-data/latest/api/token", .body = "session-1"});
  http_script_add(
    fixture->script,
    (ScriptRule){.match = "GET /openstack/latest/securitykey",
                 .body = "{\"credential\":{\"access\":\"AK2\",\"secret\":\"" SECRET
                         "\",\"securitytoken\":\"ST\",\"expires_at\":\"2099-01-08T02:56:19.587000Z\"}}"});
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .body = DISK_BODY});
  g_autoptr(GError) error = NULL;
  assert_true(fixture_get_disk(fixture, 5000, &error));
  assert_true(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(http_script_count(fixture->script, "GET /openstack"), 1);
  assert_int_equal(http_script_count(fixture->script, "PUT /meta-data"), 1);
  g_autofree char *asked = http_script_last(fixture->script, "GET /openstack");
  assert_non_null(strstr(asked, "\r\nX-Metadata-Token: session-1\r\n"));
  g_autofree char *request = http_script_last(fixture->script, GET_DISK);
  assert_non_null(strstr(request, "\r\nX-Security-Token: ST\r\n"));
  assert_non_null(
    strstr(request, "Access=AK2, SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, "));
}

static void test_server_without_agency(void **state)
{
  Fixture *fixture = *state;
  fixture_connect(fixture, "auth = agency\nproject-id = " PROJECT "\n");
  http_script_add(fixture->script, (ScriptRule){.match = "GET /openstack/latest/securitykey",
                                                .status = 401,
                                                .body = "Please configure Cloud Service Agency first."});
  g_autoptr(GError) error = NULL;
  assert_false(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_non_null(strstr(error->message, "this server has no agency"));
  assert_int_equal(http_script_count(fixture->script, "GET /openstack"), 1);
}

/* The server's clock is an hour ahead: refused once, then signed by its clock. */
static void test_clock_skew(void **state)
{
  Fixture *fixture = *state;
  time_t later = time(NULL) + 3600;
  struct tm utc;
  gmtime_r(&later, &utc);
  char date[64], day[16];
  strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
  strftime(day, sizeof day, "%Y%m%dT%H", &utc);
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_DISK,
                               .times = 1,
                               .status = 401,
                               .headers = date,
                               .body = "{\"error_msg\":\"expired\",\"error_code\":\"APIGW.0301\"}"});
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .headers = date, .body = DISK_BODY});
  g_autoptr(GError) error = NULL;
  assert_true(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(http_script_count(fixture->script, GET_DISK), 2);
  g_autofree char *request = http_script_last(fixture->script, GET_DISK);
  g_autofree char *expected = g_strconcat("\r\nX-Sdk-Date: ", day, NULL);
  assert_non_null(strstr(request, expected));
}

static void test_wrong_key_is_final(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_DISK,
                               .status = 401,
                               .body = "{\"error_msg\":\"verify ak\",\"error_code\":\"APIGW.0301\"}"});
  g_autoptr(GError) error = NULL;
  assert_false(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_UNAUTHENTICATED);
  assert_int_equal(http_script_count(fixture->script, ""), 1);
}

static void test_project_is_looked_up_once(void **state)
{
  Fixture *fixture = *state;
  fixture_connect(fixture, "access-key = AK1\nsecret-key = " SECRET "\n");
  http_script_add(fixture->script, (ScriptRule){.match = "GET /v3/projects?name=r1 ",
                                                .body = "{\"projects\":[{\"id\":\"" PROJECT
                                                        "\",\"name\":\"r1\"},{\"id\":\"x\","
                                                        "\"name\":\"r1_sub\"}]}"});
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .body = DISK_BODY});
  g_autoptr(GError) error = NULL;
  assert_true(fixture_get_disk(fixture, 5000, &error));
  assert_true(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(http_script_count(fixture->script, "GET /v3/projects"), 1);
}

static void test_ambiguous_project(void **state)
{
  Fixture *fixture = *state;
  fixture_connect(fixture, "access-key = AK1\nsecret-key = " SECRET "\n");
  http_script_add(fixture->script, (ScriptRule){.match = "GET /v3/projects", .body = "{\"projects\":[]}"});
  g_autoptr(GError) error = NULL;
  assert_false(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_string_equal(error->message, "0 projects are named 'r1': set project-id in cloud-config");
}

#define LOGIN_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    LOGIN_TEST(test_token_is_renewed_once),
    LOGIN_TEST(test_wrong_password),
    LOGIN_TEST(test_agency_keys),
    LOGIN_TEST(test_server_without_agency),
    LOGIN_TEST(test_clock_skew),
    LOGIN_TEST(test_wrong_key_is_final),
    LOGIN_TEST(test_project_is_looked_up_once),
    LOGIN_TEST(test_ambiguous_project),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
