/* mkfs, the plugin or both die at any point of a stage: the next stage must end with a sound file system, and nothing
 * that was ever mounted may be formatted. The tools are the real ones, cut off by tests/integration/write_gate.c. */
#include "tests/integration/node_support.h"
#include "tests/integration/tool_gate.h"

#include "node/filesystem.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>

enum {
  MAX_WRITES = 100000, /* no mkfs here writes so often */
  STEP_FROM = 24,      /* every write up to this one is a point to die at, then ever fewer */
};

static const char *const types[] = {"ext4", "ext3", "xfs", "btrfs"};

/* A stage that may format: a new disk, or a static volume that is to be formatted if it is empty. */
static json_t *stage_request(const BenchDisk *disk, const char *fs_type, gboolean blank)
{
  json_t *request = bench_stage(disk, csi_mount(fs_type, NULL), blank);
  if (!blank)
    json_object_set_new(request, "volume_context", json_pack("{s:s}", "format", "if-empty"));
  return request;
}

static void expect_sound(Harness *harness, const Plugin *node, const BenchDisk *disk, const char *fs_type,
                         gboolean blank)
{
  bench_ok(node, "NodeStageVolume", stage_request(disk, fs_type, blank));
  g_autofree char *mounted = bench_mounted(disk->staging), *prefix = g_strconcat(fs_type, " rw,", NULL);
  assert_true(mounted && g_str_has_prefix(mounted, prefix));
  g_autofree char *file = g_build_filename(disk->staging, "kept", NULL);
  assert_true(g_file_set_contents(file, "kept", -1, NULL));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  g_autofree char *signature = bench_run(harness, "blkid", "-p", "-o", "export", disk->node, NULL);
  assert_null(strstr(signature, FILESYSTEM_LABEL));
  /* mounted once: never formatted again */
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount(fs_type, NULL), TRUE));
  assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
}

/* mkfs dies before write 1, 2, 3 ... until it gets through. */
static void mkfs_may_die_anywhere(void **state, const char *fs_type, gboolean blank)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  g_autofree char *tool = g_strconcat("mkfs.", fs_type, NULL);
  int points = 0;
  for (int at = 1;; at += at < STEP_FROM ? 1 : at / 4) {
    assert_true(at < MAX_WRITES);
    BenchDisk *disk = bench_disk_new(bench, 320 * MIB);
    gate_close(&gate, tool, at, "kill");
    g_autoptr(GError) error = NULL;
    json_t *reply =
      csi_call_json(node, "NodeStageVolume", stage_request(disk, fs_type, blank), CSI_TIMEOUT_MS, &error);
    gate_open(&gate, tool);
    if (reply) { /* it made fewer writes than that */
      json_decref(reply);
      bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
      break;
    }
    assert_non_null(strstr(error->message, "was killed by signal 9"));
    assert_int_equal(bench_mount_count(disk->staging), 0);
    expect_sound(*state, node, disk, fs_type, blank);
    bench_disk_free(disk);
    points++;
  }
  print_message("%s%s: died at %d points\n", tool, blank ? "" : " (if-empty)", points);
  assert_true(points > 2);
}

static void mkfs_ext4_may_die_anywhere(void **state)
{
  mkfs_may_die_anywhere(state, "ext4", TRUE);
}

static void mkfs_ext4_if_empty_may_die_anywhere(void **state)
{
  mkfs_may_die_anywhere(state, "ext4", FALSE);
}

static void mkfs_ext3_if_empty_may_die_anywhere(void **state)
{
  mkfs_may_die_anywhere(state, "ext3", FALSE);
}

static void mkfs_xfs_may_die_anywhere(void **state)
{
  mkfs_may_die_anywhere(state, "xfs", TRUE);
}

static void mkfs_xfs_if_empty_may_die_anywhere(void **state)
{
  mkfs_may_die_anywhere(state, "xfs", FALSE);
}

static void mkfs_btrfs_may_die_anywhere(void **state)
{
  mkfs_may_die_anywhere(state, "btrfs", TRUE);
}

static void mkfs_btrfs_if_empty_may_die_anywhere(void **state)
{
  mkfs_may_die_anywhere(state, "btrfs", FALSE);
}

/* What makes the mark necessary: a killed mkfs.xfs leaves what looks like xfs and cannot be mounted. */
static void a_killed_mkfs_xfs_is_what_the_mark_is_for(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  int deceptive = 0;
  for (int at = 1; at < STEP_FROM; at++) {
    BenchDisk *disk = bench_disk_new(bench, 320 * MIB);
    gate_close(&gate, "mkfs.xfs", at, "kill");
    csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("xfs", NULL), TRUE),
                     EVS_CODE_INTERNAL, "killed by signal 9");
    gate_open(&gate, "mkfs.xfs");
    /* not known to be new: must be refused, whatever was left */
    g_autoptr(GError) error = NULL;
    json_t *reply = csi_call_json(node, "NodeStageVolume", bench_stage(disk, csi_mount("xfs", NULL), FALSE),
                                  CSI_TIMEOUT_MS, &error);
    assert_null(reply);
    assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
    deceptive += strstr(error->message, "an unfinished file system") != NULL;
    bench_disk_free(disk);
  }
  assert_true(deceptive > 0);
}

/* SIGKILL of the plugin in the middle of mkfs; a second plugin must keep its hands off while the orphan lives, and
 * take over when that has been killed too. */
static void an_orphaned_mkfs_keeps_the_disk(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    Plugin *first = bench_node_start(bench, NULL);
    BenchDisk *disk = bench_disk_new(bench, 320 * MIB);
    g_autofree char *tool = g_strconcat("mkfs.", types[i], NULL);
    gate_close(&gate, tool, 3, "hold");
    LostCall call = {first, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), TRUE)};
    Thread caller = thread_start("caller", call_and_lose_the_answer, &call);
    assert_true(wait_until(gate_reached, &gate, HARNESS_WAIT_MS));
    process_kill(first->process);
    thread_join(caller);
    gate_open(&gate, tool);
    Plugin *second = bench_node_start(bench, NULL);
    csi_expect_error(second, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), TRUE),
                     EVS_CODE_ABORTED, "another process works on disk");
    int orphan = gate_tool_pid(tool);
    assert_true(orphan > 1);
    kill(orphan, SIGKILL);
    assert_true(wait_until(gate_tool_gone, tool, HARNESS_WAIT_MS));
    gate_release(&gate);
    expect_sound(*state, second, disk, types[i], TRUE);
    process_stop(second->process);
  }
}

/* A mkfs that takes longer than a client waits: the call ends with ABORTED, the work goes on, equal calls join it,
 * others are told that it runs. */
static void a_long_stage_outlives_its_client(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 320 * MIB);
  json_t *request = stage_request(disk, "xfs", TRUE);
  gate_close(&gate, "mkfs.xfs", 3, "hold");
  for (int i = 0; i < 2; i++) {
    g_autoptr(GError) error = NULL;
    assert_null(csi_call_json(node, "NodeStageVolume", json_incref(request), 2000, &error));
    assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
    assert_non_null(strstr(error->message, "making a file system"));
  }
  gate_open(&gate, "mkfs.xfs"); /* a second mkfs would not be held */
  csi_expect_error(node, "NodeStageVolume", stage_request(disk, "ext4", TRUE), EVS_CODE_ABORTED,
                   "NodeStageVolume");
  csi_expect_error(node, "NodeUnstageVolume", bench_unstage(disk), EVS_CODE_ABORTED, "NodeStageVolume");
  LostCall call = {node, "NodeStageVolume", json_incref(request)};
  Thread caller = thread_start("caller", call_and_lose_the_answer, &call);
  gate_release(&gate);
  thread_join(caller);
  bench_ok(node, "NodeStageVolume", request);
  assert_int_equal(bench_mount_count(disk->staging), 1);
  g_autofree char *log = process_stderr(node->process);
  const char *first = strstr(log, "making a file system\"");
  assert_non_null(first);
  assert_null(strstr(first + 1, "making a file system\""));
}

/* SIGTERM while mkfs runs: the plugin ends in its time with 0 and leaves mkfs to itself; the next one takes over. */
static void a_stopped_plugin_leaves_mkfs_to_end(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  Plugin *first = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 320 * MIB);
  gate_close(&gate, "mkfs.xfs", 3, "hold");
  LostCall call = {first, "NodeStageVolume", stage_request(disk, "xfs", TRUE)};
  Thread caller = thread_start("caller", call_and_lose_the_answer, &call);
  assert_true(wait_until(gate_reached, &gate, HARNESS_WAIT_MS));
  process_signal(first->process, SIGTERM);
  assert_int_equal(process_wait_exit(first->process, HARNESS_WAIT_MS), 0);
  thread_join(caller);
  gate_open(&gate, "mkfs.xfs");
  Plugin *second = bench_node_start(bench, NULL);
  csi_expect_error(second, "NodeStageVolume", stage_request(disk, "xfs", TRUE), EVS_CODE_ABORTED,
                   "another process works on disk");
  gate_release(&gate);
  assert_true(wait_until(gate_tool_gone, (void *)"mkfs.xfs", HARNESS_WAIT_MS));
  expect_sound(*state, second, disk, "xfs", TRUE);
}

/* All of mkfs done, its mark not cleared yet: formatted again, for it was never mounted. */
static void death_between_mkfs_and_the_clearing_of_the_mark(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  static const char *const clearing[] = {"tune2fs", "tune2fs", "xfs_db", "btrfs"};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    BenchDisk *disk = bench_disk_new(bench, 320 * MIB);
    gate_script(&gate, clearing[i], "#!/bin/sh\nkill -9 $$\n");
    csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount(types[i], NULL), TRUE),
                     EVS_CODE_INTERNAL, "killed by signal 9");
    gate_open(&gate, clearing[i]);
    g_autofree char *signature = bench_run(*state, "blkid", "-p", "-o", "export", disk->node, NULL);
    assert_non_null(strstr(signature, "LABEL=" FILESYSTEM_LABEL));
    expect_sound(*state, node, disk, types[i], TRUE);
  }
}

/* A clearing tool that says it went well and did nothing. */
static void a_mark_that_stays_is_noticed(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  gate_script(&gate, "tune2fs", "#!/bin/sh\nexit 0\n");
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE),
                   EVS_CODE_INTERNAL, "with label 'EVSCSI-MKFS'");
  assert_int_equal(bench_mount_count(disk->staging), 0);
}

static void damage_that_e2fsck_repairs_is_repaired_and_other_is_told(void **state)
{
  g_auto(Gate) gate = {0};
  gate_init(&gate, *state);
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, NULL);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  bench_ok(node, "NodeUnstageVolume", bench_unstage(disk));
  gate_script(&gate, "e2fsck", "#!/bin/sh\necho 'UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.'\nexit 4\n");
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), FALSE),
                   EVS_CODE_FAILED_PRECONDITION, "RUN fsck MANUALLY.");
  gate_open(&gate, "e2fsck");
  /* free counts that lie are what -p repairs by itself */
  g_free(bench_run(*state, "debugfs", "-w", "-R", "ssv free_blocks_count 1", disk->node, NULL));
  g_free(bench_run(*state, "debugfs", "-w", "-R", "ssv state 2", disk->node, NULL));
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), FALSE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(mkfs_ext4_may_die_anywhere),
    TEST(mkfs_ext4_if_empty_may_die_anywhere),
    TEST(mkfs_ext3_if_empty_may_die_anywhere),
    TEST(mkfs_xfs_may_die_anywhere),
    TEST(mkfs_xfs_if_empty_may_die_anywhere),
    TEST(mkfs_btrfs_may_die_anywhere),
    TEST(mkfs_btrfs_if_empty_may_die_anywhere),
    TEST(a_killed_mkfs_xfs_is_what_the_mark_is_for),
    TEST(an_orphaned_mkfs_keeps_the_disk),
    TEST(a_long_stage_outlives_its_client),
    TEST(a_stopped_plugin_leaves_mkfs_to_end),
    TEST(death_between_mkfs_and_the_clearing_of_the_mark),
    TEST(a_mark_that_stays_is_noticed),
    TEST(damage_that_e2fsck_repairs_is_repaired_and_other_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
