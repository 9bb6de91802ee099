/* Each of the 74 operations of the reference, once at least, through the shared library (tests/coverage/client.c). */
#include "tests/integration/coverage.h"

enum { CLIENT_MS = 300000 };

static void every_operation_arrives(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  json_t *server = sim_server(sim, 0);
  const char *server_id = json_string_value(json_object_get(server, "id"));
  Process *client = process_start_list(harness, "coverage_client", sim->cloud_config, server_id, NULL);
  json_decref(server);
  int status = process_wait_exit(client, CLIENT_MS);
  if (status != 0) {
    g_autofree char *text = process_stderr(client);
    fail_msg("coverage_client ended with %d: %s", status, text);
  }
  coverage_assert_all(sim, "client");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_operation_arrives, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("coverage client", tests, NULL, NULL);
}
