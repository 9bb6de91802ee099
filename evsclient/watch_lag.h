/* How long after its end in the cloud the end of an operation was known: evs_cloud_job_lag_seconds (docs/metrics.md says
 * where each kind's end is taken from). */
#pragma once

#include "evsclient/watch.h"

/* record: as last read, NULL: none. job_end_us: the job's end_time, 0: it was not asked or does not say. cloud_us: now on
 * the cloud's clock, now_us: on clock_now_us(). Microseconds, >= 0; -1: not known. Pure but for watch, whose seen_us is
 * read. */
gint64 watch_lag(const Watch *watch, const void *record, gint64 job_end_us, gint64 cloud_us, gint64 now_us);

/* Notes the lag of an operation whose end was just seen. skew_us: the cloud's clock minus ours. */
void watch_lag_note(const Watch *watch, const void *record, gint64 job_end_us, gint64 skew_us);
