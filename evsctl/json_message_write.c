/* Messages to JSON. */
#include "evsctl/json_message.h"

#include "google/protobuf/timestamp.pb-c.h"

enum { NANOSECONDS = 1000000000 };

static json_t *text_json(const char *text)
{
  json_t *value = json_string(text);
  if (value)
    return value;
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  return json_string(valid);
}

static json_t *enum_json(const ProtobufCEnumDescriptor *type, int number)
{
  const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
  return value ? json_string(value->name) : json_integer(number);
}

static json_t *bytes_json(const ProtobufCBinaryData *bytes)
{
  g_autofree char *text = g_base64_encode(bytes->data, bytes->len);
  return json_string(text);
}

/* RFC 3339 with as many decimals as are needed; an instant outside the years 1..9999 shows its fields instead. */
static json_t *timestamp_json(const Google__Protobuf__Timestamp *time)
{
  g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time->seconds);
  if (!date || time->nanos < 0 || time->nanos >= NANOSECONDS)
    return json_pack("{s:I, s:i}", "seconds", (json_int_t)time->seconds, "nanos", (int)time->nanos);
  g_autofree char *whole = g_date_time_format(date, "%Y-%m-%dT%H:%M:%S");
  GString *text = g_string_new(whole);
  if (time->nanos != 0) {
    g_string_append_printf(text, ".%09d", time->nanos);
    while (text->str[text->len - 1] == '0')
      g_string_truncate(text, text->len - 1);
  }
  g_string_append_c(text, 'Z');
  json_t *value = json_string(text->str);
  g_string_free(text, TRUE);
  return value;
}

static json_t *value_json(const ProtobufCFieldDescriptor *field, const void *value);

static json_t *submessage_json(const ProtobufCMessage *message)
{
  if (!message)
    return json_null();
  if (json_message_is_timestamp(message->descriptor))
    return timestamp_json((const Google__Protobuf__Timestamp *)message);
  if (json_message_is_wrapper(message->descriptor)) {
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[0];
    return value_json(field, (const char *)message + field->offset);
  }
  return json_message_write(message);
}

/* value points to one value of the field's type. */
static json_t *value_json(const ProtobufCFieldDescriptor *field, const void *value)
{
  switch (field->type) {
  case PROTOBUF_C_TYPE_INT32:
  case PROTOBUF_C_TYPE_SINT32:
  case PROTOBUF_C_TYPE_SFIXED32:
    return json_integer(*(const int32_t *)value);
  case PROTOBUF_C_TYPE_UINT32:
  case PROTOBUF_C_TYPE_FIXED32:
    return json_integer(*(const uint32_t *)value);
  case PROTOBUF_C_TYPE_INT64:
  case PROTOBUF_C_TYPE_SINT64:
  case PROTOBUF_C_TYPE_SFIXED64:
  case PROTOBUF_C_TYPE_UINT64:
  case PROTOBUF_C_TYPE_FIXED64:
    return json_integer(*(const int64_t *)value);
  case PROTOBUF_C_TYPE_FLOAT:
    return json_real((double)*(const float *)value);
  case PROTOBUF_C_TYPE_DOUBLE:
    return json_real(*(const double *)value);
  case PROTOBUF_C_TYPE_BOOL:
    return json_boolean(*(const protobuf_c_boolean *)value);
  case PROTOBUF_C_TYPE_ENUM:
    return enum_json(field->descriptor, *(const int *)value);
  case PROTOBUF_C_TYPE_STRING:
    return text_json(*(char *const *)value ? *(char *const *)value : "");
  case PROTOBUF_C_TYPE_BYTES:
    return bytes_json(value);
  case PROTOBUF_C_TYPE_MESSAGE:
    return submessage_json(*(ProtobufCMessage *const *)value);
  }
  g_assert_not_reached();
}

/* TRUE if a field of its own (no oneof, not repeated) has the value that proto3 does not send. */
static gboolean is_default(const ProtobufCFieldDescriptor *field, const void *value)
{
  static const char zeros[sizeof(ProtobufCBinaryData)];
  if (field->type == PROTOBUF_C_TYPE_STRING) {
    const char *text = *(char *const *)value;
    return !text || !*text;
  }
  if (field->type == PROTOBUF_C_TYPE_BYTES)
    return ((const ProtobufCBinaryData *)value)->len == 0;
  return memcmp(value, zeros, json_message_value_size(field)) == 0;
}

/* The key of a map entry as text. */
static char *map_key(const ProtobufCFieldDescriptor *field, const void *value)
{
  json_t *key = value_json(field, value);
  char *text;
  if (json_is_string(key)) {
    text = g_strdup(json_string_value(key));
  } else {
    char *dumped = json_dumps(key, JSON_ENCODE_ANY);
    text = g_strdup(dumped);
    free(dumped);
  }
  json_decref(key);
  return text;
}

static json_t *map_json(ProtobufCMessage *const *entries, size_t count)
{
  json_t *map = json_object();
  for (size_t i = 0; i < count; i++) { /* of equal keys the last wins */
    const ProtobufCFieldDescriptor *fields = entries[i]->descriptor->fields;
    g_autofree char *key = map_key(&fields[0], (const char *)entries[i] + fields[0].offset);
    json_object_set_new(map, key, value_json(&fields[1], (const char *)entries[i] + fields[1].offset));
  }
  return map;
}

static json_t *repeated_json(const ProtobufCFieldDescriptor *field, const char *values, size_t count)
{
  if (json_message_is_map(field))
    return map_json((ProtobufCMessage *const *)(const void *)values, count);
  json_t *list = json_array();
  gsize size = json_message_value_size(field);
  for (size_t i = 0; i < count; i++)
    json_array_append_new(list, value_json(field, values + i * size));
  return list;
}

json_t *json_message_write(const ProtobufCMessage *message)
{
  json_t *object = json_object();
  const char *base = (const char *)message;
  for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
    const void *value = base + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
      size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
      if (count > 0)
        json_object_set_new(object, field->name, repeated_json(field, *(char *const *)value, count));
    } else if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
      if (*(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id)
        json_object_set_new(object, field->name, value_json(field, value));
    } else if (!is_default(field, value)) {
      json_object_set_new(object, field->name, value_json(field, value));
    }
  }
  return object;
}
