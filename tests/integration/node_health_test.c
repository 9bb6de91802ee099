/* NodeGetVolumeHealth and NodeGetStorageHealth behind their gate: disks that fail, vanish and change under a volume,
 * file systems that the kernel has given up on. */
#include "tests/integration/node_support.h"

#include <fcntl.h>
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
  assert_health(node, disk->id, disk->target, "DEGRADED/ReadOnlyByKernel DATA_LOSS/Corrupted");
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

/* ---- damage on the disk, done while nobody has it mounted ---- */

enum { FILES = 300, BLOCK = 1024, SPOILED = 64 };

/* Enough names for a directory of several blocks. */
static void fill_directory(const char *directory)
{
  for (int i = 0; i < FILES; i++) {
    g_autofree char *path = g_strdup_printf("%s/a-file-with-quite-a-long-name-%d", directory, i);
    assert_true(g_file_set_contents_full(path, "x", 1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  }
}

/* Turns some bytes over at this distance behind every place in the image where the text stands at the beginning of a
 * block: how many there were. */
static int spoil_behind(const BenchDisk *disk, const char *text, gsize distance)
{
  g_autofree guint8 *block = g_malloc(BLOCK);
  int image = open(disk->image, O_RDWR | O_CLOEXEC), spoiled = 0;
  assert_true(image >= 0);
  for (off_t at = 0; (at = lseek(image, at, SEEK_DATA)) >= 0; at += BLOCK) {
    at = at / BLOCK * BLOCK;
    if (pread(image, block, BLOCK, at) != BLOCK)
      break;
    if (memcmp(block, text, strlen(text)) != 0)
      continue;
    for (gsize i = 0; i < SPOILED; i++)
      block[distance + i] ^= 0xff;
    assert_int_equal(pwrite(image, block, BLOCK, at), BLOCK);
    spoiled++;
  }
  close(image);
  g_free(bench_run(disk->bench->harness, "blockdev", "--flushbufs", disk->node, NULL));
  return spoiled;
}

static void mount_again(const Plugin *node, BenchDisk *disk, const char *fs_type, const char *options)
{
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, options), FALSE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(fs_type, NULL), disk->target, FALSE));
}

static void unmount(const Plugin *node, const BenchDisk *disk)
{
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
}

/* A reader meets the damage: what a pod would get. */
static void assert_unreadable(const char *path)
{
  g_autofree char *content = NULL;
  g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
  if (!directory) {
    assert_false(g_file_get_contents(path, &content, NULL, NULL));
    return;
  }
  int count = 0;
  while (g_dir_read_name(directory))
    count++;
  assert_true(count < FILES);
}

/* A directory of an ext4 that was mounted to stop at errors: found by whoever reads it, then told by the kernel. */
static void a_damaged_ext4_is_data_loss(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  BenchDisk *disk = published(bench, node, "ext4");
  g_autofree char *directory = g_build_filename(disk->target, "full", NULL);
  assert_int_equal(mkdir(directory, 0755), 0);
  fill_directory(directory);
  unmount(node, disk);
  g_autofree char *list = bench_run(*state, "debugfs", "-R", "blocks /full", disk->node, NULL);
  g_auto(GStrv) blocks = g_strsplit(g_strstrip(list), " ", -1);
  int image = open(disk->image, O_RDWR | O_CLOEXEC), spoiled = 0;
  static const char rubbish[SPOILED] = "rubbish";
  g_autofree char *features = bench_run(*state, "dumpe2fs", "-h", disk->node, NULL);
  const char *size = strstr(features, "Block size:");
  assert_non_null(size);
  gint64 bytes = g_ascii_strtoll(size + strlen("Block size:"), NULL, 10);
  for (guint i = 0; blocks[i]; i++) {
    gint64 number = g_ascii_strtoll(blocks[i], NULL, 10);
    if (number > 0)
      spoiled += pwrite(image, rubbish, sizeof rubbish, number * bytes + 100) == sizeof rubbish;
  }
  close(image);
  assert_true(spoiled > 0);
  g_free(bench_run(*state, "blockdev", "--flushbufs", disk->node, NULL));
  mount_again(node, disk, "ext4", "errors=remount-ro");
  assert_health(node, disk->id, disk->target, "");
  assert_unreadable(directory);
  assert_health(node, disk->id, disk->target, "DEGRADED/ReadOnlyByKernel DATA_LOSS/Corrupted");
}

/* The root directory of an xfs: its looking at it is enough. */
static void a_damaged_xfs_is_data_loss(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  BenchDisk *disk = published(bench, node, "xfs");
  fill_directory(disk->target);
  unmount(node, disk);
  assert_true(spoil_behind(disk, "XDD3", 200) + spoil_behind(disk, "XDB3", 200) > 0);
  mount_again(node, disk, "xfs", NULL);
  assert_health(node, disk->id, disk->target, "DATA_LOSS/Corrupted");
}

/* btrfs knows by its checksums what a pod has lost, and keeps count of it on the disk. */
static void a_damaged_btrfs_is_data_loss(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, gate);
  BenchDisk *disk = published(bench, node, "btrfs");
  g_autofree char *file = g_build_filename(disk->target, "data", NULL);
  g_autoptr(GString) text = g_string_new(NULL);
  while (text->len < MIB)
    g_string_append(text, "of some value.  ");
  assert_true(g_file_set_contents(file, text->str, (gssize)text->len, NULL));
  unmount(node, disk);
  assert_true(spoil_behind(disk, "of some value.  of some value.  ", 100) > 0);
  mount_again(node, disk, "btrfs", NULL);
  assert_health(node, disk->id, disk->target, "");
  assert_unreadable(file);
  assert_health(node, disk->id, disk->target, "DATA_LOSS/Corrupted");
  unmount(node, disk);
  mount_again(node, disk, "btrfs", NULL);
  assert_health(node, disk->id, disk->target, "DATA_LOSS/Corrupted");
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

static void assert_told(const Plugin *node, const CsiVolume *volume, const char *entry)
{
  g_autofree char *found = health_of(node, volume->id, volume->target);
  if (!strstr(found, entry))
    fail_msg("'%s' is not among '%s'", entry, found);
}

/* Of what the kernel has in memory, so that writing alone can fail. */
static gboolean write_metadata(const char *directory)
{
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean good = renameat(fd, "before", fd, "after") == 0 && syncfs(fd) == 0;
  close(fd);
  return good;
}

/* The kernel gives a file system up when its writes fail, and does not take that back when the disk is well again. */
static void a_disk_that_takes_no_writes_is_told(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  Plugin *controller = controller_start(*state, sim, NULL);
  Plugin *node = node_start(*state, sim, &(PluginOptions){.extra = gate});
  static const struct {
    const char *fs_type, *afterwards;
  } rows[] = {{"ext4", "DEGRADED/ReadOnlyByKernel"},
              {"btrfs", "DEGRADED/ReadOnlyByKernel"},
              {"xfs", "INACCESSIBLE/ReadFails"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *name = g_strdup_printf("pvc-%s", rows[i].fs_type);
    CsiVolume *volume = csi_create(*state, controller, name, 10 * GIB, csi_mount(rows[i].fs_type, NULL));
    csi_attach(volume, controller, node);
    csi_stage(volume, node);
    csi_publish(volume, node);
    g_autofree char *file = g_build_filename(volume->target, "before", NULL);
    assert_true(g_file_set_contents(file, "before", -1, NULL));
    set_fault(sim, node, volume->id, "eio");
    assert_false(write_metadata(volume->target));
    assert_told(node, volume, "INACCESSIBLE/");
    assert_told(node, volume, "INACCESSIBLE/"); /* asking again changes nothing */
    set_fault(sim, node, volume->id, "none");
    assert_told(node, volume, rows[i].afterwards);
    csi_unpublish(volume, node);
    csi_unstage(volume, node);
    csi_detach(volume, controller, node);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(without_the_gate_there_is_nothing),
    TEST(what_is_well_has_no_entry),
    TEST(what_is_not_there_is_not_found),
    TEST(lost_and_exchanged_disks_are_told),
    TEST(an_error_of_ext4_is_told),
    TEST(a_file_system_that_has_shut_down_is_told),
    TEST(a_failing_cloud_disk_is_told),
    TEST(a_damaged_ext4_is_data_loss),
    TEST(a_damaged_xfs_is_data_loss),
    TEST(a_damaged_btrfs_is_data_loss),
    TEST(a_disk_that_takes_no_writes_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
