/* What a disk's status and marks mean for the calls on it: what may be done with it now, and if not, why and what helps.
 * No state, no calls. Any thread. */
#pragma once

#include "evsclient/disk.h"

/* The status changes by itself: another operation runs. */
gboolean disk_is_moving(const EvsDisk *disk);

/* "server 'a', server 'b'" of its attachments, "none" without any. Newly allocated. */
char *disk_describe_servers(const EvsDisk *disk);

/* The error for an operation that the status forbids: ABORTED while it changes by itself, else FAILED_PRECONDITION;
 * names the status. Returns FALSE. operation: "deleted", "attached". */
gboolean disk_refuse_status(const EvsDisk *disk, const char *operation, GError **error);

typedef enum {
  DISK_USE_ATTACH,
  DISK_USE_DELETE,
  DISK_USE_EXPAND,
  DISK_USE_MODIFY,
  DISK_USE_SNAPSHOT,
  DISK_N_USES
} DiskUse;

/* Conditions that no waiting ends and only a person can: offered to another project (awaiting-transfer), frozen, paid
 * by the year or month (for all but snapshots: such disks are managed by their order, and lost when it ends).
 * FAILED_PRECONDITION with the reason and what to do. Freezing shows on the disk only where its type has iops of its
 * own; else the cloud refuses the call itself (EVS.2144, Ecs.0003), with the same code. */
gboolean disk_check_use(const EvsDisk *disk, DiskUse use, GError **error);

/* EVS.2068: something holds the disk that its status does not show, such as a change of type or performance. */
gboolean disk_is_locked_error(const GError *error);
