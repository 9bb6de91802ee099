#include "rpc/redact.h"

#include "base/text.h"
#include "csi_redact.h"
#include "rpc/reflect.h"

static int compare_secret(const void *key, const void *row)
{
  const CsiSecretField *wanted = key, *found = row;
  int order = strcmp(wanted->message, found->message);
  return order ? order : strcmp(wanted->field, found->field);
}

gboolean rpc_field_is_secret(const char *message, const char *field)
{
  CsiSecretField key = {message, field};
  return bsearch(&key, csi_secret_fields, csi_secret_fields_count, sizeof key, compare_secret) != NULL;
}

static void append_message(GString *out, const ProtobufCMessage *message);

static void append_enum(GString *out, const ProtobufCEnumDescriptor *descriptor, int number)
{
  const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
  if (value)
    g_string_append_printf(out, "\"%s\"", value->name);
  else
    g_string_append_printf(out, "%d", number);
}

static void append_element(GString *out, const ProtobufCFieldDescriptor *field, const void *element)
{
  switch (field->type) {
  case PROTOBUF_C_TYPE_STRING:
    text_append_json(out, *(const char *const *)element);
    break;
  case PROTOBUF_C_TYPE_MESSAGE:
    append_message(out, *(const ProtobufCMessage *const *)element);
    break;
  case PROTOBUF_C_TYPE_BOOL:
    g_string_append(out, *(const protobuf_c_boolean *)element ? "true" : "false");
    break;
  case PROTOBUF_C_TYPE_ENUM:
    append_enum(out, field->descriptor, *(const int *)element);
    break;
  case PROTOBUF_C_TYPE_INT64:
    g_string_append_printf(out, "%" G_GINT64_FORMAT, *(const gint64 *)element);
    break;
  case PROTOBUF_C_TYPE_INT32:
    g_string_append_printf(out, "%" G_GINT32_FORMAT, *(const gint32 *)element);
    break;
  default: /* CSI has no other type in a request */
    g_string_append_printf(out, "\"<%u bytes>\"", (unsigned)reflect_element_size(field));
  }
}

/* proto3 does not send defaults: a zero scalar outside a oneof is an unset one. */
static gboolean is_default(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
  static const guint8 zeros[8];
  gsize size = reflect_element_size(field);
  const void *element = reflect_element(message, field, 0);
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF || field->type == PROTOBUF_C_TYPE_MESSAGE)
    return FALSE;
  if (field->type == PROTOBUF_C_TYPE_STRING) {
    const char *text = *(const char *const *)element;
    return !text || !*text;
  }
  return size <= sizeof zeros && memcmp(element, zeros, size) == 0;
}

static void append_field(GString *out, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
  gsize count = reflect_count(message, field);
  gboolean repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
  if (count == 0 || (!repeated && is_default(message, field)))
    return;
  g_string_append_printf(out, "%s\"%s\":", out->str[out->len - 1] == '{' ? "" : ",", field->name);
  if (rpc_field_is_secret(message->descriptor->name, field->name)) {
    g_string_append(out, "\"***\"");
    return;
  }
  if (repeated)
    g_string_append_c(out, '[');
  for (gsize i = 0; i < count && out->len <= RPC_REDACT_MAX_BYTES; i++) {
    if (i > 0)
      g_string_append_c(out, ',');
    append_element(out, field, reflect_element(message, field, i));
  }
  if (repeated)
    g_string_append_c(out, ']');
}

static void append_message(GString *out, const ProtobufCMessage *message)
{
  g_string_append_c(out, '{');
  for (unsigned i = 0; i < message->descriptor->n_fields && out->len <= RPC_REDACT_MAX_BYTES; i++)
    append_field(out, message, &message->descriptor->fields[i]);
  g_string_append_c(out, '}');
}

char *rpc_redact(const ProtobufCMessage *message)
{
  g_autoptr(GString) out = g_string_new(NULL);
  append_message(out, message);
  if (out->len > RPC_REDACT_MAX_BYTES) {
    g_string_truncate(out, RPC_REDACT_MAX_BYTES);
    g_string_append(out, "...");
  }
  return g_utf8_make_valid(out->str, (gssize)out->len);
}
