/* 6.1.1 (also its deprecated 6.1.7 and the v3 twin): create disks. */
#include "base/log.h"
#include "evssim/client_tokens.h"
#include "evssim/disk_ops.h"
#include "evssim/disk_request.h"
#include "evssim/disks.h"
#include "evssim/jobs.h"
#include "evssim/parts.h"
#include "evssim/request.h"

/* Which part of the job's time GET says that there is no such disk (evs-facts 4.1: "404 while creating"). */
#define HIDDEN_SHARE 0.3

/* The disks of a request, each with an id and wwn of its own. */
static GPtrArray *make_disks(const Sim *sim, const DiskRequest *read)
{
  GPtrArray *disks = g_ptr_array_new();
  g_autoptr(json_t) record = disk_to_record(read->disk);
  for (gint64 i = 1; i <= read->count; i++) {
    g_autoptr(Disk) fresh = disk_new(read->disk->project);
    Disk *disk = disk_from_record(sim, fresh->id, record);
    g_free(disk->wwn);
    disk->wwn = g_steal_pointer(&fresh->wwn);
    if (read->count > 1) {
      char *numbered = g_strdup_printf("%s-%04d", disk->name, (int)i);
      g_free(disk->name);
      disk->name = numbered;
    }
    g_ptr_array_add(disks, disk);
  }
  return disks;
}

static json_t *ids_of(const GPtrArray *disks)
{
  json_t *ids = json_array();
  for (guint i = 0; i < disks->len; i++)
    json_array_append_new(ids, json_string(((Disk *)g_ptr_array_index(disks, i))->id));
  return ids;
}

static json_t *job_entity(const Disk *disk)
{
  return json_pack("{s:s, s:s, s:I, s:s}", "volume_id", disk->id, "volume_type", disk->type, "size",
                   (json_int_t)disk->size_gib, "name", disk->name);
}

/* Starts the one job of the request: createVolume, or batchCreateVolume whose entities hold the disks as sub jobs. */
static Job *start_job(Request *request, const DiskRequest *read, const GPtrArray *disks)
{
  const Disk *first = g_ptr_array_index(disks, 0);
  gboolean batch = disks->len > 1;
  Job *job = job_start(request, batch ? "batchCreateVolume" : "createVolume", batch ? NULL : first->id, NULL);
  if (batch) {
    job->entities = json_pack("{s:[]}", "disks");
    for (guint i = 0; i < disks->len; i++)
      json_array_append_new(json_object_get(job->entities, "disks"), job_entity(g_ptr_array_index(disks, i)));
  } else {
    job->entities = job_entity(first);
  }
  job->note = g_strdup(read->server_id);
  job_changed(request->sim, job);
  return job;
}

static json_t *answer_of(const Job *job, const DiskRequest *read, const GPtrArray *disks)
{
  const char *order = disk_metadata(read->disk, "orderID");
  json_t *body =
    read->prepaid ? json_pack("{s:s}", "order_id", order) : json_pack("{s:s}", "job_id", job->id);
  if (read->want_ids)
    json_object_set_new(body, "volume_ids", ids_of(disks));
  return body;
}

/* One that cannot be made is left out: the job will FAIL since it finds no disk. */
static void insert_disks(Sim *sim, const GPtrArray *disks, gint64 visible_us)
{
  for (guint i = 0; i < disks->len; i++) {
    Disk *disk = g_ptr_array_index(disks, i);
    g_autoptr(GError) error = NULL;
    disk->visible_us = visible_us;
    if (!disk_insert(sim, disk, &error))
      log_error("cannot make a disk", LOG_TEXT("cause", error->message));
  }
}

void disk_handle_create(Request *request)
{
  Sim *sim = request->sim;
  gboolean old = request_is_v3(request);
  g_auto(DiskRequest) read = {.disk = NULL};
  if (!client_token_check(request))
    return;
  if (!disk_request_read(request, old ? DISK_FACE_OLD : DISK_FACE_CUSTOM, &read)) {
    client_token_remember(request, request->p->status, request->p->reply_body);
    return;
  }
  read.want_ids = read.want_ids && !old;
  g_autoptr(GPtrArray) disks = make_disks(sim, &read);
  Job *job = start_job(request, &read, disks);
  g_autoptr(json_t) body = answer_of(job, &read, disks);
  int status = old ? 200 : 202;
  client_token_remember(request, status, body);
  gint64 now_us = sim_virtual_us(sim);
  insert_disks(sim, disks, now_us + (gint64)((double)(job_due_us(job) - now_us) * HIDDEN_SHARE));
  reply_json(request, status, json_incref(body));
}

const Disk *disk_create_at_once(Request *request, const DiskRequest *read)
{
  g_autoptr(GPtrArray) disks = make_disks(request->sim, read);
  g_autofree char *id = g_strdup(((Disk *)g_ptr_array_index(disks, 0))->id);
  (void)start_job(request, read, disks);
  insert_disks(request->sim, disks, 0);
  return sim_disk(request->sim, id);
}

/* What becomes of one disk when its job ends. A failure with EVS.2024 leaves a disk in error, any other none. */
static void finish_disk(Sim *sim, Job *job, const char *id, gboolean failed)
{
  Disk *disk = sim_disk(sim, id);
  if (!disk) {
    job_fail(job, "EVS.2001", "submit job failed!");
    return;
  }
  if (failed && !g_str_equal(job->error_code, "EVS.2024")) {
    disk_remove(sim, disk);
    return;
  }
  disk->visible_us = 0;
  disk_set_status(disk, failed ? DISK_ERROR : DISK_AVAILABLE);
  disk_changed(sim, disk);
  if (!failed && job->note)
    ecs_attach_fresh(sim, disk, job->note, job);
}

static void finish_create(Sim *sim, Job *job, gboolean failed)
{
  if (failed && !job->error_code)
    job_fail(job, "EVS.2024", "volume is error!");
  const json_t *batch = json_object_get(job->entities, "disks");
  gsize index;
  json_t *item;
  if (!batch) {
    finish_disk(sim, job, job->volume_id, failed);
    return;
  }
  json_array_foreach(batch, index, item)
    finish_disk(sim, job, json_string_value(json_object_get(item, "volume_id")), failed);
}

/* A batch job shows nothing but its sub jobs (evs-facts 5). */
json_t *disk_render_sub_jobs(const Job *job, const char *type)
{
  json_t *sub_jobs = json_array(), *item;
  gsize index;
  gboolean failed = job->status == JOB_FAIL;
  json_array_foreach(json_object_get(job->entities, "disks"), index, item)
  {
    g_autofree char *id = g_strdup_printf("%s-%zu", job->id, index + 1);
    json_array_append_new(sub_jobs, json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:O}", "job_id", id, "job_type",
                                              type, "status", job_status_name(job->status), "error_code",
                                              failed ? job->error_code : NULL, "fail_reason",
                                              failed ? job->fail_reason : NULL, "entities", item));
  }
  return json_pack("{s:o}", "sub_jobs", sub_jobs);
}

static json_t *batch_entities(Sim *sim, const Job *job)
{
  (void)sim;
  return disk_render_sub_jobs(job, "createVolume");
}

const JobType disk_create_job = {
  .type = "createVolume", .service = SIM_SERVICE_EVS, .oracle = "create", .finish = finish_create};
const JobType disk_batch_create_job = {.type = "batchCreateVolume",
                                       .service = SIM_SERVICE_EVS,
                                       .oracle = "create",
                                       .timing = "createVolume",
                                       .finish = finish_create,
                                       .entities = batch_entities};
