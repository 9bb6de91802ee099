/* Lists of snapshots, by filters, in pages (evs-facts 4.8), newest first: 6.2.4 and its Cinder relatives. */
#include "evssim/list_page.h"
#include "evssim/profile.h"
#include "evssim/request.h"
#include "evssim/snapshots.h"

typedef struct {
  Request *request;
  const SnapshotList *list;
  ListPage page;
  GPtrArray *ids; /* of texts; empty: any */
} ListQuery;

static void list_query_clear(ListQuery *query)
{
  if (query->ids)
    g_ptr_array_unref(query->ids);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ListQuery, list_query_clear)

static gboolean text_matches(const Request *request, const char *parameter, const char *value)
{
  const char *wanted = request_query(request, parameter);
  return !wanted || g_str_equal(wanted, value);
}

static gboolean id_matches(const GPtrArray *ids, const char *id)
{
  for (guint i = 0; i < ids->len; i++)
    if (g_str_equal(g_ptr_array_index(ids, i), id))
      return TRUE;
  return ids->len == 0;
}

static gboolean matches_custom(const ListQuery *query, const Snapshot *snapshot)
{
  const Request *request = query->request;
  const char *eps = request_query(request, "enterprise_project_id");
  if (!text_matches(request, "service_type", "EVS") || !text_matches(request, "dedicated_storage_id", "") ||
      !text_matches(request, "dedicated_storage_name", ""))
    return FALSE;
  if (eps && !g_str_equal(eps, "all_granted_eps") && !g_str_equal(eps, snapshot->enterprise_project_id))
    return FALSE;
  return id_matches(query->ids, snapshot->id);
}

static gboolean matches(const ListQuery *query, const Snapshot *snapshot)
{
  const Request *request = query->request;
  if (snapshot->standard ? !query->list->standard : query->list->standard)
    return FALSE;
  const struct {
    const char *parameter, *value;
  } texts[] = {{"name", snapshot->name}, {"status", snapshot->status}, {"volume_id", snapshot->volume_id}};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    if (!text_matches(request, texts[i].parameter, texts[i].value))
      return FALSE;
  return (!query->list->zone || text_matches(request, "availability_zone", snapshot->zone)) &&
         (!query->list->custom || matches_custom(query, snapshot));
}

static int newest_first(gconstpointer a, gconstpointer b)
{
  const Snapshot *one = *(Snapshot *const *)a, *two = *(Snapshot *const *)b;
  if (one->created_us != two->created_us)
    return one->created_us > two->created_us ? -1 : 1;
  return one->serial > two->serial ? -1 : one->serial < two->serial;
}

static json_t *render_row(const Snapshot *snapshot)
{
  json_t *row = snapshot_render(snapshot);
  json_object_set_new(row, "service_type", json_string("EVS"));
  json_object_set_new(row, "dedicated_storage_id", json_null());
  json_object_set_new(row, "dedicated_storage_name", json_null());
  return row;
}

/* The link comes only with a limit. That of 6.2.4 names a marker that the call does not take (evs-facts 17.1 row 33). */
static void add_link(const ListQuery *query, json_t *body, const Snapshot *last)
{
  const Request *request = query->request;
  g_autofree char *next = g_strdup_printf("%s/evs/%s/%s/%s?limit=%d&marker=%s", request->sim->base_url,
                                          request_is_v3(request) ? "v3" : "v2", request->project->id,
                                          query->list->next, (int)query->page.limit, last->id);
  json_object_set_new(body, "snapshots_links", json_pack("[{s:s, s:s}]", "href", next, "rel", "next"));
}

static void reply_page(const ListQuery *query, const GPtrArray *rows)
{
  Request *request = query->request;
  guint start = 0, end = 0;
  if (!list_page_cut(&query->page, rows, &start, &end)) {
    reply_error(request, 400, "EVS.1024", "invalid filter marker!");
    return;
  }
  json_t *snapshots = json_array();
  for (guint i = start; i < end; i++)
    json_array_append_new(snapshots, query->list->render(g_ptr_array_index(rows, i)));
  json_t *body = json_pack("{s:o}", "snapshots", snapshots);
  if (query->list->custom)
    json_object_set_new(body, "count", json_integer((json_int_t)rows->len));
  if (query->list->next && end > start && end < rows->len && request_query(request, "limit"))
    add_link(query, body, g_ptr_array_index(rows, end - 1));
  reply_json(request, 200, body);
}

static gboolean read_query(ListQuery *query)
{
  Request *request = query->request;
  const char *zone = query->list->zone ? request_query(request, "availability_zone") : NULL;
  if (!list_page_read(request, &query->page))
    return FALSE;
  if (query->list->custom)
    query->page.marker = NULL;
  query->ids = request_query_all(request, "id");
  if (!zone || sim_zone(request->sim, zone))
    return TRUE;
  reply_error(request, 400, "EVS.1041", "invalid filter availability-zone!");
  return FALSE;
}

void snapshot_list(Request *request, const SnapshotList *list)
{
  g_auto(ListQuery) query = {.request = request, .list = list};
  request_fire_faults(request, FAULT_BITS_OF_READS, request_query(request, "volume_id"));
  const FaultAction *stale = request->p->faults[FAULT_STALE];
  if (!read_query(&query))
    return;
  gint64 lag_us = request->sim->profile->list_lag_ms * 1000, age_us = stale ? stale->ms * 1000 : 0;
  g_autoptr(SnapshotView) view = snapshot_view_new(request->sim, request->project, lag_us, age_us);
  g_autoptr(GPtrArray) rows = g_ptr_array_new();
  for (guint i = 0; i < view->snapshots->len; i++)
    if (matches(&query, g_ptr_array_index(view->snapshots, i)))
      g_ptr_array_add(rows, g_ptr_array_index(view->snapshots, i));
  g_ptr_array_sort(rows, newest_first);
  reply_page(&query, rows);
}

void snapshot_handle_list(Request *request)
{
  static const SnapshotList list = {
    .custom = TRUE, .zone = TRUE, .next = "cloudsnapshots/detail", .render = render_row};
  snapshot_list(request, &list);
}
