/* Standard snapshots (cloud-facts F1), the newer kind: of disks in use without force, up to 256 of a disk, one at a time,
 * with tags, and made by a job that clients can ask. The older calls do not know them; disks are made of either kind. */
#include "evssim/disk_rules.h"
#include "evssim/parts.h"
#include "evssim/snapshots.h"
#include "evssim/tags.h"

static gboolean refuse(Request *request, int status, const char *code, const char *message)
{
  reply_error(request, status, code, "%s", message);
  return FALSE;
}

static gboolean flag_of(const Snapshot *snapshot, const char *key)
{
  return json_is_true(json_object_get(snapshot->standard, key));
}

static json_t *render(const Snapshot *snapshot)
{
  const char *key_id = json_string_value(json_object_get(snapshot->inherited, "__system__cmkid"));
  json_t *json = snapshot_render(snapshot);
  json_object_del(json, "metadata");
  json_object_del(json, "os-extended-snapshot-attributes:project_id");
  json_object_del(json, "os-extended-snapshot-attributes:progress");
  g_autoptr(json_t) more = json_pack(
    "{s:s, s:s, s:O, s:b, s:b, s:s, s:s, s:[], s:n, s:n, s:n}", "availability_zone", snapshot->zone,
    "enterprise_project_id", snapshot->enterprise_project_id, "tags",
    json_object_get(snapshot->standard, "tags"), "instant_access", flag_of(snapshot, "instant_access"),
    "incremental", flag_of(snapshot, "incremental"), "snapshot_type", "user", "category", "standard",
    "snapshot_chains", "snapshot_group_id", "retention_at", "instant_access_retention_at");
  json_object_update(json, more);
  json_object_set_new(json, "encrypted", json_boolean(key_id != NULL));
  json_object_set_new(json, "cmk_id", key_id ? json_string(key_id) : json_null());
  json_object_set_new(json, "progress", json_integer(g_str_equal(snapshot->status, DISK_CREATING) ? 0 : 100));
  return json;
}

/* ---- create ---- */

static gboolean read_flag(Request *request, const char *key, gboolean fallback, json_t *standard)
{
  const json_t *flag = json_object_get(json_object_get(request_json(request), "snapshot"), key);
  gboolean given = flag && !json_is_null(flag);
  if (given && !json_is_boolean(flag)) {
    reply_error(request, 400, "EVS.1018", "Type conversion error , parameter type is unexpected: %s", key);
    return FALSE;
  }
  json_object_set_new(standard, key, json_boolean(given ? json_is_true(flag) : fallback));
  return TRUE;
}

/* NULL: answered. */
static json_t *read_standard(Request *request)
{
  const json_t *body = json_object_get(request_json(request), "snapshot");
  g_autoptr(json_t) standard = json_object();
  json_t *tags = tags_read(request, json_object_get(body, "tags"));
  if (!tags)
    return NULL;
  json_object_set_new(standard, "tags", tags);
  if (!read_flag(request, "instant_access", FALSE, standard) ||
      !read_flag(request, "incremental", TRUE, standard))
    return NULL;
  return g_steal_pointer(&standard);
}

static gboolean check_limits(Request *request, const Disk *disk, gboolean instant)
{
  const Sim *sim = request->sim;
  if (snapshots_count_standard(sim, disk->id, NULL, DISK_CREATING) > 0)
    return refuse(request, 409, "EVS.2409", "another snapshot of the volume is being created");
  if (instant && (g_str_equal(disk->type, "SATA") || g_str_equal(disk->type, "SAS")))
    return refuse(request, 400, "EVS.5400", "Malformed request body. SATA and SAS know no instant_access");
  if (snapshots_count_standard(sim, disk->id, NULL, NULL) >= SNAPSHOTS_STANDARD_PER_DISK_MAX ||
      (instant &&
       snapshots_count_standard(sim, disk->id, "instant_access", NULL) >= SNAPSHOTS_INSTANT_PER_DISK_MAX))
    return refuse(
      request, 413, "EVS.5413",
      "Insufficient snapshot quota. a volume has at most 256 standard snapshots, 7 of them instant");
  return snapshot_rule_quota(request, disk->type);
}

static void handle_create(Request *request)
{
  const char *name, *description;
  const Job *job;
  Disk *disk;
  if (!snapshot_read_names(request, &disk, &name, &description))
    return;
  g_autoptr(json_t) standard = read_standard(request);
  if (!standard)
    return;
  if (!disk_is_settled(disk)) {
    reply_error(request, 400, "EVS.5400", "Must specify a valid status. the volume is %s", disk->status);
    return;
  }
  if (!disk_rule_unlocked(request, disk, FALSE) ||
      !check_limits(request, disk, json_is_true(json_object_get(standard, "instant_access"))))
    return;
  const Snapshot *snapshot = snapshot_start(request, disk, name, description, NULL, standard, &job);
  if (snapshot)
    reply_json(request, 202, json_pack("{s:s, s:s}", "snapshot_id", snapshot->id, "job_id", job->id));
}

/* ---- get, list, update ---- */

static void handle_get(Request *request)
{
  snapshot_show(request, render);
}

static void handle_list(Request *request)
{
  static const SnapshotList list = {.custom = TRUE, .zone = TRUE, .standard = TRUE, .render = render};
  snapshot_list(request, &list);
}

static void handle_update(Request *request)
{
  snapshot_update(request, render);
}

/* ---- tags ---- */

static void change_tags(Request *request, json_t *(*change)(Request *request, const json_t *tags))
{
  Snapshot *snapshot = snapshot_of_request(request);
  json_t *tags = snapshot ? change(request, json_object_get(snapshot->standard, "tags")) : NULL;
  if (!tags)
    return;
  json_object_set_new(snapshot->standard, "tags", tags);
  snapshot_changed(request->sim, snapshot);
  reply_empty(request, 204);
}

static void handle_tag(Request *request)
{
  change_tags(request, tags_with);
}

static void handle_untag(Request *request)
{
  change_tags(request, tags_without);
}

static void handle_tags(Request *request)
{
  json_t *all = json_object();
  g_autoptr(SnapshotView) view = snapshot_view_new(request->sim, request->project, 0, 0);
  for (guint i = 0; i < view->snapshots->len; i++) {
    const Snapshot *snapshot = g_ptr_array_index(view->snapshots, i);
    tags_collect(all, json_object_get(snapshot->standard, "tags")); /* of NULL: NULL, nothing */
  }
  reply_json(request, 200, json_pack("{s:o}", "tags", all));
}

/* ---- registration ---- */

#define SNAPSHOTS "/v5/{project_id}/snapshots"

static const Route routes[] = {
  {"v5.snapshot.create", SIM_SERVICE_EVS, "POST", SNAPSHOTS, "evs:snapshots:create", ROUTE_AUTH,
   handle_create},
  {"v5.snapshot.list", SIM_SERVICE_EVS, "GET", SNAPSHOTS "/detail", "evs:snapshots:list", ROUTE_AUTH,
   handle_list},
  {"v5.snapshot.tags", SIM_SERVICE_EVS, "GET", SNAPSHOTS "/tags", "evs:snapshots:list", ROUTE_AUTH,
   handle_tags},
  {"v5.snapshot.get", SIM_SERVICE_EVS, "GET", SNAPSHOTS "/{snapshot_id}", "evs:snapshots:get", ROUTE_AUTH,
   handle_get},
  {"v5.snapshot.update", SIM_SERVICE_EVS, "PUT", SNAPSHOTS "/{snapshot_id}", "evs:snapshots:update",
   ROUTE_AUTH, handle_update},
  {"v5.snapshot.delete", SIM_SERVICE_EVS, "DELETE", SNAPSHOTS "/{snapshot_id}", "evs:snapshots:delete",
   ROUTE_AUTH, snapshot_handle_delete},
  {"v5.snapshot.rollback", SIM_SERVICE_EVS, "POST", SNAPSHOTS "/{snapshot_id}/rollback",
   "evs:snapshots:rollback", ROUTE_AUTH, snapshot_handle_rollback},
  {"v5.snapshot.tag", SIM_SERVICE_EVS, "POST", SNAPSHOTS "/{snapshot_id}/tags/create", "evs:snapshots:update",
   ROUTE_AUTH, handle_tag},
  {"v5.snapshot.untag", SIM_SERVICE_EVS, "POST", SNAPSHOTS "/{snapshot_id}/tags/delete",
   "evs:snapshots:update", ROUTE_AUTH, handle_untag},
};

void standard_snapshots_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
