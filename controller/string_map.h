/* The map<string,string> fields of CSI messages: protobuf-c generates one entry type per field, all of one layout
 * (checked at compile time in string_map.c for the fields used here). A view belongs to its message. */
#pragma once

#include <glib.h>
#include <protobuf-c/protobuf-c.h>

typedef struct {
  ProtobufCMessage base;
  char *key;
  char *value;
} StringMapEntry;

typedef struct {
  const StringMapEntry *const *entries;
  gsize count;
} StringMap;

/* The view of a map field: STRING_MAP(request, parameters). */
#define STRING_MAP(message, field)                                                                           \
  ((StringMap){.entries = (const StringMapEntry *const *)(void *)(message)->field,                           \
               .count = (message)->n_##field})

/* The value of a key, or NULL. The wire may repeat a key: the last one counts, as protobuf demands. */
const char *string_map_get(StringMap map, const char *key);

/* Appends a copy of the pair to a map field of a message under construction:
 *     STRING_MAP_ADD(volume, volume_context, csi__v1__volume__volume_context_entry__descriptor, "k", "v");  */
#define STRING_MAP_ADD(message, field, descriptor, key, value)                                               \
  ((message)->field = string_map_grow((message)->field, &(message)->n_##field, &(descriptor), key, value))

/* For the macro: returns the array with one more entry, of the entry type that the descriptor names. */
void *string_map_grow(void *entries, size_t *count, const ProtobufCMessageDescriptor *descriptor,
                      const char *key, const char *value);
