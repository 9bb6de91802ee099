/* evsctl man: the man page, from the same tables as --help. */
#include "evsctl/command.h"
#include "version.h"

/* ---- roff ---- */

/* Text as it is, whatever it begins with: '-' is a minus sign, lines stay lines of input. */
static void put_text(const char *text)
{
  gboolean line_start = TRUE;
  for (; *text; text++) {
    if (line_start && (*text == '.' || *text == '\''))
      fputs("\\&", stdout);
    line_start = *text == '\n';
    if (*text == '\\')
      fputs("\\e", stdout);
    else if (*text == '-')
      fputs("\\-", stdout);
    else
      putchar(*text);
  }
}

static void put_bold(const char *text)
{
  fputs("\\fB", stdout);
  put_text(text);
  fputs("\\fR", stdout);
}

static void put_italic(const char *text)
{
  fputs("\\fI", stdout);
  put_text(text);
  fputs("\\fR", stdout);
}

static void put_line(const char *text)
{
  put_text(text);
  putchar('\n');
}

static void put_section(const char *title)
{
  printf(".SH \"%s\"\n", title);
}

/* Lines that begin with blanks are shown as they stand. */
static void put_description(const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  gboolean verbatim = FALSE;
  for (char **line = lines; *line; line++) {
    gboolean indented = (*line)[0] == ' ';
    if (indented != verbatim)
      puts(indented ? ".nf" : ".fi");
    verbatim = indented;
    if (**line)
      put_line(*line);
    else
      puts(".PP");
  }
  if (verbatim)
    puts(".fi");
}

/* ---- tables ---- */

static void put_flag(FlagView view)
{
  puts(".TP");
  if (view.letter) {
    const char letter[] = {'-', view.letter, '\0'};
    put_bold(letter);
    fputs(", ", stdout);
  }
  g_autofree char *name = g_strconcat("--", view.name, view.is_switch ? "" : "=", NULL);
  put_bold(name);
  if (!view.is_switch)
    put_italic(view.value);
  fputs(view.repeated ? " ...\n" : "\n", stdout);
  g_autofree char *text = g_strconcat(view.help, *view.help && *view.accepts ? ": " : "", view.accepts,
                                      view.required ? " (required)" : "", NULL);
  put_line(*text ? text : "as the API says");
}

static void put_flags(const FlagSet *set)
{
  for (gsize i = 0; i < flag_set_count(set); i++)
    put_flag(flag_set_view(set, i));
}

static void put_command(const CommandGroup *group, const Command *command)
{
  g_autoptr(FlagSet) set = command_flags(command, NULL);
  puts(".SS");
  fputs("evsctl ", stdout);
  put_text(group->name);
  if (command->verb) {
    putchar(' ');
    put_text(command->verb);
  }
  if (command->variant) {
    fputs(" \\-\\-", stdout);
    put_text(command->variant);
  }
  if (*command->arguments) {
    putchar(' ');
    put_italic(command->arguments);
  }
  putchar('\n');
  put_line(command->summary);
  if (command->description) {
    puts(".PP");
    put_description(command->description);
  }
  put_flags(set);
}

static void put_groups(void)
{
  put_section("COMMANDS");
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    for (gsize i = 0; (*group)->summary && i < (*group)->count; i++)
      put_command(*group, &(*group)->commands[i]);
  }
}

static void put_global_options(void)
{
  g_autoptr(FlagSet) set = flag_set_new();
  flag_set_add(set, session_flags, session_flag_count, NULL);
  put_section("GLOBAL OPTIONS");
  puts("They stand before the group or anywhere behind it.");
  put_flags(set);
}

static void put_exit_statuses(void)
{
  put_section("EXIT STATUS");
  for (const ExitStatus *row = exit_statuses; row->text; row++) {
    printf(".TP\n%d\n", row->status);
    put_line(row->text);
  }
}

static void put_head(void)
{
  printf(".TH EVSCTL 1 \"\" \"evs-csi %s\" \"User Commands\"\n", EVS_VERSION);
  put_section("NAME");
  puts("evsctl \\- disks of Huawei Cloud EVS, and the CSI driver for them, by hand");
  put_section("SYNOPSIS");
  puts(".B evsctl\n[\\fIOPTIONS\\fR] \\fIGROUP VERB\\fR [\\fIARGUMENTS\\fR] [\\fIFLAGS\\fR]\n.br\n.B evsctl "
       "\\-\\-version");
  put_section("DESCRIPTION");
  put_description(
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

static void put_tail(void)
{
  put_section("ENVIRONMENT");
  puts(".TP\n.B EVS_CLOUD_CONFIG\nthe cloud\\-config, if \\fB\\-\\-cloud\\-config\\fR is not given");
  put_section("FILES");
  puts(".TP\n.I /etc/evs\\-csi/cloud\\-config\nregion, endpoints and credentials: an INI file; its keys are "
       "in the "
       "reference of evs\\-csi");
  put_section("EXAMPLES");
  put_description(
    "  evsctl volume create --name=data --availability-zone=cn-north-4a --volume-type=SSD --size=40\n"
    "  evsctl volume list --status=available --limit=20 -o json\n"
    "  evsctl volume extend VOLUME 80 --no-wait\n"
    "  evsctl volume delete VOLUME VOLUME --yes\n"
    "  evsctl transfer create VOLUME moved --key-file=key\n"
    "  source <(evsctl completion bash)");
}

static int run(Session *session, const Command *command, void *options, char **arguments)
{
  (void)session;
  (void)command;
  (void)options;
  (void)arguments;
  put_head();
  put_global_options();
  put_groups();
  put_exit_statuses();
  put_tail();
  return EXIT_OK;
}

static const Command commands[] = {
  {.arguments = "", .summary = "print the man page", .run = run},
};

const CommandGroup man_group = COMMAND_GROUP("man", "print the man page", commands);
