#include "evsclient/name_index.h"

#include <string.h>

/* One record; id and name are in one block with it. */
typedef struct Entry Entry;
struct Entry {
  Entry *namesake; /* the next one of the same name */
  guint reading;   /* the last that met it */
  char *name;      /* behind the id */
  char id[];
};

struct NameIndex {
  GHashTable *by_id;   /* id -> Entry*, owned */
  GHashTable *by_name; /* name -> first Entry* */
  guint reading;
  guint known_in_sequence; /* rows before this one that were known before this reading */
  gboolean complete, was_complete;
  gint64 now_us;   /* of this reading */
  gint64 whole_us; /* the last reading of the whole list; 0: none */
  gint64 full_us;  /* the last time that there were too many; 0: never */
};

NameIndex *name_index_new(void)
{
  NameIndex *index = g_new0(NameIndex, 1);
  index->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  index->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  return index;
}

void name_index_free(NameIndex *index)
{
  g_hash_table_unref(index->by_name);
  g_hash_table_unref(index->by_id);
  g_free(index);
}

static void link_name(NameIndex *index, Entry *entry)
{
  entry->namesake = g_hash_table_lookup(index->by_name, entry->name);
  g_hash_table_replace(index->by_name, entry->name, entry);
}

static void unlink_name(NameIndex *index, Entry *entry)
{
  Entry *first = g_hash_table_lookup(index->by_name, entry->name);
  if (first != entry) {
    while (first->namesake != entry)
      first = first->namesake;
    first->namesake = entry->namesake;
  } else if (entry->namesake) {
    g_hash_table_replace(index->by_name, entry->namesake->name, entry->namesake);
  } else {
    g_hash_table_remove(index->by_name, entry->name);
  }
}

static void insert(NameIndex *index, const char *id, const char *name)
{
  gsize id_size = strlen(id) + 1, name_size = strlen(name) + 1;
  Entry *entry = g_malloc0(sizeof *entry + id_size + name_size);
  memcpy(entry->id, id, id_size);
  entry->name = entry->id + id_size;
  memcpy(entry->name, name, name_size);
  entry->reading = index->reading;
  g_hash_table_insert(index->by_id, entry->id, entry);
  link_name(index, entry);
}

static void drop(NameIndex *index, Entry *entry)
{
  unlink_name(index, entry);
  g_hash_table_remove(index->by_id, entry->id);
}

void name_index_begin(NameIndex *index, gint64 now_us)
{
  index->was_complete = index->complete && now_us - index->whole_us < NAME_INDEX_AGE_US;
  index->complete = FALSE;
  index->known_in_sequence = 0;
  index->now_us = now_us;
  index->reading++;
}

void name_index_add(NameIndex *index, const char *id, const char *name)
{
  Entry *entry = g_hash_table_lookup(index->by_id, id);
  if (entry && entry->reading == index->reading)
    return; /* on two pages: something older came or went meanwhile */
  index->known_in_sequence = entry ? index->known_in_sequence + 1 : 0;
  if (entry && !g_str_equal(entry->name, name)) {
    drop(index, entry);
    entry = NULL;
  }
  if (entry)
    entry->reading = index->reading;
  else
    insert(index, id, name);
}

/* What the whole list does not have is gone. */
static void drop_unread(NameIndex *index)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, index->by_id);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Entry *entry = value;
    if (entry->reading == index->reading)
      continue;
    unlink_name(index, entry);
    g_hash_table_iter_remove(&iter);
  }
}

gboolean name_index_page(NameIndex *index, gboolean end)
{
  index->complete = end || (index->was_complete && index->known_in_sequence >= NAME_INDEX_OVERLAP);
  if (end) {
    drop_unread(index);
    index->whole_us = index->now_us;
  }
  if (name_index_size(index) > NAME_INDEX_MOST) {
    g_hash_table_remove_all(index->by_name);
    g_hash_table_remove_all(index->by_id);
    index->complete = index->was_complete = FALSE;
    index->full_us = index->now_us;
  }
  return index->complete;
}

gboolean name_index_is_complete(const NameIndex *index)
{
  return index->complete;
}

gboolean name_index_is_too_small(const NameIndex *index, gint64 now_us)
{
  return index->full_us > 0 && now_us - index->full_us < NAME_INDEX_AGE_US;
}

guint name_index_size(const NameIndex *index)
{
  return g_hash_table_size(index->by_id);
}

void name_index_find(const NameIndex *index, const char *name, void (*visit)(const char *id, void *data),
                     void *data)
{
  for (const Entry *entry = g_hash_table_lookup(index->by_name, name); entry; entry = entry->namesake)
    visit(entry->id, data);
}
