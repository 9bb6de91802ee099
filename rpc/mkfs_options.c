#include "rpc/mkfs_options.h"

#include "base/error.h"
#include "base/text.h"

enum { DEFAULT_BLOCK = 4096, MAX_SHOWN = 32 };

typedef struct {
  gint64 min, max; /* max 0: not an option of this file system */
  gboolean power_of_two;
} Range;

typedef struct {
  const char *names[2];
  Range ranges[MKFS_N_OPTIONS];
  int inodes_per_block; /* at least so many fit in one block */
} Layout;

static const Layout layouts[] = {
  {{"ext4", "ext3"},
   {[MKFS_BLOCK_SIZE] = {1024, 4096, TRUE},
    [MKFS_INODE_SIZE] = {128, 4096, TRUE},
    [MKFS_BYTES_PER_INODE] = {1024, 64 * 1024 * 1024, FALSE},
    [MKFS_NUMBER_OF_INODES] = {16, G_MAXUINT32, FALSE}},
   1},
  {{"xfs", NULL}, {[MKFS_BLOCK_SIZE] = {1024, 4096, TRUE}, [MKFS_INODE_SIZE] = {512, 2048, TRUE}}, 2},
};

const char *mkfs_option_key(MkfsOption option)
{
  static const char *const keys[MKFS_N_OPTIONS] = {
    [MKFS_BLOCK_SIZE] = "blockSize",
    [MKFS_INODE_SIZE] = "inodeSize",
    [MKFS_BYTES_PER_INODE] = "bytesPerInode",
    [MKFS_NUMBER_OF_INODES] = "numberOfInodes",
  };
  return keys[option];
}

static const Layout *find_layout(const char *fs_type)
{
  for (gsize i = 0; i < G_N_ELEMENTS(layouts); i++)
    for (gsize n = 0; n < G_N_ELEMENTS(layouts[i].names); n++)
      if (g_strcmp0(layouts[i].names[n], fs_type) == 0)
        return &layouts[i];
  return NULL;
}

static gboolean parse_one(const char *fs_type, const Range *range, const char *key, const char *text,
                          guint64 *ret_value, GError **error)
{
  if (!range || range->max == 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'%s' is not an option of %s", key, fs_type);
  gint64 value = 0;
  if (!text_parse_int64(text, range->min, range->max, &value) ||
      (range->power_of_two && (value & (value - 1)) != 0))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "%s '%.*s' of %s is not %s from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, key,
                         MAX_SHOWN, text_is_printable(text) ? text : "?", fs_type,
                         range->power_of_two ? "a power of two" : "a number", range->min, range->max);
  *ret_value = (guint64)value;
  return TRUE;
}

static gboolean check_together(const char *fs_type, const Layout *layout,
                               const guint64 values[MKFS_N_OPTIONS], GError **error)
{
  guint64 block = values[MKFS_BLOCK_SIZE] ? values[MKFS_BLOCK_SIZE] : DEFAULT_BLOCK;
  guint64 largest = block / (guint64)layout->inodes_per_block;
  if (values[MKFS_INODE_SIZE] > largest)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "inodeSize '%" G_GUINT64_FORMAT "' of %s is more than %" G_GUINT64_FORMAT
                         ", the most with blocks of %" G_GUINT64_FORMAT " bytes",
                         values[MKFS_INODE_SIZE], fs_type, largest, block);
  if (values[MKFS_BYTES_PER_INODE] && values[MKFS_NUMBER_OF_INODES])
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "bytesPerInode and numberOfInodes exclude each other: give one of them");
  return TRUE;
}

gboolean mkfs_options_parse(const char *fs_type, const char *const texts[MKFS_N_OPTIONS],
                            guint64 ret_values[MKFS_N_OPTIONS], GError **error)
{
  const Layout *layout = find_layout(fs_type);
  guint64 values[MKFS_N_OPTIONS] = {0};
  for (int i = 0; i < MKFS_N_OPTIONS; i++)
    if (texts[i] && !parse_one(fs_type, layout ? &layout->ranges[i] : NULL, mkfs_option_key((MkfsOption)i),
                               texts[i], &values[i], error))
      return FALSE;
  if (layout && !check_together(fs_type, layout, values, error))
    return FALSE;
  memcpy(ret_values, values, sizeof values);
  return TRUE;
}
