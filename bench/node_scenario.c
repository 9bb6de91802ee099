/* node:N: what kubelet asks of the node plugin, one call after the other: stage, publish, stats, unpublish, unstage, N
 * times over a few disks that are attached to the node's server. */
#include "bench/bench.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/stat.h>

enum { NODE_DISKS_MAX = 8, CONTEXT_MAX = 32, DIR_MODE = 0750 };

typedef struct {
  Bench *bench;
  GHashTable *calls;      /* method -> Samples* */
  char *staging, *target; /* of the disk at hand */
} NodeRun;

static ProtobufCMessage *node_call(NodeRun *run, const char *method, const char *shown,
                                   const ProtobufCMessage *request, GError **error)
{
  gint64 begin_us = clock_now_us();
  ProtobufCMessage *reply = rpc_client_call(run->bench->node, &csi__v1__node__descriptor, method, request,
                                            run->bench->options->timeout_ms, error);
  Samples *samples = g_hash_table_lookup(run->calls, shown);
  if (!samples) {
    samples = samples_new();
    g_hash_table_insert(run->calls, (gpointer)shown, samples);
  }
  samples_add(samples, clock_now_us() - begin_us);
  if (!reply)
    g_prefix_error(error, "%s: ", method);
  return reply;
}

/* One call whose answer says nothing. */
static gboolean node_do(NodeRun *run, const char *method, const char *shown, const ProtobufCMessage *request,
                        GError **error)
{
  ProtobufCMessage *reply = node_call(run, method, shown, request, error);
  if (!reply)
    return FALSE;
  protobuf_c_message_free_unpacked(reply, NULL);
  return TRUE;
}

static void capability_init(Csi__V1__VolumeCapability *capability,
                            Csi__V1__VolumeCapability__AccessMode *mode,
                            Csi__V1__VolumeCapability__MountVolume *mount)
{
  csi__v1__volume_capability__init(capability);
  csi__v1__volume_capability__access_mode__init(mode);
  csi__v1__volume_capability__mount_volume__init(mount);
  mode->mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
  mount->fs_type = (char *)"ext4";
  capability->access_mode = mode;
  capability->access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
  capability->mount = mount;
}

/* Stage and publish: entries of publish_context have a type of their own in each request. */
#define NODE_UP(Request, REQUEST, request_name, method, shown, more)                                         \
  Csi__V1__##Request request = CSI__V1__##REQUEST##__INIT;                                                   \
  Csi__V1__##Request##__PublishContextEntry entries[CONTEXT_MAX], *list[CONTEXT_MAX];                        \
  const Csi__V1__ControllerPublishVolumeResponse *published = disk->published;                               \
  Csi__V1__VolumeCapability capability;                                                                      \
  Csi__V1__VolumeCapability__AccessMode mode;                                                                \
  Csi__V1__VolumeCapability__MountVolume mount;                                                              \
  capability_init(&capability, &mode, &mount);                                                               \
  for (gsize i = 0; i < MIN(published->n_publish_context, CONTEXT_MAX); i++) {                               \
    csi__v1__##request_name##__publish_context_entry__init(&entries[i]);                                     \
    entries[i].key = published->publish_context[i]->key;                                                     \
    entries[i].value = published->publish_context[i]->value;                                                 \
    list[i] = &entries[i];                                                                                   \
    request.n_publish_context = i + 1;                                                                       \
  }                                                                                                          \
  request.publish_context = list;                                                                            \
  request.volume_id = disk->volume_id;                                                                       \
  request.volume_capability = &capability;                                                                   \
  request.staging_target_path = run->staging;                                                                \
  more;                                                                                                      \
  return node_do(run, method, shown, &request.base, error)

static gboolean stage(NodeRun *run, const BenchDisk *disk, gboolean first, GError **error)
{
  NODE_UP(NodeStageVolumeRequest, NODE_STAGE_VOLUME_REQUEST, node_stage_volume_request, "NodeStageVolume",
          first ? "NodeStageVolume, new disk" : "NodeStageVolume", (void)0);
}

static gboolean publish(NodeRun *run, const BenchDisk *disk, GError **error)
{
  NODE_UP(NodePublishVolumeRequest, NODE_PUBLISH_VOLUME_REQUEST, node_publish_volume_request,
          "NodePublishVolume", "NodePublishVolume", request.target_path = run->target);
}

static gboolean stats(NodeRun *run, const BenchDisk *disk, GError **error)
{
  Csi__V1__NodeGetVolumeStatsRequest request = CSI__V1__NODE_GET_VOLUME_STATS_REQUEST__INIT;
  request.volume_id = disk->volume_id;
  request.volume_path = run->target;
  ProtobufCMessage *reply = node_call(run, "NodeGetVolumeStats", "NodeGetVolumeStats", &request.base, error);
  if (!reply)
    return FALSE;
  gboolean filled = ((Csi__V1__NodeGetVolumeStatsResponse *)reply)->n_usage > 0;
  protobuf_c_message_free_unpacked(reply, NULL);
  return filled || evs_error_set(error, EVS_CODE_INTERNAL, "NodeGetVolumeStats: the answer is empty");
}

static gboolean unpublish(NodeRun *run, const BenchDisk *disk, GError **error)
{
  Csi__V1__NodeUnpublishVolumeRequest request = CSI__V1__NODE_UNPUBLISH_VOLUME_REQUEST__INIT;
  request.volume_id = disk->volume_id;
  request.target_path = run->target;
  return node_do(run, "NodeUnpublishVolume", "NodeUnpublishVolume", &request.base, error);
}

static gboolean unstage(NodeRun *run, const BenchDisk *disk, GError **error)
{
  Csi__V1__NodeUnstageVolumeRequest request = CSI__V1__NODE_UNSTAGE_VOLUME_REQUEST__INIT;
  request.volume_id = disk->volume_id;
  request.staging_target_path = run->staging;
  return node_do(run, "NodeUnstageVolume", "NodeUnstageVolume", &request.base, error);
}

/* Where kubelet would put this disk; it makes the staging directory and the target's parent. */
static gboolean choose_paths(NodeRun *run, const BenchDisk *disk, GError **error)
{
  const char *kubelet = run->bench->options->kubelet_dir;
  g_free(run->staging);
  g_free(run->target);
  run->staging =
    g_build_filename(kubelet, "plugins/kubernetes.io/csi/bench", disk->volume_id, "globalmount", NULL);
  g_autofree char *pod =
    g_build_filename(kubelet, "pods/bench/volumes/kubernetes.io~csi", disk->volume_id, NULL);
  run->target = g_build_filename(pod, "mount", NULL);
  if (g_mkdir_with_parents(run->staging, DIR_MODE) != 0 || g_mkdir_with_parents(pod, DIR_MODE) != 0)
    return evs_error_set_errno(error, EVS_CODE_INTERNAL, errno, "cannot make '%s' and '%s'", run->staging,
                               pod);
  return TRUE;
}

static gboolean live_once(NodeRun *run, const BenchDisk *disk, gboolean first, GError **error)
{
  return choose_paths(run, disk, error) && stage(run, disk, first, error) && publish(run, disk, error) &&
         stats(run, disk, error) && unpublish(run, disk, error) && unstage(run, disk, error);
}

static char *node_server(Bench *bench, GError **error)
{
  Csi__V1__NodeGetInfoRequest request = CSI__V1__NODE_GET_INFO_REQUEST__INIT;
  ProtobufCMessage *reply = rpc_client_call(bench->node, &csi__v1__node__descriptor, "NodeGetInfo",
                                            &request.base, bench->options->timeout_ms, error);
  if (!reply)
    return NULL;
  char *id = g_strdup(((Csi__V1__NodeGetInfoResponse *)reply)->node_id);
  protobuf_c_message_free_unpacked(reply, NULL);
  return id;
}

/* The disks are attached to the node's own server and to no other, so the stock is made anew. */
static gboolean attach_disks(Bench *bench, guint count, GError **error)
{
  g_autofree char *server = node_server(bench, error);
  if (!server || !stock_clear(bench, error))
    return FALSE;
  g_ptr_array_insert(bench->servers, 0, g_steal_pointer(&server));
  return stock_disks(bench, count, 1, error);
}

json_t *scenario_run_node(Bench *bench, const Scenario *scenario, GError **error)
{
  NodeRun run = {.bench = bench};
  guint disks = MIN(scenario->count, NODE_DISKS_MAX), done = 0;
  if (!attach_disks(bench, disks, error))
    return NULL;
  run.calls = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)samples_free);
  ProcessWatch *watch = process_watch_start(bench->options->pids, bench->options->n_pids);
  while (done < scenario->count &&
         live_once(&run, g_ptr_array_index(bench->disks, done % disks), done < disks, error))
    done++;
  json_t *processes = process_watch_stop(watch);
  json_t *row = json_pack("{s:i, s:i, s:o, s:o}", "objects", (int)scenario->count, "done", (int)done, "rpc",
                          bench_render_calls(run.calls), "processes", processes);
  g_hash_table_unref(run.calls);
  g_free(run.staging);
  g_free(run.target);
  gboolean cleared = done == scenario->count && stock_clear(bench, error);
  g_ptr_array_remove_index(bench->servers, 0);
  if (!cleared)
    g_clear_pointer(&row, json_decref);
  return row;
}
