/* StorageClass parameters: those of huaweicloud-csi-driver and ours, in one table (parameters.c).
 *
 *   type                  disk type, e.g. SSD; none: the first offered of the defaults (topology.h)
 *   availability          availability zone
 *   dssId                 dedicated storage pool, a UUID
 *   scsi                  true: SCSI disk; false: virtio (default)
 *   kmsId                 encrypt with this KMS key, a UUID
 *   iops, throughput      GPSSD2: both; ESSD2: iops only; other types: neither
 *   tags                  "key=value,key=value", at most 10
 *   enterpriseProjectId   a UUID, or 0
 *   multiattach           true: shared disk, needed for MULTI_NODE_MULTI_WRITER
 *   fullClone             true: a disk made from a snapshot gets a copy of all data and needs the snapshot no longer;
 *                         false (default): as the cloud does it. Clones are always full copies
 *   transfer              true: no new disk, but the one of the handover in the call's secrets (take_over.h). Of the
 *                         others only type and availability go with it
 *   blockSize, inodeSize, bytesPerInode, numberOfInodes   of a new file system (mkfs_parameters.h)
 *   csi.storage.k8s.io/... of the sidecars: always accepted; pv and pvc names go to the disk's metadata
 *
 * type, iops and throughput may also come from a VolumeAttributesClass: then they can be changed later.
 */
#pragma once

#include "controller/string_map.h"
#include "rpc/mkfs_options.h"

enum { TAGS_MAX = 10, TAG_KEY_MAX = 36, TAG_VALUE_MAX = 43, TYPE_NAME_MAX = 64 };

/* NULL or 0: not given. */
typedef struct {
  char *type, *availability, *dedicated_storage_id, *kms_key_id, *enterprise_project_id;
  gboolean scsi, multiattach, full_clone, transfer;
  gint64 iops, throughput;
  char *mkfs[MKFS_N_OPTIONS]; /* as given: what is right depends on the file system */
  GHashTable *tags;           /* string -> string, or NULL */
  char *pv_name, *pvc_name, *pvc_namespace;
} VolumeParameters;

typedef enum {
  PARAMETERS_REFUSE_UNKNOWN, /* INVALID_ARGUMENT naming the key and what is accepted */
  PARAMETERS_WARN_UNKNOWN,   /* logged and ignored (--unknown-parameters=warn) */
  PARAMETERS_IGNORE_UNKNOWN,
} UnknownParameters;

/* Parses into *ret_parameters. A bad value is INVALID_ARGUMENT naming key and what is accepted. */
gboolean parameters_parse(StringMap map, UnknownParameters unknown, VolumeParameters *ret_parameters,
                          GError **error);

/* Mutable parameters on top of what is there; those of the sidecars are passed over. INVALID_ARGUMENT for an unknown
 * key or a bad value, naming what is accepted. *into may have changed then. */
gboolean parameters_apply_mutable(StringMap map, VolumeParameters *into, GError **error);

/* Does this type have iops of its own, so that creating a disk must state them? */
gboolean parameters_has_performance(const char *type);

/* Are iops and throughput right for this type and size? INVALID_ARGUMENT naming the accepted range. */
gboolean parameters_check_performance(const VolumeParameters *parameters, const char *type, gint64 size_gib,
                                      GError **error);

void parameters_clear(VolumeParameters *parameters);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VolumeParameters, parameters_clear)
