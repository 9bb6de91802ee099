/* Token buckets: one per key, filled at rps up to burst. */
#pragma once

#include <glib.h>

typedef struct Rate Rate;

/* rps 0: no limit. */
Rate *rate_new(double rps, gint64 burst);
void rate_free(Rate *rate);
/* Takes one token of this key's bucket; FALSE if it is empty. now_us: monotonic. */
gboolean rate_take(Rate *rate, const char *key, gint64 now_us);
