#include "node/device.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { SECTOR_BYTES = 512, MAX_ATTRIBUTE_BYTES = 64, LOCK_WAIT_MS = 2000, PAUSE_MS = 50 };

/* The node is looked at through O_PATH before it is opened: opening a wrong node (a tape, a pipe) may have effects. */
static int open_checked(const Device *device, GError **error)
{
  int path = open(device->node, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  if (path < 0 || fstat(path, &status) < 0) {
    int why = errno;
    if (path >= 0)
      close(path);
    evs_error_set_errno(error, why == ENOENT ? EVS_CODE_NOT_FOUND : EVS_CODE_INTERNAL, why,
                        "cannot open '%s'", device->node);
    return -1;
  }
  int fd = -1;
  if (!S_ISBLK(status.st_mode) || status.st_rdev != device->number) {
    evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                  "'%s' is not the block device %u:%u that sysfs calls '%s'", device->node,
                  major(device->number), minor(device->number), device->name);
  } else {
    g_autofree char *again = g_strdup_printf("/proc/self/fd/%d", path);
    fd = open(again, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      evs_error_set_errno(error, errno == ENXIO || errno == ENODEV ? EVS_CODE_NOT_FOUND : EVS_CODE_INTERNAL,
                          errno, "cannot open '%s'", device->node);
  }
  close(path);
  return fd;
}

/* The smaller of what sysfs and the block layer say. */
static gboolean read_size(const DeviceTree *tree, const Device *device, guint64 *ret_size, GError **error)
{
  g_autofree char *path = g_build_filename(tree->sys_dir, "block", device->name, "size", NULL);
  g_autofree char *text = NULL;
  gint64 sectors = 0;
  if (!text_read_file(path, MAX_ATTRIBUTE_BYTES, &text, NULL, error))
    return FALSE;
  if (!text_parse_int64(g_strstrip(text), 0, G_MAXINT64 / SECTOR_BYTES, &sectors))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "'%s' is not a number of sectors", path);
  guint64 bytes = 0;
  if (ioctl(device->fd, BLKGETSIZE64, &bytes) < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot read the size of '%s'", device->node);
  *ret_size = MIN(bytes, (guint64)sectors * SECTOR_BYTES);
  return TRUE;
}

/* SCSI only: virtio disks learn their size by themselves. */
static void rescan(const DeviceTree *tree, const Device *device)
{
  g_autofree char *path = g_build_filename(tree->sys_dir, "block", device->name, "device", "rescan", NULL);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)!write(fd, "1\n", 2);
  close(fd);
}

gboolean device_await_size(const DeviceTree *tree, Device *device, guint64 bytes, gint64 deadline_us,
                           gboolean *ret_reached, GError **error)
{
  for (gboolean scanned = FALSE;; scanned = TRUE) {
    if (!read_size(tree, device, &device->size, error))
      return FALSE;
    *ret_reached = device->size >= bytes && device->size > 0;
    if (*ret_reached || clock_now_us() >= deadline_us)
      return TRUE;
    if (scanned)
      clock_sleep_until(clock_deadline_in_ms(PAUSE_MS));
    else
      rescan(tree, device);
  }
}

static gboolean check_size(const DeviceTree *tree, const DiskFacts *facts, Device *device, GError **error)
{
  gboolean reached = FALSE;
  if (!device_await_size(tree, device, facts->size_bytes, clock_deadline_in_ms(DEVICE_RESCAN_WAIT_MS),
                         &reached, error))
    return FALSE;
  return reached || evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                                  "disk '%s' has %" G_GUINT64_FORMAT
                                  " bytes here, but the cloud says %" G_GUINT64_FORMAT ": refusing to use it",
                                  device->node, device->size, facts->size_bytes);
}

gboolean device_open(const DeviceTree *tree, const DiskFacts *facts, Device *device, GError **error)
{
  device->fd = open_checked(device, error);
  return device->fd >= 0 && check_size(tree, facts, device, error);
}

gboolean device_lock(const Device *device, gint64 deadline_us, GError **error)
{
  deadline_us = MIN(deadline_us, clock_deadline_in_ms(LOCK_WAIT_MS));
  while (flock(device->fd, LOCK_EX | LOCK_NB) < 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot lock '%s'", device->node);
    if (clock_now_us() >= deadline_us)
      return evs_error_set(
        error, EVS_CODE_ABORTED,
        "another process works on disk '%s' (a mkfs that outlived its node plugin, or a second "
        "plugin): try again when it has ended",
        device->node);
    clock_sleep_until(clock_deadline_in_ms(PAUSE_MS));
  }
  return TRUE;
}
