/* Backups that disks can be made of: there are none but those that tests put there (PUT /_sim/backups/ID; DELETE). They
 * bind zone, size and count as the reference says (evs-facts 4.1) and hold no bytes: such a disk is empty. In the journal
 * (kind "backup"). */
#pragma once

#include "evssim/sim.h"

typedef struct {
  Project *project;
  const char *status; /* static: "available", "creating", "error", "unreadable" */
  char *zone;
  gint64 size_gib;
} Backup;

/* The project's, or NULL. */
const Backup *backup_find(const Sim *sim, const Project *project, const char *id);

void backups_start(Sim *sim); /* with the routes under /_sim */
void backups_stop(Sim *sim);
