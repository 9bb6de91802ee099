/* Attaches and detaches that hang: the server's other disks go on, and what hangs is ended by force once its server does
 * not run, by whichever call or process comes. */
#include "tests/integration/controller_support.h"

/* Instead of two minutes; and long enough for a failure to be told by the job. */
#define SOON "--stuck-after-ms=1500"
#define LATER "--stuck-after-ms=60000"

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller;
  const char *option;
  json_t *servers[2];
} Stage;

static void drop_stage(void *data)
{
  Stage *stage = data;
  for (gsize i = 0; i < G_N_ELEMENTS(stage->servers); i++)
    json_decref(stage->servers[i]);
  g_free(stage);
}

static Plugin *start(const Stage *stage, const Plugin *same_as)
{
  const char *const extra[] = {stage->option, NULL};
  return controller_start(stage->harness, stage->sim, &(PluginOptions){.extra = extra, .same_as = same_as});
}

static Stage *set_stage(Harness *harness, const char *option)
{
  Stage *stage = g_new0(Stage, 1);
  harness_at_end(harness, drop_stage, stage);
  stage->harness = harness;
  stage->option = option;
  stage->sim = sim_start(harness, NULL);
  stage->controller = start(stage, NULL);
  for (gsize i = 0, found = 0; found < G_N_ELEMENTS(stage->servers); i++) {
    json_t *server = sim_server(stage->sim, i);
    if (g_str_has_prefix(json_string_value(json_object_get(server, "name")), "node-"))
      stage->servers[found++] = server;
    else
      json_decref(server);
  }
  return stage;
}

static const char *server_id(const Stage *stage, gsize index)
{
  return json_string_value(json_object_get(stage->servers[index], "id"));
}

static void set_server(const Stage *stage, gsize index, const char *status)
{
  g_autofree char *path = g_strconcat("/_sim/servers/", server_id(stage, index), NULL);
  g_autofree char *body = g_strdup_printf("{\"status\":\"%s\"}", status);
  sim_send(stage->sim, "PUT", path, body);
}

static json_t *publish_request(const Stage *stage, const char *volume_id, gsize server)
{
  return json_pack("{s:s, s:s, s:o}", "volume_id", volume_id, "node_id", server_id(stage, server),
                   "volume_capability", csi_block());
}

static json_t *unpublish_request(const Stage *stage, const char *volume_id, gsize server)
{
  return json_pack("{s:s, s:s}", "volume_id", volume_id, "node_id", server_id(stage, server));
}

static Call publish_call(const Stage *stage, const char *volume_id, gsize server)
{
  return (Call){.plugin = stage->controller,
                .method = "ControllerPublishVolume",
                .request = publish_request(stage, volume_id, server)};
}

static Call unpublish_call(const Stage *stage, const char *volume_id, gsize server)
{
  return (Call){.plugin = stage->controller,
                .method = "ControllerUnpublishVolume",
                .request = unpublish_request(stage, volume_id, server)};
}

static void make(Call call)
{
  json_decref(csi_call_json(call.plugin, call.method, call.request, CSI_TIMEOUT_MS, NULL));
}

static CsiVolume *new_volume(const Stage *stage, const char *name)
{
  return csi_create(stage->harness, stage->controller, name, 10 * GIB, csi_block());
}

static void hang_next(const Stage *stage, const char *op, const char *status)
{
  g_autofree char *fault = g_strdup_printf(
    "{\"match\":{\"op\":\"%s\"},\"times\":1,\"action\":{\"kind\":\"stuck\",\"state\":\"%s\"}}", op, status);
  g_free(sim_fault(stage->sim, fault));
}

static void fail_next_detach(const Stage *stage)
{
  g_free(sim_fault(stage->sim, "{\"match\":{\"op\":\"ecs.detach\"},\"times\":1,\"action\":"
                               "{\"kind\":\"job\",\"result\":\"FAIL\",\"code\":\"Ecs.1000\"}}"));
}

static gsize attachments(const Stage *stage, const char *volume_id)
{
  json_t *disk = sim_disk(stage->sim, volume_id);
  gsize count = json_array_size(json_object_get(disk, "attachments"));
  json_decref(disk);
  return count;
}

static gboolean was_forced(const Stage *stage)
{
  g_autofree char *log = process_stderr(stage->controller->process);
  return strstr(log, "\"forced\":\"true\"") != NULL;
}

static gboolean says_stuck(void *data)
{
  const Stage *stage = data;
  g_autofree char *log = process_stderr(stage->controller->process);
  return strstr(log, "is stuck, the server's other disks go on") != NULL;
}

/* The attach of the second disk is sent while the first one hangs; both end well when the cloud comes round. */
static void a_hanging_attach_gives_up_its_lane(void **state)
{
  Stage *stage = set_stage(*state, SOON);
  CsiVolume *hanging = new_volume(stage, "pvc-1"), *next = new_volume(stage, "pvc-2");
  hang_next(stage, "ecs.attach", "attaching");
  Call first = publish_call(stage, hanging->id, 0), second = publish_call(stage, next->id, 0);
  CallRun *first_run = call_begin(&first);
  await_calls(stage->sim, "ecs.attach", 1);
  CallRun *second_run = call_begin(&second);
  await_calls(stage->sim, "ecs.attach", 2);
  assert_true(says_stuck(stage));
  sim_clear_faults(stage->sim);
  call_await(first_run);
  call_await(second_run);
  call_assert_ok(&first);
  call_assert_ok(&second);
  call_clear(&first);
  call_clear(&second);
  assert_int_equal(sim_calls(stage->sim, "ecs.attach"), 2);
}

/* The detach hangs, the server is switched off: one forced detach ends it. */
static void a_hanging_detach_is_forced_when_the_server_is_down(void **state)
{
  Stage *stage = set_stage(*state, SOON);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  make(publish_call(stage, volume->id, 0));
  hang_next(stage, "ecs.detach", "detaching");
  set_server(stage, 0, "SHUTOFF");
  make(unpublish_call(stage, volume->id, 0));
  assert_int_equal(attachments(stage, volume->id), 0);
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 2);
  assert_true(was_forced(stage));
  make(publish_call(stage, volume->id, 1));
}

/* A running server keeps its hanging disk: its guest may write. What was seen is remembered over calls that are shorter
 * than the wait, so the first call after the server's end forces. */
static void a_hanging_detach_waits_for_a_running_server(void **state)
{
  enum { SHORT_MS = 1000, CALLS = 4 };
  Stage *stage = set_stage(*state, SOON);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  make(publish_call(stage, volume->id, 0));
  hang_next(stage, "ecs.detach", "detaching");
  for (int i = 0; i < CALLS; i++) {
    g_autoptr(GError) error = NULL;
    json_t *reply = csi_call_json(stage->controller, "ControllerUnpublishVolume",
                                  unpublish_request(stage, volume->id, 0), SHORT_MS, &error);
    assert_null(reply);
    assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  }
  assert_true(wait_until(says_stuck, stage, HARNESS_WAIT_MS));
  csi_expect_error(stage->controller, "ControllerPublishVolume", publish_request(stage, volume->id, 1),
                   EVS_CODE_ABORTED, "");
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 1);
  assert_false(was_forced(stage));
  set_server(stage, 0, "REBOOT");
  csi_expect_error(stage->controller, "ControllerPublishVolume", publish_request(stage, volume->id, 1),
                   EVS_CODE_ABORTED, "");
  set_server(stage, 0, "ERROR");
  make(unpublish_call(stage, volume->id, 0));
  assert_int_equal(attachments(stage, volume->id), 0);
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 2);
  assert_true(was_forced(stage));
}

/* The detach was begun by a process that is gone. */
static void another_life_ends_what_hangs(void **state)
{
  Stage *stage = set_stage(*state, SOON);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  make(publish_call(stage, volume->id, 0));
  hang_next(stage, "ecs.detach", "detaching");
  Call call = unpublish_call(stage, volume->id, 0);
  CallRun *run = call_begin(&call);
  sim_wait_disk_status(stage->sim, volume->id, "detaching");
  process_kill(stage->controller->process);
  call_await(run);
  assert_non_null(call.error);
  call_clear(&call);
  set_server(stage, 0, "SHUTOFF");
  stage->controller = start(stage, stage->controller);
  csi_expect_error(stage->controller, "ControllerPublishVolume", publish_request(stage, volume->id, 1),
                   EVS_CODE_ABORTED, "hangs: it has been 'detaching' for");
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 1);
  make(unpublish_call(stage, volume->id, 0));
  assert_int_equal(attachments(stage, volume->id), 0);
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 2);
}

/* An attach hangs at a server that breaks: the call ends, and the detach that follows frees the disk. */
static void a_hanging_attach_is_taken_back(void **state)
{
  Stage *stage = set_stage(*state, SOON);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  hang_next(stage, "ecs.attach", "attaching");
  Call call = publish_call(stage, volume->id, 0);
  CallRun *run = call_begin(&call);
  sim_wait_disk_status(stage->sim, volume->id, "attaching");
  set_server(stage, 0, "ERROR");
  call_await(run);
  assert_true(evs_error_is(call.error, EVS_CODE_ABORTED));
  assert_non_null(strstr(call.error->message, "has status 'ERROR'"));
  call_clear(&call);
  make(unpublish_call(stage, volume->id, 0));
  make(publish_call(stage, volume->id, 1));
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 1);
  assert_int_equal(sim_calls(stage->sim, "ecs.attach"), 2);
}

/* A failed plain detach is told while the server runs, and forced when it does not; a refused one likewise. */
static void a_failed_detach_is_forced_when_the_server_is_down(void **state)
{
  Stage *stage = set_stage(*state, LATER);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  make(publish_call(stage, volume->id, 0));
  fail_next_detach(stage);
  csi_expect_error(stage->controller, "ControllerUnpublishVolume", unpublish_request(stage, volume->id, 0),
                   EVS_CODE_UNAVAILABLE, "Ecs.1000");
  assert_false(was_forced(stage));
  assert_int_equal(attachments(stage, volume->id), 1);
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 1);

  set_server(stage, 0, "SHUTOFF");
  fail_next_detach(stage);
  make(unpublish_call(stage, volume->id, 0));
  assert_true(was_forced(stage));
  assert_int_equal(attachments(stage, volume->id), 0);
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 3);

  make(publish_call(stage, volume->id, 1));
  set_server(stage, 1, "ERROR");
  make(unpublish_call(stage, volume->id, 1)); /* plain: Ecs.0100 */
  assert_int_equal(attachments(stage, volume->id), 0);
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 5);
  assert_int_equal(sim_loops(stage->sim), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_hanging_attach_gives_up_its_lane),
    TEST(a_hanging_detach_is_forced_when_the_server_is_down),
    TEST(a_hanging_detach_waits_for_a_running_server),
    TEST(another_life_ends_what_hangs),
    TEST(a_hanging_attach_is_taken_back),
    TEST(a_failed_detach_is_forced_when_the_server_is_down),
  };
  return cmocka_run_group_tests_name("controller_stuck", tests, NULL, NULL);
}
