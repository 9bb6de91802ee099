/* rpc/capability_list.c: messages of all three shapes, gated rows, a shape that does not fit. */
#include "csi.pb-c.h"
#include "rpc/capability_list.h"
#include "tests/unit/cmocka_all.h"

#define NODE(name) CSI__V1__NODE_SERVICE_CAPABILITY__RPC__TYPE__##name

static const CapabilityRow rows[] = {
  {NODE(STAGE_UNSTAGE_VOLUME), NULL},
  {NODE(GET_VOLUME_HEALTH), feature_gate_volume_health},
  {NODE(EXPAND_VOLUME), NULL},
};

static void rows_are_listed_in_order_without_closed_gates(void **state)
{
  (void)state;
  static const struct {
    FeatureGates gates;
    int types[3];
    gsize count;
  } cases[] = {
    {{0}, {NODE(STAGE_UNSTAGE_VOLUME), NODE(EXPAND_VOLUME)}, 2},
    {{.snapshot_topology = TRUE}, {NODE(STAGE_UNSTAGE_VOLUME), NODE(EXPAND_VOLUME)}, 2},
    {{.volume_health = TRUE}, {NODE(STAGE_UNSTAGE_VOLUME), NODE(GET_VOLUME_HEALTH), NODE(EXPAND_VOLUME)}, 3},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    Csi__V1__NodeGetCapabilitiesResponse *response = g_new0(Csi__V1__NodeGetCapabilitiesResponse, 1);
    csi__v1__node_get_capabilities_response__init(response);
    response->capabilities = (Csi__V1__NodeServiceCapability **)capability_list(
      &csi__v1__node_service_capability__descriptor, rows, G_N_ELEMENTS(rows), &cases[i].gates,
      &response->n_capabilities);
    assert_int_equal(response->n_capabilities, cases[i].count);
    for (gsize n = 0; n < cases[i].count; n++) {
      const Csi__V1__NodeServiceCapability *capability = response->capabilities[n];
      assert_int_equal(capability->type_case, CSI__V1__NODE_SERVICE_CAPABILITY__TYPE_RPC);
      assert_int_equal(capability->rpc->type, cases[i].types[n]);
    }
    protobuf_c_message_free_unpacked(&response->base, NULL);
  }
}

static void the_other_two_shapes_fit(void **state)
{
  (void)state;
  static const CapabilityRow one[] = {{CSI__V1__PLUGIN_CAPABILITY__SERVICE__TYPE__CONTROLLER_SERVICE, NULL}};
  static const FeatureGates none;
  gsize count = 0;
  ProtobufCMessage **plugin = capability_list(&csi__v1__plugin_capability__descriptor, one, 1, &none, &count);
  const Csi__V1__PluginCapability *service = (Csi__V1__PluginCapability *)plugin[0];
  assert_int_equal(service->type_case, CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE);
  assert_int_equal(service->service->type, one[0].type);
  ProtobufCMessage **controller =
    capability_list(&csi__v1__controller_service_capability__descriptor, one, 1, &none, &count);
  const Csi__V1__ControllerServiceCapability *rpc = (Csi__V1__ControllerServiceCapability *)controller[0];
  assert_int_equal(rpc->type_case, CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC);
  assert_int_equal(rpc->rpc->type, one[0].type);
  protobuf_c_message_free_unpacked(plugin[0], NULL);
  protobuf_c_message_free_unpacked(controller[0], NULL);
  g_free(plugin);
  g_free(controller);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(rows_are_listed_in_order_without_closed_gates),
    cmocka_unit_test(the_other_two_shapes_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
