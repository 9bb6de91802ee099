/* What is made, checked and passed on before a file system is mounted: mkfs options, e2fsck, options of the kernel. */
#include "tests/integration/node_support.h"

#include <fcntl.h>

static json_t *stage_with(const BenchDisk *disk, const char *fs_type, gboolean blank, json_t *context)
{
  json_t *request = bench_stage(disk, csi_mount(fs_type, NULL), blank);
  json_object_set_new(request, "volume_context", context);
  return request;
}

static void assert_says(const char *text, const char *part)
{
  if (!strstr(text, part))
    fail_msg("'%s' is not in: %s", part, text);
}

static void mkfs_options_reach_the_disk(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *ext = bench_disk_new(bench, 512 * MIB), *many = bench_disk_new(bench, 512 * MIB),
            *xfs = bench_disk_new(bench, 512 * MIB);
  bench_ok(node, "NodeStageVolume",
           stage_with(ext, "ext4", TRUE,
                      json_pack("{s:s, s:s, s:s}", "blockSize", "2048", "inodeSize", "512", "bytesPerInode",
                                "65536")));
  bench_ok(node, "NodeStageVolume",
           stage_with(many, "ext3", TRUE, json_pack("{s:s}", "numberOfInodes", "4096")));
  bench_ok(node, "NodeStageVolume",
           stage_with(xfs, "xfs", TRUE, json_pack("{s:s, s:s}", "blockSize", "2048", "inodeSize", "1024")));
  g_autofree char *first = bench_run(*state, "tune2fs", "-l", ext->node, NULL);
  assert_says(first, "Block size:               2048\n");
  assert_says(first, "Inode size:\t          512\n");
  assert_says(first, "Inode count:              8192\n"); /* 512 MiB / 64 KiB */
  g_autofree char *second = bench_run(*state, "tune2fs", "-l", many->node, NULL);
  assert_says(second, "Inode count:              4096\n");
  g_autofree char *third = bench_run(*state, "xfs_info", xfs->staging, NULL);
  assert_says(third, "bsize=2048 ");
  assert_says(third, "isize=1024 ");
}

static void mkfs_options_that_do_not_fit_touch_nothing(void **state)
{
  static const struct {
    const char *fs_type, *key, *value, *text;
  } rows[] = {
    {"ext4", "blockSize", "65536",
     "volume_context: blockSize '65536' of ext4 is not a power of two from 1024"},
    {"ext4", "blockSize", "4096 -n", "blockSize '4096 -n'"},
    {"xfs", "bytesPerInode", "4096", "'bytesPerInode' is not an option of xfs"},
    {"btrfs", "inodeSize", "256", "'inodeSize' is not an option of btrfs"},
  };
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 512 * MIB);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    csi_expect_error(node, "NodeStageVolume",
                     stage_with(disk, rows[i].fs_type, TRUE, json_pack("{s:s}", rows[i].key, rows[i].value)),
                     EVS_CODE_INVALID_ARGUMENT, rows[i].text);
  g_autofree char *empty = g_malloc0(MIB), *start = g_malloc(MIB);
  int image = open(disk->image, O_RDONLY | O_CLOEXEC);
  assert_int_equal(pread(image, start, MIB, 0), MIB);
  close(image);
  assert_memory_equal(start, empty, MIB);
  /* a disk with a file system is mounted whatever its options say: they are of the past */
  g_free(bench_run(*state, "mkfs.ext4", "-q", disk->node, NULL));
  bench_ok(node, "NodeStageVolume", stage_with(disk, "ext4", FALSE, json_pack("{s:s}", "blockSize", "3")));
}

/* ---- e2fsck ---- */

static BenchDisk *disk_with_a_file(NodeBench *bench)
{
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  g_autofree char *text = harness_write_file(bench->harness, "kept", "worth keeping");
  g_autofree char *write = g_strdup_printf("write %s kept", text);
  g_free(bench_run(bench->harness, "mkfs.ext4", "-q", disk->node, NULL));
  g_free(bench_run(bench->harness, "debugfs", "-w", "-R", write, disk->node, NULL));
  return disk;
}

static void break_disk(const BenchDisk *disk, const char *command)
{
  Harness *harness = disk->bench->harness;
  g_free(bench_run(harness, "debugfs", "-w", "-R", command, disk->node, NULL));
  g_free(
    bench_run(harness, "debugfs", "-w", "-R", "ssv state 0", disk->node, NULL)); /* not unmounted cleanly */
}

static void small_damage_is_repaired(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = disk_with_a_file(bench);
  break_disk(disk, "ssv free_blocks_count 7");
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), FALSE));
  g_autofree char *path = g_build_filename(disk->staging, "kept", NULL), *text = NULL;
  assert_true(g_file_get_contents(path, &text, NULL, NULL));
  assert_string_equal(text, "worth keeping");
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  g_free(bench_run(*state, "e2fsck", "-f", "-n", disk->node, NULL)); /* nothing is left to repair */
}

static void damage_that_needs_a_person_is_left_to_one(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = disk_with_a_file(bench);
  g_autofree char *stat = bench_run(*state, "debugfs", "-R", "stat kept", disk->node, NULL);
  int inode = 0;
  assert_int_equal(sscanf(stat, "Inode: %d", &inode), 1);
  break_disk(disk, "clri <2>"); /* the root directory */
  for (int i = 0; i < 2; i++)
    csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE),
                     EVS_CODE_FAILED_PRECONDITION, "errors that need a person to run e2fsck");
  assert_int_equal(bench_mount_count(disk->staging), 0);
  g_autofree char *cat = g_strdup_printf("cat <%d>", inode);
  g_autofree char *text = bench_run(*state, "debugfs", "-R", cat, disk->node, NULL);
  assert_string_equal(text, "worth keeping");
}

/* A kernel with SELinux labels the mount, one without says that it does not know the option: it has been passed on. */
static void a_selinux_context_is_passed_on(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  json_t *capability = csi_mount("ext4", "context=\"system_u:object_r:container_file_t:s0:c1,c2\"");
  if (g_file_test("/sys/fs/selinux/enforce", G_FILE_TEST_EXISTS)) {
    bench_ok(node, "NodeStageVolume", bench_stage(disk, capability, TRUE));
    g_autofree char *mounted = bench_mounted(disk->staging);
    assert_says(mounted, "container_file_t:s0:c1,c2");
  } else {
    csi_expect_error(node, "NodeStageVolume", bench_stage(disk, capability, TRUE), EVS_CODE_INVALID_ARGUMENT,
                     "context=\"system_u:object_r:container_file_t:s0:c1,c2\"");
  }
}

/* A disk that was there before the driver, bound by its id: nothing is known of it but what attach says. */
static void a_static_volume_is_taken_as_it_is(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = disk_with_a_file(bench), *empty = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", stage_with(disk, NULL, FALSE, json_object()));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(NULL, NULL), disk->target, FALSE));
  g_autofree char *path = g_build_filename(disk->target, "kept", NULL), *text = NULL;
  assert_true(g_file_get_contents(path, &text, NULL, NULL));
  assert_string_equal(text, "worth keeping");
  csi_expect_error(node, "NodeStageVolume", stage_with(empty, NULL, FALSE, json_object()),
                   EVS_CODE_FAILED_PRECONDITION, "format: if-empty");
  bench_ok(node, "NodeStageVolume",
           stage_with(empty, NULL, FALSE, json_pack("{s:s, s:s}", "format", "if-empty", "inodeSize", "512")));
  g_autofree char *made = bench_run(*state, "tune2fs", "-l", empty->node, NULL);
  assert_says(made, "Inode size:\t          512\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(mkfs_options_reach_the_disk),    TEST(mkfs_options_that_do_not_fit_touch_nothing),
    TEST(small_damage_is_repaired),       TEST(damage_that_needs_a_person_is_left_to_one),
    TEST(a_selinux_context_is_passed_on), TEST(a_static_volume_is_taken_as_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
