#include "controller/topology.h"

#include "base/error.h"
#include "base/text.h"
#include "controller/string_map.h"

enum { ZONE_NAME_MAX = 64 };

const char *const topology_default_types[] = {"GPSSD", "SAS", "SSD", NULL};

static gboolean contains(GPtrArray *texts, const char *text)
{
  return g_ptr_array_find_with_equal_func(texts, text, g_str_equal, NULL);
}

/* The zone that a term names; NULL without error when it names none. */
static gboolean zone_of_term(const Csi__V1__Topology *term, const char **ret_zone, GError **error)
{
  StringMap segments = STRING_MAP(term, segments);
  const char *own = string_map_get(segments, TOPOLOGY_KEY);
  const char *well_known = string_map_get(segments, TOPOLOGY_KEY_WELL_KNOWN);
  if (own && well_known && !g_str_equal(own, well_known))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'accessibility_requirements' has a term with two zones: " TOPOLOGY_KEY
                         " and " TOPOLOGY_KEY_WELL_KNOWN " differ");
  const char *zone = own ? own : well_known;
  if (zone && !text_is_label(zone, ZONE_NAME_MAX))
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "field 'accessibility_requirements' names a zone that is none: accepted are 1-%d of "
                         "[A-Za-z0-9._-]",
                         ZONE_NAME_MAX);
  *ret_zone = zone;
  return TRUE;
}

static gboolean add_terms(GPtrArray *zones, Csi__V1__Topology *const *terms, gsize count, GError **error)
{
  for (gsize i = 0; i < count; i++) {
    const char *zone = NULL;
    if (!zone_of_term(terms[i], &zone, error))
      return FALSE;
    if (zone && !contains(zones, zone))
      g_ptr_array_add(zones, g_strdup(zone));
  }
  return TRUE;
}

GPtrArray *topology_zones(const Csi__V1__TopologyRequirement *requirement, GError **error)
{
  g_autoptr(GPtrArray) zones = g_ptr_array_new_with_free_func(g_free);
  if (!requirement)
    return g_steal_pointer(&zones);
  if (!add_terms(zones, requirement->preferred, requirement->n_preferred, error) ||
      !add_terms(zones, requirement->requisite, requirement->n_requisite, error))
    return NULL;
  if (zones->len == 0 && requirement->n_preferred + requirement->n_requisite > 0) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                  "field 'accessibility_requirements' names no zone; accepted keys: " TOPOLOGY_KEY
                  ", " TOPOLOGY_KEY_WELL_KNOWN);
    return NULL;
  }
  return g_steal_pointer(&zones);
}

/* "a, b, c" of an array of texts. */
static char *join(GPtrArray *texts)
{
  GString *list = g_string_new(NULL);
  for (guint i = 0; i < texts->len; i++)
    g_string_append_printf(list, "%s%s", i ? ", " : "", (const char *)texts->pdata[i]);
  return g_string_free(list, FALSE);
}

gboolean topology_narrow(GPtrArray *zones, const char *availability, GError **error)
{
  if (!availability)
    return TRUE;
  if (zones->len > 0 && !contains(zones, availability)) {
    g_autofree char *list = join(zones);
    return evs_error_set(
      error, EVS_CODE_INVALID_ARGUMENT,
      "parameter 'availability' is '%s', but field 'accessibility_requirements' accepts only: %s",
      availability, list);
  }
  g_ptr_array_set_size(zones, 0);
  g_ptr_array_add(zones, g_strdup(availability));
  return TRUE;
}

Csi__V1__Topology *topology_of_zone(const char *zone)
{
  Csi__V1__Topology *topology = g_new0(Csi__V1__Topology, 1);
  csi__v1__topology__init(topology);
  STRING_MAP_ADD(topology, segments, csi__v1__topology__segments_entry__descriptor, TOPOLOGY_KEY, zone);
  return topology;
}

static gint compare_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The zones to try, of borrowed texts: those of the request that exist, or all by name. */
static GPtrArray *zones_to_try(GPtrArray *zones, GPtrArray *available, GError **error)
{
  g_autoptr(GPtrArray) candidates = g_ptr_array_new();
  GPtrArray *source = zones->len > 0 ? zones : available;
  for (guint i = 0; i < source->len; i++)
    if (contains(available, source->pdata[i]))
      g_ptr_array_add(candidates, source->pdata[i]);
  if (zones->len == 0)
    g_ptr_array_sort(candidates, compare_text);
  if (candidates->len > 0)
    return g_steal_pointer(&candidates);

  g_autofree char *asked = join(zones);
  g_autofree char *there = join(available);
  if (available->len == 0)
    evs_error_set(error, EVS_CODE_UNAVAILABLE, "the cloud lists no availability zone as available");
  else
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "availability zone '%s' does not exist; available: %s",
                  asked, there);
  return NULL;
}

static gboolean refuse_type(const char *type, GPtrArray *types, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < types->len; i++) {
    EvsDiskType *known = types->pdata[i];
    g_ptr_array_add(names, known->name);
  }
  g_ptr_array_sort(names, compare_text);
  g_autofree char *list = join(names);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "parameter 'type' is '%s', which is no disk type; accepted: %s", type, list);
}

/* The first candidate that offers the type; NULL when none does, then *sold_out and *known say why. */
static const char *find_offer(GPtrArray *candidates, const char *type, GPtrArray *types, gboolean *sold_out,
                              gboolean *known)
{
  *known = TRUE;
  *sold_out = FALSE;
  for (guint i = 0; i < candidates->len; i++) {
    switch (evs_disk_type_offer(types, type, candidates->pdata[i])) {
    case EVS_OFFER_YES:
      return candidates->pdata[i];
    case EVS_OFFER_NO_TYPE:
      *known = FALSE;
      return NULL;
    case EVS_OFFER_SOLD_OUT:
      *sold_out = TRUE;
      break;
    case EVS_OFFER_NOT_IN_ZONE:
      break;
    }
  }
  return NULL;
}

gboolean topology_choose(GPtrArray *zones, const char *type, GPtrArray *types, GPtrArray *available,
                         char **ret_zone, char **ret_type, GError **error)
{
  g_autoptr(GPtrArray) candidates = zones_to_try(zones, available, error);
  if (!candidates)
    return FALSE;

  const char *const asked[] = {type, NULL};
  const char *const *wanted = type ? asked : topology_default_types;
  gboolean any_sold_out = FALSE, any_known = FALSE;
  for (gsize i = 0; wanted[i]; i++) {
    gboolean sold_out, known;
    const char *zone = find_offer(candidates, wanted[i], types, &sold_out, &known);
    if (zone) {
      *ret_zone = g_strdup(zone);
      *ret_type = g_strdup(wanted[i]);
      return TRUE;
    }
    any_sold_out |= sold_out;
    any_known |= known;
  }
  if (!any_known)
    return refuse_type(type ? type : topology_default_types[0], types, error);

  g_autofree char *list = join(candidates);
  return evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "disk type '%s' is %s in availability zone %s",
                       type ? type : topology_default_types[0], any_sold_out ? "sold out" : "not offered",
                       list);
}
