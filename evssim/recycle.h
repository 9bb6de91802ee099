/* The recycle bin (cloud-facts F1, F2): off until the project's policy is switched on. A deleted disk that is old enough
 * goes there: cloudvolumes know it no more, it counts against the quota, its snapshots stay; after keep_time it goes for
 * good. Days pass on the virtual clock. */
#pragma once

#include "evssim/sim.h"

/* The disk is about to be removed: TRUE if it went to the bin instead. */
gboolean recycle_take(Sim *sim, Disk *disk);
/* Removes what has been kept long enough. */
void recycle_sweep(Sim *sim);

void recycle_start(Sim *sim);
void recycle_stop(Sim *sim);
