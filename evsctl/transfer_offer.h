/* Offering one disk to another account, for `evsctl transfer create`: the transfer in the cloud and the handover file of it
 * belong together, whatever a call before this one has left.
 *
 *   nothing                                          -> a new transfer, then its file
 *   our transfer, and the file has its key           -> nothing to do
 *   our transfer, its key in no file (killed before  -> deleted, the disk awaited, a new one
 *   the rename, lost answer), or its time is over
 *   somebody else's transfer                         -> refused by transfer_check_disk()
 *
 * The main thread alone; the directory is locked. */
#pragma once

#include "evsctl/transfer_pv.h"
#include "transfer/eligibility.h"

enum {
  OFFER_TRIES_MAX = 3,         /* transfers made and given up because their answer was lost */
  OFFER_LOST_ANSWER_MS = 5000, /* after that: until the cloud shows whether it took the call */
  OFFER_MIN_SECONDS = 1,
};

/* The same for all disks of a command. */
typedef struct {
  const char *directory, *passphrase; /* passphrase NULL: not encrypted */
  const char *region, *project_id, *to;
  const char *fs_type; /* what is said by hand; NULL: what the PV says */
  gboolean block;
  gint64 lifetime_s;
} OfferTerms;

typedef struct {
  EvsDisk *disk;
  const PvFacts *facts; /* borrowed; NULL: no PV is known */
  char *path;           /* of the handover file */
  Handover *handover;   /* once it is offered */
  gboolean was_there;   /* by an earlier call */
  gboolean renewed;     /* a transfer of an earlier call was called off: a file with its key is worthless */
} Offer;

void offer_clear(Offer *offer);

/* Adds a problem if a file stands in the way that is no handover of this disk, or that the passphrase does not open. */
void offer_check_file(const OfferTerms *terms, const Offer *offer, GPtrArray *problems);

/* TRUE if disk, transfer and file fit each other already. pending: of EvsTransfer*. */
gboolean offer_is_complete(const OfferTerms *terms, const Offer *offer, const GPtrArray *pending);

/* Fills handover. When this fails there is no transfer of the disk with a key that nobody has, unless the error says so. */
gboolean offer_make(EvsClient *client, const EvsContext *context, const OfferTerms *terms, Offer *offer,
                    GError **error);

/* Calls a transfer off and waits until the disk is available. TRUE also if there is no such transfer any more but the
 * disk is here. FAILED_PRECONDITION if it was accepted. */
gboolean offer_withdraw(EvsClient *client, const EvsContext *context, const char *transfer_id,
                        const char *volume_id, GError **error);
