/* From what people call a volume to its disk: a disk id, the name of a PV, or the disk's name. */
#pragma once

#include "evsclient/disk.h"

/* A name is looked for among all disks of the project: in the metadata of the driver and of the Go peer, as the hash of the
 * CSI name, and as the disk's name. NOT_FOUND; FAILED_PRECONDITION naming them if several disks match. */
EvsDisk *volume_find(EvsClient *client, const EvsContext *context, const char *volume, GError **error);
