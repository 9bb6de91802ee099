/* Lists of disks, by filters, in pages, sorted (evs-facts 4.3): 6.1.3 and, with other DiskLists, its relatives. */
#include "evssim/disk_ops.h"

#include "evssim/disk_view.h"
#include "evssim/disks.h"
#include "evssim/list_page.h"
#include "evssim/profile.h"
#include "evssim/request.h"

enum { IDS_MAX = 60 };

typedef struct {
  Request *request;
  const DiskList *list;
  ListPage page;
  gint64 (*compare)(const Disk *a, const Disk *b);
  gboolean ascending;
  GHashTable *ids;  /* set, or NULL */
  json_t *metadata; /* or NULL */
} ListQuery;

static void list_query_clear(ListQuery *query)
{
  if (query->ids)
    g_hash_table_unref(query->ids);
  if (query->metadata)
    json_decref(query->metadata);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ListQuery, list_query_clear)

static gint64 by_created(const Disk *a, const Disk *b)
{
  return a->created_us != b->created_us ? a->created_us - b->created_us : (gint64)(a->serial - b->serial);
}

static gint64 by_id(const Disk *a, const Disk *b)
{
  return strcmp(a->id, b->id);
}

static gint64 by_status(const Disk *a, const Disk *b)
{
  return strcmp(a->status, b->status);
}

static gint64 by_size(const Disk *a, const Disk *b)
{
  return a->size_gib - b->size_gib;
}

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

/* Which lists take which filters; those that are not here all take. */
static const struct {
  const char *name;
  guint kinds;
} limited_filters[] = {
  {"metadata", DISK_FILTER_METADATA},
  {"id", DISK_FILTER_IDS},
  {"ids", DISK_FILTER_IDS},
  {"multiattach", DISK_FILTER_STORAGE},
  {"service_type", DISK_FILTER_STORAGE},
  {"dedicated_storage_id", DISK_FILTER_STORAGE},
  {"dedicated_storage_name", DISK_FILTER_STORAGE},
  {"volume_type_id", DISK_FILTER_STORAGE},
  {"server_id", DISK_FILTER_USE},
  {"bootable", DISK_FILTER_USE},
  {"enterprise_project_id", DISK_FILTER_USE},
};

/* The filter's value; NULL if it is not set, or this list does not know it (then it is left out in silence). */
static const char *filter_of(const ListQuery *query, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(limited_filters); i++)
    if (g_str_equal(limited_filters[i].name, name) && !(query->list->filters & limited_filters[i].kinds))
      return NULL;
  return request_query(query->request, name);
}

static gboolean read_sort(ListQuery *query)
{
  static const struct {
    const char *key;
    gint64 (*compare)(const Disk *a, const Disk *b);
  } keys[] = {{"created_at", by_created}, {"id", by_id}, {"status", by_status}, {"size", by_size}};
  const char *key = request_query(query->request, "sort_key"),
             *dir = request_query(query->request, "sort_dir");
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    if (g_str_equal(key ? key : "created_at", keys[i].key))
      query->compare = keys[i].compare;
  if (!query->compare)
    return refuse(query->request, "EVS.1039", "invalid sort_key!");
  if (dir && !g_str_equal(dir, "asc") && !g_str_equal(dir, "desc"))
    return refuse(query->request, "EVS.1040", "invalid sort_dir!");
  query->ascending = dir && g_str_equal(dir, "asc");
  return TRUE;
}

/* ids=['a','b'] beats id=a; ids that are none are left out in silence. */
static gboolean read_ids(ListQuery *query)
{
  const char *ids = filter_of(query, "ids"), *id = filter_of(query, "id");
  if (!ids && !id)
    return TRUE;
  query->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_auto(GStrv) items = g_strsplit(ids ? ids : id, ",", -1);
  if (g_strv_length(items) > IDS_MAX)
    return refuse(query->request, "EVS.5400", "Malformed request url. at most 60 ids");
  for (char **item = items; *item; item++) {
    g_autofree char *bare = g_strdelimit(g_strdup(*item), "[]'\"", ' ');
    g_hash_table_add(query->ids, g_strdup(g_strstrip(bare)));
  }
  return TRUE;
}

/* What a request could not decode it leaves as it came. */
static gboolean is_decoded(const char *text)
{
  g_autofree char *again = g_uri_unescape_string(text, NULL);
  return again != NULL;
}

static gboolean read_filters(ListQuery *query)
{
  const char *metadata = filter_of(query, "metadata"), *zone = filter_of(query, "availability_zone");
  if (zone && !sim_zone(query->request->sim, zone))
    return refuse(query->request, "EVS.1041", "invalid filter availability-zone!");
  if (metadata) {
    query->metadata = json_loads(metadata, 0, NULL);
    if (!query->metadata && !is_decoded(metadata))
      return refuse(query->request, "EVS.1025", "url encoding failed!");
    if (!json_is_object(query->metadata))
      return refuse(query->request, "EVS.1058", "invalid metadata filter!");
  }
  return read_ids(query);
}

static gboolean text_matches(const ListQuery *query, const char *parameter, const char *value)
{
  const char *wanted = filter_of(query, parameter);
  return !wanted || g_str_equal(wanted, value);
}

static gboolean metadata_matches(const ListQuery *query, const Disk *disk)
{
  const char *key;
  json_t *value;
  json_object_foreach(query->metadata, key,
                      value) if (!json_is_string(value) ||
                                 !g_str_equal(disk_metadata(disk, key), json_string_value(value)) ||
                                 !json_object_get(disk->metadata, key)) return FALSE;
  return TRUE;
}

static gboolean type_matches(const ListQuery *query, const Disk *disk)
{
  if (!filter_of(query, "volume_type_id"))
    return TRUE;
  g_autofree char *type_id = disk_type_id(disk->type);
  return text_matches(query, "volume_type_id", type_id);
}

static gboolean matches(const ListQuery *query, const Disk *disk)
{
  const char *server_id = filter_of(query, "server_id"), *eps = filter_of(query, "enterprise_project_id");
  const struct {
    const char *parameter, *value;
  } texts[] = {{"name", disk->name},
               {"status", disk->status},
               {"availability_zone", disk->zone},
               {"multiattach", disk->multiattach ? "true" : "false"},
               {"bootable", disk->bootable ? "true" : "false"},
               {"service_type", disk->service_type},
               {"dedicated_storage_id", ""},
               {"dedicated_storage_name", ""}};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    if (!text_matches(query, texts[i].parameter, texts[i].value))
      return FALSE;
  if ((server_id && !disk_attachment(disk, server_id)) ||
      (query->ids && !g_hash_table_contains(query->ids, disk->id)))
    return FALSE;
  if (eps && !g_str_equal(eps, "all_granted_eps") && !g_str_equal(eps, disk->enterprise_project_id))
    return FALSE;
  return type_matches(query, disk) && metadata_matches(query, disk);
}

static int compare_rows(gconstpointer a, gconstpointer b, gpointer user_data)
{
  const ListQuery *query = user_data;
  const Disk *one = *(Disk *const *)a, *two = *(Disk *const *)b;
  gint64 order = query->compare(one, two);
  if (order == 0)
    order = by_created(one, two);
  if (!query->ascending)
    order = -order;
  return order < 0 ? -1 : order > 0;
}

/* The cloud's link leads to the Cinder list whatever list was asked for: clients do not follow it (evs-facts 17.2). */
static void add_link(const ListQuery *query, json_t *body, const Disk *last)
{
  const Request *request = query->request;
  g_autofree char *next = g_strdup_printf("%s/evs/%s/%s/%s?limit=%d&marker=%s", request->sim->base_url,
                                          request_is_v3(request) ? "v3" : "v2", request->project->id,
                                          query->list->next, (int)query->page.limit, last->id);
  json_object_set_new(body, "volumes_links", json_pack("[{s:s, s:s}]", "href", next, "rel", "next"));
}

static void reply_page(const ListQuery *query, const GPtrArray *rows)
{
  Request *request = query->request;
  guint start, end;
  if (!list_page_cut(&query->page, rows, &start, &end)) {
    refuse(request, "EVS.1024", "invalid filter marker!");
    return;
  }
  json_t *volumes = json_array();
  for (guint i = start; i < end; i++)
    json_array_append_new(volumes, query->list->render(request, g_ptr_array_index(rows, i)));
  json_t *body = json_pack("{s:o}", "volumes", volumes);
  if (query->list->count)
    json_object_set_new(body, "count", json_integer((json_int_t)rows->len));
  if (query->list->next && end > start && end < rows->len)
    add_link(query, body, g_ptr_array_index(rows, end - 1));
  reply_json(request, 200, body);
}

void disk_list(Request *request, const DiskList *list)
{
  g_auto(ListQuery) query = {.request = request, .list = list};
  if (!list_page_read(request, &query.page) || !read_sort(&query) || !read_filters(&query))
    return;
  request_fire_faults(request, FAULT_BITS_OF_READS, NULL);
  const FaultAction *stale = request->p->faults[FAULT_STALE];
  gint64 lag_us = request->sim->profile->list_lag_ms * 1000, age_us = stale ? stale->ms * 1000 : 0;
  g_autoptr(DiskView) view = disk_view_new(request->sim, request->project, lag_us, age_us);
  g_autoptr(GPtrArray) rows = g_ptr_array_new();
  for (guint i = 0; i < view->disks->len; i++)
    if (matches(&query, g_ptr_array_index(view->disks, i)))
      g_ptr_array_add(rows, g_ptr_array_index(view->disks, i));
  g_ptr_array_sort_with_data(rows, compare_rows, &query);
  reply_page(&query, rows);
}

static json_t *render_custom(const Request *request, const Disk *disk)
{
  return disk_render(request->sim, disk);
}

void disk_handle_list(Request *request)
{
  static const DiskList list = {
    .filters = DISK_FILTERS_ALL, .count = TRUE, .next = "volumes/detail", .render = render_custom};
  disk_list(request, &list);
}
