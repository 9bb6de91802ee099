/* evsctl api against the simulator: calls that go well and calls that are refused, with each way of authentication. */
#include "tests/harness/evsctl.h"
#include "tests/harness/sim.h"

static const char *project_of(const Sim *sim)
{
  static char project[64];
  g_autofree char *path = g_build_filename(sim->state_dir, "accounts.json", NULL);
  json_t *document = json_load_file(path, 0, NULL);
  json_t *account = json_array_get(json_object_get(document, "accounts"), 0);
  json_t *first = json_array_get(json_object_get(account, "projects"), 0);
  g_strlcpy(project, json_string_value(json_object_get(first, "id")), sizeof project);
  json_decref(document);
  return project;
}

static void the_answer_is_printed(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_auto(Evsctl) list =
    evsctl(*state, sim->cloud_config, "api", "GET", "/v2/{project}/cloudvolumes/detail?limit=5", "-i", NULL);
  evsctl_assert_status(&list, 0);
  json_t *answer = json_loads(list.out, 0, NULL);
  assert_int_equal(json_integer_value(json_object_get(answer, "count")), 0);
  json_decref(answer);
  assert_non_null(strstr(list.err, "status 200, request "));
  assert_int_equal(sim_calls(sim, "6.1.3"), 1);
  g_auto(Evsctl) yaml =
    evsctl(*state, sim->cloud_config, "api", "get", "/v2/{project}/types", "-o", "yaml", NULL);
  evsctl_assert_status(&yaml, 0);
  assert_true(g_str_has_prefix(yaml.out, "volume_types:"));
}

static void all_three_services_are_reached(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  json_t *server = sim_server(sim, 0);
  g_autofree char *path =
    g_strdup_printf("/v1/{project}/cloudservers/%s", json_string_value(json_object_get(server, "id")));
  json_decref(server);
  g_auto(Evsctl) ecs = evsctl(*state, sim->cloud_config, "api", "GET", path, "--service=ecs", NULL);
  evsctl_assert_status(&ecs, 0);
  assert_non_null(strstr(ecs.out, "\"server\""));
  g_auto(Evsctl) iam = evsctl(*state, sim->cloud_config, "api", "GET", "/v3/projects", "--service=iam", NULL);
  evsctl_assert_status(&iam, 0);
  assert_non_null(strstr(iam.out, project_of(sim)));
}

static void a_body_comes_from_text_file_and_stdin(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  static const char *const body = "{\"volume\":{\"name\":\"by-hand\",\"size\":10,\"volume_type\":\"SSD\","
                                  "\"availability_zone\":\"sim-1a\"}}";
  g_autofree char *file = harness_write_file(*state, "body.json", body), *at = g_strconcat("@", file, NULL);
  g_auto(Evsctl) text =
    evsctl(*state, sim->cloud_config, "api", "POST", "/v2.1/{project}/cloudvolumes", "--data", body, NULL);
  g_auto(Evsctl) from_file =
    evsctl(*state, sim->cloud_config, "api", "POST", "/v2.1/{project}/cloudvolumes", "--data", at, NULL);
  g_auto(Evsctl) from_stdin = evsctl_fed(*state, sim->cloud_config, file, "api", "POST",
                                         "/v2.1/{project}/cloudvolumes", "--data", "-", NULL);
  const Evsctl *const runs[] = {&text, &from_file, &from_stdin};
  for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
    evsctl_assert_status(runs[i], 0);
    assert_non_null(strstr(runs[i]->out, "\"job_id\""));
  }
  assert_int_equal(sim_disk_count(sim), 3);
}

static void a_refusal_is_explained(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_auto(Evsctl) run = evsctl(*state, sim->cloud_config, "api", "GET",
                              "/v2/{project}/cloudvolumes/deadbeef-0000-4000-8000-000000000000", NULL);
  evsctl_assert_status(&run, 1);
  assert_non_null(strstr(run.out, "\"EVS.5404\"")); /* as it came */
  assert_non_null(strstr(run.err, "EVS.5404"));
  assert_non_null(strstr(run.err, "request"));
}

/* The call is sent once, whatever comes back: a person decides what is next. */
static void nothing_is_sent_twice(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_free(sim_fault(sim, "{\"match\":{\"op\":\"6.1.3\"},\"times\":1,\"action\":{\"kind\":"
                        "\"status\",\"status\":503,\"code\":\"EVS.5503\"}}"));
  g_auto(Evsctl) run =
    evsctl(*state, sim->cloud_config, "api", "GET", "/v2/{project}/cloudvolumes/detail", NULL);
  evsctl_assert_status(&run, 1);
  assert_int_equal(sim_calls(sim, "6.1.3"), 1);
}

static void a_token_is_used_with_a_password(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *path = g_build_filename(sim->state_dir, "accounts.json", NULL);
  json_t *document = json_load_file(path, 0, NULL);
  json_t *account = json_array_get(json_object_get(document, "accounts"), 0);
  json_t *user = json_array_get(json_object_get(account, "users"), 0);
  g_autofree char *text = g_strdup_printf(
    "[Global]\ncloud=sim.test\nregion=sim-1\nauth-url=%s/iam/v3\nendpoint-evs=%s/evs\nendpoint-ecs=%s/ecs\n"
    "auth=password\nuser-name=%s\npassword=%s\ndomain-name=%s\nproject-name=sim-1\n",
    sim->url, sim->url, sim->url, json_string_value(json_object_get(user, "name")),
    json_string_value(json_object_get(user, "password")),
    json_string_value(json_object_get(account, "name")));
  json_decref(document);
  g_autofree char *config = harness_write_file(*state, "password.conf", text);
  g_auto(Evsctl) run = evsctl(*state, config, "api", "GET", "/v2/{project}/cloudvolumes/detail", NULL);
  evsctl_assert_status(&run, 0);
  assert_int_equal(sim_calls(sim, "iam.token"), 1);
}

/* The flags that debug a 401 work for real calls: a signature of yesterday is refused, one over less is taken. */
static void a_call_is_signed_as_asked(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  static const char *const path = "/v2/{project}/types";
  g_auto(Evsctl) old = evsctl(*state, sim->cloud_config, "api", "GET", path, "--date=20240229T123456Z", NULL);
  evsctl_assert_status(&old, 1);
  assert_non_null(strstr(old.err, "APIGW.030"));
  g_auto(Evsctl) less =
    evsctl(*state, sim->cloud_config, "api", "GET", path, "--sign-headers=x-sdk-date", NULL);
  evsctl_assert_status(&less, 0);
  g_auto(Evsctl) more =
    evsctl(*state, sim->cloud_config, "api", "GET", path, "--header", "X-Sdk-Trace: a  b", NULL);
  evsctl_assert_status(&more, 0);
}

static void a_dry_run_sends_nothing(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_auto(Evsctl) run =
    evsctl(*state, sim->cloud_config, "api", "DELETE",
           "/v2/{project}/cloudvolumes/deadbeef-0000-4000-8000-000000000000", "--dry-run", NULL);
  evsctl_assert_status(&run, 0);
  assert_int_equal(sim_calls(sim, NULL), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(the_answer_is_printed),
    test(all_three_services_are_reached),
    test(a_body_comes_from_text_file_and_stdin),
    test(a_refusal_is_explained),
    test(nothing_is_sent_twice),
    test(a_token_is_used_with_a_password),
    test(a_call_is_signed_as_asked),
    test(a_dry_run_sends_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
