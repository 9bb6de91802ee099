/* How every command ends when it goes wrong: one error text, one exit status. */
#pragma once

#include "base/error.h"

/* Exit statuses of every command. */
enum {
  EXIT_OK = 0,
  EXIT_FAILED = 1,  /* the call was refused, or the work failed */
  EXIT_USAGE = 2,   /* the command line or its input is wrong: nothing was sent */
  EXIT_GOES_ON = 3, /* not known to be over: --timeout passed while the cloud works, or an answer was lost */
  EXIT_INTERRUPTED = 130, /* by SIGINT or SIGTERM; what the cloud took goes on */
};

/* The same for people: help and man page. Ended by text NULL. */
typedef struct {
  int status;
  const char *text;
} ExitStatus;
extern const ExitStatus exit_statuses[];

/* Prints to stderr what went wrong: text, and where they are known the cloud's code, the request's id and the remedy.
 *
 *     evsctl: delete disk: volume is in use
 *       code:     EVS.1046 (HTTP 400, FAILED_PRECONDITION)
 *       request:  5f0c...
 *       remedy:   detach it first
 *
 * Returns the exit status. */
int failure_print(const GError *error);
/* For one of several that a command is about: prints it; the first failure's status is the command's. */
void failure_note(int *status, const GError *error);
/* The exit status alone. */
int failure_status(const GError *error);
