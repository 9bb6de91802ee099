#include "evssim/recycle.h"

#include "evssim/disks.h"
#include "evssim/list_page.h"

enum {
  THRESHOLD_MAX_DAYS = 1000,
  KEEP_MAX_DAYS = 365,
  DEFAULT_DAYS = 7,
};

#define DAY_US (G_GINT64_CONSTANT(24) * 3600 * G_USEC_PER_SEC)

/* Of one project. */
typedef struct {
  gboolean on;
  gint64 threshold_days, keep_days;
} Policy;

static const Policy default_policy = {.threshold_days = DEFAULT_DAYS, .keep_days = DEFAULT_DAYS};

static const Policy *policy_of(const Sim *sim, const Project *project)
{
  const Policy *policy = g_hash_table_lookup(sim->recycle_policies, project->id);
  return policy ? policy : &default_policy;
}

static void policy_load(Sim *sim, const char *id, json_t *record)
{
  Policy *policy = g_new0(Policy, 1);
  policy->on = json_is_true(json_object_get(record, "on"));
  policy->threshold_days = json_integer_value(json_object_get(record, "threshold_days"));
  policy->keep_days = json_integer_value(json_object_get(record, "keep_days"));
  g_hash_table_replace(sim->recycle_policies, g_strdup(id), policy);
}

/* ---- what goes in and out ---- */

gboolean recycle_take(Sim *sim, Disk *disk)
{
  const Policy *policy = policy_of(sim, disk->project);
  gint64 now_us = sim_virtual_us(sim);
  if (!policy->on || now_us - disk->born_us < policy->threshold_days * DAY_US)
    return FALSE;
  disk->binned_us = now_us;
  disk->purge_us = now_us + policy->keep_days * DAY_US;
  disk_set_status(disk, DISK_AVAILABLE);
  disk_changed(sim, disk);
  return TRUE;
}

void recycle_sweep(Sim *sim)
{
  g_autoptr(GPtrArray) disks = sim_values(sim->disks);
  gint64 now_us = sim_virtual_us(sim);
  for (guint i = 0; i < disks->len; i++) {
    Disk *disk = g_ptr_array_index(disks, i);
    if (disk->binned_us && disk->purge_us <= now_us)
      disk_remove(sim, disk);
  }
}

/* The binned disk of {volume_id}; NULL: answered. */
static Disk *find_disk(Request *request)
{
  const char *id = request_path(request, "volume_id");
  recycle_sweep(request->sim);
  Disk *disk = sim_disk(request->sim, id);
  if (disk && disk->binned_us && disk->project == request->project)
    return disk;
  reply_error(request, 404, "EVS.5404", "Volume %s could not be found in the recycle bin.", id);
  return NULL;
}

static json_t *render(const Sim *sim, const Disk *disk)
{
  json_t *json = disk_render(sim, disk);
  json_object_set_new(json, "pre_deleted_at", render_time(sim_cloud_of_virtual(sim, disk->binned_us)));
  json_object_set_new(json, "plan_delete_at", render_time(sim_cloud_of_virtual(sim, disk->purge_us)));
  return json;
}

/* ---- disks ---- */

static gboolean text_matches(const Request *request, const char *parameter, const char *value)
{
  const char *wanted = request_query(request, parameter);
  return !wanted || g_str_equal(wanted, value);
}

static gboolean matches(const Request *request, const Disk *disk)
{
  return disk->binned_us && disk->project == request->project && text_matches(request, "name", disk->name) &&
         text_matches(request, "status", disk->status) &&
         text_matches(request, "availability_zone", disk->zone) &&
         text_matches(request, "service_type", disk->service_type);
}

static int latest_first(gconstpointer a, gconstpointer b)
{
  const Disk *one = *(Disk *const *)a, *two = *(Disk *const *)b;
  if (one->binned_us != two->binned_us)
    return one->binned_us > two->binned_us ? -1 : 1;
  return one->serial > two->serial ? -1 : one->serial < two->serial;
}

static void handle_list(Request *request)
{
  ListPage page;
  guint start = 0, end = 0;
  if (!list_page_read(request, &page))
    return;
  page.marker = NULL; /* no parameter of this call */
  recycle_sweep(request->sim);
  g_autoptr(GPtrArray) all = sim_values(request->sim->disks), rows = g_ptr_array_new();
  for (guint i = 0; i < all->len; i++)
    if (matches(request, g_ptr_array_index(all, i)))
      g_ptr_array_add(rows, g_ptr_array_index(all, i));
  g_ptr_array_sort(rows, latest_first);
  (void)list_page_cut(&page, rows, &start, &end); /* without a marker it cannot fail */
  json_t *volumes = json_array();
  for (guint i = start; i < end; i++)
    json_array_append_new(volumes, render(request->sim, g_ptr_array_index(rows, i)));
  reply_json(request, 200, json_pack("{s:I, s:o}", "count", (json_int_t)rows->len, "volumes", volumes));
}

static void handle_get(Request *request)
{
  const Disk *disk = find_disk(request);
  if (disk)
    reply_json(request, 200, json_pack("{s:o}", "volume", render(request->sim, disk)));
}

static void handle_delete(Request *request)
{
  Disk *disk = find_disk(request);
  if (!disk)
    return;
  disk_remove(request->sim, disk);
  reply_empty(request, 204);
}

static void handle_revert(Request *request)
{
  Disk *disk = find_disk(request);
  if (!disk)
    return;
  disk->binned_us = disk->purge_us = 0;
  disk_changed(request->sim, disk);
  reply_empty(request, 204);
}

/* ---- policy ---- */

static void handle_policy_get(Request *request)
{
  const Policy *policy = policy_of(request->sim, request->project);
  reply_json(request, 200,
             json_pack("{s:b, s:I, s:I}", "switch", policy->on, "threshold_time",
                       (json_int_t)policy->threshold_days, "keep_time", (json_int_t)policy->keep_days));
}

/* An absent value stays; FALSE: out of range. */
static gboolean read_days(const json_t *body, const char *key, gint64 max, gint64 *days)
{
  const json_t *value = json_object_get(body, key);
  if (!value || json_is_null(value))
    return TRUE;
  *days = json_integer_value(value);
  return json_is_integer(value) && *days >= 1 && *days <= max;
}

static void handle_policy_put(Request *request)
{
  const json_t *body = request_json(request), *on = json_object_get(body, "switch");
  Policy policy = *policy_of(request->sim, request->project);
  if (!body || (on && !json_is_boolean(on)) ||
      !read_days(body, "threshold_time", THRESHOLD_MAX_DAYS, &policy.threshold_days) ||
      !read_days(body, "keep_time", KEEP_MAX_DAYS, &policy.keep_days)) {
    reply_error(request, 400, "EVS.5400", "Malformed request body.");
    return;
  }
  if (on)
    policy.on = json_is_true(on);
  g_hash_table_replace(request->sim->recycle_policies, g_strdup(request->project->id),
                       g_memdup2(&policy, sizeof policy));
  state_put(request->sim, "recycle_policy", request->project->id,
            json_pack("{s:b, s:I, s:I}", "on", policy.on, "threshold_days", (json_int_t)policy.threshold_days,
                      "keep_days", (json_int_t)policy.keep_days));
  reply_empty(request, 204);
}

/* ---- registration ---- */

#define BIN "/v3/{project_id}/recycle-bin-volumes"

static const Route routes[] = {
  {"recycle.list", SIM_SERVICE_EVS, "GET", BIN "/detail", "evs:volumes:list", ROUTE_AUTH, handle_list},
  {"recycle.get", SIM_SERVICE_EVS, "GET", BIN "/{volume_id}", "evs:volumes:get", ROUTE_AUTH, handle_get},
  {"recycle.delete", SIM_SERVICE_EVS, "DELETE", BIN "/{volume_id}", "evs:volumes:delete", ROUTE_AUTH,
   handle_delete},
  {"recycle.revert", SIM_SERVICE_EVS, "POST", BIN "/{volume_id}/revert", "evs:volumes:update", ROUTE_AUTH,
   handle_revert},
  {"recycle.policy", SIM_SERVICE_EVS, "GET", BIN "/policy", "evs:volumes:get", ROUTE_AUTH, handle_policy_get},
  {"recycle.policy.set", SIM_SERVICE_EVS, "PUT", BIN "/policy", "evs:volumes:update", ROUTE_AUTH,
   handle_policy_put},
};

void recycle_start(Sim *sim)
{
  sim->recycle_policies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  state_register(sim, "recycle_policy", policy_load);
  router_add(sim, routes, G_N_ELEMENTS(routes));
}

void recycle_stop(Sim *sim)
{
  g_clear_pointer(&sim->recycle_policies, g_hash_table_unref);
}
