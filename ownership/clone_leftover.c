#include "ownership/clone_leftover.h"

#include "ownership/snapshot_kind.h"

gboolean clone_leftover_is(const Owner *owner, const EvsSnapshot *snapshot)
{
  return snapshot_is_temporary(snapshot) && owner_of_snapshot(owner, snapshot) == OWNER_US;
}

gboolean clone_leftover_may_go(const Owner *owner, const EvsSnapshot *snapshot, const GPtrArray *disks,
                               gint64 now_wall_us)
{
  if (!clone_leftover_is(owner, snapshot) || g_str_equal(snapshot->status, "deleting"))
    return FALSE;
  gboolean is_done = FALSE;
  for (guint i = 0; i < disks->len; i++) {
    const EvsDisk *disk = disks->pdata[i];
    if (!g_str_equal(disk->snapshot_id, snapshot->id))
      continue;
    if (g_str_equal(disk->status, "creating") || g_str_equal(disk->status, "downloading"))
      return FALSE;
    is_done |= !g_str_equal(disk->status, "error");
  }
  gboolean is_old = snapshot->created_wall_us > 0 &&
                    (now_wall_us - snapshot->created_wall_us) / 1000 >= LEFTOVER_ABANDONED_MS;
  return is_done || is_old;
}
