/* The static PersistentVolume and the PersistentVolumeClaim that bring a disk that was taken over into a cluster: bound to
 * each other by name, never to another one. */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/json.h"
#include "transfer/handover.h"

typedef struct {
  const char *pv_name, *pvc_name, *pvc_namespace; /* NULL: what the handover says */
  const char *storage_class;                      /* NULL: "" */
  const char *driver_name;
  const char *fs_type; /* NULL: what the handover says; unknown: the node takes what is on the disk */
} TransferManifestOrder;

/* Names as they stand in the manifests. What a handover says and Kubernetes would not take is replaced: the PV is called
 * "evs-<disk id>", the claim as the PV, the namespace "default". Newly allocated. */
char *transfer_manifest_pv_name(const TransferManifestOrder *order, const Handover *handover);
char *transfer_manifest_pvc_name(const TransferManifestOrder *order, const Handover *handover);
char *transfer_manifest_namespace(const TransferManifestOrder *order, const Handover *handover);

/* Appends PV (Retain, claimRef, zone affinity) and PVC to an array. */
void transfer_manifest_add(const TransferManifestOrder *order, const Handover *handover, const EvsDisk *disk,
                           json_t *into);
