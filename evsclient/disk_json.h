/* Between EvsDisk and the cloud's JSON. */
#pragma once

#include "evsclient/disk.h"
#include "evsclient/json.h"

/* NULL if the object is none or its id is no UUID. */
EvsDisk *evs_disk_from_json(const json_t *object);
EvsAttachment *evs_attachment_new(const char *server_id, const char *attachment_id, const char *device);
void evs_attachment_free(gpointer attachment);
/* The body of 6.1.1, canonical. Newly allocated. */
char *evs_disk_create_body(const EvsDiskCreate *request);
/* The query of 6.1.3. Newly allocated. */
char *evs_disk_list_query(const EvsDiskFilter *filter);
