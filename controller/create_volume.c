#include "controller/create_volume.h"

#include "base/clock.h"
#include "controller/clone_snapshot.h"
#include "controller/context.h"
#include "controller/creation.h"
#include "controller/find_disk.h"
#include "controller/mkfs_parameters.h"
#include "controller/take_over.h"
#include "controller/topology.h"
#include "controller/volume_message.h"
#include "controller/volume_source.h"

enum { LOOK_PAUSE_MS = 1000, LOOK_PAUSE_MAX_MS = 5000 };

char *create_volume_key(const void *request, void *data, GError **error)
{
  (void)data;
  const Csi__V1__CreateVolumeRequest *message = request;
  /* Unknown parameters are judged by the handler, once. */
  g_autoptr(CreateRequest) parsed = create_request_parse(message, PARAMETERS_IGNORE_UNKNOWN, error);
  return parsed ? g_strconcat("create:", parsed->name, NULL) : NULL;
}

/* An existing disk becomes the volume once it has been made. */
static Step adopt(Creation *creation, EvsDisk *found, GError **error)
{
  g_autoptr(EvsDisk) disk = found;
  if (!find_disk_fits(creation->request, disk, error))
    return STEP_FAILED;
  if (g_str_equal(disk->status, "creating") || g_str_equal(disk->status, "downloading")) {
    rpc_call_note(creation->call, "disk %s is being created", disk->id);
    g_autoptr(EvsDisk) ready = NULL;
    if (!evs_watch_create(creation->controller->watcher, &creation->to_wait, disk->id, NULL, &ready, error))
      return STEP_FAILED;
    creation->disk = g_steal_pointer(&ready);
  } else {
    creation->disk = g_steal_pointer(&disk);
  }
  return STEP_DONE;
}

Step creation_look(Creation *creation, const EvsContext *context, GError **error)
{
  EvsDisk *found = NULL;
  if (!find_disk(creation->controller, context, creation->request, FIND_SHARED, &found, error))
    return STEP_FAILED;
  return found ? adopt(creation, found, error) : STEP_AGAIN;
}

Step creation_look_for(Creation *creation, gint64 ms, const char *awaited, GError **error)
{
  gint64 end_us = clock_deadline_in_ms(ms);
  gint64 pause_ms = LOOK_PAUSE_MS;
  rpc_call_note(creation->call, "%s", awaited);
  for (;;) {
    Step step = creation_look(creation, &creation->to_wait, error);
    if (step != STEP_AGAIN || clock_now_us() >= end_us)
      return step;
    if (!context_pause(&creation->to_wait, MIN(pause_ms, clock_left_ms(end_us)), awaited, error))
      return STEP_FAILED;
    pause_ms = MIN(pause_ms * 2, LOOK_PAUSE_MAX_MS);
  }
}

/* Chooses zone and type by what the cloud offers now. */
static gboolean choose_place(Creation *creation, GError **error)
{
  const CreateRequest *request = creation->request;
  EvsClient *client = creation->controller->client;
  g_autoptr(GPtrArray) types = evs_disk_type_list(client, &creation->to_send, error);
  g_autoptr(GPtrArray) available = types ? evs_zone_list(client, &creation->to_send, error) : NULL;
  if (!available) {
    g_prefix_error(error, "choosing a zone: ");
    return FALSE;
  }
  creation->size_gib = request->size.create_gib;
  creation->iops = request->parameters.iops;
  creation->throughput = request->parameters.throughput;
  return topology_choose(request->zones, request->parameters.type, types, available, &creation->zone,
                         &creation->type, error) &&
         parameters_check_performance(&request->parameters, creation->type, creation->size_gib, error);
}

static Step make(Creation *creation, GError **error)
{
  gboolean prepared = creation->request->source_kind == SOURCE_NONE ? choose_place(creation, error)
                                                                    : volume_source_prepare(creation, error);
  if (!prepared)
    return STEP_FAILED;
  for (guint posts = 0; posts < CREATE_POSTS_MAX; posts++) {
    Step step = creation_post(creation, error);
    if (step != STEP_AGAIN)
      return step;
  }
  evs_error_set(error, EVS_CODE_ABORTED, "no disk after %d requests to the cloud; the next call goes on",
                CREATE_POSTS_MAX);
  return STEP_FAILED;
}

/* A disk may still be made of the temporary snapshot, by a job or by the next call. */
static gboolean may_go_on(const GError *error)
{
  return evs_error_is(error, EVS_CODE_ABORTED) || evs_error_is(error, EVS_CODE_UNAVAILABLE) ||
         evs_error_is(error, EVS_CODE_DEADLINE_EXCEEDED);
}

static Step run(Creation *creation, GError **error)
{
  const CreateRequest *request = creation->request;
  if (!volume_source_check_exists(request, error))
    return STEP_FAILED;
  g_autoptr(GError) local = NULL;
  Step step = creation_look(creation, &creation->to_send, &local);
  if (step == STEP_AGAIN)
    step = make(creation, &local);
  if (request->source_kind == SOURCE_VOLUME && !may_go_on(local))
    clone_snapshot_remove(creation->controller, creation->call, request->source_id, request->name);
  if (local)
    g_propagate_error(error, g_steal_pointer(&local));
  return step;
}

ProtobufCMessage *create_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  Controller *controller = data;
  g_autoptr(CreateRequest) parsed = create_request_parse(
    request, controller->warn_unknown_parameters ? PARAMETERS_WARN_UNKNOWN : PARAMETERS_REFUSE_UNKNOWN,
    error);
  if (!parsed)
    return NULL;

  Creation creation = {.controller = controller,
                       .call = call,
                       .request = parsed,
                       .to_send = context_to_send(call),
                       .to_wait = context_to_wait(call)};
  Step step = parsed->parameters.transfer ? take_over(&creation, request, error) : run(&creation, error);
  g_free(creation.zone);
  g_free(creation.type);
  g_free(creation.snapshot_id);
  g_autoptr(EvsDisk) disk = creation.disk;
  if (step != STEP_DONE)
    return NULL;

  attempts_forget(controller->attempts, parsed->name);
  Csi__V1__CreateVolumeResponse *response = g_new0(Csi__V1__CreateVolumeResponse, 1);
  csi__v1__create_volume_response__init(response);
  response->volume = volume_message_new(disk);
  mkfs_parameters_put(&parsed->parameters, response->volume);
  return &response->base;
}
