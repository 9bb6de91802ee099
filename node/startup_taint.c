#include "node/startup_taint.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "node/spawn.h"

struct StartupTaint {
  const NodeOptions *options;
  Mutex lock;
  Cond stopped;
  gboolean begun;
  gboolean stopping;
  Thread thread; /* if begun */
};

StartupTaint *startup_taint_new(const NodeOptions *options)
{
  StartupTaint *taint = g_new0(StartupTaint, 1);
  taint->options = options;
  mutex_init(&taint->lock);
  cond_init(&taint->stopped);
  return taint;
}

static gboolean is_stopping(void *data)
{
  StartupTaint *taint = data;
  MUTEX_HOLD(&taint->lock);
  return taint->stopping;
}

/* FALSE when the plugin stops meanwhile. */
static gboolean pause_for(StartupTaint *taint, int ms)
{
  gint64 until_us = clock_deadline_in_ms(ms);
  MUTEX_HOLD(&taint->lock);
  while (!taint->stopping && cond_wait_until(&taint->stopped, &taint->lock, until_us))
    continue;
  return !taint->stopping;
}

static gboolean run_helper(StartupTaint *taint, char **ret_words, GError **error)
{
  const NodeOptions *options = taint->options;
  g_autofree char *helper = spawn_helper_path("evs-csi-taint");
  g_autofree char *node_name = g_strconcat("--node-name=", options->node_name, NULL);
  g_autofree char *driver_name = g_strconcat("--driver-name=", options->daemon.driver_name, NULL);
  g_autofree char *wait = g_strdup_printf("--wait=%d", STARTUP_TAINT_WAIT_S);
  g_autofree char *account =
    options->account_dir ? g_strconcat("--service-account-dir=", options->account_dir, NULL) : NULL;
  const char *const argv[] = {helper, node_name, driver_name, wait, account, NULL};
  static const char *const variables[] = {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", NULL};
  const SpawnRequest request = {
    .argv = argv,
    .variables = variables,
    .device_fd = -1,
    .deadline_us = clock_deadline_in_ms((STARTUP_TAINT_WAIT_S + STARTUP_TAINT_SPARE_S) * 1000),
    .stopping = is_stopping,
    .data = taint,
  };
  g_auto(SpawnResult) result = {0};
  if (!spawn_run(&request, &result, error))
    return FALSE;
  g_autofree char *words = spawn_last_words(result.output);
  if (result.exit_code != 0)
    return evs_error_set(error, EVS_CODE_UNAVAILABLE, "%s", *words ? words : "evs-csi-taint was killed");
  *ret_words = g_steal_pointer(&words);
  return TRUE;
}

static void *remove_taint(void *argument)
{
  StartupTaint *taint = argument;
  const char *node_name = taint->options->node_name;
  int pause_ms = STARTUP_TAINT_FIRST_PAUSE_MS;
  for (int run = 1; run <= STARTUP_TAINT_RUNS && !is_stopping(taint); run++) {
    g_autofree char *words = NULL;
    g_autoptr(GError) reason = NULL;
    if (run_helper(taint, &words, &reason)) {
      log_info("startup taint looked after", LOG_TEXT("node", node_name), LOG_TEXT("result", words));
      return NULL;
    }
    if (is_stopping(taint))
      return NULL;
    log_warn("cannot remove the startup taint", LOG_TEXT("node", node_name), LOG_NUMBER("run", run),
             LOG_TEXT("error", reason->message));
    if (run < STARTUP_TAINT_RUNS && !pause_for(taint, pause_ms))
      return NULL;
    pause_ms = MIN(2 * pause_ms, STARTUP_TAINT_LAST_PAUSE_MS);
  }
  log_error("the startup taint stays: remove it by hand, or restart this pod", LOG_TEXT("node", node_name));
  return NULL;
}

void startup_taint_begin(StartupTaint *taint)
{
  if (!taint)
    return;
  MUTEX_HOLD(&taint->lock);
  if (taint->begun || taint->stopping)
    return;
  taint->begun = TRUE;
  taint->thread = thread_start("startup-taint", remove_taint, taint);
}

void startup_taint_free(StartupTaint *taint)
{
  if (!taint)
    return;
  gboolean begun;
  {
    MUTEX_HOLD(&taint->lock);
    taint->stopping = TRUE;
    begun = taint->begun;
    cond_broadcast(&taint->stopped);
  }
  if (begun)
    thread_join(taint->thread);
  cond_destroy(&taint->stopped);
  mutex_destroy(&taint->lock);
  g_free(taint);
}
