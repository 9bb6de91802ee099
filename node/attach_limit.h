/* How many volumes of this driver the node takes (max_volumes_per_node):
 *
 *   what EVS allows    23 when a virtio disk is there (24 less the system disk), 59 when only SCSI disks are (60 less
 *                      it), the careful 23 when there is none to judge by
 *   less foreign disks attached disks that cannot be this driver's volumes (foreign_disk.h), the system disk apart
 *   less the reserved  --reserved-volume-attachments
 *
 * and at least 1, because 0 means "no limit" to the CO; or what --volume-attach-limit says, whatever is attached. The
 * system disk is vda, else sda, as EVS attaches it first.
 *
 * Too high a number corrects itself: the cloud refuses the attachment, ControllerPublishVolume says RESOURCE_EXHAUSTED
 * and the pod goes elsewhere. Too low a number leaves room unused and says nothing. Hence doubt counts as room. */
#pragma once

#include "node/node.h"

int attach_limit_get(const Node *node);

/* The same beside what is taken of it: attached disks, the system disk apart, that are volumes or may be. */
typedef struct {
  int limit, used;
} AttachSlots;
AttachSlots attach_slots_get(const Node *node);
