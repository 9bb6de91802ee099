/* deploy/iam-policy.json is enough for all that the controller does, and without any one of its actions something fails. */
#include "tests/integration/controller_support.h"
#include "tests/integration/policy_support.h"

#include "base/text.h"

#include <sys/stat.h>

#define PROJECT "0123456789abcdef0123456789abcdef"
#define SERVER "00000000-0000-4000-8000-00000000000a"

/* One life of volumes and snapshots with all that the controller offers. The first call that fails ends it. */
typedef struct {
  const Plugin *controller;
  const char *name;   /* prefix of what it makes: unique in the project */
  const char *failed; /* the method */
  GError *error;
} Life;

static json_t *call(Life *life, const char *method, json_t *request)
{
  if (life->error) {
    json_decref(request);
    return NULL;
  }
  json_t *reply = csi_call_json(life->controller, method, request, CSI_TIMEOUT_MS, &life->error);
  if (life->error)
    life->failed = method;
  return reply;
}

static void call_only(Life *life, const char *method, json_t *request)
{
  json_decref(call(life, method, request));
}

/* The id of what was made; "" when that failed. Newly allocated. */
static char *make(Life *life, const char *method, json_t *request, const char *object, const char *key)
{
  json_t *reply = call(life, method, request);
  const char *id = json_string_value(json_object_get(json_object_get(reply, object), key));
  char *copy = g_strdup(id ? id : "");
  json_decref(reply);
  return copy;
}

static char *create(Life *life, const char *suffix, json_t *parameters, const char *kind, const char *source)
{
  g_autofree char *name = g_strconcat(life->name, suffix, NULL);
  json_t *request = kind ? sourced_request(name, kind, source) : create_request(name);
  if (parameters)
    json_object_set_new(request, "parameters", parameters);
  return make(life, "CreateVolume", request, "volume", "volume_id");
}

static json_t *of_volume(const char *volume_id)
{
  return json_pack("{s:s}", "volume_id", volume_id);
}

static json_t *of_server(const char *volume_id)
{
  return json_pack("{s:s, s:s}", "volume_id", volume_id, "node_id", SERVER);
}

/* A server that is not there: the cloud refuses the attach, and the server is asked for, to say what is wrong. */
static void attach_nowhere(Life *life, const char *volume_id)
{
  if (life->error)
    return;
  json_t *publish = json_pack("{s:s, s:s, s:o}", "volume_id", volume_id, "node_id", NOBODY,
                              "volume_capability", csi_mount("ext4", NULL));
  call_only(life, "ControllerPublishVolume", publish);
  assert_non_null(life->error);
  if (evs_error_is(life->error, EVS_CODE_NOT_FOUND))
    g_clear_error(&life->error);
}

static void attach_and_grow(Life *life, const char *volume_id)
{
  json_t *publish = of_server(volume_id), *grow = of_volume(volume_id);
  json_object_set_new(publish, "volume_capability", csi_mount("ext4", NULL));
  json_object_set_new(grow, "capacity_range", json_pack("{s:I}", "required_bytes", (json_int_t)(11 * GIB)));
  attach_nowhere(life, volume_id);
  call_only(life, "ControllerPublishVolume", publish);
  call_only(life, "ControllerExpandVolume", grow);
  call_only(life, "ControllerUnpublishVolume", of_server(volume_id));
}

static void modify(Life *life, const char *volume_id, json_t *mutable_parameters)
{
  call_only(life, "ControllerModifyVolume",
            json_pack("{s:s, s:o}", "volume_id", volume_id, "mutable_parameters", mutable_parameters));
}

static void copy(Life *life, const char *volume_id)
{
  g_autofree char *name = g_strconcat(life->name, "-s", NULL);
  g_autofree char *snapshot =
    make(life, "CreateSnapshot", snapshot_request(name, volume_id), "snapshot", "snapshot_id");
  g_autofree char *restored = create(life, "-r", NULL, "snapshot", snapshot);
  g_autofree char *clone = create(life, "-c", NULL, "volume", volume_id);
  call_only(life, "ListSnapshots", json_object());
  call_only(life, "DeleteSnapshot", json_pack("{s:s}", "snapshot_id", snapshot));
  call_only(life, "DeleteVolume", of_volume(restored));
  call_only(life, "DeleteVolume", of_volume(clone));
}

static void live(Life *life)
{
  g_autofree char *plain = create(life, "-p", NULL, NULL, NULL);
  call_only(life, "ListVolumes", json_object());
  call_only(life, "GetCapacity", json_object());
  copy(life, plain); /* before it grows: a copy is not smaller than its source */
  attach_and_grow(life, plain);
  g_autofree char *quick =
    create(life, "-q", json_pack("{s:s, s:s, s:s}", "type", "GPSSD2", "iops", "3000", "throughput", "125"),
           NULL, NULL);
  modify(life, quick, json_pack("{s:s}", "iops", "4000"));
  g_autofree char *slow = create(life, "-t", json_pack("{s:s}", "type", "SAS"), NULL, NULL);
  modify(life, slow, json_pack("{s:s}", "type", "SSD"));
  const char *const all[] = {plain, quick, slow};
  for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
    call_only(life, "DeleteVolume", of_volume(all[i]));
}

/* ---- the policy and its users ---- */

static char *accounts_with(const char *users)
{
  return g_strdup_printf(
    "{\"format\":1,\"cloud\":\"sim.test\",\"region\":\"sim-1\",\"zones\":[{\"name\":\"sim-1a\",\"types\":["
    "\"SAS\",\"SSD\",\"GPSSD2\"]}],\"accounts\":[{\"name\":\"a\",\"domain_id\":\"" PROJECT
    "\",\"projects\":[{\"id\":\"" PROJECT "\",\"name\":\"sim-1\",\"quota\":{\"volumes\":500}}],\"users\":%s,"
    "\"servers\":[{\"name\":\"node\",\"zone\":\"sim-1a\",\"id\":\"" SERVER "\"}]}]}",
    users);
}

static char *config_for(Harness *harness, const Sim *sim, guint user)
{
  g_autofree char *name = g_strdup_printf("config-%u", user);
  g_autofree char *text = g_strdup_printf("[Global]\ncloud=sim.test\nregion=sim-1\nproject-id=" PROJECT
                                          "\naccess-key=AK%u\nsecret-key=SK\nauth-url=%s/iam/v3\n"
                                          "endpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\nendpoint-iam=%s/iam\n",
                                          user, sim->url, sim->url, sim->url, sim->url);
  return harness_write_file(harness, name, text);
}

/* The whole life as that user. The caller clears life->error. */
static void live_as(Harness *harness, const Sim *sim, guint user, Life *life)
{
  static const char *const extra[] = {"--enable-retype", NULL};
  g_autofree char *config = config_for(harness, sim, user);
  g_autofree char *name = g_strdup_printf("u%u", user);
  const PluginOptions options = {.extra = extra, .cloud_config = config, .log_level = "error"};
  Plugin *controller = controller_start(harness, sim, &options);
  *life = (Life){.controller = controller, .name = name};
  live(life);
  life->controller = NULL;
  life->name = NULL;
  process_stop(controller->process);
}

static void nothing_is_missing_and_nothing_is_too_much(void **state)
{
  Harness *harness = *state;
  g_auto(GStrv) actions = policy_read("iam-policy.json");
  g_autofree char *users = policy_users(NULL, actions), *accounts = accounts_with(users);
  const SimOptions options = {.accounts = accounts};
  Sim *sim = sim_start(harness, &options);
  guint count = g_strv_length(actions);
  Life life;
  live_as(harness, sim, count, &life);
  if (life.error)
    fail_msg("%s fails in spite of the policy: %s", life.failed, life.error->message);
  for (guint user = 0; user < count; user++) {
    live_as(harness, sim, user, &life);
    if (!life.error)
      fail_msg("nothing fails without '%s'", actions[user]);
    print_message("without %-30s %s\n", actions[user], life.failed);
    if (!evs_error_is(life.error, EVS_CODE_PERMISSION_DENIED))
      fail_msg("without '%s' %s fails by %s", actions[user], life.failed, life.error->message);
    g_clear_error(&life.error);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(nothing_is_missing_and_nothing_is_too_much, harness_setup,
                                    harness_teardown),
  };
  return cmocka_run_group_tests_name("iam_policy", tests, NULL, NULL);
}
