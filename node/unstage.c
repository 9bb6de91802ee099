/* NodeUnstageVolume and NodeUnpublishVolume: take off what lies at a path. They ask nobody: not the cloud, not the
 * disk (it may be gone), only the mount itself. */
#include "node/node.h"

#include "node/mounter.h"
#include "node/read_only.h"
#include "node/request.h"

#include <fcntl.h>
#include <sys/stat.h>

/* TRUE with *ret_nothing when no such directory exists any more, so nothing can be mounted there. */
static gboolean resolve(const Node *node, const char *volume_id, const char *field, const char *path,
                        GuardedPath *ret_path, gboolean *ret_nothing, GError **error)
{
  g_autoptr(GError) reason = NULL;
  *ret_nothing = FALSE;
  if (!request_check_volume_id(volume_id, error))
    return FALSE;
  if (path_guard_resolve(node->guard, field, path, ret_path, &reason))
    return TRUE;
  *ret_nothing = evs_error_is(reason, EVS_CODE_NOT_FOUND);
  if (!*ret_nothing)
    g_propagate_error(error, g_steal_pointer(&reason));
  return *ret_nothing;
}

ProtobufCMessage *node_unstage_volume(RpcCall *call, const void *request_message, void *data, GError **error)
{
  (void)call;
  const Csi__V1__NodeUnstageVolumeRequest *request = request_message;
  g_auto(GuardedPath) staging = GUARDED_PATH_INIT;
  gboolean nothing = FALSE;
  if (!resolve(data, request->volume_id, "staging_target_path", request->staging_target_path, &staging,
               &nothing, error) ||
      (!nothing && !mounter_unmount(&staging, error)))
    return NULL;
  Csi__V1__NodeUnstageVolumeResponse *response = g_new0(Csi__V1__NodeUnstageVolumeResponse, 1);
  csi__v1__node_unstage_volume_response__init(response);
  return &response->base;
}

/* Takes off the mount, and with a bound device node the read-only state that its publish may have set. */
static gboolean unpublish(const Node *node, const GuardedPath *target, GError **error)
{
  struct stat status = {0};
  gboolean block =
    fstatat(target->parent, target->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISBLK(status.st_mode);
  if (!mounter_unmount(target, error))
    return FALSE;
  if (block)
    read_only_release(node->guard, &node->tree, status.st_rdev);
  return guarded_path_remove(target, error);
}

ProtobufCMessage *node_unpublish_volume(RpcCall *call, const void *request_message, void *data,
                                        GError **error)
{
  (void)call;
  const Csi__V1__NodeUnpublishVolumeRequest *request = request_message;
  g_auto(GuardedPath) target = GUARDED_PATH_INIT;
  gboolean nothing = FALSE;
  if (!resolve(data, request->volume_id, "target_path", request->target_path, &target, &nothing, error) ||
      (!nothing && !unpublish(data, &target, error)))
    return NULL;
  Csi__V1__NodeUnpublishVolumeResponse *response = g_new0(Csi__V1__NodeUnpublishVolumeResponse, 1);
  csi__v1__node_unpublish_volume_response__init(response);
  return &response->base;
}
