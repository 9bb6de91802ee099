#include "evsctl/transfer_file.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "evs-transfer-"
#define SUFFIX ".json"
#define TEMPORARY_SUFFIX ".tmp"

enum { OVERWRITE_PIECE = 4096 };

static char *file_name(const char *volume_id)
{
  g_autofree char *id = g_ascii_strdown(volume_id, -1);
  return g_strconcat(PREFIX, id, SUFFIX, NULL);
}

char *transfer_file_path(const char *directory, const char *volume_id)
{
  g_autofree char *name = file_name(volume_id);
  return g_build_filename(directory, name, NULL);
}

int transfer_directory_lock(const char *directory, GError **error)
{
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
    evs_error_set_errno(error, EVS_CODE_INVALID_ARGUMENT, errno,
                        "--output-dir: '%s' is no directory that can be written", directory);
  } else if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    return fd;
  } else {
    evs_error_set_errno(error, EVS_CODE_FAILED_PRECONDITION, errno,
                        "another transfer command is at work in directory '%s'", directory);
  }
  if (fd >= 0)
    close(fd);
  return -1;
}

void transfer_file_sweep(const char *directory, const char *volume_id)
{
  g_autofree char *name = file_name(volume_id);
  g_autofree char *prefix = g_strconcat(".", name, ".", NULL);
  GDir *entries = g_dir_open(directory, 0, NULL);
  for (const char *entry; entries && (entry = g_dir_read_name(entries));) {
    if (!g_str_has_prefix(entry, prefix) || !g_str_has_suffix(entry, TEMPORARY_SUFFIX))
      continue;
    g_autofree char *path = g_build_filename(directory, entry, NULL);
    unlink(path);
  }
  if (entries)
    g_dir_close(entries);
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *transfer_files_in(const char *directory, GError **error)
{
  g_autoptr(GError) problem = NULL;
  GDir *entries = g_dir_open(directory, 0, &problem);
  if (!entries) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "cannot read directory '%s': %s", directory,
                  problem->message);
    return NULL;
  }
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  for (const char *entry; paths->len < TRANSFER_FILES_MAX && (entry = g_dir_read_name(entries));) {
    if (g_str_has_prefix(entry, PREFIX) && g_str_has_suffix(entry, SUFFIX))
      g_ptr_array_add(paths, g_build_filename(directory, entry, NULL));
  }
  g_dir_close(entries);
  g_ptr_array_sort(paths, compare_paths);
  return paths;
}

gboolean transfer_passphrase_read(const char *path, char **ret_passphrase, GError **error)
{
  g_autoptr(GError) problem = NULL;
  char *text = NULL;
  *ret_passphrase = NULL;
  if (!path)
    return TRUE;
  if (!text_read_file(path, HANDOVER_MAX_PASSPHRASE + 2, &text, NULL, &problem))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--passphrase-file: %s", problem->message);
  char *end = text + strcspn(text, "\r\n");
  explicit_bzero(end, strlen(end));
  *ret_passphrase = text;
  if (*text && strlen(text) <= HANDOVER_MAX_PASSPHRASE)
    return TRUE;
  handover_text_free(text);
  *ret_passphrase = NULL;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "--passphrase-file: '%s': a first line of 1 to %d bytes is expected", path,
                       HANDOVER_MAX_PASSPHRASE);
}

gboolean transfer_file_is_encrypted(const char *path)
{
  char *text = NULL;
  gsize length = 0;
  gboolean encrypted =
    text_read_file(path, HANDOVER_MAX_BYTES, &text, &length, NULL) && handover_is_encrypted(text, length);
  handover_text_free(text);
  return encrypted;
}

/* ---- discarding ---- */

static gboolean overwrite(int fd, off_t length)
{
  static const char zeros[OVERWRITE_PIECE];
  for (off_t at = 0; at < length;) {
    ssize_t written =
      TEMP_FAILURE_RETRY(pwrite(fd, zeros, (size_t)MIN(length - at, (off_t)sizeof zeros), at));
    if (written <= 0)
      return FALSE;
    at += written;
  }
  return fsync(fd) == 0;
}

/* Without its passphrase, too. */
static gboolean check_is_handover(const char *path, GError **error)
{
  g_autoptr(GError) problem = NULL;
  g_autoptr(Handover) handover = handover_load(path, NULL, &problem);
  if (handover || transfer_file_is_encrypted(path))
    return TRUE;
  evs_error_set(error, evs_error_code(problem), "%s", problem->message);
  if (error)
    evs_error_set_remedy(*error, "if it is a spoilt handover file: remove it by hand");
  return FALSE;
}

gboolean transfer_file_discard(const char *path, guint *ret_links, GError **error)
{
  if (!check_is_handover(path, error))
    return FALSE;
  struct stat found;
  int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
  gboolean good = fd >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) &&
                  overwrite(fd, found.st_size) && unlink(path) == 0;
  int failure = errno;
  if (fd >= 0)
    close(fd);
  if (!good)
    return evs_error_set_errno(error, EVS_CODE_FAILED_PRECONDITION, failure, "cannot discard file '%s'",
                               path);
  *ret_links = (guint)found.st_nlink - 1;
  return TRUE;
}
