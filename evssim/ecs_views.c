/* What can be read of servers and their disks. Types differ between equal calls as they do in the cloud: sizes are
 * numbers in lists and text for one disk, flags of attached volumes are text. */
#include "base/clock.h"
#include "evssim/disks.h"
#include "evssim/ecs.h"
#include "evssim/parts.h"
#include "evssim/server_devices.h"

/* --- server detail --- */

static json_t *attached_volume(const Sim *sim, const Disk *disk, const Server *server, gboolean nova)
{
  json_t *volume = json_pack("{s:s, s:s}", "id", disk->id, "delete_on_termination", "false");
  if (!nova) {
    json_object_set_new(volume, "device", json_string(ecs_device_name(sim, disk, server)));
    json_object_set_new(volume, "bootIndex", json_string("-1"));
  }
  return volume;
}

static json_t *attached_volumes(const Sim *sim, const Server *server, gboolean nova)
{
  json_t *volumes = json_array();
  g_autoptr(GPtrArray) disks = ecs_disks_of(sim, server);
  for (guint i = 0; i < disks->len; i++)
    if (disk_attachment(disks->pdata[i], server->id))
      json_array_append_new(volumes, attached_volume(sim, disks->pdata[i], server, nova));
  return volumes;
}

static const struct {
  const char *status, *vm_state;
  int power;
} vm_states[] = {
  {"ACTIVE", "active", 1},       {"SHUTOFF", "stopped", 4}, {"PAUSED", "paused", 3},
  {"SUSPENDED", "suspended", 4}, {"ERROR", "error", 0},     {"BUILD", "building", 0},
};

static void set_states(json_t *json, const Server *server)
{
  const char *vm_state = "active";
  int power = 1;
  for (gsize i = 0; i < G_N_ELEMENTS(vm_states); i++) {
    if (strcmp(vm_states[i].status, server->status) != 0)
      continue;
    vm_state = vm_states[i].vm_state;
    power = vm_states[i].power;
  }
  json_object_set_new(json, "OS-EXT-STS:vm_state", json_string(vm_state));
  json_object_set_new(json, "OS-EXT-STS:power_state", json_integer(power));
  json_object_set_new(json, "OS-EXT-STS:task_state", json_null());
}

static json_t *server_json(const Sim *sim, const Server *server, gboolean nova)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(server->created_us / G_USEC_PER_SEC);
  g_autofree char *created = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *self =
    g_strconcat(sim->base_url, "/ecs/v2.1/", server->project->id, "/servers/", server->id, NULL);
  json_t *json = json_pack(
    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{}, s:{s:s}, s:{s:s, s:s}, s:n, s:[{s:s, s:s}], s:s, s:s, "
    "s:i}",
    "id", server->id, "name", server->name, "status", server->status, "tenant_id", server->project->id,
    "created", created, "updated", created, "OS-EXT-AZ:availability_zone", server->zone, "hostId", "",
    "addresses", "metadata", "os_bit", "64", "flavor", "id", "s6.large.2", "name", "s6.large.2", "key_name",
    "links", "rel", "self", "href", self, "accessIPv4", "", "config_drive", "", "progress", 0);
  json_object_set_new(json, "os-extended-volumes:volumes_attached", attached_volumes(sim, server, nova));
  set_states(json, server);
  if (!nova)
    json_object_set_new(json, "locked", json_false());
  return json;
}

static void reply_server(Request *request, gboolean nova)
{
  const Server *server = ecs_find_server(request, nova);
  if (server)
    reply_json(request, 200, json_pack("{s:o}", "server", server_json(request->sim, server, nova)));
}

static void handle_server(Request *request)
{
  reply_server(request, FALSE);
}

static void handle_nova_server(Request *request)
{
  reply_server(request, TRUE);
}

/* --- block devices --- */

static json_t *block_device(const Sim *sim, const Disk *disk, const Server *server, guint index)
{
  gboolean scsi = server_sees_scsi(server, disk);
  g_autofree char *address = scsi ? NULL : g_strdup_printf("0000:02:%02x.0", index + 2);
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:n, s:s}", "id", disk->id, "volumeId", disk->id,
                   "serverId", server->id, "device", ecs_device_name(sim, disk, server), "pciAddress",
                   address ? address : "", "size", (json_int_t)disk->size_gib, "bootIndex", "bus",
                   scsi ? "scsi" : "virtio");
}

/* Calls visit for each attached disk of the server. */
static json_t *attachments(const Sim *sim, const Server *server,
                           json_t *(*render)(const Sim *, const Disk *, const Server *, guint))
{
  json_t *list = json_array();
  g_autoptr(GPtrArray) disks = ecs_disks_of(sim, server);
  for (guint i = 0; i < disks->len; i++)
    if (disk_attachment(disks->pdata[i], server->id))
      json_array_append_new(list, render(sim, disks->pdata[i], server, i));
  return list;
}

static void handle_block_devices(Request *request)
{
  const Server *server = ecs_find_server(request, FALSE);
  if (!server)
    return;
  FreeSlots slots = ecs_free_slots(request->sim, server);
  reply_json(request, 200,
             json_pack("{s:{s:i, s:i, s:i}, s:o}", "attachableQuantity", "free_scsi", slots.scsi, "free_blk",
                       slots.virtio, "free_disk", slots.any, "volumeAttachments",
                       attachments(request->sim, server, block_device)));
}

/* The {volume_id} of the path if it is attached to the server, else NULL. */
static const Disk *attached_disk(const Request *request, const Server *server)
{
  const Disk *disk = ecs_find_disk(request, request_path(request, "volume_id"));
  return disk && disk_attachment(disk, server->id) ? disk : NULL;
}

static void handle_block_device(Request *request)
{
  const Server *server = ecs_find_server(request, FALSE);
  if (!server)
    return;
  const Disk *disk = attached_disk(request, server);
  if (!disk) {
    reply_error(request, 400, "Ecs.1000",
                "{\"itemNotFound\": {\"message\": \"volume_id not found: %s\", \"code\": 404}}",
                request_path(request, "volume_id"));
    return;
  }
  json_t *json = block_device(request->sim, disk, server, 0);
  g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, disk->size_gib);
  json_object_set_new(json, "size", json_string(size));
  reply_json(request, 200, json_pack("{s:o}", "volumeAttachment", json));
}

static void handle_quota(Request *request)
{
  const Server *server = ecs_find_server(request, FALSE);
  if (!server)
    return;
  FreeSlots slots = ecs_free_slots(request->sim, server);
  reply_json(
    request, 200,
    json_pack("{s:i, s:i, s:i}", "free_scsi", slots.scsi, "free_blk", slots.virtio, "count", slots.any));
}

/* --- os-volume_attachments --- */

static json_t *nova_attachment(const Sim *sim, const Disk *disk, const Server *server, guint index)
{
  (void)index;
  return json_pack("{s:s, s:s, s:s, s:s}", "id", disk->id, "volumeId", disk->id, "serverId", server->id,
                   "device", ecs_device_name(sim, disk, server));
}

static void handle_attachments(Request *request)
{
  const Server *server = ecs_find_server(request, FALSE);
  if (server)
    reply_json(request, 200,
               json_pack("{s:o}", "volumeAttachments", attachments(request->sim, server, nova_attachment)));
}

static void handle_nova_attachments(Request *request)
{
  const Server *server = ecs_find_server(request, TRUE);
  if (server)
    reply_json(request, 200,
               json_pack("{s:o}", "volumeAttachments", attachments(request->sim, server, nova_attachment)));
}

static void handle_nova_attachment(Request *request)
{
  const Server *server = ecs_find_server(request, TRUE);
  if (!server)
    return;
  const Disk *disk = attached_disk(request, server);
  if (disk)
    reply_json(request, 200,
               json_pack("{s:o}", "volumeAttachment", nova_attachment(request->sim, disk, server, 0)));
  else
    reply_cinder(request, 404, "itemNotFound", "volume_id not found: %s", request_path(request, "volume_id"));
}

#define V1(path) "/v1/{project_id}/cloudservers/{server_id}" path
#define NOVA(version, path) "/" version "/{project_id}/servers/{server_id}" path
#define READ "ecs:cloudServers:get"
#define NOVA_READ "ecs:servers:get"
#define NOVA_LIST "ecs:serverVolumeAttachments:list"

static const Route routes[] = {
  {"ecs.server", SIM_SERVICE_ECS, "GET", V1(""), READ, ROUTE_AUTH, handle_server},
  {"ecs.server", SIM_SERVICE_ECS, "GET", NOVA("v2.1", ""), NOVA_READ, ROUTE_AUTH, handle_nova_server},
  {"ecs.server", SIM_SERVICE_ECS, "GET", NOVA("v2", ""), NOVA_READ, ROUTE_AUTH, handle_nova_server},
  {"ecs.block_devices", SIM_SERVICE_ECS, "GET", V1("/block_device"), READ, ROUTE_AUTH, handle_block_devices},
  {"ecs.block_device", SIM_SERVICE_ECS, "GET", V1("/block_device/{volume_id}"), READ, ROUTE_AUTH,
   handle_block_device},
  {"ecs.volume_quota", SIM_SERVICE_ECS, "GET", V1("/appendvolumequota"), READ, ROUTE_AUTH, handle_quota},
  {"ecs.attachments", SIM_SERVICE_ECS, "GET", V1("/os-volume_attachments"), READ, ROUTE_AUTH,
   handle_attachments},
  {"ecs.attachments", SIM_SERVICE_ECS, "GET", NOVA("v2.1", "/os-volume_attachments"), NOVA_LIST, ROUTE_AUTH,
   handle_nova_attachments},
  {"ecs.attachments", SIM_SERVICE_ECS, "GET", NOVA("v2", "/os-volume_attachments"), NOVA_LIST, ROUTE_AUTH,
   handle_nova_attachments},
  {"ecs.attachment", SIM_SERVICE_ECS, "GET", NOVA("v2.1", "/os-volume_attachments/{volume_id}"), NOVA_LIST,
   ROUTE_AUTH, handle_nova_attachment},
  {"ecs.attachment", SIM_SERVICE_ECS, "GET", NOVA("v2", "/os-volume_attachments/{volume_id}"), NOVA_LIST,
   ROUTE_AUTH, handle_nova_attachment},
};

void ecs_views_start(Sim *sim)
{
  router_add(sim, routes, G_N_ELEMENTS(routes));
}
