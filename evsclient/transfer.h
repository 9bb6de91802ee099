/* Handing a disk over to another account or project (reference 7.4). The owner creates a transfer and gives its id and
 * auth_key to the new owner, who accepts it with the credentials of the new project; the disk is `awaiting-transfer` until
 * then or until the owner deletes the transfer. Not transferable: disks that are not `available`, are paid by the year or
 * month, frozen, encrypted, shared with dedicated storage, or have backups, snapshots or a backup policy.
 *
 * Whoever has id and auth_key gets the disk: the key is a secret. The cloud tells it once, in the answer of the creation.
 *
 * All calls block, any thread; the context ends them (see client.h). Ids that are no UUIDs are NOT_FOUND, requests
 * that the reference does not accept INVALID_ARGUMENT: neither is sent (EVS_OUTCOME_UNSENT). What they return is newly
 * allocated.
 */
#pragma once

#include "evsclient/client.h"
#include "evsclient/iterator.h"
#include "evsclient/link.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Strings are never NULL. */
typedef struct {
  char *id, *name, *volume_id;
  char *auth_key;         /* secret; only after creation, else "". Overwritten when freed */
  char *created_at;       /* as the cloud wrote it; "" in short lists and after accepting */
  gint64 created_wall_us; /* the same on the wall clock, UTC; 0: unreadable */
  GPtrArray *links;       /* of EvsLink* */
} EvsTransfer;

void evs_transfer_free(EvsTransfer *transfer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsTransfer, evs_transfer_free)

typedef struct {
  const char *volume_id; /* required */
  const char *name;      /* required, 1 to 64 characters */
} EvsTransferCreate;

/* 7.4.1. Never repeated when it may have been taken (EVS_OUTCOME_UNKNOWN): then find it by evs_transfer_list() and delete
 * it, for its key is lost. */
EvsTransfer *evs_transfer_create(EvsClient *client, const EvsContext *context,
                                 const EvsTransferCreate *request, GError **error);
/* 7.4.2, by the new owner. Never repeated when it may have been taken: look whether the disk is in the project. */
EvsTransfer *evs_transfer_accept(EvsClient *client, const EvsContext *context, const char *transfer_id,
                                 const char *auth_key, GError **error);
/* 7.4.3: while it is not accepted. The disk becomes `available` again. */
gboolean evs_transfer_delete(EvsClient *client, const EvsContext *context, const char *transfer_id,
                             GError **error);
/* 7.4.4. NOT_FOUND when there is none or it was accepted. */
EvsTransfer *evs_transfer_get(EvsClient *client, const EvsContext *context, const char *transfer_id,
                              GError **error);

typedef struct {
  gint64 limit;  /* of one page: 1 to 1000; 0: 1000 */
  gint64 offset; /* so many are left out */
} EvsTransferFilter;

/* The transfers that the project has created (7.4.6): EvsTransfer. filter may be NULL. */
EvsIterator *evs_transfer_iterate(EvsClient *client, const EvsContext *context,
                                  const EvsTransferFilter *filter);
/* The same without created_at (7.4.5). */
EvsIterator *evs_transfer_iterate_short(EvsClient *client, const EvsContext *context,
                                        const EvsTransferFilter *filter);
/* All of them at once, of EvsTransfer* (7.4.6). */
GPtrArray *evs_transfer_list(EvsClient *client, const EvsContext *context, const EvsTransferFilter *filter,
                             GError **error);

#pragma GCC visibility pop
G_END_DECLS
