#include "bench/bench.h"

static const gint64 gib = (gint64)1 << 30;
enum { DISK_GIB = 10, EXPANDED_GIB = 20 };

static RpcClient *client_of(const Bench *bench, const BenchDisk *disk, guint attempt, Sidecar sidecar)
{
  return bench->controllers[(disk->number + attempt) % bench->n_controllers][sidecar];
}

/* The answer, or NULL with error. */
static ProtobufCMessage *call(const Bench *bench, const BenchDisk *disk, guint attempt, const StormStep *step,
                              const ProtobufCMessage *request, GError **error)
{
  return rpc_client_call(client_of(bench, disk, attempt, step->sidecar), &csi__v1__controller__descriptor,
                         step->method, request, bench->options->timeout_ms, error);
}

static StepOutcome done_with(ProtobufCMessage *reply)
{
  if (!reply)
    return STEP_FAILED;
  protobuf_c_message_free_unpacked(reply, NULL);
  return STEP_DONE;
}

/* A file system, one node. */
#define CAPABILITY(name)                                                                                     \
  Csi__V1__VolumeCapability__AccessMode name##_mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;         \
  Csi__V1__VolumeCapability__MountVolume name##_mount = CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;      \
  Csi__V1__VolumeCapability name = CSI__V1__VOLUME_CAPABILITY__INIT;                                         \
  name##_mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;                      \
  name##_mount.fs_type = (char *)"ext4";                                                                     \
  name.access_mode = &name##_mode;                                                                           \
  name.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;                                     \
  name.mount = &name##_mount

/* ---- CreateVolume ---- */

enum { PARAMETERS_MAX = 32 };

typedef struct {
  Csi__V1__CreateVolumeRequest__ParametersEntry entries[PARAMETERS_MAX];
  Csi__V1__CreateVolumeRequest__ParametersEntry *list[PARAMETERS_MAX];
} Parameters;

/* "KEY=VALUE" cut in two; an empty value without '='. */
static void pair_split(const char *pair, char **ret_key, char **ret_value)
{
  const char *equals = strchr(pair, '=');
  *ret_key = equals ? g_strndup(pair, (gsize)(equals - pair)) : g_strdup(pair);
  *ret_value = g_strdup(equals ? equals + 1 : "");
}

static void parameters_fill(Parameters *parameters, Csi__V1__CreateVolumeRequest *request, char **pairs)
{
  for (guint i = 0; pairs && pairs[i] && i < PARAMETERS_MAX; i++) {
    csi__v1__create_volume_request__parameters_entry__init(&parameters->entries[i]);
    pair_split(pairs[i], &parameters->entries[i].key, &parameters->entries[i].value);
    parameters->list[i] = &parameters->entries[i];
    request->n_parameters = i + 1;
  }
  request->parameters = parameters->list;
}

static void parameters_clear(Parameters *parameters, const Csi__V1__CreateVolumeRequest *request)
{
  for (guint i = 0; i < request->n_parameters; i++) {
    g_free(parameters->entries[i].key);
    g_free(parameters->entries[i].value);
  }
}

static Csi__V1__CreateVolumeResponse *create_call(const Bench *bench, BenchDisk *disk, guint attempt,
                                                  Csi__V1__CreateVolumeRequest *request, GError **error)
{
  Csi__V1__Topology__SegmentsEntry segment = CSI__V1__TOPOLOGY__SEGMENTS_ENTRY__INIT, *segments = &segment;
  Csi__V1__Topology topology = CSI__V1__TOPOLOGY__INIT, *topologies = &topology;
  Csi__V1__TopologyRequirement requirement = CSI__V1__TOPOLOGY_REQUIREMENT__INIT;
  g_autofree char *key = NULL, *value = NULL;
  if (bench->options->topology) {
    pair_split(bench->options->topology, &key, &value);
    segment.key = key;
    segment.value = value;
    topology.n_segments = 1;
    topology.segments = &segments;
    requirement.n_requisite = requirement.n_preferred = 1;
    requirement.requisite = requirement.preferred = &topologies;
    request->accessibility_requirements = &requirement;
  }
  return (Csi__V1__CreateVolumeResponse *)call(bench, disk, attempt, &step_create, &request->base, error);
}

static StepOutcome create(gpointer object, guint attempt, gpointer data, GError **error)
{
  BenchDisk *disk = object;
  const Bench *bench = data;
  CAPABILITY(capability);
  Csi__V1__VolumeCapability *capabilities = &capability;
  Csi__V1__CapacityRange range = CSI__V1__CAPACITY_RANGE__INIT;
  Csi__V1__CreateVolumeRequest request = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
  Parameters parameters;
  range.required_bytes = DISK_GIB * gib;
  request.name = disk->name;
  request.capacity_range = &range;
  request.n_volume_capabilities = 1;
  request.volume_capabilities = &capabilities;
  parameters_fill(&parameters, &request, bench->options->parameters);
  Csi__V1__CreateVolumeResponse *reply = create_call(bench, disk, attempt, &request, error);
  parameters_clear(&parameters, &request);
  if (!reply)
    return STEP_FAILED;
  if (!reply->volume || !*reply->volume->volume_id) {
    evs_error_set(error, EVS_CODE_INTERNAL, "the answer has no volume id");
    done_with(&reply->base);
    return STEP_FAILED;
  }
  disk->volume_id = g_strdup(reply->volume->volume_id);
  disk->created = reply;
  return STEP_DONE;
}

/* ---- the others ---- */

static StepOutcome delete_disk(gpointer object, guint attempt, gpointer data, GError **error)
{
  BenchDisk *disk = object;
  Csi__V1__DeleteVolumeRequest request = CSI__V1__DELETE_VOLUME_REQUEST__INIT;
  request.volume_id = disk->volume_id;
  StepOutcome outcome = done_with(call(data, disk, attempt, &step_delete, &request.base, error));
  disk->deleted = outcome == STEP_DONE;
  return outcome;
}

static StepOutcome attach(gpointer object, guint attempt, gpointer data, GError **error)
{
  BenchDisk *disk = object;
  CAPABILITY(capability);
  Csi__V1__ControllerPublishVolumeRequest request = CSI__V1__CONTROLLER_PUBLISH_VOLUME_REQUEST__INIT;
  Csi__V1__ControllerPublishVolumeRequest__VolumeContextEntry entries[PARAMETERS_MAX], *list[PARAMETERS_MAX];
  const Csi__V1__Volume *volume = disk->created->volume;
  request.volume_id = disk->volume_id;
  request.node_id = disk->server_id;
  request.volume_capability = &capability;
  request.volume_context = list;
  for (; request.n_volume_context < MIN(volume->n_volume_context, PARAMETERS_MAX);
       request.n_volume_context++) {
    guint i = (guint)request.n_volume_context;
    csi__v1__controller_publish_volume_request__volume_context_entry__init(&entries[i]);
    entries[i].key = volume->volume_context[i]->key;
    entries[i].value = volume->volume_context[i]->value;
    list[i] = &entries[i];
  }
  ProtobufCMessage *reply = call(data, disk, attempt, &step_attach, &request.base, error);
  if (!reply)
    return STEP_FAILED;
  disk->published = (Csi__V1__ControllerPublishVolumeResponse *)reply;
  return STEP_DONE;
}

static StepOutcome detach(gpointer object, guint attempt, gpointer data, GError **error)
{
  BenchDisk *disk = object;
  Csi__V1__ControllerUnpublishVolumeRequest request = CSI__V1__CONTROLLER_UNPUBLISH_VOLUME_REQUEST__INIT;
  request.volume_id = disk->volume_id;
  request.node_id = disk->server_id;
  StepOutcome outcome = done_with(call(data, disk, attempt, &step_detach, &request.base, error));
  if (outcome == STEP_DONE && disk->published) {
    protobuf_c_message_free_unpacked(&disk->published->base, NULL);
    disk->published = NULL;
  }
  return outcome;
}

/* The snapshotter asks by the same call until the snapshot is ready. */
static StepOutcome snapshot(gpointer object, guint attempt, gpointer data, GError **error)
{
  BenchDisk *disk = object;
  Csi__V1__CreateSnapshotRequest request = CSI__V1__CREATE_SNAPSHOT_REQUEST__INIT;
  request.source_volume_id = disk->volume_id;
  request.name = disk->snapshot_name;
  ProtobufCMessage *reply = call(data, disk, attempt, &step_snapshot, &request.base, error);
  if (!reply)
    return STEP_FAILED;
  const Csi__V1__Snapshot *made = ((Csi__V1__CreateSnapshotResponse *)reply)->snapshot;
  gboolean ready = made && made->ready_to_use;
  if (made && !disk->snapshot_id)
    disk->snapshot_id = g_strdup(made->snapshot_id);
  protobuf_c_message_free_unpacked(reply, NULL);
  return ready ? STEP_DONE : STEP_NOT_YET;
}

static StepOutcome delete_snapshot(gpointer object, guint attempt, gpointer data, GError **error)
{
  BenchDisk *disk = object;
  Csi__V1__DeleteSnapshotRequest request = CSI__V1__DELETE_SNAPSHOT_REQUEST__INIT;
  request.snapshot_id = disk->snapshot_id;
  StepOutcome outcome = done_with(call(data, disk, attempt, &step_delete_snapshot, &request.base, error));
  if (outcome == STEP_DONE)
    g_clear_pointer(&disk->snapshot_id, g_free);
  return outcome;
}

static StepOutcome expand(gpointer object, guint attempt, gpointer data, GError **error)
{
  BenchDisk *disk = object;
  Csi__V1__CapacityRange range = CSI__V1__CAPACITY_RANGE__INIT;
  Csi__V1__ControllerExpandVolumeRequest request = CSI__V1__CONTROLLER_EXPAND_VOLUME_REQUEST__INIT;
  range.required_bytes = EXPANDED_GIB * gib;
  request.volume_id = disk->volume_id;
  request.capacity_range = &range;
  return done_with(call(data, disk, attempt, &step_expand, &request.base, error));
}

const StormStep step_create = {"CreateVolume", "createVolume", SIDECAR_PROVISIONER, create};
const StormStep step_delete = {"DeleteVolume", "deleteVolume", SIDECAR_PROVISIONER, delete_disk};
const StormStep step_attach = {"ControllerPublishVolume", "attachVolume", SIDECAR_ATTACHER, attach};
const StormStep step_detach = {"ControllerUnpublishVolume", "detachVolume", SIDECAR_ATTACHER, detach};
const StormStep step_snapshot = {"CreateSnapshot", "createSnapshot", SIDECAR_SNAPSHOTTER, snapshot};
const StormStep step_delete_snapshot = {"DeleteSnapshot", "deleteSnapshot", SIDECAR_SNAPSHOTTER,
                                        delete_snapshot};
const StormStep step_expand = {"ControllerExpandVolume", "extendVolume", SIDECAR_RESIZER, expand};
