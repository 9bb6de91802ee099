/* How the transfer commands say what is wrong with disks and files. */
#pragma once

#include "evsclient/json.h"
#include "transfer/eligibility.h"

/* Each on stderr, as errors are shown: text and remedy. Of TransferProblem*. */
void transfer_problems_print(const GPtrArray *problems);
/* An array of {"rule","text","remedy"}. A new reference. */
json_t *transfer_problems_show(const GPtrArray *problems);
/* FALSE with FAILED_PRECONDITION "3 problems with 2 of 5 disks: nothing was created". */
gboolean transfer_problems_refuse(guint problems, guint concerned, guint all, const char *what,
                                  const char *end, GError **error);

/* All that a handover says but the key. A new reference. */
json_t *transfer_handover_show(const Handover *handover);
/* The time as people read it: RFC 3339, UTC. */
void transfer_show_time(json_t *row, const char *key, gint64 wall_us);
