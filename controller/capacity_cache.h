/* What the project may still create: quota, disk types and zones, read together and kept for a minute. GetCapacity is
 * asked once per StorageClass and zone and minute; all of it costs at most one call each for quota, types and zones a
 * minute, also while the cloud is out of order: a failed reading is kept as long as a good one, and nothing in it is sent
 * twice. Callers that come while a reading runs wait for it and share its result.
 *
 * When a reading fails, the last good one is told for CAPACITY_STALE_MS: quotas change slowly, and the scheduler would
 * take no answer for no capacity. Afterwards the cloud's error is told.
 *
 * A reading has a time of its own (CAPACITY_READ_MS), so that one impatient caller does not spoil the minute for all.
 * Threads: any. */
#pragma once

#include "evsclient/catalog.h"
#include "evsclient/quota.h"

enum { CAPACITY_CACHE_MS = 60 * 1000, CAPACITY_STALE_MS = 10 * 60 * 1000, CAPACITY_READ_MS = 20 * 1000 };

/* Read-only once made. */
typedef struct {
  EvsQuota *quota;
  GPtrArray *types; /* of EvsDiskType* */
  GPtrArray *zones; /* of char*: available */
} CapacityFacts;

/* Reads one anew; the cloud for the plugin, a fake for tests. Strings and arrays become the facts'. */
typedef gboolean (*CapacityFetch)(void *data, const EvsContext *context, CapacityFacts *ret_facts,
                                  GError **error);

typedef struct CapacityCache CapacityCache;

/* now_us: clock_now_us, or a test's clock. */
CapacityCache *capacity_cache_new(CapacityFetch fetch, void *data, gint64 (*now_us)(void));
/* Nobody may be asking. NULL is fine. */
void capacity_cache_free(CapacityCache *cache);

/* Calls visit with facts read less than CAPACITY_CACHE_MS ago (after failures, CAPACITY_STALE_MS), in the caller's
 * thread; they belong to the cache. FALSE with the cloud's error, or ABORTED when the context ends first. The caller that
 * makes the reading stays with it even after its deadline; `cancelled` ends it. */
gboolean capacity_cache_visit(CapacityCache *cache, const EvsContext *context,
                              void (*visit)(const CapacityFacts *facts, void *data), void *data,
                              GError **error);

/* The fetch from the cloud; data is the EvsClient. */
gboolean capacity_fetch(void *client, const EvsContext *context, CapacityFacts *ret_facts, GError **error);
