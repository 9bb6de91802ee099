/* evsclient's snapshots against evs-sim over real sockets: a snapshot's life, limits, failures, and what waiting for
 * many of them costs. */
#include "base/clock.h"
#include "base/thread.h"
#include "evsclient/quota.h"
#include "tests/integration/evsclient_cloud.h"

enum { PER_DISK = 7 };

static char *take(Cloud *cloud, const char *volume_id, const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(metadata, (gpointer) "k", (gpointer) "v");
  EvsSnapshotCreate request = {.volume_id = volume_id, .name = name, .force = TRUE, .metadata = metadata};
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_create(cloud->client, &cloud->context, &request, &error);
  cloud_assert_ok(snapshot != NULL, error);
  assert_string_equal(snapshot->name, name);
  assert_string_equal(snapshot->volume_id, volume_id);
  assert_string_equal(evs_snapshot_metadata(snapshot, "k"), "v");
  return g_strdup(snapshot->id);
}

static void await_taken(Cloud *cloud, const char *id)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsSnapshot) snapshot = NULL;
  cloud_assert_ok(evs_watch_snapshot(cloud->watcher, &cloud->context, id, &snapshot, &error), error);
  assert_string_equal(snapshot->id, id);
  assert_string_equal(snapshot->status, "available");
}

static guint count(Cloud *cloud, EvsSnapshotFilter filter)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all = evs_snapshot_list(cloud->client, &cloud->context, &filter, &error);
  cloud_assert_ok(all != NULL, error);
  return all->len;
}

static void test_life_of_a_snapshot(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autofree char *disk = cloud_create_disk(&cloud, NULL), *id = take(&cloud, disk, "snap-1");
  await_taken(&cloud, id);
  g_autoptr(EvsSnapshot) read = evs_snapshot_get(cloud.client, &cloud.context, id, &error);
  cloud_assert_ok(read != NULL, error);
  assert_int_equal(read->size_gib, 10);
  assert_true(read->created_wall_us > 0);

  cloud.request.name = "restored";
  cloud.request.snapshot_id = id;
  g_autofree char *restored = cloud_create_disk(&cloud, NULL);
  g_autoptr(EvsDisk) copy = evs_disk_get(cloud.client, &cloud.context, restored, &error);
  cloud_assert_ok(copy != NULL, error);
  assert_string_equal(copy->snapshot_id, id);

  sim_reset_calls(sim);
  cloud_assert_ok(evs_snapshot_delete(cloud.client, &cloud.context, id, &error), error);
  cloud_assert_ok(evs_watch_snapshot_delete(cloud.watcher, &cloud.context, id, &error), error);
  assert_in_range(sim_calls(sim, "6.2.5"), 1, 2);
  assert_int_equal(sim_calls(sim, "6.1.3"), 0);
  assert_null(evs_snapshot_get(cloud.client, &cloud.context, id, &error));
  assert_true(evs_error_is(error, EVS_CODE_NOT_FOUND));
  assert_true(evs_error_is_cloud(error, "EVS.5404"));
  cloud_close(&cloud);
}

static void test_lists_and_limits(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autofree char *disk = cloud_create_disk(&cloud, NULL), *other = cloud_create_disk(&cloud, NULL);
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < PER_DISK; i++) {
    g_autofree char *name = g_strdup_printf("snap-%u", i);
    g_ptr_array_add(ids, take(&cloud, disk, name));
    await_taken(&cloud, ids->pdata[i]);
  }
  g_autofree char *elsewhere = take(&cloud, other, "snap-1");
  await_taken(&cloud, elsewhere);
  assert_int_equal(count(&cloud, (EvsSnapshotFilter){.volume_id = disk}), PER_DISK);
  assert_int_equal(count(&cloud, (EvsSnapshotFilter){.limit = 3}), PER_DISK + 1);
  assert_int_equal(count(&cloud, (EvsSnapshotFilter){.id = elsewhere}), 1);
  assert_int_equal(count(&cloud, (EvsSnapshotFilter){.volume_id = disk, .name = "snap-1"}), 1);
  const char *const two[] = {ids->pdata[0], elsewhere, NULL};
  assert_int_equal(count(&cloud, (EvsSnapshotFilter){.ids = two}), 2);

  sim_reset_calls(sim);
  g_autoptr(GError) error = NULL;
  EvsSnapshotCreate eighth = {.volume_id = disk, .name = "snap-8", .force = TRUE};
  assert_null(evs_snapshot_create(cloud.client, &cloud.context, &eighth, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_REFUSED);
  assert_int_equal(sim_calls(sim, "6.2.1"), 1);
  g_clear_error(&error);
  g_autoptr(EvsQuota) quota = evs_quota_get(cloud.client, &cloud.context, &error);
  cloud_assert_ok(quota != NULL, error);
  assert_int_equal(evs_quota_item(quota, "snapshots")->in_use, PER_DISK + 1);
  assert_int_equal(evs_quota_item(quota, "volumes")->in_use, 2);
  assert_int_equal(evs_quota_item(quota, "gigabytes")->in_use, 20);
  cloud_close(&cloud);
}

/* The remnant can be looked at and removed. */
static void test_failed_snapshot(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autofree char *disk = cloud_create_disk(&cloud, NULL);
  g_autofree char *fault G_GNUC_UNUSED = sim_fault(
    sim, "{\"match\":{\"op\":\"6.2.1\"},\"times\":1,\"action\":{\"kind\":\"job\",\"result\":\"FAIL\"}}");
  g_autofree char *id = take(&cloud, disk, "snap-1");
  g_autoptr(EvsSnapshot) snapshot = NULL;
  assert_false(evs_watch_snapshot(cloud.watcher, &cloud.context, id, &snapshot, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  assert_non_null(snapshot);
  assert_string_equal(snapshot->status, "error");
  g_clear_error(&error);
  cloud_assert_ok(evs_snapshot_delete(cloud.client, &cloud.context, id, &error), error);
  cloud_assert_ok(evs_watch_snapshot_delete(cloud.watcher, &cloud.context, id, &error), error);
  assert_int_equal(count(&cloud, (EvsSnapshotFilter){.volume_id = disk}), 0);
  cloud_close(&cloud);
}

typedef struct {
  Cloud *cloud;
  const char *disk;
  guint number;
  Thread thread;
  gboolean ok;
} Storm;

static void *storm_member(void *argument)
{
  Storm *storm = argument;
  g_autofree char *name = g_strdup_printf("storm-%u", storm->number);
  EvsSnapshotCreate request = {.volume_id = storm->disk, .name = name, .force = TRUE};
  g_autoptr(EvsSnapshot) snapshot =
    evs_snapshot_create(storm->cloud->client, &storm->cloud->context, &request, NULL);
  storm->ok =
    snapshot && evs_watch_snapshot(storm->cloud->watcher, &storm->cloud->context, snapshot->id, NULL, NULL);
  return NULL;
}

static void test_storm_costs_few_lists(void **state)
{
  enum { STORM = 70 };
  SimOptions options = {.profile = "{\"jobs\":{\"createSnapshot\":{\"median_ms\":1500,\"sigma\":0.3}}}"};
  Sim *sim = sim_start(*state, &options);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GPtrArray) disks = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < STORM / PER_DISK; i++)
    g_ptr_array_add(disks, cloud_create_disk(&cloud, NULL));
  sim_reset_calls(sim);
  g_autofree Storm *storm = g_new0(Storm, STORM);
  gint64 start = clock_now_us();
  for (guint i = 0; i < STORM; i++) {
    storm[i] = (Storm){.cloud = &cloud, .disk = disks->pdata[i / PER_DISK], .number = i};
    storm[i].thread = thread_start("storm", storm_member, &storm[i]);
  }
  guint failed = 0;
  for (guint i = 0; i < STORM; i++) {
    thread_join(storm[i].thread);
    failed += !storm[i].ok;
  }
  gint64 took_ms = (clock_now_us() - start) / 1000;
  g_autofree char *calls = sim_describe_calls(sim);
  print_message("storm of %d snapshots: %" G_GINT64_FORMAT " ms, calls %s\n", STORM, took_ms, calls);
  assert_int_equal(failed, 0);
  assert_int_equal(sim_calls(sim, "6.2.1"), STORM);
  assert_in_range(sim_calls(sim, "6.2.4"), 1, 2 + (guint)(took_ms / 200));
  assert_in_range(sim_calls(sim, "6.2.5"), 0, STORM / 10);
  assert_int_equal(sim_calls(sim, "6.1.3"), 0);
  cloud_close(&cloud);
}

#define SIM_TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    SIM_TEST(test_life_of_a_snapshot),
    SIM_TEST(test_lists_and_limits),
    SIM_TEST(test_failed_snapshot),
    SIM_TEST(test_storm_costs_few_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
