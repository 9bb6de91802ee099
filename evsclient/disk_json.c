#include "evsclient/disk_json.h"

#include "base/text.h"
#include "evsclient/query.h"

enum { MAX_PAGE = 1000 };

void evs_attachment_free(gpointer data)
{
  EvsAttachment *attachment = data;
  g_free(attachment->server_id);
  g_free(attachment->attachment_id);
  g_free(attachment->device);
  g_free(attachment);
}

EvsAttachment *evs_attachment_new(const char *server_id, const char *attachment_id, const char *device)
{
  EvsAttachment *attachment = g_new(EvsAttachment, 1);
  *attachment = (EvsAttachment){g_strdup(server_id), g_strdup(attachment_id), g_strdup(device)};
  return attachment;
}

static GPtrArray *read_attachments(const json_t *object)
{
  GPtrArray *attachments = g_ptr_array_new_with_free_func(evs_attachment_free);
  gsize i;
  json_t *item;
  json_array_foreach(json_object_get(object, "attachments"), i, item)
  {
    g_autofree char *server_id = evs_json_text(item, "server_id");
    g_autofree char *attachment_id = evs_json_text(item, "attachment_id");
    g_autofree char *device = evs_json_text(item, "device");
    if (*server_id)
      g_ptr_array_add(attachments, evs_attachment_new(server_id, attachment_id, device));
  }
  return attachments;
}

/* Samples have a leading blank and either case. */
static char *read_wwn(const json_t *object)
{
  g_autofree char *text = evs_json_text(object, "wwn");
  g_autofree char *lower = g_ascii_strdown(text, -1);
  return g_strdup(g_strstrip(lower));
}

/* iops and throughput are objects with a total. */
static gint64 read_total(const json_t *object, const char *key)
{
  const json_t *value = json_object_get(object, key);
  return json_is_object(value) ? evs_json_int(value, "total_val", 0) : evs_json_int(object, key, 0);
}

/* The misspelling is the cloud's. */
static gboolean read_frozen(const json_t *object)
{
  return evs_json_bool(json_object_get(object, "iops"), "frozened", FALSE) ||
         evs_json_bool(json_object_get(object, "throughput"), "frozened", FALSE);
}

EvsDisk *evs_disk_from_json(const json_t *object)
{
  g_autofree char *id = evs_json_text(object, "id");
  if (!text_is_uuid(id))
    return NULL;
  EvsDisk *disk = g_new0(EvsDisk, 1);
  disk->id = g_steal_pointer(&id);
  disk->name = evs_json_text(object, "name");
  disk->status = evs_json_text(object, "status");
  disk->description = evs_json_text(object, "description");
  disk->availability_zone = evs_json_text(object, "availability_zone");
  disk->volume_type = evs_json_text(object, "volume_type");
  disk->size_gib = evs_json_int(object, "size", 0);
  disk->multiattach = evs_json_bool(object, "multiattach", FALSE);
  disk->bootable = evs_json_bool(object, "bootable", FALSE);
  disk->snapshot_id = evs_json_text(object, "snapshot_id");
  disk->image_id = evs_json_text(json_object_get(object, "volume_image_metadata"), "image_id");
  disk->backup_id = evs_json_text(object, "backup_id");
  disk->wwn = read_wwn(object);
  disk->service_type = evs_json_text(object, "service_type");
  disk->enterprise_project_id = evs_json_text(object, "enterprise_project_id");
  disk->dedicated_storage_id = evs_json_text(object, "dedicated_storage_id");
  disk->created_at = evs_json_text(object, "created_at");
  disk->iops = read_total(object, "iops");
  disk->throughput = read_total(object, "throughput");
  disk->frozen = read_frozen(object);
  disk->metadata = evs_json_map(object, "metadata");
  disk->tags = evs_json_map(object, "tags");
  disk->attachments = read_attachments(object);
  return disk;
}

char *evs_disk_create_body(const EvsDiskCreate *request)
{
  json_t *volume = json_object(), *root = json_object();
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iterator;
  gpointer key, value;
  if (request->metadata) {
    g_hash_table_iter_init(&iterator, request->metadata);
    while (g_hash_table_iter_next(&iterator, &key, &value))
      g_hash_table_insert(metadata, key, value);
  }
  g_hash_table_insert(metadata, (gpointer) "create_for_volume_id", (gpointer) "true");
  evs_json_set_text(volume, "name", request->name);
  evs_json_set_text(volume, "description", request->description);
  evs_json_set_text(volume, "availability_zone", request->availability_zone);
  evs_json_set_text(volume, "volume_type", request->volume_type);
  evs_json_set_int(volume, "size", request->size_gib);
  evs_json_set_text(volume, "snapshot_id", request->snapshot_id);
  if (request->multiattach)
    json_object_set_new(volume, "multiattach", json_true());
  evs_json_set_int(volume, "iops", request->iops);
  evs_json_set_int(volume, "throughput", request->throughput);
  evs_json_set_text(volume, "enterprise_project_id", request->enterprise_project_id);
  evs_json_set_map(volume, "metadata", metadata);
  evs_json_set_map(volume, "tags", request->tags);
  json_object_set_new(root, "volume", volume);
  if (request->dedicated_storage_id) {
    json_t *hints = json_object();
    evs_json_set_text(hints, "dedicated_storage_id", request->dedicated_storage_id);
    json_object_set_new(root, "OS-SCH-HNT:scheduler_hints", hints);
  }
  return evs_json_write(root);
}

/* ids=['a','b'] */
static void add_ids(GString *query, const char *const *ids)
{
  if (!ids || !ids[0])
    return;
  g_autoptr(GString) list = g_string_new("[");
  for (guint i = 0; ids[i]; i++)
    g_string_append_printf(list, "%s'%s'", i > 0 ? "," : "", ids[i]);
  g_string_append_c(list, ']');
  evs_query_add(query, "ids", list->str);
}

char *evs_disk_list_query(const EvsDiskFilter *filter)
{
  GString *query = g_string_new(NULL);
  evs_query_add_int(query, "limit", filter->limit ? MIN(filter->limit, MAX_PAGE) : MAX_PAGE);
  evs_query_add(query, "name", filter->name);
  evs_query_add(query, "server_id", filter->server_id);
  add_ids(query, filter->ids);
  evs_query_add_int(query, "offset", filter->offset);
  evs_query_add(query, "marker", filter->marker);
  return g_string_free(query, FALSE);
}
