/* evsctl man: the man page, from the same tables as --help. */
#include "evsctl/command.h"
#include "version.h"

/* ---- roff ---- */

/* Text as it is, whatever it begins with: '-' is a minus sign, lines stay lines of input. */
static void put_text(FILE *out, const char *text)
{
  gboolean line_start = TRUE;
  for (; *text; text++) {
    if (line_start && (*text == '.' || *text == '\''))
      fputs("\\&", out);
    line_start = *text == '\n';
    if (*text == '\\')
      fputs("\\e", out);
    else if (*text == '-')
      fputs("\\-", out);
    else
      fputc(*text, out);
  }
}

static void put_bold(FILE *out, const char *text)
{
  fputs("\\fB", out);
  put_text(out, text);
  fputs("\\fR", out);
}

static void put_italic(FILE *out, const char *text)
{
  fputs("\\fI", out);
  put_text(out, text);
  fputs("\\fR", out);
}

static void put_line(FILE *out, const char *text)
{
  put_text(out, text);
  fputc('\n', out);
}

static void put_section(FILE *out, const char *title)
{
  fprintf(out, ".SH \"%s\"\n", title);
}

/* Lines that begin with blanks are shown as they stand. */
static void put_description(FILE *out, const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  gboolean verbatim = FALSE;
  for (char **line = lines; *line; line++) {
    gboolean indented = (*line)[0] == ' ';
    if (indented != verbatim)
      fprintf(out, "%s\n", indented ? ".nf" : ".fi");
    verbatim = indented;
    if (**line)
      put_line(out, *line);
    else
      fprintf(out, "%s\n", ".PP");
  }
  if (verbatim)
    fprintf(out, "%s\n", ".fi");
}

/* ---- tables ---- */

static void put_flag(FILE *out, FlagView view)
{
  fprintf(out, "%s\n", ".TP");
  if (view.letter) {
    const char letter[] = {'-', view.letter, '\0'};
    put_bold(out, letter);
    fputs(", ", out);
  }
  g_autofree char *name = g_strconcat("--", view.name, view.is_switch ? "" : "=", NULL);
  put_bold(out, name);
  if (!view.is_switch)
    put_italic(out, view.value);
  fputs(view.repeated ? " ...\n" : "\n", out);
  g_autofree char *text = g_strconcat(view.help, *view.help && *view.accepts ? ": " : "", view.accepts,
                                      view.required ? " (required)" : "", NULL);
  put_line(out, *text ? text : "as the API says");
}

static void put_flags(FILE *out, const FlagSet *set)
{
  for (gsize i = 0; i < flag_set_count(set); i++)
    put_flag(out, flag_set_view(set, i));
}

static void put_command(FILE *out, const CommandGroup *group, const Command *command)
{
  g_autoptr(FlagSet) set = command_flags(command, NULL);
  fprintf(out, "%s\n", ".SS");
  fputs("evsctl ", out);
  put_text(out, group->name);
  if (command->verb) {
    fputc(' ', out);
    put_text(out, command->verb);
  }
  if (command->variant) {
    fputs(" \\-\\-", out);
    put_text(out, command->variant);
  }
  if (*command->arguments) {
    fputc(' ', out);
    put_italic(out, command->arguments);
  }
  fputc('\n', out);
  put_line(out, command->summary);
  if (command->description) {
    fprintf(out, "%s\n", ".PP");
    put_description(out, command->description);
  }
  put_flags(out, set);
}

static void put_groups(FILE *out)
{
  put_section(out, "COMMANDS");
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    for (gsize i = 0; (*group)->summary && i < (*group)->count; i++)
      put_command(out, *group, &(*group)->commands[i]);
  }
}

static void put_global_options(FILE *out)
{
  g_autoptr(FlagSet) set = flag_set_new();
  flag_set_add(set, session_flags, session_flag_count, NULL);
  put_section(out, "GLOBAL OPTIONS");
  fprintf(out, "%s\n", "They stand before the group or anywhere behind it.");
  put_flags(out, set);
}

static void put_exit_statuses(FILE *out)
{
  put_section(out, "EXIT STATUS");
  for (const ExitStatus *row = exit_statuses; row->text; row++) {
    fprintf(out, ".TP\n%d\n", row->status);
    put_line(out, row->text);
  }
}

static void put_head(FILE *out)
{
  fprintf(out, ".TH EVSCTL 1 \"\" \"evs-csi %s\" \"User Commands\"\n", EVS_VERSION);
  put_section(out, "NAME");
  fprintf(out, "%s\n", "evsctl \\- disks of Huawei Cloud EVS, and the CSI driver for them, by hand");
  put_section(out, "SYNOPSIS");
  fprintf(
    out, "%s\n",
    ".B evsctl\n[\\fIOPTIONS\\fR] \\fIGROUP VERB\\fR [\\fIARGUMENTS\\fR] [\\fIFLAGS\\fR]\n.br\n.B evsctl "
    "\\-\\-version");
  put_section(out, "DESCRIPTION");
  put_description(
    out,
    "Every call of the EVS API is a verb of a group: `evsctl volume create`, `evsctl snapshot list`.\n"
    "What is typed is checked before anything is sent. Lists page by themselves.\n"
    "Calls that the cloud takes its time for return when it is done, unless --no-wait is given; on a "
    "terminal\n"
    "a line tells how far it is.\n"
    "\n"
    "Results are tables, with --output=json or --output=yaml the API's own members: an array for a list,\n"
    "an object for one thing. Keys of transfers are shown with --show-key only.\n"
    "\n"
    "A call that is refused shows the cloud's code, the request's id and a remedy where one is known.");
}

static void put_tail(FILE *out)
{
  put_section(out, "ENVIRONMENT");
  fprintf(out, "%s\n",
          ".TP\n.B EVS_CLOUD_CONFIG\nthe cloud\\-config, if \\fB\\-\\-cloud\\-config\\fR is not given");
  put_section(out, "FILES");
  fprintf(
    out, "%s\n",
    ".TP\n.I /etc/evs\\-csi/cloud\\-config\nregion, endpoints and credentials: an INI file; its keys are "
    "in the "
    "reference of evs\\-csi");
  put_section(out, "EXAMPLES");
  put_description(out, "  evsctl volume create --name=data --zone=cn-north-4a --type=SSD --size=40\n"
                       "  evsctl volume list --status=available --limit=20 -o json\n"
                       "  evsctl volume extend VOLUME 80 --no-wait\n"
                       "  evsctl volume delete VOLUME VOLUME --yes\n"
                       "  evsctl transfer create --pv=data-1 --to=team-b --output-dir=handover\n"
                       "  source <(evsctl completion bash)");
}

void man_print(FILE *out)
{
  put_head(out);
  put_global_options(out);
  put_groups(out);
  put_exit_statuses(out);
  put_tail(out);
}

static int run(Session *session, const Command *command, void *options, char **arguments)
{
  (void)session;
  (void)command;
  (void)options;
  (void)arguments;
  man_print(stdout);
  return EXIT_OK;
}

static const Command commands[] = {
  {.arguments = "", .summary = "print the man page", .run = run},
};

const CommandGroup man_group = COMMAND_GROUP("man", "print the man page", commands);
