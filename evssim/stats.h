/* What /_sim/stats counts: calls per operation with status and error code, and oracle_ms. (oracle.h says what that is). */
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
/* As oracle_add(). */
void stats_oracle_add(Stats *stats, const char *kind, const char *volume_id, const char *server_id,
                      gint64 duration_us);

/* {"calls":{...},"oracle_ms":{...}}. New reference. */
json_t *stats_render(const Stats *stats);
/* Calls of this operation so far. */
guint64 stats_total(const Stats *stats, const char *op);
