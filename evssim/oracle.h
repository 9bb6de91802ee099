/* The least time in which a client that knows everything could have had the work done that evs-sim was given: a
 * benchmark divides by it.
 *
 * One request per job, sent as early as the rate limit allows (the burst at once, then at the rate; a bucket per kind of
 * work, or one for all, as the profile says); a server's attaches and detaches one after another; no time lost in waiting
 * for news. All starts at a common instant, and requests compete for tokens in the order in which evs-sim took them.
 * Work on one disk follows in order where kinds differ (create, attach, detach, delete); snapshots hold nothing up.
 * Answers take no time. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "evssim/profile.h"

typedef struct Oracle Oracle;

enum { ORACLE_JOBS_MAX = 100000 }; /* beyond, it knows nothing any more until the next reset */

Oracle *oracle_new(const Profile *profile);
void oracle_free(Oracle *oracle);
void oracle_reset(Oracle *oracle);

/* A job of this kind that takes duration_us of real time was taken. kind: static, "create" ... volume_id, server_id: NULL
 * or "" if it uses none. */
void oracle_add(Oracle *oracle, const char *kind, const char *volume_id, const char *server_id,
                gint64 duration_us);

/* Milliseconds per kind, as if there were no other, and "all" for everything together; empty without jobs, and beyond
 * ORACLE_JOBS_MAX. New reference. */
json_t *oracle_render(Oracle *oracle);
