/* evsclient/disk_change.c and quota.c: bodies, refusals, and that no change is sent twice. */
#include "evsclient/disk_change.h"
#include "evsclient/quota.h"
#include "evsclient/records.h"
#include "tests/unit/evsclient_fixture.h"

#define POST_EXTEND "POST /v2.1/" PROJECT "/cloudvolumes/" DISK_ID "/action"
#define PUT_QOS "PUT /v5/" PROJECT "/cloudvolumes/" DISK_ID "/qos"
#define POST_RETYPE "POST /v2/" PROJECT "/volumes/" DISK_ID "/retype"
#define GET_QUOTA "GET /v2/" PROJECT "/os-quota-sets/" PROJECT "?usage=True"
#define GET_RECYCLED "GET /v3/" PROJECT "/recycle-bin-volumes/" DISK_ID
#define JOB "{\"job_id\":\"j1\"}"

static gboolean extend(Fixture *fixture, char **ret_job, GError **error)
{
  EvsContext context = fixture_within_ms(5000);
  return evs_disk_extend(fixture->client, &context, DISK_ID, 50, ret_job, error);
}

static void assert_sent(Fixture *fixture, const char *prefix, const char *body)
{
  g_autofree char *request = http_script_last(fixture->script, prefix);
  assert_non_null(request);
  assert_string_equal(strstr(request, "\r\n\r\n") + 4, body);
}

static void test_bodies(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  http_script_add(fixture->script, (ScriptRule){.match = "P", .status = 202, .body = JOB});
  g_autofree char *first = NULL, *second = NULL, *third = NULL, *fourth = NULL;
  assert_true(extend(fixture, &first, NULL));
  assert_string_equal(first, "j1");
  assert_sent(fixture, POST_EXTEND, "{\"os-extend\":{\"new_size\":50}}");
  assert_true(evs_disk_set_qos(fixture->client, &context, DISK_ID, 4000, 200, &second, NULL));
  assert_sent(fixture, PUT_QOS, "{\"qos_modify\":{\"iops\":4000,\"throughput\":200}}");
  assert_true(evs_disk_set_qos(fixture->client, &context, DISK_ID, 500, 0, &third, NULL));
  assert_sent(fixture, PUT_QOS, "{\"qos_modify\":{\"iops\":500}}");
  assert_true(evs_disk_retype(fixture->client, &context, DISK_ID, "GPSSD2", 3000, 125, &fourth, NULL));
  assert_sent(fixture, POST_RETYPE,
              "{\"os-retype\":{\"iops\":3000,\"new_type\":\"GPSSD2\",\"throughput\":125}}");
  assert_int_equal(http_script_count(fixture->script, ""), 4);
}

static void test_lost_changes_are_not_repeated(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  http_script_add(fixture->script, (ScriptRule){.match = "P", .kind = SCRIPT_DROP});
  for (guint i = 0; i < 3; i++) {
    g_autofree char *job = NULL;
    g_autoptr(GError) error = NULL;
    assert_false(i == 0   ? extend(fixture, &job, &error)
                 : i == 1 ? evs_disk_set_qos(fixture->client, &context, DISK_ID, 500, 0, &job, &error)
                          : evs_disk_retype(fixture->client, &context, DISK_ID, "SSD", 0, 0, &job, &error));
    assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
    assert_null(job);
  }
  assert_int_equal(http_script_count(fixture->script, POST_EXTEND), 1);
  assert_int_equal(http_script_count(fixture->script, PUT_QOS), 1);
  assert_int_equal(http_script_count(fixture->script, POST_RETYPE), 1);
}

static void test_refusals(void **state)
{
  static const struct {
    const char *code;
    EvsCode means;
  } refusals[] = {
    {"EVS.1015", EVS_CODE_OUT_OF_RANGE},        {"EVS.1014", EVS_CODE_FAILED_PRECONDITION},
    {"EVS.1064", EVS_CODE_FAILED_PRECONDITION}, {"EVS.1065", EVS_CODE_FAILED_PRECONDITION},
    {"EVS.1066", EVS_CODE_FAILED_PRECONDITION}, {"EVS.1042", EVS_CODE_RESOURCE_EXHAUSTED},
    {"EVS.2231", EVS_CODE_INVALID_ARGUMENT},    {"EVS.2234", EVS_CODE_INVALID_ARGUMENT},
    {"EVS.2087", EVS_CODE_INVALID_ARGUMENT},    {"EVS.2088", EVS_CODE_FAILED_PRECONDITION},
  };
  Fixture *fixture = *state;
  for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
    g_autofree char *body =
      g_strdup_printf("{\"error\":{\"code\":\"%s\",\"message\":\"m\"}}", refusals[i].code);
    http_script_clear(fixture->script);
    http_script_add(fixture->script, (ScriptRule){.match = POST_EXTEND, .status = 400, .body = body});
    g_autofree char *job = NULL;
    g_autoptr(GError) error = NULL;
    assert_false(extend(fixture, &job, &error));
    assert_int_equal(evs_error_code(error), refusals[i].means);
    assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_REFUSED);
    assert_int_equal(http_script_count(fixture->script, POST_EXTEND), 1);
    http_script_clear(fixture->script);
  }
}

static void test_order_is_no_job(void **state)
{
  Fixture *fixture = *state;
  http_script_add(
    fixture->script,
    (ScriptRule){.match = POST_EXTEND, .times = 1, .status = 202, .body = "{\"order_id\":\"CS1\"}"});
  http_script_add(fixture->script, (ScriptRule){.match = POST_EXTEND, .status = 202});
  g_autofree char *job = NULL;
  g_autoptr(GError) error = NULL;
  assert_false(extend(fixture, &job, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_string_equal(error->message,
                      "cannot expand disk: the disk is billed yearly or monthly, the cloud made "
                      "order 'CS1' of it");
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  g_clear_error(&error);
  assert_false(extend(fixture, &job, &error));
  assert_string_equal(error->message, "cannot expand disk: the answer lacks 'job_id'");
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_int_equal(http_script_count(fixture->script, POST_EXTEND), 2);
}

static void test_quota(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_QUOTA,
                               .body = "{\"quota_set\":{\"id\":\"" PROJECT "\","
                                       "\"volumes\":{\"reserved\":0,\"limit\":10,\"in_use\":4},"
                                       "\"gigabytes\":{\"reserved\":30,\"limit\":\"1000\",\"in_use\":800},"
                                       "\"gigabytes_SSD\":{\"reserved\":0,\"limit\":-1,\"in_use\":5},"
                                       "\"snapshots\":{\"limit\":3,\"in_use\":9},"
                                       "\"volumes_GPS\":{\"limit\":7},\"gigabytes_GPS SD\":{\"limit\":8}}}"});
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsQuota) quota = evs_quota_get(fixture->client, &context, &error);
  assert_non_null(quota);
  assert_int_equal(evs_quota_item(quota, "volumes")->in_use, 4);
  assert_int_equal(evs_quota_left(quota, "volumes"), 6);
  assert_int_equal(evs_quota_left(quota, "gigabytes"), 170);
  assert_int_equal(evs_quota_left(quota, "gigabytes_SSD"), G_MAXINT64);
  assert_int_equal(evs_quota_left(quota, "gigabytes_ESSD"), G_MAXINT64);
  assert_int_equal(evs_quota_left(quota, "snapshots"), 0);
  assert_int_equal(evs_quota_left(quota, "volumes_GPSSD"), 7);
  assert_int_equal(evs_quota_left(quota, "gigabytes_GPSSD"), 8);
  assert_null(evs_quota_item(quota, "id"));
  assert_int_equal(http_script_count(fixture->script, GET_QUOTA " HTTP"), 1);
}

static void test_hostile_quota(void **state)
{
  (void)state;
  const char *text = "{\"a\":{\"limit\":9223372036854775807,\"in_use\":9223372036854775807,\"reserved\":"
                     "9223372036854775807},\"b\":{\"limit\":5,\"in_use\":-9,\"reserved\":-1}}";
  g_autoptr(json_t) set = evs_json_parse(text, strlen(text));
  g_autoptr(EvsQuota) quota = evs_record_read(&evs_record_quota, set);
  assert_int_equal(evs_quota_left(quota, "a"), 0);
  assert_int_equal(evs_quota_left(quota, "b"), 5);
  assert_null(evs_record_read(&evs_record_quota, NULL));
}

static gboolean find_recycled(Fixture *fixture, gboolean *ret_found, char **ret_until, GError **error)
{
  EvsContext context = fixture_within_ms(5000);
  return evs_recycle_bin_find(fixture->client, &context, DISK_ID, ret_found, ret_until, error);
}

static void test_recycle_bin(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_RECYCLED,
                               .body = "{\"volume\":{\"id\":\"" DISK_ID
                                       "\",\"plan_delete_at\":\"2026-12-01T00:00:00.000000\"}}"});
  gboolean found = FALSE;
  g_autofree char *until = NULL;
  assert_true(find_recycled(fixture, &found, &until, NULL));
  assert_true(found);
  assert_string_equal(until, "2026-12-01T00:00:00.000000");
}

static void test_no_recycle_bin(void **state)
{
  static const char *const bodies[] = {
    "{\"error\":{\"code\":\"EVS.5404\",\"message\":\"m\"}}",
    "{\"error_code\":\"APIGW.0101\",\"error_msg\":\"API not exist\",\"request_id\":\"r\"}",
    "{\"itemNotFound\":{\"code\":404,\"message\":\"m\"}}",
    "<html>",
  };
  Fixture *fixture = *state;
  for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
    http_script_clear(fixture->script);
    http_script_add(fixture->script, (ScriptRule){.match = GET_RECYCLED, .status = 404, .body = bodies[i]});
    gboolean found = TRUE;
    g_autofree char *until = NULL;
    g_autoptr(GError) error = NULL;
    assert_true(find_recycled(fixture, &found, &until, &error));
    assert_false(found);
    assert_null(until);
    assert_int_equal(http_script_count(fixture->script, GET_RECYCLED), 1);
  }
  http_script_clear(fixture->script);
  http_script_add(fixture->script,
                  (ScriptRule){.match = GET_RECYCLED,
                               .status = 403,
                               .body = "{\"error\":{\"code\":\"EVS.5403\",\"message\":\"Policy\"}}"});
  gboolean found = TRUE;
  g_autofree char *until = NULL;
  g_autoptr(GError) error = NULL;
  assert_false(find_recycled(fixture, &found, &until, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_PERMISSION_DENIED);
  assert_int_equal(http_script_count(fixture->script, GET_RECYCLED), 1);
}

#define CHANGE_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    CHANGE_TEST(test_bodies),      CHANGE_TEST(test_lost_changes_are_not_repeated),
    CHANGE_TEST(test_refusals),    CHANGE_TEST(test_order_is_no_job),
    CHANGE_TEST(test_quota),       CHANGE_TEST(test_hostile_quota),
    CHANGE_TEST(test_recycle_bin), CHANGE_TEST(test_no_recycle_bin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
