/* Running a tool (mkfs.*, e2fsck, tune2fs, ...): posix_spawn with an empty signal mask (the daemon's threads block
 * SIGTERM), default signal actions, /dev/null as input, its output kept for error texts. No shell. */
#pragma once

#include <glib.h>

enum {
  SPAWN_MAX_OUTPUT = 64 * 1024, /* kept; more is read and dropped */
  SPAWN_MAX_ARGUMENTS = 32,
  SPAWN_DEVICE_FD = 3,
};

typedef struct {
  const char *const *argv; /* argv[0] is looked up in PATH */
  gboolean errors_only;    /* its standard output is dropped, standard error alone is kept */
  const char *const
    *variables;       /* NULL-terminated names: of the environment it gets these, PATH and LC_ALL=C */
  int device_fd;      /* becomes descriptor SPAWN_DEVICE_FD of the tool; -1: none */
  gint64 deadline_us; /* then the tool is killed */
  gboolean (*stopping)(void *data); /* NULL, or: stop waiting, the tool goes on alone */
  void *data;
} SpawnRequest;

typedef struct {
  int exit_code; /* -1 if a signal ended it */
  int signal;    /* that signal, else 0 */
  char *output;  /* what it wrote, standard output and errors */
} SpawnResult;

void spawn_result_clear(SpawnResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SpawnResult, spawn_result_clear)

/* "<directory of this executable>/NAME": our own one-shot helpers. Newly allocated. */
char *spawn_helper_path(const char *name);

/* FALSE: it could not be started (FAILED_PRECONDITION if the tool is missing), the deadline passed
 * (DEADLINE_EXCEEDED; it is dead then), or the wait was stopped (ABORTED; it may still run). TRUE: it ended somehow. */
gboolean spawn_run(const SpawnRequest *request, SpawnResult *ret_result, GError **error);

/* As spawn_run, and any end but exit code 0 is INTERNAL with the tool's last words. */
gboolean spawn_check(const SpawnRequest *request, GError **error);

/* The last non-empty lines of a tool's output in one printable line of at most 400 bytes. Newly allocated. */
char *spawn_last_words(const char *output);
