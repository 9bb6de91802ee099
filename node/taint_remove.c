#include "node/taint_remove.h"

#include "base/clock.h"
#include "base/error.h"
#include "node/taint_patch.h"

typedef struct {
  KubeApi *api;
  const TaintTask *task;
  char *key;
  char *node_path, *csi_node_path;
  char *patch;     /* made of the node as last read; NULL: to be read */
  gboolean listed; /* CSINode has the driver */
  gboolean removed;
} Removal;

static void removal_clear(Removal *removal)
{
  g_free(removal->key);
  g_free(removal->node_path);
  g_free(removal->csi_node_path);
  g_free(removal->patch);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Removal, removal_clear)

static gboolean read_node(Removal *removal, GError **error)
{
  const KubeRequest request = {.method = "GET", .path = removal->node_path, .right = "get nodes"};
  json_t *node = NULL;
  if (!kube_api_send(removal->api, &request, &node, error))
    return FALSE;
  gboolean good = taint_make_patch(node, removal->key, &removal->patch, error);
  json_decref(node);
  return good;
}

static gboolean look_for_driver(Removal *removal, GError **error)
{
  const KubeRequest request = {
    .method = "GET", .path = removal->csi_node_path, .right = "get csinodes (storage.k8s.io)"};
  json_t *csi_node = NULL;
  g_autoptr(GError) reason = NULL;
  gboolean sent = kube_api_send(removal->api, &request, &csi_node, &reason);
  /* The kubelet makes the object when the first driver registers. */
  if (!sent && !evs_error_is(reason, EVS_CODE_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
  }
  gboolean good =
    !sent || taint_driver_is_listed(csi_node, removal->task->driver_name, &removal->listed, error);
  json_decref(csi_node);
  if (good && !removal->listed)
    return evs_error_set(error, EVS_CODE_UNAVAILABLE, "CSINode '%s' does not list the driver '%s' yet",
                         removal->task->node_name, removal->task->driver_name);
  return good;
}

static gboolean send_patch(Removal *removal, GError **error)
{
  const KubeRequest request = {
    .method = "PATCH", .path = removal->node_path, .right = "patch nodes", .patch = removal->patch};
  json_t *node = NULL;
  removal->removed = kube_api_send(removal->api, &request, &node, error);
  json_decref(node);
  /* Whatever went wrong, the node may be another by now. */
  g_clear_pointer(&removal->patch, g_free);
  return removal->removed;
}

/* TRUE: the taint is gone. Goes on where it stopped the last time. */
static gboolean advance(Removal *removal, GError **error)
{
  if (!removal->patch && !read_node(removal, error))
    return FALSE;
  if (!removal->patch)
    return TRUE;
  if (!removal->listed && !look_for_driver(removal, error))
    return FALSE;
  return send_patch(removal, error);
}

static gboolean may_pass(const GError *reason)
{
  return evs_error_is(reason, EVS_CODE_UNAVAILABLE) || evs_error_is(reason, EVS_CODE_ABORTED);
}

gboolean taint_remove(KubeApi *api, const TaintTask *task, gboolean *ret_removed, GError **error)
{
  g_auto(Removal) removal = {
    .api = api,
    .task = task,
    .key = g_strconcat(task->driver_name, TAINT_KEY_SUFFIX, NULL),
    .node_path = g_strconcat("/api/v1/nodes/", task->node_name, NULL),
    .csi_node_path = g_strconcat("/apis/storage.k8s.io/v1/csinodes/", task->node_name, NULL),
  };
  for (int pause_ms = task->first_pause_ms;; pause_ms = MIN(2 * pause_ms, TAINT_LAST_PAUSE_MS)) {
    g_autoptr(GError) reason = NULL;
    if (advance(&removal, &reason)) {
      *ret_removed = removal.removed;
      return TRUE;
    }
    if (!may_pass(reason)) {
      g_propagate_error(error, g_steal_pointer(&reason));
      return FALSE;
    }
    if (clock_left_ms(task->deadline_us) == 0)
      return evs_error_set(error, EVS_CODE_DEADLINE_EXCEEDED, "given up for now: %s", reason->message);
    /* Nodes that start together do not ask together. */
    gint64 next_us = clock_deadline_in_ms(g_random_int_range(pause_ms / 2, pause_ms + 1));
    clock_sleep_until(MIN(next_us, task->deadline_us));
  }
}
