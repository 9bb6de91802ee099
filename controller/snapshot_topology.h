/* Where a snapshot can be restored (gate SnapshotTopology): in the zone of its disk, which the snapshot itself does not
 * tell. */
#pragma once

#include "controller/controller.h"

/* *ret_zone is newly allocated, or NULL: the gate is off (nothing is asked then) or the disk is gone. */
gboolean snapshot_topology_zone(Controller *controller, const EvsContext *context,
                                const EvsSnapshot *snapshot, char **ret_zone, GError **error);

/* The zones of all disks of the project, id -> zone, or NULL when the gate is off. FALSE with the cloud's error. */
gboolean snapshot_topology_zones(Controller *controller, const EvsContext *context, GHashTable **ret_zones,
                                 GError **error);
