/* Decoding of the catalog's answers. */
#pragma once

#include "evsclient/catalog.h"
#include "evsclient/json.h"

/* Of EvsDiskType*, of char*. Newly allocated; unknown members are ignored. */
GPtrArray *evs_disk_types_from_json(const json_t *answer);
GPtrArray *evs_zones_from_json(const json_t *answer);
