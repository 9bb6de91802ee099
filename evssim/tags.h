/* Tags of disks and snapshots: objects of texts, at most TAGS_MAX of them. What is wrong is answered: EVS.1061 (too many),
 * EVS.1062 (key or value), EVS.5400 or EVS.1018 (no list, no object). */
#pragma once

#include "evssim/sim.h"

enum { TAGS_MAX = 10 };

/* Those of a body that makes something: {"key":"value"}, keys of 1 to 36 characters, values of 0 to 43, Chinese ones too.
 * Absent and null: none. New reference; NULL: answered. */
json_t *tags_read(Request *request, const json_t *map);

/* tags and those of the body's "tags", [{"key","value"}], 1 to 64 characters each; later ones replace earlier ones. New
 * reference; NULL: answered. */
json_t *tags_with(Request *request, const json_t *tags);
/* tags without those of the body's "tags", [{"key"}]. */
json_t *tags_without(Request *request, const json_t *tags);

/* [{"key","value"}] */
json_t *tags_render(const json_t *tags);
/* Adds them to {"key":["value"]}. */
void tags_collect(json_t *all, const json_t *tags);
/* The array has an equal item. */
gboolean tags_have(const json_t *array, const json_t *item);
