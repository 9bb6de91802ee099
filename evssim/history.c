#include "evssim/history.h"

#include "base/clock.h"

enum { HISTORY_MAX = 100000 };

typedef struct {
  gint64 changed_us; /* monotonic */
  HistoryKind kind;
  char *id;
  json_t *old; /* NULL: it did not exist before */
} Change;

struct History {
  GQueue changes; /* of Change*, oldest first */
};

static void change_free(gpointer data)
{
  Change *change = data;
  if (change->old)
    json_decref(change->old);
  g_free(change->id);
  g_free(change);
}

void history_start(Sim *sim)
{
  sim->history = g_new0(struct History, 1);
  g_queue_init(&sim->history->changes);
}

void history_stop(Sim *sim)
{
  if (!sim->history)
    return;
  g_queue_clear_full(&sim->history->changes, change_free);
  g_clear_pointer(&sim->history, g_free);
}

void history_add(Sim *sim, HistoryKind kind, const char *id, json_t *old)
{
  GQueue *changes = &sim->history->changes;
  Change *change = g_new0(Change, 1);
  change->changed_us = clock_now_us();
  change->kind = kind;
  change->id = g_strdup(id);
  change->old = old ? json_incref(old) : NULL;
  g_queue_push_tail(changes, change);
  gint64 oldest_us = change->changed_us - (gint64)HISTORY_SECONDS * G_USEC_PER_SEC;
  for (Change *first = g_queue_peek_head(changes);
       first && (first->changed_us < oldest_us || changes->length > HISTORY_MAX);
       first = g_queue_peek_head(changes))
    change_free(g_queue_pop_head(changes));
}

GHashTable *history_since(const Sim *sim, HistoryKind kind, gint64 age_us)
{
  GHashTable *oldest = g_hash_table_new(g_str_hash, g_str_equal);
  gint64 since_us = clock_now_us() - age_us;
  for (GList *at = sim->history->changes.tail; at && age_us > 0; at = at->prev) {
    Change *change = at->data;
    if (change->changed_us <= since_us)
      break;
    if (change->kind == kind)
      g_hash_table_replace(oldest, change->id, change->old);
  }
  return oldest;
}

static gboolean existed(gpointer id, gpointer old, gpointer data)
{
  (void)id;
  (void)data;
  return old != NULL;
}

GHashTable *history_newcomers(const Sim *sim, HistoryKind kind, gint64 age_us)
{
  GHashTable *changed = history_since(sim, kind, age_us);
  g_hash_table_foreach_remove(changed, existed, NULL);
  return changed;
}
