#include "node/probe.h"

#include "base/error.h"

#include <blkid/blkid.h>
#include <errno.h>

void probe_result_clear(ProbeResult *result)
{
  g_clear_pointer(&result->type, g_free);
  g_clear_pointer(&result->label, g_free);
}

static void free_probe(blkid_probe *probe)
{
  if (*probe)
    blkid_free_probe(*probe);
}

static const char *value_of(blkid_probe probe, const char *name)
{
  const char *value = NULL;
  return blkid_probe_lookup_value(probe, name, &value, NULL) == 0 ? value : NULL;
}

static void read_values(blkid_probe probe, ProbeResult *result)
{
  const char *type = value_of(probe, "TYPE"), *usage = value_of(probe, "USAGE"),
             *table = value_of(probe, "PTTYPE");
  const char *label = value_of(probe, "LABEL");
  result->label = g_utf8_make_valid(label ? label : "", -1);
  result->kind = type && !table && g_strcmp0(usage, "filesystem") == 0 ? PROBE_FILESYSTEM : PROBE_OTHER;
  if (type && table)
    result->type = g_strdup_printf("%s and %s partition table", type, table);
  else if (table)
    result->type = g_strdup_printf("%s partition table", table);
  else
    result->type = g_strdup(type ? type : "unknown signature");
}

gboolean probe_disk(int device_fd, const char *name, ProbeResult *ret_result, GError **error)
{
  enum { FOUND = 0, NOTHING = 1, AMBIVALENT = -2 };
  __attribute__((cleanup(free_probe))) blkid_probe probe = blkid_new_probe();
  if (!probe || blkid_probe_set_device(probe, device_fd, 0, 0) != 0)
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "cannot probe disk '%s'", name);
  blkid_probe_enable_superblocks(probe, 1);
  blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE | BLKID_SUBLKS_LABEL |
                                             BLKID_SUBLKS_BADCSUM);
  blkid_probe_enable_partitions(probe, 1);
  errno = 0;
  switch (blkid_do_safeprobe(probe)) {
  case FOUND:
    read_values(probe, ret_result);
    return TRUE;
  case NOTHING:
    *ret_result = (ProbeResult){.kind = PROBE_EMPTY, .type = g_strdup(""), .label = g_strdup("")};
    return TRUE;
  case AMBIVALENT:
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "disk '%s' carries signatures of more than one kind: refusing to guess what it holds", name);
  default:
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "disk '%s' cannot be read by the probe: %s",
                         name, errno ? g_strerror(errno) : "unknown reason");
  }
}

static gboolean check_edge(int fd, const char *name, guint64 offset, guint8 *buffer, gsize size,
                           gboolean *zero, GError **error)
{
  for (gsize done = 0; done < size;) {
    ssize_t got = TEMP_FAILURE_RETRY(pread(fd, buffer, size - done, (off_t)(offset + done)));
    if (got <= 0)
      return evs_error_set_errno(error, EVS_CODE_FAILED_PRECONDITION, got < 0 ? errno : EIO,
                                 "disk '%s' cannot be read at byte %" G_GUINT64_FORMAT, name, offset + done);
    for (ssize_t i = 0; i < got; i++)
      *zero &= buffer[i] == 0;
    done += (gsize)got;
  }
  return TRUE;
}

gboolean probe_edges(int device_fd, const char *name, guint64 size, gboolean *ret_zero, GError **error)
{
  gsize edge = (gsize)MIN((guint64)PROBE_EDGE_BYTES, size);
  g_autofree guint8 *buffer = g_malloc(edge);
  *ret_zero = TRUE;
  return check_edge(device_fd, name, 0, buffer, edge, ret_zero, error) &&
         check_edge(device_fd, name, size - edge, buffer, edge, ret_zero, error);
}
