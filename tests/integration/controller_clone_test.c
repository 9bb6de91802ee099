/* Disks made from snapshots and volumes: the bytes, the place, the sizes; and that clones leave nothing behind, however
 * they end. */
#include "base/clock.h"
#include "tests/integration/controller_support.h"

enum { FAR = 5 };

#define SLOW_CREATE "{\"jobs\":{\"createVolume\":{\"median_ms\":3000,\"sigma\":0}}}"
#define ZONE_KEY "topology.evs.csi.huaweicloud.com/zone"

static CsiVolume *new_volume(Harness *harness, const Plugin *controller, const char *name)
{
  return csi_create(harness, controller, name, 10 * GIB, csi_mount("ext4", NULL));
}

/* A CreateVolume that must succeed: its volume id, newly allocated. request is taken over. */
static char *make(const Plugin *controller, json_t *request)
{
  json_t *reply = csi_call_json(controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  char *id = g_strdup(json_string_value(json_object_get(json_object_get(reply, "volume"), "volume_id")));
  json_decref(reply);
  return id;
}

static json_t *with_bytes(json_t *request, gint64 required, gint64 limit)
{
  json_object_set_new(
    request, "capacity_range",
    json_pack("{s:I, s:I}", "required_bytes", (json_int_t)required, "limit_bytes", (json_int_t)limit));
  return request;
}

static json_t *with_parameter(json_t *request, const char *key, const char *value)
{
  json_object_set_new(request, "parameters", json_pack("{s:s}", key, value));
  return request;
}

static json_t *in_zone(json_t *request, const char *zone)
{
  json_object_set_new(request, "accessibility_requirements",
                      json_pack("{s:[{s:{s:s}}]}", "requisite", "segments", ZONE_KEY, zone));
  return request;
}

static void write_both(const Sim *sim, const char *volume_id, const char *first, const char *far)
{
  g_autofree char *file = sim_disk_file(sim, volume_id);
  file_write_at(file, 4096, first);
  file_write_at(file, FAR * GIB, far);
}

static void assert_both(const Sim *sim, const char *volume_id, const char *first, const char *far)
{
  g_autofree char *file = sim_disk_file(sim, volume_id);
  file_assert_at(file, 4096, first);
  file_assert_at(file, FAR * GIB, far);
}

/* ---- restore ---- */

/* What is written after the snapshot is not in it; a larger disk has it all and more. */
static void a_restored_disk_has_the_bytes_of_the_snapshot(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = new_volume(harness, controller, "pvc-1");
  write_both(sim, source->id, "before", "far before");
  g_autofree char *snapshot_id = snapshot_create(controller, "snap-1", source->id);
  write_both(sim, source->id, "AFTER!", "FAR AFTER!");

  json_t *request = with_bytes(sourced_request("pvc-2", "snapshot", snapshot_id), 20 * GIB, 0);
  json_t *reply = csi_call_json(controller, "CreateVolume", json_deep_copy(request), CSI_TIMEOUT_MS, NULL);
  json_t *volume = json_object_get(reply, "volume");
  g_autofree char *id = g_strdup(json_string_value(json_object_get(volume, "volume_id")));
  assert_int_equal(json_integer_value(json_object_get(volume, "capacity_bytes")), 20 * GIB);
  assert_true(
    json_equal(json_object_get(volume, "content_source"), json_object_get(request, "volume_content_source")));
  assert_both(sim, id, "before", "far before");
  assert_both(sim, source->id, "AFTER!", "FAR AFTER!");

  g_autofree char *again = make(controller, json_deep_copy(request));
  assert_string_equal(again, id);
  csi_expect_error(controller, "CreateVolume", with_bytes(create_request("pvc-2"), 20 * GIB, 0),
                   EVS_CODE_ALREADY_EXISTS, "source");
  csi_expect_error(controller, "CreateVolume",
                   with_bytes(sourced_request("pvc-2", "snapshot", NOBODY), 20 * GIB, 0),
                   EVS_CODE_ALREADY_EXISTS, snapshot_id);
  csi_expect_error(controller, "CreateVolume",
                   with_bytes(sourced_request("pvc-2", "volume", source->id), 20 * GIB, 0),
                   EVS_CODE_ALREADY_EXISTS, source->id);
  assert_int_equal(sim_disk_count(sim), 2);
  json_decref(reply);
  json_decref(request);
}

/* Nobody waits for readiness before restoring: the call does. */
static void a_snapshot_being_taken_is_awaited(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(
    harness, &(SimOptions){.profile = "{\"jobs\":{\"createSnapshot\":{\"median_ms\":1500,\"sigma\":0}}}"});
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = new_volume(harness, controller, "pvc-1");
  write_both(sim, source->id, "one", "two");
  g_autofree char *snapshot_id = snapshot_create(controller, "snap-1", source->id);
  g_autofree char *id = make(controller, sourced_request("pvc-2", "snapshot", snapshot_id));
  assert_both(sim, id, "one", "two");
}

static void what_cannot_be_restored_is_said_before(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = csi_create(harness, controller, "pvc-1", 20 * GIB, csi_mount("ext4", NULL));
  g_autofree char *snapshot_id = snapshot_create(controller, "snap-1", source->id);
  sim_wait_snapshot_count(sim, 1);
  sim_reset_calls(sim);
  const char *const kinds[] = {"snapshot", "volume"};
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
    const char *kind = kinds[i], *id = i == 0 ? snapshot_id : source->id;
    csi_expect_error(controller, "CreateVolume", sourced_request("pvc-2", kind, NOBODY), EVS_CODE_NOT_FOUND,
                     NOBODY);
    csi_expect_error(controller, "CreateVolume", with_bytes(sourced_request("pvc-2", kind, id), 10 * GIB, 0),
                     EVS_CODE_OUT_OF_RANGE, "at least 20 GiB");
    csi_expect_error(controller, "CreateVolume", with_bytes(sourced_request("pvc-2", kind, id), 0, 15 * GIB),
                     EVS_CODE_OUT_OF_RANGE, "at least 20 GiB");
    csi_expect_error(controller, "CreateVolume",
                     with_parameter(sourced_request("pvc-2", kind, id), "type", "ESSD"),
                     EVS_CODE_INVALID_ARGUMENT, "parameter 'type' is 'ESSD'");
    csi_expect_error(controller, "CreateVolume",
                     with_parameter(sourced_request("pvc-2", kind, id), "scsi", "true"),
                     EVS_CODE_INVALID_ARGUMENT, "parameter 'scsi' is 'true'");
    csi_expect_error(controller, "CreateVolume",
                     with_parameter(sourced_request("pvc-2", kind, id), "kmsId", NOBODY),
                     EVS_CODE_INVALID_ARGUMENT, "parameter 'kmsId'");
    csi_expect_error(controller, "CreateVolume", in_zone(sourced_request("pvc-2", kind, id), "sim-9z"),
                     EVS_CODE_RESOURCE_EXHAUSTED, "sim-9z");
    csi_expect_error(controller, "CreateVolume",
                     with_parameter(sourced_request("pvc-2", kind, id), "availability", "sim-9z"),
                     EVS_CODE_INVALID_ARGUMENT, "parameter 'availability' is 'sim-9z'");
  }
  assert_int_equal(sim_calls(sim, "6.1.1"), 0);
  assert_int_equal(sim_calls(sim, "6.2.1"), 0);
}

/* Device type and encryption come along without being asked of the cloud, which would refuse (EVS.1043). */
static void a_scsi_disk_gives_scsi_disks(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autofree char *source = make(controller, with_parameter(create_request("pvc-1"), "scsi", "true"));
  g_autofree char *snapshot_id = snapshot_create(controller, "snap-1", source);
  csi_expect_error(controller, "CreateVolume", sourced_request("pvc-2", "snapshot", snapshot_id),
                   EVS_CODE_INVALID_ARGUMENT, "has 'true'");
  g_autofree char *restored =
    make(controller, with_parameter(sourced_request("pvc-2", "snapshot", snapshot_id), "scsi", "true"));
  g_autofree char *clone =
    make(controller, with_parameter(sourced_request("pvc-3", "volume", source), "scsi", "true"));
  const char *const made[] = {restored, clone};
  for (gsize i = 0; i < G_N_ELEMENTS(made); i++) {
    json_t *disk = sim_disk(sim, made[i]);
    json_t *metadata = json_object_get(disk, "metadata");
    assert_string_equal(json_string_value(json_object_get(metadata, "hw:passthrough")), "true");
    json_decref(disk);
  }
}

/* ---- clone ---- */

static void a_clone_has_the_bytes_and_leaves_nothing(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = new_volume(harness, controller, "pvc-1");
  write_both(sim, source->id, "before", "far before");
  json_t *request = sourced_request("pvc-2", "volume", source->id);
  json_t *reply = csi_call_json(controller, "CreateVolume", json_deep_copy(request), CSI_TIMEOUT_MS, NULL);
  json_t *volume = json_object_get(reply, "volume");
  g_autofree char *id = g_strdup(json_string_value(json_object_get(volume, "volume_id")));
  assert_true(
    json_equal(json_object_get(volume, "content_source"), json_object_get(request, "volume_content_source")));
  sim_wait_snapshot_count(sim, 0);
  write_both(sim, source->id, "AFTER!", "FAR AFTER!");
  assert_both(sim, id, "before", "far before");
  json_t *disk = sim_disk(sim, id);
  assert_string_equal(json_string_value(json_object_get(json_object_get(disk, "metadata"), "full_clone")),
                      "1");
  json_decref(disk);

  g_autofree char *again = make(controller, json_deep_copy(request));
  assert_string_equal(again, id);
  csi_expect_error(controller, "CreateVolume", create_request("pvc-2"), EVS_CODE_ALREADY_EXISTS, "source");
  assert_int_equal(sim_calls(sim, "6.2.1"), 1);
  assert_int_equal(sim_calls(sim, "6.1.1"), 2);
  csi_delete(source, controller);
  assert_both(sim, id, "before", "far before");
  json_decref(reply);
  json_decref(request);
}

/* Clones of one disk at one time have a snapshot each. */
static void clones_of_one_disk_at_once(void **state)
{
  enum { CLONES = 4 };
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controllers[] = {controller_start(harness, sim, NULL), controller_start(harness, sim, NULL)};
  CsiVolume *source = new_volume(harness, controllers[0], "pvc-1");
  write_both(sim, source->id, "one", "two");
  Call calls[CLONES] = {0};
  for (gsize i = 0; i < CLONES; i++) {
    g_autofree char *name = g_strdup_printf("clone-%zu", i);
    calls[i] = (Call){.plugin = controllers[i % G_N_ELEMENTS(controllers)],
                      .method = "CreateVolume",
                      .request = sourced_request(name, "volume", source->id)};
  }
  calls_run(calls, CLONES);
  for (gsize i = 0; i < CLONES; i++) {
    call_assert_ok(&calls[i]);
    assert_both(sim, call_volume_id(&calls[i]), "one", "two");
    call_clear(&calls[i]);
  }
  sim_wait_snapshot_count(sim, 0);
  assert_int_equal(sim_disk_count(sim), CLONES + 1);
}

static gboolean are_seven_snapshots(void *data)
{
  return sim_snapshot_count(data) == 7;
}

/* A disk has 7 snapshots at most: the clones beyond wait for the others, a snapshot is told to come again. Lists lag, so
 * that the reason is not seen at once. */
static void more_clones_than_snapshots(void **state)
{
  enum { CLONES = 12 };
  Harness *harness = *state;
  Sim *sim = sim_start(
    harness, &(SimOptions){.profile = "{\"jobs\":{\"createVolume\":{\"median_ms\":4000,\"sigma\":0}},"
                                      "\"list_lag_ms\":1000}"});
  Plugin *controllers[] = {controller_start(harness, sim, NULL), controller_start(harness, sim, NULL)};
  CsiVolume *source = new_volume(harness, controllers[0], "pvc-1");
  write_both(sim, source->id, "one", "two");
  Call calls[CLONES] = {0};
  CallRun *runs[CLONES];
  for (gsize i = 0; i < CLONES; i++) {
    g_autofree char *name = g_strdup_printf("clone-%zu", i);
    calls[i] = (Call){.plugin = controllers[i % G_N_ELEMENTS(controllers)],
                      .method = "CreateVolume",
                      .request = sourced_request(name, "volume", source->id)};
    runs[i] = call_begin(&calls[i]);
  }
  assert_true(wait_until(are_seven_snapshots, sim, HARNESS_WAIT_MS));
  csi_expect_error(controllers[0], "CreateSnapshot", snapshot_request("snap-1", source->id), EVS_CODE_ABORTED,
                   "clones of the disk that run now hold snapshots of it");
  for (gsize i = 0; i < CLONES; i++)
    call_await(runs[i]);
  for (gsize i = 0; i < CLONES; i++) {
    call_assert_ok(&calls[i]);
    assert_both(sim, call_volume_id(&calls[i]), "one", "two");
    call_clear(&calls[i]);
  }
  sim_wait_snapshot_count(sim, 0);
  assert_int_equal(sim_disk_count(sim), CLONES + 1);
}

/* Snapshots that stay are another matter: the refusal is final. */
static void a_disk_full_of_snapshots_has_no_clones(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = new_volume(harness, controller, "pvc-1");
  for (int i = 0; i < 7; i++) {
    g_autofree char *name = g_strdup_printf("snap-%d", i);
    g_free(snapshot_create(controller, name, source->id));
  }
  csi_expect_error(controller, "CreateVolume", sourced_request("pvc-2", "volume", source->id),
                   EVS_CODE_FAILED_PRECONDITION, "EVS.5413");
  csi_expect_error(controller, "CreateSnapshot", snapshot_request("snap-7", source->id),
                   EVS_CODE_FAILED_PRECONDITION, "EVS.5413");
  assert_int_equal(sim_disk_count(sim), 1);
  assert_int_equal(sim_snapshot_count(sim), 7);
}

/* A failed job is final: the temporary snapshot goes with it. */
static void a_failed_clone_leaves_nothing(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = new_volume(harness, controller, "pvc-1");
  g_autofree char *fault G_GNUC_UNUSED =
    sim_fault(sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":"
                   "{\"kind\":\"job\",\"result\":\"FAIL\",\"code\":\"EVS.2024\"}}");
  csi_expect_error(controller, "CreateVolume", sourced_request("pvc-2", "volume", source->id),
                   EVS_CODE_INTERNAL, "EVS.2024");
  sim_wait_snapshot_count(sim, 0);
}

/* SIGKILL after `calls` of `op`; the next call of the name finishes and cleans. */
static void kill_in_mid_clone(Harness *harness, const char *op, gint64 calls)
{
  Sim *sim = sim_start(harness, &(SimOptions){.profile = SLOW_CREATE});
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = new_volume(harness, controller, "pvc-1");
  write_both(sim, source->id, "one", "two");
  Call call = {.plugin = controller,
               .method = "CreateVolume",
               .request = sourced_request("pvc-2", "volume", source->id)};
  CallRun *run = call_begin(&call);
  await_calls(sim, op, calls);
  process_kill(controller->process);
  call_await(run);
  call_clear(&call);
  Plugin *restarted = controller_start(harness, sim, &(PluginOptions){.same_as = controller});
  g_autofree char *id = make(restarted, sourced_request("pvc-2", "volume", source->id));
  assert_both(sim, id, "one", "two");
  sim_wait_snapshot_count(sim, 0);
  assert_int_equal(sim_disk_count(sim), 2);
}

static void a_kill_after_the_snapshot_leaves_nothing(void **state)
{
  kill_in_mid_clone(*state, "6.2.1", 1);
}

static void a_kill_after_the_request_leaves_nothing(void **state)
{
  kill_in_mid_clone(*state, "6.1.1", 2);
}

/* ---- start-up ---- */

/* The disk is made, the snapshot could not be deleted; nobody calls again, but a controller starts. */
static void the_start_removes_what_a_done_clone_left(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = new_volume(harness, controller, "pvc-1");
  g_autofree char *fault G_GNUC_UNUSED =
    sim_fault(sim, "{\"match\":{\"op\":\"6.2.2\"},\"times\":100,\"action\":"
                   "{\"kind\":\"status\",\"status\":403,\"code\":\"EVS.5403\",\"shape\":\"error\"}}");
  g_free(make(controller, sourced_request("pvc-2", "volume", source->id)));
  assert_int_equal(sim_snapshot_count(sim), 1);
  json_t *seen = csi_call(controller, "ListSnapshots", NULL, "{}");
  assert_int_equal(json_array_size(json_object_get(seen, "entries")), 0);
  json_decref(seen);
  process_kill(controller->process);
  sim_clear_faults(sim);
  controller_start(harness, sim, &(PluginOptions){.same_as = controller});
  sim_wait_snapshot_count(sim, 0);
}

/* No disk was made of it: it may be another controller's, as long as it is young. */
static void the_start_leaves_young_ones_to_others(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *source = new_volume(harness, controller, "pvc-1");
  g_autofree char *fault G_GNUC_UNUSED = sim_fault(
    sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":100,\"action\":{\"kind\":\"drop\",\"when\":\"before\"}}");
  Call call = {.plugin = controller,
               .method = "CreateVolume",
               .request = sourced_request("pvc-2", "volume", source->id)};
  CallRun *run = call_begin(&call);
  await_calls(sim, "6.1.1", 2);
  process_kill(controller->process);
  call_await(run);
  call_clear(&call);
  sim_clear_faults(sim);
  Plugin *restarted = controller_start_quiet(harness, sim, &(PluginOptions){.same_as = controller});
  assert_int_equal(sim_snapshot_count(sim), 1);

  /* Deleting the source is not held up by it. */
  csi_delete(source, restarted);
  assert_int_equal(sim_snapshot_count(sim), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_restored_disk_has_the_bytes_of_the_snapshot),
    TEST(a_snapshot_being_taken_is_awaited),
    TEST(what_cannot_be_restored_is_said_before),
    TEST(a_scsi_disk_gives_scsi_disks),
    TEST(a_clone_has_the_bytes_and_leaves_nothing),
    TEST(clones_of_one_disk_at_once),
    TEST(more_clones_than_snapshots),
    TEST(a_disk_full_of_snapshots_has_no_clones),
    TEST(a_failed_clone_leaves_nothing),
    TEST(a_kill_after_the_snapshot_leaves_nothing),
    TEST(a_kill_after_the_request_leaves_nothing),
    TEST(the_start_removes_what_a_done_clone_left),
    TEST(the_start_leaves_young_ones_to_others),
  };
  return cmocka_run_group_tests_name("controller_clone", tests, NULL, NULL);
}
