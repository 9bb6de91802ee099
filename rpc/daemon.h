/* What both plugins' main() share: options of every daemon, start order, the HTTP endpoint, the life until SIGTERM.
 *
 * Start order: block signals, umask 0077, parse, log, then the caller's set-up, then serve. On SIGTERM or SIGINT the
 * server drains and daemon_run() returns 0. When handlers hang beyond the ceiling of rpc_server_drain(), daemon_run() ends
 * the process with status 1. */
#pragma once

#include "rpc/server.h"

typedef struct {
  const char *program; /* as given to daemon_parse() */
  char *endpoint;      /* --endpoint, default "unix:///run/csi.sock" */
  char *http_endpoint; /* --http-endpoint ADDR:PORT; NULL: no HTTP endpoint. Port 0 = any, logged */
  char *driver_name;   /* --driver-name, default "evs.csi.huaweicloud.com" */
  char *log_format;    /* --log-format, default "json" */
  char *log_level;     /* --log-level, default "info" */
} DaemonOptions;

/* Blocks the signals, sets the umask, disables core dumps of secrets (PR_SET_DUMPABLE 0 in release), parses the
 * shared options and `entries` (GOption), handles --help and --version (prints "<program> <version>"), initialises
 * the log. The strings are released by daemon_options_clear(). FALSE with INVALID_ARGUMENT naming the option. program: "evs-csi-node". */
gboolean daemon_parse(int *argc, char ***argv, const char *program, const GOptionEntry *entries,
                      DaemonOptions *ret_options, GError **error);

void daemon_options_clear(DaemonOptions *options);

/* Is the daemon ready for work? Called for /readyz; may block for a short time. NULL reason when ready. */
typedef gboolean (*DaemonReady)(void *data, char **ret_reason);

/* Starts the server and the HTTP endpoint (/metrics, /healthz, /readyz, /debug/pending), waits for SIGTERM, drains,
 * stops. Returns the process's exit code; start errors are logged. ready may be NULL: always ready. */
int daemon_run(const DaemonOptions *options, RpcServer *server, DaemonReady ready, void *data);
