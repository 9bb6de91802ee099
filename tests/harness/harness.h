/* What every integration test stands on: a temporary directory, child processes that cannot outlive the test,
 * bounded waiting. The simulator, the plugins and CSI calls are in sim.h, plugin.h and csi.h.
 *
 *     static void volume_survives(void **state)
 *     {
 *       Harness *harness = *state;
 *       Sim *sim = sim_start(harness, NULL);
 *       Plugin *controller = controller_start(harness, sim, NULL);
 *       ...
 *     }
 *     cmocka_unit_test_setup_teardown(volume_survives, harness_setup, harness_teardown)
 *
 * Everything that *_start() returns belongs to the harness and lives until its teardown. A helper that cannot do
 * its work fails the test (cmocka's fail_msg), so callers check nothing. Only the test's own thread may call helpers.
 *
 * Executables come from the build's bin directory (or $EVS_BIN_DIR); logs of all processes stay after the test in
 * the build's tests/logs/<executable>/<test number>/ (or $EVS_LOG_DIR).
 */
#pragma once

#include "tests/unit/cmocka_all.h"

#include <glib.h>

typedef struct Harness Harness;

enum {
  HARNESS_START_MS = 20000, /* a process must be ready within this time; sanitizers are slow */
  HARNESS_STOP_MS = 20000,  /* and end within this after SIGTERM */
  HARNESS_WAIT_MS = 60000,  /* generous bound for waiting on an event that must come */
};

/* Fixtures for cmocka: *state is the Harness. The teardown stops every process still running by SIGTERM, newest
 * first, and fails the test when one does not exit 0; unmounts what is mounted below the directory; removes it. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* Temporary directory of this test: short enough for unix sockets below it. */
const char *harness_dir(Harness *harness);
/* A path below it; nothing is created. Newly allocated. */
char *harness_path(Harness *harness, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* As harness_path, and the file holds this text. Newly allocated. */
char *harness_write_file(Harness *harness, const char *name, const char *text);

/* Where process output goes; kept after the test. */
const char *harness_log_dir(Harness *harness);

/* Called at teardown after the processes have ended, last registered first. */
void harness_at_end(Harness *harness, void (*run)(void *data), void *data);

/* Polls until predicate(data) is TRUE: FALSE when it still is not after `ms`. */
gboolean wait_until(gboolean (*predicate)(void *data), void *data, gint64 ms);

/* ---- processes ---- */

typedef struct Process Process;

/* Starts argv (NULL-terminated). A name without '/' is looked up in the bin directory, then in PATH. The process has
 * a process group of its own, no signal blocked, stdin from /dev/null, stdout and stderr in files. */
Process *process_start(Harness *harness, const char *const *argv);
/* As process_start with the arguments listed: process_run(harness, "evs-sim", "--version", NULL). */
Process *process_start_list(Harness *harness, const char *program, ...) G_GNUC_NULL_TERMINATED;

int process_pid(const Process *process);

/* Waits until stdout has a line beginning with `prefix` and returns the rest of that line (newly allocated). Fails
 * the test when the process ends before or the time is over. */
char *process_wait_output(Process *process, const char *prefix, gint64 ms);

/* What it has written so far, newly allocated. */
char *process_stdout(const Process *process);
char *process_stderr(const Process *process);

/* TRUE while it has not ended (it may be a zombie only until this is called). */
gboolean process_running(Process *process);

/* SIGTERM; the test fails unless it exits with 0 within HARNESS_STOP_MS. No-op for one that has been stopped, killed
 * or waited for. */
void process_stop(Process *process);
/* SIGKILL to the process alone (its children live on, as after a crash), and waits for its end. */
void process_kill(Process *process);
/* Any signal. */
void process_signal(Process *process, int signal_number);
/* Waits for the end: the exit status 0..255, or 128 + signal. Fails the test when it still runs after `ms`. */
int process_wait_exit(Process *process, gint64 ms);
