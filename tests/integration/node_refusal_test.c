/* What the node must not do: touch a disk that is not surely the right one or surely empty, leave the kubelet
 * directory, take a mount of somebody else for its own, or need the disk to get rid of a mount. */
#include "tests/integration/node_support.h"
#include "tests/unit/refuse_call.h"

#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void expect_stage_error(const Plugin *node, const BenchDisk *disk, const char *fs_type, EvsCode code,
                               const char *text)
{
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), TRUE), code, text);
  assert_int_equal(bench_mount_count(disk->staging), 0);
}

/* SHA-256 of the disk's first 4 MiB, where all signatures are: what a refusal must leave alone. */
static char *fingerprint(Harness *harness, const BenchDisk *disk)
{
  g_autofree char *command = g_strdup_printf("head -c 4194304 '%s' | sha256sum", disk->node);
  return bench_run(harness, "sh", "-c", command, NULL);
}

static void a_disk_with_another_serial_is_not_found(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_disk_set(disk, "serial", "ffffffff-0000-4000-8");
  expect_stage_error(node, disk, "ext4", EVS_CODE_NOT_FOUND, "no disk with serial '00000001-0000-4000-8'");
  bench_disk_set(disk, "serial", "");
  expect_stage_error(node, disk, "ext4", EVS_CODE_NOT_FOUND, "no disk with serial");
}

static void two_disks_with_one_serial_are_refused(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB), *twin = bench_disk_new(bench, 64 * MIB);
  bench_disk_set(twin, "serial", "00000001-0000-4000-8");
  expect_stage_error(node, disk, "ext4", EVS_CODE_FAILED_PRECONDITION, "refusing to guess");
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_block(), TRUE),
                   EVS_CODE_FAILED_PRECONDITION, "refusing to guess");
}

static void a_disk_smaller_than_the_clouds_is_refused(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  disk->bytes++;
  expect_stage_error(node, disk, "ext4", EVS_CODE_FAILED_PRECONDITION, "has 67108864 bytes here");
  disk->bytes--;
  bench_disk_set(disk, "size", "131071\n");
  expect_stage_error(node, disk, "ext4", EVS_CODE_FAILED_PRECONDITION, "has 67108352 bytes here");
}

static void *show_size_after_rescan(void *argument)
{
  BenchDisk *disk = argument;
  g_autofree char *rescan =
    g_build_filename(disk->bench->sys_dir, "block", disk->name, "device", "rescan", NULL);
  gint64 deadline_us = clock_deadline_in_ms(HARNESS_WAIT_MS);
  for (;;) {
    g_autofree char *text = NULL;
    if (g_file_get_contents(rescan, &text, NULL, NULL) && g_str_has_prefix(text, "1"))
      break;
    if (clock_now_us() > deadline_us)
      return NULL;
    clock_sleep_until(clock_deadline_in_ms(10));
  }
  bench_disk_set(disk, "size", "131072\n");
  return NULL;
}

static void a_scsi_disk_is_rescanned_for_its_new_size(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  static const char wwn[] = "6888603000008b32fa16688d09368506";
  bench_disk_set(disk, "serial", "");
  bench_disk_set(disk, "device/wwid", "naa.6888603000008b32fa16688d09368506\n");
  bench_disk_set(disk, "device/rescan", "");
  bench_disk_set(disk, "size", "131071\n");
  json_t *request = bench_stage(disk, csi_mount("ext4", NULL), TRUE);
  json_object_set_new(
    request, "publish_context",
    json_pack("{s:s, s:s, s:s, s:s}", "bus", "scsi", "wwn", wwn, "size-bytes", "67108864", "blank", "true"));
  Thread kernel = thread_start("kernel", show_size_after_rescan, disk);
  bench_ok(node, "NodeStageVolume", request);
  thread_join(kernel);
  assert_int_equal(bench_mount_count(disk->staging), 1);
}

static void *attach_late(void *argument)
{
  clock_sleep_until(clock_deadline_in_ms(300));
  bench_disk_attach(argument);
  return NULL;
}

static void a_disk_that_comes_late_is_waited_for(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  static const char *const patient[] = {"--device-timeout=60", NULL};
  Plugin *node = bench_node_start(bench, patient);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_disk_detach(disk);
  Thread guest = thread_start("guest", attach_late, disk);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  thread_join(guest);
}

static void a_node_of_another_device_is_refused(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB), *other = bench_disk_new(bench, 64 * MIB);
  g_remove(disk->node);
  assert_int_equal(mknod(disk->node, S_IFBLK | 0600, other->number), 0);
  expect_stage_error(node, disk, "ext4", EVS_CODE_FAILED_PRECONDITION, "is not the block device");
  g_remove(disk->node);
  assert_int_equal(symlink(other->node, disk->node), 0);
  expect_stage_error(node, disk, "ext4", EVS_CODE_FAILED_PRECONDITION, "is not the block device");
}

static void write_at(const BenchDisk *disk, const void *bytes, gsize length, off_t offset)
{
  int fd = open(disk->node, O_WRONLY | O_CLOEXEC);
  assert_int_equal(pwrite(fd, bytes, length, offset), length);
  assert_int_equal(fsync(fd), 0);
  close(fd);
}

static void foreign_content_is_left_alone(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  static const struct {
    const char *tool[2];
    const char *wanted, *text;
  } rows[] = {
    {{"mkfs.xfs", "-q"}, "ext4", "holds 'xfs', but 'ext4' was asked for"},
    {{"mkfs.ext4", "-q"}, "btrfs", "holds 'ext4', but 'btrfs' was asked for"},
    {{"mkfs.ext4", "-q"}, "ext3", "holds 'ext4', but 'ext3' was asked for"},
    {{"mkfs.btrfs", "-q"}, "xfs", "holds 'btrfs', but 'xfs' was asked for"},
    {{"mkswap", "-q"}, "ext4", "holds 'swap'"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    BenchDisk *disk = bench_disk_new(bench, 512 * MIB);
    g_free(bench_run(*state, rows[i].tool[0], rows[i].tool[1], disk->node, NULL));
    g_autofree char *before = fingerprint(*state, disk);
    expect_stage_error(node, disk, rows[i].wanted, EVS_CODE_FAILED_PRECONDITION, rows[i].text);
    g_autofree char *after = fingerprint(*state, disk);
    assert_string_equal(before, after);
  }
}

static guint32 crc32_of(const guint8 *bytes, gsize length)
{
  guint32 crc = 0xffffffff;
  for (gsize i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
  }
  return ~crc;
}

static void put_number(guint8 *at, guint64 value, int bytes)
{
  for (int i = 0; i < bytes; i++)
    at[i] = (guint8)(value >> 8 * i);
}

/* A protective MBR and an empty primary GPT (UEFI 5.3). */
static void write_gpt(const BenchDisk *disk)
{
  enum { SECTOR = 512, HEADER = 92, ENTRIES = 128, ENTRY = 128 };
  guint64 last = (guint64)disk->bytes / SECTOR - 1;
  static const guint8 table[ENTRIES * ENTRY];
  guint8 mbr[SECTOR] = {0}, header[SECTOR] = "EFI PART";
  put_number(mbr + 446 + 4, 0xee, 1);
  put_number(mbr + 446 + 8, 1, 4);
  put_number(mbr + 446 + 12, last, 4);
  put_number(mbr + 510, 0xaa55, 2);
  put_number(header + 8, 0x10000, 4);
  put_number(header + 12, HEADER, 4);
  put_number(header + 24, 1, 8);
  put_number(header + 32, last, 8);
  put_number(header + 40, 34, 8);
  put_number(header + 48, last - 34, 8);
  put_number(header + 56, 0x1234, 8);
  put_number(header + 72, 2, 8);
  put_number(header + 80, ENTRIES, 4);
  put_number(header + 84, ENTRY, 4);
  put_number(header + 88, crc32_of(table, sizeof table), 4);
  put_number(header + 16, crc32_of(header, HEADER), 4);
  write_at(disk, mbr, sizeof mbr, 0);
  write_at(disk, header, sizeof header, SECTOR);
}

static void luks_and_partition_tables_are_left_alone(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *luks = bench_disk_new(bench, 64 * MIB), *gpt = bench_disk_new(bench, 64 * MIB);
  BenchDisk *lvm = bench_disk_new(bench, 64 * MIB), *mbr = bench_disk_new(bench, 64 * MIB);
  write_at(luks, "LUKS\xba\xbe\0\1", 8, 0);
  static const char label[32] = "LABELONE\1\0\0\0\0\0\0\0\x8a\x4f\x53\x83 \0\0\0LVM2 001";
  write_at(lvm, label, sizeof label, 512);
  write_gpt(gpt);
  static const char entry[] = "\0\x20\x21\0\x83\xfe\xff\xff\0\x08\0\0\0\x10\0\0";
  write_at(mbr, entry, 16, 446);
  write_at(mbr, "\x55\xaa", 2, 510);
  expect_stage_error(node, luks, "ext4", EVS_CODE_FAILED_PRECONDITION, "holds 'crypto_LUKS', but ext4");
  expect_stage_error(node, gpt, "xfs", EVS_CODE_FAILED_PRECONDITION, "'gpt partition table'");
  expect_stage_error(node, mbr, NULL, EVS_CODE_FAILED_PRECONDITION,
                     "'dos partition table', but any file system");
  expect_stage_error(node, lvm, "ext4", EVS_CODE_FAILED_PRECONDITION, "LVM2_member");
}

static json_t *stage_if_empty(const BenchDisk *disk)
{
  json_t *request = bench_stage(disk, csi_mount("ext4", NULL), FALSE);
  json_object_set_new(request, "volume_context", json_pack("{s:s}", "format", "if-empty"));
  return request;
}

static void only_new_or_surely_empty_disks_are_formatted(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), FALSE),
                   EVS_CODE_FAILED_PRECONDITION, "holds no file system, but ext4 was asked for");
  write_at(disk, "data", 4, 64 * MIB - 4);
  csi_expect_error(node, "NodeStageVolume", stage_if_empty(disk), EVS_CODE_FAILED_PRECONDITION,
                   "not all zero");
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE),
                   EVS_CODE_FAILED_PRECONDITION, "not all zero");
  write_at(disk, "\0\0\0\0", 4, 64 * MIB - 4);
  bench_ok(node, "NodeStageVolume", stage_if_empty(disk));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), FALSE));
}

static void paths_outside_are_refused_by_field(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  g_autofree char *escaping = g_strconcat(bench->kubelet_dir, "/pods/../../x", NULL);
  g_autofree char *outside = harness_path(*state, "outside");
  g_autofree char *link = g_build_filename(bench->kubelet_dir, "link", NULL);
  g_autofree char *by_link = g_build_filename(link, "x", NULL);
  assert_int_equal(mkdir(outside, 0755), 0);
  assert_int_equal(symlink(outside, link), 0);
  const char *const paths[] = {"", "relative/path", escaping, outside, "/", by_link};
  for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
    json_t *stage = bench_stage(disk, csi_mount("ext4", NULL), TRUE);
    json_object_set_new(stage, "staging_target_path", json_string(paths[i]));
    csi_expect_error(node, "NodeStageVolume", stage, EVS_CODE_INVALID_ARGUMENT, "staging_target_path");
    csi_expect_error(node, "NodePublishVolume", bench_publish(disk, csi_mount("ext4", NULL), paths[i], FALSE),
                     EVS_CODE_INVALID_ARGUMENT, "target_path");
    csi_expect_error(node, "NodeUnpublishVolume", bench_unpublish(disk, paths[i]), EVS_CODE_INVALID_ARGUMENT,
                     "target_path");
    json_t *unstage = bench_unstage(disk);
    json_object_set_new(unstage, "staging_target_path", json_string(paths[i]));
    csi_expect_error(node, "NodeUnstageVolume", unstage, EVS_CODE_INVALID_ARGUMENT, "staging_target_path");
  }
  json_t *stage = bench_stage(disk, csi_mount("ext4", NULL), TRUE);
  json_object_set_new(stage, "staging_target_path", json_string(link));
  csi_expect_error(node, "NodeStageVolume", stage, EVS_CODE_INVALID_ARGUMENT, "symbolic link");
}

static void a_link_at_the_target_is_removed_not_followed(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  assert_int_equal(symlink(disk->staging, disk->target), 0);
  csi_expect_error(node, "NodePublishVolume",
                   bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE),
                   EVS_CODE_INVALID_ARGUMENT, "symbolic link");
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  assert_false(g_file_test(disk->target, G_FILE_TEST_IS_SYMLINK));
  assert_int_equal(bench_mount_count(disk->staging), 1);
}

static void a_busy_mount_is_not_torn_off(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE));
  int held = open(disk->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  csi_expect_error(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target),
                   EVS_CODE_FAILED_PRECONDITION, "is in use");
  assert_int_equal(bench_mount_count(disk->target), 1);
  close(held);
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
}

static void mounts_of_others_are_not_taken_for_ours(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB), *other = bench_disk_new(bench, 64 * MIB);
  csi_expect_error(node, "NodePublishVolume",
                   bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE),
                   EVS_CODE_FAILED_PRECONDITION, "not staged");
  bench_ok(node, "NodeStageVolume", bench_stage(other, csi_mount("ext4", NULL), TRUE));
  json_t *stage = bench_stage(disk, csi_mount("ext4", NULL), TRUE);
  json_object_set_new(stage, "staging_target_path", json_string(other->staging));
  csi_expect_error(node, "NodeStageVolume", stage, EVS_CODE_FAILED_PRECONDITION, "which is not disk");
  json_t *publish = bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE);
  json_object_set_new(publish, "staging_target_path", json_string(other->staging));
  csi_expect_error(node, "NodePublishVolume", publish, EVS_CODE_FAILED_PRECONDITION, "not the volume's disk");
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(other, csi_mount("ext4", NULL), other->target, FALSE));
  csi_expect_error(node, "NodePublishVolume",
                   bench_publish(disk, csi_mount("ext4", NULL), other->target, FALSE),
                   EVS_CODE_FAILED_PRECONDITION, "which is not this volume");
}

static void mounts_go_though_the_disk_has_gone(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  static const char *const types[] = {"ext4", "xfs", "btrfs"};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    BenchDisk *disk = bench_disk_new(bench, 512 * MIB);
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), TRUE));
    bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(types[i], NULL), disk->target, FALSE));
    bench_disk_detach(disk);
    bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
    bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
    assert_int_equal(bench_mount_count(disk->staging), 0);
  }
  BenchDisk *block = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodePublishVolume", bench_publish(block, csi_block(), block->target, TRUE));
  bench_disk_detach(block);
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(block, block->target));
  assert_int_equal(bench_mount_count(block->target), 0);
  bench_disk_attach(block); /* gives the loop device its writable state back */
  bench_ok(node, "NodePublishVolume", bench_publish(block, csi_block(), block->target, FALSE));
}

static void unknown_volumes_are_gone_already(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  g_autofree char *path = g_build_filename(bench->kubelet_dir, "no", "such", NULL);
  bench_ok(node, "NodeUnpublishVolume",
           json_pack("{s:s, s:s}", "volume_id", "fake-vol-id-1", "target_path", path));
  bench_ok(node, "NodeUnstageVolume",
           json_pack("{s:s, s:s}", "volume_id", "fake-vol-id-1", "staging_target_path", path));
  csi_expect_error(node, "NodeUnstageVolume", json_pack("{s:s}", "staging_target_path", path),
                   EVS_CODE_INVALID_ARGUMENT, "volume_id is empty");
}

static void a_volume_lives(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE));
  assert_int_equal(bench_mount_count(disk->target), 1);
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  assert_int_equal(bench_mount_count(disk->staging), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_disk_with_another_serial_is_not_found),
    TEST(two_disks_with_one_serial_are_refused),
    TEST(a_disk_smaller_than_the_clouds_is_refused),
    TEST(a_scsi_disk_is_rescanned_for_its_new_size),
    TEST(a_disk_that_comes_late_is_waited_for),
    TEST(a_node_of_another_device_is_refused),
    TEST(foreign_content_is_left_alone),
    TEST(luks_and_partition_tables_are_left_alone),
    TEST(only_new_or_surely_empty_disks_are_formatted),
    TEST(paths_outside_are_refused_by_field),
    TEST(a_link_at_the_target_is_removed_not_followed),
    TEST(a_busy_mount_is_not_torn_off),
    TEST(mounts_of_others_are_not_taken_for_ours),
    TEST(mounts_go_though_the_disk_has_gone),
    TEST(unknown_volumes_are_gone_already),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  /* on a kernel before 5.6, or below a seccomp profile that does not know the call */
  const struct CMUnitTest without_openat2[] = {
    TEST(a_volume_lives),
    TEST(paths_outside_are_refused_by_field),
    TEST(a_link_at_the_target_is_removed_not_followed),
  };
  refuse_call(SYS_openat2, ENOSYS);
  return failed + cmocka_run_group_tests_name("without openat2", without_openat2, NULL, NULL);
}
