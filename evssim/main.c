/* evs-sim: options. docs/evs-sim.md says how to use it. */
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "evssim/service.h"

#include <signal.h>
#include <version.h>

enum { EXIT_USAGE = 2 };

typedef struct {
  char *listen, *state_dir, *tls_cert, *tls_key, *profile, *accounts, *seed, *log_format, *log_level;
  gboolean purge, version;
} Flags;

static gboolean usage(GError **error, const char *text)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s", text);
}

static gboolean parse_flags(Flags *flags, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
    {"listen", 0, 0, G_OPTION_ARG_STRING, &flags->listen, "where to serve; port 0: any (default 127.0.0.1:0)",
     "ADDR:PORT"},
    {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &flags->state_dir, "where the cloud lives; required", "DIR"},
    {"tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &flags->tls_cert, "PEM certificate: serve https", "FILE"},
    {"tls-key", 0, 0, G_OPTION_ARG_FILENAME, &flags->tls_key, "PEM key of the certificate", "FILE"},
    {"profile", 0, 0, G_OPTION_ARG_STRING, &flags->profile, "how fast and how strict (default fast)",
     "fast|realistic|FILE"},
    {"accounts", 0, 0, G_OPTION_ARG_FILENAME, &flags->accounts,
     "zones, accounts, servers (default: one account)", "FILE"},
    {"seed", 0, 0, G_OPTION_ARG_STRING, &flags->seed, "what chance follows from (default 1)", "N"},
    {"log-format", 0, 0, G_OPTION_ARG_STRING, &flags->log_format, "text or json (default text)", "FORMAT"},
    {"log-level", 0, 0, G_OPTION_ARG_STRING, &flags->log_level, "error, warn, info or debug (default warn)",
     "LEVEL"},
    {"purge", 0, 0, G_OPTION_ARG_NONE, &flags->purge, "detach and remove everything in --state-dir, then end",
     NULL},
    {"version", 0, 0, G_OPTION_ARG_NONE, &flags->version, "print the version", NULL},
    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
  };
  g_autoptr(GOptionContext) context = g_option_context_new("- the cloud on one machine");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) cause = NULL;
  if (!g_option_context_parse(context, &argc, &argv, &cause))
    return usage(error, cause->message);
  if (argc > 1)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "unexpected argument '%s'", argv[1]);
  return TRUE;
}

static gboolean apply_log_flags(const Flags *flags, GError **error)
{
  LogFormat format;
  LogLevel level;
  if (!log_parse_format(flags->log_format ? flags->log_format : "text", &format, error) ||
      !log_parse_level(flags->log_level ? flags->log_level : "warn", &level, error))
    return FALSE;
  log_init(format, level);
  return TRUE;
}

static gboolean serve(const Flags *flags, GError **error)
{
  gint64 seed = 1;
  if (flags->seed && !text_parse_int64(flags->seed, G_MININT64, G_MAXINT64, &seed))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--seed '%s' is no whole number", flags->seed);
  if (!flags->tls_cert != !flags->tls_key)
    return usage(error, "--tls-cert and --tls-key go together");
  const ServiceOptions options = {
    .state_dir = flags->state_dir,
    .listen = flags->listen ? flags->listen : "127.0.0.1:0",
    .tls_cert = flags->tls_cert,
    .tls_key = flags->tls_key,
    .profile = flags->profile ? flags->profile : "fast",
    .accounts = flags->accounts,
    .seed = seed,
  };
  g_autoptr(Service) service = service_new(&options, error);
  if (!service)
    return FALSE;
  printf("ready %s\n", service_url(service));
  fflush(stdout);
  service_run(service);
  return TRUE;
}

static gboolean run(const Flags *flags, GError **error)
{
  if (!apply_log_flags(flags, error))
    return FALSE;
  if (!flags->state_dir || !*flags->state_dir)
    return usage(error, "--state-dir is required");
  return flags->purge ? service_purge(flags->state_dir, error) : serve(flags, error);
}

int main(int argc, char **argv)
{
  Flags flags = {.purge = FALSE};
  g_autoptr(GError) error = NULL;
  signal(SIGPIPE, SIG_IGN);
  gboolean good = parse_flags(&flags, argc, argv, &error);
  if (good && flags.version)
    printf("evs-sim %s\n", EVS_VERSION);
  else if (good)
    good = run(&flags, &error);
  char *const strings[] = {flags.listen,   flags.state_dir, flags.tls_cert,   flags.tls_key,  flags.profile,
                           flags.accounts, flags.seed,      flags.log_format, flags.log_level};
  for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
    g_free(strings[i]);
  if (good)
    return EXIT_SUCCESS;
  fprintf(stderr, "evs-sim: %s\n", error->message);
  return evs_error_is(error, EVS_CODE_INVALID_ARGUMENT) ? EXIT_USAGE : EXIT_FAILURE;
}
