/* NodeGetVolumeStats: bytes and inodes of a mounted volume, bytes of a raw block one. */
#include "node/node.h"

#include "node/volume_path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>

enum { MAX_USAGES = 2 };

static void add_usage(Csi__V1__NodeGetVolumeStatsResponse *response, Csi__V1__VolumeUsage__Unit unit,
                      guint64 total, guint64 used, guint64 available)
{
  Csi__V1__VolumeUsage *usage = g_new0(Csi__V1__VolumeUsage, 1);
  csi__v1__volume_usage__init(usage);
  usage->unit = unit;
  usage->total = (int64_t)total;
  usage->used = (int64_t)used;
  usage->available = (int64_t)available;
  response->usage[response->n_usage++] = usage;
}

static gboolean check_mounted(int fd, const char *path, GError **error)
{
  gboolean mounted = FALSE;
  if (!mount_is_top(fd, path, &mounted, error))
    return FALSE;
  return mounted ||
         evs_error_set(error, EVS_CODE_NOT_FOUND, "no volume is mounted at volume_path '%s'", path);
}

static gboolean add_filesystem(Csi__V1__NodeGetVolumeStatsResponse *response, int fd, const char *path,
                               GError **error)
{
  struct statvfs status;
  if (!check_mounted(fd, path, error))
    return FALSE;
  if (fstatvfs(fd, &status) < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot read the usage of '%s'", path);
  guint64 unit = status.f_frsize;
  add_usage(response, CSI__V1__VOLUME_USAGE__UNIT__BYTES, status.f_blocks * unit,
            (status.f_blocks - status.f_bfree) * unit, status.f_bavail * unit);
  if (status.f_files > 0) /* btrfs makes inodes as it needs them and has no number */
    add_usage(response, CSI__V1__VOLUME_USAGE__UNIT__INODES, status.f_files, status.f_files - status.f_ffree,
              status.f_favail);
  return TRUE;
}

static gboolean add_block(Csi__V1__NodeGetVolumeStatsResponse *response, int path_fd, const char *path,
                          GError **error)
{
  g_autofree char *again = g_strdup_printf("/proc/self/fd/%d", path_fd);
  int fd = open(again, O_RDONLY | O_CLOEXEC);
  guint64 bytes = 0;
  gboolean good = fd >= 0 && ioctl(fd, BLKGETSIZE64, &bytes) == 0;
  int why = errno;
  if (fd >= 0)
    close(fd);
  if (!good)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, why, "cannot read the size of '%s'", path);
  add_usage(response, CSI__V1__VOLUME_USAGE__UNIT__BYTES, bytes, 0, 0);
  return TRUE;
}

ProtobufCMessage *node_get_volume_stats(RpcCall *call, const void *request_message, void *data,
                                        GError **error)
{
  (void)call;
  const Csi__V1__NodeGetVolumeStatsRequest *request = request_message;
  g_auto(VolumePath) volume = VOLUME_PATH_INIT;
  if (!volume_path_open(data, request->volume_id, "volume_path", request->volume_path, &volume, error))
    return NULL;
  const char *path = volume.path.real;
  Csi__V1__NodeGetVolumeStatsResponse *response = g_new0(Csi__V1__NodeGetVolumeStatsResponse, 1);
  csi__v1__node_get_volume_stats_response__init(response);
  response->usage = g_new0(Csi__V1__VolumeUsage *, MAX_USAGES);
  gboolean good = FALSE;
  if (volume.kind == S_IFDIR)
    good = add_filesystem(response, volume.fd, path, error);
  else if (volume.kind == S_IFBLK)
    good = add_block(response, volume.fd, path, error);
  else
    evs_error_set(error, EVS_CODE_NOT_FOUND, "no volume is at volume_path '%s'", path);
  if (good)
    return &response->base;
  protobuf_c_message_free_unpacked(&response->base, NULL);
  return NULL;
}
