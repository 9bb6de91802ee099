/* Taking a snapshot: at most one per name, although EVS has no token for it (design: Snapshots).
 *
 * The caller has looked and found none. Then:
 * 1. POST. An answer that got lost: the snapshot may have been taken all the same, so look for it for
 *    TAKE_LOST_ANSWER_MS (lists lag) before the next POST; at most TAKE_POSTS_MAX in one call.
 * 2. Wait until the own id is listed, at most TAKE_LISTED_MS: by then every older one of the name is listed too.
 * 3. The oldest by (created_at, id) is the snapshot for every controller. A loser deletes the one snapshot whose id
 *    came from its own POST, which has never left the process.
 *
 * Snapshots are taken by `force`: of attached disks too, as the disk stands at that instant (crash-consistent). */
#pragma once

#include "controller/controller.h"

enum {
  TAKE_POSTS_MAX = 3,
  TAKE_LOST_ANSWER_MS = 30000, /* how long a list may lag behind a POST */
  TAKE_LISTED_MS = 10000,
};

typedef struct {
  const char *name;     /* what owner_mark() hashes into the metadata */
  const char *evs_name; /* what EVS calls it */
  const char *volume_id;
  gboolean force;
  GHashTable *metadata; /* owner's marks in it */
} SnapshotOrder;

/* The snapshot, of any live status, usually still `creating`. It may be of another disk when another controller was
 * first: the caller compares. NULL with error:
 *   FAILED_PRECONDITION for quotas and the limit per disk (final on purpose: the snapshotter would never let go of a
 *   VolumeSnapshot whose creation ends with RESOURCE_EXHAUSTED); INTERNAL when it failed at once (and was removed);
 *   ABORTED when the time is up, and instead of the limit when clones of the disk hold snapshots that will go
 *   (snapshot_crowd_is_passing()). */
EvsSnapshot *snapshot_take(Controller *controller, RpcCall *call, const SnapshotOrder *order, GError **error);

/* Deletes failed snapshots (status error) of one of our names; best effort, logged. */
void snapshot_remove_remnants(Controller *controller, RpcCall *call, GPtrArray *remnants);
