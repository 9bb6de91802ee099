/* What a new volume is filled from: a snapshot, or another volume by way of a temporary snapshot.
 *
 * EVS makes a disk of a snapshot only in the zone and of the type of the snapshot's disk, with its encryption and device
 * type, and at least its size. All of that is known before the request for the disk is sent, and refused by name. */
#pragma once

#include "controller/creation.h"

/* NOT_FOUND for ids that cannot exist. No I/O. */
gboolean volume_source_check_exists(const CreateRequest *request, GError **error);

/* Reads the source and fills the creation: snapshot_id, zone, type, size_gib, iops, throughput. Waits for a snapshot that
 * is being taken; takes the temporary one of a clone.
 *   NOT_FOUND            no such snapshot or volume (a backup's snapshot counts as none)
 *   FAILED_PRECONDITION  the snapshot failed; the disk that it is of is gone; the source disk's status forbids it
 *   INVALID_ARGUMENT     parameters type, availability, scsi, kmsId differ from the source's
 *   RESOURCE_EXHAUSTED   the zones of accessibility_requirements exclude the source's: the scheduler may move on
 *   OUT_OF_RANGE         smaller than the source, or the limit is
 *   ABORTED              the source changes, or the time is up */
gboolean volume_source_prepare(Creation *creation, GError **error);

/* The comparison alone: is the request one that this disk can be the source of? size_gib: of the snapshot or disk.
 * kind and id as for the texts: "snapshot '<id>'". */
gboolean volume_source_fits(const CreateRequest *request, const EvsDisk *disk, gint64 size_gib,
                            GError **error);
