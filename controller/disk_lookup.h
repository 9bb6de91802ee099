/* Looking disks up by name, many callers with few calls to the cloud.
 *
 * A storm of CreateVolume calls looks for as many names at once. While one listing runs, the callers that come gather;
 * the next listing serves them all: by name when they are few, by reading the whole list (1,000 disks per call) when
 * that costs fewer calls. A caller is only ever served by a listing that began after it had come, so what it reads is
 * as fresh as a listing of its own.
 *
 * Threads: any. The callers are bounded by the threads of the RPC pools. */
#pragma once

#include "evsclient/disk.h"

typedef struct DiskLookups DiskLookups;

enum { DISKS_PER_PAGE = 1000 };

/* Lists disks of one name, or with name NULL all; of EvsDisk*. evs_disk_list() for the plugin, a fake for tests. */
typedef GPtrArray *(*DiskLookupFetch)(void *data, const EvsContext *context, const char *name,
                                      GError **error);

DiskLookups *disk_lookups_new(DiskLookupFetch fetch, void *data);
/* No lookup may be running. NULL is fine. */
void disk_lookups_free(DiskLookups *lookups);

/* Calls visit with a list that holds, besides others, all disks of this EVS name; in the caller's thread, the list
 * belongs to the lookups and must not be changed. FALSE with the cloud's error, or ABORTED when the context ends. */
gboolean disk_lookup(DiskLookups *lookups, const EvsContext *context, const char *name,
                     void (*visit)(GPtrArray *disks, void *data), void *data, GError **error);

/* Callers that wait for a listing that has not begun; for tests. */
guint disk_lookups_gathered(DiskLookups *lookups);
