#include "controller/snapshot_find.h"

#include "base/log.h"
#include "controller/meter.h"
#include "ownership/snapshot_kind.h"

void snapshot_found_clear(SnapshotFound *found)
{
  evs_snapshot_free(found->snapshot);
  g_clear_pointer(&found->remnants, g_ptr_array_unref);
  *found = (SnapshotFound){0};
}

void snapshot_pick(const Owner *owner, const char *name, const char *evs_name, const char *own_id,
                   GPtrArray *snapshots, SnapshotFound *ret_found, guint *ret_duplicates)
{
  SnapshotFound found = {.remnants = g_ptr_array_new_with_free_func((GDestroyNotify)evs_snapshot_free)};
  const EvsSnapshot *oldest = NULL;
  guint live = 0;
  for (guint i = 0; i < snapshots->len; i++) {
    const EvsSnapshot *snapshot = snapshots->pdata[i];
    if (!g_str_equal(snapshot->name, evs_name) || !owner_made_snapshot_for(owner, snapshot, name))
      continue;
    found.has_own |= own_id && g_str_equal(snapshot->id, own_id);
    if (g_str_equal(snapshot->status, "error"))
      g_ptr_array_add(found.remnants, evs_snapshot_copy(snapshot));
    if (!snapshot_is_live(snapshot))
      continue;
    live++;
    if (!oldest || snapshot_compare_age(snapshot, oldest) < 0)
      oldest = snapshot;
  }
  found.snapshot = oldest ? evs_snapshot_copy(oldest) : NULL;
  *ret_duplicates = live > 1 ? live - 1 : 0;
  *ret_found = found;
}

static void report_duplicates(const char *name, const EvsSnapshot *kept, guint duplicates)
{
  controller_meter_duplicate_snapshots(duplicates);
  log_warn("several snapshots of one name: the oldest is used, the others are left alone",
           LOG_TEXT("name", name), LOG_TEXT("snapshot", kept->id), LOG_NUMBER("others", duplicates));
}

gboolean snapshot_find(Controller *controller, const EvsContext *context, const char *name,
                       const char *evs_name, const char *own_id, SnapshotFound *ret_found, GError **error)
{
  g_autoptr(GPtrArray) snapshots = NULL;
  if (!evs_watcher_look_snapshot_name(controller->watcher, context, evs_name, &snapshots, error)) {
    g_prefix_error(error, "looking for a snapshot named '%s': ", evs_name);
    return FALSE;
  }
  guint duplicates = 0;
  snapshot_pick(&controller->owner, name, evs_name, own_id, snapshots, ret_found, &duplicates);
  if (duplicates > 0 && !own_id)
    report_duplicates(name, ret_found->snapshot, duplicates);
  return TRUE;
}
