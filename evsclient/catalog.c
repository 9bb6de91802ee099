#include "evsclient/catalog.h"

#include "evsclient/api.h"
#include "evsclient/records.h"
#include "evsclient/typed_call.h"

/* An absent list means all zones, an empty one cannot be told from it. */
static void settle_type(gpointer value)
{
  EvsDiskType *type = value;
  if (!type->zones[0])
    g_clear_pointer(&type->zones, g_strfreev);
}

static const EvsField type_fields[] = {
  EVS_FIELD(EvsDiskType, id, TEXT, "id"),
  EVS_FIELD(EvsDiskType, name, TEXT, "name"),
  EVS_FIELD(EvsDiskType, description, TEXT, "description"),
  EVS_FIELD(EvsDiskType, is_public, BOOL, "is_public"),
  EVS_FIELD(EvsDiskType, qos_id, TEXT, "qos_specs_id"),
  EVS_FIELD(EvsDiskType, zones, TEXTS, "extra_specs/RESKEY:availability_zones"),
  EVS_FIELD(EvsDiskType, sold_out, TEXTS, "extra_specs/os-vendor-extended:sold_out_availability_zones"),
  EVS_FIELD(EvsDiskType, backend, TEXT, "extra_specs/volume_backend_name"),
};
const EvsRecord evs_record_disk_type =
  EVS_RECORD("disk type", EvsDiskType, type_fields, .key = "name", .settle = settle_type);

static void settle_zone(gpointer value)
{
  EvsZone *zone = value;
  zone->available |= !*zone->state;
}

static const EvsField zone_fields[] = {
  EVS_FIELD(EvsZone, name, TEXT, "zoneName"),
  EVS_FIELD(EvsZone, available, BOOL, "zoneState/available"),
  EVS_FIELD(EvsZone, state, TEXT, "zoneState/available", .flags = EVS_FIELD_DERIVED),
};
const EvsRecord evs_record_zone =
  EVS_RECORD("availability zone", EvsZone, zone_fields, .key = "zoneName", .settle = settle_zone);

void evs_disk_type_free(EvsDiskType *type)
{
  evs_record_free(&evs_record_disk_type, type);
}

void evs_zone_free(EvsZone *zone)
{
  evs_record_free(&evs_record_zone, zone);
}

/* ---- the lists, kept per client: they change rarely and are asked for at every create ---- */

static GPtrArray *read_types(const json_t *answer)
{
  gpointer types = NULL;
  evs_reply_read(EVS_OP_TYPE_LIST, answer, &types, NULL);
  g_ptr_array_set_free_func(types, (GDestroyNotify)evs_disk_type_free);
  return types;
}

static GPtrArray *read_zones(const json_t *answer)
{
  gpointer zones = NULL;
  evs_reply_read(EVS_OP_ZONE_LIST, answer, &zones, NULL);
  g_ptr_array_set_free_func(zones, (GDestroyNotify)evs_zone_free);
  return zones;
}

static GPtrArray *cached(EvsClient *client, const EvsContext *context, EvsOp op, EvsCacheSlot slot,
                         GPtrArray *(*read)(const json_t *), GError **error)
{
  GPtrArray *list = evs_client_cache_read(client, context, slot, read);
  if (list)
    return list;
  EvsTypedCall call = {.op = op};
  g_autoptr(json_t) answer = evs_typed_answer(client, context, &call, error);
  list = answer ? read(answer) : NULL;
  evs_client_cache_put(client, slot, g_steal_pointer(&answer));
  return list;
}

GPtrArray *evs_disk_type_list(EvsClient *client, const EvsContext *context, GError **error)
{
  return cached(client, context, EVS_OP_TYPE_LIST, EVS_CACHE_TYPES, read_types, error);
}

EvsDiskType *evs_disk_type_get(EvsClient *client, const EvsContext *context, const char *type_id,
                               GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_TYPE_GET, .id = type_id};
  gpointer type = NULL;
  return evs_typed_call(client, context, &call, &type, error) ? type : NULL;
}

GPtrArray *evs_zone_list_all(EvsClient *client, const EvsContext *context, GError **error)
{
  return cached(client, context, EVS_OP_ZONE_LIST, EVS_CACHE_ZONES, read_zones, error);
}

GPtrArray *evs_zone_list(EvsClient *client, const EvsContext *context, GError **error)
{
  g_autoptr(GPtrArray) zones = evs_zone_list_all(client, context, error);
  if (!zones)
    return NULL;
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < zones->len; i++) {
    const EvsZone *zone = zones->pdata[i];
    if (zone->available)
      g_ptr_array_add(names, g_strdup(zone->name));
  }
  return names;
}

/* ---- judging ---- */

EvsOffer evs_disk_type_offer(GPtrArray *types, const char *name, const char *zone)
{
  for (guint i = 0; i < types->len; i++) {
    const EvsDiskType *type = types->pdata[i];
    if (!g_str_equal(type->name, name))
      continue;
    if (type->zones && !g_strv_contains((const char *const *)type->zones, zone))
      return EVS_OFFER_NOT_IN_ZONE;
    return g_strv_contains((const char *const *)type->sold_out, zone) ? EVS_OFFER_SOLD_OUT : EVS_OFFER_YES;
  }
  return EVS_OFFER_NO_TYPE;
}
