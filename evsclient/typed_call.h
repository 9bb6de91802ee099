/* A typed call of any operation: what evs_api_call() is to JSON, this is to records. The public calls of disk.h,
 * snapshot.h, cinder.h ... are one line each over it; evsctl makes its commands of it. */
#pragma once

#include "evsclient/iterator.h"
#include "evsclient/operations.h"

enum { EVS_MAX_PAGE = 1000 };

typedef struct {
  EvsOp op;
  const char *id, *second_id; /* for the names in braces of the path, in order */
  gconstpointer query;        /* record of the operation's query, or NULL */
  gconstpointer request;      /* record of the operation's request */
  const char *client_token;   /* X-Client-Token (UUID), or NULL */
} EvsTypedCall;

/* Checks ids, query and request (INVALID_ARGUMENT or NOT_FOUND, EVS_OUTCOME_UNSENT: nothing was sent), sends, reads.
 * A query or request that is NULL counts as one with nothing in it.
 * *ret_reply: shape ONE a record (with absent values if the cloud gave none and none is due; a due one without its key
 * is INTERNAL, EVS_OUTCOME_UNKNOWN for mutations), LIST a GPtrArray of records without free function, NONE NULL; free
 * it with evs_reply_free(). ret_reply may be NULL. The body is canonical: the same request gives the same bytes. */
gboolean evs_typed_call(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                        gpointer *ret_reply, GError **error);
void evs_reply_free(EvsOp op, gpointer reply);
/* For public calls that return a list: as evs_typed_call, of a LIST operation; the array frees its items by item_free. */
GPtrArray *evs_typed_list(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                          GDestroyNotify item_free, GError **error);
/* As evs_typed_call, of a ONE operation; NULL with *error. The caller's own: its type's function frees it. */
gpointer evs_typed_get(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                       GError **error);
/* The job of what was accepted, newly allocated; an order instead of it is FAILED_PRECONDITION naming it, neither of
 * them INTERNAL, both with EVS_OUTCOME_UNKNOWN. */
gboolean evs_accepted_take_job(EvsOp op, const EvsAccepted *accepted, char **ret_job_id, GError **error);
/* The two halves of evs_typed_call: the whole answer (a new reference), and what is read of it. */
json_t *evs_typed_answer(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                         GError **error);
gboolean evs_reply_read(EvsOp op, const json_t *answer, gpointer *ret_reply, GError **error);
/* Without secrets, for people; an array for a list. A new reference. */
json_t *evs_reply_show(EvsOp op, gconstpointer reply);

/* Checks one id by the name it has in the path: volume_id, snapshot_id, transfer_id, type_id, server_id (UUID), job_id
 * (opaque), version (v1, v2, v3): NOT_FOUND; key (metadata: 1-85 characters, no control characters, not "." nor "..";
 * percent-encoded into the path): INVALID_ARGUMENT. */
gboolean evs_path_id_check(const char *name, const char *id, GError **error);

/* The iterators of public calls. query and request are copied; the limit in them is the page size (none: the largest),
 * offset and marker where the first page begins. An operation that does not page gives its one answer's items. */
EvsIterator *evs_iterator_new(EvsClient *client, const EvsContext *context, const EvsTypedCall *call);
