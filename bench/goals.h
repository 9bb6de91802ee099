/* What this driver is meant to reach (docs/performance.md), held against a result. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* A line per goal for which the result has a figure: "met" or "missed". Sets *ret_missed (may be NULL) to the number
 * that are missed. Newly allocated; "" if none applies. */
char *goals_render(const json_t *result, guint *ret_missed);
