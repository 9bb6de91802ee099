#include "controller/get_capacity.h"

#include "controller/capability.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/parameters.h"
#include "controller/topology.h"
#include "controller/volume_size.h"

/* Quota left of a kind for a type, or G_MAXINT64. */
static gint64 left_of_type(const EvsQuota *quota, const char *kind, const char *type)
{
  g_autofree char *name = g_strdup_printf("%s_%s", kind, type);
  return evs_quota_left(quota, name);
}

static gint64 compute_left(const EvsQuota *quota, const char *type)
{
  gint64 disks = MIN(evs_quota_left(quota, "volumes"), left_of_type(quota, "volumes", type));
  gint64 gib = MIN(evs_quota_left(quota, "gigabytes"), left_of_type(quota, "gigabytes", type));
  if (disks < CAPACITY_UNLIMITED_GIB / DISK_MAX_GIB)
    gib = MIN(gib, disks * DISK_MAX_GIB);
  return MIN(gib, CAPACITY_UNLIMITED_GIB);
}

gboolean capacity_compute(const CapacityFacts *facts, const char *zone, const char *type,
                          Capacity *ret_capacity, GError **error)
{
  *ret_capacity = (Capacity){.maximum_gib = DISK_MAX_GIB, .minimum_gib = DISK_MIN_GIB};
  const EvsQuotaItem *per_disk = evs_quota_item(facts->quota, "per_volume_gigabytes");
  if (per_disk && per_disk->limit > 0)
    ret_capacity->maximum_gib = MIN(per_disk->limit, DISK_MAX_GIB);
  if (zone && !g_ptr_array_find_with_equal_func(facts->zones, zone, g_str_equal, NULL))
    return TRUE;

  g_autoptr(GPtrArray) zones = g_ptr_array_new();
  if (zone)
    g_ptr_array_add(zones, (char *)zone);
  g_autofree char *chosen_zone = NULL, *chosen_type = NULL;
  g_autoptr(GError) local = NULL;
  if (topology_choose(zones, type, facts->types, facts->zones, &chosen_zone, &chosen_type, &local)) {
    ret_capacity->available_gib = compute_left(facts->quota, chosen_type);
    return TRUE;
  }
  if (evs_error_is(local, EVS_CODE_RESOURCE_EXHAUSTED))
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&local));
  return FALSE;
}

typedef struct {
  const char *zone, *type;
  Capacity capacity;
  GError *error;
} Question;

static void answer(const CapacityFacts *facts, void *data)
{
  Question *question = data;
  capacity_compute(facts, question->zone, question->type, &question->capacity, &question->error);
}

static Google__Protobuf__Int64Value *bytes_value(gint64 gib)
{
  Google__Protobuf__Int64Value *value = g_new0(Google__Protobuf__Int64Value, 1);
  google__protobuf__int64_value__init(value);
  value->value = gib * BYTES_PER_GIB;
  return value;
}

static ProtobufCMessage *respond(const Capacity *capacity)
{
  Csi__V1__GetCapacityResponse *response = g_new0(Csi__V1__GetCapacityResponse, 1);
  csi__v1__get_capacity_response__init(response);
  response->available_capacity = capacity->available_gib * BYTES_PER_GIB;
  response->maximum_volume_size = bytes_value(capacity->maximum_gib);
  response->minimum_volume_size = bytes_value(capacity->minimum_gib);
  return &response->base;
}

/* The zone that topology and the parameter `availability` leave; *ret_none: they exclude each other, or the topology
 * names no zone of ours: nothing can be created there. */
static const char *narrow_zone(const Csi__V1__Topology *topology, const char *availability,
                               gboolean *ret_none)
{
  const char *zone = NULL;
  if (topology) {
    zone = string_map_get(STRING_MAP(topology, segments), TOPOLOGY_KEY);
    if (!zone)
      zone = string_map_get(STRING_MAP(topology, segments), TOPOLOGY_KEY_WELL_KNOWN);
  }
  *ret_none = (topology && topology->n_segments > 0 && !zone) ||
              (zone && availability && !g_str_equal(zone, availability));
  return zone ? zone : availability;
}

static gboolean can_serve(const Csi__V1__GetCapacityRequest *message, const VolumeParameters *parameters)
{
  CapabilityNeeds needs = {0};
  return message->n_volume_capabilities == 0 ||
         (capability_check_list(message->volume_capabilities, message->n_volume_capabilities, &needs, NULL) &&
          (!needs.multi_node || parameters->multiattach));
}

ProtobufCMessage *get_capacity(RpcCall *call, const void *request, void *data, GError **error)
{
  Controller *controller = data;
  const Csi__V1__GetCapacityRequest *message = request;
  g_auto(VolumeParameters) parameters = {0};
  UnknownParameters unknown =
    controller->warn_unknown_parameters ? PARAMETERS_IGNORE_UNKNOWN : PARAMETERS_REFUSE_UNKNOWN;
  if (!parameters_parse(STRING_MAP(message, parameters), unknown, &parameters, error))
    return NULL;

  gboolean none = FALSE;
  Question question = {.type = parameters.type};
  question.zone = narrow_zone(message->accessible_topology, parameters.availability, &none);
  question.capacity = (Capacity){.maximum_gib = DISK_MAX_GIB, .minimum_gib = DISK_MIN_GIB};
  EvsContext context = context_to_wait(call);
  if (!none && can_serve(message, &parameters) &&
      !capacity_cache_visit(controller->capacity, &context, answer, &question, error))
    return NULL;
  if (question.error) {
    g_propagate_error(error, question.error);
    return NULL;
  }
  return respond(&question.capacity);
}
