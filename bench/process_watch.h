/* Memory and processor time of processes, from /proc. A thread looks every 100 ms, for the peak. */
#pragma once

#include "base/error.h"

#include <jansson.h>

typedef struct ProcessWatch ProcessWatch;

enum { PROCESSES_MAX = 16 };

/* kB of VmRSS and RssAnon now. NOT_FOUND when there is no such process. */
gboolean process_memory(int pid, gint64 *ret_rss_kb, gint64 *ret_anonymous_kb, GError **error);

/* Begins. pids: at most PROCESSES_MAX. */
ProcessWatch *process_watch_start(const int *pids, guint count);
/* Ends it and frees: [{"pid","rss_before_kb","rss_peak_kb","rss_after_kb","anonymous_before_kb","anonymous_peak_kb",
 * "anonymous_after_kb","cpu_ms"}]. New reference. */
json_t *process_watch_stop(ProcessWatch *watch);
