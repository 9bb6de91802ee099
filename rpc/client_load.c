#include "rpc/client_load.h"

#include "base/clock.h"
#include "rpc/client_unary.h"
#include "rpc/endpoint.h"
#include "rpc/grpc_library.h"

#include <grpc/byte_buffer.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>

typedef struct {
  grpc_channel *channels[RPC_LOAD_CONNECTIONS_MAX];
  guint n_channels;
  grpc_completion_queue *queue;
  grpc_slice method;
  grpc_byte_buffer *message;
  guint unsent, under_way, failed;
} Run;

typedef struct {
  grpc_channel *channel;
  grpc_call *call;
  UnaryReply reply;
} Slot;

static grpc_channel *connect(const char *target)
{
  grpc_arg list[] = {
    {GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_CHANNELZ, {.integer = 0}},
    {GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_HTTP_PROXY, {.integer = 0}},
    {GRPC_ARG_INTEGER, GRPC_ARG_ENABLE_RETRIES, {.integer = 0}},
    {GRPC_ARG_INTEGER, GRPC_ARG_MINIMAL_STACK, {.integer = 1}},
    /* Core would share a connection between channels of equal arguments. */
    {GRPC_ARG_INTEGER, GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, {.integer = 1}},
  };
  grpc_channel_args arguments = {G_N_ELEMENTS(list), list};
  grpc_channel_credentials *insecure = grpc_insecure_credentials_create();
  grpc_channel *channel = grpc_channel_create(target, insecure, &arguments);
  grpc_channel_credentials_release(insecure);
  return channel;
}

static gboolean slot_send(Run *run, Slot *slot, GError **error)
{
  slot->call = grpc_channel_create_call(slot->channel, NULL, GRPC_PROPAGATE_DEFAULTS, run->queue, run->method,
                                        NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
  grpc_call_error result = unary_start(slot->call, run->message, &slot->reply, slot);
  if (result != GRPC_CALL_OK) {
    unary_clear(&slot->reply);
    grpc_call_unref(slot->call);
    return evs_error_set(error, EVS_CODE_INTERNAL, "cannot call: %s", grpc_call_error_to_string(result));
  }
  run->unsent--;
  run->under_way++;
  return TRUE;
}

static void slot_finish(Run *run, Slot *slot)
{
  run->failed += slot->reply.status != GRPC_STATUS_OK;
  run->under_way--;
  unary_clear(&slot->reply);
  grpc_call_unref(slot->call);
}

/* With so many calls under way at a time, at most. */
static gboolean make_calls(Run *run, guint calls, guint in_flight, GError **error)
{
  g_autofree Slot *slots = g_new0(Slot, in_flight);
  gboolean success = TRUE;
  run->unsent = calls;
  for (guint i = 0; success && i < in_flight && run->unsent; i++) {
    slots[i].channel = run->channels[i % run->n_channels];
    success = slot_send(run, &slots[i], error);
  }
  while (run->under_way) {
    grpc_event event = grpc_completion_queue_next(run->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    slot_finish(run, event.tag);
    if (success && run->unsent)
      success = slot_send(run, event.tag, error);
  }
  return success;
}

static void run_begin(Run *run, const RpcLoad *load, const char *target)
{
  grpc_slice nothing = grpc_empty_slice();
  grpc_library_acquire();
  run->n_channels = CLAMP(load->connections, 1, RPC_LOAD_CONNECTIONS_MAX);
  for (guint i = 0; i < run->n_channels; i++)
    run->channels[i] = connect(target);
  run->queue = grpc_completion_queue_create_for_next(NULL);
  run->method = grpc_slice_from_copied_string(load->path);
  run->message = grpc_raw_byte_buffer_create(&nothing, 1);
}

static void run_end(Run *run)
{
  grpc_slice_unref(run->method);
  grpc_byte_buffer_destroy(run->message);
  grpc_completion_queue_shutdown(run->queue);
  grpc_completion_queue_destroy(run->queue);
  for (guint i = 0; i < run->n_channels; i++)
    grpc_channel_destroy(run->channels[i]);
  grpc_library_release();
}

gboolean rpc_load_run(const RpcLoad *load, gint64 *ret_elapsed_us, guint *ret_failed, GError **error)
{
  RpcEndpoint endpoint;
  Run run = {.unsent = 0};
  if (!rpc_endpoint_parse(load->endpoint, &endpoint, error))
    return FALSE;
  run_begin(&run, load, endpoint.target);
  gboolean success = make_calls(&run, run.n_channels, run.n_channels, error); /* connects */
  run.failed = 0;
  gint64 begin_us = clock_now_us();
  success =
    success && make_calls(&run, load->calls, CLAMP(load->in_flight, 1, RPC_LOAD_IN_FLIGHT_MAX), error);
  *ret_elapsed_us = clock_now_us() - begin_us;
  *ret_failed = run.failed;
  run_end(&run);
  rpc_endpoint_clear(&endpoint);
  return success;
}
