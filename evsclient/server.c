#include "evsclient/server.h"

#include "evsclient/api.h"

void evs_server_free(EvsServer *server)
{
  if (!server)
    return;
  g_free(server->id);
  g_free(server->name);
  g_free(server->status);
  g_free(server->availability_zone);
  g_free(server);
}

EvsServer *evs_server_get(EvsClient *client, const EvsContext *context, const char *server_id, GError **error)
{
  if (!evs_id_check_uuid("server", server_id, error))
    return NULL;
  EvsCall call = {.operation = &evs_operations[EVS_OP_SERVER_GET], .id = server_id};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  if (!answer)
    return NULL;
  const json_t *object = json_object_get(answer, "server");
  EvsServer *server = g_new0(EvsServer, 1);
  server->id = evs_json_text(object, "id");
  server->name = evs_json_text(object, "name");
  server->status = evs_json_text(object, "status");
  server->availability_zone = evs_json_text(object, "OS-EXT-AZ:availability_zone");
  return server;
}

static char *attach_body(const char *volume_id)
{
  json_t *attachment = json_object(), *root = json_object();
  evs_json_set_text(attachment, "volumeId", volume_id);
  json_object_set_new(root, "volumeAttachment", attachment);
  return evs_json_write(root);
}

static gboolean start_job(EvsClient *client, const EvsContext *context, const EvsCall *call,
                          char **ret_job_id, GError **error)
{
  g_autoptr(json_t) answer = evs_api_call(client, context, call, error);
  if (!answer)
    return FALSE;
  *ret_job_id = evs_json_text(answer, "job_id");
  return TRUE;
}

gboolean evs_server_attach(EvsClient *client, const EvsContext *context, const char *server_id,
                           const char *volume_id, char **ret_job_id, GError **error)
{
  if (!evs_id_check_uuid("server", server_id, error) || !evs_id_check_uuid("volume", volume_id, error))
    return FALSE;
  g_autofree char *body = attach_body(volume_id);
  EvsCall call = {.operation = &evs_operations[EVS_OP_SERVER_ATTACH],
                  .id = server_id,
                  .second_id = volume_id,
                  .body = body};
  return start_job(client, context, &call, ret_job_id, error);
}

gboolean evs_server_detach(EvsClient *client, const EvsContext *context, const char *server_id,
                           const char *volume_id, gboolean force, char **ret_job_id, GError **error)
{
  if (!evs_id_check_uuid("server", server_id, error) || !evs_id_check_uuid("volume", volume_id, error))
    return FALSE;
  EvsCall call = {.operation = &evs_operations[EVS_OP_SERVER_DETACH],
                  .id = server_id,
                  .second_id = volume_id,
                  .query = force ? "delete_flag=1" : "delete_flag=0"};
  return start_job(client, context, &call, ret_job_id, error);
}

static void block_device_free(gpointer data)
{
  EvsBlockDevice *device = data;
  g_free(device->volume_id);
  g_free(device->device);
  g_free(device->bus);
  g_free(device);
}

GPtrArray *evs_server_block_devices(EvsClient *client, const EvsContext *context, const char *server_id,
                                    gint64 *ret_free, GError **error)
{
  if (!evs_id_check_uuid("server", server_id, error))
    return NULL;
  EvsCall call = {.operation = &evs_operations[EVS_OP_SERVER_DISKS], .id = server_id};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  if (!answer)
    return NULL;
  GPtrArray *devices = g_ptr_array_new_with_free_func(block_device_free);
  gsize i;
  json_t *item;
  json_array_foreach(json_object_get(answer, "volumeAttachments"), i, item)
  {
    EvsBlockDevice *device = g_new0(EvsBlockDevice, 1);
    device->volume_id = evs_json_text(item, "volumeId");
    device->device = evs_json_text(item, "device");
    device->bus = evs_json_text(item, "bus");
    device->size_gib = evs_json_int(item, "size", 0);
    device->boot_index = evs_json_int(item, "bootIndex", -1);
    g_ptr_array_add(devices, device);
  }
  if (ret_free)
    *ret_free = evs_json_int(json_object_get(answer, "attachableQuantity"), "free_disk", -1);
  return devices;
}
