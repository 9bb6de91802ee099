/* Taking over a disk by its handover, the same for `evsctl transfer accept` and CreateVolume. Idempotent: the disk is
 * looked for in the own project first, so that a call killed at any point is simply repeated.
 *
 * What the cloud answers to a wrong key or to a second acceptance is not documented, so no code alone decides: whether the
 * disk is in the own project does. A disk found there is ours to mark if
 *   it carries the mark of this very transfer (OWNER_KEY_SOURCE) with no owner or with us for this volume: done already, or
 *   it carries no mark of this transfer and no other owner than the sender had: accepted, not marked yet. Whoever accepted
 *   it may be about to do so: he is given TRANSFER_SETTLE_MS.
 * All else is somebody else's: refused, never written over. */
#pragma once

#include "ownership/owner.h"
#include "transfer/eligibility.h"
#include "transfer/handover.h"

enum {
  TRANSFER_LOST_ANSWER_MS = 30000, /* after an acceptance whose answer was lost: until the disk shows up */
  TRANSFER_REFUSED_MS = 10000,     /* after a refusal that an acceptance by a killed call would explain */
  TRANSFER_SETTLE_MS =
    3000, /* a disk that this call did not accept: until it is marked by whoever did, if he lives */
};

/* Problems that can be seen before accepting: expired, other region, zone unknown here, type not offered in that zone,
 * quota of disks or GiB (in total and of the type) too small, where it may be read. A type that is sold out is no problem:
 * the disk exists. Of TransferProblem*; NULL with *error. */
GPtrArray *transfer_check_receiver(EvsClient *client, const EvsContext *context, const Handover *handover,
                                   gint64 now_wall_us, GError **error);

typedef struct {
  const Handover *handover;
  const Owner *owner; /* who marks it; NULL: nobody, and the sender's marks are taken off */
  const char
    *volume_name; /* the CSI name that the mark is made for; "" or NULL: the handover's PV name, else the
                              disk's id */
  const char *disk_name;   /* what EVS shall call it; NULL: the name stays */
  GHashTable *notes;       /* more metadata for people (string -> string), or NULL */
  const EvsContext *after; /* for what follows a sent acceptance; NULL: as all else */
} TransferAccept;

/* "transfer:<id>": the value of OWNER_KEY_SOURCE on a disk that came this way. With it the disk never counts as blank.
 * Newly allocated. */
char *transfer_source_mark(const Handover *handover);

/* Accepts, waits until the disk is `available` in the own project, marks it (OWNER_KEY_SOURCE always). *ret_disk as it is
 * then; may be NULL. Does not call transfer_check_receiver().
 * NOT_FOUND: no such transfer (cancelled, or taken by somebody else); PERMISSION_DENIED: wrong key;
 * FAILED_PRECONDITION: expired, refused by a rule of the cloud, the sender's own project, or taken over by another owner;
 * ALREADY_EXISTS: taken over for another volume; RESOURCE_EXHAUSTED: quota; ABORTED: not finished within the context,
 * call again. */
gboolean transfer_accept(EvsClient *client, const EvsContext *context, const TransferAccept *request,
                         EvsDisk **ret_disk, GError **error);

/* The disk in the own project; *ret_disk NULL: not there (yet), which is no error. */
gboolean transfer_find_disk(EvsClient *client, const EvsContext *context, const Handover *handover,
                            EvsDisk **ret_disk, GError **error);

typedef enum {
  TRANSFER_DISK_OURS,     /* accepted and marked */
  TRANSFER_DISK_UNMARKED, /* accepted, to be marked */
  TRANSFER_DISK_FOREIGN,  /* somebody else's: *error says whose */
} TransferDiskKind;

/* What a disk found in the own project is to this request. No calls. */
TransferDiskKind transfer_judge_found(const TransferAccept *request, const EvsDisk *disk, GError **error);
