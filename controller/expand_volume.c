/* ControllerExpandVolume: the disk grows to the asked size, rounded up to whole GiB; never shrinks.
 *
 * A disk that is large enough already is success after one look. Extending is not idempotent, but the size asked for
 * is absolute: after a lost answer or a killed controller the disk is looked at, an expansion under way is awaited, and
 * the same request may be sent again (EVS.1015 says that it is done). A disk in use can grow only while it is not
 * shared and its server runs, or is stopped in good order (EVS.1064 to 1066). */
#include "base/log.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/disk_state.h"
#include "controller/find_disk.h"
#include "controller/volume_id.h"
#include "controller/volume_size.h"
#include "csi.pb-c.h"
#include "evsclient/disk_change.h"
#include "evsclient/server.h"

enum { EXTEND_TRIES_MAX = 6, LOOK_PAUSE_MS = 1000 };

typedef Csi__V1__ControllerExpandVolumeRequest Request;

typedef struct {
  Controller *controller;
  RpcCall *call;
  const char *volume_id;
  VolumeSize size;
  EvsContext to_send, to_wait;
} Expansion;

typedef enum { EXTEND_DONE, EXTEND_AGAIN, EXTEND_FAILED } ExtendResult;

static gboolean parse_size(const Request *message, VolumeSize *ret_size, GError **error)
{
  const Csi__V1__CapacityRange *range = message->capacity_range;
  if (!range || (range->required_bytes == 0 && range->limit_bytes == 0))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'capacity_range' is missing: it names the size to grow to");
  return volume_size_choose(range->required_bytes, range->limit_bytes, ret_size, error);
}

char *expand_volume_key(const void *request, void *data, GError **error)
{
  (void)data;
  const Request *message = request;
  VolumeSize size;
  if (!volume_id_check("volume_id", message->volume_id, error) || !parse_size(message, &size, error))
    return NULL;
  return volume_id_resource(message->volume_id);
}

/* The servers of a disk that EVS would not grow in use, with their states: "server 'a' (REBOOT)". */
static char *describe_server_states(const Expansion *expansion, const EvsDisk *disk)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    g_autoptr(EvsServer) server =
      evs_server_get(expansion->controller->client, &expansion->to_wait, attachment->server_id, NULL);
    g_string_append_printf(text, "%sserver '%s' (%s)", i ? ", " : "", attachment->server_id,
                           server ? server->status : "state unknown");
  }
  return g_string_free(text, FALSE);
}

static gboolean check_state(const EvsDisk *disk, GError **error)
{
  if (!disk_check_use(disk, DISK_USE_EXPAND, error))
    return FALSE;
  gboolean in_use = g_str_equal(disk->status, "in-use");
  if (in_use && disk->multiattach) {
    g_autofree char *servers = disk_describe_servers(disk);
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "disk '%s' is shared (multiattach) and in use by %s: a shared disk grows only while "
                         "no server uses it",
                         disk->id, servers);
  }
  if (in_use || g_str_equal(disk->status, "available"))
    return TRUE;
  return disk_refuse_status(disk, "expanded", error);
}

/* The cloud took nothing, or nobody knows. Takes the error. */
static ExtendResult judge_refusal(Expansion *expansion, const EvsDisk *disk, GError *refusal, GError **error)
{
  g_autoptr(GError) local = refusal;
  gboolean changed = evs_error_is_cloud(local, "EVS.1015") || evs_error_is_cloud(local, "EVS.1048") ||
                     evs_error_is_cloud(local, "EVS.1064");
  if (changed || evs_error_outcome(local) == EVS_OUTCOME_UNKNOWN)
    return context_pause(&expansion->to_wait, LOOK_PAUSE_MS, local->message, error) ? EXTEND_AGAIN
                                                                                    : EXTEND_FAILED;
  if (disk_is_locked_error(local)) {
    evs_error_set(error, EVS_CODE_ABORTED, "expanding disk '%s': another change of the disk runs: %s",
                  disk->id, local->message);
    return EXTEND_FAILED;
  }
  if (evs_error_is_cloud(local, "EVS.1066")) {
    g_autofree char *servers = describe_server_states(expansion, disk);
    g_prefix_error(&local,
                   "%s does not let its disks grow in this state; accepted: ACTIVE, PAUSED, SUSPENDED, "
                   "SHUTOFF: ",
                   servers);
  }
  g_propagate_error(error, g_steal_pointer(&local));
  g_prefix_error(error, "expanding disk '%s': ", expansion->volume_id);
  return EXTEND_FAILED;
}

static ExtendResult extend(Expansion *expansion, const EvsDisk *disk, EvsDisk **ret_disk, GError **error)
{
  Controller *controller = expansion->controller;
  gint64 size_gib = expansion->size.create_gib;
  g_autofree char *job_id = NULL;
  GError *local = NULL;
  if (!evs_disk_extend(controller->client, &expansion->to_send, disk->id, size_gib, &job_id, &local))
    return judge_refusal(expansion, disk, local, error);
  log_info("disk expansion started", LOG_TEXT("disk", disk->id), LOG_NUMBER("from_gib", disk->size_gib),
           LOG_NUMBER("to_gib", size_gib), LOG_TEXT("job", job_id));
  rpc_call_note(expansion->call, "extendVolume job %s of disk %s to %" G_GINT64_FORMAT " GiB runs", job_id,
                disk->id, size_gib);
  if (evs_watch_extend(controller->watcher, &expansion->to_wait, disk->id, job_id, size_gib, ret_disk, error))
    return EXTEND_DONE;
  g_prefix_error(error, "expanding disk '%s': ", expansion->volume_id);
  return EXTEND_FAILED;
}

/* Another expansion of the disk runs: ours before a restart, another controller's, a person's. */
static gboolean await_other(Expansion *expansion, const EvsDisk *disk, GError **error)
{
  rpc_call_note(expansion->call, "disk %s is being expanded", disk->id);
  return evs_watch_extend(expansion->controller->watcher, &expansion->to_wait, disk->id, NULL, disk->size_gib,
                          NULL, error);
}

/* The disk as it is once it is large enough. NULL with error. */
static EvsDisk *grow(Expansion *expansion, GError **error)
{
  for (guint tries = 0;; tries++) {
    g_autoptr(EvsDisk) disk =
      disk_read(expansion->controller->client, &expansion->to_send, expansion->volume_id, error);
    if (!disk)
      return NULL;
    if (g_str_equal(disk->status, "extending")) {
      if (!await_other(expansion, disk, error))
        return NULL;
      continue;
    }
    if (disk->size_gib >= expansion->size.least_gib)
      return volume_size_check_limit(&expansion->size, disk->size_gib, error) ? g_steal_pointer(&disk) : NULL;
    if (!check_state(disk, error))
      return NULL;
    if (tries >= EXTEND_TRIES_MAX) {
      evs_error_set(error, EVS_CODE_ABORTED, "disk '%s' was not expanded: its state kept changing", disk->id);
      return NULL;
    }
    EvsDisk *grown = NULL;
    ExtendResult result = extend(expansion, disk, &grown, error);
    if (result != EXTEND_AGAIN)
      return grown;
  }
}

/* The kernel of a virtio guest learns a new size by itself; a SCSI disk must be scanned again, and a file system must
 * be grown. */
static gboolean node_must_act(const Request *message, const EvsDisk *disk)
{
  const Csi__V1__VolumeCapability *capability = message->volume_capability;
  gboolean block =
    capability && capability->access_type_case == CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
  return !block || disk_is_scsi(disk);
}

ProtobufCMessage *expand_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  const Request *message = request;
  Expansion expansion = {.controller = data,
                         .call = call,
                         .volume_id = message->volume_id,
                         .to_send = context_to_send(call),
                         .to_wait = context_to_wait(call)};
  g_autofree char *resource = volume_id_resource(message->volume_id);
  if (!parse_size(message, &expansion.size, error) ||
      !volume_id_check_exists("volume", message->volume_id, error) || !rpc_call_claim(call, resource, error))
    return NULL;
  g_autoptr(EvsDisk) disk = grow(&expansion, error);
  if (!disk)
    return NULL;

  Csi__V1__ControllerExpandVolumeResponse *response = g_new0(Csi__V1__ControllerExpandVolumeResponse, 1);
  csi__v1__controller_expand_volume_response__init(response);
  response->capacity_bytes = disk->size_gib * BYTES_PER_GIB;
  response->node_expansion_required = node_must_act(message, disk);
  return &response->base;
}
