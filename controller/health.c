/* ControllerGetVolumeHealth and ControllerListVolumeHealth (CSI v1.13, feature gate VolumeHealth): the health of disks
 * as EVS knows it. What only the node can see (I/O errors, a read-only remount) the node tells. */
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/disk_state.h"
#include "controller/list_volumes.h"
#include "controller/volume_health.h"
#include "controller/volume_id.h"

static gboolean check_gate(const Controller *controller, GError **error)
{
  return controller->gates.volume_health ||
         evs_error_set(
           error, EVS_CODE_UNIMPLEMENTED,
           "volume health is switched off; option '--feature-gates=VolumeHealth=true' switches it on");
}

ProtobufCMessage *get_volume_health(RpcCall *call, const void *request, void *data, GError **error)
{
  const Controller *controller = data;
  const Csi__V1__ControllerGetVolumeHealthRequest *message = request;
  if (!check_gate(controller, error) || !volume_id_check("volume_id", message->volume_id, error) ||
      !volume_id_check_exists("volume", message->volume_id, error))
    return NULL;
  EvsContext context = context_to_send(call);
  g_autoptr(EvsDisk) disk = disk_read(controller->client, &context, message->volume_id, error);
  if (!disk)
    return NULL;
  Csi__V1__ControllerGetVolumeHealthResponse *response =
    g_new0(Csi__V1__ControllerGetVolumeHealthResponse, 1);
  csi__v1__controller_get_volume_health_response__init(response);
  response->volume_health = volume_health_new(disk);
  return &response->base;
}

/* Every disk that ListVolumes shows has an entry, so that a recovery shows too. */
ProtobufCMessage *list_volume_health(RpcCall *call, const void *request, void *data, GError **error)
{
  const Csi__V1__ControllerListVolumeHealthRequest *message = request;
  guint count = 0;
  g_autoptr(GPtrArray) disks = check_gate(data, error) ? list_page(call, data, message->max_entries,
                                                                   message->starting_token, &count, error)
                                                       : NULL;
  if (!disks)
    return NULL;
  Csi__V1__ControllerListVolumeHealthResponse *response =
    g_new0(Csi__V1__ControllerListVolumeHealthResponse, 1);
  csi__v1__controller_list_volume_health_response__init(response);
  if (count > 0)
    response->entries = g_new0(Csi__V1__VolumeHealth *, count);
  for (guint i = 0; i < count; i++)
    response->entries[response->n_entries++] = volume_health_new(disks->pdata[i]);
  if (count < disks->len) {
    const EvsDisk *last = disks->pdata[count - 1];
    response->next_token = list_token_new(last->created_at, last->id);
  }
  return &response->base;
}
