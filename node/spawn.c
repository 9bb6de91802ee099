#include "node/spawn.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { MAX_WORDS = 400, POLL_MS = 200, POLL_WITHOUT_PIDFD_MS = 20 };

void spawn_result_clear(SpawnResult *result)
{
  g_clear_pointer(&result->output, g_free);
}

static void close_fd(int *fd)
{
  if (*fd >= 0)
    close(*fd);
}
#define AUTO_FD __attribute__((cleanup(close_fd))) int

char *spawn_helper_path(const char *name)
{
  g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *directory = g_path_get_dirname(self ? self : "/usr/bin/");
  return g_build_filename(directory, name, NULL);
}

static char **make_environment(const char *const *variables)
{
  const char *path = g_getenv("PATH");
  GPtrArray *environment = g_ptr_array_new();
  g_ptr_array_add(environment, g_strconcat("PATH=", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin", NULL));
  g_ptr_array_add(environment, g_strdup("LC_ALL=C"));
  for (; variables && *variables; variables++)
    if (g_getenv(*variables))
      g_ptr_array_add(environment, g_strconcat(*variables, "=", g_getenv(*variables), NULL));
  g_ptr_array_add(environment, NULL);
  return (char **)g_ptr_array_free(environment, FALSE);
}

static int start(const SpawnRequest *request, int output, pid_t *ret_pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (request->errors_only)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  else
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  if (request->device_fd >= 0)
    posix_spawn_file_actions_adddup2(&actions, request->device_fd, SPAWN_DEVICE_FD);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  g_auto(GStrv) environment = make_environment(request->variables);
  int failed =
    posix_spawnp(ret_pid, request->argv[0], &actions, &attributes, (char *const *)request->argv, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failed;
}

/* Reads what is there; FALSE at the end of the pipe. */
static gboolean drain(int fd, GString *output)
{
  char chunk[4096];
  ssize_t got;
  while ((got = TEMP_FAILURE_RETRY(read(fd, chunk, sizeof chunk))) > 0)
    if (output->len + (gsize)got <= SPAWN_MAX_OUTPUT)
      g_string_append_len(output, chunk, got);
  return got < 0;
}

static gboolean reap(pid_t pid, int flags, SpawnResult *result)
{
  int status = 0;
  if (TEMP_FAILURE_RETRY(waitpid(pid, &status, flags)) != pid)
    return FALSE;
  result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return TRUE;
}

/* Waits for the tool's end, emptying its pipe. */
static gboolean wait_for_end(const SpawnRequest *request, pid_t pid, int pipe_fd, GString *output,
                             SpawnResult *result, GError **error)
{
  AUTO_FD pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  gboolean open = TRUE;
  while (!reap(pid, WNOHANG, result)) {
    if (request->stopping && request->stopping(request->data))
      return evs_error_set(error, EVS_CODE_ABORTED, "%s runs on while the plugin stops", request->argv[0]);
    int left_ms = clock_left_ms(request->deadline_us);
    if (left_ms == 0) {
      kill(pid, SIGKILL);
      (void)reap(pid, 0, result);
      return evs_error_set(error, EVS_CODE_DEADLINE_EXCEEDED, "%s took too long and was killed",
                           request->argv[0]);
    }
    struct pollfd waits[] = {{.fd = open ? pipe_fd : -1, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    (void)poll(waits, G_N_ELEMENTS(waits), MIN(left_ms, pidfd >= 0 ? POLL_MS : POLL_WITHOUT_PIDFD_MS));
    if (open && waits[0].revents)
      open = drain(pipe_fd, output);
  }
  if (open)
    (void)drain(pipe_fd, output);
  return TRUE;
}

gboolean spawn_run(const SpawnRequest *request, SpawnResult *ret_result, GError **error)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make a pipe for %s",
                               request->argv[0]);
  AUTO_FD reader = ends[0];
  fcntl(reader, F_SETFL, O_NONBLOCK);
  pid_t pid = -1;
  int failed = start(request, ends[1], &pid);
  close(ends[1]);
  if (failed)
    return evs_error_set_errno(error, failed == ENOENT ? EVS_CODE_FAILED_PRECONDITION : EVS_CODE_INTERNAL,
                               failed, "cannot run %s", request->argv[0]);
  g_autoptr(GString) output = g_string_new(NULL);
  SpawnResult result = {0};
  if (!wait_for_end(request, pid, reader, output, &result, error))
    return FALSE;
  result.output = g_string_free(g_steal_pointer(&output), FALSE);
  *ret_result = result;
  return TRUE;
}

gboolean spawn_check(const SpawnRequest *request, GError **error)
{
  g_auto(SpawnResult) result = {0};
  if (!spawn_run(request, &result, error))
    return FALSE;
  if (result.exit_code == 0)
    return TRUE;
  if (result.signal)
    return evs_error_set(error, EVS_CODE_INTERNAL, "%s was killed by signal %d", request->argv[0],
                         result.signal);
  g_autofree char *words = spawn_last_words(result.output);
  return evs_error_set(error, EVS_CODE_INTERNAL, "%s failed with exit code %d: %s", request->argv[0],
                       result.exit_code, words);
}

char *spawn_last_words(const char *output)
{
  g_autofree char *valid = g_utf8_make_valid(output, -1);
  g_strdelimit(valid, "\r\n\t", ' ');
  g_strstrip(valid);
  for (char *c = valid; *c; c++)
    if ((guchar)*c < 0x20 || *c == 0x7f)
      *c = '?';
  gsize length = strlen(valid);
  const char *from = valid + (length > MAX_WORDS ? length - MAX_WORDS : 0);
  return g_utf8_make_valid(from, -1);
}
