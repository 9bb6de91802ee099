/* evsctl: wrong input of each kind names the flag and what is accepted, and nothing is sent; what the cloud refuses is
 * shown with its code, the request's id and a remedy. */
#include "tests/integration/evsctl_support.h"

#define DISK "00000000-0000-0000-0000-000000000001"
#define NEEDED "volume create --zone=sim-1a --type=SSD"

static void wrong_input_is_not_sent(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  static const struct {
    const char *line, *complaint;
  } rows[] = {
    /* words */
    {"volumes list", "'volumes' is no group; is 'volume' meant?"},
    {"volume lits", "'lits' is no verb of volume; is 'list' meant?"},
    {"volume list --stauts=x", "--stauts: no such flag; is --status meant?"},
    {"volume list --cascade", "--cascade: no such flag"},
    {"volume delete --cascade " DISK, "--cascade: only together with --cinder"},
    {"volume create --cinder --count=2", "--count: only without --cinder"},
    {"volume show", "expected is: evsctl volume show VOLUME..."},
    {"volume show --cinder", "expected is: evsctl volume show --cinder VOLUME..."},
    {"zone list more", "expected is: evsctl zone list"},
    {"server detach " DISK, "expected is: evsctl server detach SERVER VOLUME"},
    /* kinds of fields */
    {NEEDED " --size=5", "--size is 5: a number from 10 to 32768 is expected"},
    {NEEDED " --size=ten", "--size: ten: a number from "},
    {NEEDED " --size=99999", "--size: 99999: a number from "},
    {NEEDED " --size=10 --multiattach=perhaps", "--multiattach: perhaps: true or false is expected"},
    {NEEDED " --size=10 --snapshot=x", "--snapshot: x: a UUID is expected"},
    {NEEDED " --size=10 --charging-mode=later",
     "--charging-mode: later: one of postPaid, prePaid is expected"},
    {NEEDED " --size=10 --metadata=novalue", "--metadata: novalue: "},
    {"volume update " DISK " --name=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggggggggh",
     "--name: aaaaaaaaaa"},
    {"volume list --ids=x", "--ids: x: "},
    {"volume list --sort-dir=up", "--sort-dir: up: one of desc, asc is expected"},
    {"volume list --limit=0", "--limit: 0: a number from 1 to 1000000 is expected"},
    {"volume list --page-size=1001", "--page-size: 1001: a number from 1 to 1000 is expected"},
    {"volume set-bootable " DISK " maybe", "--bootable: maybe: true or false is expected"},
    {"volume extend " DISK " small", "small: a number from "},
    {"volume extend " DISK, "is required: a number from "},
    {"tag add " DISK " novalue", "--tag: "},
    {"volume create --size=10", "--zone is required"},
    {NEEDED, "--size is missing: a number from 10 to 32768 is expected"},
    {"volume list --timeout=0", "--timeout: 0: a number from 1 to 604800 is expected"},
    {"volume list -o xml", "--output: xml: one of table, json, yaml is expected"},
    {"volume list --name", "--name: a value is expected"},
    /* ids */
    {"volume show x", "'x' is no volume id: a UUID is expected"},
    {"volume delete " DISK " x --yes", "'x' is no volume id: a UUID is expected"},
    {"snapshot delete ../volumes --yes", "is no snapshot id: a UUID is expected"},
    {"job show a/b", "'a/b' is no job id"},
    {"version show v9", "one of v1, v2, v3 is expected"},
    {"metadata get " DISK " ..", "'..' is no metadata key"},
    /* secrets */
    {"transfer create --raw " DISK " name --yes", "say --key-file=FILE or --show-key"},
    {"transfer accept --raw " DISK " --auth-key=abc", "--auth-key: no such flag; is --auth-key-file meant?"},
    {"transfer accept --raw " DISK " --auth-key-file=/nonexistent", "--auth-key-file: "},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    ctl_expect(&ctl, 2, rows[i].complaint, "%s", rows[i].line);
  assert_int_equal(sim_calls(ctl.sim, NULL), 0);
}

static void rules_between_fields_are_told(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  ctl_expect(&ctl, 2, "at most one of", NEEDED " --size=10 --snapshot=" DISK " --image=" DISK);
  ctl_expect(&ctl, 2, "prePaid", NEEDED " --size=10 --charging-mode=prePaid");
  ctl_expect(&ctl, 2, "one of 'name' and 'description' is expected", "volume update " DISK);
  assert_int_equal(sim_calls(ctl.sim, NULL), 0);
}

static void the_configuration_is_looked_for(void **state)
{
  Harness *harness = *state;
  Process *missing =
    process_start_list(harness, "evsctl", "--cloud-config=/nonexistent", "zone", "list", NULL);
  assert_int_equal(process_wait_exit(missing, HARNESS_WAIT_MS), 2);
  g_autofree char *text = process_stderr(missing);
  assert_non_null(strstr(text, "'/nonexistent'"));
  g_autofree char *wrong = harness_write_file(harness, "wrong.conf", "[Global]\nregionn = x\n");
  g_autofree char *flag = g_strconcat("--cloud-config=", wrong, NULL);
  Process *unknown = process_start_list(harness, "evsctl", "zone", "list", flag, NULL);
  assert_int_equal(process_wait_exit(unknown, HARNESS_WAIT_MS), 2);
  g_autofree char *complaint = process_stderr(unknown);
  assert_non_null(strstr(complaint, "regionn"));
}

static void the_environment_names_the_configuration(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *variable = g_strconcat("EVS_CLOUD_CONFIG=", ctl.cloud_config, NULL);
  const char *dir = g_getenv("EVS_BIN_DIR");
  g_autofree char *program = g_build_filename(dir ? dir : EVS_DEFAULT_BIN_DIR, "evsctl", NULL);
  Process *process = process_start_list(ctl.harness, "env", variable, program, "zone", "list", NULL);
  assert_int_equal(process_wait_exit(process, HARNESS_WAIT_MS), 0);
}

/* ---- what the cloud refuses ---- */

static void a_refusal_shows_code_request_and_remedy(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_auto(CtlResult) result = ctl_run(&ctl, "volume show " DISK);
  assert_int_equal(result.status, 1);
  assert_string_equal(result.out, "");
  assert_non_null(strstr(result.err, "evsctl: "));
  assert_non_null(strstr(result.err, "  code:     EVS.5404 (HTTP 404, NOT_FOUND)\n"));
  assert_non_null(strstr(result.err, "  request:  "));
  ctl_expect(&ctl, 1, "Common.0011", "job show no-such-job");
  g_auto(CtlResult) full = ctl_run(&ctl, NEEDED " --size=32768 --count=100");
  assert_int_equal(full.status, 1);
  assert_non_null(strstr(full.err, "EVS.1042"));
  assert_non_null(strstr(full.err, "  remedy:   "));
}

static void states_that_forbid_are_refused(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "busy");
  json_t *server = sim_server(ctl.sim, 0);
  g_autofree char *id = json_text_at(server, "id");
  json_decref(server);
  json_decref(ctl_json(&ctl, "server attach %s %s", id, disk));
  ctl_expect(&ctl, 1, "EVS.", "volume extend %s 10", disk);
  ctl_expect(&ctl, 1, "EVS.", "volume delete %s --yes", disk);
  ctl_expect(&ctl, 1, "EVS.", "transfer create --raw %s name --show-key --yes", disk);
  ctl_expect(&ctl, 1, "Ecs.", "server attach %s %s", id, disk);
}

static void hostile_names_do_not_reach_the_terminal(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "plain");
  json_decref(ctl_json(&ctl, "metadata add %s key='\033]0;owned\007'", disk));
  g_auto(CtlResult) result = ctl_run(&ctl, "metadata list %s", disk);
  assert_int_equal(result.status, 0);
  assert_null(strchr(result.out, '\033'));
  assert_non_null(strstr(result.out, "?]0;owned?\n"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(wrong_input_is_not_sent, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(rules_between_fields_are_told, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(the_configuration_is_looked_for, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(the_environment_names_the_configuration, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_refusal_shows_code_request_and_remedy, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(states_that_forbid_are_refused, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(hostile_names_do_not_reach_the_terminal, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("evsctl input", tests, NULL, NULL);
}
