#include "node/device.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { MAX_ATTRIBUTE_BYTES = 4096, FIRST_PAUSE_MS = 20, LONGEST_PAUSE_MS = 500, MAX_DEVICE_NUMBER = 1 << 20 };

void device_clear(Device *device)
{
  g_clear_pointer(&device->name, g_free);
  g_clear_pointer(&device->node, g_free);
  if (device->fd >= 0)
    close(device->fd);
  device->fd = -1;
}

/* An attribute without the white space around it, or NULL if it is not there or not readable. */
static char *read_attribute(const DeviceTree *tree, const char *disk, const char *attribute)
{
  char text[MAX_ATTRIBUTE_BYTES + 1];
  g_autofree char *path = g_build_filename(tree->sys_dir, "block", disk, attribute, NULL);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  ssize_t got = TEMP_FAILURE_RETRY(read(fd, text, sizeof text)); /* sysfs gives an attribute whole */
  close(fd);
  if (got < 0 || got > MAX_ATTRIBUTE_BYTES)
    return NULL;
  text[got] = '\0';
  return g_strdup(g_strstrip(text));
}

static gboolean has_identity(const DeviceTree *tree, const char *disk, const DiskFacts *facts)
{
  if (facts->bus == DISK_BUS_VIRTIO) {
    g_autofree char *serial = read_attribute(tree, disk, "serial");
    return serial && g_str_equal(serial, facts->identity);
  }
  g_autofree char *wwid = read_attribute(tree, disk, "device/wwid");
  return wwid && g_str_has_prefix(wwid, "naa.") &&
         g_ascii_strcasecmp(wwid + strlen("naa."), facts->identity) == 0;
}

char *device_tree_serial(const DeviceTree *tree, const char *disk)
{
  return read_attribute(tree, disk, "serial");
}

gboolean device_may_be_of(const DeviceTree *tree, const Device *device, const char *volume_id)
{
  g_autofree char *serial = read_attribute(tree, device->name, "serial");
  return !serial || !*serial || strncmp(serial, volume_id, DISK_SERIAL_LENGTH) == 0;
}

gboolean device_tree_number(const DeviceTree *tree, const char *disk, dev_t *ret_number, GError **error)
{
  g_autofree char *text = read_attribute(tree, disk, "dev");
  g_auto(GStrv) halves = g_strsplit(text ? text : "", ":", 3);
  gint64 high = 0, low = 0;
  if (g_strv_length(halves) != 2 || !text_parse_int64(halves[0], 0, MAX_DEVICE_NUMBER, &high) ||
      !text_parse_int64(halves[1], 0, MAX_DEVICE_NUMBER, &low))
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "disk '%s' has no device number in sysfs", disk);
  *ret_number = makedev((guint)high, (guint)low);
  return TRUE;
}

static const char *identity_name(const DiskFacts *facts)
{
  return facts->bus == DISK_BUS_VIRTIO ? "serial" : "wwn";
}

GPtrArray *device_tree_disks(const DeviceTree *tree, GError **error)
{
  g_autofree char *path = g_build_filename(tree->sys_dir, "block", NULL);
  DIR *directory = opendir(path);
  if (!directory) {
    evs_error_set_errno(error, errno == ENOENT ? EVS_CODE_NOT_FOUND : EVS_CODE_INTERNAL, errno,
                        "cannot read '%s'", path);
    return NULL;
  }
  GPtrArray *disks = g_ptr_array_new_with_free_func(g_free);
  const struct dirent *entry;
  while ((entry = readdir(directory)) && disks->len < DEVICE_MAX_DISKS)
    if (entry->d_name[0] != '.')
      g_ptr_array_add(disks, g_strdup(entry->d_name));
  gboolean whole = !entry;
  closedir(directory);
  if (whole)
    return disks;
  g_ptr_array_unref(disks);
  evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "more than %d disks in '%s'", DEVICE_MAX_DISKS, path);
  return NULL;
}

gboolean device_find(const DeviceTree *tree, const DiskFacts *facts, Device *ret_device, GError **error)
{
  g_autoptr(GPtrArray) disks = device_tree_disks(tree, error);
  if (!disks)
    return FALSE;
  const char *found = NULL;
  for (guint i = 0; i < disks->len; i++) {
    const char *disk = disks->pdata[i];
    if (!has_identity(tree, disk, facts))
      continue;
    if (found)
      return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                           "disks '%s' and '%s' have the same %s '%s': refusing to guess", found, disk,
                           identity_name(facts), facts->identity);
    found = disk;
  }
  if (!found)
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "no disk with %s '%s' on this node", identity_name(facts),
                         facts->identity);
  dev_t number = 0;
  if (!device_tree_number(tree, found, &number, error))
    return FALSE;
  ret_device->name = g_strdup(found);
  ret_device->node = g_build_filename(tree->dev_dir, found, NULL);
  ret_device->number = number;
  return TRUE;
}

gboolean device_open_number(const DeviceTree *tree, dev_t number, Device *ret_device, GError **error)
{
  static const DiskFacts any = {.size_bytes = 0};
  g_autoptr(GPtrArray) disks = device_tree_disks(tree, error);
  for (guint i = 0; disks && i < disks->len; i++) {
    dev_t is = 0;
    if (!device_tree_number(tree, disks->pdata[i], &is, NULL) || is != number)
      continue;
    ret_device->name = g_strdup(disks->pdata[i]);
    ret_device->node = g_build_filename(tree->dev_dir, ret_device->name, NULL);
    ret_device->number = number;
    return device_open(tree, &any, ret_device, error);
  }
  return disks && evs_error_set(error, EVS_CODE_NOT_FOUND, "no disk with this device number");
}

static gboolean look_once(const DeviceTree *tree, const DiskFacts *facts, Device *ret_device, GError **error)
{
  g_auto(Device) device = DEVICE_INIT;
  if (!device_find(tree, facts, &device, error) || !device_open(tree, facts, &device, error))
    return FALSE;
  *ret_device = device;
  device = (Device)DEVICE_INIT;
  return TRUE;
}

gboolean device_acquire(const DeviceTree *tree, const DiskFacts *facts, gint64 deadline_us,
                        DeviceWanted wanted, void *data, Device *ret_device, GError **error)
{
  gint64 started_us = clock_now_us();
  int pause_ms = FIRST_PAUSE_MS;
  for (;;) {
    g_autoptr(GError) reason = NULL;
    if (look_once(tree, facts, ret_device, &reason))
      return TRUE;
    gboolean over = clock_now_us() >= deadline_us || (wanted && !wanted(data));
    if (!evs_error_is(reason, EVS_CODE_NOT_FOUND) || over) {
      if (evs_error_is(reason, EVS_CODE_NOT_FOUND))
        g_prefix_error(&reason, "waited %d s: ", (int)((clock_now_us() - started_us) / G_USEC_PER_SEC));
      g_propagate_error(error, g_steal_pointer(&reason));
      return FALSE;
    }
    clock_sleep_until(MIN(deadline_us, clock_deadline_in_ms(pause_ms)));
    pause_ms = MIN(pause_ms * 2, LONGEST_PAUSE_MS);
  }
}
