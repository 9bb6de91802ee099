/* ControllerExpandVolume against the simulator: sizes, disks in use, quotas, lost answers, kills. */
#include "tests/integration/controller_support.h"

#define SLOW "{\"jobs\":{\"extendVolume\":{\"median_ms\":1500,\"sigma\":0}}}"

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller;
} Stage;

static Stage set_stage(Harness *harness, const SimOptions *options)
{
  Stage stage = {.harness = harness, .sim = sim_start(harness, options)};
  stage.controller = controller_start(harness, stage.sim, NULL);
  return stage;
}

static CsiVolume *create(const Stage *stage, json_t *capability)
{
  return csi_create(stage->harness, stage->controller, "pvc-1", 10 * GIB, capability);
}

static json_t *expand_request(const char *volume_id, gint64 required, gint64 limit, json_t *capability)
{
  return json_pack("{s:s, s:{s:I, s:I}, s:o}", "volume_id", volume_id, "capacity_range", "required_bytes",
                   (json_int_t)required, "limit_bytes", (json_int_t)limit, "volume_capability", capability);
}

static json_t *mount_request(const CsiVolume *volume, gint64 required)
{
  return expand_request(volume->id, required, 0, csi_mount("ext4", NULL));
}

static gint64 number(const json_t *value)
{
  return json_is_string(value) ? g_ascii_strtoll(json_string_value(value), NULL, 10)
                               : json_integer_value(value);
}

static void expand(const Stage *stage, json_t *request, gint64 capacity, gboolean node_must_act)
{
  json_t *reply = csi_call_json(stage->controller, "ControllerExpandVolume", request, CSI_TIMEOUT_MS, NULL);
  assert_int_equal(number(json_object_get(reply, "capacity_bytes")), capacity);
  assert_int_equal(json_is_true(json_object_get(reply, "node_expansion_required")), node_must_act);
  json_decref(reply);
}

static void refuse(const Stage *stage, json_t *request, EvsCode code, const char *text)
{
  csi_expect_error(stage->controller, "ControllerExpandVolume", request, code, text);
}

static void assert_size(const Stage *stage, const CsiVolume *volume, gint64 gib)
{
  json_t *disk = sim_disk(stage->sim, volume->id);
  assert_int_equal(json_integer_value(json_object_get(disk, "size")), gib);
  json_decref(disk);
}

static void sizes_are_rounded_and_never_shrink(void **state)
{
  Stage stage = set_stage(*state, NULL);
  CsiVolume *volume = create(&stage, csi_mount("ext4", NULL));
  expand(&stage, mount_request(volume, 10 * GIB + 1), 11 * GIB, TRUE);
  assert_size(&stage, volume, 11);
  assert_int_equal(sim_calls(stage.sim, "6.1.5"), 1);

  sim_reset_calls(stage.sim);
  expand(&stage, mount_request(volume, 10 * GIB + 1), 11 * GIB, TRUE);
  expand(&stage, mount_request(volume, 1), 11 * GIB, TRUE);
  expand(&stage, expand_request(volume->id, 11 * GIB, 11 * GIB, csi_block()), 11 * GIB, FALSE);
  assert_calls_at_most(stage.sim, NULL, 3);
  assert_int_equal(sim_calls(stage.sim, "6.1.4"), 3);

  refuse(&stage, expand_request(volume->id, 1, 10 * GIB, csi_block()), EVS_CODE_OUT_OF_RANGE,
         "allows 10 GiB, but the disk has 11 GiB already; a disk never shrinks");
  refuse(&stage, expand_request(volume->id, 11 * GIB + 1, 12 * GIB - 1, csi_block()), EVS_CODE_OUT_OF_RANGE,
         "the smallest disk for this request has 12 GiB");
  refuse(&stage, mount_request(volume, 32768 * GIB + 1), EVS_CODE_OUT_OF_RANGE,
         "a disk has from 10 to 32768 GiB");
  refuse(&stage, mount_request(volume, 0), EVS_CODE_INVALID_ARGUMENT, "field 'capacity_range' is missing");
  refuse(&stage, json_pack("{s:s}", "volume_id", volume->id), EVS_CODE_INVALID_ARGUMENT,
         "field 'capacity_range' is missing");
  refuse(&stage, expand_request("", GIB, 0, csi_block()), EVS_CODE_INVALID_ARGUMENT,
         "field 'volume_id' is empty");
  refuse(&stage, expand_request(NOBODY, GIB, 0, csi_block()), EVS_CODE_NOT_FOUND, "");
  refuse(&stage, expand_request("none", GIB, 0, csi_block()), EVS_CODE_NOT_FOUND, "'none' does not exist");
  assert_int_equal(sim_calls(stage.sim, "6.1.5"), 0);
  assert_size(&stage, volume, 11);
}

static char *server_of(const Stage *stage)
{
  json_t *server = sim_server(stage->sim, 0);
  char *id = g_strdup(json_string_value(json_object_get(server, "id")));
  json_decref(server);
  return id;
}

static void attach(const Stage *stage, const char *volume_id, const char *server_id, json_t *capability)
{
  json_decref(csi_call(stage->controller, "ControllerPublishVolume", NULL, "{s:s, s:s, s:o}", "volume_id",
                       volume_id, "node_id", server_id, "volume_capability", capability));
}

static void disks_in_use_grow_while_their_server_allows(void **state)
{
  Stage stage = set_stage(*state, NULL);
  CsiVolume *volume = create(&stage, csi_mount("ext4", NULL));
  g_autofree char *server_id = server_of(&stage);
  attach(&stage, volume->id, server_id, csi_mount("ext4", NULL));
  expand(&stage, mount_request(volume, 12 * GIB), 12 * GIB, TRUE);
  json_t *disk = sim_disk(stage.sim, volume->id);
  assert_string_equal(json_string_value(json_object_get(disk, "status")), "in-use");
  json_decref(disk);

  g_autofree char *path = g_strconcat("/_sim/servers/", server_id, NULL);
  sim_send(stage.sim, "PUT", path, "{\"status\":\"REBOOT\"}");
  g_autofree char *text = g_strdup_printf("server '%s' (REBOOT) does not let its disks grow in this state; "
                                          "accepted: ACTIVE, PAUSED, SUSPENDED, SHUTOFF",
                                          server_id);
  refuse(&stage, mount_request(volume, 13 * GIB), EVS_CODE_FAILED_PRECONDITION, text);
  sim_send(stage.sim, "PUT", path, "{\"status\":\"SHUTOFF\"}");
  expand(&stage, mount_request(volume, 13 * GIB), 13 * GIB, TRUE);
}

static void shared_disks_grow_only_while_available(void **state)
{
  Stage stage = set_stage(*state, NULL);
  json_t *shared = csi_with_mode(csi_block(), "MULTI_NODE_MULTI_WRITER");
  json_t *request = csi_create_request("pvc-shared", 10 * GIB, json_incref(shared));
  json_object_set_new(request, "parameters", json_pack("{s:s}", "multiattach", "true"));
  json_t *reply = csi_call_json(stage.controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  const char *id = json_string_value(json_object_get(json_object_get(reply, "volume"), "volume_id"));
  g_autofree char *server_id = server_of(&stage);
  attach(&stage, id, server_id, json_incref(shared));
  sim_reset_calls(stage.sim);
  refuse(&stage, expand_request(id, 11 * GIB, 0, json_incref(shared)), EVS_CODE_FAILED_PRECONDITION,
         "is shared (multiattach) and in use by server '");
  assert_int_equal(sim_calls(stage.sim, "6.1.5"), 0);
  json_decref(csi_call(stage.controller, "ControllerUnpublishVolume", NULL, "{s:s}", "volume_id", id));
  expand(&stage, expand_request(id, 11 * GIB, 0, shared), 11 * GIB, FALSE);
  json_decref(reply);
}

static void quota_is_resource_exhausted(void **state)
{
  Stage stage = set_stage(*state, NULL);
  CsiVolume *volume = create(&stage, csi_mount("ext4", NULL));
  g_free(sim_fault(stage.sim, "{\"match\":{\"op\":\"6.1.5\"},\"action\":{\"kind\":\"status\",\"status\":400,"
                              "\"code\":\"EVS.1042\",\"shape\":\"error\"}}"));
  refuse(&stage, mount_request(volume, 20 * GIB), EVS_CODE_RESOURCE_EXHAUSTED, "EVS.1042");
  assert_size(&stage, volume, 10);
}

static void a_running_expansion_is_joined_or_aborted(void **state)
{
  const SimOptions options = {.profile = SLOW};
  Stage stage = set_stage(*state, &options);
  CsiVolume *volume = create(&stage, csi_mount("ext4", NULL));
  Call calls[] = {{.plugin = stage.controller,
                   .method = "ControllerExpandVolume",
                   .request = mount_request(volume, 20 * GIB)},
                  {.plugin = stage.controller,
                   .method = "ControllerExpandVolume",
                   .request = mount_request(volume, 20 * GIB)}};
  CallRun *runs[] = {call_begin(&calls[0]), call_begin(&calls[1])};
  await_calls(stage.sim, "6.1.5", 1);
  refuse(&stage, mount_request(volume, 30 * GIB), EVS_CODE_ABORTED, "ControllerExpandVolume");
  g_autoptr(GError) error = NULL;
  assert_null(
    csi_call_json(stage.controller, "ControllerExpandVolume", mount_request(volume, 20 * GIB), 300, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
    call_await(runs[i]);
    call_assert_ok(&calls[i]);
    call_clear(&calls[i]);
  }
  assert_int_equal(sim_calls(stage.sim, "6.1.5"), 1);
  assert_size(&stage, volume, 20);
}

static void a_killed_controller_finds_its_expansion(void **state)
{
  const SimOptions options = {.profile = SLOW};
  Stage stage = set_stage(*state, &options);
  CsiVolume *volume = create(&stage, csi_mount("ext4", NULL));
  Call call = {.plugin = stage.controller,
               .method = "ControllerExpandVolume",
               .request = mount_request(volume, 20 * GIB)};
  CallRun *run = call_begin(&call);
  await_calls(stage.sim, "6.1.5", 1);
  sim_wait_disk_status(stage.sim, volume->id, "extending");
  process_kill(stage.controller->process);
  call_await(run);
  call_clear(&call);
  const PluginOptions again = {.same_as = stage.controller};
  stage.controller = controller_start(stage.harness, stage.sim, &again);
  expand(&stage, mount_request(volume, 20 * GIB), 20 * GIB, TRUE);
  assert_int_equal(sim_calls(stage.sim, "6.1.5"), 1);
}

static void a_lost_answer_is_no_second_expansion(void **state)
{
  Stage stage = set_stage(*state, NULL);
  CsiVolume *volume = create(&stage, csi_mount("ext4", NULL));
  g_free(sim_fault(stage.sim,
                   "{\"match\":{\"op\":\"6.1.5\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":"
                   "\"after\"}}"));
  expand(&stage, mount_request(volume, 20 * GIB), 20 * GIB, TRUE);
  assert_size(&stage, volume, 20);
  assert_int_equal(sim_calls(stage.sim, "6.1.5"), 1);
}

static void a_failed_expansion_is_told(void **state)
{
  Stage stage = set_stage(*state, NULL);
  CsiVolume *volume = create(&stage, csi_mount("ext4", NULL));
  g_free(sim_fault(stage.sim,
                   "{\"match\":{\"op\":\"6.1.5\"},\"times\":1,\"action\":{\"kind\":\"job\",\"result\":"
                   "\"FAIL\",\"code\":\"EVS.2026\"}}"));
  refuse(&stage, mount_request(volume, 20 * GIB), EVS_CODE_INTERNAL, "expanding disk '");
  refuse(&stage, mount_request(volume, 20 * GIB), EVS_CODE_FAILED_PRECONDITION,
         "its status is 'error_extending'");
  assert_size(&stage, volume, 10);
  expand(&stage, mount_request(volume, 10 * GIB), 10 * GIB, TRUE);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    STAGED(sizes_are_rounded_and_never_shrink),       STAGED(disks_in_use_grow_while_their_server_allows),
    STAGED(shared_disks_grow_only_while_available),   STAGED(quota_is_resource_exhausted),
    STAGED(a_running_expansion_is_joined_or_aborted), STAGED(a_killed_controller_finds_its_expansion),
    STAGED(a_lost_answer_is_no_second_expansion),     STAGED(a_failed_expansion_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
