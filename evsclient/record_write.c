/* Records: bodies, queries, and what people are shown. */
#include "evsclient/query.h"
#include "evsclient/record.h"

#include <stdlib.h>

typedef enum { WRITE_REQUEST, WRITE_SHOW } Purpose;

static json_t *write_record(const EvsRecord *record, gconstpointer value, Purpose purpose);

static json_t *text_json(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
  return json_string(valid);
}

static json_t *time_json(gint64 wall_us)
{
  g_autoptr(GDateTime) time = wall_us != 0 ? g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC) : NULL;
  g_autofree char *text = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : NULL;
  if (!text)
    return json_string("");
  return json_sprintf("%s.%06dZ", text, (int)(wall_us % G_USEC_PER_SEC));
}

static json_t *texts_json(char *const *texts)
{
  json_t *array = json_array();
  for (guint i = 0; texts && texts[i]; i++)
    json_array_append_new(array, text_json(texts[i]));
  return array;
}

static json_t *list_json(const EvsRecord *record, const GPtrArray *list, Purpose purpose)
{
  json_t *array = json_array();
  for (guint i = 0; list && i < list->len; i++)
    json_array_append_new(array, write_record(record, list->pdata[i], purpose));
  return array;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Of any table by name; sorted, so that the same table gives the same bytes. */
static json_t *table_json(const EvsField *field, GHashTable *table, Purpose purpose)
{
  json_t *object = json_object();
  guint n = 0;
  g_autofree const char **names = table ? (const char **)g_hash_table_get_keys_as_array(table, &n) : NULL;
  if (n > 1)
    qsort(names, n, sizeof *names, compare_names);
  for (guint i = 0; i < n; i++) {
    gconstpointer value = g_hash_table_lookup(table, names[i]);
    g_autofree char *name = g_utf8_make_valid(names[i], -1);
    json_object_set_new(object, name,
                        field->kind == EVS_FIELD_MAP       ? text_json(value)
                        : field->kind == EVS_FIELD_RECORDS ? write_record(field->record, value, purpose)
                                                           : texts_json(value));
  }
  return object;
}

static json_t *number_json(const EvsField *field, gint64 number)
{
  return field->flags & EVS_FIELD_AS_TEXT ? json_sprintf("%" G_GINT64_FORMAT, number) : json_integer(number);
}

static json_t *bool_json(const EvsField *field, gboolean flag)
{
  return field->flags & EVS_FIELD_AS_TEXT ? json_string(flag ? "true" : "false") : json_boolean(flag);
}

/* Is the field given? What a request leaves out is not written. */
static gboolean is_given(const EvsField *field, gconstpointer slot)
{
  switch (field->kind) {
  case EVS_FIELD_INT:
    return *(const gint64 *)slot != 0 || (field->flags & EVS_FIELD_REQUIRED);
  case EVS_FIELD_BOOL:
    return *(const gboolean *)slot || (field->flags & EVS_FIELD_REQUIRED);
  case EVS_FIELD_TIME:
    return FALSE;
  default:
    return *(const gconstpointer *)slot || (field->flags & EVS_FIELD_ALWAYS);
  }
}

static json_t *field_json(const EvsField *field, gconstpointer slot, Purpose purpose)
{
  switch (field->kind) {
  case EVS_FIELD_TEXT:
    return text_json(*(char *const *)slot);
  case EVS_FIELD_INT:
    return number_json(field, *(const gint64 *)slot);
  case EVS_FIELD_BOOL:
    return bool_json(field, *(const gboolean *)slot);
  case EVS_FIELD_TIME:
    return time_json(*(const gint64 *)slot);
  case EVS_FIELD_TEXTS:
    return texts_json(*(char **const *)slot);
  case EVS_FIELD_RECORD:
    return *(const gconstpointer *)slot ? write_record(field->record, *(const gconstpointer *)slot, purpose)
                                        : json_null();
  case EVS_FIELD_LIST:
    return list_json(field->record, *(GPtrArray *const *)slot, purpose);
  case EVS_FIELD_MAP:
  case EVS_FIELD_RECORDS:
  case EVS_FIELD_TEXT_SETS:
    break;
  }
  return table_json(field, *(GHashTable *const *)slot, purpose);
}

/* Puts a member where the field's first name leads; objects on the way are made. Takes the member. */
static void put(json_t *root, const char *name, json_t *member)
{
  g_autofree char *path = g_strndup(name, strcspn(name, "|"));
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  if (!*path) {
    json_object_update(root, member);
    json_decref(member);
    return;
  }
  json_t *object = root;
  guint i = 0;
  for (; parts[i + 1]; i++) {
    json_t *next = json_object_get(object, parts[i]);
    if (!json_is_object(next)) {
      next = json_object();
      json_object_set_new(object, parts[i], next);
    }
    object = next;
  }
  json_object_set_new(object, parts[i], member);
}

static json_t *write_record(const EvsRecord *record, gconstpointer value, Purpose purpose)
{
  json_t *root = json_object();
  for (gsize i = 0; i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    if (field->fixed) {
      put(root, field->name, field->kind == EVS_FIELD_MAP ? json_object() : json_string(field->fixed));
      continue;
    }
    gconstpointer slot = G_STRUCT_MEMBER_P(value, field->offset);
    if (field->flags & EVS_FIELD_DERIVED || (purpose == WRITE_REQUEST && !is_given(field, slot)) ||
        (purpose == WRITE_SHOW && field->flags & EVS_FIELD_SECRET))
      continue;
    put(root, field->name, field_json(field, slot, purpose));
  }
  return root;
}

json_t *evs_record_write(const EvsRecord *record, gconstpointer value)
{
  return write_record(record, value, WRITE_REQUEST);
}

json_t *evs_record_show(const EvsRecord *record, gconstpointer value)
{
  return write_record(record, value, WRITE_SHOW);
}

/* ---- queries ---- */

static void query_texts(GString *query, const EvsField *field, char *const *texts)
{
  if (!texts || !texts[0])
    return;
  g_autoptr(GString) list = g_string_new("[");
  for (guint i = 0; texts[i]; i++) {
    if (field->flags & EVS_FIELD_REPEATED)
      evs_query_add(query, field->name, texts[i]);
    g_string_append_printf(list, "%s'%s'", i > 0 ? "," : "", texts[i]);
  }
  g_string_append_c(list, ']');
  if (!(field->flags & EVS_FIELD_REPEATED))
    evs_query_add(query, field->name, list->str);
}

static void query_field(GString *query, const EvsField *field, gconstpointer slot)
{
  if (field->kind == EVS_FIELD_TEXTS) {
    query_texts(query, field, *(char **const *)slot);
    return;
  }
  json_t *value = field_json(field, slot, WRITE_REQUEST);
  g_autofree char *text = json_is_object(value) || json_is_array(value) ? evs_json_write(json_incref(value))
                                                                        : evs_json_value_text(value);
  json_decref(value);
  evs_query_add(query, field->name, text);
}

char *evs_record_query(const EvsRecord *record, gconstpointer value)
{
  GString *query = g_string_new(NULL);
  for (gsize i = 0; i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    gconstpointer slot = G_STRUCT_MEMBER_P(value, field->offset);
    if (field->fixed)
      evs_query_add(query, field->name, field->fixed);
    else if (is_given(field, slot))
      query_field(query, field, slot);
  }
  return g_string_free(query, FALSE);
}
