/* ControllerUnpublishVolume: the disk is not attached to the server (or, without node id, to any).
 *
 * A disk or server that is gone, and an attachment that is not there, are success: a VolumeAttachment whose detach
 * fails stays for ever. But an attach or detach under way is awaited before the answer: a detach that ends after its
 * answer would pull the disk from under the next pod (cloud-facts.md A6). */
#include "base/log.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/disk_state.h"
#include "controller/volume_id.h"
#include "csi.pb-c.h"
#include "evsclient/server.h"

enum {
  DETACH_TRIES_MAX = 10,      /* detaches refused because the disk's state had changed */
  LOOK_PAUSE_MS = 1000,       /* between two looks at a disk that changes by itself */
  LOST_ANSWER_MS = 10 * 1000, /* until the status shows a detach whose answer was lost */
};

typedef struct {
  Controller *controller;
  RpcCall *call;
  const char *volume_id, *server_id; /* server_id "": all servers */
  EvsContext to_send, to_wait;
  guint tries; /* refused detaches so far */
} Removal;

char *unpublish_volume_key(const void *request, void *data, GError **error)
{
  (void)data;
  const Csi__V1__ControllerUnpublishVolumeRequest *message = request;
  if (!volume_id_check("volume_id", message->volume_id, error))
    return NULL;
  if (message->node_id[0] && !volume_id_check("node_id", message->node_id, error))
    return NULL;
  return g_strdup_printf("attach:%s+%s", message->volume_id, message->node_id[0] ? message->node_id : "*");
}

/* The attachment to remove next, or NULL. A server that is gone may stay listed for a while: it is not asked twice. */
static const EvsAttachment *next_attachment(const Removal *removal, const EvsDisk *disk, GHashTable *handled)
{
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    if ((!removal->server_id[0] || g_str_equal(attachment->server_id, removal->server_id)) &&
        !g_hash_table_contains(handled, attachment->server_id))
      return attachment;
  }
  return NULL;
}

/* Waits inside the lane, and beyond it when the detach is stuck. Takes the lane. */
static gboolean await_detach(Removal *removal, LaneHold *lane, const char *server_id, const char *job_id,
                             GError **error)
{
  g_autoptr(LaneHold) hold = lane;
  EvsWatcher *watcher = removal->controller->watcher;
  g_autoptr(GError) local = NULL;
  EvsContext slice = server_lane_slice(hold, &removal->to_wait);
  rpc_call_note(removal->call, "detach job %s of disk %s from server %s runs", job_id ? job_id : "",
                removal->volume_id, server_id);
  if (evs_watch_detach(watcher, &slice, removal->volume_id, server_id, job_id, &local))
    return TRUE;
  if (!server_lane_stuck(hold) || !context_alive(&removal->to_wait)) {
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
  }
  log_warn("detach is stuck, the server's other disks go on", LOG_TEXT("disk", removal->volume_id),
           LOG_TEXT("server", server_id), LOG_TEXT("job", job_id));
  g_clear_pointer(&hold, server_lane_leave);
  return evs_watch_detach(watcher, &removal->to_wait, removal->volume_id, server_id, job_id, error);
}

static gboolean detach_once(Removal *removal, const char *server_id, gboolean force, GError **error)
{
  Controller *controller = removal->controller;
  rpc_call_note(removal->call, "disk %s waits for server %s", removal->volume_id, server_id);
  g_autoptr(LaneHold) lane =
    server_lane_enter(controller->lanes, server_id, LANE_DETACH, &removal->to_send, error);
  if (!lane)
    return FALSE;
  g_autofree char *job_id = NULL;
  if (!evs_server_detach(controller->client, &removal->to_send, server_id, removal->volume_id, force, &job_id,
                         error))
    return FALSE;
  log_info("detach started", LOG_TEXT("disk", removal->volume_id), LOG_TEXT("server", server_id),
           LOG_TEXT("job", job_id), LOG_TEXT("forced", force ? "true" : "false"));
  return await_detach(removal, g_steal_pointer(&lane), server_id, job_id, error);
}

/* Force only takes a disk from a server that does not run: a running guest may still write to it. */
static gboolean may_force(Removal *removal, const char *server_id)
{
  g_autoptr(EvsServer) server =
    evs_server_get(removal->controller->client, &removal->to_wait, server_id, NULL);
  return server && !g_str_equal(server->status, "ACTIVE");
}

/* The server, or the disk on it, is gone: nothing to detach. */
static gboolean is_gone(const GError *error)
{
  return evs_error_is(error, EVS_CODE_NOT_FOUND) || evs_error_is_cloud(error, "Ecs.0114") ||
         evs_error_is_cloud(error, "Ecs.0614");
}

/* The disk is not, or not any more, in a state to be detached: an attach or a detach runs or has just ended, maybe
 * ours, whose answer was lost and which was sent again. */
static gboolean is_state_change(const GError *error)
{
  return evs_error_is_cloud(error, "Ecs.0111") || evs_error_is_cloud(error, "Ecs.0102") ||
         evs_error_is_cloud(error, "Ecs.0103");
}

/* Waits until it makes sense to read the disk again. */
static gboolean look_again(Removal *removal, const EvsDisk *before, const GError *failure, GError **error)
{
  if (evs_error_outcome(failure) == EVS_OUTCOME_UNKNOWN)
    return disk_await_change(removal->controller->client, &removal->to_wait, before, LOST_ANSWER_MS,
                             failure->message, error);
  return context_pause(&removal->to_wait, LOOK_PAUSE_MS, failure->message, error);
}

/* Detaches from one server. *ret_again: the disk's state has changed, look again. */
static gboolean detach(Removal *removal, const EvsDisk *before, const char *server_id, gboolean *ret_again,
                       GError **error)
{
  g_autoptr(GError) local = NULL;
  *ret_again = FALSE;
  if (detach_once(removal, server_id, FALSE, &local) || is_gone(local))
    return TRUE;
  gboolean unsure = is_state_change(local) || evs_error_outcome(local) == EVS_OUTCOME_UNKNOWN;
  if (unsure && removal->tries++ < DETACH_TRIES_MAX) {
    *ret_again = look_again(removal, before, local, error);
    return *ret_again;
  }
  if (evs_error_is_job_failure(local) && may_force(removal, server_id)) {
    log_warn("plain detach failed, forcing it", LOG_TEXT("disk", removal->volume_id),
             LOG_TEXT("server", server_id), LOG_TEXT("reason", local->message));
    g_clear_error(&local);
    if (detach_once(removal, server_id, TRUE, &local) || is_gone(local))
      return TRUE;
  }
  g_propagate_error(error, g_steal_pointer(&local));
  g_prefix_error(error, "detaching disk '%s' from server '%s': ", removal->volume_id, server_id);
  return FALSE;
}

/* One look at the disk and what follows from it. *ret_done: nothing is attached any more. */
static gboolean remove_next(Removal *removal, GHashTable *handled, gboolean *ret_done, GError **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(EvsDisk) disk =
    evs_disk_get(removal->controller->client, &removal->to_send, removal->volume_id, &local);
  if (!disk) {
    *ret_done = evs_error_is(local, EVS_CODE_NOT_FOUND);
    if (!*ret_done)
      g_propagate_error(error, g_steal_pointer(&local));
    return *ret_done;
  }
  gboolean attaching = g_str_equal(disk->status, "attaching");
  gboolean detaching = g_str_equal(disk->status, "detaching");
  if (attaching || detaching) {
    g_autofree char *awaited = g_strdup_printf("disk '%s' has status '%s'", disk->id, disk->status);
    rpc_call_note(removal->call, "%s", awaited);
    return context_pause(&removal->to_send, LOOK_PAUSE_MS, awaited, error);
  }
  const EvsAttachment *attachment = next_attachment(removal, disk, handled);
  if (!attachment) {
    *ret_done = TRUE;
    return TRUE;
  }
  gboolean again = FALSE;
  if (!detach(removal, disk, attachment->server_id, &again, error))
    return FALSE;
  if (!again)
    g_hash_table_add(handled, g_strdup(attachment->server_id));
  *ret_done = !again && removal->server_id[0];
  return TRUE;
}

static gboolean remove_all(Removal *removal, GError **error)
{
  g_autoptr(GHashTable) handled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  gboolean done = FALSE;
  while (!done)
    if (!remove_next(removal, handled, &done, error))
      return FALSE;
  return TRUE;
}

ProtobufCMessage *unpublish_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  const Csi__V1__ControllerUnpublishVolumeRequest *message = request;
  /* Ids of another shape never were a disk or a server: nothing is attached. */
  gboolean possible = volume_id_check_exists("volume", message->volume_id, NULL) &&
                      (!message->node_id[0] || volume_id_check_exists("node", message->node_id, NULL));
  if (possible) {
    g_autofree char *resource = volume_id_resource(message->volume_id);
    Removal removal = {.controller = data,
                       .call = call,
                       .volume_id = message->volume_id,
                       .server_id = message->node_id,
                       .to_send = context_to_send(call),
                       .to_wait = context_to_wait(call)};
    if (!rpc_call_claim(call, resource, error) || !remove_all(&removal, error))
      return NULL;
  }
  Csi__V1__ControllerUnpublishVolumeResponse *response =
    g_new0(Csi__V1__ControllerUnpublishVolumeResponse, 1);
  csi__v1__controller_unpublish_volume_response__init(response);
  return &response->base;
}
