#include "evsclient/snapshot.h"

#include "evsclient/api.h"
#include "evsclient/snapshot_json.h"

#include <stddef.h>

enum { MAX_IDS = 60, PAGE = 1000, MAX_PAGES = 1000 };

/* The members that are strings; both walks below need them. */
static const gsize text_members[] = {
  offsetof(EvsSnapshot, id),          offsetof(EvsSnapshot, name),      offsetof(EvsSnapshot, status),
  offsetof(EvsSnapshot, description), offsetof(EvsSnapshot, volume_id), offsetof(EvsSnapshot, created_at),
};

void evs_snapshot_free(EvsSnapshot *snapshot)
{
  if (!snapshot)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS(text_members); i++)
    g_free(G_STRUCT_MEMBER(char *, snapshot, text_members[i]));
  g_clear_pointer(&snapshot->metadata, g_hash_table_unref);
  g_free(snapshot);
}

/* Nothing is shared: the copy may go to another thread. */
EvsSnapshot *evs_snapshot_copy(const EvsSnapshot *snapshot)
{
  EvsSnapshot *copy = g_new(EvsSnapshot, 1);
  *copy = *snapshot;
  for (gsize i = 0; i < G_N_ELEMENTS(text_members); i++) {
    char **member = &G_STRUCT_MEMBER(char *, copy, text_members[i]);
    *member = g_strdup(*member);
  }
  copy->metadata = evs_json_map_copy(snapshot->metadata);
  return copy;
}

const char *evs_snapshot_metadata(const EvsSnapshot *snapshot, const char *key)
{
  const char *value = g_hash_table_lookup(snapshot->metadata, key);
  return value ? value : "";
}

static EvsSnapshot *read_answer(const json_t *answer, const EvsOperation *operation, EvsOutcome outcome,
                                GError **error)
{
  EvsSnapshot *snapshot = evs_snapshot_from_json(json_object_get(answer, "snapshot"));
  if (snapshot)
    return snapshot;
  g_autoptr(GError) made = NULL;
  evs_error_set(&made, EVS_CODE_INTERNAL, "cannot %s: the answer's snapshot has no id", operation->what);
  evs_error_set_outcome(made, outcome);
  g_propagate_error(error, g_steal_pointer(&made));
  return NULL;
}

EvsSnapshot *evs_snapshot_create(EvsClient *client, const EvsContext *context,
                                 const EvsSnapshotCreate *request, GError **error)
{
  if (!evs_id_check_uuid("volume", request->volume_id, error))
    return NULL;
  g_autofree char *body = evs_snapshot_create_body(request);
  EvsCall call = {.operation = &evs_operations[EVS_OP_SNAPSHOT_CREATE], .body = body};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  return answer ? read_answer(answer, call.operation, EVS_OUTCOME_UNKNOWN, error) : NULL;
}

EvsSnapshot *evs_snapshot_get(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                              GError **error)
{
  if (!evs_id_check_uuid("snapshot", snapshot_id, error))
    return NULL;
  EvsCall call = {.operation = &evs_operations[EVS_OP_SNAPSHOT_GET], .id = snapshot_id};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  return answer ? read_answer(answer, call.operation, EVS_OUTCOME_UNSENT, error) : NULL;
}

gboolean evs_snapshot_delete(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                             GError **error)
{
  if (!evs_id_check_uuid("snapshot", snapshot_id, error))
    return FALSE;
  EvsCall call = {.operation = &evs_operations[EVS_OP_SNAPSHOT_DELETE], .id = snapshot_id};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  return answer != NULL;
}

static gboolean check_filter(const EvsSnapshotFilter *filter, GError **error)
{
  guint n = filter->ids ? g_strv_length((char **)filter->ids) : 0;
  if (n > MAX_IDS)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "at most %d ids per list call", MAX_IDS);
  for (guint i = 0; i < n; i++)
    if (!evs_id_check_uuid("snapshot", filter->ids[i], error))
      return FALSE;
  return (!filter->id || evs_id_check_uuid("snapshot", filter->id, error)) &&
         (!filter->volume_id || evs_id_check_uuid("volume", filter->volume_id, error));
}

/* Rows without an id are left out; ret_rows counts them all. */
static GPtrArray *list_page(EvsClient *client, const EvsContext *context, const EvsSnapshotFilter *filter,
                            gsize *ret_rows, GError **error)
{
  if (!check_filter(filter, error))
    return NULL;
  g_autofree char *query = evs_snapshot_list_query(filter);
  EvsCall call = {.operation = &evs_operations[EVS_OP_SNAPSHOT_LIST], .query = query};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  if (!answer)
    return NULL;
  const json_t *rows = json_object_get(answer, "snapshots");
  GPtrArray *snapshots = g_ptr_array_new_with_free_func((GDestroyNotify)evs_snapshot_free);
  gsize i;
  json_t *row;
  json_array_foreach(rows, i, row)
  {
    EvsSnapshot *snapshot = evs_snapshot_from_json(row);
    if (snapshot)
      g_ptr_array_add(snapshots, snapshot);
  }
  *ret_rows = json_array_size(rows);
  return snapshots;
}

GPtrArray *evs_snapshot_list_page(EvsClient *client, const EvsContext *context,
                                  const EvsSnapshotFilter *filter, GError **error)
{
  gsize rows;
  return list_page(client, context, filter, &rows, error);
}

/* Moves what `seen` does not know from page to all. TRUE if there was any. */
static gboolean take_new(GPtrArray *page, GHashTable *seen, GPtrArray *all)
{
  guint before = all->len;
  for (guint i = 0; i < page->len; i++) {
    EvsSnapshot *snapshot = g_steal_pointer(&page->pdata[i]);
    if (g_hash_table_add(seen, snapshot->id))
      g_ptr_array_add(all, snapshot);
    else
      evs_snapshot_free(snapshot);
  }
  return all->len > before;
}

/* By offset: 6.2.4 documents no marker. A snapshot made meanwhile pushes others to the next page: they come twice. A
 * page without anything new ends the list: the cloud takes no offset. */
GPtrArray *evs_snapshot_list(EvsClient *client, const EvsContext *context, const EvsSnapshotFilter *filter,
                             GError **error)
{
  EvsSnapshotFilter page_filter = *filter;
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)evs_snapshot_free);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  gsize limit = filter->limit ? MIN(filter->limit, PAGE) : PAGE;
  for (guint page_number = 0; page_number < MAX_PAGES; page_number++) {
    gsize rows;
    g_autoptr(GPtrArray) page = list_page(client, context, &page_filter, &rows, error);
    if (!page)
      return NULL;
    if (!take_new(page, seen, all) || rows < limit)
      return g_steal_pointer(&all);
    page_filter.offset += (gint64)rows;
  }
  evs_error_set(error, EVS_CODE_INTERNAL, "cannot list snapshots: more than %d pages", MAX_PAGES);
  return NULL;
}
