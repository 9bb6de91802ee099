/* Credentials that end before they said they would: the controller gets new ones and no caller notices. */
#include "tests/harness/csi.h"

#include "base/clock.h"

enum { LIFE_HOURS = 25, SPEED = 100000 };

/* A controller whose cloud-config takes its endpoints from the simulator and its credentials from these lines. */
static Plugin *start_controller(Harness *harness, const Sim *sim, const char *lines)
{
  g_autofree char *text = g_strdup_printf("[Global]\ncloud=sim.test\nregion=sim-1\nauth-url=%s/iam/v3\n"
                                          "endpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\nendpoint-iam=%s/iam\n%s",
                                          sim->url, sim->url, sim->url, sim->url, lines);
  g_autofree char *path = harness_write_file(harness, "cloud-config", text);
  return controller_start(harness, sim, &(PluginOptions){.cloud_config = path});
}

/* The default account's first user, project and server; the caller releases. */
static json_t *read_accounts(const Sim *sim)
{
  g_autofree char *path = g_build_filename(sim->state_dir, "accounts.json", NULL);
  json_t *document = json_load_file(path, 0, NULL);
  json_t *account = json_incref(json_array_get(json_object_get(document, "accounts"), 0));
  json_decref(document);
  assert_non_null(account);
  return account;
}

static const char *first_text(json_t *account, const char *list, const char *key)
{
  const char *text =
    json_string_value(json_object_get(json_array_get(json_object_get(account, list), 0), key));
  assert_non_null(text);
  return text;
}

/* What was issued is over, though its own text says a day from now. */
static void let_credentials_expire(const Sim *sim)
{
  g_autofree char *fast = g_strdup_printf("{\"speed\":%d}", SPEED);
  sim_send(sim, "PUT", "/_sim/clock", fast);
  clock_sleep_until(clock_deadline_in_ms((gint64)LIFE_HOURS * 3600 * 1000 / SPEED));
  sim_send(sim, "PUT", "/_sim/clock", "{\"speed\":1}");
}

static void list_volumes(const Plugin *controller)
{
  g_autoptr(GError) error = NULL;
  json_t *answer = csi_call_json(controller, "ListVolumes", json_object(), CSI_TIMEOUT_MS, &error);
  if (!answer)
    fail_msg("%s", error->message);
  json_decref(answer);
}

/* renewal: calls of op that getting new credentials takes. */
static void check_renewal(const Sim *sim, const Plugin *controller, const char *op, int renewal)
{
  list_volumes(controller);
  list_volumes(controller);
  assert_int_equal(sim_calls(sim, op), 1);
  let_credentials_expire(sim);
  list_volumes(controller);
  assert_int_equal(sim_calls(sim, op), 1 + renewal);
  assert_int_equal(sim_calls(sim, "6.1.3"), 4); /* one of them refused */
}

static void an_expired_token_is_replaced(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  json_t *account = read_accounts(sim);
  g_autofree char *lines = g_strdup_printf(
    "auth=password\nuser-name=%s\npassword=%s\ndomain-name=%s\nproject-name=%s\n",
    first_text(account, "users", "name"), first_text(account, "users", "password"),
    json_string_value(json_object_get(account, "name")), first_text(account, "projects", "name"));
  json_decref(account);
  check_renewal(sim, start_controller(harness, sim, lines), "iam.token", 1);
}

static void an_expired_agency_key_is_replaced(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  json_t *account = read_accounts(sim), *server = sim_server(sim, 0);
  g_autofree char *lines = g_strdup_printf("auth=agency\nproject-id=%s\nmetadata-url=%s/meta/%s\n",
                                           first_text(account, "projects", "id"), sim->url,
                                           json_string_value(json_object_get(server, "id")));
  json_decref(account);
  json_decref(server);
  /* The metadata service's session token is over too: the first call for a key is refused. */
  check_renewal(sim, start_controller(harness, sim, lines), "meta.securitykey", 2);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(an_expired_token_is_replaced, harness_setup, harness_teardown),
    cmocka_unit_test_setup_teardown(an_expired_agency_key_is_replaced, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
