/* 6.2.4: list snapshots with details, by filters, in pages (evs-facts 4.8). Newest first. */
#include "evssim/list_page.h"
#include "evssim/profile.h"
#include "evssim/request.h"
#include "evssim/snapshots.h"

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

static gboolean matches(const Request *request, const GPtrArray *ids, const Snapshot *snapshot)
{
  const char *eps = request_query(request, "enterprise_project_id");
  const struct {
    const char *parameter, *value;
  } texts[] = {{"name", snapshot->name},
               {"status", snapshot->status},
               {"volume_id", snapshot->volume_id},
               {"availability_zone", snapshot->zone},
               {"service_type", "EVS"},
               {"dedicated_storage_id", ""},
               {"dedicated_storage_name", ""}};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    if (!text_matches(request, texts[i].parameter, texts[i].value))
      return FALSE;
  if (eps && !g_str_equal(eps, "all_granted_eps") && !g_str_equal(eps, snapshot->enterprise_project_id))
    return FALSE;
  return id_matches(ids, snapshot->id);
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

/* The link comes only with a limit, and names a marker that the call does not take (evs-facts 17.1 row 33). */
static void add_link(const Request *request, json_t *body, const ListPage *page, const Snapshot *last)
{
  g_autofree char *next =
    g_strdup_printf("%s/evs/v2/%s/cloudsnapshots/detail?limit=%d&marker=%s", request->sim->base_url,
                    request->project->id, (int)page->limit, last->id);
  json_object_set_new(body, "snapshots_links", json_pack("[{s:s, s:s}]", "href", next, "rel", "next"));
}

static void reply_page(Request *request, const ListPage *page, const GPtrArray *rows)
{
  guint start = 0, end = 0;
  (void)list_page_cut(page, rows, &start, &end); /* without a marker it cannot fail */
  json_t *snapshots = json_array();
  for (guint i = start; i < end; i++)
    json_array_append_new(snapshots, render_row(g_ptr_array_index(rows, i)));
  json_t *body = json_pack("{s:I, s:o}", "count", (json_int_t)rows->len, "snapshots", snapshots);
  if (end > start && end < rows->len && request_query(request, "limit"))
    add_link(request, body, page, g_ptr_array_index(rows, end - 1));
  reply_json(request, 200, body);
}

void snapshot_handle_list(Request *request)
{
  ListPage page;
  const char *zone = request_query(request, "availability_zone");
  request_fire_faults(request, FAULT_BITS_OF_READS, request_query(request, "volume_id"));
  const FaultAction *stale = request->p->faults[FAULT_STALE];
  if (!list_page_read(request, &page))
    return;
  page.marker = NULL; /* no parameter of this call */
  if (zone && !sim_zone(request->sim, zone)) {
    reply_error(request, 400, "EVS.1041", "invalid filter availability-zone!");
    return;
  }
  gint64 age_ms = MAX(request->sim->profile->list_lag_ms, stale ? stale->ms : 0);
  g_autoptr(SnapshotView) view = snapshot_view_new(request->sim, request->project, age_ms * 1000);
  g_autoptr(GPtrArray) ids = request_query_all(request, "id");
  g_autoptr(GPtrArray) rows = g_ptr_array_new();
  for (guint i = 0; i < view->snapshots->len; i++)
    if (matches(request, ids, g_ptr_array_index(view->snapshots, i)))
      g_ptr_array_add(rows, g_ptr_array_index(view->snapshots, i));
  g_ptr_array_sort(rows, newest_first);
  reply_page(request, &page, rows);
}
