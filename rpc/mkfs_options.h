/* How a new file system is laid out: StorageClass parameters that become volume_context and, on the node, arguments of
 * mkfs. Both daemons hold them against this one table, so that what CreateVolume accepts is what mkfs gets.
 *
 *     key              ext4, ext3                               xfs                        btrfs
 *     blockSize        1024, 2048, 4096                         1024, 2048, 4096           -
 *     inodeSize        128 ... 4096, at most a block            512 ... 2048, half a block -
 *     bytesPerInode    1024 ... 67108864                        -                          -
 *     numberOfInodes   16 ... 4294967295, or bytesPerInode      -                          -
 *
 * Sizes in bytes; of inodes and blocks powers of two. Blocks are at most a page, which is what every kernel mounts. */
#pragma once

#include <glib.h>

typedef enum {
  MKFS_BLOCK_SIZE,
  MKFS_INODE_SIZE,
  MKFS_BYTES_PER_INODE,
  MKFS_NUMBER_OF_INODES,
  MKFS_N_OPTIONS
} MkfsOption;

/* "blockSize" ... Static. */
const char *mkfs_option_key(MkfsOption option);

/* texts: the value per option, NULL where none is given. 0 in ret_values means the same. INVALID_ARGUMENT naming the
 * key, the value and what this file system accepts; fs_type is one of those above (another takes no option). */
gboolean mkfs_options_parse(const char *fs_type, const char *const texts[MKFS_N_OPTIONS],
                            guint64 ret_values[MKFS_N_OPTIONS], GError **error);
