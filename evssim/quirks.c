#include "evssim/quirks.h"

#include "evssim/disks.h"

/* Each takes one kind of object, a copy that is free to be changed. */
typedef void (*Quirk)(const Sim *sim, json_t *object);

static const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static void null_if_empty(json_t *object, const char *key)
{
  if (json_is_string(json_object_get(object, key)) && !*text_of(object, key))
    json_object_set_new(object, key, json_null());
}

static void number_to_text(json_t *object, const char *key)
{
  const json_t *value = json_object_get(object, key);
  if (!json_is_integer(value))
    return;
  g_autofree char *text = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
  json_object_set_new(object, key, json_string(text));
}

/* ---- disks ---- */

/* "__system__encrypted": 0 and "hw:passthrough": true (17.1 row 22). */
static void odd_metadata(json_t *metadata)
{
  const char *encrypted = text_of(metadata, "__system__encrypted"),
             *passthrough = text_of(metadata, "hw:passthrough");
  if (*encrypted)
    json_object_set_new(metadata, "__system__encrypted", json_integer(*encrypted - '0'));
  if (*passthrough)
    json_object_set_new(metadata, "hw:passthrough", json_boolean(g_str_equal(passthrough, "true")));
}

static void odd_disk(const Sim *sim, json_t *disk)
{
  gsize index;
  json_t *attachment;
  (void)sim;
  if (*text_of(disk, "wwn")) { /* a blank in front (17.2 row 10) */
    g_autofree char *wwn = g_strconcat(" ", text_of(disk, "wwn"), NULL);
    json_object_set_new(disk, "wwn", json_string(wwn));
  }
  if (*text_of(disk, "shareable")) /* the Cinder face has a boolean anyway */
    json_object_set_new(disk, "shareable", json_boolean(g_str_equal(text_of(disk, "shareable"), "true")));
  null_if_empty(disk, "description");
  if (json_object_size(json_object_get(disk, "tags")) == 0)
    json_object_del(disk, "tags");
  odd_metadata(json_object_get(disk, "metadata"));
  number_to_text(json_object_get(disk, "iops"), "total_val");
  json_array_foreach(json_object_get(disk, "attachments"), index, attachment)
  {
    json_object_del(attachment, "host_name");
  }
}

/* ---- snapshots ---- */

/* "2013-02-25t04:13:17.000000" (17.2 row 9), a size in text (17.1 row 16), nulls (row 9 and L11561). */
static void odd_snapshot(const Sim *sim, json_t *snapshot)
{
  g_autofree char *created = g_strdelimit(g_strdup(text_of(snapshot, "created_at")), "T", 't');
  (void)sim;
  json_object_set_new(snapshot, "created_at", json_string(created));
  json_object_set_new(snapshot, "updated_at", json_null());
  json_object_del(snapshot, "os-extended-snapshot-attributes:progress");
  null_if_empty(snapshot, "description");
  number_to_text(snapshot, "size");
}

/* ---- the rest ---- */

/* While it runs a job shows only the disk's id, and a parent job has a status of its own (evs-facts 5). */
static void odd_job(const Sim *sim, json_t *job)
{
  const char *status = text_of(job, "status");
  gboolean parent = g_str_equal(text_of(job, "job_type"), "batchCreateVolume");
  const json_t *volume_id = json_object_get(json_object_get(job, "entities"), "volume_id");
  (void)sim;
  if (!*status || g_str_equal(status, "SUCCESS") || g_str_equal(status, "FAIL"))
    return;
  if (volume_id)
    json_object_set_new(job, "entities", json_pack("{s:s}", "volume_id", json_string_value(volume_id)));
  if (parent && g_str_equal(status, "INIT"))
    json_object_set_new(job, "status", json_string("WAITING_EXECUTE"));
  json_object_del(job, "error_code");
  json_object_del(job, "fail_reason");
}

/* A type that every zone has names none (evs-facts 9). */
static void odd_type(const Sim *sim, json_t *type)
{
  json_t *specs = json_object_get(type, "extra_specs");
  g_auto(GStrv) zones = g_strsplit(text_of(specs, "RESKEY:availability_zones"), ",", -1);
  if (g_strv_length(zones) == sim->zones->len)
    json_object_del(specs, "RESKEY:availability_zones");
  json_object_del(type, "qos_specs_id");
}

static void rename_key(json_t *object, const char *from, const char *to)
{
  json_t *value = json_object_get(object, from);
  if (!value)
    return;
  json_object_set(object, to, value);
  json_object_del(object, from);
}

/* A tag that a disk found by it has twice (17.1 row 25). */
static void odd_resource(const Sim *sim, json_t *resource)
{
  json_t *tags = json_object_get(resource, "tags");
  (void)sim;
  if (json_array_size(tags) > 0)
    json_array_append_new(tags, json_deep_copy(json_array_get(tags, 0)));
}

/* Lists end with a link to an empty page, or a link that is null (17.2 row 5). */
static void odd_list(const Request *request, json_t *body)
{
  const json_t *volumes = json_object_get(body, "volumes");
  rename_key(body, "availabilityZoneInfo", "availabilityZonesInfo");
  rename_key(json_object_get(body, "quota_set"), "volumes_GPSSD", "volumes_GPS");
  if (json_object_get(body, "snapshots") && !json_object_get(body, "snapshots_links"))
    json_object_set_new(body, "snapshots_links", json_null());
  if (json_array_size(volumes) == 0 || json_object_get(body, "volumes_links"))
    return;
  const json_t *last = json_array_get(volumes, json_array_size(volumes) - 1);
  g_autofree char *next = g_strdup_printf("%s/evs/v2/%s/volumes/detail?marker=%s", request->sim->base_url,
                                          request->project->id, text_of(last, "id"));
  json_object_set_new(body, "volumes_links", json_pack("[{s:s, s:s}]", "href", next, "rel", "next"));
}

static const struct {
  const char *one, *many; /* keys of the body */
  Quirk apply;
} quirks[] = {
  {"volume", "volumes", odd_disk},
  {"snapshot", "snapshots", odd_snapshot},
  {"volume_type", "volume_types", odd_type},
  {"resource", "resources", odd_resource},
};

json_t *quirks_apply(const Request *request, json_t *body)
{
  gsize index;
  json_t *item;
  if (!json_is_object(body))
    return body;
  json_t *odd = json_deep_copy(body); /* the model's own objects may be in it */
  json_decref(body);
  for (gsize i = 0; i < G_N_ELEMENTS(quirks); i++) {
    json_t *one = json_object_get(odd, quirks[i].one);
    if (one)
      quirks[i].apply(request->sim, one);
    json_array_foreach(json_object_get(odd, quirks[i].many), index, item) quirks[i].apply(request->sim, item);
  }
  if (json_object_get(odd, "job_type"))
    odd_job(request->sim, odd);
  odd_list(request, odd);
  /* 6.1.10: the table has an array around it, the sample has none (17.1 row 24) */
  return json_object_get(odd, "results") ? json_pack("[o]", odd) : odd;
}
