/* The CSI messages that describe a snapshot, for the four snapshot calls. */
#pragma once

#include "csi.pb-c.h"
#include "evsclient/snapshot.h"

/* ready_to_use says TRUE for the status `available` only. zone: where it can be restored (snapshot topology);
 * NULL: not told. */
Csi__V1__Snapshot *snapshot_message_new(const EvsSnapshot *snapshot, const char *zone);
