/* Groups of commands: what follows `evsctl` on the command line. */
#pragma once

#include <glib.h>

/* Exit statuses of every command. */
enum {
  EXIT_OK = 0,
  EXIT_FAILED = 1, /* the call or the work failed: code and text on stderr */
  EXIT_USAGE = 2,  /* the command line or its input is wrong: nothing was sent */
};

/* Runs with argv[0] being the group's name. Returns the exit status; has told the user what is wrong. */
int csi_command_run(int argc, char **argv);
