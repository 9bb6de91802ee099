/* The command line of evs-bench. */
#pragma once

#include "base/error.h"
#include "bench/process_watch.h"

enum {
  ENDPOINTS_MAX = 8,
  SCENARIOS_MAX = 32,
  OBJECTS_MAX = 1000000,
  SERVERS_MAX = 1000,
  MIX_SECONDS_MAX = 24 * 3600,
};

typedef enum {
  SCENARIO_CREATE,
  SCENARIO_ATTACH,
  SCENARIO_DETACH_DELETE,
  SCENARIO_SNAPSHOT,
  SCENARIO_MIX,
  SCENARIO_NODE,
  SCENARIO_RPC,
  SCENARIO_STARTUP,
  SCENARIO_MEMORY,
} ScenarioKind;

typedef struct {
  ScenarioKind kind;
  char *text;    /* as it was written: "attach:500/50" */
  guint count;   /* objects, seconds, calls; its default if none was written */
  guint servers; /* of attach */
} Scenario;

typedef struct {
  char **controllers; /* endpoints; NULL-terminated, may be empty */
  char *node;         /* endpoint; NULL: none */
  int pids[PROCESSES_MAX];
  guint n_pids;
  char *sim;            /* URL; NULL: none */
  GPtrArray *scenarios; /* of Scenario*; not empty unless merge is given */
  char **merge;         /* JSON files of earlier runs to be shown together; NULL: measure */
  char *json;           /* where the result goes; NULL: nowhere */
  char **servers;       /* ids to attach to; NULL: servers that evs-sim is told to add */
  char **parameters;    /* of the StorageClass, "KEY=VALUE"; NULL: none */
  char *topology;       /* "KEY=VALUE" that the disks shall have; NULL: none */
  char *kubelet_dir;    /* for node: where paths may lie */
  char *command;        /* for startup: what is started, NODE or controller, with its arguments */
  gint64 seed, workers, timeout_ms, limit_s, back_off_start_ms, back_off_max_ms, settle_s;
  gboolean jitter, keep, goals, version;
} Options;

gboolean options_parse(int argc, char **argv, Options *ret_options, GError **error);
void options_clear(Options *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* "create:500", "attach:500/50", "rpc". INVALID_ARGUMENT saying what is accepted. */
Scenario *scenario_parse(const char *text, GError **error);
void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)
