/* Looking at disks by list. */
#include "evsclient/api.h"
#include "evsclient/watch.h"

gboolean evs_watcher_look(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          EvsDisk **ret_disk, GError **error)
{
  if (!evs_id_check_uuid("volume", volume_id, error))
    return FALSE;
  const char *ids[] = {volume_id, NULL};
  g_autoptr(GPtrArray) rows = watch_disks.list(watcher->client, context, ids, 0, NULL, error);
  if (!rows)
    return FALSE;
  *ret_disk = rows->len ? evs_disk_copy(rows->pdata[0]) : NULL;
  return TRUE;
}
