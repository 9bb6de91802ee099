/* The commands that are operations of the API: one table. Arguments follow from the path, flags from the fields of query and
 * request, waiting from the operation's end, asking from what it destroys (evsclient/operations.h); a row says what these
 * cannot: group, verb, which arguments stand for fields, and what a table shows.
 */
#pragma once

#include "evsclient/operations.h"
#include "evsctl/command.h"

/* A row without one ends in its reply. */
#define NO_OP EVS_OP_COUNT

typedef struct {
  const char *group, *verb;
  const char *variant; /* flag that chooses this row among those of one verb; NULL: the usual one */
  EvsOp op;
  /* "field:NAME" per argument behind those of the path, separated by blanks: the flag that it stands for and its name;
   * "..." at the end takes all that are left. "[NAME]" may be left out. A MAP behind a path with {key} gets that key. */
  const char *rest;
  gboolean secret;     /* the answer holds a key that the cloud tells this once */
  gboolean many;       /* several ids at once: the path's last argument may be repeated */
  const char *columns; /* of the table (output.h); NULL: all */
  /* With an end: what is asked for the end's disk or snapshot, and shown when it is over; NO_OP: nothing is shown. */
  EvsOp look;
  const char *subject; /* name of its id: of the path, the answer or the request; NULL: "volume_id" */
  const char *summary; /* NULL: the operation's own */
  const char *description;
} OperationCommand;

extern const OperationCommand operation_commands[];
extern const gsize operation_command_count;

/* "disks of EVS" for a group's help. Groups in their order, ended by name NULL. */
typedef struct {
  const char *name, *summary;
} OperationGroup;
extern const OperationGroup operation_groups[];

/* One command of a row; the strings it points to live as long as the process. */
Command operation_command_make(const OperationCommand *row);
