/* What the kernel tells of a mounted file system's health, without touching the disk. */
#pragma once

#include "node/mountinfo.h"

/* Bytes that the file system takes up at least; 0 if that cannot be read. */
guint64 health_source_size(int fd);

/* Is there a mount that was made writable, while the file system behind it takes no more writes? */
gboolean health_source_stopped_writes(const MountTable *table, dev_t number);

/* Errors that the file system has counted: ext4's /sys/fs/ext4/<disk>/errors_count (kept on the disk until a check
 * clears it), btrfs' device statistics; xfs counts none. TRUE if there are: *ret_text says which, newly allocated,
 * *ret_corrupted whether checksums or structures were wrong (ext4: the first or the last of them). fd: of the mounted directory. */
gboolean health_source_errors(const char *fs_type, dev_t number, int fd, char **ret_text,
                              gboolean *ret_corrupted);
