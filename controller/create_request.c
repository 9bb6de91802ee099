#include "controller/create_request.h"

#include "base/error.h"
#include "controller/mkfs_parameters.h"
#include "controller/topology.h"
#include "controller/volume_name.h"

static gboolean check_unsupported(const Csi__V1__CreateVolumeRequest *message, GError **error)
{
  const Csi__V1__VolumeContentSource *source = message->volume_content_source;
  if (source)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "field 'volume_content_source' is not supported: this driver creates empty volumes only, not "
      "from a %s",
      source->type_case == CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME ? "volume" : "snapshot");
  return TRUE;
}

/* A disk that several servers write needs multiattach, and only raw block survives that. */
static gboolean check_sharing(const CreateRequest *request, GError **error)
{
  if (request->needs.multi_node && !request->parameters.multiattach)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "field 'volume_capabilities' asks for MULTI_NODE_MULTI_WRITER, which needs parameter "
      "'multiattach' to be true");
  if (request->needs.multi_node && request->needs.mount)
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "field 'volume_capabilities' mixes MULTI_NODE_MULTI_WRITER with a file system; accepted: raw "
      "block only");
  return TRUE;
}

CreateRequest *create_request_parse(const Csi__V1__CreateVolumeRequest *message, UnknownParameters unknown,
                                    GError **error)
{
  g_autoptr(CreateRequest) request = g_new0(CreateRequest, 1);
  const Csi__V1__CapacityRange *range = message->capacity_range;
  if (!volume_name_check(message->name, error) ||
      !capability_check_list(message->volume_capabilities, message->n_volume_capabilities, &request->needs,
                             error) ||
      !volume_size_choose(range ? range->required_bytes : 0, range ? range->limit_bytes : 0, &request->size,
                          error) ||
      !parameters_parse(STRING_MAP(message, parameters), unknown, &request->parameters, error) ||
      !parameters_apply_mutable(STRING_MAP(message, mutable_parameters), &request->parameters, error) ||
      !mkfs_parameters_check(&request->parameters, message->volume_capabilities,
                             message->n_volume_capabilities, error) ||
      !check_sharing(request, error) || !check_unsupported(message, error))
    return NULL;

  request->zones = topology_zones(message->accessibility_requirements, error);
  if (!request->zones || !topology_narrow(request->zones, request->parameters.availability, error))
    return NULL;
  if (request->parameters.type &&
      !parameters_check_performance(&request->parameters, request->parameters.type, request->size.create_gib,
                                    error))
    return NULL;

  request->name = g_strdup(message->name);
  request->evs_name = volume_name_to_evs(message->name);
  return g_steal_pointer(&request);
}

void create_request_free(CreateRequest *request)
{
  if (!request)
    return;
  g_free(request->name);
  g_free(request->evs_name);
  parameters_clear(&request->parameters);
  g_clear_pointer(&request->zones, g_ptr_array_unref);
  g_free(request);
}
