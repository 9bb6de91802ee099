/* The CSI messages that describe a disk, for CreateVolume, ListVolumes and ControllerGetVolume. */
#pragma once

#include "csi.pb-c.h"
#include "evsclient/disk.h"

/* Id, capacity, topology and, if it was made from something, content source of the disk. */
Csi__V1__Volume *volume_message_new(const EvsDisk *disk);

/* Ids of the servers that the disk is attached to, for the published_node_ids fields: newly allocated array of newly
 * allocated texts, NULL when there is none. */
char **volume_message_nodes(const EvsDisk *disk, size_t *ret_count);
