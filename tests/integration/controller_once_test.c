/* Exactly one disk per volume name: equal calls at once, two controllers, lost answers, failed jobs, kills, clouds
 * that ignore or refuse client tokens. */
#include "tests/integration/controller_support.h"

enum { EQUAL_CALLS = 16, NAMES = 20, CONTROLLERS = 2 };

#define SLOW_CREATE "{\"jobs\":{\"createVolume\":{\"median_ms\":2000,\"sigma\":0}}}"

static void equal_calls_at_once_make_one_disk(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SLOW_CREATE});
  Plugin *controller = controller_start(harness, sim, NULL);
  Call calls[EQUAL_CALLS] = {0};
  for (gsize i = 0; i < EQUAL_CALLS; i++)
    calls[i] = (Call){.plugin = controller, .method = "CreateVolume", .request = create_request("pvc-1")};
  calls_run(calls, EQUAL_CALLS);
  for (gsize i = 0; i < EQUAL_CALLS; i++) {
    call_assert_ok(&calls[i]);
    assert_string_equal(call_volume_id(&calls[i]), call_volume_id(&calls[0]));
  }
  for (gsize i = 0; i < EQUAL_CALLS; i++)
    call_clear(&calls[i]);
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  assert_int_equal(sim_disk_count(sim), 1);
}

static void a_different_call_at_the_same_time_is_told_what_runs(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SLOW_CREATE});
  Plugin *controller = controller_start(harness, sim, NULL);
  Call first = {.plugin = controller, .method = "CreateVolume", .request = create_request("pvc-1")};
  CallRun *run = call_begin(&first);
  await_calls(sim, "6.1.1", 1);
  csi_expect_error(controller, "CreateVolume", csi_create_request("pvc-1", 20 * GIB, csi_mount("ext4", NULL)),
                   EVS_CODE_ABORTED, "CreateVolume");
  call_await(run);
  call_assert_ok(&first);
  call_clear(&first);
}

/* The client's time is shorter than the job: ABORTED says what runs, and the next call gets the disk. */
static void a_short_deadline_is_aborted_and_the_next_call_succeeds(void **state)
{
  enum { SHORT_MS = 1500 };
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SLOW_CREATE});
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autoptr(GError) error = NULL;
  json_t *none = csi_call_json(controller, "CreateVolume", create_request("pvc-1"), SHORT_MS, &error);
  assert_null(none);
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  if (!strstr(error->message, "CreateVolume") || !strstr(error->message, "createVolume job") ||
      !strstr(error->message, " s"))
    fail_msg("operation, job and age wanted: %s", error->message);
  csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  assert_int_equal(sim_disk_count(sim), 1);
}

/* Each of many names is asked of both controllers at once: nobody fails, every name has one disk. */
static void two_controllers_make_one_disk_per_name(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controllers[CONTROLLERS];
  for (gsize i = 0; i < CONTROLLERS; i++)
    controllers[i] = controller_start(harness, sim, NULL);
  Call calls[NAMES * CONTROLLERS] = {0};
  for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
    g_autofree char *name = g_strdup_printf("pvc-%zu", i / CONTROLLERS);
    calls[i] = (Call){
      .plugin = controllers[i % CONTROLLERS], .method = "CreateVolume", .request = create_request(name)};
  }
  calls_run(calls, G_N_ELEMENTS(calls));
  for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
    call_assert_ok(&calls[i]);
    assert_string_equal(call_volume_id(&calls[i]), call_volume_id(&calls[i - i % CONTROLLERS]));
  }
  assert_int_equal(sim_disk_count(sim), NAMES);

  Call deletes[NAMES * CONTROLLERS] = {0};
  for (gsize i = 0; i < G_N_ELEMENTS(deletes); i++)
    deletes[i] = (Call){.plugin = controllers[i % CONTROLLERS],
                        .method = "DeleteVolume",
                        .request = json_pack("{s:s}", "volume_id", call_volume_id(&calls[i]))};
  calls_run(deletes, G_N_ELEMENTS(deletes));
  for (gsize i = 0; i < G_N_ELEMENTS(deletes); i++) {
    call_assert_ok(&deletes[i]);
    call_clear(&deletes[i]);
    call_clear(&calls[i]);
  }
  assert_int_equal(sim_disk_count(sim), 0);
}

/* The request was taken, its answer never came: the disk is found by name and owner. */
static void a_lost_answer_makes_no_second_disk(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autofree char *fault = sim_fault(
    sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}");
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_int_equal(sim_fault_hits(sim, fault), 1);
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  assert_int_equal(sim_disk_count(sim), 1);
  csi_delete(volume, controller);
}

/* A failed job is told; its remnant goes; the next call takes the next token. */
static void a_failed_job_is_told_and_the_next_call_succeeds(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autofree char *fault = sim_fault(sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":"
                                          "{\"kind\":\"job\",\"result\":\"FAIL\",\"code\":\"EVS.2024\"}}");
  csi_expect_error(controller, "CreateVolume", create_request("pvc-1"), EVS_CODE_INTERNAL, "EVS.2024");
  assert_int_equal(sim_fault_hits(sim, fault), 1);
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  sim_wait_disk_status(sim, volume->id, "available");
  assert_int_equal(sim_calls(sim, "6.1.1"), 2);
  assert_int_equal(sim_disk_count(sim), 1);
}

/* A controller that knows nothing of the failure meets the spent token and goes on in the same call. */
static void an_old_failure_is_history(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autofree char *fault G_GNUC_UNUSED =
    sim_fault(sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":"
                   "{\"kind\":\"job\",\"result\":\"FAIL\",\"code\":\"EVS.2024\"}}");
  csi_expect_error(controller, "CreateVolume", create_request("pvc-1"), EVS_CODE_INTERNAL, "EVS.2024");
  process_kill(controller->process);
  Plugin *restarted = controller_start(harness, sim, &(PluginOptions){.same_as = controller});
  csi_create(harness, restarted, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_int_equal(sim_calls(sim, "6.1.1"), 3);
  assert_int_equal(sim_disk_count(sim), 1);
}

/* SIGKILL while the job runs; the restarted controller gets the same disk. profile NULL: tokens honoured. */
static void kill_and_restart(Harness *harness, const char *profile)
{
  Sim *sim = sim_start(harness, &(SimOptions){.profile = profile});
  Plugin *controller = controller_start(harness, sim, NULL);
  Call call = {.plugin = controller, .method = "CreateVolume", .request = create_request("pvc-1")};
  CallRun *run = call_begin(&call);
  await_calls(sim, "6.1.1", 1);
  process_kill(controller->process);
  call_await(run);
  assert_non_null(call.error);
  call_clear(&call);
  Plugin *restarted = controller_start(harness, sim, &(PluginOptions){.same_as = controller});
  CsiVolume *volume = csi_create(harness, restarted, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_int_equal(sim_disk_count(sim), 1);
  csi_delete(volume, restarted);
  assert_int_equal(sim_disk_count(sim), 0);
}

static void a_kill_in_mid_create_leaves_one_disk(void **state)
{
  kill_and_restart(*state, SLOW_CREATE);
}

static void tokens_ignored_in_silence_make_one_disk(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = "{\"client_token\":\"ignored\"}"});
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autofree char *fault G_GNUC_UNUSED = sim_fault(
    sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}");
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  process_kill(controller->process);
  Plugin *restarted = controller_start(harness, sim, &(PluginOptions){.same_as = controller});
  CsiVolume *again = csi_create(harness, restarted, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_string_equal(volume->id, again->id);
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  assert_int_equal(sim_disk_count(sim), 1);
}

static void tokens_refused_make_one_disk(void **state)
{
  Harness *harness = *state;
  Sim *sim =
    sim_start(harness, &(SimOptions){.profile = "{\"client_token\":\"refused\",\"list_lag_ms\":500}"});
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  CsiVolume *again = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_string_equal(volume->id, again->id);
  assert_int_equal(sim_disk_count(sim), 1);
}

/* One answer with this code, the request not taken: exactly one disk, after so many requests. */
static void refused_once(Harness *harness, const char *profile, const char *code, gint64 requests)
{
  Sim *sim = sim_start(harness, &(SimOptions){.profile = profile});
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autofree char *text = g_strdup_printf("{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":"
                                          "{\"kind\":\"status\",\"status\":400,\"code\":\"%s\"}}",
                                          code);
  g_autofree char *fault = sim_fault(sim, text);
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  CsiVolume *again = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_string_equal(volume->id, again->id);
  assert_int_equal(sim_fault_hits(sim, fault), 1);
  assert_int_equal(sim_calls(sim, "6.1.1"), requests);
  assert_int_equal(sim_disk_count(sim), 1);
}

/* EVS.2220: the token is too old, the next one counts. */
static void an_expired_token_makes_one_disk(void **state)
{
  refused_once(*state, NULL, "EVS.2220", 2);
}

/* EVS.2221: an equal request runs. */
static void a_request_under_way_makes_one_disk(void **state)
{
  refused_once(*state, NULL, "EVS.2221", 2);
}

/* EVS.2222: the cloud cannot tell what became of the first request. */
static void an_unreadable_token_makes_one_disk(void **state)
{
  refused_once(*state, NULL, "EVS.2222", 2);
}

/* EVS.2223: no tokens today. */
static void tokens_switched_off_make_one_disk(void **state)
{
  refused_once(*state, "{\"list_lag_ms\":500}", "EVS.2223", 2);
}

/* EVS.2221 by the cloud itself: the first request's answer is late, a second controller sends the same. */
static void an_equal_request_of_another_controller_makes_one_disk(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = "{\"list_lag_ms\":2000}"});
  Plugin *controllers[CONTROLLERS];
  for (gsize i = 0; i < CONTROLLERS; i++)
    controllers[i] = controller_start(harness, sim, NULL);
  g_free(
    sim_fault(sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"delay\",\"ms\":1500}}"));
  Call calls[CONTROLLERS] = {0};
  for (gsize i = 0; i < CONTROLLERS; i++)
    calls[i] = (Call){.plugin = controllers[i], .method = "CreateVolume", .request = create_request("pvc-1")};
  calls_run(calls, CONTROLLERS);
  for (gsize i = 0; i < CONTROLLERS; i++) {
    call_assert_ok(&calls[i]);
    assert_string_equal(call_volume_id(&calls[i]), call_volume_id(&calls[0]));
  }
  for (gsize i = 0; i < CONTROLLERS; i++)
    call_clear(&calls[i]);
  assert_int_equal(sim_disk_count(sim), 1);
}

/* No tokens and no answer: the disk is found by name and owner. */
static void a_lost_answer_without_tokens_makes_one_disk(void **state)
{
  Harness *harness = *state;
  Sim *sim =
    sim_start(harness, &(SimOptions){.profile = "{\"client_token\":\"refused\",\"list_lag_ms\":1000}"});
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autofree char *fault = sim_fault(sim, "{\"match\":{\"op\":\"6.1.1\",\"skip\":1},\"times\":1,\"action\":"
                                          "{\"kind\":\"drop\",\"when\":\"after\"}}");
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_int_equal(sim_fault_hits(sim, fault), 1);
  assert_int_equal(sim_calls(sim, "6.1.1"), 2);
  assert_int_equal(sim_disk_count(sim), 1);
  csi_delete(volume, controller);
}

/* ---- a name used again: what this process has deleted needs no other proof ---- */

enum { ROUNDS = 3 };

/* A disk of another size each time: its request would conflict with the token of the one before. */
static void a_deleted_name_is_made_again_at_once(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  for (int i = 0; i < ROUNDS; i++) {
    CsiVolume *volume = csi_create(harness, controller, "pvc-1", (10 + i / 2) * GIB, csi_mount("ext4", NULL));
    assert_int_equal(sim_disk_count(sim), 1);
    CsiVolume *again = csi_create(harness, controller, "pvc-1", (10 + i / 2) * GIB, csi_mount("ext4", NULL));
    assert_string_equal(again->id, volume->id);
    csi_delete(volume, controller);
    assert_int_equal(sim_disk_count(sim), 0);
  }
  assert_int_equal(sim_calls(sim, "6.1.1"), ROUNDS);
}

/* The disk was made by an earlier process: the first token is answered with the disk that this one has deleted. */
static void a_disk_of_an_earlier_process_too(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  process_kill(controller->process);
  Plugin *restarted = controller_start(harness, sim, &(PluginOptions){.same_as = controller});
  csi_delete(volume, restarted);
  csi_create(harness, restarted, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_int_equal(sim_calls(sim, "6.1.1"), 3);
  assert_int_equal(sim_disk_count(sim), 1);
}

/* One controller has the proof and makes the disk; the other, which has none, finds that one, whoever comes first. */
static void two_controllers_make_a_deleted_name_again(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SLOW_CREATE});
  Plugin *controllers[CONTROLLERS];
  for (gsize i = 0; i < CONTROLLERS; i++)
    controllers[i] = controller_start(harness, sim, NULL);
  CsiVolume *volume = csi_create(harness, controllers[0], "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  csi_delete(volume, controllers[0]);
  Call calls[CONTROLLERS] = {0};
  for (gsize i = 0; i < CONTROLLERS; i++)
    calls[i] = (Call){.plugin = controllers[i], .method = "CreateVolume", .request = create_request("pvc-1")};
  CallRun *blind = call_begin(&calls[1]);
  await_calls(sim, "6.1.1", 2);
  CallRun *knowing = call_begin(&calls[0]);
  call_await(knowing);
  call_await(blind);
  for (gsize i = 0; i < CONTROLLERS; i++)
    call_assert_ok(&calls[i]);
  assert_string_equal(call_volume_id(&calls[0]), call_volume_id(&calls[1]));
  assert_string_not_equal(call_volume_id(&calls[0]), volume->id);
  for (gsize i = 0; i < CONTROLLERS; i++)
    call_clear(&calls[i]);
  assert_int_equal(sim_disk_count(sim), 1);
  assert_int_equal(sim_calls(sim, "6.1.1"), 3);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(equal_calls_at_once_make_one_disk),
    TEST(a_different_call_at_the_same_time_is_told_what_runs),
    TEST(a_short_deadline_is_aborted_and_the_next_call_succeeds),
    TEST(two_controllers_make_one_disk_per_name),
    TEST(a_lost_answer_makes_no_second_disk),
    TEST(a_failed_job_is_told_and_the_next_call_succeeds),
    TEST(an_old_failure_is_history),
    TEST(a_kill_in_mid_create_leaves_one_disk),
    TEST(tokens_ignored_in_silence_make_one_disk),
    TEST(tokens_refused_make_one_disk),
    TEST(an_expired_token_makes_one_disk),
    TEST(a_request_under_way_makes_one_disk),
    TEST(an_unreadable_token_makes_one_disk),
    TEST(tokens_switched_off_make_one_disk),
    TEST(an_equal_request_of_another_controller_makes_one_disk),
    TEST(a_lost_answer_without_tokens_makes_one_disk),
    TEST(a_deleted_name_is_made_again_at_once),
    TEST(a_disk_of_an_earlier_process_too),
    TEST(two_controllers_make_a_deleted_name_again),
  };
  return cmocka_run_group_tests_name("controller_once", tests, NULL, NULL);
}
