#include "base/clock.h"

#include <errno.h>
#include <time.h>

gint64 clock_now_us(void)
{
  return g_get_monotonic_time();
}

gint64 clock_deadline_in_ms(gint64 ms)
{
  return clock_now_us() + MAX(ms, 0) * 1000;
}

int clock_left_ms(gint64 deadline_us)
{
  if (deadline_us == CLOCK_NEVER)
    return G_MAXINT;
  gint64 left_ms = (deadline_us - clock_now_us() + 999) / 1000;
  return (int)CLAMP(left_ms, 0, G_MAXINT);
}

void clock_sleep_until(gint64 deadline_us)
{
  struct timespec until = {
    .tv_sec = deadline_us / G_USEC_PER_SEC,
    .tv_nsec = (deadline_us % G_USEC_PER_SEC) * 1000,
  };
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
    continue;
}

gint64 clock_wall_us(void)
{
  return g_get_real_time();
}

char *clock_format_rfc3339(gint64 wall_us)
{
  time_t seconds = wall_us / G_USEC_PER_SEC;
  struct tm utc;
  gmtime_r(&seconds, &utc);
  return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                         (int)(wall_us % G_USEC_PER_SEC / 1000));
}
