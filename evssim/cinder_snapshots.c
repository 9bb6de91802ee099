/* 7.2: snapshots through the Cinder face. */
#include "evssim/cinder.h"
#include "evssim/snapshots.h"

/* SnapshotSummary: without the extended attributes. */
static json_t *render_summary(const Snapshot *snapshot)
{
  json_t *json = snapshot_render(snapshot);
  json_object_del(json, "os-extended-snapshot-attributes:project_id");
  json_object_del(json, "os-extended-snapshot-attributes:progress");
  return json;
}

static void handle_create(Request *request)
{
  snapshot_create(request, render_summary);
}

static void handle_update(Request *request)
{
  snapshot_update(request, render_summary);
}

static void handle_get(Request *request)
{
  snapshot_show(request, snapshot_render);
}

static void handle_list(Request *request)
{
  static const SnapshotList list = {.next = "snapshots", .render = render_summary};
  snapshot_list(request, &list);
}

/* The /v3 twin has no filter for the zone (evs-facts 15). */
static void handle_list_detail(Request *request)
{
  static const SnapshotList v2 = {.zone = TRUE, .next = "snapshots/detail", .render = snapshot_render};
  static const SnapshotList v3 = {.next = "snapshots/detail", .render = snapshot_render};
  snapshot_list(request, request_is_v3(request) ? &v3 : &v2);
}

#define SNAPSHOTS "/v2/{project_id}/snapshots"

static const Route routes[] = {
  {"7.2.1", SIM_SERVICE_EVS, "POST", SNAPSHOTS, "evs:snapshots:create evs:volumes:get", ROUTE_AUTH,
   handle_create},
  {"7.2.2", SIM_SERVICE_EVS, "DELETE", SNAPSHOTS "/{snapshot_id}",
   "evs:snapshots:delete evs:snapshots:get evs:volumes:get", ROUTE_AUTH, snapshot_handle_delete},
  {"7.2.3", SIM_SERVICE_EVS, "PUT", SNAPSHOTS "/{snapshot_id}", "evs:snapshots:update evs:snapshots:get",
   ROUTE_AUTH, handle_update},
  {"7.2.4", SIM_SERVICE_EVS, "GET", SNAPSHOTS, "evs:snapshots:list", ROUTE_AUTH, handle_list},
  {"7.2.5", SIM_SERVICE_EVS, "GET", SNAPSHOTS "/detail", "evs:snapshots:list", ROUTE_AUTH,
   handle_list_detail},
  {"7.2.6", SIM_SERVICE_EVS, "GET", SNAPSHOTS "/{snapshot_id}", "evs:snapshots:get", ROUTE_AUTH, handle_get},
};

void cinder_snapshots_start(Sim *sim)
{
  router_add_twins(sim, routes, G_N_ELEMENTS(routes));
}
