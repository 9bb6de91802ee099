/* Removes what clones left behind: temporary snapshots (clone_snapshot.h) whose call was killed or given up for good.
 *
 * Runs at start-up, then again only while such snapshots are there, and ends its own work when none is. A snapshot is
 * removed when a disk has been made of it (the clone is done), or when it is older than SWEEP_ABANDONED_MS and no disk is
 * being made of it; younger ones may be in use by a call of another controller. Should an abandoned one be wanted after
 * all, that call is ABORTED and its next one takes another.
 *
 * Costs one list of snapshots, and one of disks when it found any. A thread of its own; failures are logged and tried
 * again. */
#pragma once

#include "controller/controller.h"

/* More than a CreateVolume flight lasts (15 min). */
enum { SWEEP_ABANDONED_MS = 20 * 60 * 1000, SWEEP_PAUSE_MS = 60 * 1000 };

typedef struct CloneSweep CloneSweep;

/* Starts the thread. The controller must outlive it. */
CloneSweep *clone_sweep_start(Controller *controller);
/* Ends the thread and frees. NULL is fine. */
void clone_sweep_stop(CloneSweep *sweep);

/* May this snapshot go? disks: of EvsDisk*, all of the project. now_wall_us: clock_wall_us(). */
gboolean clone_sweep_judge(const Owner *owner, const EvsSnapshot *snapshot, const GPtrArray *disks,
                           gint64 now_wall_us);
