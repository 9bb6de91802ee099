#include "rpc/client.h"

#include "base/clock.h"
#include "base/thread.h"
#include "rpc/client_unary.h"
#include "rpc/endpoint.h"
#include "rpc/grpc_library.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

enum { MAX_REPLY_BYTES = 64 * 1024 * 1024, MAX_IDLE_QUEUES = 8 };
enum { RECONNECT_MIN_MS = 100, RECONNECT_MAX_MS = 1000 };

struct RpcClient {
  grpc_channel *channel;
  Mutex lock;
  GPtrArray *idle_queues; /* of grpc_completion_queue: one per call under way, kept for the next */
};

RpcClient *rpc_client_new(const char *endpoint, GError **error)
{
  RpcEndpoint parsed;
  if (!rpc_endpoint_parse(endpoint, &parsed, error))
    return NULL;
  grpc_library_acquire();
  grpc_arg list[] = {
    {GRPC_ARG_INTEGER, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, {.integer = MAX_REPLY_BYTES}},
    {GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_CHANNELZ, {.integer = 0}},
    /* A local server that starts or restarts is met within a blink, not after gRPC's 1 to 20 s. */
    {GRPC_ARG_INTEGER, GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, {.integer = RECONNECT_MIN_MS}},
    {GRPC_ARG_INTEGER, GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, {.integer = RECONNECT_MAX_MS}},
    {GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_HTTP_PROXY, {.integer = 0}},
    /* Each client has its own connection: core would share one between channels of equal arguments. */
    {GRPC_ARG_INTEGER, GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, {.integer = 1}},
  };
  grpc_channel_args arguments = {G_N_ELEMENTS(list), list};
  grpc_channel_credentials *insecure = grpc_insecure_credentials_create();
  RpcClient *client = g_new0(RpcClient, 1);
  client->channel = grpc_channel_create(parsed.target, insecure, &arguments);
  grpc_channel_credentials_release(insecure);
  client->idle_queues = g_ptr_array_new();
  mutex_init(&client->lock);
  rpc_endpoint_clear(&parsed);
  return client;
}

static void queue_destroy(grpc_completion_queue *queue)
{
  grpc_completion_queue_shutdown(queue);
  grpc_completion_queue_destroy(queue);
}

void rpc_client_free(RpcClient *client)
{
  if (!client)
    return;
  for (guint i = 0; i < client->idle_queues->len; i++)
    queue_destroy(client->idle_queues->pdata[i]);
  g_ptr_array_unref(client->idle_queues);
  grpc_channel_destroy(client->channel);
  mutex_destroy(&client->lock);
  g_free(client);
  grpc_library_release();
}

static grpc_completion_queue *queue_take(RpcClient *client)
{
  {
    MUTEX_HOLD(&client->lock);
    if (client->idle_queues->len > 0)
      return g_ptr_array_steal_index_fast(client->idle_queues, client->idle_queues->len - 1);
  }
  return grpc_completion_queue_create_for_pluck(NULL);
}

static void queue_give(RpcClient *client, grpc_completion_queue *queue)
{
  {
    MUTEX_HOLD(&client->lock);
    if (client->idle_queues->len < MAX_IDLE_QUEUES) {
      g_ptr_array_add(client->idle_queues, queue);
      return;
    }
  }
  queue_destroy(queue);
}

grpc_call_error unary_start(grpc_call *call, grpc_byte_buffer *request, UnaryReply *reply, void *tag)
{
  *reply = (UnaryReply){.details = grpc_empty_slice()};
  grpc_metadata_array_init(&reply->initial);
  grpc_metadata_array_init(&reply->trailing);
  grpc_op operations[6] = {
    {.op = GRPC_OP_SEND_INITIAL_METADATA},  {.op = GRPC_OP_SEND_MESSAGE},
    {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, {.op = GRPC_OP_RECV_INITIAL_METADATA},
    {.op = GRPC_OP_RECV_MESSAGE},           {.op = GRPC_OP_RECV_STATUS_ON_CLIENT},
  };
  operations[1].data.send_message.send_message = request;
  operations[3].data.recv_initial_metadata.recv_initial_metadata = &reply->initial;
  operations[4].data.recv_message.recv_message = &reply->message;
  operations[5].data.recv_status_on_client.trailing_metadata = &reply->trailing;
  operations[5].data.recv_status_on_client.status = &reply->status;
  operations[5].data.recv_status_on_client.status_details = &reply->details;
  return grpc_call_start_batch(call, operations, G_N_ELEMENTS(operations), tag, NULL);
}

void unary_clear(UnaryReply *reply)
{
  grpc_metadata_array_destroy(&reply->initial);
  grpc_metadata_array_destroy(&reply->trailing);
  grpc_byte_buffer_destroy(reply->message);
  grpc_slice_unref(reply->details);
}

static GBytes *read_all(grpc_byte_buffer *buffer)
{
  grpc_byte_buffer_reader reader;
  if (!buffer || !grpc_byte_buffer_reader_init(&reader, buffer))
    return g_bytes_new(NULL, 0);
  grpc_slice slice = grpc_byte_buffer_reader_readall(&reader);
  grpc_byte_buffer_reader_destroy(&reader);
  GBytes *bytes = g_bytes_new(GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice));
  grpc_slice_unref(slice);
  return bytes;
}

static gboolean take_status(const UnaryReply *reply, GBytes **ret_reply, GError **error)
{
  if (reply->status == GRPC_STATUS_OK) {
    *ret_reply = read_all(reply->message);
    return TRUE;
  }
  return evs_error_set(error, (EvsCode)reply->status, "%.*s", (int)GRPC_SLICE_LENGTH(reply->details),
                       (const char *)GRPC_SLICE_START_PTR(reply->details));
}

static gpr_timespec deadline_in(gint64 timeout_ms)
{
  if (timeout_ms <= 0)
    return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
}

gboolean rpc_client_call_raw(RpcClient *client, const char *path, const void *request, gsize length,
                             gint64 timeout_ms, GBytes **ret_reply, GError **error)
{
  grpc_completion_queue *queue = queue_take(client);
  grpc_slice method = grpc_slice_from_copied_string(path); /* the call takes a reference of its own */
  grpc_call *call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue, method,
                                             NULL, deadline_in(timeout_ms), NULL);
  grpc_slice_unref(method);
  grpc_slice bytes = grpc_slice_from_copied_buffer(request ? request : "", length);
  grpc_byte_buffer *message = grpc_raw_byte_buffer_create(&bytes, 1);
  grpc_slice_unref(bytes);
  UnaryReply reply;
  gboolean success;
  grpc_call_error result = unary_start(call, message, &reply, &reply);
  if (result == GRPC_CALL_OK) {
    grpc_completion_queue_pluck(queue, &reply, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    success = take_status(&reply, ret_reply, error);
  } else {
    success = evs_error_set(error, EVS_CODE_INTERNAL, "cannot call '%s': %s", path,
                            grpc_call_error_to_string(result));
  }
  unary_clear(&reply);
  grpc_byte_buffer_destroy(message);
  grpc_call_unref(call);
  queue_give(client, queue);
  return success;
}

ProtobufCMessage *rpc_client_call(RpcClient *client, const ProtobufCServiceDescriptor *service,
                                  const char *method, const ProtobufCMessage *request, gint64 timeout_ms,
                                  GError **error)
{
  const ProtobufCMethodDescriptor *found = protobuf_c_service_descriptor_get_method_by_name(service, method);
  if (!found) {
    evs_error_set(error, EVS_CODE_UNIMPLEMENTED, "service %s has no method '%s'", service->name, method);
    return NULL;
  }
  g_autofree char *path = g_strdup_printf("/%s/%s", service->name, method);
  gsize length = protobuf_c_message_get_packed_size(request);
  g_autofree guint8 *bytes = g_malloc(length + 1);
  protobuf_c_message_pack(request, bytes);
  g_autoptr(GBytes) reply = NULL;
  if (!rpc_client_call_raw(client, path, bytes, length, timeout_ms, &reply, error))
    return NULL;
  gsize reply_length;
  const guint8 *data = g_bytes_get_data(reply, &reply_length);
  ProtobufCMessage *message = protobuf_c_message_unpack(found->output, NULL, reply_length, data);
  if (!message)
    evs_error_set(error, EVS_CODE_INTERNAL, "the reply of '%s' is no valid %s message", path,
                  found->output->name);
  return message;
}
