/* The file systems that the node makes, checks, mounts and grows: one table, every command as an argument list (no
 * shell ever sees it). In an argument list FILESYSTEM_DEVICE stands for the disk, FILESYSTEM_MOUNT for the mounted
 * directory, FILESYSTEM_LABEL for the label that marks an unfinished mkfs. */
#pragma once

#include "rpc/mkfs_options.h"

#define FILESYSTEM_DEVICE "\1device"
#define FILESYSTEM_MOUNT "\1mount"

/* Written by mkfs, cleared before the first mount: a disk that shows it was never mounted. */
#define FILESYSTEM_LABEL "EVSCSI-MKFS"
#define FILESYSTEM_DEFAULT "ext4"

typedef enum { FILESYSTEM_FAMILY_EXT, FILESYSTEM_FAMILY_XFS, FILESYSTEM_FAMILY_BTRFS } FilesystemFamily;

typedef struct {
  const char *flag, *prefix; /* "-b" and what its number follows; NULL: mkfs has none */
} FilesystemOption;

typedef struct {
  const char *name; /* as in fs_type, mount(2) and libblkid's TYPE */
  FilesystemFamily family;
  const char *const *make;
  const FilesystemOption *make_options; /* MKFS_N_OPTIONS of them */
  const char *const *clear_label;
  const char *const *check;     /* before a writable mount; NULL: the kernel does it (log replay) */
  const char *const *check_all; /* before it grows unmounted; NULL: it grows while mounted */
  const char *const *mend;      /* when growing it unmounted was cut off; with check_all */
  const char *const *grow;      /* to the size of the device */
  const char *const *new_id; /* gives an unmounted copy an id of its own; NULL: copies mount side by side */
  const char *mount_data;    /* always given to mount(2) */
} Filesystem;

/* NULL if there is none of this name. */
const Filesystem *filesystem_find(const char *name);

/* What e2fsck's exit code means (e2fsck(8)). TRUE: clean or repaired. FAILED_PRECONDITION: errors are left that need
 * a person. INTERNAL: it could not do its work. */
gboolean filesystem_judge_check(int exit_code, const char *output, GError **error);

/* Is a file system with the id of this (unmounted) one mounted on this node? Asked for btrfs only: the kernel would
 * mount the other one in its place. */
gboolean filesystem_has_twin(const Filesystem *filesystem, int device_fd);

/* How many bytes of the device the file system covers, from its superblock; 0 if it cannot be read. */
guint64 filesystem_size(const Filesystem *filesystem, int device_fd);
