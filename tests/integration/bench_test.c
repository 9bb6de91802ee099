/* evs-bench itself, small: its counts against those of the simulator, and the members of its JSON. */
#include "tests/harness/csi.h"

enum { DISKS = 20, NODE_ROUNDS = 10 };

typedef struct {
  Sim *sim;
  Plugin *controller, *node;
} Parts;

static Parts parts_start(Harness *harness)
{
  Sim *sim = sim_start(harness, NULL);
  PluginOptions quiet = {.log_level = "warn"};
  return (Parts){sim, controller_start(harness, sim, &quiet), node_start(harness, sim, &quiet)};
}

/* The result of a run with these scenarios; what it made stays if keep. */
static json_t *bench(Harness *harness, const Parts *parts, const char *scenarios, gboolean keep)
{
  g_autofree char *json = harness_path(harness, "bench.json");
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(argv, g_strdup("evs-bench"));
  g_ptr_array_add(argv, g_strdup_printf("--controller=%s", parts->controller->endpoint));
  g_ptr_array_add(argv, g_strdup_printf("--node=%s", parts->node->endpoint));
  g_ptr_array_add(argv, g_strdup_printf("--kubelet-dir=%s", parts->node->kubelet_dir));
  g_ptr_array_add(argv, g_strdup_printf("--pid=%d,%d", process_pid(parts->controller->process),
                                        process_pid(parts->node->process)));
  g_ptr_array_add(argv, g_strdup_printf("--sim=%s", parts->sim->url));
  g_ptr_array_add(argv, g_strdup("--topology=topology.evs.csi.huaweicloud.com/zone=sim-1a"));
  g_ptr_array_add(argv, g_strdup_printf("--scenario=%s", scenarios));
  g_ptr_array_add(argv, g_strdup_printf("--json=%s", json));
  g_ptr_array_add(argv, g_strdup(keep ? "--keep" : "--seed=1"));
  g_ptr_array_add(argv, NULL);
  Process *process = process_start(harness, (const char *const *)argv->pdata);
  int status = process_wait_exit(process, 2 * HARNESS_WAIT_MS);
  g_autofree char *text = process_stderr(process);
  if (status != 0)
    fail_msg("evs-bench: status %d: %s", status, text);
  json_error_t error;
  json_t *result = json_load_file(json, 0, &error);
  if (!result)
    fail_msg("%s", error.text);
  return result;
}

static const json_t *row_of(const json_t *result, gsize number)
{
  const json_t *row = json_array_get(json_object_get(result, "scenarios"), number);
  assert_non_null(row);
  return row;
}

static double figure(const json_t *row, const char *key, const char *below, const char *further)
{
  const json_t *value = json_object_get(row, key);
  value = value && below ? json_object_get(value, below) : value;
  value = value && further ? json_object_get(value, further) : value;
  if (!json_is_number(value))
    fail_msg("no number at %s %s %s", key, below ? below : "", further ? further : "");
  return json_number_value(value);
}

static void creates_are_counted_as_the_cloud_counts_them(void **state)
{
  Harness *harness = *state;
  Parts parts = parts_start(harness);
  json_t *result = bench(harness, &parts, "create:20", TRUE);
  assert_string_equal(json_string_value(json_object_get(json_object_get(result, "driver"), "name")),
                      "evs.csi.huaweicloud.com");
  const json_t *row = row_of(result, 0);
  assert_string_equal(json_string_value(json_object_get(row, "scenario")), "create:20");
  assert_int_equal(figure(row, "objects", NULL, NULL), DISKS);
  assert_int_equal(figure(row, "done", NULL, NULL), DISKS);
  assert_int_equal(figure(row, "rpc", "CreateVolume", "count"), DISKS);
  assert_int_equal(figure(row, "failures", "total", NULL), 0);
  assert_int_equal(figure(row, "lag_ms", "createVolume", "count"), DISKS);
  assert_true(figure(row, "cloud_calls", "by_operation", "6.1.1") == 1.0);
  assert_int_equal(figure(row, "cloud_calls", "total", NULL), sim_calls(parts.sim, NULL));
  assert_true(figure(row, "oracle_ms", "create", NULL) == figure(row, "oracle_ms", "all", NULL));
  assert_true(figure(row, "ratio", NULL, NULL) > 1.0);
  assert_true(figure(row, "makespan_ms", NULL, NULL) > figure(row, "oracle_ms", "all", NULL));
  const json_t *processes = json_object_get(row, "processes");
  assert_int_equal(json_array_size(processes), 2);
  for (gsize i = 0; i < 2; i++)
    assert_true(figure(json_array_get(processes, i), "rss_peak_kb", NULL, NULL) >=
                figure(json_array_get(processes, i), "rss_before_kb", NULL, NULL));
  assert_int_equal(sim_disk_count(parts.sim), DISKS);
  json_decref(result);
}

static void scenarios_hand_on_their_disks_and_leave_nothing(void **state)
{
  Harness *harness = *state;
  Parts parts = parts_start(harness);
  json_t *result = bench(harness, &parts, "create:6,attach:6/2,detach-delete:6,snapshot:3", FALSE);
  const json_t *attach = row_of(result, 1), *detach = row_of(result, 2), *snapshot = row_of(result, 3);
  assert_int_equal(figure(attach, "done", NULL, NULL), 6);
  assert_true(figure(attach, "cloud_calls", "by_operation", "ecs.attach") == 1.0);
  assert_null(
    json_object_get(json_object_get(json_object_get(attach, "cloud_calls"), "by_operation"), "6.1.1"));
  assert_true(figure(detach, "cloud_calls", "by_operation", "ecs.detach") == 1.0);
  assert_true(figure(detach, "detach_ratio", NULL, NULL) > 1.0);
  assert_int_equal(figure(detach, "lag_ms", "all", "count"), 12);
  assert_int_equal(figure(snapshot, "done", NULL, NULL), 3);
  assert_int_equal(figure(snapshot, "lag_ms", "createSnapshot", "count"), 3);
  json_decref(result);
  assert_int_equal(sim_disk_count(parts.sim), 0);
  assert_int_equal(sim_loops(parts.sim), 0);
}

static void node_calls_are_timed(void **state)
{
  Harness *harness = *state;
  Parts parts = parts_start(harness);
  json_t *result = bench(harness, &parts, "node:10,rpc:400,memory:100", FALSE);
  const json_t *row = row_of(result, 0);
  static const char *const methods[] = {"NodePublishVolume", "NodeGetVolumeStats", "NodeUnpublishVolume",
                                        "NodeUnstageVolume"};
  assert_int_equal(figure(row, "done", NULL, NULL), NODE_ROUNDS);
  for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
    assert_int_equal(figure(row, "rpc", methods[i], "count"), NODE_ROUNDS);
    assert_true(figure(row, "rpc", methods[i], "p50_ms") > 0);
  }
  assert_int_equal(figure(row, "rpc", "NodeStageVolume, new disk", "count"), 8);
  assert_int_equal(figure(row, "rpc", "NodeStageVolume", "count"), 2);
  assert_true(figure(row_of(result, 1), "figures", "node Probe, 64 in flight, calls/s", NULL) > 0);
  assert_true(
    figure(row_of(result, 1), "figures", "node Probe, 64 in flight over 4 connections, calls/s", NULL) > 0);
  assert_true(figure(row_of(result, 1), "figures", "node NodeGetInfo, 1 in flight, calls/s", NULL) > 0);
  assert_true(figure(json_array_get(json_object_get(row_of(result, 2), "processes"), 1), "rss_after_kb", NULL,
                     NULL) > 0);
  json_decref(result);
  assert_int_equal(sim_disk_count(parts.sim), 0);
}

/* Every create refused: the sidecar would show it. */
static void failures_are_told_apart(void **state)
{
  Harness *harness = *state;
  Parts parts = parts_start(harness);
  g_autofree char *fault = sim_fault(
    parts.sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"status\",\"status\":400,"
               "\"code\":\"EVS.1014\",\"shape\":\"error\"}}");
  json_t *result = bench(harness, &parts, "create:1", FALSE);
  const json_t *row = row_of(result, 0);
  assert_int_equal(figure(row, "done", NULL, NULL), 1);
  assert_int_equal(figure(row, "failures", "total", NULL), 1);
  assert_int_equal(figure(row, "rpc", "CreateVolume", "count"), 2);
  assert_int_equal(sim_fault_hits(parts.sim, fault), 1);
  json_decref(result);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(creates_are_counted_as_the_cloud_counts_them, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(scenarios_hand_on_their_disks_and_leave_nothing, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(node_calls_are_timed, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(failures_are_told_apart, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
