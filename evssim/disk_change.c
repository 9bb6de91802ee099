/* Changes of a disk: expansion (6.1.5, 6.1.9), iops and throughput (6.1.13). Type changes: disk_retype.c. */
#include "base/log.h"
#include "evssim/disk_ops.h"
#include "evssim/disk_rules.h"
#include "evssim/image.h"
#include "evssim/parts.h"
#include "evssim/request.h"

#define JOB_EXTEND "extendVolume"
#define JOB_QOS "modifyVolumeQos"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

/* The job with the disk as it will be. */
Job *disk_change_job(Request *request, const char *type, const Disk *disk, const char *new_type,
                     gint64 new_size)
{
  Job *job = job_start(request, type, disk->id, NULL);
  job->entities =
    json_pack("{s:s, s:s, s:I}", "name", disk->name, "volume_type", new_type, "size", (json_int_t)new_size);
  return job;
}

/* A yearly/monthly disk's change is an order. */
void disk_change_reply(Request *request, int status, const Job *job, const Disk *disk)
{
  const char *order = disk_metadata(disk, "orderID");
  reply_json(request, status,
             *order ? json_pack("{s:s}", "order_id", order) : json_pack("{s:s}", "job_id", job->id));
}

/* ---- expansion ---- */

static gboolean read_new_size(Request *request, const Disk *disk, const json_t *size, gint64 *ret_size)
{
  if (!size || json_is_null(size))
    return refuse(request, "EVS.1011", "null extendVolumeReq!");
  if (!json_is_integer(size))
    return refuse(request, "EVS.1018", "Type conversion error , parameter type is unexpected: new_size");
  *ret_size = json_integer_value(size);
  if (*ret_size < 1 || *ret_size > (disk_is_system(disk) ? DISK_SYSTEM_SIZE_MAX_GIB : DISK_SIZE_MAX_GIB))
    return refuse(request, "EVS.1010", "invalid volume size!");
  return *ret_size > disk->size_gib ||
         refuse(request, "EVS.1015", "new volume Size must be greater than old Size!");
}

static gboolean servers_allow(Request *request, const Disk *disk)
{
  static const char *const statuses[] = {"ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF", NULL};
  for (guint i = 0; i < disk->attachments->len; i++) {
    const Attachment *attachment = g_ptr_array_index(disk->attachments, i);
    const Server *server = sim_server(request->sim, attachment->server_id);
    if (server && !g_strv_contains(statuses, server->status))
      return refuse(request, "EVS.1066", "status of ECS or BMS does not support volume online extension!");
  }
  return TRUE;
}

gboolean disk_may_extend(Request *request, const Disk *disk, const json_t *new_size, gint64 *ret_size)
{
  if (!read_new_size(request, disk, new_size, ret_size))
    return FALSE;
  gboolean in_use = g_str_equal(disk->status, DISK_IN_USE);
  if (!in_use && !g_str_equal(disk->status, DISK_AVAILABLE))
    return refuse(request, "EVS.1064", "volume status must be available or in-use when extending!");
  if (in_use && disk->multiattach)
    return refuse(request, "EVS.1065", "multiattach volume status must be available when extending!");
  return disk_rule_unlocked(request, disk, TRUE) && servers_allow(request, disk) &&
         disk_rule_largest(request, *ret_size);
}

Job *disk_extend(Request *request, Disk *disk)
{
  const json_t *extend = json_object_get(request_json(request), "os-extend");
  gint64 size = 0;
  if (!disk_may_extend(request, disk, json_object_get(extend, "new_size"), &size) ||
      !disk_rule_quota(request, NULL, 0, size - disk->size_gib) ||
      !disk_rule_quota(request, disk->type, 0, size - disk->size_gib))
    return NULL;
  Job *job = disk_change_job(request, JOB_EXTEND, disk, disk->type, size);
  job_changed(request->sim, job);
  disk_set_status(disk, DISK_EXTENDING);
  disk_changed(request->sim, disk);
  return job;
}

static void handle_extend(Request *request)
{
  Disk *disk = disk_of_request(request);
  const Job *job = disk ? disk_extend(request, disk) : NULL;
  if (job)
    disk_change_reply(request, g_str_equal(request->route->op, "6.1.9") ? 200 : 202, job, disk);
}

static gboolean grow(const Sim *sim, const Disk *disk, gint64 size_gib)
{
  g_autofree char *file = disk_file(sim, disk);
  g_autoptr(GError) error = NULL;
  if (!image_grow(file, size_gib << 30, &error)) {
    log_error("cannot grow a disk", LOG_TEXT("volume", disk->id), LOG_TEXT("cause", error->message));
    return FALSE;
  }
  device_disk_grown(sim, disk);
  return TRUE;
}

/* Carried out once more after SIGKILL at any point: it does no harm. */
void disk_finish_extend(Sim *sim, Job *job, const char *volume_id, const json_t *entity, gboolean failed)
{
  Disk *disk = sim_disk(sim, volume_id);
  gint64 size = json_integer_value(json_object_get(entity, "size"));
  if (!disk || size == 0) { /* no size: killed before anybody was told of the expansion */
    job_fail(job, "EVS.5404", "Volume could not be found.");
    return;
  }
  gboolean done = !failed && grow(sim, disk, size);
  if (done)
    disk->size_gib = MAX(disk->size_gib, size);
  else if (!job->error_code)
    job_fail(job, "EVS.2026", "volume is error_extending!");
  disk_set_status(disk, !done                        ? DISK_ERROR_EXTENDING
                        : disk->attachments->len > 0 ? DISK_IN_USE
                                                     : DISK_AVAILABLE);
  disk_changed(sim, disk);
}

static void finish_extend(Sim *sim, Job *job, gboolean failed)
{
  disk_finish_extend(sim, job, job->volume_id, job->entities, failed);
}

/* ---- QoS ---- */

static void handle_qos(Request *request)
{
  Disk *disk = disk_of_request(request);
  const json_t *body = json_object_get(request_json(request), "qos_modify");
  gint64 iops = 0, throughput = 0;
  if (!disk)
    return;
  if (!json_is_object(body)) {
    (void)refuse(request, "EVS.5400", "Malformed request body.");
    return;
  }
  if (!g_str_equal(disk->type, "GPSSD2") && !g_str_equal(disk->type, "ESSD2")) {
    (void)refuse(request, "EVS.2234", "only ESSD2 and GPSSD2 can modify qos.");
    return;
  }
  if (!disk_is_settled(disk)) {
    (void)refuse(request, "EVS.5400", "Must specify a valid status.");
    return;
  }
  if (!disk_rule_unlocked(request, disk, TRUE) || !disk_rule_evs(request, disk) ||
      !disk_rule_rates(request, disk->type, disk->size_gib, json_object_get(body, "iops"),
                       json_object_get(body, "throughput"), &iops, &throughput))
    return;
  Job *job = disk_change_job(request, JOB_QOS, disk, disk->type, disk->size_gib);
  job->note = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, iops, throughput);
  job_changed(request->sim, job);
  request->p->stuck_disk = NULL; /* QoS has no status */
  disk->lock = DISK_LOCK_QOS;
  disk_changed(request->sim, disk);
  reply_json(request, 202, json_pack("{s:s}", "job_id", job->id));
}

void disk_set_rates(Disk *disk, const char *note)
{
  char *end = NULL;
  disk->iops = g_ascii_strtoll(note ? note : "0", &end, 10);
  disk->throughput = g_ascii_strtoll(end, NULL, 10);
}

static void finish_qos(Sim *sim, Job *job, gboolean failed)
{
  Disk *disk = sim_disk(sim, job->volume_id);
  if (!disk) {
    job_fail(job, "EVS.5404", "Volume could not be found.");
    return;
  }
  if (failed && !job->error_code)
    job_fail(job, "EVS.2050", "set volume Qos failed!");
  if (!failed && job->note)
    disk_set_rates(disk, job->note);
  disk->lock = "";
  disk_changed(sim, disk);
}

/* ---- registration ---- */

static const JobType job_types[] = {
  {.type = JOB_EXTEND, .service = SIM_SERVICE_EVS, .oracle = "extend", .finish = finish_extend},
  {.type = JOB_QOS, .service = SIM_SERVICE_EVS, .oracle = "qos", .finish = finish_qos},
};

static const Route routes[] = {
  {"6.1.5", SIM_SERVICE_EVS, "POST", "/v2.1/{project_id}/cloudvolumes/{volume_id}/action",
   "evs:volumes:extend", ROUTE_AUTH, handle_extend},
  {"6.1.9", SIM_SERVICE_EVS, "POST", "/v2/{project_id}/cloudvolumes/{volume_id}/action", "evs:volumes:extend",
   ROUTE_AUTH, handle_extend},
  {"6.1.13", SIM_SERVICE_EVS, "PUT", "/v5/{project_id}/cloudvolumes/{volume_id}/qos", "evs:volumes:modifyQos",
   ROUTE_AUTH, handle_qos},
};

void disk_change_start(Sim *sim)
{
  for (gsize i = 0; i < G_N_ELEMENTS(job_types); i++)
    job_type_register(sim, &job_types[i]);
  router_add(sim, routes, G_N_ELEMENTS(routes));
  disk_retype_start(sim);
  disk_batch_start(sim);
}
