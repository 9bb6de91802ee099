/* Reading what belongs to a key (the snapshots of a disk), many callers with few calls to the cloud.
 *
 * A storm of calls asks about as many keys at once. While one listing runs, the callers that come gather; the next
 * listing serves them all: one by its key, several by reading the list of everything. A caller is only ever served by a
 * listing that began after it had come, so what it reads is as fresh as a listing of its own. Callers that trickle in
 * share too: a storm is held to so many listings a second.
 *
 * Threads: any. The callers are bounded by the threads of the RPC pools. */
#pragma once

#include "evsclient/client.h"

typedef struct SharedLists SharedLists;

/* The list of everything, once too large, is not tried for so long. */
enum { SHARED_LIST_LARGE_MS = 60 * 1000 };

/* What is listed. */
typedef struct {
  const char *what; /* for texts: "snapshots of disk" */
  /* Lists the records of one key, newly allocated; or with key NULL all there are. NULL without error, for key NULL only:
   * there is more than may be relied on, ask key by key. */
  GPtrArray *(*fetch)(void *data, const EvsContext *context, const char *key, GError **error);
  void *data;
  void (*drop)(void *record);
  /* At most `burst` listings at once and one each gap_ms after that. 0: as many as there are callers for. */
  gint64 gap_ms;
  guint burst;
} SharedListKind;

/* The texts of the kind are borrowed. */
SharedLists *shared_lists_new(const SharedListKind *kind);
/* No lookup may be running. NULL is fine. */
void shared_lists_free(SharedLists *lists);

/* Calls visit with a list that holds, besides others, all records of this key; in the caller's thread, the list belongs
 * to the lookups and must not be changed. FALSE with the cloud's error, or ABORTED when the context ends. */
gboolean shared_list_read(SharedLists *lists, const EvsContext *context, const char *key,
                          void (*visit)(GPtrArray *records, void *data), void *data, GError **error);

/* Callers that wait for a listing that has not begun; for tests. */
guint shared_lists_gathered(SharedLists *lists);
