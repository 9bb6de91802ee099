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

static int count_foreign(const Node *node, const GPtrArray *disks)
{
  const char *system_disk = has_disk(disks, "vda") ? "vda" : "sda";
  g_autoptr(GPtrArray) data_disks = g_ptr_array_new();
  for (guint i = 0; i < disks->len; i++)
    if (is_attachable(disks->pdata[i]) && !g_str_equal(disks->pdata[i], system_disk))
      g_ptr_array_add(data_disks, disks->pdata[i]);
  return (int)foreign_disk_count(node, data_disks);
}

int attach_limit_get(const Node *node)
{
  if (node->options.attach_limit)
    return node->options.attach_limit;
  g_autoptr(GPtrArray) disks = device_tree_disks(&node->tree, NULL);
  if (!disks)
    return MAX(1, VIRTIO_LIMIT - node->options.reserved);
  return MAX(1, count_allowed(disks) - count_foreign(node, disks) - node->options.reserved);
}
