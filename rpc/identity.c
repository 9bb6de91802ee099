#include "rpc/identity.h"

#include "csi.pb-c.h"
#include "rpc/capability_list.h"
#include "version.h"

static ProtobufCMessage *get_plugin_info(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)error;
  const PluginIdentity *identity = data;
  Csi__V1__GetPluginInfoResponse *response = g_new0(Csi__V1__GetPluginInfoResponse, 1);
  csi__v1__get_plugin_info_response__init(response);
  response->name = g_strdup(identity->driver_name);
  response->vendor_version = g_strdup(EVS_VERSION);
  return &response->base;
}

/* Disks grow with I/O running. */
static Csi__V1__PluginCapability *expansion_capability(void)
{
  Csi__V1__PluginCapability *capability = g_new0(Csi__V1__PluginCapability, 1);
  csi__v1__plugin_capability__init(capability);
  capability->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_VOLUME_EXPANSION;
  capability->volume_expansion = g_new0(Csi__V1__PluginCapability__VolumeExpansion, 1);
  csi__v1__plugin_capability__volume_expansion__init(capability->volume_expansion);
  capability->volume_expansion->type = CSI__V1__PLUGIN_CAPABILITY__VOLUME_EXPANSION__TYPE__ONLINE;
  return capability;
}

#define SERVICE(name) CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__##name

static ProtobufCMessage *get_plugin_capabilities(RpcCall *call, const void *request, void *data,
                                                 GError **error)
{
  (void)call, (void)request, (void)error;
  static const CapabilityRow services[] = {
    {SERVICE(CONTROLLER_SERVICE), NULL},
    {SERVICE(VOLUME_ACCESSIBILITY_CONSTRAINTS), NULL},
    {SERVICE(SNAPSHOT_ACCESSIBILITY_CONSTRAINTS), feature_gate_snapshot_topology},
  };
  const PluginIdentity *identity = data;
  Csi__V1__GetPluginCapabilitiesResponse *response = g_new0(Csi__V1__GetPluginCapabilitiesResponse, 1);
  csi__v1__get_plugin_capabilities_response__init(response);
  response->capabilities = (Csi__V1__PluginCapability **)capability_list(
    &csi__v1__plugin_capability__descriptor, services, G_N_ELEMENTS(services), identity->gates,
    &response->n_capabilities);
  response->capabilities =
    g_renew(Csi__V1__PluginCapability *, response->capabilities, response->n_capabilities + 1);
  response->capabilities[response->n_capabilities++] = expansion_capability();
  return &response->base;
}

/* Ready as soon as the process serves: an outage of anything else must not restart every pod. */
static ProtobufCMessage *probe(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)data, (void)error;
  Csi__V1__ProbeResponse *response = g_new0(Csi__V1__ProbeResponse, 1);
  csi__v1__probe_response__init(response);
  response->ready = g_new0(Google__Protobuf__BoolValue, 1);
  google__protobuf__bool_value__init(response->ready);
  response->ready->value = TRUE;
  return &response->base;
}

void identity_add_service(RpcServer *server, PluginIdentity *identity)
{
  static const RpcMethod methods[] = {
    {.name = "GetPluginInfo", .handle = get_plugin_info, .quick = TRUE},
    {.name = "GetPluginCapabilities", .handle = get_plugin_capabilities, .quick = TRUE},
    {.name = "Probe", .handle = probe, .quick = TRUE},
  };
  rpc_server_add_service(server, &csi__v1__identity__descriptor, methods, G_N_ELEMENTS(methods), identity);
}
