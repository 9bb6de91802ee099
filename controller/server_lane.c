#include "controller/server_lane.h"

#include "base/clock.h"
#include "base/thread.h"
#include "controller/context.h"

enum { CANCEL_POLL_MS = 500 };

typedef struct {
  Cond cond;
  gboolean granted; /* under the table's lock */
} Waiter;

typedef struct {
  char *server_id;
  GQueue waiters[LANE_N_USES]; /* of Waiter*, oldest first */
} Lane;

struct ServerLanes {
  gint64 stuck_ms;
  Mutex lock;
  GHashTable *lanes; /* server id -> Lane*; a lane in it is held */
};

struct LaneHold {
  ServerLanes *lanes;
  char *server_id;
  gint64 stuck_us;
};

static void lane_free(void *data)
{
  Lane *lane = data;
  g_free(lane->server_id);
  g_free(lane);
}

ServerLanes *server_lanes_new(gint64 stuck_ms)
{
  ServerLanes *lanes = g_new0(ServerLanes, 1);
  lanes->stuck_ms = stuck_ms;
  mutex_init(&lanes->lock);
  lanes->lanes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, lane_free);
  return lanes;
}

void server_lanes_free(ServerLanes *lanes)
{
  if (!lanes)
    return;
  g_assert(g_hash_table_size(lanes->lanes) == 0);
  g_hash_table_unref(lanes->lanes);
  mutex_destroy(&lanes->lock);
  g_free(lanes);
}

/* Takes the lane at once, or queues the waiter. */
static gboolean take_or_queue(ServerLanes *lanes, const char *server_id, LaneUse use, Waiter *waiter)
{
  MUTEX_HOLD(&lanes->lock);
  Lane *lane = g_hash_table_lookup(lanes->lanes, server_id);
  if (lane) {
    g_queue_push_tail(&lane->waiters[use], waiter);
    return FALSE;
  }
  lane = g_new0(Lane, 1);
  lane->server_id = g_strdup(server_id);
  g_hash_table_insert(lanes->lanes, lane->server_id, lane);
  return TRUE;
}

/* Waits a little; TRUE once the lane is ours. */
static gboolean wait_a_little(ServerLanes *lanes, Waiter *waiter, gint64 deadline_us)
{
  MUTEX_HOLD(&lanes->lock);
  if (!waiter->granted)
    cond_wait_until(&waiter->cond, &lanes->lock, MIN(deadline_us, clock_deadline_in_ms(CANCEL_POLL_MS)));
  return waiter->granted;
}

/* FALSE if the lane was granted in the last moment. */
static gboolean give_up(ServerLanes *lanes, const char *server_id, LaneUse use, Waiter *waiter)
{
  MUTEX_HOLD(&lanes->lock);
  if (waiter->granted)
    return FALSE;
  Lane *lane = g_hash_table_lookup(lanes->lanes, server_id);
  g_queue_remove(&lane->waiters[use], waiter);
  return TRUE;
}

LaneHold *server_lane_enter(ServerLanes *lanes, const char *server_id, LaneUse use, const EvsContext *context,
                            GError **error)
{
  Waiter waiter = {.granted = FALSE};
  cond_init(&waiter.cond);
  gboolean taken = take_or_queue(lanes, server_id, use, &waiter);
  while (!taken) {
    taken = wait_a_little(lanes, &waiter, context->deadline_us);
    if (!taken && !context_alive(context)) {
      if (give_up(lanes, server_id, use, &waiter))
        break;
      taken = TRUE;
    }
  }
  cond_destroy(&waiter.cond);
  if (!taken) {
    evs_error_set(error, EVS_CODE_ABORTED,
                  "server '%s' is busy with another attach or detach; nothing was sent", server_id);
    return NULL;
  }
  LaneHold *hold = g_new0(LaneHold, 1);
  hold->lanes = lanes;
  hold->server_id = g_strdup(server_id);
  hold->stuck_us = clock_deadline_in_ms(lanes->stuck_ms);
  return hold;
}

void server_lane_leave(LaneHold *hold)
{
  if (!hold)
    return;
  {
    MUTEX_HOLD(&hold->lanes->lock);
    Lane *lane = g_hash_table_lookup(hold->lanes->lanes, hold->server_id);
    Waiter *next = NULL;
    for (guint use = 0; use < LANE_N_USES && !next; use++)
      next = g_queue_pop_head(&lane->waiters[use]);
    if (next) {
      next->granted = TRUE;
      cond_signal(&next->cond);
    } else {
      g_hash_table_remove(hold->lanes->lanes, hold->server_id);
    }
  }
  g_free(hold->server_id);
  g_free(hold);
}

EvsContext server_lane_slice(const LaneHold *hold, const EvsContext *context)
{
  EvsContext slice = *context;
  slice.deadline_us = MIN(slice.deadline_us, hold->stuck_us);
  return slice;
}

gboolean server_lane_stuck(const LaneHold *hold)
{
  return clock_now_us() >= hold->stuck_us;
}

guint server_lanes_busy(ServerLanes *lanes)
{
  MUTEX_HOLD(&lanes->lock);
  return g_hash_table_size(lanes->lanes);
}

guint server_lanes_waiting(ServerLanes *lanes)
{
  MUTEX_HOLD(&lanes->lock);
  guint waiting = 0;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, lanes->lanes);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Lane *lane = value;
    for (guint use = 0; use < LANE_N_USES; use++)
      waiting += g_queue_get_length(&lane->waiters[use]);
  }
  return waiting;
}
