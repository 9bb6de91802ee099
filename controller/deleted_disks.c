#include "controller/deleted_disks.h"

#include "base/thread.h"

/* Of a disk made: which token; of a name: which disk is gone. `text` is the name or the id. */
typedef struct {
  char *text;
  guint attempt;
} Note;

struct DeletedDisks {
  Mutex lock;
  GHashTable *made;    /* volume id -> Note* with the volume name */
  GHashTable *gone;    /* set of volume ids */
  GHashTable *by_name; /* volume name -> Note* with the id of its disk that is gone */
};

static void note_free(void *data)
{
  Note *note = data;
  g_free(note->text);
  g_free(note);
}

static void put(GHashTable *table, const char *key, const char *text, guint attempt)
{
  Note *note = g_new0(Note, 1);
  note->text = g_strdup(text);
  note->attempt = attempt;
  g_hash_table_replace(table, g_strdup(key), note);
}

DeletedDisks *deleted_disks_new(void)
{
  DeletedDisks *disks = g_new0(DeletedDisks, 1);
  mutex_init(&disks->lock);
  disks->made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, note_free);
  disks->gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  disks->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, note_free);
  return disks;
}

void deleted_disks_free(DeletedDisks *disks)
{
  if (!disks)
    return;
  g_hash_table_unref(disks->made);
  g_hash_table_unref(disks->gone);
  g_hash_table_unref(disks->by_name);
  mutex_destroy(&disks->lock);
  g_free(disks);
}

void deleted_disks_made(DeletedDisks *disks, const char *volume_id, const char *volume_name, guint attempt)
{
  MUTEX_HOLD(&disks->lock);
  if (g_hash_table_size(disks->made) >= DELETED_DISKS_MAX)
    g_hash_table_remove_all(disks->made);
  put(disks->made, volume_id, volume_name, attempt);
}

void deleted_disks_gone(DeletedDisks *disks, const char *volume_id)
{
  MUTEX_HOLD(&disks->lock);
  if (g_hash_table_size(disks->gone) >= DELETED_DISKS_MAX) {
    g_hash_table_remove_all(disks->gone);
    g_hash_table_remove_all(disks->by_name);
  }
  g_hash_table_add(disks->gone, g_strdup(volume_id));
  const Note *made = g_hash_table_lookup(disks->made, volume_id);
  const Note *known = made ? g_hash_table_lookup(disks->by_name, made->text) : NULL;
  if (made && (!known || known->attempt <= made->attempt))
    put(disks->by_name, made->text, volume_id, made->attempt);
  g_hash_table_remove(disks->made, volume_id);
}

gboolean deleted_disks_has(DeletedDisks *disks, const char *volume_id)
{
  MUTEX_HOLD(&disks->lock);
  return g_hash_table_contains(disks->gone, volume_id);
}

char *deleted_disks_find(DeletedDisks *disks, const char *volume_name, guint *ret_attempt)
{
  MUTEX_HOLD(&disks->lock);
  const Note *note = g_hash_table_lookup(disks->by_name, volume_name);
  if (!note)
    return NULL;
  *ret_attempt = note->attempt;
  return g_strdup(note->text);
}
