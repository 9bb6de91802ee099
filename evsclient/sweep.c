/* The sweep: one list call, or a few pages, per tick for everything that waits. */
#include "base/clock.h"
#include "base/log.h"
#include "evsclient/watch.h"

enum {
  MAX_IDS = 60,
  PAGE = 1000,
  MAX_PAGES = 8,        /* of one sweep */
  SWEEP_MS = 30 * 1000, /* its calls may take as long */
  MIN_TICK_US = 200 * 1000,
  SWEEP_SHARE = 4, /* at most a quarter of the time is spent in sweeps */
  SWEEP_FAILED_US = 2 * G_USEC_PER_SEC,
};

/* With the lock held: when the next sweep is due; CLOCK_NEVER when nothing waits for one. */
static gint64 next_sweep(const EvsWatcher *watcher)
{
  gint64 next = CLOCK_NEVER;
  for (guint i = 0; i < watcher->watches->len; i++) {
    const Watch *watch = watcher->watches->pdata[i];
    if (*watch->volume_id)
      next = MIN(next, watch->look_us);
  }
  return next;
}

/* With the lock held. Ids of all that wait: looking at all of them costs no more than looking at one. */
static GPtrArray *collect_ids(EvsWatcher *watcher)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
  gint64 now = clock_now_us();
  for (guint i = 0; i < watcher->watches->len; i++) {
    Watch *watch = watcher->watches->pdata[i];
    if (!*watch->volume_id)
      continue;
    watch->look_us = now + watch_pace_step(&watcher->paces[watch->kind], now - watch->start_us);
    if (!g_ptr_array_find_with_equal_func(ids, watch->volume_id, g_str_equal, NULL))
      g_ptr_array_add(ids, g_strdup(watch->volume_id));
  }
  return ids;
}

/* With the lock held. row NULL: the list, complete for it, does not have the disk. */
static void tell(Watch *watch, const EvsDisk *row)
{
  if (clock_now_us() < watch->deaf_until_us)
    return;
  gboolean may_be_gone = watch->kind == WATCH_DELETE || watch->kind == WATCH_DETACH;
  WatchVerdict absent = may_be_gone ? WATCH_SUSPECT : WATCH_PENDING;
  WatchVerdict verdict = row ? watch_judge_row(watch, row) : absent;
  if (verdict == WATCH_DONE && !watch->row)
    watch->row = evs_disk_copy(row);
  if (row && verdict == WATCH_PENDING && watch_in_progress(watch, row))
    watch->seen_us = clock_now_us();
  if (verdict == WATCH_SUSPECT)
    watch->suspected = TRUE;
  if (verdict != WATCH_PENDING)
    cond_signal(&watch->news);
}

/* asked: the ids that the list was complete for, or NULL for none. */
static void hand_out(EvsWatcher *watcher, GPtrArray *rows, GPtrArray *asked)
{
  g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < rows->len; i++) {
    EvsDisk *disk = rows->pdata[i];
    g_hash_table_insert(by_id, disk->id, disk);
  }
  MUTEX_HOLD(&watcher->lock);
  for (guint i = 0; i < watcher->watches->len; i++) {
    Watch *watch = watcher->watches->pdata[i];
    const EvsDisk *row = *watch->volume_id ? g_hash_table_lookup(by_id, watch->volume_id) : NULL;
    if (row || (asked && *watch->volume_id &&
                g_ptr_array_find_with_equal_func(asked, watch->volume_id, g_str_equal, NULL)))
      tell(watch, row);
  }
}

static gboolean sweep_by_ids(EvsWatcher *watcher, const EvsContext *context, GPtrArray *ids, GError **error)
{
  const char *list[MAX_IDS + 1] = {NULL};
  for (guint i = 0; i < ids->len && i < MAX_IDS; i++)
    list[i] = ids->pdata[i];
  EvsDiskFilter filter = {.ids = list};
  g_autoptr(GPtrArray) rows = evs_disk_list_page(watcher->client, context, &filter, error);
  if (!rows)
    return FALSE;
  hand_out(watcher, rows, ids);
  return TRUE;
}

/* Newest first, until all that wait were seen or no more pages are worth it. */
static gboolean sweep_by_pages(EvsWatcher *watcher, const EvsContext *context, GPtrArray *ids, GError **error)
{
  g_autofree char *marker = NULL;
  guint pages = MIN(MAX_PAGES, (ids->len + MAX_IDS - 1) / MAX_IDS), seen = 0;
  for (guint page = 0; page < pages && seen < ids->len; page++) {
    EvsDiskFilter filter = {.limit = PAGE, .marker = marker};
    g_autoptr(GPtrArray) rows = evs_disk_list_page(watcher->client, context, &filter, error);
    if (!rows)
      return FALSE;
    for (guint i = 0; i < rows->len; i++)
      seen += g_ptr_array_find_with_equal_func(ids, ((EvsDisk *)rows->pdata[i])->id, g_str_equal, NULL);
    gboolean complete = page == 0 && rows->len < PAGE;
    hand_out(watcher, rows, complete ? ids : NULL);
    if (rows->len < PAGE)
      break;
    g_free(marker);
    marker = g_strdup(((EvsDisk *)rows->pdata[rows->len - 1])->id);
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
static gboolean sweep(EvsWatcher *watcher, GPtrArray *ids)
{
  EvsContext context = {
    .deadline_us = clock_deadline_in_ms(SWEEP_MS), .cancelled = is_stopping, .data = watcher};
  g_autoptr(GError) error = NULL;
  gboolean ok = ids->len <= MAX_IDS ? sweep_by_ids(watcher, &context, ids, &error)
                                    : sweep_by_pages(watcher, &context, ids, &error);
  if (!ok)
    log_debug("sweep failed", LOG_TEXT("error", error->message));
  return ok;
}

/* With the lock held: waits for a due sweep. NULL when the watcher stops. */
static GPtrArray *await_due(EvsWatcher *watcher, gint64 not_before_us)
{
  while (!watcher->stop) {
    gint64 next = next_sweep(watcher);
    if (next != CLOCK_NEVER)
      next = MAX(next, not_before_us);
    if (next <= clock_now_us())
      return collect_ids(watcher);
    cond_wait_until(&watcher->changed, &watcher->lock, next);
  }
  return NULL;
}

void *watch_sweep(void *argument)
{
  EvsWatcher *watcher = argument;
  gint64 not_before_us = 0;
  for (;;) {
    g_autoptr(GPtrArray) ids = NULL;
    {
      MUTEX_HOLD(&watcher->lock);
      ids = await_due(watcher, not_before_us);
    }
    if (!ids)
      return NULL;
    gint64 start = clock_now_us();
    gboolean ok = sweep(watcher, ids);
    gint64 took = clock_now_us() - start; /* long when the cloud is slow or throttles: then ask less often */
    not_before_us = ok ? start + MAX(MIN_TICK_US, SWEEP_SHARE * took) : clock_now_us() + SWEEP_FAILED_US;
  }
}
