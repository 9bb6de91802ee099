#include "node/options.h"

#include "base/text.h"
#include "node/filesystem.h"

enum {
  MAX_ATTACH_LIMIT = 1000,
  LARGEST_DEFAULT_LIMIT = 59,
  DEFAULT_DEVICE_WAIT_S = 30,
  MAX_DEVICE_WAIT_S = 600,
};

static gboolean check_text(const char *option, const char *value, gboolean (*good)(const char *value),
                           const char *accepted, GError **error)
{
  if (good(value))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--%s '%s' is not %s", option, value, accepted);
}

static gboolean is_id(const char *value)
{
  return !value || text_is_label(value, NODE_MAX_ID);
}

static gboolean is_zone(const char *value)
{
  enum { MAX_TOPOLOGY_VALUE = 63 };
  return !value || text_is_label(value, MAX_TOPOLOGY_VALUE);
}

static gboolean is_absolute(const char *value)
{
  return value[0] == '/' && text_is_printable(value);
}

static gboolean is_url(const char *value)
{
  return (g_str_has_prefix(value, "http://") || g_str_has_prefix(value, "https://")) &&
         text_is_printable(value);
}

static gboolean is_filesystem(const char *value)
{
  return filesystem_find(value) != NULL;
}

static gboolean check_range(const char *option, int value, int min, int max, GError **error)
{
  if (value >= min && value <= max)
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--%s=%d is not within %d..%d", option, value, min,
                       max);
}

gboolean node_options_check(const NodeOptions *options, GError **error)
{
  if (options->attach_limit && options->reserved)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "--volume-attach-limit and --reserved-volume-attachments exclude each other: the limit is "
      "what is left");
  if (options->remove_startup_taint && !options->node_name)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--remove-startup-taint needs --node-name, the name of the Kubernetes node");
  return check_text("node-id", options->node_id, is_id, "an id of letters, digits, '.', '_' and '-'",
                    error) &&
         check_text("zone", options->zone, is_zone,
                    "a zone name of at most 63 letters, digits, '.', '_' and '-'", error) &&
         check_text("metadata-url", options->metadata_url, is_url, "an http or https URL", error) &&
         check_text("dev-dir", options->dev_dir, is_absolute, "an absolute path", error) &&
         check_text("sys-dir", options->sys_dir, is_absolute, "an absolute path", error) &&
         check_text("kubelet-dir", options->kubelet_dir, is_absolute, "an absolute path", error) &&
         check_text("node-name", options->node_name, is_id,
                    "a node's name of letters, digits, '.', '_' and '-'", error) &&
         check_text("default-fs-type", options->default_fs_type, is_filesystem,
                    "one of ext4, ext3, xfs, btrfs", error) &&
         check_range("volume-attach-limit", options->attach_limit, 0, MAX_ATTACH_LIMIT, error) &&
         check_range("reserved-volume-attachments", options->reserved, 0, LARGEST_DEFAULT_LIMIT - 1, error) &&
         check_range("device-timeout", options->device_wait_s, 0, MAX_DEVICE_WAIT_S, error);
}

static void set_default(char **option, const char *value)
{
  if (!*option)
    *option = g_strdup(value);
}

/* A Helm chart passes empty values for what is not set. */
static void drop_empty(char **option)
{
  if (*option && !**option)
    g_clear_pointer(option, g_free);
}

gboolean node_options_parse(int *argc, char ***argv, NodeOptions *ret_options, GError **error)
{
  *ret_options = (NodeOptions){.device_wait_s = DEFAULT_DEVICE_WAIT_S};
  g_autofree char *gates = NULL;
  const GOptionEntry entries[] = {
    {"node-id", 0, 0, G_OPTION_ARG_STRING, &ret_options->node_id,
     "id of this server (default: asked of the metadata service)", "ID"},
    {"zone", 0, 0, G_OPTION_ARG_STRING, &ret_options->zone, "its availability zone (default: likewise)",
     "ZONE"},
    {"metadata-url", 0, 0, G_OPTION_ARG_STRING, &ret_options->metadata_url, "default http://169.254.169.254",
     "URL"},
    {"dev-dir", 0, 0, G_OPTION_ARG_FILENAME, &ret_options->dev_dir, "device nodes, default /dev", "DIR"},
    {"sys-dir", 0, 0, G_OPTION_ARG_FILENAME, &ret_options->sys_dir, "sysfs, default /sys", "DIR"},
    {"kubelet-dir", 0, 0, G_OPTION_ARG_FILENAME, &ret_options->kubelet_dir, "default /var/lib/kubelet",
     "DIR"},
    {"default-fs-type", 0, 0, G_OPTION_ARG_STRING, &ret_options->default_fs_type,
     "made on a new disk when no file system is asked for, default " FILESYSTEM_DEFAULT, "TYPE"},
    {"volume-attach-limit", 0, 0, G_OPTION_ARG_INT, &ret_options->attach_limit,
     "volumes per node (default: what EVS allows)", "N"},
    {"reserved-volume-attachments", 0, 0, G_OPTION_ARG_INT, &ret_options->reserved,
     "of those, kept for disks of others", "N"},
    {"device-timeout", 0, 0, G_OPTION_ARG_INT, &ret_options->device_wait_s,
     "how long an attached disk may take to appear, or to be seen grown, default 30", "SECONDS"},
    {"remove-startup-taint", 0, 0, G_OPTION_ARG_NONE, &ret_options->remove_startup_taint,
     "take the taint DRIVER-NAME/agent-not-ready off the node once the driver is registered", NULL},
    {"node-name", 0, 0, G_OPTION_ARG_STRING, &ret_options->node_name,
     "name of the Kubernetes node, for --remove-startup-taint", "NAME"},
    {"service-account-dir", 0, 0, G_OPTION_ARG_FILENAME, &ret_options->account_dir,
     "token and ca.crt for --remove-startup-taint (default: where the kubelet puts them)", "DIR"},
    {FEATURE_GATES_OPTION, 0, 0, G_OPTION_ARG_STRING, &gates, FEATURE_GATES_HELP, "LIST"},
    G_OPTION_ENTRY_NULL,
  };
  if (!daemon_parse(argc, argv, "evs-csi-node", entries, &ret_options->daemon, error) ||
      !feature_gates_parse(gates, &ret_options->gates, error))
    return FALSE;
  drop_empty(&ret_options->node_id);
  drop_empty(&ret_options->zone);
  drop_empty(&ret_options->default_fs_type);
  drop_empty(&ret_options->node_name);
  drop_empty(&ret_options->account_dir);
  set_default(&ret_options->metadata_url, "http://169.254.169.254");
  set_default(&ret_options->dev_dir, "/dev");
  set_default(&ret_options->sys_dir, "/sys");
  set_default(&ret_options->kubelet_dir, "/var/lib/kubelet");
  set_default(&ret_options->default_fs_type, FILESYSTEM_DEFAULT);
  return node_options_check(ret_options, error);
}

void node_options_clear(NodeOptions *options)
{
  char *const texts[] = {
    options->node_id,
    options->zone,
    options->metadata_url,
    options->dev_dir,
    options->sys_dir,
    options->kubelet_dir,
    options->default_fs_type,
    options->node_name,
    options->account_dir,
    options->daemon.endpoint,
    options->daemon.http_endpoint,
    options->daemon.driver_name,
    options->daemon.log_format,
    options->daemon.log_level,
  };
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  memset(options, 0, sizeof *options);
}
