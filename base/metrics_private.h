/* What the registry (metrics.c) and its page (metrics_page.c) share. */
#pragma once

#include "base/metrics.h"
#include "base/thread.h"

typedef enum { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } MetricType;

enum { METRICS_N_BUCKETS = 15 };
/* Upper bounds in seconds; one more is +Inf. */
extern const double metrics_buckets[METRICS_N_BUCKETS];

struct MetricSeries {
  guint64 bits;     /* atomic: the double that is the value; of a histogram the sum */
  guint64 counts[]; /* atomic, histograms only: of each bucket by itself, +Inf the last */
};

struct MetricFamily {
  char *name, *help;
  MetricType type;
  guint n_labels;
  char *labels[METRICS_MAX_LABELS];
  GHashTable *series; /* rendered label set -> MetricSeries */
  MetricSeries *bin;  /* takes what has no room; never shown; NULL until needed */
};

/* Guards all families but the values of series. */
extern Mutex metrics_lock;
extern GPtrArray *metrics_families; /* of MetricFamily, in order of declaration; NULL: none yet */
extern guint64 metrics_dropped_series;

double series_value(const MetricSeries *series);

/* Runs every collector, without metrics_lock. */
void metrics_run_collectors(void);
