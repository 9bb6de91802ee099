/* The rate at which the cloud takes calls, learned from its throttle answers: pure logic, the caller has the lock and
 * the clock (microseconds, monotonic). Behind each of the cloud's limits stands a token bucket, whose rate and burst are
 * not documented.
 *
 * What was taken between two throttle answers is what the bucket got in between, so calls / time is its rate. Each call
 * taken then shortens the interval a little, until the next throttle answer. PACE_SETTLE_US after the first throttle
 * answer the rate is kept for PACE_HOLD_US each time, which costs no refusals; not earlier, because the bucket must be
 * seen empty for a while to know whose it is (gate.h: one limit for all calls). A rate learned longer than PACE_FORGET_US
 * ago does not count. */
#pragma once

#include <glib.h>

enum {
  PACE_SETTLE_US = 8 * G_USEC_PER_SEC,
  PACE_HOLD_US = 15 * G_USEC_PER_SEC,
  PACE_FORGET_US = 120 * G_USEC_PER_SEC,
  PACE_INTERVAL_MAX_US = 5 * G_USEC_PER_SEC,
  PACE_INTERVAL_MIN_US = 2000, /* faster than this needs no pacing */
};

/* All zero: no rate is known. */
typedef struct {
  gint64 interval_us;  /* between two calls; 0: any */
  gint64 next_us;      /* the next call not before */
  gint64 throttled_us; /* the last throttle answer; 0: never */
  gint64 first_us;     /* the first of those that came one soon after the other */
  gint64 window_us;    /* the throttle answer since which calls are counted */
  guint taken;         /* calls taken since then */
} EvsPace;

/* When the next call may go; <= now: at once. */
gint64 evs_pace_next_us(const EvsPace *pace);
/* A call goes. */
void evs_pace_go(EvsPace *pace, gint64 now_us);
/* The cloud has taken a call. */
void evs_pace_taken(EvsPace *pace, gint64 now_us);
/* The cloud has refused a call that was not on its way yet when it last did. */
void evs_pace_throttled(EvsPace *pace, gint64 now_us);
/* The rate is known from elsewhere. */
void evs_pace_set(EvsPace *pace, gint64 interval_us, gint64 now_us);
