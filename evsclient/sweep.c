/* The sweeps, one of disks and one of snapshots: when a round of lists is due (sweep_round.c reads it). */
#include "base/clock.h"
#include "base/log.h"
#include "evsclient/gate.h"
#include "evsclient/http.h"
#include "evsclient/meter.h"
#include "evsclient/session.h"
#include "evsclient/watch.h"

enum {
  ROUND_MS = 30 * 1000, /* its calls may take as long */
  TICK_US = 420 * 1000,
  ASK_TICK_US =
    360 * 1000, /* where a row does not confirm the end: the question that follows takes time too */
  LONE_TICK_US = 150 * 1000, /* for one alone: few calls, and nobody to share them with */
  SHARED_PART = 10,          /* one call in so many, where an account has one limit for all */
  SHARED_TICK_MAX_US = 2 * G_USEC_PER_SEC,
  SWEEP_SHARE = 3, /* at most a third of the time is spent in rounds for waits */
  LOOK_SHARE = 2,  /* and half of it in those for looks */
  SWEEP_FAILED_US = 2 * G_USEC_PER_SEC,
};

/* With the lock held. */
static gboolean has_rows_to_confirm(const WatchSweep *sweep)
{
  for (guint i = 0; i < sweep->watches->len; i++)
    if (!watch_traits(sweep->watches->pdata[i])->row_confirms)
      return TRUE;
  return FALSE;
}

/* With the lock held: from the beginning of a round to that of the next, at least. Where all calls share one limit, lists
 * take them from the requests that the waits are for. */
static gint64 sweep_tick(const WatchSweep *sweep)
{
  gboolean lone = sweep->watches->len + sweep->looks->len <= 1;
  gint64 tick = lone ? LONE_TICK_US : has_rows_to_confirm(sweep) ? ASK_TICK_US : TICK_US;
  gint64 shared = SHARED_PART * evs_gates_shared_us(sweep->watcher->client->gates);
  return MAX(tick, MIN(shared, SHARED_TICK_MAX_US));
}

/* When the next rounds may begin. A round takes long when the cloud is slow or throttles: then it is asked less often. */
typedef struct {
  gint64 watches_us, looks_us;
} Earliest;

static Earliest earliest_after(const WatchSweep *sweep, gboolean ok)
{
  MUTEX_HOLD(&sweep->watcher->lock);
  gint64 now = clock_now_us(), took = now - sweep->begun_us, tick = sweep_tick(sweep);
  return (Earliest){
    .watches_us = ok ? sweep->begun_us + MAX(tick, SWEEP_SHARE * took) : now + SWEEP_FAILED_US,
    .looks_us = sweep->begun_us + MAX(tick, LOOK_SHARE * took),
  };
}

/* With the lock held: when the next round is due; CLOCK_NEVER when nothing waits for one. */
static gint64 next_round(const WatchSweep *sweep, const Earliest *earliest)
{
  gint64 next = CLOCK_NEVER;
  for (guint i = 0; i < sweep->watches->len; i++) {
    const Watch *watch = sweep->watches->pdata[i];
    if (*watch->subject_id)
      next = MIN(next, MAX(watch->look_us, earliest->watches_us));
  }
  return sweep->looks->len > 0 ? MIN(next, earliest->looks_us) : next;
}

static gboolean is_stopping(void *data)
{
  EvsWatcher *watcher = data;
  MUTEX_HOLD(&watcher->lock);
  return watcher->stop;
}

/* TRUE if the cloud answered. */
static gboolean run_round(WatchSweep *sweep, WatchRound *round)
{
  EvsContext context = {
    .deadline_us = clock_deadline_in_ms(ROUND_MS), .cancelled = is_stopping, .data = sweep->watcher};
  g_autoptr(GError) error = NULL;
  gboolean ok = watch_round_read(round, &context, &error);
  if (!ok)
    log_debug("sweep failed", LOG_TEXT("of", sweep->subject->name), LOG_TEXT("error", error->message));
  watch_round_end(round, error, !evs_context_check(&context, "", TRUE, NULL));
  return ok;
}

/* With the lock held: waits until a round is due and begins it. FALSE when the watcher stops. */
static gboolean await_due(WatchSweep *sweep, const Earliest *earliest, WatchRound *ret_round)
{
  while (!sweep->watcher->stop) {
    gint64 next = next_round(sweep, earliest), now = clock_now_us();
    if (next <= now) {
      sweep->begun_us = now;
      watch_round_begin(ret_round, sweep, now);
      return TRUE;
    }
    cond_wait_until(&sweep->changed, &sweep->watcher->lock, next);
  }
  return FALSE;
}

void *watch_sweep(void *argument)
{
  WatchSweep *sweep = argument;
  Earliest earliest = {0};
  for (;;) {
    WatchRound round;
    {
      MUTEX_HOLD(&sweep->watcher->lock);
      if (!await_due(sweep, &earliest, &round))
        return NULL;
    }
    gboolean ok = run_round(sweep, &round);
    evs_meter_sweep(sweep->subject->name, ok);
    earliest = earliest_after(sweep, ok);
  }
}
