/* One generic call: fills the path, authenticates, sends, waits out throttling, sends again where that is safe, and
 * turns every failure into one error. The typed operations are thin layers over it. */
#pragma once

#include "evsclient/json.h"
#include "evsclient/operations.h"
#include "evsclient/session.h"
#include "evsclient/sign.h"

typedef struct {
  const EvsOperation *operation;
  const char *id, *second_id; /* for the path's names in braces; checked by the caller (evs_id_*) */
  const char *query;          /* percent-encoded, or NULL */
  const char *body;           /* JSON, or NULL */
  const char *client_token;   /* X-Client-Token, or NULL */
  const char *subject;        /* for the audit line, where the path names nothing; or NULL */
} EvsCall;

/* The answer's object (an empty one for an empty body). NULL with *error. */
json_t *evs_api_call(EvsClient *client, const EvsContext *context, const EvsCall *call, GError **error);
/* Within a session already borrowed. */
json_t *evs_api_call_in(EvsClient *client, EvsSession *session, const EvsContext *context,
                        const EvsCall *call, GError **error);

/* One authenticated sending of a request whose URL is complete; any status is an answer. */
typedef struct {
  const char *operation; /* label */
  const char *method, *url;
  const char *project;    /* X-Project-Id, or NULL */
  const EvsHeader *extra; /* more headers, ended by name NULL; or NULL */
  const char *body;
  const char *client_token;
  gboolean fresh, read;
} EvsWire;
typedef struct {
  guint64 generation;     /* of the credentials used */
  gboolean clock_changed; /* the answer showed our clock to be off */
} EvsWireResult;
gboolean evs_wire_send(EvsClient *client, EvsSession *session, const EvsContext *context, const EvsWire *wire,
                       EvsHttpResponse *ret_response, EvsWireResult *ret_result, GError **error);

/* host[:port] of a URL as libcurl sends it: without the scheme's own port. Newly allocated. */
char *evs_url_host(const char *url);

/* Ids are checked before they go into a path; kind: "volume". NOT_FOUND with EVS_OUTCOME_UNSENT. */
gboolean evs_id_check_uuid(const char *kind, const char *id, GError **error);
/* Opaque: letters, digits, '-', '_', at most 64. */
gboolean evs_id_check_job(const char *id, GError **error);
gboolean evs_id_is_project(const char *id);
