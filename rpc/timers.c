#include "rpc/timers.h"

#include "base/clock.h"

typedef struct {
  gint64 due_us;
  gpointer data;
} Entry;

static int compare_due(gconstpointer a, gconstpointer b, gpointer data)
{
  (void)data;
  const Entry *left = a, *right = b;
  return left->due_us < right->due_us ? -1 : left->due_us > right->due_us;
}

RpcTimer *rpc_timers_add(RpcTimers *timers, gint64 due_us, gpointer data)
{
  if (!timers->entries)
    timers->entries = g_sequence_new(g_free);
  Entry *entry = g_new(Entry, 1);
  *entry = (Entry){due_us, data};
  return g_sequence_insert_sorted(timers->entries, entry, compare_due, NULL);
}

void rpc_timers_remove(RpcTimer *timer)
{
  g_sequence_remove(timer);
}

gint64 rpc_timers_next_us(const RpcTimers *timers)
{
  if (!timers->entries || g_sequence_is_empty(timers->entries))
    return CLOCK_NEVER;
  const Entry *first = g_sequence_get(g_sequence_get_begin_iter(timers->entries));
  return first->due_us;
}

gpointer rpc_timers_pop_due(RpcTimers *timers, gint64 now_us)
{
  if (rpc_timers_next_us(timers) > now_us)
    return NULL;
  GSequenceIter *first = g_sequence_get_begin_iter(timers->entries);
  gpointer data = ((const Entry *)g_sequence_get(first))->data;
  g_sequence_remove(first);
  return data;
}

void rpc_timers_clear(RpcTimers *timers)
{
  g_clear_pointer(&timers->entries, g_sequence_free);
}
