/* GetSnapshot: one snapshot and whether it is ready. */
#include "controller/get_snapshot.h"

#include "controller/context.h"
#include "controller/snapshot_message.h"
#include "controller/snapshot_topology.h"
#include "controller/volume_id.h"
#include "ownership/snapshot_kind.h"

EvsSnapshot *get_visible_snapshot(Controller *controller, const EvsContext *context, const char *snapshot_id,
                                  GError **error)
{
  if (!volume_id_check_exists("snapshot", snapshot_id, error))
    return NULL;
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_get(controller->client, context, snapshot_id, error);
  if (snapshot && !snapshot_is_visible(snapshot)) {
    evs_error_set(error, EVS_CODE_NOT_FOUND, "snapshot '%s' ('%s') is not a user's: it belongs to a %s",
                  snapshot_id, snapshot->name,
                  snapshot_is_backup(snapshot) ? "backup of the cloud" : "clone that is being made");
    return NULL;
  }
  return g_steal_pointer(&snapshot);
}

ProtobufCMessage *get_snapshot(RpcCall *call, const void *request, void *data, GError **error)
{
  const Csi__V1__GetSnapshotRequest *message = request;
  if (!volume_id_check("snapshot_id", message->snapshot_id, error))
    return NULL;
  EvsContext context = context_to_send(call);
  g_autoptr(EvsSnapshot) snapshot = get_visible_snapshot(data, &context, message->snapshot_id, error);
  g_autofree char *zone = NULL;
  if (!snapshot || !snapshot_check_not_failed(snapshot, error) ||
      !snapshot_topology_zone(data, &context, snapshot, &zone, error))
    return NULL;
  Csi__V1__GetSnapshotResponse *response = g_new0(Csi__V1__GetSnapshotResponse, 1);
  csi__v1__get_snapshot_response__init(response);
  response->snapshot = snapshot_message_new(snapshot, zone);
  return &response->base;
}
