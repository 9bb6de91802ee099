/* evsclient against evs-sim over real sockets: every way to authenticate, a disk's life, what is done about clocks,
 * throttling, lost answers and failed jobs. */
#include "base/clock.h"
#include "base/thread.h"
#include "evsclient/catalog.h"
#include "evsclient/server.h"
#include "tests/integration/evsclient_cloud.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define TOKEN "6f1c2f0e-6a0b-4d0c-9f55-1c5d6c1b2a3f"

static char *server_id(const Sim *sim)
{
  json_t *server = sim_server(sim, 0);
  char *id = g_strdup(json_string_value(json_object_get(server, "id")));
  json_decref(server);
  return id;
}

static void test_life_of_a_disk(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  EvsConfig *config = cloud_load_config(sim);
  g_clear_pointer(&config->project_id, g_free); /* to be looked up */
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autofree char *server = server_id(sim), *id = cloud_create_disk(&cloud, TOKEN),
                  *again = cloud_create_disk(&cloud, TOKEN), *job = NULL;
  assert_string_equal(again, id);
  assert_int_equal(sim_disk_count(sim), 1);

  cloud_assert_ok(evs_server_attach(cloud.client, &cloud.context, server, id, &job, &error), error);
  g_autoptr(EvsDisk) attached = NULL;
  cloud_assert_ok(evs_watch_attach(cloud.watcher, &cloud.context, id, server, job, NULL, &attached, &error),
                  error);
  assert_non_null(evs_disk_attachment(attached, server));
  gint64 slots = -1;
  g_autoptr(GPtrArray) devices =
    evs_server_block_devices(cloud.client, &cloud.context, server, &slots, &error);
  cloud_assert_ok(devices != NULL, error);
  assert_true(slots > 0);
  gboolean found = FALSE;
  for (guint i = 0; i < devices->len; i++)
    found |= g_str_equal(((EvsBlockDevice *)devices->pdata[i])->volume_id, id);
  assert_true(found);

  g_autofree char *detach_job = NULL, *delete_job = NULL;
  cloud_assert_ok(evs_server_detach(cloud.client, &cloud.context, server, id, FALSE, &detach_job, &error),
                  error);
  cloud_assert_ok(evs_watch_detach(cloud.watcher, &cloud.context, id, server, detach_job, &error), error);
  cloud_assert_ok(evs_disk_delete(cloud.client, &cloud.context, id, &delete_job, &error), error);
  cloud_assert_ok(evs_watch_delete(cloud.watcher, &cloud.context, id, delete_job, &error), error);
  assert_null(evs_disk_get(cloud.client, &cloud.context, id, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  assert_true(evs_error_is_cloud(error, "EVS.5404"));
  assert_int_equal(sim_disk_count(sim), 0);
  assert_int_equal(sim_calls(sim, "iam.projects"), 1);
  cloud_close(&cloud);
  evs_config_free(config);
}

static void test_catalog_and_servers(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) zones = evs_zone_list(cloud.client, &cloud.context, &error);
  cloud_assert_ok(zones != NULL, error);
  assert_string_equal(zones->pdata[0], "sim-1a");
  g_autoptr(GPtrArray) types = evs_disk_type_list(cloud.client, &cloud.context, &error);
  cloud_assert_ok(types != NULL, error);
  assert_int_equal(evs_disk_type_offer(types, "SSD", "sim-1a"), EVS_OFFER_YES);
  assert_int_equal(evs_disk_type_offer(types, "SATA", "sim-1a"), EVS_OFFER_SOLD_OUT);
  g_autofree char *id = server_id(sim);
  g_autoptr(EvsServer) server = evs_server_get(cloud.client, &cloud.context, id, &error);
  cloud_assert_ok(server != NULL, error);
  assert_string_equal(server->status, "ACTIVE");
  assert_null(evs_server_get(cloud.client, &cloud.context, TOKEN, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  cloud_close(&cloud);
}

/* The same token for another request, a quota, an unknown type: by code. */
static void test_refusals(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autofree char *id = cloud_create_disk(&cloud, TOKEN), *job = NULL, *other = NULL;
  g_autoptr(GError) error = NULL;
  cloud.request.size_gib = 20;
  assert_false(evs_disk_create(cloud.client, &cloud.context, &cloud.request, TOKEN, &job, &other, &error));
  assert_true(evs_error_is_cloud(error, "EVS.2219"));
  assert_int_equal(evs_error_code(error), EVS_CODE_ALREADY_EXISTS);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_REFUSED);
  g_clear_error(&error);
  cloud.request.volume_type = "NONE";
  assert_false(evs_disk_create(cloud.client, &cloud.context, &cloud.request, NULL, &job, &other, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
  g_clear_error(&error);
  g_autofree char *server = server_id(sim);
  assert_false(evs_server_detach(cloud.client, &cloud.context, server, id, FALSE, &job, &error));
  assert_true(evs_error_is_cloud(error, "Ecs.0111"));
  cloud_close(&cloud);
}

static EvsConfig *other_auth(const Sim *sim, const char *extra)
{
  g_autoptr(EvsConfig) base = cloud_load_config(sim);
  g_autofree char *text = g_strdup_printf(
    "[Global]\nregion = %s\ncloud = %s\nendpoint-evs = %s\nendpoint-ecs = %s\nendpoint-iam = %s\n%s",
    base->region, base->cloud, base->endpoint_evs, base->endpoint_ecs, base->endpoint_iam, extra);
  g_autoptr(GError) error = NULL;
  EvsConfig *config = evs_config_parse(text, "test", &error);
  cloud_assert_ok(config != NULL, error);
  return config;
}

static void test_password(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *path = g_build_filename(sim->state_dir, "accounts.json", NULL);
  json_t *accounts = json_load_file(path, 0, NULL);
  json_t *account = json_array_get(json_object_get(accounts, "accounts"), 0);
  json_t *user = json_array_get(json_object_get(account, "users"), 0);
  g_autofree char *extra = g_strdup_printf(
    "auth = password\nuser-name = %s\npassword = %s\ndomain-name = %s\n",
    json_string_value(json_object_get(user, "name")), json_string_value(json_object_get(user, "password")),
    json_string_value(json_object_get(account, "name")));
  json_decref(accounts);
  g_autoptr(EvsConfig) config = other_auth(sim, extra);
  Cloud cloud = cloud_open(config);
  g_autofree char *id G_GNUC_UNUSED = cloud_create_disk(&cloud, TOKEN);
  assert_int_equal(sim_calls(sim, "iam.token"), 1);
  assert_int_equal(sim_calls(sim, "iam.projects"), 0);
  cloud_close(&cloud);
}

static void test_agency(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autofree char *server = server_id(sim);
  g_autofree char *extra = g_strdup_printf("auth = agency\nmetadata-url = %s/meta/%s\n", sim->url, server);
  g_autoptr(EvsConfig) config = other_auth(sim, extra);
  g_autoptr(EvsConfig) base = cloud_load_config(sim);
  config->project_id = g_strdup(base->project_id);
  Cloud cloud = cloud_open(config);
  g_autofree char *id G_GNUC_UNUSED = cloud_create_disk(&cloud, TOKEN);
  cloud_close(&cloud);
}

static void test_clock_that_is_wrong(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  sim_send(sim, "PUT", "/_sim/clock", "{\"skew_ms\":-3600000}");
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autofree char *id G_GNUC_UNUSED = cloud_create_disk(&cloud, TOKEN);
  assert_int_equal(sim_calls(sim, "6.1.1"), 2); /* refused once */
  cloud_close(&cloud);
}

static void test_lost_answers(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autofree char *first G_GNUC_UNUSED = cloud_create_disk(&cloud, NULL), *job = NULL, *id = NULL;
  static const char *const when[] = {"before", "after"};
  for (guint i = 0; i < G_N_ELEMENTS(when); i++) {
    g_autofree char *fault = g_strdup_printf(
      "{\"match\":{\"op\":\"6.1.1\"},\"times\":1,\"action\":{\"kind\":\"drop\",\"when\":\"%s\"}}", when[i]);
    g_autofree char *handle = sim_fault(sim, fault);
    g_autoptr(GError) error = NULL;
    sim_reset_calls(sim);
    assert_false(evs_disk_create(cloud.client, &cloud.context, &cloud.request, NULL, &job, &id, &error));
    assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
    assert_int_equal(sim_fault_hits(sim, handle), 1);
    assert_in_range(sim_calls(sim, "6.1.1"), 0, 1);
  }
  cloud_close(&cloud);
}

static void test_failed_job(void **state)
{
  Sim *sim = sim_start(*state, NULL);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autofree char *handle G_GNUC_UNUSED = sim_fault(
    sim,
    "{\"match\":{\"op\":\"6.1.1\"},\"action\":{\"kind\":\"job\",\"result\":\"FAIL\",\"code\":\"EVS.2024\"}}");
  g_autoptr(GError) error = NULL;
  g_autofree char *job = NULL, *id = NULL;
  cloud_assert_ok(evs_disk_create(cloud.client, &cloud.context, &cloud.request, TOKEN, &job, &id, &error),
                  error);
  assert_false(evs_watch_create(cloud.watcher, &cloud.context, id, job, NULL, &error));
  assert_true(evs_error_is_job_failure(error));
  assert_true(evs_error_is_cloud(error, "EVS.2024"));
  cloud_close(&cloud);
}

static void write_pem(const char *path, X509 *certificate, EVP_PKEY *key)
{
  FILE *file = fopen(path, "we");
  assert_non_null(file);
  assert_int_equal(certificate ? PEM_write_X509(file, certificate)
                               : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL),
                   1);
  fclose(file);
}

/* A certificate for 127.0.0.1 that is its own authority. */
static void make_certificate(const char *certificate_path, const char *key_path)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const guchar *)"test",
                             -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, name, -1);
  X509_EXTENSION_free(name);
  assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
  write_pem(certificate_path, certificate, NULL);
  write_pem(key_path, NULL, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

static void test_certificates(void **state)
{
  Harness *harness = *state;
  g_autofree char *certificate = harness_path(harness, "cert.pem"), *key = harness_path(harness, "key.pem");
  g_autofree char *dir = harness_path(harness, "sim"), *path = harness_path(harness, "sim/cloud-config");
  make_certificate(certificate, key);
  g_autofree char *state_dir = g_strconcat("--state-dir=", dir, NULL);
  g_autofree char *tls_cert = g_strconcat("--tls-cert=", certificate, NULL);
  g_autofree char *tls_key = g_strconcat("--tls-key=", key, NULL);
  Process *process =
    process_start_list(harness, "evs-sim", "--listen=127.0.0.1:0", state_dir, tls_cert, tls_key, NULL);
  g_autofree char *url = process_wait_output(process, "ready ", HARNESS_START_MS);
  assert_true(g_str_has_prefix(url, "https://127.0.0.1:"));
  Sim sim = {.cloud_config = path};
  g_autoptr(EvsConfig) config = cloud_load_config(&sim);
  g_clear_pointer(&config->ca_file, g_free);
  Cloud cloud = cloud_open(config);
  g_autoptr(GError) error = NULL;
  g_autofree char *job = NULL, *id = NULL;
  assert_false(evs_disk_create(cloud.client, &cloud.context, &cloud.request, TOKEN, &job, &id, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
  config->insecure = TRUE;
  evs_client_reconfigure(cloud.client, config);
  g_autofree char *unchecked = cloud_create_disk(&cloud, TOKEN);
  config->insecure = FALSE;
  config->ca_file = g_strdup(certificate);
  evs_client_reconfigure(cloud.client, config);
  g_autofree char *checked = cloud_create_disk(&cloud, TOKEN);
  assert_string_equal(checked, unchecked);
  cloud_close(&cloud);
}

typedef struct {
  Cloud *cloud;
  Thread thread;
  gboolean ok;
} Storm;

static void *storm_member(void *argument)
{
  Storm *storm = argument;
  g_autofree char *job = NULL, *id = NULL;
  storm->ok = evs_disk_create(storm->cloud->client, &storm->cloud->context, &storm->cloud->request, NULL,
                              &job, &id, NULL) &&
              evs_watch_create(storm->cloud->watcher, &storm->cloud->context, id, job, NULL, NULL);
  return NULL;
}

/* 120 creates at 10 calls/s with a burst of 20: 10 s at best. All succeed, and the gate keeps the refused calls few. */
static void test_storm_under_a_rate_limit(void **state)
{
  enum { STORM = 120, BEST_MS = 10000 };
  SimOptions options = {.profile = "{\"rate\":{\"per\":\"user+api\",\"rps\":10,\"burst\":20}}"};
  Sim *sim = sim_start(*state, &options);
  g_autoptr(EvsConfig) config = cloud_load_config(sim);
  Cloud cloud = cloud_open(config);
  g_autofree Storm *storm = g_new0(Storm, STORM);
  gint64 start = clock_now_us();
  for (guint i = 0; i < STORM; i++) {
    storm[i].cloud = &cloud;
    storm[i].thread = thread_start("storm", storm_member, &storm[i]);
  }
  guint failed = 0;
  for (guint i = 0; i < STORM; i++) {
    thread_join(storm[i].thread);
    failed += !storm[i].ok;
  }
  gint64 took_ms = (clock_now_us() - start) / 1000;
  g_autofree char *calls = sim_describe_calls(sim);
  print_message("storm of %d creates: %" G_GINT64_FORMAT " ms (best %d), calls %s\n", STORM, took_ms, BEST_MS,
                calls);
  assert_int_equal(failed, 0);
  assert_in_range(took_ms, BEST_MS / 2, BEST_MS * 2);
  assert_in_range(sim_calls(sim, "6.1.1"), STORM, STORM + STORM / 2);
  cloud_close(&cloud);
}

#define SIM_TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    SIM_TEST(test_life_of_a_disk), SIM_TEST(test_catalog_and_servers),
    SIM_TEST(test_refusals),       SIM_TEST(test_password),
    SIM_TEST(test_agency),         SIM_TEST(test_clock_that_is_wrong),
    SIM_TEST(test_certificates),   SIM_TEST(test_lost_answers),
    SIM_TEST(test_failed_job),     SIM_TEST(test_storm_under_a_rate_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
