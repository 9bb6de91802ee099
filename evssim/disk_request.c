#include "evssim/disk_request.h"

#include "base/text.h"
#include "evssim/disk_rules.h"
#include "evssim/snapshots.h"

enum {
  NAME_MAX_CHARS = 64,
  DESCRIPTION_MAX_CHARS = 85,
  COUNT_MAX = 100,
  SIZE_MIN_GIB = 10,
  METADATA_MAX_BYTES = 1 << 20,
  METADATA_ITEM_MAX_BYTES = 255,
  TAGS_MAX = 10,
  TAG_KEY_MAX_CHARS = 36,
  TAG_VALUE_MAX_CHARS = 43,
};

typedef gboolean (*Check)(Request *request, const json_t *volume, DiskRequest *read);

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
  const char *name, *description, *project;
  if (!read_text(request, volume, "name", &name) ||
      !read_text(request, volume, "description", &description) ||
      !read_text(request, volume, "enterprise_project_id", &project))
    return FALSE;
  if (name && g_utf8_strlen(name, -1) > NAME_MAX_CHARS)
    return refuse(request, "EVS.1003", "invalid volume name!");
  if (description && g_utf8_strlen(description, -1) > DESCRIPTION_MAX_CHARS)
    return refuse(request, "EVS.1004", "invalid volume description!");
  if (project && !g_str_equal(project, "0") && !text_is_uuid(project))
    return refuse(request, "EVS.2059", "invalid enterpriseProjectID");
  g_free(read->disk->name);
  g_free(read->disk->description);
  read->disk->name = g_strdup(name ? name : "");
  read->disk->description = g_strdup(description ? description : "");
  if (project) {
    g_free(read->disk->enterprise_project_id);
    read->disk->enterprise_project_id = g_strdup(project);
  }
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
  backup_id = given(backup_id);
  if (!!snapshot_id + !!image_id + !!backup_id > 1)
    return refuse(request, "EVS.1016",
                  "Invalid input received: May specify only one of imageRef, snapshot_id, backup_id!");
  const Snapshot *snapshot = sim_snapshot(request->sim, snapshot_id);
  if (snapshot_id && (!snapshot || snapshot->project != request->project))
    return refuse(request, "EVS.2045", "invalid snapshot_id!");
  if (image_id)
    return refuse(request, "EVS.2046", "invalid imageRef!");
  if (backup_id)
    return refuse(request, "EVS.1006", "invalid backup id!");
  if (snapshot) {
    g_free(read->disk->snapshot_id);
    read->disk->snapshot_id = g_strdup(snapshot_id);
  }
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

static gboolean check_size_and_count(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *size = json_object_get(volume, "size"), *count = json_object_get(volume, "count");
  if (size && !json_is_integer(size) && !json_is_null(size))
    return wrong_type(request, "size");
  read->disk->size_gib = json_integer_value(size);
  if (read->disk->size_gib < SIZE_MIN_GIB || read->disk->size_gib > DISK_SIZE_MAX_GIB)
    return refuse(request, "EVS.1010", "invalid volume size!");
  if (count && !json_is_number(count) && !json_is_null(count))
    return wrong_type(request, "count");
  double number = json_is_number(count) ? json_number_value(count) : 1; /* a decimal keeps its whole part */
  if (!(number >= 1 && number < COUNT_MAX + 1))
    return refuse(request, "EVS.1021", "the quantity of volume is invalid!");
  read->count = (gint64)number;
  return TRUE;
}

static gboolean check_multiattach(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *value = json_object_get(volume, "multiattach");
  if (value && !json_is_boolean(value) && !json_is_null(value))
    return wrong_type(request, "multiattach");
  read->disk->multiattach = json_is_true(value);
  return TRUE;
}

static gboolean is_one_of(const char *value, const char *one, const char *other)
{
  return g_str_equal(value, one) || g_str_equal(value, other);
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
  return TRUE;
}

static gboolean check_metadata(Request *request, const json_t *volume, DiskRequest *read)
{
  json_t *metadata = json_object_get(volume, "metadata"), *value;
  const char *key;
  gsize bytes = 0;
  if (metadata && !json_is_object(metadata) && !json_is_null(metadata))
    return wrong_type(request, "metadata");
  json_object_foreach(metadata, key, value)
  {
    g_autofree char *text = json_is_string(value)    ? g_strdup(json_string_value(value))
                            : json_is_boolean(value) ? g_strdup(json_is_true(value) ? "true" : "false")
                            : json_is_integer(value)
                              ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
                              : NULL;
    if (!text)
      return wrong_type(request, "metadata");
    if (!*key || strlen(key) > METADATA_ITEM_MAX_BYTES || strlen(text) > METADATA_ITEM_MAX_BYTES)
      return refuse(request, "EVS.5400",
                    "Malformed request body. metadata keys and values have at most 255 bytes");
    bytes += strlen(key) + strlen(text);
    json_object_set_new(read->disk->metadata, key, json_string(text));
  }
  if (bytes >= METADATA_MAX_BYTES)
    return refuse(request, "EVS.1005", "size of metadata is too large!");
  read->want_ids = g_str_equal(disk_metadata(read->disk, "create_for_volume_id"), "true");
  return check_known_metadata(request, read->disk);
}

/* What the snapshot binds: zone, type, least size, bus and encryption. After all of these are read. */
static gboolean check_snapshot(Request *request, const json_t *volume, DiskRequest *read)
{
  static const char *const refused[] = {"__system__encrypted", "__system__cmkid", "hw:passthrough"};
  const Snapshot *snapshot = sim_snapshot(request->sim, read->disk->snapshot_id);
  (void)volume;
  if (!snapshot)
    return TRUE;
  if (!g_str_equal(snapshot->status, DISK_AVAILABLE) && !g_str_equal(snapshot->status, DISK_BACKING_UP))
    return refuse(request, "EVS.2043", "The status of snapshot is not available or backing-up.");
  for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
    if (json_object_get(read->disk->metadata, refused[i]))
      return refuse(request, "EVS.1043",
                    "encrypt and cmk and passthrough in metadata is not support when create volume from "
                    "snapshot or image!");
  if (!g_str_equal(snapshot->zone, read->disk->zone))
    return refuse(request, "EVS.2054", "Cannot create volume from snapshot as the az is invalid!");
  if (!g_str_equal(snapshot->type, read->disk->type)) {
    reply_error(request, 400, "EVS.2096", "Target volumeType[%s] is not matched with snapshot[%s] !",
                read->disk->type, snapshot->id);
    return FALSE;
  }
  if (read->disk->size_gib < snapshot->size_gib)
    return refuse(request, "EVS.1010", "invalid volume size!");
  if (read->count > 1)
    return refuse(request, "EVS.1021", "the quantity of volume is invalid!");
  json_object_update(read->disk->metadata, snapshot->inherited);
  return TRUE;
}

/* Letters, digits, '_', '-', '.' and the CJK ideographs. */
static gboolean is_tag_text(const char *text, glong min, glong max)
{
  glong length = g_utf8_strlen(text, -1);
  if (length < min || length > max)
    return FALSE;
  for (const char *c = text; *c; c = g_utf8_next_char(c)) {
    gunichar letter = g_utf8_get_char(c);
    if (!(letter < 128 && (g_ascii_isalnum((char)letter) || strchr("_-.", (int)letter))) &&
        !(letter >= 0x4e00 && letter <= 0x9fff))
      return FALSE;
  }
  return TRUE;
}

static gboolean check_tags(Request *request, const json_t *volume, DiskRequest *read)
{
  json_t *tags = json_object_get(volume, "tags"), *value;
  const char *key;
  if (tags && !json_is_object(tags) && !json_is_null(tags))
    return wrong_type(request, "tags");
  if (json_object_size(tags) > TAGS_MAX)
    return refuse(request, "EVS.1061", "The Volume Tags is Exceed Max Limit Num.");
  json_object_foreach(tags, key, value)
  {
    const char *text = json_string_value(value);
    if (!text || !is_tag_text(key, 1, TAG_KEY_MAX_CHARS) || !is_tag_text(text, 0, TAG_VALUE_MAX_CHARS))
      return refuse(request, "EVS.1062", "invalid tag!");
    json_object_set(read->disk->tags, key, value);
  }
  return TRUE;
}

static gboolean check_rates(Request *request, const json_t *volume, DiskRequest *read)
{
  return disk_rule_rates(request, read->disk->type, read->disk->size_gib, json_object_get(volume, "iops"),
                         json_object_get(volume, "throughput"), &read->disk->iops, &read->disk->throughput);
}

/* bssParam stands beside volume. */
static gboolean check_billing(Request *request, const json_t *volume, DiskRequest *read)
{
  const json_t *billing = json_object_get(request_json(request), "bssParam");
  (void)volume;
  if (!billing || json_is_null(billing))
    return TRUE;
  const char *mode = json_string_value(json_object_get(billing, "chargingMode"));
  const char *period = json_string_value(json_object_get(billing, "periodType"));
  json_int_t number = json_integer_value(json_object_get(billing, "periodNum"));
  read->prepaid = mode && g_str_equal(mode, "prePaid");
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
  return TRUE;
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

static gboolean check_quota(Request *request, const json_t *volume, DiskRequest *read)
{
  gint64 gib = read->count * read->disk->size_gib;
  (void)volume;
  return disk_rule_largest(request, read->disk->size_gib) &&
         disk_rule_quota(request, NULL, read->count, gib) &&
         disk_rule_quota(request, read->disk->type, read->count, gib);
}

gboolean disk_request_read(Request *request, DiskRequest *ret)
{
  static const Check checks[] = {
    check_names,    check_source,   check_zone_and_type, check_size_and_count, check_multiattach,
    check_metadata, check_snapshot, check_tags,          check_rates,          check_billing,
    check_server,   check_storage,  check_quota,
  };
  const json_t *volume = json_object_get(request_json(request), "volume");
  if (!request_json(request))
    return refuse(request, "EVS.5400", "Malformed request body.");
  if (!json_is_object(volume))
    return refuse(request, "EVS.1008", "null createVolume Req!");
  *ret = (DiskRequest){.disk = disk_new(request->project)};
  for (gsize i = 0; i < G_N_ELEMENTS(checks); i++) {
    if (checks[i](request, volume, ret))
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
