/* Temporary snapshots that clones left behind: which are ours, and which may go.
 *
 * One may go when a disk has been made of it (the clone is done), or when it is older than LEFTOVER_ABANDONED_MS and no
 * disk is being made of it; younger ones may be in use by a running call. No state, no calls. Any thread. */
#pragma once

#include "ownership/owner.h"

/* More than a CreateVolume flight lasts (15 min). */
enum { LEFTOVER_ABANDONED_MS = 20 * 60 * 1000 };

/* Taken by a clone of this owner. */
gboolean clone_leftover_is(const Owner *owner, const EvsSnapshot *snapshot);

/* May this snapshot go? disks: of EvsDisk*, all of the project. now_wall_us: clock_wall_us(). */
gboolean clone_leftover_may_go(const Owner *owner, const EvsSnapshot *snapshot, const GPtrArray *disks,
                               gint64 now_wall_us);
