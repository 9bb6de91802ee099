/* One wait: sleeps until the sweep has news, asks by id what the sweep suspects, and asks the job when the sweep finds
 * nothing for longer than usual. */
#include "base/clock.h"
#include "evsclient/api.h"
#include "evsclient/error_body.h"
#include "evsclient/meter.h"
#include "evsclient/session.h"
#include "evsclient/watch_lag.h"

enum {
  BROKEN_PATIENCE = 10, /* times that a running job is believed more than an error status */
  RECORDS_SHARE = 3,    /* one question in so many */
  BROKEN_STEP_US = G_USEC_PER_SEC,
};

typedef struct {
  EvsWatcher *watcher;
  const EvsContext *context;
  Watch watch;
  gboolean job_open; /* there is a job that may still tell something */
  gboolean job_succeeded;
  gboolean questioned; /* because a list showed the end */
  gint64 job_end_us;   /* as the cloud says; 0: unknown */
  guint asked;         /* times that job or disk were asked because the sweep found nothing */
  gint64 asked_us;     /* the last of them */
  guint broken;
  void *record; /* as last read */
} Wait;

static const WatchSubject *subject_of(const Wait *wait)
{
  return watch_traits(&wait->watch)->subject;
}

static WatchSweep *sweep_of(const Wait *wait)
{
  EvsWatcher *watcher = wait->watcher;
  return subject_of(wait) == watcher->disks.subject ? &watcher->disks : &watcher->snapshots;
}

static void begin(Wait *wait)
{
  EvsWatcher *watcher = wait->watcher;
  WatchSweep *sweep = sweep_of(wait);
  Watch *watch = &wait->watch;
  cond_init(&watch->news);
  evs_meter_waits(watch_traits(watch)->what, 1);
  MUTEX_HOLD(&watcher->lock);
  watch->start_us = clock_now_us();
  watch->look_us = watch->start_us + watch_pace_first(&watcher->paces[watch->kind]);
  wait->job_open = evs_id_check_job(watch->job_id, NULL);
  g_ptr_array_add(sweep->watches, watch);
  cond_signal(&sweep->changed);
}

static void end(Wait *wait, gboolean ok)
{
  EvsWatcher *watcher = wait->watcher;
  Watch *watch = &wait->watch;
  {
    MUTEX_HOLD(&watcher->lock);
    g_ptr_array_remove_fast(sweep_of(wait)->watches, watch);
    if (ok)
      watch_pace_learn(&watcher->paces[watch->kind], clock_now_us() - watch->start_us);
  }
  cond_destroy(&watch->news);
  evs_meter_waits(watch_traits(watch)->what, -1);
  if (ok)
    watch_lag_note(watch, wait->record, wait->job_end_us,
                   __atomic_load_n(&watcher->client->skew_us, __ATOMIC_RELAXED));
}

static void clear(Wait *wait)
{
  if (wait->record)
    subject_of(wait)->free(wait->record);
  if (wait->watch.row)
    subject_of(wait)->free(wait->watch.row);
  g_free(wait->watch.subject_id);
}

/* The context ended: the operation goes on without us. */
static gboolean leave_running(const Wait *wait, GError **error)
{
  const Watch *watch = &wait->watch;
  gint64 age_s = (clock_now_us() - watch->start_us) / G_USEC_PER_SEC;
  g_autoptr(GError) made = NULL;
  g_autofree char *job = g_strconcat(", job ", *watch->job_id ? watch->job_id : "unknown", NULL);
  evs_error_set(
    &made, EVS_CODE_ABORTED, "%s: %s %s%s, waited %" G_GINT64_FORMAT " s, it goes on in the cloud",
    watch_traits(watch)->what, subject_of(wait)->name, *watch->subject_id ? watch->subject_id : "unknown",
    watch_traits(watch)->jobless ? "" : job, age_s);
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
    g_propagate_prefixed_error(error, failure, "%s: ", watch_traits(&wait->watch)->what);
  }
  return WATCH_BROKEN;
}

/* NULL: there is none. */
static void keep_record(Wait *wait, void *record)
{
  if (wait->record)
    subject_of(wait)->free(wait->record);
  wait->record = record;
}

static WatchVerdict status_failed(const Wait *wait, GError **error)
{
  const WatchTraits *kind = watch_traits(&wait->watch);
  const char *id = wait->watch.subject_id;
  g_autoptr(GError) made = NULL;
  if (wait->record)
    evs_error_set(&made, EVS_CODE_INTERNAL, "cannot %s: %s %s has the status '%s'", kind->what,
                  kind->subject->name, id, kind->subject->status(wait->record));
  else
    evs_error_set(&made, EVS_CODE_NOT_FOUND, "cannot %s: %s %s does not exist", kind->what,
                  kind->subject->name, id);
  evs_error_set_outcome(made, EVS_OUTCOME_REFUSED);
  g_propagate_error(error, g_steal_pointer(&made));
  return WATCH_BROKEN;
}

/* *error is set exactly for WATCH_BROKEN. */
static WatchVerdict ask_job(Wait *wait, GError **error)
{
  Watch *watch = &wait->watch;
  GError *failure = NULL;
  g_autoptr(EvsJob) job =
    evs_job_get(wait->watcher->client, wait->context, watch_traits(watch)->jobs, watch->job_id, &failure);
  if (!job && evs_error_is_cloud(failure, "Common.0011") && *watch->subject_id) {
    g_error_free(failure); /* forgotten by the cloud: the record alone tells */
    wait->job_open = FALSE;
    return WATCH_PENDING;
  }
  if (!job)
    return question_failed(wait, failure, error);
  if (!*watch->subject_id && *job->volume_id) {
    MUTEX_HOLD(&wait->watcher->lock);
    g_free(watch->subject_id);
    watch->subject_id = g_strdup(job->volume_id);
    watch->look_us = clock_now_us();
    wait->asked = 0;
    cond_signal(&sweep_of(wait)->changed);
  }
  if (job->state == EVS_JOB_FAIL) {
    evs_error_set_job(error, watch_traits(watch)->what, watch->job_id, job->error_code, job->fail_reason);
    return WATCH_BROKEN;
  }
  wait->job_open = job->state == EVS_JOB_RUNNING;
  wait->job_succeeded = job->state == EVS_JOB_SUCCESS;
  wait->job_end_us = job->end_wall_us;
  return !wait->job_open && watch_traits(watch)->job_tells_end ? WATCH_DONE : WATCH_PENDING;
}

/* The record shows a failure: the job, if there is one, says why. While it still runs it is believed for a while. */
static WatchVerdict explain_broken(Wait *wait, GError **error)
{
  if (wait->record && wait->job_open) {
    WatchVerdict verdict = ask_job(wait, error);
    if (verdict == WATCH_BROKEN || verdict == WATCH_DONE)
      return verdict;
    if (wait->job_open && ++wait->broken < BROKEN_PATIENCE)
      return WATCH_PENDING;
  }
  return status_failed(wait, error);
}

static WatchVerdict ask_record(Wait *wait, GError **error)
{
  Watch *watch = &wait->watch;
  GError *failure = NULL;
  void *record = subject_of(wait)->get(wait->watcher->client, wait->context, watch->subject_id, &failure);
  if (!record && !evs_error_is(failure, EVS_CODE_NOT_FOUND))
    return question_failed(wait, failure, error);
  g_clear_error(&failure);
  keep_record(wait, record);
  WatchVerdict verdict = watch_judge(watch, record);
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

/* The sweep found nothing for longer than usual: the job while it is open, then the record. */
static WatchVerdict ask_overdue(Wait *wait, GError **error)
{
  wait->asked++;
  WatchVerdict verdict = wait->job_open ? ask_job(wait, error) : WATCH_PENDING;
  if (verdict == WATCH_PENDING && !wait->job_open && *wait->watch.subject_id)
    verdict = ask_record(wait, error);
  wait->asked_us = clock_now_us();
  return verdict;
}

/* Job and record confirm alike, and questions to each have a rate limit of their own. Ends come as quickly as requests
 * may be sent, so if all asked the jobs, they would queue. A job that was seen to run is believed. */
static gboolean is_records_turn(Wait *wait)
{
  if (wait->questioned)
    return FALSE;
  wait->questioned = TRUE;
  MUTEX_HOLD(&wait->watcher->lock);
  return ++wait->watcher->questions % RECORDS_SHARE == 0;
}

/* The sweep saw the end, which it cannot confirm. */
static WatchVerdict ask_suspected(Wait *wait, gboolean seems_done, GError **error)
{
  Watch *watch = &wait->watch;
  if (!seems_done || !wait->job_open || is_records_turn(wait))
    return ask_record(wait, error);
  GError *failure = NULL;
  WatchVerdict verdict = ask_job(wait, &failure);
  if (verdict == WATCH_BROKEN && !evs_error_is_job_failure(failure) &&
      !evs_error_is(failure, EVS_CODE_ABORTED)) { /* it cannot be asked */
    g_clear_error(&failure);
    wait->job_open = FALSE;
    return ask_record(wait, error);
  }
  if (verdict != WATCH_PENDING) {
    if (failure)
      g_propagate_error(error, failure);
    return verdict;
  }
  if (!wait->job_open) /* SUCCESS beside a row that shows the end; or forgotten, then the record tells */
    return wait->job_succeeded ? WATCH_DONE : ask_record(wait, error);
  MUTEX_HOLD(&wait->watcher->lock);
  gint64 now = clock_now_us();
  watch->deaf_until_us = now + watch_pace_step(&wait->watcher->paces[watch->kind], now - watch->start_us);
  return WATCH_PENDING;
}

/* One round: news of the sweep, else own questions when they are due. *error is set exactly for WATCH_BROKEN. */
static WatchVerdict next_verdict(Wait *wait, GError **error)
{
  Watch *watch = &wait->watch;
  gboolean suspected, seems_done, due;
  {
    MUTEX_HOLD(&wait->watcher->lock);
    due = await_news(wait);
    suspected = watch->suspected;
    seems_done = watch->seems_done;
    watch->suspected = FALSE;
    if (watch->row) {
      keep_record(wait, g_steal_pointer(&watch->row));
      return WATCH_DONE;
    }
  }
  if (suspected)
    return ask_suspected(wait, seems_done, error);
  return due ? ask_overdue(wait, error) : WATCH_PENDING;
}

/* One bad id would spoil the sweep of all. */
static gboolean check_ids(const Watch *watch, GError **error)
{
  const WatchTraits *kind = watch_traits(watch);
  if (!*watch->subject_id && !*watch->job_id)
    return evs_error_set(error, EVS_CODE_INTERNAL, "cannot wait to %s: neither %s nor job is known",
                         kind->what, kind->subject->name);
  return (!*watch->subject_id || evs_id_check_uuid(kind->subject->id_kind, watch->subject_id, error)) &&
         (!*watch->server_id || evs_id_check_uuid("server", watch->server_id, error)) &&
         (*watch->subject_id || evs_id_check_job(watch->job_id, error));
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

gboolean watch_wait(EvsWatcher *watcher, const EvsContext *context, Watch watch, void **ret_record,
                    GError **error)
{
  Wait wait = {.watcher = watcher, .context = context, .watch = watch};
  if (!wait.watch.subject_id)
    wait.watch.subject_id = g_strdup("");
  wait.watch.job_id = watch.job_id ? watch.job_id : "";
  wait.watch.server_id = watch.server_id ? watch.server_id : "";
  gboolean ok = check_ids(&wait.watch, error) && wait_until_over(&wait, error);
  if (ret_record)
    *ret_record = g_steal_pointer(&wait.record);
  clear(&wait);
  return ok;
}
