#include "controller/volume_size.h"

#include "base/error.h"

static gboolean check_range(gint64 required_bytes, gint64 limit_bytes, GError **error)
{
  if (required_bytes < 0)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "field 'capacity_range.required_bytes' is %" G_GINT64_FORMAT "; 0 or more is accepted", required_bytes);
  if (limit_bytes < 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'capacity_range.limit_bytes' is %" G_GINT64_FORMAT "; 0 or more is accepted",
                         limit_bytes);
  if (limit_bytes > 0 && limit_bytes < required_bytes)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'capacity_range.limit_bytes' (%" G_GINT64_FORMAT
                         ") is less than required_bytes (%" G_GINT64_FORMAT ")",
                         limit_bytes, required_bytes);
  return TRUE;
}

gboolean volume_size_choose(gint64 required_bytes, gint64 limit_bytes, VolumeSize *ret_size, GError **error)
{
  if (!check_range(required_bytes, limit_bytes, error))
    return FALSE;
  if (required_bytes > DISK_MAX_GIB * BYTES_PER_GIB)
    return evs_error_set(error, EVS_CODE_OUT_OF_RANGE,
                         "field 'capacity_range.required_bytes' is %" G_GINT64_FORMAT
                         "; a disk has from %d to %d GiB",
                         required_bytes, DISK_MIN_GIB, DISK_MAX_GIB);

  VolumeSize size = {.least_gib = (required_bytes + BYTES_PER_GIB - 1) / BYTES_PER_GIB,
                     .most_gib = limit_bytes > 0 ? limit_bytes / BYTES_PER_GIB : G_MAXINT64};
  size.create_gib = MAX(size.least_gib, DISK_MIN_GIB);
  if (size.create_gib > size.most_gib)
    return evs_error_set(error, EVS_CODE_OUT_OF_RANGE,
                         "field 'capacity_range.limit_bytes' is %" G_GINT64_FORMAT
                         ", but the smallest disk for this request has %" G_GINT64_FORMAT
                         " GiB (whole GiB, at least %d)",
                         limit_bytes, size.create_gib, DISK_MIN_GIB);
  *ret_size = size;
  return TRUE;
}

gboolean volume_size_check_limit(const VolumeSize *size, gint64 has_gib, GError **error)
{
  if (has_gib <= size->most_gib)
    return TRUE;
  return evs_error_set(error, EVS_CODE_OUT_OF_RANGE,
                       "field 'capacity_range.limit_bytes' allows %" G_GINT64_FORMAT
                       " GiB, but the disk has %" G_GINT64_FORMAT " GiB already; a disk never shrinks",
                       size->most_gib, has_gib);
}
