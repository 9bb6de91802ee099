/* Snapshots of disks (reference 6.2). A snapshot has no job, no token and no own zone or type: those are its disk's.
 * Sizes in GiB.
 *
 * All calls block, any thread; the context ends them (see client.h). Ids that are no UUIDs are NOT_FOUND, requests that
 * the reference does not accept INVALID_ARGUMENT: neither is sent (EVS_OUTCOME_UNSENT). Create and rollback are never
 * repeated when they may have been taken: EVS_OUTCOME_UNKNOWN. */
#pragma once

#include "evsclient/iterator.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Strings are never NULL ("" where the cloud gave none or null). */
typedef struct {
  char *id, *name, *status,
    *description; /* status: creating, available, error, deleting, error_deleting ... */
  char *volume_id;
  gint64 size_gib;
  char *created_at, *updated_at; /* UTC as the cloud wrote them */
  gint64 created_wall_us;        /* the first on the wall clock; 0: unreadable */
  GHashTable *metadata;          /* string -> string */
  char *project_id, *progress;   /* "100%"; reserved by the reference: shown, never to be relied on */
  char *service_type, *dedicated_storage_id, *dedicated_storage_name; /* 6.2.4 only */
} EvsSnapshot;

/* NULL is fine. */
void evs_snapshot_free(EvsSnapshot *snapshot);
/* Shares nothing: the copy may go to another thread. */
EvsSnapshot *evs_snapshot_copy(const EvsSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsSnapshot, evs_snapshot_free)

/* "" if the key is absent. */
const char *evs_snapshot_metadata(const EvsSnapshot *snapshot, const char *key);

/* Request of 6.2.1 and 7.2.1. Names that begin with autobk_snapshot_ belong to backups: nobody can delete such a
 * snapshot or roll back to it. */
typedef struct {
  const char *volume_id;
  const char *name, *description; /* <= 64, <= 85 characters */
  gboolean force;                 /* also while the disk is attached */
  GHashTable *metadata;           /* string -> string, or NULL */
} EvsSnapshotCreate;

/* 6.2.1. The new snapshot, usually `creating`. Newly allocated. */
EvsSnapshot *evs_snapshot_create(EvsClient *client, const EvsContext *context,
                                 const EvsSnapshotCreate *request, GError **error);
/* 6.2.5. NOT_FOUND (EVS.5404) when there is none. Newly allocated. */
EvsSnapshot *evs_snapshot_get(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                              GError **error);
/* 6.2.2. Takes it; the end is a 404. NOT_FOUND: there is none (any more: the call is repeated when its answer was lost). Only in status available or error (EVS.1047). */
gboolean evs_snapshot_delete(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                             GError **error);

/* At least one; "" clears the description. */
typedef struct {
  const char *name, *description; /* <= 64, <= 85 characters */
} EvsSnapshotUpdate;

/* 6.2.3. The snapshot as it is now. Newly allocated. */
EvsSnapshot *evs_snapshot_update(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                 const EvsSnapshotUpdate *request, GError **error);

typedef struct {
  const char *volume_id; /* the snapshot's own disk, available or error_rollbacking */
  const char *name;      /* of the disk, or NULL */
} EvsRollback;

/* 6.2.6: all that was written to the disk since the snapshot is lost. Takes it; the end is the disk's status:
 * rollbacking, then available or error_rollbacking. */
gboolean evs_snapshot_rollback(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                               const EvsRollback *request, GError **error);
/* 6.2.7. */
gboolean evs_vendor_snapshot_rollback(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                      const EvsRollback *request, GError **error)
  G_GNUC_DEPRECATED_FOR(evs_snapshot_rollback);

/* Filters of 6.2.4. NULL, 0: none. */
typedef struct {
  const char *volume_id, *name, *id; /* the cloud may match names loosely: filter again */
  const char *const *ids;            /* any of these, <= 60, NULL-terminated */
  gint64 limit;                      /* page size 1..1000; 0 = 1000 */
  gint64 offset;
  const char *status, *availability_zone;
  const char *dedicated_storage_id, *dedicated_storage_name, *service_type;
  const char *enterprise_project_id;
} EvsSnapshotFilter;

/* 6.2.4. One page, newest first, of EvsSnapshot*. */
GPtrArray *evs_snapshot_list_page(EvsClient *client, const EvsContext *context,
                                  const EvsSnapshotFilter *filter, GError **error);
/* All pages, by offset. A snapshot that shows up on two pages is given once; one that is deleted while the list is read
 * hides no other. */
GPtrArray *evs_snapshot_list(EvsClient *client, const EvsContext *context, const EvsSnapshotFilter *filter,
                             GError **error);
/* The same one by one: EvsSnapshot. */
EvsIterator *evs_snapshot_iterate(EvsClient *client, const EvsContext *context,
                                  const EvsSnapshotFilter *filter);

#pragma GCC visibility pop
G_END_DECLS
