/* CreateSnapshot: at most one snapshot per name, found again after any crash.
 *
 * 1. Look for a snapshot of this name and owner. One of another disk: ALREADY_EXISTS. One that failed: it is removed and
 *    the call fails with INTERNAL, which is final: the snapshotter lets go and a later call starts anew.
 * 2. Read the disk, then take the snapshot (snapshot_take.h).
 *
 * The answer comes as soon as the snapshot has been taken and its id is certain: its content is frozen from then on, so
 * applications held still for it may go on, and nothing else may be lost. ready_to_use is TRUE only for the status
 * `available`; the snapshotter asks again (GetSnapshot, ListSnapshots) while it is FALSE. A copy that lasts is never an
 * error: an error that is not final would keep a VolumeSnapshot from being deleted, a final one would leak the snapshot.
 *
 * The handler itself is declared in controller.h. */
#pragma once

#include "ownership/owner.h"

/* May a snapshot be taken of a disk of this status? ABORTED while the status changes by itself, else
 * FAILED_PRECONDITION; the text names it. */
gboolean create_snapshot_check_disk(const EvsDisk *disk, GError **error);
