/* The library's log: a line for each destructive call (whatever came of it), and for facts that no call can return, such as
 * credentials that could not be renewed in time. Lines hold no secrets. A program that says nothing gets them on standard
 * error, up to EVS_LOG_INFO, as text.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS
#pragma GCC visibility push(default)

typedef enum { EVS_LOG_ERROR, EVS_LOG_WARN, EVS_LOG_INFO, EVS_LOG_DEBUG } EvsLogLevel;

/* Called from any thread, several at once; line ends with a newline and is gone afterwards. */
typedef void (*EvsLogSink)(EvsLogLevel level, const char *line, void *data);

/* Lines up to this level go to sink (NULL: standard error), as JSON objects if json. Call it before the first client is made:
 * it is for the whole process. */
void evs_log_to(EvsLogLevel level, gboolean json, EvsLogSink sink, void *data);

#pragma GCC visibility pop
G_END_DECLS
