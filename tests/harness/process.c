#include "tests/harness/harness_private.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

enum { MAX_OUTPUT = 64 << 20, TAIL_BYTES = 3000 };

struct Process {
  char *name;
  pid_t pid;
  int pidfd;
  gboolean ended;    /* reaped: status counts */
  gboolean expected; /* the test has asked for its end */
  int status;        /* 0..255, or 128 + signal */
  char *out_path, *err_path;
};

static char *find_program(const char *name)
{
  if (strchr(name, '/'))
    return g_strdup(name);
  const char *dir = g_getenv("EVS_BIN_DIR");
  g_autofree char *built = g_build_filename(dir ? dir : EVS_DEFAULT_BIN_DIR, name, NULL);
  if (g_file_test(built, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer(&built);
  char *installed = g_find_program_in_path(name);
  if (!installed)
    fail_msg("program '%s' is neither built nor installed", name);
  return installed;
}

static int spawn(Process *process, const char *path, char *const *argv)
{
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, process->out_path, O_WRONLY | O_CREAT | O_TRUNC,
                                   0644);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, process->err_path, O_WRONLY | O_CREAT | O_TRUNC,
                                   0644);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  sigset_t set;
  sigemptyset(&set);
  posix_spawnattr_setsigmask(&attributes, &set);
  sigfillset(&set);
  posix_spawnattr_setsigdefault(&attributes, &set);
  int result = posix_spawn(&process->pid, path, &actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

Process *process_start(Harness *harness, const char *const *argv)
{
  GPtrArray *processes = harness_processes(harness);
  g_autofree char *path = find_program(argv[0]);
  Process *process = g_new0(Process, 1);
  process->name = g_path_get_basename(argv[0]);
  process->out_path =
    g_strdup_printf("%s/%u-%s.out", harness_log_dir(harness), processes->len, process->name);
  process->err_path =
    g_strdup_printf("%s/%u-%s.err", harness_log_dir(harness), processes->len, process->name);
  int result = spawn(process, path, (char *const *)argv);
  if (result != 0)
    fail_msg("cannot start '%s': %s", path, g_strerror(result));
  process->pidfd = pidfd_open(process->pid, 0);
  assert_true(process->pidfd >= 0);
  g_ptr_array_add(processes, process);
  return process;
}

Process *process_start_list(Harness *harness, const char *program, ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  va_list arguments;
  va_start(arguments, program);
  for (const char *argument = program; argument; argument = va_arg(arguments, const char *))
    g_ptr_array_add(argv, (char *)argument);
  va_end(arguments);
  g_ptr_array_add(argv, NULL);
  return process_start(harness, (const char *const *)argv->pdata);
}

int process_pid(const Process *process)
{
  return process->pid;
}

static char *read_output(const char *path)
{
  char *text = NULL;
  g_autoptr(GError) error = NULL;
  if (!text_read_file(path, MAX_OUTPUT, &text, NULL, &error))
    return g_strdup_printf("(%s)", error->message);
  return text;
}

char *process_stdout(const Process *process)
{
  return read_output(process->out_path);
}

char *process_stderr(const Process *process)
{
  return read_output(process->err_path);
}

/* The end of its stderr, for failure texts. Newly allocated. */
static char *error_tail(const Process *process)
{
  g_autofree char *text = process_stderr(process);
  gsize length = strlen(text);
  return g_strdup(text + (length > TAIL_BYTES ? length - TAIL_BYTES : 0));
}

/* TRUE when the process has ended within ms (0: only look). Then it is reaped. */
static gboolean await_end(Process *process, gint64 ms)
{
  if (process->ended)
    return TRUE;
  gint64 deadline = clock_deadline_in_ms(ms);
  struct pollfd wanted = {.fd = process->pidfd, .events = POLLIN};
  int ready;
  do
    ready = poll(&wanted, 1, clock_left_ms(deadline));
  while (ready < 0 && errno == EINTR);
  if (ready <= 0)
    return FALSE;
  int status = 0;
  while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
    ;
  process->ended = TRUE;
  process->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return TRUE;
}

gboolean process_running(Process *process)
{
  return !await_end(process, 0);
}

void process_signal(Process *process, int signal_number)
{
  if (process_running(process))
    kill(process->pid, signal_number);
}

int process_wait_exit(Process *process, gint64 ms)
{
  process->expected = TRUE;
  if (!await_end(process, ms)) {
    g_autofree char *tail = error_tail(process);
    fail_msg("'%s' still runs after %d ms; it wrote:\n%s", process->name, (int)ms, tail);
  }
  return process->status;
}

/* SIGTERM and what is wrong with the answer to it. Newly allocated; NULL: nothing. */
static char *terminate(Process *process)
{
  if (process->expected && process->ended)
    return NULL;
  process->expected = TRUE;
  if (!process_running(process)) {
    g_autofree char *tail = error_tail(process);
    return g_strdup_printf("'%s' had ended by itself with status %d; it wrote:\n%s", process->name,
                           process->status, tail);
  }
  kill(process->pid, SIGTERM);
  if (!await_end(process, HARNESS_STOP_MS)) {
    g_autofree char *tail = error_tail(process);
    return g_strdup_printf("'%s' does not end by SIGTERM within %d ms; it wrote:\n%s", process->name,
                           HARNESS_STOP_MS, tail);
  }
  if (process->status != 0) {
    g_autofree char *tail = error_tail(process);
    return g_strdup_printf("'%s' ends with status %d by SIGTERM; it wrote:\n%s", process->name,
                           process->status, tail);
  }
  return NULL;
}

void process_stop(Process *process)
{
  g_autofree char *complaint = terminate(process);
  if (complaint)
    fail_msg("%s", complaint);
}

void process_kill(Process *process)
{
  process_signal(process, SIGKILL);
  process_wait_exit(process, HARNESS_STOP_MS);
}

char *process_end(Process *process)
{
  char *complaint = terminate(process);
  kill(-process->pid, SIGKILL); /* what it left in its group, and itself if it is stuck */
  await_end(process, HARNESS_STOP_MS);
  return complaint;
}

void process_free(Process *process)
{
  if (process->pidfd >= 0)
    close(process->pidfd);
  g_free(process->name);
  g_free(process->out_path);
  g_free(process->err_path);
  g_free(process);
}

/* The rest of the first whole line that begins with prefix, newly allocated, or NULL. */
static char *find_line(const char *text, const char *prefix)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] && lines[i + 1]; i++) { /* the piece behind the last newline is not whole */
    if (g_str_has_prefix(lines[i], prefix))
      return g_strdup(lines[i] + strlen(prefix));
  }
  return NULL;
}

typedef struct {
  Process *process;
  const char *prefix;
  char *rest;
  gboolean ended;
} OutputWait;

static gboolean output_has_come(void *data)
{
  OutputWait *wait = data;
  wait->ended = !process_running(wait->process); /* looked at before the output, so that none is missed */
  g_autofree char *text = process_stdout(wait->process);
  wait->rest = find_line(text, wait->prefix);
  return wait->rest || wait->ended;
}

char *process_wait_output(Process *process, const char *prefix, gint64 ms)
{
  OutputWait wait = {.process = process, .prefix = prefix};
  wait_until(output_has_come, &wait, ms);
  if (!wait.rest) {
    g_autofree char *tail = error_tail(process);
    fail_msg("'%s' %s and has not written '%s'; it wrote:\n%s", process->name,
             wait.ended ? "has ended" : "runs", prefix, tail);
  }
  return wait.rest;
}
