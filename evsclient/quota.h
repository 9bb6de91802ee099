/* Quotas of the project (reference 7.3.1): counts of disks, snapshots, backups, and GiB.
 *
 * All calls block, any thread; the context ends them (see client.h). What they return is newly allocated.
 */
#pragma once

#include "evsclient/client.h"
#include "evsclient/recycle_bin.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* limit -1: unlimited. */
typedef struct {
  gint64 limit, in_use, reserved;
} EvsQuotaItem;

/* "volumes", "gigabytes", "snapshots", "gigabytes_SSD" ... -> EvsQuotaItem*. Types of which the cloud says nothing are
 * absent. evs_quota_free() frees the items: the table has no function for that. */
typedef struct {
  char *project_id;
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

#pragma GCC visibility pop
G_END_DECLS
