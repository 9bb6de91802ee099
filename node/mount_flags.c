#include "node/mount_flags.h"

#include "base/error.h"
#include "base/text.h"

#include <sys/mount.h>

typedef struct {
  const char *word;
  unsigned long set;
  unsigned long clear;
  gboolean per_mount; /* shown in mountinfo's options and dropped by a bind remount that does not repeat it */
} FlagWord;

#define ATIME_BITS (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

static const FlagWord known[] = {
  {"ro", MS_RDONLY, 0, TRUE},
  {"rw", 0, MS_RDONLY, FALSE},
  {"nosuid", MS_NOSUID, 0, TRUE},
  {"suid", 0, MS_NOSUID, FALSE},
  {"nodev", MS_NODEV, 0, TRUE},
  {"dev", 0, MS_NODEV, FALSE},
  {"noexec", MS_NOEXEC, 0, TRUE},
  {"exec", 0, MS_NOEXEC, FALSE},
  {"noatime", MS_NOATIME, ATIME_BITS, TRUE},
  {"atime", 0, MS_NOATIME, FALSE},
  {"nodiratime", MS_NODIRATIME, 0, TRUE},
  {"diratime", 0, MS_NODIRATIME, FALSE},
  {"relatime", MS_RELATIME, ATIME_BITS, TRUE},
  {"norelatime", 0, MS_RELATIME, FALSE},
  {"strictatime", MS_STRICTATIME, ATIME_BITS, FALSE},
  {"nostrictatime", 0, MS_STRICTATIME, FALSE},
  {"sync", MS_SYNCHRONOUS, 0, FALSE},
  {"async", 0, MS_SYNCHRONOUS, FALSE},
  {"dirsync", MS_DIRSYNC, 0, FALSE},
  {"lazytime", MS_LAZYTIME, 0, FALSE},
  {"nolazytime", 0, MS_LAZYTIME, FALSE},
  {"silent", MS_SILENT, 0, FALSE},
  {"loud", 0, MS_SILENT, FALSE},
};

static const char *const ignored[] = {"defaults", "_netdev", "nofail", "auto", "noauto", "nouser", NULL};

static const char *const refused[] = {
  "bind",        "rbind",        "remount",    "move",        "shared",  "rshared", "slave",  "rslave",
  "private",     "rprivate",     "unbindable", "runbindable", "loop",    "user",    "users",  "owner",
  "group",       "offset",       "sizelimit",  "helper",      "uhelper", "device",  "logdev", "rtdev",
  "journal_dev", "journal_path", "encryption", "verity",      NULL,
};

void mount_flags_clear(MountFlags *flags)
{
  g_clear_pointer(&flags->data, g_free);
  flags->bits = 0;
}

void mount_flags_add_data(MountFlags *flags, const char *data)
{
  if (!data || !*data)
    return;
  char *joined = *flags->data ? g_strconcat(flags->data, ",", data, NULL) : g_strdup(data);
  g_free(flags->data);
  flags->data = joined;
}

static gboolean is_refused(const char *word)
{
  gsize name = strcspn(word, "=");
  for (guint i = 0; refused[i]; i++)
    if (strlen(refused[i]) == name && strncmp(word, refused[i], name) == 0)
      return TRUE;
  return g_str_has_prefix(word, "X-mount.");
}

static gboolean add_word(const char *word, MountFlags *flags, GError **error)
{
  if (!*word || g_strv_contains(ignored, word) || g_str_has_prefix(word, "x-"))
    return TRUE;
  if (!text_is_printable(word))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "mount_flags: a flag is not printable UTF-8");
  if (is_refused(word))
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "mount_flags: '%s' is not accepted: generic flags (ro, noatime, nosuid ...) and options of "
      "the file system that name no other device are",
      word);
  for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
    if (!g_str_equal(known[i].word, word))
      continue;
    flags->bits = (flags->bits & ~known[i].clear) | known[i].set;
    return TRUE;
  }
  mount_flags_add_data(flags, word);
  return TRUE;
}

/* Length of the first word: up to a comma outside double quotes. */
static gsize word_length(const char *text)
{
  gboolean quoted = FALSE;
  gsize length = 0;
  for (; text[length] && (quoted || text[length] != ','); length++)
    quoted ^= text[length] == '"';
  return length;
}

gboolean mount_flags_parse(char *const *items, gsize count, MountFlags *ret_flags, GError **error)
{
  g_auto(MountFlags) flags = {.data = g_strdup("")};
  guint words = 0;
  for (gsize i = 0; i < count; i++) {
    for (const char *at = items[i];; at++) {
      gsize length = word_length(at);
      g_autofree char *word = g_strndup(at, length);
      if (++words > MOUNT_FLAGS_MAX_WORDS)
        return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "mount_flags: more than %d flags",
                             MOUNT_FLAGS_MAX_WORDS);
      if (!add_word(word, &flags, error))
        return FALSE;
      at += length;
      if (!*at)
        break;
    }
  }
  if (strlen(flags.data) > MOUNT_FLAGS_MAX_DATA)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "mount_flags: longer than %d bytes",
                         MOUNT_FLAGS_MAX_DATA);
  ret_flags->bits = flags.bits;
  ret_flags->data = g_steal_pointer(&flags.data);
  return TRUE;
}

unsigned long mount_flags_of_options(const char *options)
{
  unsigned long bits = 0;
  g_auto(GStrv) words = g_strsplit(options, ",", -1);
  for (guint w = 0; words[w]; w++)
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
      if (known[i].per_mount && g_str_equal(known[i].word, words[w]))
        bits |= known[i].set;
  return bits;
}
