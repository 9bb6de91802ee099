/* evsctl doctor: what is wrong between this machine and the cloud, and what helps. */
#include "evsctl/command.h"
#include "evsctl/doctor.h"

typedef struct {
  GPtrArray *zones;
  char *nodes;
} Options;

static const Flag flags[] = {
  FLAG(Options, zones, TEXTS, "zone", "ZONE", "a zone that nodes are in; may be repeated"),
  FLAG(Options, nodes, TEXT, "nodes", "kubectl|-|FILE",
       "the nodes, whose zone labels are checked: kubectl is asked, or JSON"),
};

static int run(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  (void)arguments;
  const Options *options = data;
  Doctor doctor = {.session = session, .zones = options->zones, .nodes = options->nodes};
  doctor_run(&doctor);
  if (session_output(session) == OUTPUT_TABLE) {
    g_autofree char *text = doctor_text(&doctor);
    fputs(text, stdout);
    json_decref(doctor.checks);
  } else {
    session_print(session, doctor_show(&doctor), NULL);
  }
  return session_interrupted() ? EXIT_INTERRUPTED : doctor.worst == DOCTOR_FAIL ? EXIT_FAILED : EXIT_OK;
}

static const Command commands[] = {
  {.arguments = "",
   .summary = "check all that the driver stands on, with a remedy for what is wrong",
   .description = "cloud-config and its mode, endpoints (name, route, certificate), the clock, credentials "
                  "and project, each permission\n"
                  "that the driver or evsctl may need, quota, disk types of each zone, zones of the nodes, "
                  "idempotency tokens, recycle bin.\n"
                  "\n"
                  "Changes nothing. Permissions are told by calls that read, that name a disk which cannot "
                  "exist, or whose body lacks\n"
                  "what is mandatory: permitted, they are refused for that, and else with 403. They show up "
                  "in the cloud's trace.\n"
                  "\n"
                  "Exit status: 0 all well or warnings only, 1 something fails.\n"
                  "\n"
                  "Examples:\n"
                  "  evsctl doctor --nodes=kubectl\n"
                  "  evsctl doctor --zone=cn-north-4a --zone=cn-north-4b -o json\n",
   .run = run,
   COMMAND_FLAGS(flags, Options)},
};

const CommandGroup doctor_group = COMMAND_GROUP("doctor", "check all that the driver stands on", commands);
