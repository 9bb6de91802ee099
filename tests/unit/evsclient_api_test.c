/* The call loop of evsclient (api, wire, http, gate) against scripted answers: what is sent again, what
 * never is, and how often. */
#include "base/clock.h"
#include "base/thread.h"
#include "evsclient/api.h"
#include "evsclient/catalog.h"
#include "evsclient/disk.h"
#include "evsclient/job.h"
#include "evsclient/server.h"
#include "tests/unit/evsclient_fixture.h"

static const EvsDiskCreate create_request = {
  .name = "d", .availability_zone = "az1", .volume_type = "SSD", .size_gib = 10};

static gboolean create_disk(Fixture *fixture, gint64 ms, GError **error)
{
  EvsContext context = fixture_within_ms(ms);
  g_autofree char *job = NULL, *id = NULL;
  return evs_disk_create(fixture->client, &context, &create_request, DISK_ID, &job, &id, error);
}

static gboolean attach(Fixture *fixture, gint64 ms, GError **error)
{
  EvsContext context = fixture_within_ms(ms);
  g_autofree char *job = NULL;
  return evs_server_attach(fixture->client, &context, SERVER_ID, DISK_ID, &job, error);
}

static void test_request_is_signed_and_complete(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = POST_DISK,
                               .status = 202,
                               .body = "{\"job_id\":\"j1\",\"volume_ids\":[\"" DISK_ID "\"]}"});
  EvsContext context = fixture_within_ms(5000);
  g_autofree char *job = NULL, *id = NULL;
  g_autoptr(GError) error = NULL;
  assert_true(evs_disk_create(fixture->client, &context, &create_request, DISK_ID, &job, &id, &error));
  assert_string_equal(job, "j1");
  assert_string_equal(id, DISK_ID);
  g_autofree char *request = http_script_last(fixture->script, "POST");
  assert_non_null(strstr(request, "\r\nAuthorization: SDK-HMAC-SHA256 Access=AK1, "
                                  "SignedHeaders=host;x-client-token;x-project-id;x-sdk-date, Signature="));
  assert_non_null(strstr(request, "\r\nX-Client-Token: " DISK_ID "\r\n"));
  assert_non_null(strstr(request, "\r\nX-Project-Id: " PROJECT "\r\n"));
  assert_non_null(strstr(request, "\r\nX-Language: en-us\r\n"));
  assert_null(strstr(request, SECRET));
  assert_non_null(strstr(request, "\r\n\r\n{\"volume\":{\"availability_zone\":\"az1\""));
}

static void test_read_is_repeated(void **state)
{
  Fixture *fixture = *state;
  g_autoptr(GError) error = NULL;
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .times = 1, .kind = SCRIPT_DROP});
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_DISK, .times = 1, .kind = SCRIPT_TRUNCATE, .body = "{"});
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .times = 1, .body = "<html>"});
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_DISK,
                               .times = 1,
                               .status = 503,
                               .body = "{\"error\":{\"code\":\"EVS.5503\",\"message\":\"m\"}}"});
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .body = DISK_BODY});
  assert_true(fixture_get_disk(fixture, 20000, &error));
  assert_int_equal(http_script_count(fixture->script, GET_DISK), 5);
}

static void test_not_found_is_final(void **state)
{
  Fixture *fixture = *state;
  g_autoptr(GError) error = NULL;
  assert_false(fixture_get_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  assert_string_equal(evs_error_cloud_code(error), "EVS.5404");
  assert_int_equal(http_script_count(fixture->script, ""), 1);
}

static void test_bad_answers_end(void **state)
{
  Fixture *fixture = *state;
  g_autoptr(GError) error = NULL;
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .body = "{\"other\":1}"});
  assert_false(fixture_get_disk(fixture, 20000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  assert_string_equal(error->message, "cannot get disk: the answer lacks 'volume'");
  assert_int_equal(http_script_count(fixture->script, GET_DISK), 4);
}

/* libcurl would send the POST again when the kept connection dies: it must not use that connection. */
static void test_dropped_post_is_not_repeated(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .body = DISK_BODY});
  http_script_add(fixture->script, (ScriptRule){.match = "POST", .kind = SCRIPT_DROP});
  assert_true(fixture_get_disk(fixture, 5000, NULL));
  g_autoptr(GError) error = NULL;
  assert_false(create_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_int_equal(evs_error_code(error), EVS_CODE_UNAVAILABLE);
  assert_int_equal(http_script_count(fixture->script, POST_DISK), 1);
  g_clear_error(&error);
  assert_false(attach(fixture, 5000, &error));
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_int_equal(http_script_count(fixture->script, POST_ATTACH), 1);
  assert_int_equal(http_script_connections(fixture->script), 3);
}

static void test_gateway_timeout_of_a_post_is_unknown(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script, (ScriptRule){.match = "POST", .status = 504, .body = "<html>"});
  g_autoptr(GError) error = NULL;
  assert_false(create_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_int_equal(http_script_count(fixture->script, "POST"), 1);
}

static void test_refused_post_says_so(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = "POST",
                               .status = 400,
                               .headers = "X-Request-Id: r-7\r\n",
                               .body = "{\"error\":{\"code\":\"EVS.1042\",\"message\":\"full\"}}"});
  g_autoptr(GError) error = NULL;
  assert_false(create_disk(fixture, 5000, &error));
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_REFUSED);
  assert_int_equal(evs_error_code(error), EVS_CODE_RESOURCE_EXHAUSTED);
  assert_string_equal(evs_error_request_id(error), "r-7");
  assert_int_equal(http_script_count(fixture->script, "POST"), 1);
}

static void test_throttled_post_is_sent_again(void **state)
{
  Fixture *fixture = *state;
  http_script_add(
    fixture->script,
    (ScriptRule){.match = POST_ATTACH,
                 .times = 1,
                 .status = 202,
                 .body = "{\"error\":{\"code\":\"Common.0024\",\"message\":\"Flow limit exceeded\"}}"});
  http_script_add(fixture->script,
                  (ScriptRule){.match = POST_ATTACH,
                               .times = 1,
                               .status = 503,
                               .body = "{\"error\":{\"code\":\"Common.1503\",\"message\":\"m\"}}"});
  http_script_add(
    fixture->script,
    (ScriptRule){.match = POST_ATTACH,
                 .times = 1,
                 .status = 429,
                 .body = "{\"error_msg\":\"limit\",\"error_code\":\"APIGW.0308\",\"request_id\":\"r\"}"});
  http_script_add(fixture->script, (ScriptRule){.match = POST_ATTACH, .body = "{\"job_id\":\"j1\"}"});
  g_autoptr(GError) error = NULL;
  assert_true(attach(fixture, 20000, &error));
  assert_int_equal(http_script_count(fixture->script, POST_ATTACH), 4);
}

static void test_throttled_until_the_end_is_refused(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = "POST",
                               .status = 429,
                               .body = "{\"error_msg\":\"limit\",\"error_code\":\"APIGW.0308\"}"});
  g_autoptr(GError) error = NULL;
  assert_false(create_disk(fixture, 600, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  assert_int_not_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_string_equal(evs_error_cloud_code(error), "APIGW.0308");
}

static void test_202_without_job(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script, (ScriptRule){.match = "POST", .status = 202, .body = "{}"});
  g_autoptr(GError) error = NULL;
  assert_false(attach(fixture, 5000, &error));
  assert_string_equal(error->message, "cannot attach disk: the answer lacks 'job_id'");
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_int_equal(http_script_count(fixture->script, "POST"), 1);
}

/* All callers are in flight when the cloud throttles; then one probe at a time until it is taken. */
enum { CROWD = 8 };
typedef struct {
  Mutex lock;
  Cond all_here;
  guint arrived, arrived_while_probing;
} Crowd;

static void answer_crowd(void *data, const char *request, ScriptAnswer *ret_answer)
{
  (void)request;
  Crowd *crowd = data;
  guint turn;
  {
    MUTEX_HOLD(&crowd->lock);
    turn = ++crowd->arrived;
    cond_broadcast(&crowd->all_here);
    while (crowd->arrived < CROWD)
      cond_wait(&crowd->all_here, &crowd->lock);
  }
  gboolean probe = turn == CROWD + 1;
  if (probe) /* time for others to come past the gate */
    clock_sleep_until(clock_deadline_in_ms(200));
  MUTEX_HOLD(&crowd->lock);
  if (probe)
    crowd->arrived_while_probing = crowd->arrived - turn;
  ret_answer->status = turn <= CROWD + 1 ? 429 : 200;
  ret_answer->body =
    g_strdup(turn <= CROWD + 1 ? "{\"error_msg\":\"limit\",\"error_code\":\"APIGW.0308\"}" : DISK_BODY);
}

static void *crowd_member(void *argument)
{
  return GINT_TO_POINTER(fixture_get_disk(argument, 20000, NULL));
}

static void test_gate_lets_one_probe_through(void **state)
{
  Fixture *fixture = *state;
  Crowd crowd = {.lock = MUTEX_INIT};
  cond_init(&crowd.all_here);
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .answer = answer_crowd, .data = &crowd});
  Thread threads[CROWD];
  for (guint i = 0; i < CROWD; i++)
    threads[i] = thread_start("crowd", crowd_member, fixture);
  for (guint i = 0; i < CROWD; i++)
    thread_join(threads[i]);
  assert_int_equal(crowd.arrived_while_probing, 0);
  assert_int_equal(http_script_count(fixture->script, GET_DISK), CROWD + 1 + CROWD);
  cond_destroy(&crowd.all_here);
}

static void test_large_body_is_refused(void **state)
{
  Fixture *fixture = *state;
  g_autofree char *large = g_strnfill(9 << 20, ' ');
  http_script_add(fixture->script, (ScriptRule){.match = GET_DISK, .body = large});
  g_autoptr(GError) error = NULL;
  assert_false(fixture_get_disk(fixture, 20000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  assert_non_null(strstr(error->message, "is larger than 8388608 bytes"));
  assert_int_equal(http_script_count(fixture->script, ""), 1);
}

static void test_slow_body_ends_with_the_deadline(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_DISK, .kind = SCRIPT_DRIP, .body = DISK_BODY DISK_BODY});
  g_autoptr(GError) error = NULL;
  gint64 start = clock_now_us();
  assert_false(fixture_get_disk(fixture, 400, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_DEADLINE_EXCEEDED);
  assert_true(clock_now_us() - start < 2 * G_USEC_PER_SEC);
}

static void test_nobody_listens(void **state)
{
  Fixture *fixture = *state;
  g_autoptr(EvsConfig) config = fixture_config("http://127.0.0.1:1", "access-key = AK1\nsecret-key = " SECRET
                                                                     "\nproject-id = " PROJECT "\n");
  evs_client_reconfigure(fixture->client, config);
  g_autoptr(GError) error = NULL;
  assert_false(create_disk(fixture, 700, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
  assert_non_null(strstr(error->message, "127.0.0.1"));
  g_autofree char *reason = NULL;
  assert_false(evs_client_healthy(fixture->client, &reason));
}

static gboolean always(void *data)
{
  (void)data;
  return TRUE;
}

static void test_cancelled_sends_nothing(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = {.deadline_us = CLOCK_NEVER, .cancelled = always};
  g_autofree char *job = NULL;
  g_autoptr(GError) error = NULL;
  assert_false(evs_server_attach(fixture->client, &context, SERVER_ID, DISK_ID, &job, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
  assert_int_equal(http_script_count(fixture->script, ""), 0);
}

static void test_ids_are_checked(void **state)
{
  Fixture *fixture = *state;
  static const char *const bad[] = {
    "", "x", "../" DISK_ID, DISK_ID "/", "b104b8db-170d-441b-897a-3c8ba9c5a21?", NULL};
  EvsContext context = fixture_within_ms(5000);
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *job = NULL;
    assert_null(evs_disk_get(fixture->client, &context, bad[i], &error));
    assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
    assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
    g_clear_error(&error);
    assert_false(evs_server_detach(fixture->client, &context, SERVER_ID, bad[i], FALSE, &job, &error));
    assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
    g_clear_error(&error);
    assert_null(evs_job_get(fixture->client, &context, EVS_SERVICE_EVS, i == 1 ? "a/b" : bad[i], &error));
    assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  }
  assert_int_equal(http_script_count(fixture->script, ""), 0);
}

static void answer_page(void *data, const char *request, ScriptAnswer *ret_answer)
{
  (void)data;
  const char *marker = strstr(request, "marker=");
  guint first =
    marker ? (guint)g_ascii_strtoull(marker + strlen("marker=00000000-0000-4000-8000-"), NULL, 16) + 1 : 0;
  g_autoptr(GString) rows = g_string_new(NULL);
  for (guint i = first; i < MIN(first + 2, 5); i++)
    g_string_append_printf(rows, "%s{\"id\":\"00000000-0000-4000-8000-%012x\"}", rows->len > 0 ? "," : "", i);
  ret_answer->body = g_strdup_printf("{\"count\":5,\"volumes\":[%s],\"volumes_links\":[{\"rel\":\"next\","
                                     "\"href\":\"http://elsewhere/\"}]}",
                                     rows->str);
}

static void test_pages_by_marker(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script, (ScriptRule){.match = "GET /v2/" PROJECT "/cloudvolumes/detail?limit=2",
                                                .answer = answer_page});
  EvsContext context = fixture_within_ms(5000);
  EvsDiskFilter filter = {.limit = 2};
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) disks = evs_disk_list(fixture->client, &context, &filter, &error);
  assert_non_null(disks);
  assert_int_equal(disks->len, 5);
  assert_int_equal(http_script_count(fixture->script, "GET"), 3);
}

static void test_catalog_is_cached(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = "GET /v2/" PROJECT "/types",
                               .body = "{\"volume_types\":[{\"id\":\"1\",\"name\":\"SSD\"}]}"});
  EvsContext context = fixture_within_ms(5000);
  for (int i = 0; i < 3; i++) {
    g_autoptr(GPtrArray) types = evs_disk_type_list(fixture->client, &context, NULL);
    assert_int_equal(types->len, 1);
  }
  assert_int_equal(http_script_count(fixture->script, "GET"), 1);
}

static void *list_types(void *argument)
{
  Fixture *fixture = argument;
  EvsContext context = fixture_within_ms(20000);
  g_autoptr(GPtrArray) types = evs_disk_type_list(fixture->client, &context, NULL);
  return GINT_TO_POINTER(types ? (int)types->len : -1);
}

/* A burst asks once, and what one cannot get the next one tries for itself. */
static void test_catalog_is_read_once_by_a_crowd(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = "GET /v2/" PROJECT "/types",
                               .times = 1,
                               .status = 400,
                               .delay_ms = 100,
                               .body = "{\"error\":{\"code\":\"EVS.1001\",\"message\":\"no\"}}"});
  http_script_add(fixture->script,
                  (ScriptRule){.match = "GET /v2/" PROJECT "/types",
                               .delay_ms = 100,
                               .body = "{\"volume_types\":[{\"id\":\"1\",\"name\":\"SSD\"}]}"});
  Thread threads[CROWD];
  int read = 0;
  for (guint i = 0; i < CROWD; i++)
    threads[i] = thread_start("crowd", list_types, fixture);
  for (guint i = 0; i < CROWD; i++) {
    void *result;
    assert_int_equal(pthread_join(threads[i].handle, &result), 0);
    read += GPOINTER_TO_INT(result) == 1;
  }
  assert_int_equal(read, CROWD - 1);
  assert_int_equal(http_script_count(fixture->script, "GET"), 2);
}

static void test_host_as_sent(void **state)
{
  (void)state;
  static const struct {
    const char *url, *host;
  } cases[] = {{"https://evs.r.c/v2", "evs.r.c"},
               {"https://evs.r.c:443/v2?a", "evs.r.c"},
               {"http://evs.r.c:80", "evs.r.c"},
               {"https://evs.r.c:80", "evs.r.c:80"},
               {"http://127.0.0.1:1234/evs/", "127.0.0.1:1234"},
               {"http://[::1]:80/", "[::1]"},
               {"http://[::1]:81/", "[::1]:81"}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *host = evs_url_host(cases[i].url);
    assert_string_equal(host, cases[i].host);
  }
}

static void test_detach_repeats_after_a_lost_answer(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script, (ScriptRule){.match = "DELETE", .times = 1, .kind = SCRIPT_DROP});
  http_script_add(fixture->script,
                  (ScriptRule){.match = "DELETE",
                               .status = 400,
                               .body = "{\"error\":{\"code\":\"Ecs.0111\",\"message\":\"m\"}}"});
  EvsContext context = fixture_within_ms(10000);
  g_autofree char *job = NULL;
  g_autoptr(GError) error = NULL;
  assert_false(evs_server_detach(fixture->client, &context, SERVER_ID, DISK_ID, TRUE, &job, &error));
  assert_true(evs_error_is_cloud(error, "Ecs.0111"));
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN); /* the first one may have done it */
  g_autofree char *request = http_script_last(fixture->script, "DELETE");
  assert_non_null(strstr(request, "/detachvolume/" DISK_ID "?delete_flag=1 HTTP/1.1"));
}

#define API_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    API_TEST(test_request_is_signed_and_complete),
    API_TEST(test_read_is_repeated),
    API_TEST(test_not_found_is_final),
    API_TEST(test_bad_answers_end),
    API_TEST(test_dropped_post_is_not_repeated),
    API_TEST(test_gateway_timeout_of_a_post_is_unknown),
    API_TEST(test_refused_post_says_so),
    API_TEST(test_throttled_post_is_sent_again),
    API_TEST(test_throttled_until_the_end_is_refused),
    API_TEST(test_202_without_job),
    API_TEST(test_gate_lets_one_probe_through),
    API_TEST(test_large_body_is_refused),
    API_TEST(test_slow_body_ends_with_the_deadline),
    API_TEST(test_nobody_listens),
    API_TEST(test_cancelled_sends_nothing),
    API_TEST(test_ids_are_checked),
    API_TEST(test_pages_by_marker),
    API_TEST(test_catalog_is_cached),
    API_TEST(test_catalog_is_read_once_by_a_crowd),
    cmocka_unit_test(test_host_as_sent),
    API_TEST(test_detach_repeats_after_a_lost_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
