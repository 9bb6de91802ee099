/* What happens seldom, and what it shows on /metrics: duplicates, snapshots that clones leave, disks that do not come, file
 * systems that cannot be checked, mounted or unmounted. */
#include "node/intent.h"
#include "tests/harness/page.h"
#include "tests/integration/controller_support.h"
#include "tests/integration/node_support.h"
#include "tests/integration/operator_support.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

enum { COUNTED_MS = 5000 };

static const char *const page_option[] = {PAGE_OPTION, NULL};

static double value(const Plugin *plugin, const char *series)
{
  g_autofree char *page = plugin_metrics(plugin);
  return metrics_value(page, series);
}

typedef struct {
  const Plugin *plugin;
  const char *series;
  double wanted;
} Awaited;

static gboolean has_come(void *data)
{
  const Awaited *awaited = data;
  return fabs(value(awaited->plugin, awaited->series) - awaited->wanted) < 1e-9;
}

/* A call is counted when its answer has left, which may be a moment after it was read. */
static void expect(const Plugin *plugin, const char *series, double wanted)
{
  Awaited awaited = {plugin, series, wanted};
  if (!wait_until(has_come, &awaited, COUNTED_MS))
    fail_msg("%s is %g, not %g", series, value(plugin, series), wanted);
}

/* ---- controller ---- */

static Plugin *start_controller(Harness *harness, const Sim *sim, const Plugin *same_as)
{
  return controller_start(harness, sim,
                          &(PluginOptions){.extra = page_option, .cluster_id = CLUSTER, .same_as = same_as});
}

static void disks_beyond_the_first_are_counted(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *oldest = disk_make(*state, sim, CLUSTER, "pvc-1");
  for (int i = 0; i < 2; i++)
    g_free(disk_make(*state, sim, CLUSTER, "pvc-1"));
  Plugin *controller = start_controller(*state, sim, NULL);
  expect(controller, "evs_controller_duplicate_disks_total", 0);
  Call call = {.plugin = controller, .method = "CreateVolume", .request = create_request("pvc-1")};
  calls_run(&call, 1);
  call_assert_ok(&call);
  assert_string_equal(call_volume_id(&call), oldest);
  call_clear(&call);
  assert_true(value(controller, "evs_controller_duplicate_disks_total") >= 2);
}

static void snapshots_beyond_the_first_are_counted(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  Plugin *controller = start_controller(*state, sim, NULL);
  CsiVolume *volume = csi_create(*state, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  g_autofree char *oldest = snapshot_make(*state, sim, volume->id, "snap-1", CLUSTER, NULL);
  g_free(snapshot_make(*state, sim, volume->id, "snap-1", CLUSTER, NULL));
  g_autofree char *id = snapshot_create(controller, "snap-1", volume->id);
  assert_string_equal(id, oldest);
  assert_true(value(controller, "evs_controller_duplicate_snapshots_total") >= 1);
}

/* The clone is made, its snapshot cannot be deleted; the next start removes it. */
static void snapshots_that_clones_leave_are_counted(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  Plugin *controller = start_controller(*state, sim, NULL);
  CsiVolume *source = csi_create(*state, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  g_free(sim_fault(sim, "{\"match\":{\"op\":\"6.2.2\"},\"action\":"
                        "{\"kind\":\"status\",\"status\":403,\"code\":\"EVS.5403\",\"shape\":\"error\"}}"));
  json_decref(csi_call_json(controller, "CreateVolume", sourced_request("pvc-2", "volume", source->id),
                            CSI_TIMEOUT_MS, NULL));
  assert_true(value(controller, "evs_controller_snapshot_removals_failed_total") >= 1);
  process_kill(controller->process);
  sim_clear_faults(sim);
  controller = start_controller(*state, sim, controller);
  Awaited removed = {controller, "evs_controller_leftover_snapshots_removed_total", 1};
  assert_true(wait_until(has_come, &removed, HARNESS_WAIT_MS));
  Awaited none_left = {controller, "evs_controller_leftover_snapshots", 0};
  assert_true(wait_until(has_come, &none_left, HARNESS_WAIT_MS));
  sim_wait_snapshot_count(sim, 0);
}

/* One without a disk is too young to be judged. */
static void snapshots_that_stay_are_shown(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *disk = disk_make(*state, sim, CLUSTER, "pvc-1");
  g_autofree char *clone_of = g_strdup_printf("\"evs.csi.huaweicloud.com/clone-of\":\"%s\"", disk);
  g_free(snapshot_make(*state, sim, disk, "evscsi-clone-0123", CLUSTER, clone_of));
  Plugin *controller = start_controller(*state, sim, NULL);
  Awaited left = {controller, "evs_controller_leftover_snapshots", 1};
  assert_true(wait_until(has_come, &left, HARNESS_WAIT_MS));
  expect(controller, "evs_controller_leftover_snapshots_removed_total", 0);
}

/* A wrong password: there is no token to end. */
static void credentials_that_cannot_be_had_are_counted(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *text = g_strdup_printf(
    "[Global]\ncloud=sim.test\nregion=sim-1\nauth-url=%s/iam/v3\nendpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\n"
    "endpoint-iam=%s/iam\nauth=password\nuser-name=nobody\npassword=wrong\ndomain-name=nowhere\n"
    "project-name=sim-1\n",
    sim->url, sim->url, sim->url, sim->url);
  g_autofree char *path = harness_write_file(*state, "cloud-config", text);
  Plugin *controller =
    controller_start(*state, sim, &(PluginOptions){.cloud_config = path, .extra = page_option});
  csi_expect_error(controller, "ListVolumes", json_object(), EVS_CODE_UNAUTHENTICATED, "");
  assert_true(value(controller, "evs_cloud_credentials_renewals_total{result=\"failed\"}") >= 1);
  assert_true(isnan(value(controller, "evs_cloud_credentials_expiry_timestamp_seconds")));
  expect(controller, "evs_ready", 0);
}

/* ---- node ---- */

static void a_disk_that_does_not_come_is_a_long_wait(void **state)
{
  static const char *const options[] = {PAGE_OPTION, "--device-timeout=1", NULL};
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, options);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  expect(node, "evs_node_attach_slots_used", 1);
  bench_disk_detach(disk);
  expect(node, "evs_node_attach_slots_used", 0);
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE),
                   EVS_CODE_NOT_FOUND, "no disk with serial");
  expect(node, "evs_node_device_wait_seconds_count", 1);
  expect(node, "evs_node_device_wait_seconds_bucket{le=\"0.5\"}", 0);
  assert_true(value(node, "evs_node_device_wait_seconds_sum") >= 1);
  expect(node, "evs_rpc_total{method=\"NodeStageVolume\",code=\"NOT_FOUND\"}", 1);
}

static void mounts_that_fail_are_counted(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, page_option);
  BenchDisk *disk = bench_disk_new(bench, 64 * MIB);
  csi_expect_error(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", "nonsense"), TRUE),
                   EVS_CODE_INVALID_ARGUMENT, "nonsense");
  expect(node, "evs_node_mounts_total{type=\"ext4\",result=\"failed\"}", 1);
  expect(node, "evs_node_formats_total{filesystem=\"ext4\"}", 1);
  bench_ok(node, "NodeStageVolume", bench_stage(disk, csi_mount("ext4", NULL), TRUE));
  expect(node, "evs_node_mounts_total{type=\"ext4\",result=\"ok\"}", 1);
  expect(node, "evs_node_formats_total{filesystem=\"ext4\"}", 1);
  bench_ok(node, "NodePublishVolume", bench_publish(disk, csi_mount("ext4", NULL), disk->target, FALSE));
  int held = open(disk->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  csi_expect_error(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target),
                   EVS_CODE_FAILED_PRECONDITION, "is in use");
  close(held);
  expect(node, "evs_node_unmounts_total{result=\"failed\"}", 1);
  expect(node, "evs_node_unmounts_total{result=\"ok\"}", 0);
  for (int i = 0; i < 2; i++) /* the second finds nothing to take off */
    bench_ok(node, "NodeUnpublishVolume", bench_unpublish(disk, disk->target));
  expect(node, "evs_node_unmounts_total{result=\"ok\"}", 1);
}

/* Damage that needs a person; and a growth that was cut off, which the note on the disk tells. */
static void checks_that_fail_or_mend_are_counted(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Plugin *node = bench_node_start(bench, page_option);
  BenchDisk *broken = bench_disk_new(bench, 64 * MIB), *grown = bench_disk_new(bench, 64 * MIB);
  static const char *const commands[] = {"clri <2>", "ssv state 0"};
  g_free(bench_run(*state, "mkfs.ext4", "-q", broken->node, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
    g_free(bench_run(*state, "debugfs", "-w", "-R", commands[i], broken->node, NULL));
  csi_expect_error(node, "NodeStageVolume", bench_stage(broken, csi_mount("ext4", NULL), FALSE),
                   EVS_CODE_FAILED_PRECONDITION, "errors that need a person");
  expect(node, "evs_node_filesystem_checks_total{filesystem=\"ext4\",result=\"failed\"}", 1);

  g_free(bench_run(*state, "mkfs.ext4", "-q", grown->node, NULL));
  g_free(bench_run(*state, "debugfs", "-w", "-R", "ssv free_blocks_count 7", grown->node, NULL));
  Device device = {.fd = open(grown->node, O_RDWR | O_CLOEXEC), .node = grown->node, .size = 64 * MIB};
  assert_true(intent_write(&device, INTENT_GROW, NULL));
  close(device.fd);
  bench_ok(node, "NodeStageVolume", bench_stage(grown, csi_mount("ext4", NULL), FALSE));
  expect(node, "evs_node_filesystem_checks_total{filesystem=\"ext4\",result=\"mended\"}", 1);
  expect(node, "evs_node_filesystem_check_duration_seconds_count{filesystem=\"ext4\"}", 2);
  bench_ok(node, "NodeUnstageVolume", bench_unstage(grown));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(disks_beyond_the_first_are_counted),
    TEST(snapshots_beyond_the_first_are_counted),
    TEST(snapshots_that_clones_leave_are_counted),
    TEST(snapshots_that_stay_are_shown),
    TEST(credentials_that_cannot_be_had_are_counted),
    TEST(a_disk_that_does_not_come_is_a_long_wait),
    TEST(mounts_that_fail_are_counted),
    TEST(checks_that_fail_or_mend_are_counted),
  };
  return cmocka_run_group_tests_name("metrics_rare", tests, NULL, NULL);
}
