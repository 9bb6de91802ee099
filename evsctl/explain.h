/* All that the cloud, and if asked a running controller, know of one disk, gathered for `evsctl explain`. What cannot be
 * found out (for want of a permission, say) becomes a note and does not fail the rest. */
#pragma once

#include "evsclient/job.h"
#include "evsclient/json.h"
#include "evsclient/transfer.h"
#include "evsctl/disk_blocks.h"

typedef struct {
  const char *volume;     /* id, PV name or disk name */
  const Owner *owner;     /* or NULL */
  const char *controller; /* "http://HOST:PORT" of its --http-endpoint, or NULL */
  const char *job_id;     /* a job that somebody has seen, or NULL */
} ExplainOrder;

typedef struct {
  char *volume_id;
  EvsDisk *disk;         /* NULL: it is in the recycle bin */
  char *bin_until;       /* of a disk in the recycle bin: when it is deleted for good */
  gboolean bin_on;       /* deleted disks go there */
  GPtrArray *snapshots;  /* of EvsSnapshot *, its own; NULL: not known */
  GPtrArray *servers;    /* of EvsServer * */
  EvsTransfer *transfer; /* NULL: none */
  EvsJob *job;           /* NULL: not asked for, or unknown */
  json_t *flights;       /* array of the controller's running calls for it; NULL: not asked */
  GPtrArray *blocks;     /* of DiskBlock *; NULL without disk */
  GPtrArray *notes;      /* of char * */
} Explanation;

void explanation_free(Explanation *explanation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Explanation, explanation_free)

/* NULL with NOT_FOUND if there is no such disk, not even in the recycle bin. */
Explanation *explain_gather(EvsClient *client, const EvsContext *context, const ExplainOrder *order,
                            GError **error);

/* As JSON, and as text for people (newly allocated). */
json_t *explanation_show(const Explanation *explanation, const ExplainOrder *order);
char *explanation_text(const Explanation *explanation, const ExplainOrder *order);
