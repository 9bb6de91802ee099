/* The recycle bin of disks (cloud-facts F2; newer than the reference). When it is switched on, a deleted disk that is old
 * enough goes there and can be brought back until the planned time of its deletion. A cloud without a bin refuses these
 * calls (NOT_FOUND, UNIMPLEMENTED). Sizes in GiB.
 *
 * All calls block, any thread; the context ends them (see client.h). Ids that are no UUIDs are NOT_FOUND, requests
 * that the reference does not accept INVALID_ARGUMENT: neither is sent (EVS_OUTCOME_UNSENT). What they return is newly
 * allocated.
 */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/iterator.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Strings are never NULL. */
typedef struct {
  char *id;
  EvsDisk *disk;              /* never NULL; as it was */
  char *pre_deleted_at;       /* when it went into the bin, as the cloud wrote it */
  char *plan_delete_at;       /* when it will be deleted for good */
  gint64 plan_delete_wall_us; /* the same on the wall clock, UTC; 0: unreadable */
} EvsRecycledDisk;

void evs_recycled_disk_free(EvsRecycledDisk *recycled);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsRecycledDisk, evs_recycled_disk_free)

/* NULL, 0: no filter. */
typedef struct {
  const char *name, *status, *availability_zone, *service_type;
  gint64 limit;  /* of one page: 1 to 1000; 0: 1000 */
  gint64 offset; /* so many are left out */
} EvsRecycleFilter;

/* What is in the bin: EvsRecycledDisk. filter may be NULL. */
EvsIterator *evs_recycle_bin_iterate(EvsClient *client, const EvsContext *context,
                                     const EvsRecycleFilter *filter);
/* NOT_FOUND when the disk is not in the bin. */
EvsRecycledDisk *evs_recycle_bin_get(EvsClient *client, const EvsContext *context, const char *volume_id,
                                     GError **error);
/* Deletes it for good. */
gboolean evs_recycle_bin_delete(EvsClient *client, const EvsContext *context, const char *volume_id,
                                GError **error);
/* Brings it back. */
gboolean evs_recycle_bin_revert(EvsClient *client, const EvsContext *context, const char *volume_id,
                                GError **error);

/* Is the disk in the recycle bin, and until when? *ret_found FALSE: no (not an error; a cloud without a bin has none).
 * *ret_until gets the planned time of deletion as the cloud writes it ("" if it does not say), newly allocated; NULL if
 * not found. */
gboolean evs_recycle_bin_find(EvsClient *client, const EvsContext *context, const char *volume_id,
                              gboolean *ret_found, char **ret_until, GError **error);

typedef struct {
  gboolean on;
  gint64 threshold_days; /* only disks this old go into the bin: 1 to 1000; when set, 0: as it is */
  gint64 keep_days;      /* so long they stay: 1 to 365; when set, 0: as it is */
} EvsRecyclePolicy;

gboolean evs_recycle_policy_get(EvsClient *client, const EvsContext *context, EvsRecyclePolicy *ret_policy,
                                GError **error);
gboolean evs_recycle_policy_set(EvsClient *client, const EvsContext *context, const EvsRecyclePolicy *policy,
                                GError **error);

/* Is the bin switched on? A cloud without a bin has it off (not an error). */
gboolean evs_recycle_bin_policy(EvsClient *client, const EvsContext *context, gboolean *ret_on,
                                GError **error);

#pragma GCC visibility pop
G_END_DECLS
