/* ControllerUnpublishVolume: the disk is not attached to the server (or, without node id, to any).
 *
 * A disk or server that is gone, and an attachment that is not there, are success: a VolumeAttachment whose detach
 * fails stays for ever. But an attach or detach under way is awaited before the answer: a detach that ends after its
 * answer would pull the disk from under the next pod (cloud-facts.md A6). */
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/detach.h"
#include "controller/disk_row.h"
#include "controller/volume_id.h"
#include "csi.pb-c.h"

char *unpublish_volume_key(const void *request, void *data, GError **error)
{
  (void)data;
  const Csi__V1__ControllerUnpublishVolumeRequest *message = request;
  if (!volume_id_check("volume_id", message->volume_id, error))
    return NULL;
  if (message->node_id[0] && !volume_id_check("node_id", message->node_id, error))
    return NULL;
  return g_strdup_printf("attach:%s+%s", message->volume_id, message->node_id[0] ? message->node_id : "*");
}

/* The attachment to remove next, or NULL. A server that is gone may stay listed for a while: it is not asked twice. */
static const EvsAttachment *next_attachment(const Removal *removal, const EvsDisk *disk, GHashTable *handled)
{
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    if ((!removal->server_id[0] || g_str_equal(attachment->server_id, removal->server_id)) &&
        !g_hash_table_contains(handled, attachment->server_id))
      return attachment;
  }
  return NULL;
}

/* The disk as it is: a row of a list at first, if that shows the disk attached and at rest. NULL with error. */
static EvsDisk *look(Removal *removal, GError **error)
{
  g_autoptr(EvsDisk) row = NULL;
  const DiskAim aim = {.kind = DISK_AIM_DETACH, .server_id = removal->server_id};
  removal->by_row = !removal->row_seen && removal->server_id[0] &&
                    disk_row_look(removal->controller, &removal->to_send, removal->volume_id, &aim, &row);
  removal->row_seen = TRUE;
  if (removal->by_row)
    return g_steal_pointer(&row);
  return evs_disk_get(removal->controller->client, &removal->to_send, removal->volume_id, error);
}

/* One look at the disk and what follows from it. DETACH_DONE: nothing is attached any more. */
static DetachResult remove_next(Removal *removal, GHashTable *handled, GError **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(EvsDisk) disk = look(removal, &local);
  if (!disk) {
    if (evs_error_is(local, EVS_CODE_NOT_FOUND))
      return DETACH_DONE;
    g_propagate_error(error, g_steal_pointer(&local));
    return DETACH_FAILED;
  }
  if (g_str_equal(disk->status, "attaching") || g_str_equal(disk->status, "detaching"))
    return detach_await(removal, disk, error);
  transits_end(removal->controller->transits, disk->id);
  const EvsAttachment *attachment = next_attachment(removal, disk, handled);
  if (!attachment)
    return DETACH_DONE;
  DetachResult result = detach_from(removal, disk, attachment->server_id, error);
  if (result != DETACH_DONE)
    return result;
  g_hash_table_add(handled, g_strdup(attachment->server_id));
  return removal->server_id[0] ? DETACH_DONE : DETACH_AGAIN;
}

static gboolean remove_all(Removal *removal, GError **error)
{
  g_autoptr(GHashTable) handled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  DetachResult result;
  do
    result = remove_next(removal, handled, error);
  while (result == DETACH_AGAIN);
  return result == DETACH_DONE;
}

ProtobufCMessage *unpublish_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  const Csi__V1__ControllerUnpublishVolumeRequest *message = request;
  /* Ids of another shape never were a disk or a server: nothing is attached. */
  gboolean possible = volume_id_check_exists("volume", message->volume_id, NULL) &&
                      (!message->node_id[0] || volume_id_check_exists("node", message->node_id, NULL));
  if (possible) {
    g_autofree char *resource = volume_id_resource(message->volume_id);
    Removal removal = {.controller = data,
                       .call = call,
                       .volume_id = message->volume_id,
                       .server_id = message->node_id,
                       .to_send = context_to_send(call),
                       .to_wait = context_to_wait(call)};
    if (!rpc_call_claim(call, resource, error) || !remove_all(&removal, error))
      return NULL;
  }
  Csi__V1__ControllerUnpublishVolumeResponse *response =
    g_new0(Csi__V1__ControllerUnpublishVolumeResponse, 1);
  csi__v1__controller_unpublish_volume_response__init(response);
  return &response->base;
}
