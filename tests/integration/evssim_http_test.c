/* The evs-sim executable over real sockets: what answers look like on the wire, faults that concern the connection,
 * TLS and Host names, rate limits, and what SIGTERM, SIGKILL and --purge leave. */
#include "tests/integration/evssim_client.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>

#include "base/clock.h"

/* A fault whose id nobody needs. */
static void set_fault(const Sim *sim, const char *fault)
{
  char *id = sim_fault(sim, fault);
  assert_non_null(id);
  g_free(id);
}

/* ---- the wire ---- */

static void answers_on_the_wire(void **state)
{
  Sim *sim;
  Client *client = client_start(*state, NULL, &sim);
  g_auto(Reply) zones = client_call(client, "GET", "/evs/v2/{p}/os-availability-zone", NULL);
  reply_expect(&zones, 200);
  assert_string_equal(zones.type, "application/json");
  assert_int_equal(strlen(zones.request_id), 32);
  g_auto(Reply) none = client_call(client, "GET", "/evs/v2/{p}/nothing/here", NULL);
  reply_expect(&none, 404);
  assert_string_equal(reply_text(&none, "error_code"), "APIGW.0101");
  assert_string_equal(reply_text(&none, "request_id"), none.request_id);
  /* the Go peer's detach: DELETE with a body, then the connection goes on */
  g_auto(Reply) gone = client_call(
    client, "DELETE", "/evs/v2/{p}/cloudvolumes/00000000-0000-4000-8000-000000000000", "{\"job_id\":\"\"}");
  reply_expect(&gone, 404);
  g_auto(Reply) after = client_call(client, "GET", "/evs/v2/{p}/os-availability-zone", NULL);
  reply_expect(&after, 200);
  long connections = 1;
  curl_easy_getinfo(client->curl, CURLINFO_NUM_CONNECTS, &connections);
  assert_int_equal(connections, 0); /* the same connection */
  g_free(client->token);
  client->token = NULL;
  g_auto(Reply) stranger = client_call(client, "GET", "/evs/v2/{p}/os-availability-zone", NULL);
  reply_expect(&stranger, 401);
}

static void the_clock_can_be_skewed(void **state)
{
  Sim *sim;
  Client *client = client_start(*state, NULL, &sim);
  sim_send(sim, "PUT", "/_sim/clock", "{\"skew_ms\":-1000000000}");
  g_auto(Reply) reply = client_call(client, "GET", "/evs/v2/{p}/os-availability-zone", NULL);
  reply_expect(&reply, 200);
  time_t said = curl_getdate(reply.date, NULL), now = (time_t)(clock_wall_us() / G_USEC_PER_SEC);
  assert_in_range(now - said, 999990, 1000010);
  assert_int_equal(sim_request_status(sim, "PUT", "/_sim/clock", "{\"speed\":0}"), 400);
  assert_int_equal(sim_request_status(sim, "PUT", "/_sim/clock", "{\"fast\":1}"), 400);
}

static void profiles_limit_and_slow(void **state)
{
  Sim *sim;
  Client *client =
    client_start(*state, "{\"rate\":{\"per\":\"user+api\",\"rps\":0.001,\"burst\":3},\"http_ms\":60}", &sim);
  gint64 begin_us = clock_now_us();
  for (int i = 0; i < 3; i++) {
    g_auto(Reply) reply = client_call(client, "GET", "/evs/v2/{p}/types", NULL);
    reply_expect(&reply, 200);
  }
  assert_true(clock_now_us() - begin_us >= 3 * 60000);
  g_auto(Reply) limited = client_call(client, "GET", "/evs/v2/{p}/types", NULL);
  reply_expect(&limited, 429);
  assert_string_equal(reply_text(&limited, "error_code"), "APIGW.0308");
  g_auto(Reply) other = client_call(client, "GET", "/evs/v2/{p}/os-availability-zone", NULL);
  reply_expect(&other, 200);
  json_t *stats = sim_get(sim, "/_sim/stats");
  const json_t *types = json_object_get(json_object_get(stats, "calls"), "7.1.4");
  assert_int_equal(json_integer_value(json_object_get(types, "total")), 4);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(types, "status"), "429")), 1);
  json_decref(stats);
}

/* ---- faults on the connection ---- */

static void drops_before_and_after(void **state)
{
  Sim *sim;
  Client *client = client_start(*state, NULL, &sim);
  client->fresh = TRUE;
  set_fault(sim,
            "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"before\"}}");
  g_auto(Reply) one = client_call(client, "POST", "/evs/v2.1/{p}/cloudvolumes", GOOD_DISK);
  assert_int_equal(one.result, CURLE_GOT_NOTHING);
  assert_int_equal(sim_disk_count(sim), 0);
  g_autofree char *after = sim_fault(
    sim, "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}");
  g_auto(Reply) two = client_call(client, "POST", "/evs/v2.1/{p}/cloudvolumes", GOOD_DISK);
  assert_int_equal(two.result, CURLE_GOT_NOTHING);
  assert_int_equal(sim_disk_count(sim), 1);
  assert_int_equal(sim_fault_hits(sim, after), 1);
  json_t *stats = sim_get(sim, "/_sim/stats");
  const json_t *status = json_object_get(json_object_get(json_object_get(stats, "calls"), "6.1.1"), "status");
  assert_int_equal(json_integer_value(json_object_get(status, "dropped")), 2);
  json_decref(stats);
}

static void answers_can_be_late(void **state)
{
  Sim *sim;
  Client *client = client_start(*state, NULL, &sim);
  set_fault(sim, "{\"times\":1,\"action\":{\"kind\":\"delay\",\"ms\":300}}");
  gint64 begin_us = clock_now_us();
  g_auto(Reply) late = client_call(client, "GET", "/evs/v2/{p}/types", NULL);
  reply_expect(&late, 200);
  assert_true(clock_now_us() - begin_us >= 300000);
}

static void bodies_can_be_spoilt(void **state)
{
  Sim *sim;
  Client *client = client_start(*state, NULL, &sim);
  set_fault(sim, "{\"times\":1,\"action\":{\"kind\":\"body\",\"mode\":\"truncate\"}}");
  g_auto(Reply) truncated = client_call(client, "GET", "/evs/v2/{p}/types", NULL);
  assert_int_equal(truncated.result, CURLE_PARTIAL_FILE);
  set_fault(sim, "{\"times\":1,\"action\":{\"kind\":\"body\",\"mode\":\"malformed\",\"bytes\":2000000}}");
  g_auto(Reply) malformed = client_call(client, "GET", "/evs/v2/{p}/types", NULL);
  reply_expect(&malformed, 200);
  assert_null(malformed.json);
  assert_int_equal(malformed.body->len, 2000000);
  set_fault(sim, "{\"times\":1,\"action\":{\"kind\":\"body\",\"mode\":\"type\"}}");
  g_auto(Reply) typed = client_call(client, "GET", "/evs/v2/{p}/os-availability-zone", NULL);
  reply_expect(&typed, 200);
  const json_t *zone = json_array_get(json_object_get(typed.json, "availabilityZoneInfo"), 0);
  assert_true(json_is_integer(json_object_get(zone, "zoneName")));
  set_fault(sim, "{\"times\":1,\"action\":{\"kind\":\"body\",\"mode\":\"drip\"}}");
  gint64 begin_us = clock_now_us();
  g_auto(Reply) dripped = client_call(client, "GET", "/evs/v2/{p}/types", NULL);
  reply_expect(&dripped, 200);
  assert_non_null(dripped.json);
  assert_true(clock_now_us() - begin_us >= 3000000);
}

static void a_process_can_be_killed(void **state)
{
  Harness *harness = *state;
  Sim *sim;
  Client *client = client_start(harness, NULL, &sim);
  Process *victim = process_start_list(harness, "sleep", "600", NULL);
  g_autofree char *fault = g_strdup_printf(
    "{\"match\":{\"op\":\"7.1.4\",\"skip\":1},\"action\":{\"kind\":\"kill\",\"pid\":%d,\"when\":\"after\"}}",
    process_pid(victim));
  set_fault(sim, fault);
  g_auto(Reply) first = client_call(client, "GET", "/evs/v2/{p}/types", NULL);
  reply_expect(&first, 200);
  assert_true(process_running(victim));
  g_auto(Reply) second = client_call(client, "GET", "/evs/v2/{p}/types", NULL);
  reply_expect(&second, 200);
  assert_int_equal(process_wait_exit(victim, HARNESS_WAIT_MS), 128 + SIGKILL);
}

/* ---- the control interface ---- */

static void control_refuses_by_name(void **state)
{
  Sim *sim;
  Client *client = client_start(*state, NULL, &sim);
  static const struct {
    const char *method, *path, *body;
    int status;
    const char *part;
  } rows[] = {
    {"POST", "/_sim/faults", "{\"act\":{}}", 400, "unknown key 'act'"},
    {"POST", "/_sim/faults", "x", 400, "must be a JSON object"},
    {"DELETE", "/_sim/faults/f99", NULL, 404, "no fault 'f99'"},
    {"PUT", "/_sim/servers/x", "{\"status\":\"ACTIVE\"}", 404, "no server 'x'"},
    {"POST", "/_sim/servers", "{\"account\":\"demo\",\"name\":\"n\",\"zone\":\"mars\"}", 400,
     "none of the zones"},
    {"POST", "/_sim/servers", "{\"account\":\"x\",\"name\":\"n\",\"zone\":\"sim-1a\"}", 400,
     "no such account"},
    {"POST", "/_sim/servers", "{\"account\":\"demo\",\"name\":\"node-1\",\"zone\":\"sim-1a\"}", 400,
     "exists"},
    {"POST", "/_sim/servers", "{\"name\":\"n\",\"zone\":\"sim-1a\"}", 400, "'account' is missing"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Reply) reply = client_call(client, rows[i].method, rows[i].path, rows[i].body);
    reply_expect(&reply, rows[i].status);
    if (!strstr(reply.body->str, rows[i].part))
      fail_msg("row %zu: %s", i, reply.body->str);
  }
}

/* A peer that is not on the loopback gets nothing of /_sim, but the cloud. */
static void control_is_for_loopback_only(void **state)
{
  Harness *harness = *state;
  struct ifaddrs *all = NULL;
  char address[INET_ADDRSTRLEN] = "";
  assert_int_equal(getifaddrs(&all), 0);
  for (struct ifaddrs *at = all; at; at = at->ifa_next)
    if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET && !(at->ifa_flags & IFF_LOOPBACK))
      inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr, address, sizeof address);
  freeifaddrs(all);
  if (!*address)
    skip();
  g_autofree char *state_arg = g_strdup_printf("--state-dir=%s/open", harness_dir(harness));
  Process *process = process_start_list(harness, "evs-sim", "--listen=0.0.0.0:0", state_arg, NULL);
  g_autofree char *ready = process_wait_output(process, "ready ", HARNESS_START_MS);
  g_autofree char *url = g_strdup_printf("http://%s%s", address, strrchr(ready, ':'));
  Client *client = client_new(harness, url);
  g_auto(Reply) control = client_call(client, "GET", "/_sim/state", NULL);
  reply_expect(&control, 403);
  g_auto(Reply) cloud = client_call(client, "GET", "/evs/", NULL);
  reply_expect(&cloud, 300);
}

/* ---- TLS and names ---- */

static void names_and_tls_as_in_the_real_cloud(void **state)
{
  Harness *harness = *state;
  g_autofree char *cert = harness_path(harness, "cert.pem"), *key = harness_path(harness, "key.pem");
  g_autofree char *state_dir = harness_path(harness, "tls");
  Process *openssl =
    process_start_list(harness, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                       "-out", cert, "-days", "2", "-subj", "/CN=sim", "-addext",
                       "subjectAltName=DNS:*.sim-1.sim.test,DNS:iam.sim.test,IP:127.0.0.1", NULL);
  assert_int_equal(process_wait_exit(openssl, HARNESS_WAIT_MS), 0);
  g_autofree char *state_arg = g_strdup_printf("--state-dir=%s", state_dir);
  g_autofree char *cert_arg = g_strdup_printf("--tls-cert=%s", cert);
  g_autofree char *key_arg = g_strdup_printf("--tls-key=%s", key);
  Process *process = process_start_list(harness, "evs-sim", state_arg, cert_arg, key_arg, NULL);
  g_autofree char *url = process_wait_output(process, "ready ", HARNESS_START_MS);
  assert_true(g_str_has_prefix(url, "https://127.0.0.1:"));
  const char *port = strrchr(url, ':') + 1;
  Client *client = client_new(harness, url);
  client->ca_file = cert;
  client_log_in(client, state_dir);
  static const struct {
    const char *host, *path;
    int status;
  } rows[] = {
    {"evs.sim-1.sim.test", "/v2/{p}/types", 200}, {"ecs.sim-1.sim.test", "/v1/{p}/jobs/", 400},
    {"iam.sim-1.sim.test", "/v3/projects", 200},  {"iam.sim.test", "/v3/projects", 200},
    {"rds.sim-1.sim.test", "/v2/{p}/types", 404},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *entry = g_strdup_printf("%s:%s:127.0.0.1", rows[i].host, port);
    g_autofree char *target = g_strdup_printf("https://%s:%s%s", rows[i].host, port, rows[i].path);
    client->resolve = curl_slist_append(client->resolve, entry);
    g_auto(Reply) reply = client_call(client, "GET", target, NULL);
    reply_expect(&reply, rows[i].status);
  }
}

/* ---- starting and ending ---- */

/* Loop devices of the whole machine whose backing file lies in the directory. */
static int loops_in(const char *directory)
{
  int count = 0;
  GDir *blocks = g_dir_open("/sys/block", 0, NULL);
  const char *name;
  while ((name = g_dir_read_name(blocks)) != NULL) {
    g_autofree char *path = g_build_filename("/sys/block", name, "loop/backing_file", NULL);
    g_autofree char *file = NULL;
    if (g_file_get_contents(path, &file, NULL, NULL) && g_str_has_prefix(file, directory))
      count++;
  }
  g_dir_close(blocks);
  return count;
}

static gboolean no_loops(void *directory)
{
  return loops_in(directory) == 0;
}

static void sigkill_and_restart(void **state)
{
  Harness *harness = *state;
  Sim *sim;
  Client *client = client_start(harness, NULL, &sim);
  g_autofree char *id = client_make_disk(client, sim);
  g_autofree char *server_id = client_attach_disk(client, sim, id);
  g_autofree char *state_dir = g_strdup(sim->state_dir);
  assert_int_equal(sim_loops(sim), 1);
  assert_int_equal(loops_in(state_dir), 1);
  /* a create is under way when the end comes */
  set_fault(sim, "{\"times\":1,\"action\":{\"kind\":\"stuck\",\"state\":\"creating\"}}");
  g_auto(Reply) pending = client_call(client, "POST", "/evs/v2.1/{p}/cloudvolumes", GOOD_DISK);
  reply_expect(&pending, 202);
  process_kill(sim->process);
  assert_true(wait_until(no_loops, state_dir, HARNESS_WAIT_MS));

  const SimOptions options = {.state_dir = state_dir};
  Sim *again = sim_start(harness, &options);
  Client *second = client_new(harness, again->url);
  client_log_in(second, state_dir);
  assert_int_equal(sim_loops(again), 1);
  json_t *disk = sim_disk(again, id);
  assert_string_equal(json_string_value(json_object_get(disk, "status")), "in-use");
  json_decref(disk);
  const char *other = json_string_value(json_array_get(json_object_get(pending.json, "volume_ids"), 0));
  sim_wait_disk_status(again, other, "available"); /* faults do not outlive the process, jobs do */
  g_autofree char *detach = g_strdup_printf("/ecs/v1/{p}/cloudservers/%s/detachvolume/%s", server_id, id);
  g_auto(Reply) detached = client_call(second, "DELETE", detach, NULL);
  reply_expect(&detached, 200);
  sim_wait_disk_status(again, id, "available");
  assert_int_equal(loops_in(state_dir), 0);
}

static void sigterm_keeps_the_state_and_purge_removes_it(void **state)
{
  Harness *harness = *state;
  Sim *sim;
  Client *client = client_start(harness, NULL, &sim);
  g_autofree char *id = client_make_disk(client, sim);
  g_free(client_attach_disk(client, sim, id));
  g_autofree char *state_dir = g_strdup(sim->state_dir);
  g_autofree char *state_arg = g_strdup_printf("--state-dir=%s", state_dir);
  Process *rival = process_start_list(harness, "evs-sim", state_arg, NULL);
  assert_int_equal(process_wait_exit(rival, HARNESS_WAIT_MS), 1);
  Process *early = process_start_list(harness, "evs-sim", state_arg, "--purge", NULL);
  assert_int_equal(process_wait_exit(early, HARNESS_WAIT_MS), 1);
  g_autofree char *complaint = process_stderr(early);
  assert_non_null(strstr(complaint, "is in use by another evs-sim"));
  process_stop(sim->process);
  assert_true(wait_until(no_loops, state_dir, HARNESS_WAIT_MS));
  g_autofree char *file = g_strdup_printf("%s/disks/%s.img", state_dir, id);
  assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
  Process *purge = process_start_list(harness, "evs-sim", state_arg, "--purge", NULL);
  assert_int_equal(process_wait_exit(purge, HARNESS_WAIT_MS), 0);
  assert_false(g_file_test(state_dir, G_FILE_TEST_EXISTS));
}

static void bad_starts_are_one_line(void **state)
{
  Harness *harness = *state;
  g_autofree char *dir = g_strdup_printf("--state-dir=%s/bad", harness_dir(harness));
  g_autofree char *profile = harness_write_file(harness, "odd.json", "{\"https_ms\":1}");
  g_autofree char *profile_arg = g_strconcat("--profile=", profile, NULL);
  g_autofree char *accounts = harness_write_file(harness, "acc.json", "{\"zones\":1}");
  g_autofree char *accounts_arg = g_strconcat("--accounts=", accounts, NULL);
  const struct {
    const char *argument;
    int status;
    const char *part;
  } rows[] = {
    {"--speed=2", 2, "--speed"},
    {"--seed=x", 2, "--seed 'x' is no whole number"},
    {"--listen=here", 2, "'here' is no ADDRESS:PORT"},
    {"--tls-cert=x", 2, "--tls-cert and --tls-key go together"},
    {"--profile=/none", 1, "cannot open '/none'"},
    {profile_arg, 2, "unknown key 'https_ms'"},
    {accounts_arg, 2, "'zones' must be an array"},
    {"--log-level=loud", 2, "loud"},
    {"extra", 2, "unexpected argument 'extra'"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Process *process = process_start_list(harness, "evs-sim", dir, rows[i].argument, NULL);
    assert_int_equal(process_wait_exit(process, HARNESS_WAIT_MS), rows[i].status);
    g_autofree char *complaint = process_stderr(process);
    if (!strstr(complaint, rows[i].part) || !g_str_has_prefix(complaint, "evs-sim: "))
      fail_msg("%s: '%s'", rows[i].argument, complaint);
    assert_ptr_equal(strchr(complaint, '\n'), complaint + strlen(complaint) - 1);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(answers_on_the_wire),          TEST(the_clock_can_be_skewed),
    TEST(profiles_limit_and_slow),      TEST(drops_before_and_after),
    TEST(answers_can_be_late),          TEST(bodies_can_be_spoilt),
    TEST(a_process_can_be_killed),      TEST(control_refuses_by_name),
    TEST(control_is_for_loopback_only), TEST(names_and_tls_as_in_the_real_cloud),
    TEST(sigkill_and_restart),          TEST(sigterm_keeps_the_state_and_purge_removes_it),
    TEST(bad_starts_are_one_line),
  };
  curl_global_init(CURL_GLOBAL_DEFAULT);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  curl_global_cleanup();
  return failed;
}
