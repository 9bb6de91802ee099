/* NodeExpandVolume: the disk has grown in the cloud, now the kernel must see it and the mounted file system take it in.
 * A raw block volume needs the first alone. Repeating it is harmless: every tool says that nothing is to do. */
#include "node/node.h"

#include "base/clock.h"
#include "node/format.h"
#include "node/request.h"
#include "node/volume_path.h"

#include <sys/stat.h>

typedef struct {
  Node *node;
  RpcCall *call;
  const Csi__V1__NodeExpandVolumeRequest *request;
  VolumePath volume;
  Device device;
  guint64 required, limit; /* bytes; 0 = not said */
} ExpandJob;

static void expand_job_clear(ExpandJob *job)
{
  volume_path_clear(&job->volume);
  device_clear(&job->device);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ExpandJob, expand_job_clear)

static gboolean is_stopping(void *data)
{
  return rpc_call_stopping(data);
}

static gboolean read_range(ExpandJob *job, GError **error)
{
  const Csi__V1__CapacityRange *range = job->request->capacity_range;
  if (!range)
    return TRUE;
  if (range->required_bytes < 0 || range->limit_bytes < 0)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "capacity_range is negative");
  if (range->limit_bytes > 0 && range->required_bytes > range->limit_bytes)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "capacity_range.required_bytes is larger than limit_bytes");
  job->required = (guint64)range->required_bytes;
  job->limit = (guint64)range->limit_bytes;
  return TRUE;
}

static gboolean read_request(ExpandJob *job, GError **error)
{
  const Csi__V1__NodeExpandVolumeRequest *request = job->request;
  const char *staging = request->staging_target_path;
  return read_range(job, error) &&
         volume_path_open(job->node, request->volume_id, "volume_path", request->volume_path, &job->volume,
                          error) &&
         (!*staging || path_guard_check(job->node->guard, "staging_target_path", staging, NULL, error));
}

/* The disk behind the path, if it can be the volume's, once the kernel sees it as large as asked. */
static gboolean find_grown(ExpandJob *job, dev_t number, GError **error)
{
  const DeviceTree *tree = &job->node->tree;
  const char *id = job->request->volume_id;
  if (!device_open_number(tree, number, &job->device, error))
    return FALSE;
  if (!device_may_be_of(tree, &job->device, id))
    return evs_error_set(error, EVS_CODE_NOT_FOUND, "disk '%s' at volume_path '%s' is not volume '%s'",
                         job->device.node, job->volume.path.real, id);
  gboolean reached = FALSE;
  gint64 deadline_us = MIN(clock_deadline_in_ms(job->node->options.device_wait_s * G_GINT64_CONSTANT(1000)),
                           rpc_call_deadline_us(job->call));
  rpc_call_note(job->call, "waiting for disk %s to grow", job->device.node);
  if (!device_await_size(tree, &job->device, job->required, deadline_us, &reached, error))
    return FALSE;
  if (!reached)
    return evs_error_set(error, EVS_CODE_ABORTED,
                         "disk '%s' has %" G_GUINT64_FORMAT " bytes here, but %" G_GUINT64_FORMAT
                         " were asked for: the kernel does not see it grown yet",
                         job->device.node, job->device.size, job->required);
  if (job->limit && job->device.size > job->limit)
    return evs_error_set(error, EVS_CODE_OUT_OF_RANGE,
                         "disk '%s' has %" G_GUINT64_FORMAT
                         " bytes, more than capacity_range.limit_bytes %" G_GUINT64_FORMAT,
                         job->device.node, job->device.size, job->limit);
  return TRUE;
}

/* A writable mount of the file system below the kubelet directory: a volume that is published read-only grows through
 * the mount it is staged at. */
static const MountEntry *find_writable(const ExpandJob *job, const MountTable *table)
{
  const char *root = path_guard_root(job->node->guard);
  gsize length = strlen(root);
  for (gsize i = 0; i < table->count; i++) {
    const MountEntry *entry = &table->entries[i];
    if (strncmp(entry->mount_point, root, length) == 0 && entry->mount_point[length] == '/' &&
        mount_entry_is_of(entry, job->device.number) && filesystem_find(entry->fs_type) &&
        !mount_options_have(entry->options, "ro") && !mount_options_have(entry->super_options, "ro") &&
        mount_table_at(table, entry->mount_point) == entry)
      return entry;
  }
  return NULL;
}

static gboolean grow_filesystem(ExpandJob *job, const MountTable *table, GError **error)
{
  const MountEntry *entry = find_writable(job, table);
  if (!entry)
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "the file system of disk '%s' is mounted read-only: it grows when it is staged writable",
      job->device.node);
  FormatJob format = {
    .device = &job->device,
    .deadline_us = rpc_call_deadline_us(job->call),
    .stopping = is_stopping,
    .data = job->call,
  };
  rpc_call_note(job->call, "growing the file system of disk %s", job->device.node);
  return device_lock(&job->device, format.deadline_us, error) &&
         format_grow_mounted(&format, filesystem_find(entry->fs_type), entry->mount_point, error);
}

ProtobufCMessage *node_expand_volume(RpcCall *call, const void *request_message, void *data, GError **error)
{
  g_auto(ExpandJob) job = {
    .node = data,
    .call = call,
    .request = request_message,
    .volume = VOLUME_PATH_INIT,
    .device = DEVICE_INIT,
  };
  const MountEntry *entry = NULL;
  dev_t number = 0;
  if (!read_request(&job, error))
    return NULL;
  g_autoptr(MountTable) table = mount_table_read(error);
  if (!table || !volume_path_disk(&job.volume, table, &entry, &number, error) ||
      !find_grown(&job, number, error) || (entry && !grow_filesystem(&job, table, error)))
    return NULL;
  Csi__V1__NodeExpandVolumeResponse *response = g_new0(Csi__V1__NodeExpandVolumeResponse, 1);
  csi__v1__node_expand_volume_response__init(response);
  /* What was asked for, not what EVS rounded it up to: callers compare. */
  response->capacity_bytes = (int64_t)(job.required ? job.required : job.device.size);
  return &response->base;
}
