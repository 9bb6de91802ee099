#include "base/clock.h"
#include "evsclient/http.h"

enum { POLL_MS = 400 };

gboolean evs_context_check(const EvsContext *context, const char *what, gboolean read, GError **error)
{
  if (context->cancelled && context->cancelled(context->data))
    return evs_error_set(error, EVS_CODE_ABORTED, "%s: nobody waits for it any more", what);
  if (clock_now_us() < context->deadline_us)
    return TRUE;
  return evs_error_set(error, read ? EVS_CODE_DEADLINE_EXCEEDED : EVS_CODE_ABORTED, "%s: the time is up",
                       what);
}

gint64 evs_context_slice(const EvsContext *context)
{
  return MIN(clock_deadline_in_ms(POLL_MS), context->deadline_us);
}

gboolean evs_context_sleep(const EvsContext *context, gint64 until_us, const char *what, gboolean read,
                           GError **error)
{
  while (clock_now_us() < until_us) {
    if (!evs_context_check(context, what, read, error))
      return FALSE;
    clock_sleep_until(MIN(until_us, evs_context_slice(context)));
  }
  return TRUE;
}
