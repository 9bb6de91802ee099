/* Disks in states that only a person ends: what ControllerGetVolumeHealth and ListVolumeHealth say of them, and that
 * attach, expand, modify, delete, snapshot and clone are refused with the reason. Deletes that end in the recycle bin. */
#include "base/clock.h"
#include "evsclient/api.h"
#include "tests/integration/controller_support.h"

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller;
} Stage;

static Stage set_stage(Harness *harness, const char *option)
{
  const char *const extra[] = {option, NULL};
  const PluginOptions plugin = {.extra = extra};
  Stage stage = {.harness = harness, .sim = sim_start(harness, NULL)};
  stage.controller = controller_start(harness, stage.sim, &plugin);
  return stage;
}

static void set_disk(const Stage *stage, const char *volume_id, const char *edit)
{
  g_autofree char *path = g_strconcat("/_sim/disks/", volume_id, NULL);
  sim_send(stage->sim, "PUT", path, edit);
}

static const char *text_at(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* status NULL: healthy. */
static void assert_health(const json_t *health, const char *volume_id, const char *status, const char *reason)
{
  assert_string_equal(text_at(health, "volume_id"), volume_id);
  const json_t *entries = json_object_get(health, "health_statuses");
  assert_int_equal(json_array_size(entries), status ? 1 : 0);
  if (!status)
    return;
  const json_t *entry = json_array_get(entries, 0);
  assert_string_equal(text_at(entry, "status"), status);
  assert_string_equal(text_at(entry, "reason"), reason);
  assert_true(strlen(text_at(entry, "message")) > 10);
}

static void expect_health(const Stage *stage, const char *volume_id, const char *status, const char *reason)
{
  json_t *reply =
    csi_call(stage->controller, "ControllerGetVolumeHealth", NULL, "{s:s}", "volume_id", volume_id);
  assert_health(json_object_get(reply, "volume_health"), volume_id, status, reason);
  json_decref(reply);
}

static gboolean has_capability(const Plugin *controller, const char *wanted)
{
  json_t *reply = csi_call(controller, "ControllerGetCapabilities", NULL, "{}");
  json_t *capabilities = json_object_get(reply, "capabilities"), *capability;
  gboolean found = FALSE;
  gsize i;
  json_array_foreach(capabilities, i, capability)
  {
    found |= g_str_equal(text_at(json_object_get(capability, "rpc"), "type"), wanted);
  }
  json_decref(reply);
  return found;
}

static void health_follows_the_disk(void **state)
{
  Stage stage = set_stage(*state, "--feature-gates=VolumeHealth=true");
  assert_true(has_capability(stage.controller, "GET_VOLUME_HEALTH"));
  assert_true(has_capability(stage.controller, "LIST_VOLUME_HEALTH"));
  CsiVolume *volume = csi_create(stage.harness, stage.controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  const struct {
    const char *state, *status, *reason;
  } rows[] = {
    {"error", "INACCESSIBLE", "CreationFailed"},
    {"error_extending", "DEGRADED", "ExpansionFailed"},
    {"error_restoring", "DATA_LOSS", "RestoreFailed"},
    {"error_rollbacking", "DATA_LOSS", "RollbackFailed"},
    {"error_deleting", "INACCESSIBLE", "DeletionFailed"},
    {"rollbacking", "INACCESSIBLE", "RollingBack"},
    {"restoring-backup", "INACCESSIBLE", "Restoring"},
    {"awaiting-transfer", "INACCESSIBLE", "AwaitingTransfer"},
    {"available", NULL, NULL},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *edit = g_strdup_printf("{\"status\":\"%s\"}", rows[i].state);
    set_disk(&stage, volume->id, edit);
    expect_health(&stage, volume->id, rows[i].status, rows[i].reason);
  }
  csi_expect_error(stage.controller, "ControllerGetVolumeHealth", json_pack("{s:s}", "volume_id", NOBODY),
                   EVS_CODE_NOT_FOUND, "");
  csi_expect_error(stage.controller, "ControllerGetVolumeHealth", json_object(), EVS_CODE_INVALID_ARGUMENT,
                   "field 'volume_id' is empty");
}

enum { DISKS = 3 };

static void health_is_listed_page_by_page(void **state)
{
  Stage stage = set_stage(*state, "--feature-gates=VolumeHealth=true");
  CsiVolume *volumes[DISKS];
  for (gsize i = 0; i < DISKS; i++) {
    g_autofree char *name = g_strdup_printf("pvc-%zu", i);
    volumes[i] = csi_create(stage.harness, stage.controller, name, 10 * GIB, csi_mount("ext4", NULL));
  }
  set_disk(&stage, volumes[1]->id, "{\"status\":\"error_extending\"}");
  json_t *first = csi_call(stage.controller, "ControllerListVolumeHealth", NULL, "{s:i}", "max_entries", 2);
  json_t *entries = json_object_get(first, "entries");
  assert_int_equal(json_array_size(entries), 2);
  assert_health(json_array_get(entries, 0), volumes[0]->id, NULL, NULL);
  assert_health(json_array_get(entries, 1), volumes[1]->id, "DEGRADED", "ExpansionFailed");
  json_t *second = csi_call(stage.controller, "ControllerListVolumeHealth", NULL, "{s:s}", "starting_token",
                            text_at(first, "next_token"));
  entries = json_object_get(second, "entries");
  assert_int_equal(json_array_size(entries), 1);
  assert_health(json_array_get(entries, 0), volumes[2]->id, NULL, NULL);
  assert_string_equal(text_at(second, "next_token"), "");
  json_decref(first);
  json_decref(second);
  csi_expect_error(stage.controller, "ControllerListVolumeHealth", json_pack("{s:i}", "max_entries", -1),
                   EVS_CODE_INVALID_ARGUMENT, "field 'max_entries' is -1");
  csi_expect_error(stage.controller, "ControllerListVolumeHealth",
                   json_pack("{s:s}", "starting_token", "nonsense"), EVS_CODE_ABORTED,
                   "field 'starting_token' is no token");
}

static void without_its_gate_there_is_no_health(void **state)
{
  Stage stage = set_stage(*state, NULL);
  assert_false(has_capability(stage.controller, "GET_VOLUME_HEALTH"));
  assert_false(has_capability(stage.controller, "LIST_VOLUME_HEALTH"));
  csi_expect_error(stage.controller, "ControllerGetVolumeHealth", json_pack("{s:s}", "volume_id", NOBODY),
                   EVS_CODE_UNIMPLEMENTED, "--feature-gates=VolumeHealth=true");
  csi_expect_error(stage.controller, "ControllerListVolumeHealth", json_object(), EVS_CODE_UNIMPLEMENTED,
                   "--feature-gates=VolumeHealth=true");
}

/* What each call on the disk must say; NULL: the call is not made. */
typedef struct {
  const char *attach, *expand, *modify, *delete, *snapshot, *clone;
} Refusals;

static void expect_refusals(const Stage *stage, const char *volume_id, const Refusals *texts)
{
  json_t *server = sim_server(stage->sim, 0);
  const struct {
    const char *method, *text;
    json_t *request;
  } rows[] = {
    {"ControllerPublishVolume", texts->attach,
     json_pack("{s:s, s:s, s:o}", "volume_id", volume_id, "node_id", text_at(server, "id"),
               "volume_capability", csi_block())},
    {"ControllerExpandVolume", texts->expand,
     json_pack("{s:s, s:{s:I}}", "volume_id", volume_id, "capacity_range", "required_bytes",
               (json_int_t)(200 * GIB))},
    {"ControllerModifyVolume", texts->modify,
     json_pack("{s:s, s:{s:s}}", "volume_id", volume_id, "mutable_parameters", "iops", "4000")},
    {"DeleteVolume", texts->delete, json_pack("{s:s}", "volume_id", volume_id)},
    {"CreateSnapshot", texts->snapshot, snapshot_request("snap-of-a-state", volume_id)},
    {"CreateVolume", texts->clone, sourced_request("pvc-of-a-state", "volume", volume_id)},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (rows[i].text)
      csi_expect_error(stage->controller, rows[i].method, rows[i].request, EVS_CODE_FAILED_PRECONDITION,
                       rows[i].text);
    else
      json_decref(rows[i].request);
  }
  json_decref(server);
}

/* The refusals come without a single request for a change. */
static void expect_own_refusals(const Stage *stage, const char *volume_id, const Refusals *texts)
{
  static const char *const changes[] = {"ecs.attach", "6.1.1", "6.1.5", "6.1.6", "6.1.13", "6.2.1"};
  sim_reset_calls(stage->sim);
  expect_refusals(stage, volume_id, texts);
  for (gsize i = 0; i < G_N_ELEMENTS(changes); i++)
    assert_int_equal(sim_calls(stage->sim, changes[i]), 0);
}

static void what_only_a_person_ends_is_refused_with_the_reason(void **state)
{
  Stage stage = set_stage(*state, "--feature-gates=VolumeHealth=true");
  json_t *request = csi_create_request("pvc-1", 10 * GIB, csi_block());
  json_object_set_new(request, "parameters",
                      json_pack("{s:s, s:s, s:s}", "type", "GPSSD2", "iops", "3000", "throughput", "125"));
  json_t *reply = csi_call_json(stage.controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  const char *id = text_at(json_object_get(reply, "volume"), "volume_id");

  set_disk(&stage, id, "{\"status\":\"awaiting-transfer\"}");
#define OFFERED(use) "cannot be " use ": it is offered to another project"
  expect_own_refusals(&stage, id,
                      &(Refusals){OFFERED("attached"), OFFERED("expanded"), OFFERED("modified"),
                                  OFFERED("deleted"), OFFERED("snapshotted"), OFFERED("snapshotted")});
  set_disk(&stage, id, "{\"status\":\"available\",\"frozen\":true}");
  expect_health(&stage, id, "INACCESSIBLE", "Frozen");
#define FROZEN(use) "cannot be " use ": the cloud has frozen it"
  expect_own_refusals(&stage, id,
                      &(Refusals){FROZEN("attached"), FROZEN("expanded"), FROZEN("modified"),
                                  FROZEN("deleted"), FROZEN("snapshotted"), FROZEN("snapshotted")});
  set_disk(&stage, id, "{\"frozen\":false,\"metadata\":{\"orderID\":\"CS1\"}}");
#define ORDERED(use) "is paid by the year or month (order 'CS1') and cannot be " use " here"
  expect_own_refusals(&stage, id,
                      &(Refusals){.attach = ORDERED("attached"),
                                  .expand = ORDERED("expanded"),
                                  .modify = ORDERED("modified"),
                                  .delete = ORDERED("deleted")});
  g_autofree char *snapshot_id = snapshot_create(stage.controller, "snap-of-an-order", id);
  snapshot_delete(stage.controller, snapshot_id);
  sim_wait_snapshot_count(stage.sim, 0);
  set_disk(&stage, id, "{\"metadata\":{\"orderID\":null}}");
  json_decref(csi_call(stage.controller, "DeleteVolume", NULL, "{s:s}", "volume_id", id));
  json_decref(reply);
}

/* Disks without iops of their own do not show that they are frozen: the cloud's refusal says it. */
static void a_hidden_freeze_is_refused_by_the_cloud(void **state)
{
  Stage stage = set_stage(*state, NULL);
  CsiVolume *volume = csi_create(stage.harness, stage.controller, "pvc-1", 10 * GIB, csi_block());
  set_disk(&stage, volume->id, "{\"frozen\":true}");
  expect_refusals(&stage, volume->id,
                  &(Refusals){.attach = "Ecs.0003",
                              .expand = "EVS.2144",
                              .delete = "EVS.2144",
                              .snapshot = "EVS.2144",
                              .clone = "EVS.2144"});
  assert_int_equal(sim_disk_count(stage.sim), 1);
  assert_int_equal(sim_snapshot_count(stage.sim), 0);
  set_disk(&stage, volume->id, "{\"frozen\":false}");
  csi_delete(volume, stage.controller);
}

static gboolean is_logged(void *data)
{
  const Stage *stage = data;
  g_autofree char *log = process_stderr(stage->controller->process);
  return strstr(log, "the deleted disk lies in the recycle bin") != NULL;
}

static void without_a_bin_a_delete_costs_one_call_for_its_policy(void **state)
{
  Stage stage = set_stage(*state, NULL);
  for (guint i = 0; i < DISKS; i++) {
    g_autofree char *name = g_strdup_printf("pvc-%u", i);
    CsiVolume *volume = csi_create(stage.harness, stage.controller, name, 10 * GIB, csi_block());
    csi_delete(volume, stage.controller);
  }
  assert_int_equal(sim_calls(stage.sim, "recycle.policy"), 1);
  assert_int_equal(sim_calls(stage.sim, "recycle.get"), 0);
  assert_false(is_logged(&stage));
}

static void switch_bin_on(const Stage *stage)
{
  static const EvsOperation set_policy = {.id = "recycle.set_policy",
                                          .what = "switch the recycle bin on",
                                          .service = EVS_SERVICE_EVS,
                                          .method = "PUT",
                                          .path = "/v3/{project}/recycle-bin-volumes/policy"};
  const EvsCall call = {.operation = &set_policy,
                        .body = "{\"switch\":true,\"threshold_time\":1,\"keep_time\":365}"};
  g_autoptr(EvsConfig) config = evs_config_load(stage->sim->cloud_config, NULL);
  assert_non_null(config);
  g_autoptr(EvsClient) client = evs_client_new(config, NULL);
  const EvsContext context = {.deadline_us = clock_deadline_in_ms(HARNESS_WAIT_MS)};
  g_autoptr(GError) error = NULL;
  json_t *answer = evs_api_call(client, &context, &call, &error);
  if (!answer)
    fail_msg("%s", error->message);
  json_decref(answer);
}

/* The simulator's bin takes disks that are a day old. */
static gboolean is_a_day_over(void *data)
{
  const gint64 *start_us = data;
  return clock_now_us() - *start_us > 2 * (G_GINT64_CONSTANT(86400) * G_USEC_PER_SEC / 100000);
}

static void a_delete_into_the_bin_is_logged(void **state)
{
  Stage stage = set_stage(*state, NULL);
  switch_bin_on(&stage);
  CsiVolume *volume = csi_create(stage.harness, stage.controller, "pvc-1", 10 * GIB, csi_block());
  gint64 start_us = clock_now_us();
  sim_send(stage.sim, "PUT", "/_sim/clock", "{\"speed\":100000}");
  assert_true(wait_until(is_a_day_over, &start_us, HARNESS_WAIT_MS));
  sim_send(stage.sim, "PUT", "/_sim/clock", "{\"speed\":1}");
  csi_delete(volume, stage.controller);
  assert_true(wait_until(is_logged, &stage, HARNESS_WAIT_MS));
  assert_int_equal(sim_calls(stage.sim, "recycle.policy"), 1);
  assert_int_equal(sim_calls(stage.sim, "recycle.get"), 1);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    STAGED(health_follows_the_disk),
    STAGED(health_is_listed_page_by_page),
    STAGED(without_its_gate_there_is_no_health),
    STAGED(what_only_a_person_ends_is_refused_with_the_reason),
    STAGED(a_hidden_freeze_is_refused_by_the_cloud),
    STAGED(without_a_bin_a_delete_costs_one_call_for_its_policy),
    STAGED(a_delete_into_the_bin_is_logged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
