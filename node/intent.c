#include "node/intent.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>

enum { MKFS_BYTES = 4096, GROW_BYTES = 512, MAX_BYTES = MKFS_BYTES, FROM_END_BYTES = 3 * 1024 * 1024 };

static const struct {
  const char *note;
  gsize bytes;
  off_t from_end;      /* 0: at the disk's beginning */
  gboolean only_blank; /* something may be there already that is not ours */
} places[] = {
  [INTENT_MKFS] = {"EVSCSI-MKFS has begun on this disk\n", MKFS_BYTES, FROM_END_BYTES, FALSE},
  [INTENT_GROW] = {"EVSCSI-GROW: resize2fs has begun on this disk\n", GROW_BYTES, 0, TRUE},
};

static off_t offset_of(const Device *device, Intent intent)
{
  off_t from_end = places[intent].from_end;
  return from_end ? ((off_t)device->size - from_end) / MKFS_BYTES * MKFS_BYTES : 0;
}

static gboolean holds(const Device *device, Intent intent, const char *text)
{
  gsize bytes = places[intent].bytes;
  char block[MAX_BYTES], expected[MAX_BYTES] = {0};
  g_strlcpy(expected, text, sizeof expected);
  return pread(device->fd, block, bytes, offset_of(device, intent)) == (ssize_t)bytes &&
         memcmp(block, expected, bytes) == 0;
}

static gboolean has_place(const Device *device, Intent intent)
{
  return device->size > 2 * FROM_END_BYTES && (!places[intent].only_blank || holds(device, intent, ""));
}

static gboolean put_block(const Device *device, Intent intent, const char *text, GError **error)
{
  char block[MAX_BYTES] = {0};
  gsize bytes = places[intent].bytes;
  g_strlcpy(block, text, sizeof block);
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", device->fd);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  gboolean good =
    fd >= 0 && pwrite(fd, block, bytes, offset_of(device, intent)) == (ssize_t)bytes && fsync(fd) == 0;
  int why = errno;
  if (fd >= 0)
    close(fd);
  return good ||
         evs_error_set_errno(error, EVS_CODE_INTERNAL, why, "cannot write to disk '%s'", device->node);
}

gboolean intent_write(const Device *device, Intent intent, GError **error)
{
  return !has_place(device, intent) || put_block(device, intent, places[intent].note, error);
}

gboolean intent_is_present(const Device *device, Intent intent)
{
  return device->size > 2 * FROM_END_BYTES && holds(device, intent, places[intent].note);
}

gboolean intent_clear(const Device *device, Intent intent, GError **error)
{
  return !intent_is_present(device, intent) || put_block(device, intent, "", error);
}
