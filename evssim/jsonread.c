#include "evssim/jsonread.h"

#include "base/error.h"
#include "base/text.h"

enum { FILE_MAX = 4 << 20 };

gboolean jsonread_known(const json_t *object, const char *where, const char *const *keys, GError **error)
{
  g_autoptr(GString) unknown = g_string_new(NULL);
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value)
  {
    if (!g_strv_contains(keys, key))
      g_string_append_printf(unknown, "%s'%s'", unknown->len ? ", " : "", key);
  }
  if (unknown->len == 0)
    return TRUE;
  g_autofree char *known = g_strjoinv(", ", (char **)keys);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: unknown key %s: known are %s", where,
                       unknown->str, known);
}

static json_t *value_of(const json_t *object, const char *key)
{
  json_t *value = json_object_get(object, key);
  return json_is_null(value) ? NULL : value;
}

static gboolean missing(const char *where, const char *key, GError **error)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: '%s' is missing", where, key);
}

static gboolean mistyped(const char *where, const char *key, const char *wanted, GError **error)
{
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: '%s' must be %s", where, key, wanted);
}

gboolean jsonread_string(const json_t *object, const char *where, const char *key, const char *fallback,
                         const char **ret_value, GError **error)
{
  const json_t *value = value_of(object, key);
  if (!value && !fallback)
    return missing(where, key, error);
  if (value && (!json_is_string(value) || !text_is_printable(json_string_value(value))))
    return mistyped(where, key, "a printable string", error);
  *ret_value = value ? json_string_value(value) : fallback;
  return TRUE;
}

gboolean jsonread_name(const json_t *object, const char *where, const char *key, const char *fallback,
                       const char **ret_value, GError **error)
{
  if (!jsonread_string(object, where, key, fallback, ret_value, error))
    return FALSE;
  if (value_of(object, key) && !**ret_value)
    return mistyped(where, key, "a string that is not empty", error);
  return TRUE;
}

gboolean jsonread_integer(const json_t *object, const char *where, const char *key, gint64 min, gint64 max,
                          gint64 fallback, gint64 *ret_value, GError **error)
{
  const json_t *value = value_of(object, key);
  gint64 number = value ? json_integer_value(value) : fallback;
  if (value && (!json_is_integer(value) || number < min || number > max)) {
    g_autofree char *wanted =
      g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    return mistyped(where, key, wanted, error);
  }
  *ret_value = number;
  return TRUE;
}

gboolean jsonread_number(const json_t *object, const char *where, const char *key, double min, double max,
                         double fallback, double *ret_value, GError **error)
{
  const json_t *value = value_of(object, key);
  double number = value ? json_number_value(value) : fallback;
  if (value && (!json_is_number(value) || !(number >= min && number <= max))) {
    g_autofree char *wanted = g_strdup_printf("a number from %g to %g", min, max);
    return mistyped(where, key, wanted, error);
  }
  *ret_value = number;
  return TRUE;
}

gboolean jsonread_boolean(const json_t *object, const char *where, const char *key, gboolean fallback,
                          gboolean *ret_value, GError **error)
{
  const json_t *value = value_of(object, key);
  if (value && !json_is_boolean(value))
    return mistyped(where, key, "true or false", error);
  *ret_value = value ? json_is_true(value) : fallback;
  return TRUE;
}

gboolean jsonread_choice(const json_t *object, const char *where, const char *key, const char *const *choices,
                         int fallback, int *ret_index, GError **error)
{
  const json_t *value = value_of(object, key);
  if (!value && fallback < 0)
    return missing(where, key, error);
  if (!value) {
    *ret_index = fallback;
    return TRUE;
  }
  for (int i = 0; json_is_string(value) && choices[i]; i++) {
    if (g_str_equal(choices[i], json_string_value(value))) {
      *ret_index = i;
      return TRUE;
    }
  }
  g_autofree char *list = g_strjoinv(", ", (char **)choices);
  g_autofree char *wanted = g_strdup_printf("one of %s", list);
  return mistyped(where, key, wanted, error);
}

gboolean jsonread_object(const json_t *object, const char *where, const char *key, json_t **ret_value,
                         GError **error)
{
  json_t *value = value_of(object, key);
  if (value && !json_is_object(value))
    return mistyped(where, key, "an object", error);
  *ret_value = value;
  return TRUE;
}

gboolean jsonread_array(const json_t *object, const char *where, const char *key, gsize max,
                        json_t **ret_value, GError **error)
{
  json_t *value = value_of(object, key);
  if (value && (!json_is_array(value) || json_array_size(value) > max)) {
    g_autofree char *wanted = g_strdup_printf("an array of at most %zu items", max);
    return mistyped(where, key, wanted, error);
  }
  *ret_value = value;
  return TRUE;
}

gboolean jsonread_strings(const json_t *object, const char *where, const char *key, gsize max,
                          char ***ret_value, GError **error)
{
  json_t *array;
  if (!jsonread_array(object, where, key, max, &array, error))
    return FALSE;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (gsize i = 0; i < json_array_size(array); i++) {
    const char *text = json_string_value(json_array_get(array, i));
    if (!text || !*text || !text_is_printable(text))
      return mistyped(where, key, "an array of strings that are not empty", error);
    g_strv_builder_add(builder, text);
  }
  *ret_value = g_strv_builder_end(builder);
  return TRUE;
}

json_t *jsonread_text(const char *text, gsize length, const char *what, GError **error)
{
  json_error_t fault;
  json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
  if (!object) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: no valid JSON in line %d: %s", what, fault.line,
                  fault.text);
    return NULL;
  }
  if (!json_is_object(object)) {
    json_decref(object);
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "%s: must be a JSON object", what);
    return NULL;
  }
  return object;
}

json_t *jsonread_file(const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  if (!text_read_file(path, FILE_MAX, &text, &length, error))
    return NULL;
  return jsonread_text(text, length, path, error);
}
