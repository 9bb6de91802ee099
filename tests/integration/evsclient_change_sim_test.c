/* evsclient's changes of disks against evs-sim over real sockets: size, performance, type; what is refused, what fails,
 * and what waiting for many of them costs. */
#include "base/clock.h"
#include "base/thread.h"
#include "evsclient/api.h"
#include "evsclient/disk_change.h"
#include "evsclient/quota.h"
#include "evsclient/server.h"
#include "tests/integration/evsclient_cloud.h"

/* Starts the expansion and waits for its end. */
static gboolean extend(Cloud *cloud, const char *id, gint64 size_gib, EvsDisk **ret_disk, GError **error)
{
  g_autofree char *job = NULL;
  return evs_disk_extend(cloud->client, &cloud->context, id, size_gib, &job, error) &&
         evs_watch_extend(cloud->watcher, &cloud->context, id, job, size_gib, ret_disk, error);
}

static void attach(Sim *sim, Cloud *cloud, const char *id)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *job = NULL;
  json_t *server = sim_server(sim, 0);
  g_autofree char *server_id = g_strdup(json_string_value(json_object_get(server, "id")));
  json_decref(server);
  cloud_assert_ok(evs_server_attach(cloud->client, &cloud->context, server_id, id, &job, &error), error);
  cloud_assert_ok(evs_watch_attach(cloud->watcher, &cloud->context, id, server_id, job, NULL, NULL, &error),
                  error);
}

static void test_extend(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autofree char *id = cloud_create_disk(&cloud, NULL), *job = NULL;
  g_autoptr(EvsDisk) free_disk = NULL, attached = NULL;
  sim_reset_calls(sim);
  cloud_assert_ok(extend(&cloud, id, 20, &free_disk, &error), error);
  assert_int_equal(free_disk->size_gib, 20);
  assert_string_equal(free_disk->status, "available");
  assert_int_equal(sim_calls(sim, "6.1.5"), 1);
  assert_int_equal(sim_calls(sim, "6.1.4"), 0);
  assert_int_equal(sim_calls(sim, "6.4.1"), 0);
  attach(sim, &cloud, id);
  cloud_assert_ok(extend(&cloud, id, 30, &attached, &error), error);
  assert_int_equal(attached->size_gib, 30);
  assert_string_equal(attached->status, "in-use");
  assert_false(evs_disk_extend(cloud.client, &cloud.context, id, 30, &job, &error));
  assert_true(evs_error_is_cloud(error, "EVS.1015"));
  assert_int_equal(evs_error_code(error), EVS_CODE_OUT_OF_RANGE);
  cloud_close(&cloud);
}

static void test_failed_extend(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autofree char *id = cloud_create_disk(&cloud, NULL);
  g_autofree char *fault G_GNUC_UNUSED = sim_fault(
    sim, "{\"match\":{\"op\":\"6.1.5\"},\"times\":1,\"action\":{\"kind\":\"job\",\"result\":\"FAIL\"}}");
  g_autoptr(GError) error = NULL;
  assert_false(extend(&cloud, id, 20, NULL, &error));
  assert_true(evs_error_is_job_failure(error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  cloud_close(&cloud);
}

/* Whether it was taken is unknown: it is not sent again, and the disk tells. */
static void test_lost_answer_of_an_extend(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autofree char *id = cloud_create_disk(&cloud, NULL), *job = NULL;
  g_autofree char *fault G_GNUC_UNUSED = sim_fault(
    sim, "{\"match\":{\"op\":\"6.1.5\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}");
  g_autoptr(GError) error = NULL;
  assert_false(evs_disk_extend(cloud.client, &cloud.context, id, 20, &job, &error));
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  g_clear_error(&error);
  g_autoptr(EvsDisk) disk = NULL;
  cloud_assert_ok(evs_watch_extend(cloud.watcher, &cloud.context, id, NULL, 20, &disk, &error), error);
  assert_int_equal(disk->size_gib, 20);
  assert_int_equal(sim_calls(sim, "6.1.5"), 1);
  cloud_close(&cloud);
}

static void test_performance(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autofree char *plain = cloud_create_disk(&cloud, NULL), *job = NULL, *none = NULL;
  cloud.request.name = "fast";
  cloud.request.volume_type = "GPSSD2";
  cloud.request.iops = 3000;
  cloud.request.throughput = 125;
  g_autofree char *id = cloud_create_disk(&cloud, NULL);
  cloud_assert_ok(evs_disk_set_qos(cloud.client, &cloud.context, id, 4000, 200, &job, &error), error);
  g_autoptr(EvsDisk) disk = NULL;
  cloud_assert_ok(evs_watch_qos(cloud.watcher, &cloud.context, id, job, 4000, 200, &disk, &error), error);
  assert_int_equal(disk->iops, 4000);
  assert_int_equal(disk->throughput, 200);
  assert_int_equal(sim_calls(sim, "6.1.4"), 0);
  static const struct {
    gint64 iops, throughput;
    const char *code;
  } refused[] = {{200000, 200, "EVS.2231"}, {4000, 0, "EVS.2233"}};
  for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
    assert_false(evs_disk_set_qos(cloud.client, &cloud.context, id, refused[i].iops, refused[i].throughput,
                                  &none, &error));
    assert_true(evs_error_is_cloud(error, refused[i].code));
    assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
    g_clear_error(&error);
  }
  assert_false(evs_disk_set_qos(cloud.client, &cloud.context, plain, 4000, 200, &none, &error));
  assert_true(evs_error_is_cloud(error, "EVS.2234"));
  cloud_close(&cloud);
}

static void test_type(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  cloud.request.volume_type = "SAS";
  g_autofree char *id = cloud_create_disk(&cloud, NULL), *job = NULL, *none = NULL;
  cloud_assert_ok(evs_disk_retype(cloud.client, &cloud.context, id, "SSD", 0, 0, &job, &error), error);
  g_autoptr(EvsDisk) disk = NULL;
  cloud_assert_ok(evs_watch_retype(cloud.watcher, &cloud.context, id, job, "SSD", &disk, &error), error);
  assert_string_equal(disk->volume_type, "SSD");
  assert_false(evs_disk_retype(cloud.client, &cloud.context, id, "SAS", 0, 0, &none, &error));
  assert_true(evs_error_is_cloud(error, "EVS.2087"));
  assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
  cloud_close(&cloud);
}

/* QoS has no status: the job tells why nothing changes. */
static void test_failed_performance(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  cloud.request.volume_type = "ESSD2";
  cloud.request.iops = 1000;
  g_autofree char *id = cloud_create_disk(&cloud, NULL), *job = NULL;
  g_autofree char *fault G_GNUC_UNUSED = sim_fault(
    sim, "{\"match\":{\"op\":\"6.1.13\"},\"times\":1,\"action\":{\"kind\":\"job\",\"result\":\"FAIL\"}}");
  g_autoptr(GError) error = NULL;
  cloud_assert_ok(evs_disk_set_qos(cloud.client, &cloud.context, id, 2000, 0, &job, &error), error);
  assert_false(evs_watch_qos(cloud.watcher, &cloud.context, id, job, 2000, 0, NULL, &error));
  assert_true(evs_error_is_job_failure(error));
  assert_int_equal(sim_calls(sim, "6.4.1"), 1);
  cloud_close(&cloud);
}

static void switch_bin_on(Cloud *cloud)
{
  static const EvsOperation set_policy = {
    .id = "recycle.set_policy",
    .what = "switch the recycle bin on",
    .service = EVS_SERVICE_EVS,
    .method = "PUT",
    .path = "/v3/{project}/recycle-bin-volumes/policy",
  };
  EvsCall call = {.operation = &set_policy,
                  .body = "{\"keep_time\":365,\"switch\":true,\"threshold_time\":1}"};
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = evs_api_call(cloud->client, &cloud->context, &call, &error);
  cloud_assert_ok(answer != NULL, error);
}

static void delete_disk(Cloud *cloud, const char *id)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *job = NULL;
  cloud_assert_ok(evs_disk_delete(cloud->client, &cloud->context, id, &job, &error), error);
  cloud_assert_ok(evs_watch_delete(cloud->watcher, &cloud->context, id, job, &error), error);
}

static void test_recycle_bin(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autofree char *gone = cloud_create_disk(&cloud, NULL), *kept = cloud_create_disk(&cloud, NULL),
                  *never = NULL, *until = NULL;
  gboolean found = TRUE;
  delete_disk(&cloud, gone);
  cloud_assert_ok(evs_recycle_bin_find(cloud.client, &cloud.context, gone, &found, &never, &error), error);
  assert_false(found);
  assert_null(never);
  switch_bin_on(&cloud);
  /* The bin takes disks that are a day old: 0.9 s at this speed. */
  sim_send(sim, "PUT", "/_sim/clock", "{\"speed\":100000}");
  clock_sleep_until(clock_deadline_in_ms(1000));
  sim_send(sim, "PUT", "/_sim/clock", "{\"speed\":1}");
  delete_disk(&cloud, kept);
  cloud_assert_ok(evs_recycle_bin_find(cloud.client, &cloud.context, kept, &found, &until, &error), error);
  assert_true(found);
  assert_true(*until);
  cloud_close(&cloud);
}

typedef struct {
  Cloud *cloud;
  const char *id;
  Thread thread;
  gboolean ok;
} Storm;

static void *storm_member(void *argument)
{
  Storm *storm = argument;
  storm->ok = extend(storm->cloud, storm->id, 20, NULL, NULL);
  return NULL;
}

static void test_storm_costs_few_lists(void **state)
{
  enum { STORM = 40 };
  SimOptions options = {.profile = "{\"jobs\":{\"extendVolume\":{\"median_ms\":1500,\"sigma\":0.3}}}"};
  Sim *sim = sim_start(*state, &options);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GPtrArray) disks = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < STORM; i++)
    g_ptr_array_add(disks, cloud_create_disk(&cloud, NULL));
  sim_reset_calls(sim);
  g_autofree Storm *storm = g_new0(Storm, STORM);
  gint64 start = clock_now_us();
  for (guint i = 0; i < STORM; i++) {
    storm[i] = (Storm){.cloud = &cloud, .id = disks->pdata[i]};
    storm[i].thread = thread_start("storm", storm_member, &storm[i]);
  }
  guint failed = 0;
  for (guint i = 0; i < STORM; i++) {
    thread_join(storm[i].thread);
    failed += !storm[i].ok;
  }
  gint64 took_ms = (clock_now_us() - start) / 1000;
  g_autofree char *calls = sim_describe_calls(sim);
  print_message("storm of %d expansions: %" G_GINT64_FORMAT " ms, calls %s\n", STORM, took_ms, calls);
  assert_int_equal(failed, 0);
  assert_int_equal(sim_calls(sim, "6.1.5"), STORM);
  assert_in_range(sim_calls(sim, "6.1.3"), 1, 2 + (guint)(took_ms / 200));
  assert_in_range(sim_calls(sim, "6.1.4") + sim_calls(sim, "6.4.1"), 0, STORM / 10);
  cloud_close(&cloud);
}

#define SIM_TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    SIM_TEST(test_extend),      SIM_TEST(test_failed_extend),
    SIM_TEST(test_performance), SIM_TEST(test_lost_answer_of_an_extend),
    SIM_TEST(test_type),        SIM_TEST(test_failed_performance),
    SIM_TEST(test_recycle_bin), SIM_TEST(test_storm_costs_few_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
