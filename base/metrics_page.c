/* The page of all families as text. */
#include "base/metrics_private.h"

static const char *const type_names[] = {"counter", "gauge", "histogram"};

static void append_number(GString *page, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(page, g_ascii_formatd(text, sizeof text, "%.15g", value));
}

/* The sum is read first: what comes in between is counted in a later page's sum. */
static void append_histogram(GString *page, const MetricFamily *family, const char *labels,
                             const MetricSeries *series)
{
  const char *comma = *labels ? "," : "";
  double sum = series_value(series);
  guint64 count = 0;
  for (gsize i = 0; i <= METRICS_N_BUCKETS; i++) {
    count += __atomic_load_n(&series->counts[i], __ATOMIC_RELAXED);
    g_string_append_printf(page, "%s_bucket{%s%sle=\"", family->name, labels, comma);
    if (i < METRICS_N_BUCKETS)
      append_number(page, metrics_buckets[i]);
    else
      g_string_append(page, "+Inf");
    g_string_append_printf(page, "\"} %" G_GUINT64_FORMAT "\n", count);
  }
  const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
  g_string_append_printf(page, "%s_sum%s%s%s ", family->name, open, labels, close);
  append_number(page, sum);
  g_string_append_printf(page, "\n%s_count%s%s%s %" G_GUINT64_FORMAT "\n", family->name, open, labels, close,
                         count);
}

static void append_family(GString *page, const MetricFamily *family)
{
  if (g_hash_table_size(family->series) == 0)
    return;
  g_string_append_printf(page, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                         type_names[family->type]);
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(family->series), (GCompareFunc)strcmp);
  for (GList *item = keys; item; item = item->next) {
    const char *labels = item->data;
    const MetricSeries *series = g_hash_table_lookup(family->series, labels);
    if (family->type == METRIC_HISTOGRAM) {
      append_histogram(page, family, labels, series);
      continue;
    }
    g_string_append(page, family->name);
    if (*labels)
      g_string_append_printf(page, "{%s}", labels);
    g_string_append_c(page, ' ');
    append_number(page, series_value(series));
    g_string_append_c(page, '\n');
  }
}

char *metrics_render(void)
{
  metrics_run_collectors();
  MUTEX_HOLD(&metrics_lock);
  GString *page = g_string_new(NULL);
  for (guint i = 0; metrics_families && i < metrics_families->len; i++)
    append_family(page, metrics_families->pdata[i]);
  g_string_append_printf(page,
                         "# HELP evs_metrics_dropped_series_total Label sets refused by the series ceiling.\n"
                         "# TYPE evs_metrics_dropped_series_total counter\n"
                         "evs_metrics_dropped_series_total %" G_GUINT64_FORMAT "\n",
                         metrics_dropped_series);
  return g_string_free(page, FALSE);
}
