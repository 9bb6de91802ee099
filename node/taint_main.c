/* evs-csi-taint: removes this node's startup taint once the kubelet has registered the driver, and ends. evs-csi-node starts it, so that
 * the node plugin itself needs no HTTP client and keeps nothing of it in memory. Exit code 0, with a line on stdout that says
 * what was done, or 1 with a line on stderr. */
#include "base/clock.h"
#include "base/error.h"
#include "node/taint_patch.h"
#include "node/taint_remove.h"

#include <curl/curl.h>
#include <sys/prctl.h>

#include "version.h"

typedef struct {
  char *node_name, *driver_name, *account_dir;
  int wait_s;
  gboolean version;
} Options;

static void options_clear(Options *options)
{
  g_free(options->node_name);
  g_free(options->driver_name);
  g_free(options->account_dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static gboolean parse(int *argc, char ***argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    {"node-name", 0, 0, G_OPTION_ARG_STRING, &options->node_name, "name of the Kubernetes node", "NAME"},
    {"driver-name", 0, 0, G_OPTION_ARG_STRING, &options->driver_name,
     "name of the CSI driver; the taint is NAME" TAINT_KEY_SUFFIX, "NAME"},
    {"service-account-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->account_dir,
     "holds token and ca.crt, default " KUBE_ACCOUNT_DIR, "DIR"},
    {"wait", 0, 0, G_OPTION_ARG_INT, &options->wait_s,
     "how long to wait for the driver's registration, default 120", "SECONDS"},
    {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "print the version", NULL},
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) context = g_option_context_new("- remove the startup taint of this node");
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, argc, argv, error))
    return FALSE;
  if (options->version)
    return TRUE;
  if (!kube_is_name(options->node_name))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--node-name '%s' is no name of a node",
                         options->node_name ? options->node_name : "");
  if (!kube_is_name(options->driver_name))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--driver-name '%s' is no name of a driver",
                         options->driver_name ? options->driver_name : "");
  if (options->wait_s < 0 || options->wait_s > TAINT_MAX_WAIT_S)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--wait=%d is not within 0..%d", options->wait_s,
                         TAINT_MAX_WAIT_S);
  return TRUE;
}

static gboolean run(const Options *options, gboolean *ret_removed, GError **error)
{
  const TaintTask task = {
    .node_name = options->node_name,
    .driver_name = options->driver_name,
    .first_pause_ms = TAINT_FIRST_PAUSE_MS,
    .deadline_us = clock_deadline_in_ms((gint64)options->wait_s * 1000),
  };
  g_autofree char *url =
    kube_api_url_from(g_getenv("KUBERNETES_SERVICE_HOST"), g_getenv("KUBERNETES_SERVICE_PORT"), error);
  if (!url)
    return FALSE;
  g_autoptr(KubeApi) api = kube_api_new(url, options->account_dir ? options->account_dir : KUBE_ACCOUNT_DIR);
  return taint_remove(api, &task, ret_removed, error);
}

int main(int argc, char **argv)
{
  g_auto(Options) options = {.wait_s = TAINT_WAIT_S};
  g_autoptr(GError) error = NULL;
  gboolean removed = FALSE, good = parse(&argc, &argv, &options, &error);
  if (good && options.version) {
    puts("evs-csi-taint " EVS_VERSION);
    return EXIT_SUCCESS;
  }
#ifdef EVS_HARDENED
  prctl(PR_SET_DUMPABLE, 0); /* the token is in memory */
#endif
  curl_global_init(CURL_GLOBAL_DEFAULT);
  good = good && run(&options, &removed, &error);
  if (good)
    printf("%s %s" TAINT_KEY_SUFFIX "\n", removed ? "removed" : "there is no taint", options.driver_name);
  else
    fprintf(stderr, "evs-csi-taint: %s\n", error->message);
  curl_global_cleanup();
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
