#include "node/read_only.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

gboolean read_only_is_bound_node(const PathGuard *guard, const MountEntry *entry, dev_t number)
{
  const char *root = path_guard_root(guard);
  gsize length = strlen(root);
  if (strncmp(entry->mount_point, root, length) != 0 || entry->mount_point[length] != '/' ||
      g_str_equal(entry->root, "/")) /* a whole file system: no node */
    return FALSE;
  struct statx status;
  int flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC;
  return statx(AT_FDCWD, entry->mount_point, flags, STATX_TYPE, &status) == 0 && S_ISBLK(status.stx_mode) &&
         makedev(status.stx_rdev_major, status.stx_rdev_minor) == number;
}

const char *read_only_find_other(const PathGuard *guard, const MountTable *table, dev_t number,
                                 const char *except)
{
  for (gsize i = 0; i < table->count; i++)
    if (g_strcmp0(table->entries[i].mount_point, except) != 0 &&
        read_only_is_bound_node(guard, &table->entries[i], number))
      return table->entries[i].mount_point;
  return NULL;
}

gboolean read_only_get(const Device *device, gboolean *ret_read_only, GError **error)
{
  int state = 0;
  if (ioctl(device->fd, BLKROGET, &state) < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot ask whether '%s' is read-only",
                               device->node);
  *ret_read_only = state != 0;
  return TRUE;
}

gboolean read_only_set(const Device *device, gboolean read_only, GError **error)
{
  int wanted = read_only ? 1 : 0;
  gboolean is = FALSE;
  if (!read_only_get(device, &is, error))
    return FALSE;
  if (is != (read_only != FALSE) && ioctl(device->fd, BLKROSET, &wanted) < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make '%s' %s", device->node,
                               wanted ? "read-only" : "writable");
  return TRUE;
}

gboolean read_only_take_back(const PathGuard *guard, const MountTable *table, const Device *device,
                             GError **error)
{
  gboolean is = FALSE;
  if (!read_only_get(device, &is, error))
    return FALSE;
  return !is || read_only_find_other(guard, table, device->number, NULL) ||
         read_only_set(device, FALSE, error);
}

void read_only_release(const PathGuard *guard, const DeviceTree *tree, dev_t number)
{
  g_autoptr(MountTable) table = mount_table_read(NULL);
  g_auto(Device) device = DEVICE_INIT;
  if (table && !read_only_find_other(guard, table, number, NULL) &&
      device_open_number(tree, number, &device, NULL))
    (void)read_only_set(&device, FALSE, NULL);
}
