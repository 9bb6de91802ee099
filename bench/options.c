#include "bench/options.h"

#include "base/text.h"
#include "bench/storm.h"

/* default_count 0: the count must be written. */
static const struct {
  const char *name;
  ScenarioKind kind;
  guint count_max, default_count;
} scenarios[] = {
  {"create", SCENARIO_CREATE, OBJECTS_MAX, 0},
  {"attach", SCENARIO_ATTACH, OBJECTS_MAX, 0},
  {"detach-delete", SCENARIO_DETACH_DELETE, OBJECTS_MAX, 0},
  {"snapshot", SCENARIO_SNAPSHOT, OBJECTS_MAX, 0},
  {"mix", SCENARIO_MIX, MIX_SECONDS_MAX, 0},
  {"node", SCENARIO_NODE, OBJECTS_MAX, 0},
  {"rpc", SCENARIO_RPC, 100 * OBJECTS_MAX, 200000},
  {"startup", SCENARIO_STARTUP, OBJECTS_MAX, 15},
  {"memory", SCENARIO_MEMORY, 100 * OBJECTS_MAX, 500000},
};

void scenario_free(Scenario *scenario)
{
  if (!scenario)
    return;
  g_free(scenario->text);
  g_free(scenario);
}

static gboolean scenario_refused(const char *text, GError **error)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "scenario '%s' is not one of create:N, attach:N/SERVERS, detach-delete:N, snapshot:N, "
                       "mix:SECONDS, node:N, rpc[:CALLS], startup[:TIMES], memory[:CALLS]",
                       text);
}

Scenario *scenario_parse(const char *text, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(text, ":", 2);
  for (gsize i = 0; i < G_N_ELEMENTS(scenarios); i++) {
    if (g_strcmp0(parts[0], scenarios[i].name) != 0)
      continue;
    gboolean attach = scenarios[i].kind == SCENARIO_ATTACH;
    gint64 count = scenarios[i].default_count, servers = 0;
    g_auto(GStrv) numbers = parts[1] ? g_strsplit(parts[1], "/", 2) : NULL;
    gboolean good = parts[1] ? text_parse_int64(numbers[0], 1, scenarios[i].count_max, &count) : count > 0;
    if (good && parts[1] && (attach || numbers[1]))
      good = attach && numbers[1] && text_parse_int64(numbers[1], 1, SERVERS_MAX, &servers);
    if (!good)
      break;
    Scenario *scenario = g_new0(Scenario, 1);
    scenario->kind = scenarios[i].kind;
    scenario->text = g_strdup(text);
    scenario->count = (guint)count;
    scenario->servers = (guint)servers;
    return scenario;
  }
  scenario_refused(text, error);
  return NULL;
}

/* A list separated by commas; NULL for NULL. */
static char **split(const char *text)
{
  return text && *text ? g_strsplit(text, ",", -1) : NULL;
}

static gboolean read_pids(Options *options, const char *text, GError **error)
{
  g_auto(GStrv) list = split(text);
  for (guint i = 0; list && list[i]; i++) {
    gint64 pid;
    if (i >= PROCESSES_MAX || !text_parse_int64(list[i], 1, G_MAXINT, &pid))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "--pid '%s': accepted are at most %d process ids, separated by commas", text,
                           PROCESSES_MAX);
    options->pids[options->n_pids++] = (int)pid;
  }
  return TRUE;
}

static gboolean read_scenarios(Options *options, const char *text, GError **error)
{
  g_auto(GStrv) list = split(text);
  for (guint i = 0; list && list[i]; i++) {
    Scenario *scenario = scenario_parse(list[i], error);
    if (!scenario)
      return FALSE;
    g_ptr_array_add(options->scenarios, scenario);
  }
  guint count = options->scenarios->len;
  if (options->merge)
    return TRUE;
  if (count == 0 || count > SCENARIOS_MAX)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--scenario: 1 to %d are needed", SCENARIOS_MAX);
  return TRUE;
}

/* What each scenario cannot do without. */
static gboolean check_needs(const Options *options, GError **error)
{
  for (guint i = 0; i < options->scenarios->len; i++) {
    const Scenario *scenario = g_ptr_array_index(options->scenarios, i);
    ScenarioKind kind = scenario->kind;
    const char *missing = NULL;
    gboolean cloud = kind <= SCENARIO_NODE;
    if (cloud && (!options->controllers || !options->controllers[0]))
      missing = "--controller";
    else if (kind == SCENARIO_NODE && !options->node)
      missing = "--node";
    else if (kind == SCENARIO_NODE && !options->kubelet_dir)
      missing = "--kubelet-dir";
    else if ((kind == SCENARIO_ATTACH || kind == SCENARIO_DETACH_DELETE || kind == SCENARIO_MIX) &&
             !options->sim && !options->servers)
      missing = "--sim or --servers";
    else if (kind == SCENARIO_STARTUP && (!options->command || !options->node))
      missing = "--command, and --node, which is where it will answer,";
    else if ((kind == SCENARIO_RPC || kind == SCENARIO_MEMORY) && !options->node && !options->controllers)
      missing = "--node or --controller";
    if (missing)
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s is needed for scenario '%s'", missing,
                           scenario->text);
  }
  return TRUE;
}

static gboolean check_ranges(const Options *options, GError **error)
{
  const struct {
    const char *name;
    gint64 value, min, max;
  } ranges[] = {
    {"--workers", options->workers, 1, STORM_WORKERS_MAX},
    {"--timeout-ms", options->timeout_ms, 1, 24 * 3600 * 1000},
    {"--limit", options->limit_s, 1, 24 * 3600},
    {"--settle", options->settle_s, 0, 3600},
    {"--back-off-start-ms", options->back_off_start_ms, 1, 24 * 3600 * 1000},
    {"--back-off-max-ms", options->back_off_max_ms, 1, 24 * 3600 * 1000},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++)
    if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max)
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "%s is %" G_GINT64_FORMAT "; accepted: %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                           ranges[i].name, ranges[i].value, ranges[i].min, ranges[i].max);
  return TRUE;
}

typedef struct {
  char *controllers, *pids, *scenarios, *servers, *parameters;
  gboolean merge;
} Texts;

static gboolean parse_flags(int argc, char **argv, Options *options, Texts *texts, char ***ret_rest,
                            GError **error)
{
  char **rest = NULL;
  const GOptionEntry entries[] = {
    {"controller", 0, 0, G_OPTION_ARG_STRING, &texts->controllers,
     "controllers of one driver; calls are spread over them", "EP[,EP]"},
    {"node", 0, 0, G_OPTION_ARG_STRING, &options->node, "node plugin", "EP"},
    {"pid", 0, 0, G_OPTION_ARG_STRING, &texts->pids, "processes whose memory is watched", "PID[,PID]"},
    {"sim", 0, 0, G_OPTION_ARG_STRING, &options->sim, "evs-sim, for the oracle, calls and ends of jobs",
     "URL"},
    {"scenario", 0, 0, G_OPTION_ARG_STRING, &texts->scenarios, "what is done, one after the other", "LIST"},
    {"seed", 0, 0, G_OPTION_ARG_INT64, &options->seed, "what chance follows from (default 1)", "N"},
    {"json", 0, 0, G_OPTION_ARG_FILENAME, &options->json, "write the result there", "FILE"},
    {"workers", 0, 0, G_OPTION_ARG_INT64, &options->workers, "of each sidecar (default 100)", "N"},
    {"timeout-ms", 0, 0, G_OPTION_ARG_INT64, &options->timeout_ms, "of each call (default 60000)", "MS"},
    {"back-off-start-ms", 0, 0, G_OPTION_ARG_INT64, &options->back_off_start_ms,
     "after a first failure (default 1000), then doubled", "MS"},
    {"back-off-max-ms", 0, 0, G_OPTION_ARG_INT64, &options->back_off_max_ms, "at most (default 300000)",
     "MS"},
    {"jitter", 0, 0, G_OPTION_ARG_NONE, &options->jitter, "back-offs vary by half", NULL},
    {"limit", 0, 0, G_OPTION_ARG_INT64, &options->limit_s, "give a scenario up after this (default 900)",
     "SECONDS"},
    {"settle", 0, 0, G_OPTION_ARG_INT64, &options->settle_s,
     "wait before the memory afterwards is read (default 0)", "SECONDS"},
    {"servers", 0, 0, G_OPTION_ARG_STRING, &texts->servers,
     "attach to these (default: servers that evs-sim is told to add)", "ID[,ID]"},
    {"parameters", 0, 0, G_OPTION_ARG_STRING, &texts->parameters, "of the storage class", "KEY=VALUE[,...]"},
    {"topology", 0, 0, G_OPTION_ARG_STRING, &options->topology, "where disks are made", "KEY=VALUE"},
    {"kubelet-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->kubelet_dir, "the node plugin's", "DIR"},
    {"command", 0, 0, G_OPTION_ARG_STRING, &options->command, "for startup: what will answer at --node",
     "COMMAND"},
    {"keep", 0, 0, G_OPTION_ARG_NONE, &options->keep, "leave what was made", NULL},
    {"merge", 0, 0, G_OPTION_ARG_NONE, &texts->merge, "show the median of earlier results: FILE...", NULL},
    {"goals", 0, 0, G_OPTION_ARG_NONE, &options->goals, "show what evs-csi is meant to reach beside it",
     NULL},
    {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "print the version", NULL},
    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL},
    {0},
  };
  g_autoptr(GOptionContext) context = g_option_context_new(NULL);
  g_option_context_set_summary(context, "Measures CSI drivers by acting like Kubernetes' sidecars.");
  g_option_context_add_main_entries(context, entries, NULL);
  g_autoptr(GError) cause = NULL;
  gboolean parsed = g_option_context_parse(context, &argc, &argv, &cause);
  *ret_rest = rest;
  if (!parsed)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s", cause->message);
  if (rest && !texts->merge)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "unexpected argument '%s'", rest[0]);
  if (!rest && texts->merge)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--merge needs files");
  return TRUE;
}

gboolean options_parse(int argc, char **argv, Options *ret_options, GError **error)
{
  g_auto(Options) options = {.seed = 1,
                             .workers = 100,
                             .timeout_ms = 60000,
                             .limit_s = 900,
                             .back_off_start_ms = 1000,
                             .back_off_max_ms = 300000,
                             .scenarios = g_ptr_array_new_with_free_func((GDestroyNotify)scenario_free)};
  Texts texts = {.pids = NULL};
  gboolean parsed = parse_flags(argc, argv, &options, &texts, &options.merge, error);
  g_autofree char *controllers = texts.controllers, *pids = texts.pids, *list = texts.scenarios;
  g_autofree char *servers = texts.servers, *parameters = texts.parameters;
  if (!parsed)
    return FALSE;
  options.controllers = split(controllers);
  options.servers = split(servers);
  options.parameters = split(parameters);
  if (options.controllers && g_strv_length(options.controllers) > ENDPOINTS_MAX)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--controller: at most %d", ENDPOINTS_MAX);
  if (!options.version && (!read_pids(&options, pids, error) || !read_scenarios(&options, list, error) ||
                           !check_needs(&options, error) || !check_ranges(&options, error)))
    return FALSE;
  *ret_options = options;
  options = (Options){0};
  return TRUE;
}

void options_clear(Options *options)
{
  if (options->scenarios)
    g_ptr_array_unref(options->scenarios);
  g_strfreev(options->controllers);
  g_strfreev(options->merge);
  g_strfreev(options->servers);
  g_strfreev(options->parameters);
  char *const texts[] = {options->node,     options->sim,         options->json,
                         options->topology, options->kubelet_dir, options->command};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  *options = (Options){0};
}
