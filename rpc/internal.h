/* What server.c, accept.c, exchange.c and call.c share. Nobody else includes this.
 *
 *   RpcServer    owns the listening server, its completion queue and thread, the pools, the flights.
 *   RpcExchange  one call on the wire, from its acceptance until gRPC has closed it and nobody needs it any more.
 *   RpcCall      one run of a handler. Without a flight it has one exchange; with one, the flight's members are the
 *                exchanges that wait for it, and it may outlive them all.
 *
 * Threads: "cq" marks what only the completion-queue thread touches.
 */
#pragma once

#include "base/clock.h"
#include "base/flight.h"
#include "base/metrics.h"
#include "base/pool.h"
#include "base/thread.h"
#include "rpc/endpoint.h"
#include "rpc/server.h"
#include "rpc/timers.h"

#include <grpc/byte_buffer.h>
#include <grpc/grpc.h>

enum {
  RPC_MAX_MESSAGE_BYTES = 4 * 1024 * 1024,
  RPC_MAX_PATH_BYTES = 255,      /* of a method path; longer ones are unknown methods */
  RPC_MAX_FLIGHT_MEMBERS = 4096, /* waiting in all flights */
  RPC_MAX_STATUS_BYTES = 4096,   /* of a status message */
  RPC_N_IDS = 5,                 /* rpc_id_names */
  RPC_N_CODES = EVS_CODE_UNAUTHENTICATED + 1,
};

/* String fields of a request that every log line of its call shows. */
extern const char *const rpc_id_names[RPC_N_IDS];

/* What became of a completion-queue operation is told to its tag. */
typedef struct RpcTag RpcTag;
struct RpcTag {
  void (*done)(RpcTag *tag, gboolean success);
};

/* Series of one method, atomic, each NULL until first used: quick methods look nothing up. */
typedef struct {
  MetricSeries *answered[RPC_N_CODES];
  MetricSeries *durations;
} RpcEntrySeries;

/* One served method. Constant after rpc_server_start(). */
typedef struct {
  RpcServer *server;
  const RpcMethod *method; /* the caller's table */
  char *name;              /* "/csi.v1.Controller/CreateVolume" */
  const ProtobufCMessageDescriptor *input, *output;
  const ProtobufCFieldDescriptor *ids[RPC_N_IDS]; /* NULL: the request has no such field */
  void *data;
  RpcEntrySeries *series;
} RpcEntry;

/* Where core puts the next call of a method, or of any. */
typedef struct RpcSlot RpcSlot;

typedef struct {
  RpcTag closed_tag, received_tag, sent_tag;
  GList link;     /* in server->exchanges */
  int references; /* atomic: one per pending operation, for the flight membership, for the call */
  int concluded;  /* atomic flag: who sets it answers or abandons, logs and counts; exactly once */
  RpcServer *server;
  const RpcEntry *entry; /* NULL: unknown method */
  grpc_call *wire;
  gint64 started_us, due_us; /* due_us: when the answer must leave; CLOCK_NEVER */
  gint64 deadline_us;
  RpcTimer *timer; /* cq */
  gboolean
    watched; /* its close has a tag of its own; else it comes with sent_tag. Constant after acceptance */
  gboolean closed;            /* cq */
  grpc_byte_buffer *received; /* cq */
  grpc_byte_buffer *sending;  /* from the answer until sent_tag */
  int cancelled;              /* written by gRPC before closed_tag or sent_tag */
  char *key; /* of its flight; NULL: none. cq; set with the server's lock held, for other threads' sake */
  char *ids[RPC_N_IDS]; /* as entry->ids. Constant after parsing */
  char *request_text;   /* redacted, at debug level only */
  char *path;           /* of an unknown method */
} RpcExchange;

struct RpcCall {
  GList link; /* in server->calls */
  RpcServer *server;
  const RpcEntry *entry;
  ProtobufCMessage *request;
  Flight *flight;        /* NULL: exchange answers */
  RpcExchange *exchange; /* without a flight: a reference. With one: NULL */
  gint64 deadline_us;
  char *operation; /* for texts: "CreateVolume pvc-1"; NULL for a quick method */
  gint64 started_us;
};

/* The packed result of a flight, shared by its members. */
typedef struct {
  grpc_slice reply;
  guint joined;
} RpcOutcome;

typedef struct {
  MetricFamily *answered, *durations, *joined;
  MetricSeries *in_flight;
} RpcMetrics;

struct RpcServer {
  RpcServerOptions options;
  RpcMetrics metrics;
  char *endpoint_text;
  RpcEndpoint endpoint;
  int lock_fd;
  GHashTable *methods; /* path -> RpcEntry */
  FlightTable *flights;
  WorkPool *pools[RPC_N_CLASSES];
  grpc_completion_queue *queue;
  grpc_server *wire;
  Thread thread;
  gboolean started;

  RpcTag stopped_tag;
  GPtrArray *slots;  /* cq: of RpcSlot; from the wire's creation to its end */
  RpcTimers timers;  /* cq */
  guint peak;        /* cq: most exchanges at a time since the last trim */
  gint64 trim_us;    /* cq: when to look whether a burst is over; CLOCK_NEVER: there was none */
  gboolean busy;     /* cq: calls ended since the last look */
  gint64 wake_us;    /* cq: what wake was made of */
  gpr_timespec wake; /* cq: when the thread wakes without an event */

  int draining; /* atomic flag: new calls are refused */
  int stopping; /* atomic flag: the grace period is over */

  Mutex lock;         /* guards all below */
  Cond changed;       /* exchanges or calls went down, or the listener stopped */
  GQueue exchanges;   /* of RpcExchange: those alive */
  GQueue calls;       /* of RpcCall: handlers running or queued; not quick ones */
  gboolean accepting; /* core has not reported the end of its shutdown yet; written by cq */
  gint64 answered_us; /* when the last exchange ended */
};

/* ---- accept.c ---- */

/* Before the wire starts: makes the slots. */
void rpc_accept_prepare(RpcServer *server);
/* After it has started: arms them. FALSE if core takes no calls. */
gboolean rpc_accept_begin(RpcServer *server);
/* Behind the queue's last event. */
void rpc_accept_end(RpcServer *server);

/* ---- exchange.c: cq unless said otherwise ---- */

/* Takes the call. One reference, the caller's. entry: NULL for an unknown method. */
RpcExchange *rpc_exchange_new(RpcServer *server, const RpcEntry *entry, grpc_call *wire,
                              gpr_timespec deadline);
/* Has core tell when the call is closed. Without it the call must be answered before cq does anything else. */
void rpc_exchange_watch(RpcExchange *exchange);
/* Has core read the request, then handles it. */
void rpc_exchange_receive(RpcExchange *exchange);
/* Handles the request that has been received. */
void rpc_exchange_handle(RpcExchange *exchange);
/* Answers those calls that are due. */
void rpc_exchange_run_due(RpcServer *server);

/* Any thread. Sends the reply (the caller keeps its reference) or the error, whichever is not NULL, unless the
 * exchange is concluded already: FALSE then. joined: members of the flight, 0 without one. */
gboolean rpc_exchange_answer(RpcExchange *exchange, const grpc_slice *reply, const GError *error,
                             guint joined);
/* Any thread. Leaves the flight, if it is in one, and answers with the error. */
void rpc_exchange_evict(RpcExchange *exchange, const GError *error);
gboolean rpc_exchange_concluded(RpcExchange *exchange);
void rpc_exchange_ref(RpcExchange *exchange);
/* With the server's lock held, for a member of server->exchanges. FALSE when it is being freed. */
gboolean rpc_exchange_try_ref(RpcExchange *exchange);
void rpc_exchange_unref(RpcExchange *exchange);

/* ---- call.c ---- */

/* cq. Takes over the request; the exchange is answered in the end, here or by another thread. */
void rpc_call_dispatch(RpcExchange *exchange, ProtobufCMessage *request);
/* FlightAnswer of the server's flights; member is an RpcExchange with a reference for it. */
void rpc_call_answer_member(void *member, gconstpointer result, const GError *error);

/* ---- log_call.c ---- */

/* The status text for an error: one line, valid UTF-8, at most RPC_MAX_STATUS_BYTES. Newly allocated. */
char *rpc_status_text(const GError *error);
void rpc_log_declare_metrics(RpcMetrics *metrics);
void rpc_log_begin(const RpcExchange *exchange);
/* The call shares the run of an equal one. */
void rpc_log_join(const RpcExchange *exchange);
/* Logs and counts the end of a call. text: NULL when code is OK. Any thread. */
void rpc_log_end(const RpcExchange *exchange, EvsCode code, const char *text, guint joined);

/* ---- pending_metrics.c ---- */

/* From the start of the server until it is freed. */
void rpc_pending_metrics_begin(RpcServer *server);
void rpc_pending_metrics_end(RpcServer *server);
