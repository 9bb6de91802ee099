/* May this disk be handed to another account? Every rule of evs-facts 10 that can be read before the call, all
 * violations at once, each with what to do about it. What EVS does not show (backup policies, replication pairs, backups
 * of other services) only the cloud's own refusal tells; docs/transfer.md says so. Calls the cloud: reads only. */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/snapshot.h"
#include "evsclient/transfer.h"
#include "transfer/handover.h"

typedef struct {
  const char
    *rule;    /* "status", "billing", "frozen", "encrypted", "snapshots", "backups", "system disk", "storage",
                       "transfer"; of the receiver "region", "expiry", "zone", "type", "quota". Static */
  char *text; /* "disk '<id>' has 2 snapshots: 'a', 'b'" */
  const char *remedy; /* Static */
} TransferProblem;

void transfer_problem_free(gpointer problem);
/* For the files of this layer: text is a printf format. */
void transfer_problem_add(GPtrArray *problems, const char *rule, const char *remedy, const char *format, ...)
  G_GNUC_PRINTF(4, 5);

/* Of TransferProblem*, empty if the disk may go. NULL with *error only if reading failed (not found included). The
 * disk's own pending transfer of our name form is no problem (create goes on from there). ret_disk may be NULL. */
GPtrArray *transfer_check_disk(EvsClient *client, const EvsContext *context, const char *volume_id,
                               EvsDisk **ret_disk, GError **error);

/* The same from what was read already: pending are the project's transfers (EvsTransfer*, may be NULL unless the disk is
 * awaiting-transfer), snapshots those of the disk. No calls. */
GPtrArray *transfer_judge_disk(const EvsDisk *disk, const GPtrArray *snapshots, const GPtrArray *pending);

/* The pending transfer of this disk, borrowed; NULL: none. */
const EvsTransfer *transfer_find_pending(const GPtrArray *pending, const char *volume_id);

/* What a handover says of the disk itself, the sender's project and marks included; not the transfer, times, region, file
 * system, volume mode, labels and recipient. */
void transfer_describe_disk(const EvsDisk *disk, Handover *into);
