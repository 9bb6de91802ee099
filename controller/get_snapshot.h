/* Reading one snapshot as CSI calls may see it. */
#pragma once

#include "controller/controller.h"

/* NOT_FOUND for ids that cannot exist (nothing is asked then), for unknown ones, and for snapshots that are none of a
 * user's business: those of backups and of running clones. */
EvsSnapshot *get_visible_snapshot(Controller *controller, const EvsContext *context, const char *snapshot_id,
                                  GError **error);
