/* The handover on disk: written beside its place, made durable, then renamed into it. */
#include "base/text.h"
#include "transfer/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>

enum { TRIES_MAX = 8 };

static guint32 random_number(void)
{
  guint32 number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number)
    g_error("getrandom: %s", g_strerror(errno));
  return number;
}

static gboolean write_all(int fd, const char *text, gsize length)
{
  while (length > 0) {
    gssize written = TEMP_FAILURE_RETRY(write(fd, text, length));
    if (written < 0)
      return FALSE;
    text += written;
    length -= (gsize)written;
  }
  return TRUE;
}

/* A new file beside the place; its name in *ret_name. -1 with errno. */
static int create_temporary(int directory, const char *name, char **ret_name)
{
  for (int i = 0; i < TRIES_MAX; i++) {
    g_autofree char *temporary = g_strdup_printf(".%s.%08x.tmp", name, random_number());
    int fd =
      openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd >= 0) {
      *ret_name = g_steal_pointer(&temporary);
      return fd;
    }
    if (errno != EEXIST)
      break;
  }
  return -1;
}

/* Into its place; a file that appeared there since it was looked at is not replaced. */
static gboolean rename_into(int directory, const char *from, const char *to, gboolean replace)
{
  if (replace)
    return renameat(directory, from, directory, to) == 0;
  if (renameat2(directory, from, directory, to, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EINVAL && errno != ENOSYS)
    return FALSE;
  return linkat(directory, from, directory, to, 0) == 0 && unlinkat(directory, from, 0) == 0;
}

/* The last step that may fail is the directory's fsync: until then nobody has been told that the file exists. */
static gboolean write_file(int directory, const char *name, const char *text, gboolean replace,
                           GError **error)
{
  g_autofree char *temporary = NULL;
  int fd = create_temporary(directory, name, &temporary);
  gboolean good = fd >= 0 && write_all(fd, text, strlen(text)) && fsync(fd) == 0;
  int failure = good ? 0 : errno;
  if (fd >= 0 && close(fd) != 0 && good) {
    good = FALSE;
    failure = errno;
  }
  if (good && !rename_into(directory, temporary, name, replace)) {
    good = FALSE;
    failure = errno;
  }
  if (!good) {
    if (temporary)
      unlinkat(directory, temporary, 0);
    return evs_error_set_errno(error, failure == EEXIST ? EVS_CODE_ALREADY_EXISTS : EVS_CODE_INTERNAL,
                               failure, "cannot write handover file '%s'", name);
  }
  if (fsync(directory) != 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno,
                               "cannot make the directory of handover file '%s' durable", name);
  return TRUE;
}

/* *ret_exists: the file is there and may be replaced. */
static gboolean may_replace(const Handover *handover, const char *path, const char *passphrase,
                            gboolean *ret_exists, GError **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(Handover) old = handover_load(path, passphrase, &local);
  *ret_exists = old != NULL;
  if (evs_error_is(local, EVS_CODE_NOT_FOUND) ||
      (old && g_ascii_strcasecmp(old->transfer_id, handover->transfer_id) == 0))
    return TRUE;
  evs_error_set(error, EVS_CODE_ALREADY_EXISTS, "file '%s' exists already and is %s", path,
                old ? "the handover of another transfer" : "not readable as a handover");
  if (error)
    evs_error_set_remedy(*error, "name another file, or remove this one if it is of no use any more");
  return FALSE;
}

gboolean handover_save(const Handover *handover, const char *path, const char *passphrase, gboolean replace,
                       GError **error)
{
  gboolean exists = replace;
  if (!replace && !may_replace(handover, path, passphrase, &exists, error))
    return FALSE;
  g_autofree char *directory_name = g_path_get_dirname(path), *name = g_path_get_basename(path);
  char *text = handover_write(handover, passphrase, error);
  if (!text)
    return FALSE;
  int directory = open(directory_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean good = directory >= 0 ? write_file(directory, name, text, exists, error)
                                 : evs_error_set_errno(error, EVS_CODE_INVALID_ARGUMENT, errno,
                                                       "cannot open directory '%s'", directory_name);
  if (directory >= 0)
    close(directory);
  handover_text_free(text);
  return good;
}

Handover *handover_load(const char *path, const char *passphrase, GError **error)
{
  char *text = NULL;
  gsize length = 0;
  if (!text_read_file(path, HANDOVER_MAX_BYTES, &text, &length, error))
    return NULL;
  Handover *handover = handover_read(text, length, passphrase, error);
  explicit_bzero(text, length);
  g_free(text);
  if (!handover)
    g_prefix_error(error, "file '%s': ", path);
  return handover;
}

/* ---- names of transfers ---- */

#define NAME_PREFIX "evscsi-"
enum { NAME_HEX_DIGITS = 8, NAME_SECONDS_DIGITS_MAX = 12 };

char *transfer_name_new(gint64 expires_wall_us)
{
  return g_strdup_printf(NAME_PREFIX "%" G_GINT64_FORMAT "-%08x", expires_wall_us / G_USEC_PER_SEC,
                         random_number());
}

gboolean transfer_name_parse(const char *name, gint64 *ret_expires_wall_us)
{
  if (!name || !g_str_has_prefix(name, NAME_PREFIX))
    return FALSE;
  const char *digits = name + strlen(NAME_PREFIX);
  gsize length = strspn(digits, "0123456789");
  const char *hex = digits + length + 1;
  if (length == 0 || length > NAME_SECONDS_DIGITS_MAX || digits[length] != '-' ||
      strlen(hex) != NAME_HEX_DIGITS || strspn(hex, "0123456789abcdef") != NAME_HEX_DIGITS)
    return FALSE;
  g_autofree char *seconds = g_strndup(digits, length);
  gint64 value = 0;
  if (!text_parse_int64(seconds, 0, G_MAXINT64 / G_USEC_PER_SEC, &value))
    return FALSE;
  *ret_expires_wall_us = value * G_USEC_PER_SEC;
  return TRUE;
}
