/* The temporary snapshot of a clone. EVS makes disks of snapshots, not of disks: so a clone is a snapshot of the source
 * disk, a full copy of it, and the snapshot's removal.
 *
 * Its name, evscsi-clone-<32 hexadecimal digits>, follows from cluster, driver, source disk and volume name: every
 * later call finds it again, and clones of one disk that run at one time have one each. It carries our owner marks and
 * the source's id (OWNER_KEY_CLONE_OF). It is removed when the clone is done or has failed for good, by the next call of
 * that volume name, before the source disk is deleted (delete_guard.h), and at start-up (clone_sweep.h). */
#pragma once

#include "controller/controller.h"

/* Newly allocated. */
char *clone_snapshot_name(const Owner *owner, const char *volume_id, const char *volume_name);

/* The snapshot, once it is available; taken now unless an earlier call did. More clones of one disk at once than it may
 * have snapshots wait for each other here; they cannot share one, which would hold what the disk held before the later
 * calls. NULL with error: a failed one was removed (INTERNAL); ABORTED when the time is up. */
EvsSnapshot *clone_snapshot_make(Controller *controller, RpcCall *call, const char *volume_id,
                                 const char *volume_name, GError **error);

/* Looks for the temporary snapshots of this clone and deletes them. Best effort, logged: what stays is found again. */
void clone_snapshot_remove(Controller *controller, RpcCall *call, const char *volume_id,
                           const char *volume_name);
