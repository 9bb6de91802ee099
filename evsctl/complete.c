/* evsctl complete: what may stand next on a command line, for the shells' completion. The words come as the shell splits
 * them: bash makes three of --output=json, zsh one.
 *
 * A line per candidate: the word, and behind a tab what it is.
 */
#include "evsctl/command.h"

typedef struct {
  const CommandGroup *group;
  const char *verb;
  FlagSet *flags;   /* of what is known so far: of all variants of the verb */
  const char *flag; /* whose value is being typed; NULL: none */
  const char *current;
  const char *prefix; /* to be put in front of a value: "--output=" where the shell does not split */
} Line;

static void candidate(const Line *line, const char *word, const char *what)
{
  if (g_str_has_prefix(word, line->current))
    printf("%s%s\t%s\n", line->prefix, word, what);
}

/* ---- flags ---- */

static void add_flags_of(FlagSet *set, const CommandGroup *group, const char *verb)
{
  for (gsize i = 0; i < group->count; i++) {
    const Command *command = &group->commands[i];
    if (g_strcmp0(command->verb, verb) != 0)
      continue;
    flag_set_add(set, command->flags, command->flag_count, NULL);
    if (command->add_flags)
      command->add_flags(command, set, NULL);
  }
}

static void renew_flags(Line *line)
{
  flag_set_free(line->flags);
  line->flags = flag_set_new();
  if (line->group && (line->verb || !line->group->commands[0].verb))
    add_flags_of(line->flags, line->group, line->verb);
  flag_set_add(line->flags, session_flags, session_flag_count, NULL);
}

static gboolean find_flag(const Line *line, const char *word, FlagView *ret_view)
{
  for (gsize i = 0; i < flag_set_count(line->flags); i++) {
    FlagView view = flag_set_view(line->flags, i);
    gboolean same = g_str_has_prefix(word, "--") ? g_str_equal(word + 2, view.name)
                                                 : word[0] == '-' && view.letter && word[1] == view.letter;
    if (same) {
      *ret_view = view;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean takes_value(const Line *line, const char *word)
{
  FlagView view;
  return find_flag(line, word, &view) && !view.is_switch;
}

/* ---- reading the words before the current one ---- */

static void take_argument(Line *line, const char *word)
{
  if (!line->group)
    line->group = command_group_find(word);
  else if (!line->verb && line->group->commands[0].verb)
    line->verb = word;
  else
    return;
  renew_flags(line);
}

static void read_words(Line *line, char **words)
{
  guint count = g_strv_length(words);
  for (guint i = 0; i + 1 < count; i++) {
    if (words[i][0] != '-') {
      take_argument(line, words[i]);
      continue;
    }
    if (!takes_value(line, words[i]))
      continue;
    guint value = g_str_equal(words[i + 1], "=") ? i + 2 : i + 1;
    if (value + 1 >= count)
      line->flag = words[i];
    i = value;
  }
}

/* ---- candidates ---- */

static void complete_value(Line *line)
{
  FlagView view;
  if (g_str_equal(line->current, "="))
    line->current = "";
  for (gsize i = 0; find_flag(line, line->flag, &view) && view.choices && view.choices[i]; i++)
    candidate(line, view.choices[i], view.help);
}

static void complete_flags(const Line *line)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (gsize i = 0; i < flag_set_count(line->flags); i++) {
    FlagView view = flag_set_view(line->flags, i);
    if (!g_hash_table_add(seen, (char *)view.name))
      continue;
    g_autofree char *word = g_strconcat("--", view.name, view.is_switch ? "" : "=", NULL);
    candidate(line, word, view.help);
  }
}

static void complete_variants(const Line *line)
{
  for (gsize i = 0; line->group && i < line->group->count; i++) {
    const Command *command = &line->group->commands[i];
    if (!command->variant || g_strcmp0(command->verb, line->verb) != 0)
      continue;
    g_autofree char *word = g_strconcat("--", command->variant, NULL);
    candidate(line, word, command->summary);
  }
}

static void complete_verbs(const Line *line)
{
  for (gsize i = 0; i < line->group->count; i++) {
    const Command *command = &line->group->commands[i];
    if (command->verb && !command->variant)
      candidate(line, command->verb, command->summary);
  }
}

static void complete_groups(const Line *line)
{
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    if ((*group)->summary)
      candidate(line, (*group)->name, (*group)->summary);
  }
}

static void complete(Line *line)
{
  const char *equals = strchr(line->current, '=');
  g_autofree char *flag = NULL, *prefix = NULL;
  if (!line->flag && equals && line->current[0] == '-') {
    line->flag = flag = g_strndup(line->current, (gsize)(equals - line->current));
    line->prefix = prefix = g_strconcat(flag, "=", NULL);
    line->current = equals + 1;
  }
  if (line->flag)
    complete_value(line);
  else if (line->current[0] == '-') {
    complete_variants(line);
    complete_flags(line);
  } else if (!line->group)
    complete_groups(line);
  else if (!line->verb)
    complete_verbs(line);
}

static int run(Session *session, const Command *command, void *options, char **arguments)
{
  (void)session;
  (void)command;
  (void)options;
  guint count = g_strv_length(arguments);
  Line line = {.current = count ? arguments[count - 1] : "", .prefix = ""};
  renew_flags(&line);
  read_words(&line, arguments);
  complete(&line);
  flag_set_free(line.flags);
  return EXIT_OK;
}

static const Command commands[] = {
  {.arguments = "[--] [WORD...]",
   .most = ANY_NUMBER,
   .summary = "what may stand next on a command line",
   .run = run},
};

const CommandGroup complete_group = COMMAND_GROUP("complete", NULL, commands);
