/* No secret ever gets out: one is planted in every csi_secret field of the descriptor set and in the cloud-config,
 * calls go well and go wrong at every log level, and then logs, answers, error texts and command lines are searched.
 * Which fields are secret is read from the table that proto/ generates, so that a new one is covered by itself. */
#include "tests/harness/csi.h"

#include "base/text.h"
#include "csi_redact.h"
#include "evsctl/csi_methods.h"
#include "evsctl/json_message.h"

#define PLANTED "PLANTED-sEcReT"

enum { MAX_CMDLINE = 1 << 16, SHORT_TIMEOUT_MS = 20000 };

static const char *const levels[] = {"error", "warn", "info", "debug"};

/* ---- searching ---- */

static void assert_free_of(const char *text, const char *secret, const char *where)
{
  const char *found = strstr(text, secret);
  if (!found)
    return;
  const char *begin = found - MIN(found - text, 200);
  fail_msg("a secret stands in %s: ...%.300s", where, begin);
}

/* Every secret there is: the planted one and those of the cloud-config. */
typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller, *node;
  GPtrArray *secrets; /* text */
} World;

static void search(const World *world, const char *text, const char *where)
{
  for (guint i = 0; i < world->secrets->len; i++)
    assert_free_of(text, g_ptr_array_index(world->secrets, i), where);
}

static void search_logs(const World *world, const Plugin *plugin)
{
  g_autofree char *out = process_stdout(plugin->process);
  g_autofree char *err = process_stderr(plugin->process);
  search(world, out, "stdout");
  search(world, err, "the log");
}

/* Of all processes of the namespace, so of what the plugins have started too. */
static void search_command_lines(const World *world)
{
  g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
  assert_non_null(proc);
  for (const char *name = g_dir_read_name(proc); name; name = g_dir_read_name(proc)) {
    g_autofree char *path = g_build_filename("/proc", name, "cmdline", NULL);
    g_autofree char *text = NULL;
    gsize length = 0;
    if (!g_ascii_isdigit(name[0]) || !text_read_file(path, MAX_CMDLINE, &text, &length, NULL))
      continue;
    for (gsize i = 0; i < length; i++)
      text[i] = text[i] ? text[i] : ' ';
    search(world, text, path);
  }
}

/* ---- planting ---- */

static json_t *planted_map(void)
{
  return json_pack("{s:s, s:s}", "password", PLANTED, "key-" PLANTED, "value");
}

static gboolean is_secret(const char *message, const char *field)
{
  for (gsize i = 0; i < csi_secret_fields_count; i++) {
    if (g_str_equal(csi_secret_fields[i].message, message) && g_str_equal(csi_secret_fields[i].field, field))
      return TRUE;
  }
  return FALSE;
}

static json_t *value_with_secrets(const ProtobufCFieldDescriptor *field, int depth);

/* A message of this type with nothing in it but its secrets, at any depth. */
static json_t *message_with_secrets(const ProtobufCMessageDescriptor *type, int depth)
{
  json_t *message = json_object();
  for (unsigned i = 0; i < type->n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &type->fields[i];
    json_t *value = is_secret(type->name, field->name) ? planted_map() : value_with_secrets(field, depth);
    if (value)
      json_object_set_new(message, field->name, value);
  }
  return message;
}

/* NULL when there is no secret below. Members of a oneof are left out: not two of them may be set. */
static json_t *value_with_secrets(const ProtobufCFieldDescriptor *field, int depth)
{
  if (field->type != PROTOBUF_C_TYPE_MESSAGE || json_message_is_map(field) ||
      depth > JSON_MESSAGE_MAX_DEPTH || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
    return NULL;
  json_t *value = message_with_secrets(field->descriptor, depth + 1);
  if (json_object_size(value) == 0) {
    json_decref(value);
    return NULL;
  }
  return field->label == PROTOBUF_C_LABEL_REPEATED ? json_pack("[o]", value) : value;
}

/* request with the secrets of this method's input added. */
static json_t *with_secrets(const char *method, json_t *request)
{
  CsiMethod found;
  assert_true(csi_method_find(method, &found, NULL));
  json_t *secrets = message_with_secrets(found.method->input, 0);
  json_object_update(request, secrets);
  json_decref(secrets);
  return request;
}

/* ---- calling ---- */

/* Any outcome is fine; what comes back is searched. */
static void call_and_search(const World *world, const Plugin *plugin, const char *method, json_t *request)
{
  g_autoptr(GError) error = NULL;
  json_t *reply = csi_call_json(plugin, method, with_secrets(method, request), SHORT_TIMEOUT_MS, &error);
  if (error)
    search(world, error->message, method);
  if (reply) {
    char *text = json_dumps(reply, 0);
    search(world, text, method);
    free(text);
  }
  json_decref(reply);
}

/* A step that must go well, with secrets in its request. */
static json_t *step(const World *world, const Plugin *plugin, const char *method, json_t *request)
{
  json_t *reply = csi_call_json(plugin, method, with_secrets(method, request), CSI_TIMEOUT_MS, NULL);
  char *text = json_dumps(reply, 0);
  search(world, text, method);
  free(text);
  search_command_lines(world);
  return reply;
}

/* The request cut off in its middle: no protobuf any more. */
static void call_with_garbage(const World *world, const Plugin *plugin, const CsiMethod *method)
{
  json_t *json = message_with_secrets(method->method->input, 0);
  ProtobufCMessage *message = json_message_read(json, method->method->input, NULL);
  json_decref(json);
  assert_non_null(message);
  g_autofree guint8 *packed = g_malloc(protobuf_c_message_get_packed_size(message) + 1);
  gsize length = protobuf_c_message_pack(message, packed);
  protobuf_c_message_free_unpacked(message, NULL);
  g_autofree char *path = g_strdup_printf("/%s/%s", method->service->name, method->method->name);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) reply = NULL;
  gsize cut = length > 0 ? length - 1 : 0;
  if (!rpc_client_call_raw(plugin->client, path, packed, cut, SHORT_TIMEOUT_MS, &reply, &error))
    search(world, error->message, path);
}

/* Every method of every service on both plugins: with nothing but secrets, and with bytes that are no message. */
static void call_every_method_badly(const World *world)
{
  const Plugin *plugins[] = {world->controller, world->node};
  gsize covered = 0;
  for (const ProtobufCServiceDescriptor *const *service = csi_services(); *service; service++) {
    for (unsigned i = 0; i < (*service)->n_methods; i++) {
      const CsiMethod method = {*service, &(*service)->methods[i]};
      json_t *planted = message_with_secrets(method.method->input, 0);
      covered += json_object_size(planted) > 0;
      json_decref(planted);
      g_autofree char *name = g_strdup_printf("%s.%s", (*service)->name, method.method->name);
      for (gsize p = 0; p < G_N_ELEMENTS(plugins); p++) {
        call_and_search(world, plugins[p], name, json_object());
        call_with_garbage(world, plugins[p], &method);
      }
    }
  }
  assert_int_equal(covered, csi_secret_fields_count); /* each secret field has been planted in some request */
}

/* Requests that are refused for what is in them, or by the cloud. */
static void call_what_fails_later(const World *world)
{
  static const char *const no_disk = "62f0d06b-808d-480d-8b5e-0123456789ab";
  json_t *mount = csi_mount("ext4", NULL);
  call_and_search(world, world->controller, "CreateVolume",
                  json_pack("{s:s, s:[O], s:{s:s}}", "name", "pvc-bad", "volume_capabilities", mount,
                            "parameters", "no-such-parameter", "x"));
  call_and_search(world, world->controller, "ControllerPublishVolume",
                  json_pack("{s:s, s:s, s:O}", "volume_id", no_disk, "node_id", world->node->server_id,
                            "volume_capability", mount));
  call_and_search(world, world->controller, "ValidateVolumeCapabilities",
                  json_pack("{s:s, s:[O]}", "volume_id", no_disk, "volume_capabilities", mount));
  call_and_search(world, world->node, "NodeStageVolume",
                  json_pack("{s:s, s:s, s:O, s:{s:s}}", "volume_id", no_disk, "staging_target_path", "/etc",
                            "volume_capability", mount, "publish_context", "bus", "virtio"));
  g_free(sim_fault(world->sim,
                   "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":"
                   "{\"kind\":\"status\",\"status\":403,\"code\":\"EVS.1027\",\"shape\":\"error\"}}"));
  call_and_search(world, world->controller, "CreateVolume",
                  json_pack("{s:s, s:[O]}", "name", "pvc-forbidden", "volume_capabilities", mount));
  sim_clear_faults(world->sim);
  json_decref(mount);
}

static void live_through_a_volume(const World *world)
{
  json_t *reply = step(world, world->controller, "CreateVolume",
                       csi_create_request("pvc-secrets", 10 * GIB, csi_mount("ext4", NULL)));
  CsiVolume volume = {.capability = csi_mount("ext4", NULL)};
  volume.id = g_strdup(json_string_value(json_object_get(json_object_get(reply, "volume"), "volume_id")));
  json_decref(reply);
  reply = step(world, world->controller, "ControllerPublishVolume", csi_attach_request(&volume, world->node));
  volume.publish_context = json_incref(json_object_get(reply, "publish_context"));
  json_decref(reply);
  json_decref(step(world, world->node, "NodeStageVolume", csi_stage_request(&volume, world->node)));
  json_decref(step(world, world->node, "NodePublishVolume", csi_publish_request(&volume, world->node)));
  csi_unpublish(&volume, world->node);
  csi_unstage(&volume, world->node);
  json_decref(step(world, world->controller, "ControllerUnpublishVolume",
                   json_pack("{s:s, s:s}", "volume_id", volume.id, "node_id", world->node->server_id)));
  json_decref(step(world, world->controller, "DeleteVolume", json_pack("{s:s}", "volume_id", volume.id)));
  json_decref(volume.capability);
  json_decref(volume.publish_context);
  g_free(volume.id);
  g_free(volume.staging);
  g_free(volume.target);
}

/* ---- the cloud-config's own secrets ---- */

static char *read_cloud_config(const Sim *sim)
{
  char *text = NULL;
  g_autoptr(GError) error = NULL;
  if (!text_read_file(sim->cloud_config, 1 << 20, &text, NULL, &error))
    fail_msg("%s", error->message);
  return text;
}

/* The value of a key, newly allocated; NULL if the file has none. */
static char *config_value(const char *config, const char *key)
{
  g_autoptr(GKeyFile) file = g_key_file_new();
  assert_true(g_key_file_load_from_data(file, config, strlen(config), G_KEY_FILE_NONE, NULL));
  return g_key_file_get_string(file, "Global", key, NULL);
}

static void run_at_level(Harness *harness, const char *level, const char *format)
{
  World world = {.harness = harness, .secrets = g_ptr_array_new_with_free_func(g_free)};
  g_ptr_array_add(world.secrets, g_strdup(PLANTED));
  g_autofree char *state_dir = harness_path(harness, "sim-%s-%s", level, format);
  world.sim = sim_start(harness, &(SimOptions){.state_dir = state_dir});
  g_autofree char *config = read_cloud_config(world.sim);
  char *secret_key = config_value(config, "secret-key");
  assert_non_null(secret_key);
  g_ptr_array_add(world.secrets, secret_key);

  g_autofree char *format_option = g_strdup_printf("--log-format=%s", format);
  const char *const extra[] = {format_option, NULL};
  const PluginOptions options = {.log_level = level, .extra = extra};
  world.controller = controller_start(harness, world.sim, &options);
  world.node = node_start(harness, world.sim, &options);
  call_every_method_badly(&world);
  call_what_fails_later(&world);
  live_through_a_volume(&world);
  search_command_lines(&world);
  process_stop(world.controller->process);
  process_stop(world.node->process);
  search_logs(&world, world.controller);
  search_logs(&world, world.node);
  process_stop(world.sim->process);
  g_ptr_array_free(world.secrets, TRUE);
}

static void no_secret_in_text_logs(void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS(levels); i++)
    run_at_level(*state, levels[i], "text");
}

static void no_secret_in_json_logs(void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS(levels); i++)
    run_at_level(*state, levels[i], "json");
}

/* ---- configurations ---- */

/* The plugin must refuse to start, say why in one line, and keep the secret to itself. */
static void expect_refusal(Harness *harness, const Sim *sim, const char *config, const char *complaint)
{
  static int count;
  g_autofree char *name = g_strdup_printf("config-%d", ++count);
  g_autofree char *path = harness_write_file(harness, name, config);
  g_autofree char *socket_path = harness_path(harness, "refused-%d.sock", count);
  g_auto(GStrv) argv = controller_argv(harness, sim, &(PluginOptions){.cloud_config = path}, socket_path);
  Process *process = process_start(harness, (const char *const *)argv);
  int status = process_wait_exit(process, HARNESS_START_MS);
  g_autofree char *log = process_stderr(process);
  if (status == 0 || status >= 128 || !strstr(log, complaint))
    fail_msg("status %d and no '%s' with config:\n%s\n%s", status, complaint, config, log);
  assert_free_of(log, PLANTED, "the log of a refused start");
}

static void no_secret_when_the_config_is_refused(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
#define KEYS "region = r\naccess-key = AK\nsecret-key = " PLANTED "\n"
  expect_refusal(harness, sim, "[Global]\n" KEYS "secret-kee = " PLANTED "\n", "secret-kee");
  expect_refusal(harness, sim, "[Global]\n" KEYS "auth = magic\n", "auth");
  expect_refusal(harness, sim, "[Global]\naccess-key = AK\nsecret-key = " PLANTED "\n", "region");
  expect_refusal(harness, sim, "[Global]\nregion = r\nsecret-key = " PLANTED "\n", "access-key");
  expect_refusal(harness, sim, "[Global]\n" KEYS PLANTED "\n", "config-");
  expect_refusal(harness, sim, "[Glob]\n" KEYS, "Glob");
  expect_refusal(harness, sim, "[Global]\nregion = r\nauth = password\npassword = " PLANTED "\n",
                 "user-name");
#undef KEYS
}

/* A key that the cloud refuses: the error says so, and nothing of the key. */
static void no_secret_when_the_cloud_refuses_the_key(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  g_autofree char *config = read_cloud_config(sim);
  g_autofree char *right = config_value(config, "secret-key");
  assert_non_null(right);
  g_auto(GStrv) pieces = g_strsplit(config, right, -1);
  g_autofree char *wrong = g_strjoinv(PLANTED, pieces);
  g_autofree char *path = harness_write_file(harness, "wrong-key", wrong);
  Plugin *controller = controller_start(harness, sim, &(PluginOptions){.cloud_config = path});
  g_autoptr(GError) error = NULL;
  json_t *reply =
    csi_call_json(controller, "CreateVolume", csi_create_request("pvc-1", 10 * GIB, csi_mount(NULL, NULL)),
                  SHORT_TIMEOUT_MS, &error);
  assert_null(reply);
  assert_free_of(error->message, PLANTED, "the error text");
  assert_true(evs_error_is(error, EVS_CODE_UNAUTHENTICATED) ||
              evs_error_is(error, EVS_CODE_PERMISSION_DENIED));
  process_stop(controller->process);
  g_autofree char *log = process_stderr(controller->process);
  assert_free_of(log, PLANTED, "the log");
}

/* evsctl quotes no request that it cannot read. */
static void no_secret_when_evsctl_cannot_read_the_request(void **state)
{
  Harness *harness = *state;
  static const char *const requests[] = {
    "{\"secrets\":{\"a\":\"" PLANTED "\"",
    "{\"secrets\":{\"a\":" PLANTED "}}",
    "{\"secrets\":\"" PLANTED "\"}",
    "{\"secrets\":[\"" PLANTED "\"]}",
    "{\"name\":{\"a\":\"" PLANTED "\"}}",
    "{\"volume_capabilities\":[{\"mount\":\"" PLANTED "\"}]}",
    "{\"capacity_range\":{\"limit_bytes\":\"" PLANTED "\"}}",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
    g_autofree char *path = harness_write_file(harness, "request.json", requests[i]);
    g_autofree char *argument = g_strconcat("@", path, NULL);
    Process *evsctl =
      process_start_list(harness, "evsctl", "csi", "--timeout=5", "CreateVolume", argument, NULL);
    assert_int_equal(process_wait_exit(evsctl, HARNESS_START_MS), 2);
    g_autofree char *text = process_stderr(evsctl);
    assert_free_of(text, PLANTED, requests[i]);
    assert_true(strlen(text) > 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(no_secret_in_text_logs, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(no_secret_in_json_logs, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(no_secret_when_the_config_is_refused, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(no_secret_when_the_cloud_refuses_the_key, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(no_secret_when_evsctl_cannot_read_the_request, harness_setup,
                                    harness_teardown),
  };
  return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
