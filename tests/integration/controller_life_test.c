/* The controller plugin alone against the simulator: what each call answers, and what it costs the cloud. */
#include "tests/integration/controller_support.h"

#define ZONE_KEY "topology.evs.csi.huaweicloud.com/zone"

enum { CREATE_CALLS_MAX = 8, ATTACH_CALLS_MAX = 7 };

static char *server_id(const Sim *sim, gsize index)
{
  json_t *server = sim_server(sim, index);
  char *id = g_strdup(json_string_value(json_object_get(server, "id")));
  json_decref(server);
  return id;
}

static json_t *publish_request(const char *volume_id, const char *node_id)
{
  return json_pack("{s:s, s:s, s:o}", "volume_id", volume_id, "node_id", node_id, "volume_capability",
                   csi_mount("ext4", NULL));
}

static void assert_text(const json_t *object, const char *key, const char *value)
{
  const char *got = json_string_value(json_object_get(object, key));
  if (!got || !g_str_equal(got, value))
    fail_msg("'%s' is '%s', wanted '%s'", key, got ? got : "(none)", value);
}

static void it_says_what_it_can(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start_quiet(harness, sim, NULL);
  json_t *info = csi_call(controller, "GetPluginInfo", NULL, "{}");
  assert_text(info, "name", "evs.csi.huaweicloud.com");
  assert_true(json_string_length(json_object_get(info, "vendor_version")) > 0);
  json_t *probe = csi_call(controller, "Probe", NULL, "{}");
  assert_true(json_is_true(json_object_get(probe, "ready")));
  json_t *plugin = csi_call(controller, "GetPluginCapabilities", NULL, "{}");
  assert_int_equal(json_array_size(json_object_get(plugin, "capabilities")), 3);
  json_t *reply = csi_call(controller, "ControllerGetCapabilities", NULL, "{}");
  static const char *const wanted[] = {"CREATE_DELETE_VOLUME",
                                       "PUBLISH_UNPUBLISH_VOLUME",
                                       "LIST_VOLUMES",
                                       "LIST_VOLUMES_PUBLISHED_NODES",
                                       "GET_CAPACITY",
                                       "EXPAND_VOLUME",
                                       "MODIFY_VOLUME",
                                       "GET_VOLUME",
                                       "CREATE_DELETE_SNAPSHOT",
                                       "LIST_SNAPSHOTS",
                                       "GET_SNAPSHOT",
                                       "CLONE_VOLUME",
                                       "SINGLE_NODE_MULTI_WRITER"};
  assert_int_equal(json_array_size(json_object_get(reply, "capabilities")), G_N_ELEMENTS(wanted));
  g_autofree char *capabilities = json_dumps(reply, JSON_COMPACT);
  for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
    g_autofree char *row = g_strdup_printf("{\"rpc\":{\"type\":\"%s\"}}", wanted[i]);
    if (!strstr(capabilities, row))
      fail_msg("%s is not in %s", row, capabilities);
  }
  json_decref(info);
  json_decref(probe);
  json_decref(plugin);
  json_decref(reply);
  assert_int_equal(sim_calls(sim, NULL), 0);
  csi_expect_error(controller, "ControllerGetVolumeHealth", json_pack("{s:s}", "volume_id", NOBODY),
                   EVS_CODE_UNIMPLEMENTED, "");
}

static void creating_is_idempotent_and_cheap(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start_quiet(harness, sim, NULL);
  json_t *request = create_request("pvc-1");
  json_object_set_new(request, "parameters",
                      json_pack("{s:s, s:s, s:s}", "type", "SSD", "csi.storage.k8s.io/pv/name", "pv-1",
                                "csi.storage.k8s.io/pvc/namespace", "team"));
  json_t *first = csi_call_json(controller, "CreateVolume", json_deep_copy(request), CSI_TIMEOUT_MS, NULL);
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  assert_calls_at_most(sim, NULL, CREATE_CALLS_MAX);
  json_t *again = csi_call_json(controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  assert_true(json_equal(first, again));
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  assert_int_equal(sim_disk_count(sim), 1);

  json_t *volume = json_object_get(first, "volume");
  assert_int_equal(json_integer_value(json_object_get(volume, "capacity_bytes")), 10 * GIB);
  json_t *topology = json_array_get(json_object_get(volume, "accessible_topology"), 0);
  assert_text(json_object_get(topology, "segments"), ZONE_KEY, "sim-1a");
  json_t *disk = sim_disk(sim, json_string_value(json_object_get(volume, "volume_id")));
  assert_text(disk, "name", "pvc-1");
  assert_text(disk, "type", "SSD");
  json_t *metadata = json_object_get(disk, "metadata");
  assert_text(metadata, "evs.csi.huaweicloud.com/cluster", "test-cluster");
  assert_text(metadata, "evs.csi.huaweicloud.com/driver", "evs.csi.huaweicloud.com");
  assert_text(metadata, "csi.storage.k8s.io/pv/name", "pv-1");
  assert_text(metadata, "csi.storage.k8s.io/pvc/namespace", "team");
  json_decref(disk);
  json_decref(first);
  json_decref(again);
}

static void a_different_request_for_a_name_is_refused(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  json_decref(csi_call_json(controller, "CreateVolume", create_request("pvc-1"), CSI_TIMEOUT_MS, NULL));
  csi_expect_error(controller, "CreateVolume", csi_create_request("pvc-1", 20 * GIB, csi_mount("ext4", NULL)),
                   EVS_CODE_ALREADY_EXISTS,
                   "another capacity: it has '10 GiB', the request wants 'at least 20 GiB'");
  static const struct {
    const char *key, *value, *text;
  } rows[] = {{"type", "SSD", "another type: it has 'GPSSD', the request wants 'SSD'"},
              {"availability", "sim-1b", "another availability zone: it has 'sim-1a'"},
              {"scsi", "true", "another device type: it has 'virtio'"},
              {"multiattach", "true", "another multiattach: it has 'false'"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    json_t *request = create_request("pvc-1");
    json_object_set_new(request, "parameters", json_pack("{s:s}", rows[i].key, rows[i].value));
    csi_expect_error(controller, "CreateVolume", request, EVS_CODE_ALREADY_EXISTS, rows[i].text);
  }
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
}

/* The topology decides where the disk goes; a sold-out zone sends the scheduler on. */
static void the_zone_follows_the_request(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  json_t *request = create_request("pvc-far");
  json_object_set_new(request, "accessibility_requirements",
                      json_pack("{s:[{s:{s:s}},{s:{s:s}}], s:[{s:{s:s}}]}", "requisite", "segments", ZONE_KEY,
                                "sim-1a", "segments", ZONE_KEY, "sim-1b", "preferred", "segments",
                                "topology.kubernetes.io/zone", "sim-1b"));
  json_t *reply = csi_call_json(controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL);
  json_t *topology =
    json_array_get(json_object_get(json_object_get(reply, "volume"), "accessible_topology"), 0);
  assert_text(json_object_get(topology, "segments"), ZONE_KEY, "sim-1b");
  json_decref(reply);

  request = create_request("pvc-sata");
  json_object_set_new(request, "parameters", json_pack("{s:s}", "type", "SATA"));
  csi_expect_error(controller, "CreateVolume", request, EVS_CODE_RESOURCE_EXHAUSTED,
                   "disk type 'SATA' is sold out");
  request = create_request("pvc-fast");
  json_object_set_new(request, "parameters", json_pack("{s:s}", "type", "FAST"));
  csi_expect_error(controller, "CreateVolume", request, EVS_CODE_INVALID_ARGUMENT,
                   "'FAST', which is no disk type; accepted: ESSD, ESSD2, GPSSD");
  request = create_request("pvc-nowhere");
  json_object_set_new(request, "parameters", json_pack("{s:s}", "availability", "sim-9z"));
  csi_expect_error(controller, "CreateVolume", request, EVS_CODE_INVALID_ARGUMENT,
                   "availability zone 'sim-9z' does not exist; available: sim-1a, sim-1b");
  assert_int_equal(sim_disk_count(sim), 1);
}

static void attaching_is_idempotent_and_cheap(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  g_autofree char *node = server_id(sim, 0), *other = server_id(sim, 1);
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  sim_reset_calls(sim);

  json_t *first = csi_call_json(controller, "ControllerPublishVolume", publish_request(volume->id, node),
                                CSI_TIMEOUT_MS, NULL);
  assert_int_equal(sim_calls(sim, "ecs.attach"), 1);
  assert_calls_at_most(sim, NULL, ATTACH_CALLS_MAX);
  json_t *context = json_object_get(first, "publish_context");
  g_autofree char *serial = g_strndup(volume->id, 20);
  assert_text(context, "bus", "virtio");
  assert_text(context, "serial", serial);
  assert_text(context, "size-bytes", "10737418240");
  assert_text(context, "blank", "true");
  json_t *again = csi_call_json(controller, "ControllerPublishVolume", publish_request(volume->id, node),
                                CSI_TIMEOUT_MS, NULL);
  assert_true(json_equal(first, again));
  assert_int_equal(sim_calls(sim, "ecs.attach"), 1);

  csi_expect_error(controller, "ControllerPublishVolume", publish_request(volume->id, other),
                   EVS_CODE_FAILED_PRECONDITION, node);
  csi_expect_error(controller, "DeleteVolume", json_pack("{s:s}", "volume_id", volume->id),
                   EVS_CODE_FAILED_PRECONDITION, node);
  json_t *got = csi_call(controller, "ControllerGetVolume", NULL, "{s:s}", "volume_id", volume->id);
  json_t *nodes = json_object_get(json_object_get(got, "status"), "published_node_ids");
  assert_int_equal(json_array_size(nodes), 1);
  assert_string_equal(json_string_value(json_array_get(nodes, 0)), node);

  for (int i = 0; i < 2; i++)
    json_decref(csi_call(controller, "ControllerUnpublishVolume", NULL, "{s:s, s:s}", "volume_id", volume->id,
                         "node_id", node));
  assert_int_equal(sim_calls(sim, "ecs.detach"), 1);
  sim_wait_disk_status(sim, volume->id, "available");
  for (int i = 0; i < 2; i++)
    csi_delete(volume, controller);
  assert_int_equal(sim_disk_count(sim), 0);
  assert_int_equal(sim_calls(sim, "6.1.6"), 1);
  json_decref(first);
  json_decref(again);
  json_decref(got);
}

static void capabilities_are_judged_by_the_disk(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  CsiVolume *volume = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  json_t *reply = csi_call(controller, "ValidateVolumeCapabilities", NULL, "{s:s, s:[o,o], s:{s:s}}",
                           "volume_id", volume->id, "volume_capabilities", csi_mount("xfs", "noatime"),
                           csi_block(), "parameters", "type", "GPSSD");
  json_t *confirmed = json_object_get(reply, "confirmed");
  assert_int_equal(json_array_size(json_object_get(confirmed, "volume_capabilities")), 2);
  assert_text(json_object_get(confirmed, "parameters"), "type", "GPSSD");
  json_decref(reply);
  reply = csi_call(controller, "ValidateVolumeCapabilities", NULL, "{s:s, s:[o]}", "volume_id", volume->id,
                   "volume_capabilities", csi_with_mode(csi_block(), "MULTI_NODE_MULTI_WRITER"));
  assert_null(json_object_get(reply, "confirmed"));
  assert_text(reply, "message", "the disk has no multiattach, which MULTI_NODE_MULTI_WRITER needs");
  json_decref(reply);
}

static void another_clusters_disk_is_not_deleted(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *ours = controller_start(harness, sim, &(PluginOptions){.cluster_id = "blue"});
  Plugin *theirs = controller_start(harness, sim, &(PluginOptions){.cluster_id = "green"});
  CsiVolume *blue = csi_create(harness, ours, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  CsiVolume *green = csi_create(harness, theirs, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));
  assert_string_not_equal(blue->id, green->id);
  csi_expect_error(theirs, "DeleteVolume", json_pack("{s:s}", "volume_id", blue->id),
                   EVS_CODE_FAILED_PRECONDITION, "belongs to cluster 'blue'");
  csi_delete(blue, ours);
  csi_delete(green, theirs);
  assert_int_equal(sim_disk_count(sim), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(it_says_what_it_can),
    TEST(creating_is_idempotent_and_cheap),
    TEST(a_different_request_for_a_name_is_refused),
    TEST(the_zone_follows_the_request),
    TEST(attaching_is_idempotent_and_cheap),
    TEST(capabilities_are_judged_by_the_disk),
    TEST(another_clusters_disk_is_not_deleted),
  };
  return cmocka_run_group_tests_name("controller_life", tests, NULL, NULL);
}
