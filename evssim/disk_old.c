/* Deprecated reads of disks (6.1.8, 6.1.11, 6.1.12), the latter two with their /v3 twins. */
#include "evssim/disk_ops.h"
#include "evssim/disk_rules.h"

static json_t *render_short(const Request *request, const Disk *disk)
{
  static const char *const keys[] = {"id", "links", "name", NULL};
  return disk_render_only(request->sim, disk, keys);
}

/* The /v3 twins differ in three members (evs-facts 15). */
static json_t *render_detail(const Request *request, const Disk *disk)
{
  json_t *json = disk_render(request->sim, disk);
  if (!request_is_v3(request))
    return json;
  json_object_set_new(json, "shareable", json_boolean(disk->multiattach));
  json_object_set_new(json, "storage_cluster_id", json_null());
  json_object_set_new(json, "source_vol_id", json_null());
  json_object_del(json, "source_volid");
  return json;
}

static void handle_short_list(Request *request)
{
  static const DiskList list = {.render = render_short};
  disk_list(request, &list);
}

static void handle_vendor_list(Request *request)
{
  static const DiskList list = {.filters = DISK_FILTER_METADATA | DISK_FILTER_IDS | DISK_FILTER_STORAGE,
                                .count = TRUE,
                                .next = "volumes/detail",
                                .render = render_detail};
  if (request_query(request, "changessince"))
    reply_error(request, 403, "EVS.1027", "user role is not allowed for this action!");
  else
    disk_list(request, &list);
}

static void handle_vendor_get(Request *request)
{
  const Disk *disk = disk_of_request(request);
  if (disk)
    reply_json(request, 200, json_pack("{s:o}", "volume", render_detail(request, disk)));
}

static const Route routes[] = {
  {"6.1.8", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/cloudvolumes", "evs:volumes:list", ROUTE_AUTH,
   handle_short_list},
};

static const Route twins[] = {
  {"6.1.11", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/os-vendor-volumes/detail", "evs:volumes:list",
   ROUTE_AUTH, handle_vendor_list},
  {"6.1.12", SIM_SERVICE_EVS, "GET", "/v2/{project_id}/os-vendor-volumes/{volume_id}", "evs:volumes:get",
   ROUTE_AUTH, handle_vendor_get},
};

void disk_old_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
  router_add_twins(sim, twins, G_N_ELEMENTS(twins));
}
