/* DeleteSnapshot: gone is OK. Never deleted: snapshots of the cloud's backups, and those of another cluster or driver;
 * one without owner (made by hand or by the Go peer) is. The call answers when the snapshot is gone. */
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/snapshot_remove.h"
#include "controller/volume_id.h"
#include "csi.pb-c.h"
#include "ownership/snapshot_kind.h"

char *delete_snapshot_key(const void *request, void *data, GError **error)
{
  (void)data;
  const Csi__V1__DeleteSnapshotRequest *message = request;
  return volume_id_check("snapshot_id", message->snapshot_id, error)
           ? g_strconcat("delete-snapshot:", message->snapshot_id, NULL)
           : NULL;
}

static gboolean check(const Controller *controller, const EvsSnapshot *snapshot, GError **error)
{
  if (snapshot_is_backup(snapshot))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "snapshot '%s' ('%s') belongs to a backup of the cloud; it is not deleted",
                         snapshot->id, snapshot->name);
  if (owner_of_snapshot(&controller->owner, snapshot) != OWNER_ANOTHER)
    return TRUE;
  g_autofree char *owner = owner_describe_snapshot(snapshot);
  return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                       "snapshot '%s' belongs to %s, not to this driver; it is not deleted", snapshot->id,
                       owner);
}

static gboolean remove_snapshot(Controller *controller, RpcCall *call, const char *snapshot_id,
                                GError **error)
{
  g_autofree char *resource = snapshot_resource(snapshot_id);
  if (!rpc_call_claim(call, resource, error))
    return FALSE;
  rpc_call_note(call, "deleting snapshot %s", snapshot_id);
  EvsContext to_send = context_to_send(call), to_wait = context_to_wait(call);
  return snapshot_remove(controller, &to_send, &to_wait, snapshot_id, check, SNAPSHOT_REMOVE_WAIT, error);
}

ProtobufCMessage *delete_snapshot(RpcCall *call, const void *request, void *data, GError **error)
{
  const Csi__V1__DeleteSnapshotRequest *message = request;
  /* An id of another shape was never a snapshot: gone, without a call to the cloud. */
  if (volume_id_check_exists("snapshot", message->snapshot_id, NULL) &&
      !remove_snapshot(data, call, message->snapshot_id, error))
    return NULL;
  Csi__V1__DeleteSnapshotResponse *response = g_new0(Csi__V1__DeleteSnapshotResponse, 1);
  csi__v1__delete_snapshot_response__init(response);
  return &response->base;
}
