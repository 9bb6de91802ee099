/* What attach, detach and delete cost in calls to the cloud, and what they do when a list is old (controller/disk_row.h). */
#include "base/clock.h"
#include "tests/integration/controller_support.h"

/* Jobs of so many ms. */
#define JOBS(attach)                                                                                         \
  "{\"jobs\":{\"attachVolume\":{\"median_ms\":" #attach ",\"sigma\":0},\"detachVolume\":{\"median_ms\":300," \
  "\"sigma\":0},\"deleteVolume\":{\"median_ms\":300,\"sigma\":0}}}"
#define QUICK JOBS(300)
#define SLOW_ATTACH JOBS(1500)

enum { STORM = 50, SERVERS = 5, STILL_MS = 2000 };

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller;
  char *nodes[SERVERS]; /* in the disks' zone */
} Stage;

static void drop_stage(void *data)
{
  Stage *stage = data;
  for (gsize i = 0; i < SERVERS; i++)
    g_free(stage->nodes[i]);
  g_free(stage);
}

static char *add_server(const Sim *sim, gsize number)
{
  g_autofree char *name = g_strdup_printf("worker-%zu", number);
  json_t *server = sim_request(
    sim, "POST", "/_sim/servers",
    json_pack("{s:s, s:s, s:s, s:s}", "account", "demo", "name", name, "zone", "sim-1a", "bus", "virtio"));
  char *id = g_strdup(json_string_value(json_object_get(server, "id")));
  json_decref(server);
  return id;
}

static Stage *set_stage(Harness *harness, const char *profile)
{
  Stage *stage = g_new0(Stage, 1);
  harness_at_end(harness, drop_stage, stage);
  stage->harness = harness;
  stage->sim = sim_start(harness, &(SimOptions){.profile = profile});
  stage->controller = controller_start_quiet(harness, stage->sim, NULL);
  for (gsize i = 0; i < SERVERS; i++)
    stage->nodes[i] = add_server(stage->sim, i);
  return stage;
}

static json_t *publish_request(const char *volume_id, const char *node_id)
{
  return json_pack("{s:s, s:s, s:o}", "volume_id", volume_id, "node_id", node_id, "volume_capability",
                   csi_mount("ext4", NULL));
}

static json_t *unpublish_request(const char *volume_id, const char *node_id)
{
  return json_pack("{s:s, s:s}", "volume_id", volume_id, "node_id", node_id);
}

static json_t *delete_request(const char *volume_id)
{
  return json_pack("{s:s}", "volume_id", volume_id);
}

static void make(const Stage *stage, const char *method, json_t *request)
{
  json_decref(csi_call_json(stage->controller, method, request, CSI_TIMEOUT_MS, NULL));
}

static void publish(const Stage *stage, const char *volume_id, gsize node)
{
  make(stage, "ControllerPublishVolume", publish_request(volume_id, stage->nodes[node]));
}

static void unpublish(const Stage *stage, const char *volume_id, gsize node)
{
  make(stage, "ControllerUnpublishVolume", unpublish_request(volume_id, stage->nodes[node]));
}

static CsiVolume *new_volume(const Stage *stage, const char *name)
{
  CsiVolume *volume = csi_create(stage->harness, stage->controller, name, 10 * GIB, csi_mount("ext4", NULL));
  return volume;
}

static void expect_calls(const Stage *stage, const char *op, gint64 calls)
{
  gint64 seen = sim_calls(stage->sim, op);
  if (seen == calls)
    return;
  g_autofree char *all = sim_describe_calls(stage->sim);
  fail_msg("%d calls of %s, not %d: %s", (int)seen, op, (int)calls, all);
}

static gint64 attached_to(const Stage *stage, const char *volume_id, const char *node_id)
{
  json_t *disk = sim_disk(stage->sim, volume_id), *attachment;
  gint64 found = 0;
  gsize i;
  json_array_foreach(json_object_get(disk, "attachments"), i, attachment) found +=
    g_str_equal(json_string_value(json_object_get(attachment, "server_id")), node_id);
  json_decref(disk);
  return found;
}

/* The next list of disks shows what was so at that time (clock_now_us). */
static void show_once(const Stage *stage, gint64 then_us)
{
  g_autofree char *fault =
    g_strdup_printf("{\"match\":{\"op\":\"6.1.3\"},\"times\":1,\"action\":{\"kind\":\"stale\",\"ms\":%d}}",
                    (int)((clock_now_us() - then_us) / 1000));
  g_free(sim_fault(stage->sim, fault));
}

/* A time for show_once(): nothing changes for STILL_MS after it, however late the list is then asked for. */
static gint64 mark_time(void)
{
  gint64 then_us = clock_now_us();
  clock_sleep_until(clock_deadline_in_ms(STILL_MS));
  return then_us;
}

/* ---- what it costs ---- */

static void one_life_asks_for_nothing_twice(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  sim_reset_calls(stage->sim);
  publish(stage, volume->id, 0);
  expect_calls(stage, "ecs.attach", 1);
  assert_calls_at_most(stage->sim, "6.1.3", 4);
  assert_int_equal(sim_calls(stage->sim, NULL),
                   sim_calls(stage->sim, "ecs.attach") + sim_calls(stage->sim, "6.1.3"));

  sim_reset_calls(stage->sim);
  unpublish(stage, volume->id, 0);
  expect_calls(stage, "ecs.detach", 1);
  expect_calls(stage, "ecs.job", 1);
  assert_calls_at_most(stage->sim, "6.1.3", 4);
  expect_calls(stage, "6.1.4", 0);

  sim_reset_calls(stage->sim);
  make(stage, "DeleteVolume", delete_request(volume->id));
  expect_calls(stage, "6.1.6", 1);
  expect_calls(stage, "6.4.1", 1);
  expect_calls(stage, "6.2.4", 1);
  assert_calls_at_most(stage->sim, "6.1.3", 4);
  expect_calls(stage, "6.1.4", 0);
}

/* Makes the request of a disk, by its number and id. */
typedef json_t *(*StormRequest)(const Stage *stage, gsize i, const char *volume_id);

static json_t *storm_create(const Stage *stage, gsize i, const char *volume_id)
{
  (void)stage;
  (void)volume_id;
  g_autofree char *name = g_strdup_printf("pvc-%zu", i);
  return create_request(name);
}

static json_t *storm_publish(const Stage *stage, gsize i, const char *volume_id)
{
  return publish_request(volume_id, stage->nodes[i % SERVERS]);
}

static json_t *storm_unpublish(const Stage *stage, gsize i, const char *volume_id)
{
  return unpublish_request(volume_id, stage->nodes[i % SERVERS]);
}

static json_t *storm_delete(const Stage *stage, gsize i, const char *volume_id)
{
  (void)stage;
  (void)i;
  return delete_request(volume_id);
}

/* One call for each disk at once. ids: set by CreateVolume, read by all others. */
static void run_storm(const Stage *stage, const char *method, StormRequest request, char *ids[STORM])
{
  Call calls[STORM];
  for (gsize i = 0; i < STORM; i++)
    calls[i] = (Call){.plugin = stage->controller, .method = method, .request = request(stage, i, ids[i])};
  sim_reset_calls(stage->sim);
  calls_run(calls, STORM);
  for (gsize i = 0; i < STORM; i++) {
    call_assert_ok(&calls[i]);
    if (!ids[i])
      ids[i] = g_strdup(call_volume_id(&calls[i]));
    call_clear(&calls[i]);
  }
}

/* Lists answer all, so that what each disk costs is its own request, and its own question how the job
 * ended, which one in three puts to the disk. */
static void a_storm_shares_its_lists(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  char *ids[STORM] = {NULL};
  run_storm(stage, "CreateVolume", storm_create, ids);
  run_storm(stage, "ControllerPublishVolume", storm_publish, ids);
  expect_calls(stage, "ecs.attach", STORM);
  expect_calls(stage, "6.1.4", 0);
  expect_calls(stage, "ecs.server", 0);
  assert_calls_at_most(stage->sim, NULL, STORM * 8 / 5);

  run_storm(stage, "ControllerUnpublishVolume", storm_unpublish, ids);
  expect_calls(stage, "ecs.detach", STORM);
  assert_calls_at_most(stage->sim, "6.1.4", STORM / 3 + 1);
  assert_calls_at_most(stage->sim, "ecs.job", STORM);
  assert_calls_at_most(stage->sim, NULL, STORM * 27 / 10);

  run_storm(stage, "DeleteVolume", storm_delete, ids);
  expect_calls(stage, "6.1.6", STORM);
  assert_calls_at_most(stage->sim, "6.1.4", STORM / 3 + 1);
  assert_calls_at_most(stage->sim, "6.4.1", STORM);
  assert_calls_at_most(stage->sim, "6.2.4", STORM / 4);
  assert_calls_at_most(stage->sim, NULL, STORM * 24 / 10);
  assert_int_equal(sim_disk_count(stage->sim), 0);
  for (gsize i = 0; i < STORM; i++)
    g_free(ids[i]);
}

/* ---- when the list is old, or does not help ---- */

static void an_old_row_does_not_attach_twice(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  gint64 free_us = mark_time();
  publish(stage, volume->id, 0);
  sim_reset_calls(stage->sim);
  publish(stage, volume->id, 0); /* done already: the disk says so, no request */
  expect_calls(stage, "ecs.attach", 0);
  expect_calls(stage, "6.1.4", 1);

  show_once(stage, free_us);
  publish(stage, volume->id, 0); /* Ecs.0057, then the disk */
  expect_calls(stage, "ecs.attach", 1);
  expect_calls(stage, "6.1.4", 2);

  show_once(stage, free_us);
  csi_expect_error(stage->controller, "ControllerPublishVolume", publish_request(volume->id, stage->nodes[1]),
                   EVS_CODE_FAILED_PRECONDITION, stage->nodes[0]);
  expect_calls(stage, "6.1.4", 3);
  csi_expect_error(stage->controller, "ControllerPublishVolume", publish_request(volume->id, stage->nodes[1]),
                   EVS_CODE_FAILED_PRECONDITION, stage->nodes[0]);
  expect_calls(stage, "ecs.attach", 2);
  assert_int_equal(attached_to(stage, volume->id, stage->nodes[0]), 1);
  assert_int_equal(attached_to(stage, volume->id, stage->nodes[1]), 0);
}

/* The list still shows an attachment that has gone. It must not be taken for the end of the attach that follows. */
static void an_old_attachment_is_no_new_one(void **state)
{
  Stage *stage = set_stage(*state, SLOW_ATTACH);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  publish(stage, volume->id, 0);
  gint64 attached_us = mark_time();
  unpublish(stage, volume->id, 0);
  g_autofree char *fault =
    g_strdup_printf("{\"match\":{\"op\":\"6.1.3\"},\"times\":2,\"action\":{\"kind\":\"stale\",\"ms\":%d}}",
                    (int)((clock_now_us() - attached_us) / 1000));
  g_autofree char *id = sim_fault(stage->sim, fault);
  publish(stage, volume->id, 0);
  assert_int_equal(sim_fault_hits(stage->sim, id), 2);
  assert_int_equal(attached_to(stage, volume->id, stage->nodes[0]), 1);
}

static void an_old_row_does_not_detach_twice(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  publish(stage, volume->id, 0);
  gint64 attached_us = mark_time();
  unpublish(stage, volume->id, 0);
  sim_reset_calls(stage->sim);
  unpublish(stage, volume->id, 0); /* done already */
  expect_calls(stage, "ecs.detach", 0);
  expect_calls(stage, "6.1.4", 1);
  show_once(stage, attached_us);
  unpublish(stage, volume->id, 0); /* Ecs.0111, then the disk */
  expect_calls(stage, "ecs.detach", 1);
  assert_int_equal(sim_calls(stage->sim, "6.1.4") >= 2, TRUE);

  /* In truth it is on another server, which keeps it. */
  publish(stage, volume->id, 1);
  show_once(stage, attached_us);
  unpublish(stage, volume->id, 0);
  assert_int_equal(attached_to(stage, volume->id, stage->nodes[1]), 1);
}

static void an_old_row_deletes_nothing_in_use(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  gint64 free_us = mark_time();
  publish(stage, volume->id, 0);
  sim_reset_calls(stage->sim);
  show_once(stage, free_us);
  csi_expect_error(stage->controller, "DeleteVolume", delete_request(volume->id),
                   EVS_CODE_FAILED_PRECONDITION, stage->nodes[0]);
  expect_calls(stage, "6.1.6", 1); /* refused */
  csi_expect_error(stage->controller, "DeleteVolume", delete_request(volume->id),
                   EVS_CODE_FAILED_PRECONDITION, stage->nodes[0]);
  expect_calls(stage, "6.1.6", 1);
  unpublish(stage, volume->id, 0);
  gint64 there_us = mark_time();
  make(stage, "DeleteVolume", delete_request(volume->id));
  show_once(stage, there_us);
  make(stage, "DeleteVolume", delete_request(volume->id)); /* gone is gone, whatever the list says */
  assert_int_equal(sim_disk_count(stage->sim), 0);
}

/* A disk that no list shows yet. */
static void without_a_row_the_disk_is_read(void **state)
{
  static const char unlisted[] =
    "{\"match\":{\"op\":\"6.1.3\"},\"times\":1,\"action\":{\"kind\":\"stale\",\"ms\":600000}}";
  Stage *stage = set_stage(*state, QUICK);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  sim_reset_calls(stage->sim);
  g_free(sim_fault(stage->sim, unlisted));
  publish(stage, volume->id, 0);
  expect_calls(stage, "ecs.attach", 1);
  expect_calls(stage, "6.1.4", 1);
  g_free(sim_fault(stage->sim, unlisted));
  unpublish(stage, volume->id, 0);
  expect_calls(stage, "ecs.detach", 1);
  expect_calls(stage, "6.1.4", 2);
  g_free(sim_fault(stage->sim, unlisted));
  make(stage, "DeleteVolume", delete_request(volume->id));
  expect_calls(stage, "6.1.6", 1);
  expect_calls(stage, "6.1.4", 3);
}

static void without_lists_the_disk_is_read(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  sim_reset_calls(stage->sim);
  g_free(sim_fault(stage->sim, "{\"match\":{\"op\":\"6.1.3\"},\"action\":{\"kind\":\"status\",\"status\":403,"
                               "\"code\":\"EVS.0003\"}}"));
  publish(stage, volume->id, 0);
  expect_calls(stage, "ecs.attach", 1);
  assert_int_equal(attached_to(stage, volume->id, stage->nodes[0]), 1);
}

static void a_refused_attach_tells_what_is_wrong(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  sim_reset_calls(stage->sim);
  csi_expect_error(stage->controller, "ControllerPublishVolume", publish_request(volume->id, NOBODY),
                   EVS_CODE_NOT_FOUND, "node '" NOBODY "'");
  expect_calls(stage, "ecs.attach", 1);
  expect_calls(stage, "ecs.server", 1);
  csi_expect_error(stage->controller, "ControllerPublishVolume", publish_request(NOBODY, NOBODY),
                   EVS_CODE_NOT_FOUND, "volume '" NOBODY "'");
  expect_calls(stage, "ecs.attach", 1);

  /* The disk has gone and so has the server: the disk is what is told. */
  gint64 there_us = mark_time();
  make(stage, "DeleteVolume", delete_request(volume->id));
  show_once(stage, there_us);
  csi_expect_error(stage->controller, "ControllerPublishVolume", publish_request(volume->id, NOBODY),
                   EVS_CODE_NOT_FOUND, "was deleted");
  expect_calls(stage, "ecs.attach", 2);
}

/* ---- what is never deleted ---- */

static void anothers_disk_is_not_deleted(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  CsiVolume *volume = new_volume(stage, "pvc-1");
  g_autofree char *path = g_strconcat("/_sim/disks/", volume->id, NULL);
  sim_send(stage->sim, "PUT", path, "{\"metadata\":{\"evs.csi.huaweicloud.com/cluster\":\"another\"}}");
  sim_reset_calls(stage->sim);
  csi_expect_error(stage->controller, "DeleteVolume", delete_request(volume->id),
                   EVS_CODE_FAILED_PRECONDITION, "another");
  expect_calls(stage, "6.1.6", 0);
  sim_send(stage->sim, "PUT", path, "{\"metadata\":{\"evs.csi.huaweicloud.com/cluster\":\"test-cluster\"}}");
  make(stage, "DeleteVolume", delete_request(volume->id));
}

typedef struct {
  const Sim *sim;
  const char *id;
} Fault;

static gboolean has_hit(void *data)
{
  const Fault *fault = data;
  return sim_fault_hits(fault->sim, fault->id) > 0;
}

/* While a list of snapshots is being read, a snapshot is taken and its disk is to be deleted: that list will not do. */
static void a_snapshot_made_just_before_is_seen(void **state)
{
  Stage *stage = set_stage(*state, QUICK);
  Plugin *second = controller_start_quiet(stage->harness, stage->sim, NULL);
  CsiVolume *other = new_volume(stage, "pvc-1"), *volume = new_volume(stage, "pvc-2");
  sim_reset_calls(stage->sim);
  g_autofree char *id = sim_fault(
    stage->sim, "{\"match\":{\"op\":\"6.2.4\"},\"times\":1,\"action\":{\"kind\":\"delay\",\"ms\":6000}}");
  Fault delay = {.sim = stage->sim, .id = id};
  Call first = {.plugin = stage->controller, .method = "DeleteVolume", .request = delete_request(other->id)};
  CallRun *run = call_begin(&first);
  assert_true(wait_until(has_hit, &delay, HARNESS_WAIT_MS));
  g_autofree char *snapshot_id = snapshot_create(second, "snap-1", volume->id);
  csi_expect_error(stage->controller, "DeleteVolume", delete_request(volume->id),
                   EVS_CODE_FAILED_PRECONDITION, snapshot_id);
  call_await(run);
  call_assert_ok(&first);
  call_clear(&first);
  expect_calls(stage, "6.1.6", 1);
  assert_int_equal(sim_disk_count(stage->sim), 1);
  snapshot_delete(stage->controller, snapshot_id);
  make(stage, "DeleteVolume", delete_request(volume->id));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(one_life_asks_for_nothing_twice),      TEST(a_storm_shares_its_lists),
    TEST(an_old_row_does_not_attach_twice),     TEST(an_old_attachment_is_no_new_one),
    TEST(an_old_row_does_not_detach_twice),     TEST(an_old_row_deletes_nothing_in_use),
    TEST(without_a_row_the_disk_is_read),       TEST(without_lists_the_disk_is_read),
    TEST(a_refused_attach_tells_what_is_wrong), TEST(anothers_disk_is_not_deleted),
    TEST(a_snapshot_made_just_before_is_seen),
  };
  return cmocka_run_group_tests_name("controller_calls", tests, NULL, NULL);
}
