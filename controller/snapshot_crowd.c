#include "controller/snapshot_crowd.h"

#include "base/clock.h"
#include "controller/context.h"
#include "evsclient/codes.h"
#include "ownership/snapshot_kind.h"

enum { LOOK_PAUSE_MS = 1000 };

static gboolean is_quota_code(const GError *error)
{
  const EvsCloudCode *row = evs_cloud_code_find(evs_error_cloud_code(error), error ? error->message : NULL);
  return row && row->code == EVS_CODE_RESOURCE_EXHAUSTED;
}

gboolean snapshot_crowd_is_refusal(const GError *error)
{
  return is_quota_code(error) && (evs_error_is(error, EVS_CODE_FAILED_PRECONDITION) ||
                                  evs_error_is(error, EVS_CODE_RESOURCE_EXHAUSTED));
}

gboolean snapshot_crowd_is_passing(const GError *error)
{
  return is_quota_code(error) && evs_error_is(error, EVS_CODE_ABORTED);
}

gboolean snapshot_crowd_passes(Controller *controller, const EvsContext *context, const char *volume_id)
{
  const EvsSnapshotFilter filter = {.volume_id = volume_id};
  gint64 end_us = clock_deadline_in_ms(CROWD_LOOK_MS);
  do {
    guint others = 0;
    g_autoptr(GPtrArray) snapshots = evs_snapshot_list(controller->client, context, &filter, NULL);
    for (guint i = 0; snapshots && i < snapshots->len; i++) {
      const EvsSnapshot *snapshot = snapshots->pdata[i];
      if (g_ascii_strcasecmp(snapshot->volume_id, volume_id) != 0)
        continue;
      if (snapshot_is_temporary(snapshot) && owner_of_snapshot(&controller->owner, snapshot) == OWNER_US)
        return TRUE;
      others++;
    }
    if (others >= SNAPSHOTS_PER_DISK)
      return FALSE;
  } while (clock_now_us() < end_us &&
           context_pause(context, LOOK_PAUSE_MS, "why no more snapshots are taken is not known yet", NULL));
  return FALSE;
}
