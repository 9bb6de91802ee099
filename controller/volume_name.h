/* Volume names: what CSI calls a volume and what EVS is told.
 *
 * EVS takes names of at most 64 characters and does not hold them unique, so a name only narrows a search; identity
 * is the SHA-256 of the CSI name in the disk's metadata (owner.h). */
#pragma once

#include <glib.h>

/* The longest name CSI obliges a plugin to take, in bytes. */
enum { VOLUME_NAME_MAX = 128, EVS_NAME_MAX = 64 };

/* INVALID_ARGUMENT for an empty, oversized, non-printable or reserved (autobk_snapshot_*) name. */
gboolean volume_name_check(const char *name, GError **error);

/* The EVS name: the CSI name itself if it is at most 64 of [A-Za-z0-9._-], else its first 31 bytes (others than those
 * as '_'), '-' and 32 hexadecimal digits of its SHA-256. Newly allocated. */
char *volume_name_to_evs(const char *name);
