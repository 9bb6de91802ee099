#include "controller/clone_sweep.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "controller/meter.h"
#include "controller/snapshot_remove.h"
#include "ownership/clone_leftover.h"

enum { ROUND_MS = 5 * 60 * 1000 };

struct CloneSweep {
  Controller *controller;
  Thread thread;
  Mutex lock;
  Cond changed;
  gboolean stopping; /* under the lock */
};

static gboolean is_stopping(void *data)
{
  CloneSweep *sweep = data;
  MUTEX_HOLD(&sweep->lock);
  return sweep->stopping;
}

static gboolean wait_for_round(CloneSweep *sweep)
{
  MUTEX_HOLD(&sweep->lock);
  gint64 end_us = clock_deadline_in_ms(SWEEP_PAUSE_MS);
  while (!sweep->stopping && cond_wait_until(&sweep->changed, &sweep->lock, end_us))
    continue;
  return !sweep->stopping;
}

/* Removes what may go, of `there` temporary snapshots of ours in the list. */
static gboolean remove_all(CloneSweep *sweep, const EvsContext *context, GPtrArray *snapshots,
                           GPtrArray *disks, guint there, GError **error)
{
  Controller *controller = sweep->controller;
  controller_meter_leftovers(there);
  for (guint i = 0; i < snapshots->len; i++) {
    const EvsSnapshot *snapshot = snapshots->pdata[i];
    if (!clone_leftover_is(&controller->owner, snapshot) ||
        !clone_leftover_may_go(&controller->owner, snapshot, disks, clock_wall_us()))
      continue;
    if (!snapshot_remove(controller, context, context, snapshot->id, NULL, SNAPSHOT_REMOVE_SEND, error))
      return FALSE;
    controller_meter_leftovers(--there);
    controller_meter_leftover_removed();
    log_info("removed the temporary snapshot of an earlier clone", LOG_TEXT("snapshot", snapshot->id),
             LOG_TEXT("disk", snapshot->volume_id));
  }
  return TRUE;
}

/* *ret_found: our temporary snapshots that are (or just were) there. */
static gboolean sweep_once(CloneSweep *sweep, guint *ret_found, GError **error)
{
  EvsClient *client = sweep->controller->client;
  const EvsContext context = {
    .deadline_us = clock_deadline_in_ms(ROUND_MS), .cancelled = is_stopping, .data = sweep};
  const EvsSnapshotFilter all_snapshots = {0};
  const EvsDiskFilter all_disks = {0};
  g_autoptr(GPtrArray) snapshots = evs_snapshot_list(client, &context, &all_snapshots, error);
  if (!snapshots)
    return FALSE;
  for (guint i = 0; i < snapshots->len; i++)
    *ret_found += clone_leftover_is(&sweep->controller->owner, snapshots->pdata[i]) ? 1 : 0;
  if (*ret_found == 0) {
    controller_meter_leftovers(0);
    return TRUE;
  }
  g_autoptr(GPtrArray) disks = evs_disk_list(client, &context, &all_disks, error);
  return disks && remove_all(sweep, &context, snapshots, disks, *ret_found, error);
}

static void *run(void *argument)
{
  CloneSweep *sweep = argument;
  do {
    g_autoptr(GError) error = NULL;
    guint found = 0;
    if (sweep_once(sweep, &found, &error) && found == 0)
      break;
    if (error && !is_stopping(sweep))
      log_warn("cannot look for what clones left; trying again", LOG_TEXT("reason", error->message));
  } while (wait_for_round(sweep));
  return NULL;
}

CloneSweep *clone_sweep_start(Controller *controller)
{
  CloneSweep *sweep = g_new0(CloneSweep, 1);
  sweep->controller = controller;
  mutex_init(&sweep->lock);
  cond_init(&sweep->changed);
  sweep->thread = thread_start("clone-sweep", run, sweep);
  return sweep;
}

void clone_sweep_stop(CloneSweep *sweep)
{
  if (!sweep)
    return;
  {
    MUTEX_HOLD(&sweep->lock);
    sweep->stopping = TRUE;
    cond_signal(&sweep->changed);
  }
  thread_join(sweep->thread);
  cond_destroy(&sweep->changed);
  mutex_destroy(&sweep->lock);
  g_free(sweep);
}
