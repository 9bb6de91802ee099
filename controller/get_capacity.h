/* GetCapacity: how much could be created with these parameters in this zone, by the project's quotas. EVS tells no
 * capacity of its pools, only types that are sold out in a zone: those have 0.
 *
 * The answer is the least of: the quota of disks left times the largest disk, the quota of GiB left in all and for the
 * type, 1 PiB (which stands for unlimited). */
#pragma once

#include "controller/capacity_cache.h"

#include "csi.pb-c.h"

enum { CAPACITY_UNLIMITED_GIB = 1 << 20 };

typedef struct {
  gint64 available_gib, maximum_gib, minimum_gib;
} Capacity;

/* Pure. zone and type may be NULL: any zone; the type that CreateVolume would choose. A zone that the cloud does not
 * have, and a type that is not offered or sold out there, have no capacity. INVALID_ARGUMENT for an unknown type. */
gboolean capacity_compute(const CapacityFacts *facts, const char *zone, const char *type,
                          Capacity *ret_capacity, GError **error);
