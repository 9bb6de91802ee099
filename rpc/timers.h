/* Due times of waiting calls, earliest first. Belongs to the completion-queue thread: no lock. */
#pragma once

#include <glib.h>

typedef struct {
  GSequence *entries; /* NULL until first used */
} RpcTimers;

typedef GSequenceIter RpcTimer;

RpcTimer *rpc_timers_add(RpcTimers *timers, gint64 due_us, gpointer data);
void rpc_timers_remove(RpcTimer *timer);

/* The earliest due time, CLOCK_NEVER when empty. */
gint64 rpc_timers_next_us(const RpcTimers *timers);

/* Takes out the earliest entry that is due; NULL when none is. Its RpcTimer is gone then. */
gpointer rpc_timers_pop_due(RpcTimers *timers, gint64 now_us);

void rpc_timers_clear(RpcTimers *timers);
