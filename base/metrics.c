#include "base/metrics.h"

#include "base/metrics_private.h"

const double metrics_buckets[METRICS_N_BUCKETS] = {0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1,  2.5,
                                                   5,     10,    30,    60,  120,  300, 900};

Mutex metrics_lock = MUTEX_INIT;
GPtrArray *metrics_families;
guint64 metrics_dropped_series;

typedef struct {
  MetricsCollect collect;
  void *data;
} Collector;

static Mutex collect_lock = MUTEX_INIT; /* taken before metrics_lock; held while collectors run */
static GArray *collectors;              /* of Collector */

/* ---- families ---- */

static MetricFamily *family_find(const char *name)
{
  for (guint i = 0; metrics_families && i < metrics_families->len; i++) {
    MetricFamily *family = metrics_families->pdata[i];
    if (g_str_equal(family->name, name))
      return family;
  }
  return NULL;
}

static MetricSeries *series_new(const MetricFamily *family)
{
  gsize counts = family->type == METRIC_HISTOGRAM ? METRICS_N_BUCKETS + 1 : 0;
  return g_malloc0(sizeof(MetricSeries) + counts * sizeof(guint64));
}

static MetricFamily *declare(MetricType type, const char *name, const char *help, va_list labels)
{
  MUTEX_HOLD(&metrics_lock);
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
    g_assert(family->n_labels < METRICS_MAX_LABELS);
    family->labels[family->n_labels++] = g_strdup(label);
  }
  if (family->n_labels == 0 && type != METRIC_GAUGE)
    g_hash_table_insert(family->series, g_strdup(""), series_new(family));
  if (!metrics_families)
    metrics_families = g_ptr_array_new();
  g_ptr_array_add(metrics_families, family);
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

/* ---- series ---- */

static void append_label_value(GString *out, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  gsize length = strlen(valid);
  if (length > METRICS_MAX_VALUE_BYTES)
    *g_utf8_find_prev_char(valid, valid + METRICS_MAX_VALUE_BYTES + 1) = '\0';
  for (const char *at = valid; *at; at++) {
    if (*at == '\n')
      g_string_append(out, "\\n");
    else if (*at == '"' || *at == '\\')
      g_string_append_printf(out, "\\%c", *at);
    else
      g_string_append_c(out, *at);
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

/* With the lock held. */
static MetricSeries *series_get(MetricFamily *family, va_list values)
{
  g_autofree char *key = render_labels(family, values);
  MetricSeries *series = g_hash_table_lookup(family->series, key);
  if (series)
    return series;
  if (g_hash_table_size(family->series) >= METRICS_MAX_SERIES) {
    metrics_dropped_series++;
    if (!family->bin)
      family->bin = series_new(family);
    return family->bin;
  }
  series = series_new(family);
  g_hash_table_insert(family->series, g_steal_pointer(&key), series);
  return series;
}

double series_value(const MetricSeries *series)
{
  guint64 bits = __atomic_load_n(&series->bits, __ATOMIC_RELAXED);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static void series_set(MetricSeries *series, double value)
{
  guint64 bits;
  memcpy(&bits, &value, sizeof bits);
  __atomic_store_n(&series->bits, bits, __ATOMIC_RELAXED);
}

void series_add(MetricSeries *series, double amount)
{
  guint64 old = __atomic_load_n(&series->bits, __ATOMIC_RELAXED), new;
  do {
    double value;
    memcpy(&value, &old, sizeof value);
    value += amount;
    memcpy(&new, &value, sizeof new);
  } while (!__atomic_compare_exchange_n(&series->bits, &old, new, TRUE, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

void series_observe(MetricSeries *series, double seconds)
{
  gsize bucket = 0;
  while (bucket < METRICS_N_BUCKETS && seconds > metrics_buckets[bucket])
    bucket++;
  __atomic_add_fetch(&series->counts[bucket], 1, __ATOMIC_RELAXED);
  series_add(series, seconds);
}

/* With the lock held while it runs: a series may be removed. */
#define UPDATE(function, family, value)                                                                      \
  va_list values;                                                                                            \
  va_start(values, value);                                                                                   \
  {                                                                                                          \
    MUTEX_HOLD(&metrics_lock);                                                                               \
    function(series_get(family, values), value);                                                             \
  }                                                                                                          \
  va_end(values)

void metric_add(MetricFamily *family, double amount, ...)
{
  UPDATE(series_add, family, amount);
}

void metric_set(MetricFamily *family, double value, ...)
{
  UPDATE(series_set, family, value);
}

void metric_observe(MetricFamily *family, double seconds, ...)
{
  g_assert(family->type == METRIC_HISTOGRAM);
  UPDATE(series_observe, family, seconds);
}

MetricSeries *metric_series(MetricFamily *family, ...)
{
  va_list values;
  va_start(values, family);
  mutex_lock(&metrics_lock);
  MetricSeries *series = series_get(family, values);
  mutex_unlock(&metrics_lock);
  va_end(values);
  return series;
}

void metric_remove(MetricFamily *family, ...)
{
  va_list values;
  va_start(values, family);
  g_autofree char *key = render_labels(family, values);
  va_end(values);
  MUTEX_HOLD(&metrics_lock);
  g_hash_table_remove(family->series, key);
}

/* ---- collectors ---- */

void metrics_collect(MetricsCollect collect, void *data)
{
  MUTEX_HOLD(&collect_lock);
  if (!collectors)
    collectors = g_array_new(FALSE, FALSE, sizeof(Collector));
  Collector collector = {collect, data};
  g_array_append_val(collectors, collector);
}

void metrics_collect_end(MetricsCollect collect, void *data)
{
  MUTEX_HOLD(&collect_lock);
  for (guint i = 0; collectors && i < collectors->len; i++) {
    const Collector *collector = &g_array_index(collectors, Collector, i);
    if (collector->collect == collect && collector->data == data) {
      g_array_remove_index(collectors, i);
      return;
    }
  }
}

void metrics_run_collectors(void)
{
  MUTEX_HOLD(&collect_lock);
  for (guint i = 0; collectors && i < collectors->len; i++) {
    const Collector *collector = &g_array_index(collectors, Collector, i);
    collector->collect(collector->data);
  }
}
