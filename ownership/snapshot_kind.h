/* What a snapshot of the project is to this driver (evs-facts: names beginning with autobk_snapshot_, and
 * __system_enableActive in the metadata, mark those of the cloud's backup service).
 *
 * Three kinds: backup snapshots, which users may neither see, delete nor restore here; temporary ones, which a clone
 * takes and removes (clone_snapshot.h); all others, with or without owner. */
#pragma once

#include "evsclient/snapshot.h"

/* Names of temporary snapshots begin with it; CreateSnapshot refuses such names. */
#define CLONE_SNAPSHOT_PREFIX "evscsi-clone-"

gboolean snapshot_is_backup(const EvsSnapshot *snapshot);

/* Of any cluster's clone. */
gboolean snapshot_is_temporary(const EvsSnapshot *snapshot);

/* What CSI calls may see: neither a backup nor temporary. */
gboolean snapshot_is_visible(const EvsSnapshot *snapshot);

/* Only the status `available` says that the data are safe. */
gboolean snapshot_is_ready(const EvsSnapshot *snapshot);

/* Neither failed nor going away: not error, deleting, error_deleting. */
gboolean snapshot_is_live(const EvsSnapshot *snapshot);

/* FAILED_PRECONDITION for the status `error`. Whoever asks for one snapshot waits for it to become ready, and must learn
 * that it never will. */
gboolean snapshot_check_not_failed(const EvsSnapshot *snapshot, GError **error);

/* The error for an operation that the status forbids: ABORTED while it changes by itself, else FAILED_PRECONDITION;
 * names the status. Returns FALSE. operation: "deleted", "restored". */
gboolean snapshot_refuse_status(const EvsSnapshot *snapshot, const char *operation, GError **error);

/* Age first, then id: the order in which several controllers agree on one of several snapshots. */
int snapshot_compare_age(const EvsSnapshot *a, const EvsSnapshot *b);
