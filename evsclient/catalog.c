#include "evsclient/catalog.h"

#include "evsclient/api.h"
#include "evsclient/catalog_json.h"

static void disk_type_free(gpointer data)
{
  EvsDiskType *type = data;
  g_free(type->id);
  g_free(type->name);
  g_strfreev(type->zones);
  g_strfreev(type->sold_out);
  g_free(type);
}

/* "az-1, az-2" */
static char **split_zones(const char *list)
{
  char **parts = g_strsplit(list, ",", -1);
  guint kept = 0;
  for (guint i = 0; parts[i]; i++) {
    char *part = g_strstrip(parts[i]);
    if (*part)
      parts[kept++] = part;
    else
      g_free(part);
  }
  parts[kept] = NULL;
  return parts;
}

GPtrArray *evs_disk_types_from_json(const json_t *answer)
{
  GPtrArray *types = g_ptr_array_new_with_free_func(disk_type_free);
  gsize i;
  json_t *item;
  json_array_foreach(json_object_get(answer, "volume_types"), i, item)
  {
    const json_t *specs = json_object_get(item, "extra_specs");
    g_autofree char *zones = evs_json_text(specs, "RESKEY:availability_zones");
    g_autofree char *sold_out = evs_json_text(specs, "os-vendor-extended:sold_out_availability_zones");
    EvsDiskType *type = g_new0(EvsDiskType, 1);
    type->id = evs_json_text(item, "id");
    type->name = evs_json_text(item, "name");
    type->zones = *zones ? split_zones(zones) : NULL;
    type->sold_out = split_zones(sold_out);
    g_ptr_array_add(types, type);
  }
  return types;
}

GPtrArray *evs_zones_from_json(const json_t *answer)
{
  GPtrArray *zones = g_ptr_array_new_with_free_func(g_free);
  const json_t *list = json_object_get(answer, "availabilityZoneInfo");
  if (!list) /* both spellings are documented */
    list = json_object_get(answer, "availabilityZonesInfo");
  gsize i;
  json_t *item;
  json_array_foreach(list, i, item)
  {
    g_autofree char *name = evs_json_text(item, "zoneName");
    if (*name && evs_json_bool(json_object_get(item, "zoneState"), "available", TRUE))
      g_ptr_array_add(zones, g_steal_pointer(&name));
  }
  return zones;
}

/* The answer is kept per client and operation: both lists change rarely and are asked for at every create. */
static GPtrArray *cached(EvsClient *client, const EvsContext *context, const EvsOperation *operation,
                         EvsCacheSlot slot, GPtrArray *(*read)(const json_t *), GError **error)
{
  GPtrArray *list = evs_client_cache_read(client, slot, read);
  if (list)
    return list;
  EvsCall call = {.operation = operation};
  g_autoptr(json_t) answer = evs_api_call(client, context, &call, error);
  if (!answer)
    return NULL;
  list = read(answer);
  evs_client_cache_put(client, slot, g_steal_pointer(&answer));
  return list;
}

GPtrArray *evs_zone_list(EvsClient *client, const EvsContext *context, GError **error)
{
  return cached(client, context, &evs_operations[EVS_OP_ZONE_LIST], EVS_CACHE_ZONES, evs_zones_from_json,
                error);
}

GPtrArray *evs_disk_type_list(EvsClient *client, const EvsContext *context, GError **error)
{
  return cached(client, context, &evs_operations[EVS_OP_TYPE_LIST], EVS_CACHE_TYPES, evs_disk_types_from_json,
                error);
}

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
