/* Snapshots: one per name whatever happens, ready only when the cloud says so, hidden ones hidden, and disks that have
 * any are not deleted. */
#include "base/clock.h"
#include "evsclient/snapshot.h"
#include "tests/integration/controller_support.h"

enum { NAMES = 8, CONTROLLERS = 2, LIMIT = 7, SNAPSHOT_CALLS_MAX = 5, DELETE_CALLS_MAX = 6 };

#define SLOW_SNAPSHOT "{\"jobs\":{\"createSnapshot\":{\"median_ms\":1500,\"sigma\":0}}}"

static json_t *snapshot_of(json_t *reply)
{
  return json_object_get(reply, "snapshot");
}

static const char *id_of(json_t *reply)
{
  return json_string_value(json_object_get(snapshot_of(reply), "snapshot_id"));
}

static CsiVolume *new_volume(Harness *harness, const Plugin *controller, const char *name)
{
  return csi_create(harness, controller, name, 10 * GIB, csi_mount("ext4", NULL));
}

/* ---- a client of the test's own: what others do in the project ---- */

typedef struct {
  EvsConfig *config;
  EvsClient *client;
} Foreign;

static Foreign foreign_open(const Sim *sim)
{
  Foreign foreign = {.config = evs_config_load(sim->cloud_config, NULL)};
  assert_non_null(foreign.config);
  foreign.client = evs_client_new(foreign.config, NULL);
  assert_non_null(foreign.client);
  return foreign;
}

static void foreign_close(Foreign *foreign)
{
  evs_client_free(foreign->client);
  evs_config_free(foreign->config);
}

static char *foreign_snapshot(const Foreign *foreign, const char *name, const char *volume_id,
                              GHashTable *metadata)
{
  EvsContext context = {.deadline_us = CLOCK_NEVER};
  const EvsSnapshotCreate request = {
    .volume_id = volume_id, .name = name, .force = TRUE, .metadata = metadata};
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_create(foreign->client, &context, &request, &error);
  if (!snapshot)
    fail_msg("%s", error->message);
  return g_strdup(snapshot->id);
}

/* ---- the life of one ---- */

static void taking_is_idempotent_and_cheap(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start_quiet(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1"),
            *other = new_volume(harness, controller, "pvc-2");
  sim_reset_calls(sim);
  json_t *request = snapshot_request("snap-1", volume->id);
  json_object_set_new(
    request, "parameters",
    json_pack("{s:s, s:s}", "force-create", "true", "csi.storage.k8s.io/volumesnapshot/name", "nightly"));
  json_t *first = csi_call_json(controller, "CreateSnapshot", json_deep_copy(request), CSI_TIMEOUT_MS, NULL);
  assert_calls_at_most(sim, NULL, SNAPSHOT_CALLS_MAX);
  json_t *again = csi_call_json(controller, "CreateSnapshot", request, CSI_TIMEOUT_MS, NULL);
  assert_string_equal(id_of(first), id_of(again));
  assert_int_equal(sim_calls(sim, "6.2.1"), 1);

  json_t *snapshot = snapshot_of(first);
  assert_string_equal(json_string_value(json_object_get(snapshot, "source_volume_id")), volume->id);
  assert_int_equal(json_integer_value(json_object_get(snapshot, "size_bytes")), 10 * GIB);
  g_autoptr(GDateTime) taken =
    g_date_time_new_from_iso8601(json_string_value(json_object_get(snapshot, "creation_time")), NULL);
  assert_non_null(taken);
  assert_true(ABS(g_date_time_to_unix(taken) - clock_wall_us() / G_USEC_PER_SEC) < 60);
  csi_expect_error(controller, "CreateSnapshot", snapshot_request("snap-1", other->id),
                   EVS_CODE_ALREADY_EXISTS, volume->id);

  json_t *rows = sim_snapshots(sim);
  assert_int_equal(json_array_size(rows), 1);
  json_t *metadata = json_object_get(json_array_get(rows, 0), "metadata");
  assert_string_equal(json_string_value(json_object_get(metadata, "csi.storage.k8s.io/volumesnapshot/name")),
                      "nightly");
  assert_string_equal(json_string_value(json_object_get(metadata, "evs.csi.huaweicloud.com/cluster")),
                      "test-cluster");
  sim_reset_calls(sim);
  snapshot_delete(controller, id_of(first));
  assert_calls_at_most(sim, NULL, DELETE_CALLS_MAX);
  assert_int_equal(sim_snapshot_count(sim), 0);
  snapshot_delete(controller, id_of(first));
  snapshot_delete(controller, "non-existing-snapshot-id");
  json_decref(rows);
  json_decref(first);
  json_decref(again);
}

static gboolean is_ready(const Plugin *controller, const char *id)
{
  json_t *reply = csi_call(controller, "GetSnapshot", NULL, "{s:s}", "snapshot_id", id);
  gboolean ready = json_is_true(json_object_get(snapshot_of(reply), "ready_to_use"));
  json_decref(reply);
  return ready;
}

typedef struct {
  const Plugin *controller;
  const char *id;
} Readiness;

static gboolean has_become_ready(void *data)
{
  const Readiness *readiness = data;
  return is_ready(readiness->controller, readiness->id);
}

/* The id comes at once, so that nothing waits or leaks; readiness comes with the status. */
static void ready_means_available(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SLOW_SNAPSHOT});
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1");
  g_autofree char *id = snapshot_create(controller, "snap-1", volume->id);
  assert_false(is_ready(controller, id));
  Readiness readiness = {.controller = controller, .id = id};
  assert_true(wait_until(has_become_ready, &readiness, HARNESS_WAIT_MS));
  json_t *reply =
    csi_call_json(controller, "CreateSnapshot", snapshot_request("snap-1", volume->id), CSI_TIMEOUT_MS, NULL);
  assert_true(json_is_true(json_object_get(snapshot_of(reply), "ready_to_use")));
  json_decref(reply);
}

/* One being taken is awaited, then deleted. */
static void one_being_taken_can_be_deleted(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SLOW_SNAPSHOT});
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1");
  g_autofree char *id = snapshot_create(controller, "snap-1", volume->id);
  snapshot_delete(controller, id);
  assert_int_equal(sim_snapshot_count(sim), 0);
}

static void two_controllers_take_one_per_name(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = "{\"list_lag_ms\":500}"});
  Plugin *controllers[CONTROLLERS];
  for (gsize i = 0; i < CONTROLLERS; i++)
    controllers[i] = controller_start(harness, sim, NULL);
  Call calls[NAMES * CONTROLLERS] = {0};
  for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
    g_autofree char *name = g_strdup_printf("snap-%zu", i / CONTROLLERS);
    g_autofree char *disk = g_strdup_printf("pvc-%zu", i / CONTROLLERS);
    CsiVolume *volume = new_volume(harness, controllers[0], disk);
    calls[i] = (Call){.plugin = controllers[i % CONTROLLERS],
                      .method = "CreateSnapshot",
                      .request = snapshot_request(name, volume->id)};
  }
  calls_run(calls, G_N_ELEMENTS(calls));
  for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
    call_assert_ok(&calls[i]);
    assert_string_equal(id_of(calls[i].reply), id_of(calls[i - i % CONTROLLERS].reply));
  }
  for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
    call_clear(&calls[i]);
  sim_wait_snapshot_count(sim, NAMES);
}

static void a_lost_answer_takes_no_second_one(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1");
  g_autofree char *fault = sim_fault(
    sim, "{\"match\":{\"op\":\"6.2.1\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}");
  g_free(snapshot_create(controller, "snap-1", volume->id));
  assert_int_equal(sim_fault_hits(sim, fault), 1);
  assert_int_equal(sim_calls(sim, "6.2.1"), 1);
  assert_int_equal(sim_snapshot_count(sim), 1);
}

static gboolean is_listed(void *data)
{
  json_t *reply = csi_call(data, "ListSnapshots", NULL, "{}");
  gsize count = json_array_size(json_object_get(reply, "entries"));
  json_decref(reply);
  return count == 1;
}

static void a_kill_leaves_one(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = "{\"list_lag_ms\":1500}"});
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1");
  Call call = {
    .plugin = controller, .method = "CreateSnapshot", .request = snapshot_request("snap-1", volume->id)};
  CallRun *run = call_begin(&call);
  await_calls(sim, "6.2.1", 1);
  process_kill(controller->process);
  call_await(run);
  call_clear(&call);
  sim_wait_snapshot_count(sim, 1);
  Plugin *restarted = controller_start(harness, sim, &(PluginOptions){.same_as = controller});
  /* The list lags behind; the sidecar's next call comes no sooner than that. */
  assert_true(wait_until(is_listed, restarted, HARNESS_WAIT_MS));
  g_free(snapshot_create(restarted, "snap-1", volume->id));
  assert_int_equal(sim_snapshot_count(sim), 1);
}

/* ---- refusals ---- */

static void the_limit_is_final(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1");
  for (int i = 0; i < LIMIT; i++) {
    g_autofree char *name = g_strdup_printf("snap-%d", i);
    g_free(snapshot_create(controller, name, volume->id));
  }
  csi_expect_error(controller, "CreateSnapshot", snapshot_request("snap-more", volume->id),
                   EVS_CODE_FAILED_PRECONDITION, "EVS.5413");
  assert_int_equal(sim_snapshot_count(sim), LIMIT);
  csi_expect_error(controller, "CreateSnapshot", snapshot_request("snap-none", NOBODY), EVS_CODE_NOT_FOUND,
                   NOBODY);
}

/* Failed ones are told, removed, and do not stand in the way of the next call. */
static void a_failed_one_is_removed_and_told(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SLOW_SNAPSHOT});
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1");
  g_autofree char *fault = sim_fault(sim, "{\"match\":{\"op\":\"6.2.1\"},\"times\":1,\"action\":"
                                          "{\"kind\":\"job\",\"result\":\"FAIL\",\"code\":\"EVS.2024\"}}");
  g_autofree char *id = snapshot_create(controller, "snap-1", volume->id);
  assert_int_equal(sim_fault_hits(sim, fault), 1);
  g_autoptr(GError) error = NULL;
  gint64 end_us = clock_deadline_in_ms(HARNESS_WAIT_MS);
  for (;;) {
    json_t *reply = csi_call(controller, "GetSnapshot", &error, "{s:s}", "snapshot_id", id);
    if (!reply || clock_now_us() > end_us)
      break;
    assert_false(json_is_true(json_object_get(snapshot_of(reply), "ready_to_use")));
    json_decref(reply);
  }
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  csi_expect_error(controller, "CreateSnapshot", snapshot_request("snap-1", volume->id), EVS_CODE_INTERNAL,
                   id);
  sim_wait_snapshot_count(sim, 0);
  g_autofree char *next = snapshot_create(controller, "snap-1", volume->id);
  assert_string_not_equal(next, id);
}

static GHashTable *owned_by_another(void)
{
  GHashTable *metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert(metadata, g_strdup("evs.csi.huaweicloud.com/cluster"), g_strdup("their-cluster"));
  g_hash_table_insert(metadata, g_strdup("evs.csi.huaweicloud.com/driver"),
                      g_strdup("evs.csi.huaweicloud.com"));
  return metadata;
}

static void a_disk_with_snapshots_is_not_deleted(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1");
  Foreign foreign = foreign_open(sim);
  g_autoptr(GHashTable) theirs = owned_by_another();
  g_autofree char *own = snapshot_create(controller, "snap-1", volume->id);
  g_autofree char *plain = foreign_snapshot(&foreign, "by-hand", volume->id, NULL);
  g_autofree char *other = foreign_snapshot(&foreign, "theirs", volume->id, theirs);
  g_autofree char *backup = foreign_snapshot(&foreign, "autobk_snapshot_1", volume->id, NULL);

  const char *const named[] = {own, "by-hand", plain, "theirs", "3 snapshots", "delete the snapshots first"};
  for (gsize i = 0; i < G_N_ELEMENTS(named); i++)
    csi_expect_error(controller, "DeleteVolume", json_pack("{s:s}", "volume_id", volume->id),
                     EVS_CODE_FAILED_PRECONDITION, named[i]);
  assert_int_equal(sim_calls(sim, "6.1.6"), 0);
  csi_expect_error(controller, "DeleteSnapshot", json_pack("{s:s}", "snapshot_id", other),
                   EVS_CODE_FAILED_PRECONDITION, "their-cluster");
  csi_expect_error(controller, "DeleteSnapshot", json_pack("{s:s}", "snapshot_id", backup),
                   EVS_CODE_FAILED_PRECONDITION, "backup");

  snapshot_delete(controller, own);
  snapshot_delete(controller, plain);
  csi_expect_error(controller, "DeleteVolume", json_pack("{s:s}", "volume_id", volume->id),
                   EVS_CODE_FAILED_PRECONDITION, other);
  EvsContext context = {.deadline_us = CLOCK_NEVER};
  assert_true(evs_snapshot_delete(foreign.client, &context, other, NULL));
  sim_wait_snapshot_count(sim, 1);
  csi_delete(volume, controller);
  foreign_close(&foreign);
}

/* ---- lists ---- */

static gsize list(const Plugin *controller, const char *volume_id, const char *snapshot_id, const char *token,
                  int max_entries, char **ret_next)
{
  json_t *reply =
    csi_call(controller, "ListSnapshots", NULL, "{s:s, s:s, s:s, s:i}", "source_volume_id", volume_id,
             "snapshot_id", snapshot_id, "starting_token", token, "max_entries", max_entries);
  const char *next = json_string_value(json_object_get(reply, "next_token"));
  if (ret_next)
    *ret_next = next && *next ? g_strdup(next) : NULL;
  gsize count = json_array_size(json_object_get(reply, "entries"));
  json_decref(reply);
  return count;
}

static void lists_filter_page_and_hide(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = new_volume(harness, controller, "pvc-1"),
            *other = new_volume(harness, controller, "pvc-2");
  Foreign foreign = foreign_open(sim);
  g_autofree char *first = snapshot_create(controller, "snap-1", volume->id);
  g_free(snapshot_create(controller, "snap-2", volume->id));
  g_free(snapshot_create(controller, "snap-3", other->id));
  g_free(foreign_snapshot(&foreign, "by-hand", other->id, NULL));
  g_autofree char *backup = foreign_snapshot(&foreign, "autobk_snapshot_1", other->id, NULL);
  g_autoptr(GHashTable) marks = owned_by_another();
  g_hash_table_insert(marks, g_strdup("evs.csi.huaweicloud.com/clone-of"), g_strdup(other->id));
  g_autofree char *temporary = foreign_snapshot(&foreign, "evscsi-clone-1", other->id, marks);

  assert_int_equal(list(controller, "", "", "", 0, NULL), 4);
  assert_int_equal(list(controller, volume->id, "", "", 0, NULL), 2);
  assert_int_equal(list(controller, "", first, "", 0, NULL), 1);
  assert_int_equal(list(controller, other->id, first, "", 0, NULL), 0);
  const char *const unknown[] = {NOBODY, "none", backup, temporary};
  for (gsize i = 0; i < G_N_ELEMENTS(unknown); i++)
    assert_int_equal(list(controller, "", unknown[i], "", 0, NULL), 0);
  assert_int_equal(list(controller, NOBODY, "", "", 0, NULL), 0);
  assert_int_equal(list(controller, "none", "", "", 0, NULL), 0);

  g_autofree char *token = NULL, *end = NULL;
  assert_int_equal(list(controller, "", "", "", 3, &token), 3);
  assert_non_null(token);
  assert_int_equal(list(controller, "", "", token, 3, &end), 1);
  assert_null(end);
  csi_expect_error(controller, "GetSnapshot", json_pack("{s:s}", "snapshot_id", backup), EVS_CODE_NOT_FOUND,
                   "backup");

  static const char *const owned[] = {"--list-owned-only", NULL};
  Plugin *shared = controller_start(harness, sim, &(PluginOptions){.extra = owned});
  assert_int_equal(list(shared, "", "", "", 0, NULL), 3);
  foreign_close(&foreign);
}

/* ---- the gate ---- */

#define ZONE_KEY "topology.evs.csi.huaweicloud.com/zone"

static const char *zone_of(json_t *snapshot)
{
  json_t *topology = json_array_get(json_object_get(snapshot, "accessible_topology"), 0);
  return json_string_value(json_object_get(json_object_get(topology, "segments"), ZONE_KEY));
}

static json_t *in_zone(const char *name, const char *volume_id, const char *zone)
{
  json_t *request = snapshot_request(name, volume_id);
  json_object_set_new(request, "accessibility_requirements",
                      json_pack("{s:[{s:{s:s}}]}", "requisite", "segments", ZONE_KEY, zone));
  return request;
}

static void the_gate_tells_zones(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  static const char *const gate[] = {"--feature-gates=SnapshotTopology=true", NULL};
  Plugin *controller = controller_start(harness, sim, &(PluginOptions){.extra = gate});
  json_t *plugin = csi_call(controller, "GetPluginCapabilities", NULL, "{}");
  g_autofree char *text = json_dumps(plugin, 0);
  assert_non_null(strstr(text, "SNAPSHOT_ACCESSIBILITY_CONSTRAINTS"));
  CsiVolume *volume = new_volume(harness, controller, "pvc-1");
  json_t *disk = sim_disk(sim, volume->id);
  const char *zone = json_string_value(json_object_get(disk, "zone"));

  csi_expect_error(controller, "CreateSnapshot", in_zone("snap-0", volume->id, "elsewhere"),
                   EVS_CODE_FAILED_PRECONDITION, zone);
  json_t *made =
    csi_call_json(controller, "CreateSnapshot", in_zone("snap-1", volume->id, zone), CSI_TIMEOUT_MS, NULL);
  assert_string_equal(zone_of(snapshot_of(made)), zone);
  json_t *got = csi_call(controller, "GetSnapshot", NULL, "{s:s}", "snapshot_id", id_of(made));
  assert_string_equal(zone_of(snapshot_of(got)), zone);
  json_t *all = csi_call(controller, "ListSnapshots", NULL, "{}");
  assert_string_equal(zone_of(snapshot_of(json_array_get(json_object_get(all, "entries"), 0))), zone);
  json_decref(all);
  json_decref(got);
  json_decref(made);
  json_decref(disk);
  json_decref(plugin);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(taking_is_idempotent_and_cheap),
    TEST(ready_means_available),
    TEST(one_being_taken_can_be_deleted),
    TEST(two_controllers_take_one_per_name),
    TEST(a_lost_answer_takes_no_second_one),
    TEST(a_kill_leaves_one),
    TEST(the_limit_is_final),
    TEST(a_failed_one_is_removed_and_told),
    TEST(a_disk_with_snapshots_is_not_deleted),
    TEST(lists_filter_page_and_hide),
    TEST(the_gate_tells_zones),
  };
  return cmocka_run_group_tests_name("controller_snapshot", tests, NULL, NULL);
}
