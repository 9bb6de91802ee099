/* evsctl: work that takes its time, questions before something is destroyed, and what a terminal shows. */
#include "tests/integration/evsctl_support.h"

#include <signal.h>

#define CREATE "volume create --name=%s --zone=sim-1a --type=SSD --size=10"

static const SimOptions slow = {.profile =
                                  "{\"jobs\":{\"createVolume\":{\"median_ms\":600000,\"sigma\":0}}}"};

static void waited_work_gives_its_disk(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  json_t *disk = ctl_json(&ctl, CREATE, "one");
  g_autofree char *id = json_text_at(disk, "id"), *status = json_text_at(disk, "status");
  json_decref(disk);
  assert_string_equal(status, "available");
  disk = ctl_json(&ctl, "volume extend %s 20", id);
  assert_int_equal(json_integer_value(json_object_get(disk, "size")), 20);
  json_decref(disk);
  json_t *gone = ctl_json(&ctl, "volume delete %s --yes", id);
  g_autofree char *result = json_text_at(gone, "result");
  json_decref(gone);
  assert_string_equal(result, "done");
  assert_int_equal(sim_disk_count(ctl.sim), 0);
}

static void several_disks_come_as_an_array(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  json_t *disks = ctl_json(&ctl, CREATE " --count=3", "many");
  assert_int_equal(json_array_size(disks), 3);
  for (gsize i = 0; i < 3; i++) {
    g_autofree char *status = json_text_at(json_array_get(disks, i), "status");
    assert_string_equal(status, "available");
  }
  json_decref(disks);
}

static void unwaited_work_gives_its_job(void **state)
{
  Ctl ctl = ctl_start(*state, &slow);
  json_t *taken = ctl_json(&ctl, CREATE " --no-wait", "later");
  g_autofree char *job = json_text_at(taken, "job_id");
  assert_string_not_equal(job, "");
  assert_int_equal(json_array_size(json_object_get(taken, "volume_ids")), 1);
  json_decref(taken);
  assert_int_equal(sim_calls(ctl.sim, "6.4.1"), 0);
  json_t *shown = ctl_json(&ctl, "job show %s", job);
  g_autofree char *status = json_text_at(shown, "status");
  json_decref(shown);
  assert_true(g_str_equal(status, "INIT") || g_str_equal(status, "RUNNING"));
}

/* Neither done nor failed: its own exit status, and where to look. */
static void time_that_passes_is_told_from_failure(void **state)
{
  Ctl ctl = ctl_start(*state, &slow);
  g_auto(CtlResult) result = ctl_run(&ctl, CREATE " --timeout=2 -o json", "late");
  assert_int_equal(result.status, 3);
  assert_non_null(strstr(result.err, "create disk: not over after"));
  assert_non_null(strstr(result.err, "it goes on in the cloud"));
  json_t *taken = json_loads(result.out, 0, NULL);
  g_autofree char *job = json_text_at(taken, "job_id");
  json_decref(taken);
  g_autofree char *remedy = g_strconcat("`evsctl job show ", job, "`", NULL);
  assert_non_null(strstr(result.err, remedy));
  assert_true(sim_calls(ctl.sim, "6.4.1") >= 2);
  assert_true(sim_calls(ctl.sim, "6.4.1") <= 8); /* polite */
}

static gboolean job_was_asked(void *data)
{
  const Ctl *ctl = data;
  return sim_calls(ctl->sim, "6.4.1") > 0;
}

static void interrupted(const Ctl *ctl, int signal_number)
{
  sim_reset_calls(ctl->sim);
  Process *process = ctl_begin(ctl, CREATE, "broken-off");
  assert_true(wait_until(job_was_asked, (void *)ctl, HARNESS_WAIT_MS));
  process_signal(process, signal_number);
  assert_int_equal(process_wait_exit(process, HARNESS_STOP_MS), 130);
  g_autofree char *text = process_stderr(process);
  assert_non_null(strstr(text, "create disk: interrupted after"));
  assert_non_null(strstr(text, "evsctl job show"));
  assert_int_equal(sim_calls(ctl->sim, "6.1.1"), 1);
}

static void a_signal_ends_the_wait_not_the_work(void **state)
{
  Ctl ctl = ctl_start(*state, &slow);
  interrupted(&ctl, SIGINT);
  interrupted(&ctl, SIGTERM);
}

static void a_failed_job_is_a_failure_with_its_code(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_free(sim_fault(ctl.sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"job\","
                            "\"result\":\"FAIL\",\"code\":\"EVS.2024\"}}"));
  g_auto(CtlResult) result = ctl_run(&ctl, CREATE, "failing");
  assert_int_equal(result.status, 1);
  assert_non_null(strstr(result.err, "EVS.2024"));
  assert_string_equal(result.out, "");
}

/* A lost answer: nobody may send it again unseen. */
static void a_lost_answer_is_told(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_free(sim_fault(
    ctl.sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}"));
  g_auto(CtlResult) result = ctl_run(&ctl, CREATE " --timeout=20", "lost");
  assert_int_equal(result.status, 3);
  assert_int_equal(sim_calls(ctl.sim, "6.1.1"), 1);
}

/* A question that gets no answer has changed nothing. */
static void a_lost_answer_to_a_question_is_a_failure(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_free(sim_fault(
    ctl.sim,
    "{\"match\":{\"op\":\"6.1.3\"},\"times\":1000,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}"));
  g_auto(CtlResult) result = ctl_run(&ctl, "volume list --timeout=2");
  assert_int_equal(result.status, 1);
  assert_string_equal(result.out, "");
  assert_null(strstr(result.err, "outcome:"));
}

static void snapshots_are_waited_for_by_their_status(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  json_t *snapshot = ctl_json(&ctl, "snapshot create %s --name=snap", disk);
  g_autofree char *id = json_text_at(snapshot, "id"), *status = json_text_at(snapshot, "status");
  json_decref(snapshot);
  assert_string_equal(status, "available");
  json_decref(ctl_json(&ctl, "snapshot delete %s --yes", id));
  json_t *all = ctl_json(&ctl, "snapshot list");
  assert_int_equal(json_array_size(all), 0);
  json_decref(all);
}

static void assert_ends(const Ctl *ctl, const char *member, const char *value, const char *line)
{
  json_t *result = ctl_json(ctl, "%s --yes", line);
  g_autofree char *found = json_text_at(result, member);
  json_decref(result);
  if (!g_str_equal(found, value))
    fail_msg("evsctl %s: '%s' is '%s'", line, member, found);
}

/* By job of EVS, by job of ECS, by the disk's status, by its size, by its being gone. */
static void every_kind_of_end_is_seen(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  json_t *server = sim_server(ctl.sim, 0), *snapshot;
  g_autofree char *server_id = json_text_at(server, "id");
  json_decref(server);
  snapshot = ctl_json(&ctl, "snapshot create --cinder %s --name=snap", disk);
  g_autofree char *snapshot_id = json_text_at(snapshot, "id");
  json_decref(snapshot);
  const struct {
    const char *format, *first, *second, *member, *value;
  } rows[] = {
    {"snapshot rollback %s %s", snapshot_id, disk, "status", "available"},
    {"snapshot delete --cinder %s", snapshot_id, "", "result", "done"},
    {"volume extend --cinder %s 20", disk, "", "status", "available"},
    {"volume extend-many %s=30", disk, "", "result", "done"},
    {"volume retype %s ESSD", disk, "", "volume_type", "ESSD"},
    {"volume export-image %s image", disk, "", "status", "available"},
    {"server attach %s %s", server_id, disk, "status", "in-use"},
    {"server detach %s %s", server_id, disk, "status", "available"},
    {"volume delete --cinder %s", disk, "", "result", "done"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(GStrv) parts = g_strsplit(rows[i].format, "%s", 3);
    g_autofree char *line =
      g_strconcat(parts[0], rows[i].first, parts[1], parts[1] && parts[2] ? rows[i].second : "",
                  parts[1] ? parts[2] : NULL, NULL);
    assert_ends(&ctl, rows[i].member, rows[i].value, line);
  }
  assert_int_equal(sim_disk_count(ctl.sim), 0);
}

static void a_failed_job_of_a_server_is_a_failure(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "data");
  json_t *server = sim_server(ctl.sim, 0);
  g_autofree char *id = json_text_at(server, "id");
  json_decref(server);
  g_free(sim_fault(
    ctl.sim,
    "{\"match\":{\"op\":\"ecs.attach\"},\"times\":1,\"action\":{\"kind\":\"job\",\"result\":\"FAIL\","
    "\"code\":\"Ecs.0205\"}}"));
  ctl_expect(&ctl, 1, "Ecs.0205", "server attach %s %s", id, disk);
}

/* ---- several ids ---- */

static void one_failure_does_not_stop_the_others(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *first = ctl_create_disk(&ctl, "first"), *last = ctl_create_disk(&ctl, "last");
  static const char missing[] = "00000000-0000-0000-0000-000000000001";
  g_auto(CtlResult) result = ctl_run(&ctl, "volume delete %s %s %s --yes -o json", first, missing, last);
  assert_int_equal(result.status, 1);
  assert_non_null(strstr(result.err, "EVS.5404"));
  json_t *done = json_loads(result.out, 0, NULL);
  assert_int_equal(json_array_size(done), 2);
  json_decref(done);
  assert_int_equal(sim_disk_count(ctl.sim), 0);
}

typedef struct {
  const Sim *sim;
  const char *fault;
} Delayed;

static gboolean was_delayed(void *data)
{
  const Delayed *delayed = data;
  return sim_fault_hits(delayed->sim, delayed->fault) > 0;
}

/* What was not sent yet is not sent any more, and told. */
static void a_signal_stops_between_several(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *first = ctl_create_disk(&ctl, "first"), *last = ctl_create_disk(&ctl, "last");
  g_autofree char *fault = sim_fault(
    ctl.sim, "{\"match\":{\"op\":\"6.1.6\"},\"times\":9,\"action\":{\"kind\":\"delay\",\"ms\":5000}}");
  Process *process = ctl_begin(&ctl, "volume delete %s %s --yes --no-wait", first, last);
  Delayed delayed = {ctl.sim, fault};
  assert_true(wait_until(was_delayed, &delayed, HARNESS_WAIT_MS));
  process_signal(process, SIGINT);
  assert_int_equal(process_wait_exit(process, HARNESS_STOP_MS), 130);
  g_autofree char *text = process_stderr(process);
  assert_non_null(strstr(text, "interrupted: 1 of 2 were not sent"));
  json_t *kept = sim_disk(ctl.sim, last);
  assert_non_null(kept);
  json_decref(kept);
}

static void a_result_that_cannot_be_written_is_no_success(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  const char *dir = g_getenv("EVS_BIN_DIR");
  g_autofree char *line = g_strdup_printf("%s/evsctl --cloud-config=%s zone list >/dev/full",
                                          dir ? dir : EVS_DEFAULT_BIN_DIR, ctl.cloud_config);
  Process *process = process_start_list(ctl.harness, "sh", "-c", line, NULL);
  assert_int_equal(process_wait_exit(process, HARNESS_WAIT_MS), 1);
}

static void several_are_shown_as_an_array(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *first = ctl_create_disk(&ctl, "first"), *last = ctl_create_disk(&ctl, "last");
  json_t *both = ctl_json(&ctl, "volume show %s %s", first, last);
  g_autofree char *second = json_text_at(json_array_get(both, 1), "id");
  json_decref(both);
  assert_string_equal(second, last);
}

/* ---- questions ---- */

static void nobody_there_means_no(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  g_autofree char *disk = ctl_create_disk(&ctl, "kept");
  sim_reset_calls(ctl.sim);
  ctl_expect(&ctl, 2, "nobody is there to ask: say --yes", "volume delete %s", disk);
  ctl_expect(&ctl, 2, "say --yes", "volume delete --cinder %s", disk);
  ctl_expect(&ctl, 2, "say --yes", "transfer create --raw %s name --show-key", disk);
  assert_int_equal(sim_calls(ctl.sim, NULL), 0);
}

/* On a terminal made by script(1), with this answer typed. */
static char *on_terminal(const Ctl *ctl, const char *answer, const char *line, int *ret_status)
{
  const char *dir = g_getenv("EVS_BIN_DIR");
  g_autofree char *command =
    g_strdup_printf("echo %s | script -qec '%s/evsctl --cloud-config=%s %s' /dev/null", answer,
                    dir ? dir : EVS_DEFAULT_BIN_DIR, ctl->cloud_config, line);
  Process *process = process_start_list(ctl->harness, "sh", "-c", command, NULL);
  *ret_status = process_wait_exit(process, HARNESS_WAIT_MS);
  return process_stdout(process);
}

static gboolean has_script(void)
{
  g_autofree char *path = g_find_program_in_path("script");
  return path != NULL;
}

static void a_person_is_asked_once(void **state)
{
  Ctl ctl = ctl_start(*state, NULL);
  if (!has_script())
    skip();
  g_autofree char *disk = ctl_create_disk(&ctl, "asked");
  g_autofree char *line = g_strconcat("volume delete ", disk, NULL);
  g_autofree char *question = g_strdup_printf("delete disk %s? [y/N]", disk);
  int status;
  g_autofree char *refused = on_terminal(&ctl, "n", line, &status);
  assert_non_null(strstr(refused, question));
  assert_non_null(strstr(refused, "not done"));
  assert_int_equal(status, 2);
  assert_int_equal(sim_disk_count(ctl.sim), 1);
  g_free(on_terminal(&ctl, "y", line, &status));
  assert_int_equal(status, 0);
  assert_int_equal(sim_disk_count(ctl.sim), 0);
}

static void progress_is_for_terminals_only(void **state)
{
  Ctl ctl = ctl_start(*state, &slow);
  g_auto(CtlResult) plain = ctl_run(&ctl, CREATE " --timeout=2", "plain");
  assert_null(strchr(plain.err, '\r'));
  assert_null(strchr(plain.err, '\033'));
  if (!has_script())
    skip();
  int status;
  g_autofree char *line = g_strdup_printf(CREATE " --timeout=3", "shown");
  g_autofree char *text = on_terminal(&ctl, "", line, &status);
  assert_int_equal(status, 3);
  assert_non_null(strstr(text, "] create disk: job "));
  assert_non_null(strstr(text, " RUNNING, "));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(waited_work_gives_its_disk, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(several_disks_come_as_an_array, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(unwaited_work_gives_its_job, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(time_that_passes_is_told_from_failure, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_signal_ends_the_wait_not_the_work, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_failed_job_is_a_failure_with_its_code, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_lost_answer_is_told, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_lost_answer_to_a_question_is_a_failure, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(snapshots_are_waited_for_by_their_status, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(every_kind_of_end_is_seen, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_failed_job_of_a_server_is_a_failure, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(one_failure_does_not_stop_the_others, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_signal_stops_between_several, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_result_that_cannot_be_written_is_no_success, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(several_are_shown_as_an_array, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(nobody_there_means_no, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(a_person_is_asked_once, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(progress_is_for_terminals_only, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("evsctl wait", tests, NULL, NULL);
}
