/* The method tables: which handler, which pool, which single flight. Methods of the descriptors that are not here
 * answer UNIMPLEMENTED and are not advertised. */
#include "controller/controller.h"
#include "csi.pb-c.h"

enum { ATTACH_BUDGET_MS = 5 * 60 * 1000, CREATE_BUDGET_MS = 15 * 60 * 1000 };

static const RpcMethod controller_methods[] = {
  {.name = "ControllerGetCapabilities", .handle = controller_get_capabilities, .quick = TRUE},
  {.name = "CreateVolume",
   .handle = create_volume,
   .key = create_volume_key,
   .class = RPC_CLASS_CREATE,
   .budget_ms = CREATE_BUDGET_MS},
  {.name = "DeleteVolume",
   .handle = delete_volume,
   .key = delete_volume_key,
   .class = RPC_CLASS_DELETE,
   .budget_ms = CREATE_BUDGET_MS},
  {.name = "ControllerPublishVolume",
   .handle = publish_volume,
   .key = publish_volume_key,
   .class = RPC_CLASS_ATTACH,
   .budget_ms = ATTACH_BUDGET_MS},
  {.name = "ControllerUnpublishVolume",
   .handle = unpublish_volume,
   .key = unpublish_volume_key,
   .class = RPC_CLASS_DETACH,
   .budget_ms = ATTACH_BUDGET_MS},
  {.name = "ControllerExpandVolume",
   .handle = expand_volume,
   .key = expand_volume_key,
   .class = RPC_CLASS_OTHER,
   .budget_ms = CREATE_BUDGET_MS},
  {.name = "ControllerModifyVolume",
   .handle = modify_volume,
   .key = modify_volume_key,
   .class = RPC_CLASS_OTHER,
   .budget_ms = CREATE_BUDGET_MS},
  {.name = "ValidateVolumeCapabilities", .handle = validate_capabilities, .class = RPC_CLASS_OTHER},
  {.name = "ListVolumes", .handle = list_volumes, .class = RPC_CLASS_OTHER},
  {.name = "ControllerGetVolumeHealth", .handle = get_volume_health, .class = RPC_CLASS_OTHER},
  {.name = "ControllerListVolumeHealth", .handle = list_volume_health, .class = RPC_CLASS_OTHER},
  {.name = "GetCapacity", .handle = get_capacity, .class = RPC_CLASS_OTHER},
  {.name = "CreateSnapshot",
   .handle = create_snapshot,
   .key = create_snapshot_key,
   .class = RPC_CLASS_SNAPSHOT,
   .budget_ms = CREATE_BUDGET_MS},
  {.name = "DeleteSnapshot",
   .handle = delete_snapshot,
   .key = delete_snapshot_key,
   .class = RPC_CLASS_SNAPSHOT,
   .budget_ms = CREATE_BUDGET_MS},
  {.name = "ListSnapshots", .handle = list_snapshots, .class = RPC_CLASS_OTHER},
  {.name = "GetSnapshot", .handle = get_snapshot, .class = RPC_CLASS_OTHER},
  {.name = "ControllerGetVolume", .handle = get_volume, .class = RPC_CLASS_OTHER},
};

void controller_add_services(RpcServer *server, Controller *controller)
{
  controller->identity =
    (PluginIdentity){.driver_name = controller->owner.driver_name, .gates = &controller->gates};
  identity_add_service(server, &controller->identity);
  rpc_server_add_service(server, &csi__v1__controller__descriptor, controller_methods,
                         G_N_ELEMENTS(controller_methods), controller);
}
