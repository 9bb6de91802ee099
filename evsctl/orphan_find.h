/* Disks and snapshots of one cluster that nothing uses any more: which they are, and whether each may be deleted.
 * Judgement only: no calls. What a cluster owns is in its metadata (ownership/owner.h).
 *
 * May go only what is surely unused: no PV or VolumeSnapshotContent names it, it is attached nowhere, has no snapshots,
 * is at rest, is not younger than the limit (a create may be under way), and nothing else forbids it. */
#pragma once

#include "evsctl/pv_list.h"
#include "ownership/owner.h"

typedef enum {
  ORPHAN_DISK,      /* no PV names it */
  ORPHAN_DUPLICATE, /* a second disk of one volume name */
  ORPHAN_FAILED,    /* in error; reported even if a PV names it */
  ORPHAN_SNAPSHOT,  /* no VolumeSnapshotContent names it */
  ORPHAN_LEFTOVER,  /* temporary, of a clone */
} OrphanKind;

typedef struct {
  OrphanKind kind;
  char *id, *name, *status, *volume_name; /* volume_name: the PV's as the disk's metadata say; "" unknown */
  gint64 size_gib;
  gint64 age_s; /* -1: unknown */
  char *why;    /* "no PV names it" */
  char *keep;   /* why it may not be deleted; NULL: it may */
  gboolean is_snapshot;
} Orphan;

typedef struct {
  Owner owner;
  const GPtrArray *disks;     /* of EvsDisk *, all of the project */
  const GPtrArray *snapshots; /* of EvsSnapshot *, likewise */
  const PvList *pvs;          /* NULL: none given, so what no PV names is not known */
  gint64 now_wall_us;         /* of the cloud's clock */
  gint64 min_age_s;
} OrphanSearch;

/* Of Orphan *, disks first. Never NULL. */
GPtrArray *orphan_find(const OrphanSearch *search);
void orphan_free(Orphan *orphan);

/* How many disks of the owner a PV names. 0 with disks there: the list may be another cluster's. */
guint orphan_count_named(const OrphanSearch *search);

/* Why this disk may not be deleted, newly allocated; NULL: nothing forbids it. Also right before the delete. */
char *orphan_disk_keep(const OrphanSearch *search, const EvsDisk *disk);
char *orphan_snapshot_keep(const OrphanSearch *search, const EvsSnapshot *snapshot);

/* "disk", "duplicate", "failed disk", "snapshot", "clone snapshot". Static. */
const char *orphan_kind_name(OrphanKind kind);
