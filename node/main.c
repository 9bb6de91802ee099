/* evs-csi-node. */
#include "base/error.h"
#include "base/log.h"
#include "node/meter.h"

enum {
  NODE_STREAMS = 64,
  NODE_THREADS = 32,
  NODE_QUEUE = 256,
  NODE_GRACE_MS = 10 * 1000,
};

int main(int argc, char **argv)
{
  g_auto(NodeOptions) options = {0};
  g_autoptr(GError) error = NULL;
  if (!node_options_parse(&argc, &argv, &options, &error)) {
    log_error(error->message);
    return EXIT_FAILURE;
  }
  g_autoptr(Node) node = node_new(&options, &error);
  if (!node) {
    log_error(error->message);
    return EXIT_FAILURE;
  }
  const DaemonOptions *daemon = &node->options.daemon;
  RpcServer *server = rpc_server_new(&(RpcServerOptions){
    .endpoint = daemon->endpoint,
    .max_concurrent_streams = NODE_STREAMS,
    .class_threads = NODE_THREADS,
    .class_queue = NODE_QUEUE,
    .grace_ms = NODE_GRACE_MS,
  });
  node_add_services(node, server);
  node_meter_begin(node);
  int status = daemon_run(daemon, server, NULL, NULL);
  node_meter_end(node);
  rpc_server_free(server);
  return status;
}
