#include "node/mountinfo.h"

#include "base/error.h"
#include "base/text.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { READ_ATTEMPTS = 5, MAX_DEVICE_NUMBER = 1 << 20 };

static void mount_entry_clear(MountEntry *entry)
{
  g_free(entry->root);
  g_free(entry->mount_point);
  g_free(entry->options);
  g_free(entry->fs_type);
  g_free(entry->source);
  g_free(entry->super_options);
}

void mount_table_free(MountTable *table)
{
  if (!table)
    return;
  for (gsize i = 0; i < table->count; i++)
    mount_entry_clear(&table->entries[i]);
  g_free(table->entries);
  g_free(table);
}

/* The kernel writes blank, tab, newline, backslash and '#' as a backslash and three octal digits. */
static char *unescape(const char *field)
{
  char *out = g_malloc(strlen(field) + 1), *to = out;
  for (const char *from = field; *from; to++) {
    if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
        from[3] >= '0' && from[3] <= '7') {
      *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
  return out;
}

static gboolean parse_number(const char *field, dev_t *ret_number)
{
  g_auto(GStrv) halves = g_strsplit(field, ":", 3);
  gint64 high = 0, low = 0;
  if (g_strv_length(halves) != 2 || !text_parse_int64(halves[0], 0, MAX_DEVICE_NUMBER, &high) ||
      !text_parse_int64(halves[1], 0, MAX_DEVICE_NUMBER, &low))
    return FALSE;
  *ret_number = makedev((guint)high, (guint)low);
  return TRUE;
}

/* id parent major:minor root mount-point options [optional fields...] - type source super-options */
static gboolean parse_line(const char *line, MountEntry *ret_entry)
{
  enum { FIELD_NUMBER = 2, FIELD_ROOT, FIELD_POINT, FIELD_OPTIONS, FIELD_OPTIONAL, FIELDS_BEHIND = 3 };
  g_auto(GStrv) fields = g_strsplit(line, " ", -1);
  guint count = g_strv_length(fields), dash = FIELD_OPTIONAL;
  while (dash < count && !g_str_equal(fields[dash], "-"))
    dash++;
  dev_t number = 0;
  if (dash >= count || count - dash - 1 < FIELDS_BEHIND || !parse_number(fields[FIELD_NUMBER], &number))
    return FALSE;
  if (fields[FIELD_POINT][0] != '/' || !*fields[FIELD_ROOT])
    return FALSE;
  *ret_entry = (MountEntry){
    .number = number,
    .root = unescape(fields[FIELD_ROOT]),
    .mount_point = unescape(fields[FIELD_POINT]),
    .options = g_strdup(fields[FIELD_OPTIONS]),
    .fs_type = g_strdup(fields[dash + 1]),
    .source = unescape(fields[dash + 2]),
    .super_options = g_strdup(fields[dash + 3]),
  };
  return TRUE;
}

MountTable *mount_table_parse(const char *text, GError **error)
{
  g_autoptr(MountTable) table = g_new0(MountTable, 1);
  gsize room = 0;
  guint number = 0;
  for (const char *at = text; *at; number++) {
    const char *end = strchr(at, '\n');
    g_autofree char *line = end ? g_strndup(at, (gsize)(end - at)) : g_strdup(at);
    at = end ? end + 1 : at + strlen(at);
    if (table->count == MOUNTINFO_MAX_ENTRIES) {
      evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "more than %d mounts", MOUNTINFO_MAX_ENTRIES);
      return NULL;
    }
    if (table->count == room) {
      room = MAX(64, room * 2);
      table->entries = g_renew(MountEntry, table->entries, room);
    }
    if (!parse_line(line, &table->entries[table->count])) {
      evs_error_set(error, EVS_CODE_INTERNAL, "line %u of the mount table is malformed", number + 1);
      return NULL;
    }
    table->count++;
  }
  return g_steal_pointer(&table);
}

MountTable *mount_table_read(GError **error)
{
  static const char path[] = "/proc/self/mountinfo";
  g_autofree char *before = NULL;
  if (!text_read_file(path, MOUNTINFO_MAX_BYTES, &before, NULL, error))
    return NULL;
  for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    g_autofree char *now = NULL;
    if (!text_read_file(path, MOUNTINFO_MAX_BYTES, &now, NULL, error))
      return NULL;
    if (g_str_equal(before, now))
      return mount_table_parse(now, error);
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
