#include "bench/table.h"

#include <stdarg.h>

enum { FORMAT = 1 };

/* ---- merging ---- */

static int by_number(gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static json_t *median(const GPtrArray *values)
{
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(double));
  gboolean integers = TRUE;
  for (guint i = 0; i < values->len; i++) {
    double number = json_number_value(values->pdata[i]);
    integers = integers && json_is_integer((json_t *)values->pdata[i]);
    g_array_append_val(numbers, number);
  }
  g_array_sort(numbers, by_number);
  guint middle = numbers->len / 2;
  double value = g_array_index(numbers, double, middle);
  if (numbers->len % 2 == 0)
    value = (value + g_array_index(numbers, double, middle - 1)) / 2;
  return integers ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *merge(const GPtrArray *values);

static json_t *merge_members(const GPtrArray *objects)
{
  json_t *merged = json_object();
  for (guint i = 0; i < objects->len; i++) {
    const char *key;
    json_t *unused;
    json_object_foreach((json_t *)objects->pdata[i], key, unused)
    {
      if (json_object_get(merged, key))
        continue;
      g_autoptr(GPtrArray) values = g_ptr_array_new();
      for (guint j = 0; j < objects->len; j++) {
        json_t *value = json_object_get(objects->pdata[j], key);
        if (value)
          g_ptr_array_add(values, value);
      }
      json_object_set_new(merged, key, merge(values));
    }
  }
  return merged;
}

static json_t *merge_elements(const GPtrArray *arrays)
{
  json_t *merged = json_array();
  for (size_t n = 0; n < json_array_size(arrays->pdata[0]); n++) {
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    for (guint i = 0; i < arrays->len; i++)
      if (json_array_get(arrays->pdata[i], n))
        g_ptr_array_add(values, json_array_get(arrays->pdata[i], n));
    json_array_append_new(merged, merge(values));
  }
  return merged;
}

/* values: not empty, of one type (or numbers); of others the first counts. */
static json_t *merge(const GPtrArray *values)
{
  json_t *first = values->pdata[0];
  for (guint i = 1; i < values->len; i++) {
    const json_t *other = values->pdata[i];
    if (json_typeof(other) != json_typeof(first) && !(json_is_number(other) && json_is_number(first)))
      return json_incref(first);
  }
  if (json_is_object(first))
    return merge_members(values);
  if (json_is_array(first))
    return merge_elements(values);
  return json_is_number(first) ? median(values) : json_incref(first);
}

json_t *table_merge(char **files, GError **error)
{
  g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  for (char **file = files; *file; file++) {
    json_error_t cause;
    json_t *result = json_load_file(*file, 0, &cause);
    if (result)
      g_ptr_array_add(results, result);
    if (!result || json_integer_value(json_object_get(result, "format")) != FORMAT ||
        !json_is_array(json_object_get(result, "scenarios"))) {
      evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' is no result of evs-bench%s%s", *file,
                    result ? "" : ": ", result ? "" : cause.text);
      return NULL;
    }
  }
  json_t *merged = merge(results);
  json_object_set_new(merged, "runs", json_integer(results->len));
  return merged;
}

/* ---- showing ---- */

/* The number at a path of keys (NULL ends it), with so many decimals; "-" where there is none. */
static char *number_at(const json_t *row, int decimals, ...)
{
  va_list keys;
  va_start(keys, decimals);
  for (const char *key; row && (key = va_arg(keys, const char *));)
    row = json_object_get(row, key);
  va_end(keys);
  return json_is_number(row) ? g_strdup_printf("%.*f", decimals, json_number_value(row)) : g_strdup("-");
}

static char *seconds_at(const json_t *row, const char *key, const char *below)
{
  const json_t *value = json_object_get(row, key);
  if (below)
    value = json_object_get(value, below);
  return json_is_number(value) ? g_strdup_printf("%.1f", json_number_value(value) / 1000) : g_strdup("-");
}

static void show_cloud_row(GString *out, const json_t *row)
{
  if (!json_object_get(row, "makespan_ms"))
    return;
  g_autofree char *makespan = seconds_at(row, "makespan_ms", NULL);
  g_autofree char *oracle = seconds_at(row, "oracle_ms", "all");
  g_autofree char *ratio = number_at(row, 3, "ratio", NULL);
  g_autofree char *calls = number_at(row, 2, "cloud_calls", "per_object", NULL);
  g_autofree char *throttles = number_at(row, 0, "throttles", NULL);
  g_autofree char *lag50 = number_at(row, 0, "lag_ms", "all", "p50_ms", NULL);
  g_autofree char *lag99 = number_at(row, 0, "lag_ms", "all", "p99_ms", NULL);
  g_autofree char *failures = number_at(row, 0, "failures", "total", NULL);
  g_autofree char *retries = number_at(row, 0, "retries", "total", NULL);
  g_autofree char *done = g_strdup_printf("%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT,
                                          json_integer_value(json_object_get(row, "done")),
                                          json_integer_value(json_object_get(row, "objects")));
  g_string_append_printf(out, "%-20s %11s %9s %9s %7s %7s %9s %8s %8s %8s %8s\n",
                         json_string_value(json_object_get(row, "scenario")), done, makespan, oracle, ratio,
                         calls, throttles, lag50, lag99, failures, retries);
}

static void show_latencies(GString *out, const json_t *row)
{
  const char *method;
  json_t *figures;
  json_object_foreach(json_object_get(row, "rpc"), method, figures)
  {
    g_autofree char *count = number_at(figures, 0, "count", NULL);
    g_autofree char *p50 = number_at(figures, 3, "p50_ms", NULL);
    g_autofree char *p99 = number_at(figures, 3, "p99_ms", NULL);
    g_string_append_printf(out, "  %-28s %8s calls  p50 %12s ms  p99 %12s ms\n", method, count, p50, p99);
  }
}

static void show_operations(GString *out, const json_t *row)
{
  const char *operation;
  json_t *count;
  json_object_foreach(json_object_get(json_object_get(row, "cloud_calls"), "by_operation"), operation, count)
  {
    g_string_append_printf(out, "  cloud calls per object: %-24s %6.2f\n", operation,
                           json_number_value(count));
  }
}

static void show_lags(GString *out, const json_t *row)
{
  const char *type;
  json_t *lag;
  json_object_foreach(json_object_get(row, "lag_ms"), type, lag)
  {
    g_autofree char *count = number_at(lag, 0, "count", NULL);
    g_autofree char *p50 = number_at(lag, 0, "p50_ms", NULL);
    g_autofree char *p99 = number_at(lag, 0, "p99_ms", NULL);
    g_string_append_printf(out, "  lag behind %-17s %8s ends   p50 %8s ms  p99 %8s ms\n", type, count, p50,
                           p99);
  }
}

static void show_processes(GString *out, const json_t *row)
{
  size_t i;
  json_t *process;
  json_array_foreach(json_object_get(row, "processes"), i, process)
  {
    g_string_append_printf(out, "  process %zu:", i + 1);
    static const struct {
      const char *label, *key;
    } fields[] = {{"RSS before", "rss_before_kb"}, {"peak", "rss_peak_kb"},
                  {"after", "rss_after_kb"},       {"anonymous before", "anonymous_before_kb"},
                  {"peak", "anonymous_peak_kb"},   {"after", "anonymous_after_kb"}};
    for (gsize f = 0; f < G_N_ELEMENTS(fields); f++)
      g_string_append_printf(out, " %s %.1f", fields[f].label,
                             json_number_value(json_object_get(process, fields[f].key)) / 1024);
    g_string_append_printf(out, " MB, cpu %.1f s\n",
                           json_number_value(json_object_get(process, "cpu_ms")) / 1000);
  }
}

static void show_tally(GString *out, const json_t *row, const char *what)
{
  const json_t *tally = json_object_get(row, what);
  const char *code;
  json_t *count;
  json_object_foreach(json_object_get(tally, "by_code"), code, count)
  {
    g_string_append_printf(out, "  %s: %s %.0f\n", what, code, json_number_value(count));
  }
  const char *first = json_string_value(json_object_get(tally, "first"));
  if (first)
    g_string_append_printf(out, "  %s, the first: %s\n", what, first);
}

static void show_figures(GString *out, const json_t *row)
{
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(row, "figures"), name, value)
  {
    g_string_append_printf(out, "  %-48s %12.*f\n", name, json_is_integer(value) ? 0 : 3,
                           json_number_value(value));
  }
  json_t *ratio = json_object_get(row, "detach_ratio");
  if (ratio)
    g_string_append_printf(out, "  detaches alone: %.3f of their oracle\n", json_number_value(ratio));
}

static void show_head(GString *out, const json_t *result)
{
  const json_t *runs = json_object_get(result, "runs");
  if (runs)
    g_string_append_printf(out, "median of %" JSON_INTEGER_FORMAT " runs\n", json_integer_value(runs));
  g_string_append_printf(out, "%-20s %11s %9s %9s %7s %7s %9s %8s %8s %8s %8s\n", "scenario", "done",
                         "seconds", "oracle", "ratio", "calls", "throttled", "lag p50", "lag p99", "failures",
                         "retries");
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(result, "scenarios"), i, row)
  {
    show_cloud_row(out, row);
  }
}

char *table_render(const json_t *result)
{
  GString *out = g_string_new(NULL);
  show_head(out, result);
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(result, "scenarios"), i, row)
  {
    g_string_append_printf(out, "\n%s\n", json_string_value(json_object_get(row, "scenario")));
    show_figures(out, row);
    show_latencies(out, row);
    show_lags(out, row);
    show_operations(out, row);
    show_processes(out, row);
    show_tally(out, row, "failures");
    show_tally(out, row, "retries");
  }
  return g_string_free(out, FALSE);
}
