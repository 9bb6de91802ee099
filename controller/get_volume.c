/* ControllerGetVolume: one disk and the servers it is attached to. */
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/disk_state.h"
#include "controller/volume_id.h"
#include "controller/volume_message.h"

ProtobufCMessage *get_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  const Controller *controller = data;
  const Csi__V1__ControllerGetVolumeRequest *message = request;
  if (!volume_id_check("volume_id", message->volume_id, error) ||
      !volume_id_check_exists("volume", message->volume_id, error))
    return NULL;
  EvsContext context = context_to_send(call);
  g_autoptr(EvsDisk) disk = disk_read(controller->client, &context, message->volume_id, error);
  if (!disk)
    return NULL;

  Csi__V1__ControllerGetVolumeResponse *response = g_new0(Csi__V1__ControllerGetVolumeResponse, 1);
  csi__v1__controller_get_volume_response__init(response);
  response->volume = volume_message_new(disk);
  response->status = g_new0(Csi__V1__ControllerGetVolumeResponse__VolumeStatus, 1);
  csi__v1__controller_get_volume_response__volume_status__init(response->status);
  response->status->published_node_ids = volume_message_nodes(disk, &response->status->n_published_node_ids);
  return &response->base;
}
