/* Inside of the API's commands: the options of one command line, waiting, and how results are shaped. */
#pragma once

#include "evsclient/typed_call.h"
#include "evsctl/commands.h"

typedef struct {
  gpointer query, request; /* records of the operation, or NULL */
  FlagSet *flags;          /* borrowed: the command line's */
  gboolean wait, no_wait;  /* wait is the default, and there to be said */
  gint64 limit;            /* of a list; 0: all */
  gboolean show_key;       /* secrets of the reply on stdout */
  gboolean key_open;       /* key_fd is the new, still empty key_file */
  int key_fd;
  char *key_file; /* secrets of the reply into this new file */
  char *client_token;
} OperationOptions;

/* The names in braces of the path but {project}, NULL-terminated: {"volume_id", "key"}. */
char **operation_path_names(const EvsOperation *operation);

/* operation_run.c: Command.run of all rows. */
int operation_command_run(Session *session, const Command *command, void *options, char **arguments);

/* ---- operation_wait.c ---- */
typedef struct {
  const EvsOperation *operation; /* that was taken */
  const char *job_id;            /* END_JOB, END_ECS_JOB */
  EvsOp look;                    /* END_DISK, END_SNAPSHOT: asks for it */
  const char *subject_id;        /* of the disk or snapshot; NULL: not known */
  gint64 size_gib;               /* that the disk must reach; 0: any */
} OperationWork;
/* Until the work is over, --timeout passes or a signal comes; a line on a terminal tells how it goes. ret_volume_id gets the
 * disk that the job tells of (newly allocated) or NULL. FALSE with *error: of a failed job or status, its code and text;
 * ABORTED with EVS_OUTCOME_UNKNOWN: it goes on in the cloud. */
gboolean operation_wait(Session *session, const OperationWork *work, char **ret_volume_id, GError **error);

/* ---- operation_shape.c ---- */
/* The first member of that name at any depth; borrowed, NULL for none. */
const json_t *json_find(const json_t *value, const char *name);
/* For a table: what the API wraps is unwrapped, a map of things becomes a line each, one thing loses what is empty. Takes
 * the reference. */
json_t *operation_shape_table(json_t *value, const char *columns);
/* Before anything is sent: FALSE if the reply will hold a secret and the user did not say where it shall go, or if it cannot
 * go there: the new file is made now, readable by its owner alone. */
gboolean operation_secret_prepare(const OperationCommand *row, OperationOptions *options, GError **error);
/* Puts the reply's secret where the user wants it: into shown, or into the file. */
gboolean operation_secret_deliver(const OperationCommand *row, OperationOptions *options, gconstpointer reply,
                                  json_t *shown, GError **error);
/* Removes a file that got no secret. */
void operation_secret_clear(OperationOptions *options);
