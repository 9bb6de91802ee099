/* Metrics registry in the Prometheus text format 0.0.4. Families are declared once, at start or by a static
 * pointer at first use; series appear at their first update. Any thread may update or render.
 *
 *     static MetricFamily *calls;
 *     calls = metrics_counter("evs_cloud_calls_total", "Calls to the cloud.", "operation", "code", NULL);
 *     metric_add(calls, 1, "6.1.1", "202");
 *
 * Ceiling: 2,000 series per family; later label sets are counted in evs_metrics_dropped_series_total. */
#pragma once

#include <glib.h>

typedef struct MetricFamily MetricFamily;

/* Names and labels are copied. The label list ends with NULL; at most 4. Declaring a name twice returns the same
 * family. */
MetricFamily *metrics_counter(const char *name, const char *help, ...) G_GNUC_NULL_TERMINATED;
MetricFamily *metrics_gauge(const char *name, const char *help, ...) G_GNUC_NULL_TERMINATED;
/* Buckets in seconds: 0.001 0.005 0.025 0.1 0.25 0.5 1 2.5 5 10 30 60 120 300 900. */
MetricFamily *metrics_histogram(const char *name, const char *help, ...) G_GNUC_NULL_TERMINATED;

/* As many label values follow as the family has labels; all strings, none NULL. */
void metric_add(MetricFamily *family, double amount, ...);
void metric_set(MetricFamily *family, double value, ...);
void metric_observe(MetricFamily *family, double seconds, ...);

/* The page that /metrics serves. Newly allocated. */
char *metrics_render(void);
