#include "controller/create_snapshot.h"

#include "controller/context.h"
#include "controller/controller.h"
#include "controller/disk_state.h"
#include "controller/snapshot_find.h"
#include "controller/snapshot_message.h"
#include "controller/snapshot_request.h"
#include "controller/snapshot_take.h"
#include "controller/snapshot_topology.h"
#include "controller/volume_id.h"
#include "ownership/snapshot_kind.h"

char *create_snapshot_key(const void *request, void *data, GError **error)
{
  (void)data;
  /* Unknown parameters are judged by the handler, once. */
  g_autoptr(SnapshotRequest) parsed = snapshot_request_parse(request, PARAMETERS_IGNORE_UNKNOWN, error);
  return parsed ? g_strconcat("snapshot:", parsed->name, NULL) : NULL;
}

gboolean create_snapshot_check_disk(const EvsDisk *disk, GError **error)
{
  static const char *const fit[] = {"available", "in-use", "attaching", NULL};
  if (!disk_check_use(disk, DISK_USE_SNAPSHOT, error))
    return FALSE;
  return g_strv_contains(fit, disk->status) || disk_refuse_status(disk, "copied to a snapshot", error);
}

static gboolean check_source(const SnapshotRequest *request, const EvsSnapshot *snapshot, GError **error)
{
  if (g_ascii_strcasecmp(snapshot->volume_id, request->volume_id) == 0)
    return TRUE;
  return evs_error_set(
    error, EVS_CODE_ALREADY_EXISTS,
    "a snapshot of this name exists already (snapshot '%s') of another volume: it is of '%s', the "
    "request wants '%s'",
    snapshot->id, snapshot->volume_id, request->volume_id);
}

/* A snapshot can only be restored in its disk's zone. Final on purpose: no retry would help. */
static gboolean check_zone(const SnapshotRequest *request, const EvsDisk *disk, GError **error)
{
  if (request->zones->len == 0 ||
      g_ptr_array_find_with_equal_func(request->zones, disk->availability_zone, g_str_equal, NULL))
    return TRUE;
  return evs_error_set(
    error, EVS_CODE_FAILED_PRECONDITION,
    "field 'accessibility_requirements' does not accept availability zone '%s': a snapshot of "
    "disk '%s' can only be restored there",
    disk->availability_zone, disk->id);
}

static EvsSnapshot *order(Controller *controller, RpcCall *call, const SnapshotRequest *request,
                          GError **error)
{
  g_autoptr(GHashTable) metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  owner_mark(&controller->owner, request->name, metadata);
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, request->notes);
  while (g_hash_table_iter_next(&iter, &key, &value))
    owner_note(metadata, key, value);
  const SnapshotOrder wanted = {.name = request->name,
                                .evs_name = request->evs_name,
                                .volume_id = request->volume_id,
                                .force = request->force,
                                .metadata = metadata};
  return snapshot_take(controller, call, &wanted, error);
}

/* A row of a list that many share is enough where it allows the request: the cloud refuses that itself if the row was old.
 * Else the disk. */
static EvsDisk *look_at_disk(Controller *controller, const EvsContext *context, const char *volume_id,
                             GError **error)
{
  g_autoptr(EvsDisk) row = NULL;
  if (evs_watcher_look(controller->watcher, context, volume_id, &row, NULL) && row &&
      create_snapshot_check_disk(row, NULL))
    return g_steal_pointer(&row);
  return disk_read(controller->client, context, volume_id, error);
}

/* Takes a snapshot that does not exist yet. */
static EvsSnapshot *take(Controller *controller, RpcCall *call, const SnapshotRequest *request,
                         GError **error)
{
  EvsContext context = context_to_send(call);
  g_autoptr(EvsDisk) disk = look_at_disk(controller, &context, request->volume_id, error);
  if (!disk || !create_snapshot_check_disk(disk, error) ||
      (controller->gates.snapshot_topology && !check_zone(request, disk, error)))
    return NULL;
  return order(controller, call, request, error);
}

static EvsSnapshot *find_or_take(Controller *controller, RpcCall *call, const SnapshotRequest *request,
                                 GError **error)
{
  EvsContext context = context_to_send(call);
  g_auto(SnapshotFound) found = {0};
  if (!snapshot_find(controller, &context, request->name, request->evs_name, NULL, &found, error))
    return NULL;
  if (!found.snapshot && found.remnants->len > 0) {
    const EvsSnapshot *remnant = found.remnants->pdata[0];
    if (!check_source(request, remnant, error))
      return NULL;
    snapshot_remove_remnants(controller, call, found.remnants);
    evs_error_set(error, EVS_CODE_INTERNAL,
                  "the cloud could not take snapshot '%s' of disk '%s' (status 'error'); it was removed",
                  remnant->id, remnant->volume_id);
    return NULL;
  }
  g_autoptr(EvsSnapshot) snapshot =
    found.snapshot ? g_steal_pointer(&found.snapshot) : take(controller, call, request, error);
  return snapshot && check_source(request, snapshot, error) ? g_steal_pointer(&snapshot) : NULL;
}

ProtobufCMessage *create_snapshot(RpcCall *call, const void *request, void *data, GError **error)
{
  Controller *controller = data;
  g_autoptr(SnapshotRequest) parsed = snapshot_request_parse(
    request, controller->warn_unknown_parameters ? PARAMETERS_WARN_UNKNOWN : PARAMETERS_REFUSE_UNKNOWN,
    error);
  if (!parsed || !volume_id_check_exists("volume", parsed->volume_id, error))
    return NULL;
  g_autofree char *resource = volume_id_resource(parsed->volume_id);
  if (!rpc_call_claim(call, resource, error))
    return NULL;
  g_autoptr(EvsSnapshot) snapshot = find_or_take(controller, call, parsed, error);
  if (!snapshot)
    return NULL;
  EvsContext context = context_to_wait(call);
  g_autofree char *zone = NULL;
  if (!snapshot_topology_zone(controller, &context, snapshot, &zone, error))
    return NULL;
  Csi__V1__CreateSnapshotResponse *response = g_new0(Csi__V1__CreateSnapshotResponse, 1);
  csi__v1__create_snapshot_response__init(response);
  response->snapshot = snapshot_message_new(snapshot, zone);
  return &response->base;
}
