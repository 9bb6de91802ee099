/* NodeExpandVolume on real disks: file systems grow while they are written to, raw block volumes show their new size,
 * and what the disk holds afterwards is read without the driver. */
#include "tests/integration/node_support.h"

#include "base/thread.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { BEFORE = 512, AFTER = 1024, CHUNK = 64 * 1024, MOST_CHUNKS = 2048, ENOUGH_CHUNKS = 32 };

static gint64 expanded(const Plugin *node, const BenchDisk *disk, const char *path, gint64 bytes)
{
  json_t *answer =
    csi_call_json(node, "NodeExpandVolume", bench_expand(disk, path, bytes), CSI_TIMEOUT_MS, NULL);
  gint64 capacity = json_integer_value(json_object_get(answer, "capacity_bytes"));
  json_decref(answer);
  return capacity;
}

/* ---- a pod that writes all the time ---- */

typedef struct {
  char *path;
  int fd;
  gint written; /* chunks, atomic */
  gint stop;    /* atomic */
  gboolean failed;
} Load;

static void fill_chunk(guint8 *chunk, int number)
{
  for (gsize i = 0; i < CHUNK; i += sizeof number)
    memcpy(chunk + i, &number, sizeof number);
}

static void *write_chunks(void *data)
{
  Load *load = data;
  g_autofree guint8 *chunk = g_malloc(CHUNK);
  for (int i = 0; i < MOST_CHUNKS && !g_atomic_int_get(&load->stop) && !load->failed; i++) {
    fill_chunk(chunk, i);
    load->failed = pwrite(load->fd, chunk, CHUNK, (off_t)i * CHUNK) != CHUNK || fdatasync(load->fd) != 0;
    g_atomic_int_inc(&load->written);
  }
  return NULL;
}

static gboolean has_written(void *data)
{
  Load *load = data;
  return g_atomic_int_get(&load->written) >= ENOUGH_CHUNKS;
}

/* Without the driver: the disk's image behind another loop device, mounted read-only, byte by byte. */
static void assert_on_disk(Harness *harness, const BenchDisk *disk, const char *name, int chunks)
{
  g_autofree char *look = harness_path(harness, "look-%s", disk->name);
  assert_int_equal(mkdir(look, 0755), 0);
  g_free(bench_run(harness, "mount", "-o", "loop,ro", disk->image, look, NULL));
  g_autofree char *path = g_build_filename(look, name, NULL);
  g_autofree guint8 *expected = g_malloc(CHUNK), *found = g_malloc(CHUNK);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < chunks; i++) {
    fill_chunk(expected, i);
    assert_int_equal(pread(fd, found, CHUNK, (off_t)i * CHUNK), CHUNK);
    assert_memory_equal(found, expected, CHUNK);
  }
  close(fd);
  g_free(bench_run(harness, "umount", look, NULL));
}

static void expand_under_load(const Plugin *node, BenchDisk *disk, const char *fs_type)
{
  bench_disk_grow(disk, AFTER * MIB);
  if (bench_kernel_grows_mounted(fs_type)) {
    /* one byte less than the disk has: the answer is what was asked for */
    assert_int_equal(expanded(node, disk, disk->target, AFTER * MIB - 1), AFTER * MIB - 1);
    assert_int_equal(expanded(node, disk, disk->target, AFTER * MIB), AFTER * MIB);
    assert_in_range(bench_total_bytes(node, disk, disk->target), 900 * MIB, AFTER * MIB);
  } else {
    csi_expect_error(node, "NodeExpandVolume", bench_expand(disk, disk->target, AFTER * MIB),
                     EVS_CODE_FAILED_PRECONDITION, "CAP_SYS_RESOURCE");
    assert_in_range(bench_total_bytes(node, disk, disk->target), 400 * MIB, BEFORE * MIB);
  }
}

static void grows_under_load(void **state, const char *fs_type)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, BEFORE * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount(fs_type, NULL), disk->target, FALSE));
  Load load = {.path = g_build_filename(disk->target, "written", NULL)};
  load.fd = open(load.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  Thread thread = thread_start("load", write_chunks, &load);
  assert_true(wait_until(has_written, &load, HARNESS_WAIT_MS));
  expand_under_load(node, disk, fs_type);
  int then = g_atomic_int_get(&load.written);
  g_atomic_int_set(&load.stop, 1);
  thread_join(thread);
  assert_true(then >= ENOUGH_CHUNKS);
  assert_false(load.failed);
  close(load.fd);
  g_free(load.path);
  bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  if (!bench_kernel_grows_mounted(fs_type)) { /* what the refusal promised */
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), FALSE));
    assert_in_range(bench_total_bytes(node, disk, disk->staging), 900 * MIB, AFTER * MIB);
    bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  }
  bench_disk_detach(disk);
  close(disk->loop);
  disk->loop = -1;
  assert_on_disk(*state, disk, "written", load.written);
}

static void ext4_grows_under_load(void **state)
{
  grows_under_load(state, "ext4");
}

static void xfs_grows_under_load(void **state)
{
  grows_under_load(state, "xfs");
}

static void btrfs_grows_under_load(void **state)
{
  grows_under_load(state, "btrfs");
}

/* Published read-only to a pod, staged writable: it grows through the staging mount. */
static void a_read_only_publish_does_not_hinder(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, BEFORE * MIB), *reader = bench_disk_new(bench, BEFORE * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("xfs", NULL), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount("xfs", NULL), disk->target, TRUE));
  bench_disk_grow(disk, AFTER * MIB);
  assert_int_equal(expanded(node, disk, disk->target, AFTER * MIB), AFTER * MIB);
  assert_in_range(bench_total_bytes(node, disk, disk->target), 900 * MIB, AFTER * MIB);
  g_free(bench_run(*state, "mkfs.xfs", "-q", reader->node, NULL));
  bench_ok(node, "NodeStageVolume",
           bench_stage(reader, csi_with_mode(csi_mount("xfs", NULL), "MULTI_NODE_READER_ONLY"), FALSE));
  csi_expect_error(node, "NodeExpandVolume", bench_expand(reader, reader->staging, BEFORE * MIB),
                   EVS_CODE_FAILED_PRECONDITION, "mounted read-only");
}

/* The kernel learns of a SCSI disk's new size when it is asked to look again. */
static void a_scsi_disk_is_scanned_again(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, BEFORE * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_block(), TRUE));
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_block(), disk->target, FALSE));
  bench_disk_set(disk, "device/wwid", "naa.6888603000008bbdfa16e64e3c1d1f5d\n");
  g_autofree char *rescan = g_build_filename(bench->sys_dir, "block", disk->name, "device/rescan", NULL);
  g_autofree char *size = g_build_filename(bench->sys_dir, "block", disk->name, "size", NULL);
  assert_int_equal(mkfifo(rescan, 0600), 0);
  Process *kernel =
    process_start_list(*state, "/bin/sh", "-c",
                       "read -r line < \"$0\" && test \"$line\" = 1 && truncate -s 1G \"$1\" && "
                       "losetup -c \"$2\" && echo 2097152 > \"$3\"",
                       rescan, disk->image, disk->node, size, NULL);
  assert_int_equal(expanded(node, disk, disk->target, AFTER * MIB), AFTER * MIB);
  assert_int_equal(process_wait_exit(kernel, HARNESS_WAIT_MS), 0);
  assert_int_equal(bench_total_bytes(node, disk, disk->target), AFTER * MIB);
  assert_int_equal(unlink(rescan), 0);
}

static void what_cannot_be_grown_is_refused(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB), *other = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  g_autofree char *missing = g_strconcat(disk->target, "-missing", NULL);
  static const struct {
    const char *path;
    EvsCode code;
    const char *text;
  } rows[] = {
    {"some/path", EVS_CODE_NOT_FOUND, "volume_path"},
    {"/etc", EVS_CODE_INVALID_ARGUMENT, "volume_path"},
    {"", EVS_CODE_INVALID_ARGUMENT, "volume_path"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    csi_expect_error(node, "NodeExpandVolume", bench_expand(disk, rows[i].path, 64 * MIB), rows[i].code,
                     rows[i].text);
  csi_expect_error(node, "NodeExpandVolume", bench_expand(disk, missing, 64 * MIB), EVS_CODE_NOT_FOUND,
                   "missing");
  csi_expect_error(node, "NodeExpandVolume", bench_expand(disk, bench->kubelet_dir, 64 * MIB),
                   EVS_CODE_INVALID_ARGUMENT, "volume_path");
  /* another volume's path */
  csi_expect_error(node, "NodeExpandVolume", bench_expand(other, disk->staging, 64 * MIB), EVS_CODE_NOT_FOUND,
                   other->id);
  /* not grown: to be tried again */
  csi_expect_error(node, "NodeExpandVolume", bench_expand(disk, disk->staging, 65 * MIB), EVS_CODE_ABORTED,
                   "does not see it grown yet");
  json_t *limited = bench_expand(disk, disk->staging, 32 * MIB);
  json_object_set_new(json_object_get(limited, "capacity_range"), "limit_bytes", json_integer(48 * MIB));
  csi_expect_error(node, "NodeExpandVolume", limited, EVS_CODE_OUT_OF_RANGE, "limit_bytes");
  /* as large as it is already: nothing to do, and no range at all: the disk's size */
  assert_int_equal(expanded(node, disk, disk->staging, 64 * MIB), 64 * MIB);
  json_t *any = bench_expand(disk, disk->staging, 0);
  json_object_del(any, "capacity_range");
  json_t *answer = csi_call_json(node, "NodeExpandVolume", any, CSI_TIMEOUT_MS, NULL);
  assert_int_equal(json_integer_value(json_object_get(answer, "capacity_bytes")), 64 * MIB);
  json_decref(answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(ext4_grows_under_load),        TEST(xfs_grows_under_load),
    TEST(btrfs_grows_under_load),       TEST(a_read_only_publish_does_not_hinder),
    TEST(a_scsi_disk_is_scanned_again), TEST(what_cannot_be_grown_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
