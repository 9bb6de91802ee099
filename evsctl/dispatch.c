/* From the command line to the command. */
#include "base/log.h"
#include "evsctl/command.h"
#include "evsctl/nearest.h"
#include "version.h"

/* Global options as far as they stand together; *index is left at the first argument. */
static gboolean read_leading(Session *session, char **args, gsize *index, GError **error)
{
  g_autoptr(FlagSet) set = flag_set_new();
  flag_set_add(set, session_flags, session_flag_count, session);
  return flag_set_parse(set, args, index, NULL, error);
}

static int unknown(const char *what, const char *given, const GPtrArray *known)
{
  const char *nearest = nearest_word(given, (const char *const *)known->pdata);
  g_autofree char *plain = output_plain_text(given);
  g_autofree char *all = g_strjoinv(", ", (char **)known->pdata);
  fprintf(stderr, "evsctl: '%s' is no %s", plain, what);
  if (nearest)
    fprintf(stderr, "; is '%s' meant?", nearest);
  fprintf(stderr, "%s there is: %s\n", nearest ? "" : ";", all);
  return EXIT_USAGE;
}

static int unknown_group(const char *given)
{
  g_autoptr(GPtrArray) known = g_ptr_array_new();
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    if ((*group)->summary)
      g_ptr_array_add(known, (char *)(*group)->name);
  }
  g_ptr_array_add(known, NULL);
  return unknown("group", given, known);
}

static int unknown_verb(const CommandGroup *group, const char *given)
{
  g_autoptr(GPtrArray) known = g_ptr_array_new();
  for (gsize i = 0; i < group->count; i++) {
    if (!group->commands[i].variant)
      g_ptr_array_add(known, (char *)group->commands[i].verb);
  }
  g_ptr_array_add(known, NULL);
  g_autofree char *what = g_strdup_printf("verb of %s", group->name);
  return unknown(what, given, known);
}

static gboolean has_verb(const Command *command, const char *verb)
{
  return g_strcmp0(command->verb, verb) == 0;
}

/* A variant is chosen by its flag, wherever that stands. NULL: no such verb. */
static const Command *choose(const CommandGroup *group, const char *verb, char **args)
{
  const Command *usual = NULL;
  for (gsize i = 0; i < group->count; i++) {
    const Command *command = &group->commands[i];
    if (!has_verb(command, verb))
      continue;
    if (!command->variant) {
      usual = command;
      continue;
    }
    g_autofree char *flag = g_strconcat("--", command->variant, NULL);
    for (char **arg = args; *arg && !g_str_equal(*arg, "--"); arg++) {
      if (g_str_equal(*arg, flag))
        return command;
    }
  }
  return usual;
}

/* A flag that only another variant of the verb has is told so. */
static void explain_variant(const CommandGroup *group, const Command *command, char **args, GError **error)
{
  for (gsize i = 0; i < group->count; i++) {
    const Command *other = &group->commands[i];
    if (other == command || !has_verb(other, command->verb))
      continue;
    g_autoptr(FlagSet) theirs = command_flags(other, NULL);
    g_autoptr(FlagSet) ours = command_flags(command, NULL);
    for (char **arg = args; *arg; arg++) {
      g_autofree char *name = g_strndup(*arg, strcspn(*arg, "="));
      if (!g_str_has_prefix(name, "--") || !flag_set_has(theirs, name + 2) || flag_set_has(ours, name + 2))
        continue;
      g_autofree char *needed = other->variant ? g_strconcat("together with --", other->variant, NULL)
                                               : g_strconcat("without --", command->variant, NULL);
      g_clear_error(error);
      evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: only %s", name, needed);
      return;
    }
  }
}

static const Flag variant_flag = {.kind = FLAG_SWITCH, .help = ""};

static gboolean read_rest(Session *session, const CommandGroup *group, const Command *command, FlagSet *set,
                          char **args, GPtrArray *arguments, GError **error)
{
  gsize index = 0;
  gboolean chosen = FALSE;
  Flag variant = variant_flag;
  variant.name = command->variant;
  flag_set_add(set, session_flags, session_flag_count, session);
  if (command->variant)
    flag_set_add(set, &variant, 1, &chosen);
  g_autoptr(GError) wrong = NULL;
  if (!flag_set_parse(set, args, &index, arguments, &wrong)) {
    explain_variant(group, command, args, &wrong);
    g_propagate_error(error, g_steal_pointer(&wrong));
    return FALSE;
  }
  if (session->help || (arguments->len >= command->least && arguments->len <= command->most))
    return TRUE;
  const char *verb = command->verb ? command->verb : "";
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "expected is: evsctl %s%s%s%s%s%s%s; --help shows more", group->name, *verb ? " " : "",
                       verb, command->variant ? " --" : "", command->variant ? command->variant : "",
                       *command->arguments ? " " : "", command->arguments);
}

static int run_command(Session *session, const CommandGroup *group, const Command *command, char **args)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) arguments = g_ptr_array_new();
  void *options = g_malloc0(MAX(command->options_size, 1));
  g_autoptr(FlagSet) set = command_flags(command, options);
  int status = EXIT_OK;
  if (!read_rest(session, group, command, set, args, arguments, &error)) {
    status = failure_print(error);
  } else if (session->help) {
    help_print_command(stdout, group, command->verb);
  } else {
    g_ptr_array_add(arguments, NULL);
    if (session->verbose)
      log_init(LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
    status = command->run(session, command, options, (char **)arguments->pdata);
  }
  if (command->free_options)
    command->free_options(command, options);
  else
    flags_free_options(command->flags, command->flag_count, options);
  return status;
}

static int run_group(Session *session, const CommandGroup *group, char **args)
{
  g_autoptr(GError) error = NULL;
  gsize index = 0;
  if (!group->commands[0].verb)
    return run_command(session, group, &group->commands[0], args);
  if (!read_leading(session, args, &index, &error))
    return failure_print(error);
  const char *verb = args[index];
  if (!verb) {
    help_print_group(session->help ? stdout : stderr, group);
    return session->help ? EXIT_OK : EXIT_USAGE;
  }
  const Command *command = choose(group, verb, args + index + 1);
  if (!command)
    return unknown_verb(group, verb);
  return run_command(session, group, command, args + index + 1);
}

static int run(Session *session, char **args)
{
  g_autoptr(GError) error = NULL;
  gsize index = 0;
  if (args[0] && g_str_equal(args[0], "--version")) {
    printf("evsctl %s\n", EVS_VERSION);
    return EXIT_OK;
  }
  if (!read_leading(session, args, &index, &error))
    return failure_print(error);
  if (!args[index]) {
    help_print(session->help ? stdout : stderr);
    return session->help ? EXIT_OK : EXIT_USAGE;
  }
  const CommandGroup *group = command_group_find(args[index]);
  return group ? run_group(session, group, args + index + 1) : unknown_group(args[index]);
}

/* A result that cannot be written (a full disk) is no success. */
int evsctl_run(char **args)
{
  Session session;
  log_init(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
  session_init(&session);
  int status = run(&session, args);
  session_clear(&session);
  if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_OK) {
    fputs("evsctl: the result could not be written\n", stderr);
    status = EXIT_FAILED;
  }
  return status;
}
