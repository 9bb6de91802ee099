/* rpc/ over a real socket: answers, refusals, joins, deadlines. */
#include "tests/integration/rpc_support.h"

static void quick_and_pooled_methods_answer(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  Csi__V1__NodeGetVolumeStatsRequest request = CSI__V1__NODE_GET_VOLUME_STATS_REQUEST__INIT;
  request.volume_id = (char *)"there";
  assert_int_equal(call_node(fixture->client, "NodeGetVolumeStats", &request.base, 5000, NULL), EVS_CODE_OK);
  assert_int_equal(call_node(fixture->client, "NodeGetVolumeStats", &request.base, 0, NULL), EVS_CODE_OK);
  fixture_free(fixture);
}

static void errors_carry_code_and_one_line_of_text(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  g_autofree char *text = NULL;
  Csi__V1__NodeGetVolumeStatsRequest request = CSI__V1__NODE_GET_VOLUME_STATS_REQUEST__INIT;
  request.volume_id = (char *)"missing";
  assert_int_equal(call_node(fixture->client, "NodeGetVolumeStats", &request.base, 5000, &text),
                   EVS_CODE_NOT_FOUND);
  assert_string_equal(text, "volume 'missing' is not here (EVS.5404, request req-1)");
  g_clear_pointer(&text, g_free);
  request.volume_id = (char *)"long";
  assert_int_equal(call_node(fixture->client, "NodeGetVolumeStats", &request.base, 5000, &text),
                   EVS_CODE_INTERNAL);
  assert_in_range(strlen(text), 4000, 4096);
  assert_true(g_str_has_suffix(text, "xxx..."));
  g_clear_pointer(&text, g_free);
  request.volume_id = (char *)"broken";
  assert_int_equal(call_node(fixture->client, "NodeGetVolumeStats", &request.base, 5000, &text),
                   EVS_CODE_INTERNAL);
  assert_string_equal(text, "NodeGetVolumeStats: the handler returned neither a reply nor an error");
  fixture_free(fixture);
}

static void equal_requests_share_one_run(void **state)
{
  (void)state;
  enum { N = 6 };
  Fixture *fixture = fixture_new();
  AsyncCall *calls[N];
  for (int i = 0; i < N; i++)
    calls[i] = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 8000);
  fixture_wait_pending(fixture, "\"members\":6,");
  /* a different request for the same volume is refused by name, while the six wait */
  g_autofree char *text = NULL;
  ProtobufCMessage *other = stage_request("v1", "/b");
  assert_int_equal(call_node(fixture->client, "NodeStageVolume", other, 5000, &text), EVS_CODE_ABORTED);
  free_message(other);
  assert_non_null(strstr(text, "NodeStageVolume v1 runs since 0 s: waiting at the gate"));
  fixture_open(fixture);
  for (int i = 0; i < N; i++) {
    async_join(calls[i]);
    assert_int_equal(calls[i]->code, EVS_CODE_OK);
    async_free(calls[i]);
  }
  assert_int_equal(fixture->entered, 1);
  fixture_free(fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(quick_and_pooled_methods_answer),
    cmocka_unit_test(errors_carry_code_and_one_line_of_text),
    cmocka_unit_test(equal_requests_share_one_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
