/* Change of a disk's type (cloud-facts F1, "Retype"): upwards only, slow, and while it runs nothing else is possible
 * on the disk, whose status does not show it. */
#include "evssim/disk_ops.h"
#include "evssim/disk_rules.h"
#include "evssim/parts.h"
#include "evssim/request.h"
#include "evssim/snapshots.h"

enum { RETYPES_MAX = 10 }; /* of one project at a time */

#define JOB_RETYPE "retypeVolume"

/* Only from left to right. ESSD2 is no target. */
static const char *const ladder[] = {"SATA", "SAS", "GPSSD", "GPSSD2", "SSD", "ESSD", NULL};

static int rank(const char *type)
{
  for (int i = 0; ladder[i]; i++)
    if (g_str_equal(ladder[i], type))
      return i;
  return -1;
}

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

static gboolean check_type(Request *request, const Disk *disk, const char *new_type)
{
  if (rank(disk->type) < 0 || rank(new_type) <= rank(disk->type))
    return refuse(
      request, "EVS.2087",
      "retype failed. please make sure that type is supported and the new one is higher than origin");
  return disk_rule_type(request, sim_zone(request->sim, disk->zone), new_type) &&
         disk_rule_quota(request, new_type, 1, disk->size_gib);
}

static gboolean check_disk(Request *request, const Disk *disk)
{
  GHashTableIter iter;
  gpointer value;
  int running = 0;
  if (!disk_is_settled(disk))
    return refuse(request, "EVS.5400", "Must specify a valid status.");
  if (!disk_rule_unlocked(request, disk, TRUE) || !disk_rule_evs(request, disk))
    return FALSE;
  g_hash_table_iter_init(&iter, request->sim->disks);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    running +=
      ((Disk *)value)->project == disk->project && g_str_equal(((Disk *)value)->lock, DISK_LOCK_RETYPE);
  return running < RETYPES_MAX ||
         refuse(request, "EVS.2088", "retype failed. too many volumes are being retyped");
}

static void handle_retype(Request *request)
{
  Disk *disk = disk_of_request(request);
  const json_t *body = json_object_get(request_json(request), "os-retype");
  const char *new_type = json_string_value(json_object_get(body, "new_type"));
  gint64 iops = 0, throughput = 0;
  if (!disk)
    return;
  if (!new_type) {
    (void)refuse(request, "EVS.5400", "Malformed request body. os-retype.new_type is mandatory");
    return;
  }
  if (!check_disk(request, disk) || !check_type(request, disk, new_type) ||
      !disk_rule_rates(request, new_type, disk->size_gib, json_object_get(body, "iops"),
                       json_object_get(body, "throughput"), &iops, &throughput))
    return;
  Job *job = disk_change_job(request, JOB_RETYPE, disk, new_type, disk->size_gib);
  job->note = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, iops, throughput);
  job_changed(request->sim, job);
  request->p->stuck_disk = NULL; /* a type change has no status */
  disk->lock = DISK_LOCK_RETYPE;
  disk_changed(request->sim, disk);
  disk_change_reply(request, 202, job, disk);
}

/* Snapshots follow their disk: its type is where clients read theirs. */
static void retype_snapshots(Sim *sim, const Disk *disk)
{
  g_autoptr(GPtrArray) all = sim_values(sim->snapshots);
  for (guint i = 0; i < all->len; i++) {
    Snapshot *snapshot = g_ptr_array_index(all, i);
    if (!g_str_equal(snapshot->volume_id, disk->id))
      continue;
    g_free(snapshot->type);
    snapshot->type = g_strdup(disk->type);
    snapshot_changed(sim, snapshot);
  }
}

static void finish_retype(Sim *sim, Job *job, gboolean failed)
{
  Disk *disk = sim_disk(sim, job->volume_id);
  const char *new_type = json_string_value(json_object_get(job->entities, "volume_type"));
  if (!disk || !new_type) {
    job_fail(job, "EVS.5404", "Volume could not be found.");
    return;
  }
  if (!failed) {
    g_free(disk->type);
    disk->type = g_strdup(new_type);
    disk_set_rates(disk, job->note);
    retype_snapshots(sim, disk);
  }
  disk->lock = "";
  disk_changed(sim, disk);
}

static const JobType retype_job = {
  .type = JOB_RETYPE, .service = SIM_SERVICE_EVS, .oracle = "retype", .finish = finish_retype};

static const Route routes[] = {
  {"retype", SIM_SERVICE_EVS, "POST", "/v2/{project_id}/volumes/{volume_id}/retype", "evs:volumes:retype",
   ROUTE_AUTH, handle_retype},
};

void disk_retype_start(Sim *sim)
{
  job_type_register(sim, &retype_job);
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
