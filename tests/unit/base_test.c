/* base/: errors, text, clock, pool. */
#include "base/clock.h"
#include "base/error.h"
#include "base/pool.h"
#include "base/text.h"
#include "base/thread.h"
#include "tests/unit/cmocka_all.h"

#include <signal.h>

static void error_carries_code_cloud_and_remedy(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  assert_false(evs_error_set(&error, EVS_CODE_RESOURCE_EXHAUSTED, "cannot create '%s'", "pvc-1"));
  evs_error_set_cloud(error, "EVS.1042", 400, "req-1");
  evs_error_set_remedy(error, "raise the quota");
  g_prefix_error(&error, "volume: ");
  assert_int_equal(evs_error_code(error), EVS_CODE_RESOURCE_EXHAUSTED);
  assert_true(evs_error_is_cloud(error, "EVS.1042"));
  assert_int_equal(evs_error_http_status(error), 400);
  g_autofree char *line = evs_error_describe(error);
  assert_string_equal(line, "volume: cannot create 'pvc-1' (EVS.1042, request req-1): raise the quota");
  g_autoptr(GError) copy = g_error_copy(error);
  assert_string_equal(evs_error_remedy(copy), "raise the quota");
}

static void error_of_foreign_domain_is_internal(void **state)
{
  (void)state;
  g_autoptr(GError) error = g_error_new(G_FILE_ERROR, 1, "x");
  assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  assert_string_equal(evs_error_cloud_code(error), "");
  assert_string_equal(evs_code_name(EVS_CODE_ABORTED), "ABORTED");
  assert_string_equal(evs_code_name((EvsCode)77), "UNKNOWN");
}

static void numbers_are_strict(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    gboolean good;
    gint64 value;
  } rows[] = {
    {"0", TRUE, 0},   {"-5", TRUE, -5}, {"10", TRUE, 10},  {"", FALSE, 0},
    {" 1", FALSE, 0}, {"1 ", FALSE, 0}, {"+1", FALSE, 0},  {"0x1", FALSE, 0},
    {"11", FALSE, 0}, {"-", FALSE, 0},  {"1e1", FALSE, 0},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    gint64 value = 0;
    assert_int_equal(text_parse_int64(rows[i].text, -5, 10, &value), rows[i].good);
    assert_int_equal(value, rows[i].value);
  }
  gint64 untouched = 3;
  assert_false(text_parse_int64(NULL, 0, 1, &untouched));
  assert_int_equal(untouched, 3);
}

static void shapes_are_recognised(void **state)
{
  (void)state;
  assert_true(text_is_uuid("62f0d06b-808d-480d-8b5e-0123456789ab"));
  assert_false(text_is_uuid("62f0d06b-808d-480d-8b5e-0123456789a"));
  assert_false(text_is_uuid("62f0d06b-808d-480d-8b5e-0123456789ag"));
  assert_false(text_is_uuid(NULL));
  assert_true(text_is_label("a.b_c-9", 7));
  assert_false(text_is_label("a.b_c-9", 6));
  assert_false(text_is_label("a/b", 9));
  assert_false(text_is_label("", 9));
  assert_true(text_is_printable("grün"));
  assert_false(text_is_printable("a\nb"));
  assert_false(text_is_printable("a\xff"));
}

static void json_is_escaped(void **state)
{
  (void)state;
  g_autoptr(GString) out = g_string_new(NULL);
  text_append_json(out, "a\"b\\c\n\x01");
  assert_string_equal(out->str, "\"a\\\"b\\\\c\\n\\u0001\"");
}

static void files_are_read_whole_or_refused(void **state)
{
  (void)state;
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  assert_false(text_read_file("/nonexistent/file", 10, &text, NULL, &error));
  assert_true(evs_error_is(error, EVS_CODE_NOT_FOUND));
  g_clear_error(&error);
  assert_false(text_read_file("/proc/self/status", 10, &text, NULL, &error));
  assert_true(evs_error_is(error, EVS_CODE_OUT_OF_RANGE));
  gsize length = 0;
  assert_true(text_read_file("/proc/self/status", 65536, &text, &length, NULL));
  assert_int_equal(strlen(text), length);
}

static void time_is_formatted_in_utc(void **state)
{
  (void)state;
  g_autofree char *text = clock_format_rfc3339(G_GINT64_CONSTANT(1709210096789000));
  assert_string_equal(text, "2024-02-29T12:34:56.789Z");
  assert_int_equal(clock_left_ms(CLOCK_NEVER), G_MAXINT);
  assert_int_equal(clock_left_ms(clock_now_us() - 5), 0);
}

static Mutex gate = MUTEX_INIT;
static int ran;

static void count_one(void *argument)
{
  (void)argument;
  MUTEX_HOLD(&gate);
  ran++;
}

static void pool_runs_all_and_refuses_beyond_its_queue(void **state)
{
  (void)state;
  ran = 0;
  WorkPool *pool = work_pool_new("test", 2, 3);
  int taken = 0;
  {
    MUTEX_HOLD(&gate); /* workers block in count_one */
    for (int i = 0; i < 20; i++)
      taken += work_pool_push(pool, count_one, NULL);
    assert_in_range(taken, 3, 7);
  }
  work_pool_free(pool);
  assert_int_equal(ran, taken);
}

static void *read_mask(void *set)
{
  pthread_sigmask(SIG_SETMASK, NULL, set);
  return NULL;
}

static void test_threads_take_no_signals(void **state)
{
  (void)state;
  sigset_t set;
  sigemptyset(&set);
  thread_join(thread_start("mask", read_mask, &set));
  assert_true(sigismember(&set, SIGPIPE));
  assert_true(sigismember(&set, SIGTERM));
  assert_false(sigismember(&set, SIGSEGV));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_threads_take_no_signals),
    cmocka_unit_test(error_carries_code_cloud_and_remedy),
    cmocka_unit_test(error_of_foreign_domain_is_internal),
    cmocka_unit_test(numbers_are_strict),
    cmocka_unit_test(shapes_are_recognised),
    cmocka_unit_test(json_is_escaped),
    cmocka_unit_test(files_are_read_whole_or_refused),
    cmocka_unit_test(time_is_formatted_in_utc),
    cmocka_unit_test(pool_runs_all_and_refuses_beyond_its_queue),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
