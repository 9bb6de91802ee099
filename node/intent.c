#include "node/intent.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>

enum { BLOCK_BYTES = 4096, FROM_END_BYTES = 3 * 1024 * 1024 };

static const char note[] = "EVSCSI-MKFS has begun on this disk\n";

static gboolean has_place(const Device *device)
{
  return device->size > 2 * FROM_END_BYTES;
}

static off_t place_of(const Device *device)
{
  return (off_t)((device->size - FROM_END_BYTES) / BLOCK_BYTES * BLOCK_BYTES);
}

static gboolean put_block(const Device *device, const char *text, GError **error)
{
  char block[BLOCK_BYTES] = {0};
  g_strlcpy(block, text, sizeof block);
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", device->fd);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  gboolean good =
    fd >= 0 && pwrite(fd, block, sizeof block, place_of(device)) == (ssize_t)sizeof block && fsync(fd) == 0;
  int why = errno;
  if (fd >= 0)
    close(fd);
  return good ||
         evs_error_set_errno(error, EVS_CODE_INTERNAL, why, "cannot write to disk '%s'", device->node);
}

gboolean intent_write(const Device *device, GError **error)
{
  return !has_place(device) || put_block(device, note, error);
}

gboolean intent_is_present(const Device *device)
{
  char block[BLOCK_BYTES], expected[BLOCK_BYTES] = {0};
  g_strlcpy(expected, note, sizeof expected);
  return has_place(device) &&
         pread(device->fd, block, sizeof block, place_of(device)) == (ssize_t)sizeof block &&
         memcmp(block, expected, sizeof block) == 0;
}

gboolean intent_clear(const Device *device, GError **error)
{
  return !intent_is_present(device) || put_block(device, "", error);
}
