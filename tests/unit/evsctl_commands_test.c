/* evsctl's tables of commands: complete, without contradictions, and all of them in --help and the man page. */
#include "evsctl/commands.h"
#include "evsctl/operation_call.h"
#include "tests/unit/cmocka_all.h"

enum { REFERENCE_OPERATIONS = 74 };

static gboolean is_of_the_reference(const EvsOperation *operation)
{
  return g_ascii_isdigit(operation->id[0]);
}

static void each_operation_has_one_row(void **state)
{
  (void)state;
  guint of_reference = 0;
  for (gsize op = 0; op < EVS_OP_COUNT; op++) {
    guint rows = 0;
    for (gsize i = 0; i < operation_command_count; i++)
      rows += operation_commands[i].op == op;
    if (rows != 1)
      fail_msg("%s has %u rows", evs_operations[op].id, rows);
    of_reference += is_of_the_reference(&evs_operations[op]);
  }
  assert_int_equal(of_reference, REFERENCE_OPERATIONS);
}

static void each_answer_can_be_shown(void **state)
{
  (void)state;
  for (gsize op = 0; op < EVS_OP_COUNT; op++) {
    const EvsOperation *operation = &evs_operations[op];
    if (operation->shape != EVS_REPLY_NONE && !operation->reply)
      fail_msg("%s has a reply without a record", operation->id);
  }
}

static void each_verb_has_a_usual_form(void **state)
{
  (void)state;
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    for (gsize i = 0; i < (*group)->count; i++) {
      const Command *command = &(*group)->commands[i];
      guint same = 0, usual = 0;
      for (gsize k = 0; k < (*group)->count; k++) {
        const Command *other = &(*group)->commands[k];
        if (g_strcmp0(other->verb, command->verb) != 0)
          continue;
        usual += other->variant == NULL;
        same += g_strcmp0(other->variant, command->variant) == 0;
      }
      if (same != 1 || usual != 1)
        fail_msg("%s %s --%s: %u of this name, %u usual ones", (*group)->name, command->verb,
                 command->variant, same, usual);
    }
  }
}

static void each_row_is_of_a_group(void **state)
{
  (void)state;
  for (gsize i = 0; i < operation_command_count; i++)
    assert_non_null(command_group_find(operation_commands[i].group));
}

/* A flag of two meanings would set only one of them. */
static void no_flag_has_two_meanings(void **state)
{
  (void)state;
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    for (gsize i = 0; i < (*group)->count; i++) {
      const Command *command = &(*group)->commands[i];
      g_autoptr(FlagSet) set = command_flags(command, NULL);
      flag_set_add(set, session_flags, session_flag_count, NULL);
      g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
      for (gsize k = 0; k < flag_set_count(set); k++) {
        const char *name = flag_set_view(set, k).name;
        if (!g_hash_table_add(seen, (char *)name) || g_strcmp0(name, command->variant) == 0)
          fail_msg("%s %s: --%s twice", (*group)->name, command->verb, name);
      }
    }
  }
}

static void note_flags(GHashTable *flags, const EvsRecord *record)
{
  static const char *const twofold[] = {"tags", "id",
                                        NULL}; /* a map here, a list there; a filter, several ids */
  for (gsize i = 0; record && i < record->count; i++) {
    char *flag = evs_field_flag(&record->fields[i]), *title = evs_field_title(&record->fields[i]);
    const char *known = g_hash_table_lookup(flags, title);
    if (flag && known && !g_str_equal(known, flag) && !g_strv_contains(twofold, title))
      fail_msg("'%s' is --%s and --%s", title, known, flag);
    if (flag && !known) {
      g_hash_table_insert(flags, title, flag);
    } else {
      g_free(flag);
      g_free(title);
    }
  }
}

static void one_member_has_one_flag(void **state)
{
  (void)state;
  g_autoptr(GHashTable) flags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (gsize op = 0; op < EVS_OP_COUNT; op++) {
    note_flags(flags, evs_operations[op].query);
    note_flags(flags, evs_operations[op].request);
  }
  assert_string_equal(g_hash_table_lookup(flags, "availability_zone"), "zone");
}

static void each_argument_stands_for_a_flag(void **state)
{
  (void)state;
  for (gsize i = 0; i < operation_command_count; i++) {
    const OperationCommand *row = &operation_commands[i];
    if (!row->rest)
      continue;
    Command command = operation_command_make(row);
    g_autoptr(FlagSet) set = command_flags(&command, NULL);
    g_auto(GStrv) words = g_strsplit(row->rest, " ", -1);
    for (char **word = words; *word; word++) {
      g_autofree char *flag = g_strndup(*word, strcspn(*word, ":"));
      if (!flag_set_has(set, flag))
        fail_msg("%s %s: no flag --%s", row->group, row->verb, flag);
    }
    g_free((char *)command.arguments);
    g_free((char *)command.description);
    if (evs_operations[row->op].deprecated)
      g_free((char *)command.summary);
  }
}

static void what_is_destroyed_is_named_in_help(void **state)
{
  (void)state;
  for (gsize i = 0; i < operation_command_count; i++) {
    const EvsOperation *operation = &evs_operations[operation_commands[i].op];
    const CommandGroup *group = command_group_find(operation_commands[i].group);
    for (gsize k = 0; k < group->count; k++) {
      if (group->commands[k].data != &operation_commands[i])
        continue;
      assert_int_equal(operation->audited != NULL,
                       strstr(group->commands[k].description, "Asks before") != NULL);
      assert_int_equal(operation->deprecated, strstr(group->commands[k].summary, "(deprecated)") != NULL);
    }
  }
}

/* ---- texts ---- */

typedef void (*Print)(FILE *out, const void *data, const char *verb);

static void print_man(FILE *out, const void *data, const char *verb)
{
  (void)data;
  (void)verb;
  man_print(out);
}

static void print_help(FILE *out, const void *data, const char *verb)
{
  help_print_command(out, data, verb);
}

static char *printed(Print print, const void *data, const char *verb)
{
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  assert_non_null(out);
  print(out, data, verb);
  fclose(out);
  return text;
}

/* As the reader sees it: \- is a minus sign. */
static char *read_man(void)
{
  char *roff = printed(print_man, NULL, NULL);
  g_auto(GStrv) parts = g_strsplit(roff, "\\-", -1);
  free(roff);
  return g_strjoinv("-", parts);
}

static void assert_has(const char *text, const char *word, const char *where)
{
  if (!strstr(text, word))
    fail_msg("'%s' is not in %s", word, where);
}

static void assert_flags_in(const char *text, const FlagSet *set, const char *where)
{
  for (gsize i = 0; i < flag_set_count(set); i++) {
    FlagView view = flag_set_view(set, i);
    g_autofree char *flag = g_strconcat("--", view.name, NULL);
    assert_has(text, flag, where);
    assert_has(text, view.accepts, where);
    assert_has(text, view.help, where);
  }
}

static void everything_is_in_help_and_man_page(void **state)
{
  (void)state;
  g_autofree char *man = read_man();
  for (const CommandGroup *const *group = command_groups(); *group; group++) {
    if (!(*group)->summary)
      continue;
    for (gsize i = 0; i < (*group)->count; i++) {
      const Command *command = &(*group)->commands[i];
      g_autoptr(FlagSet) set = command_flags(command, NULL);
      char *help = printed(print_help, *group, command->verb);
      g_autofree char *usage =
        g_strconcat("evsctl ", (*group)->name, command->verb ? " " : "", command->verb ? command->verb : "",
                    command->variant ? " --" : "", command->variant, NULL);
      assert_has(help, usage, "--help");
      assert_has(man, usage, "the man page");
      assert_has(man, command->arguments, "the man page");
      assert_flags_in(help, set, usage);
      assert_flags_in(man, set, "the man page");
      free(help);
    }
  }
  g_autoptr(FlagSet) global = flag_set_new();
  flag_set_add(global, session_flags, session_flag_count, NULL);
  assert_flags_in(man, global, "the man page");
  for (const ExitStatus *row = exit_statuses; row->text; row++)
    assert_has(man, row->text, "the man page");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_operation_has_one_row),
    cmocka_unit_test(each_answer_can_be_shown),
    cmocka_unit_test(each_verb_has_a_usual_form),
    cmocka_unit_test(each_row_is_of_a_group),
    cmocka_unit_test(no_flag_has_two_meanings),
    cmocka_unit_test(one_member_has_one_flag),
    cmocka_unit_test(each_argument_stands_for_a_flag),
    cmocka_unit_test(what_is_destroyed_is_named_in_help),
    cmocka_unit_test(everything_is_in_help_and_man_page),
  };
  return cmocka_run_group_tests_name("evsctl commands", tests, NULL, NULL);
}
