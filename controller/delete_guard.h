/* Deleting an EVS disk deletes its snapshots too, without a question. So a disk that has any is not deleted.
 *
 * What counts: every snapshot of the disk, of whatever owner, one that failed included. What does not: snapshots of the
 * cloud's backups (autobk_snapshot_*), which no user can delete, and those that clones of this cluster take and remove:
 * these are deleted here first. */
#pragma once

#include "controller/controller.h"

enum {
  GUARD_NAMED_MAX = 10,
  GUARD_LIST_GAP_MS = 1500, /* a storm of deletes makes one list of all snapshots in so long */
  GUARD_LIST_BURST = 10,
  GUARD_LIST_PAGE = 1000, /* the most that one call lists */
};

/* Lists that delete_guard_check() calls share: see shared_list.h. Only a list of all snapshots that fits in one page is
 * relied on: pages are read by offset, and a snapshot that is missed is a snapshot that is lost. */
SharedLists *delete_guard_lists_new(EvsClient *client);

/* Reads a list that began after this call did, so that every snapshot made (and listed by the cloud) before it is seen.
 * FALSE: FAILED_PRECONDITION naming the snapshots (ids and names; the first GUARD_NAMED_MAX of them);
 * ABORTED while the last of them are being deleted, or while a clone of the disk runs. */
gboolean delete_guard_check(Controller *controller, RpcCall *call, const char *volume_id, GError **error);

typedef enum {
  GUARD_IGNORE, /* of a backup */
  GUARD_REMOVE, /* our clones' */
  GUARD_LEAVES, /* is being deleted already */
  GUARD_KEEP,   /* holds the disk */
} GuardVerdict;

/* What one snapshot means for the deletion of its disk. */
GuardVerdict delete_guard_judge(const Owner *owner, const EvsSnapshot *snapshot);
