/* Writing the query of a URL: name=value pairs joined by '&', values percent-encoded. */
#pragma once

#include <glib.h>

/* value NULL: nothing is added. */
void evs_query_add(GString *query, const char *name, const char *value);
/* 0 or less: nothing is added. */
void evs_query_add_int(GString *query, const char *name, gint64 value);
