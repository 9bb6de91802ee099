#include "evsclient/json.h"

#include "base/text.h"

static gboolean is_too_deep(const char *text, gsize length)
{
  int depth = 0;
  gboolean in_string = FALSE;
  for (gsize i = 0; i < length; i++) {
    char c = text[i];
    if (in_string && c == '\\')
      i++;
    else if (c == '"')
      in_string = !in_string;
    else if (!in_string && (c == '[' || c == '{') && ++depth > JSON_MAX_DEPTH)
      return TRUE;
    else if (!in_string && (c == ']' || c == '}'))
      depth--;
  }
  return FALSE;
}

/* One disk with a name that was cut within a character, or with a number out of this world, must not make the whole list
 * unreadable: what the parser refuses for such a reason is read once more, mended or with its integers as reals. */
static json_t *parse_leniently(const char *text, gsize length, const json_error_t *problem)
{
  switch (json_error_code(problem)) {
  case json_error_invalid_utf8: {
    g_autofree char *mended = g_utf8_make_valid(text, (gssize)length);
    return json_loads(mended, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
  }
  case json_error_numeric_overflow:
    return json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
  default:
    return NULL;
  }
}

json_t *evs_json_parse(const char *text, gsize length)
{
  json_error_t problem;
  if (!text || is_too_deep(text, length))
    return NULL;
  json_t *value = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
  return value ? value : parse_leniently(text, length, &problem);
}

char *evs_json_value_text(const json_t *value)
{
  switch (value ? json_typeof(value) : JSON_NULL) {
  case JSON_STRING:
    return g_strdup(json_string_value(value));
  case JSON_INTEGER:
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
  case JSON_REAL: {
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_dtostr(number, sizeof number, json_real_value(value)));
  }
  case JSON_TRUE:
    return g_strdup("true");
  case JSON_FALSE:
    return g_strdup("false");
  default:
    return g_strdup("");
  }
}

char *evs_json_text(const json_t *object, const char *key)
{
  return evs_json_value_text(json_object_get(object, key));
}

gint64 evs_json_value_int(const json_t *value, gint64 absent)
{
  if (json_is_integer(value))
    return json_integer_value(value);
  if (json_is_real(value) && ABS(json_real_value(value)) < 1e15)
    return (gint64)json_real_value(value);
  if (!json_is_string(value))
    return absent;
  g_autofree char *text = g_strstrip(g_strdup(json_string_value(value)));
  gint64 number;
  return text_parse_int64(text, G_MININT64, G_MAXINT64, &number) ? number : absent;
}

gint64 evs_json_int(const json_t *object, const char *key, gint64 absent)
{
  return evs_json_value_int(json_object_get(object, key), absent);
}

gboolean evs_json_value_bool(const json_t *value, gboolean absent)
{
  gboolean flag;
  if (json_is_boolean(value))
    return json_is_true(value);
  if (json_is_integer(value))
    return json_integer_value(value) != 0;
  return json_is_string(value) && text_parse_bool(json_string_value(value), &flag) ? flag : absent;
}

gboolean evs_json_bool(const json_t *object, const char *key, gboolean absent)
{
  return evs_json_value_bool(json_object_get(object, key), absent);
}

GHashTable *evs_json_map(const json_t *object, const char *key)
{
  GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  json_t *source = json_object_get(object, key);
  const char *name;
  json_t *value;
  json_object_foreach(source, name, value)
  {
    g_hash_table_insert(map, g_strdup(name), evs_json_value_text(value));
  }
  return map;
}

GHashTable *evs_json_map_copy(GHashTable *map)
{
  GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iterator;
  gpointer key, value;
  g_hash_table_iter_init(&iterator, map);
  while (g_hash_table_iter_next(&iterator, &key, &value))
    g_hash_table_insert(copy, g_strdup(key), g_strdup(value));
  return copy;
}

gint64 evs_json_time(const char *text)
{
  if (!text || !*text)
    return 0;
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autofree char *upper = g_ascii_strup(text, -1);
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(upper, utc);
  if (!time)
    return 0;
  return g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
}

void evs_json_set_text(json_t *object, const char *key, const char *value)
{
  if (!value)
    return;
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  json_object_set_new(object, key, json_string(valid));
}

void evs_json_set_int(json_t *object, const char *key, gint64 value)
{
  if (value != 0)
    json_object_set_new(object, key, json_integer(value));
}

void evs_json_set_map(json_t *object, const char *key, GHashTable *map)
{
  if (!map)
    return;
  json_t *target = json_object();
  GHashTableIter iterator;
  gpointer name, value;
  g_hash_table_iter_init(&iterator, map);
  while (g_hash_table_iter_next(&iterator, &name, &value))
    evs_json_set_text(target, name, value);
  json_object_set_new(object, key, target);
}

char *evs_json_write(json_t *value)
{
  char *dumped = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
  char *text = g_strdup(dumped);
  if (dumped)
    explicit_bzero(dumped, strlen(dumped));
  free(dumped);
  json_decref(value);
  return text;
}
