#include "controller/attempts.h"

#include "base/thread.h"

struct Attempts {
  Mutex lock;
  GHashTable *numbers; /* volume name -> number > 0 */
};

Attempts *attempts_new(void)
{
  Attempts *attempts = g_new0(Attempts, 1);
  mutex_init(&attempts->lock);
  attempts->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return attempts;
}

void attempts_free(Attempts *attempts)
{
  if (!attempts)
    return;
  g_hash_table_unref(attempts->numbers);
  mutex_destroy(&attempts->lock);
  g_free(attempts);
}

guint attempts_current(Attempts *attempts, const char *volume_name)
{
  MUTEX_HOLD(&attempts->lock);
  return GPOINTER_TO_UINT(g_hash_table_lookup(attempts->numbers, volume_name));
}

void attempts_advance(Attempts *attempts, const char *volume_name, guint spent)
{
  MUTEX_HOLD(&attempts->lock);
  if (g_hash_table_size(attempts->numbers) >= ATTEMPTS_MAX)
    g_hash_table_remove_all(attempts->numbers);
  guint next = MAX(spent + 1, GPOINTER_TO_UINT(g_hash_table_lookup(attempts->numbers, volume_name)));
  g_hash_table_insert(attempts->numbers, g_strdup(volume_name), GUINT_TO_POINTER(next));
}

void attempts_forget(Attempts *attempts, const char *volume_name)
{
  MUTEX_HOLD(&attempts->lock);
  g_hash_table_remove(attempts->numbers, volume_name);
}
