#include "node/mountinfo.h"

#include "base/error.h"
#include "base/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

enum { READ_ATTEMPTS = 5, MAX_DEVICE_NUMBER = 1 << 20 };

void mount_table_free(MountTable *table)
{
  if (!table)
    return;
  g_free(table->entries);
  g_free(table->text);
  g_free(table);
}

/* The kernel writes blank, tab, newline, backslash and '#' as a backslash and three octal digits. In place. */
static char *unescape(char *field)
{
  char *to = strchr(field, '\\');
  if (!to)
    return field;
  for (const char *from = to; *from; to++) {
    if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
        from[3] >= '0' && from[3] <= '7') {
      *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
  return field;
}

static gboolean parse_number(char *field, dev_t *ret_number)
{
  char *colon = strchr(field, ':');
  gint64 high = 0, low = 0;
  if (!colon)
    return FALSE;
  *colon = '\0';
  if (!text_parse_int64(field, 0, MAX_DEVICE_NUMBER, &high) ||
      !text_parse_int64(colon + 1, 0, MAX_DEVICE_NUMBER, &low))
    return FALSE;
  *ret_number = makedev((guint)high, (guint)low);
  return TRUE;
}

/* Cuts the next field off the line; NULL behind the last. */
static char *next_field(char **line)
{
  char *field = *line, *blank = field ? strchr(field, ' ') : NULL;
  if (blank)
    *blank++ = '\0';
  *line = blank;
  return field;
}

/* id parent major:minor root mount-point options [optional fields...] - type source super-options */
static gboolean parse_line(char *line, MountEntry *ret_entry)
{
  (void)next_field(&line); /* id */
  (void)next_field(&line); /* parent */
  char *number = next_field(&line), *root = next_field(&line), *point = next_field(&line);
  char *options = next_field(&line), *optional = NULL;
  while ((optional = next_field(&line)) && !g_str_equal(optional, "-"))
    continue;
  char *fs_type = next_field(&line), *source = next_field(&line), *super_options = next_field(&line);
  MountEntry entry = {.options = options, .fs_type = fs_type, .super_options = super_options};
  if (!super_options || !parse_number(number, &entry.number) || point[0] != '/' || !*root)
    return FALSE;
  entry.root = unescape(root);
  entry.mount_point = unescape(point);
  entry.source = unescape(source);
  *ret_entry = entry;
  return TRUE;
}

static MountEntry *add_entry(MountTable *table, gsize *room)
{
  if (table->count == *room) {
    *room = MAX(64, *room * 2);
    table->entries = g_renew(MountEntry, table->entries, *room);
  }
  return &table->entries[table->count++];
}

/* Takes the text, which ends with a NUL byte behind its length. */
static MountTable *parse(char *text, gsize length, GError **error)
{
  g_autoptr(MountTable) table = g_new0(MountTable, 1);
  gsize room = 0;
  table->text = text;
  char *behind = text + length;
  for (char *line = text, *next; line < behind; line = next) {
    char *end = memchr(line, '\n', (gsize)(behind - line));
    next = end ? end + 1 : behind;
    if (end)
      *end = '\0';
    if (table->count == MOUNTINFO_MAX_ENTRIES) {
      evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "more than %d mounts", MOUNTINFO_MAX_ENTRIES);
      return NULL;
    }
    if (!parse_line(line, add_entry(table, &room))) {
      evs_error_set(error, EVS_CODE_INTERNAL, "line %zu of the mount table is malformed", table->count);
      return NULL;
    }
  }
  return g_steal_pointer(&table);
}

MountTable *mount_table_parse(const char *text, GError **error)
{
  return parse(g_strdup(text), strlen(text), error);
}

/* Kernels before 5.8 leave out lines when the table changes under a reader. */
static gboolean kernel_leaves_out_lines(void)
{
  enum { MAJOR = 5, MINOR = 8 };
  struct utsname name;
  guint major_number = 0, minor_number = 0;
  if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major_number, &minor_number) != 2)
    return TRUE;
  return major_number < MAJOR || (major_number == MAJOR && minor_number < MINOR);
}

MountTable *mount_table_read(GError **error)
{
  static const char path[] = "/proc/self/mountinfo";
  g_autofree char *before = NULL;
  gsize length = 0;
  if (!text_read_file(path, MOUNTINFO_MAX_BYTES, &before, &length, error))
    return NULL;
  if (!kernel_leaves_out_lines())
    return parse(g_steal_pointer(&before), length, error);
  for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    g_autofree char *now = NULL;
    if (!text_read_file(path, MOUNTINFO_MAX_BYTES, &now, &length, error))
      return NULL;
    if (g_str_equal(before, now))
      return parse(g_steal_pointer(&now), length, error);
    g_free(before);
    before = g_steal_pointer(&now);
  }
  evs_error_set(error, EVS_CODE_ABORTED, "the mount table does not stand still");
  return NULL;
}

const MountEntry *mount_table_at(const MountTable *table, const char *path)
{
  for (gsize i = table->count; i > 0; i--)
    if (g_str_equal(table->entries[i - 1].mount_point, path))
      return &table->entries[i - 1];
  return NULL;
}

MountTop mount_top_ask(int fd, dev_t *ret_number)
{
  struct statx status;
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status) < 0 ||
      !(status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
    return MOUNT_TOP_UNKNOWN;
  *ret_number = makedev(status.stx_dev_major, status.stx_dev_minor);
  return status.stx_attributes & STATX_ATTR_MOUNT_ROOT ? MOUNT_TOP_YES : MOUNT_TOP_NO;
}

gboolean mount_is_top(int fd, const char *path, gboolean *ret_top, GError **error)
{
  dev_t number = 0;
  MountTop top = mount_top_ask(fd, &number);
  *ret_top = top == MOUNT_TOP_YES;
  if (top != MOUNT_TOP_UNKNOWN)
    return TRUE;
  g_autoptr(MountTable) table = mount_table_read(error);
  *ret_top = table && mount_table_at(table, path);
  return table != NULL;
}

gboolean mount_entry_is_of(const MountEntry *entry, dev_t number)
{
  dev_t is = 0;
  return entry->number == number || (mount_entry_disk(entry, &is) && is == number);
}

gboolean mount_entry_disk(const MountEntry *entry, dev_t *ret_number)
{
  struct stat status;
  *ret_number = entry->number;
  if (major(entry->number) != 0)
    return TRUE;
  if (!g_str_equal(entry->fs_type, "btrfs") || stat(entry->source, &status) < 0 || !S_ISBLK(status.st_mode))
    return FALSE;
  *ret_number = status.st_rdev;
  return TRUE;
}

const MountEntry *mount_table_of(const MountTable *table, dev_t number)
{
  for (gsize i = 0; i < table->count; i++)
    if (mount_entry_is_of(&table->entries[i], number))
      return &table->entries[i];
  return NULL;
}

gboolean mount_options_have(const char *options, const char *option)
{
  g_auto(GStrv) words = g_strsplit(options, ",", -1);
  return g_strv_contains((const char *const *)words, option);
}
