/* evsctl explain: what is with this volume, and what keeps it from being deleted, attached, expanded ... */
#include "evsctl/command.h"
#include "evsctl/explain.h"
#include "evsctl/pv_list.h"

typedef struct {
  char *cluster_id, *driver_name, *controller, *job, *pv_list;
} Options;

static const Flag flags[] = {
  FLAG(Options, cluster_id, TEXT, "cluster-id", "ID",
       "the cluster in question: tells whether the disk is its own"),
  FLAG(Options, driver_name, TEXT, "driver-name", "NAME", "its driver's name (" OWNER_DEFAULT_DRIVER ")"),
  FLAG(Options, controller, TEXT, "controller", "http://HOST:PORT",
       "--http-endpoint of a running controller: what it does with the disk now"),
  FLAG(Options, pv_list, TEXT, "pv-list", "-|FILE|kubectl",
       "PVs, as in evsctl orphans: finds a static PV's disk by the PV's name"),
  FLAG(Options, job, TEXT, "job", "ID", "a job of the cloud, as log lines and error texts name it"),
};

/* A static PV leaves no mark on its disk: only the cluster knows its handle. */
static gboolean resolve(Session *session, const Options *options, const char *volume, char **ret_volume,
                        GError **error)
{
  g_autoptr(PvList) pvs = NULL;
  if (options->pv_list && !(pvs = pv_list_load(options->pv_list, session_context(session), error)))
    return FALSE;
  const char *handle = pvs ? pv_list_handle(pvs, volume) : NULL;
  *ret_volume = g_strdup(handle ? handle : volume);
  return TRUE;
}

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  const Options *options = data;
  g_autoptr(GError) error = NULL;
  const Owner owner = {options->cluster_id,
                       options->driver_name ? options->driver_name : OWNER_DEFAULT_DRIVER};
  g_autofree char *volume = NULL;
  if (!resolve(session, options, arguments[0], &volume, &error))
    return session_end(FALSE, error);
  const ExplainOrder order = {
    .volume = volume,
    .owner = options->cluster_id ? &owner : NULL,
    .controller = options->controller,
    .job_id = options->job,
  };
  EvsClient *client = session_client(session, &error);
  g_autoptr(Explanation) found =
    client ? explain_gather(client, session_context(session), &order, &error) : NULL;
  if (!found)
    return session_end(FALSE, error);
  if (session_output(session) == OUTPUT_TABLE) {
    g_autofree char *text = explanation_text(found, &order);
    fputs(text, stdout);
  } else {
    session_print(session, explanation_show(found, &order), NULL);
  }
  return EXIT_OK;
}

static const Command commands[] = {
  {.arguments = "VOLUME",
   .least = 1,
   .most = 1,
   .summary = "say what is with a volume, and what keeps it from being deleted, attached, expanded ...",
   .description =
     "VOLUME is a disk's id (a PV's volumeHandle), the name of a PV, or the disk's name.\n"
     "\n"
     "Tells state, owner, servers, snapshots, transfer and recycle bin, and for delete, attach, expand,\n"
     "snapshot and transfer everything that forbids it, each with what helps. Changes nothing. The cloud has "
     "no\n"
     "list of jobs: --job shows one that a log line names, --controller what a running controller does.\n"
     "\n"
     "Examples:\n"
     "  evsctl explain pvc-0a1b2c3d-1111-2222-3333-444455556666 --cluster-id=prod-1\n"
     "  evsctl explain 5f8de1a2-0000-4000-8000-000000000001 --controller=http://10.0.0.7:9808\n",
   .run = run,
   COMMAND_FLAGS(flags, Options)},
};

const CommandGroup explain_group =
  COMMAND_GROUP("explain", "what is with a volume, and what blocks it", commands);
