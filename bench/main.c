/* evs-bench: measures CSI drivers by acting like Kubernetes' sidecars. docs/performance.md says how to use it. */
#include "bench/bench.h"
#include "bench/goals.h"
#include "bench/table.h"

#include <signal.h>
#include <version.h>

enum { EXIT_USAGE = 2, RESULT_FORMAT = 1 };

static json_t *(*const runners[])(Bench *bench, const Scenario *scenario, GError **error) = {
  [SCENARIO_CREATE] = scenario_run_cloud,
  [SCENARIO_ATTACH] = scenario_run_cloud,
  [SCENARIO_DETACH_DELETE] = scenario_run_cloud,
  [SCENARIO_SNAPSHOT] = scenario_run_cloud,
  [SCENARIO_MIX] = scenario_run_cloud,
  [SCENARIO_NODE] = scenario_run_node,
  [SCENARIO_RPC] = scenario_run_rpc,
  [SCENARIO_STARTUP] = scenario_run_startup,
  [SCENARIO_MEMORY] = scenario_run_memory,
};

/* Who was measured: {"name","version"}; empty if nobody answers. */
static json_t *driver_of(const Bench *bench)
{
  Csi__V1__GetPluginInfoRequest request = CSI__V1__GET_PLUGIN_INFO_REQUEST__INIT;
  RpcClient *client = bench->n_controllers ? bench->controllers[0][0] : bench->node;
  ProtobufCMessage *reply = client ? rpc_client_call(client, &csi__v1__identity__descriptor, "GetPluginInfo",
                                                     &request.base, bench->options->timeout_ms, NULL)
                                   : NULL;
  if (!reply)
    return json_object();
  const Csi__V1__GetPluginInfoResponse *info = (Csi__V1__GetPluginInfoResponse *)reply;
  json_t *driver = json_pack("{s:s, s:s}", "name", info->name, "version", info->vendor_version);
  protobuf_c_message_free_unpacked(reply, NULL);
  return driver;
}

static json_t *measure(const Options *options, GError **error)
{
  g_autoptr(Bench) bench = bench_new(options, error);
  if (!bench)
    return NULL;
  json_t *rows = json_array();
  json_t *result = json_pack("{s:i, s:I, s:o, s:o}", "format", RESULT_FORMAT, "seed",
                             (json_int_t)options->seed, "driver", driver_of(bench), "scenarios", rows);
  gboolean success = TRUE;
  for (guint i = 0; success && i < options->scenarios->len; i++) {
    const Scenario *scenario = g_ptr_array_index(options->scenarios, i);
    json_t *row = runners[scenario->kind](bench, scenario, error);
    success = row != NULL;
    if (!success) {
      g_prefix_error(error, "%s: ", scenario->text);
      break;
    }
    json_object_set_new(row, "scenario", json_string(scenario->text));
    json_array_append_new(rows, row);
  }
  if (success && !options->keep)
    success = stock_clear(bench, error);
  if (!success)
    g_clear_pointer(&result, json_decref);
  return result;
}

static gboolean finish(const Options *options, const json_t *result, GError **error)
{
  g_autofree char *table = table_render(result);
  g_autofree char *goals = options->goals ? goals_render(result, NULL) : g_strdup("");
  fputs(table, stdout);
  fputs(goals, stdout);
  fflush(stdout);
  if (options->json && json_dump_file(result, options->json, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) != 0)
    return evs_error_set(error, EVS_CODE_INTERNAL, "cannot write '%s'", options->json);
  return TRUE;
}

int main(int argc, char **argv)
{
  g_auto(Options) options = {0};
  g_autoptr(GError) error = NULL;
  signal(SIGPIPE, SIG_IGN);
  if (!options_parse(argc, argv, &options, &error)) {
    fprintf(stderr, "evs-bench: %s\n", error->message);
    return EXIT_USAGE;
  }
  if (options.version) {
    printf("evs-bench %s\n", EVS_VERSION);
    return EXIT_SUCCESS;
  }
  json_t *result = options.merge ? table_merge(options.merge, &error) : measure(&options, &error);
  gboolean success = result && finish(&options, result, &error);
  json_decref(result);
  if (!success)
    fprintf(stderr, "evs-bench: %s\n", error->message);
  return success ? EXIT_SUCCESS : EXIT_FAILURE;
}
