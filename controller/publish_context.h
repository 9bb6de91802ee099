/* What the node needs to find the disk and to decide about formatting: the strings of publish_context.
 *
 *   bus         virtio | scsi
 *   serial      virtio: the first 20 characters of the volume id, as the guest's sysfs shows them
 *   wwn         scsi: 32 lower-case hexadecimal digits
 *   size-bytes  size of the disk; the guest's kernel must show at least this
 *   blank       true: made empty for a volume, so the node may format it if it also looks empty; else false */
#pragma once

#include "csi.pb-c.h"
#include "ownership/owner.h"

enum { SERIAL_LENGTH = 20, WWN_LENGTH = 32 };

/* Fills the response from the live disk. FAILED_PRECONDITION for a SCSI disk without a usable WWN. */
gboolean publish_context_fill(const Owner *owner, const EvsDisk *disk,
                              Csi__V1__ControllerPublishVolumeResponse *response, GError **error);

/* Was this disk created empty for a volume? No source mark, and the owner metadata of us or of the Go peer. */
gboolean publish_context_blank(const Owner *owner, const EvsDisk *disk);
