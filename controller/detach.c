#include "controller/detach.h"

#include "base/log.h"
#include "controller/context.h"
#include "controller/disk_row.h"
#include "controller/disk_state.h"
#include "controller/meter.h"
#include "evsclient/server.h"

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

/* The plain way is no way: its job failed, or the server's state forbids it (wrong status, locked, frozen). */
static gboolean calls_for_force(const GError *error)
{
  return evs_error_is_job_failure(error) || evs_error_is_cloud(error, "Ecs.0100") ||
         evs_error_is_cloud(error, "Ecs.0605") || evs_error_is_cloud(error, "Ecs.0030");
}

gboolean detach_server_runs(const char *server_status)
{
  static const char *const running[] = {"ACTIVE",        "BUILD",   "REBOOT", "HARD_REBOOT",
                                        "MIGRATING",     "REBUILD", "RESIZE", "REVERT_RESIZE",
                                        "VERIFY_RESIZE", "",        NULL};
  return g_strv_contains(running, server_status);
}

/* The server's status, newly allocated: "" when it cannot be read, NULL when there is no such server. */
static char *read_status(const Removal *removal, const char *server_id)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsServer) server =
    evs_server_get(removal->controller->client, &removal->to_wait, server_id, &error);
  if (server)
    return g_strdup(server->status);
  return is_gone(error) ? NULL : g_strdup("");
}

static gboolean may_force(const Removal *removal, const char *server_id)
{
  g_autofree char *status = read_status(removal, server_id);
  return status && !detach_server_runs(status);
}

/* Waits for the detach inside the lane. DETACH_AGAIN: it hangs; the lane goes to the server's other disks. */
static DetachResult await_job(Removal *removal, const LaneHold *lane, const char *server_id,
                              const char *job_id, GError **error)
{
  g_autoptr(GError) local = NULL;
  EvsContext slice = server_lane_slice(lane, &removal->to_wait);
  rpc_call_note(removal->call, "detach job %s of disk %s from server %s runs", job_id ? job_id : "",
                removal->volume_id, server_id);
  if (evs_watch_detach(removal->controller->watcher, &slice, removal->volume_id, server_id, job_id, &local)) {
    transits_end(removal->controller->transits, removal->volume_id);
    return DETACH_DONE;
  }
  if (!server_lane_stuck(lane) || !context_alive(&removal->to_wait) ||
      !evs_error_is(local, EVS_CODE_ABORTED)) {
    g_propagate_error(error, g_steal_pointer(&local));
    return DETACH_FAILED;
  }
  log_warn("detach is stuck, the server's other disks go on", LOG_TEXT("disk", removal->volume_id),
           LOG_TEXT("server", server_id), LOG_TEXT("job", job_id));
  controller_meter_stuck("detach disk");
  return DETACH_AGAIN;
}

static DetachResult detach_once(Removal *removal, const char *server_id, gboolean force, GError **error)
{
  Controller *controller = removal->controller;
  rpc_call_note(removal->call, "disk %s waits for server %s", removal->volume_id, server_id);
  g_autoptr(LaneHold) lane =
    server_lane_enter(controller->lanes, server_id, LANE_DETACH, &removal->to_send, error);
  if (!lane)
    return DETACH_FAILED;
  g_autofree char *job_id = NULL;
  if (!evs_server_detach(controller->client, &removal->to_send, server_id, removal->volume_id, force, &job_id,
                         error))
    return DETACH_FAILED;
  transits_begin(controller->transits, removal->volume_id, "detaching");
  if (force)
    controller_meter_forced_detach();
  log_info("detach started", LOG_TEXT("disk", removal->volume_id), LOG_TEXT("server", server_id),
           LOG_TEXT("job", job_id), LOG_TEXT("forced", force ? "true" : "false"));
  return await_job(removal, lane, server_id, job_id, error);
}

/* Waits until it makes sense to read the disk again. */
static gboolean look_again(Removal *removal, const EvsDisk *before, const GError *failure, GError **error)
{
  if (evs_error_outcome(failure) == EVS_OUTCOME_UNKNOWN)
    return disk_await_change(removal->controller->client, &removal->to_wait, before, DETACH_LOST_ANSWER_MS,
                             failure->message, error);
  return context_pause(&removal->to_wait, DETACH_LOOK_MS, failure->message, error);
}

/* The detach was refused: does it rest on a row that was old? Then the disk decides, and not the refusal. */
static gboolean was_row_old(Removal *removal, const char *server_id)
{
  if (!removal->by_row)
    return FALSE;
  removal->by_row = FALSE;
  const DiskAim aim = {.kind = DISK_AIM_DETACH, .server_id = server_id};
  g_autoptr(EvsDisk) disk =
    evs_disk_get(removal->controller->client, &removal->to_wait, removal->volume_id, NULL);
  return !disk || !disk_row_allows(&removal->controller->owner, &aim, disk);
}

DetachResult detach_from(Removal *removal, const EvsDisk *disk, const char *server_id, GError **error)
{
  g_autoptr(GError) local = NULL;
  DetachResult result = detach_once(removal, server_id, FALSE, &local);
  if (result == DETACH_FAILED && evs_error_outcome(local) == EVS_OUTCOME_REFUSED &&
      was_row_old(removal, server_id))
    return DETACH_AGAIN;
  if (result == DETACH_FAILED && calls_for_force(local) && may_force(removal, server_id)) {
    log_warn("plain detach failed, forcing it", LOG_TEXT("disk", removal->volume_id),
             LOG_TEXT("server", server_id), LOG_TEXT("reason", local->message));
    g_clear_error(&local);
    result = detach_once(removal, server_id, TRUE, &local);
  }
  if (result != DETACH_FAILED)
    return result;
  /* Not attached to it (Ecs.0111 maps to NOT_FOUND) also means that a detach has just ended. */
  if (is_gone(local))
    return DETACH_DONE;
  gboolean unsure = is_state_change(local) || evs_error_outcome(local) == EVS_OUTCOME_UNKNOWN;
  if (unsure && removal->tries++ < DETACH_TRIES_MAX)
    return look_again(removal, disk, local, error) ? DETACH_AGAIN : DETACH_FAILED;
  g_propagate_error(error, g_steal_pointer(&local));
  g_prefix_error(error, "detaching disk '%s' from server '%s': ", removal->volume_id, server_id);
  return DETACH_FAILED;
}

/* ---- disks that hang ---- */

/* Ends what hangs at this server, if the server does not run. */
static DetachResult end_stuck(Removal *removal, const EvsDisk *disk, const char *server_id, GError **error)
{
  g_autofree char *status = read_status(removal, server_id);
  if (!status)
    return removal->server_id[0] ? DETACH_DONE : DETACH_AGAIN;
  if (detach_server_runs(status) || removal->forced >= DETACH_FORCED_MAX)
    return DETACH_AGAIN;
  removal->forced++;
  log_warn("disk hangs at a server that does not run, forcing a detach", LOG_TEXT("disk", disk->id),
           LOG_TEXT("status", disk->status), LOG_TEXT("server", server_id),
           LOG_TEXT("server_status", status));
  g_autoptr(GError) local = NULL;
  DetachResult result = detach_once(removal, server_id, TRUE, &local);
  if (result != DETACH_FAILED)
    return DETACH_AGAIN;
  if (!is_gone(local) && !is_state_change(local) && evs_error_outcome(local) != EVS_OUTCOME_UNKNOWN) {
    g_propagate_error(error, g_steal_pointer(&local));
    g_prefix_error(error, "detaching disk '%s', which hangs, from server '%s' by force: ", disk->id,
                   server_id);
    return DETACH_FAILED;
  }
  log_warn("the cloud refuses to force the detach", LOG_TEXT("disk", disk->id), LOG_TEXT("server", server_id),
           LOG_TEXT("reason", local->message));
  return DETACH_AGAIN;
}

static DetachResult end_all_stuck(Removal *removal, const EvsDisk *disk, GError **error)
{
  if (removal->server_id[0])
    return end_stuck(removal, disk, removal->server_id, error);
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    if (end_stuck(removal, disk, attachment->server_id, error) == DETACH_FAILED)
      return DETACH_FAILED;
  }
  return DETACH_AGAIN;
}

DetachResult detach_await(Removal *removal, const EvsDisk *disk, GError **error)
{
  gint64 ms = 0;
  gboolean stuck = transits_see(removal->controller->transits, disk, &ms);
  g_autofree char *awaited =
    g_strdup_printf("disk '%s' has been '%s' for %" G_GINT64_FORMAT " s", disk->id, disk->status, ms / 1000);
  rpc_call_note(removal->call, "%s", awaited);
  guint forced = removal->forced;
  DetachResult result = stuck ? end_all_stuck(removal, disk, error) : DETACH_AGAIN;
  if (result != DETACH_AGAIN || removal->forced != forced)
    return result;
  return context_pause(&removal->to_send, stuck ? DETACH_STUCK_LOOK_MS : DETACH_LOOK_MS, awaited, error)
           ? DETACH_AGAIN
           : DETACH_FAILED;
}
