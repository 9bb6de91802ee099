/* "did you mean": the known word that is closest to a mistyped one. No state, any thread. */
#pragma once

#include <glib.h>

/* The candidate (NULL-terminated list) with the fewest changes of letters, if these are few for the word's length;
 * else NULL. */
const char *nearest_word(const char *word, const char *const *candidates);
