/* evssim/state.c: what is on disk is what was put, whatever the end was. */
#include "tests/unit/cmocka_all.h"

#include "base/error.h"
#include "evssim/state.h"

static char *directory;
static GString *loaded; /* "kind:id=v " of each record, in the order of loading */

static void note(const char *kind, const char *id, const json_t *record)
{
  g_string_append_printf(loaded, "%s:%s=%s ", kind, id, json_string_value(json_object_get(record, "v")));
}

static void load_first(Sim *sim, const char *id, json_t *record)
{
  (void)sim;
  note("first", id, record);
}

static void load_second(Sim *sim, const char *id, json_t *record)
{
  (void)sim;
  note("second", id, record);
}

static Sim *open_state(GError **error)
{
  Sim *sim = sim_new(directory, 1);
  state_start(sim);
  state_register(sim, "first", load_first);
  state_register(sim, "second", load_second);
  g_string_truncate(loaded, 0);
  if (state_open(sim, error))
    return sim;
  state_close(sim);
  sim_free(sim);
  return NULL;
}

static void close_state(Sim *sim)
{
  state_close(sim);
  sim_free(sim);
}

static void put(Sim *sim, const char *kind, const char *id, const char *value)
{
  state_put(sim, kind, id, json_pack("{s:s}", "v", value));
}

static char *journal_path(void)
{
  return g_build_filename(directory, "journal", NULL);
}

static char *journal_text(void)
{
  g_autofree char *path = journal_path();
  char *text = NULL;
  assert_true(g_file_get_contents(path, &text, NULL, NULL));
  return text;
}

static int set_up(void **state)
{
  (void)state;
  directory = g_dir_make_tmp("evssim-state-XXXXXX", NULL);
  loaded = g_string_new(NULL);
  return directory ? 0 : -1;
}

static int tear_down(void **state)
{
  static const char *const names[] = {"journal", "journal.tmp", "lock"};
  (void)state;
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(directory, names[i], NULL);
    (void)unlink(path);
  }
  assert_int_equal(rmdir(directory), 0);
  g_free(directory);
  g_string_free(loaded, TRUE);
  return 0;
}

static void records_come_back_by_kind(void **state)
{
  (void)state;
  Sim *sim = open_state(NULL);
  put(sim, "second", "b", "1");
  put(sim, "first", "a", "1");
  put(sim, "first", "gone", "1");
  put(sim, "first", "a", "\"2\"\n");
  state_remove(sim, "first", "gone");
  state_remove(sim, "first", "never");
  assert_int_equal(state_count(sim, "first"), 1);
  close_state(sim);
  sim = open_state(NULL);
  assert_string_equal(loaded->str, "first:a=\"2\"\n second:b=1 ");
  close_state(sim);
}

/* On disk when the call returns: nothing is flushed at the end. */
static void a_record_is_written_at_once(void **state)
{
  (void)state;
  Sim *sim = open_state(NULL);
  put(sim, "first", "a", "1");
  g_autofree char *text = journal_text();
  assert_string_equal(text, "{\"k\":\"first\",\"i\":\"a\",\"r\":{\"v\":\"1\"}}\n");
  close_state(sim);
}

static void a_torn_line_is_dropped_a_damaged_one_is_not(void **state)
{
  (void)state;
  g_autofree char *path = journal_path();
  static const char whole[] = "{\"k\":\"first\",\"i\":\"a\",\"r\":{\"v\":\"1\"}}\n";
  g_autofree char *torn = g_strconcat(whole, "{\"k\":\"first\",\"i\":\"b\",\"r\":{\"v", NULL);
  assert_true(g_file_set_contents(path, torn, -1, NULL));
  Sim *sim = open_state(NULL);
  assert_non_null(sim);
  assert_string_equal(loaded->str, "first:a=1 ");
  put(sim, "first", "b", "2");
  close_state(sim);
  sim = open_state(NULL); /* the torn end is not in the middle now */
  assert_non_null(strstr(loaded->str, "first:b=2"));
  close_state(sim);

  static const char *const damaged[] = {"rubbish\n", "{\"k\":\"first\"}\n", "{\"k\":1,\"i\":\"a\"}\n",
                                        "{\"k\":\"first\",\"i\":\"a\",\"r\":5}\n"};
  for (gsize i = 0; i < G_N_ELEMENTS(damaged); i++) {
    g_autofree char *bad = g_strconcat(whole, damaged[i], whole, NULL);
    g_autoptr(GError) error = NULL;
    assert_true(g_file_set_contents(path, bad, -1, NULL));
    assert_null(open_state(&error));
    assert_int_equal(evs_error_code(error), EVS_CODE_DATA_LOSS);
    assert_non_null(strstr(error->message, "is damaged in line 2"));
  }
}

static void one_process_per_directory(void **state)
{
  (void)state;
  Sim *sim = open_state(NULL);
  g_autoptr(GError) error = NULL;
  assert_null(open_state(&error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_non_null(strstr(error->message, directory));
  close_state(sim);
  sim = open_state(NULL);
  assert_non_null(sim);
  close_state(sim);
}

static guint lines_in(const char *text)
{
  guint lines = 0;
  for (; *text; text++)
    lines += *text == '\n';
  return lines;
}

/* Ten thousand changes of ten records do not make a journal of ten thousand lines. */
static void the_journal_is_compacted(void **state)
{
  (void)state;
  Sim *sim = open_state(NULL);
  for (int i = 0; i < 10000; i++) {
    g_autofree char *id = g_strdup_printf("r%d", i % 10), *value = g_strdup_printf("%d", i);
    put(sim, "first", id, value);
  }
  g_autofree char *text = journal_text();
  assert_in_range(lines_in(text), 10, 2100);
  close_state(sim);
  sim = open_state(NULL);
  assert_int_equal(state_count(sim, "first"), 10);
  assert_non_null(strstr(loaded->str, "first:r7=9997 "));
  g_autofree char *after = journal_text();
  assert_int_equal(lines_in(after), 10);
  close_state(sim);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(records_come_back_by_kind),
    TEST(a_record_is_written_at_once),
    TEST(a_torn_line_is_dropped_a_damaged_one_is_not),
    TEST(one_process_per_directory),
    TEST(the_journal_is_compacted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
