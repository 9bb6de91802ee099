#include "evsctl/kubectl.h"

#include "evsclient/http.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 16, POLL_MS = 200 };

extern char **environ;

static gboolean start(const char *const *arguments, int output, pid_t *ret_pid, GError **error)
{
  char *argv[MAX_ARGUMENTS + 2] = {(char *)"kubectl"};
  for (guint i = 0; arguments[i] && i < MAX_ARGUMENTS; i++)
    argv[i + 1] = (char *)arguments[i];
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset(&none);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  int problem = posix_spawnp(ret_pid, "kubectl", &actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return problem == 0 ||
         evs_error_set_errno(error, EVS_CODE_FAILED_PRECONDITION, problem, "cannot start kubectl");
}

static gboolean read_all(int fd, const EvsContext *context, GString *text, GError **error)
{
  char piece[65536];
  for (;;) {
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    if (!evs_context_check(context, "ask kubectl", FALSE, error))
      return FALSE;
    if (poll(&wanted, 1, POLL_MS) <= 0)
      continue;
    ssize_t length = read(fd, piece, sizeof piece);
    if (length == 0)
      return TRUE;
    if (length < 0 && errno != EINTR)
      return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot read what kubectl writes");
    if (length > 0)
      g_string_append_len(text, piece, length);
    if (text->len > KUBECTL_MAX_OUTPUT)
      return evs_error_set(error, EVS_CODE_OUT_OF_RANGE, "kubectl writes more than %d bytes",
                           KUBECTL_MAX_OUTPUT);
  }
}

/* Ends it unless it ended well. */
static gboolean reap(pid_t pid, gboolean was_read, GError **error)
{
  int status = 0;
  if (!was_read)
    kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (!was_read)
    return FALSE;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return TRUE;
  return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "kubectl failed (status %d)",
                       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

gboolean kubectl_run(const char *const *arguments, const EvsContext *context, char **ret_output,
                     GError **error)
{
  int ends[2];
  pid_t pid;
  if (pipe2(ends, O_CLOEXEC) < 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make a pipe");
  gboolean ok = start(arguments, ends[1], &pid, error);
  close(ends[1]);
  if (ok) {
    g_autoptr(GString) text = g_string_new(NULL);
    ok = reap(pid, read_all(ends[0], context, text, error), error);
    if (ok)
      *ret_output = g_string_free(g_steal_pointer(&text), FALSE);
  }
  close(ends[0]);
  return ok;
}
