/* Checks of the ids that CSI calls carry. A volume id is an EVS disk id and a node id an ECS server id, both UUIDs;
 * anything else is none of ours and is never sent to the cloud. */
#pragma once

#include <glib.h>

enum { ID_MAX = 128 };

/* INVALID_ARGUMENT for an empty or oversized id; field is "volume_id" or "node_id". */
gboolean volume_id_check(const char *field, const char *id, GError **error);

/* NOT_FOUND for an id that cannot exist: no UUID. kind is "volume" or "node". */
gboolean volume_id_check_exists(const char *kind, const char *id, GError **error);

/* The resource that a flight claims before it changes the disk: "volume:<id>". Newly allocated. */
char *volume_id_resource(const char *volume_id);
