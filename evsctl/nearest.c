#include "evsctl/nearest.h"

enum { MAX_WORD = 64, MIN_BEGINNING = 3 };

/* Changes, insertions and removals of letters that make b of a. Both at most MAX_WORD long. */
static guint distance(const char *a, const char *b)
{
  gsize length = strlen(b);
  guint row[MAX_WORD + 1];
  for (gsize j = 0; j <= length; j++)
    row[j] = (guint)j;
  for (gsize i = 0; a[i]; i++) {
    guint diagonal = row[0];
    row[0] = (guint)i + 1;
    for (gsize j = 0; j < length; j++) {
      guint changed = diagonal + (g_ascii_tolower(a[i]) == g_ascii_tolower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = MIN(changed, MIN(row[j], row[j + 1]) + 1);
    }
  }
  return row[length];
}

/* The beginning of a word is near it, however much is left out. */
static gboolean begins(const char *word, gsize length, const char *candidate)
{
  return length >= MIN_BEGINNING && g_ascii_strncasecmp(word, candidate, length) == 0;
}

const char *nearest_word(const char *word, const char *const *candidates)
{
  const char *best = NULL;
  gsize length = strlen(word);
  guint least = (guint)MIN(length, MAX_WORD) / 3 + 2;
  if (length > MAX_WORD)
    return NULL;
  const char *beginning = NULL;
  for (; *candidates; candidates++) {
    if (!beginning && begins(word, length, *candidates))
      beginning = *candidates;
    if (strlen(*candidates) > MAX_WORD)
      continue;
    guint changes = distance(word, *candidates);
    if (changes < least && changes < length) {
      least = changes;
      best = *candidates;
    }
  }
  return best ? best : beginning;
}
