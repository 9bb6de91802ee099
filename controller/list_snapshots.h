/* ListSnapshots: every snapshot of the project that a user may see (or only this cluster's, with --list-owned-only),
 * those of one disk, or one by id. Snapshots of backups and of running clones are left out.
 *
 * Order, token and cost are those of ListVolumes (list_volumes.h). By snapshot_id the answer is one GET; unknown ids
 * and ids that cannot exist give an empty list, a failed snapshot FAILED_PRECONDITION as for GetSnapshot.
 *
 * The handler itself is declared in controller.h. */
#pragma once

#include "ownership/owner.h"

/* Entries of one answer when the caller sets no max_entries. */
enum { LIST_SNAPSHOTS_MAX = 10000 };

/* Keeps the snapshots that ListSnapshots shows, sorts them, and drops those at or before the position (created_at NULL:
 * none). volume_id "": of any disk. snapshots of EvsSnapshot*, owned by the array. */
void list_snapshots_select(GPtrArray *snapshots, const Owner *owner, gboolean owned_only,
                           const char *volume_id, const char *created_at, const char *id);
