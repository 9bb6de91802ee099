#include "controller/context.h"

#include "base/clock.h"

enum { CANCEL_POLL_MS = 500 };

static gboolean nobody_waits(void *data)
{
  return !rpc_call_wanted(data);
}

static gboolean server_stops(void *data)
{
  return rpc_call_stopping(data);
}

EvsContext context_to_send(RpcCall *call)
{
  return (EvsContext){.deadline_us = rpc_call_deadline_us(call), .cancelled = nobody_waits, .data = call};
}

EvsContext context_to_wait(RpcCall *call)
{
  return (EvsContext){.deadline_us = rpc_call_deadline_us(call), .cancelled = server_stops, .data = call};
}

gboolean context_alive(const EvsContext *context)
{
  return clock_now_us() < context->deadline_us && !(context->cancelled && context->cancelled(context->data));
}

EvsContext context_slice(const EvsContext *context, gint64 ms)
{
  EvsContext slice = *context;
  slice.deadline_us = MIN(slice.deadline_us, clock_deadline_in_ms(ms));
  return slice;
}

gboolean context_pause(const EvsContext *context, gint64 ms, const char *awaited, GError **error)
{
  gint64 end_us = clock_deadline_in_ms(ms);
  while (clock_now_us() < end_us) {
    if (!context_alive(context))
      return evs_error_set(error, EVS_CODE_ABORTED, "gave up waiting: %s", awaited);
    clock_sleep_until(MIN(MIN(end_us, context->deadline_us), clock_deadline_in_ms(CANCEL_POLL_MS)));
  }
  return TRUE;
}
