/* May this disk be handed to another account? Every rule of evs-facts 10 that can be read before the call, all
 * violations at once, each with what to do about it. What EVS does not show (backup policies, replication pairs, backups
 * of other services) only the cloud's own refusal tells; docs/transfer.md says so. Calls the cloud: reads only. */
#pragma once

#include "evsclient/disk.h"

typedef struct {
  char *
    rule; /* "status", "billing", "encrypted", "snapshots", "system disk", "storage", "shared", "transfer" ... */
  char *text;   /* "disk '<id>' has 2 snapshots: 'a', 'b'" */
  char *remedy; /* "delete them: evsctl snapshot delete ..." */
} TransferProblem;

void transfer_problem_free(gpointer problem);

/* Of TransferProblem*, empty if the disk may go. NULL with *error only if reading failed (not found included). The
 * disk's own pending transfer of our name form is no problem (create goes on from there). */
GPtrArray *transfer_check_disk(EvsClient *client, const EvsContext *context, const char *volume_id,
                               EvsDisk **ret_disk, GError **error);
