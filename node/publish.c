#include "node/publish.h"

#include <sys/mount.h>

static void publish_job_clear(PublishJob *job)
{
  volume_use_clear(&job->use);
  disk_facts_clear(&job->facts);
  guarded_path_clear(&job->staging);
  guarded_path_clear(&job->target);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PublishJob, publish_job_clear)

static gboolean resolve(const Node *node, const char *field, const char *path, GuardedPath *ret_path,
                        GError **error)
{
  g_autoptr(GError) reason = NULL;
  if (path_guard_resolve(node->guard, field, path, ret_path, &reason))
    return TRUE;
  /* NOT_FOUND would say that there is no such volume */
  return evs_error_set(
    error, evs_error_is(reason, EVS_CODE_NOT_FOUND) ? EVS_CODE_FAILED_PRECONDITION : evs_error_code(reason),
    "%s", reason->message);
}

static gboolean read_request(PublishJob *job, const Csi__V1__NodePublishVolumeRequest *request,
                             GError **error)
{
  const PathGuard *guard = job->node->guard;
  if (!request_check_volume_id(request->volume_id, error) ||
      !path_guard_check(guard, "target_path", request->target_path, NULL, error) ||
      !volume_use_parse(request->volume_capability, &job->use, error) ||
      !path_guard_check(guard, "staging_target_path", request->staging_target_path, NULL, error) ||
      !disk_facts_parse(request->volume_id, request->publish_context, request->n_publish_context,
                        request->volume_context, request->n_volume_context, &job->facts, error))
    return FALSE;
  job->read_only = request->readonly || job->use.reader_only;
  return resolve(job->node, "staging_target_path", request->staging_target_path, &job->staging, error) &&
         resolve(job->node, "target_path", request->target_path, &job->target, error);
}

ProtobufCMessage *node_publish_volume(RpcCall *call, const void *request_message, void *data, GError **error)
{
  (void)call;
  g_auto(PublishJob) job = {.node = data, .staging = GUARDED_PATH_INIT, .target = GUARDED_PATH_INIT};
  if (!read_request(&job, request_message, error))
    return NULL;
  if (!(job.use.block ? publish_block(&job, error) : publish_filesystem(&job, error)))
    return NULL;
  Csi__V1__NodePublishVolumeResponse *response = g_new0(Csi__V1__NodePublishVolumeResponse, 1);
  csi__v1__node_publish_volume_response__init(response);
  return &response->base;
}

/* The volume's own file system must lie at the staging path: else the pod would write to the node's disk. */
static const MountEntry *find_staged(const PublishJob *job, const MountTable *table, dev_t number,
                                     GError **error)
{
  const MountEntry *staged = mount_table_at(table, job->staging.real);
  if (staged && mount_entry_is_of(staged, number))
    return staged;
  if (staged)
    evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                  "staging_target_path '%s' holds '%s' (%s), which is not the volume's disk",
                  job->staging.real, staged->source, staged->fs_type);
  else
    evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "the volume is not staged at '%s'", job->staging.real);
  return NULL;
}

static gboolean is_below(const char *root, const char *path)
{
  gsize length = strlen(root);
  return strncmp(root, path, length) == 0 && path[length] == '/';
}

/* SINGLE_NODE_SINGLE_WRITER: no second target on this node. */
static gboolean check_single(const PublishJob *job, const MountTable *table, const MountEntry *staged,
                             GError **error)
{
  for (gsize i = 0; job->use.single_writer && i < table->count; i++) {
    const MountEntry *entry = &table->entries[i];
    if (entry->number != staged->number || !g_str_equal(entry->root, staged->root) ||
        !is_below(path_guard_root(job->node->guard), entry->mount_point) ||
        g_str_equal(entry->mount_point, job->staging.real) ||
        g_str_equal(entry->mount_point, job->target.real))
      continue;
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "the volume is published at '%s' already, and its access mode is SINGLE_NODE_SINGLE_WRITER",
      entry->mount_point);
  }
  return TRUE;
}

/* A mount that is at the target already: ours, or an error. */
static gboolean check_published(const PublishJob *job, const MountEntry *staged, const MountEntry *entry,
                                GError **error)
{
  if (entry->number != staged->number || !g_str_equal(entry->root, staged->root))
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                         "target_path '%s' already holds '%s' (%s), which is not this volume",
                         job->target.real, entry->source, entry->fs_type);
  gboolean is_read_only = mount_options_have(entry->options, "ro");
  if (is_read_only && !job->read_only && !mount_options_have(staged->options, "ro"))
    return evs_error_set(error, EVS_CODE_ALREADY_EXISTS,
                         "the volume is published read-only at '%s', but writable was asked for",
                         job->target.real);
  return TRUE;
}

/* An attempt that was cut off between its bind and its remount left a writable mount: made read-only now. */
static gboolean finish_read_only(PublishJob *job, GError **error)
{
  if (!job->read_only)
    return TRUE;
  g_autoptr(MountTable) table = mount_table_read(error);
  if (!table)
    return FALSE;
  const MountEntry *entry = mount_table_at(table, job->target.real);
  if (!entry)
    return evs_error_set(error, EVS_CODE_INTERNAL, "the mount at '%s' has gone", job->target.real);
  return mount_options_have(entry->options, "ro") || mounter_make_read_only(&job->target, entry, error);
}

static gboolean bind_source(PublishJob *job, int source, GError **error)
{
  if (!guarded_path_make(&job->target, S_IFDIR, error) || !mounter_bind(&job->target, source, error))
    return FALSE;
  if (finish_read_only(job, error))
    return TRUE;
  (void)mounter_unmount(&job->target, NULL);
  return FALSE;
}

/* Decides by the mount table: names what is in the way, and knows the file systems whose number is not the disk's. */
static gboolean bind_by_table(PublishJob *job, int source, dev_t number, GError **error)
{
  g_autoptr(MountTable) table = mount_table_read(error);
  const MountEntry *staged = table ? find_staged(job, table, number, error) : NULL;
  if (!staged)
    return FALSE;
  const MountEntry *entry = mount_table_at(table, job->target.real);
  if (entry)
    return check_published(job, staged, entry, error) && finish_read_only(job, error);
  return check_single(job, table, staged, error) && bind_source(job, source, error);
}

static gboolean is_no_mount(const GuardedPath *path)
{
  g_autoptr(GError) error = NULL;
  mode_t kind = 0;
  dev_t number = 0;
  int fd = guarded_path_open(path, &kind, &error);
  gboolean none =
    fd < 0 ? evs_error_is(error, EVS_CODE_NOT_FOUND) : mount_top_ask(fd, &number) == MOUNT_TOP_NO;
  if (fd >= 0)
    close(fd);
  return none;
}

/* The volume's own file system begins at the staging path, nothing is at the target, and other targets are no matter: what the
 * kernel says of the two directories is enough then. The table of a node with many pods takes longer than all the rest. */
static gboolean is_plain(const PublishJob *job, int source, dev_t number)
{
  dev_t is = 0;
  return !job->use.single_writer && mount_top_ask(source, &is) == MOUNT_TOP_YES && is == number &&
         is_no_mount(&job->target);
}

gboolean publish_filesystem(PublishJob *job, GError **error)
{
  g_auto(Device) device = DEVICE_INIT;
  mode_t kind = 0;
  if (!device_find(&job->node->tree, &job->facts, &device, error))
    return FALSE;
  g_autoptr(GError) reason = NULL;
  int source = guarded_path_open(&job->staging, &kind, &reason);
  if (source < 0 && evs_error_is(reason, EVS_CODE_NOT_FOUND)) /* no reason to forget the volume */
    return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "the volume is not staged at '%s'",
                         job->staging.real);
  if (source < 0) {
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
  }
  gboolean good = is_plain(job, source, device.number) ? bind_source(job, source, error)
                                                       : bind_by_table(job, source, device.number, error);
  close(source);
  return good;
}
