/* proto/csi.proto against the table of the specification, both ways: as a descriptor set (names, oneofs, options,
 * streams) and as the C code that is compiled in (numbers, types). */
#include "csi.pb-c.h"
#include "csi_redact.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "tests/unit/cmocka_all.h"

#include <glib.h>

typedef Google__Protobuf__DescriptorProto Message;
typedef Google__Protobuf__FieldDescriptorProto Field;

enum { SECRET_TAG = 1059, ALPHA_TAG = 1060 };

/* ---- rows out of a descriptor set ---- */

static gboolean has_option(const ProtobufCMessage *options, unsigned tag)
{
  for (unsigned i = 0; options && i < options->n_unknown_fields; i++)
    if (options->unknown_fields[i].tag == tag && options->unknown_fields[i].data[0] == 1)
      return TRUE;
  return FALSE;
}

static const char *option_text(const void *options)
{
  gboolean secret = has_option(options, SECRET_TAG), alpha = has_option(options, ALPHA_TAG);
  return secret && alpha ? "csi_secret,alpha" : secret ? "csi_secret" : alpha ? "alpha" : "";
}

/* Rows are compared without the empty columns at their end. */
static void add_row(GHashTable *rows, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void add_row(GHashTable *rows, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  char *row = g_strchomp(g_strdup_vprintf(format, arguments));
  va_end(arguments);
  if (!g_hash_table_add(rows, row))
    fail_msg("twice: %s", row);
}

static const char *short_name(const char *type)
{
  return g_str_has_prefix(type, ".csi.v1.") ? type + strlen(".csi.v1.") : type;
}

static const Message *map_entry_of(const Message *message, const Field *field)
{
  for (size_t i = 0; field->type_name && i < message->n_nested_type; i++) {
    const Message *nested = message->nested_type[i];
    g_autofree char *suffix = g_strconcat(".", nested->name, NULL);
    if (nested->options && nested->options->map_entry && g_str_has_suffix(field->type_name, suffix))
      return nested;
  }
  return NULL;
}

static const char *scalar_name(int type)
{
  switch (type) {
  case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING:
    return "string";
  case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64:
    return "int64";
  case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32:
    return "int32";
  case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL:
    return "bool";
  default:
    return "?";
  }
}

static void add_field(GHashTable *rows, const char *name, const Message *message, const Field *field)
{
  const Message *map = map_entry_of(message, field);
  gboolean repeated = field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
  g_autofree char *map_type =
    map ? g_strdup_printf("map<%s,%s>", scalar_name(map->field[0]->type), scalar_name(map->field[1]->type))
        : NULL;
  add_row(rows, "field\t%s\t%d\t%s\t%s\t%s\t%s\t%s", name, field->number, field->name,
          map                ? map_type
          : field->type_name ? short_name(field->type_name)
                             : scalar_name(field->type),
          map        ? "map"
          : repeated ? "repeated"
                     : "singular",
          field->has_oneof_index ? message->oneof_decl[field->oneof_index]->name : "",
          option_text(field->options));
}

static void add_enum(GHashTable *rows, const char *scope, const Google__Protobuf__EnumDescriptorProto *type)
{
  for (size_t i = 0; i < type->n_value; i++)
    add_row(rows, "enum\t%s%s\t%d\t%s\t%s", scope, type->name, type->value[i]->number, type->value[i]->name,
            option_text(type->value[i]->options));
}

static void add_message(GHashTable *rows, const char *scope, const Message *message)
{
  if (message->options && message->options->map_entry)
    return;
  g_autofree char *name = g_strconcat(scope, message->name, NULL);
  g_autofree char *inner = g_strconcat(name, ".", NULL);
  add_row(rows, "message\t%s\t%s", name, option_text(message->options));
  for (size_t i = 0; i < message->n_field; i++)
    add_field(rows, name, message, message->field[i]);
  for (size_t i = 0; i < message->n_nested_type; i++)
    add_message(rows, inner, message->nested_type[i]);
  for (size_t i = 0; i < message->n_enum_type; i++)
    add_enum(rows, inner, message->enum_type[i]);
}

static void add_service(GHashTable *rows, const Google__Protobuf__ServiceDescriptorProto *service)
{
  add_row(rows, "service\t%s\t%s", service->name, option_text(service->options));
  for (size_t i = 0; i < service->n_method; i++) {
    const Google__Protobuf__MethodDescriptorProto *method = service->method[i];
    assert_false(method->client_streaming);
    add_row(rows, "rpc\t%s\t%s\t%s\t%s\t%s", service->name, method->name, short_name(method->input_type),
            short_name(method->output_type),
            method->server_streaming ? "server_stream" : option_text(method->options));
  }
}

static GHashTable *rows_of_descriptor_set(const char *path)
{
  g_autofree char *bytes = NULL;
  gsize length;
  assert_true(g_file_get_contents(path, &bytes, &length, NULL));
  Google__Protobuf__FileDescriptorSet *set =
    google__protobuf__file_descriptor_set__unpack(NULL, length, (const guint8 *)bytes);
  assert_non_null(set);
  assert_int_equal(set->n_file, 1);
  assert_string_equal(set->file[0]->package, "csi.v1");
  GHashTable *rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (size_t i = 0; i < set->file[0]->n_message_type; i++)
    add_message(rows, "", set->file[0]->message_type[i]);
  for (size_t i = 0; i < set->file[0]->n_enum_type; i++)
    add_enum(rows, "", set->file[0]->enum_type[i]);
  for (size_t i = 0; i < set->file[0]->n_service; i++)
    add_service(rows, set->file[0]->service[i]);
  google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
  return rows;
}

/* ---- rows out of the table ---- */

static GPtrArray *rows_of_table(void)
{
  g_autofree char *text = NULL;
  assert_true(g_file_get_contents(EVS_WIRE_TABLE, &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  GPtrArray *rows = g_ptr_array_new_with_free_func(g_free);
  for (char **line = lines; *line; line++)
    if (**line && **line != '#')
      g_ptr_array_add(rows, g_strchomp(g_strdup(*line)));
  return rows;
}

static void descriptor_set_is_the_table(void **state)
{
  (void)state;
  g_autoptr(GHashTable) built = rows_of_descriptor_set(EVS_PROTOSET);
  g_autoptr(GPtrArray) table = rows_of_table();
  assert_true(table->len > 400);
  for (guint i = 0; i < table->len; i++)
    if (!g_hash_table_remove(built, table->pdata[i]))
      fail_msg("csi.proto lacks: %s", (const char *)table->pdata[i]);
  GHashTableIter iterator;
  gpointer row;
  g_hash_table_iter_init(&iterator, built);
  if (g_hash_table_iter_next(&iterator, &row, NULL))
    fail_msg("csi.proto has too much: %s", (const char *)row);
}

/* ---- the compiled descriptors ---- */

static void reach(GHashTable *reached, const ProtobufCMessageDescriptor *message)
{
  if (!g_str_has_prefix(message->name, "csi.v1.") ||
      !g_hash_table_insert(reached, (char *)message->name, (void *)message))
    return;
  for (unsigned i = 0; i < message->n_fields; i++)
    if (message->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
      reach(reached, message->fields[i].descriptor);
}

static GHashTable *compiled_messages(void)
{
  const ProtobufCServiceDescriptor *const services[] = {
    &csi__v1__identity__descriptor,
    &csi__v1__controller__descriptor,
    &csi__v1__node__descriptor,
    &csi__v1__group_controller__descriptor,
    &csi__v1__snapshot_metadata__descriptor,
  };
  GHashTable *reached = g_hash_table_new(g_str_hash, g_str_equal);
  for (gsize i = 0; i < G_N_ELEMENTS(services); i++)
    for (unsigned j = 0; j < services[i]->n_methods; j++) {
      reach(reached, services[i]->methods[j].input);
      reach(reached, services[i]->methods[j].output);
    }
  return reached;
}

/* "csi.v1.Topology" for ".google..." or "Topology". */
static char *full_name(const char *type)
{
  return type[0] == '.' ? g_strdup(type + 1) : g_strconcat("csi.v1.", type, NULL);
}

static void check_compiled_field(GHashTable *messages, char **column)
{
  g_autofree char *name = full_name(column[1]);
  const ProtobufCMessageDescriptor *message = g_hash_table_lookup(messages, name);
  if (!message)
    fail_msg("not compiled: %s", name);
  const ProtobufCFieldDescriptor *field =
    protobuf_c_message_descriptor_get_field(message, (unsigned)g_ascii_strtoull(column[2], NULL, 10));
  if (!field || !g_str_equal(field->name, column[3]))
    fail_msg("%s has no field %s = %s", name, column[3], column[2]);
  gboolean repeated = !g_str_equal(column[5], "singular");
  assert_int_equal(field->label == PROTOBUF_C_LABEL_REPEATED, repeated);
  g_autofree char *type = full_name(column[4]);
  switch (field->type) {
  case PROTOBUF_C_TYPE_MESSAGE:
    if (!g_str_equal(column[5], "map"))
      assert_string_equal(((const ProtobufCMessageDescriptor *)field->descriptor)->name, type);
    break;
  case PROTOBUF_C_TYPE_ENUM:
    assert_string_equal(((const ProtobufCEnumDescriptor *)field->descriptor)->name, type);
    break;
  case PROTOBUF_C_TYPE_STRING:
    assert_string_equal(column[4], "string");
    break;
  case PROTOBUF_C_TYPE_BOOL:
    assert_string_equal(column[4], "bool");
    break;
  case PROTOBUF_C_TYPE_INT64:
    assert_string_equal(column[4], "int64");
    break;
  default:
    assert_int_equal(field->type, PROTOBUF_C_TYPE_INT32);
    assert_string_equal(column[4], "int32");
  }
}

static void compiled_code_is_the_table(void **state)
{
  (void)state;
  g_autoptr(GHashTable) messages = compiled_messages();
  g_autoptr(GPtrArray) table = rows_of_table();
  guint fields = 0;
  for (guint i = 0; i < table->len; i++) {
    g_auto(GStrv) column = g_strsplit(table->pdata[i], "\t", -1);
    if (!g_str_equal(column[0], "field"))
      continue;
    check_compiled_field(messages, column);
    fields++;
  }
  assert_true(fields > 200);
}

static void redaction_table_is_every_secret_of_the_table(void **state)
{
  (void)state;
  g_autoptr(GPtrArray) table = rows_of_table();
  gsize secrets = 0;
  for (guint i = 0; i < table->len; i++) {
    g_auto(GStrv) column = g_strsplit(table->pdata[i], "\t", -1);
    if (!g_str_equal(column[0], "field") || g_strv_length(column) < 8 || !strstr(column[7], "csi_secret"))
      continue;
    g_autofree char *name = full_name(column[1]);
    gboolean found = FALSE;
    for (size_t j = 0; j < csi_secret_fields_count; j++)
      found |=
        g_str_equal(csi_secret_fields[j].message, name) && g_str_equal(csi_secret_fields[j].field, column[3]);
    if (!found)
      fail_msg("%s.%s is not redacted", name, column[3]);
    secrets++;
  }
  assert_int_equal(secrets, csi_secret_fields_count);
  assert_true(secrets > 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(descriptor_set_is_the_table),
    cmocka_unit_test(compiled_code_is_the_table),
    cmocka_unit_test(redaction_table_is_every_secret_of_the_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
