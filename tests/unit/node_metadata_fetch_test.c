/* node/metadata_fetch.c against a scripted metadata service: tokens, slow and oversized answers. */
#include "base/clock.h"
#include "base/error.h"
#include "node/metadata_fetch.h"
#include "tests/harness/http_script.h"
#include "tests/unit/cmocka_all.h"

#include <curl/curl.h>

#define TOKEN "PUT /meta-data/latest/api/token"
#define DOCUMENT "GET /openstack/latest/meta_data.json"

static int start(void **state)
{
  *state = http_script_start();
  return 0;
}

static int stop(void **state)
{
  http_script_stop(*state);
  return 0;
}

static void assert_document(HttpScript *script, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = metadata_fetch(http_script_url(script), &error);
  if (!text)
    fail_msg("%s", error->message);
  assert_string_equal(text, expected);
}

static void a_token_is_asked_for_and_sent(void **state)
{
  http_script_add(*state, (ScriptRule){.match = TOKEN, .body = "abc==\n"});
  http_script_add(*state, (ScriptRule){.match = DOCUMENT, .body = "{}"});
  assert_document(*state, "{}");
  g_autofree char *first = http_script_last(*state, TOKEN), *second = http_script_last(*state, DOCUMENT);
  assert_non_null(strstr(first, "X-Metadata-Token-Ttl-Seconds: 60\r\n"));
  assert_non_null(strstr(second, "X-Metadata-Token: abc==\r\n"));
}

static void a_token_that_is_refused_is_renewed_once(void **state)
{
  http_script_add(*state, (ScriptRule){.match = TOKEN, .times = 1, .body = "old"});
  http_script_add(*state, (ScriptRule){.match = TOKEN, .body = "new"});
  http_script_add(*state, (ScriptRule){.match = DOCUMENT, .times = 1, .status = 401});
  http_script_add(*state, (ScriptRule){.match = DOCUMENT, .body = "{\"x\":1}"});
  assert_document(*state, "{\"x\":1}");
  g_autofree char *last = http_script_last(*state, DOCUMENT);
  assert_non_null(strstr(last, "X-Metadata-Token: new\r\n"));
  assert_int_equal(http_script_count(*state, TOKEN), 2);
}

static void a_service_that_goes_on_refusing_is_an_error(void **state)
{
  http_script_add(*state, (ScriptRule){.match = TOKEN, .body = "old"});
  http_script_add(*state, (ScriptRule){.match = DOCUMENT, .status = 401});
  g_autoptr(GError) error = NULL;
  assert_null(metadata_fetch(http_script_url(*state), &error));
  assert_true(evs_error_is(error, EVS_CODE_UNAVAILABLE));
  assert_non_null(strstr(error->message, "status 401"));
  assert_int_equal(http_script_count(*state, DOCUMENT), 2 * METADATA_ATTEMPTS);
}

/* None at all, or something that is no token: it would become part of a header. */
static void without_a_token_it_is_asked_plainly(void **state)
{
  http_script_add(*state, (ScriptRule){.match = TOKEN, .times = 1, .status = 404});
  http_script_add(*state, (ScriptRule){.match = TOKEN, .body = "a b\r\nX-Evil: 1"});
  http_script_add(*state, (ScriptRule){.match = DOCUMENT, .body = "{}"});
  for (int i = 0; i < 2; i++) {
    assert_document(*state, "{}");
    g_autofree char *last = http_script_last(*state, DOCUMENT);
    assert_null(strstr(last, "X-Metadata-Token"));
    assert_null(strstr(last, "X-Evil"));
  }
}

static void a_slow_answer_is_given_up_and_asked_for_again(void **state)
{
  http_script_add(
    *state,
    (ScriptRule){.match = DOCUMENT, .times = 1, .delay_ms = METADATA_REQUEST_MS + 500, .body = "late"});
  http_script_add(*state, (ScriptRule){.match = DOCUMENT, .body = "{}"});
  gint64 begin_us = clock_now_us();
  assert_document(*state, "{}");
  assert_true(clock_now_us() - begin_us >= METADATA_REQUEST_MS * 1000);
  assert_int_equal(http_script_count(*state, DOCUMENT), 2);
}

static void an_answer_has_a_largest_size(void **state)
{
  g_autofree char *largest = g_strnfill(METADATA_MAX_BYTES, ' '),
                  *larger = g_strnfill(METADATA_MAX_BYTES + 1, ' ');
  http_script_add(*state, (ScriptRule){.match = DOCUMENT, .times = 1, .body = largest});
  http_script_add(*state, (ScriptRule){.match = DOCUMENT, .body = larger});
  assert_document(*state, largest);
  g_autoptr(GError) error = NULL;
  assert_null(metadata_fetch(http_script_url(*state), &error));
  assert_true(evs_error_is(error, EVS_CODE_UNAVAILABLE));
  assert_non_null(strstr(error->message, "larger than 1048576 bytes"));
}

static void a_redirect_is_not_followed(void **state)
{
  http_script_add(*state,
                  (ScriptRule){.match = DOCUMENT, .status = 302, .headers = "Location: /elsewhere\r\n"});
  g_autoptr(GError) error = NULL;
  assert_null(metadata_fetch(http_script_url(*state), &error));
  assert_non_null(strstr(error->message, "status 302"));
  assert_int_equal(http_script_count(*state, "GET /elsewhere"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const struct CMUnitTest tests[] = {
    TEST(a_token_is_asked_for_and_sent),
    TEST(a_token_that_is_refused_is_renewed_once),
    TEST(a_service_that_goes_on_refusing_is_an_error),
    TEST(without_a_token_it_is_asked_plainly),
    TEST(a_slow_answer_is_given_up_and_asked_for_again),
    TEST(an_answer_has_a_largest_size),
    TEST(a_redirect_is_not_followed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
