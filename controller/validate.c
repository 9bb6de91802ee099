/* ValidateVolumeCapabilities: can this disk serve these capabilities, with these parameters? What is confirmed is
 * repeated from the request; what is not is explained in `message`. */
#include "controller/capability.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/disk_state.h"
#include "controller/find_disk.h"
#include "controller/parameters.h"
#include "controller/volume_id.h"

typedef Csi__V1__ValidateVolumeCapabilitiesRequest Request;
typedef Csi__V1__ValidateVolumeCapabilitiesResponse Response;
typedef Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed Confirmed;

static gboolean judge_mutable(const Request *message, const EvsDisk *disk, GError **reason)
{
  g_auto(VolumeParameters) asked = {0};
  if (!parameters_apply_mutable(STRING_MAP(message, mutable_parameters), &asked, reason))
    return FALSE;
  if (asked.type && !g_str_equal(asked.type, disk->volume_type))
    return evs_error_set(reason, EVS_CODE_INVALID_ARGUMENT, "the disk has type '%s', not '%s'",
                         disk->volume_type, asked.type);
  if (asked.iops && asked.iops != disk->iops)
    return evs_error_set(reason, EVS_CODE_INVALID_ARGUMENT,
                         "the disk has %" G_GINT64_FORMAT " iops, not %" G_GINT64_FORMAT, disk->iops,
                         asked.iops);
  if (asked.throughput && asked.throughput != disk->throughput)
    return evs_error_set(reason, EVS_CODE_INVALID_ARGUMENT,
                         "the disk has %" G_GINT64_FORMAT " MiB/s, not %" G_GINT64_FORMAT, disk->throughput,
                         asked.throughput);
  return TRUE;
}

/* FALSE with the reason. */
static gboolean judge(const Controller *controller, const Request *message, const EvsDisk *disk,
                      GError **reason)
{
  CapabilityNeeds needs = {0};
  g_auto(VolumeParameters) parameters = {0};
  UnknownParameters unknown =
    controller->warn_unknown_parameters ? PARAMETERS_IGNORE_UNKNOWN : PARAMETERS_REFUSE_UNKNOWN;
  if (!capability_check_list(message->volume_capabilities, message->n_volume_capabilities, &needs, reason) ||
      !parameters_parse(STRING_MAP(message, parameters), unknown, &parameters, reason))
    return FALSE;
  if (needs.multi_node && !disk->multiattach)
    return evs_error_set(reason, EVS_CODE_INVALID_ARGUMENT,
                         "the disk has no multiattach, which MULTI_NODE_MULTI_WRITER needs");
  if (parameters.type && message->n_mutable_parameters == 0 && !disk_has_type(disk, parameters.type))
    return evs_error_set(reason, EVS_CODE_INVALID_ARGUMENT, "the disk has type '%s', not '%s'",
                         disk->volume_type, parameters.type);
  return judge_mutable(message, disk, reason);
}

/* A deep copy by way of the wire. */
static Csi__V1__VolumeCapability *copy_capability(const Csi__V1__VolumeCapability *capability)
{
  gsize size = csi__v1__volume_capability__get_packed_size(capability);
  g_autofree guint8 *bytes = g_malloc(size + 1);
  csi__v1__volume_capability__pack(capability, bytes);
  return csi__v1__volume_capability__unpack(NULL, size, bytes);
}

static Confirmed *confirm(const Request *message)
{
  Confirmed *confirmed = g_new0(Confirmed, 1);
  csi__v1__validate_volume_capabilities_response__confirmed__init(confirmed);
  confirmed->volume_capabilities = g_new0(Csi__V1__VolumeCapability *, message->n_volume_capabilities);
  for (gsize i = 0; i < message->n_volume_capabilities; i++)
    confirmed->volume_capabilities[confirmed->n_volume_capabilities++] =
      copy_capability(message->volume_capabilities[i]);
  for (gsize i = 0; i < message->n_volume_context; i++)
    STRING_MAP_ADD(
      confirmed, volume_context,
      csi__v1__validate_volume_capabilities_response__confirmed__volume_context_entry__descriptor,
      message->volume_context[i]->key, message->volume_context[i]->value);
  for (gsize i = 0; i < message->n_mutable_parameters; i++)
    STRING_MAP_ADD(
      confirmed, mutable_parameters,
      csi__v1__validate_volume_capabilities_response__confirmed__mutable_parameters_entry__descriptor,
      message->mutable_parameters[i]->key, message->mutable_parameters[i]->value);
  for (gsize i = 0; i < message->n_parameters; i++)
    STRING_MAP_ADD(confirmed, parameters,
                   csi__v1__validate_volume_capabilities_response__confirmed__parameters_entry__descriptor,
                   message->parameters[i]->key, message->parameters[i]->value);
  return confirmed;
}

ProtobufCMessage *validate_capabilities(RpcCall *call, const void *request, void *data, GError **error)
{
  const Controller *controller = data;
  const Request *message = request;
  if (!volume_id_check("volume_id", message->volume_id, error))
    return NULL;
  if (message->n_volume_capabilities == 0) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                  "field 'volume_capabilities' is empty: at least one capability is needed");
    return NULL;
  }
  if (!volume_id_check_exists("volume", message->volume_id, error))
    return NULL;
  EvsContext context = context_to_send(call);
  g_autoptr(EvsDisk) disk = disk_read(controller->client, &context, message->volume_id, error);
  if (!disk)
    return NULL;

  Response *response = g_new0(Response, 1);
  csi__v1__validate_volume_capabilities_response__init(response);
  g_autoptr(GError) reason = NULL;
  if (judge(controller, message, disk, &reason))
    response->confirmed = confirm(message);
  else
    response->message = g_strdup(reason->message);
  return &response->base;
}
