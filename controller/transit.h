/* How long disks have been on their way: seen `attaching` or `detaching`, over all calls of this process.
 *
 * A sidecar's call is shorter than the time after which an attach or detach counts as stuck, so one call alone cannot
 * tell. What is forgotten (a restart, too many disks) is only waited for again. A disk seen in another status between,
 * or not seen at all for TRANSIT_GAP_MS (the sidecars look at least every 5 minutes), starts anew.
 * Threads: any. Ceiling: TRANSITS_MAX disks, then all are forgotten. */
#pragma once

#include "evsclient/disk.h"

enum { TRANSITS_MAX = 10000, TRANSIT_GAP_MS = 10 * 60 * 1000 };

typedef struct Transits Transits;

/* stuck_ms: from when on a disk is stuck. now_us: clock_now_us, or a test's clock. */
Transits *transits_new(gint64 stuck_ms, gint64 (*now_us)(void));
/* NULL is fine. */
void transits_free(Transits *transits);

/* Notes what the disk is doing. TRUE when it is stuck. *ret_ms: for how long it has been seen in its status; 0 when that
 * is neither `attaching` nor `detaching`. */
gboolean transits_see(Transits *transits, const EvsDisk *disk, gint64 *ret_ms);

/* The disk has just been sent on its way by us; it has arrived. */
void transits_begin(Transits *transits, const char *volume_id, const char *status);
void transits_end(Transits *transits, const char *volume_id);

/* How many of this status are stuck, of those seen within TRANSIT_GAP_MS. */
guint transits_stuck(Transits *transits, const char *status);

/* Disks remembered; for tests. */
guint transits_count(Transits *transits);
