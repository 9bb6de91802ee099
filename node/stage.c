/* NodeStageVolume: from an attached disk to a mounted file system. Every step looks at what is there first, so a call
 * repeats or finishes what an earlier one began:
 *
 *   find the disk by identity -> lock it -> mounted already? done
 *   -> probe, make a file system if allowed -> check it -> mount -> verify the mount -> grow
 */
#include "node/node.h"

#include "base/clock.h"
#include "node/format.h"
#include "node/meter.h"
#include "node/mounter.h"
#include "node/read_only.h"
#include "node/request.h"

#include <sys/mount.h>

typedef struct {
  Node *node;
  RpcCall *call;
  VolumeUse use;
  DiskFacts facts;
  GuardedPath staging;
  Device device;
  gint64 deadline_us;
} StageJob;

static void stage_job_clear(StageJob *job)
{
  volume_use_clear(&job->use);
  disk_facts_clear(&job->facts);
  guarded_path_clear(&job->staging);
  device_clear(&job->device);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StageJob, stage_job_clear)

static gboolean still_wanted(void *data)
{
  return rpc_call_wanted(data);
}

static gboolean is_stopping(void *data)
{
  return rpc_call_stopping(data);
}

static gboolean read_request(StageJob *job, const Csi__V1__NodeStageVolumeRequest *request, GError **error)
{
  return request_check_volume_id(request->volume_id, error) &&
         path_guard_check(job->node->guard, "staging_target_path", request->staging_target_path, NULL,
                          error) &&
         volume_use_parse(request->volume_capability, &job->use, error) &&
         disk_facts_parse(request->volume_id, request->publish_context, request->n_publish_context,
                          request->volume_context, request->n_volume_context, &job->facts, error);
}

static gboolean find_device(StageJob *job, GError **error)
{
  rpc_call_note(job->call, "waiting for the disk");
  gint64 wait_until_us = clock_deadline_in_ms(job->node->options.device_wait_s * G_GINT64_CONSTANT(1000));
  gint64 started_us = clock_now_us();
  gboolean found = device_acquire(&job->node->tree, &job->facts, MIN(wait_until_us, job->deadline_us),
                                  still_wanted, job->call, &job->device, error);
  node_meter_device_wait(started_us);
  return found;
}

static gboolean wants_read_only(const StageJob *job)
{
  return job->use.reader_only || (job->use.flags.bits & MS_RDONLY);
}

/* A mount that is there already: ours and as asked, or an error. */
static gboolean check_mounted(const StageJob *job, const MountEntry *entry, GError **error)
{
  if (!mount_entry_is_of(entry, job->device.number))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "staging_target_path '%s' already holds '%s' (%s), which is not disk '%s'",
                         job->staging.real, entry->source, entry->fs_type, job->device.node);
  if (*job->use.fs_type && !g_str_equal(job->use.fs_type, entry->fs_type))
    return evs_error_set(error, EVS_CODE_ALREADY_EXISTS,
                         "the volume is staged as '%s', but '%s' was asked for", entry->fs_type,
                         job->use.fs_type);
  if (mount_options_have(entry->options, "ro") != wants_read_only(job))
    return evs_error_set(error, EVS_CODE_ALREADY_EXISTS, "the volume is staged %s, but %s was asked for",
                         wants_read_only(job) ? "writable" : "read-only",
                         wants_read_only(job) ? "read-only" : "writable");
  return TRUE;
}

/* Did the mount bring the disk that was asked for? A btrfs whose twin is mounted already would bring the twin. */
static gboolean verify_mounted(const StageJob *job, GError **error)
{
  g_autoptr(MountTable) table = mount_table_read(error);
  if (!table)
    return FALSE;
  const MountEntry *entry = mount_table_at(table, job->staging.real);
  if (entry && mount_entry_is_of(entry, job->device.number))
    return TRUE;
  (void)mounter_unmount(&job->staging, NULL);
  return evs_error_set(error, EVS_CODE_INTERNAL,
                       "the mount of disk '%s' at '%s' shows '%s' instead: taken off again", job->device.node,
                       job->staging.real, entry ? entry->source : "nothing");
}

static gboolean mount_disk(StageJob *job, const Filesystem *filesystem, GError **error)
{
  g_auto(MountFlags) flags = {.bits = job->use.flags.bits, .data = g_strdup(filesystem->mount_data)};
  mount_flags_add_data(&flags, job->use.flags.data);
  if (job->use.reader_only)
    flags.bits |= MS_RDONLY;
  return mounter_mount(&job->staging, job->device.node, filesystem->name, &flags, error) &&
         verify_mounted(job, error);
}

static gboolean prepare_and_mount(StageJob *job, const FormatJob *format, GError **error)
{
  const Filesystem *filesystem = NULL;
  gboolean made = FALSE;
  rpc_call_note(job->call, "looking at disk %s, making a file system if it has none", job->device.node);
  if (!format_ensure(format, &filesystem, &made, error))
    return FALSE;
  rpc_call_note(job->call, "checking the file system of disk %s", job->device.node);
  if (!made && !(format_check(format, filesystem, error) && format_part_from_twin(format, filesystem, error)))
    return FALSE;
  guint64 covered = filesystem_size(filesystem, job->device.fd);
  if (!format_grow(format, filesystem, covered, NULL, error))
    return FALSE;
  rpc_call_note(job->call, "mounting disk %s", job->device.node);
  return mount_disk(job, filesystem, error) &&
         format_grow(format, filesystem, covered, job->staging.real, error);
}

/* The disk is in use at another path (an older kubelet staged it elsewhere): neither looked into nor checked, mounted
 * once more as it is. */
static gboolean mount_again(StageJob *job, const MountEntry *elsewhere, GError **error)
{
  const Filesystem *filesystem = filesystem_find(elsewhere->fs_type);
  if (!filesystem || (*job->use.fs_type && !g_str_equal(job->use.fs_type, elsewhere->fs_type)))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "disk '%s' is mounted as '%s' at '%s', but %s was asked for", job->device.node,
                         elsewhere->fs_type, elsewhere->mount_point,
                         *job->use.fs_type ? job->use.fs_type : "one of ext4, ext3, xfs, btrfs");
  return mount_disk(job, filesystem, error);
}

static gboolean stage_filesystem(StageJob *job, GError **error)
{
  if (!guarded_path_make(&job->staging, S_IFDIR, error) ||
      !device_lock(&job->device, job->deadline_us, error))
    return FALSE;
  FormatJob format = {
    .device = &job->device,
    .facts = &job->facts,
    .wanted = job->use.fs_type,
    .by_default = job->node->options.default_fs_type,
    .reader_only = wants_read_only(job),
    .deadline_us = job->deadline_us,
    .stopping = is_stopping,
    .data = job->call,
  };
  g_autoptr(MountTable) table = mount_table_read(error);
  if (!table)
    return FALSE;
  if (!format.reader_only && !read_only_take_back(job->node->guard, table, &job->device, error))
    return FALSE;
  const MountEntry *entry = mount_table_at(table, job->staging.real);
  const MountEntry *elsewhere = entry ? NULL : mount_table_of(table, job->device.number);
  if (elsewhere)
    return mount_again(job, elsewhere, error);
  if (!entry)
    return prepare_and_mount(job, &format, error);
  /* Staged before; an attempt that was cut off after its mount may have left it to grow. */
  const Filesystem *filesystem = filesystem_find(entry->fs_type);
  return check_mounted(job, entry, error) &&
         (!filesystem || format_grow(&format, filesystem, filesystem_size(filesystem, job->device.fd),
                                     job->staging.real, error));
}

/* A missing directory on the way is not a missing volume, which is what NOT_FOUND would say. */
static gboolean resolve(StageJob *job, const char *path, GError **error)
{
  g_autoptr(GError) reason = NULL;
  if (path_guard_resolve(job->node->guard, "staging_target_path", path, &job->staging, &reason))
    return TRUE;
  return evs_error_set(
    error, evs_error_is(reason, EVS_CODE_NOT_FOUND) ? EVS_CODE_FAILED_PRECONDITION : evs_error_code(reason),
    "%s", reason->message);
}

ProtobufCMessage *node_stage_volume(RpcCall *call, const void *request_message, void *data, GError **error)
{
  const Csi__V1__NodeStageVolumeRequest *request = request_message;
  g_auto(StageJob) job = {
    .node = data,
    .call = call,
    .staging = GUARDED_PATH_INIT,
    .device = DEVICE_INIT,
    .deadline_us = rpc_call_deadline_us(call),
  };
  if (!read_request(&job, request, error) || !resolve(&job, request->staging_target_path, error) ||
      !find_device(&job, error))
    return NULL;
  /* A raw block volume needs no more than a disk that is there and the right one: publish binds its node. */
  if (!job.use.block && !stage_filesystem(&job, error))
    return NULL;
  Csi__V1__NodeStageVolumeResponse *response = g_new0(Csi__V1__NodeStageVolumeResponse, 1);
  csi__v1__node_stage_volume_response__init(response);
  return &response->base;
}
