/* gRPC server for protobuf-c services on a unix socket, on gRPC C core.
 *
 * One completion-queue thread takes the calls. A *quick* method is answered on it; every other goes to the pool of
 * its class. A method with a key runs as a single flight (base/flight.h): equal requests share one run and its
 * result, a different one for the same key is ABORTED.
 *
 * Each call is answered before its client's deadline minus max(200 ms, min(1 s, 10 %)), though not before half of its
 * time has passed: a flight that still runs then answers ABORTED with flight_describe()'s text and goes on; a method
 * without a key answers DEADLINE_EXCEEDED. A call without a deadline waits as long as it takes.
 *
 * What the server answers by itself: UNIMPLEMENTED (unknown method, compressed message), INVALID_ARGUMENT (no valid
 * message; a string with a NUL byte or invalid UTF-8, naming the field), RESOURCE_EXHAUSTED (message or unpack memory
 * above the ceiling), UNAVAILABLE (the class's threads and queue are full), ABORTED (the server stops).
 *
 * At the boundary: one log line per call (method, ids, code, duration; requests only redacted and at debug level; quick
 * methods that succeed at debug level only), metrics, redaction by the csi_secret table.
 *
 * Ceilings: message 4 MiB, unpack memory 16 MiB per request, streams per connection, threads and queue per class,
 * members of flights 4096, status text 4 KiB.
 */
#pragma once

#include "base/error.h"

#include <protobuf-c/protobuf-c.h>

typedef struct RpcServer RpcServer;
typedef struct RpcCall RpcCall;

/* Pools: so that a storm of one class cannot starve another. */
typedef enum {
  RPC_CLASS_OTHER,
  RPC_CLASS_CREATE,
  RPC_CLASS_DELETE,
  RPC_CLASS_ATTACH,
  RPC_CLASS_DETACH,
  RPC_CLASS_SNAPSHOT,
  RPC_N_CLASSES
} RpcClass;

/* Handles one call, blocking as it likes (never when quick). request is the method's input message and lives as long
 * as the call. Returns the output message, allocated with malloc throughout (g_new, g_strdup are malloc) and freed by
 * the server with protobuf_c_message_free_unpacked(); or NULL with error set. */
typedef ProtobufCMessage *(*RpcHandler)(RpcCall *call, const void *request, void *data, GError **error);

/* Checks the request (no I/O: it runs on the completion-queue thread) and returns the newly allocated key of its
 * flight; or NULL with error set, which is the answer. */
typedef char *(*RpcKeyFunc)(const void *request, void *data, GError **error);

typedef struct {
  const char *name; /* as in the service descriptor: "CreateVolume" */
  RpcHandler handle;
  RpcKeyFunc key; /* NULL: no single flight */
  RpcClass class;
  gboolean quick;
  gint64 budget_ms; /* flights: how long one may run; 0 = 15 min */
} RpcMethod;

typedef struct {
  const char *endpoint; /* "unix:///abs/path", "unix:path" or a plain absolute path; <= 107 bytes of path */
  guint max_concurrent_streams; /* per connection */
  guint class_threads;          /* per pool */
  guint class_queue;            /* per pool */
  gint64 grace_ms;              /* for running calls after rpc_server_drain() began */
  gint64 deaf_ms;               /* for handlers that do not heed rpc_call_stopping(); 0: RPC_DEAF_MS */
} RpcServerOptions;

enum {
  RPC_DEAF_MS = 10 * 1000, /* with the grace period well below the 30 s that kubelet gives a pod to end */
};

/* Binds nothing yet. */
RpcServer *rpc_server_new(const RpcServerOptions *options);

/* Serves these methods of the service; methods of the descriptor that are not in the table answer UNIMPLEMENTED.
 * A name that the descriptor does not have aborts. Before rpc_server_start() only. */
void rpc_server_add_service(RpcServer *server, const ProtobufCServiceDescriptor *service,
                            const RpcMethod *methods, gsize n_methods, void *data);

/* Takes the lock file (<path>.lock), replaces a stale socket, listens with mode 0600, starts the thread. The process's
 * umask is another one for a moment. FAILED_PRECONDITION when another live instance holds the lock or serves the
 * path; INVALID_ARGUMENT for a bad endpoint or something else at its path; INTERNAL when it cannot be bound. */
gboolean rpc_server_start(RpcServer *server, GError **error);

/* New calls get UNAVAILABLE; running ones get the grace period, then their clients get ABORTED and rpc_call_stopping()
 * is TRUE. TRUE once every handler has returned; at once when the server has not started or is drained.
 *
 * FALSE when some have not within deaf_ms more, for they hang in the kernel or in a call without an end: each is logged
 * with its name. Then the server still belongs to them and cannot be freed; the process can only exit as if it crashed,
 * which loses nothing. Or one drains again. */
gboolean rpc_server_drain(RpcServer *server);

/* After a successful drain (or a failed start). */
void rpc_server_free(RpcServer *server);

/* JSON of the running flights, for /debug/pending. Newly allocated. */
char *rpc_server_render_pending(RpcServer *server);

/* ---- what a handler may ask of its call; usable from the handler's thread until it returns ---- */

/* When the work must be given up (clock_now_us() scale): a flight's budget, else when the answer is due. */
gint64 rpc_call_deadline_us(RpcCall *call);

/* FALSE when no client waits any more, or the server is past its grace period: do not start anything new then. */
gboolean rpc_call_wanted(RpcCall *call);

/* TRUE once the server is past its grace period: blocking waits end with ABORTED. */
gboolean rpc_call_stopping(RpcCall *call);

/* Flights: claims a resource for the rest of the flight (flight_claim). A no-op TRUE for methods without a key. */
gboolean rpc_call_claim(RpcCall *call, const char *resource, GError **error);

/* Flights: what is under way, for early answers and /debug/pending. */
void rpc_call_note(RpcCall *call, const char *format, ...) G_GNUC_PRINTF(2, 3);
