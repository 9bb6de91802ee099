#include "evsclient/disk.h"

#include "evsclient/api.h"
#include "evsclient/disk_json.h"

#include <stddef.h>

enum { MAX_IDS = 60, MAX_PAGES = 1000 };

/* The members that are strings; both walks below need them. */
static const gsize text_members[] = {
  offsetof(EvsDisk, id),
  offsetof(EvsDisk, name),
  offsetof(EvsDisk, status),
  offsetof(EvsDisk, description),
  offsetof(EvsDisk, availability_zone),
  offsetof(EvsDisk, volume_type),
  offsetof(EvsDisk, snapshot_id),
  offsetof(EvsDisk, image_id),
  offsetof(EvsDisk, backup_id),
  offsetof(EvsDisk, wwn),
  offsetof(EvsDisk, service_type),
  offsetof(EvsDisk, enterprise_project_id),
  offsetof(EvsDisk, dedicated_storage_id),
  offsetof(EvsDisk, created_at),
};

void evs_disk_free(EvsDisk *disk)
{
  if (!disk)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS(text_members); i++)
    g_free(G_STRUCT_MEMBER(char *, disk, text_members[i]));
  g_clear_pointer(&disk->metadata, g_hash_table_unref);
  g_clear_pointer(&disk->tags, g_hash_table_unref);
  g_clear_pointer(&disk->attachments, g_ptr_array_unref);
  g_free(disk);
}

/* Nothing is shared: the copy may go to another thread. */
EvsDisk *evs_disk_copy(const EvsDisk *disk)
{
  EvsDisk *copy = g_new(EvsDisk, 1);
  *copy = *disk;
  for (gsize i = 0; i < G_N_ELEMENTS(text_members); i++) {
    char **member = &G_STRUCT_MEMBER(char *, copy, text_members[i]);
    *member = g_strdup(*member);
  }
  copy->metadata = evs_json_map_copy(disk->metadata);
  copy->tags = evs_json_map_copy(disk->tags);
  copy->attachments = g_ptr_array_new_with_free_func(evs_attachment_free);
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    g_ptr_array_add(copy->attachments,
                    evs_attachment_new(attachment->server_id, attachment->attachment_id, attachment->device));
  }
  return copy;
}

const char *evs_disk_metadata(const EvsDisk *disk, const char *key)
{
  const char *value = g_hash_table_lookup(disk->metadata, key);
  return value ? value : "";
}

const EvsAttachment *evs_disk_attachment(const EvsDisk *disk, const char *server_id)
{
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    if (g_ascii_strcasecmp(attachment->server_id, server_id) == 0)
      return attachment;
  }
  return NULL;
}

static char *first_volume_id(const json_t *answer)
{
  const json_t *ids = json_object_get(answer, "volume_ids");
  g_autofree char *id = evs_json_value_text(json_array_get(ids, 0));
  return evs_id_check_uuid("volume", id, NULL) ? g_steal_pointer(&id) : NULL;
}

gboolean evs_disk_create(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                         const char *client_token, char **ret_job_id, char **ret_volume_id, GError **error)
{
  g_autofree char *body = evs_disk_create_body(request);
  EvsCall call = {
    .operation = &evs_operations[EVS_OP_DISK_CREATE], .body = body, .client_token = client_token};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  if (!answer)
    return FALSE;
  *ret_job_id = evs_json_text(answer, "job_id");
  *ret_volume_id = first_volume_id(answer);
  return TRUE;
}

EvsDisk *evs_disk_get(EvsClient *client, const EvsContext *context, const char *volume_id, GError **error)
{
  if (!evs_id_check_uuid("volume", volume_id, error))
    return NULL;
  EvsCall call = {.operation = &evs_operations[EVS_OP_DISK_GET], .id = volume_id};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  if (!answer)
    return NULL;
  EvsDisk *disk = evs_disk_from_json(json_object_get(answer, "volume"));
  if (!disk)
    evs_error_set(error, EVS_CODE_INTERNAL, "cannot get disk '%s': the answer's volume has no id", volume_id);
  return disk;
}

gboolean evs_disk_delete(EvsClient *client, const EvsContext *context, const char *volume_id,
                         char **ret_job_id, GError **error)
{
  if (!evs_id_check_uuid("volume", volume_id, error))
    return FALSE;
  EvsCall call = {.operation = &evs_operations[EVS_OP_DISK_DELETE], .id = volume_id};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  if (!answer)
    return FALSE;
  *ret_job_id = evs_json_text(answer, "job_id");
  return TRUE;
}

static gboolean check_filter(const EvsDiskFilter *filter, GError **error)
{
  guint n = filter->ids ? g_strv_length((char **)filter->ids) : 0;
  if (n > MAX_IDS)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "at most %d ids per list call", MAX_IDS);
  for (guint i = 0; i < n; i++)
    if (!evs_id_check_uuid("volume", filter->ids[i], error))
      return FALSE;
  return (!filter->server_id || evs_id_check_uuid("server", filter->server_id, error)) &&
         (!filter->marker || evs_id_check_uuid("volume", filter->marker, error));
}

/* Rows without an id are left out; ret_rows counts them all, ret_last is the id of the last one. */
static GPtrArray *read_page(const json_t *rows, gsize *ret_rows)
{
  GPtrArray *disks = g_ptr_array_new_with_free_func((GDestroyNotify)evs_disk_free);
  gsize i;
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    EvsDisk *disk = evs_disk_from_json(row);
    if (disk)
      g_ptr_array_add(disks, disk);
  }
  *ret_rows = json_array_size(rows);
  return disks;
}

static GPtrArray *list_page(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                            gsize *ret_rows, GError **error)
{
  if (!check_filter(filter, error))
    return NULL;
  g_autofree char *query = evs_disk_list_query(filter);
  EvsCall call = {.operation = &evs_operations[EVS_OP_DISK_LIST], .query = query};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  return answer ? read_page(json_object_get(answer, "volumes"), ret_rows) : NULL;
}

GPtrArray *evs_disk_list_page(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                              GError **error)
{
  gsize rows;
  return list_page(client, context, filter, &rows, error);
}

/* By marker: a disk made or deleted meanwhile shifts no page. The cloud's own next link is not followed: it may point
 * at another host and another shape. */
GPtrArray *evs_disk_list(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                         GError **error)
{
  EvsDiskFilter page_filter = *filter;
  g_autofree char *marker = NULL;
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)evs_disk_free);
  gsize limit = page_filter.limit ? MIN(page_filter.limit, 1000) : 1000;
  for (guint page_number = 0; page_number < MAX_PAGES; page_number++) {
    gsize rows;
    g_autoptr(GPtrArray) page = list_page(client, context, &page_filter, &rows, error);
    if (!page)
      return NULL;
    const EvsDisk *last = page->len > 0 ? page->pdata[page->len - 1] : NULL;
    gboolean stuck = !last || (marker && g_str_equal(marker, last->id));
    if (last) {
      g_free(marker);
      marker = g_strdup(last->id);
    }
    if (!stuck)
      g_ptr_array_extend_and_steal(all, g_steal_pointer(&page));
    if (rows < limit || stuck)
      return g_steal_pointer(&all);
    page_filter.marker = marker;
    page_filter.offset = 0;
  }
  evs_error_set(error, EVS_CODE_INTERNAL, "cannot list disks: more than %d pages", MAX_PAGES);
  return NULL;
}
