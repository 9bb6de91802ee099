/* Looking at disks by list: callers that a round of the sweep answers. */
#include "base/clock.h"
#include "evsclient/api.h"
#include "evsclient/http.h"
#include "evsclient/watch.h"

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

/* *ret_row: a copy, or NULL when the id is not listed. */
static gboolean look_at(WatchSweep *sweep, const EvsContext *context, const char *id, void **ret_row,
                        GError **error)
{
  WatchLook look = {.id = id};
  cond_init(&look.news);
  gboolean answered = await_answer(sweep, context, &look);
  cond_destroy(&look.news);
  g_autofree char *trouble = look.trouble;
  *ret_row = look.row;
  if (look.error)
    g_propagate_error(error, look.error);
  else if (!answered)
    evs_error_set(error, EVS_CODE_ABORTED, "gave up looking at %s '%s' in a list%s%s", sweep->subject->name,
                  id, trouble ? ": " : "", trouble ? trouble : "");
  return answered && !look.error;
}

gboolean evs_watcher_look(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          EvsDisk **ret_disk, GError **error)
{
  void *row = NULL;
  if (!evs_id_check_uuid("volume", volume_id, error) ||
      !look_at(&watcher->disks, context, volume_id, &row, error))
    return FALSE;
  *ret_disk = row;
  return TRUE;
}
