#include "evsclient/gate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "evsclient/http.h"
#include "evsclient/pace.h"

enum {
  MAX_THROUGH = 8, /* calls of one operation at a time: what is on its way cannot be held back by closing */
  CAREFUL_THROUGH = 2, /* the same while the limit has been met but the rate is not known */
  MIN_PAUSE_MS = 50,
  UNPACED_PAUSE_MS = 250,
  MAX_PAUSE_MS = 30 * 1000,
  USAGE_SPAN_US = 3 * G_USEC_PER_SEC, /* what counts as now when operations are compared */
  SMALL_PART = 2,                     /* less than the busiest operation's calls divided by this */
  SHARED_CALLS_MIN = 8,               /* fewer within the span say nothing about parts */
  SHARED_WITHIN_US =
    20 * G_USEC_PER_SEC, /* from a throttle answer to the busiest operation to one to another */
  SHARED_FOR_US = 120 * G_USEC_PER_SEC,
};

typedef struct {
  Cond turn;
} Waiter;

/* Calls taken of late: each counts less as time goes by. */
typedef struct {
  gdouble calls;
  gint64 at_us;
} Usage;

struct EvsGate {
  EvsGates *gates;
  Mutex lock;
  GQueue waiters; /* of Waiter*, first come first served */
  guint through;  /* entered and not left */
  gboolean closed, probing;
  gint64 probe_at_us; /* closed: when a probe may go */
  gint64 pause_ms;    /* the last pause; doubles while probes are refused */
  /* Under the gates' lock: */
  EvsPace pace; /* of this operation alone */
  Usage usage;
};

/* Its lock is taken after a gate's. */
struct EvsGates {
  Mutex lock;
  GHashTable *by_key;
  Usage usage;            /* of all */
  EvsPace shared;         /* of all, while it counts */
  gint64 shared_until_us; /* 0: never */
};

static void gate_free(gpointer data)
{
  EvsGate *gate = data;
  mutex_destroy(&gate->lock);
  g_free(gate);
}

EvsGates *evs_gates_new(void)
{
  EvsGates *gates = g_new0(EvsGates, 1);
  mutex_init(&gates->lock);
  gates->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, gate_free);
  return gates;
}

void evs_gates_free(EvsGates *gates)
{
  if (!gates)
    return;
  g_hash_table_unref(gates->by_key);
  mutex_destroy(&gates->lock);
  g_free(gates);
}

EvsGate *evs_gates_get(EvsGates *gates, const char *endpoint, const char *operation)
{
  g_autofree char *key = g_strconcat(endpoint, " ", operation, NULL);
  MUTEX_HOLD(&gates->lock);
  EvsGate *gate = g_hash_table_lookup(gates->by_key, key);
  if (!gate) {
    gate = g_new0(EvsGate, 1);
    gate->gates = gates;
    mutex_init(&gate->lock);
    g_queue_init(&gate->waiters);
    g_hash_table_insert(gates->by_key, g_steal_pointer(&key), gate);
  }
  return gate;
}

/* ---- the account's limit ---- */

static gdouble usage_now(const Usage *usage, gint64 now)
{
  return usage->calls * USAGE_SPAN_US / (gdouble)(USAGE_SPAN_US + now - usage->at_us);
}

static void usage_add(Usage *usage, gint64 now)
{
  usage->calls = usage_now(usage, now) + 1;
  usage->at_us = now;
}

/* With the gates' lock held. */
static const EvsGate *find_busiest(const EvsGates *gates, gint64 now)
{
  const EvsGate *busiest = NULL;
  GHashTableIter iter;
  gpointer gate;
  g_hash_table_iter_init(&iter, gates->by_key);
  while (g_hash_table_iter_next(&iter, NULL, &gate))
    if (!busiest || usage_now(&((EvsGate *)gate)->usage, now) > usage_now(&busiest->usage, now))
      busiest = gate;
  return busiest;
}

/* With the gates' lock held: far less is asked of this operation than of another. */
static gboolean has_small_part(const EvsGate *gate, gint64 now)
{
  const EvsGate *busiest = find_busiest(gate->gates, now);
  return usage_now(&gate->usage, now) * SMALL_PART < usage_now(&busiest->usage, now);
}

/* With the gates' lock held: does a throttle answer to this operation show one limit for all? With limits of their own the
 * one that is refused would be as busy as any; and if it had a narrower one, the busiest would not be refused as well. */
static gboolean shows_sharing(const EvsGate *gate, gint64 now)
{
  const EvsGate *busiest = find_busiest(gate->gates, now);
  return usage_now(&gate->gates->usage, now) >= SHARED_CALLS_MIN && has_small_part(gate, now) &&
         busiest->pace.throttled_us > 0 && now - busiest->pace.throttled_us < SHARED_WITHIN_US;
}

/* With the gates' lock held. */
static gboolean is_shared(const EvsGates *gates, gint64 now)
{
  return now < gates->shared_until_us;
}

gint64 evs_gates_shared_us(EvsGates *gates)
{
  MUTEX_HOLD(&gates->lock);
  return is_shared(gates, clock_now_us()) ? gates->shared.interval_us : 0;
}

/* When this gate's next call may go by the paces that count. */
static gint64 paced_until(const EvsGate *gate, gint64 now)
{
  EvsGates *gates = gate->gates;
  MUTEX_HOLD(&gates->lock);
  gint64 own_us = evs_pace_next_us(&gate->pace);
  if (!is_shared(gates, now) || has_small_part(gate, now))
    return own_us;
  return MAX(own_us, evs_pace_next_us(&gates->shared));
}

static void pace_go(EvsGate *gate, gint64 now)
{
  EvsGates *gates = gate->gates;
  MUTEX_HOLD(&gates->lock);
  evs_pace_go(&gate->pace, now);
  evs_pace_go(&gates->shared, now);
}

static void pace_taken(EvsGate *gate, gint64 now)
{
  EvsGates *gates = gate->gates;
  MUTEX_HOLD(&gates->lock);
  usage_add(&gate->usage, now);
  usage_add(&gates->usage, now);
  evs_pace_taken(&gate->pace, now);
  evs_pace_taken(&gates->shared, now);
}

/* With the gates' lock held: one limit for all has shown. What each gate has learned was its part of it. */
static void begin_sharing(EvsGates *gates, gdouble calls, gint64 now)
{
  log_info("the cloud seems to have one rate limit for all calls of this account");
  GHashTableIter iter;
  gpointer gate;
  evs_pace_set(&gates->shared, (gint64)(USAGE_SPAN_US / calls), now);
  g_hash_table_iter_init(&iter, gates->by_key);
  while (g_hash_table_iter_next(&iter, NULL, &gate))
    ((EvsGate *)gate)->pace = (EvsPace){0};
}

/* Learns from a throttle answer; the gate's interval from now on, 0: unknown. */
static gint64 pace_throttled(EvsGate *gate, gint64 now)
{
  EvsGates *gates = gate->gates;
  MUTEX_HOLD(&gates->lock);
  gdouble calls = usage_now(&gates->usage, now);
  gboolean shared = is_shared(gates, now), small = shared && has_small_part(gate, now);
  if (shows_sharing(gate, now)) {
    small = TRUE;
    gates->shared_until_us = now + SHARED_FOR_US;
  }
  if (small && !shared)
    begin_sharing(gates, calls, now);
  else
    evs_pace_throttled(&gates->shared, now);
  if (!small)
    evs_pace_throttled(&gate->pace, now);
  return MAX(gate->pace.interval_us, small || shared ? gates->shared.interval_us : 0);
}

/* ---- one gate ---- */

/* With the lock held. */
static void wake_first(EvsGate *gate)
{
  Waiter *first = g_queue_peek_head(&gate->waiters);
  if (first)
    cond_signal(&first->turn);
}

/* The limit has been met, and the rate is not known yet. */
static gboolean is_careful(const EvsGate *gate, gint64 now)
{
  MUTEX_HOLD(&gate->gates->lock);
  return gate->pace.interval_us == 0 && gate->pace.throttled_us > 0 &&
         now - gate->pace.throttled_us < PACE_HOLD_US;
}

/* With the lock held: when the first in line may go; CLOCK_NEVER: not before somebody leaves. */
static gint64 turn_at(const EvsGate *gate, gint64 now)
{
  if (gate->through >= (is_careful(gate, now) ? CAREFUL_THROUGH : MAX_THROUGH))
    return CLOCK_NEVER;
  if (!gate->closed)
    return paced_until(gate, now);
  return gate->probing ? CLOCK_NEVER : gate->probe_at_us;
}

/* With the lock held. */
static void pass(EvsGate *gate, gint64 now, gboolean *ret_probe)
{
  *ret_probe = gate->closed;
  gate->probing |= gate->closed;
  gate->through++;
  pace_go(gate, now);
}

gboolean evs_gate_enter(EvsGate *gate, const EvsContext *context, const char *what, gboolean read,
                        gboolean *ret_probe, GError **error)
{
  Waiter self;
  cond_init(&self.turn);
  gboolean wanted = TRUE;
  mutex_lock(&gate->lock);
  g_queue_push_tail(&gate->waiters, &self);
  while (wanted) {
    gint64 now = clock_now_us();
    gboolean first = g_queue_peek_head(&gate->waiters) == &self;
    gint64 at = first ? turn_at(gate, now) : CLOCK_NEVER;
    if (at <= now) {
      pass(gate, now, ret_probe);
      break;
    }
    mutex_unlock(&gate->lock);
    wanted = evs_context_check(context, what, read, error);
    mutex_lock(&gate->lock);
    first = g_queue_peek_head(&gate->waiters) == &self;
    at = first ? turn_at(gate, clock_now_us()) : CLOCK_NEVER;
    if (wanted && at > clock_now_us())
      cond_wait_until(&self.turn, &gate->lock, MIN(at, evs_context_slice(context)));
  }
  g_queue_remove(&gate->waiters, &self);
  wake_first(gate);
  mutex_unlock(&gate->lock);
  cond_destroy(&self.turn);
  return wanted;
}

/* With the lock held. */
static void close_gate(EvsGate *gate, gboolean probe)
{
  gint64 now = clock_now_us();
  if (gate->closed && !probe)
    return; /* sent before the gate closed: nothing new */
  gint64 interval_us = pace_throttled(gate, now);
  gint64 pause_ms =
    interval_us ? CLAMP(2 * interval_us / 1000, MIN_PAUSE_MS, UNPACED_PAUSE_MS) : UNPACED_PAUSE_MS;
  gate->pause_ms = probe ? MIN(gate->pause_ms * 2, MAX_PAUSE_MS) : pause_ms;
  gate->closed = TRUE;
  gate->probe_at_us = now + gate->pause_ms * g_random_int_range(750, 1250);
}

void evs_gate_leave(EvsGate *gate, gboolean probe, EvsGateResult result)
{
  MUTEX_HOLD(&gate->lock);
  gate->through--;
  if (probe)
    gate->probing = FALSE;
  switch (result) {
  case EVS_GATE_TAKEN:
    pace_taken(gate, clock_now_us());
    if (probe)
      gate->closed = FALSE;
    break;
  case EVS_GATE_THROTTLED:
    close_gate(gate, probe);
    break;
  case EVS_GATE_UNKNOWN:
    if (probe)
      gate->probe_at_us = clock_now_us() + gate->pause_ms * 1000;
    break;
  }
  wake_first(gate);
}

gboolean evs_gate_is_closed(EvsGate *gate)
{
  MUTEX_HOLD(&gate->lock);
  return gate->closed;
}
