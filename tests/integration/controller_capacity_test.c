/* GetCapacity against the simulator's quotas, types and zones. */
#include "tests/integration/controller_support.h"

#define ACCOUNTS                                                                                             \
  "{\"format\":1,\"cloud\":\"sim.test\",\"region\":\"sim-1\",\"zones\":["                                    \
  "{\"name\":\"sim-1a\",\"types\":[\"SAS\",\"SSD\",\"GPSSD\",\"ESSD\"],\"sold_out\":[\"SATA\"]},"            \
  "{\"name\":\"sim-1b\",\"types\":[\"SAS\",\"GPSSD\"],\"sold_out\":[\"SSD\"]}],\"accounts\":[{"              \
  "\"name\":\"alpha\",\"domain_id\":\"0123456789abcdef0123456789abcdef\",\"projects\":[{"                    \
  "\"id\":\"fedcba9876543210fedcba9876543210\",\"name\":\"sim-1\",\"quota\":" QUOTA "}],"                    \
  "\"users\":[{\"name\":\"csi\",\"password\":\"pw\",\"keys\":[{\"ak\":\"AKA\",\"sk\":\"SKA\"}],"             \
  "\"actions\":[\"*\"]}],\"agencies\":[],\"servers\":[]}]}"
#define QUOTA "{\"volumes\":100,\"gigabytes\":5000,\"snapshots\":10,\"gigabytes_SSD\":400,\"volumes_SAS\":0}"

#define PEBIBYTE ((gint64)1 << 50)

typedef struct {
  Sim *sim;
  Plugin *controller;
} Stage;

static Stage set_stage(Harness *harness, const char *accounts)
{
  const SimOptions options = {.accounts = accounts};
  Stage stage = {.sim = sim_start(harness, &options)};
  PluginOptions plugin = {0};
  g_autofree char *config = NULL;
  if (accounts) {
    g_autofree char *text =
      g_strdup_printf("[Global]\nregion=sim-1\ncloud=sim.test\naccess-key=AKA\nsecret-key=SKA\n"
                      "project-id=fedcba9876543210fedcba9876543210\nauth-url=%s/iam/v3\n"
                      "endpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\nendpoint-iam=%s/iam\n",
                      stage.sim->url, stage.sim->url, stage.sim->url, stage.sim->url);
    config = harness_write_file(harness, "cloud-config", text);
    plugin.cloud_config = config;
  }
  stage.controller = controller_start(harness, stage.sim, &plugin);
  return stage;
}

/* type, zone NULL: not asked. */
static json_t *capacity_request(const char *type, const char *zone)
{
  json_t *request = json_object();
  if (type)
    json_object_set_new(request, "parameters", json_pack("{s:s}", "type", type));
  if (zone)
    json_object_set_new(request, "accessible_topology",
                        json_pack("{s:{s:s}}", "segments", "topology.evs.csi.huaweicloud.com/zone", zone));
  return request;
}

static gint64 number(const json_t *value)
{
  return json_is_string(value) ? g_ascii_strtoll(json_string_value(value), NULL, 10)
                               : json_integer_value(value);
}

static void expect_capacity(const Stage *stage, json_t *request, gint64 bytes)
{
  json_t *reply = csi_call_json(stage->controller, "GetCapacity", request, CSI_TIMEOUT_MS, NULL);
  assert_int_equal(number(json_object_get(reply, "available_capacity")), bytes);
  assert_int_equal(number(json_object_get(reply, "maximum_volume_size")), 32768 * GIB);
  assert_int_equal(number(json_object_get(reply, "minimum_volume_size")), 10 * GIB);
  json_decref(reply);
}

static void the_least_quota_counts(void **state)
{
  Stage stage = set_stage(*state, ACCOUNTS);
  expect_capacity(&stage, capacity_request(NULL, NULL), 5000 * GIB);
  expect_capacity(&stage, capacity_request("GPSSD", "sim-1b"), 5000 * GIB);
  expect_capacity(&stage, capacity_request("SSD", NULL), 400 * GIB);
  expect_capacity(&stage, capacity_request("SSD", "sim-1a"), 400 * GIB);
  expect_capacity(&stage, capacity_request("SSD", "sim-1b"), 0);  /* sold out */
  expect_capacity(&stage, capacity_request("ESSD", "sim-1b"), 0); /* not offered */
  expect_capacity(&stage, capacity_request("SATA", NULL), 0);     /* sold out everywhere */
  expect_capacity(&stage, capacity_request("SAS", NULL), 0);      /* no disk of the type is left */
  expect_capacity(&stage, capacity_request("SSD", "moon-1"), 0);
  json_t *elsewhere = json_pack("{s:{s:{s:s}}}", "accessible_topology", "segments", "rack", "7");
  expect_capacity(&stage, elsewhere, 0);
  json_t *torn = capacity_request(NULL, "sim-1a");
  json_object_set_new(torn, "parameters", json_pack("{s:s}", "availability", "sim-1b"));
  expect_capacity(&stage, torn, 0);
  json_t *shared = capacity_request(NULL, NULL);
  json_object_set_new(shared, "volume_capabilities",
                      json_pack("[o]", csi_with_mode(csi_mount("ext4", NULL), "MULTI_NODE_MULTI_WRITER")));
  expect_capacity(&stage, shared, 0);
  csi_expect_error(
    stage.controller, "GetCapacity", capacity_request("GOLD", NULL), EVS_CODE_INVALID_ARGUMENT,
    "parameter 'type' is 'GOLD', which is no disk type; accepted: ESSD, GPSSD, SAS, SATA, SSD");
  json_t *unknown = json_pack("{s:{s:s}}", "parameters", "colour", "red");
  csi_expect_error(stage.controller, "GetCapacity", unknown, EVS_CODE_INVALID_ARGUMENT,
                   "parameter 'colour' is unknown");
  assert_int_equal(sim_calls(stage.sim, "7.3.1"), 1);
  assert_int_equal(sim_calls(stage.sim, "7.1.4"), 1);
}

static void unlimited_is_a_pebibyte(void **state)
{
  static const char accounts[] = ACCOUNTS;
  g_auto(GStrv) parts = g_strsplit(accounts, QUOTA, 2);
  g_autofree char *unlimited =
    g_strconcat(parts[0], "{\"volumes\":-1,\"gigabytes\":-1,\"gigabytes_SSD\":-1}", parts[1], NULL);
  Stage stage = set_stage(*state, unlimited);
  expect_capacity(&stage, capacity_request("SSD", NULL), PEBIBYTE);
}

enum { ASKERS = 32 };

static void a_storm_costs_one_call_each(void **state)
{
  Stage stage = set_stage(*state, NULL);
  char *delay = sim_fault(
    stage.sim, "{\"match\":{\"op\":\"7.3.1\"},\"times\":3,\"action\":{\"kind\":\"delay\",\"ms\":300}}");
  g_free(delay);
  Call calls[ASKERS] = {0};
  for (gsize i = 0; i < ASKERS; i++)
    calls[i] = (Call){.plugin = stage.controller,
                      .method = "GetCapacity",
                      .request = capacity_request(i % 2 ? "SSD" : "GPSSD", i % 3 ? "sim-1a" : "sim-1b")};
  calls_run(calls, ASKERS);
  for (gsize i = 0; i < ASKERS; i++) {
    call_assert_ok(&calls[i]);
    call_clear(&calls[i]);
  }
  assert_int_equal(sim_calls(stage.sim, "7.3.1"), 1);
  assert_int_equal(sim_calls(stage.sim, "7.1.4"), 1);
  assert_int_equal(sim_calls(stage.sim, "7.8.1"), 1);
}

/* The cloud fails: one call for any number of questions. What was read before is told on (unit test of the cache). */
static void an_outage_costs_one_call_a_minute(void **state)
{
  Harness *harness = *state;
  Stage stage = set_stage(harness, NULL);
  sim_reset_calls(stage.sim);
  char *fault = sim_fault(stage.sim, "{\"match\":{\"op\":\"7.3.1\"},\"action\":"
                                     "{\"kind\":\"status\",\"status\":503,\"code\":\"EVS.5503\"}}");
  for (int i = 0; i < ASKERS; i++)
    csi_expect_error(stage.controller, "GetCapacity", capacity_request(NULL, NULL), EVS_CODE_UNAVAILABLE,
                     "EVS.5503");
  assert_int_equal(sim_calls(stage.sim, "7.3.1"), 1);
  assert_int_equal(sim_calls(stage.sim, "7.1.4"), 0);
  g_free(fault);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_least_quota_counts, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(unlimited_is_a_pebibyte, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_storm_costs_one_call_each, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(an_outage_costs_one_call_a_minute, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
