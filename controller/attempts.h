/* Which client token comes next for a volume name.
 *
 * A token answers for its first request for 8 hours, even when that request's job failed: then a new disk needs the
 * next token. The number starts at 0 in every process, so that all controllers use the same tokens, and advances only
 * when a token is proven spent (create_volume.h). Forgetting a number is always safe: the spent tokens are walked again.
 * Threads: any. Ceiling: ATTEMPTS_MAX names, then all are forgotten. */
#pragma once

#include <glib.h>

enum { ATTEMPTS_MAX = 10000 };

typedef struct Attempts Attempts;

Attempts *attempts_new(void);
/* NULL is fine. */
void attempts_free(Attempts *attempts);

guint attempts_current(Attempts *attempts, const char *volume_name);
/* Marks this attempt's token as spent. */
void attempts_advance(Attempts *attempts, const char *volume_name, guint spent);
/* The name has its disk. */
void attempts_forget(Attempts *attempts, const char *volume_name);
