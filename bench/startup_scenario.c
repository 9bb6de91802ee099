/* startup:TIMES: from just before exec to the first answered Probe, and the memory right after. */
#include "bench/bench.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

enum { READY_MS = 30000, STOP_MS = 30000, POLL_US = 200, PROBE_MS = 1000 };

extern char **environ;

static gboolean spawn(char **argv, pid_t *ret_pid, GError **error)
{
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask(&attributes, &none);
  int result = posix_spawnp(ret_pid, argv[0], NULL, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  return result == 0 ||
         evs_error_set_errno(error, EVS_CODE_INVALID_ARGUMENT, result, "cannot start '%s'", argv[0]);
}

/* A client of its own each time: one that has failed to connect would wait before it tries again. */
static gboolean answers(const char *endpoint)
{
  Csi__V1__ProbeRequest request = CSI__V1__PROBE_REQUEST__INIT;
  g_autoptr(RpcClient) client = rpc_client_new(endpoint, NULL);
  ProtobufCMessage *reply =
    client ? rpc_client_call(client, &csi__v1__identity__descriptor, "Probe", &request.base, PROBE_MS, NULL)
           : NULL;
  if (!reply)
    return FALSE;
  protobuf_c_message_free_unpacked(reply, NULL);
  return TRUE;
}

static gboolean ended(pid_t pid)
{
  int status;
  return waitpid(pid, &status, WNOHANG) == pid;
}

static gboolean await_answer(const char *endpoint, pid_t pid, gint64 begin_us, GError **error)
{
  const char *socket_path = g_str_has_prefix(endpoint, "unix://") ? endpoint + strlen("unix://") : NULL;
  for (;;) {
    if ((!socket_path || g_file_test(socket_path, G_FILE_TEST_EXISTS)) && answers(endpoint))
      return TRUE;
    if (clock_now_us() - begin_us > READY_MS * 1000LL)
      return evs_error_set(error, EVS_CODE_DEADLINE_EXCEEDED, "'%s' is not answered in time", endpoint);
    if (ended(pid))
      return evs_error_set(error, EVS_CODE_UNAVAILABLE, "the started process has ended");
    clock_sleep_until(clock_now_us() + POLL_US);
  }
}

static gboolean stop(pid_t pid, GError **error)
{
  gint64 until_us = clock_deadline_in_ms(STOP_MS);
  kill(pid, SIGTERM);
  while (!ended(pid)) {
    if (clock_now_us() > until_us) {
      kill(pid, SIGKILL);
      waitpid(pid, NULL, 0);
      return evs_error_set(error, EVS_CODE_DEADLINE_EXCEEDED, "the started process does not end by SIGTERM");
    }
    clock_sleep_until(clock_now_us() + 1000);
  }
  return TRUE;
}

static gboolean start_once(const Options *options, char **argv, Samples *starts, gint64 *ret_rss_kb,
                           gint64 *ret_anonymous_kb, GError **error)
{
  pid_t pid;
  gint64 begin_us = clock_now_us();
  if (!spawn(argv, &pid, error))
    return FALSE;
  if (!await_answer(options->node, pid, begin_us, error)) {
    stop(pid, NULL);
    return FALSE;
  }
  samples_add(starts, clock_now_us() - begin_us);
  return process_memory(pid, ret_rss_kb, ret_anonymous_kb, error) && stop(pid, error);
}

json_t *scenario_run_startup(Bench *bench, const Scenario *scenario, GError **error)
{
  g_auto(GStrv) argv = NULL;
  gint64 rss_kb = 0, anonymous_kb = 0;
  if (!g_shell_parse_argv(bench->options->command, NULL, &argv, error))
    return NULL;
  Samples *starts = samples_new();
  gboolean success = TRUE;
  for (guint i = 0; success && i < scenario->count; i++)
    success = start_once(bench->options, argv, starts, &rss_kb, &anonymous_kb, error);
  json_t *row = json_pack("{s:{s:f, s:f, s:f, s:f}}", "figures", "exec to first answer, p50 ms",
                          (double)samples_percentile(starts, 50) / 1000, "exec to first answer, max ms",
                          (double)samples_percentile(starts, 100) / 1000, "RSS after start, MB",
                          (double)rss_kb / 1024, "anonymous after start, MB", (double)anonymous_kb / 1024);
  samples_free(starts);
  if (!success)
    g_clear_pointer(&row, json_decref);
  return row;
}
