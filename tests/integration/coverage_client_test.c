/* Each of the 74 operations of the reference, once at least, through the shared library (tests/coverage/client.c); and
 * what the library makes of each of the cloud's codes (tests/coverage/codes.tsv). */
#include "evsclient/codes.h"
#include "tests/integration/coverage.h"

enum { CLIENT_MS = 300000, CODES = 151 };

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
  coverage_assert_all(sim, "evs-sim"); /* the same counts, from the side that served them */
}

/* code, state, op, how or why not, status */
static void every_code_is_known(void **state)
{
  (void)state;
  g_autofree char *text = NULL;
  assert_true(g_file_get_contents(EVS_CODES, &text, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
  guint known = 0, provoked = 0;
  for (guint i = 1; lines[i]; i++) {
    g_auto(GStrv) columns = g_strsplit(lines[i], "\t", -1);
    assert_int_equal(g_strv_length(columns), 5);
    gboolean is_provoked = g_str_equal(columns[1], "provoked");
    print_message("%-12s %-11s %s%s%s\n", columns[0], columns[1], is_provoked ? columns[2] : "",
                  is_provoked ? ": " : "", columns[3]);
    provoked += is_provoked;
    /* EVS.5400 has eight meanings, told apart by its text. */
    if (evs_cloud_code_find(columns[0], "Must specify a valid status."))
      known++;
    else
      print_error("libevsclient does not know %s\n", columns[0]);
  }
  print_message("codes: %u of %u provoked, %u known to libevsclient\n", provoked, g_strv_length(lines) - 1,
                known);
  assert_int_equal(known, CODES);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_code_is_known),
    cmocka_unit_test_setup_teardown(every_operation_arrives, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("coverage client", tests, NULL, NULL);
}
