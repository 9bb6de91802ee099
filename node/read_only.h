/* The read-only state of a whole disk (BLKROSET), which a read-only publish of a raw block volume sets: a bind mount
 * cannot make a device node read-only. Virtual disks keep the state beyond the volume that wanted it, so it is taken
 * back when the last such publish goes, and whenever the disk is staged anew. */
#pragma once

#include "node/device.h"
#include "node/mountinfo.h"
#include "node/path_guard.h"

/* Is this mount a node of the disk, bound below the guard's root? Does not wait for a server that may be away. */
gboolean read_only_is_bound_node(const PathGuard *guard, const MountEntry *entry, dev_t number);

/* Where else than at `except` (may be NULL) a node of the disk is bound; NULL if nowhere. Belongs to the table. */
const char *read_only_find_other(const PathGuard *guard, const MountTable *table, dev_t number,
                                 const char *except);

/* Sets the disk's state. INTERNAL if the kernel refuses. No-op if it is so already. */
gboolean read_only_set(const Device *device, gboolean read_only, GError **error);
/* FALSE with INTERNAL if it cannot be read. */
gboolean read_only_get(const Device *device, gboolean *ret_read_only, GError **error);

/* For a stage: a state that an earlier volume or a killed plugin left behind is taken back, unless the disk is bound
 * somewhere. */
gboolean read_only_take_back(const PathGuard *guard, const MountTable *table, const Device *device,
                             GError **error);

/* For an unpublish: after the node was unmounted. Best effort, the disk may be gone. */
void read_only_release(const PathGuard *guard, const DeviceTree *tree, dev_t number);
