/* What the cluster says it uses: PersistentVolumes and VolumeSnapshotContents as `kubectl get
 * persistentvolumes,volumesnapshotcontents -o json` lists them, from a file, from stdin or by asking kubectl.
 *
 * Every PV counts that names a disk, whatever its driver: a PV of another driver (or of the in-tree plugin) may be about to
 * be moved over. Handles are compared without regard to case. */
#pragma once

#include "evsclient/client.h"

typedef struct {
  GHashTable *volumes;   /* volume handle -> name of its PV */
  GHashTable *snapshots; /* snapshot handle -> name of its content */
  /* SHA-256 of the CSI names of snapshots whose contents have no handle yet: they are being taken. */
  GHashTable *pending_snapshots;
  guint pv_count, content_count;
} PvList;

void pv_list_free(PvList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvList, pv_list_free)

/* From the JSON text. INVALID_ARGUMENT if it is no list, or has an item that is no object of these kinds: a list that is
 * half understood would make used disks look unused. */
PvList *pv_list_parse(const char *text, gsize length, GError **error);

/* source: "-" (stdin), "kubectl", or a file. context: for kubectl. */
PvList *pv_list_load(const char *source, const EvsContext *context, GError **error);

/* The text alone. resources: what kubectl is asked for. */
gboolean pv_list_read(const char *source, const char *resources, const EvsContext *context, char **ret_text,
                      GError **error);

/* Name of the PV (the content) with this handle, or NULL. */
const char *pv_list_volume(const PvList *list, const char *volume_id);
const char *pv_list_snapshot(const PvList *list, const char *snapshot_id);
/* The handle of the PV of this name (lower case), or NULL. */
const char *pv_list_handle(const PvList *list, const char *pv_name);
