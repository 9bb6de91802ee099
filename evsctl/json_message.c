/* What reading and writing share, and the template. */
#include "evsctl/json_message.h"

static char *camel_case(const char *name)
{
  GString *out = g_string_new(NULL);
  for (const char *c = name; *c; c++) {
    if (*c == '_' && c[1])
      g_string_append_c(out, g_ascii_toupper(*++c));
    else
      g_string_append_c(out, *c);
  }
  return g_string_free(out, FALSE);
}

const ProtobufCFieldDescriptor *json_message_field(const ProtobufCMessageDescriptor *type, const char *name)
{
  for (unsigned i = 0; i < type->n_fields; i++) {
    if (g_str_equal(type->fields[i].name, name))
      return &type->fields[i];
    g_autofree char *camel = camel_case(type->fields[i].name);
    if (g_str_equal(camel, name))
      return &type->fields[i];
  }
  return NULL;
}

gboolean json_message_is_map(const ProtobufCFieldDescriptor *field)
{
  if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
    return FALSE;
  const ProtobufCMessageDescriptor *entry = field->descriptor;
  return g_str_has_suffix(entry->short_name, "Entry") && entry->n_fields == 2 &&
         g_str_equal(entry->fields[0].name, "key") && g_str_equal(entry->fields[1].name, "value");
}

gboolean json_message_is_wrapper(const ProtobufCMessageDescriptor *type)
{
  return g_str_has_prefix(type->name, "google.protobuf.") && g_str_has_suffix(type->name, "Value") &&
         type->n_fields == 1 && g_str_equal(type->fields[0].name, "value");
}

gboolean json_message_is_timestamp(const ProtobufCMessageDescriptor *type)
{
  return g_str_equal(type->name, "google.protobuf.Timestamp");
}

gsize json_message_value_size(const ProtobufCFieldDescriptor *field)
{
  switch (field->type) {
  case PROTOBUF_C_TYPE_INT32:
  case PROTOBUF_C_TYPE_SINT32:
  case PROTOBUF_C_TYPE_SFIXED32:
  case PROTOBUF_C_TYPE_UINT32:
  case PROTOBUF_C_TYPE_FIXED32:
  case PROTOBUF_C_TYPE_FLOAT:
  case PROTOBUF_C_TYPE_ENUM:
    return 4;
  case PROTOBUF_C_TYPE_INT64:
  case PROTOBUF_C_TYPE_SINT64:
  case PROTOBUF_C_TYPE_SFIXED64:
  case PROTOBUF_C_TYPE_UINT64:
  case PROTOBUF_C_TYPE_FIXED64:
  case PROTOBUF_C_TYPE_DOUBLE:
    return 8;
  case PROTOBUF_C_TYPE_BOOL:
    return sizeof(protobuf_c_boolean);
  case PROTOBUF_C_TYPE_BYTES:
    return sizeof(ProtobufCBinaryData);
  case PROTOBUF_C_TYPE_STRING:
  case PROTOBUF_C_TYPE_MESSAGE:
    return sizeof(void *);
  }
  g_assert_not_reached();
}

/* ---- template ---- */

static json_t *message_shape(const ProtobufCMessageDescriptor *type, int depth);

static json_t *enum_shape(const ProtobufCEnumDescriptor *type)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (unsigned i = 0; i < type->n_values; i++)
    g_string_append_printf(names, "%s%s", i ? "|" : "", type->values[i].name);
  return json_string(names->str);
}

static json_t *value_shape(const ProtobufCFieldDescriptor *field, int depth)
{
  static const char *const names[] = {
    [PROTOBUF_C_TYPE_INT32] = "int32",     [PROTOBUF_C_TYPE_SINT32] = "int32",
    [PROTOBUF_C_TYPE_SFIXED32] = "int32",  [PROTOBUF_C_TYPE_INT64] = "int64",
    [PROTOBUF_C_TYPE_SINT64] = "int64",    [PROTOBUF_C_TYPE_SFIXED64] = "int64",
    [PROTOBUF_C_TYPE_UINT32] = "uint32",   [PROTOBUF_C_TYPE_FIXED32] = "uint32",
    [PROTOBUF_C_TYPE_UINT64] = "uint64",   [PROTOBUF_C_TYPE_FIXED64] = "uint64",
    [PROTOBUF_C_TYPE_FLOAT] = "float",     [PROTOBUF_C_TYPE_DOUBLE] = "double",
    [PROTOBUF_C_TYPE_BOOL] = "true|false", [PROTOBUF_C_TYPE_STRING] = "string",
    [PROTOBUF_C_TYPE_BYTES] = "base64",
  };
  if (field->type == PROTOBUF_C_TYPE_ENUM)
    return enum_shape(field->descriptor);
  if (field->type != PROTOBUF_C_TYPE_MESSAGE)
    return json_string(names[field->type]);
  const ProtobufCMessageDescriptor *type = field->descriptor;
  if (json_message_is_timestamp(type))
    return json_string("2026-01-31T12:00:00Z");
  if (json_message_is_wrapper(type))
    return value_shape(&type->fields[0], depth);
  return depth < JSON_MESSAGE_MAX_DEPTH ? message_shape(type, depth + 1) : json_object();
}

static json_t *field_shape(const ProtobufCFieldDescriptor *field, int depth)
{
  if (json_message_is_map(field)) {
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    json_t *map = json_object();
    json_object_set_new(map, "KEY", value_shape(&entry->fields[1], depth));
    return map;
  }
  json_t *value = value_shape(field, depth);
  if (field->label != PROTOBUF_C_LABEL_REPEATED)
    return value;
  json_t *list = json_array();
  json_array_append_new(list, value);
  return list;
}

/* Members of one oneof share the place of their case number. */
static char *oneof_names(const ProtobufCMessageDescriptor *type, unsigned first)
{
  GString *names = g_string_new(NULL);
  for (unsigned i = 0; i < type->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &type->fields[i];
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
        field->quantifier_offset != type->fields[first].quantifier_offset)
      continue;
    if (i < first) { /* listed already */
      g_string_free(names, TRUE);
      return NULL;
    }
    g_string_append_printf(names, "%s%s", names->len ? ", " : "", field->name);
  }
  return g_string_free(names, FALSE);
}

static json_t *message_shape(const ProtobufCMessageDescriptor *type, int depth)
{
  json_t *object = json_object();
  for (unsigned i = 0; i < type->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &type->fields[i];
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
      g_autofree char *names = oneof_names(type, i);
      g_autofree char *key = g_strdup_printf("oneof %s", names);
      if (names)
        json_object_set_new(object, key, json_string("one of these at most"));
    }
    json_object_set_new(object, field->name, field_shape(field, depth));
  }
  return object;
}

json_t *json_message_template(const ProtobufCMessageDescriptor *type)
{
  return message_shape(type, 0);
}
