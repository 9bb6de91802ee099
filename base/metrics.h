/* Metrics registry in the Prometheus text format 0.0.4. Families are declared once, at start or by a static
 * pointer at first use; series appear at their first update, those of counters and histograms without labels at once.
 * Any thread may update or render.
 *
 *     static MetricFamily *calls;
 *     calls = metrics_counter("evs_cloud_calls_total", "Calls to the cloud.", "operation", "code", NULL);
 *     metric_add(calls, 1, "create disk", "202");
 *
 * Hot paths keep the series instead: updating one takes no lock and no memory.
 *
 *     MetricSeries *answered = metric_series(calls, "create disk", "202");
 *     series_add(answered, 1);
 *
 * Ceilings: METRICS_MAX_SERIES per family; later label sets are counted in evs_metrics_dropped_series_total and shown
 * nowhere. Label values are cut to METRICS_MAX_VALUE_BYTES and made valid UTF-8: some come from the cloud, and one bad byte
 * would cost the whole page. */
#pragma once

#include <glib.h>

enum { METRICS_MAX_LABELS = 4, METRICS_MAX_SERIES = 2000, METRICS_MAX_VALUE_BYTES = 128 };

typedef struct MetricFamily MetricFamily;
typedef struct MetricSeries MetricSeries;

/* Names and labels are copied. The label list ends with NULL; at most METRICS_MAX_LABELS. Declaring a name twice returns
 * the same family. */
MetricFamily *metrics_counter(const char *name, const char *help, ...) G_GNUC_NULL_TERMINATED;
MetricFamily *metrics_gauge(const char *name, const char *help, ...) G_GNUC_NULL_TERMINATED;
/* Buckets in seconds: 0.001 0.005 0.025 0.1 0.25 0.5 1 2.5 5 10 30 60 120 300 900. */
MetricFamily *metrics_histogram(const char *name, const char *help, ...) G_GNUC_NULL_TERMINATED;

/* As many label values follow as the family has labels; all strings, none NULL. */
void metric_add(MetricFamily *family, double amount, ...);
void metric_set(MetricFamily *family, double value, ...);
void metric_observe(MetricFamily *family, double seconds, ...);
/* The series is shown no more until it is set again. For gauges that have nothing to say; nobody may keep the series. */
void metric_remove(MetricFamily *family, ...);

/* The series of these label values, made if need be. It lives as long as the process; never NULL. */
MetricSeries *metric_series(MetricFamily *family, ...);
void series_add(MetricSeries *series, double amount);
void series_observe(MetricSeries *series, double seconds);

/* Gauges that are read rather than kept: collect sets them, called in the thread that renders, before each page. One call
 * at a time. It may block for a short time only and must not declare or end a collector. */
typedef void (*MetricsCollect)(void *data);
void metrics_collect(MetricsCollect collect, void *data);
/* Returns once it does not run and will not run again. No-op for one that was never given. */
void metrics_collect_end(MetricsCollect collect, void *data);

/* The page that /metrics serves. Newly allocated. */
char *metrics_render(void);
