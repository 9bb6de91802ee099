/* ControllerModifyVolume and mutable parameters at create, against the simulator: ranges, idempotence, retype. */
#include "tests/integration/controller_support.h"

#define SLOW                                                                                                 \
  "{\"jobs\":{\"retypeVolume\":{\"median_ms\":1500,\"sigma\":0},\"modifyVolumeQos\":{\"median_ms\":1000,"    \
  "\"sigma\":0}}}"

#define HOURS "{\"jobs\":{\"retypeVolume\":{\"median_ms\":7200000,\"sigma\":0}}}"

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller;
  char *volume_id;
} Stage;

static void drop_stage(void *data)
{
  Stage *stage = data;
  g_free(stage->volume_id);
  g_free(stage);
}

/* With a disk of 100 GiB made of these parameters and mutable parameters (taken over; may be NULL). */
static Stage *set_stage(Harness *harness, const char *profile, const char *option, json_t *parameters,
                        json_t *mutable_parameters)
{
  Stage *stage = g_new0(Stage, 1);
  harness_at_end(harness, drop_stage, stage);
  const SimOptions options = {.profile = profile};
  const char *const extra[] = {option, NULL};
  const PluginOptions plugin = {.extra = extra};
  stage->harness = harness;
  stage->sim = sim_start(harness, &options);
  stage->controller = controller_start(harness, stage->sim, &plugin);
  json_t *request = csi_create_request("pvc-1", 100 * GIB, csi_block());
  if (parameters)
    json_object_set_new(request, "parameters", parameters);
  if (mutable_parameters)
    json_object_set_new(request, "mutable_parameters", mutable_parameters);
  json_t *reply = csi_call_json(stage->controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  stage->volume_id =
    g_strdup(json_string_value(json_object_get(json_object_get(reply, "volume"), "volume_id")));
  json_decref(reply);
  sim_reset_calls(stage->sim);
  return stage;
}

static json_t *gpssd2(void)
{
  return json_pack("{s:s, s:s, s:s}", "type", "GPSSD2", "iops", "3000", "throughput", "125");
}

static json_t *modify_request(const char *volume_id, json_t *mutable_parameters)
{
  return json_pack("{s:s, s:o}", "volume_id", volume_id, "mutable_parameters", mutable_parameters);
}

static void modify(const Stage *stage, json_t *mutable_parameters)
{
  json_decref(csi_call_json(stage->controller, "ControllerModifyVolume",
                            modify_request(stage->volume_id, mutable_parameters), CSI_TIMEOUT_MS, NULL));
}

static void refuse(const Stage *stage, json_t *mutable_parameters, EvsCode code, const char *text)
{
  csi_expect_error(stage->controller, "ControllerModifyVolume",
                   modify_request(stage->volume_id, mutable_parameters), code, text);
}

/* The live disk serves exactly these mutable parameters (taken over)? */
static void expect_confirmed(const Stage *stage, json_t *mutable_parameters, gboolean confirmed)
{
  json_t *reply =
    csi_call(stage->controller, "ValidateVolumeCapabilities", NULL, "{s:s, s:[o], s:o}", "volume_id",
             stage->volume_id, "volume_capabilities", csi_block(), "mutable_parameters", mutable_parameters);
  assert_int_equal(json_object_get(reply, "confirmed") != NULL, confirmed);
  json_decref(reply);
}

static void performance_is_changed_once(void **state)
{
  Stage *stage = set_stage(*state, NULL, NULL, gpssd2(), NULL);
  modify(stage, json_pack("{s:s}", "iops", "6000"));
  assert_int_equal(sim_calls(stage->sim, "6.1.13"), 1);
  expect_confirmed(stage, json_pack("{s:s, s:s}", "iops", "6000", "throughput", "125"), TRUE);
  expect_confirmed(stage, json_pack("{s:s}", "iops", "3000"), FALSE);
  modify(stage, json_pack("{s:s, s:s, s:s}", "throughput", "300", "iops", "8000",
                          "csi.storage.k8s.io/pvc/name", "data"));
  assert_int_equal(sim_calls(stage->sim, "6.1.13"), 2);

  sim_reset_calls(stage->sim);
  modify(stage, json_pack("{s:s, s:s, s:s}", "throughput", "300", "iops", "8000", "type", "GPSSD2"));
  modify(stage, json_object());
  assert_calls_at_most(stage->sim, NULL, 2);
  assert_int_equal(sim_calls(stage->sim, "6.1.4"), 2);
}

static void values_are_checked_before_the_call(void **state)
{
  Stage *stage = set_stage(*state, NULL, NULL, gpssd2(), NULL);
  const struct {
    const char *key, *value, *text;
  } rows[] = {
    {"iops", "2999",
     "parameter 'iops' is out of range; disk type 'GPSSD2' of this size and speed accepts 3000 to 50000"},
    {"iops", "50001", "accepts 3000 to 50000"},
    {"throughput", "751",
     "parameter 'throughput' is out of range; disk type 'GPSSD2' of this size and speed accepts "
     "125 to 750"},
    {"throughput", "fast", "mutable parameter 'throughput' is 'fast'; accepted: a whole number of MiB/s"},
    {"colour", "red",
     "mutable parameter 'colour' is unknown; accepted: type, iops, throughput, csi.storage.k8s.io/*"},
    {"kmsId", NOBODY, "mutable parameter 'kmsId' is unknown"},
    {"type", "SSD", "the driver changes types only with option '--enable-retype'"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    refuse(stage, json_pack("{s:s}", rows[i].key, rows[i].value), EVS_CODE_INVALID_ARGUMENT, rows[i].text);
  csi_expect_error(stage->controller, "ControllerModifyVolume", modify_request("", json_object()),
                   EVS_CODE_INVALID_ARGUMENT, "field 'volume_id' is empty");
  csi_expect_error(stage->controller, "ControllerModifyVolume", modify_request(NOBODY, json_object()),
                   EVS_CODE_NOT_FOUND, "");
  assert_int_equal(sim_calls(stage->sim, "6.1.13"), 0);
  assert_int_equal(sim_calls(stage->sim, "retype"), 0);
}

static void other_types_have_no_performance_to_change(void **state)
{
  Stage *stage = set_stage(*state, NULL, NULL, json_pack("{s:s}", "type", "SSD"), NULL);
  refuse(stage, json_pack("{s:s}", "iops", "6000"), EVS_CODE_INVALID_ARGUMENT,
         "parameter 'iops' is not accepted for disk type 'SSD'");
}

static void mutable_parameters_count_at_create(void **state)
{
  Stage *stage =
    set_stage(*state, NULL, NULL, gpssd2(), json_pack("{s:s, s:s}", "iops", "4000", "throughput", "200"));
  expect_confirmed(stage, json_pack("{s:s, s:s, s:s}", "type", "GPSSD2", "iops", "4000", "throughput", "200"),
                   TRUE);
  json_t *request = csi_create_request("pvc-2", 10 * GIB, csi_block());
  json_object_set_new(request, "mutable_parameters", json_pack("{s:s}", "iops", "4000"));
  json_object_set_new(request, "parameters", json_pack("{s:s}", "type", "SSD"));
  csi_expect_error(stage->controller, "CreateVolume", request, EVS_CODE_INVALID_ARGUMENT,
                   "parameter 'iops' is not accepted for disk type 'SSD'");
}

typedef struct {
  const Stage *stage;
  const char *key, *value;
} Wish;

/* TRUE once the call works; until then it must be ABORTED. */
static gboolean is_modified(void *data)
{
  const Wish *wish = data;
  g_autoptr(GError) error = NULL;
  json_decref(
    csi_call_json(wish->stage->controller, "ControllerModifyVolume",
                  modify_request(wish->stage->volume_id, json_pack("{s:s}", wish->key, wish->value)),
                  CSI_TIMEOUT_MS, &error));
  if (error)
    assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  return !error;
}

static void await_modified(const Stage *stage, const char *key, const char *value)
{
  Wish wish = {stage, key, value};
  assert_true(wait_until(is_modified, &wish, HARNESS_WAIT_MS));
}

static void a_lost_answer_is_looked_after(void **state)
{
  Stage *stage = set_stage(*state, SLOW, NULL, gpssd2(), NULL);
  g_free(sim_fault(stage->sim,
                   "{\"match\":{\"op\":\"6.1.13\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":"
                   "\"after\"}}"));
  await_modified(stage, "iops", "6000");
  expect_confirmed(stage, json_pack("{s:s}", "iops", "6000"), TRUE);
}

static void retype_runs_in_the_background(void **state)
{
  Stage *stage = set_stage(*state, SLOW, "--enable-retype", json_pack("{s:s}", "type", "SAS"), NULL);
  g_autoptr(GError) error = NULL;
  assert_null(csi_call_json(stage->controller, "ControllerModifyVolume",
                            modify_request(stage->volume_id, json_pack("{s:s}", "type", "SSD")), 600,
                            &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  if (!strstr(error->message, "retypeVolume job"))
    fail_msg("the text is '%s'", error->message);
  modify(stage, json_pack("{s:s}", "type", "SSD"));
  assert_int_equal(sim_calls(stage->sim, "retype"), 1);
  expect_confirmed(stage, json_pack("{s:s}", "type", "SSD"), TRUE);
  modify(stage, json_pack("{s:s}", "type", "SSD"));
  assert_int_equal(sim_calls(stage->sim, "retype"), 1);
  refuse(stage, json_pack("{s:s}", "type", "SAS"), EVS_CODE_INVALID_ARGUMENT, "EVS.2087");
}

/* A CreateVolume that is repeated after the change names the old type, or the new one; a third one differs. */
static void a_repeated_create_knows_both_types(void **state)
{
  Stage *stage = set_stage(*state, NULL, "--enable-retype", json_pack("{s:s}", "type", "SAS"), NULL);
  modify(stage, json_pack("{s:s}", "type", "SSD"));
  json_t *request = csi_create_request("pvc-1", 100 * GIB, csi_block());
  static const char *const types[] = {"SAS", "SSD"};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    json_object_set_new(request, "parameters", json_pack("{s:s}", "type", types[i]));
    json_t *reply =
      csi_call_json(stage->controller, "CreateVolume", json_deep_copy(request), CSI_TIMEOUT_MS, NULL);
    assert_string_equal(json_string_value(json_object_get(json_object_get(reply, "volume"), "volume_id")),
                        stage->volume_id);
    json_decref(reply);
  }
  json_object_set_new(request, "parameters", json_pack("{s:s}", "type", "ESSD"));
  csi_expect_error(stage->controller, "CreateVolume", request, EVS_CODE_ALREADY_EXISTS,
                   "with another type: it has 'SSD', the request wants 'ESSD'");
  assert_int_equal(sim_calls(stage->sim, "6.1.1"), 0);
  assert_int_equal(sim_disk_count(stage->sim), 1);
}

static void a_killed_controller_does_not_start_a_second_retype(void **state)
{
  Stage *stage = set_stage(*state, HOURS, "--enable-retype", json_pack("{s:s}", "type", "SAS"), NULL);
  Call call = {.plugin = stage->controller,
               .method = "ControllerModifyVolume",
               .request = modify_request(stage->volume_id, json_pack("{s:s}", "type", "SSD"))};
  CallRun *run = call_begin(&call);
  await_calls(stage->sim, "retype", 1);
  process_kill(stage->controller->process);
  call_await(run);
  call_clear(&call);
  const char *const extra[] = {"--enable-retype", NULL};
  const PluginOptions again = {.same_as = stage->controller, .extra = extra};
  stage->controller = controller_start(stage->harness, stage->sim, &again);
  refuse(stage, json_pack("{s:s}", "type", "SSD"), EVS_CODE_ABORTED, "another change of the disk runs");
  sim_send(stage->sim, "PUT", "/_sim/clock", "{\"speed\":10000}");
  await_modified(stage, "type", "SSD");
  expect_confirmed(stage, json_pack("{s:s}", "type", "SSD"), TRUE);
}

static void retype_takes_performance_along(void **state)
{
  Stage *stage = set_stage(*state, NULL, "--enable-retype", json_pack("{s:s}", "type", "SAS"), NULL);
  refuse(stage, json_pack("{s:s}", "type", "GPSSD2"), EVS_CODE_INVALID_ARGUMENT,
         "parameter 'iops' is missing; disk type 'GPSSD2'");
  modify(stage, json_pack("{s:s, s:s, s:s}", "type", "GPSSD2", "iops", "5000", "throughput", "150"));
  expect_confirmed(stage, json_pack("{s:s, s:s, s:s}", "type", "GPSSD2", "iops", "5000", "throughput", "150"),
                   TRUE);
  assert_int_equal(sim_calls(stage->sim, "6.1.13"), 0);
  assert_int_equal(sim_calls(stage->sim, "retype"), 1);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    STAGED(performance_is_changed_once),
    STAGED(values_are_checked_before_the_call),
    STAGED(other_types_have_no_performance_to_change),
    STAGED(mutable_parameters_count_at_create),
    STAGED(a_lost_answer_is_looked_after),
    STAGED(retype_runs_in_the_background),
    STAGED(a_repeated_create_knows_both_types),
    STAGED(a_killed_controller_does_not_start_a_second_retype),
    STAGED(retype_takes_performance_along),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
