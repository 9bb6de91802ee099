/* evs-csi-controller: CSI Identity and Controller for EVS disks. Start: options, cloud-config, client, then serve;
 * SIGTERM drains. Nothing is kept on disk (ARCHITECTURE.md, "Crash-only"). */
#include "base/clock.h"
#include "base/log.h"
#include "controller/clone_sweep.h"
#include "controller/controller.h"
#include "controller/delete_guard.h"
#include "controller/meter.h"
#include "controller/options.h"
#include "controller/reload.h"

/* Calls at one time: per connection, and per pool of a method class. */
enum { STREAMS_MAX = 1024, CLASS_THREADS = 128, CLASS_QUEUE = 1024, GRACE_MS = 10 * 1000 };

static int fail(GError *error)
{
  g_autofree char *text = evs_error_describe(error);
  log_error("cannot start", LOG_TEXT("error", text));
  g_error_free(error);
  return 1;
}

static gboolean is_ready(void *data, char **ret_reason)
{
  return evs_client_healthy(data, ret_reason);
}

static int serve(const Options *options, Controller *controller)
{
  const RpcServerOptions server_options = {.endpoint = options->daemon.endpoint,
                                           .max_concurrent_streams = STREAMS_MAX,
                                           .class_threads = CLASS_THREADS,
                                           .class_queue = CLASS_QUEUE,
                                           .grace_ms = GRACE_MS};
  RpcServer *server = rpc_server_new(&server_options);
  controller_add_services(server, controller);
  int exit_code = daemon_run(&options->daemon, server, is_ready, controller->client);
  rpc_server_free(server);
  return exit_code;
}

int main(int argc, char **argv)
{
  g_auto(Options) options = {0};
  GError *error = NULL;
  if (!options_parse(&argc, &argv, &options, &error))
    return fail(error);
  g_autoptr(EvsConfig) config = NULL;
  Reload *reload = reload_open(options.cloud_config, &config, &error);
  if (!reload)
    return fail(error);
  EvsClient *client = evs_client_new(config, &error);
  if (!client) {
    reload_stop(reload);
    return fail(error);
  }

  Controller controller = {
    .owner = {.cluster_id = options.cluster_id, .driver_name = options.daemon.driver_name},
    .list_owned_only = options.list_owned_only,
    .warn_unknown_parameters = options.warn_unknown_parameters,
    .enable_retype = options.enable_retype,
    .gates = options.gates,
    .client = client,
    .watcher = evs_watcher_new(client),
    .lanes = server_lanes_new(options.stuck_after_ms),
    .transits = transits_new(options.stuck_after_ms, clock_now_us),
    .attempts = attempts_new(),
    .deleted_disks = deleted_disks_new(),
    .snapshots_of = delete_guard_lists_new(client),
    .capacity = capacity_cache_new(capacity_fetch, client, clock_now_us),
    .recycle_bin = recycle_bin_new(client),
  };
  controller_meter_begin(&controller);
  reload_start(reload, client);
  CloneSweep *sweep = clone_sweep_start(&controller);
  int exit_code = serve(&options, &controller);

  clone_sweep_stop(sweep);
  reload_stop(reload);
  controller_meter_end(&controller);
  evs_watcher_free(controller.watcher);
  server_lanes_free(controller.lanes);
  transits_free(controller.transits);
  attempts_free(controller.attempts);
  deleted_disks_free(controller.deleted_disks);
  shared_lists_free(controller.snapshots_of);
  capacity_cache_free(controller.capacity);
  recycle_bin_free(controller.recycle_bin);
  evs_client_free(client);
  return exit_code;
}
