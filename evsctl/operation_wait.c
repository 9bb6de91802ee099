/* Waiting for the end of what the cloud has taken. */
#include "base/clock.h"
#include "evsclient/error_body.h"
#include "evsctl/operation_call.h"
#include "evsctl/terminal.h"

enum {
  FIRST_STEP_MS = 300,
  LAST_STEP_MS = 8000,
  SLICE_MS = 100, /* how soon a signal is seen */
  BAR_WIDTH = 12,
  BAR_MARK = 3,
  BAR_STEP_MS = 100,
  GROW_PATIENCE_S = 60, /* for a disk that is idle and not yet as large as asked for */
};

typedef struct {
  Session *session;
  EvsClient *client;
  const OperationWork *work;
  gint64 start_us, step_ms;
  char *state; /* as the cloud last told */
  char *shown; /* on the terminal; NULL: nothing */
  char *volume_id;
  gboolean over;
} Waiting;

static gint64 age_s(const Waiting *waiting)
{
  return (clock_now_us() - waiting->start_us) / G_USEC_PER_SEC;
}

/* How long it takes is the cloud's secret: a mark that walks to and fro. */
static char *bar(const Waiting *waiting)
{
  char text[BAR_WIDTH + 1];
  guint steps = 2 * (BAR_WIDTH - BAR_MARK);
  guint at = (guint)((clock_now_us() - waiting->start_us) / (BAR_STEP_MS * 1000)) % steps;
  memset(text, '.', BAR_WIDTH);
  memset(text + MIN(at, steps - at), '#', BAR_MARK);
  text[BAR_WIDTH] = '\0';
  return g_strdup(text);
}

static void show_progress(Waiting *waiting)
{
  const OperationWork *work = waiting->work;
  const char *state = *waiting->state ? waiting->state : "taken";
  g_autofree char *of = work->job_id ? g_strconcat("job ", work->job_id, " ", state, NULL) : g_strdup(state);
  g_autofree char *mark = bar(waiting);
  g_autofree char *line =
    g_strdup_printf("[%s] %s: %s, %" G_GINT64_FORMAT " s", mark, work->operation->what, of, age_s(waiting));
  char *plain = output_plain_text(line);
  if (g_strcmp0(plain, waiting->shown) != 0)
    terminal_progress(plain);
  g_free(waiting->shown);
  waiting->shown = plain;
}

static gboolean has_time(const Waiting *waiting)
{
  return !session_interrupted() && clock_now_us() < session_context(waiting->session)->deadline_us;
}

/* Longer and longer, a little at random: many waiters do not ask at the same moment. */
static void pause_a_step(Waiting *waiting)
{
  gint64 length_ms = (gint64)((gdouble)waiting->step_ms * g_random_double_range(0.8, 1.2));
  gint64 until_us = clock_deadline_in_ms(length_ms);
  while (has_time(waiting) && clock_now_us() < until_us) {
    show_progress(waiting);
    clock_sleep_until(MIN(until_us, clock_deadline_in_ms(SLICE_MS)));
  }
  waiting->step_ms = MIN(waiting->step_ms * 5 / 4, LAST_STEP_MS);
}

static void take_state(Waiting *waiting, const char *state)
{
  g_free(waiting->state);
  waiting->state = g_strdup(state);
}

static gboolean look_at_job(Waiting *waiting, GError **error)
{
  const OperationWork *work = waiting->work;
  EvsService service = work->operation->end == EVS_END_ECS_JOB ? EVS_SERVICE_ECS : EVS_SERVICE_EVS;
  g_autoptr(EvsJob) job =
    evs_job_get(waiting->client, session_context(waiting->session), service, work->job_id, error);
  if (!job)
    return FALSE;
  static const char *const states[] = {"RUNNING", "SUCCESS", "FAIL"};
  take_state(waiting, states[job->state]);
  if (*job->volume_id) {
    g_free(waiting->volume_id);
    waiting->volume_id = g_strdup(job->volume_id);
  }
  waiting->over = job->state == EVS_JOB_SUCCESS;
  if (job->state != EVS_JOB_FAIL)
    return TRUE;
  evs_error_set_job(error, work->operation->what, work->job_id, job->error_code, job->fail_reason);
  return FALSE;
}

static gboolean is_idle(const char *status)
{
  return g_str_equal(status, "available") || g_str_equal(status, "in-use");
}

static gboolean broke(const Waiting *waiting, const char *problem, GError **error)
{
  g_autoptr(GError) made = NULL;
  evs_error_set(&made, EVS_CODE_INTERNAL, "%s: %s %s", waiting->work->operation->what,
                waiting->work->subject_id, problem);
  evs_error_set_outcome(made, EVS_OUTCOME_FAILED);
  g_propagate_error(error, g_steal_pointer(&made));
  return FALSE;
}

static gboolean judge(Waiting *waiting, const json_t *record, GError **error)
{
  const OperationWork *work = waiting->work;
  g_autofree char *status = evs_json_text(record, "status");
  take_state(waiting, status);
  if (g_str_has_prefix(status, "error")) {
    g_autofree char *problem = g_strdup_printf("has the status '%s'", status);
    return broke(waiting, problem, error);
  }
  if (g_str_equal(work->operation->method, "DELETE") || !is_idle(status))
    return TRUE;
  waiting->over = evs_json_int(record, "size", 0) >= work->size_gib;
  if (!waiting->over && age_s(waiting) > GROW_PATIENCE_S)
    return broke(waiting, "did not grow", error);
  return TRUE;
}

static gboolean look_at_record(Waiting *waiting, GError **error)
{
  const OperationWork *work = waiting->work;
  g_autoptr(GError) missing = NULL;
  EvsTypedCall call = {.op = work->look, .id = work->subject_id};
  gpointer reply = NULL;
  if (!evs_typed_call(waiting->client, session_context(waiting->session), &call, &reply, &missing)) {
    waiting->over =
      g_str_equal(work->operation->method, "DELETE") && evs_error_is(missing, EVS_CODE_NOT_FOUND);
    if (!waiting->over)
      g_propagate_error(error, g_steal_pointer(&missing));
    return waiting->over;
  }
  g_autoptr(json_t) shown = evs_reply_show(work->look, reply);
  evs_reply_free(work->look, reply);
  return judge(waiting, shown, error);
}

/* The caller's time is up, the cloud's work is not. */
static gboolean leave_running(const Waiting *waiting, GError **error)
{
  const OperationWork *work = waiting->work;
  g_autoptr(GError) made = NULL;
  evs_error_set(&made, EVS_CODE_ABORTED, "%s: %s after %" G_GINT64_FORMAT " s, it goes on in the cloud",
                work->operation->what, session_interrupted() ? "interrupted" : "not over", age_s(waiting));
  g_autofree char *remedy =
    work->job_id ? g_strdup_printf("`evsctl job show%s %s` tells how it ends",
                                   work->operation->end == EVS_END_ECS_JOB ? " --server" : "", work->job_id)
                 : g_strdup_printf("look at the status of %s", work->subject_id);
  evs_error_set_remedy(made, remedy);
  evs_error_set_outcome(made, EVS_OUTCOME_UNKNOWN);
  g_propagate_error(error, g_steal_pointer(&made));
  return FALSE;
}

static gboolean wait_loop(Waiting *waiting, GError **error)
{
  gboolean by_job = waiting->work->job_id != NULL;
  for (;;) {
    g_autoptr(GError) wrong = NULL;
    pause_a_step(waiting);
    if (!has_time(waiting))
      return leave_running(waiting, error);
    if (!(by_job ? look_at_job : look_at_record)(waiting, &wrong)) {
      if (!has_time(waiting))
        return leave_running(waiting, error);
      g_propagate_error(error, g_steal_pointer(&wrong));
      return FALSE;
    }
    if (waiting->over)
      return TRUE;
  }
}

gboolean operation_wait(Session *session, const OperationWork *work, char **ret_volume_id, GError **error)
{
  Waiting waiting = {.session = session,
                     .client = session_client(session, error),
                     .work = work,
                     .start_us = clock_now_us(),
                     .step_ms = FIRST_STEP_MS,
                     .state = g_strdup("")};
  gboolean ok = waiting.client && wait_loop(&waiting, error);
  terminal_progress(NULL);
  g_free(waiting.state);
  g_free(waiting.shown);
  *ret_volume_id = waiting.volume_id;
  return ok;
}
