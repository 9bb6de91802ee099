/* Finding the snapshot of a CSI name: by its EVS name, then by owner metadata. EVS holds names unique nowhere. */
#pragma once

#include "controller/controller.h"

/* What a name led to. */
typedef struct {
  EvsSnapshot *snapshot; /* the oldest by (created_at, id) that neither failed nor goes away; NULL: none */
  GPtrArray *remnants;   /* of EvsSnapshot*: failed ones (status error) of this name and owner; never NULL */
  gboolean has_own;      /* own_id is listed */
} SnapshotFound;

void snapshot_found_clear(SnapshotFound *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SnapshotFound, snapshot_found_clear)

/* Looks for snapshots of this EVS name (evs_watcher_look_snapshot_name(): many share a list) and picks from them as snapshot_pick() does; duplicates are logged and
 * counted (evs_controller_duplicate_snapshots_total), never touched. own_id: of the caller's own POST, or NULL. */
gboolean snapshot_find(Controller *controller, const EvsContext *context, const char *name,
                       const char *evs_name, const char *own_id, SnapshotFound *ret_found, GError **error);

/* Picks from a list of EvsSnapshot*: copies. *ret_duplicates: how many more live ones there are. */
void snapshot_pick(const Owner *owner, const char *name, const char *evs_name, const char *own_id,
                   GPtrArray *snapshots, SnapshotFound *ret_found, guint *ret_duplicates);
