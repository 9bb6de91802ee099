/* evsctl transfer create and accept between two accounts: what is checked, what is written, what comes out. */
#include "tests/integration/evsctl_transfer_support.h"

#include <sys/stat.h>

static void a_disk_goes_from_file_to_manifest(void **state)
{
  World world = world_begin(state);
  g_auto(Evsctl) created = alpha(&world, "transfer create %s --to=team-b --output-dir=%s --fs-type=xfs -v",
                                 world.disk, world.directory);
  evsctl_assert_status(&created, 0);
  struct stat found;
  assert_int_equal(stat(world.file, &found), 0);
  assert_int_equal(found.st_mode & 07777, 0600);
  json_t *file = json_file(world.file);
  assert_string_equal(json_text(file, "volume_id"), world.disk);
  assert_string_equal(json_text(file, "to"), "team-b");
  assert_string_equal(json_text(file, "pv_name"), "pvc-alpha");
  g_autofree char *key = g_strdup(json_text(file, "auth_key"));
  assert_string_not_equal(key, "");
  json_decref(file);
  expect_no_text(&created, key);
  g_auto(Evsctl) dry = beta(&world, "transfer accept %s --dry-run --emit-pv", world.file);
  evsctl_assert_status(&dry, 0);
  assert_non_null(strstr(dry.out, "would be accepted"));
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 0);
  g_auto(Evsctl) accepted = beta(
    &world, "transfer accept %s --cluster-id=beta --emit-pv --storage-class=fast -v -o json", world.file);
  evsctl_assert_status(&accepted, 0);
  expect_no_text(&accepted, key);
  g_autofree char *owner =
    accounts_expect_disk(world.accounts, world.disk, "beta", "available", "evs.csi.huaweicloud.com/cluster");
  assert_string_equal(owner, "beta");
  json_t *list = json_loads(accepted.out, 0, NULL);
  const json_t *items = json_object_get(list, "items");
  assert_int_equal(json_array_size(items), 2);
  const json_t *pv = json_array_get(items, 0), *claim = json_array_get(items, 1);
  json_t *wanted_pv = json_pack(
    "{s:{s:s}, s:[s], s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:{s:[{s:[{s:s, s:s, s:[s]}]}]}},"
    " s:{s:s, s:s, s:s, s:s}}",
    "capacity", "storage", "10Gi", "accessModes", "ReadWriteOnce", "persistentVolumeReclaimPolicy", "Retain",
    "storageClassName", "fast", "volumeMode", "Filesystem", "csi", "driver", "evs.csi.huaweicloud.com",
    "volumeHandle", world.disk, "fsType", "xfs", "nodeAffinity", "required", "nodeSelectorTerms",
    "matchExpressions", "key", "topology.evs.csi.huaweicloud.com/zone", "operator", "In", "values", "sim-1a",
    "claimRef", "apiVersion", "v1", "kind", "PersistentVolumeClaim", "namespace", "default", "name",
    "pvc-alpha");
  json_t *wanted_claim = json_pack("{s:[s], s:{s:{s:s}}, s:s, s:s, s:s}", "accessModes", "ReadWriteOnce",
                                   "resources", "requests", "storage", "10Gi", "storageClassName", "fast",
                                   "volumeMode", "Filesystem", "volumeName", "pvc-alpha");
  if (!json_equal(json_object_get(pv, "spec"), wanted_pv) ||
      !json_equal(json_object_get(claim, "spec"), wanted_claim))
    fail_msg("%s", accepted.out);
  json_decref(wanted_pv);
  json_decref(wanted_claim);
  json_decref(list);
  world_end(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_disk_goes_from_file_to_manifest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
