/* What the project may still create: quota, disk types and zones, read together and kept for a minute. GetCapacity is
 * asked once per StorageClass and zone and minute; all of it costs one quota call and at most one call each for types
 * and zones a minute. Callers that come while a reading runs wait for it and share its result, its error too.
 * Threads: any. */
#pragma once

#include "evsclient/catalog.h"
#include "evsclient/quota.h"

enum { CAPACITY_CACHE_MS = 60 * 1000 };

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

CapacityCache *capacity_cache_new(CapacityFetch fetch, void *data);
/* Nobody may be asking. NULL is fine. */
void capacity_cache_free(CapacityCache *cache);

/* Calls visit with facts not older than CAPACITY_CACHE_MS, in the caller's thread; they belong to the cache. FALSE
 * with the cloud's error, or ABORTED when the context ends first. */
gboolean capacity_cache_visit(CapacityCache *cache, const EvsContext *context,
                              void (*visit)(const CapacityFacts *facts, void *data), void *data,
                              GError **error);

/* The fetch from the cloud; data is the EvsClient. */
gboolean capacity_fetch(void *client, const EvsContext *context, CapacityFacts *ret_facts, GError **error);
