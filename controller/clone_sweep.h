/* Removes what clones left behind: temporary snapshots (clone_snapshot.h) whose call was killed or given up for good.
 *
 * Runs at start-up, then again only while such snapshots are there, and ends its own work when none is. What may go is in
 * ownership/clone_leftover.h. Should an abandoned one be wanted after all, that call is ABORTED and its next one takes
 * another.
 *
 * Costs one list of snapshots, and one of disks when it found any. A thread of its own; failures are logged and tried
 * again. */
#pragma once

#include "controller/controller.h"

enum { SWEEP_PAUSE_MS = 60 * 1000 };

typedef struct CloneSweep CloneSweep;

/* Starts the thread. The controller must outlive it. */
CloneSweep *clone_sweep_start(Controller *controller);
/* Ends the thread and frees. NULL is fine. */
void clone_sweep_stop(CloneSweep *sweep);
