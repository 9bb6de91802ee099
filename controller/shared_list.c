#include "controller/shared_list.h"

#include "base/clock.h"
#include "base/thread.h"
#include "controller/context.h"

enum { CANCEL_POLL_MS = 500 };

/* Callers served by one listing. All members under the table's lock until done; then records and error only change when
 * the last one leaves. */
typedef struct {
  GPtrArray *keys; /* of char* */
  guint members;
  gboolean done;
  GPtrArray *records;
  GError *error;
} Batch;

struct SharedLists {
  SharedListKind kind;
  Mutex lock;
  Cond changed;
  Batch *gathering; /* waits for its listing; NULL: none */
  gboolean running; /* a listing is under way */
  gint64 large_us;  /* the whole list is too large until then */
  gint64 paid_us;   /* the time that the listings so far have used up, each of them a gap */
};

SharedLists *shared_lists_new(const SharedListKind *kind)
{
  SharedLists *lists = g_new0(SharedLists, 1);
  lists->kind = *kind;
  mutex_init(&lists->lock);
  cond_init(&lists->changed);
  return lists;
}

void shared_lists_free(SharedLists *lists)
{
  if (!lists)
    return;
  g_assert(!lists->running && !lists->gathering);
  cond_destroy(&lists->changed);
  mutex_destroy(&lists->lock);
  g_free(lists);
}

static Batch *join(SharedLists *lists, const char *key)
{
  MUTEX_HOLD(&lists->lock);
  if (!lists->gathering) {
    lists->gathering = g_new0(Batch, 1);
    lists->gathering->keys = g_ptr_array_new_with_free_func(g_free);
  }
  Batch *batch = lists->gathering;
  batch->members++;
  g_ptr_array_add(batch->keys, g_strdup(key));
  return batch;
}

static void leave(SharedLists *lists, Batch *batch)
{
  {
    MUTEX_HOLD(&lists->lock);
    if (--batch->members > 0)
      return;
    if (lists->gathering == batch)
      lists->gathering = NULL;
  }
  g_ptr_array_unref(batch->keys);
  g_clear_pointer(&batch->records, g_ptr_array_unref);
  g_clear_error(&batch->error);
  g_free(batch);
}

/* ---- listing ---- */

static GPtrArray *fetch(SharedLists *lists, const EvsContext *context, const char *key, GError **error)
{
  return lists->kind.fetch(lists->kind.data, context, key, error);
}

/* Key by key, into one list. */
static GPtrArray *fetch_keys(SharedLists *lists, const EvsContext *context, GPtrArray *keys, GError **error)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(lists->kind.drop);
  for (guint i = 0; i < keys->len; i++) {
    g_autoptr(GPtrArray) some = fetch(lists, context, keys->pdata[i], error);
    if (!some)
      return NULL;
    while (some->len > 0)
      g_ptr_array_add(all, g_ptr_array_steal_index_fast(some, some->len - 1));
  }
  return g_steal_pointer(&all);
}

/* NULL without error when it is too large. */
static GPtrArray *fetch_whole(SharedLists *lists, const EvsContext *context, GError **error)
{
  GError *local = NULL;
  GPtrArray *records = fetch(lists, context, NULL, &local);
  MUTEX_HOLD(&lists->lock);
  if (local)
    g_propagate_error(error, local);
  else if (!records)
    lists->large_us = clock_deadline_in_ms(SHARED_LIST_LARGE_MS);
  return records;
}

/* Makes the listing of a batch that gathers no more. */
static void serve(SharedLists *lists, Batch *batch, gboolean whole, const EvsContext *context)
{
  GError *error = NULL;
  GPtrArray *records = whole ? fetch_whole(lists, context, &error) : NULL;
  if (!records && !error)
    records = fetch_keys(lists, context, batch->keys, &error);
  MUTEX_HOLD(&lists->lock);
  batch->records = records;
  batch->error = error;
  batch->done = TRUE;
  lists->running = FALSE;
  cond_broadcast(&lists->changed);
}

/* ---- whose turn it is ---- */

/* With the lock held: from when on a listing may begin. */
static gint64 earliest(const SharedLists *lists)
{
  return lists->paid_us - (gint64)(MAX(lists->kind.burst, 1) - 1) * lists->kind.gap_ms * 1000;
}

/* With the lock held. */
static void begin(SharedLists *lists, const Batch *batch, gint64 now_us, gboolean *ret_whole)
{
  lists->gathering = NULL;
  lists->running = TRUE;
  lists->paid_us = MAX(lists->paid_us, now_us) + lists->kind.gap_ms * 1000;
  *ret_whole = batch->keys->len > 1 && now_us >= lists->large_us;
}

typedef enum { TURN_DONE, TURN_SERVE, TURN_WAIT } Turn;

/* What this member has to do next; waits a little when that is nothing. */
static Turn take_turn(SharedLists *lists, Batch *batch, gint64 deadline_us, gboolean *ret_whole)
{
  MUTEX_HOLD(&lists->lock);
  if (batch->done)
    return TURN_DONE;
  gint64 now_us = clock_now_us(), wake_us = MIN(deadline_us, clock_deadline_in_ms(CANCEL_POLL_MS));
  if (!lists->running && lists->gathering == batch) {
    if (now_us >= earliest(lists)) {
      begin(lists, batch, now_us, ret_whole);
      return TURN_SERVE;
    }
    wake_us = MIN(wake_us, earliest(lists));
  }
  cond_wait_until(&lists->changed, &lists->lock, wake_us);
  return batch->done ? TURN_DONE : TURN_WAIT;
}

/* Until the batch has been served, by us or another. FALSE when the context ends first. */
static gboolean await(SharedLists *lists, Batch *batch, const EvsContext *context)
{
  for (;;) {
    gboolean whole = FALSE;
    switch (take_turn(lists, batch, context->deadline_us, &whole)) {
    case TURN_DONE:
      return TRUE;
    case TURN_SERVE:
      serve(lists, batch, whole, context);
      return TRUE;
    case TURN_WAIT:
      if (!context_alive(context))
        return FALSE;
    }
  }
}

gboolean shared_list_read(SharedLists *lists, const EvsContext *context, const char *key,
                          void (*visit)(GPtrArray *records, void *data), void *data, GError **error)
{
  for (;;) {
    Batch *batch = join(lists, key);
    gboolean served = await(lists, batch, context);
    gboolean good = served && batch->records;
    if (good)
      visit(batch->records, data);
    /* Whoever made the listing gave up: that is no reason for us. */
    gboolean again = served && evs_error_is(batch->error, EVS_CODE_ABORTED) && context_alive(context);
    if (served && !good && !again)
      g_propagate_error(error, g_error_copy(batch->error));
    leave(lists, batch);
    if (again)
      continue;
    return served
             ? good
             : evs_error_set(error, EVS_CODE_ABORTED, "gave up looking for %s '%s'", lists->kind.what, key);
  }
}

guint shared_lists_gathered(SharedLists *lists)
{
  MUTEX_HOLD(&lists->lock);
  return lists->gathering ? lists->gathering->members : 0;
}
