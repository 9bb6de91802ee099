/* Where a transfer stands, as far as the account that asks can tell.
 *
 *             | sender: from the file and the cloud             | receiver: from the file and the own project
 *   pending   | the cloud lists it, its time is not over        | the disk is not here, its time is not over
 *   expired   | its time is over, and the disk is here          | its time is over, and the disk is not here
 *   accepted  | not listed, and the disk is not here any more   | the disk is here
 *   cancelled | not listed, and the disk is here                | cannot be told from pending
 *   foreign   | listed, with a name that is not of evsctl    | - */
#pragma once

#include "evsclient/transfer.h"
#include "evsctl/session.h"
#include "transfer/handover.h"

typedef enum {
  TRANSFER_PENDING,
  TRANSFER_EXPIRED,
  TRANSFER_ACCEPTED,
  TRANSFER_CANCELLED,
  TRANSFER_FOREIGN,
} TransferState;

/* "pending". Static. */
const char *transfer_state_name(TransferState state);

/* What all judgements of a command are made from. */
typedef struct {
  EvsClient *client; /* the session's */
  const EvsContext *context;
  char *project_id;
  GPtrArray *transfers; /* of EvsTransfer*: all of the project */
  gint64 now_wall_us;
} TransferWorld;

gboolean transfer_world_read(Session *session, TransferWorld *world, GError **error);
void transfer_world_clear(TransferWorld *world);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TransferWorld, transfer_world_clear)

/* By the id of the transfer or of its disk; borrowed, NULL: none. */
const EvsTransfer *transfer_world_find(const TransferWorld *world, const char *id);

/* Of one that the cloud lists. *ret_expires_wall_us: 0 for a foreign one. */
TransferState transfer_state_of_listed(const TransferWorld *world, const EvsTransfer *transfer,
                                       gint64 *ret_expires_wall_us);
/* Of a handover. *ret_note: more, for people; static, or NULL. One call of the cloud. */
gboolean transfer_state_of_handover(const TransferWorld *world, const Handover *handover,
                                    TransferState *ret_state, const char **ret_note, GError **error);
