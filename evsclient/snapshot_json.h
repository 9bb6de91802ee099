/* Between EvsSnapshot and the cloud's JSON. */
#pragma once

#include "evsclient/json.h"
#include "evsclient/snapshot.h"

/* NULL if the object is none or its id is no UUID. */
EvsSnapshot *evs_snapshot_from_json(const json_t *object);
/* The body of 6.2.1. Newly allocated. */
char *evs_snapshot_create_body(const EvsSnapshotCreate *request);
/* The query of 6.2.4. Newly allocated. */
char *evs_snapshot_list_query(const EvsSnapshotFilter *filter);
