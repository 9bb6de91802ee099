/* Commands of evsctl: `evsctl GROUP [VERB] ...`. A group is a table of commands; the framework finds the command, reads
 * its flags and arguments, shows --help, and makes completion and the man page of the same tables.
 *
 * A new group: a file with `const CommandGroup xxx_group` and a line in groups.c.
 */
#pragma once

#include "evsctl/session.h"

enum { ANY_NUMBER = 1000 }; /* of arguments */

typedef struct Command Command;
struct Command {
  const char *verb; /* NULL: the group has this one command, and no verbs */
  const char
    *variant; /* flag without dashes that chooses this one among commands of one verb; NULL: the usual one */
  const char *arguments;   /* "METHOD PATH", "[VOLUME...]"; "" for none */
  guint least, most;       /* number of arguments */
  const char *summary;     /* "delete disks": one line, lower case */
  const char *description; /* more, for --help and the man page; lines of at most 100 characters; or NULL */
  const Flag *flags;
  gsize flag_count;
  gsize options_size; /* of the struct that the flags write into; it comes zeroed */
  /* arguments: NULL-terminated. Returns the exit status and has told the user what is wrong (session_end). */
  int (*run)(Session *session, const Command *command, void *options, char **arguments);
  /* Commands that are made of other tables: */
  const void *data;
  void (*add_flags)(const Command *command, FlagSet *set,
                    void *options);                            /* options NULL: for listing; or NULL */
  void (*free_options)(const Command *command, void *options); /* instead of the flags' own; or NULL */
};

typedef struct {
  const char *name;
  const char *summary; /* NULL: for programs, not shown */
  const Command *commands;
  gsize count;
} CommandGroup;

#define COMMAND_FLAGS(table, type)                                                                           \
  .flags = (table), .flag_count = G_N_ELEMENTS(table), .options_size = sizeof(type)
#define COMMAND_GROUP(name_, summary_, table)                                                                \
  {                                                                                                          \
    .name = (name_), .summary = (summary_), .commands = (table), .count = G_N_ELEMENTS(table)                \
  }

/* All groups in the order of help, NULL-terminated. */
const CommandGroup *const *command_groups(void);
/* NULL if there is none. */
const CommandGroup *command_group_find(const char *name);
/* The flags of a command, without the global ones. options: of options_size, or NULL for listing. */
FlagSet *command_flags(const Command *command, void *options);

/* --help of everything, of a group, of a verb (all its variants). */
void help_print(FILE *out);
void help_print_group(FILE *out, const CommandGroup *group);
void help_print_command(FILE *out, const CommandGroup *group, const char *verb);

/* The whole man page, in the macros of man(7). */
void man_print(FILE *out);

/* All of evsctl behind main(): args without the program's name, NULL-terminated. Returns the exit status. */
int evsctl_run(char **args);
