/* Where a disk may live: one disk lives in one availability zone, and only servers of that zone can attach it. */
#pragma once

#include "csi.pb-c.h"
#include "evsclient/catalog.h"

#include <glib.h>

/* The key that volumes and nodes carry (the Go peer's), whatever the driver's name. */
#define TOPOLOGY_KEY "topology.evs.csi.huaweicloud.com/zone"
/* Also understood in requests. */
#define TOPOLOGY_KEY_WELL_KNOWN "topology.kubernetes.io/zone"

/* Zones the volume may live in, best first, without repeats: preferred, then requisite. Of char*; empty when the
 * request demands none (requirement may be NULL). INVALID_ARGUMENT when terms are given but none names a zone, or one
 * names two. The array is the caller's. */
GPtrArray *topology_zones(const Csi__V1__TopologyRequirement *requirement, GError **error);

/* Narrows the zones of the request by the parameter `availability` (NULL: not given): both must hold.
 * INVALID_ARGUMENT naming both when they exclude each other. */
gboolean topology_narrow(GPtrArray *zones, const char *availability, GError **error);

/* A topology of one zone for a response. */
Csi__V1__Topology *topology_of_zone(const char *zone);

/* The types asked for when the request names none: the first that is offered. NULL-terminated. */
extern const char *const topology_default_types[];

/* Picks the zone and the type of a new disk: the first of `zones` (all of `available` by name when empty) that offers
 * the type. type NULL: the first of topology_default_types that any of the zones offers.
 * Errors: INVALID_ARGUMENT for an unknown type (lists the types) or when no zone exists (lists the zones);
 * RESOURCE_EXHAUSTED when the type is sold out in, or not offered in, all of them: the scheduler may move on.
 * *ret_zone and *ret_type are newly allocated. */
gboolean topology_choose(GPtrArray *zones, const char *type, GPtrArray *types, GPtrArray *available,
                         char **ret_zone, char **ret_type, GError **error);
