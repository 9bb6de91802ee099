/* Snapshots of disks (reference 6.2). A snapshot has no job, no token and no own zone or type: those are its disk's.
 * Sizes in GiB. */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Strings are never NULL ("" where the cloud gave none or null). */
typedef struct {
  char *id, *name, *status,
    *description; /* status: creating, available, error, deleting, error_deleting ... */
  char *volume_id;
  gint64 size_gib;
  char *created_at;       /* as the cloud wrote it */
  gint64 created_wall_us; /* the same on the wall clock, UTC; 0: unreadable */
  GHashTable *metadata;   /* string -> string */
} EvsSnapshot;

void evs_snapshot_free(EvsSnapshot *snapshot);
EvsSnapshot *evs_snapshot_copy(const EvsSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsSnapshot, evs_snapshot_free)

/* "" if the key is absent. */
const char *evs_snapshot_metadata(const EvsSnapshot *snapshot, const char *key);

/* Request of 6.2.1. metadata may be NULL. force: also while the disk is attached. */
typedef struct {
  const char *volume_id, *name, *description;
  gboolean force;
  GHashTable *metadata;
} EvsSnapshotCreate;

/* The new snapshot, usually `creating`. Never repeated when it may have been taken (EVS_OUTCOME_UNKNOWN). */
EvsSnapshot *evs_snapshot_create(EvsClient *client, const EvsContext *context,
                                 const EvsSnapshotCreate *request, GError **error);
/* NOT_FOUND (EVS.5404) when there is none. */
EvsSnapshot *evs_snapshot_get(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                              GError **error);
/* Takes it; the end is a 404. */
gboolean evs_snapshot_delete(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                             GError **error);

/* NULL, 0: no filter. */
typedef struct {
  const char *volume_id, *name, *id; /* the cloud may match names loosely: filter again */
  const char *const *ids;            /* any of these, <= 60, NULL-terminated */
  guint limit;                       /* page size 1..1000; 0 = 1000 */
  gint64 offset;
} EvsSnapshotFilter;

/* One page, newest first, of EvsSnapshot*. */
GPtrArray *evs_snapshot_list_page(EvsClient *client, const EvsContext *context,
                                  const EvsSnapshotFilter *filter, GError **error);
/* All pages, by offset; a snapshot that shows up on two pages is given once. */
GPtrArray *evs_snapshot_list(EvsClient *client, const EvsContext *context, const EvsSnapshotFilter *filter,
                             GError **error);

#pragma GCC visibility pop
G_END_DECLS
