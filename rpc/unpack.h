/* From bytes of the wire to a checked protobuf-c message, within a memory ceiling.
 *
 * protobuf-c itself cuts strings at an embedded NUL, takes any bytes for UTF-8 and allocates what the bytes make it
 * allocate; so the bytes are walked first, along the descriptor. */
#pragma once

#include <glib.h>
#include <protobuf-c/protobuf-c.h>

enum {
  RPC_UNPACK_MAX_BYTES = 16 * 1024 * 1024, /* memory of one unpacked request */
};

/* Returns the message, to be freed with protobuf_c_message_free_unpacked(message, NULL).
 * INVALID_ARGUMENT naming the message type for malformed bytes, naming the field ("volume_capability.mount.fs_type")
 * for a string with an embedded NUL or invalid UTF-8; RESOURCE_EXHAUSTED above max_bytes of memory. */
ProtobufCMessage *rpc_unpack(const ProtobufCMessageDescriptor *descriptor, const guint8 *bytes, gsize length,
                             gsize max_bytes, GError **error);
