/* Waiting for a disk, and what its status means (ownership/disk_use.h). */
#pragma once

#include "ownership/disk_use.h"

/* As evs_disk_get() for a volume that a request names: NOT_FOUND says what may have become of it. */
EvsDisk *disk_read(EvsClient *client, const EvsContext *context, const char *volume_id, GError **error);

/* After an attach or detach whose answer was lost: looks every second until status or attachments differ from
 * `before`, for at most `ms`. TRUE either way: the caller reads the disk again; FALSE with ABORTED when the context
 * ends first. why is for that text. */
gboolean disk_await_change(EvsClient *client, const EvsContext *context, const EvsDisk *before, gint64 ms,
                           const char *why, GError **error);
