/* One run of a handler: where it runs, whom it answers, what it may ask. */
#include "rpc/fingerprint.h"
#include "rpc/internal.h"

#include <grpc/slice.h>

enum { DEFAULT_BUDGET_MS = 15 * 60 * 1000, MAX_NOTE_BYTES = 1024 };

/* Takes the request and the operation. */
static RpcCall *call_new(RpcExchange *exchange, ProtobufCMessage *request, char *operation)
{
  RpcCall *call = g_new0(RpcCall, 1);
  call->server = exchange->server;
  call->entry = exchange->entry;
  call->request = request;
  call->deadline_us = exchange->due_us;
  call->operation = operation;
  call->started_us = clock_now_us();
  MUTEX_HOLD(&call->server->lock);
  call->link.data = call;
  g_queue_push_tail_link(&call->server->calls, &call->link);
  return call;
}

static void call_free(RpcCall *call)
{
  RpcServer *server = call->server;
  protobuf_c_message_free_unpacked(call->request, NULL);
  if (call->exchange)
    rpc_exchange_unref(call->exchange);
  MUTEX_HOLD(&server->lock);
  g_queue_unlink(&server->calls, &call->link);
  g_free(call->operation);
  g_free(call);
  cond_broadcast(&server->changed);
}

static gboolean stopping(RpcServer *server)
{
  return __atomic_load_n(&server->stopping, __ATOMIC_ACQUIRE);
}

/* ---- the answer ---- */

void rpc_call_answer_member(void *member, gconstpointer result, const GError *error)
{
  const RpcOutcome *outcome = result;
  rpc_exchange_answer(member, outcome ? &outcome->reply : NULL, error, outcome ? outcome->joined : 0);
  rpc_exchange_unref(member);
}

static grpc_slice pack(const ProtobufCMessage *reply)
{
  grpc_slice bytes = grpc_slice_malloc(protobuf_c_message_get_packed_size(reply));
  protobuf_c_message_pack(reply, GRPC_SLICE_START_PTR(bytes));
  return bytes;
}

static void finish(RpcCall *call, const RpcOutcome *outcome, const GError *error)
{
  if (call->flight)
    flight_finish(g_steal_pointer(&call->flight), outcome, error);
  else
    rpc_exchange_answer(call->exchange, outcome ? &outcome->reply : NULL, error, 0);
}

/* A handler that breaks its contract must not take the process down. */
static ProtobufCMessage *handle(RpcCall *call, GError **error)
{
  const RpcMethod *method = call->entry->method;
  /* All clients left while it was queued: nothing has begun, so nothing begins. */
  if (!rpc_call_wanted(call)) {
    evs_error_set(error, EVS_CODE_ABORTED, "%s: nobody waited for it any more when its turn came, call again",
                  method->name);
    return NULL;
  }
  g_autoptr(GError) own = NULL;
  ProtobufCMessage *reply = method->handle(call, call->request, call->entry->data, &own);
  if (reply && reply->descriptor == call->entry->output && !own)
    return reply;
  if (own)
    g_propagate_error(error, g_steal_pointer(&own));
  else
    evs_error_set(error, EVS_CODE_INTERNAL, "%s: the handler returned %s", method->name,
                  reply ? "a message of another type" : "neither a reply nor an error");
  if (reply)
    protobuf_c_message_free_unpacked(reply, NULL);
  return NULL;
}

static void handle_and_finish(RpcCall *call)
{
  g_autoptr(GError) error = NULL;
  ProtobufCMessage *reply = handle(call, &error);
  if (reply) {
    RpcOutcome outcome = {pack(reply), call->flight ? flight_joined(call->flight) : 0};
    protobuf_c_message_free_unpacked(reply, NULL);
    finish(call, &outcome, NULL);
    grpc_slice_unref(outcome.reply);
  } else {
    finish(call, NULL, error);
  }
}

static void run(void *argument)
{
  handle_and_finish(argument);
  call_free(argument);
}

/* On the completion-queue thread, which keeps its exchange meanwhile: nobody else needs to know of this run. */
static void run_quick(RpcExchange *exchange, ProtobufCMessage *request)
{
  RpcCall call = {
    .server = exchange->server,
    .entry = exchange->entry,
    .request = request,
    .exchange = exchange,
    .deadline_us = exchange->due_us,
    .started_us = exchange->started_us,
  };
  handle_and_finish(&call);
  protobuf_c_message_free_unpacked(request, NULL);
}

/* ---- dispatch ---- */

static void refuse_busy(RpcCall *call)
{
  g_autoptr(GError) error = NULL;
  evs_error_set(&error, EVS_CODE_UNAVAILABLE, "%s: too many calls wait for a free worker, call again",
                call->entry->method->name);
  finish(call, NULL, error);
  call_free(call);
}

static void run_in_pool(RpcCall *call)
{
  if (!work_pool_push(call->server->pools[call->entry->method->class], run, call))
    refuse_busy(call);
}

/* "CreateVolume pvc-1" */
static char *operation_text(const RpcExchange *exchange)
{
  for (int i = 0; i < RPC_N_IDS; i++)
    if (exchange->ids[i])
      return g_strdup_printf("%s %s", exchange->entry->method->name, exchange->ids[i]);
  return g_strdup(exchange->entry->method->name);
}

/* Takes the key. */
static void join_flight(RpcExchange *exchange, ProtobufCMessage *request, char *key)
{
  RpcServer *server = exchange->server;
  const RpcMethod *method = exchange->entry->method;
  g_autoptr(GError) error = NULL;
  g_autofree char *operation = operation_text(exchange);
  guint8 fingerprint[FLIGHT_FINGERPRINT_BYTES];
  gboolean started = FALSE;
  rpc_fingerprint(request, fingerprint);
  {
    MUTEX_HOLD(&server->lock);
    exchange->key = key;
  }
  rpc_exchange_ref(exchange); /* the membership's */
  Flight *flight = flight_join(server->flights, key, operation, fingerprint, exchange, &started, &error);
  if (!flight) {
    rpc_exchange_answer(exchange, NULL, error, 0);
    rpc_exchange_unref(exchange);
  }
  if (flight && !started)
    rpc_log_join(exchange);
  if (!started) {
    protobuf_c_message_free_unpacked(request, NULL);
    return;
  }
  RpcCall *call = call_new(exchange, request, g_steal_pointer(&operation));
  call->flight = flight;
  call->deadline_us = clock_deadline_in_ms(method->budget_ms > 0 ? method->budget_ms : DEFAULT_BUDGET_MS);
  run_in_pool(call);
}

void rpc_call_dispatch(RpcExchange *exchange, ProtobufCMessage *request)
{
  const RpcMethod *method = exchange->entry->method;
  g_autoptr(GError) error = NULL;
  char *key = method->key ? method->key(request, exchange->entry->data, &error) : NULL;
  if (key) {
    join_flight(exchange, request, key);
    return;
  }
  if (error) {
    rpc_exchange_answer(exchange, NULL, error, 0);
    protobuf_c_message_free_unpacked(request, NULL);
    return;
  }
  if (method->quick) {
    run_quick(exchange, request);
    return;
  }
  RpcCall *call = call_new(exchange, request, operation_text(exchange));
  call->exchange = exchange;
  rpc_exchange_ref(exchange);
  run_in_pool(call);
}

/* ---- what a handler may ask ---- */

gint64 rpc_call_deadline_us(RpcCall *call)
{
  return call->deadline_us;
}

gboolean rpc_call_wanted(RpcCall *call)
{
  if (stopping(call->server))
    return FALSE;
  return call->flight ? flight_wanted(call->flight) : !rpc_exchange_concluded(call->exchange);
}

gboolean rpc_call_stopping(RpcCall *call)
{
  return stopping(call->server);
}

gboolean rpc_call_claim(RpcCall *call, const char *resource, GError **error)
{
  return !call->flight || flight_claim(call->flight, resource, error);
}

void rpc_call_note(RpcCall *call, const char *format, ...)
{
  if (!call->flight)
    return;
  va_list arguments;
  va_start(arguments, format);
  char text[MAX_NOTE_BYTES];
  g_vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  flight_note(call->flight, valid);
}
