/* Both plugins through a life of volumes and what befalls them, with what each step shows on /metrics. At the end
 * every family of docs/metrics.md is there, as it stands in the table, and none that is not in it; promtool finds nothing to
 * object to. */
#include "tests/harness/page.h"
#include "tests/integration/controller_support.h"
#include "tests/integration/metrics_table.h"

#include "base/clock.h"

#include <math.h>

enum { COUNTED_MS = 5000 };

/* Instead of two minutes. */
#define STUCK_OPTION "--stuck-after-ms=1500"

typedef enum { CONTROLLER, NODE, N_PLUGINS } Which;
static const char *const plugin_names[N_PLUGINS] = {"controller", "node"};

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *plugins[N_PLUGINS];
  char *config_path, *config_text;
  CsiVolume *volume;
} World;

static char *last_pages[N_PLUGINS]; /* for promtool */

/* ---- reading ---- */

static double value(const World *world, Which which, const char *series)
{
  g_autofree char *page = plugin_metrics(world->plugins[which]);
  return metrics_value(page, series);
}

typedef struct {
  const char *series;
  double value;
} Expected;

typedef struct {
  const World *world;
  Which which;
  const Expected *rows;
  gsize count;
  char *page; /* the last one */
  gsize wrong;
} Expectation;

static gboolean all_are_there(void *data)
{
  Expectation *expectation = data;
  g_free(expectation->page);
  expectation->page = plugin_metrics(expectation->world->plugins[expectation->which]);
  for (gsize i = 0; i < expectation->count; i++) {
    expectation->wrong = i;
    if (!(fabs(metrics_value(expectation->page, expectation->rows[i].series) - expectation->rows[i].value) <
          1e-9))
      return FALSE;
  }
  return TRUE;
}

/* All on one page; a call is counted when its answer has left, which may be a moment after it was read. */
static void expect_all(const World *world, Which which, const Expected *rows, gsize count)
{
  Expectation expectation = {.world = world, .which = which, .rows = rows, .count = count};
  if (!wait_until(all_are_there, &expectation, COUNTED_MS)) {
    const Expected *wrong = &rows[expectation.wrong];
    fail_msg("%s: %s is %g, not %g:\n%s", plugin_names[which], wrong->series,
             metrics_value(expectation.page, wrong->series), wrong->value, expectation.page);
  }
  g_free(expectation.page);
}

#define EXPECT(world, which, ...)                                                                            \
  do {                                                                                                       \
    static const Expected rows[] = {__VA_ARGS__};                                                            \
    expect_all(world, which, rows, G_N_ELEMENTS(rows));                                                      \
  } while (0)

typedef struct {
  const World *world;
  const char *series;
  double least;
} Awaited;

static gboolean has_come(void *data)
{
  const Awaited *awaited = data;
  return value(awaited->world, CONTROLLER, awaited->series) >= awaited->least;
}

static void await(const World *world, const char *series, double least)
{
  Awaited awaited = {world, series, least};
  if (!wait_until(has_come, &awaited, HARNESS_WAIT_MS)) {
    g_autofree char *page = plugin_metrics(world->plugins[CONTROLLER]);
    fail_msg("%s never came to %g:\n%s", series, least, page);
  }
}

/* ---- the stage: a controller with a password, whose tokens end some day ---- */

static char *config_text(const Sim *sim)
{
  g_autofree char *path = g_build_filename(sim->state_dir, "accounts.json", NULL);
  json_t *document = json_load_file(path, 0, NULL);
  json_t *account = json_array_get(json_object_get(document, "accounts"), 0);
  json_t *user = json_array_get(json_object_get(account, "users"), 0);
  json_t *project = json_array_get(json_object_get(account, "projects"), 0);
  char *text = g_strdup_printf(
    "[Global]\ncloud=sim.test\nregion=sim-1\nauth-url=%s/iam/v3\nendpoint-evs=%s/evs\n"
    "endpoint-ecs=%s/ecs\nendpoint-iam=%s/iam\nauth=password\nuser-name=%s\npassword=%s\n"
    "domain-name=%s\nproject-name=%s\n",
    sim->url, sim->url, sim->url, sim->url, json_string_value(json_object_get(user, "name")),
    json_string_value(json_object_get(user, "password")), json_string_value(json_object_get(account, "name")),
    json_string_value(json_object_get(project, "name")));
  json_decref(document);
  return text;
}

static void set_world(World *world, Harness *harness)
{
  static const char *const controller_options[] = {PAGE_OPTION, STUCK_OPTION, NULL};
  static const char *const node_options[] = {PAGE_OPTION, NULL};
  *world = (World){.harness = harness, .sim = sim_start(harness, NULL)};
  world->config_text = config_text(world->sim);
  world->config_path = harness_write_file(harness, "cloud-config", world->config_text);
  world->plugins[CONTROLLER] = controller_start(
    harness, world->sim, &(PluginOptions){.cloud_config = world->config_path, .extra = controller_options});
  world->plugins[NODE] = node_start(harness, world->sim, &(PluginOptions){.extra = node_options});
}

/* ---- what is there from the start ---- */

static void expect_process(const World *world, Which which)
{
  g_autofree char *page = plugin_metrics(world->plugins[which]);
  double now = (double)clock_wall_us() / G_USEC_PER_SEC;
  assert_true(metrics_value(page, "process_resident_memory_bytes") > 1e6);
  assert_true(metrics_value(page, "process_virtual_memory_bytes") >
              metrics_value(page, "process_resident_memory_bytes"));
  assert_true(metrics_value(page, "process_cpu_seconds_total") >= 0);
  assert_true(metrics_value(page, "process_open_fds") > 3);
  assert_true(metrics_value(page, "process_max_fds") > metrics_value(page, "process_open_fds"));
  assert_true(fabs(metrics_value(page, "process_start_time_seconds") - now) < 120);
  g_autofree char *build = g_strdup_printf("plugin=\"%s\"} 1\n", plugin_names[which]);
  const char *line = strstr(page, "\nevs_build_info{version=\"");
  assert_non_null(line);
  assert_non_null(strstr(line, build));
}

static void expect_beginning(const World *world)
{
  for (Which which = CONTROLLER; which < N_PLUGINS; which++) {
    expect_process(world, which);
    EXPECT(world, which, {"evs_ready", 1}, {"evs_rpc_in_flight", 0}, {"evs_metrics_dropped_series_total", 0});
  }
  EXPECT(world, CONTROLLER, {"evs_pending_operations{method=\"CreateVolume\"}", 0},
         {"evs_pending_operation_oldest_age_seconds{method=\"CreateVolume\"}", 0},
         {"evs_controller_duplicate_disks_total", 0}, {"evs_controller_duplicate_snapshots_total", 0},
         {"evs_controller_leftover_snapshots", 0}, {"evs_controller_leftover_snapshots_removed_total", 0},
         {"evs_controller_snapshot_removals_failed_total", 0}, {"evs_config_last_reload_successful", 1},
         {"evs_cloud_shared_limit_interval_seconds", 0});
  EXPECT(world, NODE, {"evs_pending_operations{method=\"NodeStageVolume\"}", 0},
         {"evs_rpc_joined_total{method=\"NodeStageVolume\"}", 0}, {"evs_node_attach_slots_used", 0},
         {"evs_node_device_wait_seconds_count", 0});
  assert_true(value(world, NODE, "evs_node_attach_slots") >= 23);
}

/* ---- one volume ---- */

static void create(World *world)
{
  world->volume =
    csi_create(world->harness, world->plugins[CONTROLLER], "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  EXPECT(world, CONTROLLER, {"evs_rpc_total{method=\"CreateVolume\",code=\"OK\"}", 1},
         {"evs_rpc_duration_seconds_count{method=\"CreateVolume\"}", 1},
         {"evs_cloud_calls_total{operation=\"create disk\",code=\"202\"}", 1},
         {"evs_cloud_call_duration_seconds_count{operation=\"create disk\"}", 1},
         {"evs_cloud_calls_total{operation=\"get token\",code=\"201\"}", 1},
         {"evs_cloud_credentials_renewals_total{result=\"ok\"}", 1},
         {"evs_cloud_job_lag_seconds_count{operation=\"create disk\"}", 1},
         {"evs_cloud_jobs_pending{operation=\"create disk\"}", 0});
  double now = (double)clock_wall_us() / G_USEC_PER_SEC;
  double left = value(world, CONTROLLER, "evs_cloud_credentials_expiry_timestamp_seconds") - now;
  assert_true(left > 3600 && left < 25 * 3600);
  assert_true(value(world, CONTROLLER, "evs_cloud_sweeps_total{subject=\"disk\",result=\"ok\"}") >= 1);
  csi_expect_error(world->plugins[CONTROLLER], "CreateVolume",
                   csi_create_request("", GIB, csi_mount("ext4", NULL)), EVS_CODE_INVALID_ARGUMENT, "name");
  EXPECT(world, CONTROLLER, {"evs_rpc_total{method=\"CreateVolume\",code=\"INVALID_ARGUMENT\"}", 1},
         {"evs_rpc_duration_seconds_count{method=\"CreateVolume\"}", 2});
}

static void attach_and_stage(World *world)
{
  csi_attach(world->volume, world->plugins[CONTROLLER], world->plugins[NODE]);
  csi_stage(world->volume, world->plugins[NODE]);
}

static void unstage_and_detach(World *world)
{
  csi_unstage(world->volume, world->plugins[NODE]);
  csi_detach(world->volume, world->plugins[CONTROLLER], world->plugins[NODE]);
  sim_wait_disk_status(world->sim, world->volume->id, "available");
}

static void use_for_the_first_time(World *world)
{
  attach_and_stage(world);
  csi_publish(world->volume, world->plugins[NODE]);
  EXPECT(world, CONTROLLER, {"evs_cloud_job_lag_seconds_count{operation=\"attach disk\"}", 1},
         {"evs_rpc_total{method=\"ControllerPublishVolume\",code=\"OK\"}", 1});
  EXPECT(world, NODE, {"evs_node_attach_slots_used", 1}, {"evs_node_device_wait_seconds_count", 1},
         {"evs_node_formats_total{filesystem=\"ext4\"}", 1},
         {"evs_node_format_duration_seconds_count{filesystem=\"ext4\"}", 1},
         {"evs_node_mounts_total{type=\"ext4\",result=\"ok\"}", 1},
         {"evs_node_mounts_total{type=\"bind\",result=\"ok\"}", 1},
         {"evs_node_unmounts_total{result=\"ok\"}", 0},
         {"evs_rpc_total{method=\"NodeStageVolume\",code=\"OK\"}", 1});
  csi_unpublish(world->volume, world->plugins[NODE]);
  unstage_and_detach(world);
  EXPECT(world, CONTROLLER, {"evs_cloud_job_lag_seconds_count{operation=\"detach disk\"}", 1});
  EXPECT(world, NODE, {"evs_node_attach_slots_used", 0}, {"evs_node_unmounts_total{result=\"ok\"}", 2},
         {"evs_node_unmounts_total{result=\"failed\"}", 0});
}

/* The disk's file is damaged in a way that e2fsck -p mends by itself. */
static void use_damaged(World *world)
{
  static const char *const commands[] = {"ssv free_blocks_count 7", "ssv state 0"};
  g_autofree char *image = sim_disk_file(world->sim, world->volume->id);
  for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
    Process *debugfs = process_start_list(world->harness, "debugfs", "-w", "-R", commands[i], image, NULL);
    assert_int_equal(process_wait_exit(debugfs, HARNESS_WAIT_MS), 0);
  }
  attach_and_stage(world);
  EXPECT(world, NODE, {"evs_node_filesystem_checks_total{filesystem=\"ext4\",result=\"repaired\"}", 1},
         {"evs_node_filesystem_check_duration_seconds_count{filesystem=\"ext4\"}", 1},
         {"evs_node_formats_total{filesystem=\"ext4\"}", 1},
         {"evs_node_mounts_total{type=\"ext4\",result=\"ok\"}", 2});
  unstage_and_detach(world);
}

/* Grown while detached, so the file system grows when it is staged: checked twice, as before any mount and as before any
 * growth. */
static void use_grown(World *world)
{
  json_t *request =
    json_pack("{s:s, s:{s:I}, s:o}", "volume_id", world->volume->id, "capacity_range", "required_bytes",
              (json_int_t)(11 * GIB), "volume_capability", csi_mount("ext4", NULL));
  json_decref(
    csi_call_json(world->plugins[CONTROLLER], "ControllerExpandVolume", request, CSI_TIMEOUT_MS, NULL));
  attach_and_stage(world);
  EXPECT(world, CONTROLLER, {"evs_cloud_job_lag_seconds_count{operation=\"expand disk\"}", 1});
  EXPECT(world, NODE, {"evs_node_filesystem_checks_total{filesystem=\"ext4\",result=\"clean\"}", 2},
         {"evs_node_filesystem_grows_total{filesystem=\"ext4\",result=\"ok\"}", 1},
         {"evs_node_filesystem_grow_duration_seconds_count{filesystem=\"ext4\"}", 1});
  unstage_and_detach(world);
}

static void remove_volume(World *world)
{
  csi_delete(world->volume, world->plugins[CONTROLLER]);
  EXPECT(world, CONTROLLER, {"evs_cloud_job_lag_seconds_count{operation=\"delete disk\"}", 1},
         {"evs_cloud_job_lag_seconds_count{operation=\"attach disk\"}", 3},
         {"evs_cloud_job_lag_seconds_count{operation=\"detach disk\"}", 3});
}

/* ---- a cloud in trouble ---- */

static Call create_call(const World *world, const char *name)
{
  return (Call){
    .plugin = world->plugins[CONTROLLER], .method = "CreateVolume", .request = create_request(name)};
}

static void end_well(CallRun *run, Call *call)
{
  call_await(run);
  call_assert_ok(call);
  call_clear(call);
}

static void meet_throttling(const World *world)
{
  g_free(sim_fault(
    world->sim,
    "{\"match\":{\"op\":\"6.1.1\"},\"action\":{\"kind\":\"throttle\",\"form\":\"429\",\"ms\":60000}}"));
  Call call = create_call(world, "pvc-throttled");
  CallRun *run = call_begin(&call);
  await(world, "evs_cloud_gate_closed{operation=\"create disk\"}", 1);
  await(world, "evs_cloud_throttles_total{operation=\"create disk\"}", 2);
  sim_clear_faults(world->sim);
  end_well(run, &call);
  EXPECT(world, CONTROLLER, {"evs_cloud_gate_closed{operation=\"create disk\"}", 0},
         {"evs_cloud_calls_total{operation=\"create disk\",code=\"202\"}", 2});
  assert_true(value(world, CONTROLLER, "evs_cloud_gate_wait_seconds_total{operation=\"create disk\"}") > 0.1);
}

static void meet_an_outage(const World *world)
{
  g_free(sim_fault(world->sim,
                   "{\"match\":{\"op\":\"6.1.3\"},\"times\":1,\"action\":"
                   "{\"kind\":\"status\",\"status\":503,\"code\":\"EVS.5503\",\"shape\":\"flat\"}}"));
  json_decref(csi_call_json(world->plugins[CONTROLLER], "ListVolumes", json_object(), CSI_TIMEOUT_MS, NULL));
  EXPECT(world, CONTROLLER, {"evs_cloud_retries_total{operation=\"list disks\"}", 1},
         {"evs_cloud_calls_total{operation=\"list disks\",code=\"EVS.5503\"}", 1});
}

/* Two equal calls share one run, which is pending until the job ends. */
static void wait_for_a_slow_job(const World *world)
{
  g_free(sim_fault(
    world->sim,
    "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"stuck\",\"state\":\"creating\"}}"));
  Call calls[] = {create_call(world, "pvc-slow"), create_call(world, "pvc-slow")};
  CallRun *runs[] = {call_begin(&calls[0]), call_begin(&calls[1])};
  await(world, "evs_rpc_joined_total{method=\"CreateVolume\"}", 1);
  await(world, "evs_cloud_jobs_pending{operation=\"create disk\"}", 1);
  EXPECT(world, CONTROLLER, {"evs_pending_operations{method=\"CreateVolume\"}", 1}, {"evs_rpc_in_flight", 2},
         {"evs_pending_operations{method=\"DeleteVolume\"}", 0});
  await(world, "evs_pending_operation_oldest_age_seconds{method=\"CreateVolume\"}", 0.5);
  sim_clear_faults(world->sim);
  for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
    end_well(runs[i], &calls[i]);
  EXPECT(world, CONTROLLER, {"evs_pending_operations{method=\"CreateVolume\"}", 0},
         {"evs_pending_operation_oldest_age_seconds{method=\"CreateVolume\"}", 0}, {"evs_rpc_in_flight", 0},
         {"evs_cloud_jobs_pending{operation=\"create disk\"}", 0},
         {"evs_rpc_joined_total{method=\"CreateVolume\"}", 1});
}

/* The lists show the past: the driver knows the end so much later. */
static void see_late(const World *world)
{
  static const char count[] = "evs_cloud_job_lag_seconds_count{operation=\"create disk\"}",
                    sum[] = "evs_cloud_job_lag_seconds_sum{operation=\"create disk\"}";
  double counted = value(world, CONTROLLER, count), before = value(world, CONTROLLER, sum);
  g_free(sim_fault(world->sim, "{\"match\":{\"op\":\"6.1.3\"},\"action\":{\"kind\":\"stale\",\"ms\":1500}}"));
  Call call = create_call(world, "pvc-late");
  end_well(call_begin(&call), &call);
  sim_clear_faults(world->sim);
  assert_true(value(world, CONTROLLER, count) == counted + 1);
  double lag = value(world, CONTROLLER, sum) - before;
  if (!(lag > 0.9 && lag < 30))
    fail_msg("an end shown 1.5 s late counts as a lag of %g s", lag);
}

static void set_server(const World *world, const char *status)
{
  g_autofree char *path = g_strconcat("/_sim/servers/", world->plugins[NODE]->server_id, NULL);
  g_autofree char *body = g_strdup_printf("{\"status\":\"%s\"}", status);
  sim_send(world->sim, "PUT", path, body);
}

/* An attach hangs and comes round; a detach hangs at a server that is switched off, and is forced. */
static void meet_what_hangs(const World *world)
{
  CsiVolume *volume =
    csi_create(world->harness, world->plugins[CONTROLLER], "pvc-hangs", 10 * GIB, csi_block());
  g_free(sim_fault(world->sim, "{\"match\":{\"op\":\"ecs.attach\"},\"times\":1,\"action\":{\"kind\":"
                               "\"stuck\",\"state\":\"attaching\"}}"));
  Call call = {.plugin = world->plugins[CONTROLLER],
               .method = "ControllerPublishVolume",
               .request = csi_attach_request(volume, world->plugins[NODE])};
  CallRun *run = call_begin(&call);
  await(world, "evs_controller_stuck_total{operation=\"attach disk\"}", 1);
  await(world, "evs_controller_stuck_disks{status=\"attaching\"}", 1);
  sim_clear_faults(world->sim);
  end_well(run, &call);
  EXPECT(world, CONTROLLER, {"evs_controller_stuck_disks{status=\"attaching\"}", 0},
         {"evs_controller_stuck_total{operation=\"detach disk\"}", 0},
         {"evs_controller_forced_detaches_total", 0});
  g_free(sim_fault(world->sim, "{\"match\":{\"op\":\"ecs.detach\"},\"times\":1,\"action\":{\"kind\":"
                               "\"stuck\",\"state\":\"detaching\"}}"));
  set_server(world, "SHUTOFF");
  csi_detach(volume, world->plugins[CONTROLLER], world->plugins[NODE]);
  set_server(world, "ACTIVE");
  EXPECT(world, CONTROLLER, {"evs_controller_forced_detaches_total", 1},
         {"evs_controller_stuck_total{operation=\"detach disk\"}", 1},
         {"evs_controller_stuck_disks{status=\"detaching\"}", 0});
}

/* ---- cloud-config ---- */

static void write_config(const World *world, const char *text)
{
  g_autoptr(GError) error = NULL;
  if (!g_file_set_contents(world->config_path, text, -1, &error))
    fail_msg("%s", error->message);
}

static void change_the_config(const World *world)
{
  double started = value(world, CONTROLLER, "evs_config_last_reload_success_timestamp_seconds");
  write_config(world, "[Global]\nnonsense\n");
  await(world, "evs_config_reloads_total{result=\"failed\"}", 1);
  EXPECT(world, CONTROLLER, {"evs_config_last_reload_successful", 0});
  assert_true(value(world, CONTROLLER, "evs_config_last_reload_success_timestamp_seconds") == started);
  write_config(world, world->config_text);
  await(world, "evs_config_reloads_total{result=\"ok\"}", 1);
  EXPECT(world, CONTROLLER, {"evs_config_last_reload_successful", 1});
  assert_true(value(world, CONTROLLER, "evs_config_last_reload_success_timestamp_seconds") >= started + 1);
  /* the new configuration has no token yet */
  assert_true(isnan(value(world, CONTROLLER, "evs_cloud_credentials_expiry_timestamp_seconds")));
  json_decref(csi_call_json(world->plugins[CONTROLLER], "ListVolumes", json_object(), CSI_TIMEOUT_MS, NULL));
  EXPECT(world, CONTROLLER, {"evs_cloud_credentials_renewals_total{result=\"ok\"}", 2});
}

/* ---- the table ---- */

static void compare_with_the_table(const World *world, Which which)
{
  g_autofree char *page = plugin_metrics(world->plugins[which]);
  g_autofree char *kept =
    g_strdup_printf("%s/%s.metrics", harness_log_dir(world->harness), plugin_names[which]);
  assert_true(g_file_set_contents(kept, page, -1, NULL)); /* for people */
  g_autofree char *problems = metrics_compare(plugin_names[which], page);
  if (problems)
    fail_msg("%s:\n%s", plugin_names[which], problems);
  last_pages[which] = g_steal_pointer(&page);
}

/* ---- tests ---- */

static void every_step_shows_and_every_family_is_documented(void **state)
{
  World world;
  set_world(&world, *state);
  expect_beginning(&world);
  create(&world);
  use_for_the_first_time(&world);
  use_damaged(&world);
  use_grown(&world);
  remove_volume(&world);
  meet_throttling(&world);
  meet_an_outage(&world);
  wait_for_a_slow_job(&world);
  see_late(&world);
  meet_what_hangs(&world);
  change_the_config(&world);
  for (Which which = CONTROLLER; which < N_PLUGINS; which++)
    compare_with_the_table(&world, which);
  g_free(world.config_path);
  g_free(world.config_text);
}

static void promtool_has_nothing_to_object_to(void **state)
{
  Harness *harness = *state;
  g_autofree char *promtool = g_find_program_in_path("promtool");
  if (!promtool && g_strcmp0(g_getenv("CI"), "true") == 0)
    fail_msg("promtool (Debian: prometheus) is not installed");
  if (!promtool)
    skip();
  for (Which which = CONTROLLER; which < N_PLUGINS; which++) {
    assert_non_null(last_pages[which]);
    g_autofree char *file = harness_write_file(harness, plugin_names[which], last_pages[which]);
    Process *lint =
      process_start_list(harness, "sh", "-c", "exec promtool check metrics < \"$0\"", file, NULL);
    int status = process_wait_exit(lint, HARNESS_WAIT_MS);
    g_autofree char *out = process_stdout(lint), *err = process_stderr(lint);
    if (status != 0 || *g_strstrip(out) || *g_strstrip(err))
      fail_msg("promtool about the %s, exit status %d: %s%s", plugin_names[which], status, out, err);
    g_clear_pointer(&last_pages[which], g_free);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_step_shows_and_every_family_is_documented, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(promtool_has_nothing_to_object_to, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
