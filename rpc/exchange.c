/* One call on the wire: acceptance, request, deadline, answer, close. */
#include "base/log.h"
#include "rpc/internal.h"
#include "rpc/redact.h"
#include "rpc/unpack.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>

enum { MARGIN_MIN_MS = 200, MARGIN_MAX_MS = 1000, MARGIN_DIVISOR = 10 };

#define OWNER_OF(tag, type, member) ((type *)(void *)((char *)(tag)-offsetof(type, member)))

gboolean rpc_exchange_concluded(RpcExchange *exchange)
{
  return __atomic_load_n(&exchange->concluded, __ATOMIC_ACQUIRE);
}

static gboolean conclude(RpcExchange *exchange)
{
  return !__atomic_exchange_n(&exchange->concluded, 1, __ATOMIC_ACQ_REL);
}

void rpc_exchange_ref(RpcExchange *exchange)
{
  __atomic_add_fetch(&exchange->references, 1, __ATOMIC_RELEASE);
}

/* What another thread wrote before it took a reference is seen after this. gRPC hands tags over as safely, but
 * ThreadSanitizer cannot see into it. */
static void acquire(const RpcExchange *exchange)
{
  (void)__atomic_load_n(&exchange->references, __ATOMIC_ACQUIRE);
}

gboolean rpc_exchange_try_ref(RpcExchange *exchange)
{
  int seen = __atomic_load_n(&exchange->references, __ATOMIC_RELAXED);
  while (seen > 0)
    if (__atomic_compare_exchange_n(&exchange->references, &seen, seen + 1, FALSE, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED))
      return TRUE;
  return FALSE;
}

void rpc_exchange_unref(RpcExchange *exchange)
{
  if (__atomic_sub_fetch(&exchange->references, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  RpcServer *server = exchange->server;
  if (conclude(exchange))
    rpc_log_end(exchange, EVS_CODE_UNKNOWN, "the call ended without an answer", 0);
  grpc_call_unref(exchange->wire);
  grpc_byte_buffer_destroy(exchange->received); /* of a call that was refused unread */
  for (int i = 0; i < RPC_N_IDS; i++)
    g_free(exchange->ids[i]);
  g_free(exchange->key);
  g_free(exchange->request_text);
  g_free(exchange->path);
  {
    MUTEX_HOLD(&server->lock);
    g_queue_unlink(&server->exchanges, &exchange->link);
    server->answered_us = clock_now_us();
    cond_broadcast(&server->changed);
  }
  g_free(exchange);
}

/* ---- the answer ---- */

static void sent(RpcTag *tag, gboolean success)
{
  (void)success; /* a client that left shows in closed() */
  RpcExchange *exchange = OWNER_OF(tag, RpcExchange, sent_tag);
  acquire(exchange);
  g_clear_pointer(&exchange->sending, grpc_byte_buffer_destroy);
  rpc_exchange_unref(exchange);
}

static void send_answer(RpcExchange *exchange, const grpc_slice *reply, EvsCode code, const char *text)
{
  grpc_slice details = grpc_slice_from_copied_string(text ? text : "");
  grpc_slice message = reply ? *reply : grpc_empty_slice();
  grpc_op operations[4] = {0};
  size_t count = 0;
  operations[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
  if (reply) {
    exchange->sending = grpc_raw_byte_buffer_create(&message, 1);
    operations[count].op = GRPC_OP_SEND_MESSAGE;
    operations[count++].data.send_message.send_message = exchange->sending;
  }
  operations[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
  operations[count].data.send_status_from_server.status = (grpc_status_code)code;
  operations[count++].data.send_status_from_server.status_details = text ? &details : NULL;
  if (!exchange->watched) { /* nobody waits for its close before it is answered */
    operations[count].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    operations[count++].data.recv_close_on_server.cancelled = &exchange->cancelled;
  }
  rpc_exchange_ref(exchange);
  grpc_call_error result =
    grpc_call_start_batch(exchange->wire, operations, count, &exchange->sent_tag, NULL);
  if (result != GRPC_CALL_OK) {
    log_error("gRPC refused an answer", LOG_TEXT("reason", grpc_call_error_to_string(result)));
    sent(&exchange->sent_tag, FALSE); /* no event will come */
  }
  grpc_slice_unref(details);
}

gboolean rpc_exchange_answer(RpcExchange *exchange, const grpc_slice *reply, const GError *error,
                             guint joined)
{
  if (!conclude(exchange))
    return FALSE;
  g_autofree char *text = error ? rpc_status_text(error) : NULL;
  EvsCode code = error ? evs_error_code(error) : EVS_CODE_OK;
  send_answer(exchange, error ? NULL : reply, code, text);
  rpc_log_end(exchange, code, text, joined);
  return TRUE;
}

/* FALSE when its flight is just answering it. */
static gboolean leave_flight(RpcExchange *exchange, const char *key)
{
  if (!key)
    return TRUE;
  if (!flight_leave(exchange->server->flights, key, exchange))
    return FALSE;
  rpc_exchange_unref(exchange);
  return TRUE;
}

void rpc_exchange_evict(RpcExchange *exchange, const GError *error)
{
  const char *key;
  {
    MUTEX_HOLD(&exchange->server->lock);
    key = exchange->key;
  }
  if (!rpc_exchange_concluded(exchange) && leave_flight(exchange, key))
    rpc_exchange_answer(exchange, NULL, error, 0);
}

/* ---- the deadline ---- */

static void answer_due(RpcExchange *exchange)
{
  g_autoptr(GError) error = NULL;
  gint64 ms = (clock_now_us() - exchange->started_us) / 1000;
  g_autofree char *running =
    exchange->key ? flight_table_describe(exchange->server->flights, exchange->key) : NULL;
  if (running)
    evs_error_set(&error, EVS_CODE_ABORTED, "not finished within the deadline, call again: %s", running);
  else
    evs_error_set(&error, EVS_CODE_DEADLINE_EXCEEDED, "%s is not finished after %" G_GINT64_FORMAT " ms",
                  exchange->entry->method->name, ms);
  rpc_exchange_evict(exchange, error);
}

void rpc_exchange_run_due(RpcServer *server)
{
  RpcExchange *exchange;
  if (rpc_timers_next_us(&server->timers) == CLOCK_NEVER)
    return;
  gint64 now_us = clock_now_us();
  while ((exchange = rpc_timers_pop_due(&server->timers, now_us))) {
    exchange->timer = NULL;
    answer_due(exchange);
  }
}

/* An answer later than this is lost in core, which cancels the call at its deadline. Short deadlines keep half of
 * their time. */
static void set_due_time(RpcExchange *exchange, gpr_timespec deadline)
{
  exchange->due_us = exchange->deadline_us = CLOCK_NEVER;
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0)
    return;
  gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  gint64 left_us = (gint64)left.tv_sec * G_USEC_PER_SEC + left.tv_nsec / 1000;
  gint64 margin_us = CLAMP(left_us / MARGIN_DIVISOR, MARGIN_MIN_MS * 1000, MARGIN_MAX_MS * 1000);
  exchange->deadline_us = exchange->started_us + left_us;
  exchange->due_us = exchange->deadline_us - MIN(margin_us, left_us / 2);
}

/* ---- the close ---- */

static void closed(RpcTag *tag, gboolean success)
{
  (void)success;
  RpcExchange *exchange = OWNER_OF(tag, RpcExchange, closed_tag);
  exchange->closed = TRUE;
  if (exchange->timer)
    rpc_timers_remove(g_steal_pointer(&exchange->timer));
  if (exchange->cancelled && !rpc_exchange_concluded(exchange) && leave_flight(exchange, exchange->key) &&
      conclude(exchange)) {
    gboolean late = clock_now_us() >= exchange->deadline_us;
    rpc_log_end(exchange, late ? EVS_CODE_DEADLINE_EXCEEDED : EVS_CODE_CANCELLED,
                late ? "the client's deadline passed" : "the client left, or gRPC refused the call", 0);
  }
  rpc_exchange_unref(exchange);
}

void rpc_exchange_watch(RpcExchange *exchange)
{
  exchange->watched = TRUE;
  grpc_op operation = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
  operation.data.recv_close_on_server.cancelled = &exchange->cancelled;
  rpc_exchange_ref(exchange);
  if (grpc_call_start_batch(exchange->wire, &operation, 1, &exchange->closed_tag, NULL) != GRPC_CALL_OK)
    rpc_exchange_unref(exchange);
}

/* ---- the request ---- */

/* For the log: ids are cut to a bounded length and cleaned by the log itself. */
static void take_ids(RpcExchange *exchange, const ProtobufCMessage *request)
{
  enum { MAX_ID_CHARS = 256 };
  for (int i = 0; i < RPC_N_IDS; i++) {
    const ProtobufCFieldDescriptor *field = exchange->entry->ids[i];
    const char *value = field ? *(const char *const *)((const char *)request + field->offset) : NULL;
    if (value && *value)
      exchange->ids[i] =
        g_utf8_strlen(value, -1) > MAX_ID_CHARS ? g_utf8_substring(value, 0, MAX_ID_CHARS) : g_strdup(value);
  }
  if (log_enabled(LOG_LEVEL_DEBUG))
    exchange->request_text = rpc_redact(request);
}

static ProtobufCMessage *parse(RpcExchange *exchange, GError **error)
{
  grpc_byte_buffer_reader reader;
  if (!grpc_byte_buffer_reader_init(&reader, exchange->received)) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "the request cannot be read");
    return NULL;
  }
  grpc_slice bytes = grpc_byte_buffer_reader_readall(&reader);
  grpc_byte_buffer_reader_destroy(&reader);
  ProtobufCMessage *request = rpc_unpack(exchange->entry->input, GRPC_SLICE_START_PTR(bytes),
                                         GRPC_SLICE_LENGTH(bytes), RPC_UNPACK_MAX_BYTES, error);
  grpc_slice_unref(bytes);
  return request;
}

void rpc_exchange_handle(RpcExchange *exchange)
{
  g_autoptr(GError) error = NULL;
  if (!exchange->received) {
    evs_error_set(&error, EVS_CODE_RESOURCE_EXHAUSTED, "no whole request came, or one of more than %d bytes",
                  RPC_MAX_MESSAGE_BYTES);
    rpc_exchange_answer(exchange, NULL, error, 0);
    return;
  }
  ProtobufCMessage *request = parse(exchange, &error);
  grpc_byte_buffer_destroy(g_steal_pointer(&exchange->received));
  if (!request) {
    rpc_exchange_answer(exchange, NULL, error, 0);
    return;
  }
  take_ids(exchange, request);
  if (exchange->due_us != CLOCK_NEVER && !exchange->entry->method->quick)
    exchange->timer = rpc_timers_add(&exchange->server->timers, exchange->due_us, exchange);
  rpc_call_dispatch(exchange, request);
}

static void received(RpcTag *tag, gboolean success)
{
  (void)success; /* FALSE leaves the buffer NULL */
  RpcExchange *exchange = OWNER_OF(tag, RpcExchange, received_tag);
  if (exchange->closed)
    g_clear_pointer(&exchange->received, grpc_byte_buffer_destroy);
  else
    rpc_exchange_handle(exchange);
  rpc_exchange_unref(exchange);
}

void rpc_exchange_receive(RpcExchange *exchange)
{
  grpc_op operation = {.op = GRPC_OP_RECV_MESSAGE};
  operation.data.recv_message.recv_message = &exchange->received;
  rpc_exchange_ref(exchange);
  if (grpc_call_start_batch(exchange->wire, &operation, 1, &exchange->received_tag, NULL) != GRPC_CALL_OK)
    rpc_exchange_unref(exchange);
}

/* ---- the beginning ---- */

RpcExchange *rpc_exchange_new(RpcServer *server, const RpcEntry *entry, grpc_call *wire,
                              gpr_timespec deadline)
{
  RpcExchange *exchange = g_new0(RpcExchange, 1);
  exchange->references = 1;
  exchange->closed_tag.done = closed;
  exchange->received_tag.done = received;
  exchange->sent_tag.done = sent;
  exchange->server = server;
  exchange->entry = entry;
  exchange->wire = wire;
  exchange->started_us = clock_now_us();
  set_due_time(exchange, deadline);
  exchange->link.data = exchange;
  MUTEX_HOLD(&server->lock);
  g_queue_push_tail_link(&server->exchanges, &exchange->link);
  server->peak = MAX(server->peak, server->exchanges.length);
  return exchange;
}
