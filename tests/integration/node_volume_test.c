/* Stage, publish, unpublish, unstage of file system and raw block volumes on real disks. */
#include "tests/integration/node_support.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

enum { TIMES = 10 };

static void write_text(const char *directory, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(directory, name, NULL);
  assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void assert_text(const char *directory, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(directory, name, NULL), *found = NULL;
  assert_true(g_file_get_contents(path, &found, NULL, NULL));
  assert_string_equal(found, text);
}

static void assert_mounted(const char *path, const char *prefix)
{
  g_autofree char *mounted = bench_mounted(path);
  if (!mounted || !g_str_has_prefix(mounted, prefix))
    fail_msg("'%s' is mounted as '%s', expected was '%s...'", path, mounted ? mounted : "nothing", prefix);
}

/* Every call ten times, then the whole again: the data must be there. */
static void life(void **state, const char *fs_type)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 1024 * MIB);
  g_autofree char *prefix = g_strconcat(fs_type, " rw,", NULL);
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < TIMES; i++)
      bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), TRUE));
    for (int i = 0; i < TIMES; i++)
      bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(fs_type, NULL), disk->target, FALSE));
    assert_int_equal(bench_mount_count(disk->staging), 1);
    assert_int_equal(bench_mount_count(disk->target), 1);
    assert_mounted(disk->staging, prefix);
    assert_mounted(disk->target, prefix);
    struct stat status;
    assert_int_equal(stat(disk->target, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0755); /* of the new root, whatever the daemon's umask */
    if (round == 0)
      write_text(disk->target, "x", "kept");
    assert_text(disk->target, "x", "kept");
    for (int i = 0; i < TIMES; i++)
      bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
    assert_false(g_file_test(disk->target, G_FILE_TEST_EXISTS));
    for (int i = 0; i < TIMES; i++)
      bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
    assert_int_equal(bench_mount_count(disk->staging), 0);
    g_autofree char *label = bench_run(*state, "blkid", "-p", "-o", "export", disk->node, NULL);
    assert_null(strstr(label, "LABEL="));
  }
}

static void ext4_lives(void **state)
{
  life(state, "ext4");
}

static void ext3_lives(void **state)
{
  life(state, "ext3");
}

static void xfs_lives(void **state)
{
  life(state, "xfs");
}

static void btrfs_lives(void **state)
{
  life(state, "btrfs");
}

/* A kubelet that stages elsewhere than the one before it did, while pods use the disk. */
static void a_disk_in_use_is_staged_at_a_second_path(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  for (gsize i = 0; i < 3; i++) {
    static const char *const types[] = {"ext4", "xfs", "btrfs"};
    BenchDisk *disk = bench_disk_new(bench, 512 * MIB);
    g_autofree char *second = g_strconcat(disk->staging, "-2", NULL);
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), TRUE));
    write_text(disk->staging, "x", "kept");
    json_t *request = bench_stage(disk, csi_mount(types[i], NULL), TRUE);
    json_object_set_new(request, "staging_target_path", json_string(second));
    bench_ok(node, "NodeStageVolume", json_incref(request));
    assert_text(second, "x", "kept");
    json_object_set_new(request, "volume_capability", csi_mount("ext3", NULL));
    g_autofree char *third = g_strconcat(disk->staging, "-3", NULL);
    json_object_set_new(request, "staging_target_path", json_string(third));
    csi_expect_error(node, "NodeStageVolume", request, EVS_CODE_FAILED_PRECONDITION,
                     "but ext3 was asked for");
  }
}

static void no_type_means_ext4_or_what_is_there(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *fresh = bench_disk_new(bench, 64 * MIB), *used = bench_disk_new(bench, 512 * MIB);
  g_free(bench_run(*state, "mkfs.xfs", "-q", used->node, NULL));
  bench_ok(node, "NodeStageVolume", bench_stage(fresh, csi_mount(NULL, NULL), TRUE));
  bench_ok(node, "NodeStageVolume", bench_stage(used, csi_mount(NULL, NULL), FALSE));
  assert_mounted(fresh->staging, "ext4 ");
  assert_mounted(used->staging, "xfs ");
}

/* A copy of a mounted file system is mounted itself, not the original once more. */
static void copies_mount_side_by_side(void **state, const char *fs_type)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *original = bench_disk_new(bench, 512 * MIB), *copy = bench_disk_new(bench, 512 * MIB);
  g_autofree char *tool = g_strconcat("mkfs.", fs_type, NULL);
  g_free(bench_run(*state, tool, "-q", original->node, NULL));
  g_autofree char *from = g_strconcat("if=", original->node, NULL),
                  *to = g_strconcat("of=", copy->node, NULL);
  g_free(bench_run(*state, "dd", from, to, "bs=1M", "status=none", "conv=fsync", NULL));
  bench_ok(node, "NodeStageVolume", bench_stage(original, csi_mount(fs_type, NULL), FALSE));
  bench_ok(node, "NodeStageVolume", bench_stage(copy, csi_mount(fs_type, NULL), FALSE));
  write_text(copy->staging, "x", "copy");
  g_autofree char *other = g_build_filename(original->staging, "x", NULL);
  assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
  bench_ok(node, "NodePublishVolume", bench_publish(copy, csi_mount(fs_type, NULL), copy->target, FALSE));
  assert_text(copy->target, "x", "copy");
}

static void another_default_makes_new_file_systems_only(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  static const char *const options[] = {"--default-fs-type=xfs", NULL};
  Plugin *node = bench_node_start(bench, options);
  BenchDisk *fresh = bench_disk_new(bench, 512 * MIB);
  BenchDisk *made = bench_disk_new(bench, 512 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(fresh, csi_mount(NULL, NULL), TRUE));
  assert_mounted(fresh->staging, "xfs rw,");
  bench_ok(node, "NodeStageVolume", bench_stage(made, csi_mount("ext4", NULL), TRUE));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(made));
  bench_ok(node, "NodeStageVolume", bench_stage(made, csi_mount(NULL, NULL), TRUE));
  assert_mounted(made->staging, "ext4 rw,");
  bench_ok(node, "NodeUnstageVolume", bench_unstage(fresh));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(made));
}

static void two_copies_of_one_xfs_mount_side_by_side(void **state)
{
  copies_mount_side_by_side(state, "xfs");
}

static void two_copies_of_one_btrfs_mount_side_by_side(void **state)
{
  copies_mount_side_by_side(state, "btrfs");
}

static void mount_flags_reach_the_kernel(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", "noatime,nosuid,commit=17"), TRUE));
  bench_ok(node, "NodePublishVolume",
           bench_publish(disk, csi_mount("ext4", "noatime,nosuid,commit=17"), disk->target, TRUE));
  g_autofree char *staged = bench_mounted(disk->staging), *published = bench_mounted(disk->target);
  assert_true(g_str_has_prefix(staged, "ext4 rw,nosuid,noatime rw,"));
  assert_non_null(strstr(staged, "commit=17"));
  assert_true(g_str_has_prefix(published, "ext4 ro,nosuid,noatime rw,"));
  BenchDisk *other = bench_disk_new(bench, 64 * MIB);
  csi_expect_error(node, "NodeStageVolume", bench_stage(other, csi_mount("ext4", "rshared"), TRUE),
                   EVS_CODE_INVALID_ARGUMENT, "mount_flags: 'rshared' is not accepted");
  csi_expect_error(node, "NodeStageVolume", bench_stage(other, csi_mount("ext4", "nosuchoption"), TRUE),
                   EVS_CODE_INVALID_ARGUMENT, "'nosuchoption'");
  assert_int_equal(bench_mount_count(other->staging), 0);
}

static void read_only_publish_refuses_writes_and_is_told_apart(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  for (int i = 0; i < TIMES; i++)
    bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount("ext4", NULL), disk->target, TRUE));
  g_autofree char *file = g_build_filename(disk->target, "x", NULL);
  assert_int_equal(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), -1);
  write_text(disk->staging, "x", "by the writer");
  csi_expect_error(node, "NodePublishVolume",
                   bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE), EVS_CODE_ALREADY_EXISTS,
                   "published read-only");
  csi_expect_error(node, "NodeStageVolume",
                   bench_stage(disk, csi_with_mode(csi_mount("ext4", NULL), "MULTI_NODE_READER_ONLY"), FALSE),
                   EVS_CODE_ALREADY_EXISTS, "staged writable");
}

/* The bind of a read-only publish, and then the plugin dies before its remount. */
static void a_cut_off_read_only_publish_is_finished(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  assert_int_equal(mkdir(disk->target, 0755), 0);
  g_free(bench_run(*state, "mount", "--bind", disk->staging, disk->target, NULL));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount("ext4", NULL), disk->target, TRUE));
  assert_int_equal(bench_mount_count(disk->target), 1);
  assert_mounted(disk->target, "ext4 ro,");
}

static void reader_only_mode_is_read_only_throughout(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  json_t *reader = csi_with_mode(csi_mount("ext4", NULL), "MULTI_NODE_READER_ONLY");
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, json_incref(reader), TRUE),
                   EVS_CODE_FAILED_PRECONDITION, "no file system and is asked for read-only");
  g_free(bench_run(*state, "mkfs.ext4", "-q", disk->node, NULL));
  bench_ok(node, "NodeStageVolume", bench_stage(disk, json_incref(reader), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, reader, disk->target, FALSE));
  assert_mounted(disk->staging, "ext4 ro,");
  assert_mounted(disk->target, "ext4 ro,");
}

static void a_single_writer_gets_one_target(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  g_autofree char *second = g_strconcat(disk->target, "-2", NULL);
  json_t *single = csi_with_mode(csi_mount("ext4", NULL), "SINGLE_NODE_SINGLE_WRITER");
  json_t *multi = csi_with_mode(csi_mount("ext4", NULL), "SINGLE_NODE_MULTI_WRITER");
  bench_ok(node, "NodeStageVolume", bench_stage(disk, json_incref(single), TRUE));
  for (int i = 0; i < 2; i++)
    bench_ok(node, "NodePublishVolume", bench_publish(disk, json_incref(single), disk->target, FALSE));
  csi_expect_error(node, "NodePublishVolume", bench_publish(disk, json_incref(single), second, FALSE),
                   EVS_CODE_FAILED_PRECONDITION, "SINGLE_NODE_SINGLE_WRITER");
  assert_false(g_file_test(second, G_FILE_TEST_EXISTS));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, multi, second, FALSE));
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  csi_expect_error(node, "NodePublishVolume", bench_publish(disk, single, disk->target, FALSE),
                   EVS_CODE_FAILED_PRECONDITION, second);
}

static void raw_block_volumes_live(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  for (int i = 0; i < TIMES; i++)
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_block(), TRUE));
  for (int i = 0; i < TIMES; i++)
    bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_block(), disk->target, FALSE));
  assert_int_equal(bench_mount_count(disk->target), 1);
  int fd = open(disk->target, O_WRONLY | O_CLOEXEC);
  assert_int_equal(pwrite(fd, "raw bytes", 9, 4096), 9);
  assert_int_equal(fsync(fd), 0);
  close(fd);
  char found[10] = "";
  int image = open(disk->image, O_RDONLY | O_CLOEXEC);
  assert_int_equal(pread(image, found, 9, 4096), 9);
  close(image);
  assert_string_equal(found, "raw bytes");
  json_t *stats = csi_call(node, "NodeGetVolumeStats", NULL, "{s:s, s:s}", "volume_id", disk->id,
                           "volume_path", disk->target);
  json_t *usage = json_array_get(json_object_get(stats, "usage"), 0);
  assert_int_equal(json_integer_value(json_object_get(usage, "total")), disk->bytes);
  json_decref(stats);
  for (int i = 0; i < TIMES; i++)
    bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  assert_false(g_file_test(disk->target, G_FILE_TEST_EXISTS));
  for (int i = 0; i < TIMES; i++)
    bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
}

static gboolean can_write(const char *path)
{
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  gboolean good = fd >= 0 && pwrite(fd, "x", 1, 0) == 1 && fsync(fd) == 0;
  if (fd >= 0)
    close(fd);
  return good;
}

static void raw_block_read_only_makes_the_disk_read_only(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  g_autofree char *second = g_strconcat(disk->target, "-2", NULL);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_block(), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_block(), disk->target, TRUE));
  assert_false(can_write(disk->target));
  csi_expect_error(node, "NodePublishVolume", bench_publish(disk, csi_block(), second, FALSE),
                   EVS_CODE_FAILED_PRECONDITION, "published read-only at");
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  assert_true(can_write(disk->node)); /* the state does not outlive the publish */
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_block(), second, FALSE));
  assert_true(can_write(second));
  csi_expect_error(node, "NodePublishVolume", bench_publish(disk, csi_block(), disk->target, TRUE),
                   EVS_CODE_FAILED_PRECONDITION, "published writable at");
  json_t *single = csi_with_mode(csi_block(), "SINGLE_NODE_SINGLE_WRITER");
  csi_expect_error(node, "NodePublishVolume", bench_publish(disk, single, disk->target, FALSE),
                   EVS_CODE_FAILED_PRECONDITION, "SINGLE_NODE_SINGLE_WRITER");
}

static gint64 usage_of(const json_t *stats, const char *unit, const char *member)
{
  const json_t *list = json_object_get(stats, "usage");
  for (gsize i = 0; i < json_array_size(list); i++) {
    const json_t *usage = json_array_get(list, i);
    if (g_strcmp0(json_string_value(json_object_get(usage, "unit")), unit) == 0)
      return json_integer_value(json_object_get(usage, member));
  }
  return -1;
}

static void stats_count_bytes_and_inodes(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE));
  const char *format = "{s:s, s:s}";
  json_t *before =
    csi_call(node, "NodeGetVolumeStats", NULL, format, "volume_id", disk->id, "volume_path", disk->target);
  g_autofree char *text = g_strnfill(4 * MIB, 'x');
  write_text(disk->target, "large", text);
  sync();
  json_t *after =
    csi_call(node, "NodeGetVolumeStats", NULL, format, "volume_id", disk->id, "volume_path", disk->target);
  assert_in_range(usage_of(before, "BYTES", "total"), 48 * MIB, 64 * MIB);
  assert_in_range(usage_of(after, "BYTES", "used") - usage_of(before, "BYTES", "used"), 4 * MIB, 5 * MIB);
  assert_int_equal(usage_of(after, "INODES", "used") - usage_of(before, "INODES", "used"), 1);
  json_decref(before);
  json_decref(after);
  static const struct {
    const char *path;
    EvsCode code;
  } rows[] = {
    {"some/path", EVS_CODE_NOT_FOUND}, {"/etc", EVS_CODE_INVALID_ARGUMENT}, {"", EVS_CODE_INVALID_ARGUMENT}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    csi_expect_error(node, "NodeGetVolumeStats",
                     json_pack(format, "volume_id", disk->id, "volume_path", rows[i].path), rows[i].code,
                     "volume_path");
  g_autofree char *pods = g_build_filename(bench->kubelet_dir, "pods", NULL);
  g_autofree char *missing = g_build_filename(pods, "missing", NULL);
  csi_expect_error(node, "NodeGetVolumeStats", json_pack(format, "volume_id", disk->id, "volume_path", pods),
                   EVS_CODE_NOT_FOUND, "no volume is mounted");
  csi_expect_error(node, "NodeGetVolumeStats",
                   json_pack(format, "volume_id", disk->id, "volume_path", missing), EVS_CODE_NOT_FOUND,
                   "missing");
}

static void a_grown_disk_gets_its_file_system_grown_at_stage(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  static const char *const types[] = {"ext4", "xfs", "btrfs"};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    BenchDisk *disk = bench_disk_new(bench, 512 * MIB);
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), TRUE));
    bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
    assert_int_equal(truncate(disk->image, 1024 * MIB), 0);
    assert_int_equal(ioctl(disk->loop, LOOP_SET_CAPACITY, 0), 0);
    disk->bytes = 1024 * MIB;
    bench_disk_set(disk, "size", "2097152\n");
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), FALSE));
    json_t *stats = csi_call(node, "NodeGetVolumeStats", NULL, "{s:s, s:s}", "volume_id", disk->id,
                             "volume_path", disk->staging);
    assert_in_range(usage_of(stats, "BYTES", "total"), 900 * MIB, 1024 * MIB);
    json_decref(stats);
    bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(ext4_lives),
    TEST(ext3_lives),
    TEST(xfs_lives),
    TEST(btrfs_lives),
    TEST(a_disk_in_use_is_staged_at_a_second_path),
    TEST(no_type_means_ext4_or_what_is_there),
    TEST(another_default_makes_new_file_systems_only),
    TEST(two_copies_of_one_xfs_mount_side_by_side),
    TEST(two_copies_of_one_btrfs_mount_side_by_side),
    TEST(mount_flags_reach_the_kernel),
    TEST(read_only_publish_refuses_writes_and_is_told_apart),
    TEST(a_cut_off_read_only_publish_is_finished),
    TEST(reader_only_mode_is_read_only_throughout),
    TEST(a_single_writer_gets_one_target),
    TEST(raw_block_volumes_live),
    TEST(raw_block_read_only_makes_the_disk_read_only),
    TEST(stats_count_bytes_and_inodes),
    TEST(a_grown_disk_gets_its_file_system_grown_at_stage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
