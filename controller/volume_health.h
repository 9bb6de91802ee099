/* What a disk's state means for its health (CSI v1.13, feature gate VolumeHealth). No entry: healthy. */
#pragma once

#include "csi.pb-c.h"
#include "evsclient/disk.h"

/*   status              health         reason
 *   error               INACCESSIBLE   CreationFailed
 *   error_restoring     DATA_LOSS      RestoreFailed
 *   error_rollbacking   DATA_LOSS      RollbackFailed
 *   error_extending     DEGRADED       ExpansionFailed
 *   error_deleting      INACCESSIBLE   DeletionFailed
 *   other error*        DEGRADED       CloudError
 *   restoring-backup    INACCESSIBLE   Restoring
 *   rollbacking         INACCESSIBLE   RollingBack
 *   awaiting-transfer   INACCESSIBLE   AwaitingTransfer
 *   deleting            INACCESSIBLE   Deleting
 *   frozen (any status) INACCESSIBLE   Frozen */
Csi__V1__VolumeHealth *volume_health_new(const EvsDisk *disk);
