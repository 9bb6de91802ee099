/* evsctl doctor: all well, and each thing that can be wrong found by itself. */
#include "tests/integration/operator_support.h"

#include "base/text.h"

#include <sys/stat.h>

#define PROJECT "0123456789abcdef0123456789abcdef"

/* An account whose users are called after what they may not do; quota as JSON members. */
static char *accounts_with(const char *quota, const char *const *denied)
{
  g_autoptr(GString) users =
    g_string_new("{\"name\":\"all\",\"password\":\"pw\",\"keys\":[{\"ak\":\"AKALL\",\"sk\":"
                 "\"PLANTED-SK\"}],\"actions\":[\"*\"]}");
  for (gsize i = 0; denied && denied[i]; i++)
    g_string_append_printf(
      users,
      ",{\"name\":\"u%zu\",\"password\":\"pw\",\"keys\":[{\"ak\":\"AK%zu\",\"sk\":\"PLANTED-SK\"}],"
      "\"actions\":[\"*\",\"!%s\"]}",
      i, i, denied[i]);
  return g_strdup_printf(
    "{\"format\":1,\"cloud\":\"sim.test\",\"region\":\"sim-1\",\"zones\":[{\"name\":\"sim-1a\","
    "\"types\":[\"SSD\"],\"sold_out\":[\"SATA\"]},{\"name\":\"sim-1b\",\"types\":[]}],\"accounts\":[{"
    "\"name\":\"a\",\"domain_id\":\"%s\",\"projects\":[{\"id\":\"" PROJECT
    "\",\"name\":\"sim-1\",\"quota\":{%s}}],\"users\":[%s],\"servers\":[]}]}",
    PROJECT, quota, users->str);
}

static char *config_for(Harness *harness, const Sim *sim, const char *access_key, const char *more)
{
  g_autofree char *text = g_strdup_printf("[Global]\ncloud=sim.test\nregion=sim-1\nproject-id=" PROJECT
                                          "\naccess-key=%s\nsecret-key=PLANTED-SK\n"
                                          "endpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\nendpoint-iam=%s/iam\n%s",
                                          access_key, sim->url, sim->url, sim->url, more);
  char *path = harness_write_file(harness, access_key, text);
  assert_int_equal(chmod(path, 0600), 0);
  return path;
}

/* The checks by name: check -> "result: found -> remedy". */
static GHashTable *examine(Harness *harness, const char *config, int status, const char *flag)
{
  g_auto(Evsctl) run = evsctl(harness, config, "doctor", "-o", "json", flag, NULL);
  evsctl_assert_status(&run, status);
  assert_null(strstr(run.out, "PLANTED"));
  json_t *answer = json_loads(run.out, 0, NULL);
  GHashTable *checks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  gsize i;
  json_t *row;
  json_array_foreach(json_object_get(answer, "checks"), i, row)
  {
    gboolean is_well =
      g_str_equal(row_text(row, "result"), "ok") || g_str_equal(row_text(row, "result"), "skipped");
    assert_true(is_well || row_text(row, "remedy")[0]); /* whatever is wrong has a remedy */
    g_hash_table_insert(checks, g_strdup(row_text(row, "check")),
                        g_strdup_printf("%s: %s -> %s", row_text(row, "result"), row_text(row, "found"),
                                        row_text(row, "remedy")));
  }
  json_decref(answer);
  return checks;
}

static void expect(GHashTable *checks, const char *check, const char *result, const char *text)
{
  const char *row = g_hash_table_lookup(checks, check);
  if (!row || !g_str_has_prefix(row, result) || !strstr(row, text))
    fail_msg("'%s' is '%s'", check, row ? row : "not there");
}

/* All others are ok. */
static void expect_only(GHashTable *checks, const char *const *troubled)
{
  GHashTableIter iterator;
  gpointer check, row;
  g_hash_table_iter_init(&iterator, checks);
  while (g_hash_table_iter_next(&iterator, &check, &row)) {
    if (!g_str_has_prefix(row, "ok") && !g_strv_contains(troubled, check))
      fail_msg("'%s' is '%s'", (char *)check, (char *)row);
  }
}

static void all_is_well_and_nothing_is_changed(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  json_t *before = sim_get(sim, "/_sim/state");
  g_autoptr(GHashTable) checks = examine(*state, sim->cloud_config, 0, "--zone=sim-1a");
  expect_only(checks, (const char *const[]){NULL});
  assert_true(g_hash_table_size(checks) > 30);
  expect(checks, "cloud", "ok", "evs-sim");
  expect(checks, "nodes in sim-1a", "ok", "--zone");
  expect(checks, "idempotency tokens", "ok", "known");
  json_t *after = sim_get(sim, "/_sim/state");
  assert_true(json_equal(before, after));
  json_decref(before);
  json_decref(after);
}

/* docs/reference.md names them all. */
static void assert_documented(const GPtrArray *actions)
{
  g_autofree char *text = NULL;
  assert_true(text_read_file(EVS_SOURCE_DIR "/docs/reference.md", 1 << 20, &text, NULL, NULL));
  for (guint i = 0; i < actions->len; i++) {
    g_autofree char *quoted = g_strdup_printf("`%s`", (const char *)actions->pdata[i]);
    if (!strstr(text, quoted))
      fail_msg("docs/reference.md does not name %s", quoted);
  }
}

static gboolean is_action(const char *check)
{
  return g_str_has_prefix(check, "evs:") || g_str_has_prefix(check, "ecs:");
}

/* Each action that doctor knows is denied in turn: just that one is found, with what is lost. */
static void each_missing_permission_is_found(void **state)
{
  Sim *all = sim_start(*state, NULL);
  g_autoptr(GHashTable) well = examine(*state, all->cloud_config, 0, NULL);
  process_stop(all->process);
  g_autoptr(GPtrArray) actions = g_ptr_array_new();
  GHashTableIter iterator;
  gpointer check;
  g_hash_table_iter_init(&iterator, well);
  while (g_hash_table_iter_next(&iterator, &check, NULL)) {
    if (is_action(check))
      g_ptr_array_add(actions, check);
  }
  assert_int_equal(actions->len, 22);
  assert_documented(actions);
  g_ptr_array_add(actions, NULL);
  g_autofree char *accounts = accounts_with("\"volumes\":100", (const char *const *)actions->pdata);
  g_autofree char *directory = harness_path(*state, "denying");
  Sim *sim = sim_start(*state, &(SimOptions){.accounts = accounts, .state_dir = directory});
  static const char *const needed[] = {"evs:volumes:list",
                                       "evs:volumes:get",
                                       "evs:volumes:create",
                                       "evs:volumes:delete",
                                       "evs:volumes:extend",
                                       "evs:snapshots:list",
                                       "evs:types:get",
                                       "ecs:cloudServers:get",
                                       "ecs:cloudServers:attach",
                                       "ecs:cloudServers:detachVolume",
                                       NULL};
  for (guint i = 0; i + 1 < actions->len; i++) {
    const char *action = actions->pdata[i];
    g_autofree char *key = g_strdup_printf("AK%u", i), *config = config_for(*state, sim, key, "");
    gboolean is_needed = g_strv_contains(needed, action);
    g_autoptr(GHashTable) checks = examine(*state, config, is_needed ? 1 : 0, NULL);
    expect(checks, action, is_needed ? "fail" : "warn", "lost: ");
    expect(checks, action, "", action); /* the remedy names it */
    expect_only(checks, (const char *const[]){action, "zone sim-1b", "disk types", "quota", "recycle bin",
                                              "idempotency tokens", NULL});
  }
}

static void refused_credentials_are_told(void **state)
{
  g_autofree char *accounts = accounts_with("\"volumes\":100", NULL);
  Sim *sim = sim_start(*state, &(SimOptions){.accounts = accounts});
  g_autofree char *config = config_for(*state, sim, "AKNOBODY", "");
  g_autoptr(GHashTable) checks = examine(*state, config, 1, NULL);
  expect(checks, "credentials", "fail", "check access-key and secret-key");
  expect(checks, "permissions, quota, zones, features", "skipped", "");
  expect(checks, "endpoint evs", "ok", "");
}

static void endpoints_that_are_not_there_are_told(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *text =
    g_strdup_printf("[Global]\nregion=r\naccess-key=a\nsecret-key=s\nproject-id=" PROJECT
                    "\nendpoint-evs=https://%s\nendpoint-ecs=http://127.0.0.1:1\nendpoint-iam="
                    "https://no-such-host.invalid\n",
                    sim->url + strlen("http://"));
  g_autofree char *config = harness_write_file(*state, "config", text);
  assert_int_equal(chmod(config, 0644), 0);
  g_auto(Evsctl) people = evsctl(*state, config, "doctor", NULL);
  evsctl_assert_status(&people, 1);
  assert_non_null(strstr(people.out, "fail     endpoint evs"));
  assert_non_null(strstr(people.out, "fail     endpoint ecs"));
  assert_non_null(strstr(people.out, "warn     endpoint iam"));
  assert_non_null(strstr(people.out, "and the DNS of this machine"));
  assert_non_null(strstr(people.out, "warn     cloud-config mode"));
  assert_non_null(strstr(people.out, "skipped  clock"));
  assert_non_null(strstr(people.out, "skipped  credentials"));
}

static void a_missing_config_is_told(void **state)
{
  g_autoptr(GHashTable) checks = examine(*state, "/nonexistent", 1, NULL);
  expect(checks, "cloud-config", "fail", "--cloud-config=FILE");
  assert_int_equal(g_hash_table_size(checks), 1);
}

/* As a pod that is not root sees its Secret: somebody else's file that its group may read. */
static void a_config_of_the_pods_group_is_well(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  assert_int_equal(chown(sim->cloud_config, 12345, (gid_t)-1), 0);
  assert_int_equal(chmod(sim->cloud_config, 0440), 0);
  g_autoptr(GHashTable) group = examine(*state, sim->cloud_config, 0, NULL);
  expect(group, "cloud-config mode", "ok", "0440, owner 12345");
  assert_int_equal(chmod(sim->cloud_config, 0444), 0);
  g_autoptr(GHashTable) everybody = examine(*state, sim->cloud_config, 0, NULL);
  expect(everybody, "cloud-config mode", "warn", "for a pod that is not root 0440");
}

static void a_wrong_clock_is_told(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  sim_send(sim, "PUT", "/_sim/clock", "{\"skew_ms\":60000}");
  g_autoptr(GHashTable) minute = examine(*state, sim->cloud_config, 0, NULL);
  expect(minute, "clock", "warn", "s ahead");
  expect_only(minute, (const char *const[]){"clock", NULL});
  sim_send(sim, "PUT", "/_sim/clock", "{\"skew_ms\":-1200000}");
  g_autoptr(GHashTable) far = examine(*state, sim->cloud_config, 1, NULL);
  expect(far, "clock", "fail", "s behind");
  expect_only(far, (const char *const[]){"clock", NULL}); /* signing goes by the cloud's clock */
}

static void quotas_near_their_end_are_told(void **state)
{
  g_autofree char *accounts =
    accounts_with("\"volumes\":10,\"gigabytes\":90,\"snapshots\":100,\"gigabytes_SSD\":95", NULL);
  Sim *sim = sim_start(*state, &(SimOptions){.accounts = accounts});
  g_autofree char *config = config_for(*state, sim, "AKALL", "");
  ((Sim *)sim)->cloud_config = config;
  for (int i = 0; i < 9; i++) {
    g_autofree char *name = g_strdup_printf("pvc-%d", i);
    g_free(disk_make(*state, sim, CLUSTER, name));
  }
  g_autoptr(GHashTable) checks = examine(*state, config, 1, NULL);
  expect(checks, "quota volumes", "warn", "9 of 10 used, 1 left");
  expect(checks, "quota gigabytes", "fail", "90 of 90 used, 0 left");
  expect(checks, "quota gigabytes_SSD", "warn", "90 of 95 used, 5 left");
  expect(checks, "quota snapshots", "ok", "0 of 100 used");
  expect(checks, "zone sim-1a", "ok", "SSD; sold out: SATA");
  expect(checks, "zone sim-1b", "warn", "no disk type is offered");
}

static void clouds_without_tokens_are_told(void **state)
{
  static const struct {
    const char *profile, *result, *text;
  } rows[] = {
    {"{\"client_token\":\"on\"}", "ok", "known"},
    {"{\"client_token\":\"refused\"}", "warn", "EVS.2223"},
    {"{\"client_token\":\"ignored\"}", "warn", "does not look at X-Client-Token"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *directory = harness_path(*state, "sim-%zu", i);
    Sim *sim = sim_start(*state, &(SimOptions){.profile = rows[i].profile, .state_dir = directory});
    g_autoptr(GHashTable) checks = examine(*state, sim->cloud_config, 0, NULL);
    expect(checks, "idempotency tokens", rows[i].result, rows[i].text);
    assert_int_equal(sim_disk_count(sim), 0);
  }
}

#define NODE(zone) "{\"kind\":\"Node\",\"metadata\":{\"labels\":{" zone "}}}"

static void nodes_in_foreign_zones_are_told(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *nodes = harness_write_file(
    *state, "nodes",
    "{\"items\":[" NODE("\"topology.kubernetes.io/zone\":\"sim-1a\"") "," NODE(
      "\"topology.evs.csi.huaweicloud.com/zone\":\"sim-1a\"") "," NODE("\"topology.kubernetes.io/"
                                                                       "zone\":\"eu-1\"") "," NODE("") "]}");
  g_autofree char *flag = g_strconcat("--nodes=", nodes, NULL);
  g_autoptr(GHashTable) checks = examine(*state, sim->cloud_config, 1, flag);
  expect(checks, "nodes in sim-1a", "ok", "2 nodes");
  expect(checks, "nodes in eu-1", "fail", "no zone of this project has that name");
  expect(checks, "nodes without a zone", "warn", "1 nodes");
  g_autofree char *broken = harness_write_file(*state, "broken", "{}"),
                  *other = g_strconcat("--nodes=", broken, NULL);
  g_autoptr(GHashTable) unread = examine(*state, sim->cloud_config, 0, other);
  expect(unread, "nodes", "warn", "no list of nodes");
}

#define test(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(all_is_well_and_nothing_is_changed),
    test(each_missing_permission_is_found),
    test(refused_credentials_are_told),
    test(endpoints_that_are_not_there_are_told),
    test(a_missing_config_is_told),
    test(a_config_of_the_pods_group_is_well),
    test(a_wrong_clock_is_told),
    test(quotas_near_their_end_are_told),
    test(clouds_without_tokens_are_told),
    test(nodes_in_foreign_zones_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
