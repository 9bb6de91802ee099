#include "rpc/unpack.h"

#include "base/error.h"

/* No message of CSI nests deeper than 5; Google's own types are flat. */
enum { MAX_DEPTH = 16, MAX_VARINT_BYTES = 10 };

typedef enum { CHECK_FINE, CHECK_MALFORMED, CHECK_BAD_TEXT } Check;

/* A stretch of wire bytes that is being read. */
typedef struct {
  const guint8 *at, *end;
} Wire;

static gboolean take_varint(Wire *wire, guint64 *ret_value)
{
  guint64 value = 0;
  for (int i = 0; i < MAX_VARINT_BYTES && wire->at < wire->end; i++) {
    guint8 byte = *wire->at++;
    value |= (guint64)(byte & 0x7f) << (7 * i);
    if (!(byte & 0x80)) {
      *ret_value = value;
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean take_bytes(Wire *wire, guint64 length, Wire *ret_part)
{
  if (length > (guint64)(wire->end - wire->at))
    return FALSE;
  *ret_part = (Wire){wire->at, wire->at + length};
  wire->at += length;
  return TRUE;
}

/* Takes the value behind a tag; *ret_part is its payload for length-delimited ones, else what may be ignored. */
static gboolean take_value(Wire *wire, unsigned wire_type, Wire *ret_part)
{
  guint64 number;
  switch (wire_type) {
  case PROTOBUF_C_WIRE_TYPE_VARINT:
    return take_varint(wire, &number);
  case PROTOBUF_C_WIRE_TYPE_64BIT:
    return take_bytes(wire, 8, ret_part);
  case PROTOBUF_C_WIRE_TYPE_32BIT:
    return take_bytes(wire, 4, ret_part);
  case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
    return take_varint(wire, &number) && take_bytes(wire, number, ret_part);
  default:
    return FALSE; /* groups: protobuf-c takes none either */
  }
}

/* On CHECK_BAD_TEXT: what and where, the innermost name first written. */
typedef struct {
  const char *problem;
  GString *path; /* NULL: nothing found */
} Finding;

static Check check_message(const ProtobufCMessageDescriptor *descriptor, Wire wire, int depth,
                           Finding *finding);

static Check check_text(Wire text, Finding *finding)
{
  gsize length = (gsize)(text.end - text.at);
  if (memchr(text.at, '\0', length))
    finding->problem = "has a NUL byte in it";
  else if (!g_utf8_validate_len((const char *)text.at, length, NULL))
    finding->problem = "is not valid UTF-8";
  else
    return CHECK_FINE;
  return CHECK_BAD_TEXT;
}

static Check check_field(const ProtobufCFieldDescriptor *field, unsigned wire_type, Wire part, int depth,
                         Finding *finding)
{
  if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
    return CHECK_FINE;
  if (wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
    return CHECK_MALFORMED;
  Check check = field->type == PROTOBUF_C_TYPE_STRING
                  ? check_text(part, finding)
                  : check_message(field->descriptor, part, depth + 1, finding);
  if (check == CHECK_BAD_TEXT) {
    if (finding->path)
      g_string_prepend_c(finding->path, '.');
    else
      finding->path = g_string_new(NULL);
    g_string_prepend(finding->path, field->name);
  }
  return check;
}

static Check check_message(const ProtobufCMessageDescriptor *descriptor, Wire wire, int depth,
                           Finding *finding)
{
  if (depth > MAX_DEPTH)
    return CHECK_MALFORMED;
  while (wire.at < wire.end) {
    guint64 tag;
    Wire part = {NULL, NULL};
    if (!take_varint(&wire, &tag) || tag > G_MAXUINT32 || tag >> 3 == 0 || !take_value(&wire, tag & 7, &part))
      return CHECK_MALFORMED;
    const ProtobufCFieldDescriptor *field =
      protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3));
    Check check = field ? check_field(field, tag & 7, part, depth, finding) : CHECK_FINE;
    if (check != CHECK_FINE)
      return check;
  }
  return CHECK_FINE;
}

static gboolean check_wire(const ProtobufCMessageDescriptor *descriptor, const guint8 *bytes, gsize length,
                           GError **error)
{
  Finding finding = {NULL, NULL};
  Check check = check_message(descriptor, (Wire){bytes, bytes + length}, 0, &finding);
  g_autoptr(GString) path = finding.path;
  switch (check) {
  case CHECK_FINE:
    return TRUE;
  case CHECK_BAD_TEXT:
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field '%s' %s", path->str, finding.problem);
  default:
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "the request is not a valid %s message",
                         descriptor->name);
  }
}

/* ---- the allocator with a ceiling ---- */

typedef struct {
  gsize left;
  gboolean exhausted;
} Budget;

static void *budget_alloc(void *data, size_t size)
{
  Budget *budget = data;
  if (size > budget->left) {
    budget->exhausted = TRUE;
    return NULL;
  }
  budget->left -= size;
  return malloc(size);
}

/* What is freed during unpacking is not given back: the ceiling is on what was ever taken. */
static void budget_free(void *data, void *pointer)
{
  (void)data;
  free(pointer);
}

ProtobufCMessage *rpc_unpack(const ProtobufCMessageDescriptor *descriptor, const guint8 *bytes, gsize length,
                             gsize max_bytes, GError **error)
{
  static const guint8 empty[1];
  if (!bytes)
    bytes = empty;
  if (!check_wire(descriptor, bytes, length, error))
    return NULL;
  Budget budget = {.left = max_bytes};
  ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
  ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, length, bytes);
  if (message)
    return message;
  if (budget.exhausted)
    evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "the %s message needs more than %zu bytes of memory",
                  descriptor->name, max_bytes);
  else
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "the request is not a valid %s message",
                  descriptor->name);
  return NULL;
}
