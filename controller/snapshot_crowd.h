/* A disk has at most 7 snapshots, and each clone of it holds one for a while (clone_snapshot.h). When the cloud takes no
 * more, is it because of clones? Then there will be room without anybody's doing, and the refusal is not final.
 * Threads: any. */
#pragma once

#include "controller/controller.h"

enum { SNAPSHOTS_PER_DISK = 7, CROWD_LOOK_MS = 10 * 1000 };

/* Does the cloud's refusal say that a quota or the limit per disk is reached? */
gboolean snapshot_crowd_is_refusal(const GError *error);

/* TRUE: temporary snapshots of this cluster's clones are among the disk's. As lists lag, it looks for them for
 * CROWD_LOOK_MS, unless others fill the limit by themselves. FALSE also when the list cannot be read. */
gboolean snapshot_crowd_passes(Controller *controller, const EvsContext *context, const char *volume_id);

/* What snapshot_take() fails with when it passes: ABORTED, which keeps the cloud's code. */
gboolean snapshot_crowd_is_passing(const GError *error);
