/* What ControllerGetCapabilities lists: what is there works. */
#include "controller/controller.h"
#include "csi.pb-c.h"
#include "rpc/capability_list.h"

#define RPC(name) CSI__V1__CONTROLLER_SERVICE_CAPABILITY__RPC__TYPE__##name

ProtobufCMessage *controller_get_capabilities(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)error;
  static const CapabilityRow rows[] = {
    {RPC(CREATE_DELETE_VOLUME), NULL},
    {RPC(PUBLISH_UNPUBLISH_VOLUME), NULL},
    {RPC(LIST_VOLUMES), NULL},
    {RPC(LIST_VOLUMES_PUBLISHED_NODES), NULL},
    {RPC(GET_CAPACITY), NULL},
    {RPC(EXPAND_VOLUME), NULL},
    {RPC(MODIFY_VOLUME), NULL},
    {RPC(GET_VOLUME), NULL},
    {RPC(SINGLE_NODE_MULTI_WRITER), NULL},
    {RPC(CREATE_DELETE_SNAPSHOT), NULL},
    {RPC(LIST_SNAPSHOTS), NULL},
    {RPC(GET_SNAPSHOT), NULL},
    {RPC(CLONE_VOLUME), NULL},
    {RPC(GET_VOLUME_HEALTH), feature_gate_volume_health},
    {RPC(LIST_VOLUME_HEALTH), feature_gate_volume_health},
  };
  const Controller *controller = data;
  Csi__V1__ControllerGetCapabilitiesResponse *response =
    g_new0(Csi__V1__ControllerGetCapabilitiesResponse, 1);
  csi__v1__controller_get_capabilities_response__init(response);
  response->capabilities = (Csi__V1__ControllerServiceCapability **)capability_list(
    &csi__v1__controller_service_capability__descriptor, rows, G_N_ELEMENTS(rows), &controller->gates,
    &response->n_capabilities);
  return &response->base;
}
