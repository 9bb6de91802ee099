/* evsclient against a cloud whose answers are as odd as the documents' samples: everything still reads as it should. */
#include "evsclient/catalog.h"
#include "evsclient/disk_change.h"
#include "evsclient/quota.h"
#include "tests/integration/evsclient_cloud.h"

static void disks_read_as_ever(void **state)
{
  Sim *sim = sim_start(*state, &(SimOptions){.profile = "{\"quirks\":true}"});
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(metadata, (gpointer) "hw:passthrough", (gpointer) "true");
  cloud.request.volume_type = "GPSSD2";
  cloud.request.iops = 3000;
  cloud.request.throughput = 125;
  cloud.request.metadata = metadata;
  g_autofree char *id = cloud_create_disk(&cloud, NULL), *job = NULL;
  g_autoptr(EvsDisk) disk = evs_disk_get(cloud.client, &cloud.context, id, &error);
  cloud_assert_ok(disk != NULL, error);
  assert_int_equal(disk->size_gib, 10);
  assert_int_equal(disk->iops, 3000);
  assert_int_equal(disk->throughput, 125);
  assert_int_equal(strlen(disk->wwn), 32); /* without the blank in front */
  assert_string_equal(evs_disk_metadata(disk, "hw:passthrough"), "true");
  assert_string_equal(disk->description, "");
  g_autoptr(GPtrArray) all =
    evs_disk_list(cloud.client, &cloud.context, &(EvsDiskFilter){.limit = 1}, &error);
  cloud_assert_ok(all != NULL, error); /* the link behind the last page leads nowhere */
  assert_int_equal(all->len, 1);
  cloud_assert_ok(evs_disk_delete(cloud.client, &cloud.context, id, &job, &error), error);
  cloud_assert_ok(evs_watch_delete(cloud.watcher, &cloud.context, id, job, &error), error);
  cloud_close(&cloud);
}

static void snapshots_read_as_ever(void **state)
{
  Sim *sim = sim_start(*state, &(SimOptions){.profile = "{\"quirks\":true}"});
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autofree char *volume_id = cloud_create_disk(&cloud, NULL);
  EvsSnapshotCreate request = {.volume_id = volume_id, .name = "s"};
  g_autoptr(EvsSnapshot) taken = evs_snapshot_create(cloud.client, &cloud.context, &request, &error);
  cloud_assert_ok(taken != NULL, error);
  cloud_assert_ok(evs_watch_snapshot(cloud.watcher, &cloud.context, taken->id, NULL, &error), error);
  g_autoptr(GPtrArray) all =
    evs_snapshot_list(cloud.client, &cloud.context, &(EvsSnapshotFilter){.volume_id = volume_id}, &error);
  cloud_assert_ok(all != NULL, error);
  assert_int_equal(all->len, 1);
  const EvsSnapshot *snapshot = all->pdata[0];
  assert_int_equal(snapshot->size_gib, 10);
  assert_true(snapshot->created_wall_us > 0);
  assert_string_equal(snapshot->description, "");
  cloud_close(&cloud);
}

static void catalogs_read_as_ever(void **state)
{
  Sim *sim = sim_start(*state, &(SimOptions){.profile = "{\"quirks\":true}"});
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) zones = evs_zone_list(cloud.client, &cloud.context, &error);
  cloud_assert_ok(zones != NULL, error);
  assert_true(zones->len > 0);
  g_autoptr(GPtrArray) types = evs_disk_type_list(cloud.client, &cloud.context, &error);
  cloud_assert_ok(types != NULL, error);
  assert_int_equal(evs_disk_type_offer(types, "SSD", "sim-1a"),
                   EVS_OFFER_YES); /* in every zone: none is named */
  assert_int_equal(evs_disk_type_offer(types, "SATA", "sim-1a"), EVS_OFFER_SOLD_OUT);
  g_autoptr(EvsQuota) quota = evs_quota_get(cloud.client, &cloud.context, &error);
  cloud_assert_ok(quota != NULL, error);
  assert_non_null(evs_quota_item(quota, "gigabytes"));
  assert_non_null(evs_quota_item(quota, "volumes_GPSSD"));
  cloud_close(&cloud);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(disks_read_as_ever),
    TEST(snapshots_read_as_ever),
    TEST(catalogs_read_as_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
