/* The two plugins in a test, each a real process with a client connected to its socket. */
#pragma once

#include "tests/harness/sim.h"

#include "rpc/client.h"

typedef struct {
  Process *process;
  RpcClient *client;
  const char *endpoint;    /* "unix:///..." */
  const char *socket;      /* its path */
  const char *kubelet_dir; /* node only */
  const char *server_id;   /* node only: what to publish to */
} Plugin;

typedef struct {
  const char *const *extra; /* NULL-terminated further options; they win over the ones the harness gives */
  const char *cloud_config; /* controller; NULL: the simulator's */
  const char *cluster_id;   /* controller; NULL: "test-cluster" */
  const char *log_level;    /* NULL: "debug" */
  gsize server;             /* node: which of the simulator's servers, from 0 */
  gboolean ask_metadata;    /* node: identity from the metadata service instead of --node-id and --zone */
  const Plugin *same_as;    /* take endpoint and kubelet directory of a plugin that has ended: a restart */
} PluginOptions;

/* Start one and wait until it answers Probe. options may be NULL. A second controller or node gets paths of its own. */
Plugin *controller_start(Harness *harness, const Sim *sim, const PluginOptions *options);
Plugin *node_start(Harness *harness, const Sim *sim, const PluginOptions *options);

/* The argv that *_start() would use (free with g_strfreev), and the plugin without waiting: for tests of start-up
 * itself. plugin_await_ready() fails the test when no Probe succeeds within HARNESS_START_MS. */
char **controller_argv(Harness *harness, const Sim *sim, const PluginOptions *options, const char *socket);
char **node_argv(Harness *harness, const Sim *sim, const PluginOptions *options, const char *socket,
                 const char *kubelet_dir);
void plugin_await_ready(Plugin *plugin);
