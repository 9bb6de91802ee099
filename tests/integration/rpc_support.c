#include "tests/integration/rpc_support.h"

#include <glib/gstdio.h>

enum { PATIENCE_MS = 10 * 1000 };

static ProtobufCMessage *handle_probe(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)data, (void)error;
  Csi__V1__ProbeResponse *reply = g_new0(Csi__V1__ProbeResponse, 1);
  csi__v1__probe_response__init(reply);
  reply->ready = g_new0(Google__Protobuf__BoolValue, 1);
  google__protobuf__bool_value__init(reply->ready);
  reply->ready->value = TRUE;
  return &reply->base;
}

/* Waits at the gate. FALSE with an error when the server stops first. */
static gboolean pass_gate(Fixture *fixture, RpcCall *call, GError **error)
{
  MUTEX_HOLD(&fixture->lock);
  fixture->entered++;
  gint64 deadline_us = rpc_call_deadline_us(call);
  fixture->left_ms = deadline_us == CLOCK_NEVER ? -1 : clock_left_ms(deadline_us);
  cond_broadcast(&fixture->changed);
  while (!fixture->open && (fixture->stubborn || !rpc_call_stopping(call)))
    cond_wait_until(&fixture->changed, &fixture->lock, clock_deadline_in_ms(20));
  fixture->left++;
  fixture->unwanted += !rpc_call_wanted(call);
  fixture->stopped += rpc_call_stopping(call);
  cond_broadcast(&fixture->changed);
  return fixture->open ? TRUE : evs_error_set(error, EVS_CODE_ABORTED, "stopped at the gate");
}

static ProtobufCMessage *handle_stage(RpcCall *call, const void *request, void *data, GError **error)
{
  const Csi__V1__NodeStageVolumeRequest *stage = request;
  g_autofree char *resource = g_strdup_printf("volume:%s", stage->volume_id);
  if (!rpc_call_claim(call, resource, error))
    return NULL;
  rpc_call_note(call, "waiting at the gate");
  if (!pass_gate(data, call, error))
    return NULL;
  Csi__V1__NodeStageVolumeResponse *reply = g_new0(Csi__V1__NodeStageVolumeResponse, 1);
  csi__v1__node_stage_volume_response__init(reply);
  return &reply->base;
}

static char *key_stage(const void *request, void *data, GError **error)
{
  (void)data;
  const Csi__V1__NodeStageVolumeRequest *stage = request;
  if (*stage->volume_id)
    return g_strdup_printf("volume:%s", stage->volume_id);
  evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field 'volume_id' is empty");
  return NULL;
}

static ProtobufCMessage *handle_publish(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)request;
  if (!pass_gate(data, call, error))
    return NULL;
  Csi__V1__NodePublishVolumeResponse *reply = g_new0(Csi__V1__NodePublishVolumeResponse, 1);
  csi__v1__node_publish_volume_response__init(reply);
  return &reply->base;
}

/* Errors in the style of the drivers: volume "missing" is NOT_FOUND with a cloud code, "long" has a huge text,
 * "broken" breaks the handlers' contract. */
static ProtobufCMessage *handle_stats(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)data;
  const Csi__V1__NodeGetVolumeStatsRequest *stats = request;
  if (g_str_equal(stats->volume_id, "broken"))
    return NULL;
  if (g_str_equal(stats->volume_id, "missing")) {
    evs_error_set(error, EVS_CODE_NOT_FOUND, "volume '%s' is not\nhere", stats->volume_id);
    if (error)
      evs_error_set_cloud(*error, "EVS.5404", 404, "req-1");
    return NULL;
  }
  if (g_str_equal(stats->volume_id, "long")) {
    g_autofree char *filler = g_strnfill(10000, 'x');
    evs_error_set(error, EVS_CODE_INTERNAL, "\303\274%s", filler);
    return NULL;
  }
  Csi__V1__NodeGetVolumeStatsResponse *reply = g_new0(Csi__V1__NodeGetVolumeStatsResponse, 1);
  csi__v1__node_get_volume_stats_response__init(reply);
  return &reply->base;
}

static const RpcMethod identity_methods[] = {{.name = "Probe", .handle = handle_probe, .quick = TRUE}};

static const RpcMethod node_methods[] = {
  {.name = "NodeStageVolume", .handle = handle_stage, .key = key_stage, .class = RPC_CLASS_ATTACH},
  {.name = "NodePublishVolume", .handle = handle_publish, .class = RPC_CLASS_CREATE},
  {.name = "NodeGetVolumeStats", .handle = handle_stats},
};

Fixture *fixture_new_with(const RpcServerOptions *options)
{
  g_autoptr(GError) error = NULL;
  Fixture *fixture = g_new0(Fixture, 1);
  mutex_init(&fixture->lock);
  cond_init(&fixture->changed);
  fixture->directory = g_dir_make_tmp("evs-rpc-XXXXXX", NULL);
  fixture->path = g_strconcat(fixture->directory, "/csi.sock", NULL);
  fixture->endpoint = g_strconcat("unix://", fixture->path, NULL);
  RpcServerOptions own = *options;
  own.endpoint = fixture->endpoint;
  fixture->server = rpc_server_new(&own);
  rpc_server_add_service(fixture->server, &csi__v1__identity__descriptor, identity_methods,
                         G_N_ELEMENTS(identity_methods), fixture);
  rpc_server_add_service(fixture->server, &csi__v1__node__descriptor, node_methods,
                         G_N_ELEMENTS(node_methods), fixture);
  if (!rpc_server_start(fixture->server, &error))
    fail_msg("start: %s", error->message);
  fixture->client = rpc_client_new(fixture->endpoint, NULL);
  return fixture;
}

Fixture *fixture_new(void)
{
  RpcServerOptions options = {
    .max_concurrent_streams = 64, .class_threads = 8, .class_queue = 8, .grace_ms = 1000};
  return fixture_new_with(&options);
}

void fixture_open(Fixture *fixture)
{
  MUTEX_HOLD(&fixture->lock);
  fixture->open = TRUE;
  cond_broadcast(&fixture->changed);
}

void fixture_make_stubborn(Fixture *fixture)
{
  MUTEX_HOLD(&fixture->lock);
  fixture->stubborn = TRUE;
}

int fixture_count(Fixture *fixture, const int *counter)
{
  MUTEX_HOLD(&fixture->lock);
  return *counter;
}

gint64 fixture_left_ms(Fixture *fixture)
{
  MUTEX_HOLD(&fixture->lock);
  return fixture->left_ms;
}

void fixture_free(Fixture *fixture)
{
  fixture_open(fixture);
  rpc_client_free(fixture->client);
  assert_true(rpc_server_drain(fixture->server));
  rpc_server_free(fixture->server);
  assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
  g_autofree char *lock_path = g_strconcat(fixture->path, ".lock", NULL);
  assert_int_equal(g_unlink(lock_path), 0);
  assert_int_equal(g_rmdir(fixture->directory), 0);
  cond_destroy(&fixture->changed);
  mutex_destroy(&fixture->lock);
  g_free(fixture->directory);
  g_free(fixture->path);
  g_free(fixture->endpoint);
  g_free(fixture);
}

static void wait_count(Fixture *fixture, const int *counter, int count, const char *what)
{
  gint64 until_us = clock_deadline_in_ms(PATIENCE_MS);
  int reached;
  {
    MUTEX_HOLD(&fixture->lock);
    while (*counter < count && cond_wait_until(&fixture->changed, &fixture->lock, until_us))
      continue;
    reached = *counter;
  }
  if (reached < count)
    fail_msg("%d of %d handlers %s", reached, count, what);
}

void fixture_wait_entered(Fixture *fixture, int count)
{
  wait_count(fixture, &fixture->entered, count, "entered");
}

void fixture_wait_left(Fixture *fixture, int count)
{
  wait_count(fixture, &fixture->left, count, "left");
}

void fixture_wait_pending(Fixture *fixture, const char *text)
{
  gint64 until_us = clock_deadline_in_ms(PATIENCE_MS);
  for (;;) {
    g_autofree char *pending = rpc_server_render_pending(fixture->server);
    if (strstr(pending, text))
      return;
    if (clock_now_us() > until_us)
      fail_msg("'%s' did not come: %s", text, pending);
    clock_sleep_until(clock_deadline_in_ms(5));
  }
}

ProtobufCMessage *stage_request(const char *volume, const char *path)
{
  Csi__V1__NodeStageVolumeRequest *request = g_new0(Csi__V1__NodeStageVolumeRequest, 1);
  csi__v1__node_stage_volume_request__init(request);
  request->volume_id = g_strdup(volume);
  request->staging_target_path = g_strdup(path);
  return &request->base;
}

ProtobufCMessage *publish_request(const char *volume)
{
  Csi__V1__NodePublishVolumeRequest *request = g_new0(Csi__V1__NodePublishVolumeRequest, 1);
  csi__v1__node_publish_volume_request__init(request);
  request->volume_id = g_strdup(volume);
  return &request->base;
}

void free_message(ProtobufCMessage *message)
{
  protobuf_c_message_free_unpacked(message, NULL);
}

EvsCode call_node(RpcClient *client, const char *method, const ProtobufCMessage *request, gint64 timeout_ms,
                  char **ret_text)
{
  g_autoptr(GError) error = NULL;
  ProtobufCMessage *reply =
    rpc_client_call(client, &csi__v1__node__descriptor, method, request, timeout_ms, &error);
  if (reply)
    free_message(reply);
  if (ret_text)
    *ret_text = g_strdup(error ? error->message : "");
  return error ? evs_error_code(error) : EVS_CODE_OK;
}

EvsCode probe(RpcClient *client, gint64 timeout_ms)
{
  Csi__V1__ProbeRequest request = CSI__V1__PROBE_REQUEST__INIT;
  g_autoptr(GError) error = NULL;
  ProtobufCMessage *reply =
    rpc_client_call(client, &csi__v1__identity__descriptor, "Probe", &request.base, timeout_ms, &error);
  if (!reply)
    return evs_error_code(error);
  gboolean ready = ((Csi__V1__ProbeResponse *)reply)->ready->value;
  free_message(reply);
  return ready ? EVS_CODE_OK : EVS_CODE_UNKNOWN;
}

static void *run_async(void *argument)
{
  AsyncCall *call = argument;
  gint64 start_us = clock_now_us();
  call->code = call_node(call->client, call->method, call->request, call->timeout_ms, &call->text);
  call->us = clock_now_us() - start_us;
  return NULL;
}

AsyncCall *async_start(Fixture *fixture, RpcClient *client, const char *method, ProtobufCMessage *request,
                       gint64 timeout_ms)
{
  AsyncCall *call = g_new0(AsyncCall, 1);
  *call = (AsyncCall){.fixture = fixture,
                      .client = client ? client : fixture->client,
                      .method = method,
                      .request = request,
                      .timeout_ms = timeout_ms};
  call->thread = thread_start("async", run_async, call);
  return call;
}

void async_join(AsyncCall *call)
{
  thread_join(call->thread);
}

void async_free(AsyncCall *call)
{
  free_message(call->request);
  g_free(call->text);
  g_free(call);
}
