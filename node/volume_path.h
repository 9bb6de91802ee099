/* What a request's volume_path leads to: a mounted directory or a disk's node bound to a file. Requests that carry it
 * carry no publish_context, so the mount table says which disk it is; the volume id is held against it as far as a disk
 * shows it. */
#pragma once

#include "node/mountinfo.h"
#include "node/node.h"

typedef struct {
  GuardedPath path;
  int fd;      /* O_PATH of what is there */
  mode_t kind; /* S_IFDIR, S_IFBLK ... */
} VolumePath;

#define VOLUME_PATH_INIT                                                                                     \
  {                                                                                                          \
    .path = GUARDED_PATH_INIT, .fd = -1                                                                      \
  }
void volume_path_clear(VolumePath *volume);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VolumePath, volume_path_clear)

/* Opens the path of a request's field. INVALID_ARGUMENT: no volume id, no path, one outside the kubelet
 * directory. NOT_FOUND: nothing is there. */
gboolean volume_path_open(const Node *node, const char *volume_id, const char *field, const char *path,
                          VolumePath *ret_volume, GError **error);

/* The number of the disk behind the path. *ret_entry: the mount at a directory (belongs to the table), NULL for a raw
 * block volume. NOT_FOUND: nothing is mounted there (*ret_entry is NULL), or no disk is behind what is (it has gone). */
gboolean volume_path_disk(const VolumePath *volume, const MountTable *table, const MountEntry **ret_entry,
                          dev_t *ret_number, GError **error);
