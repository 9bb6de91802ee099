/* Which ids bear which names, of all disks (or snapshots) of a project: learned from lists that are read from the newest
 * on. Once the whole list was read, a reading may stop where it meets what was known before: nothing older is new.
 *
 * What lists do not bring in by their order it misses: an old record with a new name, or one that comes to the project with
 * its old age. It may also hold what is gone. So it answers "not there" for names that nobody else gives, and correctness
 * never rests on it. Pure logic; one thread at a time. */
#pragma once

#include <glib.h>

enum {
  NAME_INDEX_OVERLAP = 50,                   /* rows in sequence that must have been known */
  NAME_INDEX_MOST = 100 * 1000,              /* records; more are not worth their memory */
  NAME_INDEX_AGE_US = 30 * 60 * 1000 * 1000, /* the whole list is read again after that */
};

typedef struct NameIndex NameIndex;

NameIndex *name_index_new(void);
void name_index_free(NameIndex *index);

/* A reading begins, with the newest record. Until it got far enough nothing counts as known. */
void name_index_begin(NameIndex *index, gint64 now_us);
void name_index_add(NameIndex *index, const char *id, const char *name);
/* A page is over; end: the list too. TRUE: the index is complete, there is no need to read on. */
gboolean name_index_page(NameIndex *index, gboolean end);

/* As the last name_index_page() said. */
gboolean name_index_is_complete(const NameIndex *index);
/* There were more than NAME_INDEX_MOST, less than NAME_INDEX_AGE_US ago: reading them once more is not worth it. */
gboolean name_index_is_too_small(const NameIndex *index, gint64 now_us);
guint name_index_size(const NameIndex *index);

/* Calls visit with each id that bears this name. */
void name_index_find(const NameIndex *index, const char *name, void (*visit)(const char *id, void *data),
                     void *data);
