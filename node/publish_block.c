#include "node/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Is this mount a device node of the disk, bound below the kubelet directory? Only bind mounts of something within a
 * file system are looked at (root is not "/"), and without asking a server that may be away. */
static gboolean is_bound_node(const PublishJob *job, const MountEntry *entry, dev_t number)
{
  const char *root = path_guard_root(job->node->guard);
  gsize length = strlen(root);
  if (strncmp(entry->mount_point, root, length) != 0 || entry->mount_point[length] != '/' ||
      g_str_equal(entry->root, "/"))
    return FALSE;
  struct statx status;
  return statx(AT_FDCWD, entry->mount_point, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_TYPE, &status) ==
           0 &&
         S_ISBLK(status.stx_mode) && makedev(status.stx_rdev_major, status.stx_rdev_minor) == number;
}

/* Where else the disk is published on this node; NULL if nowhere. */
static const char *find_other(const PublishJob *job, const MountTable *table, dev_t number)
{
  for (gsize i = 0; i < table->count; i++)
    if (!g_str_equal(table->entries[i].mount_point, job->target.real) &&
        is_bound_node(job, &table->entries[i], number))
      return table->entries[i].mount_point;
  return NULL;
}

/* Makes the disk itself read-only or writable, unless another publish of it wants it otherwise. */
static gboolean settle_read_only(const PublishJob *job, const Device *device, const char *other,
                                 GError **error)
{
  int is_read_only = 0, wanted = job->read_only ? 1 : 0;
  if (ioctl(device->fd, BLKROGET, &is_read_only) < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot ask whether '%s' is read-only",
                               device->node);
  if ((is_read_only != 0) == (wanted != 0))
    return TRUE;
  if (other)
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "the disk is published %s at '%s': a raw block volume is either read-only or writable on a "
      "node",
      is_read_only ? "read-only" : "writable", other);
  if (ioctl(device->fd, BLKROSET, &wanted) < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make '%s' %s", device->node,
                               wanted ? "read-only" : "writable");
  return TRUE;
}

static gboolean bind_node(PublishJob *job, const Device *device, GError **error)
{
  return guarded_path_make(&job->target, S_IFREG, error) && mounter_bind(&job->target, device->fd, error);
}

gboolean publish_block(PublishJob *job, GError **error)
{
  g_auto(Device) device = DEVICE_INIT;
  if (!device_find(&job->node->tree, &job->facts, &device, error) ||
      !device_open(&job->node->tree, &job->facts, &device, error))
    return FALSE;
  g_autoptr(MountTable) table = mount_table_read(error);
  if (!table)
    return FALSE;
  const char *other = find_other(job, table, device.number);
  if (other && job->use.single_writer)
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "the volume is published at '%s' already, and its access mode is SINGLE_NODE_SINGLE_WRITER", other);
  if (!settle_read_only(job, &device, other, error))
    return FALSE;
  const MountEntry *entry = mount_table_at(table, job->target.real);
  if (!entry)
    return bind_node(job, &device, error);
  if (is_bound_node(job, entry, device.number))
    return TRUE;
  return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                       "target_path '%s' already holds '%s' (%s), which is not this volume", job->target.real,
                       entry->source, entry->fs_type);
}
