#include "evsclient/meter.h"

#include "base/metrics.h"
#include "base/thread.h"

enum { NO_WAIT_US = 1000 };

typedef enum { COUNTER, GAUGE, HISTOGRAM } Kind;

typedef enum {
  CALLS,
  CALL_DURATION,
  THROTTLES,
  RETRIES,
  GATE_CLOSED,
  GATE_WAIT,
  SHARED_INTERVAL,
  SWEEPS,
  JOBS_PENDING,
  JOB_LAG,
  EXPIRY,
  RENEWALS,
  N_FAMILIES
} Family;

static const struct {
  Kind kind;
  const char *name, *help, *labels[2];
} rows[N_FAMILIES] = {
  [CALLS] = {COUNTER,
             "evs_cloud_calls_total",
             "Requests to the cloud, every attempt.",
             {"operation", "code"}},
  [CALL_DURATION] = {HISTOGRAM,
                     "evs_cloud_call_duration_seconds",
                     "Time of single requests to the cloud.",
                     {"operation"}},
  [THROTTLES] = {COUNTER, "evs_cloud_throttles_total", "Throttle answers of the cloud.", {"operation"}},
  [RETRIES] = {COUNTER,
               "evs_cloud_retries_total",
               "Requests sent again, not after a throttle answer.",
               {"operation"}},
  [GATE_CLOSED] = {GAUGE,
                   "evs_cloud_gate_closed",
                   "1 while requests are held back after a throttle answer.",
                   {"operation"}},
  [GATE_WAIT] = {COUNTER,
                 "evs_cloud_gate_wait_seconds_total",
                 "Time that requests waited for their turn.",
                 {"operation"}},
  [SHARED_INTERVAL] = {GAUGE,
                       "evs_cloud_shared_limit_interval_seconds",
                       "Pace of all requests while they share one limit; 0: they do not.",
                       {NULL}},
  [SWEEPS] = {COUNTER,
              "evs_cloud_sweeps_total",
              "Looks at the list for all that waits.",
              {"subject", "result"}},
  [JOBS_PENDING] = {GAUGE,
                    "evs_cloud_jobs_pending",
                    "Operations of the cloud whose end is awaited.",
                    {"operation"}},
  [JOB_LAG] = {HISTOGRAM,
               "evs_cloud_job_lag_seconds",
               "From the end of an operation in the cloud until it was known.",
               {"operation"}},
  [EXPIRY] = {GAUGE,
              "evs_cloud_credentials_expiry_timestamp_seconds",
              "End of the temporary credentials in use.",
              {NULL}},
  [RENEWALS] = {COUNTER,
                "evs_cloud_credentials_renewals_total",
                "Temporary credentials asked for.",
                {"result"}},
};

static MetricFamily *family(Family which)
{
  static Mutex lock = MUTEX_INIT;
  static MetricFamily *families[N_FAMILIES];
  MUTEX_HOLD(&lock);
  for (int i = 0; !families[N_FAMILIES - 1] && i < N_FAMILIES; i++) {
    const char *const *labels = rows[i].labels;
    families[i] =
      rows[i].kind == COUNTER ? metrics_counter(rows[i].name, rows[i].help, labels[0], labels[1], NULL)
      : rows[i].kind == GAUGE ? metrics_gauge(rows[i].name, rows[i].help, labels[0], labels[1], NULL)
                              : metrics_histogram(rows[i].name, rows[i].help, labels[0], labels[1], NULL);
  }
  return families[which];
}

static const char *result_name(gboolean ok)
{
  return ok ? "ok" : "failed";
}

void evs_meter_call(const char *operation, int status, const char *code, gint64 duration_us)
{
  g_autofree char *number = status > 0 ? g_strdup_printf("%d", status) : g_strdup("no-answer");
  metric_add(family(CALLS), 1, operation, code && *code ? code : number);
  metric_observe(family(CALL_DURATION), (double)duration_us / G_USEC_PER_SEC, operation);
}

void evs_meter_throttle(const char *operation)
{
  metric_add(family(THROTTLES), 1, operation);
}

void evs_meter_retry(const char *operation)
{
  metric_add(family(RETRIES), 1, operation);
}

void evs_meter_gate(const char *operation, gboolean closed)
{
  metric_set(family(GATE_CLOSED), closed ? 1 : 0, operation);
}

void evs_meter_gate_wait(const char *operation, gint64 waited_us)
{
  if (waited_us >= NO_WAIT_US)
    metric_add(family(GATE_WAIT), (double)waited_us / G_USEC_PER_SEC, operation);
}

void evs_meter_shared_interval(gint64 interval_us)
{
  metric_set(family(SHARED_INTERVAL), (double)interval_us / G_USEC_PER_SEC);
}

void evs_meter_sweep(const char *subject, gboolean ok)
{
  metric_add(family(SWEEPS), 1, subject, result_name(ok));
}

void evs_meter_waits(const char *operation, int change)
{
  metric_add(family(JOBS_PENDING), change, operation);
}

void evs_meter_lag(const char *operation, gint64 lag_us)
{
  metric_observe(family(JOB_LAG), (double)lag_us / G_USEC_PER_SEC, operation);
}

void evs_meter_credentials_expiry(gint64 wall_us)
{
  if (wall_us > 0)
    metric_set(family(EXPIRY), (double)wall_us / G_USEC_PER_SEC);
  else
    metric_remove(family(EXPIRY));
}

void evs_meter_credentials_renewal(gboolean ok)
{
  metric_add(family(RENEWALS), 1, result_name(ok));
}
