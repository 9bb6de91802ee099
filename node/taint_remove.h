/* Removing a node's startup taint "<driver name>/agent-not-ready" once its CSINode object lists the driver. The body of
 * evs-csi-taint. */
#pragma once

#include "node/kube_api.h"

enum {
  TAINT_WAIT_S = 120, /* default, and the most that is accepted */
  TAINT_MAX_WAIT_S = 3600,
  TAINT_FIRST_PAUSE_MS = 250,
  TAINT_LAST_PAUSE_MS = 5 * 1000,
};

typedef struct {
  const char *node_name;
  const char *driver_name;
  int first_pause_ms; /* between requests; doubles up to TAINT_LAST_PAUSE_MS */
  gint64 deadline_us;
} TaintTask;

/* Reads the node first: without such a taint there is nothing to wait for. Then waits until CSINode lists the driver, then
 * patches; a conflict reads the node anew. Waits, conflicts and passing failures (UNAVAILABLE) are tried again until the deadline:
 * then DEADLINE_EXCEEDED naming the last reason. Other errors of kube_api_send() end it at once.
 * *ret_removed: FALSE when there was none. */
gboolean taint_remove(KubeApi *api, const TaintTask *task, gboolean *ret_removed, GError **error);
