/* Metrics of cloud calls: evs_cloud_calls_total{operation,code}, evs_cloud_call_duration_seconds{operation},
 * evs_cloud_throttles_total{operation}, evs_cloud_retries_total{operation}. Any thread. */
#pragma once

#include <glib.h>

/* code: the cloud's, or NULL/"": the HTTP status counts; status 0: "no-answer". */
void evs_meter_call(const char *operation, int status, const char *code, gint64 duration_us);
void evs_meter_throttle(const char *operation);
void evs_meter_retry(const char *operation);
