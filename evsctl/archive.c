#include "evsctl/archive.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum {
  BLOCK = 512,
  MODE_AT = 100,
  UID_AT = 108,
  GID_AT = 116,
  SIZE_AT = 124,
  TIME_AT = 136,
  SUM_AT = 148,
  TYPE_AT = 156,
  MAGIC_AT = 257
};

struct Archive {
  gzFile file;
  char *path, *directory;
  gint64 mtime_s;
};

Archive *archive_open(const char *path, const char *directory, gint64 mtime_s, GError **error)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    evs_error_set_errno(error, errno == EEXIST ? EVS_CODE_FAILED_PRECONDITION : EVS_CODE_INTERNAL, errno,
                        "cannot make '%s'", path);
    return NULL;
  }
  Archive *archive = g_new0(Archive, 1);
  *archive = (Archive){gzdopen(fd, "wb"), g_strdup(path), g_strdup(directory), mtime_s};
  if (!archive->file)
    g_error("gzdopen: out of memory");
  return archive;
}

static gboolean write_all(Archive *archive, const void *data, gsize length, GError **error)
{
  for (const char *at = data; length > 0;) {
    unsigned piece = (unsigned)MIN(length, 1 << 20);
    if (gzwrite(archive->file, at, piece) != (int)piece)
      return evs_error_set(error, EVS_CODE_INTERNAL, "cannot write '%s': %s", archive->path,
                           g_strerror(errno));
    at += piece;
    length -= piece;
  }
  return TRUE;
}

/* Octal digits and a NUL, as ustar has numbers. */
static void put_number(char *field, int digits, guint64 value)
{
  g_snprintf(field, (gulong)digits + 1, "%0*" G_GINT64_MODIFIER "o", digits, value);
}

static void make_header(const Archive *archive, const char *name, gsize length, char header[BLOCK])
{
  memset(header, 0, BLOCK);
  g_snprintf(header, ARCHIVE_MAX_NAME + 1, "%s/%s", archive->directory, name);
  put_number(header + MODE_AT, 7, 0600);
  put_number(header + UID_AT, 7, 0);
  put_number(header + GID_AT, 7, 0);
  put_number(header + SIZE_AT, 11, length);
  put_number(header + TIME_AT, 11, (guint64)archive->mtime_s);
  header[TYPE_AT] = '0';
  memcpy(header + MAGIC_AT, "ustar\00000", 8);
  /* The sum is taken with blanks where it will stand. */
  memset(header + SUM_AT, ' ', 8);
  guint sum = 0;
  for (int i = 0; i < BLOCK; i++)
    sum += (guchar)header[i];
  put_number(header + SUM_AT, 6, sum);
}

gboolean archive_add(Archive *archive, const char *name, const char *data, gsize length, GError **error)
{
  static const char zeros[BLOCK];
  char header[BLOCK];
  if (strlen(archive->directory) + 1 + strlen(name) > ARCHIVE_MAX_NAME)
    return evs_error_set(error, EVS_CODE_INTERNAL, "'%s' is too long a name for an archive", name);
  make_header(archive, name, length, header);
  gsize rest = length % BLOCK;
  return write_all(archive, header, BLOCK, error) && write_all(archive, data, length, error) &&
         write_all(archive, zeros, rest ? BLOCK - rest : 0, error);
}

static void archive_free(Archive *archive)
{
  g_free(archive->path);
  g_free(archive->directory);
  g_free(archive);
}

gboolean archive_close(Archive *archive, GError **error)
{
  static const char end[2 * BLOCK];
  gboolean ok = write_all(archive, end, sizeof end, error);
  if (gzclose(archive->file) != Z_OK && ok)
    ok = evs_error_set(error, EVS_CODE_INTERNAL, "cannot write '%s': %s", archive->path, g_strerror(errno));
  if (!ok)
    unlink(archive->path);
  archive_free(archive);
  return ok;
}

void archive_discard(Archive *archive)
{
  if (!archive)
    return;
  (void)gzclose(archive->file);
  unlink(archive->path);
  archive_free(archive);
}
