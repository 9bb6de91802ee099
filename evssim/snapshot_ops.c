/* Snapshots of disks (reference 6.2, for the Cinder face 7.2): create, get, update, delete, roll back. Clients see no
 * job; within, one makes the time pass and is the journal's note of what is under way. */
#include "base/log.h"
#include "evssim/disk_rules.h"
#include "evssim/image.h"
#include "evssim/pairs.h"
#include "evssim/parts.h"
#include "evssim/request.h"
#include "evssim/snapshots.h"
#include "evssim/standing.h"

enum {
  NAME_MAX_CHARS = 64,
  DESCRIPTION_MAX_CHARS = 85,
};

#define JOB_CREATE "createSnapshot"
#define JOB_DELETE "deleteSnapshot"
#define JOB_ROLLBACK "rollbackSnapshot"

static gboolean refuse(Request *request, int status, const char *code, const char *message)
{
  reply_error(request, status, code, "%s", message);
  return FALSE;
}

static void reply_missing(Request *request, const char *id)
{
  reply_error(request, 404, "EVS.5404", "Snapshot %s could not be found.", id);
}

gboolean snapshot_is_of_face(const Request *request, const Snapshot *snapshot)
{
  gboolean standard = g_str_has_prefix(request->route->path, "/v5/");
  return standard ? snapshot->standard != NULL : snapshot->standard == NULL;
}

Snapshot *snapshot_of_request(Request *request)
{
  const char *id = request_path(request, "snapshot_id");
  Snapshot *snapshot = sim_snapshot(request->sim, id);
  if (snapshot && snapshot->project == request->project && snapshot_is_of_face(request, snapshot))
    return snapshot;
  reply_missing(request, id);
  return NULL;
}

static gboolean is_of_backup(const Snapshot *snapshot)
{
  return g_str_has_prefix(snapshot->name, SNAPSHOT_BACKUP_PREFIX);
}

/* A job about a snapshot; a fault that keeps it stuck concerns the snapshot, not the disk. */
static Job *start_job(Request *request, const char *type, const char *volume_id, const char *snapshot_id)
{
  Job *job = job_start(request, type, volume_id, NULL);
  job->note = g_strdup(snapshot_id);
  job_changed(request->sim, job);
  request->p->stuck_disk = NULL;
  return job;
}

/* ---- create ---- */

typedef struct {
  Disk *disk;
  const char *name, *description;
  gboolean force;
  json_t *metadata; /* owned */
} CreateRequest;

static void create_request_clear(CreateRequest *read)
{
  json_decref(read->metadata);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CreateRequest, create_request_clear)

/* Absent and null are "". */
static gboolean read_text(Request *request, const json_t *object, const char *key, glong max,
                          const char **ret_text)
{
  const json_t *value = json_object_get(object, key);
  *ret_text = json_is_string(value) ? json_string_value(value) : "";
  if (value && !json_is_null(value) && !json_is_string(value)) {
    reply_error(request, 400, "EVS.1018", "Type conversion error , parameter type is unexpected: %s", key);
    return FALSE;
  }
  if (g_utf8_strlen(*ret_text, -1) <= max)
    return TRUE;
  reply_error(request, 400, "EVS.5400", "Malformed request body. %s has at most %ld characters", key, max);
  return FALSE;
}

gboolean snapshot_read_names(Request *request, Disk **ret_disk, const char **ret_name,
                             const char **ret_description)
{
  const json_t *snapshot = json_object_get(request_json(request), "snapshot");
  const char *volume_id = json_string_value(json_object_get(snapshot, "volume_id"));
  if (!volume_id)
    return refuse(request, 400, "EVS.5400", "Malformed request body. snapshot.volume_id is mandatory");
  if (!read_text(request, snapshot, "name", NAME_MAX_CHARS, ret_name) ||
      !read_text(request, snapshot, "description", DESCRIPTION_MAX_CHARS, ret_description))
    return FALSE;
  *ret_disk = sim_disk(request->sim, volume_id);
  if (*ret_disk && (*ret_disk)->project == request->project && disk_is_visible(request->sim, *ret_disk))
    return TRUE;
  reply_error(request, 404, "EVS.5404", "Volume %s could not be found.", volume_id);
  return FALSE;
}

static gboolean read_create(Request *request, CreateRequest *ret)
{
  const json_t *snapshot = json_object_get(request_json(request), "snapshot");
  const json_t *force = json_object_get(snapshot, "force");
  if (force && !json_is_boolean(force) && !json_is_null(force))
    return refuse(request, 400, "EVS.1018", "Type conversion error , parameter type is unexpected: force");
  ret->force = json_is_true(force);
  return snapshot_read_names(request, &ret->disk, &ret->name, &ret->description) &&
         (ret->metadata = pairs_read(request, json_object_get(snapshot, "metadata"), PAIRS_OF_BODY));
}

/* A disk that a server has is snapped only by force. */
static gboolean check_status(Request *request, const CreateRequest *read)
{
  static const char *const forced[] = {DISK_IN_USE, DISK_ATTACHING, DISK_DETACHING, NULL};
  if (g_str_equal(read->disk->status, DISK_AVAILABLE) ||
      (read->force && g_strv_contains(forced, read->disk->status)))
    return disk_rule_unlocked(request, read->disk, FALSE);
  reply_error(request, 400, "EVS.5400", "Must specify a valid status. the volume is %s", read->disk->status);
  return FALSE;
}

gboolean snapshot_rule_quota(Request *request, const char *type)
{
  const Sim *sim = request->sim;
  g_autofree char *type_kind = g_strconcat("snapshots_", type, NULL);
  gint64 whole = project_quota(request->project, "snapshots"),
         of_type = project_quota(request->project, type_kind);
  return ((whole < 0 || snapshots_count(sim, request->project, NULL, NULL) < whole) &&
          (of_type < 0 || snapshots_count(sim, request->project, type, NULL) < of_type)) ||
         refuse(request, 413, "EVS.5413", "Insufficient snapshot quota.");
}

static gboolean check_limits(Request *request, const CreateRequest *read)
{
  const char *id = read->disk->id;
  gint64 legacy =
    snapshots_count(request->sim, NULL, NULL, id) - snapshots_count_standard(request->sim, id, NULL, NULL);
  if (legacy >= SNAPSHOTS_PER_DISK_MAX)
    return refuse(request, 413, "EVS.5413", "Insufficient snapshot quota. a volume has at most 7 snapshots");
  return snapshot_rule_quota(request, read->disk->type);
}

const Snapshot *snapshot_start(Request *request, const Disk *disk, const char *name, const char *description,
                               json_t *metadata, json_t *standard, const Job **ret_job)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = g_uuid_string_random();
  *ret_job = start_job(request, JOB_CREATE, disk->id, id);
  const Snapshot *snapshot =
    snapshot_take_standard(request->sim, disk, id, name, description, metadata, standard, &error);
  if (snapshot)
    return snapshot;
  log_error("cannot make a snapshot", LOG_TEXT("cause", error->message));
  (void)refuse(request, 500, "EVS.2002", "internal error!");
  return NULL;
}

void snapshot_create(Request *request, SnapshotRender render)
{
  g_auto(CreateRequest) read = {.disk = NULL};
  const Job *job;
  if (!read_create(request, &read) || !check_status(request, &read) || !check_limits(request, &read))
    return;
  const Snapshot *snapshot =
    snapshot_start(request, read.disk, read.name, read.description, read.metadata, NULL, &job);
  if (snapshot)
    reply_json(request, 202, json_pack("{s:o}", "snapshot", render(snapshot)));
}

static void handle_create(Request *request)
{
  snapshot_create(request, snapshot_render);
}

static void finish_create(Sim *sim, Job *job, gboolean failed)
{
  Snapshot *snapshot = sim_snapshot(sim, job->note);
  if (snapshot)
    snapshot_set_status(sim, snapshot, failed ? DISK_ERROR : DISK_AVAILABLE);
}

/* ---- get, update ---- */

static void show_stale(Request *request, SnapshotRender render, gint64 age_us)
{
  const char *id = request_path(request, "snapshot_id");
  g_autoptr(SnapshotView) view = snapshot_view_new(request->sim, request->project, 0, age_us);
  for (guint i = 0; i < view->snapshots->len; i++) {
    const Snapshot *snapshot = g_ptr_array_index(view->snapshots, i);
    if (g_str_equal(snapshot->id, id) && snapshot_is_of_face(request, snapshot)) {
      reply_json(request, 200, json_pack("{s:o}", "snapshot", render(snapshot)));
      return;
    }
  }
  reply_missing(request, id);
}

void snapshot_show(Request *request, SnapshotRender render)
{
  const Snapshot *now = sim_snapshot(request->sim, request_path(request, "snapshot_id"));
  request_fire_faults(request, FAULT_BITS_OF_READS, now ? now->volume_id : NULL);
  const FaultAction *stale = request->p->faults[FAULT_STALE];
  if (stale) {
    show_stale(request, render, stale->ms * 1000);
    return;
  }
  const Snapshot *snapshot = snapshot_of_request(request);
  if (snapshot)
    reply_json(request, 200, json_pack("{s:o}", "snapshot", render(snapshot)));
}

static void handle_get(Request *request)
{
  snapshot_show(request, snapshot_render);
}

void snapshot_update(Request *request, SnapshotRender render)
{
  const json_t *body = json_object_get(request_json(request), "snapshot");
  const char *name, *description;
  Snapshot *snapshot = snapshot_of_request(request);
  if (!snapshot || !read_text(request, body, "name", NAME_MAX_CHARS, &name) ||
      !read_text(request, body, "description", DESCRIPTION_MAX_CHARS, &description))
    return;
  gboolean has_name = json_is_string(json_object_get(body, "name")),
           has_description = json_is_string(json_object_get(body, "description"));
  if (!has_name && !has_description) {
    (void)refuse(request, 400, "EVS.5400", "Malformed request body. name or description is mandatory");
    return;
  }
  if (has_name) {
    g_free(snapshot->name);
    snapshot->name = g_strdup(name);
  }
  if (has_description) {
    g_free(snapshot->description);
    snapshot->description = g_strdup(description);
  }
  snapshot_changed(request->sim, snapshot);
  reply_json(request, 200, json_pack("{s:o}", "snapshot", render(snapshot)));
}

static void handle_update(Request *request)
{
  snapshot_update(request, snapshot_render);
}

/* ---- delete ---- */

void snapshot_handle_delete(Request *request)
{
  Snapshot *snapshot = snapshot_of_request(request);
  if (!snapshot)
    return;
  if (is_of_backup(snapshot)) {
    (void)refuse(request, 400, "EVS.5400", "Malformed request url. the snapshot belongs to a backup");
    return;
  }
  if (!g_str_equal(snapshot->status, DISK_AVAILABLE) && !g_str_equal(snapshot->status, DISK_ERROR)) {
    (void)refuse(request, 400, "EVS.1047",
                 "snapshot status must be available or error when delete snapshot!");
    return;
  }
  (void)start_job(request, JOB_DELETE, snapshot->volume_id, snapshot->id);
  snapshot_set_status(request->sim, snapshot, DISK_DELETING);
  reply_empty(request, 202);
}

static void finish_delete(Sim *sim, Job *job, gboolean failed)
{
  Snapshot *snapshot = sim_snapshot(sim, job->note);
  if (!snapshot)
    return;
  if (!failed) {
    snapshot_remove(sim, snapshot);
    return;
  }
  if (!job->error_code)
    job_fail(job, "EVS.2019", "snapshot is error_deleting !");
  snapshot_set_status(sim, snapshot, DISK_ERROR_DELETING);
}

/* ---- roll back ---- */

/* The disk to roll back; NULL: answered. optional: the body may leave its id out (6.2.7), but then its name too. */
static Disk *read_rollback(Request *request, const Snapshot *snapshot, gboolean optional)
{
  const json_t *body = json_object_get(request_json(request), "rollback");
  const char *volume_id = json_string_value(json_object_get(body, "volume_id")), *name;
  if (!read_text(request, body, "name", NAME_MAX_CHARS, &name))
    return NULL;
  if (optional && json_is_object(body) && !json_object_get(body, "volume_id") && !*name)
    volume_id = snapshot->volume_id;
  Disk *disk = sim_disk(request->sim, snapshot->volume_id);
  if (volume_id && disk && g_str_equal(volume_id, disk->id))
    return disk;
  (void)refuse(request, 400, "EVS.5400",
               "Malformed request body. rollback.volume_id must be the source of the snapshot");
  return NULL;
}

static void roll_back(Request *request, gboolean optional)
{
  Snapshot *snapshot = snapshot_of_request(request);
  Disk *disk = snapshot ? read_rollback(request, snapshot, optional) : NULL;
  if (!disk)
    return;
  if (is_of_backup(snapshot) || !g_str_equal(snapshot->status, DISK_AVAILABLE) ||
      (!g_str_equal(disk->status, DISK_AVAILABLE) && !g_str_equal(disk->status, DISK_ERROR_ROLLBACKING))) {
    (void)refuse(request, 400, "EVS.5400", "Must specify a valid status.");
    return;
  }
  if (!disk_rule_unlocked(request, disk, TRUE))
    return;
  if (g_str_equal(disk_metadata(disk, "__system__encrypted"), "1") && !standing_kms(request, KMS_ROLLBACK))
    return;
  (void)start_job(request, JOB_ROLLBACK, disk->id, snapshot->id);
  snapshot_set_status(request->sim, snapshot, DISK_ROLLBACKING);
  disk_set_status(disk, DISK_ROLLBACKING);
  disk_changed(request->sim, disk);
  reply_json(request, 202, json_pack("{s:{s:s}}", "rollback", "volume_id", disk->id));
}

void snapshot_handle_rollback(Request *request)
{
  roll_back(request, FALSE);
}

static void handle_old_rollback(Request *request)
{
  roll_back(request, !request_is_v3(request));
}

/* The disk keeps the size it has by now: what was added since reads as zeros. */
static gboolean write_back(const Sim *sim, const Snapshot *snapshot, const Disk *disk)
{
  g_autofree char *from = snapshot_file(sim, snapshot), *to = disk_file(sim, disk);
  g_autoptr(GError) error = NULL;
  if (image_copy(from, to, disk->size_gib << 30, &error))
    return TRUE;
  log_error("cannot roll a disk back", LOG_TEXT("volume", disk->id), LOG_TEXT("cause", error->message));
  return FALSE;
}

static void finish_rollback(Sim *sim, Job *job, gboolean failed)
{
  Snapshot *snapshot = sim_snapshot(sim, job->note);
  Disk *disk = sim_disk(sim, job->volume_id);
  /* killed between the job's record and the disk's: nobody was told of a rollback */
  gboolean begun = snapshot && disk && g_str_equal(disk->status, DISK_ROLLBACKING);
  gboolean done = begun && !failed && write_back(sim, snapshot, disk);
  if (begun) {
    disk_set_status(disk, done ? DISK_AVAILABLE : DISK_ERROR_ROLLBACKING);
    disk_changed(sim, disk);
  }
  if (snapshot && g_str_equal(snapshot->status, DISK_ROLLBACKING))
    snapshot_set_status(sim, snapshot, DISK_AVAILABLE);
  if (!done && !job->error_code)
    job_fail(job, "EVS.2002", "internal error!");
}

/* ---- registration ---- */

static const JobType job_types[] = {
  {.type = JOB_CREATE, .service = SIM_SERVICE_EVS, .oracle = "snapshot", .finish = finish_create},
  {.type = JOB_DELETE, .service = SIM_SERVICE_EVS, .oracle = "delete_snapshot", .finish = finish_delete},
  {.type = JOB_ROLLBACK, .service = SIM_SERVICE_EVS, .oracle = "rollback", .finish = finish_rollback},
};

#define SNAPSHOTS "/v2/{project_id}/cloudsnapshots"

static const Route routes[] = {
  {"6.2.1", SIM_SERVICE_EVS, "POST", SNAPSHOTS, "evs:snapshots:create", ROUTE_AUTH, handle_create},
  {"6.2.2", SIM_SERVICE_EVS, "DELETE", SNAPSHOTS "/{snapshot_id}", "evs:snapshots:delete", ROUTE_AUTH,
   snapshot_handle_delete},
  {"6.2.3", SIM_SERVICE_EVS, "PUT", SNAPSHOTS "/{snapshot_id}", "evs:snapshots:update", ROUTE_AUTH,
   handle_update},
  {"6.2.4", SIM_SERVICE_EVS, "GET", SNAPSHOTS "/detail", "evs:snapshots:list", ROUTE_AUTH,
   snapshot_handle_list},
  {"6.2.5", SIM_SERVICE_EVS, "GET", SNAPSHOTS "/{snapshot_id}", "evs:snapshots:get", ROUTE_AUTH, handle_get},
  {"6.2.6", SIM_SERVICE_EVS, "POST", SNAPSHOTS "/{snapshot_id}/rollback", "evs:snapshots:rollback",
   ROUTE_AUTH, snapshot_handle_rollback},
};

static const Route twins[] = {
  {"6.2.7", SIM_SERVICE_EVS, "POST", "/v2/{project_id}/os-vendor-snapshots/{snapshot_id}/rollback",
   "evs:snapshots:rollback evs:snapshots:get evs:volumes:get", ROUTE_AUTH, handle_old_rollback},
};

void snapshots_start(Sim *sim)
{
  snapshots_register(sim);
  for (gsize i = 0; i < G_N_ELEMENTS(job_types); i++)
    job_type_register(sim, &job_types[i]);
  router_add(sim, routes, G_N_ELEMENTS(routes));
  router_add_twins(sim, twins, G_N_ELEMENTS(twins));
  standard_snapshots_start(sim);
}
