/* Whose disk or snapshot is it? Ownership lives in its metadata, so that it survives restarts and is seen by every
 * controller (design: Names, Ownership).
 *
 * Compared: evs.csi.huaweicloud.com/{cluster,driver,name-sha256}. For people: csi.storage.k8s.io/pv/name and
 * .../pvc/{name,namespace}; the same keys are what the Go peer writes. Values have at most 85 characters. */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/snapshot.h"

/* What --driver-name is unless given. */
#define OWNER_DEFAULT_DRIVER "evs.csi.huaweicloud.com"

#define OWNER_KEY_CLUSTER "evs.csi.huaweicloud.com/cluster"
#define OWNER_KEY_DRIVER "evs.csi.huaweicloud.com/driver"
#define OWNER_KEY_NAME_HASH "evs.csi.huaweicloud.com/name-sha256"
/* On disks made from something: "snapshot:<id>" or "volume:<id>", what the request named; on disks that another account
 * handed over "transfer:<id>". None of them is ever blank. */
#define OWNER_KEY_SOURCE "evs.csi.huaweicloud.com/source"
/* The disk type that the request asked for, when it did: ControllerModifyVolume may change the disk's. */
#define OWNER_KEY_CREATED_TYPE "evs.csi.huaweicloud.com/created-type"
/* On the temporary snapshots of clones: the id of the disk that is cloned. */
#define OWNER_KEY_CLONE_OF "evs.csi.huaweicloud.com/clone-of"
#define OWNER_KEY_PV_NAME "csi.storage.k8s.io/pv/name"
#define OWNER_KEY_PVC_NAME "csi.storage.k8s.io/pvc/name"
#define OWNER_KEY_PVC_NAMESPACE "csi.storage.k8s.io/pvc/namespace"

enum { METADATA_VALUE_MAX = 85 };

typedef struct {
  const char *cluster_id;
  const char *driver_name;
} Owner;

typedef enum {
  OWNER_US,      /* our cluster and our driver name */
  OWNER_NOBODY,  /* no owner metadata: a static disk, or one made by the Go peer */
  OWNER_ANOTHER, /* another cluster, or another driver of this one */
} OwnerKind;

/* Puts the compared keys for a volume or snapshot of this CSI name into metadata (string -> string, both owned). */
void owner_mark(const Owner *owner, const char *name, GHashTable *metadata);

/* Puts a value for people, cut to 76 bytes + '~' + 8 hexadecimal digits of its SHA-256 when too long. */
void owner_note(GHashTable *metadata, const char *key, const char *value);

OwnerKind owner_of_disk(const Owner *owner, const EvsDisk *disk);

/* "cluster 'a', driver 'b'" as the disk's metadata say. Newly allocated. */
char *owner_describe(const EvsDisk *disk);

/* Was the disk made by us for exactly this CSI name? */
gboolean owner_made_for(const Owner *owner, const EvsDisk *disk, const char *volume_name);

/* Was the disk created for a volume by us or by the Go peer (and so not brought in by hand)? */
gboolean owner_made_volume(const Owner *owner, const EvsDisk *disk);

/* The same for snapshots. */
OwnerKind owner_of_snapshot(const Owner *owner, const EvsSnapshot *snapshot);
char *owner_describe_snapshot(const EvsSnapshot *snapshot);
gboolean owner_made_snapshot_for(const Owner *owner, const EvsSnapshot *snapshot, const char *snapshot_name);
