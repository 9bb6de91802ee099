/* How many volumes of this driver the node takes (max_volumes_per_node):
 *
 *   what EVS allows    23 when a virtio disk is there (24 less the system disk), 59 when only SCSI disks are (60 less
 *                      it), the careful 23 when there is none to judge by
 *   less foreign disks attached disks that are neither the system disk nor ours
 *   less the reserved  --reserved-volume-attachments
 *
 * and at least 1, because 0 means "no limit" to the CO; or what --volume-attach-limit says, whatever is attached.
 *
 * The system disk is vda, else sda, as EVS attaches it first. Ours is a disk that is mounted or bound below the kubelet
 * directory, or whose serial kubelet has written into a vol_data.json there when it staged it: that outlives a reboot,
 * after which nothing is mounted yet. A disk that is attached and not staged yet counts as foreign until it is. */
#pragma once

#include "node/node.h"

int attach_limit_get(const Node *node);
