/* The disks of a project as a list or a stale read shows them. */
#pragma once

#include "evssim/sim.h"

typedef struct {
  GPtrArray *disks; /* of Disk*, in no order */
  GPtrArray *owned; /* those of them made for this view */
} DiskView;

/* The project's disks as they were age_us ago (real time; 0: now), without those made within the last lag_us: an index
 * that is behind, as the profile's list_lag_ms. */
DiskView *disk_view_new(const Sim *sim, const Project *project, gint64 lag_us, gint64 age_us);
void disk_view_free(DiskView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DiskView, disk_view_free)
