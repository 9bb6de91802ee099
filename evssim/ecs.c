#include "evssim/ecs.h"

#include "base/error.h"
#include "evssim/device.h"
#include "evssim/disks.h"
#include "evssim/parts.h"
#include "evssim/server_devices.h"

#define KIND "attaching"

struct Ecs {
  GHashTable *attaching; /* "volume+server" -> Attaching* */
};

static void attaching_free(gpointer data)
{
  Attaching *attaching = data;
  g_free(attaching->volume_id);
  g_free(attaching->server_id);
  g_free(attaching->device);
  g_free(attaching);
}

static char *attaching_key(const char *volume_id, const char *server_id)
{
  return g_strdup_printf("%s+%s", volume_id, server_id);
}

const Attaching *ecs_attaching(const Sim *sim, const char *volume_id, const char *server_id)
{
  g_autofree char *key = attaching_key(volume_id, server_id);
  return g_hash_table_lookup(sim->ecs->attaching, key);
}

static const Attaching *insert(Sim *sim, const char *volume_id, const char *server_id, const char *device)
{
  Attaching *attaching = g_new0(Attaching, 1);
  attaching->volume_id = g_strdup(volume_id);
  attaching->server_id = g_strdup(server_id);
  attaching->device = g_strdup(device);
  g_hash_table_replace(sim->ecs->attaching, attaching_key(volume_id, server_id), attaching);
  return attaching;
}

static void load(Sim *sim, const char *id, json_t *record)
{
  (void)id;
  const char *volume_id = NULL, *server_id = NULL, *device = NULL;
  if (json_unpack(record, "{s:s, s:s, s:s}", "volume", &volume_id, "server", &server_id, "device", &device) ==
      0)
    insert(sim, volume_id, server_id, device);
}

/* "/dev/vdb" and on: the first that no disk of the server has. */
static char *free_device(const Sim *sim, const Server *server)
{
  g_autoptr(GPtrArray) disks = ecs_disks_of(sim, server);
  for (guint index = 1;; index++) {
    g_autofree char *letters =
      index < 26 ? g_strdup_printf("%c", 'a' + (int)index)
                 : g_strdup_printf("%c%c", 'a' + (int)(index / 26 - 1), 'a' + (int)(index % 26));
    g_autofree char *device = g_strconcat(server->bus == SIM_BUS_SCSI ? "/dev/sd" : "/dev/vd", letters, NULL);
    gboolean taken = FALSE;
    for (guint i = 0; i < disks->len && !taken; i++)
      taken = g_strcmp0(ecs_device_name(sim, disks->pdata[i], server), device) == 0;
    if (!taken)
      return g_steal_pointer(&device);
  }
}

const Attaching *ecs_attaching_add(Sim *sim, const Disk *disk, const Server *server, const char *device)
{
  g_autofree char *chosen = device ? g_strdup(device) : free_device(sim, server);
  g_autofree char *key = attaching_key(disk->id, server->id);
  state_put(sim, KIND, key,
            json_pack("{s:s, s:s, s:s}", "volume", disk->id, "server", server->id, "device", chosen));
  return insert(sim, disk->id, server->id, chosen);
}

void ecs_attaching_remove(Sim *sim, const char *volume_id, const char *server_id)
{
  g_autofree char *key = attaching_key(volume_id, server_id);
  state_remove(sim, KIND, key);
  g_hash_table_remove(sim->ecs->attaching, key);
}

const char *ecs_device_name(const Sim *sim, const Disk *disk, const Server *server)
{
  const Attachment *attachment = disk_attachment(disk, server->id);
  if (attachment)
    return attachment->device;
  const Attaching *attaching = ecs_attaching(sim, disk->id, server->id);
  return attaching ? attaching->device : NULL;
}

static int by_serial(gconstpointer left, gconstpointer right)
{
  const Disk *a = *(Disk *const *)left, *b = *(Disk *const *)right;
  return a->serial < b->serial ? -1 : a->serial > b->serial;
}

guint ecs_attaching_count(const Sim *sim, const Disk *disk)
{
  guint count = 0;
  GHashTableIter all;
  gpointer value = NULL;
  g_hash_table_iter_init(&all, sim->ecs->attaching);
  while (g_hash_table_iter_next(&all, NULL, &value))
    count += strcmp(((const Attaching *)value)->volume_id, disk->id) == 0;
  return count;
}

/* Two passes, so that a large cloud costs little: most disks are attached to nothing, few are on the way. */
GPtrArray *ecs_disks_of(const Sim *sim, const Server *server)
{
  GPtrArray *disks = g_ptr_array_new();
  GHashTableIter all;
  gpointer value = NULL;
  g_hash_table_iter_init(&all, sim->disks);
  while (g_hash_table_iter_next(&all, NULL, &value))
    if (disk_attachment(value, server->id))
      g_ptr_array_add(disks, value);
  g_hash_table_iter_init(&all, sim->ecs->attaching);
  while (g_hash_table_iter_next(&all, NULL, &value)) {
    const Attaching *attaching = value;
    Disk *disk = strcmp(attaching->server_id, server->id) == 0 ? sim_disk(sim, attaching->volume_id) : NULL;
    if (disk && !disk_attachment(disk, server->id))
      g_ptr_array_add(disks, disk);
  }
  g_ptr_array_sort(disks, by_serial);
  return disks;
}

FreeSlots ecs_free_slots(const Sim *sim, const Server *server)
{
  g_autoptr(GPtrArray) disks = ecs_disks_of(sim, server);
  int scsi = 0, virtio = 0;
  for (guint i = 0; i < disks->len; i++)
    *(server_sees_scsi(server, disks->pdata[i]) ? &scsi : &virtio) += 1;
  /* The system disk takes one, on the server's own bus. */
  *(server->bus == SIM_BUS_SCSI ? &scsi : &virtio) += 1;
  int any = MAX(server->slots - scsi - virtio, 0);
  return (FreeSlots){
    .any = any, .virtio = CLAMP(ECS_VBD_MAX - virtio, 0, any), .scsi = CLAMP(ECS_SCSI_MAX - scsi, 0, any)};
}

Server *ecs_find_server(Request *request, gboolean nova)
{
  const char *id = request_path(request, "server_id");
  Server *server = sim_server(request->sim, id);
  if (server && server->project == request->project && strcmp(server->status, "DELETED") != 0)
    return server;
  if (nova)
    reply_cinder(request, 404, "itemNotFound", "Instance %s could not be found.", id);
  else
    reply_error(request, 404, "Ecs.0114", "The server [%s] does not exist.", id);
  return NULL;
}

Disk *ecs_find_disk(const Request *request, const char *volume_id)
{
  Disk *disk = sim_disk(request->sim, volume_id);
  gboolean visible =
    disk && disk->project == request->project && sim_virtual_us(request->sim) >= disk->visible_us;
  return visible ? disk : NULL;
}

static gboolean set_disk_fault(Request *request, const Server *server, const char *volume_id, GError **error)
{
  static const char *const keys[] = {"fault", NULL};
  const json_t *body = request_json(request);
  const char *name = NULL;
  DeviceFault fault = DEVICE_FAULT_NONE;
  if (!body)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "the request body must be a JSON object");
  if (!server || !server->devices)
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "there is no server '%s'",
                         request_path(request, "server_id"));
  return jsonread_known(body, "request body", keys, error) &&
         jsonread_string(body, "request body", "fault", NULL, &name, error) &&
         device_parse_fault(name, &fault, error) &&
         device_set_fault(server->devices, volume_id, fault, error);
}

void ecs_handle_disk_fault(Request *request)
{
  const Server *server = sim_server(request->sim, request_path(request, "server_id"));
  const char *volume_id = request_path(request, "volume_id");
  g_autoptr(GError) error = NULL;
  if (set_disk_fault(request, server, volume_id, &error)) {
    reply_json(request, 200,
               json_pack("{s:s, s:s, s:O}", "server_id", server->id, "volume_id", volume_id, "fault",
                         json_object_get(request_json(request), "fault")));
    return;
  }
  int status = evs_error_is(error, EVS_CODE_NOT_FOUND)          ? 404
               : evs_error_is(error, EVS_CODE_INVALID_ARGUMENT) ? 400
                                                                : 500;
  g_autofree char *code = g_strdup_printf("Sim.%04d", status);
  reply_error(request, status, code, "%s", error->message);
}

void ecs_start(Sim *sim)
{
  sim->ecs = g_new0(struct Ecs, 1);
  sim->ecs->attaching = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, attaching_free);
  state_register(sim, KIND, load);
  ecs_attach_start(sim);
  ecs_views_start(sim);
}

void ecs_stop(Sim *sim)
{
  if (!sim->ecs)
    return;
  g_hash_table_unref(sim->ecs->attaching);
  g_clear_pointer(&sim->ecs, g_free);
}
