/* Attached disks that cannot be volumes of this driver. Attached and not staged yet, or not mounted again since a
 * reboot, is what volumes are every day: such a disk must not be mistaken for somebody else's, or the node would announce
 * fewer volumes than it can take and stay half empty. So only what can be known to be foreign is:
 *
 *   partitions   <sys-dir>/block/<disk>/<disk>1/partition: this driver makes file systems on whole disks
 *   holders      <sys-dir>/block/<disk>/holders: LVM, RAID or dm-crypt has it
 *   mounted      somewhere else than for a pod of a CSI volume, in whatever mount namespace: seen in the own mount table, or
 *                in /sys/fs/{ext4,xfs,f2fs,btrfs} of the kernel, which a container shows too
 *
 * and it is not foreign after all if it is mounted or bound below the kubelet directory, where local PVs and subPath
 * mounts do not count, or if kubelet has noted its serial (virtio) in a vol_data.json there: raw block volumes may hold
 * partitions or LVM of their own.
 *
 * Not seen, hence taken for a possible volume: a disk that lies idle, is used as raw device or swap, or whose file system
 * is of another kind and mounted where a container does not see it. --reserved-volume-attachments is for those. A
 * raw block volume with partitions counts as foreign from its attachment until kubelet's note, a SCSI one until it is
 * published. */
#pragma once

#include "node/node.h"

/* How many of these disks ("vdb") are foreign; 0 when the mount table cannot be read. */
guint foreign_disk_count(const Node *node, const GPtrArray *disks);
