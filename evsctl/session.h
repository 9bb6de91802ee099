/* What every command of evsctl shares: the global options, the cloud that they lead to, and how results and errors are
 * shown. One per process; the main thread alone. The process is interrupted by SIGINT or SIGTERM: the context of all calls
 * is then cancelled; a second signal ends the process at once.
 */
#pragma once

#include "evsclient/client.h"
#include "evsctl/failure.h"
#include "evsctl/flags.h"
#include "evsctl/output.h"

enum { DEFAULT_TIMEOUT_S = 600, MAX_TIMEOUT_S = 7 * 86400 };

typedef struct {
  /* Global options. */
  char *cloud_config; /* NULL: $EVS_CLOUD_CONFIG, else /etc/evs-csi/cloud-config */
  char *output;       /* one of output_formats, or NULL: table */
  gint64 timeout_s;   /* 0: not given */
  gboolean yes, verbose, help;
  /* Made when first asked for. */
  EvsConfig *config;
  EvsClient *client;
  EvsContext context;
} Session;

/* The global options, which stand before the group or behind it. */
extern const Flag session_flags[];
extern const gsize session_flag_count;

void session_init(Session *session);
void session_clear(Session *session);

/* The file that session_config() reads. Borrowed. */
const char *session_config_path(const Session *session);
/* Borrowed. NULL with *error: no file, or one that is wrong. */
const EvsConfig *session_config(Session *session, GError **error);
/* Borrowed. Sends nothing yet. */
EvsClient *session_client(Session *session, GError **error);
/* Ends --timeout (default DEFAULT_TIMEOUT_S) after it is first asked for, and when the process is interrupted. */
const EvsContext *session_context(Session *session);

OutputFormat session_output(const Session *session);
/* Shows a result on stdout as --output says; takes the reference. */
void session_print(const Session *session, json_t *value, const char *columns);
/* EXIT_OK if this is so; else prints the error and returns its exit status. */
int session_end(gboolean ok, const GError *error);

/* Before anything is destroyed. TRUE with --yes, or if the user says so on the terminal. FALSE with INVALID_ARGUMENT: there
 * is nobody to ask (says --yes), or the answer was no. question: "delete disk 1234?" */
gboolean session_confirm(const Session *session, const char *question, GError **error);

/* TRUE once a signal came. Any thread. */
gboolean session_interrupted(void);
