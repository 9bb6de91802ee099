/* The startup taint: evs-csi-taint by itself, and as evs-csi-node starts it. The API server is the test's own. */
#include "tests/harness/kube_fake.h"
#include "tests/integration/node_support.h"

#include "base/error.h"

#include <curl/curl.h>

#define DRIVER "evs.csi.huaweicloud.com"
#define OURS "{\"key\":\"" DRIVER "/agent-not-ready\",\"effect\":\"NoExecute\"}"
#define OTHER "{\"key\":\"other\",\"effect\":\"NoSchedule\"}"
#define LISTED "[{\"name\":\"" DRIVER "\",\"nodeID\":\"x\",\"allocatable\":{\"count\":23}}]"

typedef struct {
  KubeFake *kube;
  char *account; /* --service-account-dir=... */
} Cluster;

static void stop_cluster(void *data)
{
  Cluster *cluster = data;
  kube_fake_stop(cluster->kube);
  g_free(cluster->account);
  g_free(cluster);
}

/* A node with our taint and another one, where the driver is registered. Processes find it by their environment. */
static Cluster *cluster_new(Harness *harness)
{
  Cluster *cluster = g_new0(Cluster, 1);
  cluster->kube = kube_fake_start(harness_dir(harness), FALSE);
  cluster->account = g_strconcat("--service-account-dir=", cluster->kube->account_dir, NULL);
  kube_fake_set_taints(cluster->kube, "[" OTHER "," OURS "]");
  kube_fake_set_drivers(cluster->kube, LISTED, 0);
  g_setenv("KUBERNETES_SERVICE_HOST", cluster->kube->host, TRUE);
  g_setenv("KUBERNETES_SERVICE_PORT", cluster->kube->port, TRUE);
  harness_at_end(harness, stop_cluster, cluster);
  return cluster;
}

static Plugin *start_node(NodeBench *bench, const Cluster *cluster)
{
  const char *const options[] = {"--remove-startup-taint", "--node-name=" KUBE_FAKE_NODE, cluster->account,
                                 NULL};
  return bench_node_start(bench, options);
}

static void ask_info(const Plugin *node)
{
  json_decref(csi_call(node, "NodeGetInfo", NULL, "{}"));
}

static gboolean has_lost_ours(void *data)
{
  const Cluster *cluster = data;
  g_autofree char *taints = kube_fake_taints(cluster->kube);
  return g_str_equal(taints, "[" OTHER "]");
}

typedef struct {
  const Plugin *node;
  const char *text;
} LogWait;

static gboolean has_logged(void *data)
{
  const LogWait *wait = data;
  g_autofree char *log = process_stderr(wait->node->process);
  return strstr(log, wait->text) != NULL;
}

static void await_log(const Plugin *node, const char *text)
{
  LogWait wait = {node, text};
  if (!wait_until(has_logged, &wait, HARNESS_WAIT_MS))
    fail_msg("not logged: %s", text);
}

static guint calls(const Cluster *cluster, const char *prefix)
{
  return http_script_count(cluster->kube->script, prefix);
}

/* The kubelet's first question begins it, further ones do not begin it again. */
static void the_first_registration_removes_the_taint_once(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Cluster *cluster = cluster_new(*state);
  kube_fake_serve(cluster->kube);
  Plugin *node = start_node(bench, cluster);
  json_decref(csi_call(node, "NodeGetCapabilities", NULL, "{}"));
  assert_int_equal(calls(cluster, ""), 0);
  for (int i = 0; i < 3; i++)
    ask_info(node);
  assert_true(wait_until(has_lost_ours, cluster, HARNESS_WAIT_MS));
  await_log(node, "removed " DRIVER "/agent-not-ready");
  ask_info(node);
  assert_int_equal(calls(cluster, "PATCH"), 1);
  assert_int_equal(calls(cluster, ""), 3);
  g_autofree char *log = process_stderr(node->process);
  assert_null(strstr(log, KUBE_FAKE_TOKEN));
}

static void without_the_option_no_api_server_is_asked(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Cluster *cluster = cluster_new(*state);
  kube_fake_serve(cluster->kube);
  const char *const options[] = {"--node-name=" KUBE_FAKE_NODE, cluster->account, NULL};
  Plugin *node = bench_node_start(bench, options);
  ask_info(node);
  process_stop(node->process);
  assert_int_equal(http_script_connections(cluster->kube->script), 0);
}

/* A right that comes late: the plugin says what is missing, serves meanwhile, and tries again. */
static void a_failure_is_logged_and_tried_again(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Cluster *cluster = cluster_new(*state);
  http_script_add(cluster->kube->script, (ScriptRule){.match = "PATCH",
                                                      .times = 1,
                                                      .status = 403,
                                                      .body = "{\"message\":\"nodes is forbidden\"}"});
  kube_fake_serve(cluster->kube);
  Plugin *node = start_node(bench, cluster);
  ask_info(node);
  await_log(node, "lacks the right 'patch nodes'");
  json_decref(csi_call(node, "Probe", NULL, "{}"));
  assert_true(wait_until(has_lost_ours, cluster, HARNESS_WAIT_MS));
  assert_int_equal(calls(cluster, "PATCH"), 2);
}

static gboolean is_waiting(void *data)
{
  return calls(data, "GET " KUBE_FAKE_CSI_NODE_PATH) >= 2;
}

/* It stops at once (the harness bounds it) while the helper still waits for a registration that does not come. */
static void the_plugin_ends_while_it_waits(void **state)
{
  NodeBench *bench = node_bench_new(*state);
  Cluster *cluster = cluster_new(*state);
  kube_fake_set_drivers(cluster->kube, "null", 0);
  kube_fake_serve(cluster->kube);
  Plugin *node = start_node(bench, cluster);
  ask_info(node);
  assert_true(wait_until(is_waiting, cluster, HARNESS_WAIT_MS));
  process_stop(node->process);
  g_autofree char *taints = kube_fake_taints(cluster->kube);
  assert_string_equal(taints, "[" OTHER "," OURS "]");
}

/* ---- evs-csi-taint by itself ---- */

static void assert_run(Harness *harness, const Cluster *cluster, const char *option, int status,
                       const char *text)
{
  Process *process = process_start_list(harness, "evs-csi-taint", cluster->account,
                                        "--node-name=" KUBE_FAKE_NODE, "--driver-name=" DRIVER, option, NULL);
  assert_int_equal(process_wait_exit(process, HARNESS_WAIT_MS), status);
  g_autofree char *said = status == 0 ? process_stdout(process) : process_stderr(process);
  if (!strstr(said, text))
    fail_msg("'%s' instead of '%s'", said, text);
  assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* one line */
}

static void the_helper_says_what_it_did(void **state)
{
  Cluster *cluster = cluster_new(*state);
  kube_fake_serve(cluster->kube);
  kube_fake_set_drivers(cluster->kube, "null", 0);
  assert_run(*state, cluster, "--wait=0", 1, "given up for now: CSINode '" KUBE_FAKE_NODE "' does not list");
  kube_fake_set_drivers(cluster->kube, LISTED, 0);
  assert_run(*state, cluster, NULL, 0, "removed " DRIVER "/agent-not-ready\n");
  assert_run(*state, cluster, NULL, 0, "there is no taint " DRIVER "/agent-not-ready\n");
  g_unsetenv("KUBERNETES_SERVICE_HOST");
  assert_run(*state, cluster, NULL, 1, "KUBERNETES_SERVICE_HOST");
}

static void the_helper_refuses_nonsense(void **state)
{
  Cluster *cluster = cluster_new(*state);
  static const char *const rows[][2] = {
    {"--node-name=../csinodes", "--node-name '../csinodes'"},
    {"--node-name=", "--node-name ''"},
    {"--driver-name=a/b", "--driver-name 'a/b'"},
    {"--wait=-1", "--wait=-1 is not within 0..3600"},
    {"--wait=3601", "--wait=3601"},
    {"--token=x", "--token"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    assert_run(*state, cluster, rows[i][0], 1, rows[i][1]);
  assert_int_equal(http_script_connections(cluster->kube->script), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(the_first_registration_removes_the_taint_once),
    TEST(without_the_option_no_api_server_is_asked),
    TEST(a_failure_is_logged_and_tried_again),
    TEST(the_plugin_ends_while_it_waits),
    TEST(the_helper_says_what_it_did),
    TEST(the_helper_refuses_nonsense),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
