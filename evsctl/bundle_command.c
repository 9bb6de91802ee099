/* evsctl support-bundle: what somebody who helps needs to know, in one file without secrets. */
#include "base/clock.h"
#include "base/text.h"
#include "evsctl/bundle.h"
#include "evsctl/command.h"

typedef struct {
  char *output_file, *cluster_id, *driver_name, *pv_list;
  GPtrArray *sources, *logs;
} Options;

static const Flag flags[] = {
  FLAG(Options, output_file, TEXT, "file", "FILE.tar.gz",
       "what is written (evs-support-<time>.tar.gz); must not exist"),
  FLAG(Options, cluster_id, TEXT, "cluster-id", "ID", "whose disks are listed (all clusters')"),
  FLAG(Options, driver_name, TEXT, "driver-name", "NAME", "its driver's name (" OWNER_DEFAULT_DRIVER ")"),
  FLAG(Options, pv_list, TEXT, "pv-list", "-|FILE|kubectl", "for the list of orphans, as in evsctl orphans"),
  FLAG(Options, sources, TEXTS, "from", "http://HOST:PORT",
       "--http-endpoint of a controller or node plugin: metrics, running calls, health; may be repeated"),
  FLAG(Options, logs, TEXTS, "log", "FILE",
       "a log file, of which the last 16 MiB are taken; may be repeated"),
};

/* ---- adding ---- */

void bundle_note_problem(Bundle *bundle, const char *what, const GError *error)
{
  g_autofree char *text = evs_error_describe(error);
  g_string_append_printf(bundle->problems, "%s: %s\n", what, text);
}

void bundle_add_text(Bundle *bundle, const char *name, const char *what, const char *text, gsize length)
{
  if (bundle->failure)
    return;
  g_autofree char *clean = secret_filter_apply(bundle->filter, text, length);
  g_string_append_printf(bundle->contents, "%-32s %s\n", name, what);
  (void)archive_add(bundle->archive, name, clean, strlen(clean), &bundle->failure);
}

void bundle_add_json(Bundle *bundle, const char *name, const char *what, json_t *value)
{
  g_autofree char *text = output_json(value);
  json_decref(value);
  bundle_add_text(bundle, name, what, text, strlen(text));
}

/* ---- the whole ---- */

static void add_all(Bundle *bundle)
{
  bundle_add_versions(bundle);
  bundle_add_config(bundle);
  bundle_add_doctor(bundle);
  bundle_add_cloud(bundle);
  bundle_add_pages(bundle);
  bundle_add_logs(bundle);
  if (bundle->problems->len > 0)
    bundle_add_text(bundle, "problems.txt", "what could not be had, and why", bundle->problems->str,
                    bundle->problems->len);
  g_autofree char *readme =
    g_strdup_printf("Made by evsctl support-bundle. Values that look like secrets are replaced by ***; look "
                    "through the files\n"
                    "before you hand them on: names of disks, projects and servers are in them.\n\n%s",
                    bundle->contents->str);
  bundle_add_text(bundle, "README.txt", "this list", readme, strlen(readme));
}

static gboolean write_bundle(Bundle *bundle, const char *path, const char *directory, GError **error)
{
  g_autoptr(GError) unread = NULL;
  bundle->archive = archive_open(path, directory, clock_wall_us() / G_USEC_PER_SEC, error);
  if (!bundle->archive)
    return FALSE;
  bundle->filter = secret_filter_new(session_config(bundle->session, &unread));
  bundle->problems = g_string_new(NULL);
  bundle->contents = g_string_new(NULL);
  add_all(bundle);
  gboolean is_interrupted = session_interrupted();
  if (is_interrupted && !bundle->failure)
    evs_error_set(&bundle->failure, EVS_CODE_ABORTED, "interrupted: no bundle was written");
  gboolean ok = !bundle->failure;
  if (ok)
    ok = archive_close(bundle->archive, error);
  else
    archive_discard(bundle->archive);
  if (bundle->failure)
    g_propagate_error(error, g_steal_pointer(&bundle->failure));
  return ok;
}

static void print_end(Session *session, const char *path, const Bundle *bundle)
{
  g_auto(GStrv) problems = g_strsplit(g_strchomp(bundle->problems->str), "\n", -1);
  json_t *rows = json_array(), *shown = json_object();
  for (char **problem = problems; *problem && **problem; problem++) {
    g_autofree char *clean = secret_filter_apply(bundle->filter, *problem, strlen(*problem));
    json_array_append_new(rows, json_string(clean));
  }
  if (session_output(session) == OUTPUT_TABLE) {
    printf("%s\n", path);
    for (gsize i = 0; i < json_array_size(rows); i++) {
      g_autofree char *plain = output_plain_text(json_string_value(json_array_get(rows, i)));
      fprintf(stderr, "left out: %s\n", plain);
    }
    json_decref(rows);
    json_decref(shown);
    return;
  }
  evs_json_set_text(shown, "file", path);
  json_object_set_new(shown, "left_out", rows);
  session_print(session, shown, NULL);
}

static gboolean check_options(const Options *options, GError **error)
{
  if ((options->sources && options->sources->len > BUNDLE_MAX_SOURCES) ||
      (options->logs && options->logs->len > BUNDLE_MAX_LOGS))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--from, --log: at most %d of each are expected",
                         BUNDLE_MAX_LOGS);
  for (guint i = 0; options->sources && i < options->sources->len; i++) {
    if (!g_str_has_prefix(options->sources->pdata[i], "http://"))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--from: http://HOST:PORT is expected");
  }
  return TRUE;
}

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  (void)arguments;
  const Options *options = data;
  g_autoptr(GError) error = NULL;
  if (!check_options(options, &error))
    return session_end(FALSE, error);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *stamp = g_date_time_format(now, "%Y%m%dT%H%M%SZ");
  g_autofree char *directory = g_strconcat("evs-support-", stamp, NULL);
  g_autofree char *path =
    options->output_file ? g_strdup(options->output_file) : g_strconcat(directory, ".tar.gz", NULL);
  Bundle bundle = {
    .session = session,
    .cluster_id = options->cluster_id,
    .driver_name = options->driver_name ? options->driver_name : OWNER_DEFAULT_DRIVER,
    .pv_list = options->pv_list,
    .sources = options->sources,
    .logs = options->logs,
  };
  gboolean ok = write_bundle(&bundle, path, directory, &error);
  if (ok)
    print_end(session, path, &bundle);
  secret_filter_free(bundle.filter);
  if (bundle.problems)
    g_string_free(bundle.problems, TRUE);
  if (bundle.contents)
    g_string_free(bundle.contents, TRUE);
  return session_end(ok, error);
}

static const Command commands[] = {
  {.arguments = "",
   .summary = "write what somebody who helps needs to know into one file, without secrets",
   .description =
     "A .tar.gz of mode 0600 with: versions; cloud-config without its secrets; evsctl doctor; the cluster's "
     "disks and\n"
     "snapshots with their metadata; orphans; of each --from metrics, running calls and health; the end of "
     "each --log.\n"
     "What cannot be had is listed in it and does not keep the rest out.\n"
     "\n"
     "Every file is searched for secrets: those of cloud-config, and what looks like one. Look through it "
     "all the same\n"
     "before you hand it on.\n"
     "\n"
     "Examples:\n"
     "  evsctl support-bundle --cluster-id=prod-1 --from=http://10.0.0.7:9808 "
     "--log=/var/log/evs-csi-controller.log\n"
     "  kubectl -n kube-system logs deploy/evs-csi-controller > c.log && evsctl support-bundle --log=c.log\n",
   .run = run,
   COMMAND_FLAGS(flags, Options)},
};

const CommandGroup bundle_group =
  COMMAND_GROUP("support-bundle", "what somebody who helps needs, without secrets", commands);
