/* The controller's own metrics: evs_controller_*, evs_config_* (docs/metrics.md). Any thread. */
#pragma once

#include "controller/controller.h"

/* Shows all families from the start, and how many disks hang until the end. The controller must outlive it. */
void controller_meter_begin(Controller *controller);
void controller_meter_end(Controller *controller);

/* A changed cloud-config was read, or could not be. */
void controller_meter_reload(gboolean ok);

void controller_meter_duplicate_disks(guint count);
void controller_meter_duplicate_snapshots(guint count);
void controller_meter_forced_detach(void);
/* "attach disk" or "detach disk" hangs: the server's lane went on. */
void controller_meter_stuck(const char *operation);
/* Of the sweep at start-up: what stays after a look; one that was removed. */
void controller_meter_leftovers(guint left);
void controller_meter_leftover_removed(void);
/* The temporary snapshot of a clone stays for now. */
void controller_meter_snapshot_kept(void);
