#include "evssim/jobs.h"

#include "base/clock.h"
#include "base/log.h"
#include "evssim/disks.h"
#include "evssim/parts.h"
#include "evssim/profile.h"
#include "evssim/request.h"
#include "evssim/stats.h"

#include <event2/event.h>

enum {
  KEEP_FINISHED_MAX = 50000,
  KEEP_FINISHED_SECONDS = 24 * 3600,
};

typedef struct {
  Job job; /* first: a Job* is an Entry* */
  Sim *sim;
  gint64 begin_virtual_us, due_us, duration_us; /* virtual */
  gboolean waiting;                             /* in its server's lane, behind another job */
  guint64 number;
  struct event *timer;
  FaultAction *fault; /* of kind job, or NULL */
  char *stuck_by;     /* fault id while it must not end */
  gboolean effect_done, hidden;
} Entry;

struct Jobs {
  GPtrArray *types;  /* of const JobType* */
  GHashTable *by_id; /* id -> Entry* */
  GHashTable *lanes; /* server id -> GQueue* of Entry*: jobs that run one after another; the first one runs */
  GQueue finished;   /* of Entry*, oldest first */
  guint64 next_number;
};

static void entry_free(Entry *entry)
{
  if (entry->timer)
    event_free(entry->timer);
  fault_action_unref(entry->fault);
  if (entry->job.entities)
    json_decref(entry->job.entities);
  g_free(entry->stuck_by);
  g_free(entry->job.id);
  g_free(entry->job.volume_id);
  g_free(entry->job.server_id);
  g_free(entry->job.note);
  g_free(entry->job.error_code);
  g_free(entry->job.fail_reason);
  g_free(entry);
}

static const JobType *type_find(const Sim *sim, const char *name)
{
  for (guint i = 0; i < sim->jobs->types->len; i++) {
    const JobType *type = g_ptr_array_index(sim->jobs->types, i);
    if (g_str_equal(type->type, name))
      return type;
  }
  return NULL;
}

void job_type_register(Sim *sim, const JobType *type)
{
  g_ptr_array_add(sim->jobs->types, (gpointer)type);
}

gint64 job_due_us(const Job *job)
{
  return ((const Entry *)job)->due_us;
}

void job_changed(Sim *sim, Job *job)
{
  const Entry *entry = (const Entry *)job;
  json_t *record =
    json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b}", "type", job->type->type,
              "project", job->project->id, "volume_id", job->volume_id, "server_id", job->server_id, "status",
              job->status, "begin_us", (json_int_t)job->begin_us, "end_us", (json_int_t)job->end_us,
              "begin_virtual_us", (json_int_t)entry->begin_virtual_us, "due_us", (json_int_t)entry->due_us,
              "duration_us", (json_int_t)entry->duration_us, "waiting", entry->waiting, "effect_done",
              entry->effect_done, "hidden", entry->hidden);
  if (job->entities)
    json_object_set(record, "entities", job->entities);
  const struct {
    const char *key, *value;
  } texts[] = {{"note", job->note}, {"error_code", job->error_code}, {"fail_reason", job->fail_reason}};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    if (texts[i].value)
      json_object_set_new(record, texts[i].key, json_string(texts[i].value));
  state_put(sim, "job", job->id, record);
}

/* Forgets the oldest finished jobs. */
static void prune(Sim *sim)
{
  gint64 oldest_us = sim_virtual_us(sim) - (gint64)KEEP_FINISHED_SECONDS * G_USEC_PER_SEC;
  for (;;) {
    Entry *entry = g_queue_peek_head(&sim->jobs->finished);
    if (!entry || (sim->jobs->finished.length <= KEEP_FINISHED_MAX && entry->due_us >= oldest_us))
      return;
    g_queue_pop_head(&sim->jobs->finished);
    state_remove(sim, "job", entry->job.id);
    g_hash_table_remove(sim->jobs->by_id, entry->job.id);
  }
}

void job_fail(Job *job, const char *code, const char *reason)
{
  g_free(job->error_code);
  g_free(job->fail_reason);
  job->error_code = g_strdup(code);
  job->fail_reason = g_strdup(reason);
}

/* Puts the job into its server's lane; the first of a lane runs, the others wait. */
static void lane_enter(Entry *entry)
{
  GHashTable *lanes = entry->sim->jobs->lanes;
  if (!entry->job.type->serial_per_server || !*entry->job.server_id)
    return;
  GQueue *lane = g_hash_table_lookup(lanes, entry->job.server_id);
  if (!lane) {
    lane = g_queue_new();
    g_hash_table_insert(lanes, g_strdup(entry->job.server_id), lane);
  }
  entry->waiting = lane->length > 0;
  g_queue_push_tail(lane, entry);
}

static void entry_arm(Entry *entry);

/* The first job of the lane has ended: the time of the next begins. */
static void lane_leave(Entry *entry)
{
  Sim *sim = entry->sim;
  GQueue *lane = g_hash_table_lookup(sim->jobs->lanes, entry->job.server_id);
  if (!lane || g_queue_peek_head(lane) != entry)
    return;
  g_queue_pop_head(lane);
  Entry *next = g_queue_peek_head(lane);
  if (!next) {
    g_hash_table_remove(sim->jobs->lanes, entry->job.server_id);
    return;
  }
  next->waiting = FALSE;
  next->begin_virtual_us = sim_virtual_us(sim);
  next->due_us = next->begin_virtual_us + next->duration_us;
  job_changed(sim, &next->job);
  entry_arm(next);
}

static void entry_end(Entry *entry)
{
  Job *job = &entry->job;
  Sim *sim = entry->sim;
  gboolean injected = entry->fault && entry->fault->result == FAULT_JOB_FAIL;
  gboolean failed = injected || job->error_code; /* broken off */
  if (injected && entry->fault->code)
    job_fail(job, entry->fault->code, "fault injected");
  entry->effect_done = TRUE;
  job->type->finish(sim, job, failed);
  if (failed && !job->error_code)
    job_fail(job, job->type->service == SIM_SERVICE_ECS ? "Ecs.0000" : "EVS.2002", "internal error!");
  if (job->status != JOB_SUCCESS)
    job->status = job->error_code ? JOB_FAIL : JOB_SUCCESS;
  job->end_us = clock_wall_us();
  job_changed(sim, job);
  log_debug("job ended", LOG_TEXT("job", job->id), LOG_TEXT("type", job->type->type),
            LOG_TEXT("volume", job->volume_id), LOG_TEXT("code", job->error_code));
  lane_leave(entry);
  g_queue_push_tail(&sim->jobs->finished, entry);
  prune(sim);
}

/* Arms the timer for the end of the job, if it runs. */
static void entry_arm(Entry *entry)
{
  if (entry->stuck_by || entry->waiting || entry->effect_done)
    return;
  gint64 wait_us = (gint64)((double)(entry->due_us - sim_virtual_us(entry->sim)) / entry->sim->speed);
  wait_us = MAX(wait_us, 0);
  struct timeval wait = {.tv_sec = wait_us / G_USEC_PER_SEC, .tv_usec = wait_us % G_USEC_PER_SEC};
  evtimer_add(entry->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *argument)
{
  Entry *entry = argument;
  (void)fd;
  (void)what;
  if (sim_virtual_us(entry->sim) < entry->due_us)
    entry_arm(entry); /* woken early, or the clock was slowed down */
  else
    entry_end(entry);
}

static Entry *entry_new(Sim *sim, const JobType *type, Project *project, const char *id)
{
  Entry *entry = g_new0(Entry, 1);
  entry->sim = sim;
  entry->number = sim->jobs->next_number++;
  entry->job.id = g_strdup(id);
  entry->job.type = type;
  entry->job.project = project;
  entry->timer = evtimer_new(sim->events, on_timer, entry);
  g_hash_table_insert(sim->jobs->by_id, entry->job.id, entry);
  return entry;
}

Job *job_start(Request *request, const char *type_name, const char *volume_id, const char *server_id)
{
  Sim *sim = request->sim;
  const JobType *type = type_find(sim, type_name);
  g_assert(type && request->project);
  g_autofree char *id = g_uuid_string_random();
  Entry *entry = entry_new(sim, type, request->project, id);
  entry->duration_us = profile_draw_us(sim->profile, type->timing ? type->timing : type_name);
  entry->job.volume_id = g_strdup(volume_id ? volume_id : "");
  entry->job.server_id = g_strdup(server_id ? server_id : "");
  entry->job.begin_us = clock_wall_us();
  entry->begin_virtual_us = sim_virtual_us(sim);
  entry->due_us = entry->begin_virtual_us + entry->duration_us;
  lane_enter(entry);
  stats_oracle_add(sim->stats, type->oracle, volume_id, server_id,
                   (gint64)((double)entry->duration_us / sim->speed));
  request_fire_faults(request, FAULT_BITS_OF_JOBS, volume_id);
  entry->fault = request_take_fault(request, FAULT_JOB);
  entry->hidden = entry->fault && entry->fault->result == FAULT_JOB_VANISH;
  FaultAction *stuck = request->p->faults[FAULT_STUCK];
  if (stuck) {
    entry->stuck_by = g_strdup(stuck->fault_id);
    Disk *disk = sim_disk(sim, volume_id);
    request->p->stuck_disk = disk ? disk->id : NULL;
  }
  job_changed(sim, &entry->job);
  entry_arm(entry);
  return &entry->job;
}

/* What a client sees now: the early-reported SUCCESS comes at half time. */
static JobStatus shown_status(const Entry *entry)
{
  if (entry->job.end_us)
    return entry->job.status;
  if (entry->waiting)
    return JOB_INIT;
  gint64 passed_us = sim_virtual_us(entry->sim) - entry->begin_virtual_us;
  gint64 whole_us = entry->due_us - entry->begin_virtual_us;
  if (entry->fault && entry->fault->result == FAULT_JOB_EARLY && passed_us >= whole_us / 2)
    return JOB_SUCCESS;
  return passed_us < whole_us / 10 ? JOB_INIT : JOB_RUNNING;
}

Job *job_find(Sim *sim, SimService service, const Project *project, const char *id)
{
  Entry *entry = g_hash_table_lookup(sim->jobs->by_id, id);
  if (!entry || entry->hidden || entry->job.type->service != service || entry->job.project != project)
    return NULL;
  if (!entry->job.end_us)
    entry->job.status = shown_status(entry);
  return &entry->job;
}

static const char *const status_names[] = {"INIT", "RUNNING", "SUCCESS", "FAIL"};

const char *job_status_name(JobStatus status)
{
  return status_names[status];
}

/* "2016-03-08T07:40:13.219Z" on the cloud's clock, or "" */
static json_t *job_time(const Sim *sim, gint64 wall_us)
{
  if (!wall_us)
    return json_string("");
  g_autofree char *text = clock_format_rfc3339(wall_us + sim->skew_us);
  return json_string(text);
}

static json_t *job_entities(Sim *sim, const Job *job)
{
  if (job->type->entities)
    return job->type->entities(sim, job);
  json_t *entities = job->entities ? json_deep_copy(job->entities) : json_object();
  if (*job->volume_id)
    json_object_set_new(entities, "volume_id", json_string(job->volume_id));
  if (*job->server_id)
    json_object_set_new(entities, "server_id", json_string(job->server_id));
  return entities;
}

void job_handle_get(Request *request)
{
  const char *id = request_path(request, "job_id");
  if (!*id) {
    reply_error(request, 400, "Common.0011", "No jobs found.");
    return;
  }
  const Job *job = job_find(request->sim, request->route->service, request->project, id);
  if (!job) {
    reply_error(request, 400, "Common.0011", "query job fail.");
    return;
  }
  json_t *body =
    json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "job_id", job->id, "job_type", job->type->type, "status",
              status_names[job->status], "begin_time", job_time(request->sim, job->begin_us), "end_time",
              job_time(request->sim, job->end_us), "entities", job_entities(request->sim, job));
  gboolean failed = job->status == JOB_FAIL;
  json_object_set_new(body, "error_code", failed ? json_string(job->error_code) : json_null());
  json_object_set_new(body, "fail_reason", failed ? json_string(job->fail_reason) : json_null());
  reply_json(request, 200, body);
}

static void job_load(Sim *sim, const char *id, json_t *record)
{
  const char *type_name, *project_id, *volume_id, *server_id;
  const char *note = NULL, *error_code = NULL, *fail_reason = NULL;
  json_t *entities = NULL;
  json_int_t begin_us, end_us, begin_virtual_us, due_us, duration_us;
  int status, effect_done, hidden;
  if (json_unpack(record, "{s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s?s, s?s, s?s, s?o}",
                  "type", &type_name, "project", &project_id, "volume_id", &volume_id, "server_id",
                  &server_id, "status", &status, "begin_us", &begin_us, "end_us", &end_us, "begin_virtual_us",
                  &begin_virtual_us, "due_us", &due_us, "duration_us", &duration_us, "effect_done",
                  &effect_done, "hidden", &hidden, "note", &note, "error_code", &error_code, "fail_reason",
                  &fail_reason, "entities", &entities) != 0)
    return;
  const JobType *type = type_find(sim, type_name);
  Project *project = sim_project(sim, project_id);
  if (!type || !project || status < JOB_INIT || status > JOB_FAIL)
    return;
  Entry *entry = entry_new(sim, type, project, id);
  Job *job = &entry->job;
  job->volume_id = g_strdup(volume_id);
  job->server_id = g_strdup(server_id);
  job->note = g_strdup(note);
  job->error_code = g_strdup(error_code);
  job->fail_reason = g_strdup(fail_reason);
  job->entities = entities ? json_deep_copy(entities) : NULL;
  job->status = (JobStatus)status;
  job->begin_us = begin_us;
  job->end_us = end_us;
  entry->begin_virtual_us = begin_virtual_us;
  entry->due_us = due_us;
  entry->duration_us = duration_us;
  entry->effect_done = effect_done;
  entry->hidden = hidden;
}

static int by_begin(gconstpointer a, gconstpointer b)
{
  const Entry *one = *(Entry *const *)a, *two = *(Entry *const *)b;
  if (one->job.begin_us != two->job.begin_us)
    return one->job.begin_us < two->job.begin_us ? -1 : 1;
  return one->number < two->number ? -1 : 1;
}

/* All entries in order of begin. */
static GPtrArray *entries_sorted(const Sim *sim)
{
  GPtrArray *entries = sim_values(sim->jobs->by_id);
  g_ptr_array_sort(entries, by_begin);
  return entries;
}

void jobs_resume(Sim *sim)
{
  g_autoptr(GPtrArray) entries = entries_sorted(sim);
  for (guint i = 0; i < entries->len; i++) {
    Entry *entry = g_ptr_array_index(entries, i);
    if (entry->effect_done) {
      g_queue_push_tail(&sim->jobs->finished, entry);
    } else {
      lane_enter(entry);
      entry_arm(entry);
    }
  }
}

void jobs_retime(Sim *sim)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, sim->jobs->by_id);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    entry_arm(value);
}

void jobs_unstick(Sim *sim, const char *fault_id)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, sim->jobs->by_id);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Entry *entry = value;
    if (!entry->stuck_by || (fault_id && !g_str_equal(entry->stuck_by, fault_id)))
      continue;
    g_clear_pointer(&entry->stuck_by, g_free);
    entry_arm(entry);
  }
}

void jobs_break(Sim *sim, const char *volume_id, const char *code, const char *reason)
{
  g_autoptr(GPtrArray) entries = entries_sorted(sim);
  for (guint i = 0; i < entries->len; i++) {
    Entry *entry = g_ptr_array_index(entries, i);
    if (!entry->stuck_by || !g_str_equal(entry->job.volume_id, volume_id))
      continue;
    g_clear_pointer(&entry->stuck_by, g_free);
    job_fail(&entry->job, code, reason);
    entry_end(entry);
  }
}

json_t *jobs_list(const Sim *sim, const char *type)
{
  json_t *list = json_array();
  g_autoptr(GPtrArray) entries = entries_sorted(sim);
  for (guint i = 0; i < entries->len; i++) {
    const Entry *entry = g_ptr_array_index(entries, i);
    const Job *job = &entry->job;
    if (type && !g_str_equal(type, job->type->type))
      continue;
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "job_id", job->id, "type",
                                          job->type->type, "volume_id", job->volume_id, "server_id",
                                          job->server_id, "begin_ms", (json_int_t)(job->begin_us / 1000),
                                          "end_ms", (json_int_t)(job->end_us / 1000), "status",
                                          status_names[shown_status(entry)]));
  }
  return list;
}

void jobs_start(Sim *sim)
{
  sim->jobs = g_new0(struct Jobs, 1);
  sim->jobs->types = g_ptr_array_new();
  sim->jobs->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)entry_free);
  sim->jobs->lanes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_queue_free);
  g_queue_init(&sim->jobs->finished);
  state_register(sim, "job", job_load);
}

void jobs_stop(Sim *sim)
{
  if (!sim->jobs)
    return;
  g_queue_clear(&sim->jobs->finished);
  g_hash_table_unref(sim->jobs->lanes);
  g_hash_table_unref(sim->jobs->by_id);
  g_ptr_array_unref(sim->jobs->types);
  g_clear_pointer(&sim->jobs, g_free);
}
