/* Handover files as the transfer commands keep them: one per disk, "DIRECTORY/evs-transfer-<volume id>.json", so that a
 * command that is repeated finds what the one before it left. What is in them: transfer/handover.h. The main thread alone. */
#pragma once

#include "transfer/handover.h"

enum { TRANSFER_FILES_MAX = 10000 }; /* that are looked at in one directory */

/* Newly allocated. */
char *transfer_file_path(const char *directory, const char *volume_id);

/* Keeps other `transfer create`s out of the directory until the descriptor is closed. -1 with FAILED_PRECONDITION if one
 * works there, INVALID_ARGUMENT if it is no directory that can be written. */
int transfer_directory_lock(const char *directory, GError **error);

/* Removes what killed commands left beside this disk's file: copies with a key. The directory must be locked. */
void transfer_file_sweep(const char *directory, const char *volume_id);

/* The paths of all handover files of a directory, sorted (of char *). */
GPtrArray *transfer_files_in(const char *directory, GError **error);

/* What the first line of the file says; *ret_passphrase NULL if path is. Free it by handover_text_free(). Refuses a file
 * that is empty or longer than HANDOVER_MAX_PASSPHRASE. */
gboolean transfer_passphrase_read(const char *path, char **ret_passphrase, GError **error);

/* TRUE if the file holds a handover under a passphrase; FALSE also if it cannot be read. */
gboolean transfer_file_is_encrypted(const char *path);

/* Overwrites the file's bytes, then removes it. INVALID_ARGUMENT if it is no handover file. It cannot promise that no copy
 * stays: file systems that copy on write, flash, backups. *ret_links: other names that the file has. */
gboolean transfer_file_discard(const char *path, guint *ret_links, GError **error);
