/* Tags of disks (reference 6.3, evs-facts 4.9): set, delete, look up, find disks by them. */
#include "evssim/disk_ops.h"
#include "evssim/disk_rules.h"
#include "evssim/disk_view.h"
#include "evssim/list_page.h"
#include "evssim/profile.h"
#include "evssim/request.h"
#include "evssim/tags.h"

enum {
  QUERY_KEYS_MAX = 10,
  QUERY_VALUES_MAX = 10,
  MATCH_MAX_CHARS = 255,
};

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

static const char *member(const json_t *object, const char *key)
{
  return json_string_value(json_object_get(object, key));
}

/* ---- set and delete ---- */

/* change: of tags.h. */
static void change_tags(Request *request, json_t *(*change)(Request *request, const json_t *tags))
{
  Disk *disk = disk_of_request(request);
  json_t *tags = disk && disk_rule_thawed(request, disk) ? change(request, disk->tags) : NULL;
  if (!tags)
    return;
  json_decref(disk->tags);
  disk->tags = tags;
  disk_changed(request->sim, disk);
  reply_empty(request, 204);
}

static void handle_create(Request *request)
{
  change_tags(request, tags_with);
}

static void handle_delete(Request *request)
{
  change_tags(request, tags_without);
}

/* ---- look up ---- */

static void handle_get(Request *request)
{
  const Disk *disk = disk_of_request(request);
  if (disk)
    reply_json(request, 200, json_pack("{s:o, s:[]}", "tags", tags_render(disk->tags), "sys_tags"));
}

static void handle_list(Request *request)
{
  g_autoptr(DiskView) view =
    disk_view_new(request->sim, request->project, request->sim->profile->list_lag_ms * 1000, 0);
  json_t *all = json_object();
  for (guint i = 0; i < view->disks->len; i++)
    tags_collect(all, ((const Disk *)g_ptr_array_index(view->disks, i))->tags);
  reply_json(request, 200, json_pack("{s:o}", "tags", all));
}

/* ---- find by tags ---- */

typedef struct {
  Request *request;
  ListPage page;
  const json_t *tags, *matches; /* of the body */
} Query;

/* Strings, each once. */
static gboolean are_values(const json_t *values)
{
  gsize index, other;
  json_t *item;
  if (!json_is_array(values) || json_array_size(values) > QUERY_VALUES_MAX)
    return FALSE;
  json_array_foreach(values, index, item)
  {
    if (!json_is_string(item))
      return FALSE;
    for (other = 0; other < index; other++)
      if (json_equal(item, json_array_get(values, other)))
        return FALSE;
  }
  return TRUE;
}

static gboolean read_tags(Query *query)
{
  gsize index;
  json_t *item;
  g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
  if (!json_is_array(query->tags) || json_array_size(query->tags) > QUERY_KEYS_MAX)
    return refuse(query->request, "EVS.5400", "Malformed request body. tags is a list of at most 10 keys");
  json_array_foreach(query->tags, index, item)
  {
    const char *key = member(item, "key");
    if (!key || !g_hash_table_add(keys, (gpointer)key) || !are_values(json_object_get(item, "values")))
      return refuse(query->request, "EVS.1062",
                    "invalid tag! keys are unique, each with a list of at most 10 values, unique too");
  }
  return TRUE;
}

static gboolean read_matches(Query *query)
{
  gsize index;
  json_t *item;
  if (query->matches && !json_is_array(query->matches) && !json_is_null(query->matches))
    return refuse(query->request, "EVS.5400", "Malformed request body. matches is a list");
  json_array_foreach(query->matches, index, item)
  {
    const char *key = member(item, "key"), *value = member(item, "value");
    if ((g_strcmp0(key, "resource_name") != 0 && g_strcmp0(key, "service_type") != 0) || !value ||
        g_utf8_strlen(value, -1) > MATCH_MAX_CHARS)
      return refuse(query->request, "EVS.5400",
                    "Malformed request body. matches: a resource_name or service_type of at most 255 "
                    "characters");
  }
  return TRUE;
}

/* An absent or null number stays as it is. */
static gboolean read_number(Query *query, const char *key, gint64 *number)
{
  const json_t *value = json_object_get(request_json(query->request), key);
  if (!value || json_is_null(value))
    return TRUE;
  *number = json_integer_value(value);
  if (json_is_integer(value))
    return TRUE;
  reply_error(query->request, 400, "EVS.5400", "%s param must be an integer.", key);
  return FALSE;
}

static gboolean read_page(Query *query)
{
  query->page = (ListPage){.limit = LIST_LIMIT_MAX};
  if (!read_number(query, "limit", &query->page.limit) || !read_number(query, "offset", &query->page.offset))
    return FALSE;
  if (query->page.limit > LIST_LIMIT_MAX)
    return refuse(query->request, "EVS.2142", "invalid filter limit, can not greater than 1000.");
  if (query->page.limit < 1)
    return refuse(query->request, "EVS.1023", "invalid filter limit!");
  return query->page.offset >= 0 ||
         refuse(query->request, "EVS.5400", "Malformed request body. offset is 0 or more");
}

/* Every key of the query, with any of its values; no values: any. */
static gboolean has_tags(const Query *query, const Disk *disk)
{
  gsize index;
  json_t *item;
  json_array_foreach(query->tags, index, item)
  {
    const json_t *value = json_object_get(disk->tags, member(item, "key")),
                 *values = json_object_get(item, "values");
    if (!value || (json_array_size(values) > 0 && !tags_have(values, value)))
      return FALSE;
  }
  return TRUE;
}

static gboolean matches(const Query *query, const Disk *disk)
{
  gsize index;
  json_t *item;
  json_array_foreach(query->matches, index, item)
  {
    gboolean by_name = g_str_equal(member(item, "key"), "resource_name");
    const char *value = member(item, "value");
    if (by_name ? !strstr(disk->name, value) : !g_str_equal(disk->service_type, value))
      return FALSE;
  }
  return has_tags(query, disk);
}

static json_t *render_resource(const Request *request, const Disk *disk)
{
  static const char *const absent[] = {"iops", "throughput", "serial_number"};
  json_t *detail = disk_render(request->sim, disk);
  for (gsize i = 0; i < G_N_ELEMENTS(absent); i++)
    json_object_del(detail, absent[i]);
  json_object_set_new(detail, "shareable", json_boolean(disk->multiattach));
  return json_pack("{s:s, s:s, s:o, s:o}", "resource_id", disk->id, "resource_name", disk->name,
                   "resource_detail", detail, "tags", tags_render(disk->tags));
}

static int newest_first(gconstpointer a, gconstpointer b)
{
  const Disk *one = *(Disk *const *)a, *two = *(Disk *const *)b;
  return one->serial > two->serial ? -1 : one->serial < two->serial;
}

static void handle_find(Request *request)
{
  const json_t *body = request_json(request);
  Query query = {
    .request = request, .tags = json_object_get(body, "tags"), .matches = json_object_get(body, "matches")};
  guint start = 0, end = 0;
  if (!read_tags(&query) || !read_matches(&query) || !read_page(&query))
    return;
  g_autoptr(DiskView) view =
    disk_view_new(request->sim, request->project, request->sim->profile->list_lag_ms * 1000, 0);
  g_autoptr(GPtrArray) rows = g_ptr_array_new();
  for (guint i = 0; i < view->disks->len; i++)
    if (matches(&query, g_ptr_array_index(view->disks, i)))
      g_ptr_array_add(rows, g_ptr_array_index(view->disks, i));
  g_ptr_array_sort(rows, newest_first);
  (void)list_page_cut(&query.page, rows, &start, &end); /* without a marker it cannot fail */
  json_t *resources = json_array();
  for (guint i = start; i < end; i++)
    json_array_append_new(resources, render_resource(request, g_ptr_array_index(rows, i)));
  reply_json(request, 200,
             json_pack("{s:I, s:o}", "total_count", (json_int_t)rows->len, "resources", resources));
}

/* An action that none of the routes has. */
static void handle_unknown(Request *request)
{
  (void)refuse(request, "EVS.5400", "Malformed request body. action is no known one");
}

/* ---- registration ---- */

#define DISKS "/v2/{project_id}/cloudvolumes"
#define TAGS DISKS "/{volume_id}/tags"
#define FIND DISKS "/resource_instances/action"

static const Route routes[] = {
  {"6.3.1", SIM_SERVICE_EVS, "POST", TAGS "/action#action=create", "evs:volumeTags:create", ROUTE_AUTH,
   handle_create},
  {"6.3.2", SIM_SERVICE_EVS, "POST", TAGS "/action#action=delete", "evs:volumeTags:delete", ROUTE_AUTH,
   handle_delete},
  {"6.3.1", SIM_SERVICE_EVS, "POST", TAGS "/action", "evs:volumeTags:create", ROUTE_AUTH, handle_unknown},
  {"6.3.3", SIM_SERVICE_EVS, "GET", DISKS "/tags", "evs:volumeTags:list", ROUTE_AUTH, handle_list},
  {"6.3.4", SIM_SERVICE_EVS, "GET", TAGS, "evs:volumeTags:getById", ROUTE_AUTH, handle_get},
  {"6.3.5", SIM_SERVICE_EVS, "POST", FIND "#action=filter", "evs:volumeTags:get", ROUTE_AUTH, handle_find},
  {"6.3.5", SIM_SERVICE_EVS, "POST", FIND, "evs:volumeTags:get", ROUTE_AUTH, handle_unknown},
};

void disk_tags_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
