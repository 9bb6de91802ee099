/* How long operations take, and from that when to look. */
#include "evsclient/watch.h"

enum {
  UNLEARNED_STEP_US = 250 * 1000,
  MIN_STEP_US = 200 * 1000,
  MAX_STEP_US = 5 * G_USEC_PER_SEC,
  UNLEARNED_OVERDUE_US = 10 * G_USEC_PER_SEC,
  MIN_OVERDUE_US = 2 * G_USEC_PER_SEC,
  SEEN_HOLDS_US = 3 * G_USEC_PER_SEC, /* at least; seen under way, it is not asked about for so long */
  MAX_ASK_STEP_US = 15 * G_USEC_PER_SEC,
  STUCK_US =
    60 * G_USEC_PER_SEC, /* under way for longer (and for 8 times the usual): asked about all the same */
  STEPS_PER_MEAN = 16,
  LEARN_SHARE = 8, /* a new sample counts for one eighth */
};

void watch_pace_learn(WatchPace *pace, gint64 took_us)
{
  gdouble took = (gdouble)MAX(took_us, 1000);
  if (pace->samples++ == 0) {
    pace->mean_us = took;
    pace->deviation_us = took / 4;
    pace->slowest_us = took;
    return;
  }
  pace->slowest_us = MAX(took, pace->slowest_us * 0.98);
  gdouble off = took - pace->mean_us;
  pace->mean_us += off / LEARN_SHARE;
  pace->deviation_us += (ABS(off) - pace->deviation_us) / LEARN_SHARE;
}

gint64 watch_pace_first(const WatchPace *pace)
{
  if (pace->samples == 0)
    return UNLEARNED_STEP_US;
  gdouble first = pace->mean_us - 2 * pace->deviation_us;
  return (gint64)CLAMP(first, pace->mean_us / 4, pace->mean_us * 0.9);
}

gint64 watch_pace_step(const WatchPace *pace, gint64 age_us)
{
  gdouble mean = pace->samples ? pace->mean_us : (gdouble)UNLEARNED_STEP_US * STEPS_PER_MEAN;
  gdouble step = mean / STEPS_PER_MEAN;
  /* Late ones are looked at ever more seldom. */
  if ((gdouble)age_us > 2 * mean)
    step = MAX(step, (gdouble)age_us / STEPS_PER_MEAN);
  return (gint64)CLAMP(step, MIN_STEP_US, MAX_STEP_US);
}

/* When many started together the first to end are the quick ones: the slowest counts, or all others would be asked
 * about as soon as the first have ended. */
gint64 watch_pace_overdue(const WatchPace *pace)
{
  if (pace->samples == 0)
    return UNLEARNED_OVERDUE_US;
  gdouble overdue = MAX(pace->mean_us + 4 * pace->deviation_us, 1.5 * pace->slowest_us);
  return MAX((gint64)overdue, MIN_OVERDUE_US);
}

gint64 watch_ask_due(const Watch *watch, const WatchPace *pace, guint asked, gint64 asked_us)
{
  gint64 overdue = watch_pace_overdue(pace);
  if (!*watch->subject_id) /* only the job tells */
    return asked == 0 ? watch->look_us : asked_us + watch_pace_step(pace, asked_us - watch->start_us);
  gint64 due = asked == 0 ? watch->start_us + overdue : asked_us + MIN(overdue, MAX_ASK_STEP_US);
  if (watch->seen_us == 0)
    return due;
  gint64 stuck = watch->start_us + MAX(8 * overdue, STUCK_US);
  gint64 hold =
    watch->seen_us + MAX(SEEN_HOLDS_US, 2 * watch_pace_step(pace, watch->seen_us - watch->start_us));
  return MAX(due, MIN(hold, stuck));
}
