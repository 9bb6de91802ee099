#include "rpc/daemon.h"

#include "base/log.h"
#include "rpc/daemon_metrics.h"
#include "rpc/ops_http.h"
#include "version.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { PRIVATE_UMASK = 0077, MAX_ARENAS = 2 };

static void fill_signals(sigset_t *set)
{
  sigemptyset(set);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGINT);
}

/* Before any thread: gRPC's threads inherit the mask, so that only daemon_run() takes the signals. */
static void prepare_process(void)
{
  sigset_t set;
  fill_signals(&set);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  umask(PRIVATE_UMASK);
  mallopt(M_ARENA_MAX,
          MAX_ARENAS); /* many mostly idle threads: an arena for each would only hold memory back */
#ifdef EVS_HARDENED
  /* Credentials are in memory: no core file, no ptrace by the same user. */
  prctl(PR_SET_DUMPABLE, 0);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#endif
}

static void fill_defaults(DaemonOptions *options)
{
  static const DaemonOptions defaults = {
    .endpoint = (char *)"unix:///run/csi.sock",
    .driver_name = (char *)"evs.csi.huaweicloud.com",
    .log_format = (char *)"json",
    .log_level = (char *)"info",
  };
  options->endpoint = options->endpoint ? options->endpoint : g_strdup(defaults.endpoint);
  options->driver_name = options->driver_name ? options->driver_name : g_strdup(defaults.driver_name);
  options->log_format = options->log_format ? options->log_format : g_strdup(defaults.log_format);
  options->log_level = options->log_level ? options->log_level : g_strdup(defaults.log_level);
}

static gboolean init_log(const DaemonOptions *options, GError **error)
{
  LogFormat format;
  LogLevel level;
  if (!log_parse_format(options->log_format, &format, error) ||
      !log_parse_level(options->log_level, &level, error))
    return FALSE;
  log_init(format, level);
  return TRUE;
}

static gboolean parse_arguments(int *argc, char ***argv, const char *program, const GOptionEntry *entries,
                                DaemonOptions *options, gboolean *ret_version, GError **error)
{
  const GOptionEntry shared[] = {
    {"endpoint", 0, 0, G_OPTION_ARG_STRING, &options->endpoint,
     "unix socket to serve CSI on (default unix:///run/csi.sock)", "unix:///PATH"},
    {"http-endpoint", 0, 0, G_OPTION_ARG_STRING, &options->http_endpoint,
     "serve /metrics, /healthz, /readyz, /debug/pending there (default: nowhere)", "ADDR:PORT"},
    {"driver-name", 0, 0, G_OPTION_ARG_STRING, &options->driver_name,
     "name of the CSI driver (default evs.csi.huaweicloud.com)", "NAME"},
    {"log-format", 0, 0, G_OPTION_ARG_STRING, &options->log_format, "json or text (default json)", "FORMAT"},
    {"log-level", 0, 0, G_OPTION_ARG_STRING, &options->log_level, "error, warn, info or debug (default info)",
     "LEVEL"},
    {"version", 0, 0, G_OPTION_ARG_NONE, ret_version, "print the version and exit", NULL},
    {NULL, 0, 0, 0, NULL, NULL, NULL},
  };
  g_autoptr(GOptionContext) context = g_option_context_new(NULL);
  g_option_context_set_summary(context, program);
  g_option_context_add_main_entries(context, shared, NULL);
  if (entries)
    g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) cause = NULL;
  if (!g_option_context_parse(context, argc, argv, &cause))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s (try --help)", cause->message);
  if (*argc > 1)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "unexpected argument '%s' (try --help)",
                         (*argv)[1]);
  return TRUE;
}

gboolean daemon_parse(int *argc, char ***argv, const char *program, const GOptionEntry *entries,
                      DaemonOptions *ret_options, GError **error)
{
  gboolean version = FALSE;
  prepare_process();
  *ret_options = (DaemonOptions){.program = program};
  if (!parse_arguments(argc, argv, program, entries, ret_options, &version, error))
    return FALSE;
  if (version) {
    printf("%s %s\n", program, EVS_VERSION);
    exit(0);
  }
  fill_defaults(ret_options);
  return init_log(ret_options, error);
}

void daemon_options_clear(DaemonOptions *options)
{
  g_clear_pointer(&options->endpoint, g_free);
  g_clear_pointer(&options->http_endpoint, g_free);
  g_clear_pointer(&options->driver_name, g_free);
  g_clear_pointer(&options->log_format, g_free);
  g_clear_pointer(&options->log_level, g_free);
}

static void wait_for_signal(void)
{
  sigset_t set;
  int number = 0;
  fill_signals(&set);
  while (sigwait(&set, &number) != 0)
    continue;
  log_info("signal received, draining", LOG_TEXT("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
}

static int fail(GError *error)
{
  g_autoptr(GError) owned = error;
  g_autofree char *text = evs_error_describe(owned);
  log_error("cannot start", LOG_TEXT("error", text));
  return 1;
}

int daemon_run(const DaemonOptions *options, RpcServer *server, DaemonReady ready, void *data)
{
  GError *error = NULL;
  if (!rpc_server_start(server, &error))
    return fail(error);
  OpsHttp *http = NULL;
  daemon_metrics_begin(options->program, ready, data);
  if (options->http_endpoint) {
    http = ops_http_start(options->http_endpoint, server, ready, data, &error);
    if (!http) {
      (void)rpc_server_drain(server);
      daemon_metrics_end();
      return fail(error);
    }
    log_info("http endpoint listens", LOG_TEXT("http-endpoint", options->http_endpoint),
             LOG_NUMBER("port", ops_http_port(http)));
  }
  log_info("ready", LOG_TEXT("endpoint", options->endpoint), LOG_TEXT("version", EVS_VERSION));
  wait_for_signal();
  if (!rpc_server_drain(server)) {
    /* Threads still use what an orderly end would free. */
    log_error("stopped without waiting for them any longer");
    _exit(EXIT_FAILURE);
  }
  ops_http_stop(http);
  daemon_metrics_end();
  log_info("stopped");
  return 0;
}
