/* Records: reading, copying, freeing. Each kind of field is a row of three functions. */
#include "evsclient/record.h"

#include "base/text.h"

enum { MAX_NAME = 128 };

/* slot, from: addresses of the field in its struct. member: not null, may be NULL for an absent one. */
typedef struct {
  void (*read)(const EvsField *field, gpointer slot, const json_t *member);
  void (*copy)(const EvsField *field, gpointer slot, gconstpointer from);
  void (*clear)(const EvsField *field, gpointer slot);
} Kind;

static gpointer slot_of(const EvsField *field, gconstpointer value)
{
  return G_STRUCT_MEMBER_P(value, field->offset);
}

/* Through objects, along "a/b/c" of that length; "" is the object itself. */
static const json_t *follow(const json_t *object, const char *path, gsize length)
{
  char name[MAX_NAME];
  while (length > 0 && object) {
    gsize part = strcspn(path, "/|");
    if (part >= sizeof name)
      return NULL;
    memcpy(name, path, part);
    name[part] = '\0';
    object = json_object_get(object, name);
    gsize step = MIN(part + 1, length);
    path += step;
    length -= step;
  }
  return object;
}

const json_t *evs_record_member(const json_t *object, const char *name)
{
  const json_t *direct = json_object_get(object, name); /* most names are plain */
  if (direct && !json_is_null(direct))
    return direct;
  if (*name && !strpbrk(name, "/|"))
    return NULL;
  for (const char *at = name;;) {
    gsize length = strcspn(at, "|");
    const json_t *member = follow(object, at, length);
    if (member && !json_is_null(member))
      return member;
    if (!at[length])
      return NULL;
    at += length + 1;
  }
}

const EvsField *evs_record_field(const EvsRecord *record, const char *name)
{
  for (gsize i = 0; i < record->count; i++)
    if (g_str_equal(record->fields[i].name, name))
      return &record->fields[i];
  return NULL;
}

/* ---- text ---- */

static char *member_text(const json_t *member)
{
  if (!json_is_string(member))
    return evs_json_value_text(member);
  const char *text = json_string_value(member);
  gsize length = json_string_length(member);
  if (length <= EVS_RECORD_MAX_TEXT)
    return g_memdup2(text, length + 1);
  const char *end = text + EVS_RECORD_MAX_TEXT;
  while ((*end & 0xC0) == 0x80)
    end--;
  return g_strndup(text, (gsize)(end - text));
}

static void wipe(char *text)
{
  if (text)
    explicit_bzero(text, strlen(text));
}

static void read_text(const EvsField *field G_GNUC_UNUSED, gpointer slot, const json_t *member)
{
  *(char **)slot = member_text(member);
}

static void copy_text(const EvsField *field G_GNUC_UNUSED, gpointer slot, gconstpointer from)
{
  *(char **)slot = g_strdup(*(char *const *)from);
}

static void clear_text(const EvsField *field, gpointer slot)
{
  if (field->flags & EVS_FIELD_SECRET)
    wipe(*(char **)slot);
  g_free(*(char **)slot);
}

/* ---- numbers ---- */

static void read_int(const EvsField *field G_GNUC_UNUSED, gpointer slot, const json_t *member)
{
  *(gint64 *)slot = evs_json_value_int(member, 0);
}

static void read_bool(const EvsField *field G_GNUC_UNUSED, gpointer slot, const json_t *member)
{
  *(gboolean *)slot = evs_json_value_bool(member, FALSE);
}

static void read_time(const EvsField *field G_GNUC_UNUSED, gpointer slot, const json_t *member)
{
  *(gint64 *)slot = evs_json_time(json_string_value(member));
}

static void copy_int(const EvsField *field G_GNUC_UNUSED, gpointer slot, gconstpointer from)
{
  *(gint64 *)slot = *(const gint64 *)from;
}

static void copy_bool(const EvsField *field G_GNUC_UNUSED, gpointer slot, gconstpointer from)
{
  *(gboolean *)slot = *(const gboolean *)from;
}

static void clear_nothing(const EvsField *field G_GNUC_UNUSED, gpointer slot G_GNUC_UNUSED)
{
}

/* ---- maps of texts ---- */

static void read_map(const EvsField *field G_GNUC_UNUSED, gpointer slot, const json_t *member)
{
  GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)member, name, value)
  {
    if (g_hash_table_size(map) >= EVS_RECORD_MAX_ITEMS)
      break;
    g_hash_table_insert(map, g_strdup(name), member_text(value));
  }
  *(GHashTable **)slot = map;
}

static void copy_map(const EvsField *field G_GNUC_UNUSED, gpointer slot, gconstpointer from)
{
  GHashTable *map = *(GHashTable *const *)from;
  *(GHashTable **)slot = map ? evs_json_map_copy(map) : NULL;
}

static void clear_table(const EvsField *field G_GNUC_UNUSED, gpointer slot)
{
  g_clear_pointer((GHashTable **)slot, g_hash_table_unref);
}

/* ---- lists of texts ---- */

static char **take_texts(GPtrArray *texts)
{
  g_ptr_array_add(texts, NULL);
  return (char **)g_ptr_array_free(texts, FALSE);
}

static char **member_texts(const json_t *member)
{
  GPtrArray *texts = g_ptr_array_new();
  if (json_is_string(member)) {
    g_autofree char *text = member_text(member);
    g_auto(GStrv) parts = g_strsplit(text, ",", EVS_RECORD_MAX_ITEMS);
    for (guint i = 0; parts[i]; i++)
      if (*g_strstrip(parts[i]))
        g_ptr_array_add(texts, g_strdup(parts[i]));
  }
  gsize i;
  json_t *item;
  json_array_foreach(member, i, item)
  {
    if (texts->len >= EVS_RECORD_MAX_ITEMS)
      break;
    if (!json_is_object(item) && !json_is_array(item) && !json_is_null(item))
      g_ptr_array_add(texts, member_text(item));
  }
  return take_texts(texts);
}

static void read_texts(const EvsField *field G_GNUC_UNUSED, gpointer slot, const json_t *member)
{
  *(char ***)slot = member_texts(member);
}

static void copy_texts(const EvsField *field G_GNUC_UNUSED, gpointer slot, gconstpointer from)
{
  *(char ***)slot = g_strdupv(*(char **const *)from);
}

static void clear_texts(const EvsField *field G_GNUC_UNUSED, gpointer slot)
{
  g_strfreev(*(char ***)slot);
}

/* ---- records within ---- */

static void read_record(const EvsField *field, gpointer slot, const json_t *member)
{
  *(gpointer *)slot = evs_record_read(field->record, member);
}

static void copy_record(const EvsField *field, gpointer slot, gconstpointer from)
{
  gconstpointer value = *(const gconstpointer *)from;
  *(gpointer *)slot = value ? evs_record_copy(field->record, value) : NULL;
}

static void clear_record(const EvsField *field, gpointer slot)
{
  evs_record_free(field->record, *(gpointer *)slot);
}

static void read_list(const EvsField *field, gpointer slot, const json_t *member)
{
  *(GPtrArray **)slot = evs_record_read_list(field->record, member);
}

static void copy_list(const EvsField *field, gpointer slot, gconstpointer from)
{
  const GPtrArray *list = *(GPtrArray *const *)from;
  GPtrArray *copy = list ? g_ptr_array_sized_new(list->len) : NULL;
  for (guint i = 0; list && i < list->len; i++)
    g_ptr_array_add(copy, evs_record_copy(field->record, list->pdata[i]));
  *(GPtrArray **)slot = copy;
}

static void clear_list(const EvsField *field, gpointer slot)
{
  evs_record_list_free(field->record, *(GPtrArray **)slot);
}

static void read_records(const EvsField *field, gpointer slot, const json_t *member)
{
  GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)member, name, value)
  {
    gpointer record =
      g_hash_table_size(table) < EVS_RECORD_MAX_ITEMS ? evs_record_read(field->record, value) : NULL;
    if (record)
      g_hash_table_insert(table, g_strdup(name), record);
  }
  *(GHashTable **)slot = table;
}

static void copy_records(const EvsField *field, gpointer slot, gconstpointer from)
{
  GHashTable *table = *(GHashTable *const *)from;
  GHashTable *copy = table ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) : NULL;
  GHashTableIter iterator;
  gpointer name, value;
  if (table)
    g_hash_table_iter_init(&iterator, table);
  while (table && g_hash_table_iter_next(&iterator, &name, &value))
    g_hash_table_insert(copy, g_strdup(name), evs_record_copy(field->record, value));
  *(GHashTable **)slot = copy;
}

static void clear_records(const EvsField *field, gpointer slot)
{
  GHashTable *table = *(GHashTable **)slot;
  GHashTableIter iterator;
  gpointer value;
  if (!table)
    return;
  g_hash_table_iter_init(&iterator, table);
  while (g_hash_table_iter_next(&iterator, NULL, &value))
    evs_record_free(field->record, value);
  g_hash_table_unref(table);
}

static void read_text_sets(const EvsField *field G_GNUC_UNUSED, gpointer slot, const json_t *member)
{
  GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)member, name, value)
  {
    if (json_is_array(value) && g_hash_table_size(table) < EVS_RECORD_MAX_ITEMS)
      g_hash_table_insert(table, g_strdup(name), member_texts(value));
  }
  *(GHashTable **)slot = table;
}

static void copy_text_sets(const EvsField *field G_GNUC_UNUSED, gpointer slot, gconstpointer from)
{
  GHashTable *table = *(GHashTable *const *)from;
  GHashTable *copy =
    table ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev) : NULL;
  GHashTableIter iterator;
  gpointer name, value;
  if (table)
    g_hash_table_iter_init(&iterator, table);
  while (table && g_hash_table_iter_next(&iterator, &name, &value))
    g_hash_table_insert(copy, g_strdup(name), g_strdupv(value));
  *(GHashTable **)slot = copy;
}

static const Kind kinds[] = {
  [EVS_FIELD_TEXT] = {read_text, copy_text, clear_text},
  [EVS_FIELD_INT] = {read_int, copy_int, clear_nothing},
  [EVS_FIELD_BOOL] = {read_bool, copy_bool, clear_nothing},
  [EVS_FIELD_TIME] = {read_time, copy_int, clear_nothing},
  [EVS_FIELD_MAP] = {read_map, copy_map, clear_table},
  [EVS_FIELD_TEXTS] = {read_texts, copy_texts, clear_texts},
  [EVS_FIELD_RECORD] = {read_record, copy_record, clear_record},
  [EVS_FIELD_LIST] = {read_list, copy_list, clear_list},
  [EVS_FIELD_RECORDS] = {read_records, copy_records, clear_records},
  [EVS_FIELD_TEXT_SETS] = {read_text_sets, copy_text_sets, clear_table},
};

/* ---- whole records ---- */

static gboolean has_key(const EvsRecord *record, const json_t *object)
{
  if (!record->key)
    return TRUE;
  const EvsField *field = evs_record_field(record, record->key);
  const json_t *member = evs_record_member(object, record->key);
  if (field && field->flags & EVS_FIELD_UUID)
    return text_is_uuid(json_string_value(member));
  return json_is_string(member) ? json_string_length(member) > 0 : json_is_integer(member);
}

gpointer evs_record_read(const EvsRecord *record, const json_t *object)
{
  if (!json_is_object(object) || !has_key(record, object))
    return NULL;
  gpointer value = g_malloc0(record->size);
  for (gsize i = 0; i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    if (!field->fixed)
      kinds[field->kind].read(field, slot_of(field, value), evs_record_member(object, field->name));
  }
  if (record->settle)
    record->settle(value);
  return value;
}

GPtrArray *evs_record_read_list(const EvsRecord *record, const json_t *array)
{
  GPtrArray *list = g_ptr_array_sized_new((guint)MIN(json_array_size(array), EVS_RECORD_MAX_ITEMS));
  gsize i;
  json_t *item;
  json_array_foreach(array, i, item)
  {
    if (list->len >= EVS_RECORD_MAX_ITEMS)
      break;
    gpointer value = evs_record_read(record, item);
    if (value)
      g_ptr_array_add(list, value);
  }
  return list;
}

gpointer evs_record_copy(const EvsRecord *record, gconstpointer value)
{
  gpointer copy =
    g_memdup2(value, record->size); /* with what is in no table: numbers that settle worked out */
  for (gsize i = 0; i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    if (!field->fixed)
      kinds[field->kind].copy(field, slot_of(field, copy), slot_of(field, value));
  }
  return copy;
}

void evs_record_free(const EvsRecord *record, gpointer value)
{
  if (!value)
    return;
  for (gsize i = 0; i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    if (!field->fixed)
      kinds[field->kind].clear(field, slot_of(field, value));
  }
  g_free(value);
}

void evs_record_list_free(const EvsRecord *record, GPtrArray *list)
{
  if (!list)
    return;
  g_ptr_array_set_free_func(list, NULL); /* a caller may have set one */
  for (guint i = 0; i < list->len; i++)
    evs_record_free(record, list->pdata[i]);
  g_ptr_array_unref(list);
}
