/* Images and backups that disks can be made of: there are none but those that tests put there (PUT /_sim/images/ID,
 * PUT /_sim/backups/ID; DELETE). They bind size, zone and sharing as the reference says (4.1 of evs-facts) and hold no
 * bytes: such a disk is empty. In the journal (kinds "image", "backup"). */
#pragma once

#include "evssim/sim.h"

typedef enum { SOURCE_IMAGE, SOURCE_BACKUP } SourceKind;

typedef struct {
  SourceKind kind;
  Project *project;
  const char *status; /* interned. Image: "active", else not to be used. Backup: "available" ... */
  char *zone;         /* of a backup */
  gint64 size_gib;    /* of a backup, or the image's min_disk: a disk has at least as much */
  gboolean of_system; /* the image makes system disks */
} Source;

/* The project's, or NULL. */
const Source *source_find(const Sim *sim, const Project *project, SourceKind kind, const char *id);

void sources_start(Sim *sim); /* with the routes under /_sim */
void sources_stop(Sim *sim);
