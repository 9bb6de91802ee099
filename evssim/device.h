/* The block devices that a simulated server sees: DIR/servers/<server-id>/{dev,sys}. A disk that is attached becomes
 * a loop device and, in these trees, what the guest's kernel would show of it:
 *
 *   dev/vdb                        block node with the loop device's major:minor
 *   dev/disk/by-id/virtio-<serial> -> ../../vdb      (SCSI: scsi-3<wwn> and wwn-0x<wwn>)
 *   sys/block/vdb/{dev,size,ro}    size in sectors of 512 bytes
 *   sys/block/vdb/serial           virtio: the first 20 characters of the volume id, no newline
 *   sys/block/sdb/device/wwid      SCSI: "naa.<wwn>" and a newline; device/rescan takes writes
 *   sys/dev/block/MAJ:MIN          -> ../../block/vdb
 *
 * A disk's entries appear and go with the directory sys/block/<name>, which is moved into place complete.
 *
 * Pure of the cloud's model; one thread. Needs root. The trees outlive the process: after a restart (SIGKILL too)
 * attaching the same disks again keeps their names and, where a mount kept it alive, the loop device; then
 * device_tree_prune() removes what is no longer attached. Errors are INTERNAL unless said otherwise. */
#pragma once

#include <glib.h>

enum {
  DEVICE_DISKS_MAX = 60,   /* of one server */
  DEVICE_SERIAL_BYTES = 20 /* VIRTIO_BLK_ID_BYTES */
};

typedef struct DeviceTree DeviceTree;

typedef enum { DEVICE_VIRTIO, DEVICE_SCSI } DeviceBus;

typedef enum {
  DEVICE_FAULT_NONE,
  DEVICE_FAULT_EIO,          /* reads fail; see loop_break() */
  DEVICE_FAULT_VANISH,       /* the guest lost the disk: no node, no sysfs entry, EIO for who has it open */
  DEVICE_FAULT_WRONG_SERIAL, /* serial or wwid is another disk's */
  DEVICE_FAULT_SHORT,        /* half the size */
} DeviceFault;

typedef struct {
  DeviceBus bus;
  const char *volume_id;
  const char *wwn;  /* 32 hexadecimal digits; SCSI only */
  const char *file; /* backing file: as long as the disk */
  gboolean read_only;
} DeviceDisk;

/* "none", "eio", "vanish", "wrong_serial", "short"; INVALID_ARGUMENT naming what is accepted. */
gboolean device_parse_fault(const char *name, DeviceFault *ret_fault, GError **error);

/* Makes the directories. */
DeviceTree *device_tree_new(const char *directory, GError **error);
/* Frees the loop devices; the trees stay. NULL is fine. */
void device_tree_free(DeviceTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeviceTree, device_tree_free)

/* Shows the disk that the server runs on, "vda" or "sda": it has a size and a number, but no identity, and no node to
 * open. It is no attachment and never pruned. */
gboolean device_show_system(DeviceTree *tree, DeviceBus bus, GError **error);

/* Already attached: nothing happens. RESOURCE_EXHAUSTED beyond DEVICE_DISKS_MAX. */
gboolean device_attach(DeviceTree *tree, const DeviceDisk *disk, GError **error);
/* Not attached: nothing happens. */
void device_detach(DeviceTree *tree, const char *volume_id);
/* The disk's file grew. */
gboolean device_grow(DeviceTree *tree, const char *volume_id, GError **error);
/* Takes the place of the fault before. NOT_FOUND if the disk is not attached. */
gboolean device_set_fault(DeviceTree *tree, const char *volume_id, DeviceFault fault, GError **error);

/* Removes the entries of disks that are not attached. */
void device_tree_prune(DeviceTree *tree);

/* TRUE while the guest has the disk mounted (or otherwise claimed exclusively). FALSE if it is not attached. */
gboolean device_is_claimed(const DeviceTree *tree, const char *volume_id);

/* "vdb", or NULL if the disk is not attached. Belongs to the tree until detached. */
const char *device_name(const DeviceTree *tree, const char *volume_id);
/* Disks attached, each with a loop device. */
guint device_count(const DeviceTree *tree);
