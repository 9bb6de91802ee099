/* JSON to messages. A message is built with malloc throughout, so that protobuf-c can free it. */
#include "evsctl/json_message.h"

#include "base/error.h"
#include "base/text.h"

#include "google/protobuf/timestamp.pb-c.h"

/* Where in the document we are, for error texts, and how deep. */
typedef struct Place {
  const struct Place *outer;
  const char *name;
  int depth;
} Place;

static void append_place(GString *path, const Place *place)
{
  if (place->outer)
    append_place(path, place->outer);
  if (place->name && path->len > 0 && place->name[0] != '[')
    g_string_append_c(path, '.');
  if (place->name)
    g_string_append(path, place->name);
}

static gboolean refuse(const Place *place, GError **error, const char *accepted)
{
  g_autoptr(GString) path = g_string_new(NULL);
  append_place(path, place);
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field '%s': %s", path->str, accepted);
}

static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *type)
{
  ProtobufCMessage *message = g_malloc0(type->sizeof_message);
  protobuf_c_message_init(type, message);
  return message;
}

static gboolean read_integer(const json_t *json, gint64 min, gint64 max, const Place *place,
                             gint64 *ret_number, GError **error)
{
  gint64 number;
  if (json_is_integer(json))
    number = json_integer_value(json);
  else if (!json_is_string(json) ||
           !text_parse_int64(json_string_value(json), G_MININT64, G_MAXINT64, &number))
    return refuse(place, error, "not an integer; accepted is a number or a string of digits");
  if (number < min || number > max) {
    g_autofree char *range =
      g_strdup_printf("out of range; accepted is %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    return refuse(place, error, range);
  }
  *ret_number = number;
  return TRUE;
}

static gboolean read_enum(const json_t *json, const ProtobufCEnumDescriptor *type, const Place *place,
                          gint64 *ret_number, GError **error)
{
  if (json_is_integer(json))
    return read_integer(json, G_MININT32, G_MAXINT32, place, ret_number, error);
  g_autoptr(GString) known = g_string_new("not known; accepted is a number or one of");
  for (unsigned i = 0; i < type->n_values; i++) {
    if (g_strcmp0(json_string_value(json), type->values[i].name) == 0) {
      *ret_number = type->values[i].value;
      return TRUE;
    }
    g_string_append_printf(known, " %s", type->values[i].name);
  }
  return refuse(place, error, known->str);
}

static gboolean read_string(const json_t *json, const Place *place, char **ret_text, GError **error)
{
  if (!json_is_string(json))
    return refuse(place, error, "accepted is a string");
  const char *text = json_string_value(json);
  if (strlen(text) != json_string_length(json))
    return refuse(place, error, "accepted is a string without NUL");
  *ret_text = g_strdup(text);
  return TRUE;
}

static gboolean read_bytes(const json_t *json, const Place *place, ProtobufCBinaryData *ret_bytes,
                           GError **error)
{
  if (!json_is_string(json))
    return refuse(place, error, "accepted is base64 text");
  const char *text = json_string_value(json);
  ret_bytes->data = g_base64_decode(text, &ret_bytes->len);
  g_autofree char *again = g_base64_encode(ret_bytes->data, ret_bytes->len);
  return g_str_equal(again, text) || refuse(place, error, "accepted is base64 text");
}

static gboolean read_timestamp(const char *text, const Place *place, ProtobufCMessage *message,
                               GError **error)
{
  Google__Protobuf__Timestamp *time = (Google__Protobuf__Timestamp *)message;
  g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(text, NULL);
  if (!date)
    return refuse(place, error, "accepted is a time like 2026-01-31T12:00:00Z");
  time->seconds = g_date_time_to_unix(date);
  time->nanos = g_date_time_get_microsecond(date) * 1000;
  return TRUE;
}

static gboolean read_fields(const json_t *json, ProtobufCMessage *message, const Place *place,
                            GError **error);
static gboolean read_value(const json_t *json, const ProtobufCFieldDescriptor *field, void *value,
                           const Place *place, GError **error);

static gboolean read_submessage(const json_t *json, ProtobufCMessage *message, const Place *place,
                                GError **error)
{
  const ProtobufCMessageDescriptor *type = message->descriptor;
  if (json_message_is_timestamp(type) && json_is_string(json))
    return read_timestamp(json_string_value(json), place, message, error);
  if (json_message_is_wrapper(type) && !json_is_object(json))
    return read_value(json, &type->fields[0], (char *)message + type->fields[0].offset, place, error);
  return read_fields(json, message, place, error);
}

static gboolean read_number(const json_t *json, const ProtobufCFieldDescriptor *field, void *value,
                            const Place *place, GError **error)
{
  gint64 number;
  switch (json_message_value_size(field)) {
  case sizeof(gint32): {
    gboolean is_unsigned = field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_FIXED32;
    if (!read_integer(json, is_unsigned ? 0 : G_MININT32, is_unsigned ? G_MAXUINT32 : G_MAXINT32, place,
                      &number, error))
      return FALSE;
    *(guint32 *)value = (guint32)number;
    return TRUE;
  }
  default: {
    gboolean is_unsigned = field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_FIXED64;
    if (!read_integer(json, is_unsigned ? 0 : G_MININT64, G_MAXINT64, place, &number, error))
      return FALSE;
    *(gint64 *)value = number;
    return TRUE;
  }
  }
}

/* value points to the zeroed place of one value of the field's type. */
static gboolean read_value(const json_t *json, const ProtobufCFieldDescriptor *field, void *value,
                           const Place *place, GError **error)
{
  gint64 number;
  switch (field->type) {
  case PROTOBUF_C_TYPE_STRING:
    return read_string(json, place, value, error);
  case PROTOBUF_C_TYPE_BYTES:
    return read_bytes(json, place, value, error);
  case PROTOBUF_C_TYPE_BOOL:
    *(protobuf_c_boolean *)value = json_is_true(json);
    return json_is_boolean(json) || refuse(place, error, "accepted is true or false");
  case PROTOBUF_C_TYPE_ENUM:
    if (!read_enum(json, field->descriptor, place, &number, error))
      return FALSE;
    *(int *)value = (int)number;
    return TRUE;
  case PROTOBUF_C_TYPE_FLOAT:
    *(float *)value = (float)json_number_value(json);
    return json_is_number(json) || refuse(place, error, "accepted is a number");
  case PROTOBUF_C_TYPE_DOUBLE:
    *(double *)value = json_number_value(json);
    return json_is_number(json) || refuse(place, error, "accepted is a number");
  case PROTOBUF_C_TYPE_MESSAGE: {
    ProtobufCMessage *message = new_message(field->descriptor);
    *(ProtobufCMessage **)value = message;
    return read_submessage(json, message, place, error);
  }
  default:
    return read_number(json, field, value, place, error);
  }
}

static gboolean read_map(const json_t *json, const ProtobufCFieldDescriptor *field,
                         ProtobufCMessage **entries, size_t *count, const Place *place, GError **error)
{
  const ProtobufCMessageDescriptor *type = field->descriptor;
  const char *key;
  json_t *item;
  json_object_foreach((json_t *)json, key, item)
  {
    Place inner = {.outer = place, .name = key, .depth = place->depth};
    ProtobufCMessage *entry = new_message(type);
    entries[(*count)++] = entry;
    json_t *key_json = json_string(key);
    gboolean read =
      read_value(key_json, &type->fields[0], (char *)entry + type->fields[0].offset, &inner, error) &&
      read_value(item, &type->fields[1], (char *)entry + type->fields[1].offset, &inner, error);
    json_decref(key_json);
    if (!read)
      return FALSE;
  }
  return TRUE;
}

/* The count grows with each value begun, so that a message given up half-way can be freed. */
static gboolean read_repeated(const json_t *json, const ProtobufCFieldDescriptor *field,
                              ProtobufCMessage *message, const Place *place, GError **error)
{
  gboolean is_map = json_message_is_map(field);
  if (is_map ? !json_is_object(json) : !json_is_array(json))
    return refuse(place, error, is_map ? "accepted is an object" : "accepted is an array");
  size_t total = is_map ? json_object_size(json) : json_array_size(json);
  if (total == 0)
    return TRUE;
  gsize size = json_message_value_size(field);
  char *values = g_malloc0_n(total, size);
  size_t *count = (size_t *)(void *)((char *)message + field->quantifier_offset);
  *(char **)(void *)((char *)message + field->offset) = values;
  if (is_map)
    return read_map(json, field, (ProtobufCMessage **)(void *)values, count, place, error);
  for (size_t i = 0; i < total; i++) {
    g_autofree char *index = g_strdup_printf("[%zu]", i);
    Place inner = {.outer = place, .name = index, .depth = place->depth};
    (*count)++;
    if (!read_value(json_array_get(json, i), field, values + i * size, &inner, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_oneof(const json_t *json, const ProtobufCFieldDescriptor *field,
                           ProtobufCMessage *message, const Place *place, GError **error)
{
  uint32_t *chosen = (uint32_t *)(void *)((char *)message + field->quantifier_offset);
  if (*chosen != 0) {
    const ProtobufCFieldDescriptor *other =
      protobuf_c_message_descriptor_get_field(message->descriptor, *chosen);
    g_autofree char *text = g_strdup_printf("'%s' is set already; only one of them may be", other->name);
    return refuse(place, error, text);
  }
  *chosen = field->id;
  return read_value(json, field, (char *)message + field->offset, place, error);
}

static gboolean refuse_unknown(const Place *place, const ProtobufCMessageDescriptor *type, GError **error)
{
  g_autoptr(GString) known = g_string_new("");
  g_string_append_printf(known, "unknown to %s; it has", type->short_name);
  for (unsigned i = 0; i < type->n_fields; i++)
    g_string_append_printf(known, " %s", type->fields[i].name);
  if (type->n_fields == 0)
    g_string_append(known, " no fields");
  return refuse(place, error, known->str);
}

static gboolean read_fields(const json_t *json, ProtobufCMessage *message, const Place *place, GError **error)
{
  if (!json_is_object(json))
    return refuse(place, error, "accepted is an object");
  if (place->depth >= JSON_MESSAGE_MAX_DEPTH)
    return refuse(place, error, "nested too deep");
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)json, key, value)
  {
    Place inner = {.outer = place, .name = key, .depth = place->depth + 1};
    const ProtobufCFieldDescriptor *field = json_message_field(message->descriptor, key);
    if (!field)
      return refuse_unknown(&inner, message->descriptor, error);
    if (!g_str_equal(key, field->name) && json_object_get(json, field->name))
      return refuse(&inner, error, "given twice, in both spellings");
    if (json_is_null(value))
      continue;
    gboolean read;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
      read = read_repeated(value, field, message, &inner, error);
    else if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
      read = read_oneof(value, field, message, &inner, error);
    else
      read = read_value(value, field, (char *)message + field->offset, &inner, error);
    if (!read)
      return FALSE;
  }
  return TRUE;
}

ProtobufCMessage *json_message_read(const json_t *json, const ProtobufCMessageDescriptor *type,
                                    GError **error)
{
  ProtobufCMessage *message = new_message(type);
  Place top = {.name = NULL};
  if (read_fields(json, message, &top, error))
    return message;
  protobuf_c_message_free_unpacked(message, NULL);
  return NULL;
}
