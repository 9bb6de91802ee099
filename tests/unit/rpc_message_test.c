/* rpc/unpack.c, rpc/fingerprint.c, rpc/redact.c: what is done to a request before a handler sees it. */
#include "base/error.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "csi_redact.h"
#include "rpc/fingerprint.h"
#include "rpc/redact.h"
#include "rpc/reflect.h"
#include "rpc/unpack.h"
#include "tests/unit/cmocka_all.h"

#define CREATE (&csi__v1__create_volume_request__descriptor)
#define PLANTED "s3cr3t-planted"

/* ---- unpacking ---- */

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type, const char *bytes, gsize length,
                                GError **error)
{
  return rpc_unpack(type, (const guint8 *)bytes, length, RPC_UNPACK_MAX_BYTES, error);
}

static void empty_bytes_are_an_empty_message(void **state)
{
  (void)state;
  ProtobufCMessage *message = unpack(CREATE, NULL, 0, NULL);
  assert_non_null(message);
  assert_string_equal(((Csi__V1__CreateVolumeRequest *)message)->name, "");
  protobuf_c_message_free_unpacked(message, NULL);
}

static void bad_bytes_are_refused_by_name(void **state)
{
  (void)state;
#define ROW(bytes, text)                                                                                     \
  {                                                                                                          \
    bytes, sizeof(bytes) - 1, text                                                                           \
  }
  static const struct {
    const char *bytes;
    gsize length;
    const char *text;
  } rows[] = {
    ROW("\xff\xff\xff\xff", "the request is not a valid csi.v1.CreateVolumeRequest message"),
    ROW("\x0a\x05"
        "abc",
        "the request is not a valid csi.v1.CreateVolumeRequest message"),             /* name cut short */
    ROW("\x08\x01", "the request is not a valid csi.v1.CreateVolumeRequest message"), /* name as a number */
    ROW("\x0b", "the request is not a valid csi.v1.CreateVolumeRequest message"),     /* a group */
    ROW("\x02\x00", "the request is not a valid csi.v1.CreateVolumeRequest message"), /* field 0 */
    ROW("\x0a\x03"
        "a\0b",
        "field 'name' has a NUL byte in it"),
    ROW("\x0a\x02"
        "\xc3(",
        "field 'name' is not valid UTF-8"),
    ROW("\x1a\x05\x12\x03\x0a\x01\xff", "field 'volume_capabilities.mount.fs_type' is not valid UTF-8"),
    ROW("\x1a\x06\x12\x04\x12\x02"
        "a\0",
        "field 'volume_capabilities.mount.mount_flags' has a NUL byte in it"),
    ROW("\x22\x04\x12\x02"
        "a\0",
        "field 'parameters.value' has a NUL byte in it"),
    ROW("\x12\x02\x08\xff",
        "the request is not a valid csi.v1.CreateVolumeRequest message"), /* endless varint */
  };
#undef ROW
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(unpack(CREATE, rows[i].bytes, rows[i].length, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    assert_string_equal(error->message, rows[i].text);
  }
}

static void unknown_fields_are_let_through(void **state)
{
  (void)state;
  static const char bytes[] = "\x0a\x01"
                              "a"
                              "\xfa\x07\x02"
                              "\xff\0"; /* field 127: newer than we are */
  ProtobufCMessage *message = unpack(CREATE, bytes, sizeof bytes - 1, NULL);
  assert_non_null(message);
  assert_int_equal(message->n_unknown_fields, 1);
  protobuf_c_message_free_unpacked(message, NULL);
}

static void memory_has_a_ceiling(void **state)
{
  (void)state;
  /* 10,000 empty capabilities: 2 bytes each on the wire, some hundred times more in memory */
  g_autoptr(GString) bytes = g_string_new(NULL);
  for (int i = 0; i < 10000; i++)
    g_string_append_len(bytes, "\x1a\0", 2);
  g_autoptr(GError) error = NULL;
  assert_null(rpc_unpack(CREATE, (const guint8 *)bytes->str, bytes->len, 100 * 1000, &error));
  assert_true(evs_error_is(error, EVS_CODE_RESOURCE_EXHAUSTED));
  assert_string_equal(error->message,
                      "the csi.v1.CreateVolumeRequest message needs more than 100000 bytes of memory");
  ProtobufCMessage *message = unpack(CREATE, bytes->str, bytes->len, NULL);
  assert_non_null(message);
  protobuf_c_message_free_unpacked(message, NULL);
}

/* Any bytes are a message or an error, and never more: the sanitizers watch. */
static void noise_does_no_harm(void **state)
{
  (void)state;
  guint seed = 7;
  for (int i = 0; i < 20000; i++) {
    guint8 noise[48];
    gsize length = (gsize)rand_r(&seed) % sizeof noise;
    for (gsize j = 0; j < length; j++)
      noise[j] = (guint8)(rand_r(&seed) % 4 ? rand_r(&seed) % 32 : rand_r(&seed));
    g_autoptr(GError) error = NULL;
    ProtobufCMessage *message = rpc_unpack(CREATE, noise, length, 10 * 1000, &error);
    assert_true((message != NULL) != (error != NULL));
    if (message)
      protobuf_c_message_free_unpacked(message, NULL);
  }
}

/* ---- fingerprints ---- */

typedef Csi__V1__CreateVolumeRequest__ParametersEntry Entry;

#define ENTRY(k, v)                                                                                          \
  {                                                                                                          \
    .base = PROTOBUF_C_MESSAGE_INIT(&csi__v1__create_volume_request__parameters_entry__descriptor),          \
    .key = (char *)(k), .value = (char *)(v)                                                                 \
  }

/* The fingerprint of CreateVolume pvc-1 with these parameters in this order. */
static char *fingerprint_of(Entry **entries, gsize count)
{
  Csi__V1__CreateVolumeRequest request = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
  request.name = (char *)"pvc-1";
  request.parameters = entries;
  request.n_parameters = count;
  guint8 print[FLIGHT_FINGERPRINT_BYTES];
  rpc_fingerprint(&request.base, print);
  return g_base64_encode(print, sizeof print);
}

static void order_of_map_entries_does_not_count(void **state)
{
  (void)state;
  Entry a = ENTRY("type", "SSD"), b = ENTRY("scsi", "true"), c = ENTRY("kms", "k"),
        old = ENTRY("type", "SAS");
  g_autofree char *first = fingerprint_of((Entry *[]){&a, &b, &c}, 3);
  g_autofree char *second = fingerprint_of((Entry *[]){&c, &a, &b}, 3);
  g_autofree char *repeated =
    fingerprint_of((Entry *[]){&old, &c, &a, &b}, 4); /* the last of equal keys wins */
  g_autofree char *overruled = fingerprint_of((Entry *[]){&a, &c, &b, &old}, 4);
  g_autofree char *fewer = fingerprint_of((Entry *[]){&a, &b}, 2);
  assert_string_equal(first, second);
  assert_string_equal(first, repeated);
  assert_string_not_equal(first, overruled);
  assert_string_not_equal(first, fewer);
}

static void every_difference_counts(void **state)
{
  (void)state;
  /* pairs that a careless concatenation would confuse */
  Entry ab_c = ENTRY("ab", "c"), a_bc = ENTRY("a", "bc");
  g_autofree char *one = fingerprint_of((Entry *[]){&ab_c}, 1);
  g_autofree char *two = fingerprint_of((Entry *[]){&a_bc}, 1);
  assert_string_not_equal(one, two);

  Csi__V1__CapacityRange zero = CSI__V1__CAPACITY_RANGE__INIT;
  Csi__V1__CreateVolumeRequest request = CSI__V1__CREATE_VOLUME_REQUEST__INIT;
  request.name = (char *)"pvc-1";
  guint8 unset[FLIGHT_FINGERPRINT_BYTES], set[FLIGHT_FINGERPRINT_BYTES], sized[FLIGHT_FINGERPRINT_BYTES];
  rpc_fingerprint(&request.base, unset);
  request.capacity_range = &zero;
  rpc_fingerprint(&request.base, set);
  zero.required_bytes = 1;
  rpc_fingerprint(&request.base, sized);
  assert_memory_not_equal(unset, set, sizeof unset);
  assert_memory_not_equal(set, sized, sizeof unset);

  Csi__V1__VolumeCapability block = CSI__V1__VOLUME_CAPABILITY__INIT,
                            mount = CSI__V1__VOLUME_CAPABILITY__INIT;
  Csi__V1__VolumeCapability__BlockVolume as_block = CSI__V1__VOLUME_CAPABILITY__BLOCK_VOLUME__INIT;
  Csi__V1__VolumeCapability__MountVolume as_mount = CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
  block.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK;
  block.block = &as_block;
  mount.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
  mount.mount = &as_mount;
  rpc_fingerprint(&block.base, set);
  rpc_fingerprint(&mount.base, sized);
  assert_memory_not_equal(set, sized, sizeof set);
}

/* ---- redaction ---- */

static void plain_fields_show_and_secrets_do_not(void **state)
{
  (void)state;
  Csi__V1__NodeStageVolumeRequest request = CSI__V1__NODE_STAGE_VOLUME_REQUEST__INIT;
  Csi__V1__NodeStageVolumeRequest__SecretsEntry secret =
    CSI__V1__NODE_STAGE_VOLUME_REQUEST__SECRETS_ENTRY__INIT;
  Csi__V1__VolumeCapability capability = CSI__V1__VOLUME_CAPABILITY__INIT;
  Csi__V1__VolumeCapability__MountVolume mount = CSI__V1__VOLUME_CAPABILITY__MOUNT_VOLUME__INIT;
  Csi__V1__VolumeCapability__AccessMode mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__INIT;
  char *flags[] = {(char *)"noatime"};
  mount.n_mount_flags = 1;
  mount.mount_flags = flags;
  mode.mode = CSI__V1__VOLUME_CAPABILITY__ACCESS_MODE__MODE__SINGLE_NODE_WRITER;
  capability.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT;
  capability.mount = &mount;
  capability.access_mode = &mode;
  secret.key = secret.value = (char *)PLANTED;
  request.volume_id = (char *)"v\"1";
  request.volume_capability = &capability;
  request.n_secrets = 1;
  request.secrets = (Csi__V1__NodeStageVolumeRequest__SecretsEntry *[]){&secret};
  g_autofree char *text = rpc_redact(&request.base);
  assert_string_equal(
    text, "{\"volume_id\":\"v\\\"1\",\"volume_capability\":{\"mount\":{\"mount_flags\":[\"noatime\"]},"
          "\"access_mode\":{\"mode\":\"SINGLE_NODE_WRITER\"}},\"secrets\":\"***\"}");
}

/* One message per row of the generated table, with the secret planted in it by the wire. */
static void every_secret_field_is_hidden(void **state)
{
  (void)state;
  static const ProtobufCServiceDescriptor *const services[] = {
    &csi__v1__controller__descriptor, &csi__v1__node__descriptor, &csi__v1__group_controller__descriptor,
    &csi__v1__snapshot_metadata__descriptor};
  guint checked = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(services); i++)
    for (unsigned j = 0; j < services[i]->n_methods; j++) {
      const ProtobufCMessageDescriptor *type = services[i]->methods[j].input;
      const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(type, "secrets");
      if (!field)
        continue;
      g_autoptr(GString) entry = g_string_new(NULL), wire = g_string_new(NULL);
      g_string_append_printf(entry, "\x0a%c%s\x12%c%s", (char)strlen(PLANTED), PLANTED, (char)strlen(PLANTED),
                             PLANTED);
      g_assert(field->id < 16);
      g_string_append_printf(wire, "%c%c%s", (char)(field->id << 3 | 2), (char)entry->len, entry->str);
      ProtobufCMessage *message = unpack(type, wire->str, wire->len, NULL);
      assert_non_null(message);
      g_autofree char *text = rpc_redact(message);
      protobuf_c_message_free_unpacked(message, NULL);
      assert_string_equal(text, "{\"secrets\":\"***\"}");
      checked++;
    }
  assert_int_equal(checked, csi_secret_fields_count);
}

static void long_renderings_are_cut(void **state)
{
  (void)state;
  Csi__V1__NodeStageVolumeRequest request = CSI__V1__NODE_STAGE_VOLUME_REQUEST__INIT;
  g_autofree char *filler = g_strnfill(3 * RPC_REDACT_MAX_BYTES, 'x');
  request.volume_id = filler;
  g_autofree char *text = rpc_redact(&request.base);
  assert_int_equal(strlen(text), RPC_REDACT_MAX_BYTES + 3);
  assert_true(g_str_has_suffix(text, "xxx..."));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(empty_bytes_are_an_empty_message),
    cmocka_unit_test(bad_bytes_are_refused_by_name),
    cmocka_unit_test(unknown_fields_are_let_through),
    cmocka_unit_test(memory_has_a_ceiling),
    cmocka_unit_test(noise_does_no_harm),
    cmocka_unit_test(order_of_map_entries_does_not_count),
    cmocka_unit_test(every_difference_counts),
    cmocka_unit_test(plain_fields_show_and_secrets_do_not),
    cmocka_unit_test(every_secret_field_is_hidden),
    cmocka_unit_test(long_renderings_are_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
