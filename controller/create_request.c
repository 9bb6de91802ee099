#include "controller/create_request.h"

#include "base/error.h"
#include "controller/mkfs_parameters.h"
#include "controller/topology.h"
#include "controller/volume_id.h"
#include "controller/volume_name.h"

static gboolean take_source(CreateRequest *request, const Csi__V1__VolumeContentSource *source,
                            GError **error)
{
  if (!source)
    return TRUE;
  switch (source->type_case) {
  case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_SNAPSHOT:
    request->source_kind = SOURCE_SNAPSHOT;
    request->source_id = g_strdup(source->snapshot->snapshot_id);
    return volume_id_check("volume_content_source.snapshot.snapshot_id", request->source_id, error);
  case CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME:
    request->source_kind = SOURCE_VOLUME;
    request->source_id = g_strdup(source->volume->volume_id);
    return volume_id_check("volume_content_source.volume.volume_id", request->source_id, error);
  default:
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'volume_content_source' names no source; accepted: snapshot, volume");
  }
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

/* A disk that is taken over is what it is: what would shape a new one is refused. */
static gboolean check_transfer(const CreateRequest *request, GError **error)
{
  const VolumeParameters *given = &request->parameters;
  gboolean mkfs = FALSE;
  for (guint i = 0; i < MKFS_N_OPTIONS; i++)
    mkfs |= given->mkfs[i] != NULL;
  const struct {
    const char *name;
    gboolean given;
  } others[] = {
    {"dssId", given->dedicated_storage_id != NULL},
    {"scsi", given->scsi},
    {"kmsId", given->kms_key_id != NULL},
    {"iops", given->iops > 0},
    {"throughput", given->throughput > 0},
    {"tags", given->tags != NULL},
    {"enterpriseProjectId", given->enterprise_project_id != NULL},
    {"multiattach", given->multiattach},
    {"fullClone", given->full_clone},
    {"blockSize, inodeSize, bytesPerInode, numberOfInodes", mkfs},
  };
  if (!given->transfer)
    return TRUE;
  if (request->source_kind != SOURCE_NONE)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'volume_content_source' and parameter 'transfer' exclude each other: a disk "
                         "that is taken over has its contents already");
  for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
    if (others[i].given)
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "parameter '%s' does not go with 'transfer': the disk exists already; accepted "
                           "with it: type, availability",
                           others[i].name);
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
      !check_sharing(request, error) || !take_source(request, message->volume_content_source, error) ||
      !check_transfer(request, error))
    return NULL;

  request->zones = topology_zones(message->accessibility_requirements, error);
  if (!request->zones || !topology_narrow(request->zones, request->parameters.availability, error))
    return NULL;
  /* A disk made of another has that one's performance unless told otherwise: judged once it is known. */
  if (request->parameters.type && request->source_kind == SOURCE_NONE && !request->parameters.transfer &&
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
  g_free(request->source_id);
  parameters_clear(&request->parameters);
  g_clear_pointer(&request->zones, g_ptr_array_unref);
  g_free(request);
}

char *create_request_source_mark(const CreateRequest *request)
{
  if (request->source_kind == SOURCE_NONE)
    return NULL;
  return g_strconcat(request->source_kind == SOURCE_VOLUME ? "volume:" : "snapshot:", request->source_id,
                     NULL);
}
