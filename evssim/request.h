/* The inside of a Request: what http_server.c fills in, router.c adds and http_server.c sends. Handlers use sim.h. */
#pragma once

#include "evssim/faults.h"
#include "evssim/sim.h"

enum { REQUEST_SEGMENTS_MAX = 16 };

typedef struct {
  const char *name; /* of the route's pattern, e.g. "volume_id" */
  char *value;
} PathParameter;

struct RequestPrivate {
  char *method, *raw_path, *raw_query, *host; /* owners of the Request's pointers */
  GPtrArray *headers;                         /* name, value, name, value ... as received */
  GHashTable *query;                          /* decoded; parsed at first use */
  PathParameter parameters[REQUEST_SEGMENTS_MAX];
  guint parameter_count;
  json_t *json;
  gboolean json_parsed, loopback;
  FaultAction *faults[FAULT_KINDS]; /* references */
  const char *stuck_disk;           /* id of the disk whose job a fault keeps from ending, or NULL */

  gboolean answered;
  int status; /* 0: drop the connection */
  char *code; /* of an error answer; for the stats */
  GPtrArray *reply_headers;
  json_t *reply_body; /* NULL: none */
  char *reply_plain;  /* instead of reply_body; NULL: none */
  gint64 delay_ms;

  /* Called when the request is over: its answer has left or never will. NULL: nobody waits for that. */
  void (*on_done)(Request *request);
  void *done_argument;
};

/* raw_target: path and query as sent. The body must outlive
 * the handling. */
Request *request_new(Sim *sim, const char *method, const char *raw_target);
void request_free(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)
void request_add_header(Request *request, const char *name, const char *value);
void request_set_parameter(Request *request, const char *name, const char *value);

/* Lets faults of these kinds fire on the request; volume_id: of the disk if request_volume() does not know it, or NULL.
 * The actions are in p->faults then. */
void request_fire_faults(Request *request, guint kinds, const char *volume_id);
/* The fired action of this kind: the reference moves to the caller. NULL if none. */
FaultAction *request_take_fault(Request *request, FaultKind kind);
/* An answer in one of the four shapes of an error body (cloud-facts A8). */
void reply_shaped(Request *request, int status, FaultShape shape, const char *code, const char *message);
/* The connection will be closed without an answer. */
void reply_drop(Request *request);
/* The disk the request is about: {volume_id} of the path, else volumeAttachment.volumeId, snapshot.volume_id,
 * rollback.volume_id or transfer.volume_id of the body; NULL if none. */
const char *request_volume(Request *request);
