/* Metrics of the cloud client, all named in docs/metrics.md: evs_cloud_*. Any thread. `operation` is the `what` of
 * operations.h or of the watcher's kinds ("create disk"): a set that is known when the program is built. */
#pragma once

#include <glib.h>

/* code: the cloud's, or NULL/"": the HTTP status counts; status 0: "no-answer". */
void evs_meter_call(const char *operation, int status, const char *code, gint64 duration_us);
void evs_meter_throttle(const char *operation);
void evs_meter_retry(const char *operation);

/* Is the gate of this operation closed now? Called when that may have changed. */
void evs_meter_gate(const char *operation, gboolean closed);
/* A request waited so long for its turn; below a millisecond is no wait. */
void evs_meter_gate_wait(const char *operation, gint64 waited_us);

/* Between two calls of any kind while the account seems to have one limit for all; 0: it does not. */
void evs_meter_shared_interval(gint64 interval_us);

/* One round of a sweep: subject "disk" or "snapshot". */
void evs_meter_sweep(const char *subject, gboolean ok);
/* A wait for the end of an operation begins (+1), ends (-1). */
void evs_meter_waits(const char *operation, int change);
/* It was seen to have ended so long after its end. */
void evs_meter_lag(const char *operation, gint64 lag_us);

/* Temporary credentials end then, on our wall clock; 0: there are none. */
void evs_meter_credentials_expiry(gint64 wall_us);
void evs_meter_credentials_renewal(gboolean ok);
