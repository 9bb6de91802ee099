#include "rpc/fingerprint.h"

#include "rpc/reflect.h"

/* Everything of variable length goes in with its length before it, so that no two messages share a form. */
static void add_number(GChecksum *sum, guint64 number)
{
  guint64 little = GUINT64_TO_LE(number);
  g_checksum_update(sum, (const guchar *)&little, sizeof little);
}

static void add_bytes(GChecksum *sum, const void *bytes, gsize length)
{
  add_number(sum, length);
  g_checksum_update(sum, bytes, (gssize)length);
}

static void add_text(GChecksum *sum, const char *text)
{
  add_bytes(sum, text ? text : "", text ? strlen(text) : 0);
}

static void add_message(GChecksum *sum, const ProtobufCMessage *message);

static void add_element(GChecksum *sum, const ProtobufCFieldDescriptor *field, const void *element)
{
  switch (field->type) {
  case PROTOBUF_C_TYPE_STRING:
    add_text(sum, *(const char *const *)element);
    break;
  case PROTOBUF_C_TYPE_BYTES: {
    const ProtobufCBinaryData *data = element;
    add_bytes(sum, data->data, data->len);
    break;
  }
  case PROTOBUF_C_TYPE_MESSAGE:
    add_message(sum, *(const ProtobufCMessage *const *)element);
    break;
  default:
    add_bytes(sum, element, reflect_element_size(field));
  }
}

typedef struct {
  const ProtobufCMessage *entry;
  gsize position;
} MapEntry;

static const char *entry_key(const ProtobufCMessage *entry)
{
  const char *key = *(const char *const *)reflect_element(entry, &entry->descriptor->fields[0], 0);
  return key ? key : "";
}

static int compare_entries(const void *a, const void *b)
{
  const MapEntry *left = a, *right = b;
  int order = strcmp(entry_key(left->entry), entry_key(right->entry));
  return order ? order : (left->position < right->position ? -1 : 1);
}

/* CSI's maps all have string keys; one with another key type would be added in the order of the wire. */
static void add_map(GChecksum *sum, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
  gsize count = reflect_count(message, field), distinct = 0;
  g_autofree MapEntry *entries = g_new(MapEntry, count + 1);
  for (gsize i = 0; i < count; i++)
    entries[i] = (MapEntry){*(ProtobufCMessage *const *)reflect_element(message, field, i), i};
  qsort(entries, count, sizeof *entries, compare_entries);
  for (gsize i = 0; i < count; i++) {
    gboolean last =
      i + 1 == count || strcmp(entry_key(entries[i].entry), entry_key(entries[i + 1].entry)) != 0;
    if (last)
      entries[distinct++] = entries[i];
  }
  add_number(sum, distinct);
  for (gsize i = 0; i < distinct; i++)
    add_message(sum, entries[i].entry);
}

static gboolean has_text_keys(const ProtobufCFieldDescriptor *map)
{
  const ProtobufCMessageDescriptor *entry = map->descriptor;
  return entry->fields[0].type == PROTOBUF_C_TYPE_STRING;
}

static void add_message(GChecksum *sum, const ProtobufCMessage *message)
{
  const ProtobufCMessageDescriptor *descriptor = message->descriptor;
  add_text(sum, descriptor->name);
  for (unsigned i = 0; i < descriptor->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
    add_number(sum, field->id);
    if (reflect_is_map(field) && has_text_keys(field)) {
      add_map(sum, message, field);
      continue;
    }
    gsize count = reflect_count(message, field);
    add_number(sum, count);
    for (gsize j = 0; j < count; j++)
      add_element(sum, field, reflect_element(message, field, j));
  }
  add_number(sum, message->n_unknown_fields);
  for (unsigned i = 0; i < message->n_unknown_fields; i++) {
    add_number(sum, message->unknown_fields[i].tag);
    add_bytes(sum, message->unknown_fields[i].data, message->unknown_fields[i].len);
  }
}

void rpc_fingerprint(const ProtobufCMessage *message, guint8 ret_fingerprint[FLIGHT_FINGERPRINT_BYTES])
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  add_message(sum, message);
  gsize length = FLIGHT_FINGERPRINT_BYTES;
  g_checksum_get_digest(sum, ret_fingerprint, &length);
}
