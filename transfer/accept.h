/* Taking over a disk by its handover, the same for `evsctl transfer accept` and CreateVolume. Idempotent: the disk is
 * looked for in the own project first, so that a call killed at any point is simply repeated. */
#pragma once

#include "ownership/owner.h"
#include "transfer/eligibility.h"
#include "transfer/handover.h"

/* Problems that can be seen before accepting: expired, other region, zone unknown here, type not offered or sold out in
 * that zone, quota of volumes or gigabytes (in total and of the type) too small. Of TransferProblem*; NULL with *error. */
GPtrArray *transfer_check_receiver(EvsClient *client, const EvsContext *context, const Handover *handover,
                                   gint64 now_wall_us, GError **error);

typedef struct {
  const Handover *handover;
  const Owner *owner;      /* who marks it; NULL: marks nothing */
  const char *volume_name; /* the CSI name that the mark is made for; "" or NULL: the handover's PV name */
  GHashTable *notes;       /* more metadata for people (string -> string), or NULL */
} TransferAccept;

/* Accepts, waits until the disk is `available` in the own project, marks it. *ret_disk as it is then.
 * NOT_FOUND: no such transfer (cancelled, or taken by somebody else); PERMISSION_DENIED: wrong key;
 * FAILED_PRECONDITION: expired; ABORTED: not finished within the context, call again. */
gboolean transfer_accept(EvsClient *client, const EvsContext *context, const TransferAccept *request,
                         EvsDisk **ret_disk, GError **error);
