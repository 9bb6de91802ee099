/* Sizes: CSI speaks bytes, EVS whole GiB from 10 to 32768 for data disks. */
#pragma once

#include <glib.h>

#define BYTES_PER_GIB (G_GINT64_CONSTANT(1) << 30)

enum { DISK_MIN_GIB = 10, DISK_MAX_GIB = 32768 };

typedef struct {
  gint64 create_gib; /* what to ask for */
  gint64 least_gib;  /* an existing disk fits if it has at least this, */
  gint64 most_gib;   /* and at most this (G_MAXINT64: no limit) */
} VolumeSize;

/* From capacity_range; 0 means not given. No size: 10 GiB. INVALID_ARGUMENT for negative values and a limit below the
 * requirement; OUT_OF_RANGE when no disk size fits. */
gboolean volume_size_choose(gint64 required_bytes, gint64 limit_bytes, VolumeSize *ret_size, GError **error);

/* A disk of this size against the limit of the request: OUT_OF_RANGE when it is larger, since disks never shrink. */
gboolean volume_size_check_limit(const VolumeSize *size, gint64 has_gib, GError **error);
