#include "base/metrics.h"

#include "base/thread.h"

enum { MAX_LABELS = 4, MAX_SERIES = 2000 };

typedef enum { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } MetricType;

static const char *const type_names[] = {"counter", "gauge", "histogram"};
static const double buckets[] = {0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900};

typedef struct {
  double value; /* histogram: the sum */
  guint64 count;
  guint64 in_bucket[G_N_ELEMENTS(buckets)];
} Series;

struct MetricFamily {
  char *name, *help;
  MetricType type;
  guint n_labels;
  char *labels[MAX_LABELS];
  GHashTable *series; /* rendered label set -> Series */
};

static Mutex lock = MUTEX_INIT;
static GPtrArray *families; /* of MetricFamily, in order of declaration */
static guint64 dropped_series;

static MetricFamily *family_find(const char *name)
{
  for (guint i = 0; families && i < families->len; i++) {
    MetricFamily *family = families->pdata[i];
    if (g_str_equal(family->name, name))
      return family;
  }
  return NULL;
}

static MetricFamily *declare(MetricType type, const char *name, const char *help, va_list labels)
{
  MUTEX_HOLD(&lock);
  MetricFamily *family = family_find(name);
  if (family)
    return family;
  family = g_new0(MetricFamily, 1);
  family->name = g_strdup(name);
  family->help = g_strdup(help);
  family->type = type;
  family->series = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const char *label;
  while ((label = va_arg(labels, const char *))) {
    g_assert(family->n_labels < MAX_LABELS);
    family->labels[family->n_labels++] = g_strdup(label);
  }
  if (!families)
    families = g_ptr_array_new();
  g_ptr_array_add(families, family);
  return family;
}

#define DECLARE(function, type)                                                                              \
  MetricFamily *function(const char *name, const char *help, ...)                                            \
  {                                                                                                          \
    va_list labels;                                                                                          \
    va_start(labels, help);                                                                                  \
    MetricFamily *family = declare(type, name, help, labels);                                                \
    va_end(labels);                                                                                          \
    return family;                                                                                           \
  }

DECLARE(metrics_counter, METRIC_COUNTER)
DECLARE(metrics_gauge, METRIC_GAUGE)
DECLARE(metrics_histogram, METRIC_HISTOGRAM)

static void append_label_value(GString *out, const char *value)
{
  for (; *value; value++) {
    if (*value == '\n')
      g_string_append(out, "\\n");
    else if (*value == '"' || *value == '\\')
      g_string_append_printf(out, "\\%c", *value);
    else
      g_string_append_c(out, *value);
  }
}

static char *render_labels(const MetricFamily *family, va_list values)
{
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < family->n_labels; i++) {
    g_string_append_printf(out, "%s%s=\"", i ? "," : "", family->labels[i]);
    append_label_value(out, va_arg(values, const char *));
    g_string_append_c(out, '"');
  }
  return g_string_free(out, FALSE);
}

/* With the lock held. NULL when the family is full. */
static Series *series_get(MetricFamily *family, va_list values)
{
  g_autofree char *key = render_labels(family, values);
  Series *series = g_hash_table_lookup(family->series, key);
  if (series)
    return series;
  if (g_hash_table_size(family->series) >= MAX_SERIES) {
    dropped_series++;
    return NULL;
  }
  series = g_new0(Series, 1);
  g_hash_table_insert(family->series, g_steal_pointer(&key), series);
  return series;
}

void metric_add(MetricFamily *family, double amount, ...)
{
  va_list values;
  va_start(values, amount);
  {
    MUTEX_HOLD(&lock);
    Series *series = series_get(family, values);
    if (series)
      series->value += amount;
  }
  va_end(values);
}

void metric_set(MetricFamily *family, double value, ...)
{
  va_list values;
  va_start(values, value);
  {
    MUTEX_HOLD(&lock);
    Series *series = series_get(family, values);
    if (series)
      series->value = value;
  }
  va_end(values);
}

void metric_observe(MetricFamily *family, double seconds, ...)
{
  va_list values;
  va_start(values, seconds);
  {
    MUTEX_HOLD(&lock);
    Series *series = series_get(family, values);
    if (series) {
      series->value += seconds;
      series->count++;
      for (gsize i = 0; i < G_N_ELEMENTS(buckets); i++)
        if (seconds <= buckets[i])
          series->in_bucket[i]++;
    }
  }
  va_end(values);
}

static void render_number(GString *page, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(page, g_ascii_formatd(text, sizeof text, "%.15g", value));
}

static void render_histogram(GString *page, const MetricFamily *family, const char *labels,
                             const Series *series)
{
  const char *comma = *labels ? "," : "";
  for (gsize i = 0; i < G_N_ELEMENTS(buckets); i++) {
    g_string_append_printf(page, "%s_bucket{%s%sle=\"", family->name, labels, comma);
    render_number(page, buckets[i]);
    g_string_append_printf(page, "\"} %" G_GUINT64_FORMAT "\n", series->in_bucket[i]);
  }
  g_string_append_printf(page, "%s_bucket{%s%sle=\"+Inf\"} %" G_GUINT64_FORMAT "\n", family->name, labels,
                         comma, series->count);
  const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
  g_string_append_printf(page, "%s_sum%s%s%s ", family->name, open, labels, close);
  render_number(page, series->value);
  g_string_append_printf(page, "\n%s_count%s%s%s %" G_GUINT64_FORMAT "\n", family->name, open, labels, close,
                         series->count);
}

static void render_family(GString *page, const MetricFamily *family)
{
  g_string_append_printf(page, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                         type_names[family->type]);
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(family->series), (GCompareFunc)strcmp);
  for (GList *item = keys; item; item = item->next) {
    const char *labels = item->data;
    const Series *series = g_hash_table_lookup(family->series, labels);
    if (family->type == METRIC_HISTOGRAM) {
      render_histogram(page, family, labels, series);
      continue;
    }
    g_string_append(page, family->name);
    if (*labels)
      g_string_append_printf(page, "{%s}", labels);
    g_string_append_c(page, ' ');
    render_number(page, series->value);
    g_string_append_c(page, '\n');
  }
}

char *metrics_render(void)
{
  MUTEX_HOLD(&lock);
  GString *page = g_string_new(NULL);
  for (guint i = 0; families && i < families->len; i++)
    render_family(page, families->pdata[i]);
  g_string_append_printf(page,
                         "# HELP evs_metrics_dropped_series_total Label sets refused by the series ceiling.\n"
                         "# TYPE evs_metrics_dropped_series_total counter\n"
                         "evs_metrics_dropped_series_total %" G_GUINT64_FORMAT "\n",
                         dropped_series);
  return g_string_free(page, FALSE);
}
