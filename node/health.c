/* NodeGetVolumeHealth and NodeGetStorageHealth (alpha, behind the gate VolumeHealth): what this node sees of a volume.
 * No entry means that nothing is wrong as far as can be seen from here. Sources that need no udev and no log:
 *
 *   DiskMissing          --sys-dir does not have the disk any more       INACCESSIBLE
 *   WrongDisk            it shows another volume's serial                INACCESSIBLE
 *   DiskTooSmall         it has less bytes than its file system          INACCESSIBLE
 *   ReadFails, ReadHangs reading past all caches, listing the root       INACCESSIBLE
 *   Corrupted            the file system says so of its own structures   DATA_LOSS
 *   ReadOnlyByKernel     the kernel allows no more writes after an error DEGRADED
 *   ErrorsRecorded       the file system has counted errors              DEGRADED */
#include "node/node.h"

#include "node/health_read.h"
#include "node/health_source.h"
#include "node/request.h"
#include "node/volume_path.h"

#include <errno.h>
#include <sys/stat.h>

typedef Csi__V1__VolumeHealth__VolumeHealthEntry Entry;

enum { MAX_ENTRIES = 8 };

typedef struct {
  const Node *node;
  const char *volume_id;
  VolumePath volume;
  Device device;
  Csi__V1__VolumeHealth *health;
} HealthJob;

static void health_job_clear(HealthJob *job)
{
  volume_path_clear(&job->volume);
  device_clear(&job->device);
  if (job->health)
    protobuf_c_message_free_unpacked(&job->health->base, NULL);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HealthJob, health_job_clear)

#define STATUS(name) CSI__V1__VOLUME_HEALTH_ERROR_TYPE__##name

static void add(HealthJob *job, Csi__V1__VolumeHealthErrorType status, const char *reason, const char *format,
                ...) G_GNUC_PRINTF(4, 5);
static void add(HealthJob *job, Csi__V1__VolumeHealthErrorType status, const char *reason, const char *format,
                ...)
{
  g_assert(job->health->n_health_statuses < MAX_ENTRIES);
  Entry *entry = g_new0(Entry, 1);
  csi__v1__volume_health__volume_health_entry__init(entry);
  entry->status = status;
  entry->reason = g_strdup(reason);
  va_list arguments;
  va_start(arguments, format);
  entry->message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  job->health->health_statuses[job->health->n_health_statuses++] = entry;
}

/* FALSE: there is no disk to look at further. */
static gboolean check_disk(HealthJob *job, gboolean found, dev_t number)
{
  const DeviceTree *tree = &job->node->tree;
  g_autoptr(GError) error = NULL;
  if (!found || !device_open_number(tree, number, &job->device, &error)) {
    if (!found || evs_error_is(error, EVS_CODE_NOT_FOUND))
      add(job, STATUS(INACCESSIBLE), "DiskMissing",
          "the disk behind '%s' is not attached to this node any more", job->volume.path.real);
    else
      add(job, STATUS(INACCESSIBLE), "ReadFails", "%s", error->message);
    return FALSE;
  }
  if (!device_may_be_of(tree, &job->device, job->volume_id))
    add(job, STATUS(INACCESSIBLE), "WrongDisk", "disk '%s' behind '%s' shows the serial of another volume",
        job->device.node, job->volume.path.real);
  return TRUE;
}

static void judge_directory(HealthJob *job, int why)
{
  if (why == EUCLEAN || why == EBADMSG)
    add(job, STATUS(DATA_LOSS), "Corrupted", "the file system on disk '%s' is damaged: %s", job->device.node,
        g_strerror(why));
  else if (why && why != EACCES) /* a pod's own directory, and no capability to look into it: no ailment */
    add(job, STATUS(INACCESSIBLE), "ReadFails", "the file system on disk '%s' cannot be read: %s",
        job->device.node, g_strerror(why));
}

static gboolean check_reads(HealthJob *job, gboolean mounted, GError **error)
{
  HealthReadResult result = {0};
  switch (health_read(&job->device, mounted ? job->volume.fd : -1, &result)) {
  case HEALTH_READ_NOT_MADE:
    return evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "reads of %d disks do not return",
                         HEALTH_MAX_READS);
  case HEALTH_READ_HANGS:
    add(job, STATUS(INACCESSIBLE), "ReadHangs", "a read of disk '%s' has not returned within %d s",
        job->device.node, HEALTH_READ_WAIT_MS / 1000);
    return TRUE;
  case HEALTH_READ_DONE:
    break;
  }
  if (result.disk)
    add(job, STATUS(INACCESSIBLE), "ReadFails", "disk '%s' cannot be read: %s", job->device.node,
        g_strerror(result.disk));
  judge_directory(job, result.directory);
  return TRUE;
}

static void check_filesystem(HealthJob *job, const MountTable *table, const MountEntry *entry)
{
  guint64 covered = health_source_size(job->volume.fd);
  if (covered > job->device.size)
    add(job, STATUS(INACCESSIBLE), "DiskTooSmall",
        "disk '%s' has %" G_GUINT64_FORMAT " bytes, its file system %" G_GUINT64_FORMAT, job->device.node,
        job->device.size, covered);
  if (health_source_stopped_writes(table, job->device.number))
    add(job, STATUS(DEGRADED), "ReadOnlyByKernel",
        "the kernel allows no more writes to the %s on disk '%s' after an error", entry->fs_type,
        job->device.node);
  g_autofree char *errors = NULL;
  gboolean corrupted = FALSE;
  if (health_source_errors(entry->fs_type, job->device.number, job->volume.fd, &errors, &corrupted))
    add(job, corrupted ? STATUS(DATA_LOSS) : STATUS(DEGRADED), corrupted ? "Corrupted" : "ErrorsRecorded",
        "the %s on disk '%s' has recorded %s", entry->fs_type, job->device.node, errors);
}

static gboolean check_volume(HealthJob *job, GError **error)
{
  g_autoptr(MountTable) table = mount_table_read(error);
  if (!table)
    return FALSE;
  const MountEntry *entry = NULL;
  dev_t number = 0;
  g_autoptr(GError) reason = NULL;
  gboolean found = volume_path_disk(&job->volume, table, &entry, &number, &reason);
  if (!found && !entry) {
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
  }
  if (!check_disk(job, found, number))
    return TRUE;
  if (entry)
    check_filesystem(job, table, entry);
  return check_reads(job, entry != NULL, error);
}

/* An xfs that has shut down does not even let its root be looked at: then the mount table alone speaks. */
static gboolean open_volume(HealthJob *job, const char *field, const char *path, GError **error)
{
  g_autoptr(GError) reason = NULL;
  if (volume_path_open(job->node, job->volume_id, field, path, &job->volume, &reason))
    return TRUE;
  if (!evs_error_is(reason, EVS_CODE_INTERNAL) || !job->volume.path.real) {
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
  }
  job->volume.kind = S_IFDIR;
  add(job, STATUS(INACCESSIBLE), "ReadFails", "%s", reason->message);
  return TRUE;
}

ProtobufCMessage *node_get_volume_health(RpcCall *call, const void *request_message, void *data,
                                         GError **error)
{
  (void)call;
  const Csi__V1__NodeGetVolumeHealthRequest *request = request_message;
  gboolean published = *request->volume_publish_path != '\0';
  g_auto(HealthJob) job = {
    .node = data,
    .volume_id = request->volume_id,
    .volume = VOLUME_PATH_INIT,
    .device = DEVICE_INIT,
    .health = g_new0(Csi__V1__VolumeHealth, 1),
  };
  csi__v1__volume_health__init(job.health);
  job.health->volume_id = g_strdup(request->volume_id);
  job.health->health_statuses = g_new0(Entry *, MAX_ENTRIES);
  if (!open_volume(&job, published ? "volume_publish_path" : "staging_target_path",
                   published ? request->volume_publish_path : request->staging_target_path, error) ||
      !check_volume(&job, error))
    return NULL;
  Csi__V1__NodeGetVolumeHealthResponse *response = g_new0(Csi__V1__NodeGetVolumeHealthResponse, 1);
  csi__v1__node_get_volume_health_response__init(response);
  response->volume_health = g_steal_pointer(&job.health);
  return &response->base;
}

/* The node never talks to EVS itself: all it can say of the whole is that disks do not answer. */
ProtobufCMessage *node_get_storage_health(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call, (void)request, (void)data, (void)error;
  typedef Csi__V1__NodeGetStorageHealthResponse__StorageBackendHealth Backend;
  Csi__V1__NodeGetStorageHealthResponse *response = g_new0(Csi__V1__NodeGetStorageHealthResponse, 1);
  csi__v1__node_get_storage_health_response__init(response);
  guint hanging = health_reads_hanging();
  if (hanging == 0)
    return &response->base;
  Backend *backend = g_new0(Backend, 1);
  csi__v1__node_get_storage_health_response__storage_backend_health__init(backend);
  backend->status = CSI__V1__STORAGE_HEALTH_ERROR_TYPE__STORAGE_DEGRADED;
  backend->reason = g_strdup("ReadHangs");
  backend->message = g_strdup_printf("reads of %u disks of this node do not return", hanging);
  response->backend_health = g_new0(Backend *, 1);
  response->backend_health[response->n_backend_health++] = backend;
  return &response->base;
}
