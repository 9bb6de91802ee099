/* The plugin, the tool that grows, or both die in the middle of an expansion: whoever comes next finishes it, the file
 * system is sound by its own checker, and nothing in it is lost. */
#include "tests/integration/tool_gate.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>

enum {
  BEFORE = 512,
  AFTER = 1024, /* MiB */
  DATA_BYTES = 4 * 1024 * 1024,
  SMALL_FILES = 50,
  MAX_WRITES = 10000,
  PATIENCE_MS = 2000,
  STEP_FROM = 12, /* every write of resize2fs up to this one is a point to die at, then ever fewer */
};

static const struct {
  const char *fs_type, *tool;
  const char *checker[4]; /* changes nothing */
} kinds[] = {
  {"xfs", "xfs_growfs", {"xfs_repair", "-n", NULL}},
  {"btrfs", "btrfs", {"btrfs", "check", "--readonly", NULL}},
  {"ext4", "resize2fs", {"e2fsck", "-f", "-n", NULL}},
};

/* One large file and many small ones, so that all parts of a file system have something to lose. */
static char *content_of(int number)
{
  gsize length = number ? 100 : DATA_BYTES;
  GRand *random = g_rand_new_with_seed((guint32)number);
  char *content = g_malloc(length + 1);
  for (gsize i = 0; i < length; i++)
    content[i] = (char)g_rand_int_range(random, 'a', 'z');
  content[length] = '\0';
  g_rand_free(random);
  return content;
}

static void write_data(const char *directory)
{
  for (int i = 0; i <= SMALL_FILES; i++) {
    g_autofree char *path = g_strdup_printf("%s/file-%d", directory, i), *content = content_of(i);
    assert_true(g_file_set_contents_full(path, content, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  }
}

static void assert_data(const char *directory)
{
  for (int i = 0; i <= SMALL_FILES; i++) {
    g_autofree char *path = g_strdup_printf("%s/file-%d", directory, i), *expected = content_of(i),
                    *found = NULL;
    assert_true(g_file_get_contents(path, &found, NULL, NULL));
    assert_string_equal(found, expected);
  }
}

/* Staged and full size for the plugin; sound for the file system's own checker. Unstages it. */
static void assert_grown(Harness *harness, const Plugin *node, const BenchDisk *disk,
                         const char *const *checker)
{
  assert_in_range(bench_total_bytes(node, disk, disk->staging), 900 * MIB, AFTER * MIB);
  assert_data(disk->staging);
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  g_free(bench_run(harness, checker[0], checker[1], checker[2] ? checker[2] : disk->node,
                   checker[2] ? disk->node : NULL, NULL));
}

static BenchDisk *staged(NodeBench *bench, const Plugin *node, const char *fs_type)
{
  BenchDisk *disk = bench_disk_new(bench, BEFORE * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), TRUE));
  write_data(disk->staging);
  return disk;
}

/* SIGKILL of the plugin while its call runs and the tool stands at the gate. */
static void kill_in_call(Gate *gate, Plugin *node, const char *method, json_t *request)
{
  LostCall call = {node, method, request};
  Thread caller = thread_start("caller", call_and_lose_the_answer, &call);
  assert_true(wait_until(gate_reached, gate, HARNESS_WAIT_MS));
  process_kill(node->process);
  thread_join(caller);
}

/* The orphan ends by itself or is killed too; it never goes on beside its successor. */
static void end_orphan(const Gate *gate, const char *tool, gboolean killed)
{
  int orphan = gate_tool_pid(tool);
  assert_true(orphan > 1);
  if (killed)
    kill(orphan, SIGKILL);
  gate_release(gate);
  assert_true(wait_until(gate_tool_gone, (void *)tool, HARNESS_WAIT_MS));
}

/* Before the tool has done anything and after it has done all; the orphan lives on or dies. */
static void the_plugin_dies_in_an_expansion(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  for (gsize i = 0; i < 4 * G_N_ELEMENTS(kinds); i++) {
    gboolean killed = i & 1, after = i & 2;
    const char *fs_type = kinds[i / 4].fs_type, *tool = kinds[i / 4].tool;
    Plugin *first = bench_node_start(bench, NULL);
    BenchDisk *disk = staged(bench, first, fs_type);
    bench_disk_grow(disk, AFTER * MIB);
    (after ? gate_hold_after : gate_hold_before)(&gate, tool);
    kill_in_call(&gate, first, "NodeExpandVolume", bench_expand(disk, disk->staging, AFTER * MIB));
    gate_open(&gate, tool);
    Plugin *second = bench_node_start(bench, NULL);
    csi_expect_error(second, "NodeExpandVolume", bench_expand(disk, disk->staging, AFTER * MIB),
                     EVS_CODE_ABORTED, "another process works on disk");
    end_orphan(&gate, tool, killed);
    if (bench_kernel_grows_mounted(fs_type)) {
      json_t *answer = csi_call_json(second, "NodeExpandVolume",
                                     bench_expand(disk, disk->staging, AFTER * MIB), CSI_TIMEOUT_MS, NULL);
      assert_int_equal(json_integer_value(json_object_get(answer, "capacity_bytes")), AFTER * MIB);
      json_decref(answer);
    } else { /* it grows at the next stage */
      csi_expect_error(second, "NodeExpandVolume", bench_expand(disk, disk->staging, AFTER * MIB),
                       EVS_CODE_FAILED_PRECONDITION, "CAP_SYS_RESOURCE");
      assert_data(disk->staging);
      bench_ok(second, "NodeUnstageVolume", bench_unstage(disk));
      bench_ok(second, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), FALSE));
    }
    assert_grown(*state, second, disk, kinds[i / 4].checker);
    process_stop(second->process);
    bench_disk_free(disk);
  }
}

static BenchDisk *unstaged_and_larger(NodeBench *bench, const Plugin *node)
{
  BenchDisk *disk = staged(bench, node, "ext4");
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  bench_disk_grow(disk, AFTER * MIB);
  return disk;
}

/* Would the check that precedes every mount have called for a person? */
static gboolean needs_mending(Harness *harness, const BenchDisk *disk)
{
  g_autofree char *copy = g_strconcat(disk->image, ".copy", NULL);
  g_free(bench_run(harness, "cp", "--sparse=always", disk->image, copy, NULL));
  Process *check = process_start_list(harness, "e2fsck", "-p", copy, NULL);
  int code = process_wait_exit(check, HARNESS_WAIT_MS);
  g_remove(copy);
  return (code & ~1) != 0; /* 1: repaired by itself */
}

/* ext4 grows before its mount, and resize2fs keeps no journal: killed at any of its writes it leaves what needs mending.
 * The next stage mends and grows it. */
static void resize2fs_may_die_anywhere(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  int points = 0, mended = 0;
  for (int at = 1;; at += at < STEP_FROM ? 1 : at / 3) {
    assert_true(at < MAX_WRITES);
    BenchDisk *disk = unstaged_and_larger(bench, node);
    gate_close(&gate, "resize2fs", at, "kill");
    g_autoptr(GError) error = NULL;
    json_t *reply = csi_call_json(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE),
                                  CSI_TIMEOUT_MS, &error);
    gate_open(&gate, "resize2fs");
    if (reply) { /* it made fewer writes than that */
      json_decref(reply);
      assert_grown(*state, node, disk, kinds[2].checker);
      break;
    }
    assert_non_null(strstr(error->message, "was killed by signal 9"));
    assert_int_equal(bench_mount_count(disk->staging), 0);
    /* a reader must not write, so it gets nothing to read */
    csi_expect_error(
      node, "NodeStageVolume",
      bench_stage(disk, csi_with_mode(csi_mount("ext4", NULL), "SINGLE_NODE_READER_ONLY"), FALSE),
      EVS_CODE_FAILED_PRECONDITION, "growing its ext4 was cut off");
    mended += needs_mending(*state, disk);
    bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), at % 2 == 0));
    assert_grown(*state, node, disk, kinds[2].checker);
    bench_disk_free(disk);
    points++;
  }
  print_message("resize2fs: died at %d points, %d of them needed mending\n", points, mended);
  assert_true(points > STEP_FROM);
  assert_true(mended > STEP_FROM / 2);
}

/* SIGKILL of the plugin while resize2fs is at work, as when kubelet's patience ends; then of resize2fs too, or not. */
static void the_plugin_dies_in_an_offline_growth(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  static const char *const tools[] = {"resize2fs", "e2fsck"};
  static const int writes[] = {1, 3, 20};
  for (gsize i = 0; i < 2 * G_N_ELEMENTS(writes) + 1; i++) {
    gboolean killed = i & 1, checking = i == 2 * G_N_ELEMENTS(writes);
    Plugin *first = bench_node_start(bench, NULL);
    BenchDisk *disk = unstaged_and_larger(bench, first);
    if (checking) /* its check has not begun */
      gate_hold_before(&gate, tools[checking]);
    else
      gate_close(&gate, tools[checking], writes[i / 2], "hold");
    kill_in_call(&gate, first, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), FALSE));
    gate_open(&gate, tools[checking]);
    Plugin *second = bench_node_start(bench, NULL);
    csi_expect_error(second, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), FALSE),
                     EVS_CODE_ABORTED, "another process works on disk");
    end_orphan(&gate, tools[checking], killed);
    bench_ok(second, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), FALSE));
    assert_grown(*state, second, disk, kinds[2].checker);
    process_stop(second->process);
    bench_disk_free(disk);
  }
}

/* A stopped plugin does not wait for ever for a disk that does not answer: here a scan for its new size that never
 * returns. It names the call and goes; its successor is not hindered. */
static void a_call_that_hangs_is_left_behind_at_the_end(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *first = bench_node_start(bench, NULL);
  BenchDisk *disk = staged(bench, first, "xfs");
  bench_disk_set(disk, "device/wwid", "naa.6888603000008bbdfa16e64e3c1d1f5d\n");
  g_autofree char *rescan = g_build_filename(bench->sys_dir, "block", disk->name, "device/rescan", NULL);
  assert_int_equal(mkfifo(rescan, 0600), 0); /* nobody reads it: its writer hangs in open(2) */
  g_autoptr(GError) error = NULL;
  assert_null(csi_call_json(first, "NodeExpandVolume", bench_expand(disk, disk->staging, AFTER * MIB),
                            PATIENCE_MS, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED); /* it goes on without its client */
  process_signal(first->process, SIGTERM);
  assert_int_equal(process_wait_exit(first->process, HARNESS_WAIT_MS), 1);
  g_autofree char *log = process_stderr(first->process);
  const char *line = strstr(log, "does not heed the end of the driver");
  g_autofree char *named = g_strconcat("NodeExpandVolume ", disk->id, NULL);
  assert_true(line && strstr(line, named));
  assert_int_equal(g_remove(rescan), 0);
  Plugin *second = bench_node_start(bench, NULL);
  bench_disk_grow(disk, AFTER * MIB);
  bench_ok(second, "NodeExpandVolume", bench_expand(disk, disk->staging, AFTER * MIB));
  assert_grown(*state, second, disk, kinds[0].checker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(the_plugin_dies_in_an_expansion),
    TEST(resize2fs_may_die_anywhere),
    TEST(the_plugin_dies_in_an_offline_growth),
    TEST(a_call_that_hangs_is_left_behind_at_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
