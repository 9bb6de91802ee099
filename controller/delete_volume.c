/* DeleteVolume: gone is OK, and only what may go goes.
 *
 * Never deleted: a disk of another cluster or driver, a disk in use, a disk that has snapshots (delete_guard.h), a disk
 * paid by the year or month (EVS refuses it; it is unsubscribed instead). The call answers when the disk is gone; the
 * log says when it lies in the recycle bin. */
#include "base/log.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/delete_guard.h"
#include "controller/disk_row.h"
#include "controller/disk_state.h"
#include "controller/volume_id.h"
#include "csi.pb-c.h"

enum { DELETE_TRIES_MAX = 3 };

char *delete_volume_key(const void *request, void *data, GError **error)
{
  (void)data;
  const Csi__V1__DeleteVolumeRequest *message = request;
  return volume_id_check("volume_id", message->volume_id, error) ? volume_id_resource(message->volume_id)
                                                                 : NULL;
}

static gboolean check_owner(const Controller *controller, const EvsDisk *disk, GError **error)
{
  if (owner_of_disk(&controller->owner, disk) != OWNER_ANOTHER)
    return TRUE;
  g_autofree char *owner = owner_describe(disk);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                "disk '%s' belongs to %s, not to this driver; it is not deleted", disk->id, owner);
  if (error)
    evs_error_set_remedy(*error, "delete it from its own cluster, or take it over with 'evsctl adopt'");
  return FALSE;
}

static gboolean check_deletable(const Controller *controller, const EvsDisk *disk, GError **error)
{
  static const char *const deletable[] = {"available",         "error", "error_extending", "error_restoring",
                                          "error_rollbacking", NULL};
  if (!check_owner(controller, disk, error))
    return FALSE;
  if (!disk_check_use(disk, DISK_USE_DELETE, error))
    return FALSE;
  if (disk->attachments->len > 0) {
    g_autofree char *servers = disk_describe_servers(disk);
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "disk '%s' is in use (status '%s') by %s; detach it first", disk->id, disk->status,
                         servers);
  }
  if (!g_strv_contains(deletable, disk->status))
    return disk_refuse_status(disk, "deleted", error);
  return TRUE;
}

typedef enum { START_SENT, START_RUNS, START_GONE, START_AGAIN, START_FAILED } Start;

/* What follows from a disk: the delete, if it may go. *ret_job_id is set by START_SENT, error by START_AGAIN and
 * START_FAILED. */
static Start start_delete(Controller *controller, RpcCall *call, const EvsDisk *disk, char **ret_job_id,
                          GError **error)
{
  EvsContext to_send = context_to_send(call);
  if (g_str_equal(disk->status, "deleting"))
    return check_owner(controller, disk, error) ? START_RUNS : START_FAILED;
  if (!check_deletable(controller, disk, error) || !delete_guard_check(controller, call, disk->id, error))
    return START_FAILED;
  g_autoptr(GError) local = NULL;
  if (evs_disk_delete(controller->client, &to_send, disk->id, ret_job_id, &local))
    return START_SENT;
  if (evs_error_is(local, EVS_CODE_NOT_FOUND))
    return START_GONE;
  /* Between the look and the delete the status has changed: another controller deletes it too, or a backup began. */
  Start start = evs_error_is_cloud(local, "EVS.1046") || evs_error_is_cloud(local, "EVS.2130") ? START_AGAIN
                                                                                               : START_FAILED;
  g_propagate_error(error, g_steal_pointer(&local));
  return start;
}

/* The same for the disk as a list shows it, if that allows the delete. START_AGAIN: read the disk; so after any refusal,
 * the cloud's or ours. */
static Start start_by_row(Controller *controller, RpcCall *call, const char *volume_id, char **ret_job_id,
                          GError **error)
{
  EvsContext to_send = context_to_send(call);
  const DiskAim aim = {.kind = DISK_AIM_DELETE};
  g_autoptr(EvsDisk) row = NULL;
  g_autoptr(GError) local = NULL;
  if (!disk_row_look(controller, &to_send, volume_id, &aim, &row))
    return START_AGAIN;
  Start start = start_delete(controller, call, row, ret_job_id, &local);
  if (start == START_GONE || evs_error_outcome(local) == EVS_OUTCOME_REFUSED ||
      evs_error_is(local, EVS_CODE_FAILED_PRECONDITION))
    return START_AGAIN;
  if (local)
    g_propagate_error(error, g_steal_pointer(&local));
  return start;
}

static Start start_by_disk(Controller *controller, RpcCall *call, const char *volume_id, char **ret_job_id,
                           GError **error)
{
  EvsContext to_send = context_to_send(call);
  g_autoptr(GError) local = NULL;
  g_autoptr(EvsDisk) disk = evs_disk_get(controller->client, &to_send, volume_id, &local);
  if (disk)
    return start_delete(controller, call, disk, ret_job_id, error);
  if (evs_error_is(local, EVS_CODE_NOT_FOUND))
    return START_GONE;
  g_propagate_error(error, g_steal_pointer(&local));
  return START_FAILED;
}

/* Looks again while the status changes between a look and its delete. */
static Start start_delete_surely(Controller *controller, RpcCall *call, const char *volume_id,
                                 char **ret_job_id, GError **error)
{
  Start start = start_by_row(controller, call, volume_id, ret_job_id, error);
  for (guint tries = 1; start == START_AGAIN; tries++) {
    GError *local = NULL;
    start = start_by_disk(controller, call, volume_id, ret_job_id, &local);
    if (start == START_AGAIN && tries < DELETE_TRIES_MAX) {
      g_clear_error(&local);
      continue;
    }
    if (local)
      g_propagate_error(error, local);
    break;
  }
  return start;
}

static gboolean delete_disk(Controller *controller, RpcCall *call, const char *volume_id, GError **error)
{
  g_autofree char *resource = volume_id_resource(volume_id);
  if (!rpc_call_claim(call, resource, error))
    return FALSE;
  g_autofree char *job_id = NULL;
  Start start = start_delete_surely(controller, call, volume_id, &job_id, error);
  if (start == START_GONE)
    return TRUE;
  if (start != START_SENT && start != START_RUNS)
    return FALSE;
  log_info("disk deletion started", LOG_TEXT("disk", volume_id), LOG_TEXT("job", job_id));
  rpc_call_note(call, "deleteVolume job %s of disk %s runs", job_id ? job_id : "", volume_id);
  EvsContext to_wait = context_to_wait(call);
  if (!evs_watch_delete(controller->watcher, &to_wait, volume_id, job_id, error))
    return FALSE;
  deleted_disks_gone(controller->deleted_disks, volume_id);
  recycle_bin_report(controller->recycle_bin, &to_wait, volume_id);
  return TRUE;
}

ProtobufCMessage *delete_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  Controller *controller = data;
  const Csi__V1__DeleteVolumeRequest *message = request;
  /* An id of another shape was never a disk: gone, without a call to the cloud. */
  if (volume_id_check_exists("volume", message->volume_id, NULL) &&
      !delete_disk(controller, call, message->volume_id, error))
    return NULL;
  Csi__V1__DeleteVolumeResponse *response = g_new0(Csi__V1__DeleteVolumeResponse, 1);
  csi__v1__delete_volume_response__init(response);
  return &response->base;
}
