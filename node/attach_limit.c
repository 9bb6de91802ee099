#include "node/attach_limit.h"

#include "base/text.h"
#include "node/mountinfo.h"
#include "node/read_only.h"

enum { VIRTIO_LIMIT = 23, SCSI_LIMIT = 59, MAX_RECORDS = 4096, MAX_RECORD_BYTES = 64 * 1024 };

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

static gboolean add_record(const char *directory, const char *name, GString *records)
{
  g_autofree char *path = g_build_filename(directory, name, NULL), *text = NULL;
  if (!text_read_file(path, MAX_RECORD_BYTES, &text, NULL, NULL))
    return FALSE;
  g_string_append(records, text);
  g_string_append_c(records, '\n');
  return TRUE;
}

/* What kubelet notes of each volume it stages: <kubelet>/plugins/kubernetes.io/csi/<driver>/<hash>/vol_data.json,
 * .../volumeDevices/<pv>/data/vol_data.json for raw block ones. All of them in one text. */
static GString *read_records(const char *kubelet_dir)
{
  GString *records = g_string_new(NULL);
  g_autofree char *top = g_build_filename(kubelet_dir, "plugins/kubernetes.io/csi", NULL);
  g_autoptr(GDir) drivers = g_dir_open(top, 0, NULL);
  const char *driver, *volume;
  int count = 0;
  while (drivers && (driver = g_dir_read_name(drivers))) {
    g_autofree char *middle = g_build_filename(top, driver, NULL);
    g_autoptr(GDir) volumes = g_dir_open(middle, 0, NULL);
    while (volumes && count < MAX_RECORDS && (volume = g_dir_read_name(volumes))) {
      g_autofree char *directory = g_build_filename(middle, volume, NULL);
      count++;
      if (!add_record(directory, "vol_data.json", records))
        (void)add_record(directory, "data/vol_data.json", records);
    }
  }
  return records;
}

static gboolean is_used(const Node *node, const MountTable *table, dev_t number)
{
  const char *root = path_guard_root(node->guard);
  gsize length = strlen(root);
  for (gsize i = 0; i < table->count; i++) {
    const MountEntry *entry = &table->entries[i];
    if (strncmp(entry->mount_point, root, length) == 0 && entry->mount_point[length] == '/' &&
        mount_entry_is_of(entry, number))
      return TRUE;
  }
  return read_only_find_other(node->guard, table, number, NULL) != NULL;
}

static gboolean is_foreign(const Node *node, const MountTable *table, const GString *records,
                           const char *disk)
{
  dev_t number = 0;
  g_autofree char *serial = device_tree_serial(&node->tree, disk);
  if (serial && strlen(serial) == DISK_SERIAL_LENGTH && strstr(records->str, serial))
    return FALSE;
  return !device_tree_number(&node->tree, disk, &number, NULL) || !is_used(node, table, number);
}

static int count_foreign(const Node *node, const GPtrArray *disks)
{
  g_autoptr(MountTable) table = mount_table_read(NULL);
  if (!table)
    return 0;
  g_autoptr(GString) records = read_records(path_guard_root(node->guard));
  const char *system_disk = has_disk(disks, "vda") ? "vda" : "sda";
  int count = 0;
  for (guint i = 0; i < disks->len; i++)
    count += is_attachable(disks->pdata[i]) && !g_str_equal(disks->pdata[i], system_disk) &&
             is_foreign(node, table, records, disks->pdata[i]);
  return count;
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
