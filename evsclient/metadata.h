/* Metadata of disks (reference 7.5) and of snapshots (7.6): pairs of text. Keys and values have at most 85 characters; a value
 * may be empty. Keys of the cloud's own (`__system__encrypted`, `hw:passthrough` ...) are there too; it refuses to change some of
 * them. Tables are string -> string; a returned one is the caller's (g_hash_table_unref).
 *
 * Whether an update keeps pairs that it does not name is not documented: read again where that matters.
 *
 * All calls block, any thread; the context ends them (see client.h). Ids that are no UUIDs are NOT_FOUND, keys
 * and values that the reference does not accept INVALID_ARGUMENT: neither is sent (EVS_OUTCOME_UNSENT).
 */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* ---- disks. The answers name what the call has set ---- */
/* Adds or overwrites pairs (7.5.1, POST). */
GHashTable *evs_disk_metadata_add(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  GHashTable *pairs, GError **error);
/* One value, newly allocated (7.5.2). NOT_FOUND when there is no such key. */
char *evs_disk_metadata_get(EvsClient *client, const EvsContext *context, const char *volume_id,
                            const char *key, GError **error);
/* Sets one value (7.5.3). */
gboolean evs_disk_metadata_set(EvsClient *client, const EvsContext *context, const char *volume_id,
                               const char *key, const char *value, GError **error);
/* Sets several values (7.5.4, PUT). */
GHashTable *evs_disk_metadata_update(EvsClient *client, const EvsContext *context, const char *volume_id,
                                     GHashTable *pairs, GError **error);
/* All pairs (7.5.5). */
GHashTable *evs_disk_metadata_list(EvsClient *client, const EvsContext *context, const char *volume_id,
                                   GError **error);
/* Takes one pair away (7.5.6). Needs the right to delete the disk. */
gboolean evs_disk_metadata_remove(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const char *key, GError **error);
/* All pairs, by the v3 path (7.5.7). */
GHashTable *evs_disk_metadata_list_v3(EvsClient *client, const EvsContext *context, const char *volume_id,
                                      GError **error);

/* ---- snapshots, likewise ---- */
GHashTable *evs_snapshot_metadata_add(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                      GHashTable *pairs, GError **error); /* 7.6.1 */
GHashTable *evs_snapshot_metadata_list(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                       GError **error); /* 7.6.2 */
gboolean evs_snapshot_metadata_set(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                   const char *key, const char *value, GError **error); /* 7.6.3 */
GHashTable *evs_snapshot_metadata_update(EvsClient *client, const EvsContext *context,
                                         const char *snapshot_id, GHashTable *pairs,
                                         GError **error); /* 7.6.4 */
char *evs_snapshot_metadata_get(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                const char *key, GError **error); /* 7.6.5 */
gboolean evs_snapshot_metadata_remove(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                      const char *key, GError **error); /* 7.6.6 */

#pragma GCC visibility pop
G_END_DECLS
