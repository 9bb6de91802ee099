#include "controller/volume_message.h"

#include "controller/topology.h"
#include "controller/volume_size.h"

Csi__V1__Volume *volume_message_new(const EvsDisk *disk)
{
  Csi__V1__Volume *volume = g_new0(Csi__V1__Volume, 1);
  csi__v1__volume__init(volume);
  volume->volume_id = g_strdup(disk->id);
  volume->capacity_bytes = disk->size_gib * BYTES_PER_GIB;
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
