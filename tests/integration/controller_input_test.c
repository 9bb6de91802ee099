/* Bad input gets the right code and a text that names the field, without a call to the cloud; bad configuration ends
 * the process before it serves; ListVolumes pages through more disks than one answer of the cloud holds. */
#include "tests/integration/controller_support.h"

#include "evsclient/disk.h"

enum { MANY_DISKS = 1005, PAGE = 400 };

#define CAPABILITY "{'mount':{},'access_mode':{'mode':'SINGLE_NODE_WRITER'}}"
#define NAMED "'name':'pvc-1','volume_capabilities':[" CAPABILITY "]"
#define ATTACH "'volume_id':'" NOBODY "','node_id':'" NOBODY "'"

typedef struct {
  const char *method, *request; /* JSON with single quotes */
  EvsCode code;
  const char *text;
} BadInput;

static const BadInput bad_inputs[] = {
  {"CreateVolume", "{'volume_capabilities':[" CAPABILITY "]}", EVS_CODE_INVALID_ARGUMENT,
   "field 'name' is empty"},
  {"CreateVolume", "{'name':'autobk_snapshot_1','volume_capabilities':[" CAPABILITY "]}",
   EVS_CODE_INVALID_ARGUMENT, "reserves for backups"},
  {"CreateVolume", "{'name':'pvc-1'}", EVS_CODE_INVALID_ARGUMENT, "field 'volume_capabilities' is empty"},
  {"CreateVolume", "{'name':'pvc-1','volume_capabilities':[{'mount':{}}]}", EVS_CODE_INVALID_ARGUMENT,
   "field 'volume_capabilities[0].access_mode' is missing"},
  {"CreateVolume", "{" NAMED ",'capacity_range':{'required_bytes':-1}}", EVS_CODE_INVALID_ARGUMENT,
   "field 'capacity_range.required_bytes' is -1"},
  {"CreateVolume", "{" NAMED ",'capacity_range':{'required_bytes':35184372088833}}", EVS_CODE_OUT_OF_RANGE,
   "from 10 to 32768 GiB"},
  {"CreateVolume", "{" NAMED ",'capacity_range':{'limit_bytes':1073741824}}", EVS_CODE_OUT_OF_RANGE,
   "smallest disk for this request has 10 GiB"},
  {"CreateVolume", "{" NAMED ",'parameters':{'colour':'red'}}", EVS_CODE_INVALID_ARGUMENT,
   "parameter 'colour' is unknown; accepted: type"},
  {"CreateVolume", "{" NAMED ",'parameters':{'type':'SSD','iops':'3000'}}", EVS_CODE_INVALID_ARGUMENT,
   "parameter 'iops' is not accepted for disk type 'SSD'"},
  {"CreateVolume", "{" NAMED ",'mutable_parameters':{'colour':'1'}}", EVS_CODE_INVALID_ARGUMENT,
   "mutable parameter 'colour' is unknown; accepted: type, iops, throughput"},
  {"CreateVolume", "{" NAMED ",'volume_content_source':{}}", EVS_CODE_INVALID_ARGUMENT,
   "field 'volume_content_source' names no source; accepted: snapshot, volume"},
  {"CreateVolume", "{" NAMED ",'volume_content_source':{'snapshot':{}}}", EVS_CODE_INVALID_ARGUMENT,
   "field 'volume_content_source.snapshot.snapshot_id' is empty"},
  {"CreateVolume", "{" NAMED ",'volume_content_source':{'snapshot':{'snapshot_id':'fake'}}}",
   EVS_CODE_NOT_FOUND, "snapshot 'fake' does not exist"},
  {"CreateVolume", "{" NAMED ",'volume_content_source':{'volume':{'volume_id':'fake'}}}", EVS_CODE_NOT_FOUND,
   "volume 'fake' does not exist"},
  {"CreateVolume", "{" NAMED ",'accessibility_requirements':{'requisite':[{'segments':{'rack':'1'}}]}}",
   EVS_CODE_INVALID_ARGUMENT, "names no zone; accepted keys: topology.evs.csi.huaweicloud.com/zone"},
  {"DeleteVolume", "{}", EVS_CODE_INVALID_ARGUMENT, "field 'volume_id' is empty"},
  {"ControllerPublishVolume", "{}", EVS_CODE_INVALID_ARGUMENT, "field 'volume_id' is empty"},
  {"ControllerPublishVolume", "{'volume_id':'x'}", EVS_CODE_INVALID_ARGUMENT, "field 'node_id' is empty"},
  {"ControllerPublishVolume", "{" ATTACH "}", EVS_CODE_INVALID_ARGUMENT,
   "field 'volume_capability' is missing"},
  {"ControllerPublishVolume", "{" ATTACH ",'readonly':true,'volume_capability':" CAPABILITY "}",
   EVS_CODE_INVALID_ARGUMENT, "field 'readonly' is not supported"},
  {"ControllerPublishVolume",
   "{'volume_id':'fake-vol-id-1','node_id':'" NOBODY "','volume_capability':" CAPABILITY "}",
   EVS_CODE_NOT_FOUND, "volume 'fake-vol-id-1' does not exist"},
  {"ControllerUnpublishVolume", "{}", EVS_CODE_INVALID_ARGUMENT, "field 'volume_id' is empty"},
  {"ValidateVolumeCapabilities", "{'volume_capabilities':[" CAPABILITY "]}", EVS_CODE_INVALID_ARGUMENT,
   "field 'volume_id' is empty"},
  {"ValidateVolumeCapabilities", "{'volume_id':'" NOBODY "'}", EVS_CODE_INVALID_ARGUMENT,
   "field 'volume_capabilities' is empty"},
  {"ValidateVolumeCapabilities", "{'volume_id':'fake','volume_capabilities':[" CAPABILITY "]}",
   EVS_CODE_NOT_FOUND, "volume 'fake' does not exist"},
  {"ControllerGetVolume", "{}", EVS_CODE_INVALID_ARGUMENT, "field 'volume_id' is empty"},
  {"ControllerGetVolume", "{'volume_id':'fake'}", EVS_CODE_NOT_FOUND, "volume 'fake' does not exist"},
  {"CreateSnapshot", "{'source_volume_id':'" NOBODY "'}", EVS_CODE_INVALID_ARGUMENT, "field 'name' is empty"},
  {"CreateSnapshot", "{'name':'snap-1'}", EVS_CODE_INVALID_ARGUMENT, "field 'source_volume_id' is empty"},
  {"CreateSnapshot", "{'name':'snap-1','source_volume_id':'fake'}", EVS_CODE_NOT_FOUND,
   "volume 'fake' does not exist"},
  {"CreateSnapshot", "{'name':'evscsi-clone-1','source_volume_id':'" NOBODY "'}", EVS_CODE_INVALID_ARGUMENT,
   "field 'name' begins with 'evscsi-clone-'"},
  {"CreateSnapshot", "{'name':'autobk_snapshot_1','source_volume_id':'" NOBODY "'}",
   EVS_CODE_INVALID_ARGUMENT, "field 'name' begins with 'autobk_snapshot_'"},
  {"CreateSnapshot", "{'name':'s','source_volume_id':'" NOBODY "','parameters':{'colour':'red'}}",
   EVS_CODE_INVALID_ARGUMENT, "parameter 'colour' is unknown; accepted: force-create, csi.storage.k8s.io/*"},
  {"CreateSnapshot", "{'name':'s','source_volume_id':'" NOBODY "','parameters':{'force-create':'maybe'}}",
   EVS_CODE_INVALID_ARGUMENT, "parameter 'force-create' is 'maybe'; accepted: true, false"},
  {"DeleteSnapshot", "{}", EVS_CODE_INVALID_ARGUMENT, "field 'snapshot_id' is empty"},
  {"GetSnapshot", "{}", EVS_CODE_INVALID_ARGUMENT, "field 'snapshot_id' is empty"},
  {"GetSnapshot", "{'snapshot_id':'fake'}", EVS_CODE_NOT_FOUND, "snapshot 'fake' does not exist"},
  {"ListSnapshots", "{'max_entries':-1}", EVS_CODE_INVALID_ARGUMENT, "field 'max_entries' is -1"},
  {"ListSnapshots", "{'starting_token':'invalid-token'}", EVS_CODE_ABORTED,
   "field 'starting_token' is no token"},
  {"ListVolumes", "{'max_entries':-1}", EVS_CODE_INVALID_ARGUMENT, "field 'max_entries' is -1"},
  {"ListVolumes", "{'starting_token':'invalid-token'}", EVS_CODE_ABORTED,
   "field 'starting_token' is no token"},
};

static json_t *from_text(const char *text)
{
  g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
  json_t *value = json_loads(json, 0, NULL);
  assert_non_null(value);
  return value;
}

static void bad_input_is_refused_without_the_cloud(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start_quiet(harness, sim, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(bad_inputs); i++)
    csi_expect_error(controller, bad_inputs[i].method, from_text(bad_inputs[i].request), bad_inputs[i].code,
                     bad_inputs[i].text);
  /* Ids of another shape are gone already. */
  json_decref(csi_call(controller, "DeleteVolume", NULL, "{s:s}", "volume_id", "fake-vol-id-1"));
  json_decref(csi_call(controller, "ControllerUnpublishVolume", NULL, "{s:s, s:s}", "volume_id",
                       "fake-vol-id-1", "node_id", NOBODY));
  json_decref(csi_call(controller, "ControllerUnpublishVolume", NULL, "{s:s, s:s}", "volume_id", NOBODY,
                       "node_id", "fake-node"));
  assert_int_equal(sim_calls(sim, NULL), 0);
}

static void unknown_parameters_can_be_let_pass(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  static const char *const extra[] = {"--unknown-parameters=warn", NULL};
  Plugin *controller = controller_start(harness, sim, &(PluginOptions){.extra = extra});
  json_t *request = create_request("pvc-1");
  json_object_set_new(request, "parameters", json_pack("{s:s}", "colour", "red"));
  json_decref(csi_call_json(controller, "CreateVolume", request, CSI_TIMEOUT_MS, NULL));
  g_autofree char *log = process_stderr(controller->process);
  assert_non_null(strstr(log, "unknown parameter ignored"));
}

/* Starts a controller that must end by itself, with this text on stderr. */
static void assert_does_not_start(Harness *harness, const Sim *sim, const PluginOptions *options,
                                  const char *text)
{
  g_autofree char *socket = harness_path(harness, "never.sock");
  char **argv = controller_argv(harness, sim, options, socket);
  Process *process = process_start(harness, (const char *const *)argv);
  g_strfreev(argv);
  assert_int_equal(process_wait_exit(process, HARNESS_START_MS), 1);
  g_autofree char *log = process_stderr(process);
  if (!strstr(log, text))
    fail_msg("'%s' is not in: %s", text, log);
  g_auto(GStrv) lines = g_strsplit(g_strchomp(log), "\n", -1);
  assert_int_equal(g_strv_length(lines), 1);
  assert_false(g_file_test(socket, G_FILE_TEST_EXISTS));
}

static void bad_configuration_ends_the_start(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  static const struct {
    const char *file, *text;
  } files[] = {
    {"no ini at all\n", "cloud-config"},
    {"[Global]\naccess-key=a\nsecret-key=planted-secret\n", "region"},
    {"[Global]\nregion=sim-1\naccess-key=a\n", "secret-key"},
    {"[Global]\nregion=sim-1\ncolour=red\naccess-key=a\nsecret-key=planted-secret\n", "colour"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = harness_write_file(harness, "cloud-config", files[i].file);
    assert_does_not_start(harness, sim, &(PluginOptions){.cloud_config = path}, files[i].text);
  }
  assert_does_not_start(harness, sim, &(PluginOptions){.cloud_config = "/nowhere/cloud-config"},
                        "/nowhere/cloud-config");
  assert_does_not_start(harness, sim, &(PluginOptions){.cluster_id = ""}, "--cluster-id");
  assert_does_not_start(harness, sim, &(PluginOptions){.cluster_id = "a/b"}, "1-40 of [A-Za-z0-9._-]");
  static const char *const unknown[] = {"--unknown-parameters=maybe", NULL};
  assert_does_not_start(harness, sim, &(PluginOptions){.extra = unknown}, "accepted: refuse, warn");
  static const char *const name[] = {"--driver-name=a b", NULL};
  assert_does_not_start(harness, sim, &(PluginOptions){.extra = name}, "--driver-name");
}

/* ---- rotated keys ---- */

static gboolean lists(void *data)
{
  g_autoptr(GError) error = NULL;
  json_t *reply = csi_call(data, "ListVolumes", &error, "{}");
  gboolean good = reply != NULL;
  json_decref(reply);
  return good;
}

static void a_changed_cloud_config_is_read_again(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  g_autofree char *good = NULL;
  assert_true(g_file_get_contents(sim->cloud_config, &good, NULL, NULL));
  g_autofree char *bad = g_strdup(good);
  char *key = strstr(bad, "secret-key=") + strlen("secret-key=");
  *key = *key == 'x' ? 'y' : 'x';
  g_autofree char *path = harness_write_file(harness, "cloud-config", bad);
  Plugin *controller = controller_start(harness, sim, &(PluginOptions){.cloud_config = path});
  csi_expect_error(controller, "ListVolumes", json_object(), EVS_CODE_UNAUTHENTICATED, "");
  g_free(harness_write_file(harness, "cloud-config", good));
  assert_true(wait_until(lists, controller, HARNESS_WAIT_MS));
}

/* ---- paging ---- */

static void make_disks(const Sim *sim)
{
  g_autoptr(EvsConfig) config = evs_config_load(sim->cloud_config, NULL);
  assert_non_null(config);
  g_autoptr(EvsClient) client = evs_client_new(config, NULL);
  EvsContext context = {.deadline_us = G_MAXINT64};
  for (int i = 0; i < MANY_DISKS; i++) {
    const EvsDiskCreate request = {
      .name = "static", .availability_zone = "sim-1a", .volume_type = "SSD", .size_gib = 10};
    g_autofree char *job_id = NULL, *volume_id = NULL;
    g_autoptr(GError) error = NULL;
    if (!evs_disk_create(client, &context, &request, NULL, &job_id, &volume_id, &error))
      fail_msg("disk %d: %s", i, error->message);
  }
}

/* Adds the ids of one answer to the set; the next token, or NULL at the end. */
static char *take_page(const Plugin *controller, int max_entries, const char *token, GHashTable *seen)
{
  json_t *reply = csi_call(controller, "ListVolumes", NULL, "{s:i, s:s}", "max_entries", max_entries,
                           "starting_token", token ? token : "");
  json_t *entries = json_object_get(reply, "entries"), *entry;
  gsize i;
  if (max_entries > 0)
    assert_true(json_array_size(entries) <= (gsize)max_entries);
  json_array_foreach(entries, i, entry)
  {
    const char *id = json_string_value(json_object_get(json_object_get(entry, "volume"), "volume_id"));
    assert_true(g_hash_table_add(seen, g_strdup(id)));
  }
  const char *next = json_string_value(json_object_get(reply, "next_token"));
  char *copy = next && *next ? g_strdup(next) : NULL;
  json_decref(reply);
  return copy;
}

static void every_disk_is_listed_once(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  make_disks(sim);
  CsiVolume *owned = csi_create(harness, controller, "pvc-1", 10 * GIB, csi_mount("ext4", NULL));

  g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  assert_null(take_page(controller, 0, NULL, all));
  assert_int_equal(g_hash_table_size(all), MANY_DISKS + 1);

  g_autoptr(GHashTable) paged = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *token = NULL;
  int pages = 0;
  do {
    g_autofree char *next = take_page(controller, PAGE, token, paged);
    g_free(token);
    token = g_steal_pointer(&next);
    pages++;
  } while (token);
  assert_int_equal(pages, MANY_DISKS / PAGE + 1);
  assert_int_equal(g_hash_table_size(paged), MANY_DISKS + 1);

  static const char *const extra[] = {"--list-owned-only", NULL};
  Plugin *shared = controller_start(harness, sim, &(PluginOptions){.extra = extra});
  g_autoptr(GHashTable) ours = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  assert_null(take_page(shared, 0, NULL, ours));
  assert_int_equal(g_hash_table_size(ours), 1);
  assert_true(g_hash_table_contains(ours, owned->id));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(bad_input_is_refused_without_the_cloud),
    TEST(unknown_parameters_can_be_let_pass),
    TEST(bad_configuration_ends_the_start),
    TEST(a_changed_cloud_config_is_read_again),
    TEST(every_disk_is_listed_once),
  };
  return cmocka_run_group_tests_name("controller_input", tests, NULL, NULL);
}
