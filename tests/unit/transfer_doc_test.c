/* docs/transfer.md against the rules: its table of which disks can go names exactly the rules that the code tells, on the
 * side that tells them. */
#include "base/text.h"
#include "tests/unit/cmocka_all.h"

#include <glib.h>

#define SIDE_SENDER "sender"
#define SIDE_RECEIVER "receiver"

enum { FILE_MAX = 1 << 20, LEAST_SENDER = 9, LEAST_RECEIVER = 5 };

static char *read_text(const char *path)
{
  char *text = NULL;
  assert_true(text_read_file(path, FILE_MAX, &text, NULL, NULL));
  return text;
}

/* What the pattern's first group finds, each once. */
static GHashTable *find_all(const char *text, const char *pattern)
{
  GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
  assert_non_null(regex);
  g_autoptr(GMatchInfo) match = NULL;
  for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL))
    g_hash_table_add(found, g_match_info_fetch(match, 1));
  return found;
}

/* The rules of one source file are the table's rows of that side. */
static void compare(const char *source, const char *side, guint least)
{
  g_autofree char *code = read_text(source), *doc = read_text(EVS_TRANSFER_DOC);
  g_autoptr(GHashTable) rules = find_all(code, "transfer_problem_add\\(\\s*problems,\\s*\"([^\"]+)\"");
  g_autofree char *row = g_strdup_printf("^\\| `([^`]+)` \\| %s \\| [^|]+ \\| [^|]+ \\|$", side);
  g_autoptr(GHashTable) rows = find_all(doc, row);
  assert_true(g_hash_table_size(rules) >= least);
  GHashTableIter each;
  void *rule;
  for (g_hash_table_iter_init(&each, rules); g_hash_table_iter_next(&each, &rule, NULL);) {
    if (!g_hash_table_remove(rows, rule))
      fail_msg("rule '%s' of the %s is not in the document", (char *)rule, side);
  }
  for (g_hash_table_iter_init(&each, rows); g_hash_table_iter_next(&each, &rule, NULL);)
    fail_msg("the document has a rule '%s' of the %s, which nothing tells", (char *)rule, side);
}

static void every_rule_of_the_sender_is_told(void **state)
{
  (void)state;
  compare(EVS_TRANSFER_DIR "/eligibility.c", SIDE_SENDER, LEAST_SENDER);
}

static void every_rule_of_the_receiver_is_told(void **state)
{
  (void)state;
  compare(EVS_TRANSFER_DIR "/receiver.c", SIDE_RECEIVER, LEAST_RECEIVER);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_rule_of_the_sender_is_told),
    cmocka_unit_test(every_rule_of_the_receiver_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
