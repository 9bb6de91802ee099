/* 7.1.1 to 7.1.3 and 7.1.6 to 7.1.9: disks through the Cinder face, and the list of its extensions. */
#include "evssim/cinder.h"

#include "evssim/disk_ops.h"
#include "evssim/disk_rules.h"
#include "evssim/pairs.h"
#include "evssim/parts.h"
#include "evssim/snapshots.h"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

static void reply_summary(Request *request, int status, const Disk *disk)
{
  reply_json(request, status, json_pack("{s:o}", "volume", cinder_render_summary(request, disk)));
}

/* ---- create ---- */

static void handle_create(Request *request)
{
  g_auto(DiskRequest) read = {.disk = NULL};
  if (!disk_request_read(request, DISK_FACE_CINDER, &read) ||
      (*read.disk->snapshot_id && !request_permitted(request, "evs:snapshots:get")) ||
      (disk_is_system(read.disk) && !request_permitted(request, "ims:images:get")))
    return;
  const Disk *disk = disk_create_at_once(request, &read);
  if (disk)
    reply_summary(request, 202, disk);
  else
    reply_error(request, 500, "EVS.2002", "internal error!");
}

/* ---- delete ---- */

static gboolean read_cascade(Request *request, gboolean *ret_cascade)
{
  const char *text = request_query(request, "cascade");
  *ret_cascade = text && g_ascii_strcasecmp(text, "true") == 0;
  return !text || *ret_cascade || g_ascii_strcasecmp(text, "false") == 0 ||
         refuse(request, "EVS.5400", "Malformed request url. cascade must be true or false");
}

static void handle_delete(Request *request)
{
  Disk *disk = disk_of_request(request);
  gboolean cascade;
  if (!disk || !read_cascade(request, &cascade) || !disk_may_delete(request, disk))
    return;
  if (!cascade && snapshots_count(request->sim, NULL, NULL, disk->id) > 0) {
    (void)refuse(request, "EVS.5400",
                 "Must specify a valid status. the volume has snapshots and cascade is false");
    return;
  }
  (void)disk_start_delete(request, disk);
  reply_empty(request, 202);
}

/* ---- update ---- */

typedef struct {
  const char *name, *description; /* NULL: as it is */
  const json_t *metadata;         /* NULL: as it is */
} Update;

/* The member, or the older one's if it is absent or null; FALSE after EVS.1018. */
static gboolean read_either(Request *request, const json_t *volume, const char *key, const char *older,
                            const char **ret_text)
{
  const char *const keys[] = {key, older};
  *ret_text = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    const json_t *value = json_object_get(volume, keys[i]);
    if (value && !json_is_null(value) && !json_is_string(value)) {
      reply_error(request, 400, "EVS.1018", "Type conversion error , parameter type is unexpected: %s",
                  keys[i]);
      return FALSE;
    }
    if (!*ret_text)
      *ret_text = json_string_value(value);
  }
  return TRUE;
}

static gboolean read_update(Request *request, Update *ret)
{
  const json_t *volume = json_object_get(request_json(request), "volume");
  if (!json_is_object(volume))
    return refuse(request, "EVS.5400", "Malformed request body. volume is mandatory");
  if (!read_either(request, volume, "name", "display_name", &ret->name) ||
      !read_either(request, volume, "description", "display_description", &ret->description) ||
      !disk_rule_names(request, ret->name, DISK_NAME_MAX_CHARS, ret->description))
    return FALSE;
  ret->metadata = json_object_get(volume, "metadata");
  return ret->name || ret->description || (ret->metadata && !json_is_null(ret->metadata)) ||
         refuse(request, "EVS.5400", "Malformed request body. there is nothing to update");
}

static void replace_text(char **text, const char *with)
{
  if (!with)
    return;
  g_free(*text);
  *text = g_strdup(with);
}

static void handle_update(Request *request)
{
  Disk *disk = disk_of_request(request);
  Update update;
  if (!disk || !read_update(request, &update) || !disk_rule_thawed(request, disk))
    return;
  g_autoptr(json_t) pairs = pairs_read(request, update.metadata, PAIRS_OF_BODY);
  if (!pairs || (json_is_object(update.metadata) && !pairs_apply(request, &disk->metadata, pairs, TRUE)))
    return;
  replace_text(&disk->name, update.name);
  replace_text(&disk->description, update.description);
  disk_changed(request->sim, disk);
  reply_summary(request, 200, disk);
}

/* ---- get, lists ---- */

static void handle_get(Request *request)
{
  disk_show(request, cinder_render_detail);
}

/* 8.2.1.1: the first version had other names for the texts. */
static json_t *render_v1(const Request *request, const Disk *disk)
{
  static const char *const renamed[] = {"name", "description"};
  json_t *json = cinder_render_detail(request, disk);
  for (gsize i = 0; i < G_N_ELEMENTS(renamed); i++) {
    g_autofree char *old = g_strconcat("display_", renamed[i], NULL);
    json_object_set(json, old, json_object_get(json, renamed[i]));
    json_object_del(json, renamed[i]);
  }
  return json;
}

static void handle_get_v1(Request *request)
{
  disk_show(request, render_v1);
}

static void handle_list(Request *request)
{
  static const DiskList list = {
    .filters = DISK_FILTER_METADATA, .next = "volumes", .render = cinder_render_short};
  disk_list(request, &list);
}

static void handle_list_detail(Request *request)
{
  static const DiskList list = {
    .filters = DISK_FILTER_METADATA, .next = "volumes/detail", .render = cinder_render_detail};
  disk_list(request, &list);
}

/* ---- extensions ---- */

static const struct {
  const char *alias, *name, *updated, *description;
} extensions[] = {
  {"OS-SCH-HNT", "SchedulerHints", "2013-04-18T00:00:00+00:00",
   "Pass arbitrary key/value pairs to the scheduler."},
  {"os-hosts", "Hosts", "2011-06-29T00:00:00+00:00", "Admin-only host administration."},
  {"os-vol-tenant-attr", "VolumeTenantAttribute", "2011-11-03T00:00:00+00:00",
   "Expose the internal project_id as an attribute of a volume."},
  {"os-quota-sets", "Quotas", "2011-08-08T00:00:00+00:00", "Quota management support."},
  {"os-types-manage", "TypesManage", "2011-08-24T00:00:00+00:00", "Types manage support."},
  {"os-volume-encryption-metadata", "VolumeEncryptionMetadata", "2013-07-10T00:00:00+00:00",
   "Volume encryption metadata retrieval support."},
  {"backups", "Backups", "2012-12-12T00:00:00+00:00", "Backups support."},
  {"os-snapshot-actions", "SnapshotActions", "2013-07-16T00:00:00+00:00", "Enable snapshot manager actions."},
  {"os-volume-actions", "VolumeActions", "2012-05-31T00:00:00+00:00", "Enable volume actions"},
  {"os-used-limits", "UsedLimits", "2013-10-03T00:00:00+00:00",
   "Provide data on limited resources that are being used."},
  {"os-volume-unmanage", "VolumeUnmanage", "2012-05-31T00:00:00+00:00", "Enable volume unmanage operation."},
  {"os-vol-host-attr", "VolumeHostAttribute", "2011-11-03T00:00:00+00:00",
   "Expose host as an attribute of a volume."},
  {"encryption", "VolumeTypeEncryption", "2013-07-01T00:00:00+00:00", "Encryption support for volume types."},
  {"os-availability-zone", "AvailabilityZones", "2013-06-27T00:00:00+00:00", "Describe Availability Zones."},
  {"qos-specs", "Qos_specs_manage", "2013-08-02T00:00:00+00:00", "QoS specs support."},
  {"os-types-extra-specs", "TypesExtraSpecs", "2011-08-24T00:00:00+00:00", "Type extra specs support."},
  {"os-vol-mig-status-attr", "VolumeMigStatusAttribute", "2013-08-08T00:00:00+00:00",
   "Expose migration_status as an attribute of a volume."},
  {"os-image-create", "CreateVolumeExtension", "2012-08-13T00:00:00+00:00",
   "Allow creating a volume from an image in the Create Volume v1 API."},
  {"os-extended-services", "ExtendedServices", "2014-01-10T00:00:00-00:00", "Extended services support."},
  {"os-extended-snapshot-attributes", "ExtendedSnapshotAttributes", "2012-06-19T00:00:00+00:00",
   "Extended SnapshotAttributes support."},
  {"os-vol-image-meta", "VolumeImageMetadata", "2012-12-07T00:00:00+00:00",
   "Show image metadata associated with the volume."},
  {"os-quota-class-sets", "QuotaClasses", "2012-03-12T00:00:00+00:00", "Quota classes management support."},
  {"os-volume-transfer", "VolumeTransfer", "2013-05-29T00:00:00+00:00",
   "Volume transfer management support."},
  {"os-volume-manage", "VolumeManage", "2014-02-10T00:00:00+00:00",
   "Allows existing backend storage to be 'managed' by Cinder."},
  {"os-admin-actions", "AdminActions", "2012-08-25T00:00:00+00:00", "Enable admin actions."},
  {"os-services", "Services", "2012-10-28T00:00:00-00:00", "Services support."},
};

static void handle_extensions(Request *request)
{
  json_t *list = json_array();
  for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++)
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:[]}", "alias", extensions[i].alias, "name",
                                          extensions[i].name, "updated", extensions[i].updated, "description",
                                          extensions[i].description, "links"));
  reply_json(request, 200, json_pack("{s:o}", "extensions", list));
}

/* ---- registration ---- */

#define VOLUMES "/v2/{project_id}/volumes"

static const Route routes[] = {
  {"7.1.1", SIM_SERVICE_EVS, "POST", VOLUMES, "evs:volumes:create evs:volumes:get", ROUTE_AUTH,
   handle_create},
  {"7.1.2", SIM_SERVICE_EVS, "DELETE", VOLUMES "/{volume_id}", "evs:volumes:delete evs:volumes:get",
   ROUTE_AUTH, handle_delete},
  {"7.1.3", SIM_SERVICE_EVS, "PUT", VOLUMES "/{volume_id}", "evs:volumes:update evs:volumes:get", ROUTE_AUTH,
   handle_update},
  {"7.1.6", SIM_SERVICE_EVS, "GET", VOLUMES, "evs:volumes:list", ROUTE_AUTH, handle_list},
  {"7.1.7", SIM_SERVICE_EVS, "GET", VOLUMES "/{volume_id}", "evs:volumes:get", ROUTE_AUTH, handle_get},
  {"7.1.8", SIM_SERVICE_EVS, "GET", VOLUMES "/detail", "evs:volumes:list", ROUTE_AUTH, handle_list_detail},
  {"7.1.9", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/extensions", NULL, ROUTE_AUTH, handle_extensions},
};

static const Route oldest_routes[] = {
  {"v1.7.1.7", SIM_SERVICE_EVS, "GET", "/v1/{project_id}/volumes/{volume_id}", "evs:volumes:get", ROUTE_AUTH,
   handle_get_v1},
};

void cinder_start(Sim *sim)
{
  router_add_twins(sim, routes, G_N_ELEMENTS(routes));
  router_add(sim, oldest_routes, G_N_ELEMENTS(oldest_routes));
  cinder_actions_start(sim);
  cinder_snapshots_start(sim);
  cinder_metadata_start(sim);
}
