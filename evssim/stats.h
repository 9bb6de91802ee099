/* What /_sim/stats counts: calls per operation with status and error code, and oracle_ms.
 *
 * oracle_ms: per kind of work the least time in which a client that knows everything could have finished all of it,
 * counted from a common start: every request is sent as early as the rate limit allows (burst at once, then rps), one
 * attach or detach at a time per server, and no time is lost in waiting for news. A benchmark divides by it. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "evssim/profile.h"

typedef struct Stats Stats;

Stats *stats_new(const Profile *profile);
void stats_free(Stats *stats);
void stats_reset(Stats *stats);

/* status 0: the connection was dropped without an answer (counted as "dropped"). code: NULL or "" for none. */
void stats_count(Stats *stats, const char *op, int status, const char *code);
/* A job of this kind that takes duration_us of real time was taken; server_id: NULL or "" if it uses none. */
void stats_oracle_add(Stats *stats, const char *kind, const char *server_id, gint64 duration_us);

/* {"calls":{...},"oracle_ms":{...}}. New reference. */
json_t *stats_render(const Stats *stats);
/* Calls of this operation so far. */
guint64 stats_total(const Stats *stats, const char *op);
