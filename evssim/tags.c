#include "evssim/tags.h"

enum {
  MAP_KEY_MAX_CHARS = 36,
  MAP_VALUE_MAX_CHARS = 43,
  LIST_MAX_CHARS = 64,
};

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

/* Letters, digits, '_', '-', '.' and, if wanted, the CJK ideographs. */
static gboolean is_tag_text(const char *text, glong min, glong max, gboolean chinese)
{
  glong length = text ? g_utf8_strlen(text, -1) : -1;
  if (length < min || length > max)
    return FALSE;
  for (const char *c = text; *c; c = g_utf8_next_char(c)) {
    gunichar letter = g_utf8_get_char(c);
    if (!(letter < 128 && (g_ascii_isalnum((char)letter) || strchr("_-.", (int)letter))) &&
        !(chinese && letter >= 0x4e00 && letter <= 0x9fff))
      return FALSE;
  }
  return TRUE;
}

json_t *tags_read(Request *request, const json_t *map)
{
  g_autoptr(json_t) tags = json_object();
  const char *key;
  json_t *value;
  if (map && !json_is_object(map) && !json_is_null(map)) {
    (void)refuse(request, "EVS.1018", "Type conversion error , parameter type is unexpected: tags");
    return NULL;
  }
  if (json_object_size(map) > TAGS_MAX) {
    (void)refuse(request, "EVS.1061", "The Volume Tags is Exceed Max Limit Num.");
    return NULL;
  }
  json_object_foreach((json_t *)map, key, value)
  {
    if (!is_tag_text(key, 1, MAP_KEY_MAX_CHARS, TRUE) ||
        !is_tag_text(json_string_value(value), 0, MAP_VALUE_MAX_CHARS, TRUE)) {
      (void)refuse(request, "EVS.1062", "invalid tag!");
      return NULL;
    }
    json_object_set(tags, key, value);
  }
  return g_steal_pointer(&tags);
}

/* The "tags" of the body; NULL: answered. */
static const json_t *read_list(Request *request)
{
  const json_t *list = json_object_get(request_json(request), "tags");
  if (json_is_array(list) && json_array_size(list) > 0)
    return list;
  (void)refuse(request, "EVS.5400", "Malformed request body. tags is a list that is not empty");
  return NULL;
}

static const char *member(const json_t *object, const char *key)
{
  return json_string_value(json_object_get(object, key));
}

json_t *tags_with(Request *request, const json_t *tags)
{
  const json_t *list = read_list(request), *item;
  g_autoptr(json_t) result = json_copy((json_t *)tags);
  gsize index;
  if (!list)
    return NULL;
  json_array_foreach(list, index, item)
  {
    const char *key = member(item, "key"), *value = member(item, "value");
    if (!is_tag_text(key, 1, LIST_MAX_CHARS, FALSE) || !is_tag_text(value, 1, LIST_MAX_CHARS, FALSE)) {
      (void)refuse(request, "EVS.1062", "invalid tag!");
      return NULL;
    }
    json_object_set_new(result, key, json_string(value));
  }
  if (json_object_size(result) <= TAGS_MAX)
    return g_steal_pointer(&result);
  (void)refuse(request, "EVS.1061", "The Volume Tags is Exceed Max Limit Num.");
  return NULL;
}

json_t *tags_without(Request *request, const json_t *tags)
{
  const json_t *list = read_list(request), *item;
  g_autoptr(json_t) result = json_copy((json_t *)tags);
  gsize index;
  if (!list)
    return NULL;
  json_array_foreach(list, index, item)
  {
    const char *key = member(item, "key");
    if (!key) {
      (void)refuse(request, "EVS.1062", "invalid tag!");
      return NULL;
    }
    json_object_del(result, key);
  }
  return g_steal_pointer(&result);
}

json_t *tags_render(const json_t *tags)
{
  json_t *list = json_array(), *value;
  const char *key;
  json_object_foreach((json_t *)tags, key, value)
    json_array_append_new(list, json_pack("{s:s, s:O}", "key", key, "value", value));
  return list;
}

gboolean tags_have(const json_t *array, const json_t *item)
{
  gsize index;
  json_t *other;
  json_array_foreach(array, index, other)
  {
    if (json_equal(other, item))
      return TRUE;
  }
  return FALSE;
}

void tags_collect(json_t *all, const json_t *tags)
{
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)tags, key, value)
  {
    if (!json_object_get(all, key))
      json_object_set_new(all, key, json_array());
    if (!tags_have(json_object_get(all, key), value))
      json_array_append(json_object_get(all, key), value);
  }
}
