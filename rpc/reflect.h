/* What fingerprint.c, redact.c and log_call.c need to walk a protobuf-c message by its descriptor. */
#pragma once

#include <glib.h>
#include <protobuf-c/protobuf-c.h>

/* Where field's value (or, repeated: the pointer to its array) stands in the message. */
static inline const void *reflect_member(const ProtobufCMessage *message,
                                         const ProtobufCFieldDescriptor *field)
{
  return (const char *)message + field->offset;
}

/* Elements of the field that are set: for repeated ones their number, for others 0 or 1. A proto3 scalar or string
 * outside a oneof counts as set. */
gsize reflect_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Address of element `index` < reflect_count(): of the scalar, of the char *, of the ProtobufCMessage *. */
const void *reflect_element(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                            gsize index);

/* Bytes of one element in its array. */
gsize reflect_element_size(const ProtobufCFieldDescriptor *field);

/* TRUE if the field is a map: protobuf-c shows it as a repeated message ...Entry {key = 1, value = 2}. */
gboolean reflect_is_map(const ProtobufCFieldDescriptor *field);
