/* The project's recycle bin: a deleted disk may lie there for some days, still paid for and still restorable. After a
 * delete the log says so. Best effort: what cannot be found out does not fail the delete.
 * Threads: any. */
#pragma once

#include "evsclient/client.h"

enum { RECYCLE_POLICY_MS = 10 * 60 * 1000 }; /* how long the answer to "is the bin on?" is believed */

typedef struct RecycleBin RecycleBin;

RecycleBin *recycle_bin_new(EvsClient *client);
/* NULL is fine. */
void recycle_bin_free(RecycleBin *bin);

/* Logs where a disk that has just been deleted went, and until when. Costs one call while the bin is on, none while it
 * is off (and one for its policy every RECYCLE_POLICY_MS). */
void recycle_bin_report(RecycleBin *bin, const EvsContext *context, const char *volume_id);
