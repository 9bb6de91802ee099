#include "evssim/oracle.h"

#define NOBODY G_MAXUINT

typedef struct {
  const char *kind;
  guint server;         /* number of its lane; NOBODY: none */
  guint after;          /* the job that must have ended before this one is sent; NOBODY: none */
  guint child, sibling; /* jobs that wait for this one, while a plan is made */
  gint64 duration_us;
} OracleJob;

struct Oracle {
  const Profile *profile;
  GArray *jobs;        /* of OracleJob, in the order in which they were taken */
  GHashTable *servers; /* id -> number of its lane */
  GHashTable *last;    /* volume id -> its last job that others wait for, +1 */
  GHashTable *kinds;   /* kind -> kind: those that there were */
  gboolean full;
  json_t *rendered; /* of the jobs so far; NULL: not yet made */
};

Oracle *oracle_new(const Profile *profile)
{
  Oracle *oracle = g_new0(Oracle, 1);
  oracle->profile = profile;
  oracle->jobs = g_array_new(FALSE, FALSE, sizeof(OracleJob));
  oracle->servers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  oracle->last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  oracle->kinds = g_hash_table_new(g_str_hash, g_str_equal);
  return oracle;
}

static void forget(Oracle *oracle)
{
  g_array_set_size(oracle->jobs, 0);
  g_hash_table_remove_all(oracle->servers);
  g_hash_table_remove_all(oracle->last);
  g_hash_table_remove_all(oracle->kinds);
  g_clear_pointer(&oracle->rendered, json_decref);
}

void oracle_reset(Oracle *oracle)
{
  forget(oracle);
  oracle->full = FALSE;
}

void oracle_free(Oracle *oracle)
{
  if (!oracle)
    return;
  forget(oracle);
  g_array_unref(oracle->jobs);
  g_hash_table_unref(oracle->servers);
  g_hash_table_unref(oracle->last);
  g_hash_table_unref(oracle->kinds);
  g_free(oracle);
}

static guint lane_number(Oracle *oracle, const char *server_id)
{
  gpointer number;
  if (!server_id || !*server_id)
    return NOBODY;
  if (!g_hash_table_lookup_extended(oracle->servers, server_id, NULL, &number)) {
    number = GUINT_TO_POINTER(g_hash_table_size(oracle->servers));
    g_hash_table_insert(oracle->servers, g_strdup(server_id), number);
  }
  return GPOINTER_TO_UINT(number);
}

static gboolean holds_others_up(const char *kind)
{
  return !g_str_equal(kind, "snapshot") && !g_str_equal(kind, "delete_snapshot");
}

/* The disk's last job of another kind: two attaches of a shared disk do not wait for each other, but both for its
 * create. */
static guint predecessor(Oracle *oracle, const char *kind, const char *volume_id)
{
  guint last = GPOINTER_TO_UINT(g_hash_table_lookup(oracle->last, volume_id));
  while (last) {
    const OracleJob *job = &g_array_index(oracle->jobs, OracleJob, last - 1);
    if (!g_str_equal(job->kind, kind))
      return last - 1;
    last = job->after == NOBODY ? 0 : job->after + 1;
  }
  return NOBODY;
}

void oracle_add(Oracle *oracle, const char *kind, const char *volume_id, const char *server_id,
                gint64 duration_us)
{
  if (oracle->full || oracle->jobs->len >= ORACLE_JOBS_MAX) {
    oracle->full = TRUE;
    forget(oracle);
    return;
  }
  OracleJob job = {.kind = kind,
                   .server = lane_number(oracle, server_id),
                   .after = NOBODY,
                   .child = NOBODY,
                   .sibling = NOBODY,
                   .duration_us = duration_us};
  if (volume_id && *volume_id) {
    job.after = predecessor(oracle, kind, volume_id);
    if (holds_others_up(kind))
      g_hash_table_replace(oracle->last, g_strdup(volume_id), GUINT_TO_POINTER(oracle->jobs->len + 1));
  }
  g_array_append_val(oracle->jobs, job);
  g_hash_table_add(oracle->kinds, (gpointer)kind);
  g_clear_pointer(&oracle->rendered, json_decref);
}

/* ---- the plan: events in order of time. A job becomes ready, gets its token, and then its server's lane ---- */

typedef struct {
  gint64 at_us;
  guint job;
  gboolean sent; /* has its token */
} Event;

typedef struct {
  Oracle *oracle;
  const char *kind; /* NULL: all */
  GHashTable *due;  /* kind, or "" for the one bucket -> gint64*: when the bucket will be full again */
  gint64 *busy_us;  /* per lane */
  GSequence *events;
} Plan;

static int by_time(gconstpointer a, gconstpointer b, gpointer data)
{
  const Event *x = a, *y = b;
  (void)data;
  if (x->at_us != y->at_us)
    return x->at_us < y->at_us ? -1 : 1;
  return x->job < y->job ? -1 : x->job > y->job;
}

static void plan_event(Plan *plan, guint job, gint64 at_us, gboolean sent)
{
  Event *event = g_new(Event, 1);
  *event = (Event){.at_us = at_us, .job = job, .sent = sent};
  g_sequence_insert_sorted(plan->events, event, by_time, NULL);
}

/* The earliest time from ready_us on at which the bucket gives a token; takes it. */
static gint64 take_token(Plan *plan, const char *kind, gint64 ready_us)
{
  const Profile *profile = plan->oracle->profile;
  if (profile->rate_rps <= 0)
    return ready_us;
  const char *bucket = profile->rate_per_api ? kind : "";
  gint64 *due_us = g_hash_table_lookup(plan->due, bucket);
  if (!due_us) {
    due_us = g_new0(gint64, 1);
    g_hash_table_insert(plan->due, (gpointer)bucket, due_us);
  }
  gint64 interval_us = (gint64)(1e6 / profile->rate_rps);
  gint64 token_us = MAX(ready_us, *due_us - (profile->rate_burst - 1) * interval_us);
  *due_us = MAX(*due_us, token_us) + interval_us;
  return token_us;
}

static OracleJob *plan_job(Plan *plan, guint number)
{
  return &g_array_index(plan->oracle->jobs, OracleJob, number);
}

/* Ties each job to the one it waits for; what waits for nothing is ready at once. */
static void plan_begin(Plan *plan)
{
  guint count = plan->oracle->jobs->len;
  for (guint i = 0; i < count; i++)
    plan_job(plan, i)->child = NOBODY;
  for (guint i = count; i-- > 0;) {
    OracleJob *job = plan_job(plan, i);
    if (plan->kind && !g_str_equal(job->kind, plan->kind))
      continue;
    if (plan->kind || job->after == NOBODY) {
      plan_event(plan, i, 0, FALSE);
      continue;
    }
    OracleJob *before = plan_job(plan, job->after);
    job->sibling = before->child;
    before->child = i;
  }
}

/* The job runs: when it ends. */
static gint64 plan_run(Plan *plan, OracleJob *job, gint64 sent_us)
{
  gint64 end_us = sent_us + job->duration_us;
  if (job->server != NOBODY) {
    end_us = MAX(sent_us, plan->busy_us[job->server]) + job->duration_us;
    plan->busy_us[job->server] = end_us;
  }
  if (!plan->kind)
    for (guint i = job->child; i != NOBODY; i = plan_job(plan, i)->sibling)
      plan_event(plan, i, end_us, FALSE);
  return end_us;
}

static gint64 makespan_us(Oracle *oracle, const char *kind)
{
  Plan plan = {.oracle = oracle,
               .kind = kind,
               .due = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free),
               .busy_us = g_new0(gint64, g_hash_table_size(oracle->servers)),
               .events = g_sequence_new(g_free)};
  gint64 last_us = 0;
  plan_begin(&plan);
  while (!g_sequence_is_empty(plan.events)) {
    GSequenceIter *first = g_sequence_get_begin_iter(plan.events);
    Event event = *(Event *)g_sequence_get(first);
    g_sequence_remove(first);
    OracleJob *job = plan_job(&plan, event.job);
    if (!event.sent) {
      plan_event(&plan, event.job, take_token(&plan, job->kind, event.at_us), TRUE);
      continue;
    }
    gint64 end_us = plan_run(&plan, job, event.at_us);
    last_us = MAX(last_us, end_us);
  }
  g_sequence_free(plan.events);
  g_hash_table_unref(plan.due);
  g_free(plan.busy_us);
  return last_us;
}

json_t *oracle_render(Oracle *oracle)
{
  if (oracle->rendered)
    return json_incref(oracle->rendered);
  json_t *object = json_object();
  GHashTableIter iter;
  gpointer kind;
  g_hash_table_iter_init(&iter, oracle->kinds);
  while (g_hash_table_iter_next(&iter, &kind, NULL))
    json_object_set_new(object, kind, json_integer(makespan_us(oracle, kind) / 1000));
  if (oracle->jobs->len)
    json_object_set_new(object, "all", json_integer(makespan_us(oracle, NULL) / 1000));
  oracle->rendered = json_incref(object);
  return object;
}
