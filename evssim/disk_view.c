#include "evssim/disk_view.h"

#include "evssim/disks.h"
#include "evssim/history.h"

DiskView *disk_view_new(const Sim *sim, const Project *project, gint64 lag_us, gint64 age_us)
{
  DiskView *view = g_new0(DiskView, 1);
  view->disks = g_ptr_array_new();
  view->owned = g_ptr_array_new_with_free_func((GDestroyNotify)disk_free);
  g_autoptr(GHashTable) changed = history_since(sim, HISTORY_DISK, age_us);
  g_autoptr(GHashTable) new = history_newcomers(sim, HISTORY_DISK, lag_us);
  GHashTableIter iter;
  gpointer id, value;
  g_hash_table_iter_init(&iter, sim->disks);
  while (g_hash_table_iter_next(&iter, &id, &value)) {
    Disk *disk = value;
    if (disk->project == project && !g_hash_table_contains(changed, id) && !g_hash_table_contains(new, id) &&
        disk_is_visible(sim, disk))
      g_ptr_array_add(view->disks, disk);
  }
  g_hash_table_iter_init(&iter, changed);
  while (g_hash_table_iter_next(&iter, &id, &value)) {
    Disk *disk = value && !g_hash_table_contains(new, id) ? disk_from_record(sim, id, value) : NULL;
    if (!disk)
      continue;
    g_ptr_array_add(view->owned, disk);
    if (disk->project == project && disk_is_visible(sim, disk))
      g_ptr_array_add(view->disks, disk);
  }
  return view;
}

void disk_view_free(DiskView *view)
{
  if (!view)
    return;
  g_ptr_array_unref(view->disks);
  g_ptr_array_unref(view->owned);
  g_free(view);
}
