/* What the node reads from its requests, checked once: the volume id, the capability, and the disk that the
 * controller's publish_context describes. Pure: no I/O. All errors are INVALID_ARGUMENT naming the field. */
#pragma once

#include "node/mount_flags.h"

#include "csi.pb-c.h"
#include "rpc/mkfs_options.h"

enum { REQUEST_MAX_ID = 128 };

/* Non-empty, printable, no '/', at most REQUEST_MAX_ID bytes. */
gboolean request_check_volume_id(const char *volume_id, GError **error);

typedef struct {
  gboolean block;
  gboolean reader_only;   /* the access mode forbids writing on this node */
  gboolean single_writer; /* SINGLE_NODE_SINGLE_WRITER: one publish at a time on this node */
  char *fs_type;          /* "" = any that is there; when formatting, the node's default */
  MountFlags flags;       /* of file system volumes */
} VolumeUse;

void volume_use_clear(VolumeUse *use);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VolumeUse, volume_use_clear)

/* A file system on several writing nodes is refused; a raw block volume may be shared. */
gboolean volume_use_parse(const Csi__V1__VolumeCapability *capability, VolumeUse *ret_use, GError **error);

typedef enum { DISK_BUS_VIRTIO, DISK_BUS_SCSI } DiskBus;

enum { DISK_SERIAL_LENGTH = 20, DISK_WWN_LENGTH = 32 };

typedef struct {
  DiskBus bus;
  char *identity;     /* virtio: the first 20 characters of the volume id; scsi: 32 hexadecimal digits */
  guint64 size_bytes; /* at least so large; 0 = not known */
  gboolean blank;     /* the controller vouches that nothing was ever written on it but by us */
  gboolean if_empty;  /* a static volume that may be formatted if it is empty to the last look */
  char *mkfs[MKFS_N_OPTIONS]; /* as in volume_context, unchecked; NULL where not given */
} DiskFacts;

void disk_facts_clear(DiskFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DiskFacts, disk_facts_clear)

/* Keys of publish_context: bus, serial, wwn, size-bytes, blank; of volume_context: format (if-empty) and those of rpc/mkfs_options.h. Others are
 * ignored. A context with none of the keys is one that huaweicloud-csi-driver wrote for a disk attached before this
 * driver took over: then the serial follows from the volume id, the size is not known, and nothing is formatted.
 * The maps are arrays of protobuf-c map entries with string values; of equal keys the last counts. */
gboolean disk_facts_parse(const char *volume_id, const void *publish_context, gsize n_publish_context,
                          const void *volume_context, gsize n_volume_context, DiskFacts *ret_facts,
                          GError **error);
