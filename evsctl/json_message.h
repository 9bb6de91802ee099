/* JSON <-> protobuf-c messages by their descriptors, after proto3's JSON mapping
 * (https://protobuf.dev/programming-guides/json/).
 *
 * Reading accepts field names as in the .proto file and in lowerCamelCase; 64-bit integers as numbers or strings;
 * enums by name or number; maps as objects; bytes as base64; null as "not set"; google.protobuf wrappers as their
 * plain value and Timestamp as RFC 3339 text (both also as objects of their fields). At most one member of a oneof.
 * An unknown field is an error that lists the known ones.
 * Writing uses the names of the .proto file, leaves out fields with default values (a set member of a oneof and a set
 * message are always shown), 64-bit integers as numbers, enums by name (a number that has none as number).
 *
 * Limits: messages nest at most JSON_MESSAGE_MAX_DEPTH deep. Any thread.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

enum { JSON_MESSAGE_MAX_DEPTH = 32 };

/* The message (protobuf_c_message_free_unpacked(m, NULL)), or NULL with INVALID_ARGUMENT naming the field by its path
 * and what is accepted there. */
ProtobufCMessage *json_message_read(const json_t *json, const ProtobufCMessageDescriptor *type,
                                    GError **error);

/* A new JSON object (json_decref). Text that is no UTF-8 is shown with U+FFFD. */
json_t *json_message_write(const ProtobufCMessage *message);

/* The shape of a type: every field with a value that says what belongs there ("string", "int64", "A|B" for an enum),
 * members of a oneof marked by a key "oneof ..." that lists them. For people (json_decref). */
json_t *json_message_template(const ProtobufCMessageDescriptor *type);

/* ---- shared by the files of this module ---- */

/* "volume_id" for both "volume_id" and "volumeId"; NULL when the type has no such field. */
const ProtobufCFieldDescriptor *json_message_field(const ProtobufCMessageDescriptor *type, const char *name);

/* TRUE for the entry type of a map field: repeated message of exactly "key" = 1 and "value" = 2, named ...Entry. */
gboolean json_message_is_map(const ProtobufCFieldDescriptor *field);

/* TRUE for google.protobuf.BoolValue and its like: a single field "value". */
gboolean json_message_is_wrapper(const ProtobufCMessageDescriptor *type);
gboolean json_message_is_timestamp(const ProtobufCMessageDescriptor *type);

/* Size in memory of one value of a field's type. */
gsize json_message_value_size(const ProtobufCFieldDescriptor *field);
