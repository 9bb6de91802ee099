/* mount(2) and umount2(2) on guarded paths only. A mount goes onto /proc/self/fd/N of the opened directory; an unmount
 * names the last component below the opened parent (a descriptor of the mount itself would keep it busy) and does not
 * follow a link there. */
#pragma once

#include "node/mount_flags.h"
#include "node/mountinfo.h"
#include "node/path_guard.h"

enum { MOUNTER_MAX_LAYERS = 32 };

/* Mounts a file system of a disk. EINVAL of the kernel with user-given flags: INVALID_ARGUMENT naming them. */
gboolean mounter_mount(const GuardedPath *target, const char *source, const char *fs_type,
                       const MountFlags *flags, GError **error);

/* Binds source_fd (O_PATH descriptor of a directory or node) onto the target. */
gboolean mounter_bind(const GuardedPath *target, int source_fd, GError **error);

/* Makes the mount at the target read-only for whoever uses it through there, keeping its other per-mount bits. */
gboolean mounter_make_read_only(const GuardedPath *target, const MountEntry *entry, GError **error);

/* Takes off whatever is mounted at the target, layer by layer; nothing there is fine. FAILED_PRECONDITION while it
 * is in use. Never needs the disk. */
gboolean mounter_unmount(const GuardedPath *target, GError **error);
