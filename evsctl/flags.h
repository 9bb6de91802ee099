/* Command line flags as tables. A flag writes into a member of an options struct or, for calls of the API, into a field of
 * a request's or query's record; help, completion and the man page read the same tables.
 *
 * Accepted forms: --name=VALUE, --name VALUE, -n VALUE, -nVALUE; --switch, --switch=true|false. Flags and arguments may be
 * mixed; "--" ends the flags, and "-" alone is an argument. A flag that takes one value and is given twice keeps the last.
 * Errors are INVALID_ARGUMENT: "--size: 5: a number from 10 to 32768 is expected". No state, any thread.
 */
#pragma once

#include "evsclient/record.h"

typedef enum {
  FLAG_SWITCH, /* gboolean */
  FLAG_TEXT,   /* char *, owned by the options */
  FLAG_NUMBER, /* gint64 */
  FLAG_TEXTS,  /* GPtrArray * of char *, owned; NULL until given. May be repeated */
} FlagKind;

typedef struct {
  const char *name; /* without dashes */
  char letter;      /* 'o' for -o; 0: none */
  FlagKind kind;
  gsize offset;               /* in the options */
  const char *value;          /* what help calls the value: "FILE" */
  const char *help;           /* one line, lower case */
  gint64 least, most;         /* NUMBER; both 0: any */
  const char *const *choices; /* TEXT, NULL-terminated; NULL: any */
} Flag;

/* FLAG(Options, endpoint, TEXT, "endpoint", "EP", "socket to call", .letter = 'e') */
#define FLAG(type, member, kind_, name_, value_, help_, ...)                                                 \
  {                                                                                                          \
    .name = (name_), .kind = FLAG_##kind_, .offset = offsetof(type, member), .value = (value_),              \
    .help = (help_), ##__VA_ARGS__                                                                           \
  }

/* Frees what the flags of the table own in the options, and the options. */
void flags_free_options(const Flag *flags, gsize count, void *options);

/* The flags that a command line may have, in order of adding. Tables and targets are borrowed. */
typedef struct FlagSet FlagSet;
FlagSet *flag_set_new(void);
void flag_set_free(FlagSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FlagSet, flag_set_free)
/* options NULL: for listing alone. */
void flag_set_add(FlagSet *set, const Flag *flags, gsize count, void *options);
/* A flag for each field of the record that text can set. A secret field's flag takes a file: all users of the machine can
 * read a command line. */
void flag_set_add_record(FlagSet *set, const EvsRecord *record, void *value);
/* The same for a list's query or request, whose "limit" is the size of a page. */
#define PAGE_SIZE_FLAG "page-size"
void flag_set_add_query(FlagSet *set, const EvsRecord *record, void *value);

/* One flag as help and completion show it. Strings live as long as the set. */
typedef struct {
  const char *name;
  char letter;
  gboolean is_switch, repeated, required;
  const char *value;          /* "N", "FILE", "KEY=VALUE" */
  const char *help, *accepts; /* accepts: "a number from 10 to 32768", or "" */
  const char *const *choices; /* or NULL */
} FlagView;
gsize flag_set_count(const FlagSet *set);
FlagView flag_set_view(const FlagSet *set, gsize index);
gboolean flag_set_has(const FlagSet *set, const char *name);

/* Reads flags from (*args)[*index] on. Stops at the first argument if `arguments` is NULL; else collects arguments there
 * (borrowed) and reads to the end. */
gboolean flag_set_parse(FlagSet *set, char **args, gsize *index, GPtrArray *arguments, GError **error);
/* Sets one flag by its name, as from the command line. */
gboolean flag_set_value(FlagSet *set, const char *name, const char *text, GError **error);
/* TRUE if the flag was given. */
gboolean flag_set_given(const FlagSet *set, const char *name);
