#include "node/filesystem.h"

#include "base/error.h"

/* No discard: a new disk has nothing to discard, and on a large one it takes minutes. No reserved blocks: nothing of
 * the system lives on these disks. */
#define EXT_MAKE(tool)                                                                                       \
  {                                                                                                          \
    tool, "-F", "-q", "-m", "0", "-E", "nodiscard", "-L", FILESYSTEM_LABEL, FILESYSTEM_DEVICE, NULL          \
  }
static const char *const ext4_make[] = EXT_MAKE("mkfs.ext4");
static const char *const ext3_make[] = EXT_MAKE("mkfs.ext3");
static const char *const ext_clear[] = {"tune2fs", "-L", "", FILESYSTEM_DEVICE, NULL};
static const char *const ext_check[] = {"e2fsck", "-p", FILESYSTEM_DEVICE, NULL};
static const char *const ext_check_all[] = {"e2fsck", "-f", "-p", FILESYSTEM_DEVICE, NULL};
static const char *const ext_mend[] = {"e2fsck", "-f", "-y", FILESYSTEM_DEVICE, NULL};
static const char *const ext_grow[] = {"resize2fs", FILESYSTEM_DEVICE, NULL};

static const char *const xfs_make[] = {"mkfs.xfs",        "-f", "-q", "-K", "-L", FILESYSTEM_LABEL,
                                       FILESYSTEM_DEVICE, NULL};
static const char *const xfs_clear[] = {"xfs_db", "-x", "-c", "label --", FILESYSTEM_DEVICE, NULL};
static const char *const xfs_grow[] = {"xfs_growfs", "-d", FILESYSTEM_MOUNT, NULL};

static const char *const btrfs_make[] = {"mkfs.btrfs",      "-f", "-q", "-K", "-L", FILESYSTEM_LABEL,
                                         FILESYSTEM_DEVICE, NULL};
static const char *const btrfs_clear[] = {"btrfs", "filesystem", "label", FILESYSTEM_DEVICE, "", NULL};
static const char *const btrfs_grow[] = {"btrfs", "filesystem", "resize", "max", FILESYSTEM_MOUNT, NULL};

static const char *const btrfs_new_id[] = {"btrfstune", "-m", FILESYSTEM_DEVICE, NULL};

static const FilesystemOption ext_options[MKFS_N_OPTIONS] = {
  [MKFS_BLOCK_SIZE] = {"-b", ""},
  [MKFS_INODE_SIZE] = {"-I", ""},
  [MKFS_BYTES_PER_INODE] = {"-i", ""},
  [MKFS_NUMBER_OF_INODES] = {"-N", ""},
};
static const FilesystemOption xfs_options[MKFS_N_OPTIONS] = {
  [MKFS_BLOCK_SIZE] = {"-b", "size="},
  [MKFS_INODE_SIZE] = {"-i", "size="},
};
static const FilesystemOption no_options[MKFS_N_OPTIONS] = {{NULL, NULL}};

const Filesystem *filesystem_find(const char *name)
{
  static const Filesystem table[] = {
    {"ext4", FILESYSTEM_FAMILY_EXT, ext4_make, ext_options, ext_clear, ext_check, ext_check_all, ext_mend,
     ext_grow, NULL, ""},
    {"ext3", FILESYSTEM_FAMILY_EXT, ext3_make, ext_options, ext_clear, ext_check, ext_check_all, ext_mend,
     ext_grow, NULL, ""},
    /* nouuid: a restored or cloned disk has the uuid of its source, which may be mounted on this node */
    {"xfs", FILESYSTEM_FAMILY_XFS, xfs_make, xfs_options, xfs_clear, NULL, NULL, NULL, xfs_grow, NULL,
     "nouuid"},
    {"btrfs", FILESYSTEM_FAMILY_BTRFS, btrfs_make, no_options, btrfs_clear, NULL, NULL, NULL, btrfs_grow,
     btrfs_new_id, ""},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
    if (g_str_equal(table[i].name, name))
      return &table[i];
  return NULL;
}

gboolean filesystem_judge_check(int exit_code, const char *output, GError **error)
{
  enum { CORRECTED = 1, REBOOT = 2, UNCORRECTED = 4 };
  if ((exit_code & ~(CORRECTED | REBOOT)) == 0)
    return TRUE;
  if (exit_code > 0 && (exit_code & ~(CORRECTED | REBOOT | UNCORRECTED)) == 0)
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "the file system has errors that need a person to run e2fsck: %s", output);
  return evs_error_set(error, EVS_CODE_INTERNAL, "e2fsck failed with exit code %d: %s", exit_code, output);
}

static gboolean read_at(int fd, void *buffer, gsize size, off_t offset)
{
  return TEMP_FAILURE_RETRY(pread(fd, buffer, size, offset)) == (ssize_t)size;
}

static guint64 little_endian(const guint8 *bytes, int count)
{
  guint64 value = 0;
  for (int i = count - 1; i >= 0; i--)
    value = value << 8 | bytes[i];
  return value;
}

static guint64 big_endian(const guint8 *bytes, int count)
{
  guint64 value = 0;
  for (int i = 0; i < count; i++)
    value = value << 8 | bytes[i];
  return value;
}

/* Offsets: ext4's struct ext4_super_block at 1 KiB, xfs' struct xfs_dsb at 0, btrfs' superblock at 64 KiB. */
static guint64 ext_size(int fd)
{
  enum {
    SUPERBLOCK = 1024,
    BLOCKS = 4,
    LOG_BLOCK = 24,
    INCOMPATIBLE = 96,
    BLOCKS_HIGH = 0x150,
    HAS_64BIT = 0x80
  };
  guint8 super[1024];
  if (!read_at(fd, super, sizeof super, SUPERBLOCK))
    return 0;
  guint64 blocks = little_endian(super + BLOCKS, 4), shift = little_endian(super + LOG_BLOCK, 4);
  if (little_endian(super + INCOMPATIBLE, 4) & HAS_64BIT)
    blocks |= little_endian(super + BLOCKS_HIGH, 4) << 32;
  return shift > 6 ? 0 : blocks << (10 + shift);
}

static guint64 xfs_size(int fd)
{
  enum { BLOCK_SIZE = 4, DATA_BLOCKS = 8 };
  guint8 super[512];
  if (!read_at(fd, super, sizeof super, 0))
    return 0;
  return big_endian(super + DATA_BLOCKS, 8) * big_endian(super + BLOCK_SIZE, 4);
}

static guint64 btrfs_size(int fd)
{
  enum { SUPERBLOCK = 64 * 1024, DEVICE_ITEM = 0xc9, TOTAL_BYTES = 8 };
  guint8 super[512];
  if (!read_at(fd, super, sizeof super, SUPERBLOCK))
    return 0;
  return little_endian(super + DEVICE_ITEM + TOTAL_BYTES, 8);
}

gboolean filesystem_has_twin(const Filesystem *filesystem, int device_fd)
{
  enum { SUPERBLOCK = 64 * 1024, ID = 32 };
  guint8 id[16];
  if (filesystem->family != FILESYSTEM_FAMILY_BTRFS || !read_at(device_fd, id, sizeof id, SUPERBLOCK + ID))
    return FALSE;
  /* The kernel's own sysfs, whatever --sys-dir: this is about mounts, not about disks. */
  g_autoptr(GString) path = g_string_new("/sys/fs/btrfs/");
  for (gsize i = 0; i < sizeof id; i++)
    g_string_append_printf(path, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
  return g_file_test(path->str, G_FILE_TEST_IS_DIR);
}

guint64 filesystem_size(const Filesystem *filesystem, int device_fd)
{
  switch (filesystem->family) {
  case FILESYSTEM_FAMILY_EXT:
    return ext_size(device_fd);
  case FILESYSTEM_FAMILY_XFS:
    return xfs_size(device_fd);
  case FILESYSTEM_FAMILY_BTRFS:
    return btrfs_size(device_fd);
  }
  return 0;
}
