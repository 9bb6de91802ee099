/* CSI Identity on the node's socket. */
#include "node/node.h"

#include "version.h"

ProtobufCMessage *node_get_plugin_info(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)error;
  const Node *node = data;
  Csi__V1__GetPluginInfoResponse *response = g_new0(Csi__V1__GetPluginInfoResponse, 1);
  csi__v1__get_plugin_info_response__init(response);
  response->name = g_strdup(node->options.daemon.driver_name);
  response->vendor_version = g_strdup(EVS_VERSION);
  return &response->base;
}

static Csi__V1__PluginCapability *service_capability(Csi__V1__PluginCapability__Service__Type type)
{
  Csi__V1__PluginCapability__Service *service = g_new0(Csi__V1__PluginCapability__Service, 1);
  csi__v1__plugin_capability__service__init(service);
  service->type = type;
  Csi__V1__PluginCapability *capability = g_new0(Csi__V1__PluginCapability, 1);
  csi__v1__plugin_capability__init(capability);
  capability->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE;
  capability->service = service;
  return capability;
}

/* Disks grow with I/O running. */
static Csi__V1__PluginCapability *expansion_capability(void)
{
  Csi__V1__PluginCapability__VolumeExpansion *expansion =
    g_new0(Csi__V1__PluginCapability__VolumeExpansion, 1);
  csi__v1__plugin_capability__volume_expansion__init(expansion);
  expansion->type = CSI__V1__PLUGIN_CAPABILITY__VOLUME_EXPANSION__TYPE__ONLINE;
  Csi__V1__PluginCapability *capability = g_new0(Csi__V1__PluginCapability, 1);
  csi__v1__plugin_capability__init(capability);
  capability->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_VOLUME_EXPANSION;
  capability->volume_expansion = expansion;
  return capability;
}

/* The same as the controller's: capabilities are those of the plugin, whichever of its two sockets is asked. */
ProtobufCMessage *node_get_plugin_capabilities(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)error;
  static const Csi__V1__PluginCapability__Service__Type types[] = {
    CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__CONTROLLER_SERVICE,
    CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__VOLUME_ACCESSIBILITY_CONSTRAINTS,
    CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__SNAPSHOT_ACCESSIBILITY_CONSTRAINTS, /* last: behind its gate */
  };
  const Node *node = data;
  gsize count = G_N_ELEMENTS(types) - (node->options.gates.snapshot_topology ? 0 : 1);
  Csi__V1__GetPluginCapabilitiesResponse *response = g_new0(Csi__V1__GetPluginCapabilitiesResponse, 1);
  csi__v1__get_plugin_capabilities_response__init(response);
  response->n_capabilities = count + 1;
  response->capabilities = g_new0(Csi__V1__PluginCapability *, count + 1);
  for (gsize i = 0; i < count; i++)
    response->capabilities[i] = service_capability(types[i]);
  response->capabilities[count] = expansion_capability();
  return &response->base;
}

/* The process answers, so it is well: nothing here depends on anything that may be away. */
ProtobufCMessage *node_probe(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)data, (void)error;
  Google__Protobuf__BoolValue *ready = g_new0(Google__Protobuf__BoolValue, 1);
  google__protobuf__bool_value__init(ready);
  ready->value = TRUE;
  Csi__V1__ProbeResponse *response = g_new0(Csi__V1__ProbeResponse, 1);
  csi__v1__probe_response__init(response);
  response->ready = ready;
  return &response->base;
}
