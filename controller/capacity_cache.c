#include "controller/capacity_cache.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "controller/context.h"

enum { CANCEL_POLL_MS = 500 };

/* One reading. All members but facts and error under the cache's lock; those two are set before `done` and then
 * constant. */
typedef struct {
  guint references;
  gboolean done;
  gint64 read_us; /* when it was done */
  CapacityFacts facts;
  GError *error;
} Reading;

struct CapacityCache {
  CapacityFetch fetch;
  void *data;
  gint64 (*now_us)(void);
  Mutex lock;
  Cond changed;
  Reading *latest; /* running, or done and maybe too old; NULL: none */
  Reading *good;   /* the last one that went well; NULL: none */
};

CapacityCache *capacity_cache_new(CapacityFetch fetch, void *data, gint64 (*now_us)(void))
{
  CapacityCache *cache = g_new0(CapacityCache, 1);
  cache->fetch = fetch;
  cache->data = data;
  cache->now_us = now_us;
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
  drop(cache->good);
  cond_destroy(&cache->changed);
  mutex_destroy(&cache->lock);
  g_free(cache);
}

static Reading *hold(Reading *reading)
{
  reading->references++;
  return reading;
}

static gboolean is_younger(const CapacityCache *cache, const Reading *reading, gint64 ms)
{
  return cache->now_us() - reading->read_us < ms * 1000;
}

/* The reading to use, with a reference; *ret_mine: the caller must make it. */
static Reading *join(CapacityCache *cache, gboolean *ret_mine)
{
  MUTEX_HOLD(&cache->lock);
  Reading *latest = cache->latest;
  *ret_mine = !latest || (latest->done && !is_younger(cache, latest, CAPACITY_CACHE_MS));
  if (*ret_mine) {
    drop(latest);
    latest = g_new0(Reading, 1);
    latest->references = 1;
    cache->latest = latest;
  }
  return hold(latest);
}

static void make(CapacityCache *cache, Reading *reading, const EvsContext *caller)
{
  const EvsContext context = {.deadline_us = clock_deadline_in_ms(CAPACITY_READ_MS),
                              .cancelled = caller->cancelled,
                              .data = caller->data,
                              .once = TRUE};
  CapacityFacts facts = {0};
  GError *error = NULL;
  if (!cache->fetch(cache->data, &context, &facts, &error))
    log_warn("cannot read quota, types and zones; asking again in a minute",
             LOG_TEXT("reason", error->message));
  MUTEX_HOLD(&cache->lock);
  reading->facts = facts;
  reading->error = error;
  reading->read_us = cache->now_us();
  reading->done = TRUE;
  if (!error) {
    drop(cache->good);
    cache->good = hold(reading);
  }
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

/* What can be told after this reading, with a reference; NULL: only its error. */
static Reading *choose(CapacityCache *cache, Reading *reading)
{
  MUTEX_HOLD(&cache->lock);
  if (!reading->error)
    return hold(reading);
  return cache->good && is_younger(cache, cache->good, CAPACITY_STALE_MS) ? hold(cache->good) : NULL;
}

static void leave(CapacityCache *cache, Reading *reading)
{
  MUTEX_HOLD(&cache->lock);
  drop(reading);
}

gboolean capacity_cache_visit(CapacityCache *cache, const EvsContext *context,
                              void (*visit)(const CapacityFacts *facts, void *data), void *data,
                              GError **error)
{
  gboolean mine;
  Reading *reading = join(cache, &mine);
  if (mine)
    make(cache, reading, context);
  gboolean done = mine || await(cache, reading, context);
  Reading *chosen = done ? choose(cache, reading) : NULL;
  if (chosen) {
    visit(&chosen->facts, data);
    leave(cache, chosen);
  } else if (done) {
    g_propagate_error(error, g_error_copy(reading->error));
  } else {
    evs_error_set(error, EVS_CODE_ABORTED, "gave up waiting for the quota");
  }
  leave(cache, reading);
  return chosen != NULL;
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
