/* /_sim: how tests, the demo and benchmarks look into the simulator and change it (design section 6). Loopback only
 * (the router sees to that). Errors are {"error":{"code":"Sim.<status>","message"}}. */
#include "evssim/control.h"
#include "base/error.h"
#include "evssim/accounts.h"
#include "evssim/faults.h"
#include "evssim/images.h"
#include "evssim/jobs.h"
#include "evssim/jsonread.h"
#include "evssim/parts.h"
#include "evssim/recycle.h"
#include "evssim/snapshots.h"
#include "evssim/standing.h"
#include "evssim/stats.h"
#include "evssim/transfers.h"

void control_reply_error(Request *request, const GError *error)
{
  int status = evs_error_is(error, EVS_CODE_NOT_FOUND)  ? 404
               : evs_error_is(error, EVS_CODE_INTERNAL) ? 500
                                                        : 400;
  g_autofree char *code = g_strdup_printf("Sim.%04d", status);
  reply_error(request, status, code, "%s", error->message);
}

json_t *control_body(Request *request, const char *const *keys)
{
  g_autoptr(GError) error = NULL;
  json_t *body = request_json(request);
  if (!body)
    evs_error_set(&error, EVS_CODE_INVALID_ARGUMENT, "the request body must be a JSON object");
  else if (!keys || jsonread_known(body, "request body", keys, &error))
    return body;
  control_reply_error(request, error);
  return NULL;
}

/* ---- stats, state, jobs ---- */

static json_t *disks_by_status(const Sim *sim)
{
  json_t *counts = json_object();
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, sim->disks);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const char *status = ((Disk *)value)->status;
    json_int_t count = json_integer_value(json_object_get(counts, status));
    json_object_set_new(counts, status, json_integer(count + 1));
  }
  return counts;
}

static void handle_stats_get(Request *request)
{
  json_t *body = stats_render(request->sim->stats);
  json_object_set_new(body, "disks", disks_by_status(request->sim));
  json_object_set_new(body, "loops", json_integer(device_loops(request->sim)));
  reply_json(request, 200, body);
}

static void handle_stats_reset(Request *request)
{
  stats_reset(request->sim->stats);
  reply_empty(request, 204);
}

json_t *control_disk_json(const Sim *sim, const Disk *disk)
{
  json_t *attachments = json_array();
  for (guint i = 0; i < disk->attachments->len; i++) {
    const Attachment *attachment = g_ptr_array_index(disk->attachments, i);
    json_array_append_new(
      attachments, json_pack("{s:s, s:s}", "server_id", attachment->server_id, "dev", attachment->device));
  }
  g_autofree char *file = disk_file(sim, disk);
  json_t *json =
    json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:o, s:O, s:s, s:s, s:b}", "id", disk->id,
              "name", disk->name, "account", disk->project->account->name, "zone", disk->zone, "type",
              disk->type, "size", (json_int_t)disk->size_gib, "iops", (json_int_t)disk->iops, "throughput",
              (json_int_t)disk->throughput, "status", disk->status, "attachments", attachments, "metadata",
              disk->metadata, "file", file, "lock", disk->lock, "recycled", disk->binned_us != 0);
  json_object_set_new(json, "service_type", json_string(disk->service_type));
  json_object_set_new(json, "bootable", json_boolean(disk->bootable));
  json_object_set_new(json, "readonly", json_boolean(disk->readonly));
  for (guint i = 0; disk_marks[i]; i++)
    json_object_set_new(json, disk_marks[i], json_boolean((disk->marks & 1u << i) != 0));
  return json;
}

static json_t *state_of_snapshot(const Sim *sim, const Snapshot *snapshot)
{
  g_autofree char *file = snapshot_file(sim, snapshot);
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:O, s:s}", "id", snapshot->id, "name",
                   snapshot->name, "account", snapshot->project->account->name, "volume_id",
                   snapshot->volume_id, "zone", snapshot->zone, "type", snapshot->type, "size",
                   (json_int_t)snapshot->size_gib, "status", snapshot->status, "metadata", snapshot->metadata,
                   "file", file);
}

static json_t *state_of_server(const Sim *sim, const Server *server)
{
  g_autofree char *dev_dir = device_dev_dir(sim, server), *sys_dir = device_sys_dir(sim, server);
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", server->id, "name", server->name, "account",
                   server->project->account->name, "zone", server->zone, "dev_dir", dev_dir, "sys_dir",
                   sys_dir, "status", server->status);
}

static int by_serial(gconstpointer a, gconstpointer b)
{
  const Disk *one = *(Disk *const *)a, *two = *(Disk *const *)b;
  return one->serial < two->serial ? -1 : one->serial > two->serial;
}

static int by_snapshot_serial(gconstpointer a, gconstpointer b)
{
  const Snapshot *one = *(Snapshot *const *)a, *two = *(Snapshot *const *)b;
  return one->serial < two->serial ? -1 : one->serial > two->serial;
}

static int by_number(gconstpointer a, gconstpointer b)
{
  const Server *one = *(Server *const *)a, *two = *(Server *const *)b;
  return one->number < two->number ? -1 : one->number > two->number;
}

static void handle_state(Request *request)
{
  const Sim *sim = request->sim;
  recycle_sweep(request->sim);
  json_t *disks = json_array(), *snapshots = json_array(), *servers = json_array();
  g_autoptr(GPtrArray) all_disks = sim_values(sim->disks);
  g_ptr_array_sort(all_disks, by_serial);
  for (guint i = 0; i < all_disks->len; i++)
    json_array_append_new(disks, control_disk_json(sim, g_ptr_array_index(all_disks, i)));
  g_autoptr(GPtrArray) all_snapshots = sim_values(sim->snapshots);
  g_ptr_array_sort(all_snapshots, by_snapshot_serial);
  for (guint i = 0; i < all_snapshots->len; i++)
    json_array_append_new(snapshots, state_of_snapshot(sim, g_ptr_array_index(all_snapshots, i)));
  g_autoptr(GPtrArray) all_servers = sim_values(sim->servers);
  g_ptr_array_sort(all_servers, by_number);
  for (guint i = 0; i < all_servers->len; i++)
    json_array_append_new(servers, state_of_server(sim, g_ptr_array_index(all_servers, i)));
  reply_json(request, 200,
             json_pack("{s:o, s:o, s:o, s:o, s:o}", "disks", disks, "snapshots", snapshots, "transfers",
                       transfers_state(request->sim), "images", images_state(sim), "servers", servers));
}

static void handle_jobs(Request *request)
{
  reply_json(request, 200, jobs_list(request->sim, request_query(request, "type")));
}

/* ---- clock ---- */

static json_t *clock_json(const Sim *sim)
{
  return json_pack("{s:f, s:I}", "speed", sim->speed, "skew_ms", (json_int_t)(sim->skew_us / 1000));
}

static void handle_clock_get(Request *request)
{
  reply_json(request, 200, clock_json(request->sim));
}

static void handle_clock_put(Request *request)
{
  static const char *const keys[] = {"speed", "skew_ms", NULL};
  Sim *sim = request->sim;
  const json_t *body = control_body(request, keys);
  g_autoptr(GError) error = NULL;
  double speed;
  gint64 skew_ms;
  if (!body)
    return;
  if (!jsonread_number(body, "clock", "speed", 0.001, 100000, sim->speed, &speed, &error) ||
      !jsonread_integer(body, "clock", "skew_ms", -1000000000000, 1000000000000, sim->skew_us / 1000,
                        &skew_ms, &error)) {
    control_reply_error(request, error);
    return;
  }
  sim_set_clock(sim, speed, skew_ms * 1000);
  jobs_retime(sim);
  reply_json(request, 200, clock_json(sim));
}

/* ---- servers ---- */

static Server *add_server(Sim *sim, const json_t *body, GError **error)
{
  static const char *const buses[] = {"virtio", "scsi", NULL};
  const char *account_name, *name, *zone, *project_name, *agency;
  gint64 slots;
  int bus;
  if (!jsonread_name(body, "server", "account", NULL, &account_name, error) ||
      !jsonread_name(body, "server", "name", NULL, &name, error) ||
      !jsonread_name(body, "server", "zone", NULL, &zone, error) ||
      !jsonread_string(body, "server", "project", "", &project_name, error) ||
      !jsonread_string(body, "server", "agency", "", &agency, error) ||
      !jsonread_integer(body, "server", "slots", 1, SIM_SLOTS_MAX, 24, &slots, error) ||
      !jsonread_choice(body, "server", "bus", buses, SIM_BUS_VIRTIO, &bus, error))
    return NULL;
  const Account *account = sim_account(sim, account_name);
  Project *project = NULL;
  if (account && *project_name)
    project = account_project(account, project_name);
  else if (account && account->projects->len)
    project = g_ptr_array_index(account->projects, 0);
  if (!project) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "server: there is no such account or project");
    return NULL;
  }
  Server *server =
    sim_server_add(sim, project, name, zone, (SimBus)bus, (int)slots, *agency ? agency : NULL, NULL, error);
  if (server && !device_server_start(sim, server, error))
    return NULL;
  return server;
}

static void handle_server_post(Request *request)
{
  static const char *const keys[] = {"account", "name", "zone", "bus", "project", "agency", "slots", NULL};
  const json_t *body = control_body(request, keys);
  g_autoptr(GError) error = NULL;
  if (!body)
    return;
  Server *server = add_server(request->sim, body, &error);
  if (!server) {
    control_reply_error(request, error);
    return;
  }
  server_changed(request->sim, server);
  reply_json(request, 200, state_of_server(request->sim, server));
}

static void handle_server_put(Request *request)
{
  static const char *const keys[] = {"status", NULL};
  /* cloud-facts A5 */
  static const char *const statuses[] = {
    "ACTIVE",  "BUILD",        "DELETED",   "ERROR",         "HARD_REBOOT", "MIGRATING", "PAUSED",
    "REBOOT",  "REBUILD",      "RESIZE",    "REVERT_RESIZE", "SHUTOFF",     "SHELVED",   "SHELVED_OFFLOADED",
    "UNKNOWN", "SOFT_DELETED", "SUSPENDED", "VERIFY_RESIZE", NULL};
  const json_t *body = control_body(request, keys);
  Server *server = sim_server(request->sim, request_path(request, "server_id"));
  g_autoptr(GError) error = NULL;
  int status;
  if (!body)
    return;
  if (!server)
    evs_error_set(&error, EVS_CODE_NOT_FOUND, "there is no server '%s'", request_path(request, "server_id"));
  if (error || !jsonread_choice(body, "server", "status", statuses, -1, &status, &error)) {
    control_reply_error(request, error);
    return;
  }
  g_free(server->status);
  server->status = g_strdup(statuses[status]);
  server_changed(request->sim, server);
  if (g_str_equal(server->status, "DELETED"))
    ecs_server_deleted(request->sim, server);
  reply_json(request, 200, state_of_server(request->sim, server));
}

/* ---- faults ---- */

static void handle_faults_get(Request *request)
{
  reply_json(request, 200, faults_list(request->sim->faults));
}

static void handle_faults_post(Request *request)
{
  const json_t *body = control_body(request, NULL);
  g_autoptr(GError) error = NULL;
  if (!body)
    return;
  const char *id = faults_add(request->sim->faults, body, &error);
  if (id)
    reply_json(request, 200, json_pack("{s:s}", "id", id));
  else
    control_reply_error(request, error);
}

static void remove_faults(Request *request, const char *id)
{
  if (!faults_remove(request->sim->faults, id)) {
    reply_error(request, 404, "Sim.0404", "there is no fault '%s'", id);
    return;
  }
  jobs_unstick(request->sim, id);
  reply_empty(request, 204);
}

static void handle_faults_delete(Request *request)
{
  remove_faults(request, NULL);
}

static void handle_fault_delete(Request *request)
{
  remove_faults(request, request_path(request, "fault_id"));
}

#define CONTROL(method, path, handler)                                                                       \
  {                                                                                                          \
    "sim", SIM_SERVICE_CONTROL, method, path, NULL, ROUTE_NO_AUTH, handler                                   \
  }

static const Route routes[] = {
  CONTROL("GET", "/stats", handle_stats_get),
  CONTROL("DELETE", "/stats", handle_stats_reset),
  CONTROL("GET", "/state", handle_state),
  CONTROL("GET", "/jobs", handle_jobs),
  CONTROL("GET", "/clock", handle_clock_get),
  CONTROL("PUT", "/clock", handle_clock_put),
  CONTROL("POST", "/servers", handle_server_post),
  CONTROL("PUT", "/servers/{server_id}", handle_server_put),
  CONTROL("PUT", "/disks/{volume_id}", control_handle_disk_put),
  CONTROL("PUT", "/accounts/{account}", standing_handle_put),
  CONTROL("PUT", "/servers/{server_id}/disks/{volume_id}", ecs_handle_disk_fault),
  CONTROL("GET", "/faults", handle_faults_get),
  CONTROL("POST", "/faults", handle_faults_post),
  CONTROL("DELETE", "/faults", handle_faults_delete),
  CONTROL("DELETE", "/faults/{fault_id}", handle_fault_delete),
};

void control_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
