/* What a disk's status means for the calls on it (evs-facts.md 6). */
#pragma once

#include "evsclient/disk.h"

/* The status changes by itself: another operation runs. */
gboolean disk_is_moving(const EvsDisk *disk);

/* "server 'a', server 'b'" of its attachments, "none" without any. Newly allocated. */
char *disk_describe_servers(const EvsDisk *disk);

/* The error for an operation that the status forbids: ABORTED while it changes by itself, else FAILED_PRECONDITION;
 * names the status. Returns FALSE. operation: "deleted", "attached". */
gboolean disk_refuse_status(const EvsDisk *disk, const char *operation, GError **error);
