/* What the disks were like a while ago: for the list lag of the profile and the fault kind stale. Each change leaves the
 * record it replaced, for HISTORY_SECONDS. */
#pragma once

#include "evssim/sim.h"

enum { HISTORY_SECONDS = 120 };

void disk_history_start(Sim *sim);
void disk_history_stop(Sim *sim);
/* The disk is about to change; old: its record until now, NULL if it did not exist. */
void disk_history_add(Sim *sim, const char *id, json_t *old);

typedef struct {
  GPtrArray *disks; /* of Disk*, in no order */
  GPtrArray *owned; /* those of them made for this view */
} DiskView;

/* The project's disks as they were age_us ago (real time; 0: now). */
DiskView *disk_view_new(const Sim *sim, const Project *project, gint64 age_us);
void disk_view_free(DiskView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DiskView, disk_view_free)
