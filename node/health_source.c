#include "node/health_source.h"

#include "base/text.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MAX_ATTRIBUTE_BYTES = 4096 };

/* <linux/btrfs.h> cannot be included beside base/banned.h: it has a field of a poisoned name. This is its
 * struct btrfs_ioctl_get_dev_stats. */
enum {
  WRITE_ERRORS,
  READ_ERRORS,
  FLUSH_ERRORS,
  CORRUPTION_ERRORS,
  GENERATION_ERRORS,
  N_STATS,
  UNUSED = 126 - N_STATS
};
typedef struct {
  guint64 devid, nr_items, flags;
  guint64 values[N_STATS], unused[UNUSED];
} BtrfsStats;
G_STATIC_ASSERT(sizeof(BtrfsStats) == 1032);
#define BTRFS_GET_STATS _IOWR(0x94, 52, BtrfsStats)

guint64 health_source_size(int fd)
{
  struct statvfs status;
  return fstatvfs(fd, &status) == 0 ? (guint64)status.f_blocks * status.f_frsize : 0;
}

/* ext4 shows emergency_ro or shutdown since Linux 6.15; before, and in other file systems, it turns its superblock
 * read-only. */
gboolean health_source_stopped_writes(const MountTable *table, dev_t number)
{
  static const char *const signs[] = {"ro", "emergency_ro", "shutdown"};
  for (gsize i = 0; i < table->count; i++) {
    const MountEntry *entry = &table->entries[i];
    if (!mount_entry_is_of(entry, number) || mount_options_have(entry->options, "ro"))
      continue;
    for (gsize n = 0; n < G_N_ELEMENTS(signs); n++)
      if (mount_options_have(entry->super_options, signs[n]))
        return TRUE;
  }
  return FALSE;
}

/* An attribute of /sys/fs/ext4/<disk>; the kernel's own sysfs and name, whatever --sys-dir. */
static char *read_ext_attribute(dev_t number, const char *name)
{
  g_autofree char *link = g_strdup_printf("/sys/dev/block/%u:%u", major(number), minor(number));
  g_autofree char *target = g_file_read_link(link, NULL);
  g_autofree char *disk = g_path_get_basename(target ? target : "");
  g_autofree char *path = g_build_filename("/sys/fs/ext4", disk, name, NULL);
  char *text = NULL;
  return text_read_file(path, MAX_ATTRIBUTE_BYTES, &text, NULL, NULL) ? g_strstrip(text) : NULL;
}

/* As the kernel numbers what went wrong (ext4's EXT4_ERR_*): a checksum, a structure that cannot be. The first error is
 * looked at too: what is damaged makes others follow. */
static gboolean ext_is_corrupted(dev_t number)
{
  enum { BAD_CHECKSUM = 4, CORRUPTED = 5 };
  static const char *const names[] = {"first_error_errcode", "last_error_errcode"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *text = read_ext_attribute(number, names[i]);
    gint64 code = 0;
    if (text && text_parse_int64(text, 0, G_MAXINT32, &code) && (code == BAD_CHECKSUM || code == CORRUPTED))
      return TRUE;
  }
  return FALSE;
}

static gboolean ext_errors(dev_t number, char **ret_text, gboolean *ret_corrupted)
{
  g_autofree char *count = read_ext_attribute(number, "errors_count");
  gint64 errors = 0;
  if (!count || !text_parse_int64(count, 1, G_MAXINT64, &errors))
    return FALSE;
  g_autofree char *where = read_ext_attribute(number, "last_error_func");
  *ret_text = g_strdup_printf("%" G_GINT64_FORMAT " errors, the last in %s, since it was last checked",
                              errors, where && *where ? where : "an unknown place");
  *ret_corrupted = ext_is_corrupted(number);
  return TRUE;
}

static gboolean btrfs_errors(int fd, char **ret_text, gboolean *ret_corrupted)
{
  static const char *const names[N_STATS] = {
    [WRITE_ERRORS] = "write",           [READ_ERRORS] = "read",
    [FLUSH_ERRORS] = "flush",           [CORRUPTION_ERRORS] = "corruption",
    [GENERATION_ERRORS] = "generation",
  };
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  BtrfsStats stats = {.devid = 1, .nr_items = N_STATS};
  gboolean good = directory >= 0 && ioctl(directory, BTRFS_GET_STATS, &stats) == 0;
  if (directory >= 0)
    close(directory);
  g_autoptr(GString) text = g_string_new(NULL);
  for (int i = 0; good && i < N_STATS; i++)
    if (stats.values[i])
      g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " %s errors", text->len ? ", " : "",
                             stats.values[i], names[i]);
  if (!text->len)
    return FALSE;
  *ret_corrupted = stats.values[CORRUPTION_ERRORS] || stats.values[GENERATION_ERRORS];
  *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
  return TRUE;
}

gboolean health_source_errors(const char *fs_type, dev_t number, int fd, char **ret_text,
                              gboolean *ret_corrupted)
{
  *ret_corrupted = FALSE;
  if (g_str_has_prefix(fs_type, "ext"))
    return ext_errors(number, ret_text, ret_corrupted);
  return g_str_equal(fs_type, "btrfs") && btrfs_errors(fd, ret_text, ret_corrupted);
}
