/* The recycle bin of disks (cloud-facts F2; newer than the reference). */
#pragma once

#include "evsclient/client.h"

G_BEGIN_DECLS
#pragma GCC visibility push(default)

/* Is the disk in the recycle bin, and until when? *ret_found FALSE: no (not an error; a cloud without a bin has none).
 * *ret_until gets the planned time of deletion as the cloud writes it ("" if it does not say), newly allocated; NULL if
 * not found. */
gboolean evs_recycle_bin_find(EvsClient *client, const EvsContext *context, const char *volume_id,
                              gboolean *ret_found, char **ret_until, GError **error);

/* Is the bin switched on? A cloud without a bin has it off (not an error). */
gboolean evs_recycle_bin_policy(EvsClient *client, const EvsContext *context, gboolean *ret_on,
                                GError **error);

#pragma GCC visibility pop
G_END_DECLS
