/* Quotas of the project (7.3.1), and the recycle bin (cloud-facts F2). */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* limit -1: unlimited. */
typedef struct {
  gint64 limit, in_use, reserved;
} EvsQuotaItem;

/* "volumes", "gigabytes", "snapshots", "gigabytes_SSD" ... -> EvsQuotaItem*. Types of which the cloud says nothing are
 * absent. */
typedef struct {
  GHashTable *items;
} EvsQuota;

void evs_quota_free(EvsQuota *quota);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsQuota, evs_quota_free)

/* NULL if absent. */
const EvsQuotaItem *evs_quota_item(const EvsQuota *quota, const char *name);
/* limit - in_use - reserved, at least 0; G_MAXINT64 when absent or unlimited. */
gint64 evs_quota_left(const EvsQuota *quota, const char *name);

/* Asked anew each time. */
EvsQuota *evs_quota_get(EvsClient *client, const EvsContext *context, GError **error);

/* Is the disk in the recycle bin, and until when? *ret_found FALSE: no (not an error; a cloud without a bin has none).
 * *ret_until gets the planned time of deletion as the cloud writes it ("" if it does not say), newly allocated; NULL if
 * not found. */
gboolean evs_recycle_bin_find(EvsClient *client, const EvsContext *context, const char *volume_id,
                              gboolean *ret_found, char **ret_until, GError **error);

/* Is the bin switched on? A cloud without a bin has it off (not an error). */
gboolean evs_recycle_bin_policy(EvsClient *client, const EvsContext *context, gboolean *ret_on,
                                GError **error);

#pragma GCC visibility pop
G_END_DECLS
