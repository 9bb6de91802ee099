#include "controller/snapshot_remove.h"

#include "base/log.h"
#include "ownership/snapshot_kind.h"

enum { REMOVE_TRIES_MAX = 3 };

typedef enum { START_SENT, START_GONE, START_AGAIN, START_FAILED } Start;

/* Creating snapshots cannot be deleted; how the creation ends does not matter here. */
static gboolean await_creation(Controller *controller, const EvsContext *to_send, const char *snapshot_id,
                               GError **error)
{
  g_autoptr(EvsSnapshot) made = NULL;
  g_autoptr(GError) local = NULL;
  if (evs_watch_snapshot(controller->watcher, to_send, snapshot_id, &made, &local) || made ||
      evs_error_is(local, EVS_CODE_NOT_FOUND))
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&local));
  return FALSE;
}

static Start start_remove(Controller *controller, const EvsContext *to_send, const char *snapshot_id,
                          SnapshotCheck check, GError **error)
{
  g_autoptr(GError) local = NULL;
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_get(controller->client, to_send, snapshot_id, &local);
  if (!snapshot && evs_error_is(local, EVS_CODE_NOT_FOUND))
    return START_GONE;
  if (!snapshot) {
    g_propagate_error(error, g_steal_pointer(&local));
    return START_FAILED;
  }
  if (check && !check(controller, snapshot, error))
    return START_FAILED;
  if (g_str_equal(snapshot->status, "creating"))
    return await_creation(controller, to_send, snapshot_id, error) ? START_AGAIN : START_FAILED;
  if (g_str_equal(snapshot->status, "deleting"))
    return START_SENT;
  if (!snapshot_is_ready(snapshot) && !g_str_equal(snapshot->status, "error")) {
    snapshot_refuse_status(snapshot, "deleted", error);
    return START_FAILED;
  }
  if (evs_snapshot_delete(controller->client, to_send, snapshot_id, &local)) {
    log_info("snapshot deletion started", LOG_TEXT("snapshot", snapshot_id),
             LOG_TEXT("name", snapshot->name));
    return START_SENT;
  }
  if (evs_error_is(local, EVS_CODE_NOT_FOUND))
    return START_GONE;
  /* Its status has changed between the look and the delete. */
  Start start = evs_error_is_cloud(local, "EVS.1047") ? START_AGAIN : START_FAILED;
  g_propagate_error(error, g_steal_pointer(&local));
  return start;
}

gboolean snapshot_remove(Controller *controller, const EvsContext *to_send, const EvsContext *to_wait,
                         const char *snapshot_id, SnapshotCheck check, SnapshotRemoveEnd end, GError **error)
{
  for (guint tries = 1;; tries++) {
    g_autoptr(GError) local = NULL;
    Start start = start_remove(controller, to_send, snapshot_id, check, &local);
    if (start == START_GONE)
      return TRUE;
    if (start == START_SENT)
      break;
    if (start == START_AGAIN && tries < REMOVE_TRIES_MAX)
      continue;
    if (local)
      g_propagate_error(error, g_steal_pointer(&local));
    else
      evs_error_set(error, EVS_CODE_ABORTED, "snapshot '%s' keeps changing; it is not deleted yet",
                    snapshot_id);
    return FALSE;
  }
  return end == SNAPSHOT_REMOVE_SEND ||
         evs_watch_snapshot_delete(controller->watcher, to_wait, snapshot_id, error);
}

char *snapshot_resource(const char *snapshot_id)
{
  return g_strconcat("snapshot:", snapshot_id, NULL);
}
