/* What each disk type accepts as performance of its own (evs-facts 7, cloud-facts F1). */
#pragma once

#include "base/error.h"

/* iops and throughput (MiB/s) of a disk of that type and size; 0: not given. size_gib 0: any size. Types that are not of
 * the reference pass: the cloud knows them. INVALID_ARGUMENT: "'iops' is 5: a number from 3000 to 5000 is expected for disk
 * type 'GPSSD2' with 10 GiB". */
gboolean evs_performance_check(const char *type, gint64 size_gib, gint64 iops, gint64 throughput,
                               GError **error);
