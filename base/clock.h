/* Time: one monotonic clock in microseconds for deadlines and durations, and the wall clock for people and
 * protocols. A deadline is a point of clock_now_us(); CLOCK_NEVER means none. */
#pragma once

#include <glib.h>

#define CLOCK_NEVER G_MAXINT64

/* Microseconds on CLOCK_MONOTONIC. */
gint64 clock_now_us(void);

/* The deadline that lies `ms` milliseconds from now; ms < 0 counts as 0. */
gint64 clock_deadline_in_ms(gint64 ms);

/* Milliseconds left until the deadline, rounded up, >= 0; G_MAXINT for CLOCK_NEVER and beyond 24 days. */
int clock_left_ms(gint64 deadline_us);

/* Sleeps until the deadline (used by pacing code and tests; waits for events use cond_wait_until). */
void clock_sleep_until(gint64 deadline_us);

/* Microseconds of the wall clock since 1970 UTC. */
gint64 clock_wall_us(void);

/* "2026-11-21T11:08:00.123Z". Newly allocated. */
char *clock_format_rfc3339(gint64 wall_us);
