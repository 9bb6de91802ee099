#include "evsclient/watcher.h"

#include "base/clock.h"
#include "evsclient/api.h"
#include "evsclient/error_body.h"
#include "evsclient/watch.h"

enum {
  BROKEN_PATIENCE = 10, /* times that a running job is believed more than its disk's error status */
  BROKEN_STEP_US = G_USEC_PER_SEC,
};

gboolean evs_error_is_job_failure(const GError *error)
{
  return evs_error_outcome(error) == EVS_OUTCOME_FAILED;
}

EvsWatcher *evs_watcher_new(EvsClient *client)
{
  EvsWatcher *watcher = g_new0(EvsWatcher, 1);
  watcher->client = client;
  watcher->watches = g_ptr_array_new();
  mutex_init(&watcher->lock);
  cond_init(&watcher->changed);
  watcher->thread = thread_start("sweep", watch_sweep, watcher);
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

typedef struct {
  EvsWatcher *watcher;
  const EvsContext *context;
  Watch watch;
  gboolean job_open; /* there is a job that may still tell something */
  guint asked;       /* times that job or disk were asked because the sweep found nothing */
  gint64 asked_us;   /* the last of them */
  guint broken;
  EvsDisk *disk; /* as last read */
} Wait;

static void begin(Wait *wait)
{
  EvsWatcher *watcher = wait->watcher;
  Watch *watch = &wait->watch;
  cond_init(&watch->news);
  MUTEX_HOLD(&watcher->lock);
  watch->start_us = clock_now_us();
  watch->look_us = watch->start_us + watch_pace_first(&watcher->paces[watch->kind]);
  wait->job_open = evs_id_check_job(watch->job_id, NULL);
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
}

static void clear(Wait *wait)
{
  Watch *watch = &wait->watch;
  evs_disk_free(wait->disk);
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
    wait->asked = 0;
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

/* With the lock held: sleeps until there is something to do. TRUE if own questions are due. */
static gboolean await_news(Wait *wait)
{
  Watch *watch = &wait->watch;
  const WatchPace *pace = &wait->watcher->paces[watch->kind];
  gint64 due = watch_ask_due(watch, pace, wait->asked, wait->asked_us);
  if (!watch->row && !watch->suspected && clock_now_us() < due)
    cond_wait_until(&watch->news, &wait->watcher->lock, MIN(due, evs_context_slice(wait->context)));
  return clock_now_us() >= watch_ask_due(watch, pace, wait->asked, wait->asked_us);
}

/* The sweep found nothing for longer than usual: the job while it is open, then the disk. */
static WatchVerdict ask_overdue(Wait *wait, GError **error)
{
  wait->asked++;
  WatchVerdict verdict = wait->job_open ? ask_job(wait, error) : WATCH_PENDING;
  if (verdict == WATCH_PENDING && !wait->job_open && *wait->watch.volume_id)
    verdict = ask_disk(wait, error);
  wait->asked_us = clock_now_us();
  return verdict;
}

/* One round: news of the sweep, else own questions when they are due. *error is set exactly for WATCH_BROKEN. */
static WatchVerdict next_verdict(Wait *wait, GError **error)
{
  Watch *watch = &wait->watch;
  gboolean suspected, due;
  {
    MUTEX_HOLD(&wait->watcher->lock);
    due = await_news(wait);
    suspected = watch->suspected;
    watch->suspected = FALSE;
    if (watch->row) {
      keep_disk(wait, g_steal_pointer(&watch->row));
      return WATCH_DONE;
    }
  }
  if (suspected)
    return ask_disk(wait, error);
  return due ? ask_overdue(wait, error) : WATCH_PENDING;
}

/* One bad id would spoil the sweep of all. */
static gboolean check_ids(const Watch *watch, GError **error)
{
  if (!*watch->volume_id && !*watch->job_id)
    return evs_error_set(error, EVS_CODE_INTERNAL, "cannot wait to %s: neither disk nor job is known",
                         watch_what(watch->kind));
  return (!*watch->volume_id || evs_id_check_uuid("volume", watch->volume_id, error)) &&
         (!*watch->server_id || evs_id_check_uuid("server", watch->server_id, error)) &&
         (*watch->volume_id || evs_id_check_job(watch->job_id, error));
}

static gboolean wait_until_over(Wait *wait, GError **error)
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
  end(wait, verdict == WATCH_DONE);
  return verdict == WATCH_DONE;
}

static gboolean wait_for_end(Wait *wait, EvsDisk **ret_disk, GError **error)
{
  gboolean ok = check_ids(&wait->watch, error) && wait_until_over(wait, error);
  if (ok && ret_disk)
    *ret_disk = g_steal_pointer(&wait->disk);
  clear(wait);
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
