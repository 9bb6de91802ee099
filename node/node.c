#include "node/node.h"

#include "node/request.h"
#include "node/startup_taint.h"

Node *node_new(NodeOptions *options, GError **error)
{
  g_autoptr(PathGuard) guard = path_guard_new(options->kubelet_dir, error);
  if (!guard)
    return NULL;
  Node *node = g_new0(Node, 1);
  node->options = *options;
  memset(options, 0, sizeof *options);
  node->guard = g_steal_pointer(&guard);
  node->tree = (DeviceTree){.sys_dir = node->options.sys_dir, .dev_dir = node->options.dev_dir};
  node->identity = (PluginIdentity){node->options.daemon.driver_name, &node->options.gates};
  mutex_init(&node->identity_lock);
  node->node_id = g_strdup(node->options.node_id);
  node->zone = g_strdup(node->options.zone);
  if (node->options.remove_startup_taint)
    node->startup_taint = startup_taint_new(&node->options);
  return node;
}

void node_free(Node *node)
{
  if (!node)
    return;
  startup_taint_free(node->startup_taint);
  node_options_clear(&node->options);
  path_guard_free(node->guard);
  mutex_destroy(&node->identity_lock);
  g_free(node->node_id);
  g_free(node->zone);
  g_free(node);
}

static char *volume_key(const char *volume_id, GError **error)
{
  return request_check_volume_id(volume_id, error) ? g_strconcat("volume:", volume_id, NULL) : NULL;
}

#define KEY_FUNCTION(name, type)                                                                             \
  static char *name(const void *request, void *data, GError **error)                                         \
  {                                                                                                          \
    (void)data;                                                                                              \
    return volume_key(((const type *)request)->volume_id, error);                                            \
  }
KEY_FUNCTION(stage_key, Csi__V1__NodeStageVolumeRequest)
KEY_FUNCTION(unstage_key, Csi__V1__NodeUnstageVolumeRequest)
KEY_FUNCTION(publish_key, Csi__V1__NodePublishVolumeRequest)
KEY_FUNCTION(unpublish_key, Csi__V1__NodeUnpublishVolumeRequest)
KEY_FUNCTION(expand_key, Csi__V1__NodeExpandVolumeRequest)

/* A flight of its own: a disk that hangs holds one thread, however often it is asked about. */
static char *health_key(const void *request, void *data, GError **error)
{
  (void)data;
  const char *volume_id = ((const Csi__V1__NodeGetVolumeHealthRequest *)request)->volume_id;
  return request_check_volume_id(volume_id, error) ? g_strconcat("health:", volume_id, NULL) : NULL;
}

void node_add_services(Node *node, RpcServer *server)
{
  /* A file system check of a large disk takes its time; whoever asks meanwhile is told that it runs. */
  enum { STAGE_BUDGET_MS = 2 * 60 * 60 * 1000, MOUNT_BUDGET_MS = 5 * 60 * 1000 };
  static const RpcMethod methods[] = {
    {"NodeStageVolume", node_stage_volume, stage_key, RPC_CLASS_ATTACH, FALSE, STAGE_BUDGET_MS},
    {"NodeUnstageVolume", node_unstage_volume, unstage_key, RPC_CLASS_DETACH, FALSE, MOUNT_BUDGET_MS},
    {"NodePublishVolume", node_publish_volume, publish_key, RPC_CLASS_ATTACH, FALSE, MOUNT_BUDGET_MS},
    {"NodeUnpublishVolume", node_unpublish_volume, unpublish_key, RPC_CLASS_DETACH, FALSE, MOUNT_BUDGET_MS},
    {"NodeExpandVolume", node_expand_volume, expand_key, RPC_CLASS_OTHER, FALSE, MOUNT_BUDGET_MS},
    {.name = "NodeGetVolumeStats", .handle = node_get_volume_stats},
    {.name = "NodeGetInfo", .handle = node_get_info},
    {.name = "NodeGetCapabilities", .handle = node_get_capabilities, .quick = TRUE},
  };
  static const RpcMethod health[] = {
    {"NodeGetVolumeHealth", node_get_volume_health, health_key, RPC_CLASS_OTHER, FALSE, MOUNT_BUDGET_MS},
    {.name = "NodeGetStorageHealth", .handle = node_get_storage_health},
  };
  identity_add_service(server, &node->identity);
  rpc_server_add_service(server, &csi__v1__node__descriptor, methods, G_N_ELEMENTS(methods), node);
  if (node->options.gates.volume_health)
    rpc_server_add_service(server, &csi__v1__node__descriptor, health, G_N_ELEMENTS(health), node);
}
