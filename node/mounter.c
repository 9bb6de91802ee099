#include "node/mounter.h"

#include "base/error.h"
#include "node/meter.h"

#include <errno.h>
#include <sys/mount.h>

static char *descriptor_path(int fd)
{
  return g_strdup_printf("/proc/self/fd/%d", fd);
}

static gboolean mount_at(const GuardedPath *target, const char *source, const char *fs_type,
                         unsigned long bits, const char *data, int *ret_errno, GError **error)
{
  mode_t kind = 0;
  int fd = guarded_path_open(target, &kind, error);
  if (fd < 0)
    return FALSE;
  g_autofree char *path = descriptor_path(fd);
  gboolean good = mount(source, path, fs_type, bits, data) == 0;
  *ret_errno = errno;
  close(fd);
  return good;
}

gboolean mounter_mount(const GuardedPath *target, const char *source, const char *fs_type,
                       const MountFlags *flags, GError **error)
{
  int why = 0;
  GError *open_error = NULL;
  gboolean mounted = mount_at(target, source, fs_type, flags->bits, flags->data, &why, &open_error);
  node_meter_mount(fs_type, mounted);
  if (mounted)
    return TRUE;
  if (open_error) {
    g_propagate_error(error, open_error);
    return FALSE;
  }
  if (why == EINVAL && *flags->data)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "the kernel refuses to mount %s '%s' with options '%s': not all of them are options of %s, or "
      "the file system is damaged (the kernel log says which)",
      fs_type, source, flags->data, fs_type);
  return evs_error_set_errno(error, EVS_CODE_INTERNAL, why, "cannot mount %s '%s' at '%s'", fs_type, source,
                             target->real);
}

gboolean mounter_bind(const GuardedPath *target, int source_fd, GError **error)
{
  g_autofree char *source = descriptor_path(source_fd);
  int why = 0;
  GError *open_error = NULL;
  gboolean bound = mount_at(target, source, NULL, MS_BIND, NULL, &why, &open_error);
  node_meter_mount("bind", bound);
  if (bound)
    return TRUE;
  if (open_error) {
    g_propagate_error(error, open_error);
    return FALSE;
  }
  return evs_error_set_errno(error, EVS_CODE_INTERNAL, why, "cannot bind to '%s'", target->real);
}

gboolean mounter_make_read_only(const GuardedPath *target, const MountEntry *entry, GError **error)
{
  unsigned long bits = mount_flags_of_options(entry->options) | MS_BIND | MS_REMOUNT | MS_RDONLY;
  int why = 0;
  GError *open_error = NULL;
  if (mount_at(target, NULL, NULL, bits, NULL, &why, &open_error))
    return TRUE;
  if (open_error) {
    g_propagate_error(error, open_error);
    return FALSE;
  }
  return evs_error_set_errno(error, EVS_CODE_INTERNAL, why, "cannot make '%s' read-only", target->real);
}

static gboolean unmount_layers(const GuardedPath *target, gboolean *ret_found, GError **error)
{
  g_autofree char *parent = descriptor_path(target->parent);
  g_autofree char *path = g_build_filename(parent, target->name, NULL);
  for (int layer = 0; layer < MOUNTER_MAX_LAYERS; layer++) {
    if (umount2(path, UMOUNT_NOFOLLOW) == 0) {
      *ret_found = TRUE;
      continue;
    }
    if (errno == EINVAL || errno == ENOENT) /* no mount point (any more) */
      return TRUE;
    if (errno == EBUSY)
      return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                           "'%s' is in use: a process has files open there or works in it", target->real);
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot unmount '%s'", target->real);
  }
  return evs_error_set(error, EVS_CODE_INTERNAL, "more than %d mounts lie on '%s'", MOUNTER_MAX_LAYERS,
                       target->real);
}

gboolean mounter_unmount(const GuardedPath *target, GError **error)
{
  gboolean found = FALSE;
  gboolean good = unmount_layers(target, &found, error);
  if (found || !good)
    node_meter_unmount(good);
  return good;
}
