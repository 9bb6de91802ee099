/* The bytes of disks and snapshots: sparse files. */
#pragma once

#include <glib.h>

/* A new file of this many bytes, all a hole. */
gboolean image_create(const char *path, gint64 bytes, GError **error);

/* `to` becomes a file of this many bytes with the content of `from`, which is not longer; what was there is replaced
 * as a whole. Holes stay holes. Where the file system can share blocks (xfs, btrfs) it takes no time, else as long as
 * copying the data takes: the content is that of the moment of the call. */
gboolean image_copy(const char *from, const char *to, gint64 bytes, GError **error);

/* `path` grows to this many bytes; it is never cut. */
gboolean image_grow(const char *path, gint64 bytes, GError **error);

/* Removes the entries of the directory that are no "<id>.img" of a known id. */
void image_sweep(const char *directory, gboolean (*is_known)(const char *id, gpointer argument),
                 gpointer argument);
