/* ControllerModifyVolume: iops and throughput of a disk by the QoS API, its type by retype (--enable-retype).
 *
 * Idempotent: a disk that is as asked is success after one look. What is not asked keeps its value; GPSSD2 gets both
 * values in one call, because EVS wants both. The result is checked against the ranges of the type before any call. A
 * retype takes hours: the call is ABORTED while it runs, and a later one finds the new type on the disk. */
#include "base/log.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/disk_state.h"
#include "controller/parameters.h"
#include "controller/volume_id.h"
#include "csi.pb-c.h"
#include "evsclient/disk_change.h"

enum { MODIFY_TRIES_MAX = 6, LOOK_PAUSE_MS = 1000 };

typedef Csi__V1__ControllerModifyVolumeRequest Request;

typedef struct {
  Controller *controller;
  RpcCall *call;
  const char *volume_id;
  VolumeParameters asked; /* type, iops, throughput; NULL or 0: as it is */
  EvsContext to_send, to_wait;
} Modification;

typedef enum { MODIFY_DONE, MODIFY_AGAIN, MODIFY_FAILED } ModifyResult;

char *modify_volume_key(const void *request, void *data, GError **error)
{
  (void)data;
  const Request *message = request;
  g_auto(VolumeParameters) asked = {0};
  if (!volume_id_check("volume_id", message->volume_id, error) ||
      !parameters_apply_mutable(STRING_MAP(message, mutable_parameters), &asked, error))
    return NULL;
  return volume_id_resource(message->volume_id);
}

/* What the disk shall be: what is asked, completed by what it is. Strings are borrowed. */
static VolumeParameters complete(const VolumeParameters *asked, const EvsDisk *disk)
{
  VolumeParameters target = {.type = asked->type ? asked->type : disk->volume_type,
                             .iops = asked->iops,
                             .throughput = asked->throughput};
  if (g_str_equal(target.type, disk->volume_type)) {
    target.iops = target.iops ? target.iops : disk->iops;
    target.throughput = target.throughput ? target.throughput : disk->throughput;
  }
  return target;
}

static gboolean is_reached(const VolumeParameters *asked, const EvsDisk *disk)
{
  return (!asked->type || g_str_equal(asked->type, disk->volume_type)) &&
         (!asked->iops || asked->iops == disk->iops) &&
         (!asked->throughput || asked->throughput == disk->throughput);
}

static gboolean check_state(const EvsDisk *disk, GError **error)
{
  if (!disk_check_use(disk, DISK_USE_MODIFY, error))
    return FALSE;
  if (g_str_equal(disk->status, "available") || g_str_equal(disk->status, "in-use"))
    return TRUE;
  return disk_refuse_status(disk, "modified", error);
}

static gboolean check_target(const Modification *modification, const VolumeParameters *target,
                             const EvsDisk *disk, GError **error)
{
  if (!g_str_equal(target->type, disk->volume_type) && !modification->controller->enable_retype)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "parameter 'type' is '%s', but disk '%s' has type '%s': the driver changes types only "
      "with option '--enable-retype'",
      target->type, disk->id, disk->volume_type);
  return parameters_check_performance(target, target->type, disk->size_gib, error);
}

/* A change that an earlier life of ours started may have ended between the look and the request: the cloud then refuses
 * the request (EVS.2087: the disk has that type), and the disk is what was asked for. */
static gboolean reached_meanwhile(const Modification *modification)
{
  g_autoptr(EvsDisk) disk =
    evs_disk_get(modification->controller->client, &modification->to_send, modification->volume_id, NULL);
  return disk && is_reached(&modification->asked, disk);
}

/* The cloud took nothing, or nobody knows. Takes the error. A change under way locks the disk without showing in its
 * status: that passes by itself. */
static ModifyResult judge_refusal(Modification *modification, GError *refusal, GError **error)
{
  g_autoptr(GError) local = refusal;
  if (evs_error_outcome(local) == EVS_OUTCOME_UNKNOWN)
    return context_pause(&modification->to_wait, LOOK_PAUSE_MS, local->message, error) ? MODIFY_AGAIN
                                                                                       : MODIFY_FAILED;
  if (reached_meanwhile(modification))
    return MODIFY_DONE;
  if (disk_is_locked_error(local))
    evs_error_set(error, EVS_CODE_ABORTED, "another change of the disk runs, which may take hours: %s",
                  local->message);
  else
    g_propagate_error(error, g_steal_pointer(&local));
  g_prefix_error(error, "modifying disk '%s': ", modification->volume_id);
  return MODIFY_FAILED;
}

static ModifyResult set_qos(Modification *modification, const VolumeParameters *target, const EvsDisk *disk,
                            GError **error)
{
  Controller *controller = modification->controller;
  g_autofree char *job_id = NULL;
  GError *local = NULL;
  if (!evs_disk_set_qos(controller->client, &modification->to_send, disk->id, target->iops,
                        target->throughput, &job_id, &local))
    return judge_refusal(modification, local, error);
  log_info("disk performance change started", LOG_TEXT("disk", disk->id), LOG_NUMBER("iops", target->iops),
           LOG_NUMBER("throughput", target->throughput), LOG_TEXT("job", job_id));
  rpc_call_note(modification->call, "performance change job %s of disk %s runs", job_id, disk->id);
  return evs_watch_qos(controller->watcher, &modification->to_wait, disk->id, job_id, target->iops,
                       target->throughput, NULL, error)
           ? MODIFY_DONE
           : MODIFY_FAILED;
}

/* iops and throughput travel with the new type where it wants them, so that one job does all. */
static ModifyResult retype(Modification *modification, const VolumeParameters *target, const EvsDisk *disk,
                           GError **error)
{
  Controller *controller = modification->controller;
  g_autofree char *job_id = NULL;
  GError *local = NULL;
  if (!evs_disk_retype(controller->client, &modification->to_send, disk->id, target->type, target->iops,
                       target->throughput, &job_id, &local))
    return judge_refusal(modification, local, error);
  log_info("disk type change started", LOG_TEXT("disk", disk->id), LOG_TEXT("from", disk->volume_type),
           LOG_TEXT("to", target->type), LOG_TEXT("job", job_id));
  rpc_call_note(modification->call, "retypeVolume job %s of disk %s from %s to %s runs", job_id, disk->id,
                disk->volume_type, target->type);
  return evs_watch_retype(controller->watcher, &modification->to_wait, disk->id, job_id, target->type, NULL,
                          error)
           ? MODIFY_AGAIN
           : MODIFY_FAILED;
}

/* One look at the disk and what follows from it. */
static ModifyResult modify_once(Modification *modification, GError **error)
{
  const VolumeParameters *asked = &modification->asked;
  Controller *controller = modification->controller;
  g_autoptr(EvsDisk) disk =
    disk_read(controller->client, &modification->to_send, modification->volume_id, error);
  if (!disk)
    return MODIFY_FAILED;
  if (is_reached(asked, disk))
    return MODIFY_DONE;
  VolumeParameters target = complete(asked, disk);
  if (!check_target(modification, &target, disk, error) || !check_state(disk, error))
    return MODIFY_FAILED;
  return g_str_equal(target.type, disk->volume_type) ? set_qos(modification, &target, disk, error)
                                                     : retype(modification, &target, disk, error);
}

static gboolean modify(Modification *modification, GError **error)
{
  for (guint tries = 0; tries < MODIFY_TRIES_MAX; tries++) {
    ModifyResult result = modify_once(modification, error);
    if (result != MODIFY_AGAIN)
      return result == MODIFY_DONE;
  }
  return evs_error_set(error, EVS_CODE_ABORTED, "disk '%s' was not modified: its state kept changing",
                       modification->volume_id);
}

ProtobufCMessage *modify_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  const Request *message = request;
  Modification modification = {.controller = data,
                               .call = call,
                               .volume_id = message->volume_id,
                               .to_send = context_to_send(call),
                               .to_wait = context_to_wait(call)};
  g_autofree char *resource = volume_id_resource(message->volume_id);
  gboolean good =
    parameters_apply_mutable(STRING_MAP(message, mutable_parameters), &modification.asked, error) &&
    volume_id_check_exists("volume", message->volume_id, error) && rpc_call_claim(call, resource, error) &&
    modify(&modification, error);
  parameters_clear(&modification.asked);
  if (!good)
    return NULL;
  Csi__V1__ControllerModifyVolumeResponse *response = g_new0(Csi__V1__ControllerModifyVolumeResponse, 1);
  csi__v1__controller_modify_volume_response__init(response);
  return &response->base;
}
