#include "evssim/pairs.h"

enum {
  LENGTH_MAX_BYTES = 255,
  LENGTH_MAX_CHARS = 85,
  SUM_MAX_BYTES = 1 << 20,
};

static gboolean refuse(Request *request, const char *code, const char *message)
{
  reply_error(request, 400, code, "%s", message);
  return FALSE;
}

/* NULL for what is no text, or cannot be made one. Newly allocated. */
static char *text_of(const json_t *value, PairsRule rule)
{
  if (json_is_string(value))
    return g_strdup(json_string_value(value));
  if (rule != PAIRS_OF_NEW_DISK)
    return NULL;
  if (json_is_boolean(value))
    return g_strdup(json_is_true(value) ? "true" : "false");
  return json_is_integer(value) ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value)) : NULL;
}

static gboolean is_short(const char *text, PairsRule rule)
{
  return rule == PAIRS_OF_OPERATION ? g_utf8_strlen(text, -1) <= LENGTH_MAX_CHARS
                                    : strlen(text) <= LENGTH_MAX_BYTES;
}

static gboolean check_pair(Request *request, const char *key, const char *text, PairsRule rule)
{
  if (!text && rule == PAIRS_OF_NEW_DISK)
    return refuse(request, "EVS.1018", "Type conversion error , parameter type is unexpected: metadata");
  if (text && *key && is_short(key, rule) && is_short(text, rule))
    return TRUE;
  return refuse(request, "EVS.5400",
                rule == PAIRS_OF_OPERATION
                  ? "Malformed request body. metadata keys and values are texts of at most 85 characters"
                  : "Malformed request body. metadata keys and values are texts of at most 255 bytes");
}

json_t *pairs_read(Request *request, const json_t *object, PairsRule rule)
{
  g_autoptr(json_t) pairs = json_object();
  const char *key;
  json_t *value;
  gsize bytes = 0;
  if (object && !json_is_object(object) && !json_is_null(object)) {
    (void)refuse(request, "EVS.1018", "Type conversion error , parameter type is unexpected: metadata");
    return NULL;
  }
  json_object_foreach((json_t *)object, key, value)
  {
    g_autofree char *text = text_of(value, rule);
    if (!check_pair(request, key, text, rule))
      return NULL;
    bytes += strlen(key) + strlen(text);
    json_object_set_new(pairs, key, json_string(text));
  }
  if (bytes >= SUM_MAX_BYTES) {
    (void)refuse(request, "EVS.1005", "size of metadata is too large!");
    return NULL;
  }
  return g_steal_pointer(&pairs);
}

gboolean pairs_is_fixed(const char *key)
{
  static const char *const fixed[] = {"hw:passthrough", "full_clone", "orderID", NULL};
  return g_strv_contains(fixed, key) || g_str_has_prefix(key, "__system");
}

gboolean pairs_apply(Request *request, json_t **target, const json_t *pairs, gboolean replace)
{
  g_autoptr(json_t) result = json_object();
  const char *key;
  json_t *value;
  json_object_foreach(*target, key, value)
  {
    if (!replace || pairs_is_fixed(key))
      json_object_set(result, key, value);
  }
  json_object_foreach((json_t *)pairs, key, value)
  {
    if (pairs_is_fixed(key) && !json_equal(json_object_get(*target, key), value))
      return refuse(request, "EVS.2047", "the metadata Param is not allowed to be updated!");
    json_object_set(result, key, value);
  }
  json_decref(*target);
  *target = g_steal_pointer(&result);
  return TRUE;
}
