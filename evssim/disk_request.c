#include "evssim/disk_request.h"

#include "base/text.h"
#include "evssim/disk_rules.h"
#include "evssim/images.h"
#include "evssim/pairs.h"
#include "evssim/snapshots.h"
#include "evssim/standing.h"
#include "evssim/tags.h"

enum {
  OLD_NAME_MAX_CHARS = 85,
  COUNT_MAX = 100,
  SIZE_MIN_GIB = 10,
};

typedef gboolean (*Check)(Request *request, const json_t *volume, DiskRequest *read);

enum {
  CUSTOM = 1 << DISK_FACE_CUSTOM,
  OLD = 1 << DISK_FACE_OLD,
  CINDER = 1 << DISK_FACE_CINDER,
  ALL = CUSTOM | OLD | CINDER,
};

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

static gboolean wrong_type(Request *request, const char *key)
{
  reply_error(request, 400, "EVS.1018", "Type conversion error , parameter type is unexpected: %s", key);
  return FALSE;
}

/* String member or NULL if absent or null; a wrong type answers. */
static gboolean read_text(Request *request, const json_t *object, const char *key, const char **ret)
{
  const json_t *value = json_object_get(object, key);
  *ret = json_string_value(value);
  return !value || json_is_null(value) || json_is_string(value) || wrong_type(request, key);
}

static gboolean check_names(Request *request, const json_t *volume, DiskRequest *read)
{
  const char *name, *description;
  if (!read_text(request, volume, "name", &name) || !read_text(request, volume, "description", &description))
    return FALSE;
  glong name_max = read->face == DISK_FACE_OLD ? OLD_NAME_MAX_CHARS : DISK_NAME_MAX_CHARS;
  if (!disk_rule_names(request, name, name_max, description))
    return FALSE;
  g_free(read->disk->name);
  g_free(read->disk->description);
  read->disk->name = g_strdup(name ? name : "");
  read->disk->description = g_strdup(description ? description : "");
  return TRUE;
}

static gboolean check_enterprise_project(Request *request, const json_t *volume, DiskRequest *read)
{
  const char *project;
  if (!read_text(request, volume, "enterprise_project_id", &project))
    return FALSE;
  if (!project)
    return TRUE;
  if (!g_str_equal(project, "0") && !text_is_uuid(project))
    return refuse(request, "EVS.2059", "invalid enterpriseProjectID");
  g_free(read->disk->enterprise_project_id);
  read->disk->enterprise_project_id = g_strdup(project);
  return TRUE;
}

/* Clients write "" for none. */
static const char *given(const char *text)
{
  return text && *text ? text : NULL;
}

static gboolean check_source(Request *request, const json_t *volume, DiskRequest *read)
{
  const char *snapshot_id, *image_id, *backup_id;
  if (!read_text(request, volume, "snapshot_id", &snapshot_id) ||
      !read_text(request, volume, "imageRef", &image_id) ||
      !read_text(request, volume, "backup_id", &backup_id))
    return FALSE;
  snapshot_id = given(snapshot_id);
  image_id = given(image_id);
  backup_id = read->face == DISK_FACE_CINDER ? NULL : given(backup_id);
  if (!!snapshot_id + !!image_id + !!backup_id > 1)
    return refuse(request, "EVS.1016",
                  "Invalid input received: May specify only one of imageRef, snapshot_id, backup_id!");
  const Snapshot *snapshot = sim_snapshot(request->sim, snapshot_id);
  if (snapshot_id && (!snapshot || snapshot->project != request->project))
    return refuse(request, "EVS.2045", "invalid snapshot_id!");
  const Image *image = sim_image(request->sim, image_id);
  if (image_id && (!image || image->project != request->project))
    return refuse(request, "EVS.2046", "invalid imageRef!");
  read->backup = backup_find(request->sim, request->project, backup_id);
  if (backup_id && !read->backup)
    return refuse(request, "EVS.1006", "invalid backup id!");
  if (snapshot) {
    g_free(read->disk->snapshot_id);
    read->disk->snapshot_id = g_strdup(snapshot_id);
  }
  if (image)
    json_object_set_new(read->disk->image, "image_id", json_string(image_id));
  return TRUE;
}

static gboolean check_zone_and_type(Request *request, const json_t *volume, DiskRequest *read)
{
  const char *zone_name, *type;
  if (!read_text(request, volume, "availability_zone", &zone_name) ||
      !read_text(request, volume, "volume_type", &type))
    return FALSE;
  if (!zone_name || !*zone_name || !type || !*type)
    return refuse(request, "EVS.2083", "AZ and volume type must not be empty or null!");
  const Zone *zone = sim_zone(request->sim, zone_name);
  if (!zone)
    return refuse(request, "EVS.1036", "invalid availability zone!");
  if (!disk_rule_type(request, zone, type))
    return FALSE;
  read->disk->zone = g_strdup(zone_name);
  read->disk->type = g_strdup(type);
  return TRUE;
}

/* bssParam stands beside volume. */
static gboolean is_prepaid(Request *request)
{
  const json_t *billing = json_object_get(request_json(request), "bssParam");
  return g_strcmp0(json_string_value(json_object_get(billing, "chargingMode")), "prePaid") == 0;
}

static gboolean check_size(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *size = json_object_get(volume, "size");
  if (size && !json_is_integer(size) && !json_is_null(size))
    return wrong_type(request, "size");
  if (json_is_integer(size) && json_integer_value(size) < 1 && is_prepaid(request))
    return refuse(request, "EVS.2084", "resource size must greater than zero!");
  read->disk->size_gib =
    read->backup && !json_is_integer(size) ? read->backup->size_gib : json_integer_value(size);
  gint64 least = disk_is_system(read->disk) ? 1 : SIZE_MIN_GIB;
  return (read->disk->size_gib >= least && read->disk->size_gib <= DISK_SIZE_MAX_GIB) ||
         refuse(request, "EVS.1010", "invalid volume size!");
}

static gboolean check_count(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *count = json_object_get(volume, "count");
  if (count && !json_is_number(count) && !json_is_null(count))
    return wrong_type(request, "count");
  double number = json_is_number(count) ? json_number_value(count) : 1; /* a decimal keeps its whole part */
  if (!(number >= 1 && number < COUNT_MAX + 1))
    return refuse(request, "EVS.1021", "the quantity of volume is invalid!");
  read->count = (gint64)number;
  return TRUE;
}

static gboolean is_one_of(const char *value, const char *one, const char *other)
{
  return g_str_equal(value, one) || g_str_equal(value, other);
}

static gboolean check_multiattach(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *value = json_object_get(volume, "multiattach");
  const char *text = read->face == DISK_FACE_OLD ? json_string_value(value) : NULL;
  if (value && !json_is_boolean(value) && !json_is_null(value) && !(text && is_one_of(text, "true", "false")))
    return wrong_type(request, "multiattach");
  read->disk->multiattach = json_is_true(value) || g_strcmp0(text, "true") == 0;
  return TRUE;
}

/* What multiattach was called once: only the deprecated create still reads it. */
static gboolean check_shareable(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *value = json_object_get(volume, "shareable");
  const char *text = json_string_value(value);
  if (!g_str_equal(request->route->op, "6.1.7") || !value || json_is_null(value))
    return TRUE;
  if (!json_is_boolean(value) && !(text && is_one_of(text, "true", "false")))
    return refuse(request, "EVS.1054", "invalid shareable parameter!");
  read->disk->multiattach |= json_is_true(value) || g_strcmp0(text, "true") == 0;
  return TRUE;
}

/* The keys that mean something (evs-facts 8). */
static gboolean check_known_metadata(Request *request, const Disk *disk)
{
  const char *passthrough = disk_metadata(disk, "hw:passthrough");
  const char *full_clone = disk_metadata(disk, "full_clone");
  const char *encrypted = disk_metadata(disk, "__system__encrypted"),
             *key = disk_metadata(disk, "__system__cmkid");
  if (*passthrough && !is_one_of(passthrough, "true", "false"))
    return refuse(request, "EVS.1057", "invalid hw:passthrough in metadata!");
  if (*full_clone && !is_one_of(full_clone, "0", "1"))
    return refuse(request, "EVS.1063", "invalid full_clone in metadata!");
  gboolean bad_flag = *encrypted && !is_one_of(encrypted, "0", "1");
  gboolean bad_key = g_str_equal(encrypted, "1") && !text_is_uuid(key);
  if (bad_flag || bad_key)
    return refuse(request, "EVS.2041", "The encrypt Param is invalid!");
  return !g_str_equal(encrypted, "1") || standing_kms(request, KMS_CREATE);
}

static gboolean check_metadata(Request *request, const json_t *volume, DiskRequest *read)
{
  g_autoptr(json_t) metadata = pairs_read(request, json_object_get(volume, "metadata"), PAIRS_OF_NEW_DISK);
  if (!metadata)
    return FALSE;
  json_object_update(read->disk->metadata, metadata);
  read->want_ids = g_str_equal(disk_metadata(read->disk, "create_for_volume_id"), "true");
  return check_known_metadata(request, read->disk);
}

/* After zone, type, size, count and metadata are read. */
static gboolean check_origin(Request *request, const json_t *volume, DiskRequest *read)
{
  (void)volume;
  return disk_request_check_source(request, read);
}

static gboolean check_tags(Request *request, const json_t *volume, DiskRequest *read)
{
  json_t *tags = tags_read(request, json_object_get(volume, "tags"));
  if (!tags)
    return FALSE;
  json_decref(read->disk->tags);
  read->disk->tags = tags;
  return TRUE;
}

static gboolean check_rates(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *source =
    read->face == DISK_FACE_OLD ? NULL : volume; /* knows none: types that need them are refused */
  return disk_rule_rates(request, read->disk->type, read->disk->size_gib, json_object_get(source, "iops"),
                         json_object_get(source, "throughput"), &read->disk->iops, &read->disk->throughput);
}

static gboolean check_billing(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *billing = json_object_get(request_json(request), "bssParam");
  (void)volume;
  if (!billing || json_is_null(billing))
    return TRUE;
  const char *mode = json_string_value(json_object_get(billing, "chargingMode"));
  const char *period = json_string_value(json_object_get(billing, "periodType"));
  json_int_t number = json_integer_value(json_object_get(billing, "periodNum"));
  read->prepaid = is_prepaid(request);
  gboolean bad_mode = !json_is_object(billing) || (mode && !is_one_of(mode, "prePaid", "postPaid"));
  gboolean bad_period = read->prepaid && (!period || !is_one_of(period, "month", "year") || number < 1 ||
                                          number > (g_str_equal(period, "year") ? 1 : 9));
  if (bad_mode || bad_period)
    return refuse(request, "EVS.2147", "invalid bssParam.");
  if (read->prepaid) {
    g_autofree char *order = g_uuid_string_random();
    json_object_set_new(read->disk->metadata, "orderID", json_string(order));
  }
  return TRUE;
}

static gboolean check_server(Request *request, const json_t *volume, DiskRequest *read)
{
  (void)volume;
  if (!read_text(request, request_json(request), "server_id", &read->server_id))
    return FALSE;
  read->server_id = given(read->server_id);
  const Server *server = sim_server(request->sim, read->server_id);
  if (read->server_id && (!server || server->project != request->project))
    return refuse(request, "EVS.2229", "input server id not found at ECS.");
  return !server || !g_str_equal(server->status, "UNKNOWN") ||
         refuse(request, "EVS.2131", "Query server info from ecs fail");
}

/* OS-SCH-HNT:scheduler_hints stands beside volume. There is no dedicated storage here. */
static gboolean check_storage(Request *request, const json_t *volume, DiskRequest *read)
{
  const char *storage;
  const json_t *hints = json_object_get(request_json(request), "OS-SCH-HNT:scheduler_hints");
  (void)volume;
  (void)read;
  if (!read_text(request, hints, "dedicated_storage_id", &storage))
    return FALSE;
  if (!given(storage))
    return TRUE;
  reply_error(request, 404, "EVS.5404", "Dedicated storage %s could not be found.", storage);
  return FALSE;
}

/* No copies of disks, no groups, no replicas (evs-facts 4.1). */
static gboolean check_unsupported(Request *request, const json_t *volume, DiskRequest *read)
{
  static const char *const keys[] = {"source_volid", "source_replica", "consistencygroup_id"};
  (void)read;
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    const char *text;
    if (!read_text(request, volume, keys[i], &text))
      return FALSE;
    if (!given(text))
      continue;
    reply_error(request, 400, "EVS.5400", "Malformed request body. %s is not supported", keys[i]);
    return FALSE;
  }
  return TRUE;
}

static gboolean check_quota(Request *request, const json_t *volume, DiskRequest *read)
{
  gint64 gib = read->count * read->disk->size_gib;
  (void)volume;
  return disk_rule_largest(request, read->disk->size_gib) &&
         disk_rule_quota(request, NULL, read->count, gib) &&
         disk_rule_quota(request, read->disk->type, read->count, gib);
}

gboolean disk_request_read(Request *request, DiskFace face, DiskRequest *ret)
{
  static const struct {
    Check check;
    guint faces;
  } checks[] = {
    {check_names, ALL},          {check_enterprise_project, CUSTOM | OLD},
    {check_unsupported, CINDER}, {check_source, ALL},
    {check_zone_and_type, ALL},  {check_size, ALL},
    {check_count, CUSTOM | OLD}, {check_multiattach, ALL},
    {check_shareable, CUSTOM},   {check_metadata, ALL},
    {check_origin, ALL},         {check_tags, CUSTOM | OLD},
    {check_rates, ALL},          {check_billing, CUSTOM},
    {check_server, CUSTOM},      {check_storage, ALL},
    {check_quota, ALL},
  };
  const json_t *volume = json_object_get(request_json(request), "volume");
  if (!request_json(request))
    return refuse(request, "EVS.5400", "Malformed request body.");
  if (!volume || json_is_null(volume))
    return refuse(request, "EVS.1008", "null createVolume Req!");
  if (!json_is_object(volume))
    return refuse(request, "EVS.1009", "invalid volumeForCreate!");
  *ret = (DiskRequest){.face = face, .disk = disk_new(request->project), .count = 1};
  for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
    if (!(checks[i].faces & (1U << face)) || checks[i].check(request, volume, ret))
      continue;
    disk_request_clear(ret);
    return FALSE;
  }
  return TRUE;
}

void disk_request_clear(DiskRequest *read)
{
  disk_free(read->disk);
  *read = (DiskRequest){.disk = NULL};
}
