#include "evsclient/meter.h"

#include "base/metrics.h"
#include "base/thread.h"

static MetricFamily *calls, *durations, *throttles, *retries;

static void declare(void)
{
  static Mutex lock = MUTEX_INIT;
  MUTEX_HOLD(&lock);
  if (retries)
    return;
  calls = metrics_counter("evs_cloud_calls_total", "Calls to the cloud by operation and answer.", "operation",
                          "code", NULL);
  durations = metrics_histogram("evs_cloud_call_duration_seconds", "Time of single calls to the cloud.",
                                "operation", NULL);
  throttles =
    metrics_counter("evs_cloud_throttles_total", "Throttle answers of the cloud.", "operation", NULL);
  retries = metrics_counter("evs_cloud_retries_total", "Calls sent again.", "operation", NULL);
}

void evs_meter_call(const char *operation, int status, const char *code, gint64 duration_us)
{
  declare();
  g_autofree char *number = status > 0 ? g_strdup_printf("%d", status) : g_strdup("no-answer");
  metric_add(calls, 1, operation, code && *code ? code : number);
  metric_observe(durations, (double)duration_us / G_USEC_PER_SEC, operation);
}

void evs_meter_throttle(const char *operation)
{
  declare();
  metric_add(throttles, 1, operation);
}

void evs_meter_retry(const char *operation)
{
  declare();
  metric_add(retries, 1, operation);
}
