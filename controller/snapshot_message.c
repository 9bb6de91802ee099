#include "controller/snapshot_message.h"

#include "controller/topology.h"
#include "controller/volume_size.h"
#include "ownership/snapshot_kind.h"

Csi__V1__Snapshot *snapshot_message_new(const EvsSnapshot *snapshot, const char *zone)
{
  Csi__V1__Snapshot *message = g_new0(Csi__V1__Snapshot, 1);
  csi__v1__snapshot__init(message);
  message->size_bytes = snapshot->size_gib * BYTES_PER_GIB;
  message->snapshot_id = g_strdup(snapshot->id);
  message->source_volume_id = g_strdup(snapshot->volume_id);
  message->creation_time = g_new0(Google__Protobuf__Timestamp, 1);
  google__protobuf__timestamp__init(message->creation_time);
  message->creation_time->seconds = snapshot->created_wall_us / G_USEC_PER_SEC;
  message->creation_time->nanos = (gint32)(snapshot->created_wall_us % G_USEC_PER_SEC) * 1000;
  message->ready_to_use = snapshot_is_ready(snapshot);
  if (zone) {
    message->n_accessible_topology = 1;
    message->accessible_topology = g_new0(Csi__V1__Topology *, 1);
    message->accessible_topology[0] = topology_of_zone(zone);
  }
  return message;
}
