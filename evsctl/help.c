/* --help, of the tables. */
#include "evsctl/command.h"

static void print_flag(FILE *out, FlagView view)
{
  g_autofree char *letter = view.letter ? g_strdup_printf("-%c, ", view.letter) : g_strdup("");
  g_autofree char *name = g_strconcat(letter, "--", view.name, view.is_switch ? "" : "=",
                                      view.is_switch ? "" : view.value, view.repeated ? " ..." : "", NULL);
  g_autoptr(GString) text = g_string_new(view.help);
  if (*view.accepts)
    g_string_append_printf(text, "%s%s", text->len ? ": " : "", view.accepts);
  if (view.required)
    g_string_append(text, text->len ? "; required" : "required");
  fprintf(out, "  %-32s %s\n", name, text->str);
}

static void print_flags(FILE *out, const FlagSet *set)
{
  for (gsize i = 0; i < flag_set_count(set); i++)
    print_flag(out, flag_set_view(set, i));
}

static void print_global_flags(FILE *out)
{
  g_autoptr(FlagSet) set = flag_set_new();
  flag_set_add(set, session_flags, session_flag_count, NULL);
  fputs("\nglobal options, before GROUP or behind VERB:\n", out);
  print_flags(out, set);
}

void help_print(FILE *out)
{
  fputs("usage: evsctl [OPTIONS] GROUP VERB ...\n"
        "       evsctl --version\n\ngroups (each has --help):\n",
        out);
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    if ((*group)->summary)
      fprintf(out, "  %-16s %s\n", (*group)->name, (*group)->summary);
  }
  print_global_flags(out);
  fputs("\nexit status:\n", out);
  for (const ExitStatus *row = exit_statuses; row->text; row++)
    fprintf(out, "  %3d  %s\n", row->status, row->text);
}

static void print_usage(FILE *out, const CommandGroup *group, const Command *command)
{
  fprintf(out, "%s", group->name);
  if (command->verb)
    fprintf(out, " %s", command->verb);
  if (command->variant)
    fprintf(out, " --%s", command->variant);
  if (*command->arguments)
    fprintf(out, " %s", command->arguments);
}

void help_print_group(FILE *out, const CommandGroup *group)
{
  fprintf(out, "usage: evsctl %s VERB ...\n\n%s\n\nverbs (each has --help):\n", group->name, group->summary);
  for (gsize i = 0; i < group->count; i++) {
    const Command *command = &group->commands[i];
    g_autofree char *name = g_strconcat(command->verb, command->variant ? " --" : "", command->variant, NULL);
    fprintf(out, "  %-28s %s\n", name, command->summary);
  }
}

static void print_command(FILE *out, const CommandGroup *group, const Command *command)
{
  fputs("usage: evsctl ", out);
  print_usage(out, group, command);
  fprintf(out, " [OPTIONS]\n\n%s\n", command->summary);
  if (command->description)
    fprintf(out, "\n%s\n", command->description);
  g_autoptr(FlagSet) set = command_flags(command, NULL);
  if (flag_set_count(set)) {
    fputs("\noptions:\n", out);
    print_flags(out, set);
  }
  fputs("\n", out);
}

void help_print_command(FILE *out, const CommandGroup *group, const char *verb)
{
  for (gsize i = 0; i < group->count; i++) {
    if (g_strcmp0(group->commands[i].verb, verb) == 0)
      print_command(out, group, &group->commands[i]);
  }
  print_global_flags(out);
}
