#include "controller/options.h"

#include "base/text.h"
#include "controller/server_lane.h"

static gboolean check_unknown_parameters(const char *policy, gboolean *ret_warn, GError **error)
{
  *ret_warn = policy && g_str_equal(policy, "warn");
  if (!policy || *ret_warn || g_str_equal(policy, "refuse"))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "option '--unknown-parameters' is '%s'; accepted: refuse, warn", policy);
}

gboolean options_parse(int *argc, char ***argv, Options *ret_options, GError **error)
{
  g_auto(Options) options = {.stuck_after_ms = LANE_STUCK_MS};
  g_autofree char *unknown_parameters = NULL, *gates = NULL;
  const GOptionEntry entries[] = {
    {"cloud-config", 0, 0, G_OPTION_ARG_FILENAME, &options.cloud_config,
     "credentials and endpoints of the cloud", "FILE"},
    {"cluster-id", 0, 0, G_OPTION_ARG_STRING, &options.cluster_id,
     "name of this cluster, unique in the project: 1-40 of [A-Za-z0-9._-]", "ID"},
    {"list-owned-only", 0, 0, G_OPTION_ARG_NONE, &options.list_owned_only,
     "ListVolumes shows only disks of this cluster", NULL},
    {"unknown-parameters", 0, 0, G_OPTION_ARG_STRING, &unknown_parameters,
     "what to do with unknown StorageClass parameters: refuse (default) or warn", "POLICY"},
    {"enable-retype", 0, 0, G_OPTION_ARG_NONE, &options.enable_retype,
     "ControllerModifyVolume may change a disk's type: it takes hours and cannot be undone", NULL},
    {"stuck-after-ms", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &options.stuck_after_ms,
     "after how long an attach or detach counts as stuck", "MS"},
    {FEATURE_GATES_OPTION, 0, 0, G_OPTION_ARG_STRING, &gates, FEATURE_GATES_HELP, "LIST"},
    {0},
  };
  if (!daemon_parse(argc, argv, "evs-csi-controller", entries, &options.daemon, error))
    return FALSE;
  if (!text_is_label(options.daemon.driver_name, DRIVER_NAME_MAX))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "option '--driver-name' is not valid; accepted: 1-%d of [A-Za-z0-9._-]",
                         DRIVER_NAME_MAX);
  if (!options.cloud_config || !options.cloud_config[0])
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "option '--cloud-config' is missing: it names a file");
  if (!text_is_label(options.cluster_id, CLUSTER_ID_MAX))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "option '--cluster-id' is %s; accepted: 1-%d of [A-Za-z0-9._-]",
                         options.cluster_id ? "not valid" : "missing", CLUSTER_ID_MAX);
  if (options.stuck_after_ms < 1 || options.stuck_after_ms > LANE_STUCK_MS)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "option '--stuck-after-ms' is %d; accepted: 1 to %d", options.stuck_after_ms,
                         LANE_STUCK_MS);
  if (!check_unknown_parameters(unknown_parameters, &options.warn_unknown_parameters, error) ||
      !feature_gates_parse(gates, &options.gates, error))
    return FALSE;
  *ret_options = options;
  options = (Options){0};
  return TRUE;
}

void options_clear(Options *options)
{
  daemon_options_clear(&options->daemon);
  g_clear_pointer(&options->cloud_config, g_free);
  g_clear_pointer(&options->cluster_id, g_free);
}
