/* One round of a sweep: a list by ids when few are wanted, else pages, newest first, for everything that waits or looks. Who
 * looks for a name wants pages until the index is complete: the first one as a rule.
 *
 * Its calls are bounded: MAX_PAGES (INDEX_PAGES for names), then MAX_ID_CALLS. What was not reached waits for the next
 * round. */
#include "base/clock.h"
#include "evsclient/watch.h"

enum {
  MAX_PAGES = 8,
  INDEX_PAGES = NAME_INDEX_MOST / WATCH_PAGE + 1,
  MAX_ID_CALLS = 20, /* of WATCH_MAX_IDS each, for what the pages did not show */
};

/* ---- what is wanted ---- */

static gboolean want(WatchRound *round, const char *id)
{
  if (g_hash_table_contains(round->wanted, id))
    return FALSE;
  char *own = g_strdup(id);
  g_ptr_array_add(round->order, own);
  g_hash_table_add(round->wanted, own);
  return TRUE;
}

/* With the lock held. due: those that are to be looked at now, else the others. */
static void want_watches(WatchRound *round, gboolean due, gint64 now_us)
{
  const WatchSweep *sweep = round->sweep;
  for (guint i = 0; i < sweep->watches->len; i++) {
    Watch *watch = sweep->watches->pdata[i];
    if (!*watch->subject_id || (watch->look_us <= now_us) != due)
      continue;
    if (!due && round->order->len == WATCH_MAX_IDS)
      return; /* one more id would make pages of it, or another call */
    if (want(round, watch->subject_id) && watch_traits(watch)->newest)
      round->newest++;
    if (!due) /* as good as due: looked at in passing */
      watch->look_us = MAX(watch->look_us, now_us + watch_pace_step(&sweep->watcher->paces[watch->kind],
                                                                    now_us - watch->start_us));
  }
}

/* With the lock held: pages show everybody. */
static void postpone_due(const WatchSweep *sweep, gint64 now_us)
{
  for (guint i = 0; i < sweep->watches->len; i++) {
    Watch *watch = sweep->watches->pdata[i];
    if (*watch->subject_id && watch->look_us <= now_us)
      watch->look_us =
        now_us + watch_pace_step(&sweep->watcher->paces[watch->kind], now_us - watch->start_us);
  }
}

static void want_namesake(const char *id, void *data)
{
  want(data, id);
}

/* With the lock held. */
static void want_looks(WatchRound *round, gint64 now_us)
{
  const WatchSweep *sweep = round->sweep;
  gboolean can_index =
    !name_index_is_too_small(sweep->index, now_us) && (sweep->subject->by_marker || sweep->pages == 1);
  for (guint i = 0; i < sweep->looks->len; i++) {
    WatchLook *look = sweep->looks->pdata[i];
    look->taken = TRUE;
    if (look->id)
      want(round, look->id);
    else if (can_index)
      name_index_find(sweep->index, look->name, want_namesake, round);
    round->names |= look->name && can_index;
  }
}

void watch_round_begin(WatchRound *round, WatchSweep *sweep, gint64 now_us)
{
  *round = (WatchRound){.sweep = sweep,
                        .order = g_ptr_array_new_with_free_func(g_free),
                        .wanted = g_hash_table_new(g_str_hash, g_str_equal)};
  want_looks(round, now_us);
  want_watches(round, TRUE, now_us);
  if (round->order->len < WATCH_MAX_IDS)
    want_watches(round, FALSE, now_us);
  postpone_due(sweep, now_us);
}

/* ---- what a list said ---- */

/* With the lock held. row NULL: the list, complete for it, does not have it. */
static void tell_watch(Watch *watch, const void *row)
{
  if (clock_now_us() < watch->deaf_until_us)
    return;
  WatchVerdict verdict = watch_judge_row(watch, row);
  if (verdict == WATCH_DONE && !watch->row)
    watch->row = watch_traits(watch)->subject->copy(row);
  if (row && verdict == WATCH_PENDING && watch_in_progress(watch, row))
    watch->seen_us = clock_now_us();
  if (verdict == WATCH_SUSPECT) {
    watch->suspected = TRUE;
    watch->seems_done = watch_judge(watch, row) == WATCH_DONE;
  }
  if (verdict != WATCH_PENDING)
    cond_signal(&watch->news);
}

/* With the lock held. */
static void finish_look(WatchLook *look)
{
  look->done = TRUE;
  cond_signal(&look->news);
}

static gboolean has_row(const WatchSubject *subject, GPtrArray *rows, const void *row)
{
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal(subject->id(rows->pdata[i]), subject->id(row)))
      return TRUE;
  return FALSE;
}

/* With the lock held. */
static void keep_namesakes(const WatchSubject *subject, WatchLook *look, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal(subject->name_of(rows->pdata[i]), look->name) &&
        !has_row(subject, look->rows, rows->pdata[i]))
      g_ptr_array_add(look->rows, subject->copy(rows->pdata[i]));
}

/* With the lock held. */
static void tell_looks(const WatchRound *round, GPtrArray *rows, GHashTable *by_id, GHashTable *absent)
{
  const WatchSweep *sweep = round->sweep;
  for (guint i = 0; i < sweep->looks->len; i++) {
    WatchLook *look = sweep->looks->pdata[i];
    if (!look->taken || look->done)
      continue;
    if (look->name) {
      keep_namesakes(sweep->subject, look, rows);
      continue;
    }
    const void *row = g_hash_table_lookup(by_id, look->id);
    if (row)
      g_ptr_array_add(look->rows, sweep->subject->copy(row));
    if (row || (absent && g_hash_table_contains(absent, look->id)))
      finish_look(look);
  }
}

/* absent: the ids that the list was complete for and does not have; NULL: none. */
static void hand_out(WatchRound *round, GPtrArray *rows, GHashTable *absent)
{
  const WatchSweep *sweep = round->sweep;
  g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_insert(by_id, (gpointer)sweep->subject->id(rows->pdata[i]), rows->pdata[i]);
  MUTEX_HOLD(&sweep->watcher->lock);
  for (guint i = 0; i < sweep->watches->len; i++) {
    Watch *watch = sweep->watches->pdata[i];
    const void *row = g_hash_table_lookup(by_id, watch->subject_id);
    if (row || (absent && g_hash_table_contains(absent, watch->subject_id)))
      tell_watch(watch, row);
  }
  tell_looks(round, rows, by_id, absent);
}

/* Strikes what was found off the list of the wanted. */
static void strike(WatchRound *round, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_remove(round->wanted, round->sweep->subject->id(rows->pdata[i]));
}

/* ---- reading ---- */

static GPtrArray *list(const WatchRound *round, const char *const *ids, guint page, const void *last,
                       GError **error)
{
  return round->sweep->subject->list(round->sweep->watcher->client, round->context, ids, page, last, error);
}

/* The next ids of `order` that are still wanted. */
static guint next_ids(const WatchRound *round, guint *at, const char *ret_ids[WATCH_MAX_IDS + 1])
{
  guint n = 0;
  for (; *at < round->order->len && n < WATCH_MAX_IDS; (*at)++)
    if (g_hash_table_contains(round->wanted, round->order->pdata[*at]))
      ret_ids[n++] = round->order->pdata[*at];
  ret_ids[n] = NULL;
  return n;
}

static gboolean read_ids(WatchRound *round, GError **error)
{
  guint at = 0;
  for (guint call = 0; call < MAX_ID_CALLS; call++) {
    const char *ids[WATCH_MAX_IDS + 1];
    guint n = next_ids(round, &at, ids);
    if (n == 0)
      return TRUE;
    g_autoptr(GPtrArray) rows = list(round, ids, 0, NULL, error);
    if (!rows)
      return FALSE;
    strike(round, rows);
    g_autoptr(GHashTable) absent = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < n; i++)
      if (g_hash_table_remove(round->wanted, ids[i]))
        g_hash_table_add(absent, (gpointer)ids[i]);
    hand_out(round, rows, absent);
  }
  return TRUE;
}

static void add_id(const char *id, void *data)
{
  g_hash_table_add(data, (gpointer)id);
}

/* With the lock held, of ids not found on the newest pages: nobody else wants those of operations that make new records. */
static void forget_newest(WatchRound *round)
{
  const WatchSweep *sweep = round->sweep;
  g_autoptr(GHashTable) older = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < sweep->looks->len; i++) {
    const WatchLook *look = sweep->looks->pdata[i];
    if (look->id)
      g_hash_table_add(older, (gpointer)look->id);
    else
      name_index_find(sweep->index, look->name, add_id, older);
  }
  for (guint i = 0; i < sweep->watches->len; i++) {
    const Watch *watch = sweep->watches->pdata[i];
    if (!watch_traits(watch)->newest)
      g_hash_table_add(older, watch->subject_id);
  }
  GHashTableIter iter;
  gpointer id;
  g_hash_table_iter_init(&iter, round->wanted);
  while (g_hash_table_iter_next(&iter, &id, NULL))
    if (!g_hash_table_contains(older, id))
      g_hash_table_iter_remove(&iter);
}

static guint calls_by_ids(guint ids)
{
  return (ids + WATCH_MAX_IDS - 1) / WATCH_MAX_IDS;
}

static guint newest_pages(const WatchRound *round)
{
  return 1 + round->newest / WATCH_PAGE;
}

/* After `read` full pages: is one more the best way to what is still wanted? Nobody knows how many there are; no more are
 * read than calls by ids would do. */
static gboolean is_page_worth_it(WatchRound *round, guint read)
{
  if (read >= newest_pages(round)) {
    MUTEX_HOLD(&round->sweep->watcher->lock);
    forget_newest(round);
  }
  guint pages_left = round->sweep->pages > read ? round->sweep->pages - read : 1;
  guint calls = calls_by_ids(g_hash_table_size(round->wanted));
  return calls > pages_left && read < MIN(calls, MAX_PAGES);
}

/* TRUE: the index knows all there is. */
static gboolean feed_index(const WatchSweep *sweep, GPtrArray *rows, gboolean whole)
{
  for (guint i = 0; i < rows->len; i++)
    name_index_add(sweep->index, sweep->subject->id(rows->pdata[i]), sweep->subject->name_of(rows->pdata[i]));
  return name_index_page(sweep->index, whole);
}

/* Newest first. *ret_whole: all there is was read. */
static gboolean read_pages(WatchRound *round, gboolean *ret_whole, GError **error)
{
  WatchSweep *sweep = round->sweep;
  g_autoptr(GPtrArray) rows = NULL; /* the page before */
  name_index_begin(sweep->index, sweep->begun_us);
  for (guint page = 0;; page++) {
    const void *last = rows ? rows->pdata[rows->len - 1] : NULL;
    GPtrArray *next = list(round, NULL, page, last, error);
    g_clear_pointer(&rows, g_ptr_array_unref);
    if (!next)
      return FALSE;
    rows = next;
    strike(round, rows);
    gboolean end = rows->len < WATCH_PAGE;
    *ret_whole = end && (page == 0 || sweep->subject->by_marker);
    round->indexed = feed_index(sweep, rows, *ret_whole);
    hand_out(round, rows, *ret_whole ? round->wanted : NULL);
    sweep->pages = end ? page + 1 : MAX(sweep->pages, page + 2);
    gboolean more = round->names && !round->indexed && page + 1 < INDEX_PAGES && sweep->subject->by_marker;
    if (end || (!more && !is_page_worth_it(round, page + 1)))
      return TRUE;
  }
}

gboolean watch_round_read(WatchRound *round, const EvsContext *context, GError **error)
{
  round->context = context;
  guint pages = round->order->len > round->newest ? round->sweep->pages : newest_pages(round);
  gboolean whole = FALSE;
  if ((round->names || calls_by_ids(round->order->len) > pages) && !read_pages(round, &whole, error))
    return FALSE;
  return whole || read_ids(round, error);
}

typedef struct {
  const WatchRound *round;
  gboolean found;
} Unreached;

static void note_unreached(const char *id, void *data)
{
  Unreached *unreached = data;
  unreached->found |= g_hash_table_contains(unreached->round->wanted, id);
}

/* With the lock held: FALSE if the round did not reach what bore the name. */
static gboolean finish_name(const WatchRound *round, WatchLook *look)
{
  Unreached unreached = {.round = round};
  if (round->indexed)
    name_index_find(round->sweep->index, look->name, note_unreached, &unreached);
  if (unreached.found)
    return FALSE;
  look->unknown = !round->indexed;
  finish_look(look);
  return TRUE;
}

/* With the lock held, of a look that was not answered. */
static void leave_look(WatchLook *look, const GError *failure, gboolean passing)
{
  look->taken = FALSE; /* the next round's */
  g_ptr_array_set_size(look->rows, 0);
  if (!failure)
    return;
  g_free(look->trouble);
  look->trouble = g_strdup(failure->message);
  if (passing)
    return;
  look->error = g_error_copy(failure);
  finish_look(look);
}

void watch_round_end(WatchRound *round, const GError *failure, gboolean passing)
{
  WatchSweep *sweep = round->sweep;
  {
    MUTEX_HOLD(&sweep->watcher->lock);
    if (round->indexed)
      sweep->indexed_us = sweep->begun_us;
    for (guint i = 0; i < sweep->looks->len; i++) {
      WatchLook *look = sweep->looks->pdata[i];
      if (!look->taken || look->done)
        continue;
      if (!look->name || failure || !finish_name(round, look))
        leave_look(look, failure, passing);
    }
  }
  g_hash_table_unref(round->wanted);
  g_ptr_array_unref(round->order);
}
