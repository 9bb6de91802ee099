#include "evsclient/server.h"

#include "base/text.h"
#include "evsclient/records.h"
#include "evsclient/typed_call.h"

/* ---- field tables: cloud-facts A1-A5 ---- */

/* An index is a number, a string that is one, or missing; a missing one must not read as the system disk's 0. */
static gint64 index_of(const char *text)
{
  gint64 index;
  return text_parse_int64(text, -1, G_MAXINT32, &index) ? index : -1;
}

typedef struct {
  EvsServerDisk disk;
  char *boot_text;
} ServerDiskRow;

static void settle_server_disk(void *value)
{
  ServerDiskRow *row = value;
  row->disk.boot_index = index_of(row->boot_text);
}

static const EvsField server_disk_fields[] = {
  EVS_FIELD(ServerDiskRow, disk.volume_id, TEXT, "id"),
  EVS_FIELD(ServerDiskRow, disk.device, TEXT, "device"),
  EVS_FIELD(ServerDiskRow, boot_text, TEXT, "bootIndex"),
  EVS_FIELD(ServerDiskRow, disk.delete_on_termination, BOOL, "delete_on_termination"),
};
static const EvsRecord server_disk_record =
  EVS_RECORD("disk", ServerDiskRow, server_disk_fields, .key = "id", .settle = settle_server_disk);

static const EvsField server_fields[] = {
  EVS_FIELD(EvsServer, id, TEXT, "id"),
  EVS_FIELD(EvsServer, name, TEXT, "name"),
  EVS_FIELD(EvsServer, status, TEXT, "status"),
  EVS_FIELD(EvsServer, availability_zone, TEXT, "OS-EXT-AZ:availability_zone"),
  EVS_FIELD(EvsServer, project_id, TEXT, "tenant_id"),
  EVS_FIELD(EvsServer, vm_state, TEXT, "OS-EXT-STS:vm_state"),
  EVS_FIELD(EvsServer, task_state, TEXT, "OS-EXT-STS:task_state"),
  EVS_FIELD(EvsServer, power_state, INT, "OS-EXT-STS:power_state"),
  EVS_FIELD(EvsServer, locked, BOOL, "locked"),
  EVS_FIELD(EvsServer, metadata, MAP, "metadata"),
  EVS_FIELD(EvsServer, disks, LIST, "os-extended-volumes:volumes_attached", .record = &server_disk_record),
};
const EvsRecord evs_record_server = EVS_RECORD("server", EvsServer, server_fields, .key = "id");

typedef struct {
  EvsBlockDevice device;
  char *boot_text;
} BlockDeviceRow;

static void settle_block_device(void *value)
{
  BlockDeviceRow *row = value;
  row->device.boot_index = index_of(row->boot_text);
}

static const EvsField block_device_fields[] = {
  EVS_FIELD(BlockDeviceRow, device.volume_id, TEXT, "volumeId|id"),
  EVS_FIELD(BlockDeviceRow, device.device, TEXT, "device"),
  EVS_FIELD(BlockDeviceRow, device.bus, TEXT, "bus"),
  EVS_FIELD(BlockDeviceRow, device.size_gib, INT, "size"),
  EVS_FIELD(BlockDeviceRow, boot_text, TEXT, "bootIndex"),
  EVS_FIELD(BlockDeviceRow, device.pci_address, TEXT, "pciAddress"),
  EVS_FIELD(BlockDeviceRow, device.server_id, TEXT, "serverId"),
};
const EvsRecord evs_record_block_device =
  EVS_RECORD("disk", BlockDeviceRow, block_device_fields, .settle = settle_block_device);

static gboolean check_attach(const void *value, GError **error)
{
  const EvsServerAttach *request = value;
  if (!request->dry_run && !request->volume_id)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "'volumeId' is missing: a UUID is expected");
  if (!request->dry_run || request->volume_id)
    return (!request->volume_type && !request->passthrough && !request->count) ||
           evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "'volume_type', 'hw:passthrough' and 'count' are for a dry run without a disk");
  return (request->volume_type && request->passthrough) ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "a dry run without a disk takes 'volume_type' and 'hw:passthrough'");
}

static const char *const booleans[] = {"true", "false", NULL};

static const EvsField attach_fields[] = {
  EVS_FIELD(EvsServerAttach, volume_id, TEXT, "volumeAttachment/volumeId", .flags = EVS_FIELD_UUID,
            .help = "the disk", .flag = "volume"),
  EVS_FIELD(EvsServerAttach, device, TEXT, "volumeAttachment/device", .least = 1, .most = 64,
            .help = "device name, /dev/vdb"),
  EVS_FIELD(EvsServerAttach, dry_run, BOOL, "dry_run", .help = "check only"),
  EVS_FIELD(EvsServerAttach, volume_type, TEXT, "volumeAttachment/volume_type", .flags = EVS_FIELD_NAME_CHARS,
            .most = 64, .help = "of a disk to be, for a dry run", .flag = "type"),
  EVS_FIELD(EvsServerAttach, passthrough, TEXT, "volumeAttachment/hw:passthrough", .choices = booleans,
            .help = "SCSI or not, for a dry run", .flag = "passthrough"),
  EVS_FIELD(EvsServerAttach, count, INT, "volumeAttachment/count", .least = 1, .most = 60,
            .help = "so many disks, for a dry run"),
};
const EvsRecord evs_record_server_attach =
  EVS_RECORD("request", EvsServerAttach, attach_fields, .check = check_attach);

static const EvsField detach_fields[] = {
  EVS_FIELD(EvsServerDetach, delete_flag, INT, "delete_flag", .least = 0, .most = 1,
            .help = "1: by force, data disks only"),
};
const EvsRecord evs_record_server_detach = EVS_RECORD("query", EvsServerDetach, detach_fields);

/* ---- calls ---- */

void evs_server_free(EvsServer *server)
{
  evs_record_free(&evs_record_server, server);
}

void evs_block_device_free(EvsBlockDevice *device)
{
  evs_record_free(&evs_record_block_device, device);
}

EvsServer *evs_server_get(EvsClient *client, const EvsContext *context, const char *server_id, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_SERVER_GET, .id = server_id};
  return evs_typed_get(client, context, &call, error);
}

gboolean evs_server_attach_as(EvsClient *client, const EvsContext *context, const char *server_id,
                              const EvsServerAttach *request, char **ret_job_id, GError **error)
{
  EvsTypedCall call = {
    .op = EVS_OP_SERVER_ATTACH, .id = server_id, .second_id = request->volume_id, .request = request};
  g_autoptr(EvsAccepted) accepted = evs_typed_get(client, context, &call, error);
  if (!accepted)
    return FALSE;
  if (!request->dry_run)
    return evs_accepted_take_job(EVS_OP_SERVER_ATTACH, accepted, ret_job_id, error);
  *ret_job_id = g_strdup(accepted->job_id);
  return TRUE;
}

gboolean evs_server_attach(EvsClient *client, const EvsContext *context, const char *server_id,
                           const char *volume_id, char **ret_job_id, GError **error)
{
  EvsServerAttach request = {.volume_id = volume_id};
  return evs_path_id_check("volume_id", volume_id, error) &&
         evs_server_attach_as(client, context, server_id, &request, ret_job_id, error);
}

gboolean evs_server_detach(EvsClient *client, const EvsContext *context, const char *server_id,
                           const char *volume_id, gboolean force, char **ret_job_id, GError **error)
{
  EvsServerDetach query = {.delete_flag = force};
  EvsTypedCall call = {.op = EVS_OP_SERVER_DETACH, .id = server_id, .second_id = volume_id, .query = &query};
  g_autoptr(EvsAccepted) accepted = evs_typed_get(client, context, &call, error);
  return accepted && evs_accepted_take_job(EVS_OP_SERVER_DETACH, accepted, ret_job_id, error);
}

GPtrArray *evs_server_block_devices(EvsClient *client, const EvsContext *context, const char *server_id,
                                    gint64 *ret_free, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_SERVER_DISKS, .id = server_id};
  g_autoptr(json_t) answer = evs_typed_answer(client, context, &call, error);
  gpointer devices = NULL;
  if (!answer || !evs_reply_read(EVS_OP_SERVER_DISKS, answer, &devices, error))
    return NULL;
  g_ptr_array_set_free_func(devices, (GDestroyNotify)evs_block_device_free);
  if (ret_free)
    *ret_free = evs_json_int(json_object_get(answer, "attachableQuantity"), "free_disk", -1);
  return devices;
}
