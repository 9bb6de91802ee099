#include "controller/delete_guard.h"

#include "base/log.h"
#include "controller/context.h"
#include "controller/snapshot_remove.h"
#include "ownership/snapshot_kind.h"

GuardVerdict delete_guard_judge(const Owner *owner, const EvsSnapshot *snapshot)
{
  if (snapshot_is_backup(snapshot))
    return GUARD_IGNORE;
  if (snapshot_is_temporary(snapshot) && owner_of_snapshot(owner, snapshot) == OWNER_US)
    return GUARD_REMOVE;
  return g_str_equal(snapshot->status, "deleting") ? GUARD_LEAVES : GUARD_KEEP;
}

static gboolean refuse(const char *volume_id, const GPtrArray *kept, GError **error)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < MIN(kept->len, GUARD_NAMED_MAX); i++) {
    const EvsSnapshot *snapshot = kept->pdata[i];
    g_string_append_printf(names, "%s'%s' (%s)", i ? ", " : "", snapshot->id, snapshot->name);
  }
  if (kept->len > GUARD_NAMED_MAX)
    g_string_append_printf(names, " and %u more", kept->len - GUARD_NAMED_MAX);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                "disk '%s' has %u %s, which would be deleted with it: %s", volume_id, kept->len,
                kept->len == 1 ? "snapshot" : "snapshots", names->str);
  if (error)
    evs_error_set_remedy(*error, "delete the snapshots first");
  return FALSE;
}

static gboolean remove_temporary(Controller *controller, RpcCall *call, const EvsSnapshot *snapshot,
                                 GError **error)
{
  g_autofree char *resource = snapshot_resource(snapshot->id);
  EvsContext to_send = context_to_send(call), to_wait = context_to_wait(call);
  if (!rpc_call_claim(call, resource, error))
    return FALSE;
  log_info("removing what a clone left of the disk to be deleted", LOG_TEXT("snapshot", snapshot->id),
           LOG_TEXT("disk", snapshot->volume_id));
  return snapshot_remove(controller, &to_send, &to_wait, snapshot->id, NULL, SNAPSHOT_REMOVE_WAIT, error);
}

static void drop_snapshot(void *snapshot)
{
  evs_snapshot_free(snapshot);
}

static GPtrArray *list_snapshots_of(void *data, const EvsContext *context, const char *volume_id,
                                    GError **error)
{
  const EvsSnapshotFilter filter = {.volume_id = volume_id, .limit = GUARD_LIST_PAGE};
  if (volume_id)
    return evs_snapshot_list(data, context, &filter, error);
  GPtrArray *page = evs_snapshot_list_page(data, context, &filter, error);
  if (page && page->len >= GUARD_LIST_PAGE)
    g_clear_pointer(&page, g_ptr_array_unref);
  return page;
}

SharedLists *delete_guard_lists_new(EvsClient *client)
{
  const SharedListKind kind = {.what = "snapshots of disk",
                               .fetch = list_snapshots_of,
                               .data = client,
                               .drop = drop_snapshot,
                               .gap_ms = GUARD_LIST_GAP_MS,
                               .burst = GUARD_LIST_BURST};
  return shared_lists_new(&kind);
}

typedef struct {
  const char *volume_id;
  GPtrArray *snapshots; /* copies: the disk's */
} Search;

static void search_list(GPtrArray *snapshots, void *data)
{
  Search *search = data;
  for (guint i = 0; i < snapshots->len; i++) {
    const EvsSnapshot *snapshot = snapshots->pdata[i];
    if (g_ascii_strcasecmp(snapshot->volume_id, search->volume_id) == 0)
      g_ptr_array_add(search->snapshots, evs_snapshot_copy(snapshot));
  }
}

gboolean delete_guard_check(Controller *controller, RpcCall *call, const char *volume_id, GError **error)
{
  EvsContext context = context_to_send(call);
  g_autoptr(GPtrArray) snapshots = g_ptr_array_new_with_free_func(drop_snapshot);
  Search search = {.volume_id = volume_id, .snapshots = snapshots};
  if (!shared_list_read(controller->snapshots_of, &context, volume_id, search_list, &search, error)) {
    g_prefix_error(error, "looking for snapshots of disk '%s': ", volume_id);
    return FALSE;
  }
  g_autoptr(GPtrArray) kept = g_ptr_array_new();
  g_autoptr(GPtrArray) leaving = g_ptr_array_new();
  g_autoptr(GPtrArray) removable = g_ptr_array_new();
  GPtrArray *const by_verdict[] = {
    [GUARD_IGNORE] = NULL, [GUARD_REMOVE] = removable, [GUARD_LEAVES] = leaving, [GUARD_KEEP] = kept};
  for (guint i = 0; i < snapshots->len; i++) {
    EvsSnapshot *snapshot = snapshots->pdata[i];
    GPtrArray *list = by_verdict[delete_guard_judge(&controller->owner, snapshot)];
    if (list)
      g_ptr_array_add(list, snapshot);
  }
  if (kept->len > 0)
    return refuse(volume_id, kept, error);
  if (leaving->len > 0)
    return evs_error_set(error, EVS_CODE_ABORTED, "disk '%s' has snapshot '%s', which is being deleted",
                         volume_id, ((EvsSnapshot *)leaving->pdata[0])->id);
  for (guint i = 0; i < removable->len; i++)
    if (!remove_temporary(controller, call, removable->pdata[i], error))
      return FALSE;
  return TRUE;
}
