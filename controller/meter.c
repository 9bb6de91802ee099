#include "controller/meter.h"

#include "base/clock.h"
#include "base/metrics.h"

typedef enum {
  DUPLICATE_DISKS,
  DUPLICATE_SNAPSHOTS,
  FORCED_DETACHES,
  LEFTOVERS_REMOVED,
  SNAPSHOTS_KEPT,
  N_PLAIN
} Plain;

static const struct {
  const char *name, *help;
} plain_rows[N_PLAIN] = {
  [DUPLICATE_DISKS] = {"evs_controller_duplicate_disks_total",
                       "Disks seen that bear the name and owner of another, older disk."},
  [DUPLICATE_SNAPSHOTS] = {"evs_controller_duplicate_snapshots_total",
                           "Snapshots seen that bear the name and owner of another, older snapshot."},
  [FORCED_DETACHES] = {"evs_controller_forced_detaches_total",
                       "Disks taken by force from a server that does not run."},
  [LEFTOVERS_REMOVED] = {"evs_controller_leftover_snapshots_removed_total",
                         "Temporary snapshots of earlier clones that were removed at start-up."},
  [SNAPSHOTS_KEPT] = {"evs_controller_snapshot_removals_failed_total",
                      "Temporary snapshots of clones that could not be removed when the clone ended."},
};

static const char *const results[] = {"failed", "ok"};
static const char *const moving[] = {"attaching", "detaching"};
static const char *const may_hang[] = {"attach disk", "detach disk"};

static MetricFamily *plain(Plain which)
{
  return metrics_counter(plain_rows[which].name, plain_rows[which].help, NULL);
}

static MetricFamily *reloads(void)
{
  return metrics_counter("evs_config_reloads_total", "Readings of a changed cloud-config.", "result", NULL);
}

static MetricFamily *stuck(void)
{
  return metrics_counter("evs_controller_stuck_total",
                         "Attaches and detaches that hung until the server's other disks went on.",
                         "operation", NULL);
}

static MetricFamily *leftovers(void)
{
  return metrics_gauge("evs_controller_leftover_snapshots",
                       "Temporary snapshots of clones that the last look at start-up left.", NULL);
}

static void collect(void *data)
{
  const Controller *controller = data;
  MetricFamily *family =
    metrics_gauge("evs_controller_stuck_disks", "Disks that hang on their way.", "status", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(moving); i++)
    metric_set(family, transits_stuck(controller->transits, moving[i]), moving[i]);
}

static void set_loaded(gboolean ok)
{
  metric_set(metrics_gauge("evs_config_last_reload_successful",
                           "0 if the cloud-config in use is not the one in the file.", NULL),
             ok ? 1 : 0);
  if (ok)
    metric_set(metrics_gauge("evs_config_last_reload_success_timestamp_seconds",
                             "When the cloud-config in use was read.", NULL),
               (double)(clock_wall_us() / G_USEC_PER_SEC));
}

void controller_meter_begin(Controller *controller)
{
  for (int i = 0; i < N_PLAIN; i++)
    plain(i);
  for (gsize i = 0; i < G_N_ELEMENTS(results); i++)
    metric_add(reloads(), 0, results[i]);
  for (gsize i = 0; i < G_N_ELEMENTS(may_hang); i++)
    metric_add(stuck(), 0, may_hang[i]);
  metric_set(leftovers(), 0);
  set_loaded(TRUE);
  metrics_collect(collect, controller);
}

void controller_meter_end(Controller *controller)
{
  metrics_collect_end(collect, controller);
}

void controller_meter_reload(gboolean ok)
{
  metric_add(reloads(), 1, results[ok ? 1 : 0]);
  set_loaded(ok);
}

void controller_meter_duplicate_disks(guint count)
{
  metric_add(plain(DUPLICATE_DISKS), count);
}

void controller_meter_duplicate_snapshots(guint count)
{
  metric_add(plain(DUPLICATE_SNAPSHOTS), count);
}

void controller_meter_forced_detach(void)
{
  metric_add(plain(FORCED_DETACHES), 1);
}

void controller_meter_stuck(const char *operation)
{
  metric_add(stuck(), 1, operation);
}

void controller_meter_leftovers(guint left)
{
  metric_set(leftovers(), left);
}

void controller_meter_leftover_removed(void)
{
  metric_add(plain(LEFTOVERS_REMOVED), 1);
}

void controller_meter_snapshot_kept(void)
{
  metric_add(plain(SNAPSHOTS_KEPT), 1);
}
