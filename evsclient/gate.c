#include "evsclient/gate.h"

#include "base/clock.h"
#include "base/thread.h"
#include "evsclient/http.h"

enum {
  MAX_THROUGH = 8, /* calls of one operation at a time: what is on its way cannot be held back by closing */
  MIN_PAUSE_MS = 250,
  MAX_PAUSE_MS = 30 * 1000,
  MAX_INTERVAL_US = 5 * G_USEC_PER_SEC,
  MIN_INTERVAL_US = 2000, /* faster than this needs no pacing */
  SPEED_UP = 128,         /* each success shortens the interval by this part */
  LEARN_WITHIN_US = 120 * G_USEC_PER_SEC,
};

typedef struct {
  Cond turn;
} Waiter;

struct EvsGate {
  Mutex lock;
  GQueue waiters; /* of Waiter*, first come first served */
  guint through;  /* entered and not left */
  gboolean closed, probing;
  gint64 probe_at_us;  /* closed: when a probe may go */
  gint64 pause_ms;     /* the last pause; doubles while probes are refused */
  gint64 interval_us;  /* pacing; 0: none */
  gint64 next_slot_us; /* pacing: the next call not before */
  gint64 closed_at_us; /* the last time it closed; 0: never */
  guint taken;         /* calls taken since then */
};

struct EvsGates {
  Mutex lock;
  GHashTable *by_key;
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
    mutex_init(&gate->lock);
    g_queue_init(&gate->waiters);
    g_hash_table_insert(gates->by_key, g_steal_pointer(&key), gate);
  }
  return gate;
}

/* With the lock held. */
static void wake_first(EvsGate *gate)
{
  Waiter *first = g_queue_peek_head(&gate->waiters);
  if (first)
    cond_signal(&first->turn);
}

/* With the lock held: when the first in line may go; CLOCK_NEVER: not before somebody leaves. */
static gint64 turn_at(const EvsGate *gate)
{
  if (gate->through >= MAX_THROUGH)
    return CLOCK_NEVER;
  if (!gate->closed)
    return gate->interval_us > 0 ? gate->next_slot_us : 0;
  return gate->probing ? CLOCK_NEVER : gate->probe_at_us;
}

/* With the lock held. */
static void pass(EvsGate *gate, gint64 now, gboolean *ret_probe)
{
  *ret_probe = gate->closed;
  gate->probing |= gate->closed;
  gate->through++;
  if (now - gate->closed_at_us > LEARN_WITHIN_US)
    gate->interval_us = 0; /* learned too long ago to count */
  if (gate->interval_us > 0)
    gate->next_slot_us = MAX(gate->next_slot_us, now) + gate->interval_us;
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
    gint64 at = first ? turn_at(gate) : CLOCK_NEVER;
    if (at <= now) {
      pass(gate, now, ret_probe);
      break;
    }
    mutex_unlock(&gate->lock);
    wanted = evs_context_check(context, what, read, error);
    mutex_lock(&gate->lock);
    first = g_queue_peek_head(&gate->waiters) == &self;
    at = first ? turn_at(gate) : CLOCK_NEVER;
    if (wanted && at > clock_now_us())
      cond_wait_until(&self.turn, &gate->lock, MIN(at, evs_context_slice(context)));
  }
  g_queue_remove(&gate->waiters, &self);
  wake_first(gate);
  mutex_unlock(&gate->lock);
  cond_destroy(&self.turn);
  return wanted;
}

/* With the lock held: what was taken between two closings is the rate that the cloud allows. */
static void learn_rate(EvsGate *gate, gint64 now)
{
  gint64 window = now - gate->closed_at_us;
  if (gate->closed_at_us > 0 && window < LEARN_WITHIN_US && gate->taken > 1)
    gate->interval_us = CLAMP(window / gate->taken, MIN_INTERVAL_US, MAX_INTERVAL_US);
  gate->closed_at_us = now;
  gate->taken = 0;
}

/* With the lock held. */
static void close_gate(EvsGate *gate, gboolean probe)
{
  gint64 now = clock_now_us();
  if (gate->closed && !probe)
    return; /* sent before the gate closed: nothing new */
  if (!gate->closed)
    learn_rate(gate, now);
  gate->pause_ms = probe ? MIN(gate->pause_ms * 2, MAX_PAUSE_MS) : MIN_PAUSE_MS;
  gate->closed = TRUE;
  gate->probe_at_us = now + gate->pause_ms * g_random_int_range(750, 1250);
}

/* With the lock held. */
static void count_taken(EvsGate *gate, gboolean probe)
{
  gate->taken++;
  gate->interval_us -= gate->interval_us / SPEED_UP;
  if (gate->interval_us < MIN_INTERVAL_US)
    gate->interval_us = 0;
  if (probe)
    gate->closed = FALSE;
}

void evs_gate_leave(EvsGate *gate, gboolean probe, EvsGateResult result)
{
  MUTEX_HOLD(&gate->lock);
  gate->through--;
  if (probe)
    gate->probing = FALSE;
  switch (result) {
  case EVS_GATE_TAKEN:
    count_taken(gate, probe);
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
