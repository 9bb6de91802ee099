/* Routes and job types of EVS disks; get and delete. */
#include "evssim/disk_ops.h"

#include "evssim/backups.h"
#include "evssim/client_tokens.h"
#include "evssim/disk_rules.h"
#include "evssim/disk_view.h"
#include "evssim/history.h"
#include "evssim/images.h"
#include "evssim/parts.h"
#include "evssim/recycle.h"
#include "evssim/request.h"
#include "evssim/standing.h"
#include "evssim/transfers.h"

/* The disk of {volume_id} of a while ago (fault kind stale). */
static void show_stale(Request *request, DiskRender render, gint64 age_us)
{
  g_autoptr(DiskView) view = disk_view_new(request->sim, request->project, 0, age_us);
  const char *id = request_path(request, "volume_id");
  for (guint i = 0; i < view->disks->len; i++) {
    const Disk *disk = g_ptr_array_index(view->disks, i);
    if (g_str_equal(disk->id, id)) {
      reply_json(request, 200, json_pack("{s:o}", "volume", render(request, disk)));
      return;
    }
  }
  reply_error(request, 404, "EVS.5404", "Volume %s could not be found.", id);
}

void disk_show(Request *request, DiskRender render)
{
  request_fire_faults(request, FAULT_BITS_OF_READS, NULL);
  const FaultAction *stale = request->p->faults[FAULT_STALE];
  if (stale) {
    show_stale(request, render, stale->ms * 1000);
    return;
  }
  const Disk *disk = disk_of_request(request);
  if (disk)
    reply_json(request, 200, json_pack("{s:o}", "volume", render(request, disk)));
}

static json_t *render_custom(const Request *request, const Disk *disk)
{
  return disk_render(request->sim, disk);
}

static void handle_get(Request *request)
{
  disk_show(request, render_custom);
}

/* ---- delete ---- */

gboolean disk_may_delete(Request *request, const Disk *disk)
{
  static const char *const deletable[] = {
    DISK_AVAILABLE, DISK_ERROR, DISK_ERROR_EXTENDING, DISK_ERROR_RESTORING, DISK_ERROR_ROLLBACKING, NULL};
  if (*disk_metadata(disk, "orderID"))
    reply_error(request, 400, "EVS.1035", "periodic volume can not be deleted!");
  else if (g_str_equal(disk->status, DISK_BACKING_UP))
    reply_error(request, 400, "EVS.2130", "Volume is backing-up, forbidden deleting!");
  else if (!g_strv_contains(deletable, disk->status) || disk->attachments->len > 0)
    reply_error(
      request, 400, "EVS.1046",
      "volume status must be available, error, error_extending, error_restoring, error_rollbacking when "
      "delete volume!");
  else
    return disk_rule_unlocked(request, disk, TRUE);
  return FALSE;
}

Job *disk_start_delete(Request *request, Disk *disk)
{
  Job *job = job_start(request, "deleteVolume", disk->id, NULL);
  job->entities = json_pack("{s:s, s:s, s:I}", "name", disk->name, "volume_type", disk->type, "size",
                            (json_int_t)disk->size_gib);
  job_changed(request->sim, job);
  disk_set_status(disk, DISK_DELETING);
  disk_changed(request->sim, disk);
  return job;
}

static void handle_delete(Request *request)
{
  Disk *disk = disk_of_request(request);
  if (disk && disk_may_delete(request, disk))
    reply_json(request, 200, json_pack("{s:s}", "job_id", disk_start_delete(request, disk)->id));
}

static void finish_delete(Sim *sim, Job *job, gboolean failed)
{
  Disk *disk = sim_disk(sim, job->volume_id);
  if (!disk)
    return;
  if (!failed) {
    if (!disk->binned_us && !recycle_take(sim, disk)) /* in the bin: killed before the job's end was noted */
      disk_remove(sim, disk);
    return;
  }
  if (!job->error_code)
    job_fail(job, "EVS.2020", "volume is error_deleting !");
  disk_set_status(disk, DISK_ERROR_DELETING);
  disk_changed(sim, disk);
}

/* ---- 6.1.10: drop yearly/monthly disks ---- */

enum { UNSUBSCRIBE_MAX = 60 };

static json_t *unsubscribe_one(Request *request, const char *id)
{
  Disk *disk = sim_disk(request->sim, id);
  gboolean known = disk && disk->project == request->project && disk_is_visible(request->sim, disk);
  const char *order = known ? disk_metadata(disk, "orderID") : "";
  gboolean of_server = known && (disk->bootable || disk_is_system(disk));
  gboolean ready = *order && !of_server && g_str_equal(disk->status, DISK_AVAILABLE) && !*disk->lock;
  json_t *result = json_pack("{s:s, s:s}", "volume_id", id, "result", ready ? "SUCCESS" : "FAIL");
  if (*order)
    json_object_set_new(result, "order_id", json_string(order));
  if (ready)
    (void)disk_start_delete(request, disk);
  else
    json_object_set_new(result, "fail_reason",
                        json_string(!known      ? "Volume could not be found."
                                    : !*order   ? "volume is not periodic"
                                    : of_server ? "a system disk goes with its server"
                                                : "volume status must be available"));
  return result;
}

static void handle_unsubscribe(Request *request)
{
  const json_t *ids = json_object_get(request_json(request), "volume_ids");
  json_t *results = json_array(), *item;
  gsize index;
  if (!json_is_array(ids) || json_array_size(ids) == 0 || json_array_size(ids) > UNSUBSCRIBE_MAX) {
    json_decref(results);
    reply_error(request, 400, json_array_size(ids) > UNSUBSCRIBE_MAX ? "EVS.2228" : "EVS.5400",
                json_array_size(ids) > UNSUBSCRIBE_MAX ? "input volume ids must not be over 60."
                                                       : "Malformed request body.");
    return;
  }
  json_array_foreach(ids, index, item) json_array_append_new(
    results, unsubscribe_one(request, json_is_string(item) ? json_string_value(item) : ""));
  reply_json(request, 202, json_pack("{s:o}", "results", results));
}

/* ---- registration ---- */

static const JobType delete_job = {
  .type = "deleteVolume", .service = SIM_SERVICE_EVS, .oracle = "delete", .finish = finish_delete};

static const Route routes[] = {
  {"6.1.1", SIM_SERVICE_EVS, "POST", "/v2.1/{project_id}/cloudvolumes", "evs:volumes:create", ROUTE_AUTH,
   disk_handle_create},
  {"6.1.7", SIM_SERVICE_EVS, "POST", "/v2/{project_id}/cloudvolumes", "evs:volumes:create", ROUTE_AUTH,
   disk_handle_create},
  {"v3.6.1.1", SIM_SERVICE_EVS, "POST", "/v3/{project_id}/cloudvolumes", "evs:volumes:create", ROUTE_AUTH,
   disk_handle_create},
  {"6.1.3", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/cloudvolumes/detail", "evs:volumes:list", ROUTE_AUTH,
   disk_handle_list},
  {"6.1.4", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/cloudvolumes/{volume_id}", "evs:volumes:get",
   ROUTE_AUTH, handle_get},
  {"6.1.6", SIM_SERVICE_EVS, "DELETE", "/v2/{project_id}/cloudvolumes/{volume_id}", "evs:volumes:delete",
   ROUTE_AUTH, handle_delete},
  {"6.1.10", SIM_SERVICE_EVS, "POST", "/v2/{project_id}/cloudvolumes/unsubscribe", "evs:volumes:delete",
   ROUTE_AUTH, handle_unsubscribe},
  {"6.4.1", SIM_SERVICE_EVS, "GET", "/v1/{project_id}/jobs/{job_id}", NULL, ROUTE_AUTH, job_handle_get},
  {"v2.6.4.1", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/jobs/{job_id}", NULL, ROUTE_AUTH, job_handle_get},
};

void disks_start(Sim *sim)
{
  g_autofree char *directory = g_build_filename(sim->state_dir, "disks", NULL);
  (void)g_mkdir_with_parents(directory, 0755); /* if it fails, so does the first disk, and says why */
  history_start(sim);
  disks_register(sim);
  snapshots_start(sim);
  client_tokens_start(sim);
  job_type_register(sim, &disk_create_job);
  job_type_register(sim, &disk_batch_create_job);
  job_type_register(sim, &delete_job);
  disk_change_start(sim);
  disk_update_start(sim);
  disk_old_start(sim);
  disk_tags_start(sim);
  images_start(sim);
  cinder_start(sim);
  recycle_start(sim);
  transfers_start(sim);
  standing_start(sim);
  backups_start(sim);
  router_add(sim, routes, G_N_ELEMENTS(routes));
}

void disks_stop(Sim *sim)
{
  backups_stop(sim);
  standing_stop(sim);
  transfers_stop(sim);
  images_stop(sim);
  recycle_stop(sim);
  history_stop(sim);
  client_tokens_stop(sim);
}
