/* evssim/jsonread.c, accounts.c, accounts_default.c, servers.c, profile.c: what people write is read strictly. */
#include "tests/unit/cmocka_all.h"

#include "base/error.h"
#include "evssim/accounts.h"
#include "evssim/profile.h"
#include "evssim/state.h"

#define ACCOUNT_HEAD                                                                                         \
  "{\"format\":1,\"region\":\"sim-1\",\"zones\":[{\"name\":\"sim-1a\",\"types\":[\"SSD\"]}],\"accounts\":["
#define DOMAIN "\"name\":\"a\",\"domain_id\":\"00000000000000000000000000000001\""
#define PROJECT "\"projects\":[{\"id\":\"00000000000000000000000000000002\",\"name\":\"sim-1\"}]"

static Sim *new_sim(void)
{
  Sim *sim = sim_new("/nonexistent", 7);
  state_start(sim);
  return sim;
}

static void free_sim(Sim *sim)
{
  state_close(sim);
  sim_free(sim);
}

static gboolean load(Sim *sim, const char *text, GError **error)
{
  g_autoptr(json_t) document = jsonread_text(text, strlen(text), "accounts", error);
  return document && accounts_load(sim, document, "accounts", error);
}

/* The error's whole text must hold each part. */
static void accounts_errors_name_the_place(void **state)
{
  static const struct {
    const char *text, *part, *other;
  } rows[] = {
    {"{\"format\":2}", "'format' must be a whole number from 1 to 1", ""},
    {"{\"format\":1,\"zone\":[],\"regions\":1}", "unknown key 'zone', 'regions'", "known are format"},
    {"[]", "must be a JSON object", ""},
    {"{\"format\":1,", "no valid JSON in line 1", ""},
    {"{\"zones\":[],\"accounts\":[]}", "'zones' and 'accounts' must each have an item", ""},
    {ACCOUNT_HEAD "{" DOMAIN ",\"user\":[]}]}", "accounts[0]", "unknown key 'user'"},
    {ACCOUNT_HEAD "{\"name\":\"a\",\"domain_id\":\"xyz\"}]}", "accounts[0]",
     "'domain_id' must be 32 lower-case hexadecimal digits"},
    {ACCOUNT_HEAD "{\"domain_id\":\"00000000000000000000000000000001\"}]}", "'name' is missing", ""},
    {ACCOUNT_HEAD "{" DOMAIN "},{" DOMAIN "}]}", "accounts[1]",
     "an account of this name or domain_id exists"},
    {ACCOUNT_HEAD "{" DOMAIN "," PROJECT ",\"servers\":[{\"name\":\"n\",\"zone\":\"mars\"}]}]}", "servers[0]",
     "'zone' is none of the zones"},
    {ACCOUNT_HEAD "{" DOMAIN "," PROJECT ",\"servers\":[{\"name\":\"n\",\"count\":2,\"zone\":\"sim-1a\"}]}]}",
     "servers[0]", "'count' above 1 needs a '%d'"},
    {ACCOUNT_HEAD "{" DOMAIN "," PROJECT
                  ",\"servers\":[{\"name\":\"n\",\"zone\":\"sim-1a\",\"bus\":\"ide\"}]}]}",
     "servers[0]", "'bus' must be one of virtio, scsi"},
    {ACCOUNT_HEAD "{" DOMAIN "," PROJECT
                  ",\"servers\":[{\"name\":\"n\",\"zone\":\"sim-1a\",\"agency\":\"x\"}]}]}",
     "servers[0]", "'agency' is none of the account's"},
    {ACCOUNT_HEAD "{" DOMAIN ",\"servers\":[{\"name\":\"n\",\"zone\":\"sim-1a\"}]}]}", "servers[0]",
     "no project 'sim-1' in this account"},
    {ACCOUNT_HEAD "{" DOMAIN
                  ",\"projects\":[{\"id\":\"00000000000000000000000000000002\",\"quota\":{\"disks\":1}}]}]}",
     "projects[0]", "unknown quota 'disks'"},
    {ACCOUNT_HEAD
     "{" DOMAIN
     ",\"users\":[{\"name\":\"u\",\"keys\":[{\"ak\":\"A\",\"sk\":\"S\"},{\"ak\":\"A\",\"sk\":\"T\"}]}]}]}",
     "users[0].keys[1]", "this 'ak' is taken"},
    {ACCOUNT_HEAD "{" DOMAIN ",\"users\":[{\"name\":\"u\",\"actions\":\"*\"}]}]}", "users[0]",
     "'actions' must be an array"},
  };
  (void)state;
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Sim *sim = new_sim();
    g_autoptr(GError) error = NULL;
    assert_false(load(sim, rows[i].text, &error));
    assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
    if (!strstr(error->message, rows[i].part) || !strstr(error->message, rows[i].other))
      fail_msg("row %zu: '%s'", i, error->message);
    assert_null(strstr(error->message, "\"S\"")); /* no secret key in a text */
    free_sim(sim);
  }
}

static void accounts_are_loaded(void **state)
{
  static const char text[] =
    ACCOUNT_HEAD "{" DOMAIN ",\"projects\":[{\"id\":\"00000000000000000000000000000002\",\"quota\":{"
                 "\"volumes\":5,\"gigabytes_SSD\":-1}}],"
                 "\"users\":[{\"name\":\"u\",\"password\":\"p\",\"keys\":[{\"ak\":\"A\",\"sk\":\"S\"}],"
                 "\"actions\":[\"evs:*\"]}],"
                 "\"agencies\":[{\"name\":\"g\",\"actions\":[\"*\"]}],"
                 "\"servers\":[{\"name\":\"n-%d\",\"count\":3,\"zone\":\"sim-1a\",\"bus\":\"scsi\",\"slots\":"
                 "60,\"agency\":\"g\"},"
                 "{\"name\":\"own\",\"zone\":\"sim-1a\",\"id\":\"6DD3C7E0-0000-4000-8000-000000000001\"}]}]}";
  (void)state;
  Sim *sim = new_sim();
  g_autoptr(GError) error = NULL;
  if (!load(sim, text, &error))
    fail_msg("%s", error->message);
  const Account *account = sim_account(sim, "a");
  assert_non_null(account);
  assert_ptr_equal(account, sim_account_by_domain(sim, "00000000000000000000000000000001"));
  const Project *project = sim_project(sim, "00000000000000000000000000000002");
  assert_string_equal(project->name, "sim-1"); /* the region's name where none is given */
  assert_int_equal(*(gint64 *)g_hash_table_lookup(project->quota, "volumes"), 5);
  assert_int_equal(g_hash_table_size(sim->servers), 4);
  const Server *own = sim_server(sim, "6dd3c7e0-0000-4000-8000-000000000001");
  assert_string_equal(own->name, "own");
  assert_int_equal(own->slots, 24);
  assert_int_equal(own->bus, SIM_BUS_VIRTIO);
  g_autofree char *derived = accounts_uuid(7, "a/n-3");
  const Server *third = sim_server(sim, derived);
  assert_string_equal(third->name, "n-3");
  assert_int_equal(third->bus, SIM_BUS_SCSI);
  assert_string_equal(third->agency, "g");
  free_sim(sim);
}

static void default_accounts_follow_the_seed(void **state)
{
  (void)state;
  g_autoptr(json_t) one = accounts_default(1);
  g_autoptr(json_t) again = accounts_default(1);
  g_autoptr(json_t) other = accounts_default(2);
  assert_non_null(one);
  assert_true(json_equal(one, again));
  assert_false(json_equal(one, other));
  Sim *sim = new_sim();
  g_autoptr(GError) error = NULL;
  assert_true(accounts_load(sim, one, "default", &error));
  assert_int_equal(sim->zones->len, 2);
  assert_int_equal(g_hash_table_size(sim->servers), 5);
  sim->base_url = g_strdup("http://127.0.0.1:1");
  g_autofree char *config = accounts_cloud_config(sim, NULL);
  assert_non_null(strstr(config, "endpoint-evs=http://127.0.0.1:1/evs\n"));
  assert_non_null(strstr(config, "auth-url=http://127.0.0.1:1/iam/v3\n"));
  assert_null(strstr(config, "ca-file"));
  free_sim(sim);
}

static Profile *parse_profile(const char *text, gint64 seed, GError **error)
{
  g_autoptr(json_t) document = jsonread_text(text, strlen(text), "profile", error);
  return document ? profile_parse(document, "profile", seed, error) : NULL;
}

static void profile_errors_name_the_key(void **state)
{
  static const struct {
    const char *text, *part;
  } rows[] = {
    {"{\"speed\":1}", "profile: unknown key 'speed'"},
    {"{\"jobs\":{\"makeVolume\":{\"median_ms\":1}}}", "jobs.makeVolume: no such job type"},
    {"{\"jobs\":{\"createVolume\":{\"median\":1}}}", "jobs.createVolume: unknown key 'median'"},
    {"{\"jobs\":{\"createVolume\":{\"median_ms\":-1}}}", "'median_ms' must be a number from 0"},
    {"{\"rate\":{\"per\":\"ip\"}}", "rate: 'per' must be one of user, user+api"},
    {"{\"rate\":{\"burst\":0}}", "'burst' must be a whole number from 1"},
    {"{\"client_token\":\"off\"}", "'client_token' must be one of on, ignored, refused"},
    {"{\"http_ms\":\"30\"}", "'http_ms' must be a whole number"},
    {"{\"quirks\":\"on\"}", "'quirks' must be true or false"},
    {"{\"list_lag_ms\":-5}", "'list_lag_ms' must be a whole number from 0"},
  };
  (void)state;
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(parse_profile(rows[i].text, 1, &error));
    if (!strstr(error->message, rows[i].part))
      fail_msg("row %zu: '%s'", i, error->message);
  }
}

static void profile_values_are_taken(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  g_autoptr(Profile) profile = parse_profile(
    "{\"jobs\":{\"createVolume\":{\"median_ms\":700,\"sigma\":0}},\"rate\":{\"per\":\"user\",\"rps\":2.5,"
    "\"burst\":3},\"http_ms\":30,\"client_token\":\"refused\",\"list_lag_ms\":1000,\"quirks\":true}",
    1, &error);
  assert_non_null(profile);
  assert_int_equal(profile_draw_us(profile, "createVolume"), 700000);
  assert_false(profile->rate_per_api);
  assert_true(profile->rate_rps == 2.5);
  assert_int_equal(profile->rate_burst, 3);
  assert_int_equal(profile->http_ms, 30);
  assert_int_equal(profile->list_lag_ms, 1000);
  assert_int_equal(profile->client_token, CLIENT_TOKEN_REFUSED);
  assert_true(profile->quirks);
}

/* Same seed, same durations; clamped to 0.5 .. 30 s; the types do not disturb each other. */
static void draws_repeat_and_are_clamped(void **state)
{
  (void)state;
  g_autoptr(Profile) one = profile_load("realistic", 42, NULL);
  g_autoptr(Profile) two = profile_load("realistic", 42, NULL);
  g_autoptr(Profile) other = profile_load("realistic", 43, NULL);
  int differ = 0;
  gint64 sum = 0;
  for (int i = 0; i < 2000; i++) {
    gint64 us = profile_draw_us(one, "createVolume");
    if (i % 3 == 0)
      profile_draw_us(two, "attachVolume");
    assert_int_equal(us, profile_draw_us(two, "createVolume"));
    assert_in_range(us, 500000, 30000000);
    differ += us != profile_draw_us(other, "createVolume");
    sum += us < 6000000;
  }
  assert_true(differ > 1900);
  assert_in_range(sum, 900, 1100); /* the median is the median */
  g_autoptr(Profile) wild =
    parse_profile("{\"jobs\":{\"createVolume\":{\"median_ms\":6000,\"sigma\":5}}}", 1, NULL);
  gint64 least = G_MAXINT64, most = 0;
  for (int i = 0; i < 500; i++) {
    gint64 us = profile_draw_us(wild, "createVolume");
    least = MIN(least, us);
    most = MAX(most, us);
  }
  assert_int_equal(least, 500000);
  assert_int_equal(most, 30000000);
  g_autoptr(Profile) fast = profile_load("fast", 1, NULL);
  for (int i = 0; i < 100; i++)
    assert_in_range(profile_draw_us(fast, "attachVolume"), 500, 30000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(accounts_errors_name_the_place),   cmocka_unit_test(accounts_are_loaded),
    cmocka_unit_test(default_accounts_follow_the_seed), cmocka_unit_test(profile_errors_name_the_key),
    cmocka_unit_test(profile_values_are_taken),         cmocka_unit_test(draws_repeat_and_are_clamped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
