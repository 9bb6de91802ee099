#include "controller/list_snapshots.h"

#include "base/text.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/get_snapshot.h"
#include "controller/list_volumes.h"
#include "controller/snapshot_message.h"
#include "controller/snapshot_topology.h"
#include "ownership/snapshot_kind.h"

static int compare_position(const EvsSnapshot *snapshot, const char *created_at, const char *id)
{
  int order = strcmp(snapshot->created_at, created_at);
  return order ? order : strcmp(snapshot->id, id);
}

static gint compare_snapshots(gconstpointer a, gconstpointer b)
{
  return snapshot_compare_age(*(const EvsSnapshot *const *)a, *(const EvsSnapshot *const *)b);
}

static gboolean is_shown(const EvsSnapshot *snapshot, const Owner *owner, gboolean owned_only,
                         const char *volume_id)
{
  return snapshot_is_visible(snapshot) && (!owned_only || owner_of_snapshot(owner, snapshot) == OWNER_US) &&
         (volume_id[0] == '\0' || g_ascii_strcasecmp(snapshot->volume_id, volume_id) == 0);
}

void list_snapshots_select(GPtrArray *snapshots, const Owner *owner, gboolean owned_only,
                           const char *volume_id, const char *created_at, const char *id)
{
  for (guint i = snapshots->len; i > 0; i--) {
    const EvsSnapshot *snapshot = snapshots->pdata[i - 1];
    if (!is_shown(snapshot, owner, owned_only, volume_id) ||
        (created_at && compare_position(snapshot, created_at, id) <= 0))
      g_ptr_array_remove_index_fast(snapshots, i - 1);
  }
  g_ptr_array_sort(snapshots, compare_snapshots);
}

/* What the filters of the request leave to ask of the cloud: one by id, those of a disk, or all. */
static GPtrArray *read_snapshots(Controller *controller, const EvsContext *context,
                                 const Csi__V1__ListSnapshotsRequest *message, GError **error)
{
  g_autoptr(GPtrArray) none = g_ptr_array_new_with_free_func((GDestroyNotify)evs_snapshot_free);
  gboolean by_volume = message->source_volume_id[0] != '\0';
  if (by_volume && !text_is_uuid(message->source_volume_id))
    return g_steal_pointer(&none);
  if (message->snapshot_id[0] == '\0') {
    const EvsSnapshotFilter filter = {.volume_id = by_volume ? message->source_volume_id : NULL};
    return evs_snapshot_list(controller->client, context, &filter, error);
  }
  g_autoptr(GError) local = NULL;
  EvsSnapshot *snapshot = get_visible_snapshot(controller, context, message->snapshot_id, &local);
  if (snapshot)
    g_ptr_array_add(none, snapshot);
  if (snapshot && !snapshot_check_not_failed(snapshot, error))
    return NULL;
  if (snapshot || evs_error_is(local, EVS_CODE_NOT_FOUND))
    return g_steal_pointer(&none);
  g_propagate_error(error, g_steal_pointer(&local));
  return NULL;
}

static ProtobufCMessage *new_response(GPtrArray *snapshots, guint max_entries, GHashTable *zones)
{
  Csi__V1__ListSnapshotsResponse *response = g_new0(Csi__V1__ListSnapshotsResponse, 1);
  csi__v1__list_snapshots_response__init(response);
  guint count = MIN(snapshots->len, max_entries);
  if (count > 0)
    response->entries = g_new0(Csi__V1__ListSnapshotsResponse__Entry *, count);
  for (guint i = 0; i < count; i++) {
    const EvsSnapshot *snapshot = snapshots->pdata[i];
    Csi__V1__ListSnapshotsResponse__Entry *entry = g_new0(Csi__V1__ListSnapshotsResponse__Entry, 1);
    csi__v1__list_snapshots_response__entry__init(entry);
    entry->snapshot =
      snapshot_message_new(snapshot, zones ? g_hash_table_lookup(zones, snapshot->volume_id) : NULL);
    response->entries[response->n_entries++] = entry;
  }
  if (count < snapshots->len) {
    const EvsSnapshot *last = snapshots->pdata[count - 1];
    response->next_token = list_token_new(last->created_at, last->id);
  }
  return &response->base;
}

ProtobufCMessage *list_snapshots(RpcCall *call, const void *request, void *data, GError **error)
{
  Controller *controller = data;
  const Csi__V1__ListSnapshotsRequest *message = request;
  if (message->max_entries < 0) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field 'max_entries' is %d; 0 or more is accepted",
                  message->max_entries);
    return NULL;
  }
  g_autofree char *created_at = NULL;
  const char *id = NULL;
  if (!list_token_parse(message->starting_token, &created_at, &id, error))
    return NULL;

  EvsContext context = context_to_send(call);
  g_autoptr(GPtrArray) snapshots = read_snapshots(controller, &context, message, error);
  g_autoptr(GHashTable) zones = NULL;
  if (!snapshots)
    return NULL;
  list_snapshots_select(snapshots, &controller->owner, controller->list_owned_only, message->source_volume_id,
                        created_at, id);
  if (snapshots->len > 0 && !snapshot_topology_zones(controller, &context, &zones, error))
    return NULL;
  guint max_entries = message->max_entries > 0 ? (guint)message->max_entries : LIST_SNAPSHOTS_MAX;
  return new_response(snapshots, MIN(max_entries, LIST_SNAPSHOTS_MAX), zones);
}
