/* What the startup taint and CSINode objects say, and the patch that removes the taint. Pure: no I/O.
 *
 * The taint: key "<driver name>/agent-not-ready", any effect, any value. */
#pragma once

#include <glib.h>
#include <jansson.h>

#define TAINT_KEY_SUFFIX "/agent-not-ready"

/* Does this CSINode list the driver, with the number of volumes that the node takes? Only then does the scheduler count
 * volumes. INTERNAL when the object is not of a CSINode's form. */
gboolean taint_driver_is_listed(json_t *csi_node, const char *driver_name, gboolean *ret_listed,
                                GError **error);

/* *ret_patch: a JSON patch that removes every taint of that key and nothing else, newly allocated; NULL: there is none. Each removal is
 * bound by a `test` to the taint being where it was: if the list has changed meanwhile, the API server refuses the whole (422).
 * INTERNAL when the object is not of a Node's form. */
gboolean taint_make_patch(json_t *node, const char *key, char **ret_patch, GError **error);
