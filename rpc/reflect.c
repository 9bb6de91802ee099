#include "rpc/reflect.h"

gsize reflect_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
  const void *quantifier = (const char *)message + field->quantifier_offset;
  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    return *(const size_t *)quantifier;
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && *(const guint32 *)quantifier != field->id)
    return 0;
  if (field->type == PROTOBUF_C_TYPE_MESSAGE)
    return *(ProtobufCMessage *const *)reflect_member(message, field) ? 1 : 0;
  if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0 &&
      !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
    return *(const protobuf_c_boolean *)quantifier ? 1 : 0;
  return 1;
}

gsize reflect_element_size(const ProtobufCFieldDescriptor *field)
{
  switch (field->type) {
  case PROTOBUF_C_TYPE_INT64:
  case PROTOBUF_C_TYPE_SINT64:
  case PROTOBUF_C_TYPE_SFIXED64:
  case PROTOBUF_C_TYPE_UINT64:
  case PROTOBUF_C_TYPE_FIXED64:
  case PROTOBUF_C_TYPE_DOUBLE:
    return 8;
  case PROTOBUF_C_TYPE_STRING:
  case PROTOBUF_C_TYPE_MESSAGE:
    return sizeof(void *);
  case PROTOBUF_C_TYPE_BYTES:
    return sizeof(ProtobufCBinaryData);
  case PROTOBUF_C_TYPE_BOOL:
    return sizeof(protobuf_c_boolean);
  default: /* 32-bit integers, float, enum */
    return 4;
  }
}

const void *reflect_element(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                            gsize index)
{
  const void *member = reflect_member(message, field);
  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    return *(const char *const *)member + index * reflect_element_size(field);
  return member;
}

gboolean reflect_is_map(const ProtobufCFieldDescriptor *field)
{
  if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
    return FALSE;
  const ProtobufCMessageDescriptor *entry = field->descriptor;
  return entry->n_fields == 2 && g_str_has_suffix(entry->name, "Entry") && entry->fields[0].id == 1 &&
         g_str_equal(entry->fields[0].name, "key") && entry->fields[1].id == 2 &&
         g_str_equal(entry->fields[1].name, "value");
}
