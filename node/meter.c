#include "node/meter.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "node/attach_limit.h"

static const char *const check_results[] = {
  [NODE_CHECK_CLEAN] = "clean",
  [NODE_CHECK_REPAIRED] = "repaired",
  [NODE_CHECK_MENDED] = "mended",
  [NODE_CHECK_FAILED] = "failed",
};

static const char *const results[] = {"failed", "ok"};

static const char *result_name(gboolean ok)
{
  return results[ok ? 1 : 0];
}

static double seconds_since(gint64 started_us)
{
  return (double)(clock_now_us() - started_us) / G_USEC_PER_SEC;
}

static MetricFamily *device_waits(void)
{
  return metrics_histogram("evs_node_device_wait_seconds", "Until an attached disk was there to be staged.",
                           NULL);
}

static MetricFamily *unmounts(void)
{
  return metrics_counter("evs_node_unmounts_total", "Paths unmounted.", "result", NULL);
}

static void collect(void *data)
{
  AttachSlots slots = attach_slots_get(data);
  metric_set(metrics_gauge("evs_node_attach_slots", "Volumes that the node takes.", NULL), slots.limit);
  metric_set(metrics_gauge("evs_node_attach_slots_used", "Attached disks that are or may be volumes.", NULL),
             slots.used);
}

void node_meter_begin(Node *node)
{
  device_waits();
  for (gsize i = 0; i < G_N_ELEMENTS(results); i++)
    metric_add(unmounts(), 0, results[i]);
  metrics_collect(collect, node);
}

void node_meter_end(Node *node)
{
  metrics_collect_end(collect, node);
}

void node_meter_device_wait(gint64 started_us)
{
  metric_observe(device_waits(), seconds_since(started_us));
}

void node_meter_format(const char *filesystem, gint64 started_us)
{
  metric_add(metrics_counter("evs_node_formats_total", "File systems made on disks.", "filesystem", NULL), 1,
             filesystem);
  metric_observe(metrics_histogram("evs_node_format_duration_seconds", "Time of making a file system.",
                                   "filesystem", NULL),
                 seconds_since(started_us), filesystem);
}

void node_meter_check(const char *filesystem, NodeCheckResult result, gint64 started_us)
{
  metric_add(metrics_counter("evs_node_filesystem_checks_total", "Checks of file systems before a mount.",
                             "filesystem", "result", NULL),
             1, filesystem, check_results[result]);
  metric_observe(metrics_histogram("evs_node_filesystem_check_duration_seconds",
                                   "Time of checking a file system.", "filesystem", NULL),
                 seconds_since(started_us), filesystem);
}

void node_meter_grow(const char *filesystem, gboolean ok, gint64 started_us)
{
  metric_add(metrics_counter("evs_node_filesystem_grows_total", "Growths of file systems.", "filesystem",
                             "result", NULL),
             1, filesystem, result_name(ok));
  metric_observe(metrics_histogram("evs_node_filesystem_grow_duration_seconds",
                                   "Time of growing a file system.", "filesystem", NULL),
                 seconds_since(started_us), filesystem);
}

void node_meter_mount(const char *type, gboolean ok)
{
  metric_add(metrics_counter("evs_node_mounts_total", "Mounts made.", "type", "result", NULL), 1, type,
             result_name(ok));
}

void node_meter_unmount(gboolean ok)
{
  metric_add(unmounts(), 1, result_name(ok));
}
