/* evsctl explain: what is with this volume, and what keeps it from being deleted, attached, expanded ... */
#include "evsctl/command.h"
#include "evsctl/explain.h"

typedef struct {
  char *cluster_id, *driver_name, *controller, *job;
} Options;

static const Flag flags[] = {
  FLAG(Options, cluster_id, TEXT, "cluster-id", "ID",
       "the cluster in question: tells whether the disk is its own"),
  FLAG(Options, driver_name, TEXT, "driver-name", "NAME", "its driver's name (" OWNER_DEFAULT_DRIVER ")"),
  FLAG(Options, controller, TEXT, "controller", "http://HOST:PORT",
       "--http-endpoint of a running controller: what it does with the disk now"),
  FLAG(Options, job, TEXT, "job", "ID", "a job of the cloud, as log lines and error texts name it"),
};

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  const Options *options = data;
  g_autoptr(GError) error = NULL;
  const Owner owner = {options->cluster_id,
                       options->driver_name ? options->driver_name : OWNER_DEFAULT_DRIVER};
  const ExplainOrder order = {
    .volume = arguments[0],
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
