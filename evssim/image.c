#include "evssim/image.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 };

static void close_fd(int *fd)
{
  if (*fd >= 0)
    (void)close(*fd);
}
typedef int OwnedFd;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OwnedFd, close_fd)

static gboolean fail(const char *what, const char *path, GError **error)
{
  return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot %s '%s'", what, path);
}

gboolean image_create(const char *path, gint64 bytes, GError **error)
{
  g_auto(OwnedFd) fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail("create", path, error);
  if (ftruncate(fd, (off_t)bytes) == 0)
    return TRUE;
  (void)fail("size", path, error);
  (void)unlink(path);
  return FALSE;
}

gboolean image_grow(const char *path, gint64 bytes, GError **error)
{
  struct stat status;
  g_auto(OwnedFd) fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0)
    return fail("open", path, error);
  return status.st_size >= (off_t)bytes || ftruncate(fd, (off_t)bytes) == 0 || fail("grow", path, error);
}

/* What copy_file_range() does, for file systems that cannot. 0 at the end, -1 with errno. */
static gssize copy_piece(int from, int to, off_t at, gsize length)
{
  g_autofree char *buffer = g_malloc(PIECE_BYTES);
  gssize got = pread(from, buffer, MIN(length, PIECE_BYTES), at);
  for (gssize done = 0; done < got;) {
    gssize put = pwrite(to, buffer + done, (gsize)(got - done), at + done);
    if (put < 0 && errno != EINTR)
      return -1;
    done += MAX(put, 0);
  }
  return got;
}

/* The bytes of [at, end), which hold data. */
static gboolean copy_range(int from, int to, off_t at, off_t end)
{
  while (at < end) {
    off_t source = at, target = at;
    gssize copied = copy_file_range(from, &source, to, &target, (gsize)(end - at), 0);
    if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
      copied = copy_piece(from, to, at, (gsize)(end - at));
    if (copied < 0 && errno != EINTR)
      return FALSE;
    if (copied == 0)
      return TRUE;
    at += MAX(copied, 0);
  }
  return TRUE;
}

/* Every stretch of data; ENXIO says that only a hole is left. */
static gboolean copy_data(int from, int to)
{
  off_t at = 0;
  for (;;) {
    off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0)
      return errno == ENXIO;
    off_t hole = lseek(from, data, SEEK_HOLE);
    if (hole < 0 || !copy_range(from, to, data, hole))
      return FALSE;
    at = hole;
  }
}

gboolean image_copy(const char *from, const char *to, gint64 bytes, GError **error)
{
  g_autofree char *fresh = g_strconcat(to, ".new", NULL);
  g_auto(OwnedFd) source = open(from, O_RDONLY | O_CLOEXEC);
  if (source < 0)
    return fail("open", from, error);
  g_auto(OwnedFd) target = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (target < 0)
    return fail("create", fresh, error);
  gboolean copied = ioctl(target, FICLONE, source) == 0 || copy_data(source, target);
  if (copied && ftruncate(target, (off_t)bytes) == 0 && rename(fresh, to) == 0)
    return TRUE;
  (void)fail("write", to, error);
  (void)unlink(fresh);
  return FALSE;
}

void image_sweep(const char *directory, gboolean (*is_known)(const char *id, gpointer argument),
                 gpointer argument)
{
  g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
  const char *name;
  while (entries && (name = g_dir_read_name(entries)) != NULL) {
    g_autofree char *id = g_str_has_suffix(name, ".img") ? g_strndup(name, strlen(name) - 4) : NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    if (!id || !is_known(id, argument))
      (void)unlink(path);
  }
}
