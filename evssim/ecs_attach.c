/* Attach and detach: the rules by which the cloud takes them, and the jobs that carry them out. */
#include "base/error.h"
#include "base/log.h"
#include "evssim/disks.h"
#include "evssim/ecs.h"
#include "evssim/jobs.h"
#include "evssim/metadata.h"
#include "evssim/parts.h"
#include "evssim/server_devices.h"

#define JOB_ATTACH "attachVolume"
#define JOB_DETACH "detachVolume"

/* Why a call is refused; code NULL: it is not. */
typedef struct {
  const char *code, *text;
} Refusal;

#define ACCEPTED ((Refusal){NULL, NULL})

static gboolean server_takes_work(const Server *server)
{
  return strcmp(server->status, "ACTIVE") == 0 || strcmp(server->status, "SHUTOFF") == 0;
}

/* --- attach --- */

static gboolean disk_is_free(const Sim *sim, const Disk *disk)
{
  if (strcmp(disk->lock, DISK_LOCK_RETYPE) == 0)
    return FALSE;
  if (strcmp(disk->status, DISK_AVAILABLE) == 0)
    return TRUE;
  return disk->multiattach &&
         (strcmp(disk->status, DISK_IN_USE) == 0 || strcmp(disk->status, DISK_ATTACHING) == 0) &&
         disk->attachments->len + ecs_attaching_count(sim, disk) < SIM_SHARED_SERVERS_MAX;
}

static Refusal judge_attach(const Sim *sim, const Server *server, const Disk *disk)
{
  if (!server_takes_work(server))
    return (Refusal){
      "Ecs.0100", "The status of the server does not meet the requirements: it must be ACTIVE or SHUTOFF."};
  if (!disk)
    return (Refusal){"Ecs.0103", "The disk does not exist or is not available."};
  if (ecs_device_name(sim, disk, server))
    return (Refusal){"Ecs.0057", "The disk has been attached to this server."};
  const char *owner = json_string_value(json_object_get(disk->metadata, "__system__server_id"));
  if (owner && *owner && strcmp(owner, server->id) != 0)
    return (Refusal){"Ecs.0017", "The disk belongs to another server."};
  if (strcmp(disk->zone, server->zone) != 0)
    return (Refusal){"Ecs.0121", "The disk and the server are in different availability zones."};
  if (strcmp(disk->lock, DISK_LOCK_FROZEN) == 0)
    return (Refusal){"Ecs.0003", "The disk is frozen: your account is in arrears."};
  if (!disk_is_free(sim, disk))
    return (Refusal){"Ecs.0103", "The disk does not exist or is not available."};
  FreeSlots slots = ecs_free_slots(sim, server);
  if ((server_sees_scsi(server, disk) ? slots.scsi : slots.virtio) == 0)
    return (Refusal){"Ecs.0104", "The server has no free slot for a disk."};
  return ACCEPTED;
}

/* The device name asked for, as the server's bus spells it; NULL: none was asked for. */
static char *wanted_device(const Server *server, const char *device)
{
  if (!device || !*device)
    return NULL;
  const char *letters =
    g_str_has_prefix(device, "/dev/vd") || g_str_has_prefix(device, "/dev/sd") ? device + 7 : device;
  return g_strconcat(server->bus == SIM_BUS_SCSI ? "/dev/sd" : "/dev/vd", letters, NULL);
}

static Refusal judge_device(const Sim *sim, const Server *server, const char *device)
{
  if (!device)
    return ACCEPTED;
  const char *letters = device + strlen("/dev/vd");
  if (strlen(device) < 8 || strlen(device) > 9 ||
      strspn(letters, "abcdefghijklmnopqrstuvwxyz") != strlen(letters) || strcmp(letters, "a") == 0)
    return (Refusal){"Ecs.0005", "device must be /dev/vdb and on."};
  g_autoptr(GPtrArray) disks = ecs_disks_of(sim, server);
  for (guint i = 0; i < disks->len; i++)
    if (strcmp(ecs_device_name(sim, disks->pdata[i], server), device) == 0)
      return (Refusal){"Ecs.0005", "device is the name of a disk of this server already."};
  return ACCEPTED;
}

/* Takes disk and server, and starts the job. */
static Job *begin_attach(Request *request, const Server *server, Disk *disk, const char *device)
{
  /* the job first: killed in between, the simulator ends it as FAIL and frees the disk */
  Job *job = job_start(request, JOB_ATTACH, disk->id, server->id);
  ecs_attaching_add(request->sim, disk, server, device);
  disk_set_status(disk, DISK_ATTACHING);
  disk_changed(request->sim, disk);
  return job;
}

static gboolean allowed_to_use(Request *request)
{
  if (iam_allows(&request->principal, "evs:volumes:use"))
    return TRUE;
  reply_error(request, 403, "Pdp.0001", "Policy doesn't allow evs:volumes:use to be performed.");
  return FALSE;
}

static const char *text_of(const json_t *object, const char *key)
{
  return json_string_value(json_object_get(object, key));
}

/* Without a volume a dry run must say what disk it means. */
static gboolean dry_run_is_complete(const json_t *attachment)
{
  return text_of(attachment, "volume_type") && text_of(attachment, "hw:passthrough");
}

static void handle_attach(Request *request)
{
  const json_t *body = request_json(request);
  const json_t *attachment = json_object_get(body, "volumeAttachment");
  gboolean dry_run = json_is_true(json_object_get(body, "dry_run"));
  const char *volume_id = text_of(attachment, "volumeId");
  Server *server = ecs_find_server(request, FALSE);
  if (!server || !allowed_to_use(request))
    return;
  if (!json_is_object(attachment) || (!volume_id && !(dry_run && dry_run_is_complete(attachment)))) {
    reply_error(request, 400, "Ecs.0005",
                "The request body is invalid: volumeAttachment.volumeId is mandatory.");
    return;
  }
  Disk *disk = volume_id ? ecs_find_disk(request, volume_id) : NULL;
  g_autofree char *device = wanted_device(server, text_of(attachment, "device"));
  Refusal refusal = volume_id ? judge_attach(request->sim, server, disk) : ACCEPTED;
  if (!refusal.code)
    refusal = judge_device(request->sim, server, device);
  if (refusal.code)
    reply_error(request, strcmp(refusal.code, "Ecs.0003") == 0 ? 403 : 400, refusal.code, "%s", refusal.text);
  else if (dry_run)
    reply_empty(request, 204);
  else
    reply_json(request, 200, json_pack("{s:s}", "job_id", begin_attach(request, server, disk, device)->id));
}

static void handle_nova_attach(Request *request)
{
  const json_t *attachment = json_object_get(request_json(request), "volumeAttachment");
  const char *volume_id = text_of(attachment, "volumeId");
  Server *server = ecs_find_server(request, TRUE);
  if (!server)
    return;
  if (!volume_id) {
    reply_cinder(request, 400, "badRequest",
                 "Invalid input: volumeAttachment.volumeId is a required property");
    return;
  }
  Disk *disk = ecs_find_disk(request, volume_id);
  g_autofree char *device = wanted_device(server, text_of(attachment, "device"));
  Refusal refusal = judge_attach(request->sim, server, disk);
  if (!refusal.code)
    refusal = judge_device(request->sim, server, device);
  if (!disk)
    reply_cinder(request, 404, "itemNotFound", "Volume %s could not be found.", volume_id);
  else if (refusal.code)
    reply_cinder(request, 400, "badRequest", "Invalid volume: %s", refusal.text);
  else {
    (void)begin_attach(request, server, disk, device);
    reply_json(request, 200,
               json_pack("{s:{s:s, s:s, s:s, s:s}}", "volumeAttachment", "id", disk->id, "volumeId", disk->id,
                         "serverId", server->id, "device", ecs_device_name(request->sim, disk, server)));
  }
}

/* The disk's status once nothing is under way on it. */
static void settle(Sim *sim, Disk *disk)
{
  gboolean still_attaching = ecs_attaching_count(sim, disk) > 0;
  disk_set_status(disk, still_attaching              ? DISK_ATTACHING
                        : disk->attachments->len > 0 ? DISK_IN_USE
                                                     : DISK_AVAILABLE);
  disk_changed(sim, disk);
}

/* Ends the attach under way: the device appears, the attachment too. */
static gboolean complete(Sim *sim, Disk *disk, Server *server, GError **error)
{
  const Attaching *attaching = ecs_attaching(sim, disk->id, server->id);
  if (!server_plug(sim, server, disk, error)) {
    log_error("cannot make a disk's device", LOG_TEXT("volume", disk->id),
              LOG_TEXT("cause", (*error)->message));
    return FALSE;
  }
  g_ptr_array_add(disk->attachments, attachment_new(server->id, attaching->device, sim_cloud_us(sim)));
  return TRUE;
}

static void finish_attach(Sim *sim, Job *job, gboolean failed)
{
  Disk *disk = sim_disk(sim, job->volume_id);
  Server *server = sim_server(sim, job->server_id);
  g_autoptr(GError) error = NULL;
  /* Killed after the disk's record was written and before the job's: the work is done. */
  gboolean done = disk && disk_attachment(disk, job->server_id);
  if (!done && (!disk || !server || !ecs_attaching(sim, job->volume_id, job->server_id)))
    job_fail(job, "Ecs.0205", "Failed to attach the disk: the disk or the server has gone.");
  else if (!done && !failed && !complete(sim, disk, server, &error))
    job_fail(job, "Ecs.0205", error->message);
  ecs_attaching_remove(sim, job->volume_id, job->server_id);
  if (disk)
    settle(sim, disk);
}

void ecs_attach_fresh(Sim *sim, Disk *disk, const char *server_id, Job *job)
{
  Server *server = sim_server(sim, server_id);
  g_autoptr(GError) error = NULL;
  gboolean possible = server && server->project == disk->project && !judge_attach(sim, server, disk).code;
  if (possible)
    ecs_attaching_add(sim, disk, server, NULL);
  if (!possible || !complete(sim, disk, server, &error))
    job_fail(job, "EVS.2134", "call ecs api - attach volume fail.");
  ecs_attaching_remove(sim, disk->id, server_id);
  settle(sim, disk);
}

/* --- detach --- */

/* A forced detach also ends what hangs at a server that does not run. */
static gboolean breaks_off(const Server *server, const Disk *disk, gboolean forced)
{
  return forced && strcmp(server->status, "ACTIVE") != 0 &&
         (strcmp(disk->status, DISK_ATTACHING) == 0 || strcmp(disk->status, DISK_DETACHING) == 0);
}

static Refusal judge_detach(const Sim *sim, const Server *server, const Disk *disk, gboolean forced)
{
  if (!disk || !ecs_device_name(sim, disk, server))
    return (Refusal){"Ecs.0111", "The disk is not in the list of disks attached to this server."};
  if (breaks_off(server, disk, forced))
    return ACCEPTED;
  gboolean attached = disk_attachment(disk, server->id) != NULL;
  static const char *const idle[] = {DISK_IN_USE, DISK_ERROR_DETACHING, DISK_ERROR_EXTENDING, NULL};
  if (!attached || !g_strv_contains(idle, disk->status) || strcmp(disk->lock, DISK_LOCK_RETYPE) == 0)
    return (Refusal){"Ecs.0102", "The status of the disk does not allow it to be detached."};
  if (!forced && !server_takes_work(server))
    return (Refusal){
      "Ecs.0100", "The status of the server does not meet the requirements: it must be ACTIVE or SHUTOFF."};
  return ACCEPTED;
}

static Job *begin_detach(Request *request, const Server *server, Disk *disk, gboolean forced)
{
  if (breaks_off(server, disk, forced))
    jobs_break(request->sim, disk->id, "Ecs.0205", "Broken off by a forced detach.");
  Job *job = job_start(request, JOB_DETACH, disk->id, server->id);
  job->note = g_strdup(forced ? "forced" : "plain");
  job_changed(request->sim, job);
  disk_set_status(disk, DISK_DETACHING);
  disk_changed(request->sim, disk);
  return job;
}

static void handle_detach(Request *request)
{
  const char *flag = request_query(request, "delete_flag");
  Server *server = ecs_find_server(request, FALSE);
  if (!server)
    return;
  if (flag && strcmp(flag, "0") != 0 && strcmp(flag, "1") != 0) {
    reply_error(request, 400, "Ecs.0005", "delete_flag must be 0 or 1.");
    return;
  }
  gboolean forced = g_strcmp0(flag, "1") == 0;
  Disk *disk = ecs_find_disk(request, request_path(request, "volume_id"));
  Refusal refusal = judge_detach(request->sim, server, disk, forced);
  if (refusal.code)
    reply_error(request, 400, refusal.code, "%s", refusal.text);
  else
    reply_json(request, 200, json_pack("{s:s}", "job_id", begin_detach(request, server, disk, forced)->id));
}

static void handle_nova_detach(Request *request)
{
  const char *volume_id = request_path(request, "volume_id");
  Server *server = ecs_find_server(request, TRUE);
  if (!server)
    return;
  Disk *disk = ecs_find_disk(request, volume_id);
  Refusal refusal = judge_detach(request->sim, server, disk, FALSE);
  if (g_strcmp0(refusal.code, "Ecs.0111") == 0) {
    reply_cinder(request, 404, "itemNotFound", "volume_id not found: %s", volume_id);
  } else if (refusal.code) {
    reply_cinder(request, 400, "badRequest", "Invalid volume: %s", refusal.text);
  } else {
    (void)begin_detach(request, server, disk, FALSE);
    reply_empty(request, 202);
  }
}

static void finish_detach(Sim *sim, Job *job, gboolean failed)
{
  Disk *disk = sim_disk(sim, job->volume_id);
  Server *server = sim_server(sim, job->server_id);
  if (!disk)
    return;
  gboolean forced = g_strcmp0(job->note, "forced") == 0;
  gboolean running = server && strcmp(server->status, "ACTIVE") == 0;
  if (!failed && !forced && running && server_uses(server, disk))
    job_fail(job, "Ecs.1000", "Failed to detach the disk: it is in use in the server. Unmount it first.");
  else if (!failed) {
    if (server)
      server_unplug(server, disk);
    disk_attachment_remove(disk, job->server_id);
  }
  settle(sim, disk);
}

void ecs_server_deleted(Sim *sim, Server *server)
{
  g_autoptr(GPtrArray) disks = ecs_disks_of(sim, server);
  for (guint i = 0; i < disks->len; i++) {
    Disk *disk = disks->pdata[i];
    if (server->devices)
      server_unplug(server, disk);
    disk_attachment_remove(disk, server->id);
    ecs_attaching_remove(sim, disk->id, server->id);
    settle(sim, disk);
  }
}

static const JobType job_types[] = {
  {.type = JOB_ATTACH,
   .service = SIM_SERVICE_ECS,
   .oracle = "attach",
   .serial_per_server = TRUE,
   .finish = finish_attach},
  {.type = JOB_DETACH,
   .service = SIM_SERVICE_ECS,
   .oracle = "detach",
   .serial_per_server = TRUE,
   .finish = finish_detach},
};

#define NOVA(version, path) "/" version "/{project_id}/servers/{server_id}" path

static const Route routes[] = {
  {"ecs.attach", SIM_SERVICE_ECS, "POST", "/v1/{project_id}/cloudservers/{server_id}/attachvolume",
   "ecs:cloudServers:attach", ROUTE_AUTH, handle_attach},
  {"ecs.detach", SIM_SERVICE_ECS, "DELETE",
   "/v1/{project_id}/cloudservers/{server_id}/detachvolume/{volume_id}", "ecs:cloudServers:detachVolume",
   ROUTE_AUTH, handle_detach},
  {"ecs.nova_attach", SIM_SERVICE_ECS, "POST", NOVA("v2.1", "/os-volume_attachments"),
   "ecs:serverVolumeAttachments:create", ROUTE_AUTH, handle_nova_attach},
  {"ecs.nova_attach", SIM_SERVICE_ECS, "POST", NOVA("v2", "/os-volume_attachments"),
   "ecs:serverVolumeAttachments:create", ROUTE_AUTH, handle_nova_attach},
  {"ecs.nova_detach", SIM_SERVICE_ECS, "DELETE", NOVA("v2.1", "/os-volume_attachments/{volume_id}"),
   "ecs:serverVolumeAttachments:delete", ROUTE_AUTH, handle_nova_detach},
  {"ecs.nova_detach", SIM_SERVICE_ECS, "DELETE", NOVA("v2", "/os-volume_attachments/{volume_id}"),
   "ecs:serverVolumeAttachments:delete", ROUTE_AUTH, handle_nova_detach},
  {"ecs.job", SIM_SERVICE_ECS, "GET", "/v1/{project_id}/jobs/{job_id}", NULL, ROUTE_AUTH, job_handle_get},
  {"ecs.metadata_options", SIM_SERVICE_ECS, "PUT",
   "/v1/{project_id}/cloudservers/{server_id}/metadata-options", "ecs:cloudServers:updateMetadataOptions",
   ROUTE_AUTH, metadata_handle_options},
};

void ecs_attach_start(Sim *sim)
{
  for (gsize i = 0; i < G_N_ELEMENTS(job_types); i++)
    job_type_register(sim, &job_types[i]);
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
