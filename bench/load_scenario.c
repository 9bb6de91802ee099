/* rpc: calls per second of methods that do next to nothing. memory: what a process holds before and after many. */
#include "bench/bench.h"

#include "base/clock.h"

static const guint widths[] = {1, 64};
enum { SEQUENTIAL_SHARE = 4 }; /* one at a time is slower: that part of the calls is enough */

/* Probe is answered by every driver without work; NodeGetInfo by a worker of a pool, where there are such. */
static const struct {
  const char *name, *path;
  gboolean node_only;
} methods[] = {
  {"Probe", "/csi.v1.Identity/Probe", FALSE},
  {"NodeGetInfo", "/csi.v1.Node/NodeGetInfo", TRUE},
};

static gboolean measure(RpcClient *client, const char *path, guint calls, guint width, double *ret_per_second,
                        GError **error)
{
  gint64 elapsed_us;
  guint failed;
  if (!rpc_client_load(client, path, NULL, 0, calls, width, &elapsed_us, &failed, error))
    return FALSE;
  if (failed)
    return evs_error_set(error, EVS_CODE_INTERNAL, "%s: %u of %u calls failed", path, failed, calls);
  *ret_per_second = calls * 1e6 / (double)MAX(elapsed_us, 1);
  return TRUE;
}

static gboolean measure_plugin(RpcClient *client, const char *name, gboolean is_node, guint calls,
                               json_t *figures, GError **error)
{
  for (gsize m = 0; m < G_N_ELEMENTS(methods); m++)
    for (gsize w = 0; w < G_N_ELEMENTS(widths) && (is_node || !methods[m].node_only); w++) {
      double per_second;
      guint count = widths[w] == 1 ? MAX(calls / SEQUENTIAL_SHARE, 1) : calls;
      if (!measure(client, methods[m].path, count, widths[w], &per_second, error))
        return FALSE;
      g_autofree char *key =
        g_strdup_printf("%s %s, %u in flight, calls/s", name, methods[m].name, widths[w]);
      json_object_set_new(figures, key, json_real(per_second));
    }
  return TRUE;
}

json_t *scenario_run_rpc(Bench *bench, const Scenario *scenario, GError **error)
{
  json_t *figures = json_object();
  ProcessWatch *watch = process_watch_start(bench->options->pids, bench->options->n_pids);
  gboolean success =
    !bench->node || measure_plugin(bench->node, "node", TRUE, scenario->count, figures, error);
  if (success && bench->n_controllers)
    success = measure_plugin(bench->controllers[0][0], "controller", FALSE, scenario->count, figures, error);
  json_t *row = json_pack("{s:o, s:o}", "figures", figures, "processes", process_watch_stop(watch));
  if (!success)
    g_clear_pointer(&row, json_decref);
  return row;
}

json_t *scenario_run_memory(Bench *bench, const Scenario *scenario, GError **error)
{
  ProcessWatch *watch = process_watch_start(bench->options->pids, bench->options->n_pids);
  double per_second;
  gboolean success = TRUE;
  if (bench->node)
    success =
      measure(bench->node, methods[0].path, scenario->count / 2, 64, &per_second, error) &&
      measure(bench->node, methods[1].path, scenario->count - scenario->count / 2, 64, &per_second, error);
  for (guint i = 0; success && i < bench->n_controllers; i++)
    success = measure(bench->controllers[i][0], methods[0].path, scenario->count, 64, &per_second, error);
  clock_sleep_until(clock_deadline_in_ms(bench->options->settle_s * 1000));
  json_t *processes = process_watch_stop(watch);
  double anonymous_kb =
    json_number_value(json_object_get(json_array_get(processes, 0), "anonymous_after_kb"));
  json_t *row = json_pack("{s:{s:i}, s:o}", "figures", "calls", (int)scenario->count, "processes", processes);
  if (json_array_size(processes))
    json_object_set_new(json_object_get(row, "figures"), "anonymous after, MB",
                        json_real(anonymous_kb / 1024));
  if (!success)
    g_clear_pointer(&row, json_decref);
  return row;
}
