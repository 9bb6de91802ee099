/* The server's life: method table, listening, the completion-queue thread, drain. */
#include "base/log.h"
#include "rpc/grpc_library.h"
#include "rpc/internal.h"

#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <malloc.h>
#include <sys/stat.h>

enum {
  TRIM_PEAK = 32,       /* calls at a time that count as a burst */
  TRIM_IDLE_MS = 1000,  /* quiet time after a burst until memory is given back */
  FLUSH_MS = 500,       /* for the answers of evicted calls to leave */
  LINGER_MS = 50,       /* for clients to read the last answers */
  MAX_DEAF_LINES = 16,  /* handlers that are named when they are left behind */
  PATH_MODE_MASK = 0177 /* umask of the socket: mode 0600 */
};

#define OWNER_OF(tag, type, member) ((type *)(void *)((char *)(tag)-offsetof(type, member)))

static const char *const pool_names[RPC_N_CLASSES] = {
  [RPC_CLASS_OTHER] = "rpc-other",   [RPC_CLASS_CREATE] = "rpc-create", [RPC_CLASS_DELETE] = "rpc-delete",
  [RPC_CLASS_ATTACH] = "rpc-attach", [RPC_CLASS_DETACH] = "rpc-detach", [RPC_CLASS_SNAPSHOT] = "rpc-snapshot",
};

static void entry_free(void *pointer)
{
  RpcEntry *entry = pointer;
  g_free(entry->name);
  g_free(entry->series);
  g_free(entry);
}

RpcServer *rpc_server_new(const RpcServerOptions *options)
{
  RpcServer *server = g_new0(RpcServer, 1);
  server->options = *options;
  server->endpoint_text = g_strdup(options->endpoint);
  server->lock_fd = -1;
  server->methods = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
  server->flights = flight_table_new(rpc_call_answer_member, RPC_MAX_FLIGHT_MEMBERS);
  g_queue_init(&server->exchanges);
  g_queue_init(&server->calls);
  mutex_init(&server->lock);
  cond_init(&server->changed);
  server->trim_us = server->wake_us = CLOCK_NEVER;
  server->wake = gpr_inf_future(GPR_CLOCK_MONOTONIC);
  rpc_log_declare_metrics(&server->metrics);
  return server;
}

static const ProtobufCFieldDescriptor *text_field(const ProtobufCMessageDescriptor *message, const char *name)
{
  const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(message, name);
  gboolean usable =
    field && field->type == PROTOBUF_C_TYPE_STRING && field->label != PROTOBUF_C_LABEL_REPEATED;
  return usable ? field : NULL;
}

static void add_method(RpcServer *server, const ProtobufCServiceDescriptor *service, const RpcMethod *method,
                       void *data)
{
  const ProtobufCMethodDescriptor *found =
    protobuf_c_service_descriptor_get_method_by_name(service, method->name);
  if (!found)
    g_error("service %s has no method %s", service->name, method->name);
  RpcEntry *entry = g_new0(RpcEntry, 1);
  entry->server = server;
  entry->method = method;
  entry->name = g_strdup_printf("/%s/%s", service->name, method->name);
  entry->input = found->input;
  entry->output = found->output;
  entry->data = data;
  entry->series = g_new0(RpcEntrySeries, 1);
  for (int i = 0; i < RPC_N_IDS; i++)
    entry->ids[i] = text_field(entry->input, rpc_id_names[i]);
  g_hash_table_replace(server->methods, entry->name, entry);
}

void rpc_server_add_service(RpcServer *server, const ProtobufCServiceDescriptor *service,
                            const RpcMethod *methods, gsize n_methods, void *data)
{
  for (gsize i = 0; i < n_methods; i++)
    add_method(server, service, &methods[i], data);
}

/* ---- the completion-queue thread ---- */

/* Core and malloc keep what a burst took; a quiet server gives it back. */
static void trim(RpcServer *server)
{
  server->peak = 0;
  malloc_trim(0);
}

static gpr_timespec grpc_deadline(gint64 deadline_us)
{
  if (deadline_us == CLOCK_NEVER)
    return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  gint64 left_us = MAX(deadline_us - clock_now_us(), 0);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(left_us, GPR_TIMESPAN));
}

/* Asks no clock unless something has changed: this runs before each event. */
static gpr_timespec next_wake(RpcServer *server)
{
  if (server->peak >= TRIM_PEAK && server->trim_us == CLOCK_NEVER)
    server->trim_us = clock_deadline_in_ms(TRIM_IDLE_MS);
  gint64 wake_us = MIN(rpc_timers_next_us(&server->timers), server->trim_us);
  if (wake_us != server->wake_us) {
    server->wake_us = wake_us;
    server->wake = grpc_deadline(wake_us);
  }
  return server->wake;
}

static gboolean is_idle(RpcServer *server)
{
  MUTEX_HOLD(&server->lock);
  return server->exchanges.length == 0;
}

static void on_time(RpcServer *server)
{
  server->wake_us = 0; /* the clocks of core and ours may differ by a little: wait for the rest */
  if (clock_now_us() < server->trim_us)
    return;
  server->trim_us = CLOCK_NEVER; /* the next look, if need be, is a whole TRIM_IDLE_MS away */
  if (!server->busy && is_idle(server))
    trim(server);
  server->busy = FALSE;
}

static void *run_queue(void *argument)
{
  RpcServer *server = argument;
  for (;;) {
    grpc_event event = grpc_completion_queue_next(server->queue, next_wake(server), NULL);
    if (event.type == GRPC_QUEUE_SHUTDOWN)
      return NULL;
    if (event.type == GRPC_OP_COMPLETE) {
      RpcTag *tag = event.tag;
      server->busy = TRUE;
      tag->done(tag, event.success);
    } else {
      on_time(server);
    }
    rpc_exchange_run_due(server);
  }
}

/* ---- start ---- */

static void create_wire(RpcServer *server)
{
  grpc_arg list[] = {
    {GRPC_ARG_INTEGER, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, {.integer = RPC_MAX_MESSAGE_BYTES}},
    {GRPC_ARG_INTEGER,
     GRPC_ARG_MAX_CONCURRENT_STREAMS,
     {.integer = (int)server->options.max_concurrent_streams}},
    {GRPC_ARG_INTEGER, GRPC_ARG_ALLOW_REUSEPORT, {.integer = 0}},
    {GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_CHANNELZ, {.integer = 0}},
    {GRPC_ARG_INTEGER, GRPC_ARG_HTTP2_BDP_PROBE, {.integer = 0}},
    /* No compression: core inflates a message before it looks at the limit, whatever that takes. */
    {GRPC_ARG_INTEGER,
     GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
     {.integer = 1 << GRPC_COMPRESS_NONE}},
    {GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, {.integer = 0}},
    {GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, {.integer = 0}},
    /* Clients may send keep-alive pings as they like. */
    {GRPC_ARG_INTEGER, GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, {.integer = 1}},
    {GRPC_ARG_INTEGER, GRPC_ARG_HTTP2_MAX_PING_STRIKES, {.integer = 0}},
  };
  grpc_channel_args arguments = {G_N_ELEMENTS(list), list};
  server->wire = grpc_server_create(&arguments, NULL);
  server->queue = grpc_completion_queue_create_for_next(NULL);
  grpc_server_register_completion_queue(server->wire, server->queue, NULL);
  rpc_accept_prepare(server);
}

/* The mode must be right from the socket's birth, and only the umask decides it. */
static gboolean listen_on(RpcServer *server, GError **error)
{
  grpc_server_credentials *insecure = grpc_insecure_server_credentials_create();
  mode_t saved = umask(PATH_MODE_MASK);
  int port = grpc_server_add_http2_port(server->wire, server->endpoint.target, insecure);
  umask(saved);
  grpc_server_credentials_release(insecure);
  if (port != 0)
    return TRUE;
  g_autofree char *reason = grpc_library_last_error();
  return evs_error_set(error, EVS_CODE_INTERNAL, "endpoint '%s': cannot listen: %s", server->endpoint_text,
                       reason);
}

static void destroy_wire(RpcServer *server)
{
  grpc_server_destroy(g_steal_pointer(&server->wire));
  grpc_completion_queue_destroy(g_steal_pointer(&server->queue));
  rpc_accept_end(server);
  grpc_library_release();
}

/* For a server that never started: core wants its shutdown all the same. */
static void abandon_wire(RpcServer *server)
{
  grpc_server_shutdown_and_notify(server->wire, server->queue, NULL);
  grpc_completion_queue_shutdown(server->queue);
  while (grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL).type !=
         GRPC_QUEUE_SHUTDOWN)
    continue;
  destroy_wire(server);
}

static void stopped(RpcTag *tag, gboolean success)
{
  (void)success;
  RpcServer *server = OWNER_OF(tag, RpcServer, stopped_tag);
  MUTEX_HOLD(&server->lock);
  server->accepting = FALSE;
  cond_broadcast(&server->changed);
}

gboolean rpc_server_start(RpcServer *server, GError **error)
{
  if (!rpc_endpoint_parse(server->endpoint_text, &server->endpoint, error))
    return FALSE;
  server->lock_fd = rpc_endpoint_lock(&server->endpoint, error);
  if (server->lock_fd < 0)
    return FALSE;
  grpc_library_acquire();
  create_wire(server);
  if (!listen_on(server, error)) {
    abandon_wire(server);
    return FALSE;
  }
  for (int i = 0; i < RPC_N_CLASSES; i++)
    server->pools[i] =
      work_pool_new(pool_names[i], server->options.class_threads, server->options.class_queue);
  server->stopped_tag.done = stopped;
  server->accepting = TRUE;
  grpc_server_start(server->wire);
  rpc_accept_begin(server);
  server->thread = thread_start("rpc-queue", run_queue, server);
  server->started = TRUE;
  rpc_pending_metrics_begin(server);
  return TRUE;
}

/* ---- drain ---- */

/* With the lock held. */
static gboolean is_quiet(const RpcServer *server, gboolean handlers_too)
{
  return server->exchanges.length == 0 && (!handlers_too || server->calls.length == 0);
}

/* Waits until neither calls on the wire nor handlers are left. */
static gboolean wait_quiet(RpcServer *server, gboolean handlers_too, gint64 until_us)
{
  MUTEX_HOLD(&server->lock);
  gboolean in_time = TRUE;
  while (!is_quiet(server, handlers_too) && in_time)
    in_time = cond_wait_until(&server->changed, &server->lock, until_us);
  return is_quiet(server, handlers_too);
}

/* With the lock held. */
static void log_deaf(const RpcServer *server)
{
  int lines = 0;
  for (const GList *item = server->calls.head; item && lines++ < MAX_DEAF_LINES; item = item->next) {
    const RpcCall *call = item->data;
    log_error("a call does not heed the end of the driver and is left behind",
              LOG_TEXT("call", call->operation),
              LOG_NUMBER("age_ms", (clock_now_us() - call->started_us) / 1000),
              LOG_NUMBER("left_behind", server->calls.length));
  }
}

/* FALSE: some have not returned in time. */
static gboolean wait_handlers(RpcServer *server)
{
  gint64 until_us = clock_deadline_in_ms(server->options.deaf_ms > 0 ? server->options.deaf_ms : RPC_DEAF_MS);
  MUTEX_HOLD(&server->lock);
  gboolean in_time = TRUE;
  while (server->calls.length > 0 && in_time)
    in_time = cond_wait_until(&server->changed, &server->lock, until_us);
  if (server->calls.length == 0)
    return TRUE;
  log_deaf(server);
  return FALSE;
}

/* With a reference for each. */
static GPtrArray *list_exchanges(RpcServer *server)
{
  GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)rpc_exchange_unref);
  MUTEX_HOLD(&server->lock);
  for (const GList *item = server->exchanges.head; item; item = item->next)
    if (rpc_exchange_try_ref(item->data))
      g_ptr_array_add(list, item->data);
  return list;
}

static void evict_all(RpcServer *server)
{
  g_autoptr(GPtrArray) list = list_exchanges(server);
  for (guint i = 0; i < list->len; i++) {
    RpcExchange *exchange = list->pdata[i];
    g_autoptr(GError) error = NULL;
    evs_error_set(&error, EVS_CODE_ABORTED, "the driver stops while %s runs, call again",
                  exchange->entry ? exchange->entry->method->name : exchange->path);
    rpc_exchange_evict(exchange, error);
  }
}

/* Core closes a connection as soon as its last stream has ended, and a client that writes just then loses answers it
 * has not read yet. So the last answers get a moment. */
static void linger(RpcServer *server)
{
  gint64 answered_us;
  {
    MUTEX_HOLD(&server->lock);
    answered_us = server->answered_us;
  }
  clock_sleep_until(answered_us + LINGER_MS * 1000);
}

/* Ends what still runs: the clients get their answers, the handlers get a sign. */
static void end_grace(RpcServer *server)
{
  log_info("grace period over, running calls are cancelled");
  __atomic_store_n(&server->stopping, 1, __ATOMIC_RELEASE);
  evict_all(server);
  wait_quiet(server, FALSE, clock_deadline_in_ms(FLUSH_MS));
}

/* Core's own shutdown comes last: from then on late calls hang or are cut off instead of being refused. */
static void shut_down_wire(RpcServer *server)
{
  grpc_server_shutdown_and_notify(server->wire, server->queue, &server->stopped_tag);
  grpc_server_cancel_all_calls(server->wire);
  MUTEX_HOLD(&server->lock);
  while (!is_quiet(server, TRUE) || server->accepting)
    cond_wait(&server->changed, &server->lock);
}

gboolean rpc_server_drain(RpcServer *server)
{
  if (!server->started)
    return TRUE;
  __atomic_store_n(&server->draining, 1, __ATOMIC_RELEASE);
  if (!wait_quiet(server, TRUE, clock_deadline_in_ms(server->options.grace_ms)))
    end_grace(server);
  if (!wait_handlers(server))
    return FALSE;
  linger(server);
  shut_down_wire(server);
  /* Nobody is left who could start an operation: doing so after this would abort the process. */
  grpc_completion_queue_shutdown(server->queue);
  thread_join(server->thread);
  for (int i = 0; i < RPC_N_CLASSES; i++)
    work_pool_free(g_steal_pointer(&server->pools[i]));
  server->started = FALSE;
  destroy_wire(server);
  return TRUE;
}

void rpc_server_free(RpcServer *server)
{
  if (!server)
    return;
  g_assert(!server->started);
  rpc_pending_metrics_end(server);
  rpc_timers_clear(&server->timers);
  flight_table_free(server->flights);
  g_hash_table_unref(server->methods);
  rpc_endpoint_clear(&server->endpoint);
  if (server->lock_fd >= 0)
    close(server->lock_fd);
  cond_destroy(&server->changed);
  mutex_destroy(&server->lock);
  g_free(server->endpoint_text);
  g_free(server);
}

char *rpc_server_render_pending(RpcServer *server)
{
  return flight_table_render(server->flights);
}
