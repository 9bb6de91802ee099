/* What each daemon tells of itself on /metrics: evs_build_info, evs_ready, the process. */
#pragma once

#include "rpc/daemon.h"

/* program: "evs-csi-node". ready and data as daemon_run(); asked for each page until the end. */
void daemon_metrics_begin(const char *program, DaemonReady ready, void *data);
void daemon_metrics_end(void);
