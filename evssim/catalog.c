/* What the project may buy and how much of it: disk types (7.1.4, 7.1.5), zones (7.8.1), quotas (7.3.1), API versions
 * (5.1, 5.2, 7.7), with their /v3 twins. */
#include "evssim/accounts.h"
#include "evssim/parts.h"
#include "evssim/snapshots.h"

/* ---- types ---- */

char *disk_type_id(const char *type)
{
  g_autofree char *name = g_strconcat("type/", type, NULL);
  return accounts_uuid(0, name);
}

/* The names of the zones whose list (types or sold_out) has the type, joined by commas. */
static char *zones_with(const Sim *sim, const char *type, gboolean sold_out)
{
  GString *names = g_string_new(NULL);
  for (guint i = 0; i < sim->zones->len; i++) {
    const Zone *zone = g_ptr_array_index(sim->zones, i);
    gboolean offered = g_strv_contains((const char *const *)zone->types, type);
    gboolean gone = g_strv_contains((const char *const *)zone->sold_out, type);
    if (sold_out ? gone : offered || gone)
      g_string_append_printf(names, "%s%s", names->len ? "," : "", zone->name);
  }
  return g_string_free(names, FALSE);
}

json_t *disk_type_render(const Sim *sim, const char *type)
{
  g_autofree char *zones = zones_with(sim, type, FALSE), *sold_out = zones_with(sim, type, TRUE);
  g_autofree char *id = disk_type_id(type);
  if (!*zones)
    return NULL;
  json_t *specs = json_pack("{s:s, s:s}", "volume_backend_name", type, "RESKEY:availability_zones", zones);
  if (*sold_out)
    json_object_set_new(specs, "os-vendor-extended:sold_out_availability_zones", json_string(sold_out));
  return json_pack("{s:s, s:s, s:n, s:b, s:n, s:o}", "id", id, "name", type, "description", "is_public", TRUE,
                   "qos_specs_id", "extra_specs", specs);
}

static void handle_types(Request *request)
{
  json_t *types = json_array();
  for (int i = 0; disk_types[i]; i++) {
    json_t *type = disk_type_render(request->sim, disk_types[i]);
    if (type)
      json_array_append_new(types, type);
  }
  reply_json(request, 200, json_pack("{s:o}", "volume_types", types));
}

static void handle_type(Request *request)
{
  const char *wanted = request_path(request, "type_id");
  for (int i = 0; disk_types[i]; i++) {
    g_autofree char *id = disk_type_id(disk_types[i]);
    json_t *type = g_str_equal(id, wanted) ? disk_type_render(request->sim, disk_types[i]) : NULL;
    if (type) {
      reply_json(request, 200, json_pack("{s:o}", "volume_type", type));
      return;
    }
  }
  reply_error(request, 404, "EVS.5404", "Volume type %s could not be found.", wanted);
}

/* ---- zones ---- */

static void handle_zones(Request *request)
{
  json_t *zones = json_array();
  for (guint i = 0; i < request->sim->zones->len; i++)
    json_array_append_new(zones, json_pack("{s:s, s:{s:b}}", "zoneName",
                                           ((Zone *)g_ptr_array_index(request->sim->zones, i))->name,
                                           "zoneState", "available", TRUE));
  reply_json(request, 200, json_pack("{s:o}", "availabilityZoneInfo", zones));
}

/* ---- quotas ---- */

static void set_quota(json_t *set, const Project *project, const char *kind, gint64 in_use, gboolean v3)
{
  json_t *quota = json_pack("{s:i, s:I, s:I}", "reserved", 0, "limit",
                            (json_int_t)project_quota(project, kind), "in_use", (json_int_t)in_use);
  if (v3)
    json_object_set_new(quota, "allocated", json_integer(0));
  json_object_set_new(set, kind, quota);
}

static void handle_quota(Request *request)
{
  const Project *project = request->project;
  const char *usage = request_query(request, "usage"), *target = request_path(request, "target_project_id");
  if (!usage || !g_str_equal(usage, "True")) {
    reply_error(request, 400, "EVS.5400", "Malformed request url.");
    return;
  }
  if (!g_str_equal(target, project->id)) {
    reply_error(request, 403, "EVS.5403", "Policy check failed.");
    return;
  }
  gboolean v3 = request_is_v3(request);
  json_t *set = json_pack("{s:s}", "id", project->id);
  gint64 count, gib;
  disk_usage(request->sim, project, NULL, &count, &gib);
  set_quota(set, project, "volumes", count, v3);
  set_quota(set, project, "gigabytes", gib, v3);
  set_quota(set, project, "snapshots", snapshots_count(request->sim, project, NULL, NULL), v3);
  static const char *const unused[] = {"backups", "backup_gigabytes", "per_volume_gigabytes"};
  for (gsize i = 0; i < G_N_ELEMENTS(unused); i++)
    set_quota(set, project, unused[i], 0, v3);
  for (int i = 0; disk_types[i]; i++) {
    /* as the cloud does it: the newer types have no entries of their own (evs-facts 9) */
    if (strstr(disk_types[i], "ESSD") || g_str_equal(disk_types[i], "GPSSD2"))
      continue;
    disk_usage(request->sim, project, disk_types[i], &count, &gib);
    const struct {
      const char *prefix;
      gint64 in_use;
    } kinds[] = {{"volumes", count},
                 {"gigabytes", gib},
                 {"snapshots", snapshots_count(request->sim, project, disk_types[i], NULL)}};
    for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
      g_autofree char *kind = g_strdup_printf("%s_%s", kinds[k].prefix, disk_types[i]);
      set_quota(set, project, kind, kinds[k].in_use, v3);
    }
  }
  reply_json(request, 200, json_pack("{s:o}", "quota_set", set));
}

/* ---- versions ---- */

static const struct {
  const char *id, *path, *status, *version, *min_version;
} versions[] = {
  {"v1.0", "v1", "SUPPORTED", "", ""},
  {"v2.0", "v2", "SUPPORTED", "", ""},
  {"v3.0", "v3", "CURRENT", "3.0", "3.0"},
};

static json_t *render_version(const Sim *sim, gsize i)
{
  g_autofree char *href = g_strdup_printf("%s/evs/%s/", sim->base_url, versions[i].path);
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s}], s:[{s:s, s:s}]}", "id", versions[i].id,
                   "status", versions[i].status, "version", versions[i].version, "min_version",
                   versions[i].min_version, "updated", "2014-06-28T12:20:21Z", "links", "rel", "self", "href",
                   href, "media-types", "base", "application/json", "type",
                   "application/vnd.openstack.volume+json");
}

static void handle_versions(Request *request)
{
  json_t *list = json_array();
  for (gsize i = 0; i < G_N_ELEMENTS(versions); i++)
    json_array_append_new(list, render_version(request->sim, i));
  reply_json(request, 300, json_pack("{s:o}", "versions", list));
}

static void handle_version(Request *request)
{
  for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
    if (g_str_equal(versions[i].path, request_path(request, "api_version"))) {
      reply_json(request, 200, json_pack("{s:[o]}", "versions", render_version(request->sim, i)));
      return;
    }
  }
  reply_error(request, 404, "EVS.5404", "There is no such API version.");
}

static const Route routes[] = {
  {"5.1 7.7.2", SIM_SERVICE_EVS, "GET", "/", NULL, ROUTE_NO_AUTH, handle_versions},
  {"5.2 7.7.1", SIM_SERVICE_EVS, "GET", "/{api_version}", NULL, ROUTE_NO_AUTH, handle_version},
  {"5.2 7.7.1", SIM_SERVICE_EVS, "GET", "/{api_version}/", NULL, ROUTE_NO_AUTH, handle_version},
};

static const Route routes_of_projects[] = {
  {"7.1.4", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/types", "evs:types:get", ROUTE_AUTH, handle_types},
  {"7.1.5", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/types/{type_id}", "evs:types:get", ROUTE_AUTH,
   handle_type},
  {"7.3.1", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/os-quota-sets/{target_project_id}", "evs:quotas:get",
   ROUTE_AUTH, handle_quota},
  {"7.8.1", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/os-availability-zone", NULL, ROUTE_AUTH, handle_zones},
};

void catalog_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
  router_add_twins(sim, routes_of_projects, G_N_ELEMENTS(routes_of_projects));
}
