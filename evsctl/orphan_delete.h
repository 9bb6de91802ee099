/* Deletes orphans that may go. Each is looked at again right before: what somebody has begun to use meanwhile stays. */
#pragma once

#include "evsctl/orphan_find.h"

/* What became of one; in the order of what was asked for. */
typedef enum {
  ORPHAN_KEPT,         /* text: why */
  ORPHAN_DELETED,      /* it is gone */
  ORPHAN_FAILED_TO_GO, /* text: the error */
  ORPHAN_GOING,        /* the cloud took the delete, and its end was not awaited */
} OrphanEnd;

typedef struct {
  OrphanEnd end;
  char *text; /* or NULL */
} OrphanResult;

/* search: read anew just now. results: of OrphanResult *, newly allocated, one for each of orphans. Sends all deletes, then
 * waits for the ends as long as the context lasts. */
GPtrArray *orphan_delete_all(EvsClient *client, const EvsContext *context, const OrphanSearch *search,
                             const GPtrArray *orphans);
