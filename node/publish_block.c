#include "node/publish.h"

#include "node/read_only.h"

/* Makes the disk itself read-only or writable, unless another publish of it wants it otherwise. */
static gboolean settle_read_only(const PublishJob *job, const Device *device, const char *other,
                                 GError **error)
{
  gboolean is = FALSE, wanted = job->read_only;
  if (!read_only_get(device, &is, error))
    return FALSE;
  if (is != (wanted != FALSE) && other)
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "the disk is published %s at '%s': a raw block volume is either read-only or writable on a "
      "node",
      is ? "read-only" : "writable", other);
  return read_only_set(device, wanted, error);
}

static gboolean bind_node(PublishJob *job, const Device *device, GError **error)
{
  return guarded_path_make(&job->target, S_IFREG, error) && mounter_bind(&job->target, device->fd, error);
}

gboolean publish_block(PublishJob *job, GError **error)
{
  const PathGuard *guard = job->node->guard;
  g_auto(Device) device = DEVICE_INIT;
  if (!device_find(&job->node->tree, &job->facts, &device, error) ||
      !device_open(&job->node->tree, &job->facts, &device, error))
    return FALSE;
  g_autoptr(MountTable) table = mount_table_read(error);
  if (!table)
    return FALSE;
  const MountEntry *entry = mount_table_at(table, job->target.real);
  if (entry && !read_only_is_bound_node(guard, entry, device.number))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "target_path '%s' already holds '%s' (%s), which is not this volume",
                         job->target.real, entry->source, entry->fs_type);
  const char *other = read_only_find_other(guard, table, device.number, job->target.real);
  if (other && job->use.single_writer)
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "the volume is published at '%s' already, and its access mode is SINGLE_NODE_SINGLE_WRITER", other);
  return settle_read_only(job, &device, other, error) && (entry || bind_node(job, &device, error));
}
