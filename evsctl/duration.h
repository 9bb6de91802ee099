/* Spans of time as people write them: "90s", "15m", "1h", "2d". No state, any thread. */
#pragma once

#include <glib.h>

/* Whole seconds; a number without unit is seconds. FALSE with INVALID_ARGUMENT naming the flag. */
gboolean duration_parse(const char *flag, const char *text, gint64 *ret_seconds, GError **error);

/* "45s", "12m", "3h", "9d": the largest unit of which there are at least two, or seconds. "-" for less than 0. Newly
 * allocated. */
char *duration_format(gint64 seconds);
