/* The X-Client-Token of a disk's creation: EVS answers a repeated token with the first request's disk.
 *
 * It is the UUIDv5 (RFC 4122, 4.3) of cluster, driver, volume name and attempt: nothing of the request is in it, so
 * that EVS itself refuses a second, different disk of one name. */
#pragma once

#include <glib.h>

/* attempt counts tokens proven spent (create_volume.h). 36 characters, lower case, newly allocated. */
char *client_token_new(const char *cluster_id, const char *driver_name, const char *volume_name,
                       guint attempt);

enum { UUID_BYTES = 16 };

/* UUIDv5 of a name of given length in a namespace. Newly allocated text form. */
char *uuid_v5(const guint8 namespace_id[UUID_BYTES], const void *name, gsize length);
