#include "evsclient/watcher.h"

#include "evsclient/watch.h"

gboolean evs_error_is_job_failure(const GError *error)
{
  return evs_error_outcome(error) == EVS_OUTCOME_FAILED;
}

static void start_sweep(EvsWatcher *watcher, WatchSweep *sweep, const WatchSubject *subject)
{
  sweep->watcher = watcher;
  sweep->subject = subject;
  sweep->watches = g_ptr_array_new();
  sweep->looks = g_ptr_array_new();
  sweep->pages = 1;
  sweep->index = name_index_new();
  cond_init(&sweep->changed);
  sweep->thread = thread_start("sweep", watch_sweep, sweep);
}

EvsWatcher *evs_watcher_new(EvsClient *client)
{
  EvsWatcher *watcher = g_new0(EvsWatcher, 1);
  watcher->client = client;
  mutex_init(&watcher->lock);
  start_sweep(watcher, &watcher->disks, &watch_disks);
  start_sweep(watcher, &watcher->snapshots, &watch_snapshots);
  return watcher;
}

static void end_sweep(WatchSweep *sweep)
{
  thread_join(sweep->thread);
  g_ptr_array_unref(sweep->watches);
  g_ptr_array_unref(sweep->looks);
  name_index_free(sweep->index);
  cond_destroy(&sweep->changed);
}

void evs_watcher_free(EvsWatcher *watcher)
{
  if (!watcher)
    return;
  {
    MUTEX_HOLD(&watcher->lock);
    watcher->stop = TRUE;
    cond_signal(&watcher->disks.changed);
    cond_signal(&watcher->snapshots.changed);
  }
  end_sweep(&watcher->disks);
  end_sweep(&watcher->snapshots);
  mutex_destroy(&watcher->lock);
  g_free(watcher);
}

/* *ret_disk is set only on success. */
static gboolean wait_for_disk(EvsWatcher *watcher, const EvsContext *context, Watch watch, EvsDisk **ret_disk,
                              GError **error)
{
  void *record = NULL;
  gboolean ok = watch_wait(watcher, context, watch, &record, error);
  g_autoptr(EvsDisk) disk = record;
  if (ok && ret_disk)
    *ret_disk = g_steal_pointer(&disk);
  return ok;
}

gboolean evs_watch_create(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, EvsDisk **ret_disk, GError **error)
{
  Watch watch = {.kind = WATCH_CREATE, .subject_id = g_strdup(volume_id), .job_id = job_id};
  return wait_for_disk(watcher, context, watch, ret_disk, error);
}

gboolean evs_watch_delete(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, GError **error)
{
  Watch watch = {.kind = WATCH_DELETE, .subject_id = g_strdup(volume_id), .job_id = job_id};
  return wait_for_disk(watcher, context, watch, NULL, error);
}

gboolean evs_watch_attach(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *server_id, const char *job_id, const char *const *known_attachments,
                          EvsDisk **ret_disk, GError **error)
{
  Watch watch = {.kind = WATCH_ATTACH,
                 .subject_id = g_strdup(volume_id),
                 .job_id = job_id,
                 .server_id = server_id,
                 .known_attachments = known_attachments};
  return wait_for_disk(watcher, context, watch, ret_disk, error);
}

gboolean evs_watch_detach(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *server_id, const char *job_id, GError **error)
{
  Watch watch = {
    .kind = WATCH_DETACH, .subject_id = g_strdup(volume_id), .job_id = job_id, .server_id = server_id};
  return wait_for_disk(watcher, context, watch, NULL, error);
}

gboolean evs_watch_extend(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, gint64 size_gib, EvsDisk **ret_disk, GError **error)
{
  Watch watch = {
    .kind = WATCH_EXTEND, .subject_id = g_strdup(volume_id), .job_id = job_id, .size_gib = size_gib};
  return wait_for_disk(watcher, context, watch, ret_disk, error);
}

gboolean evs_watch_qos(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                       const char *job_id, gint64 iops, gint64 throughput, EvsDisk **ret_disk, GError **error)
{
  Watch watch = {.kind = WATCH_QOS,
                 .subject_id = g_strdup(volume_id),
                 .job_id = job_id,
                 .iops = iops,
                 .throughput = throughput};
  return wait_for_disk(watcher, context, watch, ret_disk, error);
}

gboolean evs_watch_retype(EvsWatcher *watcher, const EvsContext *context, const char *volume_id,
                          const char *job_id, const char *type, EvsDisk **ret_disk, GError **error)
{
  Watch watch = {.kind = WATCH_RETYPE, .subject_id = g_strdup(volume_id), .job_id = job_id, .type = type};
  return wait_for_disk(watcher, context, watch, ret_disk, error);
}

gboolean evs_watch_snapshot(EvsWatcher *watcher, const EvsContext *context, const char *snapshot_id,
                            EvsSnapshot **ret_snapshot, GError **error)
{
  Watch watch = {.kind = WATCH_SNAPSHOT, .subject_id = g_strdup(snapshot_id)};
  void *record = NULL;
  gboolean ok = watch_wait(watcher, context, watch, &record, error);
  g_autoptr(EvsSnapshot) snapshot = record;
  if (ret_snapshot)
    *ret_snapshot = g_steal_pointer(&snapshot);
  return ok;
}

gboolean evs_watch_snapshot_delete(EvsWatcher *watcher, const EvsContext *context, const char *snapshot_id,
                                   GError **error)
{
  Watch watch = {.kind = WATCH_SNAPSHOT_DELETE, .subject_id = g_strdup(snapshot_id)};
  return watch_wait(watcher, context, watch, NULL, error);
}
