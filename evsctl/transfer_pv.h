/* What a cluster's PersistentVolumes say of their disks, as a handover carries it on: from `kubectl get persistentvolumes
 * -o json`, a file or stdin. */
#pragma once

#include "evsclient/client.h"

/* Strings are never NULL. */
typedef struct {
  char *name, *volume_id;
  char *fs_type;     /* "" for block volumes, or if the PV names none */
  char *volume_mode; /* "Filesystem" or "Block" */
  char *pvc_name, *pvc_namespace;
  GHashTable *labels; /* string -> string: the PV's, but for those that Kubernetes sets itself */
} PvFacts;

/* Of PvFacts*, PVs with a disk of EVS only. source as for pv_list_load(). INVALID_ARGUMENT if it is no list of PVs. */
GPtrArray *pv_facts_load(const char *source, const EvsContext *context, GError **error);
/* From JSON text: a list or one PV. */
GPtrArray *pv_facts_parse(const char *text, gsize length, GError **error);

/* Borrowed; NULL: none. */
const PvFacts *pv_facts_named(const GPtrArray *facts, const char *pv_name);
const PvFacts *pv_facts_of_disk(const GPtrArray *facts, const char *volume_id);
