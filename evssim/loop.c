#include "evssim/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/text.h"

enum {
  OPEN_ATTEMPTS = 64,   /* another process may take the free device first */
  STATUS_ATTEMPTS = 50, /* the kernel asks for another try while dirty pages appear */
  STATUS_PAUSE_US = 2000,
};

static gboolean fail(GError **error, int errno_value, const char *what, const char *file)
{
  return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno_value, "cannot %s loop device of '%s'", what,
                             file);
}

static void close_fd(int *fd)
{
  if (*fd >= 0)
    (void)close(*fd);
  *fd = -1;
}
typedef int OwnedFd;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OwnedFd, close_fd)

/* /dev may be a tree without devtmpfs behind it: then the node is made for the moment. */
static int open_device(guint index, const char *file, int mode)
{
  g_autofree char *path = g_strdup_printf("/dev/loop%u", index);
  int fd = open(path, mode | O_CLOEXEC);
  if (fd >= 0 || errno != ENOENT)
    return fd;
  g_autofree char *own = g_strdup_printf("%s.loop%u", file, index);
  if (mknod(own, S_IFBLK | 0600, makedev(LOOP_MAJOR, index)) != 0)
    return -1;
  fd = open(own, mode | O_CLOEXEC);
  int saved = errno;
  (void)unlink(own);
  errno = saved;
  return fd;
}

/* 0 or an errno; EBUSY: the free device was taken by somebody else. */
static int try_open(LoopDevice *loop, int control, int backing, gboolean read_only)
{
  int index = ioctl(control, LOOP_CTL_GET_FREE);
  if (index < 0)
    return errno;
  g_auto(OwnedFd) fd = open_device((guint)index, loop->file, read_only ? O_RDONLY : O_RDWR);
  if (fd < 0)
    return errno == ENXIO ? EBUSY : errno;
  struct loop_config config = {.fd = (guint32)backing,
                               .info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0)};
  g_strlcpy((char *)config.info.lo_file_name, loop->file, LO_NAME_SIZE);
  struct stat status;
  /* The kernel keeps a device read-only (BLKROSET) beyond the file that it stood for: a disk that is attached anew is not. */
  int writable = 0;
  if (ioctl(fd, LOOP_CONFIGURE, &config) != 0 || fstat(fd, &status) != 0 ||
      (!read_only && ioctl(fd, BLKROSET, &writable) != 0))
    return errno;
  loop->number = status.st_rdev;
  loop->fd = fd;
  fd = -1;
  return 0;
}

gboolean loop_open(LoopDevice *loop, const char *file, gboolean read_only, GError **error)
{
  *loop = LOOP_NONE;
  g_auto(OwnedFd) backing = open(file, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  struct stat status;
  if (backing < 0 || fstat(backing, &status) != 0)
    return fail(error, errno, "open the file for a", file);
  g_auto(OwnedFd) control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0)
    return fail(error, errno, "ask for a", file);
  loop->file = g_strdup(file);
  loop->bytes = (guint64)status.st_size;
  int result = EBUSY;
  for (int i = 0; i < OPEN_ATTEMPTS && result == EBUSY; i++)
    result = try_open(loop, control, backing, read_only);
  if (result == 0)
    return TRUE;
  if (result == EBUSY)
    evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "no free loop device for '%s' after %d tries", file,
                  OPEN_ATTEMPTS);
  else
    fail(error, result, "set up a", file);
  g_clear_pointer(&loop->file, g_free);
  return FALSE;
}

/* Moves the window, sparing the caller the kernel's "try again". */
static gboolean set_window(LoopDevice *loop, guint64 offset, guint64 limit, GError **error)
{
  struct loop_info64 info;
  if (ioctl(loop->fd, LOOP_GET_STATUS64, &info) != 0)
    return fail(error, errno, "read the state of the", loop->file);
  if (info.lo_offset == offset && info.lo_sizelimit == limit)
    return TRUE;
  info.lo_offset = offset;
  info.lo_sizelimit = limit;
  for (int i = 0; i < STATUS_ATTEMPTS; i++) {
    if (ioctl(loop->fd, LOOP_SET_STATUS64, &info) == 0)
      return TRUE;
    if (errno != EAGAIN)
      break;
    g_usleep(STATUS_PAUSE_US);
  }
  return fail(error, errno, "move the window of the", loop->file);
}

gboolean loop_adopt(LoopDevice *loop, dev_t number, const char *file)
{
  *loop = LOOP_NONE;
  struct stat status;
  if (major(number) != LOOP_MAJOR || stat(file, &status) != 0)
    return FALSE;
  g_auto(OwnedFd) fd = open_device(minor(number), file, O_RDWR);
  struct loop_info64 info;
  if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) != 0)
    return FALSE;
  if (info.lo_device != status.st_dev || info.lo_inode != status.st_ino ||
      (info.lo_flags & LO_FLAGS_READ_ONLY))
    return FALSE;
  guint64 bytes = info.lo_offset ? info.lo_offset : (guint64)status.st_size; /* it may have died broken */
  *loop = (LoopDevice){.fd = fd, .number = number, .file = g_strdup(file), .bytes = bytes};
  fd = -1;
  if (loop_mend(loop, NULL))
    return TRUE;
  loop_close(loop);
  return FALSE;
}

gboolean loop_is_claimed(const LoopDevice *loop)
{
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", loop->fd);
  g_auto(OwnedFd) fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
  return fd < 0 && errno == EBUSY;
}

void loop_close(LoopDevice *loop)
{
  if (loop->fd >= 0 && loop_is_claimed(loop))
    (void)loop_cut(loop, LOOP_SECTOR, NULL);
  close_fd(&loop->fd);
  g_clear_pointer(&loop->file, g_free);
  *loop = LOOP_NONE;
}

gboolean loop_grow(LoopDevice *loop, GError **error)
{
  struct stat status;
  if (stat(loop->file, &status) != 0 || ioctl(loop->fd, LOOP_SET_CAPACITY) != 0)
    return fail(error, errno, "grow the", loop->file);
  loop->bytes = (guint64)status.st_size;
  return TRUE;
}

gboolean loop_cut(LoopDevice *loop, guint64 bytes, GError **error)
{
  guint64 limit = (MAX(bytes, 1) + LOOP_SECTOR - 1) / LOOP_SECTOR * LOOP_SECTOR;
  return set_window(loop, 0, limit, error);
}

gboolean loop_break(LoopDevice *loop, GError **error)
{
  if (loop_is_claimed(loop))
    return loop_cut(loop, LOOP_SECTOR, error);
  /* The window moves behind the disk's bytes while the file is long enough for the kernel to grant it that size;
   * then the file shrinks back and nothing is left to read there. */
  if (truncate(loop->file, (off_t)(2 * loop->bytes)) != 0)
    return fail(error, errno, "lengthen the file of the", loop->file);
  gboolean moved = set_window(loop, loop->bytes, loop->bytes, error);
  if (truncate(loop->file, (off_t)loop->bytes) != 0 && moved)
    return fail(error, errno, "shorten the file of the", loop->file);
  return moved;
}

gboolean loop_mend(LoopDevice *loop, GError **error)
{
  struct loop_info64 info;
  if (ioctl(loop->fd, LOOP_GET_STATUS64, &info) != 0)
    return fail(error, errno, "read the state of the", loop->file);
  if (!set_window(loop, 0, 0, error))
    return FALSE;
  /* What was written while the window lay behind the disk's end. */
  if (info.lo_offset != 0 && truncate(loop->file, (off_t)loop->bytes) != 0)
    return fail(error, errno, "shorten the file of the", loop->file);
  return ioctl(loop->fd, LOOP_SET_CAPACITY) == 0 || fail(error, errno, "restore the size of the", loop->file);
}

void loop_purge(const char *directory)
{
  g_autofree char *prefix = g_strdup_printf("%s/", directory);
  g_autoptr(GDir) devices = g_dir_open("/sys/block", 0, NULL);
  const char *name = NULL;
  while (devices && (name = g_dir_read_name(devices))) {
    gint64 index = 0;
    if (!g_str_has_prefix(name, "loop") || !text_parse_int64(name + strlen("loop"), 0, G_MAXUINT16, &index))
      continue;
    g_autofree char *path = g_strdup_printf("/sys/block/%s/loop/backing_file", name);
    g_autofree char *file = NULL;
    if (!text_read_file(path, PATH_MAX + 16, &file, NULL, NULL) || !g_str_has_prefix(file, prefix))
      continue;
    g_strchomp(file);
    g_auto(OwnedFd) fd = open_device((guint)index, file, O_RDWR);
    if (fd >= 0)
      (void)ioctl(fd, LOOP_CLR_FD);
  }
}
