#include "evssim/device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/text.h"
#include "evssim/loop.h"

enum { IDENTITY_MAX = 256 };

/* The server's own disk: 40 GiB, and a number of the range for partitions beyond all, which no disk here has. */
#define SYSTEM_SECTORS "83886080\n"
#define SYSTEM_NUMBER "259:1048575\n"

typedef struct {
  char *volume_id, *wwn;
  char *name; /* "vdb" */
  DeviceBus bus;
  gboolean read_only;
  DeviceFault fault;
  LoopDevice loop;
} Attached;

struct DeviceTree {
  char *directory;
  char *own_disk;   /* name of the server's own disk; NULL: not shown */
  GPtrArray *disks; /* of Attached* */
};

static const char *const fault_names[] = {"none", "eio", "vanish", "wrong_serial", "short"};

gboolean device_parse_fault(const char *name, DeviceFault *ret_fault, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS(fault_names); i++) {
    if (g_strcmp0(name, fault_names[i]) == 0) {
      *ret_fault = (DeviceFault)i;
      return TRUE;
    }
  }
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "field 'fault' must be none, eio, vanish, wrong_serial or short");
}

/* --- files of the trees --- */

static char *tree_path(const DeviceTree *tree, const char *format, ...) G_GNUC_PRINTF(2, 3);
static char *tree_path(const DeviceTree *tree, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *below = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return g_build_filename(tree->directory, below, NULL);
}

/* Replaced as a whole, so that no reader meets half a file. */
static gboolean write_file(const char *directory, const char *name, const char *content, GError **error)
{
  g_autofree char *path = g_build_filename(directory, name, NULL);
  g_autofree char *fresh = g_strdup_printf("%s/.%s.new", directory, name);
  int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  gsize length = strlen(content);
  gboolean written = fd >= 0 && write(fd, content, length) == (gssize)length && rename(fresh, path) == 0;
  int saved = errno;
  if (fd >= 0)
    (void)close(fd);
  return written || evs_error_set_errno(error, EVS_CODE_INTERNAL, saved, "cannot write '%s'", path);
}

static gboolean make_directory(const char *path, GError **error)
{
  return g_mkdir_with_parents(path, 0755) == 0 ||
         evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make the directory '%s'", path);
}

/* Removes a directory of our own making: files and one level of directories. */
static void remove_directory(const char *path)
{
  g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
  const char *name = NULL;
  while (directory && (name = g_dir_read_name(directory))) {
    g_autofree char *entry = g_build_filename(path, name, NULL);
    if (unlink(entry) != 0 && errno == EISDIR)
      remove_directory(entry);
  }
  (void)rmdir(path);
}

/* Links of a directory whose target ends in "/<name>" or is it. */
static void remove_links_to(const char *path, const char *name)
{
  g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
  const char *entry = NULL;
  while (directory && (entry = g_dir_read_name(directory))) {
    g_autofree char *link = g_build_filename(path, entry, NULL);
    g_autofree char *target = g_file_read_link(link, NULL);
    g_autofree char *last = target ? g_path_get_basename(target) : NULL;
    if (g_strcmp0(last, name) == 0)
      (void)unlink(link);
  }
}

static gboolean make_link(const char *target, const char *path, GError **error)
{
  (void)unlink(path);
  return symlink(target, path) == 0 ||
         evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make the link '%s'", path);
}

/* --- what a guest sees of one disk --- */

static void hide_name(const DeviceTree *tree, const char *name)
{
  g_autofree char *block = tree_path(tree, "sys/block/%s", name);
  g_autofree char *numbers = tree_path(tree, "sys/dev/block");
  g_autofree char *links = tree_path(tree, "dev/disk/by-id");
  g_autofree char *node = tree_path(tree, "dev/%s", name);
  g_autofree char *away = tree_path(tree, "sys/.gone-%s", name);
  /* Moved away first: the entry goes at once, not file by file. */
  if (rename(block, away) == 0)
    remove_directory(away);
  remove_links_to(numbers, name);
  remove_links_to(links, name);
  (void)unlink(node);
}

/* The identity that the guest reads; the fault shows that of a disk which does not exist. */
static char *shown_identity(const Attached *disk)
{
  const char *id = disk->bus == DEVICE_SCSI ? disk->wwn : disk->volume_id;
  gsize length = disk->bus == DEVICE_SCSI ? strlen(id) : DEVICE_SERIAL_BYTES;
  char *identity = g_strndup(id, length);
  if (disk->fault == DEVICE_FAULT_WRONG_SERIAL)
    for (char *at = identity; *at; at++)
      *at = *at == 'f' ? '0' : g_ascii_isxdigit(*at) ? 'f' : *at;
  return identity;
}

static guint64 shown_bytes(const Attached *disk)
{
  return disk->fault == DEVICE_FAULT_SHORT ? disk->loop.bytes / 2 : disk->loop.bytes;
}

static gboolean write_identity(const Attached *disk, const char *directory, GError **error)
{
  g_autofree char *identity = shown_identity(disk);
  if (disk->bus == DEVICE_VIRTIO)
    return write_file(directory, "serial", identity, error);
  g_autofree char *device = g_build_filename(directory, "device", NULL);
  g_autofree char *wwid = g_strdup_printf("naa.%s\n", identity);
  return make_directory(device, error) && write_file(device, "wwid", wwid, error) &&
         write_file(device, "rescan", "", error);
}

static gboolean write_block_directory(const Attached *disk, const char *directory, GError **error)
{
  g_autofree char *number = g_strdup_printf("%u:%u\n", major(disk->loop.number), minor(disk->loop.number));
  g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT "\n", shown_bytes(disk) / LOOP_SECTOR);
  return make_directory(directory, error) && write_file(directory, "dev", number, error) &&
         write_file(directory, "size", size, error) &&
         write_file(directory, "ro", disk->read_only ? "1\n" : "0\n", error) &&
         write_identity(disk, directory, error);
}

static gboolean write_identity_links(const DeviceTree *tree, const Attached *disk, GError **error)
{
  static const char *const virtio[] = {"virtio-", NULL}, *const scsi[] = {"scsi-3", "wwn-0x", NULL};
  g_autofree char *identity = shown_identity(disk);
  g_autofree char *target = g_strdup_printf("../../%s", disk->name);
  for (const char *const *prefix = disk->bus == DEVICE_VIRTIO ? virtio : scsi; *prefix; prefix++) {
    g_autofree char *link = tree_path(tree, "dev/disk/by-id/%s%s", *prefix, identity);
    if (!make_link(target, link, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean show(const DeviceTree *tree, const Attached *disk, GError **error)
{
  g_autofree char *fresh = tree_path(tree, "sys/.new-%s", disk->name);
  g_autofree char *block = tree_path(tree, "sys/block/%s", disk->name);
  g_autofree char *node = tree_path(tree, "dev/%s", disk->name);
  g_autofree char *number =
    tree_path(tree, "sys/dev/block/%u:%u", major(disk->loop.number), minor(disk->loop.number));
  g_autofree char *target = g_strdup_printf("../../block/%s", disk->name);
  remove_directory(fresh);
  hide_name(tree, disk->name);
  if (!write_block_directory(disk, fresh, error))
    return FALSE;
  if (mknod(node, S_IFBLK | 0660, disk->loop.number) != 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make the block node '%s'", node);
  if (!make_link(target, number, error) || !write_identity_links(tree, disk, error))
    return FALSE;
  if (rename(fresh, block) != 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot put '%s' into place", block);
  return TRUE;
}

/* As show() for entries in place: they never go. */
static gboolean refresh(const DeviceTree *tree, const Attached *disk, GError **error)
{
  g_autofree char *block = tree_path(tree, "sys/block/%s", disk->name);
  g_autofree char *links = tree_path(tree, "dev/disk/by-id");
  remove_links_to(links, disk->name);
  return write_block_directory(disk, block, error) && write_identity_links(tree, disk, error);
}

/* --- names --- */

/* 1 -> "b", 25 -> "z", 26 -> "aa": the guest's own disk is "a". */
static char *name_at(DeviceBus bus, guint index)
{
  const char *prefix = bus == DEVICE_VIRTIO ? "vd" : "sd";
  if (index < 26)
    return g_strdup_printf("%s%c", prefix, 'a' + (int)index);
  return g_strdup_printf("%s%c%c", prefix, 'a' + (int)(index / 26 - 1), 'a' + (int)(index % 26));
}

static gboolean name_is_held(const DeviceTree *tree, const char *name)
{
  for (guint i = 0; i < tree->disks->len; i++) {
    const Attached *disk = tree->disks->pdata[i];
    if (strcmp(disk->name, name) == 0)
      return TRUE;
  }
  return g_strcmp0(tree->own_disk, name) == 0;
}

/* TRUE if the entry of this name, left by a process before us, is this disk's. */
static gboolean entry_is_of(const DeviceTree *tree, const char *name, const Attached *disk)
{
  g_autofree char *path =
    tree_path(tree, disk->bus == DEVICE_VIRTIO ? "sys/block/%s/serial" : "sys/block/%s/device/wwid", name);
  g_autofree char *text = NULL;
  if (!text_read_file(path, IDENTITY_MAX, &text, NULL, NULL))
    return FALSE;
  g_autofree char *identity = shown_identity(disk);
  const char *found = g_str_has_prefix(text, "naa.") ? text + strlen("naa.") : text;
  return strcmp(g_strchomp(text), "") != 0 && strcmp(found, identity) == 0;
}

/* The name the disk had before a restart, else the next free one; entries of a process before us count as taken
 * until pruned. */
static char *choose_name(const DeviceTree *tree, const Attached *disk)
{
  char *free_name = NULL;
  for (guint i = 1; i <= 2 * DEVICE_DISKS_MAX; i++) {
    g_autofree char *name = name_at(disk->bus, i);
    if (name_is_held(tree, name))
      continue;
    g_autofree char *block = tree_path(tree, "sys/block/%s", name);
    gboolean exists = g_file_test(block, G_FILE_TEST_EXISTS);
    if (exists && entry_is_of(tree, name, disk)) {
      g_free(free_name);
      return g_steal_pointer(&name);
    }
    if (!exists && !free_name)
      free_name = g_steal_pointer(&name);
  }
  return free_name;
}

static gboolean bind_loop(const DeviceTree *tree, Attached *disk, const char *file, GError **error)
{
  g_autofree char *node = tree_path(tree, "dev/%s", disk->name);
  struct stat status;
  if (!disk->read_only && lstat(node, &status) == 0 && S_ISBLK(status.st_mode) &&
      loop_adopt(&disk->loop, status.st_rdev, file))
    return TRUE;
  return loop_open(&disk->loop, file, disk->read_only, error);
}

/* --- the tree --- */

static void attached_free(gpointer data)
{
  Attached *disk = data;
  loop_close(&disk->loop);
  g_free(disk->volume_id);
  g_free(disk->wwn);
  g_free(disk->name);
  g_free(disk);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attached, attached_free)

DeviceTree *device_tree_new(const char *directory, GError **error)
{
  g_autoptr(DeviceTree) tree = g_new0(DeviceTree, 1);
  tree->directory = g_strdup(directory);
  tree->disks = g_ptr_array_new_with_free_func(attached_free);
  static const char *const below[] = {"dev/disk/by-id", "sys/block", "sys/dev/block"};
  for (gsize i = 0; i < G_N_ELEMENTS(below); i++) {
    g_autofree char *path = g_build_filename(directory, below[i], NULL);
    if (!make_directory(path, error))
      return NULL;
  }
  return g_steal_pointer(&tree);
}

void device_tree_free(DeviceTree *tree)
{
  if (!tree)
    return;
  g_ptr_array_unref(tree->disks);
  g_free(tree->own_disk);
  g_free(tree->directory);
  g_free(tree);
}

gboolean device_show_system(DeviceTree *tree, DeviceBus bus, GError **error)
{
  g_free(tree->own_disk);
  tree->own_disk = name_at(bus, 0);
  g_autofree char *block = tree_path(tree, "sys/block/%s", tree->own_disk);
  return make_directory(block, error) && write_file(block, "dev", SYSTEM_NUMBER, error) &&
         write_file(block, "size", SYSTEM_SECTORS, error) && write_file(block, "ro", "0\n", error);
}

static Attached *find(const DeviceTree *tree, const char *volume_id)
{
  for (guint i = 0; i < tree->disks->len; i++) {
    Attached *disk = tree->disks->pdata[i];
    if (strcmp(disk->volume_id, volume_id) == 0)
      return disk;
  }
  return NULL;
}

gboolean device_attach(DeviceTree *tree, const DeviceDisk *spec, GError **error)
{
  if (find(tree, spec->volume_id))
    return TRUE;
  if (tree->disks->len >= DEVICE_DISKS_MAX)
    return evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "a server takes at most %d disks",
                         DEVICE_DISKS_MAX);
  g_autoptr(Attached) disk = g_new0(Attached, 1);
  disk->loop = LOOP_NONE;
  disk->volume_id = g_strdup(spec->volume_id);
  disk->wwn = g_strdup(spec->wwn ? spec->wwn : "");
  disk->bus = spec->bus;
  disk->read_only = spec->read_only;
  disk->name = choose_name(tree, disk);
  if (!disk->name)
    return evs_error_set(error, EVS_CODE_INTERNAL, "no device name is free in '%s'", tree->directory);
  if (!bind_loop(tree, disk, spec->file, error))
    return FALSE;
  if (!show(tree, disk, error)) {
    hide_name(tree, disk->name);
    return FALSE;
  }
  g_ptr_array_add(tree->disks, g_steal_pointer(&disk));
  return TRUE;
}

void device_detach(DeviceTree *tree, const char *volume_id)
{
  Attached *disk = find(tree, volume_id);
  if (!disk)
    return;
  hide_name(tree, disk->name);
  g_ptr_array_remove(tree->disks, disk);
}

static gboolean shape_loop(Attached *disk, GError **error)
{
  if (!loop_mend(&disk->loop, error))
    return FALSE;
  switch (disk->fault) {
  case DEVICE_FAULT_EIO:
    return loop_break(&disk->loop, error);
  case DEVICE_FAULT_VANISH:
    return loop_cut(&disk->loop, LOOP_SECTOR, error);
  case DEVICE_FAULT_SHORT:
    return loop_cut(&disk->loop, shown_bytes(disk), error);
  case DEVICE_FAULT_NONE:
  case DEVICE_FAULT_WRONG_SERIAL:
    break;
  }
  return TRUE;
}

gboolean device_set_fault(DeviceTree *tree, const char *volume_id, DeviceFault fault, GError **error)
{
  Attached *disk = find(tree, volume_id);
  if (!disk)
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "disk '%s' is not attached to this server", volume_id);
  gboolean hidden = disk->fault == DEVICE_FAULT_VANISH;
  disk->fault = fault;
  if (!shape_loop(disk, error))
    return FALSE;
  if (fault == DEVICE_FAULT_VANISH) {
    hide_name(tree, disk->name);
    return TRUE;
  }
  return hidden ? show(tree, disk, error) : refresh(tree, disk, error);
}

gboolean device_grow(DeviceTree *tree, const char *volume_id, GError **error)
{
  Attached *disk = find(tree, volume_id);
  if (!disk)
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "disk '%s' is not attached to this server", volume_id);
  if (!loop_grow(&disk->loop, error))
    return FALSE;
  return disk->fault == DEVICE_FAULT_VANISH || refresh(tree, disk, error);
}

void device_tree_prune(DeviceTree *tree)
{
  g_autofree char *block = tree_path(tree, "sys/block");
  g_autoptr(GDir) directory = g_dir_open(block, 0, NULL);
  const char *name = NULL;
  while (directory && (name = g_dir_read_name(directory)))
    if (!name_is_held(tree, name))
      hide_name(tree, name);
}

gboolean device_is_claimed(const DeviceTree *tree, const char *volume_id)
{
  const Attached *disk = find(tree, volume_id);
  return disk && loop_is_claimed(&disk->loop);
}

const char *device_name(const DeviceTree *tree, const char *volume_id)
{
  const Attached *disk = find(tree, volume_id);
  return disk ? disk->name : NULL;
}

guint device_count(const DeviceTree *tree)
{
  return tree->disks->len;
}
