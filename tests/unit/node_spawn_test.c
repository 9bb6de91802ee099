/* node/spawn.c: real tools, their output, signals and time limits. */
#include "base/clock.h"
#include "base/error.h"
#include "node/spawn.h"
#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <signal.h>

static gboolean run_shell(const char *script, int device_fd, SpawnResult *result, GError **error)
{
  const char *const argv[] = {"sh", "-c", script, NULL};
  SpawnRequest request = {.argv = argv, .device_fd = device_fd, .deadline_us = clock_deadline_in_ms(20000)};
  return spawn_run(&request, result, error);
}

static void output_and_exit_code_are_kept(void **state)
{
  (void)state;
  g_auto(SpawnResult) result = {0};
  assert_true(run_shell("echo out; echo err >&2; exit 3", -1, &result, NULL));
  assert_int_equal(result.exit_code, 3);
  assert_int_equal(result.signal, 0);
  assert_string_equal(result.output, "out\nerr\n");
}

/* PATH and LC_ALL, and of the rest what was asked for. */
static void the_environment_is_what_was_named(void **state)
{
  (void)state;
  g_setenv("EVS_TEST_GIVEN", "yes, this", TRUE);
  g_setenv("EVS_TEST_KEPT", "no", TRUE);
  const char *const argv[] = {"env", NULL}, *const variables[] = {"EVS_TEST_GIVEN", "EVS_TEST_UNSET", NULL};
  SpawnRequest request = {
    .argv = argv, .variables = variables, .device_fd = -1, .deadline_us = clock_deadline_in_ms(20000)};
  g_auto(SpawnResult) result = {0};
  assert_true(spawn_run(&request, &result, NULL));
  g_autofree char *expected =
    g_strdup_printf("PATH=%s\nLC_ALL=C\nEVS_TEST_GIVEN=yes, this\n", g_getenv("PATH"));
  assert_string_equal(result.output, expected);
}

static void a_killed_tool_tells_its_signal(void **state)
{
  (void)state;
  g_auto(SpawnResult) result = {0};
  assert_true(run_shell("kill -9 $$", -1, &result, NULL));
  assert_int_equal(result.exit_code, -1);
  assert_int_equal(result.signal, SIGKILL);
}

static void the_tool_has_no_signal_blocked_and_no_descriptor_but_the_device(void **state)
{
  (void)state;
  sigset_t term, old;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, &old);
  int device = open("/dev/zero", O_RDONLY | O_CLOEXEC), other = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  g_auto(SpawnResult) result = {0};
  assert_true(run_shell(
    "grep SigBlk /proc/self/status; readlink /proc/$$/fd/0 /proc/$$/fd/3; ls -l /proc/$$/fd | grep -c passwd",
    device, &result, NULL));
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  close(device);
  close(other);
  assert_string_equal(result.output, "SigBlk:\t0000000000000000\n/dev/null\n/dev/zero\n0\n");
}

static void endless_output_is_cut_and_does_not_block(void **state)
{
  (void)state;
  g_auto(SpawnResult) result = {0};
  assert_true(run_shell("head -c 1000000 /dev/zero | tr '\\0' x; exit 0", -1, &result, NULL));
  assert_int_equal(result.exit_code, 0);
  assert_in_range(strlen(result.output), 1, SPAWN_MAX_OUTPUT);
}

static void a_slow_tool_is_killed_at_the_deadline(void **state)
{
  (void)state;
  const char *const argv[] = {"sleep", "1000", NULL};
  SpawnRequest request = {.argv = argv, .device_fd = -1, .deadline_us = clock_deadline_in_ms(200)};
  SpawnResult result = {0};
  g_autoptr(GError) error = NULL;
  gint64 start_us = clock_now_us();
  assert_false(spawn_run(&request, &result, &error));
  assert_true(evs_error_is(error, EVS_CODE_DEADLINE_EXCEEDED));
  assert_true(clock_now_us() - start_us < 15 * G_USEC_PER_SEC);
}

static gboolean always(void *data)
{
  (void)data;
  return TRUE;
}

static void a_stopping_daemon_does_not_wait(void **state)
{
  (void)state;
  const char *const argv[] = {"sleep", "1", NULL};
  SpawnRequest request = {.argv = argv, .device_fd = -1, .deadline_us = CLOCK_NEVER, .stopping = always};
  SpawnResult result = {0};
  g_autoptr(GError) error = NULL;
  assert_false(spawn_run(&request, &result, &error));
  assert_true(evs_error_is(error, EVS_CODE_ABORTED));
}

static void a_missing_tool_is_named(void **state)
{
  (void)state;
  const char *const argv[] = {"mkfs.nosuch", NULL};
  SpawnRequest request = {.argv = argv, .device_fd = -1, .deadline_us = CLOCK_NEVER};
  g_autoptr(GError) error = NULL;
  assert_false(spawn_check(&request, &error));
  assert_true(evs_error_is(error, EVS_CODE_FAILED_PRECONDITION));
  assert_string_equal(error->message, "cannot run mkfs.nosuch: No such file or directory");
}

static void last_words_are_one_printable_line(void **state)
{
  (void)state;
  g_autofree char *words = spawn_last_words("\n one\ntwo\x07\xff\r\n");
  assert_string_equal(words, "one two?\xef\xbf\xbd");
  g_autofree char *large = g_strnfill(10000, 'x'), *tail = spawn_last_words(large);
  assert_int_equal(strlen(tail), 400);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(output_and_exit_code_are_kept),
    cmocka_unit_test(the_environment_is_what_was_named),
    cmocka_unit_test(a_killed_tool_tells_its_signal),
    cmocka_unit_test(the_tool_has_no_signal_blocked_and_no_descriptor_but_the_device),
    cmocka_unit_test(endless_output_is_cut_and_does_not_block),
    cmocka_unit_test(a_slow_tool_is_killed_at_the_deadline),
    cmocka_unit_test(a_stopping_daemon_does_not_wait),
    cmocka_unit_test(a_missing_tool_is_named),
    cmocka_unit_test(last_words_are_one_printable_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
