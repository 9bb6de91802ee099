#include "tests/harness/plugin.h"

#include "base/clock.h"
#include "csi.pb-c.h"

#include <sys/stat.h>

#define DEFAULT_ZONE "sim-1a" /* of evs-sim's default account */

enum { PROBE_MS = 2000 };

typedef struct {
  Plugin plugin;
  char *endpoint, *socket, *kubelet_dir, *server_id;
} OwnedPlugin;

static const PluginOptions no_options;

static void drop(void *data)
{
  OwnedPlugin *owned = data;
  rpc_client_free(owned->plugin.client);
  g_free(owned->endpoint);
  g_free(owned->socket);
  g_free(owned->kubelet_dir);
  g_free(owned->server_id);
  g_free(owned);
}

static void add_extra(GPtrArray *argv, const PluginOptions *options)
{
  for (const char *const *option = options->extra; option && *option; option++)
    g_ptr_array_add(argv, g_strdup(*option));
}

static char **finish_argv(GPtrArray *argv, const PluginOptions *options, const char *socket)
{
  g_ptr_array_add(argv, g_strdup_printf("--endpoint=unix://%s", socket));
  g_ptr_array_add(argv, g_strdup_printf("--log-level=%s", options->log_level ? options->log_level : "debug"));
  add_extra(argv, options);
  g_ptr_array_add(argv, NULL);
  return (char **)g_ptr_array_free(argv, FALSE);
}

char **controller_argv(Harness *harness, const Sim *sim, const PluginOptions *options, const char *socket)
{
  (void)harness;
  if (!options)
    options = &no_options;
  GPtrArray *argv = g_ptr_array_new();
  g_ptr_array_add(argv, g_strdup("evs-csi-controller"));
  g_ptr_array_add(argv, g_strdup_printf("--cloud-config=%s",
                                        options->cloud_config ? options->cloud_config : sim->cloud_config));
  g_ptr_array_add(
    argv, g_strdup_printf("--cluster-id=%s", options->cluster_id ? options->cluster_id : "test-cluster"));
  return finish_argv(argv, options, socket);
}

char **node_argv(Harness *harness, const Sim *sim, const PluginOptions *options, const char *socket,
                 const char *kubelet_dir)
{
  (void)harness;
  if (!options)
    options = &no_options;
  json_t *server = sim_server(sim, options->server);
  const char *id = json_string_value(json_object_get(server, "id"));
  const char *zone = json_string_value(json_object_get(server, "zone"));
  GPtrArray *argv = g_ptr_array_new();
  g_ptr_array_add(argv, g_strdup("evs-csi-node"));
  if (options->ask_metadata) {
    g_ptr_array_add(argv, g_strdup_printf("--metadata-url=%s/meta/%s", sim->url, id));
  } else {
    g_ptr_array_add(argv, g_strdup_printf("--node-id=%s", id));
    g_ptr_array_add(argv, g_strdup_printf("--zone=%s", zone ? zone : DEFAULT_ZONE));
  }
  static const char *const trees[] = {"dev", "sys"};
  for (gsize i = 0; i < G_N_ELEMENTS(trees); i++) {
    g_autofree char *key = g_strdup_printf("%s_dir", trees[i]);
    const char *dir = json_string_value(json_object_get(server, key));
    assert_non_null(dir);
    g_ptr_array_add(argv, g_strdup_printf("--%s-dir=%s", trees[i], dir));
  }
  g_ptr_array_add(argv, g_strdup_printf("--kubelet-dir=%s", kubelet_dir));
  json_decref(server);
  return finish_argv(argv, options, socket);
}

typedef struct {
  Plugin *plugin;
  char *last_error;
} ProbeWait;

static gboolean answers_probe(void *data)
{
  ProbeWait *wait = data;
  if (!process_running(wait->plugin->process))
    return TRUE; /* no use in waiting longer */
  if (!g_file_test(wait->plugin->socket, G_FILE_TEST_EXISTS))
    return FALSE;
  Csi__V1__ProbeRequest request = CSI__V1__PROBE_REQUEST__INIT;
  g_autoptr(GError) error = NULL;
  ProtobufCMessage *reply = rpc_client_call(wait->plugin->client, &csi__v1__identity__descriptor, "Probe",
                                            &request.base, PROBE_MS, &error);
  if (!reply) {
    g_free(wait->last_error);
    wait->last_error = g_strdup(error->message);
    /* gRPC's channel would try again only seconds after it met the socket of a killed server. */
    rpc_client_free(wait->plugin->client);
    wait->plugin->client = rpc_client_new(wait->plugin->endpoint, NULL);
    return FALSE;
  }
  protobuf_c_message_free_unpacked(reply, NULL);
  return TRUE;
}

void plugin_await_ready(Plugin *plugin)
{
  ProbeWait wait = {.plugin = plugin};
  gboolean ready = wait_until(answers_probe, &wait, HARNESS_START_MS);
  g_autofree char *last_error = wait.last_error;
  if (!process_running(plugin->process)) {
    g_autofree char *text = process_stderr(plugin->process);
    fail_msg("plugin ended with status %d before it was ready:\n%s", process_wait_exit(plugin->process, 0),
             text);
  }
  if (!ready)
    fail_msg("plugin does not answer Probe: %s", last_error ? last_error : "no socket");
}

/* A plugin named after a count, so that two controllers of one test do not collide. */
static OwnedPlugin *new_plugin(Harness *harness, const char *kind, const PluginOptions *options)
{
  static int count;
  OwnedPlugin *owned = g_new0(OwnedPlugin, 1);
  count++;
  owned->socket =
    options->same_as ? g_strdup(options->same_as->socket) : harness_path(harness, "%s-%d.sock", kind, count);
  owned->endpoint = g_strconcat("unix://", owned->socket, NULL);
  owned->plugin.socket = owned->socket;
  owned->plugin.endpoint = owned->endpoint;
  harness_at_end(harness, drop, owned);
  return owned;
}

static void begin(Harness *harness, OwnedPlugin *owned, char **argv)
{
  g_autoptr(GError) error = NULL;
  owned->plugin.client = rpc_client_new(owned->endpoint, &error);
  if (!owned->plugin.client)
    fail_msg("%s", error->message);
  owned->plugin.process = process_start(harness, (const char *const *)argv);
  g_strfreev(argv);
  plugin_await_ready(&owned->plugin);
}

Plugin *controller_start(Harness *harness, const Sim *sim, const PluginOptions *options)
{
  if (!options)
    options = &no_options;
  OwnedPlugin *owned = new_plugin(harness, "controller", options);
  begin(harness, owned, controller_argv(harness, sim, options, owned->socket));
  return &owned->plugin;
}

Plugin *node_start(Harness *harness, const Sim *sim, const PluginOptions *options)
{
  static int count;
  if (!options)
    options = &no_options;
  OwnedPlugin *owned = new_plugin(harness, "node", options);
  owned->kubelet_dir =
    options->same_as ? g_strdup(options->same_as->kubelet_dir) : harness_path(harness, "kubelet-%d", ++count);
  g_mkdir_with_parents(owned->kubelet_dir, 0750);
  json_t *server = sim_server(sim, options->server);
  owned->server_id = g_strdup(json_string_value(json_object_get(server, "id")));
  json_decref(server);
  owned->plugin.kubelet_dir = owned->kubelet_dir;
  owned->plugin.server_id = owned->server_id;
  begin(harness, owned, node_argv(harness, sim, options, owned->socket, owned->kubelet_dir));
  return &owned->plugin;
}
