/* The result for people, and several results as one. */
#pragma once

#include "base/error.h"

#include <jansson.h>

/* A row per scenario, and below it what does not fit into one. Newly allocated. */
char *table_render(const json_t *result);

/* Results of the same scenarios (runs with different seeds) as one: each number is the median of the runs that have it,
 * texts are the first run's. New reference, or NULL with INVALID_ARGUMENT for a file that holds no result. */
json_t *table_merge(char **files, GError **error);
