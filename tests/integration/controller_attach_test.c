/* ControllerPublish/Unpublish where it gets rough: gone disks and servers, shared disks, full servers, lanes, kills. */
#include "tests/integration/controller_support.h"

#define SLOW_ATTACH                                                                                          \
  "{\"jobs\":{\"attachVolume\":{\"median_ms\":1500,\"sigma\":0},\"detachVolume\":{\"median_ms\":1500,"       \
  "\"sigma\":0}}}"

#define QUITE_SLOW_ATTACH "{\"jobs\":{\"attachVolume\":{\"median_ms\":500,\"sigma\":0}}}"

enum { DISKS = 4 };

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller;
  char *nodes[3]; /* server ids in the disks' zone */
} Stage;

static void drop_stage(void *data)
{
  Stage *stage = data;
  for (gsize i = 0; i < G_N_ELEMENTS(stage->nodes); i++)
    g_free(stage->nodes[i]);
  g_free(stage);
}

/* The first server whose field has this value. */
static char *server_with(const Sim *sim, const char *field, const char *value)
{
  json_t *state = sim_get(sim, "/_sim/state");
  json_t *servers = json_object_get(state, "servers"), *server;
  char *id = NULL;
  gsize i;
  json_array_foreach(servers, i, server)
  {
    const char *has = json_string_value(json_object_get(server, field));
    if (!id && has && g_str_equal(has, value))
      id = g_strdup(json_string_value(json_object_get(server, "id")));
  }
  json_decref(state);
  assert_non_null(id);
  return id;
}

static Stage *set_stage(Harness *harness, const SimOptions *options)
{
  Stage *stage = g_new0(Stage, 1);
  harness_at_end(harness, drop_stage, stage);
  stage->harness = harness;
  stage->sim = sim_start(harness, options);
  stage->controller = controller_start(harness, stage->sim, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(stage->nodes); i++) {
    g_autofree char *name = g_strdup_printf("node-%zu", i + 1);
    stage->nodes[i] = server_with(stage->sim, "name", name);
  }
  return stage;
}

static json_t *publish_request(const char *volume_id, const char *node_id, json_t *capability)
{
  return json_pack("{s:s, s:s, s:o}", "volume_id", volume_id, "node_id", node_id, "volume_capability",
                   capability);
}

static json_t *unpublish_request(const char *volume_id, const char *node_id)
{
  return json_pack("{s:s, s:s}", "volume_id", volume_id, "node_id", node_id);
}

static void publish(Stage *stage, const char *volume_id, const char *node_id)
{
  json_decref(csi_call_json(stage->controller, "ControllerPublishVolume",
                            publish_request(volume_id, node_id, csi_mount("ext4", NULL)), CSI_TIMEOUT_MS,
                            NULL));
}

static void unpublish(Stage *stage, const char *volume_id, const char *node_id)
{
  json_decref(csi_call_json(stage->controller, "ControllerUnpublishVolume",
                            unpublish_request(volume_id, node_id), CSI_TIMEOUT_MS, NULL));
}

static gsize attachments(const Sim *sim, const char *volume_id)
{
  json_t *disk = sim_disk(sim, volume_id);
  gsize count = json_array_size(json_object_get(disk, "attachments"));
  json_decref(disk);
  return count;
}

static void gone_things_are_detached(void **state)
{
  Stage *stage = set_stage(*state, NULL);
  CsiVolume *volume =
    csi_create(stage->harness, stage->controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  unpublish(stage, NOBODY, stage->nodes[0]);
  unpublish(stage, NOBODY, "");
  unpublish(stage, volume->id, NOBODY);
  unpublish(stage, volume->id, stage->nodes[0]);
  unpublish(stage, volume->id, "");
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 0);
  csi_expect_error(stage->controller, "ControllerPublishVolume",
                   publish_request(NOBODY, stage->nodes[0], csi_mount("ext4", NULL)), EVS_CODE_NOT_FOUND, "");
  csi_expect_error(stage->controller, "ControllerPublishVolume",
                   publish_request(volume->id, NOBODY, csi_mount("ext4", NULL)), EVS_CODE_NOT_FOUND, NOBODY);
  g_autofree char *far = server_with(stage->sim, "zone", "sim-1b");
  csi_expect_error(stage->controller, "ControllerPublishVolume",
                   publish_request(volume->id, far, csi_mount("ext4", NULL)), EVS_CODE_FAILED_PRECONDITION,
                   "is in availability zone 'sim-1a', server");
  assert_int_equal(sim_calls(stage->sim, "ecs.attach"), 2); /* refused */
  assert_int_equal(attachments(stage->sim, volume->id), 0);
}

static void a_shared_disk_leaves_all_nodes(void **state)
{
  Stage *stage = set_stage(*state, NULL);
  json_t *shared = csi_with_mode(csi_block(), "MULTI_NODE_MULTI_WRITER");
  json_t *request = csi_create_request("pvc-shared", 10 * GIB, json_incref(shared));
  json_object_set_new(request, "parameters", json_pack("{s:s}", "multiattach", "true"));
  json_t *reply = csi_call_json(stage->controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  const char *id = json_string_value(json_object_get(json_object_get(reply, "volume"), "volume_id"));
  for (gsize i = 0; i < 2; i++)
    json_decref(csi_call_json(stage->controller, "ControllerPublishVolume",
                              publish_request(id, stage->nodes[i], json_incref(shared)), CSI_TIMEOUT_MS,
                              NULL));
  assert_int_equal(attachments(stage->sim, id), 2);
  csi_expect_error(stage->controller, "ControllerPublishVolume",
                   publish_request(id, stage->nodes[2], csi_block()), EVS_CODE_FAILED_PRECONDITION,
                   stage->nodes[0]);
  unpublish(stage, id, stage->nodes[0]);
  assert_int_equal(attachments(stage->sim, id), 1);
  json_decref(csi_call_json(stage->controller, "ControllerPublishVolume",
                            publish_request(id, stage->nodes[2], json_incref(shared)), CSI_TIMEOUT_MS, NULL));
  unpublish(stage, id, "");
  assert_int_equal(attachments(stage->sim, id), 0);
  json_decref(csi_call(stage->controller, "DeleteVolume", NULL, "{s:s}", "volume_id", id));
  json_decref(reply);
  json_decref(shared);
}

/* Watches the statuses of all disks while calls run. */
typedef struct {
  const Sim *sim;
  gint64 most_attaching;
} Watch;

static gboolean all_in_use(void *data)
{
  Watch *watch = data;
  json_t *stats = sim_get(watch->sim, "/_sim/stats");
  json_t *disks = json_object_get(stats, "disks");
  watch->most_attaching = MAX(watch->most_attaching, json_integer_value(json_object_get(disks, "attaching")));
  gboolean done = json_integer_value(json_object_get(disks, "in-use")) == DISKS;
  json_decref(stats);
  return done;
}

/* Disks of one server at once: all come, and the cloud is asked for one after the other. */
static void one_server_takes_many_disks(void **state)
{
  Stage *stage = set_stage(*state, &(SimOptions){.profile = QUITE_SLOW_ATTACH});
  Call calls[DISKS] = {0};
  CallRun *runs[DISKS];
  CsiVolume *volumes[DISKS];
  for (gsize i = 0; i < DISKS; i++) {
    g_autofree char *name = g_strdup_printf("pvc-%zu", i);
    volumes[i] = csi_create(stage->harness, stage->controller, name, 10 * GIB, csi_mount("ext4", NULL));
    calls[i] = (Call){.plugin = stage->controller,
                      .method = "ControllerPublishVolume",
                      .request = publish_request(volumes[i]->id, stage->nodes[0], csi_mount("ext4", NULL))};
  }
  for (gsize i = 0; i < DISKS; i++)
    runs[i] = call_begin(&calls[i]);
  Watch watch = {.sim = stage->sim};
  assert_true(wait_until(all_in_use, &watch, HARNESS_WAIT_MS));
  for (gsize i = 0; i < DISKS; i++) {
    call_await(runs[i]);
    call_assert_ok(&calls[i]);
    call_clear(&calls[i]);
  }
  assert_int_equal(watch.most_attaching, 1);
  assert_int_equal(sim_calls(stage->sim, "ecs.attach"), DISKS);
  assert_int_equal(sim_loops(stage->sim), DISKS);
  for (gsize i = 0; i < DISKS; i++)
    unpublish(stage, volumes[i]->id, stage->nodes[0]);
  assert_int_equal(sim_loops(stage->sim), 0);
}

static void expect_full(Stage *stage, const char *volume_id, const char *server_id, const char *text)
{
  csi_expect_error(stage->controller, "ControllerPublishVolume",
                   publish_request(volume_id, server_id, csi_mount("ext4", NULL)),
                   EVS_CODE_RESOURCE_EXHAUSTED, text);
}

/* As many disks as there are slots beside the system disk's; the next one is RESOURCE_EXHAUSTED, which makes the
 * scheduler take another node, until one leaves. */
static void a_full_server_is_resource_exhausted(void **state)
{
  enum { SLOTS = 4, FIT = SLOTS - 1 };
  Stage *stage = set_stage(*state, NULL);
  json_t *server = sim_request(stage->sim, "POST", "/_sim/servers",
                               json_pack("{s:s, s:s, s:s, s:s, s:i}", "account", "demo", "name", "small",
                                         "zone", "sim-1a", "bus", "virtio", "slots", SLOTS));
  const char *small = json_string_value(json_object_get(server, "id"));
  CsiVolume *volumes[SLOTS];
  for (int i = 0; i < SLOTS; i++) {
    g_autofree char *name = g_strdup_printf("pvc-%d", i);
    volumes[i] = csi_create(stage->harness, stage->controller, name, 10 * GIB, csi_mount("ext4", NULL));
  }
  for (int i = 0; i < FIT; i++)
    publish(stage, volumes[i]->id, small);
  expect_full(stage, volumes[FIT]->id, small, "Ecs.0104");
  assert_int_equal(attachments(stage->sim, volumes[FIT]->id), 0);
  unpublish(stage, volumes[0]->id, small);
  publish(stage, volumes[FIT]->id, small);
  publish(stage, volumes[0]->id, stage->nodes[0]);
  json_decref(server);
}

/* The same told by other codes, or only by the job. */
static void all_words_for_a_full_server_are_resource_exhausted(void **state)
{
  static const char *const actions[] = {
    "{\"kind\":\"status\",\"status\":400,\"code\":\"Ecs.0042\"}",
    "{\"kind\":\"status\",\"status\":400,\"code\":\"Ecs.0809\"}",
    "{\"kind\":\"job\",\"result\":\"FAIL\",\"code\":\"Ecs.0104\"}",
  };
  Stage *stage = set_stage(*state, NULL);
  CsiVolume *volume =
    csi_create(stage->harness, stage->controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
    g_autofree char *fault =
      g_strdup_printf("{\"match\":{\"op\":\"ecs.attach\"},\"times\":1,\"action\":%s}", actions[i]);
    g_free(sim_fault(stage->sim, fault));
    expect_full(stage, volume->id, stage->nodes[0], "Ecs.0");
  }
  publish(stage, volume->id, stage->nodes[0]);
}

/* SIGKILL while the attach runs: the next call awaits it and sends none. */
static void a_kill_in_mid_attach_attaches_once(void **state)
{
  Stage *stage = set_stage(*state, &(SimOptions){.profile = SLOW_ATTACH});
  CsiVolume *volume =
    csi_create(stage->harness, stage->controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  Call call = {.plugin = stage->controller,
               .method = "ControllerPublishVolume",
               .request = publish_request(volume->id, stage->nodes[0], csi_mount("ext4", NULL))};
  CallRun *run = call_begin(&call);
  sim_wait_disk_status(stage->sim, volume->id, "attaching");
  process_kill(stage->controller->process);
  call_await(run);
  assert_non_null(call.error);
  call_clear(&call);
  stage->controller =
    controller_start(stage->harness, stage->sim, &(PluginOptions){.same_as = stage->controller});
  publish(stage, volume->id, stage->nodes[0]);
  assert_int_equal(sim_calls(stage->sim, "ecs.attach"), 1);
  assert_int_equal(attachments(stage->sim, volume->id), 1);
}

/* A detach that another controller began is awaited, not answered over (cloud-facts A6). */
static void a_running_detach_is_awaited(void **state)
{
  Stage *stage = set_stage(*state, &(SimOptions){.profile = SLOW_ATTACH});
  Plugin *second = controller_start(stage->harness, stage->sim, NULL);
  CsiVolume *volume =
    csi_create(stage->harness, stage->controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  publish(stage, volume->id, stage->nodes[0]);
  Call call = {.plugin = second,
               .method = "ControllerUnpublishVolume",
               .request = unpublish_request(volume->id, stage->nodes[0])};
  CallRun *run = call_begin(&call);
  sim_wait_disk_status(stage->sim, volume->id, "detaching");
  publish(stage, volume->id, stage->nodes[1]);
  call_await(run);
  call_assert_ok(&call);
  call_clear(&call);
  json_t *disk = sim_disk(stage->sim, volume->id);
  json_t *attachment = json_array_get(json_object_get(disk, "attachments"), 0);
  assert_string_equal(json_string_value(json_object_get(attachment, "server_id")), stage->nodes[1]);
  json_decref(disk);
  assert_int_equal(sim_calls(stage->sim, "ecs.detach"), 1);
}

/* Attaches and detaches of the same disks by two controllers at once: each gets through. */
static void two_controllers_attach_and_detach(void **state)
{
  Stage *stage = set_stage(*state, NULL);
  Plugin *plugins[] = {stage->controller, controller_start(stage->harness, stage->sim, NULL)};
  CsiVolume *volumes[DISKS];
  for (gsize i = 0; i < DISKS; i++) {
    g_autofree char *name = g_strdup_printf("pvc-%zu", i);
    volumes[i] = csi_create(stage->harness, plugins[i % 2], name, 10 * GIB, csi_mount("ext4", NULL));
  }
  for (int round = 0; round < 2; round++) {
    Call calls[DISKS * 2] = {0};
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
      const char *id = volumes[i / 2]->id;
      calls[i] = (Call){.plugin = plugins[i % 2],
                        .method = round == 0 ? "ControllerPublishVolume" : "ControllerUnpublishVolume",
                        .request = round == 0 ? publish_request(id, stage->nodes[0], csi_mount("ext4", NULL))
                                              : unpublish_request(id, stage->nodes[0])};
    }
    calls_run(calls, G_N_ELEMENTS(calls));
    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
      call_assert_ok(&calls[i]);
      call_clear(&calls[i]);
    }
    for (gsize i = 0; i < DISKS; i++)
      assert_int_equal(attachments(stage->sim, volumes[i]->id), round == 0 ? 1 : 0);
  }
}

static void a_scsi_disk_is_told_by_its_wwn(void **state)
{
  Stage *stage = set_stage(*state, NULL);
  json_t *request = create_request("pvc-scsi");
  json_object_set_new(request, "parameters", json_pack("{s:s}", "scsi", "true"));
  json_t *created = csi_call_json(stage->controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  const char *id = json_string_value(json_object_get(json_object_get(created, "volume"), "volume_id"));
  json_t *reply =
    csi_call_json(stage->controller, "ControllerPublishVolume",
                  publish_request(id, stage->nodes[0], csi_mount("ext4", NULL)), CSI_TIMEOUT_MS, NULL);
  json_t *context = json_object_get(reply, "publish_context");
  assert_string_equal(json_string_value(json_object_get(context, "bus")), "scsi");
  const char *wwn = json_string_value(json_object_get(context, "wwn"));
  assert_int_equal(strlen(wwn), 32);
  assert_int_equal(strspn(wwn, "0123456789abcdef"), 32);
  assert_null(json_object_get(context, "serial"));
  json_decref(reply);
  unpublish(stage, id, stage->nodes[0]);
  json_decref(created);
}

/* The answers to attach and detach get lost: the disk's state is read, nothing is done twice. */
static void lost_answers_do_nothing_twice(void **state)
{
  Stage *stage = set_stage(*state, NULL);
  CsiVolume *volume =
    csi_create(stage->harness, stage->controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  g_free(sim_fault(
    stage->sim,
    "{\"match\":{\"op\":\"ecs.attach\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}"));
  publish(stage, volume->id, stage->nodes[0]);
  assert_int_equal(attachments(stage->sim, volume->id), 1);
  assert_int_equal(sim_calls(stage->sim, "ecs.attach"), 1);
  g_free(sim_fault(
    stage->sim,
    "{\"match\":{\"op\":\"ecs.detach\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}"));
  unpublish(stage, volume->id, stage->nodes[0]);
  assert_int_equal(attachments(stage->sim, volume->id), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(gone_things_are_detached),
    TEST(a_shared_disk_leaves_all_nodes),
    TEST(one_server_takes_many_disks),
    TEST(a_full_server_is_resource_exhausted),
    TEST(all_words_for_a_full_server_are_resource_exhausted),
    TEST(a_kill_in_mid_attach_attaches_once),
    TEST(a_running_detach_is_awaited),
    TEST(two_controllers_attach_and_detach),
    TEST(a_scsi_disk_is_told_by_its_wwn),
    TEST(lost_answers_do_nothing_twice),
  };
  return cmocka_run_group_tests_name("controller_attach", tests, NULL, NULL);
}
