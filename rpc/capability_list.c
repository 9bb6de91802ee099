#include "rpc/capability_list.h"

static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *type)
{
  ProtobufCMessage *message = g_malloc0(type->sizeof_message);
  protobuf_c_message_init(type, message);
  return message;
}

static void *member(ProtobufCMessage *message, unsigned offset)
{
  return (guint8 *)message + offset;
}

static ProtobufCMessage *new_capability(const ProtobufCMessageDescriptor *type, int value)
{
  const ProtobufCFieldDescriptor *kind = protobuf_c_message_descriptor_get_field(type, 1);
  g_assert(kind && kind->type == PROTOBUF_C_TYPE_MESSAGE && (kind->flags & PROTOBUF_C_FIELD_FLAG_ONEOF));
  const ProtobufCFieldDescriptor *which = protobuf_c_message_descriptor_get_field(kind->descriptor, 1);
  g_assert(which && which->type == PROTOBUF_C_TYPE_ENUM && which->label != PROTOBUF_C_LABEL_REPEATED);
  ProtobufCMessage *capability = new_message(type), *inner = new_message(kind->descriptor);
  *(int *)member(inner, which->offset) = value;
  *(ProtobufCMessage **)member(capability, kind->offset) = inner;
  *(int *)member(capability, kind->quantifier_offset) = (int)kind->id;
  return capability;
}

ProtobufCMessage **capability_list(const ProtobufCMessageDescriptor *type, const CapabilityRow *rows,
                                   gsize n_rows, const FeatureGates *gates, gsize *ret_count)
{
  ProtobufCMessage **list = g_new0(ProtobufCMessage *, n_rows);
  *ret_count = 0;
  for (gsize i = 0; i < n_rows; i++)
    if (!rows[i].gate || rows[i].gate(gates))
      list[(*ret_count)++] = new_capability(type, rows[i].type);
  return list;
}
