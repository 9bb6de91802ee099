/* The harness itself: what other tests trust it to notice. */
#include "tests/harness/harness.h"

#include <signal.h>

static void output_is_captured_and_waited_for(void **state)
{
  Harness *harness = *state;
  Process *process =
    process_start_list(harness, "sh", "-c", "echo one; echo ready 42; echo bad >&2; exec sleep 1000", NULL);
  g_autofree char *rest = process_wait_output(process, "ready ", HARNESS_START_MS);
  assert_string_equal(rest, "42");
  assert_true(process_running(process));
  process_signal(process, SIGTERM);
  assert_int_equal(process_wait_exit(process, HARNESS_STOP_MS), 128 + SIGTERM);
  g_autofree char *text = process_stderr(process);
  assert_string_equal(text, "bad\n");
}

static void a_process_that_ends_badly_fails_the_teardown(void **state)
{
  (void)state;
  void *inner = NULL;
  static const char *const scripts[] = {
    "exit 3",                                                       /* ended by itself */
    "trap 'exit 4' TERM; echo ready; while :; do sleep 0.01; done", /* ends with another status */
  };
  for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
    harness_setup(&inner);
    Process *process = process_start_list(inner, "bash", "-c", scripts[i], NULL);
    if (i == 0)
      while (process_running(process))
        ;
    else
      g_free(process_wait_output(process, "ready", HARNESS_START_MS));
    assert_int_equal(harness_teardown(&inner), -1);
  }
}

static void a_good_end_leaves_nothing(void **state)
{
  (void)state;
  void *inner = NULL;
  harness_setup(&inner);
  g_autofree char *dir = g_strdup(harness_dir(inner));
  g_autofree char *file = harness_write_file(inner, "file", "text");
  Process *process = process_start_list(inner, "bash", "-c",
                                        "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done", NULL);
  g_free(process_wait_output(process, "ready", HARNESS_START_MS));
  int pid = process_pid(process);
  assert_true(g_file_test(file, G_FILE_TEST_IS_REGULAR));
  assert_int_equal(harness_teardown(&inner), 0);
  assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
  assert_int_equal(kill(pid, 0), -1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(output_is_captured_and_waited_for, harness_setup, harness_teardown),
    cmocka_unit_test(a_process_that_ends_badly_fails_the_teardown),
    cmocka_unit_test(a_good_end_leaves_nothing),
  };
  return cmocka_run_group_tests_name("harness", tests, NULL, NULL);
}
