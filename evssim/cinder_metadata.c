/* Metadata of disks (7.5) and of snapshots (7.6): the same seven operations on either. */
#include "evssim/cinder.h"
#include "evssim/disk_rules.h"
#include "evssim/pairs.h"
#include "evssim/snapshots.h"

/* Whose metadata a request is about. */
typedef struct {
  json_t **metadata;
  Disk *disk; /* one of the two */
  Snapshot *snapshot;
} Owner;

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

/* By {volume_id} or {snapshot_id} of the path; FALSE: answered. */
static gboolean find_owner(Request *request, Owner *ret)
{
  *ret = (Owner){.metadata = NULL};
  if (*request_path(request, "volume_id")) {
    ret->disk = disk_of_request(request);
    ret->metadata = ret->disk ? &ret->disk->metadata : NULL;
  } else {
    ret->snapshot = snapshot_of_request(request);
    ret->metadata = ret->snapshot ? &ret->snapshot->metadata : NULL;
  }
  return ret->metadata != NULL;
}

/* A frozen disk refuses changes: EVS.2144. */
static gboolean find_changeable(Request *request, Owner *ret)
{
  return find_owner(request, ret) && (!ret->disk || disk_rule_thawed(request, ret->disk));
}

static void owner_changed(Request *request, const Owner *owner)
{
  if (owner->disk)
    disk_changed(request->sim, owner->disk);
  else
    snapshot_changed(request->sim, owner->snapshot);
}

static json_t *body_of(Request *request, const char *root)
{
  const json_t *object = json_object_get(request_json(request), root);
  if (json_is_object(object))
    return pairs_read(request, object, PAIRS_OF_OPERATION);
  reply_error(request, 400, "EVS.5400", "Malformed request body. %s is mandatory", root);
  return NULL;
}

static void reply_all(Request *request, const Owner *owner)
{
  reply_json(request, 200, json_pack("{s:O}", "metadata", *owner->metadata));
}

static void reply_one(Request *request, const char *key, const json_t *value)
{
  reply_json(request, 200, json_pack("{s:{s:O}}", "meta", key, value));
}

static void change(Request *request, gboolean replace)
{
  Owner owner;
  if (!find_changeable(request, &owner))
    return;
  g_autoptr(json_t) pairs = body_of(request, "metadata");
  if (!pairs || !pairs_apply(request, owner.metadata, pairs, replace))
    return;
  owner_changed(request, &owner);
  reply_all(request, &owner);
}

static void handle_add(Request *request)
{
  change(request, FALSE);
}

static void handle_replace(Request *request)
{
  change(request, TRUE);
}

static void handle_get_all(Request *request)
{
  Owner owner;
  if (find_owner(request, &owner))
    reply_all(request, &owner);
}

/* The pair of {key}; FALSE: answered. */
static gboolean find_pair(Request *request, Owner *ret_owner, const char **ret_key)
{
  if (!find_owner(request, ret_owner))
    return FALSE;
  *ret_key = request_path(request, "key");
  if (json_object_get(*ret_owner->metadata, *ret_key))
    return TRUE;
  reply_error(request, 404, "EVS.5404", "Metadata key %s could not be found.", *ret_key);
  return FALSE;
}

static void handle_get_one(Request *request)
{
  Owner owner;
  const char *key;
  if (find_pair(request, &owner, &key))
    reply_one(request, key, json_object_get(*owner.metadata, key));
}

/* The body names the key of the path and no other; it need not be there yet. */
static void handle_set_one(Request *request)
{
  Owner owner;
  const char *key = request_path(request, "key");
  if (!find_changeable(request, &owner))
    return;
  g_autoptr(json_t) pairs = body_of(request, "meta");
  if (!pairs)
    return;
  if (json_object_size(pairs) != 1 || !json_object_get(pairs, key)) {
    (void)refuse(request, "EVS.5400", "Request body and URI mismatch.");
    return;
  }
  if (!pairs_apply(request, owner.metadata, pairs, FALSE))
    return;
  owner_changed(request, &owner);
  reply_one(request, key, json_object_get(*owner.metadata, key));
}

static void handle_delete_one(Request *request)
{
  Owner owner;
  const char *key;
  if (!find_pair(request, &owner, &key) || (owner.disk && !disk_rule_thawed(request, owner.disk)))
    return;
  if (pairs_is_fixed(key)) {
    reply_error(request, 403, "EVS.5403", "metadata can not be operated.");
    return;
  }
  g_autoptr(json_t) rest = json_copy(*owner.metadata);
  json_object_del(rest, key);
  json_decref(*owner.metadata);
  *owner.metadata = g_steal_pointer(&rest);
  owner_changed(request, &owner);
  reply_empty(request, 200);
}

/* ---- registration ---- */

#define OF_DISK "/v2/{project_id}/volumes/{volume_id}/metadata"
#define OF_SNAPSHOT "/v2/{project_id}/snapshots/{snapshot_id}/metadata"
#define GET_DISK "evs:volumes:get"
#define UPDATE_DISK "evs:volumes:update evs:volumes:get"
#define DELETE_DISK                                                                                          \
  "evs:volumes:delete evs:volumes:get" /* yes: the right to delete the disk (evs-facts 12) */
#define GET_SNAPSHOT "evs:snapshots:get"
#define UPDATE_SNAPSHOT "evs:snapshots:update evs:snapshots:get"
#define DELETE_SNAPSHOT "evs:snapshots:delete evs:snapshots:get"

static const Route routes[] = {
  {"7.5.1", SIM_SERVICE_EVS, "POST", OF_DISK, UPDATE_DISK, ROUTE_AUTH, handle_add},
  {"7.5.2", SIM_SERVICE_EVS, "GET", OF_DISK "/{key}", GET_DISK, ROUTE_AUTH, handle_get_one},
  {"7.5.3", SIM_SERVICE_EVS, "PUT", OF_DISK "/{key}", UPDATE_DISK, ROUTE_AUTH, handle_set_one},
  {"7.5.4", SIM_SERVICE_EVS, "PUT", OF_DISK, UPDATE_DISK, ROUTE_AUTH, handle_replace},
  {"7.5.6", SIM_SERVICE_EVS, "DELETE", OF_DISK "/{key}", DELETE_DISK, ROUTE_AUTH, handle_delete_one},
  {"7.6.1", SIM_SERVICE_EVS, "POST", OF_SNAPSHOT, UPDATE_SNAPSHOT, ROUTE_AUTH, handle_add},
  {"7.6.2", SIM_SERVICE_EVS, "GET", OF_SNAPSHOT, GET_SNAPSHOT, ROUTE_AUTH, handle_get_all},
  {"7.6.3", SIM_SERVICE_EVS, "PUT", OF_SNAPSHOT "/{key}", UPDATE_SNAPSHOT, ROUTE_AUTH, handle_set_one},
  {"7.6.4", SIM_SERVICE_EVS, "PUT", OF_SNAPSHOT, UPDATE_SNAPSHOT, ROUTE_AUTH, handle_replace},
  {"7.6.5", SIM_SERVICE_EVS, "GET", OF_SNAPSHOT "/{key}", GET_SNAPSHOT, ROUTE_AUTH, handle_get_one},
  {"7.6.6", SIM_SERVICE_EVS, "DELETE", OF_SNAPSHOT "/{key}", DELETE_SNAPSHOT, ROUTE_AUTH, handle_delete_one},
};

/* The /v3 path of this one is an operation of the reference by itself. */
static const Route routes_without_twin[] = {
  {"7.5.5", SIM_SERVICE_EVS, "GET", OF_DISK, GET_DISK, ROUTE_AUTH, handle_get_all},
  {"7.5.7", SIM_SERVICE_EVS, "GET", "/v3/{project_id}/volumes/{volume_id}/metadata", GET_DISK, ROUTE_AUTH,
   handle_get_all},
};

void cinder_metadata_start(Sim *sim)
{
  router_add_twins(sim, routes, G_N_ELEMENTS(routes));
  router_add(sim, routes_without_twin, G_N_ELEMENTS(routes_without_twin));
}
