/* Changing whose a disk is: the owner marks in its metadata, which every controller reads before it deletes.
 *
 * An adopted disk loses the mark that it was made for a volume (name-sha256), so the driver never takes it for a blank disk
 * to be formatted: a disk that was never formatted needs volumeAttributes {format: if-empty} in its PV.
 * Other metadata stay; that is checked by reading them again. */
#pragma once

#include "ownership/owner.h"

typedef struct {
  EvsDisk *disk;
  OwnerKind before;
  char *before_text;  /* "cluster 'a', driver 'b'", "nobody" */
  char *refusal;      /* why it cannot be adopted at all; NULL: it can */
  gboolean is_forced; /* needs --force or a yes: it belongs to another cluster, or holds a system */
} Adoption;

/* Takes the disk. */
Adoption *adoption_new(const Owner *owner, EvsDisk *disk);
void adoption_free(Adoption *adoption);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Adoption, adoption_free)

/* Sets the marks, for pv_name (NULL: none is noted) too, and reads the disk again into adoption->disk. INTERNAL naming them
 * if other metadata got lost and could not be put back. */
gboolean adoption_apply(EvsClient *client, const EvsContext *context, const Owner *owner, const char *pv_name,
                        Adoption *adoption, GError **error);

/* Likewise the snapshots of the disk, but for those of backups and clones. How many: *ret_count. */
gboolean adoption_apply_snapshots(EvsClient *client, const EvsContext *context, const Owner *owner,
                                  const char *volume_id, guint *ret_count, GError **error);
