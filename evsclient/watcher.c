#include "evsclient/watcher.h"

#include "base/clock.h"
#include "base/log.h"
#include "evsclient/error_body.h"
#include "evsclient/http.h"
#include "evsclient/job.h"
#include "evsclient/watch.h"

enum {
  MAX_IDS = 60,
  PAGE = 1000,
  MAX_PAGES = 8,        /* of one sweep */
  SWEEP_MS = 30 * 1000, /* its calls may take as long */
  MIN_TICK_US = 200 * 1000,
  SWEEP_SHARE = 4, /* at most a quarter of the time is spent in sweeps */
  SWEEP_FAILED_US = 2 * G_USEC_PER_SEC,
  MAX_ASK_STEP_US = 15 * G_USEC_PER_SEC,
  BROKEN_PATIENCE = 10, /* times that a running job is believed more than its disk's error status */
  BROKEN_STEP_US = G_USEC_PER_SEC,
};

/* The sweep thread lists; the waiting threads ask by id and by job, so that many ends at once are confirmed in
 * parallel. */
struct EvsWatcher {
  EvsClient *client;
  Thread thread;
  Mutex lock;
  Cond changed; /* a watch came, or stop */
  gboolean stop;
  GPtrArray *watches; /* of Watch*, in their waiters' frames */
  WatchPace paces[WATCH_KINDS];
};

gboolean evs_error_is_job_failure(const GError *error)
{
  return evs_error_outcome(error) == EVS_OUTCOME_FAILED;
}

/* ---- the sweep ---- */

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

static void *run(void *argument)
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

EvsWatcher *evs_watcher_new(EvsClient *client)
{
  EvsWatcher *watcher = g_new0(EvsWatcher, 1);
  watcher->client = client;
  watcher->watches = g_ptr_array_new();
  mutex_init(&watcher->lock);
  cond_init(&watcher->changed);
  watcher->thread = thread_start("sweep", run, watcher);
  return watcher;
}

void evs_watcher_free(EvsWatcher *watcher)
{
  if (!watcher)
    return;
  {
    MUTEX_HOLD(&watcher->lock);
    watcher->stop = TRUE;
    cond_signal(&watcher->changed);
  }
  thread_join(watcher->thread);
  g_ptr_array_unref(watcher->watches);
  cond_destroy(&watcher->changed);
  mutex_destroy(&watcher->lock);
  g_free(watcher);
}

/* ---- one wait ---- */

typedef struct {
  EvsWatcher *watcher;
  const EvsContext *context;
  Watch watch;
  gboolean job_open; /* there is a job that may still tell something */
  gint64 ask_us;     /* when to ask without the sweep having found anything */
  gint64 ask_step_us;
  guint broken;
  EvsDisk *disk; /* as last read */
} Wait;

static void begin(Wait *wait)
{
  EvsWatcher *watcher = wait->watcher;
  Watch *watch = &wait->watch;
  cond_init(&watch->news);
  MUTEX_HOLD(&watcher->lock);
  const WatchPace *pace = &watcher->paces[watch->kind];
  watch->start_us = clock_now_us();
  watch->look_us = watch->start_us + watch_pace_first(pace);
  wait->job_open = *watch->job_id != '\0';
  gboolean job_tells_all = wait->job_open && !*watch->volume_id;
  wait->ask_step_us = job_tells_all ? watch_pace_step(pace, 0) : watch_pace_overdue(pace);
  wait->ask_us = job_tells_all ? watch->look_us : watch->start_us + watch_pace_overdue(pace);
  g_ptr_array_add(watcher->watches, watch);
  cond_signal(&watcher->changed);
}

static void end(Wait *wait, gboolean ok)
{
  EvsWatcher *watcher = wait->watcher;
  Watch *watch = &wait->watch;
  {
    MUTEX_HOLD(&watcher->lock);
    g_ptr_array_remove_fast(watcher->watches, watch);
    if (ok)
      watch_pace_learn(&watcher->paces[watch->kind], clock_now_us() - watch->start_us);
  }
  cond_destroy(&watch->news);
  evs_disk_free(watch->row);
  g_free(watch->volume_id);
  g_free(watch->server_id);
  g_free(watch->job_id);
  g_strfreev(watch->known_attachments);
}

/* The context ended: the operation goes on without us. */
static gboolean leave_running(const Wait *wait, GError **error)
{
  const Watch *watch = &wait->watch;
  gint64 age_s = (clock_now_us() - watch->start_us) / G_USEC_PER_SEC;
  g_autoptr(GError) made = NULL;
  evs_error_set(&made, EVS_CODE_ABORTED,
                "%s: disk %s, job %s, waited %" G_GINT64_FORMAT " s, it goes on in the cloud",
                watch_what(watch->kind), *watch->volume_id ? watch->volume_id : "unknown",
                *watch->job_id ? watch->job_id : "unknown", age_s);
  evs_error_set_outcome(made, EVS_OUTCOME_UNKNOWN);
  g_propagate_error(error, g_steal_pointer(&made));
  return FALSE;
}

/* Turns the failure of a question into the wait's: running out of time is not the operation's fault. Consumes it. */
static WatchVerdict question_failed(const Wait *wait, GError *failure, GError **error)
{
  if (evs_error_is(failure, EVS_CODE_ABORTED) || evs_error_is(failure, EVS_CODE_DEADLINE_EXCEEDED)) {
    g_error_free(failure);
    leave_running(wait, error);
  } else {
    g_propagate_prefixed_error(error, failure, "%s: ", watch_what(wait->watch.kind));
  }
  return WATCH_BROKEN;
}

static void keep_disk(Wait *wait, EvsDisk *disk)
{
  evs_disk_free(wait->disk);
  wait->disk = disk;
}

static WatchVerdict status_failed(const Wait *wait, GError **error)
{
  const Watch *watch = &wait->watch;
  if (wait->disk)
    evs_error_set(error, EVS_CODE_INTERNAL, "cannot %s: disk %s has the status '%s'", watch_what(watch->kind),
                  watch->volume_id, wait->disk->status);
  else
    evs_error_set(error, EVS_CODE_NOT_FOUND, "cannot %s: disk %s does not exist", watch_what(watch->kind),
                  watch->volume_id);
  if (error && *error)
    evs_error_set_outcome(*error, EVS_OUTCOME_REFUSED);
  return WATCH_BROKEN;
}

/* *error is set exactly for WATCH_BROKEN. */
static WatchVerdict ask_job(Wait *wait, GError **error)
{
  Watch *watch = &wait->watch;
  gboolean ecs = watch->kind == WATCH_ATTACH || watch->kind == WATCH_DETACH;
  GError *failure = NULL;
  g_autoptr(EvsJob) job = evs_job_get(wait->watcher->client, wait->context,
                                      ecs ? EVS_SERVICE_ECS : EVS_SERVICE_EVS, watch->job_id, &failure);
  if (!job && evs_error_is_cloud(failure, "Common.0011") && *watch->volume_id) {
    g_error_free(failure); /* forgotten by the cloud: the disk alone tells */
    wait->job_open = FALSE;
    return WATCH_PENDING;
  }
  if (!job)
    return question_failed(wait, failure, error);
  if (!*watch->volume_id && *job->volume_id) {
    MUTEX_HOLD(&wait->watcher->lock);
    g_free(watch->volume_id);
    watch->volume_id = g_strdup(job->volume_id);
    watch->look_us = clock_now_us();
    wait->ask_step_us = watch_pace_overdue(&wait->watcher->paces[watch->kind]);
    cond_signal(&wait->watcher->changed);
  }
  if (job->state == EVS_JOB_FAIL) {
    evs_error_set_job(error, watch_what(watch->kind), watch->job_id, job->error_code, job->fail_reason);
    return WATCH_BROKEN;
  }
  wait->job_open = job->state == EVS_JOB_RUNNING;
  return !wait->job_open && watch->kind == WATCH_DELETE ? WATCH_DONE : WATCH_PENDING;
}

/* The disk shows a failure: the job, if there is one, says why. While it still runs it is believed for a while. */
static WatchVerdict explain_broken(Wait *wait, GError **error)
{
  if (wait->disk && wait->job_open) {
    WatchVerdict verdict = ask_job(wait, error);
    if (verdict == WATCH_BROKEN || verdict == WATCH_DONE)
      return verdict;
    if (wait->job_open && ++wait->broken < BROKEN_PATIENCE)
      return WATCH_PENDING;
  }
  return status_failed(wait, error);
}

static WatchVerdict ask_disk(Wait *wait, GError **error)
{
  Watch *watch = &wait->watch;
  GError *failure = NULL;
  EvsDisk *disk = evs_disk_get(wait->watcher->client, wait->context, watch->volume_id, &failure);
  if (!disk && !evs_error_is(failure, EVS_CODE_NOT_FOUND))
    return question_failed(wait, failure, error);
  g_clear_error(&failure);
  keep_disk(wait, disk);
  WatchVerdict verdict = watch_judge_disk(watch, disk);
  if (verdict == WATCH_PENDING || verdict == WATCH_BROKEN) {
    MUTEX_HOLD(&wait->watcher->lock);
    gint64 now = clock_now_us();
    gint64 step = watch_pace_step(&wait->watcher->paces[watch->kind], now - watch->start_us);
    watch->deaf_until_us = now + (verdict == WATCH_BROKEN ? BROKEN_STEP_US : step);
  }
  return verdict == WATCH_BROKEN ? explain_broken(wait, error) : verdict;
}

/* With the lock held: sleeps until there is something to do. */
static void await_news(Wait *wait)
{
  Watch *watch = &wait->watch;
  if (!watch->row && !watch->suspected && clock_now_us() < wait->ask_us)
    cond_wait_until(&watch->news, &wait->watcher->lock, MIN(wait->ask_us, evs_context_slice(wait->context)));
}

/* The sweep found nothing for longer than usual: the job while it is open, then the disk. */
static WatchVerdict ask_overdue(Wait *wait, GError **error)
{
  WatchVerdict verdict = wait->job_open ? ask_job(wait, error) : WATCH_PENDING;
  if (verdict == WATCH_PENDING && !wait->job_open && *wait->watch.volume_id)
    verdict = ask_disk(wait, error);
  wait->ask_us = clock_now_us() + wait->ask_step_us;
  wait->ask_step_us = MIN(wait->ask_step_us + wait->ask_step_us / 2, MAX_ASK_STEP_US);
  return verdict;
}

/* One round: news of the sweep, else own questions when they are due. *error is set exactly for WATCH_BROKEN. */
static WatchVerdict next_verdict(Wait *wait, GError **error)
{
  Watch *watch = &wait->watch;
  gboolean suspected;
  {
    MUTEX_HOLD(&wait->watcher->lock);
    await_news(wait);
    suspected = watch->suspected;
    watch->suspected = FALSE;
    if (watch->row) {
      keep_disk(wait, g_steal_pointer(&watch->row));
      return WATCH_DONE;
    }
  }
  if (suspected)
    return ask_disk(wait, error);
  return clock_now_us() < wait->ask_us ? WATCH_PENDING : ask_overdue(wait, error);
}

static gboolean wait_for_end(Wait *wait, EvsDisk **ret_disk, GError **error)
{
  WatchVerdict verdict = WATCH_PENDING;
  begin(wait);
  while (verdict == WATCH_PENDING) {
    if (!evs_context_check(wait->context, "", FALSE, NULL)) {
      leave_running(wait, error);
      break;
    }
    verdict = next_verdict(wait, error);
  }
  gboolean ok = verdict == WATCH_DONE;
  end(wait, ok);
  if (ok && ret_disk)
    *ret_disk = g_steal_pointer(&wait->disk);
  evs_disk_free(wait->disk);
  return ok;
}

static Wait wait_new(EvsWatcher *watcher, const EvsContext *context, WatchKind kind, const char *volume_id,
                     const char *server_id, const char *job_id)
{
  return (Wait){
    .watcher = watcher,
    .context = context,
    .watch =
      {
        .kind = kind,
        .volume_id = g_strdup(volume_id ? volume_id : ""),
        .server_id = g_strdup(server_id ? server_id : ""),
        .job_id = g_strdup(job_id ? job_id : ""),
      },
  };
}

gboolean evs_watch_create(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, EvsDisk **ret_disk, GError **error)
{
  Wait wait = wait_new(watcher, context, WATCH_CREATE, volume_id, NULL, job_id);
  return wait_for_end(&wait, ret_disk, error);
}

gboolean evs_watch_delete(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, GError **error)
{
  Wait wait = wait_new(watcher, context, WATCH_DELETE, volume_id, NULL, job_id);
  return wait_for_end(&wait, NULL, error);
}

gboolean evs_watch_attach(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *server_id, const char *job_id, const char *const *known_attachments,
                          EvsDisk **ret_disk, GError **error)
{
  Wait wait = wait_new(watcher, context, WATCH_ATTACH, volume_id, server_id, job_id);
  wait.watch.known_attachments = g_strdupv((char **)known_attachments);
  return wait_for_end(&wait, ret_disk, error);
}

gboolean evs_watch_detach(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *server_id, const char *job_id, GError **error)
{
  Wait wait = wait_new(watcher, context, WATCH_DETACH, volume_id, server_id, job_id);
  return wait_for_end(&wait, NULL, error);
}
