/* What a record says about the operation that is waited for, as a table of kinds. */
#include "evsclient/watch.h"

static gboolean is_status(const char *status, const char *wanted)
{
  return g_ascii_strcasecmp(status, wanted) == 0;
}

static gboolean is_created(const Watch *watch, const void *record)
{
  (void)watch;
  const EvsDisk *disk = record;
  return is_status(disk->status, "available") || is_status(disk->status, "in-use");
}

static gboolean is_attached(const Watch *watch, const void *record)
{
  const EvsDisk *disk = record;
  const EvsAttachment *attachment = evs_disk_attachment(disk, watch->server_id);
  if (!attachment || !is_status(disk->status, "in-use"))
    return FALSE;
  return !watch->known_attachments || !*attachment->attachment_id ||
         !g_strv_contains(watch->known_attachments, attachment->attachment_id);
}

static gboolean is_detached(const Watch *watch, const void *record)
{
  const EvsDisk *disk = record;
  gboolean settled = !is_status(disk->status, "detaching") && !is_status(disk->status, "in-use");
  return !evs_disk_attachment(disk, watch->server_id) &&
         (disk->multiattach || settled || disk->attachments->len > 0);
}

static gboolean is_extended(const Watch *watch, const void *record)
{
  const EvsDisk *disk = record;
  return disk->size_gib >= watch->size_gib && !is_status(disk->status, "extending");
}

static gboolean has_performance(const Watch *watch, const void *record)
{
  const EvsDisk *disk = record;
  return (watch->iops == 0 || disk->iops == watch->iops) &&
         (watch->throughput == 0 || disk->throughput == watch->throughput);
}

static gboolean has_type(const Watch *watch, const void *record)
{
  const EvsDisk *disk = record;
  return g_str_equal(disk->volume_type, watch->type);
}

static gboolean is_taken(const Watch *watch, const void *record)
{
  (void)watch;
  const EvsSnapshot *snapshot = record;
  return is_status(snapshot->status, "available");
}

/* A disk that is being created may not be found yet. One in `error` may be on its way to deletion. */
static const WatchTraits traits[WATCH_KINDS] = {
  [WATCH_CREATE] = {.what = "create disk",
                    .subject = &watch_disks,
                    .newest = TRUE,
                    .is_done = is_created,
                    .row_confirms = TRUE,
                    .under_way = {"creating", "downloading"},
                    .broken = {"error*"},
                    .gone = WATCH_PENDING},
  [WATCH_DELETE] = {.what = "delete disk",
                    .subject = &watch_disks,
                    .under_way = {"deleting"},
                    .broken = {"error_deleting"},
                    .gone = WATCH_DONE,
                    .job_tells_end = TRUE},
  [WATCH_ATTACH] = {.what = "attach disk",
                    .subject = &watch_disks,
                    .jobs = EVS_SERVICE_ECS,
                    .is_done = is_attached,
                    .row_confirms = TRUE,
                    .under_way = {"attaching"},
                    .broken = {"error*"},
                    .gone = WATCH_BROKEN},
  [WATCH_DETACH] = {.what = "detach disk",
                    .subject = &watch_disks,
                    .jobs = EVS_SERVICE_ECS,
                    .is_done = is_detached,
                    .under_way = {"detaching"},
                    .broken = {"error", "error_detaching"},
                    .gone = WATCH_DONE},
  [WATCH_EXTEND] = {.what = "expand disk",
                    .subject = &watch_disks,
                    .is_done = is_extended,
                    .row_confirms = TRUE,
                    .under_way = {"extending"},
                    .broken = {"error_extending"},
                    .gone = WATCH_BROKEN},
  [WATCH_QOS] = {.what = "change the disk's performance",
                 .subject = &watch_disks,
                 .is_done = has_performance,
                 .row_confirms = TRUE,
                 .gone = WATCH_BROKEN},
  [WATCH_RETYPE] = {.what = "change the disk's type",
                    .subject = &watch_disks,
                    .is_done = has_type,
                    .row_confirms = TRUE,
                    .gone = WATCH_BROKEN},
  [WATCH_SNAPSHOT] = {.what = "create snapshot",
                      .subject = &watch_snapshots,
                      .jobless = TRUE,
                      .newest = TRUE,
                      .is_done = is_taken,
                      .row_confirms = TRUE,
                      .under_way = {"creating"},
                      .broken = {"error*"},
                      .gone = WATCH_BROKEN},
  [WATCH_SNAPSHOT_DELETE] = {.what = "delete snapshot",
                             .subject = &watch_snapshots,
                             .jobless = TRUE,
                             .under_way = {"deleting"},
                             .broken = {"error_deleting"},
                             .gone = WATCH_DONE},
};

const WatchTraits *watch_traits(const Watch *watch)
{
  return &traits[watch->kind];
}

/* A name that ends in '*' stands for all that begin so. */
static gboolean is_one_of(const char *status, const char *const names[WATCH_STATUSES])
{
  for (gsize i = 0; i < WATCH_STATUSES && names[i]; i++) {
    gsize length = strlen(names[i]);
    gboolean begins = names[i][length - 1] == '*';
    if (begins ? g_ascii_strncasecmp(status, names[i], length - 1) == 0 : is_status(status, names[i]))
      return TRUE;
  }
  return FALSE;
}

WatchVerdict watch_judge(const Watch *watch, const void *record)
{
  const WatchTraits *kind = watch_traits(watch);
  if (!record)
    return kind->gone;
  if (is_one_of(kind->subject->status(record), kind->broken))
    return WATCH_BROKEN;
  return kind->is_done && kind->is_done(watch, record) ? WATCH_DONE : WATCH_PENDING;
}

WatchVerdict watch_judge_row(const Watch *watch, const void *row)
{
  const WatchTraits *kind = watch_traits(watch);
  if (!row)
    return kind->gone == WATCH_DONE ? WATCH_SUSPECT : WATCH_PENDING;
  WatchVerdict verdict = watch_judge(watch, row);
  if (verdict == WATCH_BROKEN || (verdict == WATCH_DONE && !kind->row_confirms))
    return WATCH_SUSPECT;
  return verdict;
}

gboolean watch_in_progress(const Watch *watch, const void *row)
{
  const WatchTraits *kind = watch_traits(watch);
  return is_one_of(kind->subject->status(row), kind->under_way);
}
