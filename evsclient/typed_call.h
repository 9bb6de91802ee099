/* A typed call of any operation: what evs_api_call() is to JSON, this is to records. The public calls of disk.h,
 * snapshot.h, cinder.h ... are one line each over it; evsctl makes its commands of it. */
#pragma once

#include "evsclient/client.h"
#include "evsclient/operations.h"

typedef struct {
  EvsOp op;
  const char *id, *second_id; /* for the names in braces of the path, in order */
  gconstpointer query;        /* record of the operation's query, or NULL */
  gconstpointer request;      /* record of the operation's request */
  const char *client_token;   /* X-Client-Token (UUID), or NULL */
} EvsTypedCall;

/* Checks ids, query and request (INVALID_ARGUMENT or NOT_FOUND, EVS_OUTCOME_UNSENT: nothing was sent), sends, reads.
 * *ret_reply: shape ONE a record, LIST a GPtrArray of records with their free function, NONE NULL; free it with
 * evs_reply_free(). ret_reply may be NULL. The body is canonical: the same request gives the same bytes. */
gboolean evs_typed_call(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                        gpointer *ret_reply, GError **error);
void evs_reply_free(EvsOp op, gpointer reply);
/* Without secrets, for people; an array for a list. A new reference. */
json_t *evs_reply_show(EvsOp op, gconstpointer reply);

/* Checks one id by the name it has in the path: volume_id, snapshot_id, transfer_id, type_id, server_id (UUID), job_id
 * (opaque), version (v1, v2, v3), key (metadata: 1-85 characters; percent-encoded into the path). */
gboolean evs_path_id_check(const char *name, const char *id, GError **error);

/* ---- lists that page by themselves ---- */
typedef struct EvsIterator EvsIterator;
/* The first page is asked for by the first next(). query is copied; its limit is the page size. context must live as long
 * as the iterator. */
EvsIterator *evs_iterator_new(EvsClient *client, const EvsContext *context, const EvsTypedCall *call);
/* The next record, valid until the iterator is freed or asked again; NULL at the end (no error) or with *error. An item
 * that shows up on two pages is given once where the list has ids. One thread at a time. */
gconstpointer evs_iterator_next(EvsIterator *iterator, GError **error);
void evs_iterator_free(EvsIterator *iterator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvsIterator, evs_iterator_free)
