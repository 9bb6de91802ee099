#include "node/foreign_disk.h"

#include "base/text.h"
#include "node/mountinfo.h"
#include "node/read_only.h"

#include <sys/sysmacros.h>

enum { MAX_RECORDS = 4096, MAX_RECORD_BYTES = 64 * 1024, MAX_BTRFS = 4096, MAX_PARTS = 4096 };

typedef struct {
  const Node *node;
  const MountTable *table;
  const char *records;
} Sight;

static gboolean add_record(const char *directory, const char *name, GString *records)
{
  g_autofree char *path = g_build_filename(directory, name, NULL), *text = NULL;
  if (!text_read_file(path, MAX_RECORD_BYTES, &text, NULL, NULL))
    return FALSE;
  g_string_append(records, text);
  g_string_append_c(records, '\n');
  return TRUE;
}

/* What kubelet notes of each volume before it stages it: <kubelet>/plugins/kubernetes.io/csi/<driver>/<hash>/vol_data.json,
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

static gboolean is_noted(const Sight *sight, const char *disk)
{
  g_autofree char *serial = device_tree_serial(&sight->node->tree, disk);
  return serial && strlen(serial) == DISK_SERIAL_LENGTH && strstr(sight->records, serial);
}

/* A mount that kubelet makes of a CSI volume's disk, and not of a local PV or of a directory in some other volume. */
static gboolean is_of_volume(const Sight *sight, const char *mount_point)
{
  static const char *const others[] = {"/volume-subpaths/", "/kubernetes.io~local-volume/",
                                       "/kubernetes.io/local-volume/"};
  const char *root = path_guard_root(sight->node->guard);
  gsize length = strlen(root);
  if (strncmp(mount_point, root, length) != 0 || mount_point[length] != '/')
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
    if (strstr(mount_point + length, others[i]))
      return FALSE;
  return TRUE;
}

/* *ret_elsewhere: it is mounted, but for no volume. */
static gboolean is_used_as_volume(const Sight *sight, dev_t number, gboolean *ret_elsewhere)
{
  *ret_elsewhere = FALSE;
  for (gsize i = 0; i < sight->table->count; i++) {
    const MountEntry *entry = &sight->table->entries[i];
    if (!mount_entry_is_of(entry, number))
      continue;
    if (is_of_volume(sight, entry->mount_point))
      return TRUE;
    *ret_elsewhere = TRUE;
  }
  return read_only_find_other(sight->node->guard, sight->table, number, NULL) != NULL;
}

static gboolean exists(const char *directory, const char *middle, const char *name)
{
  g_autofree char *path = g_build_filename(directory, middle, name, NULL);
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* The kernel's own sysfs and name, whatever --sys-dir: what is mounted is known to the kernel alone. */
static gboolean kernel_has_mounted(dev_t number)
{
  static const char *const types[] = {"/sys/fs/ext4", "/sys/fs/xfs", "/sys/fs/f2fs"};
  g_autofree char *link = g_strdup_printf("/sys/dev/block/%u:%u", major(number), minor(number));
  g_autofree char *target = g_file_read_link(link, NULL);
  if (!target)
    return FALSE;
  g_autofree char *name = g_path_get_basename(target);
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
    if (exists(types[i], "", name))
      return TRUE;
  g_autoptr(GDir) btrfs = g_dir_open("/sys/fs/btrfs", 0, NULL);
  const char *uuid;
  for (int i = 0; btrfs && i < MAX_BTRFS && (uuid = g_dir_read_name(btrfs)); i++) {
    g_autofree char *devices = g_build_filename("/sys/fs/btrfs", uuid, "devices", NULL);
    if (exists(devices, "", name))
      return TRUE;
  }
  return FALSE;
}

static gboolean has_holders(const char *directory)
{
  g_autofree char *path = g_build_filename(directory, "holders", NULL);
  g_autoptr(GDir) holders = g_dir_open(path, 0, NULL);
  return holders && g_dir_read_name(holders);
}

static gboolean has_partitions(const char *directory, const char *disk)
{
  g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
  const char *name;
  for (int i = 0; entries && i < MAX_PARTS && (name = g_dir_read_name(entries)); i++)
    if (g_str_has_prefix(name, disk) && exists(directory, name, "partition"))
      return TRUE;
  return FALSE;
}

static gboolean is_foreign(const Sight *sight, const char *disk)
{
  const DeviceTree *tree = &sight->node->tree;
  g_autofree char *directory = g_build_filename(tree->sys_dir, "block", disk, NULL);
  gboolean elsewhere = FALSE;
  dev_t number = 0;
  if (is_noted(sight, disk) || !device_tree_number(tree, disk, &number, NULL) ||
      is_used_as_volume(sight, number, &elsewhere))
    return FALSE;
  return elsewhere || has_partitions(directory, disk) || has_holders(directory) || kernel_has_mounted(number);
}

guint foreign_disk_count(const Node *node, const GPtrArray *disks)
{
  g_autoptr(MountTable) table = mount_table_read(NULL);
  if (!table)
    return 0;
  g_autoptr(GString) records = read_records(path_guard_root(node->guard));
  Sight sight = {.node = node, .table = table, .records = records->str};
  guint count = 0;
  for (guint i = 0; i < disks->len; i++)
    count += is_foreign(&sight, disks->pdata[i]) ? 1 : 0;
  return count;
}
