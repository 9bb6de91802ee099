/* One POST of a CreateVolume and what it came to: create_volume.h gives the rules. */
#include "base/clock.h"
#include "base/log.h"
#include "controller/client_token.h"
#include "controller/context.h"
#include "controller/create_volume.h"
#include "controller/creation.h"
#include "controller/find_disk.h"
#include "evsclient/job.h"

enum { RETRY_PAUSE_MS = 2000, GONE_PAUSE_MS = 5000, LISTED_PAUSE_MS = 1000 };

/* What one accepted POST is about. */
typedef struct {
  guint attempt;
  gint64 posted_wall_us;
  char *job_id, *volume_id; /* volume_id: "" until known */
  gint64 finished_us;       /* when we first saw the job's SUCCESS; 0: not yet */
} Posted;

static void posted_clear(Posted *posted)
{
  g_free(posted->job_id);
  g_free(posted->volume_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Posted, posted_clear)

static void metadata_put(GHashTable *metadata, const char *key, const char *value)
{
  g_hash_table_insert(metadata, g_strdup(key), g_strdup(value));
}

static void put_device(const VolumeParameters *parameters, GHashTable *metadata)
{
  if (parameters->scsi)
    metadata_put(metadata, "hw:passthrough", "true");
  if (parameters->kms_key_id) {
    metadata_put(metadata, "__system__encrypted", "1");
    metadata_put(metadata, "__system__cmkid", parameters->kms_key_id);
  }
}

/* Device type and encryption come from the snapshot; EVS refuses to be told them (EVS.1043). The temporary snapshot of a
 * clone goes away, so a clone must not lean on it. */
static void put_source(const Creation *creation, GHashTable *metadata)
{
  const CreateRequest *request = creation->request;
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_SOURCE), create_request_source_mark(request));
  if (request->source_kind == SOURCE_VOLUME || request->parameters.full_clone)
    metadata_put(metadata, "full_clone", "1");
}

static GHashTable *build_metadata(const Creation *creation)
{
  const VolumeParameters *parameters = &creation->request->parameters;
  GHashTable *metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  owner_mark(&creation->controller->owner, creation->request->name, metadata);
  if (parameters->pv_name)
    owner_note(metadata, OWNER_KEY_PV_NAME, parameters->pv_name);
  if (parameters->pvc_name)
    owner_note(metadata, OWNER_KEY_PVC_NAME, parameters->pvc_name);
  if (parameters->pvc_namespace)
    owner_note(metadata, OWNER_KEY_PVC_NAMESPACE, parameters->pvc_namespace);
  if (parameters->type)
    metadata_put(metadata, OWNER_KEY_CREATED_TYPE, parameters->type);
  if (creation->snapshot_id)
    put_source(creation, metadata);
  else
    put_device(parameters, metadata);
  return metadata;
}

static gboolean send_post(Creation *creation, Posted *posted, GError **error)
{
  const CreateRequest *request = creation->request;
  const Owner *owner = &creation->controller->owner;
  g_autoptr(GHashTable) metadata = build_metadata(creation);
  const EvsDiskCreate body = {
    .name = request->evs_name,
    .availability_zone = creation->zone,
    .volume_type = creation->type,
    .size_gib = creation->size_gib,
    .snapshot_id = creation->snapshot_id,
    .multiattach = request->parameters.multiattach,
    .iops = creation->iops,
    .throughput = creation->throughput,
    .enterprise_project_id = request->parameters.enterprise_project_id,
    .dedicated_storage_id = request->parameters.dedicated_storage_id,
    .metadata = metadata,
    .tags = request->parameters.tags,
  };
  posted->attempt = attempts_current(creation->controller->attempts, request->name);
  posted->posted_wall_us = clock_wall_us();
  g_autofree char *token = creation->without_token ? NULL
                                                   : client_token_new(owner->cluster_id, owner->driver_name,
                                                                      request->name, posted->attempt);
  rpc_call_note(creation->call, "asking for a disk of %" G_GINT64_FORMAT " GiB", body.size_gib);
  return evs_disk_create(creation->controller->client, &creation->to_send, &body, token, &posted->job_id,
                         &posted->volume_id, error);
}

/* The token has been proven spent and no disk bears the name: on to the next one. */
static Step advance(Creation *creation, guint spent, const char *proof)
{
  log_info("client token spent", LOG_TEXT("volume", creation->request->name), LOG_NUMBER("attempt", spent),
           LOG_TEXT("proof", proof));
  attempts_advance(creation->controller->attempts, creation->request->name, spent);
  creation->attempts_made++;
  creation->conflict_since_us = 0;
  return STEP_AGAIN;
}

/* Looks once more, then advances. */
static Step look_and_advance(Creation *creation, guint spent, const char *proof, GError **error)
{
  Step step = creation_look(creation, &creation->to_wait, error);
  return step == STEP_AGAIN ? advance(creation, spent, proof) : step;
}

/* ---- a POST that was refused or got lost ---- */

static Step judge_conflict(Creation *creation, guint attempt, GError **error)
{
  if (creation->conflict_since_us == 0)
    creation->conflict_since_us = clock_now_us();
  gint64 left_ms = CREATE_CONFLICT_MS - (clock_now_us() - creation->conflict_since_us) / 1000;
  Step step =
    creation_look_for(creation, MAX(left_ms, 0), "another request has this name's client token", error);
  return step == STEP_AGAIN ? advance(creation, attempt, "EVS.2219 and no disk of this name") : step;
}

/* The same request runs, or its result cannot be read now. */
static Step judge_busy(Creation *creation, GError **error)
{
  Step step = creation_look(creation, &creation->to_wait, error);
  if (step == STEP_AGAIN &&
      !context_pause(&creation->to_send, RETRY_PAUSE_MS, "an equal request runs in the cloud", error))
    return STEP_FAILED;
  return step;
}

static Step judge_refusal(Creation *creation, const Posted *posted, GError *refusal, GError **error)
{
  g_autoptr(GError) local = refusal;
  /* Unsure what became of the request, but the token is known there: sending it again is safe. */
  if (evs_error_is_cloud(local, "EVS.2221") || evs_error_is_cloud(local, "EVS.2222"))
    return judge_busy(creation, error);
  if (evs_error_outcome(local) == EVS_OUTCOME_UNKNOWN)
    return creation_look_for(creation, CREATE_LOST_ANSWER_MS, "the answer to the create request was lost",
                             error);
  if (evs_error_is_cloud(local, "EVS.2219"))
    return judge_conflict(creation, posted->attempt, error);
  if (evs_error_is_cloud(local, "EVS.2220"))
    return look_and_advance(creation, posted->attempt, "EVS.2220: older than 8 hours", error);
  if (evs_error_is_cloud(local, "EVS.2223") && !creation->without_token) {
    creation->without_token = TRUE;
    return creation_look(creation, &creation->to_wait, error);
  }
  /* The temporary snapshot may be removed by whoever takes it for abandoned: the next call takes another. */
  if (creation->request->source_kind == SOURCE_VOLUME &&
      (evs_error_is(local, EVS_CODE_NOT_FOUND) || evs_error_is_cloud(local, "EVS.2043")))
    local->code = EVS_CODE_ABORTED;
  g_propagate_error(error, g_steal_pointer(&local));
  g_prefix_error(error, "creating a disk for volume '%s': ", creation->request->name);
  return STEP_FAILED;
}

/* ---- an accepted POST ---- */

/* Removes what a failed job left: nobody has ever been told of this id. Best effort: what stays is found by evsctl. */
static void remove_remnant(Creation *creation, const char *volume_id)
{
  if (!volume_id[0])
    return;
  EvsClient *client = creation->controller->client;
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsDisk) disk = evs_disk_get(client, &creation->to_wait, volume_id, &error);
  g_autofree char *job_id = NULL;
  if (disk && g_str_equal(disk->status, "error") && disk->attachments->len == 0 &&
      owner_made_for(&creation->controller->owner, disk, creation->request->name) &&
      evs_disk_delete(client, &creation->to_wait, volume_id, &job_id, &error))
    log_info("remnant of a failed creation deleted", LOG_TEXT("disk", volume_id), LOG_TEXT("job", job_id));
  if (error && !evs_error_is(error, EVS_CODE_NOT_FOUND))
    log_warn("remnant of a failed creation stays", LOG_TEXT("disk", volume_id),
             LOG_TEXT("reason", error->message));
}

/* The job ended with FAIL, in this call or long ago (the token was used before). */
static Step judge_failed_job(Creation *creation, const Posted *posted, GError *failure, GError **error)
{
  g_autoptr(GError) local = failure;
  g_autoptr(EvsJob) job =
    evs_job_get(creation->controller->client, &creation->to_wait, EVS_SERVICE_EVS, posted->job_id, NULL);
  gboolean history = job && job->end_wall_us > 0 && job->end_wall_us < posted->posted_wall_us;
  remove_remnant(creation, posted->volume_id[0] || !job ? posted->volume_id : job->volume_id);

  Step step = look_and_advance(creation, posted->attempt, "its job failed", error);
  if (step != STEP_AGAIN || (history && creation->attempts_made < CREATE_ATTEMPTS_MAX))
    return step;
  g_propagate_error(error, g_steal_pointer(&local));
  g_prefix_error(error, "creating a disk for volume '%s': ", creation->request->name);
  return STEP_FAILED;
}

static gboolean has_id(GPtrArray *disks, const char *id)
{
  for (guint i = 0; i < disks->len; i++)
    if (g_str_equal(((EvsDisk *)disks->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

/* Without tokens another controller may have made a disk too: once our own is listed, so is any older one, and the
 * oldest is the volume for everybody. Takes the disk. */
static Step confirm_oldest(Creation *creation, EvsDisk *made, GError **error)
{
  g_autoptr(EvsDisk) disk = made;
  const EvsDiskFilter filter = {.name = creation->request->evs_name};
  gint64 end_us = clock_deadline_in_ms(CREATE_LISTED_MS);
  for (;;) {
    g_autoptr(GPtrArray) disks =
      evs_disk_list(creation->controller->client, &creation->to_wait, &filter, error);
    if (!disks)
      return STEP_FAILED;
    if (has_id(disks, disk->id))
      return creation_look(creation, &creation->to_wait, error);
    if (clock_now_us() >= end_us)
      break;
    if (!context_pause(&creation->to_wait, LISTED_PAUSE_MS, "the new disk is not listed yet", error))
      return STEP_FAILED;
  }
  creation->disk = g_steal_pointer(&disk);
  return STEP_DONE;
}

/* The disk is there. Takes it. */
static Step confirm(Creation *creation, const Posted *posted, EvsDisk *made, GError **error)
{
  g_autoptr(EvsDisk) disk = made;
  if (!find_disk_fits(creation->request, disk, error))
    return STEP_FAILED;
  if (creation->without_token)
    return confirm_oldest(creation, g_steal_pointer(&disk), error);
  deleted_disks_made(creation->controller->deleted_disks, disk->id, creation->request->name, posted->attempt);
  creation->disk = g_steal_pointer(&disk);
  return STEP_DONE;
}

/* The job is SUCCESS and GET knows no disk: deleted meanwhile, or not visible yet. Another controller may already be
 * further and have the disk of the name. */
static Step judge_gone(Creation *creation, Posted *posted, const char *volume_id, const EvsJob *job,
                       GError **error)
{
  gint64 now_us = clock_now_us();
  if (posted->finished_us == 0)
    posted->finished_us = now_us;
  if (deleted_disks_has(creation->controller->deleted_disks, volume_id))
    return look_and_advance(creation, posted->attempt, "this process has seen its disk's deletion", error);
  gint64 seen_ms = (now_us - posted->finished_us) / 1000;
  gint64 ended_ms = job->end_wall_us > 0 ? (clock_wall_us() - job->end_wall_us) / 1000 : 0;
  if (MAX(seen_ms, ended_ms) >= CREATE_SPENT_AFTER_MS)
    return look_and_advance(creation, posted->attempt, "its disk was deleted", error);
  Step step = creation_look(creation, &creation->to_wait, error);
  if (step == STEP_AGAIN &&
      !context_pause(&creation->to_wait, GONE_PAUSE_MS, "the disk of a finished job is not visible", error))
    return STEP_FAILED;
  return step;
}

typedef enum { LOOK_WAIT, LOOK_JUDGED } Look;

/* A wait took long: what do the job and GET say? LOOK_JUDGED: *ret_step is the answer. */
static Look look_into(Creation *creation, Posted *posted, Step *ret_step, GError **error)
{
  EvsClient *client = creation->controller->client;
  g_autoptr(EvsJob) job = evs_job_get(client, &creation->to_wait, EVS_SERVICE_EVS, posted->job_id, NULL);
  if (!job || job->state != EVS_JOB_SUCCESS)
    return LOOK_WAIT;
  const char *volume_id = posted->volume_id[0] ? posted->volume_id : job->volume_id;
  g_autoptr(GError) local = NULL;
  g_autoptr(EvsDisk) disk = evs_disk_get(client, &creation->to_wait, volume_id, &local);
  if (disk || !evs_error_is(local, EVS_CODE_NOT_FOUND))
    return LOOK_WAIT;

  guint spent_before = creation->attempts_made;
  *ret_step = judge_gone(creation, posted, volume_id, job, error);
  return *ret_step == STEP_AGAIN && creation->attempts_made == spent_before ? LOOK_WAIT : LOOK_JUDGED;
}

/* A disk that a list has is being made, or the next wait will see it made: in a storm that costs no call. */
static gboolean is_listed(Creation *creation, const Posted *posted)
{
  g_autoptr(EvsDisk) row = NULL;
  return posted->volume_id[0] &&
         evs_watcher_look(creation->controller->watcher, &creation->to_wait, posted->volume_id, &row, NULL) &&
         row;
}

static Step await_job(Creation *creation, Posted *posted, GError **error)
{
  Step step = STEP_FAILED;
  /* A disk known to be gone needs no wait first. */
  if (deleted_disks_has(creation->controller->deleted_disks, posted->volume_id) &&
      look_into(creation, posted, &step, error) == LOOK_JUDGED)
    return step;
  for (;;) {
    rpc_call_note(creation->call, "createVolume job %s of disk %s runs", posted->job_id, posted->volume_id);
    g_autoptr(GError) local = NULL;
    g_autoptr(EvsDisk) disk = NULL;
    EvsContext slice = context_slice(&creation->to_wait, CREATE_SLICE_MS);
    if (evs_watch_create(creation->controller->watcher, &slice, posted->volume_id, posted->job_id, &disk,
                         &local))
      return confirm(creation, posted, g_steal_pointer(&disk), error);
    if (evs_error_is_job_failure(local))
      return judge_failed_job(creation, posted, g_steal_pointer(&local), error);

    gboolean gone = evs_error_is(local, EVS_CODE_NOT_FOUND);
    gboolean slice_over = clock_now_us() >= slice.deadline_us && context_alive(&creation->to_wait);
    if (!gone && !slice_over) {
      g_propagate_error(error, g_steal_pointer(&local));
      return STEP_FAILED;
    }
    if (!is_listed(creation, posted) && look_into(creation, posted, &step, error) == LOOK_JUDGED)
      return step;
  }
}

/* The last token that this process knows of the name has given a disk that it has seen go: on to the next one, without
 * a POST that could only be answered with that disk. */
static Step skip_spent(Creation *creation, GError **error)
{
  Controller *controller = creation->controller;
  const char *name = creation->request->name;
  guint attempt = 0;
  g_autofree char *volume_id = deleted_disks_find(controller->deleted_disks, name, &attempt);
  if (!volume_id || creation->without_token || attempt < attempts_current(controller->attempts, name))
    return STEP_AGAIN;
  g_autoptr(GError) local = NULL;
  g_autoptr(EvsDisk) disk = evs_disk_get(controller->client, &creation->to_wait, volume_id, &local);
  if (disk || !evs_error_is(local, EVS_CODE_NOT_FOUND))
    return STEP_AGAIN; /* back from the recycle bin, or unknown: the token will tell */
  return look_and_advance(creation, attempt, "this process has deleted its disk", error);
}

Step creation_post(Creation *creation, GError **error)
{
  Step step = skip_spent(creation, error);
  if (step != STEP_AGAIN)
    return step;
  g_auto(Posted) posted = {0};
  GError *refusal = NULL;
  if (!send_post(creation, &posted, &refusal))
    return judge_refusal(creation, &posted, refusal, error);
  if (!posted.volume_id)
    posted.volume_id = g_strdup("");
  return await_job(creation, &posted, error);
}
