/* The sweeps, one of disks and one of snapshots: one list call, or a few pages, per tick for everything that waits. */
#include "base/clock.h"
#include "base/log.h"
#include "evsclient/meter.h"
#include "evsclient/watch.h"

enum {
  MAX_PAGES = 8,        /* of one sweep */
  SWEEP_MS = 30 * 1000, /* its calls may take as long */
  MIN_TICK_US = 200 * 1000,
  SWEEP_SHARE = 4, /* at most a quarter of the time is spent in sweeps */
  SWEEP_FAILED_US = 2 * G_USEC_PER_SEC,
};

/* With the lock held: when the next sweep is due; CLOCK_NEVER when nothing waits for one. */
static gint64 next_sweep(const WatchSweep *sweep)
{
  gint64 next = CLOCK_NEVER;
  for (guint i = 0; i < sweep->watches->len; i++) {
    const Watch *watch = sweep->watches->pdata[i];
    if (*watch->subject_id)
      next = MIN(next, watch->look_us);
  }
  return next;
}

/* With the lock held. Ids of all that wait: looking at all of them costs no more than looking at one. */
static GPtrArray *collect_ids(WatchSweep *sweep)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
  gint64 now = clock_now_us();
  for (guint i = 0; i < sweep->watches->len; i++) {
    Watch *watch = sweep->watches->pdata[i];
    if (!*watch->subject_id)
      continue;
    watch->look_us = now + watch_pace_step(&sweep->watcher->paces[watch->kind], now - watch->start_us);
    if (!g_ptr_array_find_with_equal_func(ids, watch->subject_id, g_str_equal, NULL))
      g_ptr_array_add(ids, g_strdup(watch->subject_id));
  }
  return ids;
}

/* With the lock held. row NULL: the list, complete for it, does not have it. */
static void tell(Watch *watch, const void *row)
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

static gboolean has_id(GPtrArray *ids, const char *id)
{
  return g_ptr_array_find_with_equal_func(ids, id, g_str_equal, NULL);
}

/* asked: the ids that the list was complete for, or NULL for none. */
static void hand_out(WatchSweep *sweep, GPtrArray *rows, GPtrArray *asked)
{
  g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < rows->len; i++)
    g_hash_table_insert(by_id, (gpointer)sweep->subject->id(rows->pdata[i]), rows->pdata[i]);
  MUTEX_HOLD(&sweep->watcher->lock);
  for (guint i = 0; i < sweep->watches->len; i++) {
    Watch *watch = sweep->watches->pdata[i];
    if (!*watch->subject_id)
      continue;
    const void *row = g_hash_table_lookup(by_id, watch->subject_id);
    if (row || (asked && has_id(asked, watch->subject_id)))
      tell(watch, row);
  }
}

static gboolean sweep_by_ids(WatchSweep *sweep, const EvsContext *context, GPtrArray *ids, GError **error)
{
  const char *list[WATCH_MAX_IDS + 1] = {NULL};
  for (guint i = 0; i < ids->len && i < WATCH_MAX_IDS; i++)
    list[i] = ids->pdata[i];
  g_autoptr(GPtrArray) rows = sweep->subject->list(sweep->watcher->client, context, list, 0, NULL, error);
  if (!rows)
    return FALSE;
  hand_out(sweep, rows, ids);
  return TRUE;
}

/* Newest first, until all that wait were seen or no more pages are worth it. */
static gboolean sweep_by_pages(WatchSweep *sweep, const EvsContext *context, GPtrArray *ids, GError **error)
{
  g_autoptr(GPtrArray) rows = NULL; /* the page before */
  guint pages = MIN(MAX_PAGES, (ids->len + WATCH_MAX_IDS - 1) / WATCH_MAX_IDS), seen = 0;
  for (guint page = 0; page < pages && seen < ids->len; page++) {
    const void *last = rows ? rows->pdata[rows->len - 1] : NULL;
    GPtrArray *next = sweep->subject->list(sweep->watcher->client, context, NULL, page, last, error);
    g_clear_pointer(&rows, g_ptr_array_unref);
    if (!next)
      return FALSE;
    rows = next;
    for (guint i = 0; i < rows->len; i++)
      seen += has_id(ids, sweep->subject->id(rows->pdata[i]));
    gboolean complete = page == 0 && rows->len < WATCH_PAGE;
    hand_out(sweep, rows, complete ? ids : NULL);
    if (rows->len < WATCH_PAGE)
      break;
  }
  return TRUE;
}

static gboolean is_stopping(void *data)
{
  EvsWatcher *watcher = data;
  MUTEX_HOLD(&watcher->lock);
  return watcher->stop;
}

/* TRUE if the cloud answered. */
static gboolean sweep_once(WatchSweep *sweep, GPtrArray *ids)
{
  EvsContext context = {
    .deadline_us = clock_deadline_in_ms(SWEEP_MS), .cancelled = is_stopping, .data = sweep->watcher};
  g_autoptr(GError) error = NULL;
  gboolean ok = ids->len <= WATCH_MAX_IDS ? sweep_by_ids(sweep, &context, ids, &error)
                                          : sweep_by_pages(sweep, &context, ids, &error);
  if (!ok)
    log_debug("sweep failed", LOG_TEXT("of", sweep->subject->name), LOG_TEXT("error", error->message));
  return ok;
}

/* With the lock held: waits for a due sweep. NULL when the watcher stops. */
static GPtrArray *await_due(WatchSweep *sweep, gint64 not_before_us)
{
  while (!sweep->watcher->stop) {
    gint64 next = next_sweep(sweep);
    if (next != CLOCK_NEVER)
      next = MAX(next, not_before_us);
    if (next <= clock_now_us())
      return collect_ids(sweep);
    cond_wait_until(&sweep->changed, &sweep->watcher->lock, next);
  }
  return NULL;
}

void *watch_sweep(void *argument)
{
  WatchSweep *sweep = argument;
  gint64 not_before_us = 0;
  for (;;) {
    g_autoptr(GPtrArray) ids = NULL;
    {
      MUTEX_HOLD(&sweep->watcher->lock);
      ids = await_due(sweep, not_before_us);
    }
    if (!ids)
      return NULL;
    gint64 start = clock_now_us();
    gboolean ok = sweep_once(sweep, ids);
    evs_meter_sweep(sweep->subject->name, ok);
    gint64 took = clock_now_us() - start; /* long when the cloud is slow or throttles: then ask less often */
    not_before_us = ok ? start + MAX(MIN_TICK_US, SWEEP_SHARE * took) : clock_now_us() + SWEEP_FAILED_US;
  }
}
