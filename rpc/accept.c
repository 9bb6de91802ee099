/* Acceptance: the slots in which core puts new calls.
 *
 * One slot takes the calls of all methods, known or not. Each quick method has a slot of its own besides, registered with
 * core by its path: there a call comes with its message, and its answer and its close are one operation (exchange.c), so
 * that a Probe is two events instead of four. What core refuses by itself on the way to such a slot (a message over the
 * limit) is neither logged nor counted here. */
#include "base/log.h"
#include "rpc/internal.h"

#include <grpc/slice.h>

struct RpcSlot {
  RpcTag tag;
  RpcServer *server;
  const RpcEntry *entry; /* NULL: the slot of all methods */
  void *registered;      /* core's name for the entry's path */
  /* what core fills in */
  grpc_call *wire;
  grpc_metadata_array metadata;
  grpc_call_details details;  /* of the slot of all methods */
  gpr_timespec deadline;      /* of a quick method's slot, as the next */
  grpc_byte_buffer *received; /* NULL: no whole message came */
};

static void drop(RpcSlot *slot)
{
  grpc_metadata_array_destroy(&slot->metadata);
  if (!slot->entry)
    grpc_call_details_destroy(&slot->details);
  g_clear_pointer(&slot->received, grpc_byte_buffer_destroy);
  if (slot->wire)
    grpc_call_unref(g_steal_pointer(&slot->wire));
}

static gboolean arm(RpcSlot *slot)
{
  RpcServer *server = slot->server;
  grpc_call_error result;
  grpc_metadata_array_init(&slot->metadata);
  if (slot->entry) {
    result = grpc_server_request_registered_call(server->wire, slot->registered, &slot->wire, &slot->deadline,
                                                 &slot->metadata, &slot->received, server->queue,
                                                 server->queue, &slot->tag);
  } else {
    grpc_call_details_init(&slot->details);
    result = grpc_server_request_call(server->wire, &slot->wire, &slot->details, &slot->metadata,
                                      server->queue, server->queue, &slot->tag);
  }
  if (result == GRPC_CALL_OK)
    return TRUE;
  log_error("gRPC takes no more calls", LOG_TEXT("reason", grpc_call_error_to_string(result)));
  return FALSE;
}

static void refuse_unknown(RpcExchange *exchange)
{
  g_autoptr(GError) error = NULL;
  evs_error_set(&error, EVS_CODE_UNIMPLEMENTED, "method '%s' is not served here", exchange->path);
  rpc_exchange_answer(exchange, NULL, error, 0);
}

static void refuse_late(RpcExchange *exchange)
{
  g_autoptr(GError) error = NULL;
  evs_error_set(&error, EVS_CODE_UNAVAILABLE, "the driver stops and takes no new calls, call again");
  rpc_exchange_answer(exchange, NULL, error, 0);
}

/* Finds the method of a call that came by the slot of all methods. */
static RpcExchange *take_any(RpcSlot *slot)
{
  gsize length = GRPC_SLICE_LENGTH(slot->details.method);
  char name[RPC_MAX_PATH_BYTES + 1];
  gsize kept = MIN(length, RPC_MAX_PATH_BYTES);
  memcpy(name, GRPC_SLICE_START_PTR(slot->details.method), kept);
  name[kept] = '\0';
  const RpcEntry *entry =
    length <= RPC_MAX_PATH_BYTES ? g_hash_table_lookup(slot->server->methods, name) : NULL;
  RpcExchange *exchange =
    rpc_exchange_new(slot->server, entry, g_steal_pointer(&slot->wire), slot->details.deadline);
  if (!entry)
    exchange->path = g_utf8_make_valid(name, -1);
  return exchange;
}

static void accept_any(RpcSlot *slot)
{
  RpcExchange *exchange = take_any(slot);
  drop(slot);
  arm(slot);
  rpc_log_begin(exchange);
  rpc_exchange_watch(exchange);
  if (__atomic_load_n(&slot->server->draining, __ATOMIC_ACQUIRE))
    refuse_late(exchange);
  else if (!exchange->entry)
    refuse_unknown(exchange);
  else
    rpc_exchange_receive(exchange);
  rpc_exchange_unref(exchange);
}

static void accept_quick(RpcSlot *slot)
{
  RpcExchange *exchange =
    rpc_exchange_new(slot->server, slot->entry, g_steal_pointer(&slot->wire), slot->deadline);
  exchange->received = g_steal_pointer(&slot->received);
  drop(slot);
  arm(slot);
  rpc_log_begin(exchange);
  if (__atomic_load_n(&slot->server->draining, __ATOMIC_ACQUIRE))
    refuse_late(exchange);
  else
    rpc_exchange_handle(exchange);
  rpc_exchange_unref(exchange);
}

static void accepted(RpcTag *tag, gboolean success)
{
  RpcSlot *slot = (RpcSlot *)(void *)((char *)tag - offsetof(RpcSlot, tag));
  if (!success || !slot->server->accepting) /* arming again during a shutdown would spin */
    drop(slot);
  else if (slot->entry)
    accept_quick(slot);
  else
    accept_any(slot);
}

static void add_slot(RpcServer *server, const RpcEntry *entry)
{
  RpcSlot *slot = g_new0(RpcSlot, 1);
  slot->tag.done = accepted;
  slot->server = server;
  slot->entry = entry;
  if (entry)
    slot->registered = grpc_server_register_method(server->wire, entry->name, NULL,
                                                   GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
  g_ptr_array_add(server->slots, slot);
}

void rpc_accept_prepare(RpcServer *server)
{
  GHashTableIter iterator;
  gpointer value;
  server->slots = g_ptr_array_new_with_free_func(g_free);
  add_slot(server, NULL);
  g_hash_table_iter_init(&iterator, server->methods);
  while (g_hash_table_iter_next(&iterator, NULL, &value)) {
    const RpcEntry *entry = value;
    if (entry->method->quick && !entry->method->key)
      add_slot(server, entry);
  }
}

gboolean rpc_accept_begin(RpcServer *server)
{
  gboolean good = TRUE;
  for (guint i = 0; i < server->slots->len; i++)
    good &= arm(server->slots->pdata[i]);
  return good;
}

void rpc_accept_end(RpcServer *server)
{
  g_clear_pointer(&server->slots, g_ptr_array_unref);
}
