/* evsctl explain: each state of a disk with what it blocks and what helps. */
#include "tests/integration/controller_support.h"
#include "tests/integration/operator_support.h"

#include "base/clock.h"

static json_t *explain(Harness *harness, const Sim *sim, const char *volume)
{
  g_auto(Evsctl) run =
    evsctl(harness, sim->cloud_config, "explain", volume, "--cluster-id", CLUSTER, "-o", "json", NULL);
  evsctl_assert_status(&run, 0);
  json_t *shown = json_loads(run.out, 0, NULL);
  assert_non_null(shown);
  assert_int_equal(json_array_size(json_object_get(shown, "notes")), 0);
  return shown;
}

static const json_t *operation_of(const json_t *shown, const char *name)
{
  gsize i;
  json_t *row;
  json_array_foreach(json_object_get(shown, "operations"), i, row)
  {
    if (g_str_equal(row_text(row, "operation"), name))
      return row;
  }
  fail_msg("no operation '%s'", name);
  return NULL;
}

/* "delete snapshot": what is blocked, in order. */
static void expect_blocked(const json_t *shown, const char *wanted)
{
  g_autoptr(GString) blocked = g_string_new(NULL);
  gsize i;
  json_t *row;
  json_array_foreach(json_object_get(shown, "operations"), i, row)
  {
    if (!json_is_true(json_object_get(row, "possible")))
      g_string_append_printf(blocked, "%s%s", blocked->len ? " " : "", row_text(row, "operation"));
  }
  assert_string_equal(blocked->str, wanted);
}

/* One of the operation's blocks has this reason and this remedy. */
static void expect_block(const json_t *shown, const char *operation, const char *reason, const char *remedy)
{
  gsize i;
  json_t *block;
  json_array_foreach(json_object_get(operation_of(shown, operation), "blocked_by"), i, block)
  {
    if (strstr(row_text(block, "reason"), reason) && strstr(row_text(block, "remedy"), remedy))
      return;
  }
  g_autofree char *text = json_dumps(operation_of(shown, operation), 0);
  fail_msg("'%s' is not blocked by '%s' -> '%s': %s", operation, reason, remedy, text);
}

static void an_available_disk_is_free(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, CLUSTER, "pvc-1");
  json_t *shown = explain(*state, sim, id);
  expect_blocked(shown, "");
  assert_string_equal(row_text(shown, "means"), "attached to no server, ready for use");
  assert_string_equal(row_text(json_object_get(shown, "owner"), "is"), "this cluster");
  json_decref(shown);
  json_t *by_name = explain(*state, sim, "pvc-1");
  assert_string_equal(row_text(by_name, "id"), id);
  json_decref(by_name);
}

static void an_attached_disk_names_its_server(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, CLUSTER, "pvc-1");
  disk_attach(*state, sim, id, 0);
  json_t *shown = explain(*state, sim, id), *server = sim_server(sim, 0);
  const json_t *attachment = json_array_get(json_object_get(shown, "attachments"), 0);
  assert_string_equal(row_text(attachment, "server_id"), row_text(server, "id"));
  assert_string_equal(row_text(attachment, "server_status"), "ACTIVE");
  expect_blocked(shown, "delete attach transfer");
  g_autofree char *remedy = g_strdup_printf("evsctl server detach %s %s", row_text(server, "id"), id);
  expect_block(shown, "delete", "it is attached to server", remedy);
  expect_block(shown, "attach", "and is not shared", remedy);
  json_decref(shown);
  g_autofree char *path = g_strdup_printf("/_sim/servers/%s", row_text(server, "id"));
  sim_send(sim, "PUT", path, "{\"status\":\"ERROR\"}");
  shown = explain(*state, sim, id);
  expect_block(shown, "expand", "is ERROR", "wait until the server runs or is stopped");
  json_decref(shown);
  json_decref(server);
}

static void snapshots_hold_their_disk(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, CLUSTER, "pvc-1");
  for (int i = 0; i < 7; i++) {
    g_autofree char *name = g_strdup_printf("snapshot-%d", i);
    g_free(snapshot_make(*state, sim, id, name, CLUSTER, NULL));
  }
  json_t *shown = explain(*state, sim, id);
  expect_blocked(shown, "delete snapshot transfer");
  expect_block(shown, "delete", "it has 7 snapshots, which would be deleted with it",
               "evsctl snapshot list --volume-id");
  expect_block(shown, "snapshot", "as many as there may be", "delete one");
  assert_int_equal(json_array_size(json_object_get(shown, "snapshots")), 7);
  json_decref(shown);
}

static void another_clusters_disk_is_adopted(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, "other", "pvc-1");
  json_t *shown = explain(*state, sim, id);
  expect_blocked(shown, "delete");
  expect_block(shown, "delete", "it belongs to cluster 'other'", "evsctl adopt");
  assert_string_equal(row_text(json_object_get(shown, "owner"), "is"), "another cluster or driver");
  json_decref(shown);
}

static void a_pending_transfer_blocks_all(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, CLUSTER, "pvc-1");
  g_autofree char *body = g_strdup_printf("{\"transfer\":{\"volume_id\":\"%s\",\"name\":\"t\"}}", id);
  json_t *answer = cloud_call(*state, sim, NULL, "POST", "/v2/{project}/os-volume-transfer", body);
  g_autofree char *transfer = g_strdup(row_text(json_object_get(answer, "transfer"), "id"));
  json_decref(answer);
  json_t *shown = explain(*state, sim, id);
  expect_blocked(shown, "delete attach expand snapshot transfer");
  g_autofree char *remedy = g_strdup_printf("evsctl transfer delete %s", transfer);
  expect_block(shown, "attach", "offered to another project", remedy);
  assert_string_equal(row_text(shown, "transfer_id"), transfer);
  json_decref(shown);
}

static void a_deleted_disk_is_found_in_the_bin(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  json_decref(cloud_call(*state, sim, NULL, "PUT", "/v3/{project}/recycle-bin-volumes/policy",
                         "{\"switch\":true,\"threshold_time\":1,\"keep_time\":7}"));
  g_autofree char *id = disk_make(*state, sim, CLUSTER, "pvc-1");
  json_t *shown = explain(*state, sim, id);
  assert_true(json_is_true(json_object_get(shown, "deleted_disks_go_to_recycle_bin")));
  json_decref(shown);
  sim_send(sim, "PUT", "/_sim/clock", "{\"speed\":100000}"); /* older than the bin's threshold of a day */
  clock_sleep_until(clock_deadline_in_ms(1000));
  sim_send(sim, "PUT", "/_sim/clock", "{\"speed\":1}");
  g_auto(Evsctl) delete = evsctl(*state, sim->cloud_config, "volume", "delete", id, "--yes", NULL);
  evsctl_assert_status(&delete, 0);
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "explain", id, NULL);
  evsctl_assert_status(&run, 0);
  assert_non_null(strstr(run.out, "in the recycle bin until"));
  assert_non_null(strstr(run.out, "evsctl recycle-bin restore"));
}

static void a_static_pv_is_found_by_the_clusters_list(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, NULL, NULL);
  g_autofree char *pvs = pv_list_file(*state, "pvs", (const char *const[]){id, NULL}, NULL);
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "explain", "pv-0", "--pv-list", pvs, NULL);
  evsctl_assert_status(&run, 0);
  assert_non_null(strstr(run.out, id));
  assert_non_null(strstr(run.out, "nobody: made by hand"));
}

static void what_is_nowhere_is_not_found(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_auto(Evsctl) by_id =
    evsctl(*state, sim->cloud_config, "explain", "deadbeef-0000-4000-8000-000000000000", NULL);
  evsctl_assert_status(&by_id, 1);
  assert_non_null(strstr(by_id.err, "EVS.5404"));
  g_auto(Evsctl) by_name = evsctl(*state, sim->cloud_config, "explain", "pvc-nowhere", NULL);
  evsctl_assert_status(&by_name, 1);
  assert_non_null(strstr(by_name.err, "no disk of the project is called 'pvc-nowhere'"));
  g_autofree char *one = disk_make(*state, sim, CLUSTER, "twin"),
                  *two = disk_make(*state, sim, CLUSTER, "twin");
  g_auto(Evsctl) twins = evsctl(*state, sim->cloud_config, "explain", "twin", NULL);
  evsctl_assert_status(&twins, 1);
  assert_non_null(strstr(twins.err, "2 disks are called 'twin'"));
  assert_non_null(strstr(twins.err, one));
  assert_non_null(strstr(twins.err, two));
}

static gint64 port_of(const Plugin *plugin)
{
  g_autofree char *log = process_stderr(plugin->process);
  const char *at = strstr(log, "http endpoint listens");
  at = at ? strstr(at, "\"port\":") : NULL;
  return at ? g_ascii_strtoll(at + strlen("\"port\":"), NULL, 10) : 0;
}

static gboolean has_port(void *plugin)
{
  return port_of(plugin) > 0;
}

/* "http://127.0.0.1:PORT" of a plugin started with port 0. */
static char *pages_of(Plugin *plugin)
{
  assert_true(wait_until(has_port, plugin, HARNESS_WAIT_MS));
  return g_strdup_printf("http://127.0.0.1:%d", (int)port_of(plugin));
}

/* With the driver itself: the PV's name is found in what the controller wrote, and its running call is shown. */
static void a_controllers_running_call_is_shown(void **state)
{
  Sim *sim = sim_start(
    *state,
    &(SimOptions){.profile =
                    "{\"jobs\":{\"extendVolume\":{\"median_ms\":20000,\"sigma\":0}},\"list_lag_ms\":0}"});
  static const char *const options[] = {"--http-endpoint=127.0.0.1:0", NULL};
  Plugin *controller =
    controller_start(*state, sim, &(PluginOptions){.extra = options, .cluster_id = CLUSTER});
  g_autofree char *pages = pages_of(controller), *flag = g_strconcat("--controller=", pages, NULL);
  json_t *reply = csi_call_json(controller, "CreateVolume", create_request("pvc-77"), CSI_TIMEOUT_MS, NULL);
  g_autofree char *id = g_strdup(row_text(json_object_get(reply, "volume"), "volume_id"));
  json_decref(reply);
  Call call = {.plugin = controller,
               .method = "ControllerExpandVolume",
               .request = json_pack("{s:s, s:{s:I}}", "volume_id", id, "capacity_range", "required_bytes",
                                    (json_int_t)(20 * GIB))};
  CallRun *running = call_begin(&call);
  await_calls(sim, "6.1.5", 1);
  sim_wait_disk_status(sim, id, "extending");
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "explain", "pvc-77", flag, NULL);
  evsctl_assert_status(&run, 0);
  assert_non_null(strstr(run.out, "extending: is being expanded"));
  assert_non_null(strstr(run.out, "ControllerExpandVolume"));
  assert_non_null(strstr(run.out, "wait: this ends by itself"));
  sim_send(sim, "PUT", "/_sim/clock", "{\"speed\":1000}");
  call_await(running);
  call_assert_ok(&call);
  g_auto(Evsctl) done = evsctl(*state, sim->cloud_config, "explain", id, flag, NULL);
  assert_non_null(strstr(done.out, "does nothing with it now"));
  call_clear(&call);
}

static void what_cannot_be_asked_is_noted(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *id = disk_make(*state, sim, CLUSTER, "pvc-1");
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "explain", id, "--controller=http://127.0.0.1:1",
                              "--job=nosuchjob", NULL);
  evsctl_assert_status(&run, 0); /* the rest is told all the same */
  assert_non_null(strstr(run.out, "note         controller: "));
  assert_non_null(strstr(run.out, "note         job: "));
}

#define test(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(an_available_disk_is_free),
    test(an_attached_disk_names_its_server),
    test(snapshots_hold_their_disk),
    test(another_clusters_disk_is_adopted),
    test(a_pending_transfer_blocks_all),
    test(a_deleted_disk_is_found_in_the_bin),
    test(a_static_pv_is_found_by_the_clusters_list),
    test(what_is_nowhere_is_not_found),
    test(a_controllers_running_call_is_shown),
    test(what_cannot_be_asked_is_noted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
