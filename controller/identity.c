/* The Identity service and the capability lists: constants of build and options, answered without any I/O. What is
 * listed here works; what needs a feature gate names its function. */
#include "controller/controller.h"
#include "csi.pb-c.h"
#include "version.h"

ProtobufCMessage *identity_get_plugin_info(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)error;
  const Controller *controller = data;
  Csi__V1__GetPluginInfoResponse *response = g_new0(Csi__V1__GetPluginInfoResponse, 1);
  csi__v1__get_plugin_info_response__init(response);
  response->name = g_strdup(controller->owner.driver_name);
  response->vendor_version = g_strdup(EVS_VERSION);
  return &response->base;
}

static Csi__V1__PluginCapability *plugin_capability(Csi__V1__PluginCapability__Service__Type type)
{
  Csi__V1__PluginCapability *capability = g_new0(Csi__V1__PluginCapability, 1);
  csi__v1__plugin_capability__init(capability);
  capability->type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE;
  capability->service = g_new0(Csi__V1__PluginCapability__Service, 1);
  csi__v1__plugin_capability__service__init(capability->service);
  capability->service->type = type;
  return capability;
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

static gboolean snapshot_topology(const FeatureGates *gates)
{
  return gates->snapshot_topology;
}

static const struct {
  Csi__V1__PluginCapability__Service__Type type;
  gboolean (*gate)(const FeatureGates *gates); /* NULL: always */
} services[] = {
  {SERVICE(CONTROLLER_SERVICE), NULL},
  {SERVICE(VOLUME_ACCESSIBILITY_CONSTRAINTS), NULL},
  {SERVICE(SNAPSHOT_ACCESSIBILITY_CONSTRAINTS), snapshot_topology},
};

ProtobufCMessage *identity_get_plugin_capabilities(RpcCall *call, const void *request, void *data,
                                                   GError **error)
{
  (void)call, (void)request, (void)error;
  const Controller *controller = data;
  Csi__V1__GetPluginCapabilitiesResponse *response = g_new0(Csi__V1__GetPluginCapabilitiesResponse, 1);
  csi__v1__get_plugin_capabilities_response__init(response);
  response->capabilities = g_new0(Csi__V1__PluginCapability *, G_N_ELEMENTS(services) + 1);
  for (gsize i = 0; i < G_N_ELEMENTS(services); i++)
    if (!services[i].gate || services[i].gate(&controller->gates))
      response->capabilities[response->n_capabilities++] = plugin_capability(services[i].type);
  response->capabilities[response->n_capabilities++] = expansion_capability();
  return &response->base;
}

/* Ready as soon as the process serves: an outage of the cloud must not restart every pod. */
ProtobufCMessage *identity_probe(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)data, (void)error;
  Csi__V1__ProbeResponse *response = g_new0(Csi__V1__ProbeResponse, 1);
  csi__v1__probe_response__init(response);
  response->ready = g_new0(Google__Protobuf__BoolValue, 1);
  google__protobuf__bool_value__init(response->ready);
  response->ready->value = TRUE;
  return &response->base;
}

static gboolean has_health(const FeatureGates *gates)
{
  return gates->volume_health;
}

#define RPC(name) CSI__V1__CONTROLLER_SERVICE_CAPABILITY__RPC__TYPE__##name

static Csi__V1__ControllerServiceCapability *
controller_capability(Csi__V1__ControllerServiceCapability__RPC__Type type)
{
  Csi__V1__ControllerServiceCapability *capability = g_new0(Csi__V1__ControllerServiceCapability, 1);
  csi__v1__controller_service_capability__init(capability);
  capability->type_case = CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC;
  capability->rpc = g_new0(Csi__V1__ControllerServiceCapability__RPC, 1);
  csi__v1__controller_service_capability__rpc__init(capability->rpc);
  capability->rpc->type = type;
  return capability;
}

static const struct {
  Csi__V1__ControllerServiceCapability__RPC__Type type;
  gboolean (*gate)(const FeatureGates *gates); /* NULL: always */
} rpcs[] = {
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
  {RPC(GET_VOLUME_HEALTH), has_health},
  {RPC(LIST_VOLUME_HEALTH), has_health},
};

ProtobufCMessage *controller_get_capabilities(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)error;
  const Controller *controller = data;
  Csi__V1__ControllerGetCapabilitiesResponse *response =
    g_new0(Csi__V1__ControllerGetCapabilitiesResponse, 1);
  csi__v1__controller_get_capabilities_response__init(response);
  response->capabilities = g_new0(Csi__V1__ControllerServiceCapability *, G_N_ELEMENTS(rpcs));
  for (gsize i = 0; i < G_N_ELEMENTS(rpcs); i++)
    if (!rpcs[i].gate || rpcs[i].gate(&controller->gates))
      response->capabilities[response->n_capabilities++] = controller_capability(rpcs[i].type);
  return &response->base;
}
