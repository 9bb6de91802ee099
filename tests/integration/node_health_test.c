/* NodeGetVolumeHealth and NodeGetStorageHealth behind their gate: disks that fail, vanish and change under a volume,
 * file systems that the kernel has given up on. */
#include "tests/integration/node_support.h"

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const char *const gate[] = {"--feature-gates=VolumeHealth=true", NULL};

static json_t *health_request(const char *id, const char *path)
{
  return json_pack("{s:s, s:s}", "volume_id", id, "volume_publish_path", path);
}

/* "STATUS/Reason ..." of the entries, "" when well. Newly allocated. */
static char *health_of(const Plugin *node, const char *id, const char *path)
{
  json_t *answer = csi_call_json(node, "NodeGetVolumeHealth", health_request(id, path), CSI_TIMEOUT_MS, NULL);
  json_t *health = json_object_get(answer, "volume_health"), *entry;
  assert_string_equal(json_string_value(json_object_get(health, "volume_id")), id);
  g_autoptr(GString) text = g_string_new(NULL);
  gsize i;
  json_array_foreach(json_object_get(health, "health_statuses"), i, entry)
  {
    g_string_append_printf(text, "%s%s/%s", i ? " " : "", json_string_value(json_object_get(entry, "status")),
                           json_string_value(json_object_get(entry, "reason")));
    assert_true(strlen(json_string_value(json_object_get(entry, "message"))) > 0);
  }
  json_decref(answer);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

static void assert_health(const Plugin *node, const char *id, const char *path, const char *expected)
{
  g_autofree char *found = health_of(node, id, path);
  assert_string_equal(found, expected);
}

static BenchDisk *published(NodeBench *bench, const Plugin *node, const char *fs_type)
{
  BenchDisk *disk = bench_disk_new(bench, 512 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(fs_type, NULL), disk->target, FALSE));
  return disk;
}

static gboolean has_capability(const Plugin *node, const char *name)
{
  json_t *answer = csi_call(node, "NodeGetCapabilities", NULL, "{}"), *capability;
  gboolean found = FALSE;
  gsize i;
  json_array_foreach(json_object_get(answer, "capabilities"), i, capability) found |=
    g_strcmp0(json_string_value(json_object_get(json_object_get(capability, "rpc"), "type")), name) == 0;
  json_decref(answer);
  return found;
}

static void without_the_gate_there_is_nothing(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL), *gated = bench_node_start(bench, gate);
  static const char *const names[] = {"GET_VOLUME_HEALTH", "GET_STORAGE_HEALTH"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    assert_false(has_capability(node, names[i]));
    assert_true(has_capability(gated, names[i]));
  }
  csi_expect_error(node, "NodeGetVolumeHealth", health_request("x", "/x"), EVS_CODE_UNIMPLEMENTED, "");
  csi_expect_error(node, "NodeGetStorageHealth", json_object(), EVS_CODE_UNIMPLEMENTED, "");
  json_t *storage = csi_call(gated, "NodeGetStorageHealth", NULL, "{}");
  assert_int_equal(json_array_size(json_object_get(storage, "backend_health")), 0);
  json_decref(storage);
}

static void what_is_well_has_no_entry(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  static const char *const types[] = {"ext4", "xfs", "btrfs"};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    BenchDisk *disk = published(bench, node, types[i]);
    assert_health(node, disk->id, disk->target, "");
    json_t *staged = json_pack("{s:s, s:s}", "volume_id", disk->id, "staging_target_path", disk->staging);
    bench_ok(node, "NodeGetVolumeHealth", staged);
  }
  BenchDisk *raw = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(raw, csi_block(), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(raw, csi_block(), raw->target, FALSE));
  assert_health(node, raw->id, raw->target, "");
}

static void what_is_not_there_is_not_found(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  g_autofree char *pods = g_build_filename(bench->kubelet_dir, "pods", NULL);
  csi_expect_error(node, "NodeGetVolumeHealth", health_request("", disk->target), EVS_CODE_INVALID_ARGUMENT,
                   "volume_id");
  csi_expect_error(node, "NodeGetVolumeHealth", health_request(disk->id, ""), EVS_CODE_INVALID_ARGUMENT,
                   "staging_target_path");
  csi_expect_error(node, "NodeGetVolumeHealth", health_request(disk->id, "/etc"), EVS_CODE_INVALID_ARGUMENT,
                   "volume_publish_path");
  csi_expect_error(node, "NodeGetVolumeHealth", health_request(disk->id, disk->target), EVS_CODE_NOT_FOUND,
                   "target");
  csi_expect_error(node, "NodeGetVolumeHealth", health_request(disk->id, pods), EVS_CODE_NOT_FOUND,
                   "no volume is mounted");
}

static void lost_and_exchanged_disks_are_told(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  static const char *const types[] = {"ext4", "btrfs"};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    BenchDisk *disk = published(bench, node, types[i]);
    bench_disk_set(disk, "serial", "11111111-2222-3333-4");
    assert_health(node, disk->id, disk->target, "INACCESSIBLE/WrongDisk");
    bench_disk_detach(disk);
    assert_health(node, disk->id, disk->target, "INACCESSIBLE/DiskMissing");
  }
  BenchDisk *small = published(bench, node, "ext4");
  bench_disk_set(small, "size", "2048\n");
  assert_health(node, small->id, small->target, "INACCESSIBLE/DiskTooSmall");
}

static void write_sys(const char *path, const char *text)
{
  FILE *file = fopen(path, "we");
  if (!file)
    fail_msg("cannot open '%s'", path);
  (void)fputs(text, file);
  (void)fclose(file);
}

/* The kernel counts an error of ext4 and stops the writes, as it does when it meets damaged structures. */
static void an_error_of_ext4_is_told(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", "errors=remount-ro"), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE));
  g_autofree char *trigger =
    g_strdup_printf("/sys/fs/ext4/loop%u/trigger_fs_error", (guint)minor(disk->number));
  write_sys(trigger, "by the test");
  assert_health(node, disk->id, disk->target, "DEGRADED/ReadOnlyByKernel DEGRADED/ErrorsRecorded");
}

static void a_file_system_that_has_shut_down_is_told(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  BenchDisk *disk = published(bench, node, "xfs");
  g_free(bench_run(*state, "xfs_io", "-x", "-c", "shutdown", disk->target, NULL));
  g_autofree char *found = health_of(node, disk->id, disk->target);
  if (!strstr(found, "INACCESSIBLE/ReadFails"))
    fail_msg("found '%s'", found);
}

/* ---- faults of a simulated server's disks ---- */

static void set_fault(const Sim *sim, const Plugin *node, const char *id, const char *fault)
{
  json_t *info = csi_call(node, "NodeGetInfo", NULL, "{}");
  g_autofree char *path =
    g_strdup_printf("/_sim/servers/%s/disks/%s", json_string_value(json_object_get(info, "node_id")), id);
  g_autofree char *body = g_strdup_printf("{\"fault\": \"%s\"}", fault);
  json_decref(info);
  sim_send(sim, "PUT", path, body);
}

static void a_failing_cloud_disk_is_told(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  Plugin *controller = controller_start(*state, sim, NULL);
  Plugin *node = node_start(*state, sim, &(PluginOptions){.extra = gate});
  CsiVolume *volume = csi_create(*state, controller, "pvc-health", 10 * GIB, csi_block());
  csi_attach(volume, controller, node);
  csi_stage(volume, node);
  csi_publish(volume, node);
  assert_health(node, volume->id, volume->target, "");
  set_fault(sim, node, volume->id, "eio");
  assert_health(node, volume->id, volume->target, "INACCESSIBLE/ReadFails");
  set_fault(sim, node, volume->id, "none");
  assert_health(node, volume->id, volume->target, "");
  set_fault(sim, node, volume->id, "wrong_serial");
  assert_health(node, volume->id, volume->target, "INACCESSIBLE/WrongDisk");
  set_fault(sim, node, volume->id, "vanish");
  assert_health(node, volume->id, volume->target, "INACCESSIBLE/DiskMissing");
  set_fault(sim, node, volume->id, "none");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(without_the_gate_there_is_nothing), TEST(what_is_well_has_no_entry),
    TEST(what_is_not_there_is_not_found),    TEST(lost_and_exchanged_disks_are_told),
    TEST(an_error_of_ext4_is_told),          TEST(a_file_system_that_has_shut_down_is_told),
    TEST(a_failing_cloud_disk_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
