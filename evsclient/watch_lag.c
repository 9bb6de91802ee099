#include "evsclient/watch_lag.h"

#include "base/clock.h"
#include "evsclient/json.h"
#include "evsclient/meter.h"

/* Clocks of cloud and node differ by as much without being corrected; an end that seems to lie in the future is now. */
enum { CLOCK_SLACK_US = 5 * G_USEC_PER_SEC };

/* When the record was changed last, by the cloud's clock; 0: it does not say. The change that ends an attach is dated in the
 * attachment. */
static gint64 record_end(const Watch *watch, const void *record)
{
  if (!record)
    return 0;
  if (watch_traits(watch)->subject == &watch_snapshots)
    return evs_json_time(((const EvsSnapshot *)record)->updated_at);
  const EvsDisk *disk = record;
  const EvsAttachment *attachment =
    watch->kind == WATCH_ATTACH ? evs_disk_attachment(disk, watch->server_id) : NULL;
  return evs_json_time(attachment && *attachment->attached_at ? attachment->attached_at : disk->updated_at);
}

gint64 watch_lag(const Watch *watch, const void *record, gint64 job_end_us, gint64 cloud_us, gint64 now_us)
{
  gint64 age_us = now_us - watch->start_us;
  if (job_end_us > 0)
    return CLAMP(cloud_us - job_end_us, 0, MAX(age_us, 0));
  gint64 end_us = record_end(watch, record);
  gint64 lag_us = cloud_us - end_us;
  if (end_us > 0 && lag_us >= -CLOCK_SLACK_US &&
      lag_us <= age_us) /* else it was changed before we began to wait */
    return MAX(lag_us, 0);
  return watch->seen_us > 0 ? now_us - watch->seen_us : -1;
}

void watch_lag_note(const Watch *watch, const void *record, gint64 job_end_us, gint64 skew_us)
{
  gint64 lag_us = watch_lag(watch, record, job_end_us, clock_wall_us() + skew_us, clock_now_us());
  if (lag_us >= 0)
    evs_meter_lag(watch_traits(watch)->what, lag_us);
}
