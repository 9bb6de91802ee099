#include "controller/volume_message.h"

#include "controller/topology.h"
#include "controller/volume_size.h"
#include "ownership/owner.h"

static Csi__V1__VolumeContentSource *new_source(const EvsDisk *disk)
{
  const char *mark = evs_disk_metadata(disk, OWNER_KEY_SOURCE);
  gboolean is_clone = g_str_has_prefix(mark, "volume:");
  const char *snapshot_id = g_str_has_prefix(mark, "snapshot:") ? strchr(mark, ':') + 1 : disk->snapshot_id;
  gboolean is_transferred =
    g_str_has_prefix(mark, "transfer:"); /* what it was made of stayed with the sender */
  if (is_transferred || (!is_clone && !snapshot_id[0]))
    return NULL;
  Csi__V1__VolumeContentSource *source = g_new0(Csi__V1__VolumeContentSource, 1);
  csi__v1__volume_content_source__init(source);
  if (is_clone) {
    source->type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME;
    source->volume = g_new0(Csi__V1__VolumeContentSource__VolumeSource, 1);
    csi__v1__volume_content_source__volume_source__init(source->volume);
    source->volume->volume_id = g_strdup(strchr(mark, ':') + 1);
  } else {
    source->type_case = CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT;
    source->snapshot = g_new0(Csi__V1__VolumeContentSource__SnapshotSource, 1);
    csi__v1__volume_content_source__snapshot_source__init(source->snapshot);
    source->snapshot->snapshot_id = g_strdup(snapshot_id);
  }
  return source;
}

Csi__V1__Volume *volume_message_new(const EvsDisk *disk)
{
  Csi__V1__Volume *volume = g_new0(Csi__V1__Volume, 1);
  csi__v1__volume__init(volume);
  volume->volume_id = g_strdup(disk->id);
  volume->capacity_bytes = disk->size_gib * BYTES_PER_GIB;
  volume->content_source = new_source(disk);
  volume->n_accessible_topology = 1;
  volume->accessible_topology = g_new0(Csi__V1__Topology *, 1);
  volume->accessible_topology[0] = topology_of_zone(disk->availability_zone);
  return volume;
}

char **volume_message_nodes(const EvsDisk *disk, size_t *ret_count)
{
  *ret_count = disk->attachments->len;
  if (disk->attachments->len == 0)
    return NULL;
  char **nodes = g_new0(char *, disk->attachments->len);
  for (guint i = 0; i < disk->attachments->len; i++)
    nodes[i] = g_strdup(((EvsAttachment *)disk->attachments->pdata[i])->server_id);
  return nodes;
}
