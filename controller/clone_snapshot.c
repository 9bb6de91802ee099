#include "controller/clone_snapshot.h"

#include "base/log.h"
#include "base/text.h"
#include "controller/context.h"
#include "controller/meter.h"
#include "controller/snapshot_crowd.h"
#include "controller/snapshot_find.h"
#include "controller/snapshot_remove.h"
#include "controller/snapshot_take.h"
#include "ownership/snapshot_kind.h"

enum { HASH_DIGITS = 32, CROWD_PAUSE_MS = 3000 };

char *clone_snapshot_name(const Owner *owner, const char *volume_id, const char *volume_name)
{
  /* None of the parts can hold a line feed, so the joined text is unambiguous. */
  g_autofree char *identity =
    g_strdup_printf("%s\n%s\n%s\n%s", owner->cluster_id, owner->driver_name, volume_id, volume_name);
  g_autofree char *hash = text_sha256(identity);
  return g_strdup_printf(CLONE_SNAPSHOT_PREFIX "%.*s", HASH_DIGITS, hash);
}

static EvsSnapshot *take(Controller *controller, RpcCall *call, const char *volume_id, const char *name,
                         GError **error)
{
  g_autoptr(GHashTable) metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  owner_mark(&controller->owner, name, metadata);
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_CLONE_OF), g_strdup(volume_id));
  const SnapshotOrder order = {
    .name = name, .evs_name = name, .volume_id = volume_id, .force = TRUE, .metadata = metadata};
  return snapshot_take(controller, call, &order, error);
}

static EvsSnapshot *find_or_take(Controller *controller, RpcCall *call, const char *volume_id,
                                 const char *name, GError **error)
{
  EvsContext context = context_to_send(call);
  g_auto(SnapshotFound) found = {0};
  if (!snapshot_find(controller, &context, name, name, NULL, &found, error))
    return NULL;
  snapshot_remove_remnants(controller, call, found.remnants);
  return found.snapshot ? g_steal_pointer(&found.snapshot) : take(controller, call, volume_id, name, error);
}

/* Other clones' snapshots go as soon as these are done. */
static EvsSnapshot *find_or_take_in_turn(Controller *controller, RpcCall *call, const char *volume_id,
                                         const char *name, GError **error)
{
  EvsContext to_send = context_to_send(call);
  for (;;) {
    g_autoptr(GError) local = NULL;
    EvsSnapshot *snapshot = find_or_take(controller, call, volume_id, name, &local);
    if (snapshot)
      return snapshot;
    if (!snapshot_crowd_is_passing(local)) {
      g_propagate_error(error, g_steal_pointer(&local));
      return NULL;
    }
    rpc_call_note(call, "waiting for other clones of disk %s", volume_id);
    if (!context_pause(&to_send, CROWD_PAUSE_MS, local->message, error))
      return NULL;
  }
}

/* Takes the snapshot. */
static EvsSnapshot *await(Controller *controller, RpcCall *call, EvsSnapshot *taken, GError **error)
{
  g_autoptr(EvsSnapshot) snapshot = taken;
  if (snapshot_is_ready(snapshot))
    return g_steal_pointer(&snapshot);
  rpc_call_note(call, "snapshot %s for the clone is being taken", snapshot->id);
  EvsContext to_wait = context_to_wait(call);
  g_autoptr(EvsSnapshot) ready = NULL;
  if (evs_watch_snapshot(controller->watcher, &to_wait, snapshot->id, &ready, error))
    return g_steal_pointer(&ready);
  return NULL;
}

EvsSnapshot *clone_snapshot_make(Controller *controller, RpcCall *call, const char *volume_id,
                                 const char *volume_name, GError **error)
{
  g_autofree char *name = clone_snapshot_name(&controller->owner, volume_id, volume_name);
  EvsSnapshot *snapshot = find_or_take_in_turn(controller, call, volume_id, name, error);
  if (!snapshot)
    return NULL;
  g_autofree char *resource = snapshot_resource(snapshot->id);
  if (!rpc_call_claim(call, resource, error)) {
    evs_snapshot_free(snapshot);
    return NULL;
  }
  return await(controller, call, snapshot, error);
}

static void remove_one(Controller *controller, RpcCall *call, const EvsSnapshot *snapshot)
{
  EvsContext to_wait = context_to_wait(call);
  g_autofree char *resource = snapshot_resource(snapshot->id);
  g_autoptr(GError) error = NULL;
  if (!rpc_call_claim(call, resource, &error) ||
      !snapshot_remove(controller, &to_wait, &to_wait, snapshot->id, NULL, SNAPSHOT_REMOVE_SEND, &error)) {
    controller_meter_snapshot_kept();
    log_warn("the temporary snapshot of a clone stays for now", LOG_TEXT("snapshot", snapshot->id),
             LOG_TEXT("reason", error->message));
  }
}

void clone_snapshot_remove(Controller *controller, RpcCall *call, const char *volume_id,
                           const char *volume_name)
{
  g_autofree char *name = clone_snapshot_name(&controller->owner, volume_id, volume_name);
  EvsContext to_wait = context_to_wait(call);
  const EvsSnapshotFilter filter = {.name = name};
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) snapshots = evs_snapshot_list(controller->client, &to_wait, &filter, &error);
  if (!snapshots) {
    log_warn("cannot look for the temporary snapshot of a clone", LOG_TEXT("snapshot", name),
             LOG_TEXT("reason", error->message));
    return;
  }
  for (guint i = 0; i < snapshots->len; i++) {
    const EvsSnapshot *snapshot = snapshots->pdata[i];
    if (owner_made_snapshot_for(&controller->owner, snapshot, name) && snapshot_is_temporary(snapshot))
      remove_one(controller, call, snapshot);
  }
}
