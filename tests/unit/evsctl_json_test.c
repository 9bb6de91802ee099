/* evsctl/json_message: JSON <-> messages, both ways and every refusal. */
#include "evsctl/csi_methods.h"
#include "evsctl/json_message.h"

#include "base/error.h"
#include "csi.pb-c.h"
#include "tests/unit/cmocka_all.h"

static ProtobufCMessage *read_text(const char *text, const ProtobufCMessageDescriptor *type, GError **error)
{
  json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
  assert_non_null(json);
  ProtobufCMessage *message = json_message_read(json, type, error);
  json_decref(json);
  return message;
}

/* What reading and writing again gives must be `expected` (as compact JSON, sorted). */
static void assert_round_trip(const ProtobufCMessageDescriptor *type, const char *text, const char *expected)
{
  g_autoptr(GError) error = NULL;
  ProtobufCMessage *message = read_text(text, type, &error);
  if (!message)
    fail_msg("%s: %s", text, error->message);
  /* Over the wire form, so that the message is known to be well-formed. */
  g_autofree guint8 *packed = g_malloc(protobuf_c_message_get_packed_size(message) + 1);
  size_t length = protobuf_c_message_pack(message, packed);
  protobuf_c_message_free_unpacked(message, NULL);
  message = protobuf_c_message_unpack(type, NULL, length, packed);
  assert_non_null(message);
  json_t *json = json_message_write(message);
  protobuf_c_message_free_unpacked(message, NULL);
  char *dumped = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
  json_decref(json);
  assert_string_equal(dumped, expected);
  free(dumped);
}

static void messages_survive_the_round_trip(void **state)
{
  (void)state;
  static const struct {
    const ProtobufCMessageDescriptor *type;
    const char *text, *expected;
  } rows[] = {
    {&csi__v1__create_volume_request__descriptor, "{}", "{}"},
    {&csi__v1__create_volume_request__descriptor,
     "{\"name\":\"pvc-1\",\"capacityRange\":{\"requiredBytes\":\"10737418240\",\"limit_bytes\":20},"
     "\"parameters\":{\"type\":\"SSD\",\"\":\"x\"},\"secrets\":null}",
     "{\"capacity_range\":{\"limit_bytes\":20,\"required_bytes\":10737418240},\"name\":\"pvc-1\","
     "\"parameters\":{\"\":\"x\",\"type\":\"SSD\"}}"},
    /* enum by name and by number, repeated strings, a oneof's empty message */
    {&csi__v1__volume_capability__descriptor,
     "{\"mount\":{\"fsType\":\"ext4\",\"mount_flags\":[\"ro\",\"noatime\"]},"
     "\"access_mode\":{\"mode\":\"SINGLE_NODE_WRITER\"}}",
     "{\"access_mode\":{\"mode\":\"SINGLE_NODE_WRITER\"},"
     "\"mount\":{\"fs_type\":\"ext4\",\"mount_flags\":[\"ro\",\"noatime\"]}}"},
    {&csi__v1__volume_capability__descriptor, "{\"block\":{},\"access_mode\":{\"mode\":5}}",
     "{\"access_mode\":{\"mode\":\"MULTI_NODE_MULTI_WRITER\"},\"block\":{}}"},
    {&csi__v1__volume_capability__access_mode__descriptor, "{\"mode\":99}", "{\"mode\":99}"},
    /* wrapper, timestamp with and without decimals */
    {&csi__v1__probe_response__descriptor, "{\"ready\":true}", "{\"ready\":true}"},
    {&csi__v1__probe_response__descriptor, "{\"ready\":{\"value\":false}}", "{\"ready\":false}"},
    {&csi__v1__snapshot__descriptor, "{\"creation_time\":\"2024-02-29T12:34:56.5Z\"}",
     "{\"creation_time\":\"2024-02-29T12:34:56.5Z\"}"},
    {&csi__v1__snapshot__descriptor, "{\"creationTime\":{\"seconds\":1,\"nanos\":0},\"ready_to_use\":true}",
     "{\"creation_time\":\"1970-01-01T00:00:01Z\",\"ready_to_use\":true}"},
    /* messages in a list, map of strings below */
    {&csi__v1__topology_requirement__descriptor,
     "{\"preferred\":[{\"segments\":{\"zone\":\"a\"}},{\"segments\":{\"zone\":\"b\"}}]}",
     "{\"preferred\":[{\"segments\":{\"zone\":\"a\"}},{\"segments\":{\"zone\":\"b\"}}]}"},
    {&csi__v1__capacity_range__descriptor, "{\"required_bytes\":-9223372036854775808}",
     "{\"required_bytes\":-9223372036854775808}"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    assert_round_trip(rows[i].type, rows[i].text, rows[i].expected);
}

static void what_is_wrong_is_named(void **state)
{
  (void)state;
  const ProtobufCMessageDescriptor *create = &csi__v1__create_volume_request__descriptor;
  const ProtobufCMessageDescriptor *capability = &csi__v1__volume_capability__descriptor;
  const struct {
    const ProtobufCMessageDescriptor *type;
    const char *text, *complaint;
  } rows[] = {
    {create, "{\"nam\":\"x\"}", "field 'nam': unknown to CreateVolumeRequest; it has name capacity_range"},
    {create, "{\"capacity_range\":{\"size\":1}}", "field 'capacity_range.size': unknown to CapacityRange"},
    {create, "{\"name\":1}", "field 'name': accepted is a string"},
    {create, "{\"name\":\"a\\u0000b\"}", "without NUL"},
    {create, "[]", "accepted is an object"},
    {create, "{\"capacity_range\":7}", "field 'capacity_range': accepted is an object"},
    {create, "{\"capacity_range\":{\"required_bytes\":1.5}}",
     "'capacity_range.required_bytes': not an integer"},
    {create, "{\"capacity_range\":{\"required_bytes\":\"9223372036854775808\"}}", "not an integer"},
    {create, "{\"parameters\":[]}", "field 'parameters': accepted is an object"},
    {create, "{\"parameters\":{\"a\":1}}", "field 'parameters.a': accepted is a string"},
    {create, "{\"volume_capabilities\":{}}", "field 'volume_capabilities': accepted is an array"},
    {create, "{\"volume_capabilities\":[{},{\"mount\":{\"mount_flags\":[\"a\",2]}}]}",
     "field 'volume_capabilities[1].mount.mount_flags[1]': accepted is a string"},
    {create, "{\"capacity_range\":{},\"capacityRange\":{}}", "given twice"},
    {capability, "{\"mount\":{},\"block\":{}}", "'mount' is set already"},
    {capability, "{\"access_mode\":{\"mode\":\"WRITER\"}}",
     "field 'access_mode.mode': not known; accepted is a number or one of UNKNOWN SINGLE_NODE_WRITER"},
    {capability, "{\"access_mode\":{\"mode\":2147483648}}", "out of range"},
    {&csi__v1__probe_response__descriptor, "{\"ready\":1}", "accepted is true or false"},
    {&csi__v1__snapshot__descriptor, "{\"creation_time\":\"yesterday\"}", "accepted is a time like"},
    {&csi__v1__probe_request__descriptor, "{\"x\":1}", "it has no fields"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(read_text(rows[i].text, rows[i].type, &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
    if (!strstr(error->message, rows[i].complaint))
      fail_msg("%s: '%s' lacks '%s'", rows[i].text, error->message, rows[i].complaint);
  }
}

static void text_that_is_no_utf8_is_shown(void **state)
{
  (void)state;
  Csi__V1__GetPluginInfoResponse info = CSI__V1__GET_PLUGIN_INFO_RESPONSE__INIT;
  char name[] = "a\xff";
  info.name = name;
  json_t *json = json_message_write(&info.base);
  assert_string_equal(json_string_value(json_object_get(json, "name")), "a\xef\xbf\xbd");
  json_decref(json);
}

static void templates_show_every_field(void **state)
{
  (void)state;
  json_t *shape = json_message_template(&csi__v1__volume_capability__descriptor);
  assert_non_null(json_object_get(shape, "oneof block, mount"));
  json_t *mode = json_object_get(json_object_get(shape, "access_mode"), "mode");
  assert_non_null(strstr(json_string_value(mode), "SINGLE_NODE_WRITER|"));
  json_decref(shape);
  shape = json_message_template(&csi__v1__create_volume_request__descriptor);
  json_t *range = json_object_get(shape, "capacity_range");
  assert_string_equal(json_string_value(json_object_get(range, "limit_bytes")), "int64");
  assert_string_equal(json_string_value(json_object_get(json_object_get(shape, "parameters"), "KEY")),
                      "string");
  assert_true(json_is_array(json_object_get(shape, "volume_capabilities")));
  json_decref(shape);
}

static void methods_are_found_by_any_of_their_names(void **state)
{
  (void)state;
  static const char *const names[] = {"CreateVolume", "Controller.CreateVolume", "Controller/CreateVolume",
                                      "csi.v1.Controller.CreateVolume", "/csi.v1.Controller/CreateVolume"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    CsiMethod method;
    assert_true(csi_method_find(names[i], &method, NULL));
    assert_ptr_equal(method.service, &csi__v1__controller__descriptor);
    assert_string_equal(method.method->name, "CreateVolume");
  }
  g_autoptr(GError) error = NULL;
  CsiMethod none;
  assert_false(csi_method_find("Node.CreateVolume", &none, &error));
  assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages_survive_the_round_trip),         cmocka_unit_test(what_is_wrong_is_named),
    cmocka_unit_test(text_that_is_no_utf8_is_shown),           cmocka_unit_test(templates_show_every_field),
    cmocka_unit_test(methods_are_found_by_any_of_their_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
