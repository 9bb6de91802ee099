/* rpc: calls per second of methods that do next to nothing. memory: what a process holds before and after many. */
#include "bench/bench.h"

#include "base/clock.h"
#include "rpc/client_load.h"

/* How many calls are under way, and over how many connections. */
static const struct {
  guint in_flight, connections;
} widths[] = {{1, 1}, {64, 1}, {64, 2}, {64, 4}};
enum { SEQUENTIAL_SHARE = 4, WIDE = 64 }; /* one at a time is slower: that part of the calls is enough */

/* Probe is answered by every driver without work; NodeGetInfo by a worker of a pool, where there are such. */
static const struct {
  const char *name, *path;
  gboolean node_only;
} methods[] = {
  {"Probe", "/csi.v1.Identity/Probe", FALSE},
  {"NodeGetInfo", "/csi.v1.Node/NodeGetInfo", TRUE},
};

static gboolean measure(const RpcLoad *load, double *ret_per_second, GError **error)
{
  gint64 elapsed_us;
  guint failed;
  if (!rpc_load_run(load, &elapsed_us, &failed, error))
    return FALSE;
  if (failed)
    return evs_error_set(error, EVS_CODE_INTERNAL, "%s: %u of %u calls failed", load->path, failed,
                         load->calls);
  *ret_per_second = load->calls * 1e6 / (double)MAX(elapsed_us, 1);
  return TRUE;
}

/* "node Probe, 64 in flight over 4 connections, calls/s" */
static char *figure_name(const char *plugin, const char *method, const RpcLoad *load)
{
  g_autofree char *over =
    load->connections > 1 ? g_strdup_printf(" over %u connections", load->connections) : g_strdup("");
  return g_strdup_printf("%s %s, %u in flight%s, calls/s", plugin, method, load->in_flight, over);
}

static gboolean measure_plugin(const char *endpoint, const char *name, gboolean is_node, guint calls,
                               json_t *figures, GError **error)
{
  for (gsize m = 0; m < G_N_ELEMENTS(methods); m++)
    for (gsize w = 0; w < G_N_ELEMENTS(widths) && (is_node || !methods[m].node_only); w++) {
      RpcLoad load = {.endpoint = endpoint,
                      .path = methods[m].path,
                      .calls = widths[w].in_flight == 1 ? MAX(calls / SEQUENTIAL_SHARE, 1) : calls,
                      .in_flight = widths[w].in_flight,
                      .connections = widths[w].connections};
      double per_second;
      if (!measure(&load, &per_second, error))
        return FALSE;
      g_autofree char *key = figure_name(name, methods[m].name, &load);
      json_object_set_new(figures, key, json_real(per_second));
    }
  return TRUE;
}

json_t *scenario_run_rpc(Bench *bench, const Scenario *scenario, GError **error)
{
  json_t *figures = json_object();
  ProcessWatch *watch = process_watch_start(bench->options->pids, bench->options->n_pids);
  gboolean success =
    !bench->node || measure_plugin(bench->options->node, "node", TRUE, scenario->count, figures, error);
  if (success && bench->n_controllers)
    success =
      measure_plugin(bench->options->controllers[0], "controller", FALSE, scenario->count, figures, error);
  json_t *row = json_pack("{s:o, s:o}", "figures", figures, "processes", process_watch_stop(watch));
  if (!success)
    g_clear_pointer(&row, json_decref);
  return row;
}

static gboolean call_often(const char *endpoint, const char *path, guint calls, GError **error)
{
  double per_second;
  RpcLoad load = {.endpoint = endpoint, .path = path, .calls = calls, .in_flight = WIDE, .connections = 1};
  return measure(&load, &per_second, error);
}

json_t *scenario_run_memory(Bench *bench, const Scenario *scenario, GError **error)
{
  ProcessWatch *watch = process_watch_start(bench->options->pids, bench->options->n_pids);
  gboolean success = TRUE;
  guint half = scenario->count / 2;
  if (bench->node)
    success = call_often(bench->options->node, methods[0].path, half, error) &&
              call_often(bench->options->node, methods[1].path, scenario->count - half, error);
  for (guint i = 0; success && i < bench->n_controllers; i++)
    success = call_often(bench->options->controllers[i], methods[0].path, scenario->count, error);
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
