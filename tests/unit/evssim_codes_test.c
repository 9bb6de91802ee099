/* tests/coverage/codes.tsv says for each code of the reference's A.1 how the simulator comes to answer it, or why it never
 * does; tests/coverage/constraints.tsv has a refused request for each documented constraint. Both are carried out here.
 *
 * codes.tsv: code, state (provoked, unreachable), op, how (a script of evssim_script.h; a reason), http status.
 * constraints.tsv: constraint, code, op, how, http status. */
#include "tests/unit/evssim_script.h"

#include "base/text.h"

enum { CODES = 151, COLUMNS = 5 };

static GPtrArray *read_table(const char *name)
{
  g_autofree char *path = g_build_filename(EVS_COVERAGE, name, NULL), *text = NULL;
  GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
  if (!g_file_get_contents(path, &text, NULL, NULL))
    fail_msg("cannot read '%s'", path);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines + 1; *line && **line; line++) { /* the first has the names */
    char **columns = g_strsplit(*line, "\t", -1);
    if (g_strv_length(columns) != COLUMNS)
      fail_msg("%s: '%s' has not %d columns", name, *line, COLUMNS);
    g_ptr_array_add(rows, columns);
  }
  return rows;
}

static int status_of(const char *text)
{
  gint64 status;
  if (!text_parse_int64(text, 100, 599, &status))
    fail_msg("'%s' is no HTTP status", text);
  return (int)status;
}

/* In a cloud of its own. Prints what is wrong. */
static gboolean holds(const char *what, const char *script, const char *op, int status, const char *code)
{
  void *state = NULL;
  cloud_setup(&state);
  g_auto(ScriptResult) result = script_run(state, script);
  cloud_teardown(&state);
  if (result.error)
    print_error("%s: %s\n", what, result.error);
  else if (strcmp(result.code, code) != 0 || result.status != status || strcmp(result.op, op) != 0)
    print_error("%s: got %d %s by %s, not %d %s by %s\n", what, result.status, result.code, result.op, status,
                code, op);
  else
    return TRUE;
  return FALSE;
}

static void all_codes_are_there_once(void **state)
{
  g_autoptr(GPtrArray) rows = read_table("codes.tsv");
  g_autoptr(GHashTable) codes = g_hash_table_new(g_str_hash, g_str_equal);
  (void)state;
  for (guint i = 0; i < rows->len; i++) {
    char **row = g_ptr_array_index(rows, i);
    if (!g_hash_table_add(codes, row[0]))
      fail_msg("%s is there twice", row[0]);
    if (strcmp(row[1], "provoked") != 0 && strcmp(row[1], "unreachable") != 0)
      fail_msg("%s is '%s'", row[0], row[1]);
  }
  assert_int_equal(g_hash_table_size(codes), CODES);
}

static void provoked_codes_are_answered(void **state)
{
  g_autoptr(GPtrArray) rows = read_table("codes.tsv");
  guint provoked = 0, wrong = 0;
  (void)state;
  for (guint i = 0; i < rows->len; i++) {
    char **row = g_ptr_array_index(rows, i);
    if (strcmp(row[1], "provoked") != 0)
      continue;
    provoked++;
    wrong += !holds(row[0], row[3], row[2], status_of(row[4]), row[0]);
  }
  print_message("codes %u/%d provoked, %u unreachable\n", provoked - wrong, CODES, rows->len - provoked);
  assert_int_equal(wrong, 0);
}

/* A client must know them all the same. */
static void unreachable_codes_can_be_injected(void **state)
{
  g_autoptr(GPtrArray) rows = read_table("codes.tsv");
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  for (guint i = 0; i < rows->len; i++) {
    char **row = g_ptr_array_index(rows, i);
    if (strcmp(row[1], "unreachable") != 0)
      continue;
    assert_string_equal(row[2], "-");
    assert_true(strlen(row[3]) > 20);
    g_autofree char *fault =
      g_strdup_printf("{'match':{'op':'6.1.4'},'times':1,'action':{'kind':'status','status':%s,'code':'%s'}}",
                      row[4], row[0]);
    cloud_fault(cloud, fault);
    g_auto(Answer) answer = cloud_get_disk(cloud, disk->id);
    answer_expect(&answer, status_of(row[4]), row[0]);
  }
}

static void constraints_are_kept(void **state)
{
  g_autoptr(GPtrArray) rows = read_table("constraints.tsv");
  guint wrong = 0;
  (void)state;
  for (guint i = 0; i < rows->len; i++) {
    char **row = g_ptr_array_index(rows, i);
    wrong += !holds(row[0], row[3], row[2], status_of(row[4]), row[1]);
  }
  print_message("constraints %u/%u\n", rows->len - wrong, rows->len);
  assert_int_equal(wrong, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_codes_are_there_once),
    cmocka_unit_test(provoked_codes_are_answered),
    cmocka_unit_test_setup_teardown(unreachable_codes_can_be_injected, cloud_setup, cloud_teardown),
    cmocka_unit_test(constraints_are_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
