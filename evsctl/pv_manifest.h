/* The static PersistentVolume that brings a disk into a cluster. */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/json.h"

/* What the zone of a PV's node affinity is called, as the plugins announce it. */
#define PV_TOPOLOGY_KEY "topology.evs.csi.huaweicloud.com/zone"

/* File systems that the node knows, NULL-terminated. */
extern const char *const pv_manifest_file_systems[];

typedef struct {
  const char *name; /* of the PV; NULL: what the disk's metadata say, else "evs-<disk id>" */
  const char *driver_name;
  const char *fs_type;       /* NULL: ext4; "": none is named, the node takes what is on the disk */
  const char *storage_class; /* NULL: "" */
  gboolean block;            /* volumeMode Block; a shared disk always is */
  gboolean reclaim_delete;   /* else Retain */
  gboolean format_if_empty;  /* the driver may make a file system on an empty disk */
} PvManifestOrder;

/* TRUE if it can be the name of a PV: at most 253 of [a-z0-9.-], beginning and ending with a letter or digit. */
gboolean pv_manifest_name_is_valid(const char *name);

gboolean pv_manifest_namespace_is_valid(const char *name);

/* A new reference. */
json_t *pv_manifest_make(const EvsDisk *disk, const PvManifestOrder *order);

/* Binds a PV and its claim to each other: the PV gets the claimRef, the claim is returned (a new reference). */
json_t *pv_manifest_bind(json_t *pv, const char *claim_namespace, const char *claim_name);
