#include "bench/goals.h"

#include <string.h>

enum { PATH_DEPTH = 3 };

typedef struct {
  const char *scenario; /* begins so */
  const char *path[PATH_DEPTH];
  const char *label;
  double limit;
  gboolean at_least; /* else at most */
} Goal;

#define LAG_P50                                                                                              \
  {                                                                                                          \
    "lag_ms", "all", "p50_ms"                                                                                \
  }
#define LAG_P99                                                                                              \
  {                                                                                                          \
    "lag_ms", "all", "p99_ms"                                                                                \
  }
#define CALLS                                                                                                \
  {                                                                                                          \
    "cloud_calls", "per_object"                                                                              \
  }
#define FAILURES                                                                                             \
  {                                                                                                          \
    "failures", "total"                                                                                      \
  }

static const Goal goals[] = {
  {"create:", {"ratio"}, "time / oracle", 1.10, FALSE},
  {"create:", CALLS, "cloud calls per disk", 1.4, FALSE},
  {"create:", LAG_P50, "lag p50, ms", 300, FALSE},
  {"create:", LAG_P99, "lag p99, ms", 1500, FALSE},
  {"create:", FAILURES, "failures", 0, FALSE},
  {"attach:", {"ratio"}, "time / oracle", 1.15, FALSE},
  {"attach:", CALLS, "cloud calls per attach", 1.6, FALSE},
  {"attach:", LAG_P50, "lag p50, ms", 300, FALSE},
  {"attach:", LAG_P99, "lag p99, ms", 1500, FALSE},
  {"attach:", FAILURES, "failures", 0, FALSE},
  {"detach-delete:", {"detach_ratio"}, "detach: time / oracle", 1.15, FALSE},
  {"detach-delete:", CALLS, "cloud calls per detach and delete", 4.6, FALSE},
  {"detach-delete:", LAG_P50, "lag p50, ms", 300, FALSE},
  {"detach-delete:", LAG_P99, "lag p99, ms", 1500, FALSE},
  {"detach-delete:", FAILURES, "failures", 0, FALSE},
  {"snapshot:", FAILURES, "failures", 0, FALSE},
  {"mix:", LAG_P50, "lag p50, ms", 300, FALSE},
  {"mix:", FAILURES, "failures", 0, FALSE},
  {"node:", {"rpc", "NodePublishVolume", "p50_ms"}, "NodePublishVolume p50, ms", 1, FALSE},
  {"node:", {"rpc", "NodeGetVolumeStats", "p50_ms"}, "NodeGetVolumeStats p50, ms", 0.15, FALSE},
  {"rpc", {"figures", "node Probe, 1 in flight, calls/s"}, "Probe/s, one after the other", 25000, TRUE},
  {"rpc", {"figures", "node Probe, 64 in flight, calls/s"}, "Probe/s, 64 in flight", 120000, TRUE},
  {"startup", {"figures", "RSS after start, MB"}, "node plugin's RSS idle, MB", 8, FALSE},
  {"memory", {"figures", "anonymous after, MB"}, "anonymous after the calls, MB", 3, FALSE},
};

static const json_t *figure(const json_t *row, const Goal *goal)
{
  for (int i = 0; i < PATH_DEPTH && goal->path[i]; i++)
    row = json_object_get(row, goal->path[i]);
  return json_is_number(row) ? row : NULL;
}

char *goals_render(const json_t *result, guint *ret_missed)
{
  GString *out = g_string_new(NULL);
  guint missed = 0;
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(result, "scenarios"), i, row)
  {
    const char *name = json_string_value(json_object_get(row, "scenario"));
    for (gsize g = 0; name && g < G_N_ELEMENTS(goals); g++) {
      const json_t *value = g_str_has_prefix(name, goals[g].scenario) ? figure(row, &goals[g]) : NULL;
      if (!value)
        continue;
      double number = json_number_value(value);
      gboolean met = goals[g].at_least ? number >= goals[g].limit : number <= goals[g].limit;
      missed += !met;
      g_string_append_printf(out, "  %-20s %-36s %12.3f  %s %10.2f  %s\n", name, goals[g].label, number,
                             goals[g].at_least ? ">=" : "<=", goals[g].limit, met ? "met" : "MISSED");
    }
  }
  if (out->len)
    g_string_prepend(out, "\ngoals\n");
  if (ret_missed)
    *ret_missed = missed;
  return g_string_free(out, FALSE);
}
