/* evsctl csi as a user runs it: exit statuses, what goes to stdout and what to stderr. */
#include "base/error.h"
#include "csi.pb-c.h"
#include "rpc/server.h"
#include "tests/harness/harness.h"

typedef struct {
  Harness *harness;
  RpcServer *server;
  char *endpoint; /* --endpoint=... */
} World;

static ProtobufCMessage *get_plugin_info(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call;
  (void)request;
  (void)data;
  (void)error;
  Csi__V1__GetPluginInfoResponse *reply = g_new0(Csi__V1__GetPluginInfoResponse, 1);
  csi__v1__get_plugin_info_response__init(reply);
  reply->name = g_strdup("test \"driver\"");
  reply->n_manifest = 1;
  reply->manifest = g_new0(Csi__V1__GetPluginInfoResponse__ManifestEntry *, 1);
  reply->manifest[0] = g_new0(Csi__V1__GetPluginInfoResponse__ManifestEntry, 1);
  csi__v1__get_plugin_info_response__manifest_entry__init(reply->manifest[0]);
  reply->manifest[0]->key = g_strdup("commit");
  reply->manifest[0]->value = g_strdup("abc");
  return &reply->base;
}

/* Shows that the request has arrived: its answer is an error that quotes it. */
static ProtobufCMessage *create_volume(RpcCall *call, const void *request, void *data, GError **error)
{
  (void)call;
  (void)data;
  const Csi__V1__CreateVolumeRequest *create = request;
  evs_error_set(error, EVS_CODE_RESOURCE_EXHAUSTED, "no room for '%s' with %" G_GINT64_FORMAT " bytes",
                create->name, create->capacity_range ? create->capacity_range->required_bytes : -1);
  return NULL;
}

static const RpcMethod identity[] = {{.name = "GetPluginInfo", .handle = get_plugin_info, .quick = TRUE}};
static const RpcMethod controller[] = {{.name = "CreateVolume", .handle = create_volume}};

static int setup(void **state)
{
  World *world = g_new0(World, 1);
  void *harness = NULL;
  harness_setup(&harness);
  world->harness = harness;
  g_autofree char *socket_path = harness_path(world->harness, "csi.sock");
  g_autofree char *endpoint = g_strconcat("unix://", socket_path, NULL);
  world->endpoint = g_strconcat("--endpoint=", endpoint, NULL);
  const RpcServerOptions options = {.endpoint = endpoint,
                                    .max_concurrent_streams = 8,
                                    .class_threads = 2,
                                    .class_queue = 8,
                                    .grace_ms = 1000};
  world->server = rpc_server_new(&options);
  rpc_server_add_service(world->server, &csi__v1__identity__descriptor, identity, G_N_ELEMENTS(identity),
                         NULL);
  rpc_server_add_service(world->server, &csi__v1__controller__descriptor, controller,
                         G_N_ELEMENTS(controller), NULL);
  g_autoptr(GError) error = NULL;
  if (!rpc_server_start(world->server, &error))
    fail_msg("%s", error->message);
  *state = world;
  return 0;
}

static int teardown(void **state)
{
  World *world = *state;
  assert_true(rpc_server_drain(world->server));
  rpc_server_free(world->server);
  void *harness = world->harness;
  int result = harness_teardown(&harness);
  g_free(world->endpoint);
  g_free(world);
  return result;
}

static void answers_go_to_stdout(void **state)
{
  World *world = *state;
  static const struct {
    const char *option, *expected;
  } rows[] = {
    {"--compact", "{\"name\":\"test \\\"driver\\\"\",\"manifest\":{\"commit\":\"abc\"}}\n"},
    {"--get=name", "test \"driver\"\n"},
    {"--get=manifest", "{\"commit\":\"abc\"}\n"},
    {"--get=manifest.commit", "abc\n"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Process *evsctl = process_start_list(world->harness, "evsctl", "csi", world->endpoint, "GetPluginInfo",
                                         rows[i].option, NULL);
    assert_int_equal(process_wait_exit(evsctl, HARNESS_WAIT_MS), 0);
    g_autofree char *text = process_stdout(evsctl);
    assert_string_equal(text, rows[i].expected);
  }
}

static void a_value_that_is_not_there_is_a_failure(void **state)
{
  World *world = *state;
  Process *evsctl = process_start_list(world->harness, "evsctl", "csi", world->endpoint, "GetPluginInfo",
                                       "--get=manifest.nothing", NULL);
  assert_int_equal(process_wait_exit(evsctl, HARNESS_WAIT_MS), 1);
  g_autofree char *text = process_stderr(evsctl);
  assert_string_equal(text, "evsctl csi: the answer has no 'manifest.nothing'\n");
}

static void requests_come_from_text_and_from_files(void **state)
{
  World *world = *state;
  static const char *const request = "{\"name\":\"pvc-1\",\"capacityRange\":{\"requiredBytes\":\"12\"}}";
  g_autofree char *path = harness_write_file(world->harness, "request.json", request);
  g_autofree char *from_file = g_strconcat("@", path, NULL);
  const char *const arguments[] = {request, from_file};
  for (gsize i = 0; i < G_N_ELEMENTS(arguments); i++) {
    Process *evsctl = process_start_list(world->harness, "evsctl", "csi", world->endpoint,
                                         "Controller/CreateVolume", arguments[i], NULL);
    assert_int_equal(process_wait_exit(evsctl, HARNESS_WAIT_MS), 1);
    g_autofree char *text = process_stderr(evsctl);
    assert_string_equal(text, "CreateVolume: RESOURCE_EXHAUSTED (8): no room for 'pvc-1' with 12 bytes\n");
    g_autofree char *out = process_stdout(evsctl);
    assert_string_equal(out, "");
  }
}

static void wrong_usage_sends_nothing(void **state)
{
  World *world = *state;
  static const struct {
    const char *arguments[4], *complaint;
  } rows[] = {
    {{NULL}, "expected is METHOD [JSON"},
    {{"NoSuch"}, "method 'NoSuch': no such CSI method"},
    {{"CreateVolume", "{}", "{}"}, "expected is: evsctl csi METHOD [JSON"},
    {{"CreateVolume", "{\"nam\":1}"}, "field 'nam': unknown to CreateVolumeRequest"},
    {{"CreateVolume", "{"}, "request is no JSON: line 1"},
    {{"CreateVolume", "{\"name\":\"a\",\"name\":\"b\"}"}, "duplicate"},
    {{"CreateVolume", "@/nonexistent"}, "/nonexistent"},
    {{"--timeout=0", "Probe"}, "--timeout: 0: a number from 1 to"},
    {{"--endpoint=tcp://1.2.3.4:5", "Probe"}, "tcp://1.2.3.4:5"},
    {{"--bogus", "Probe"}, "--bogus"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    const char *const *given = rows[i].arguments;
    const char *const argv[] = {"evsctl", "csi", given[0], given[1], given[2], NULL};
    Process *evsctl = process_start(world->harness, argv);
    int status = process_wait_exit(evsctl, HARNESS_WAIT_MS);
    g_autofree char *text = process_stderr(evsctl);
    if (status != 2 || !strstr(text, rows[i].complaint))
      fail_msg("row %d: status %d, stderr '%s' lacks '%s'", (int)i, status, text, rows[i].complaint);
  }
}

static void groups_are_listed(void **state)
{
  World *world = *state;
  Process *help = process_start_list(world->harness, "evsctl", "--help", NULL);
  assert_int_equal(process_wait_exit(help, HARNESS_WAIT_MS), 0);
  g_autofree char *text = process_stdout(help);
  assert_non_null(strstr(text, "\n  csi "));
  Process *unknown = process_start_list(world->harness, "evsctl", "nosuch", NULL);
  assert_int_equal(process_wait_exit(unknown, HARNESS_WAIT_MS), 2);
  g_autofree char *complaint = process_stderr(unknown);
  assert_non_null(strstr(complaint, "evsctl: 'nosuch' is no group; there is: "));
  assert_non_null(strstr(complaint, "csi"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(answers_go_to_stdout, setup, teardown),
    cmocka_unit_test_setup_teardown(a_value_that_is_not_there_is_a_failure, setup, teardown),
    cmocka_unit_test_setup_teardown(requests_come_from_text_and_from_files, setup, teardown),
    cmocka_unit_test_setup_teardown(wrong_usage_sends_nothing, setup, teardown),
    cmocka_unit_test_setup_teardown(groups_are_listed, setup, teardown),
  };
  return cmocka_run_group_tests_name("evsctl csi", tests, NULL, NULL);
}
