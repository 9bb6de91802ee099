/* Which disks this process has made by which client token, and has seen go: proof that these tokens are spent
 * (create_volume.h), without the wait that others need.
 *
 * Nothing is kept beyond the process, and forgetting is always safe: the token is then proven spent by waiting.
 * Threads: any. Ceiling: DELETED_DISKS_MAX disks made, and as many gone; then all of that kind are forgotten. */
#pragma once

#include <glib.h>

enum { DELETED_DISKS_MAX = 10000 };

typedef struct DeletedDisks DeletedDisks;

DeletedDisks *deleted_disks_new(void);
/* NULL is fine. */
void deleted_disks_free(DeletedDisks *disks);

/* The cloud has answered the token of this attempt for this volume name with this disk. */
void deleted_disks_made(DeletedDisks *disks, const char *volume_id, const char *volume_name, guint attempt);

/* The disk's deletion has ended well. */
void deleted_disks_gone(DeletedDisks *disks, const char *volume_id);

gboolean deleted_disks_has(DeletedDisks *disks, const char *volume_id);

/* The disk that the highest attempt of this volume name known here has given, if it is gone: its id, newly allocated, and
 * *ret_attempt. NULL: none. */
char *deleted_disks_find(DeletedDisks *disks, const char *volume_name, guint *ret_attempt);
