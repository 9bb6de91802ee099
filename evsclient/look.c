/* Looking at disks and for names by list: callers that a round of the sweep answers. */
#include "base/clock.h"
#include "evsclient/api.h"
#include "evsclient/http.h"
#include "evsclient/watch.h"

enum {
  NAMES_STORM_US = 2 * G_USEC_PER_SEC, /* more than WATCH_NAMES_ALONE names within this time are many */
  INDEXED_US = G_USEC_PER_SEC,         /* rounds that read pages follow each other in less */
};

/* With the lock held, and again afterwards; released meanwhile, for the context may ask others. */
static gboolean is_wanted(EvsWatcher *watcher, const EvsContext *context)
{
  mutex_unlock(&watcher->lock);
  gboolean wanted = evs_context_check(context, "", TRUE, NULL);
  mutex_lock(&watcher->lock);
  return wanted;
}

/* FALSE when the context ends before the answer. */
static gboolean await_answer(WatchSweep *sweep, const EvsContext *context, WatchLook *look)
{
  EvsWatcher *watcher = sweep->watcher;
  MUTEX_HOLD(&watcher->lock);
  g_ptr_array_add(sweep->looks, look);
  cond_signal(&sweep->changed);
  while (!look->done && is_wanted(watcher, context))
    if (!look->done)
      cond_wait_until(&look->news, &watcher->lock, evs_context_slice(context));
  g_ptr_array_remove(sweep->looks, look);
  return look->done;
}

/* The rows found, newly allocated. NULL without error: *ret_unknown. */
static GPtrArray *look(WatchSweep *sweep, const EvsContext *context, const char *id, const char *name,
                       gboolean *ret_unknown, GError **error)
{
  const WatchSubject *subject = sweep->subject;
  WatchLook self = {.id = id, .name = name, .rows = g_ptr_array_new_with_free_func(subject->free)};
  cond_init(&self.news);
  gboolean answered = await_answer(sweep, context, &self);
  cond_destroy(&self.news);
  g_autofree char *trouble = self.trouble;
  g_autoptr(GPtrArray) rows = self.rows;
  *ret_unknown = answered && self.unknown;
  if (self.error)
    g_propagate_error(error, self.error);
  else if (!answered)
    evs_error_set(error, EVS_CODE_ABORTED, "gave up looking %s %s '%s' in a list%s%s", id ? "at" : "for",
                  subject->name, id ? id : name, trouble ? ": " : "", trouble ? trouble : "");
  return answered && !self.error && !self.unknown ? g_steal_pointer(&rows) : NULL;
}

gboolean evs_watcher_look(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          EvsDisk **ret_disk, GError **error)
{
  gboolean unknown;
  if (!evs_id_check_uuid("volume", volume_id, error))
    return FALSE;
  g_autoptr(GPtrArray) rows = look(&watcher->disks, context, volume_id, NULL, &unknown, error);
  if (!rows)
    return FALSE;
  *ret_disk = rows->len > 0 ? g_ptr_array_steal_index(rows, 0) : NULL;
  return TRUE;
}

/* A thousand rows for one name are too many, unless others want them too. */
static gboolean is_one_of_many(WatchSweep *sweep)
{
  gint64 now = clock_now_us();
  MUTEX_HOLD(&sweep->watcher->lock);
  gint64 before = sweep->named_us[WATCH_NAMES_ALONE - 1];
  memmove(sweep->named_us + 1, sweep->named_us, sizeof sweep->named_us - sizeof sweep->named_us[0]);
  sweep->named_us[0] = now;
  return (before > 0 && now - before < NAMES_STORM_US) ||
         (sweep->indexed_us > 0 && now - sweep->indexed_us < INDEXED_US);
}

static gboolean look_name(WatchSweep *sweep, const EvsContext *context, const char *name,
                          GPtrArray **ret_rows, GError **error)
{
  gboolean ask = !is_one_of_many(sweep);
  if (!ask)
    *ret_rows = look(sweep, context, NULL, name, &ask, error);
  if (ask)
    *ret_rows = sweep->subject->list_named(sweep->watcher->client, context, name, error);
  return *ret_rows != NULL;
}

gboolean evs_watcher_look_name(EvsWatcher *watcher, const EvsContext *context, const char *name,
                               GPtrArray **ret_disks, GError **error)
{
  return look_name(&watcher->disks, context, name, ret_disks, error);
}

gboolean evs_watcher_look_snapshot_name(EvsWatcher *watcher, const EvsContext *context, const char *name,
                                        GPtrArray **ret_snapshots, GError **error)
{
  return look_name(&watcher->snapshots, context, name, ret_snapshots, error);
}
