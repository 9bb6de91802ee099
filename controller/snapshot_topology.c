#include "controller/snapshot_topology.h"

gboolean snapshot_topology_zone(Controller *controller, const EvsContext *context,
                                const EvsSnapshot *snapshot, char **ret_zone, GError **error)
{
  *ret_zone = NULL;
  if (!controller->gates.snapshot_topology)
    return TRUE;
  g_autoptr(GError) local = NULL;
  g_autoptr(EvsDisk) disk = evs_disk_get(controller->client, context, snapshot->volume_id, &local);
  if (disk)
    *ret_zone = g_strdup(disk->availability_zone);
  if (disk || evs_error_is(local, EVS_CODE_NOT_FOUND))
    return TRUE;
  g_propagate_prefixed_error(error, g_steal_pointer(&local),
                             "asking for the zone of snapshot '%s': ", snapshot->id);
  return FALSE;
}

gboolean snapshot_topology_zones(Controller *controller, const EvsContext *context, GHashTable **ret_zones,
                                 GError **error)
{
  *ret_zones = NULL;
  if (!controller->gates.snapshot_topology)
    return TRUE;
  const EvsDiskFilter everything = {0};
  g_autoptr(GPtrArray) disks = evs_disk_list(controller->client, context, &everything, error);
  if (!disks)
    return FALSE;
  GHashTable *zones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < disks->len; i++) {
    const EvsDisk *disk = disks->pdata[i];
    g_hash_table_insert(zones, g_strdup(disk->id), g_strdup(disk->availability_zone));
  }
  *ret_zones = zones;
  return TRUE;
}
