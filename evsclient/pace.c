#include "evsclient/pace.h"

enum {
  LEARN_WITHIN_US =
    30 * G_USEC_PER_SEC,         /* more between two throttle answers: there were pauses, it says nothing */
  SPEED_UP = 64,                 /* after the hold each call shortens the interval by this part */
  SHORT_US = 5 * G_USEC_PER_SEC, /* time between two in which the bucket was hardly full, so tells all */
  BACK_OFF = 3,                  /* else the interval grows by this part at most */
  LEARN_CALLS = 4,               /* fewer between two are too few: the next counts on */
  CATCH_UP = 8,                  /* intervals that a late call may be made up for */
};

gint64 evs_pace_next_us(const EvsPace *pace)
{
  return pace->interval_us > 0 ? pace->next_us : 0;
}

void evs_pace_go(EvsPace *pace, gint64 now_us)
{
  if (now_us - pace->throttled_us > PACE_FORGET_US)
    pace->interval_us = 0;
  /* Threads wake a little late: without making up for that the rate would never be reached. */
  if (pace->interval_us > 0)
    pace->next_us = MAX(pace->next_us, now_us - CATCH_UP * pace->interval_us) + pace->interval_us;
}

void evs_pace_taken(EvsPace *pace, gint64 now_us)
{
  pace->taken++;
  if (now_us - pace->first_us > PACE_SETTLE_US && now_us - pace->throttled_us <= PACE_HOLD_US)
    return;
  pace->interval_us -= pace->interval_us / SPEED_UP;
  if (pace->interval_us < PACE_INTERVAL_MIN_US)
    pace->interval_us = 0;
}

static void begin_window(EvsPace *pace, gint64 now_us)
{
  pace->throttled_us = pace->window_us = now_us;
  pace->taken = 0;
}

void evs_pace_set(EvsPace *pace, gint64 interval_us, gint64 now_us)
{
  pace->interval_us = CLAMP(interval_us, PACE_INTERVAL_MIN_US, PACE_INTERVAL_MAX_US);
  pace->next_us = now_us + pace->interval_us;
  begin_window(pace, now_us);
}

/* A bucket that was full for a part of the time got more than was taken. */
static gint64 learn(const EvsPace *pace, gint64 window_us)
{
  gint64 interval_us = window_us / pace->taken;
  if (window_us > SHORT_US && pace->interval_us > 0)
    interval_us = MIN(interval_us, pace->interval_us + pace->interval_us / BACK_OFF);
  return interval_us;
}

void evs_pace_throttled(EvsPace *pace, gint64 now_us)
{
  gint64 window_us = now_us - pace->window_us;
  if (pace->window_us == 0 || window_us >= LEARN_WITHIN_US) {
    begin_window(pace, now_us);
    pace->first_us = now_us;
  } else if (pace->taken >= LEARN_CALLS) {
    evs_pace_set(pace, learn(pace, window_us), now_us);
  } else {
    pace->throttled_us = now_us;
  }
}
