/* The secrets that the driver proves itself with, one kind after the other: planted access and secret keys, temporary keys
 * with their security token, a password and the tokens got for it, an agency's keys, a proxy's password; and the key of a
 * transfer. The driver lives and suffers with them at debug level, and then everything is searched: logs, error
 * texts, command lines and environments of all processes, /metrics, /readyz and /debug/pending. */
#include "tests/harness/csi.h"
#include "tests/harness/evsctl.h"
#include "tests/harness/page.h"

#include "base/clock.h"
#include "base/text.h"

#include <glib/gstdio.h>

enum { MAX_TEXT = 1 << 16, SHORT_TIMEOUT_MS = 5000, SPEED = 100000, LIFE_HOURS = 25 };

#define PLANTED "PLANTED-sEcReT"
#define ACCESS PLANTED "-AK"
#define SECRET PLANTED "-SK"
#define PASSWORD PLANTED "-PW"

/* What the simulator issues is random behind these beginnings: tokens, temporary keys, security tokens. */
#define ISSUED "MII[0-9A-F]{16}|HST[0-9A-F]{8}|gQpjbi1ub3J0aC0x"

/* ---- searching ---- */

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller;
  json_t *accounts;  /* the simulator's, planted */
  GPtrArray *values; /* secrets that are no pattern */
  GRegex *patterns;
  int searched; /* texts */
} World;

static void search(World *world, const char *text, const char *where)
{
  g_autoptr(GMatchInfo) match = NULL;
  world->searched++;
  if (g_regex_match(world->patterns, text, 0, &match)) {
    g_autofree char *found = g_match_info_fetch(match, 0);
    fail_msg("'%s' stands in %s", found, where);
  }
  for (guint i = 0; i < world->values->len; i++)
    if (strstr(text, world->values->pdata[i]))
      fail_msg("'%s' stands in %s", (const char *)world->values->pdata[i], where);
}

/* Of every process of the namespace but the simulator, which gives the secrets out, and this one. */
static void search_processes(World *world)
{
  static const char *const files[] = {"cmdline", "environ"};
  g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
  for (const char *name; (name = g_dir_read_name(proc));) {
    int pid = (int)g_ascii_strtoll(name, NULL, 10);
    if (pid <= 0 || pid == getpid() || pid == process_pid(world->sim->process))
      continue;
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
      g_autofree char *path = g_build_filename("/proc", name, files[i], NULL), *text = NULL;
      gsize length = 0;
      if (!text_read_file(path, MAX_TEXT, &text, &length, NULL))
        continue;
      for (gsize n = 0; n < length; n++)
        text[n] = text[n] ? text[n] : ' ';
      search(world, text, path);
    }
  }
}

static void search_pages(World *world)
{
  static const char *const paths[] = {"/metrics", "/healthz", "/readyz", "/debug/pending"};
  for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_autofree char *text = plugin_page(world->controller, paths[i]);
    assert_true(g_str_has_prefix(text, "HTTP/1.1 "));
    search(world, text, paths[i]);
  }
}

/* ---- living ---- */

/* Any outcome is fine; the text of a failure is searched. TRUE when it went well. */
static gboolean call(World *world, const char *method, json_t *request, gint64 timeout_ms)
{
  g_autoptr(GError) error = NULL;
  json_t *reply = csi_call_json(world->controller, method, request, timeout_ms, &error);
  if (error)
    search(world, error->message, method);
  json_decref(reply);
  return reply != NULL;
}

static json_t *create_request(const char *name)
{
  return csi_create_request(name, 10 * GIB, csi_mount("ext4", NULL));
}

static void go_well(World *world)
{
  g_autoptr(GError) error = NULL;
  json_t *reply =
    csi_call_json(world->controller, "CreateVolume", create_request("pvc-well"), CSI_TIMEOUT_MS, &error);
  if (!reply)
    fail_msg("%s", error->message);
  const char *id = json_string_value(json_object_get(json_object_get(reply, "volume"), "volume_id"));
  assert_true(call(world, "DeleteVolume", json_pack("{s:s}", "volume_id", id), CSI_TIMEOUT_MS));
  json_decref(reply);
}

/* Each fault with a call that meets it. */
static void go_wrong(World *world)
{
  static const char *const actions[] = {
    "{\"kind\":\"status\",\"status\":401,\"code\":\"APIGW.0301\",\"shape\":\"gateway\"}",
    "{\"kind\":\"status\",\"status\":403,\"code\":\"EVS.1027\",\"shape\":\"error\"}",
    "{\"kind\":\"status\",\"status\":500,\"code\":\"EVS.5500\",\"shape\":\"flat\"}",
    "{\"kind\":\"drop\",\"when\":\"before\"}",
    "{\"kind\":\"drop\",\"when\":\"after\"}",
    "{\"kind\":\"body\",\"mode\":\"malformed\"}",
    "{\"kind\":\"body\",\"mode\":\"truncate\"}",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
    g_autofree char *fault = g_strdup_printf("{\"match\":{},\"times\":2,\"action\":%s}", actions[i]);
    g_autofree char *name = g_strdup_printf("pvc-wrong-%d", (int)i);
    g_free(sim_fault(world->sim, fault));
    (void)call(world, "CreateVolume", create_request(name), SHORT_TIMEOUT_MS);
    (void)call(world, "ListVolumes", json_object(), SHORT_TIMEOUT_MS);
    search_pages(world);
    sim_clear_faults(world->sim);
  }
}

/* A call under way, so that /debug/pending has something to tell. */
static void wait_for_the_cloud(World *world)
{
  g_free(sim_fault(world->sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"delay\","
                               "\"ms\":4000}}"));
  assert_false(call(world, "CreateVolume", create_request("pvc-slow"), 1500));
  g_autofree char *pending = plugin_page(world->controller, "/debug/pending");
  assert_non_null(strstr(pending, "create:pvc-slow"));
  search_pages(world);
  search_processes(world);
  sim_clear_faults(world->sim);
  (void)call(world, "CreateVolume", create_request("pvc-slow"), CSI_TIMEOUT_MS);
}

/* What was issued ends, and others are got. */
static void outlive_credentials(World *world)
{
  g_autofree char *fast = g_strdup_printf("{\"speed\":%d}", SPEED);
  sim_send(world->sim, "PUT", "/_sim/clock", fast);
  clock_sleep_until(clock_deadline_in_ms((gint64)LIFE_HOURS * 3600 * 1000 / SPEED));
  sim_send(world->sim, "PUT", "/_sim/clock", "{\"speed\":1}");
  (void)call(world, "ListVolumes", json_object(), CSI_TIMEOUT_MS);
}

/* ---- the kinds ---- */

/* The simulator's default accounts with the first user's secrets planted. */
static json_t *planted_accounts(Harness *harness)
{
  Sim *model = sim_start(harness, NULL);
  g_autofree char *path = g_build_filename(model->state_dir, "accounts.json", NULL);
  json_t *document = json_load_file(path, 0, NULL);
  assert_non_null(document);
  json_t *account = json_array_get(json_object_get(document, "accounts"), 0);
  json_t *user = json_array_get(json_object_get(account, "users"), 0);
  json_t *key = json_array_get(json_object_get(user, "keys"), 0);
  assert_int_equal(json_object_set_new(user, "password", json_string(PASSWORD)), 0);
  assert_int_equal(json_object_set_new(key, "ak", json_string(ACCESS)), 0);
  assert_int_equal(json_object_set_new(key, "sk", json_string(SECRET)), 0);
  process_stop(model->process);
  return document;
}

static const char *member(json_t *object, const char *list, const char *key)
{
  json_t *at = list ? json_array_get(json_object_get(object, list), 0) : object;
  const char *text = json_string_value(json_object_get(at, key));
  assert_non_null(text);
  return text;
}

typedef enum { KIND_KEYS, KIND_TEMPORARY, KIND_PASSWORD, KIND_AGENCY, N_KINDS } Kind;

/* The lines of cloud-config; what is secret in them is added to the world. Newly allocated. */
static char *lines_of(World *world, Kind kind)
{
  json_t *account = json_array_get(json_object_get(world->accounts, "accounts"), 0);
  json_t *server = sim_server(world->sim, 0);
  const char *project = member(account, "projects", "id"), *id = member(server, NULL, "id");
  char *lines = NULL;
  if (kind == KIND_KEYS) {
    lines = g_strdup_printf("project-id=%s\naccess-key=" ACCESS "\nsecret-key=" SECRET "\n", project);
  } else if (kind == KIND_PASSWORD) {
    lines = g_strdup_printf("auth=password\nuser-name=%s\npassword=" PASSWORD "\ndomain-name=%s\n"
                            "project-name=%s\n",
                            member(account, "users", "name"), member(account, NULL, "name"),
                            member(account, "projects", "name"));
  } else if (kind == KIND_AGENCY) {
    lines =
      g_strdup_printf("auth=agency\nproject-id=%s\nmetadata-url=%s/meta/%s\n", project, world->sim->url, id);
  } else {
    g_autofree char *path = g_strdup_printf("/meta/%s/openstack/latest/securitykey", id);
    json_t *answer = sim_get(world->sim, path), *keys = json_object_get(answer, "credential");
    lines = g_strdup_printf("project-id=%s\naccess-key=%s\nsecret-key=%s\nsecurity-token=%s\n", project,
                            member(keys, NULL, "access"), member(keys, NULL, "secret"),
                            member(keys, NULL, "securitytoken"));
    g_ptr_array_add(world->values, g_strdup(member(keys, NULL, "secret")));
    json_decref(answer);
  }
  json_decref(server);
  return lines;
}

static char *write_config(World *world, const char *lines)
{
  const char *url = world->sim->url;
  g_autofree char *text = g_strdup_printf("[Global]\ncloud=sim.test\nregion=sim-1\nauth-url=%s/iam/v3\n"
                                          "endpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\nendpoint-iam=%s/iam\n%s",
                                          url, url, url, url, lines);
  return harness_write_file(world->harness, "cloud-config", text);
}

static void start_world(World *world, Harness *harness)
{
  *world = (World){.harness = harness, .values = g_ptr_array_new_with_free_func(g_free)};
  world->patterns = g_regex_new(ISSUED, 0, 0, NULL);
  g_ptr_array_add(world->values, g_strdup(PLANTED));
  world->accounts = planted_accounts(harness);
  char *text = json_dumps(world->accounts, 0);
  world->sim = sim_start(harness, &(SimOptions){.accounts = text});
  free(text);
}

static void end_world(World *world)
{
  json_decref(world->accounts);
  g_ptr_array_unref(world->values);
  g_regex_unref(world->patterns);
}

static void live_by(void **state, Kind kind)
{
  static const char *const extra[] = {PAGE_OPTION, NULL};
  World world;
  start_world(&world, *state);
  g_autofree char *lines = lines_of(&world, kind);
  g_autofree char *config = write_config(&world, lines);
  world.controller =
    controller_start(*state, world.sim, &(PluginOptions){.cloud_config = config, .extra = extra});
  go_well(&world);
  wait_for_the_cloud(&world);
  go_wrong(&world);
  outlive_credentials(&world);
  search_pages(&world);
  search_processes(&world);
  process_stop(world.controller->process);
  g_autofree char *out = process_stdout(world.controller->process),
                  *log = process_stderr(world.controller->process);
  assert_non_null(strstr(log, "CreateVolume"));
  search(&world, out, "stdout");
  search(&world, log, "the log");
  assert_true(world.searched > 40);
  end_world(&world);
}

static void no_access_key(void **state)
{
  live_by(state, KIND_KEYS);
}

static void no_temporary_key_and_no_security_token(void **state)
{
  live_by(state, KIND_TEMPORARY);
}

static void no_password_and_no_token(void **state)
{
  live_by(state, KIND_PASSWORD);
}

static void no_key_of_an_agency(void **state)
{
  live_by(state, KIND_AGENCY);
}

/* A proxy that is not there: its URL has a password in it. */
static void no_password_of_a_proxy(void **state)
{
  World world;
  start_world(&world, *state);
  g_autofree char *config =
    write_config(&world, "project-id=0f1e2d3c4b5a69788796a5b4c3d2e1f0\naccess-key=" ACCESS
                         "\nsecret-key=" SECRET "\nproxy=http://someone:" PLANTED "@127.0.0.1:1\n");
  world.controller = controller_start(*state, world.sim, &(PluginOptions){.cloud_config = config});
  assert_false(call(&world, "CreateVolume", create_request("pvc-proxy"), SHORT_TIMEOUT_MS));
  assert_false(call(&world, "ListVolumes", json_object(), SHORT_TIMEOUT_MS));
  search_processes(&world);
  process_stop(world.controller->process);
  g_autofree char *log = process_stderr(world.controller->process);
  search(&world, log, "the log");
  end_world(&world);
}

/* The key of a transfer is the disk: it goes into a file of its owner's alone, and nowhere else. */
static void no_key_of_a_transfer(void **state)
{
  World world;
  start_world(&world, *state);
  g_autofree char *lines = lines_of(&world, KIND_KEYS);
  g_autofree char *config = write_config(&world, lines);
  g_autofree char *key_path = harness_path(*state, "key"), *key = NULL;
  g_autofree char *key_flag = g_strconcat("--key-file=", key_path, NULL);
  g_autofree char *accept_flag = g_strconcat("--auth-key-file=", key_path, NULL);
  g_auto(Evsctl) made = evsctl(*state, config, "volume", "create", "--name=gift", "--zone=sim-1a",
                               "--type=SSD", "--size=10", "-o", "json", NULL);
  evsctl_assert_status(&made, 0);
  json_t *disk = json_loads(made.out, 0, NULL);
  g_auto(Evsctl) offered = evsctl(*state, config, "transfer", "create", "--raw", member(disk, NULL, "id"),
                                  "moved", "--yes", "-o", "json", key_flag, NULL);
  evsctl_assert_status(&offered, 0);
  assert_true(g_file_get_contents(key_path, &key, NULL, NULL));
  struct stat status;
  assert_int_equal(g_stat(key_path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  g_strstrip(key);
  assert_true(strlen(key) > 8);
  g_ptr_array_add(world.values, g_strdup(key));
  g_auto(Evsctl) wrong = evsctl(*state, config, "transfer", "accept", "--raw",
                                "00000000-0000-4000-8000-000000000000", accept_flag, "--yes", NULL);
  evsctl_assert_status(&wrong, 1);
  g_auto(Evsctl) listed = evsctl(*state, config, "transfer", "list", "-o", "json", NULL);
  const Evsctl *const runs[] = {&made, &offered, &wrong, &listed};
  for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
    search(&world, runs[i]->out, "the output");
    search(&world, runs[i]->err, "the errors");
  }
  json_decref(disk);
  end_world(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(no_access_key),
    TEST(no_temporary_key_and_no_security_token),
    TEST(no_password_and_no_token),
    TEST(no_key_of_an_agency),
    TEST(no_password_of_a_proxy),
    TEST(no_key_of_a_transfer),
  };
  return cmocka_run_group_tests_name("secrets of the cloud", tests, NULL, NULL);
}
