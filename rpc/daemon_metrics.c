#include "rpc/daemon_metrics.h"

#include "base/metrics.h"
#include "base/process_metrics.h"
#include "version.h"

#define PROGRAM_PREFIX "evs-csi-"

static struct {
  DaemonReady ready;
  void *data;
} asked; /* constant while the collector is there */

static void collect(void *unused)
{
  (void)unused;
  g_autofree char *reason = NULL;
  gboolean ready = !asked.ready || asked.ready(asked.data, &reason);
  metric_set(metrics_gauge("evs_ready", "1 if /readyz says ok.", NULL), ready ? 1 : 0);
}

void daemon_metrics_begin(const char *program, DaemonReady ready, void *data)
{
  const char *plugin = g_str_has_prefix(program, PROGRAM_PREFIX) ? program + strlen(PROGRAM_PREFIX) : program;
  MetricFamily *build =
    metrics_gauge("evs_build_info", "Always 1; the labels tell what runs.", "version", "plugin", NULL);
  metric_set(build, 1, EVS_VERSION, plugin);
  process_metrics_declare();
  asked.ready = ready;
  asked.data = data;
  metrics_collect(collect, NULL);
}

void daemon_metrics_end(void)
{
  metrics_collect_end(collect, NULL);
}
