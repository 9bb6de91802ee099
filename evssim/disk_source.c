/* What a disk is made of binds it: a snapshot its zone, type, size, bus and encryption, an image its size and sharing, a
 * backup its zone, size and count (evs-facts 4.1). */
#include "evssim/disk_request.h"
#include "evssim/disk_rules.h"
#include "evssim/images.h"
#include "evssim/snapshots.h"

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

/* Bus and encryption are the source's. */
static gboolean check_metadata(Request *request, const Disk *disk)
{
  static const char *const refused[] = {"__system__encrypted", "__system__cmkid", "hw:passthrough"};
  for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
    if (json_object_get(disk->metadata, refused[i]))
      return refuse(request, "EVS.1043",
                    "encrypt and cmk and passthrough in metadata is not support when create volume from "
                    "snapshot or image!");
  return TRUE;
}

static gboolean check_snapshot(Request *request, const DiskRequest *read, const Snapshot *snapshot)
{
  const Disk *disk = read->disk;
  if (!g_str_equal(snapshot->status, DISK_AVAILABLE) && !g_str_equal(snapshot->status, DISK_BACKING_UP))
    return refuse(request, "EVS.2043", "The status of snapshot is not available or backing-up.");
  if (!check_metadata(request, disk))
    return FALSE;
  if (!g_str_equal(snapshot->zone, disk->zone))
    return refuse(request, "EVS.2054", "Cannot create volume from snapshot as the az is invalid!");
  if (!g_str_equal(snapshot->type, disk->type)) {
    reply_error(request, 400, "EVS.2096", "Target volumeType[%s] is not matched with snapshot[%s] !",
                disk->type, snapshot->id);
    return FALSE;
  }
  if (disk->size_gib < snapshot->size_gib)
    return refuse(request, "EVS.1010", "invalid volume size!");
  if (read->count > 1)
    return refuse(request, "EVS.1021", "the quantity of volume is invalid!");
  json_object_update(disk->metadata, snapshot->inherited);
  return TRUE;
}

static gboolean check_image(Request *request, Disk *disk, const Image *image)
{
  if (!check_metadata(request, disk))
    return FALSE;
  if (!g_str_equal(image->status, IMAGE_ACTIVE))
    return refuse(request, "EVS.5400", "Invalid imageRef provided.");
  if (disk->size_gib < image->size_gib || disk->size_gib > DISK_SYSTEM_SIZE_MAX_GIB)
    return refuse(request, "EVS.1010", "invalid volume size!");
  if (image->of_system && disk->multiattach)
    return refuse(request, "EVS.2094",
                  "system image is not support to create Multiattach/ shareable volume !");
  g_autoptr(json_t) marks = image_marks(image);
  json_object_update(disk->image, marks);
  disk->bootable = TRUE;
  return TRUE;
}

static gboolean check_backup(Request *request, const DiskRequest *read)
{
  const Backup *backup = read->backup;
  if (g_str_equal(backup->status, "unreadable"))
    return refuse(request, "EVS.1045", "backupDetail returned by FSP is null!");
  if (!g_str_equal(backup->status, DISK_AVAILABLE))
    return refuse(request, "EVS.1044", "backup status must be available when create a volume from it!");
  if (!g_str_equal(backup->zone, read->disk->zone))
    return refuse(request, "EVS.1049", "available-zone is not equal to backup available-zone!");
  if (read->count > 1)
    return refuse(request, "EVS.1051", "can not batch create volume from backup!");
  return read->disk->size_gib >= backup->size_gib ||
         refuse(request, "EVS.1022", "the size param is less than backup size!");
}

gboolean disk_request_check_source(Request *request, DiskRequest *read)
{
  const Snapshot *snapshot = sim_snapshot(request->sim, read->disk->snapshot_id);
  const Image *image =
    sim_image(request->sim, json_string_value(json_object_get(read->disk->image, "image_id")));
  return (!snapshot || check_snapshot(request, read, snapshot)) &&
         (!image || check_image(request, read->disk, image)) &&
         (!read->backup || check_backup(request, read));
}
