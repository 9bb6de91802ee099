/* A CreateSnapshot request, checked and turned into plain values. No I/O: it also runs on the gRPC thread.
 *
 * VolumeSnapshotClass parameters (also those of huaweicloud-csi-driver):
 *   force-create               true (default): also of attached disks; false: EVS refuses those
 *   csi.storage.k8s.io/...     of the sidecars: always accepted; names of the VolumeSnapshot and its content go to the
 *                              snapshot's metadata */
#pragma once

#include "controller/parameters.h"
#include "csi.pb-c.h"

typedef struct {
  char *name, *evs_name;
  char *volume_id; /* as given: may be no UUID */
  gboolean force;
  GHashTable *notes; /* string -> string: the sidecars' names, for people; keys as in the request */
  GPtrArray *zones;  /* of char*, wanted for restoring; empty: any */
} SnapshotRequest;

/* INVALID_ARGUMENT naming the field or parameter and what is accepted. */
SnapshotRequest *snapshot_request_parse(const Csi__V1__CreateSnapshotRequest *message,
                                        UnknownParameters unknown, GError **error);
void snapshot_request_free(SnapshotRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SnapshotRequest, snapshot_request_free)
