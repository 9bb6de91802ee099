/* Writes a .tar.gz: POSIX ustar through zlib. Regular files only, made from memory, all in one directory of the archive,
 * mode 0600. The file is made with mode 0600 and must not exist yet. One thread. */
#pragma once

#include <glib.h>

enum { ARCHIVE_MAX_NAME = 99 }; /* directory and name in bytes */

typedef struct Archive Archive;

/* directory: what all names stand under. FAILED_PRECONDITION if the file exists, INTERNAL if it cannot be made. */
Archive *archive_open(const char *path, const char *directory, gint64 mtime_s, GError **error);
/* name: letters, digits, '.', '_', '-' and '/', at most ARCHIVE_MAX_NAME with the directory. INTERNAL if it cannot be
 * written. */
gboolean archive_add(Archive *archive, const char *name, const char *data, gsize length, GError **error);
/* Ends and closes the file; frees the archive in any case. */
gboolean archive_close(Archive *archive, GError **error);
/* Gives up: removes the file. NULL is fine. */
void archive_discard(Archive *archive);
