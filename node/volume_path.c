#include "node/volume_path.h"

#include "node/request.h"

#include <errno.h>
#include <sys/stat.h>

void volume_path_clear(VolumePath *volume)
{
  guarded_path_clear(&volume->path);
  if (volume->fd >= 0)
    close(volume->fd);
  volume->fd = -1;
}

gboolean volume_path_open(const Node *node, const char *volume_id, const char *field, const char *path,
                          VolumePath *ret_volume, GError **error)
{
  if (!request_check_volume_id(volume_id, error))
    return FALSE;
  if (*path && *path != '/')
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "%s is not absolute: no volume is there", field);
  if (!path_guard_resolve(node->guard, field, path, &ret_volume->path, error))
    return FALSE;
  ret_volume->fd = guarded_path_open(&ret_volume->path, &ret_volume->kind, error);
  return ret_volume->fd >= 0;
}

gboolean volume_path_disk(const VolumePath *volume, const MountTable *table, const MountEntry **ret_entry,
                          dev_t *ret_number, GError **error)
{
  const char *path = volume->path.real;
  *ret_entry = NULL;
  if (volume->kind == S_IFBLK) {
    struct stat status;
    if (fstat(volume->fd, &status) < 0)
      return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot look at '%s'", path);
    *ret_number = status.st_rdev;
    return TRUE;
  }
  const MountEntry *entry = volume->kind == S_IFDIR ? mount_table_at(table, path) : NULL;
  if (!entry)
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "no volume is mounted at '%s'", path);
  *ret_entry = entry;
  return mount_entry_disk(entry, ret_number) ||
         evs_error_set(error, EVS_CODE_NOT_FOUND, "'%s' (%s) at '%s' is not on a disk", entry->source,
                       entry->fs_type, path);
}
