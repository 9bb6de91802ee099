#include "controller/capacity_cache.h"

#include "base/clock.h"
#include "base/thread.h"
#include "controller/context.h"

enum { CANCEL_POLL_MS = 500 };

/* One reading. All members but facts and error under the cache's lock; those two are set before `done` and then
 * constant. */
typedef struct {
  guint references;
  gboolean done;
  gint64 until_us;
  CapacityFacts facts;
  GError *error;
} Reading;

struct CapacityCache {
  CapacityFetch fetch;
  void *data;
  Mutex lock;
  Cond changed;
  Reading *latest; /* running, or done and maybe too old; NULL: none */
};

CapacityCache *capacity_cache_new(CapacityFetch fetch, void *data)
{
  CapacityCache *cache = g_new0(CapacityCache, 1);
  cache->fetch = fetch;
  cache->data = data;
  mutex_init(&cache->lock);
  cond_init(&cache->changed);
  return cache;
}

/* Under the lock. */
static void drop(Reading *reading)
{
  if (!reading || --reading->references > 0)
    return;
  evs_quota_free(reading->facts.quota);
  g_clear_pointer(&reading->facts.types, g_ptr_array_unref);
  g_clear_pointer(&reading->facts.zones, g_ptr_array_unref);
  g_clear_error(&reading->error);
  g_free(reading);
}

void capacity_cache_free(CapacityCache *cache)
{
  if (!cache)
    return;
  drop(cache->latest);
  cond_destroy(&cache->changed);
  mutex_destroy(&cache->lock);
  g_free(cache);
}

/* The reading to use, with a reference; *ret_mine: the caller must make it. */
static Reading *join(CapacityCache *cache, gboolean *ret_mine)
{
  MUTEX_HOLD(&cache->lock);
  Reading *latest = cache->latest;
  *ret_mine = !latest || (latest->done && (latest->error || clock_now_us() >= latest->until_us));
  if (*ret_mine) {
    drop(latest);
    latest = g_new0(Reading, 1);
    latest->references = 1;
    cache->latest = latest;
  }
  latest->references++;
  return latest;
}

static void make(CapacityCache *cache, Reading *reading, const EvsContext *context)
{
  CapacityFacts facts = {0};
  GError *error = NULL;
  cache->fetch(cache->data, context, &facts, &error);
  MUTEX_HOLD(&cache->lock);
  reading->facts = facts;
  reading->error = error;
  reading->until_us = clock_deadline_in_ms(CAPACITY_CACHE_MS);
  reading->done = TRUE;
  cond_broadcast(&cache->changed);
}

/* FALSE when the context ends first. */
static gboolean await(CapacityCache *cache, Reading *reading, const EvsContext *context)
{
  MUTEX_HOLD(&cache->lock);
  while (!reading->done && context_alive(context))
    cond_wait_until(&cache->changed, &cache->lock,
                    MIN(context->deadline_us, clock_deadline_in_ms(CANCEL_POLL_MS)));
  return reading->done;
}

gboolean capacity_cache_visit(CapacityCache *cache, const EvsContext *context,
                              void (*visit)(const CapacityFacts *facts, void *data), void *data,
                              GError **error)
{
  for (;;) {
    gboolean mine;
    Reading *reading = join(cache, &mine);
    if (mine)
      make(cache, reading, context);
    gboolean done = mine || await(cache, reading, context);
    gboolean good = done && !reading->error;
    /* Whoever made the reading gave up: that is no reason for us. */
    gboolean again = done && !mine && context_alive(context) &&
                     (evs_error_is(reading->error, EVS_CODE_ABORTED) ||
                      evs_error_is(reading->error, EVS_CODE_DEADLINE_EXCEEDED));
    if (good)
      visit(&reading->facts, data);
    else if (done && !again)
      g_propagate_error(error, g_error_copy(reading->error));
    {
      MUTEX_HOLD(&cache->lock);
      drop(reading);
    }
    if (!again)
      return done ? good : evs_error_set(error, EVS_CODE_ABORTED, "gave up waiting for the quota");
  }
}

gboolean capacity_fetch(void *client, const EvsContext *context, CapacityFacts *ret_facts, GError **error)
{
  g_autoptr(EvsQuota) quota = evs_quota_get(client, context, error);
  g_autoptr(GPtrArray) types = quota ? evs_disk_type_list(client, context, error) : NULL;
  g_autoptr(GPtrArray) zones = types ? evs_zone_list(client, context, error) : NULL;
  if (!zones)
    return FALSE;
  *ret_facts = (CapacityFacts){
    .quota = g_steal_pointer(&quota), .types = g_steal_pointer(&types), .zones = g_steal_pointer(&zones)};
  return TRUE;
}
