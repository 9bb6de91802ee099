/* ControllerPublishVolume: the disk is attached to the server, once.
 *
 * The live disk decides: attached to this server is success; attached elsewhere is FAILED_PRECONDITION unless it is a
 * shared disk asked for with a multi-node mode; a status that changes by itself is awaited. Only then an attach is
 * sent, in the server's lane. Two controllers may race: ECS refuses the second (Ecs.0057, Ecs.0103), which sends us
 * back to the live disk.
 *
 * The common case asks nothing more: that the disk is free is read from a list (disk_row.h), that the server exists in
 * the disk's zone is left to the cloud, which refuses the attach. What was wrong is asked afterwards. */
#include "base/clock.h"
#include "base/log.h"
#include "controller/capability.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/detach.h"
#include "controller/disk_row.h"
#include "controller/disk_state.h"
#include "controller/meter.h"
#include "controller/publish_context.h"
#include "controller/volume_id.h"
#include "evsclient/server.h"

enum {
  ATTACH_TRIES_MAX = 6,       /* attaches refused because the disk's state had changed */
  LOOK_PAUSE_MS = 1000,       /* between two looks at a disk that changes by itself */
  LOST_ANSWER_MS = 10 * 1000, /* until the status shows an attach whose answer was lost */
};

typedef struct {
  Controller *controller;
  RpcCall *call;
  const char *volume_id, *server_id;
  gboolean multi_node;
  gboolean server_known;     /* the server has been seen to exist, in the disk's zone */
  gboolean row_seen;         /* the first look is over */
  gboolean by_row;           /* the disk that the present step rests on is a row of a list */
  guint tries;               /* attaches sent, or about to be */
  GPtrArray *attachment_ids; /* of char*: all that were seen before our attach */
  EvsContext to_send, to_wait;
} Publication;

typedef enum { ATTACH_DONE, ATTACH_AGAIN, ATTACH_FAILED } AttachResult;

char *publish_volume_key(const void *request, void *data, GError **error)
{
  (void)data;
  const Csi__V1__ControllerPublishVolumeRequest *message = request;
  CapabilityNeeds needs = {0};
  if (!volume_id_check("volume_id", message->volume_id, error) ||
      !volume_id_check("node_id", message->node_id, error))
    return NULL;
  if (!message->volume_capability) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field 'volume_capability' is missing");
    return NULL;
  }
  if (!capability_check(message->volume_capability, "volume_capability", &needs, error))
    return NULL;
  if (message->readonly) {
    evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "field 'readonly' is not supported: a disk is attached for writing; mount it read-only instead");
    return NULL;
  }
  return g_strdup_printf("attach:%s+%s", message->volume_id, message->node_id);
}

static gboolean check_sharing(const Publication *publication, const EvsDisk *disk, GError **error)
{
  if (publication->multi_node && !disk->multiattach)
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "disk '%s' has no multiattach; field 'volume_capability' asks for MULTI_NODE_MULTI_WRITER", disk->id);
  if (disk->attachments->len == 0 || publication->multi_node)
    return TRUE;
  g_autofree char *servers = disk_describe_servers(disk);
  return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "disk '%s' is attached to %s, not to server '%s'",
                       disk->id, servers, publication->server_id);
}

/* NOT_FOUND for a server that does not exist, FAILED_PRECONDITION for one in another zone. */
static gboolean check_server(Publication *publication, const EvsDisk *disk, GError **error)
{
  if (publication->server_known)
    return TRUE;
  g_autoptr(EvsServer) server =
    evs_server_get(publication->controller->client, &publication->to_send, publication->server_id, error);
  if (!server) {
    g_prefix_error(error, "node '%s': ", publication->server_id);
    return FALSE;
  }
  if (server->availability_zone[0] && !g_str_equal(server->availability_zone, disk->availability_zone))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "disk '%s' is in availability zone '%s', server '%s' in '%s'", disk->id,
                         disk->availability_zone, server->id, server->availability_zone);
  publication->server_known = TRUE;
  return TRUE;
}

/* No slot is free on the server: RESOURCE_EXHAUSTED makes the scheduler take another node. */
static gboolean is_server_full(const GError *error)
{
  return evs_error_is_cloud(error, "Ecs.0104") || evs_error_is_cloud(error, "Ecs.0042");
}

static gboolean is_state_change(const GError *error)
{
  return evs_error_is_cloud(error, "Ecs.0057") || evs_error_is_cloud(error, "Ecs.0103") ||
         evs_error_is_cloud(error, "Ecs.0017");
}

/* Waits until it makes sense to read the disk again. */
static AttachResult look_again(Publication *publication, const EvsDisk *before, const GError *failure,
                               GError **error)
{
  const EvsContext *context = &publication->to_wait;
  gboolean good = evs_error_outcome(failure) == EVS_OUTCOME_UNKNOWN
                    ? disk_await_change(publication->controller->client, context, before, LOST_ANSWER_MS,
                                        failure->message, error)
                    : context_pause(context, LOOK_PAUSE_MS, failure->message, error);
  return good ? ATTACH_AGAIN : ATTACH_FAILED;
}

static DiskAim aim_of(const Publication *publication)
{
  return (DiskAim){
    .kind = DISK_AIM_ATTACH, .server_id = publication->server_id, .multi_node = publication->multi_node};
}

/* Is it about the disk or the server, or about the right to ask? That they could not be asked otherwise says nothing. */
static gboolean tells_reason(const GError *error)
{
  return evs_error_is(error, EVS_CODE_NOT_FOUND) || evs_error_is(error, EVS_CODE_FAILED_PRECONDITION) ||
         evs_error_is(error, EVS_CODE_PERMISSION_DENIED);
}

/* The cloud has refused the attach, or its job has failed, and not because of a race: a disk or server that is not as it
 * must be says more than the cloud's answer does. ATTACH_AGAIN: the disk is not as its row said. ATTACH_FAILED: *reason
 * is set if one was found. A server said to be full is there. */
static AttachResult find_reason(Publication *publication, const EvsDisk *before, const GError *failure,
                                GError **reason)
{
  g_autoptr(EvsDisk) disk = NULL;
  g_autoptr(GError) local = NULL;
  EvsOutcome outcome = evs_error_outcome(failure);
  if (publication->by_row && outcome == EVS_OUTCOME_REFUSED) {
    DiskAim aim = aim_of(publication);
    disk = disk_read(publication->controller->client, &publication->to_send, publication->volume_id, &local);
    if (disk && !disk_row_allows(&publication->controller->owner, &aim, disk))
      return ATTACH_AGAIN;
  }
  if (!local && !is_server_full(failure) && (outcome == EVS_OUTCOME_REFUSED || outcome == EVS_OUTCOME_FAILED))
    check_server(publication, disk ? disk : before, &local);
  if (local && tells_reason(local))
    g_propagate_error(reason, g_steal_pointer(&local));
  return ATTACH_FAILED;
}

/* Turns the error of a refused or failed attach into the next step. Takes the error. */
static AttachResult judge_failure(Publication *publication, const EvsDisk *before, GError *failure,
                                  GError **error)
{
  g_autoptr(GError) local = failure;
  if (publication->by_row && is_state_change(local))
    return ATTACH_AGAIN;
  if (is_state_change(local) || evs_error_outcome(local) == EVS_OUTCOME_UNKNOWN)
    return look_again(publication, before, local, error);
  g_autoptr(GError) reason = NULL;
  if (find_reason(publication, before, local, &reason) == ATTACH_AGAIN)
    return ATTACH_AGAIN;
  if (reason) {
    g_propagate_error(error, g_steal_pointer(&reason));
    return ATTACH_FAILED;
  }
  if (is_server_full(local) && evs_error_code(local) != EVS_CODE_RESOURCE_EXHAUSTED)
    evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "server '%s' has no free disk slot: %s",
                  publication->server_id, local->message);
  else
    g_propagate_error(error, g_steal_pointer(&local));
  g_prefix_error(error, "attaching disk '%s' to server '%s': ", publication->volume_id,
                 publication->server_id);
  return ATTACH_FAILED;
}

/* Remembers the disk's attachments, as any look before our attach has shown them: a list may show them again while the
 * attach runs. */
static void note_attachments(Publication *publication, const EvsDisk *disk)
{
  for (guint i = 0; disk && i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    g_ptr_array_add(publication->attachment_ids, g_strdup(attachment->attachment_id));
  }
}

/* Those ids, NULL-terminated; texts borrowed. */
static const char **known_attachments(const Publication *publication)
{
  const char **ids = g_new0(const char *, publication->attachment_ids->len + 1);
  for (guint i = 0; i < publication->attachment_ids->len; i++)
    ids[i] = publication->attachment_ids->pdata[i];
  return ids;
}

/* Waits for the attach inside the lane, and beyond it when it is stuck. Gives the lane up at the end. A server that does
 * not run ends no attach: then the call ends, so that ControllerUnpublishVolume can take the disk away by force. */
static gboolean await_attach(Publication *publication, LaneHold *lane, const EvsDisk *before,
                             const char *job_id, EvsDisk **ret_disk, GError **error)
{
  g_autoptr(LaneHold) hold = lane;
  g_autofree const char **known = known_attachments(publication);
  EvsWatcher *watcher = publication->controller->watcher;
  g_autoptr(GError) local = NULL;
  EvsContext slice = server_lane_slice(hold, &publication->to_wait);
  if (evs_watch_attach(watcher, &slice, before->id, publication->server_id, job_id, known, ret_disk, &local))
    return TRUE;
  if (!server_lane_stuck(hold) || !context_alive(&publication->to_wait)) {
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
  }
  log_warn("attach is stuck, the server's other disks go on", LOG_TEXT("disk", before->id),
           LOG_TEXT("server", publication->server_id), LOG_TEXT("job", job_id));
  controller_meter_stuck("attach disk");
  g_clear_pointer(&hold, server_lane_leave);
  g_autoptr(EvsServer) server =
    evs_server_get(publication->controller->client, &publication->to_wait, publication->server_id, NULL);
  if (server && !detach_server_runs(server->status)) {
    evs_error_set(error, EVS_CODE_ABORTED, "attach job %s is stuck: server '%s' has status '%s'", job_id,
                  server->id, server->status);
    return FALSE;
  }
  return evs_watch_attach(watcher, &publication->to_wait, before->id, publication->server_id, job_id, known,
                          ret_disk, error);
}

static AttachResult attach(Publication *publication, const EvsDisk *before, EvsDisk **ret_disk,
                           GError **error)
{
  if (publication->tries > 1 && !check_server(publication, before, error))
    return ATTACH_FAILED;
  Controller *controller = publication->controller;
  rpc_call_note(publication->call, "disk %s waits for server %s", before->id, publication->server_id);
  g_autoptr(LaneHold) lane =
    server_lane_enter(controller->lanes, publication->server_id, LANE_ATTACH, &publication->to_send, error);
  if (!lane)
    return ATTACH_FAILED;

  GError *local = NULL;
  g_autofree char *job_id = NULL;
  if (!evs_server_attach(controller->client, &publication->to_send, publication->server_id, before->id,
                         &job_id, &local)) {
    g_clear_pointer(&lane, server_lane_leave);
    return judge_failure(publication, before, local, error);
  }
  transits_begin(controller->transits, before->id, "attaching");
  rpc_call_note(publication->call, "attach job %s of disk %s to server %s runs", job_id, before->id,
                publication->server_id);
  if (await_attach(publication, g_steal_pointer(&lane), before, job_id, ret_disk, &local)) {
    transits_end(controller->transits, before->id);
    return ATTACH_DONE;
  }
  return judge_failure(publication, before, local, error);
}

static gboolean is_settled_on(const EvsDisk *disk, const char *server_id)
{
  return evs_disk_attachment(disk, server_id) && !g_str_equal(disk->status, "attaching") &&
         !g_str_equal(disk->status, "detaching");
}

/* Waits a little for a disk that changes by itself. One that hangs is left to ControllerUnpublishVolume, which can end
 * it (detach.h) but not while this call holds the disk. */
static gboolean await_rest(Publication *publication, const EvsDisk *disk, GError **error)
{
  gint64 ms = 0;
  if (transits_see(publication->controller->transits, disk, &ms))
    return evs_error_set(error, EVS_CODE_ABORTED,
                         "disk '%s' hangs: it has been '%s' for %" G_GINT64_FORMAT " s", disk->id,
                         disk->status, ms / 1000);
  g_autofree char *awaited =
    g_strdup_printf("disk '%s' has status '%s'", publication->volume_id, disk->status);
  rpc_call_note(publication->call, "%s", awaited);
  return context_pause(&publication->to_send, LOOK_PAUSE_MS, awaited, error);
}

/* The disk as it is: a row of a list at first, if that allows the attach. NULL with error. */
static EvsDisk *look(Publication *publication, GError **error)
{
  Controller *controller = publication->controller;
  g_autoptr(EvsDisk) disk = NULL;
  DiskAim aim = aim_of(publication);
  publication->by_row = !publication->row_seen &&
                        disk_row_look(controller, &publication->to_send, publication->volume_id, &aim, &disk);
  publication->row_seen = TRUE;
  note_attachments(publication, disk);
  if (!publication->by_row) {
    evs_disk_free(disk);
    disk = disk_read(controller->client, &publication->to_send, publication->volume_id, error);
    note_attachments(publication, disk);
  }
  return g_steal_pointer(&disk);
}

/* Brings the disk to the server. NULL with error. */
static EvsDisk *bring(Publication *publication, GError **error)
{
  for (;;) {
    g_autoptr(EvsDisk) disk = look(publication, error);
    if (!disk)
      return NULL;
    if (is_settled_on(disk, publication->server_id))
      return g_steal_pointer(&disk);
    if (disk_is_moving(disk) && !g_str_equal(disk->status, "deleting")) {
      if (!await_rest(publication, disk, error))
        return NULL;
      continue;
    }
    transits_end(publication->controller->transits, disk->id);
    if (!disk_check_use(disk, DISK_USE_ATTACH, error) || !check_sharing(publication, disk, error))
      return NULL;
    if (!g_str_equal(disk->status, "available") && !g_str_equal(disk->status, "in-use")) {
      disk_refuse_status(disk, "attached", error);
      return NULL;
    }
    if (publication->tries++ >= ATTACH_TRIES_MAX) {
      evs_error_set(error, EVS_CODE_ABORTED,
                    "disk '%s' was not attached to server '%s': its state kept changing", disk->id,
                    publication->server_id);
      return NULL;
    }
    EvsDisk *attached = NULL;
    AttachResult result = attach(publication, disk, &attached, error);
    if (result != ATTACH_AGAIN)
      return attached;
  }
}

ProtobufCMessage *publish_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  Controller *controller = data;
  const Csi__V1__ControllerPublishVolumeRequest *message = request;
  CapabilityNeeds needs = {0};
  g_autofree char *resource = volume_id_resource(message->volume_id);
  if (!capability_check(message->volume_capability, "volume_capability", &needs, error) ||
      !volume_id_check_exists("volume", message->volume_id, error) || !rpc_call_claim(call, resource, error))
    return NULL;

  Publication publication = {.controller = controller,
                             .call = call,
                             .volume_id = message->volume_id,
                             .server_id = message->node_id,
                             .multi_node = needs.multi_node,
                             .to_send = context_to_send(call),
                             .to_wait = context_to_wait(call)};
  /* Whether the volume exists is told first; a node id of another shape is no server. */
  g_autoptr(EvsDisk) disk = NULL;
  if (!volume_id_check_exists("node", message->node_id, NULL)) {
    disk = disk_read(controller->client, &publication.to_send, message->volume_id, error);
    if (disk)
      volume_id_check_exists("node", message->node_id, error);
    return NULL;
  }
  publication.attachment_ids = g_ptr_array_new_with_free_func(g_free);
  disk = bring(&publication, error);
  g_ptr_array_unref(publication.attachment_ids);
  if (!disk)
    return NULL;

  Csi__V1__ControllerPublishVolumeResponse *response = g_new0(Csi__V1__ControllerPublishVolumeResponse, 1);
  csi__v1__controller_publish_volume_response__init(response);
  if (!publish_context_fill(&controller->owner, disk, response, error)) {
    csi__v1__controller_publish_volume_response__free_unpacked(response, NULL);
    return NULL;
  }
  return &response->base;
}
