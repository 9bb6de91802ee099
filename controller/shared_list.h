/* Looking something up by a key (a name, a disk), many callers with few calls to the cloud.
 *
 * A storm of calls looks for as many keys at once. While one listing runs, the callers that come gather; the next
 * listing serves them all: key by key when they are few, by reading the whole list when that costs fewer calls. A caller
 * is only ever served by a listing that began after it had come, so what it reads is as fresh as a listing of its own.
 * A kind may hold a storm to so many listings a second: then callers that trickle in share them too.
 *
 * Threads: any. The callers are bounded by the threads of the RPC pools. */
#pragma once

#include "evsclient/client.h"

typedef struct SharedLists SharedLists;

enum {
  SHARED_LIST_PAGE = 1000,          /* records in one call's answer */
  SHARED_LIST_LARGE_MS = 60 * 1000, /* the whole list, once too large, is not tried for so long */
};

/* What is listed. */
typedef struct {
  const char *what; /* for texts: "a disk named" */
  /* Lists the records of one key, newly allocated; or with key NULL all there are. NULL without error, for key NULL only:
   * there are more than the caller may rely on, ask key by key. */
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
