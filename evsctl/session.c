#include "evsctl/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "evsctl/terminal.h"

#include <signal.h>

#define CONFIG_VARIABLE "EVS_CLOUD_CONFIG"
#define CONFIG_FILE "/etc/evs-csi/cloud-config"

static volatile sig_atomic_t signalled;

const Flag session_flags[] = {
  FLAG(Session, cloud_config, TEXT, "cloud-config", "FILE",
       "region, endpoints and credentials ($" CONFIG_VARIABLE ", else " CONFIG_FILE ")"),
  FLAG(Session, output, TEXT, "output", "FORMAT", "how results are shown (table)", .letter = 'o',
       .choices = output_formats),
  FLAG(Session, timeout_s, NUMBER, "timeout", "SECONDS", "how long calls and waiting may take in all (600)",
       .least = 1, .most = MAX_TIMEOUT_S),
  FLAG(Session, yes, SWITCH, "yes", NULL, "do not ask before anything is destroyed", .letter = 'y'),
  FLAG(Session, verbose, SWITCH, "verbose", NULL, "log each call on stderr, without secrets", .letter = 'v'),
  FLAG(Session, help, SWITCH, "help", NULL, "show this help", .letter = 'h'),
};
const gsize session_flag_count = G_N_ELEMENTS(session_flags);

static void on_signal(int number)
{
  signalled = number;
}

gboolean session_interrupted(void)
{
  return signalled != 0;
}

static gboolean is_cancelled(void *data)
{
  (void)data;
  return session_interrupted();
}

/* The handler goes with its first use: a second signal ends the process. */
void session_init(Session *session)
{
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  *session = (Session){0};
}

void session_clear(Session *session)
{
  evs_client_free(session->client);
  evs_config_free(session->config);
  g_free(session->cloud_config);
  g_free(session->output);
}

const char *session_config_path(const Session *session)
{
  const char *variable = g_getenv(CONFIG_VARIABLE);
  return session->cloud_config ? session->cloud_config : variable && *variable ? variable : CONFIG_FILE;
}

const EvsConfig *session_config(Session *session, GError **error)
{
  if (!session->config)
    session->config = evs_config_load(session_config_path(session), error);
  return session->config;
}

EvsClient *session_client(Session *session, GError **error)
{
  if (!session->client && session_config(session, error))
    session->client = evs_client_new(session->config, error);
  return session->client;
}

const EvsContext *session_context(Session *session)
{
  if (!session->context.cancelled) {
    gint64 seconds = session->timeout_s ? session->timeout_s : DEFAULT_TIMEOUT_S;
    session->context =
      (EvsContext){.deadline_us = clock_deadline_in_ms(seconds * 1000), .cancelled = is_cancelled};
  }
  return &session->context;
}

OutputFormat session_output(const Session *session)
{
  for (guint i = 0; session->output && output_formats[i]; i++) {
    if (g_str_equal(session->output, output_formats[i]))
      return (OutputFormat)i;
  }
  return OUTPUT_TABLE;
}

void session_print(const Session *session, json_t *value, const char *columns)
{
  output_write(stdout, session_output(session), value, columns);
  json_decref(value);
}

int session_end(gboolean ok, const GError *error)
{
  return ok ? EXIT_OK : failure_print(error);
}

gboolean session_confirm(const Session *session, const char *question, GError **error)
{
  if (session->yes)
    return TRUE;
  if (!terminal_has_user())
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s nobody is there to ask: say --yes", question);
  if (terminal_ask(question))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "not done");
}
