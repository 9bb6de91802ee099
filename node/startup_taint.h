/* The node's startup taint, by which a cluster keeps pods away until the driver is there: starts evs-csi-taint once the
 * kubelet has asked who this node is, again if that fails, and forgets about it when it is done. What stays in
 * memory is one struct. */
#pragma once

#include "node/options.h"

enum {
  STARTUP_TAINT_RUNS = 12,                 /* then it is given up; the plugin goes on serving */
  STARTUP_TAINT_FIRST_PAUSE_MS = 2 * 1000, /* between two runs; doubles */
  STARTUP_TAINT_LAST_PAUSE_MS = 5 * 60 * 1000,
  STARTUP_TAINT_WAIT_S = 120, /* each run waits so long for the registration */
  STARTUP_TAINT_SPARE_S = 60, /* and may take so much longer to end */
};

typedef struct StartupTaint StartupTaint;

/* options must live as long. */
StartupTaint *startup_taint_new(const NodeOptions *options);

/* Any thread, at every NodeGetInfo: the first call starts a thread that does it all, later ones do nothing. NULL is
 * allowed. */
void startup_taint_begin(StartupTaint *taint);

/* Ends the thread; a helper that still runs goes on alone and ends by itself. NULL is allowed. */
void startup_taint_free(StartupTaint *taint);
