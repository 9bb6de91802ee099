#include "node/attach_limit.h"

#include "node/foreign_disk.h"

enum { VIRTIO_LIMIT = 23, SCSI_LIMIT = 59 };

static gboolean is_virtio(const char *disk)
{
  return g_str_has_prefix(disk, "vd");
}

/* Not loop, dm, md, sr, zram ...: what takes an attachment of the server. */
static gboolean is_attachable(const char *disk)
{
  return is_virtio(disk) || g_str_has_prefix(disk, "sd");
}

static gboolean has_disk(const GPtrArray *disks, const char *name)
{
  for (guint i = 0; i < disks->len; i++)
    if (g_str_equal(disks->pdata[i], name))
      return TRUE;
  return FALSE;
}

static int count_allowed(const GPtrArray *disks)
{
  gboolean scsi = FALSE;
  for (guint i = 0; i < disks->len; i++) {
    if (is_virtio(disks->pdata[i]))
      return VIRTIO_LIMIT;
    scsi |= is_attachable(disks->pdata[i]);
  }
  return scsi ? SCSI_LIMIT : VIRTIO_LIMIT;
}

/* Names borrowed from disks. */
static GPtrArray *data_disks(const GPtrArray *disks)
{
  const char *system_disk = has_disk(disks, "vda") ? "vda" : "sda";
  GPtrArray *found = g_ptr_array_new();
  for (guint i = 0; i < disks->len; i++)
    if (is_attachable(disks->pdata[i]) && !g_str_equal(disks->pdata[i], system_disk))
      g_ptr_array_add(found, disks->pdata[i]);
  return found;
}

AttachSlots attach_slots_get(const Node *node)
{
  int reserved = node->options.reserved, chosen = node->options.attach_limit;
  g_autoptr(GPtrArray) disks = device_tree_disks(&node->tree, NULL);
  if (!disks)
    return (AttachSlots){.limit = chosen ? chosen : MAX(1, VIRTIO_LIMIT - reserved)};
  g_autoptr(GPtrArray) attached = data_disks(disks);
  int foreign = (int)foreign_disk_count(node, attached);
  return (AttachSlots){.limit = chosen ? chosen : MAX(1, count_allowed(disks) - foreign - reserved),
                       .used = (int)attached->len - foreign};
}

int attach_limit_get(const Node *node)
{
  return node->options.attach_limit ? node->options.attach_limit : attach_slots_get(node).limit;
}
