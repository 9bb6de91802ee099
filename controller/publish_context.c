#include "controller/publish_context.h"

#include "controller/find_disk.h"
#include "controller/string_map.h"
#include "controller/volume_size.h"

static void put(Csi__V1__ControllerPublishVolumeResponse *response, const char *key, const char *value)
{
  STRING_MAP_ADD(response, publish_context,
                 csi__v1__controller_publish_volume_response__publish_context_entry__descriptor, key, value);
}

gboolean publish_context_blank(const Owner *owner, const EvsDisk *disk)
{
  return !disk_has_source(disk) && owner_made_volume(owner, disk);
}

/* The reference's own samples have blanks around the WWN, upper case and 31 digits (evs-facts.md 17.2): only a whole
 * one identifies a disk. NULL otherwise. */
static char *clean_wwn(const char *wwn)
{
  g_autofree char *clean = g_ascii_strdown(wwn, -1);
  g_strstrip(clean);
  if (strlen(clean) != WWN_LENGTH || strspn(clean, "0123456789abcdef") != WWN_LENGTH)
    return NULL;
  return g_steal_pointer(&clean);
}

gboolean publish_context_fill(const Owner *owner, const EvsDisk *disk,
                              Csi__V1__ControllerPublishVolumeResponse *response, GError **error)
{
  if (disk_is_scsi(disk)) {
    g_autofree char *wwn = clean_wwn(disk->wwn);
    if (!wwn)
      return evs_error_set(
        error, EVS_CODE_FAILED_PRECONDITION,
        "scsi disk '%s' has no usable wwn ('%s'): the node could not tell it from other disks", disk->id,
        disk->wwn);
    put(response, "bus", "scsi");
    put(response, "wwn", wwn);
  } else {
    g_autofree char *serial = g_strndup(disk->id, SERIAL_LENGTH);
    put(response, "bus", "virtio");
    put(response, "serial", serial);
  }
  g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, disk->size_gib * BYTES_PER_GIB);
  put(response, "size-bytes", size);
  put(response, "blank", publish_context_blank(owner, disk) ? "true" : "false");
  return TRUE;
}
