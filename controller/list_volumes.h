/* ListVolumes: every data disk of the project with the servers it is attached to (or only this cluster's, with
 * --list-owned-only).
 *
 * external-attacher compares the answer with every VolumeAttachment each minute and re-attaches what it misses, so
 * nothing may be missing: the cloud's pages are read to their end. Entries are in the order of (created_at, id), oldest
 * first, and the token names the last one given: it stays good when that disk is deleted, and disks created between
 * two pages show up on a later one. Each page of the answer costs a whole listing.
 *
 * The handler itself is declared in controller.h. */
#pragma once

#include "controller/controller.h"

/* Entries of one answer when the caller sets no max_entries: about 2 MB; gRPC clients read 4 MiB by default. */
enum { LIST_ENTRIES_MAX = 10000 };

/* Position behind an entry, a disk or a snapshot: "<created_at>/<id>". */
char *list_token_new(const char *created_at, const char *id);

/* ABORTED for a text that is no token; "" is the start. *ret_created_at (newly allocated) and *ret_id (within it) are
 * NULL for the start. */
gboolean list_token_parse(const char *token, char **ret_created_at, const char **ret_id, GError **error);

/* Keeps the disks that ListVolumes shows: no system disks, with owned_only none but the owner's; sorts them, and drops
 * those at or before the position (created_at NULL: none). disks of EvsDisk*, owned by the array. */
void list_select(GPtrArray *disks, const Owner *owner, gboolean owned_only, const char *created_at,
                 const char *id);

/* One page for ListVolumes and ControllerListVolumeHealth: the disks from starting_token on, of which the first
 * *ret_count are the answer's; more than these means a next token, list_token_new() of the last one. NULL with
 * INVALID_ARGUMENT, ABORTED (token) or the cloud's error. */
GPtrArray *list_page(RpcCall *call, const Controller *controller, gint32 max_entries,
                     const char *starting_token, guint *ret_count, GError **error);
