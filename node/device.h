/* Finding a volume's disk by what the disk says of itself, and only so: sysfs `serial` (virtio) or `device/wwid`
 * (SCSI), below --sys-dir. Letters change with every reboot, and a link in /dev/disk/by-id may be stale: neither is
 * looked at. Fails closed: two disks with one identity, a device node that is not the disk sysfs speaks of, or a disk
 * smaller than the cloud's are refused. */
#pragma once

#include "node/request.h"

#include <sys/types.h>

typedef struct {
  const char *sys_dir; /* --sys-dir, /sys */
  const char *dev_dir; /* --dev-dir, /dev */
} DeviceTree;

typedef struct {
  char *name; /* "vdb" */
  char *node; /* "<dev-dir>/vdb" */
  dev_t number;
  int fd;       /* read-only, of the node; -1 when not open */
  guint64 size; /* bytes; what sysfs and the block layer agree on at least */
} Device;

#define DEVICE_INIT                                                                                          \
  {                                                                                                          \
    .fd = -1                                                                                                 \
  }
void device_clear(Device *device);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Device, device_clear)

enum { DEVICE_MAX_DISKS = 4096, DEVICE_RESCAN_WAIT_MS = 5000 };

/* Is the wait for a disk to go on? */
typedef gboolean (*DeviceWanted)(void *data);

/* Looks once. NOT_FOUND: no disk has this identity. FAILED_PRECONDITION: several have; they are named. On success
 * name and number are set. */
gboolean device_find(const DeviceTree *tree, const DiskFacts *facts, Device *ret_device, GError **error);

/* Looks until the disk and its node are there, at most until deadline_us (clock_now_us() scale) and while
 * wanted(data), then opens it and checks its size as device_open does. wanted may be NULL. */
gboolean device_acquire(const DeviceTree *tree, const DiskFacts *facts, gint64 deadline_us,
                        DeviceWanted wanted, void *data, Device *ret_device, GError **error);

/* Opens the node of a found disk and checks that it is a block node with the disk's number: NOT_FOUND while there is
 * none, FAILED_PRECONDITION for a wrong one. Then the size: a disk smaller than the facts say is scanned again
 * (SCSI) and refused with FAILED_PRECONDITION if that does not help. */
gboolean device_open(const DeviceTree *tree, const DiskFacts *facts, Device *device, GError **error);

/* Waits until the kernel sees at least these bytes, until deadline_us; a SCSI disk is scanned again first. device->size
 * is what it sees then. *ret_reached tells whether it is enough. INTERNAL if the size cannot be read. */
gboolean device_await_size(const DeviceTree *tree, Device *device, guint64 bytes, gint64 deadline_us,
                           gboolean *ret_reached, GError **error);

/* Does the disk show the identity that a volume of this id has on the virtio bus? TRUE as well for a disk that shows no
 * serial (SCSI: its wwn does not follow from the id). */
gboolean device_may_be_of(const DeviceTree *tree, const Device *device, const char *volume_id);

/* Finds and opens the disk with this device number, whatever its identity and size. NOT_FOUND if there is none. */
gboolean device_open_number(const DeviceTree *tree, dev_t number, Device *ret_device, GError **error);

/* Whoever works on the disk's content holds this lock; a child process that inherits device->fd keeps it held when
 * this process dies. Tried for a short while, because udev takes it for moments. ABORTED when another has it. */
gboolean device_lock(const Device *device, gint64 deadline_us, GError **error);

/* Names of all block devices ("vda", "loop0"), newly allocated. NOT_FOUND without a <sys-dir>/block. */
GPtrArray *device_tree_disks(const DeviceTree *tree, GError **error);

/* Of one of them. NOT_FOUND: it has none (any more). */
gboolean device_tree_number(const DeviceTree *tree, const char *disk, dev_t *ret_number, GError **error);

/* Its virtio serial, newly allocated; NULL if it shows none. */
char *device_tree_serial(const DeviceTree *tree, const char *disk);
