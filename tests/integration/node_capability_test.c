/* Which capabilities evs-csi-node needs, as docs/limits.md lists them: started with exactly those, its tools included,
 * it does its work; without, the operation fails with the kernel's reason and leaves nothing behind. */
#include "tests/integration/node_support.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { BEFORE = 320, AFTER = 512, POD_USER = 1000 };

/* Plugins started from here on have these capabilities and no other: "-all,+sys_admin". */
static void limit_capabilities(Harness *harness, const char *set)
{
  g_autofree char *directory = harness_path(harness, "limited-bin");
  g_autofree char *path = g_build_filename(directory, "evs-csi-node", NULL);
  g_autofree char *script =
    g_strdup_printf("#!/bin/sh\nexec setpriv --bounding-set=%s '%s/evs-csi-node' \"$@\"\n", set, BIN_DIR);
  g_mkdir_with_parents(directory, 0755);
  assert_true(g_file_set_contents(path, script, -1, NULL));
  assert_int_equal(chmod(path, 0755), 0);
  g_setenv("EVS_BIN_DIR", directory, TRUE);
}

static int give_back(void **state)
{
  g_unsetenv("EVS_BIN_DIR");
  return harness_teardown(state);
}

static void assert_well(const Plugin *node, const BenchDisk *disk)
{
  json_t *answer = csi_call(node, "NodeGetVolumeHealth", NULL, "{s:s, s:s}", "volume_id", disk->id,
                            "volume_publish_path", disk->target);
  assert_int_equal(
    json_array_size(json_object_get(json_object_get(answer, "volume_health"), "health_statuses")), 0);
  json_decref(answer);
}

/* A pod with a user of its own has taken the volume's root for itself. */
static void give_to_pod(const BenchDisk *disk)
{
  assert_int_equal(chown(disk->target, POD_USER, POD_USER), 0);
  assert_int_equal(chmod(disk->target, 0700), 0);
}

static void live(const Plugin *node, BenchDisk *disk, const char *fs_type)
{
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(fs_type, NULL), disk->target, FALSE));
  give_to_pod(disk);
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(fs_type, NULL), disk->target, FALSE));
  assert_in_range(bench_total_bytes(node, disk, disk->target), 150 * MIB, BEFORE * MIB);
  assert_well(node, disk);
  bench_disk_grow(disk, AFTER * MIB);
  if (g_str_has_prefix(fs_type, "ext"))
    csi_expect_error(node, "NodeExpandVolume", bench_expand(disk, disk->target, AFTER * MIB),
                     EVS_CODE_FAILED_PRECONDITION, "CAP_SYS_RESOURCE");
  else
    bench_ok(node, "NodeExpandVolume", bench_expand(disk, disk->target, AFTER * MIB));
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), FALSE));
  assert_in_range(bench_total_bytes(node, disk, disk->staging), 400 * MIB, AFTER * MIB);
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
}

static void live_raw(const Plugin *node, const BenchDisk *disk)
{
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_block(), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_block(), disk->target, TRUE));
  int fd = open(disk->target, O_WRONLY | O_CLOEXEC);
  assert_int_equal(pwrite(fd, "x", 1, 0), -1);
  close(fd);
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
}

static const char *const gate[] = {"--feature-gates=VolumeHealth=true", NULL};

static void two_are_enough_but_for_growing_a_mounted_ext4(void **state)
{
  limit_capabilities(*state, "-all,+sys_admin,+dac_read_search");
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  static const char *const types[] = {"ext4", "ext3", "xfs", "btrfs"};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    live(node, bench_disk_new(bench, BEFORE * MIB), types[i]);
  live_raw(node, bench_disk_new(bench, 64 * MIB));
}

/* Directories of pods stay closed: nothing to be said of them, and growing goes by way of them. */
static void without_a_look_into_directories_pods_can_hinder_growing(void **state)
{
  limit_capabilities(*state, "-all,+sys_admin");
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  static const char *const types[] = {"xfs", "btrfs"};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    BenchDisk *disk = bench_disk_new(bench, BEFORE * MIB);
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), TRUE));
    bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(types[i], NULL), disk->target, FALSE));
    give_to_pod(disk);
    assert_well(node, disk);
    bench_disk_grow(disk, AFTER * MIB);
    csi_expect_error(node, "NodeExpandVolume", bench_expand(disk, disk->target, AFTER * MIB),
                     EVS_CODE_INTERNAL, "Permission denied");
    bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
    bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  }
}

static void without_any_it_can_look_and_not_mount(void **state)
{
  limit_capabilities(*state, "-all");
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  limit_capabilities(*state, "-all,+sys_admin");
  Plugin *able = bench_node_start(bench, gate);
  BenchDisk *disk = bench_disk_new(bench, BEFORE * MIB), *raw = bench_disk_new(bench, 64 * MIB);
  json_decref(csi_call(node, "NodeGetInfo", NULL, "{}"));
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("xfs", NULL), TRUE),
                   EVS_CODE_INTERNAL, "Permission denied");
  assert_int_equal(bench_mount_count(disk->staging), 0);
  bench_ok(able, "NodeStageVolume", bench_stage(disk, csi_mount("xfs", NULL), TRUE));
  assert_in_range(bench_total_bytes(node, disk, disk->staging), 150 * MIB, BEFORE * MIB);
  csi_expect_error(node, "NodePublishVolume",
                   bench_publish(disk, csi_mount("xfs", NULL), disk->target, FALSE), EVS_CODE_INTERNAL,
                   "Operation not permitted");
  csi_expect_error(node, "NodePublishVolume", bench_publish(raw, csi_block(), raw->target, TRUE),
                   EVS_CODE_INTERNAL, "read-only: Permission denied");
  bench_disk_grow(disk, AFTER * MIB);
  csi_expect_error(node, "NodeExpandVolume", bench_expand(disk, disk->staging, AFTER * MIB),
                   EVS_CODE_INTERNAL, "Operation not permitted");
  csi_expect_error(node, "NodeUnstageVolume", bench_unstage(disk), EVS_CODE_INTERNAL,
                   "Operation not permitted");
  bench_ok(able, "NodeExpandVolume", bench_expand(disk, disk->staging, AFTER * MIB));
  bench_ok(able, "NodeUnstageVolume", bench_unstage(disk));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(two_are_enough_but_for_growing_a_mounted_ext4, harness_setup, give_back),
    cmocka_unit_test_setup_teardown(without_a_look_into_directories_pods_can_hinder_growing, harness_setup,
                                    give_back),
    cmocka_unit_test_setup_teardown(without_any_it_can_look_and_not_mount, harness_setup, give_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
