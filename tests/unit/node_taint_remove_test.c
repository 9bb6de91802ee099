/* node/taint_remove.c and node/kube_api.c against an API server of the test's own, by TLS. */
#include "base/clock.h"
#include "base/error.h"
#include "node/taint_remove.h"
#include "tests/harness/kube_fake.h"
#include "tests/unit/cmocka_all.h"

#include <curl/curl.h>
#include <glib/gstdio.h>

#define DRIVER "evs.csi.huaweicloud.com"
#define OURS "{\"key\":\"" DRIVER "/agent-not-ready\",\"effect\":\"NoExecute\"}"
#define OTHER "{\"key\":\"other\",\"effect\":\"NoSchedule\"}"
#define LISTED "[{\"name\":\"" DRIVER "\",\"nodeID\":\"x\",\"allocatable\":{\"count\":23}}]"

enum { PATIENCE_MS = 20 * 1000, SHORT_MS = 300, PAUSE_MS = 10 };

typedef struct {
  char *dir;
  KubeFake *kube;
} Fixture;

static Fixture *start_with(gboolean expired)
{
  Fixture *fixture = g_new0(Fixture, 1);
  fixture->dir = g_dir_make_tmp("evs-taint-XXXXXX", NULL);
  fixture->kube = kube_fake_start(fixture->dir, expired);
  kube_fake_set_taints(fixture->kube, "[" OTHER "," OURS "]");
  kube_fake_set_drivers(fixture->kube, LISTED, 0);
  return fixture;
}

static int start(void **state)
{
  *state = start_with(FALSE);
  return 0;
}

static int start_expired(void **state)
{
  *state = start_with(TRUE);
  return 0;
}

static int stop(void **state)
{
  Fixture *fixture = *state;
  static const char *const files[] = {"service-account/token", "service-account/ca.crt", "service-account",
                                      "kube-ca.crt",           "kube-server.crt",        "kube-server.key"};
  for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(fixture->dir, files[i], NULL);
    g_remove(path);
  }
  assert_int_equal(g_rmdir(fixture->dir), 0);
  kube_fake_stop(fixture->kube);
  g_free(fixture->dir);
  g_free(fixture);
  return 0;
}

static gboolean run(Fixture *fixture, const char *driver, gint64 ms, gboolean *ret_removed, GError **error)
{
  g_autofree char *url = kube_api_url_from(fixture->kube->host, fixture->kube->port, error);
  g_autoptr(KubeApi) api = kube_api_new(url, fixture->kube->account_dir);
  const TaintTask task = {.node_name = KUBE_FAKE_NODE,
                          .driver_name = driver,
                          .first_pause_ms = PAUSE_MS,
                          .deadline_us = clock_deadline_in_ms(ms)};
  return taint_remove(api, &task, ret_removed, error);
}

static void assert_taints(Fixture *fixture, const char *expected)
{
  g_autofree char *taints = kube_fake_taints(fixture->kube);
  assert_string_equal(taints, expected);
}

static void assert_removed(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  gboolean removed = FALSE;
  if (!run(fixture, DRIVER, PATIENCE_MS, &removed, &error))
    fail_msg("%s", error->message);
  assert_true(removed);
}

/* The run fails by this code, says this, and has changed nothing. The token is in no text. */
static void assert_refused(Fixture *fixture, gint64 ms, EvsCode code, const char *text)
{
  g_autoptr(GError) error = NULL;
  gboolean removed = FALSE;
  assert_false(run(fixture, DRIVER, ms, &removed, &error));
  assert_false(removed);
  if (!evs_error_is(error, code) || !strstr(error->message, text))
    fail_msg("%s '%s' instead of %s '%s'", evs_code_name(evs_error_code(error)), error->message,
             evs_code_name(code), text);
  assert_null(strstr(error->message, KUBE_FAKE_TOKEN));
  assert_taints(fixture, "[" OTHER "," OURS "]");
}

static guint calls(Fixture *fixture, const char *prefix)
{
  return http_script_count(fixture->kube->script, prefix);
}

static void the_taint_goes_and_others_stay(void **state)
{
  kube_fake_serve(((Fixture *)*state)->kube);
  assert_removed(*state);
  assert_taints(*state, "[" OTHER "]");
  assert_int_equal(calls(*state, ""), 3);
}

static void without_a_taint_nothing_is_waited_for_or_written(void **state)
{
  Fixture *fixture = *state;
  kube_fake_serve(fixture->kube);
  kube_fake_set_taints(fixture->kube, "[" OTHER "]");
  kube_fake_set_drivers(fixture->kube, "null", G_MAXUINT);
  gboolean removed = TRUE;
  assert_true(run(fixture, DRIVER, PATIENCE_MS, &removed, NULL));
  assert_false(removed);
  assert_int_equal(calls(fixture, ""), 1);
}

/* Another driver's taint is another key. */
static void each_driver_has_its_own_taint(void **state)
{
  Fixture *fixture = *state;
  kube_fake_serve(fixture->kube);
  gboolean removed = TRUE;
  assert_true(run(fixture, "evs-two.csi.huaweicloud.com", PATIENCE_MS, &removed, NULL));
  assert_false(removed);
  assert_taints(fixture, "[" OTHER "," OURS "]");
}

/* First there is no CSINode, then it appears: the taint stays until then. */
static void it_waits_for_the_registration(void **state)
{
  Fixture *fixture = *state;
  kube_fake_serve(fixture->kube);
  kube_fake_set_drivers(fixture->kube, LISTED, 3);
  assert_removed(fixture);
  assert_int_equal(calls(fixture, "GET " KUBE_FAKE_CSI_NODE_PATH), 4);
  assert_int_equal(calls(fixture, "GET " KUBE_FAKE_NODE_PATH), 1);
}

static void a_driver_that_never_registers_keeps_the_taint(void **state)
{
  Fixture *fixture = *state;
  kube_fake_serve(fixture->kube);
  kube_fake_set_drivers(fixture->kube, "[{\"name\":\"" DRIVER "\",\"nodeID\":\"x\",\"allocatable\":null}]",
                        0);
  assert_refused(fixture, SHORT_MS, EVS_CODE_DEADLINE_EXCEEDED, "does not list the driver '" DRIVER "' yet");
  assert_int_equal(calls(fixture, "PATCH"), 0);
}

static void a_changed_list_is_read_again(void **state)
{
  Fixture *fixture = *state;
  kube_fake_serve(fixture->kube);
  kube_fake_meddle(fixture->kube, 2);
  assert_removed(fixture);
  assert_taints(fixture, "[{\"key\":\"meddled\",\"effect\":\"NoSchedule\"},{\"key\":\"meddled\",\"effect\":"
                         "\"NoSchedule\"}," OTHER "]");
  assert_int_equal(calls(fixture, "PATCH"), 3);
  assert_int_equal(calls(fixture, "GET " KUBE_FAKE_CSI_NODE_PATH), 1);
}

/* 409, 429, 5xx, a dropped and a cut connection: each once, then it goes well. */
static void passing_failures_are_tried_again(void **state)
{
  Fixture *fixture = *state;
  static const ScriptRule faults[] = {
    {.match = "GET " KUBE_FAKE_NODE_PATH, .times = 1, .kind = SCRIPT_DROP},
    {.match = "GET " KUBE_FAKE_NODE_PATH, .times = 1, .status = 503},
    {.match = "GET " KUBE_FAKE_CSI_NODE_PATH, .times = 1, .kind = SCRIPT_TRUNCATE, .body = "{"},
    {.match = "GET " KUBE_FAKE_CSI_NODE_PATH, .times = 1, .status = 429},
    {.match = "PATCH", .times = 1, .status = 409, .body = "{\"message\":\"the object has been modified\"}"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
    http_script_add(fixture->kube->script, faults[i]);
  kube_fake_serve(fixture->kube);
  assert_removed(fixture);
  assert_taints(fixture, "[" OTHER "]");
  assert_int_equal(calls(fixture, "PATCH"), 2);
}

/* A patch whose answer is lost was carried out: the next look at the node says so. */
static void a_lost_answer_does_no_harm(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->kube->script, (ScriptRule){.match = "PATCH", .times = 1, .kind = SCRIPT_DROP});
  kube_fake_serve(fixture->kube);
  assert_removed(fixture);
  assert_int_equal(calls(fixture, "PATCH"), 2);
}

static void a_missing_right_is_named(void **state)
{
  Fixture *fixture = *state;
  static const struct {
    const char *match, *right;
  } rows[] = {
    {"GET " KUBE_FAKE_NODE_PATH, "lacks the right 'get nodes'"},
    {"GET " KUBE_FAKE_CSI_NODE_PATH, "lacks the right 'get csinodes (storage.k8s.io)'"},
    {"PATCH", "lacks the right 'patch nodes'"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    http_script_clear(fixture->kube->script);
    http_script_add(fixture->kube->script,
                    (ScriptRule){.match = rows[i].match,
                                 .status = 403,
                                 .body = "{\"message\":\"nodes is forbidden: User \\\"x\\\"\\n cannot\"}"});
    kube_fake_serve(fixture->kube);
    assert_refused(fixture, PATIENCE_MS, EVS_CODE_PERMISSION_DENIED, rows[i].right);
    assert_refused(fixture, PATIENCE_MS, EVS_CODE_PERMISSION_DENIED,
                   "nodes is forbidden: User \"x\"  cannot");
    assert_int_equal(calls(fixture, rows[i].match), 2);
  }
}

/* The kubelet replaces tokens: the file is read each time. */
static void a_refused_token_is_said_and_a_new_one_taken(void **state)
{
  Fixture *fixture = *state;
  kube_fake_serve(fixture->kube);
  g_autofree char *path = g_build_filename(fixture->kube->account_dir, "token", NULL);
  assert_true(g_file_set_contents(path, "stale", -1, NULL));
  assert_refused(fixture, PATIENCE_MS, EVS_CODE_UNAUTHENTICATED, "the service account's token is refused");
  assert_true(g_file_set_contents(path, KUBE_FAKE_TOKEN, -1, NULL));
  assert_removed(fixture);
}

static void a_file_that_is_no_token_is_not_sent(void **state)
{
  Fixture *fixture = *state;
  kube_fake_serve(fixture->kube);
  g_autofree char *path = g_build_filename(fixture->kube->account_dir, "token", NULL);
  g_autofree char *long_text = g_strnfill(KUBE_MAX_TOKEN + 1, 'a');
  const char *const rows[][2] = {
    {"", "holds no token"},
    {" \n", "holds no token"},
    {"a b\r\nX-Evil: 1", "holds no token"},
    {long_text, "the service account's token: "},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    assert_true(g_file_set_contents(path, rows[i][0], -1, NULL));
    assert_refused(fixture, PATIENCE_MS, EVS_CODE_FAILED_PRECONDITION, rows[i][1]);
  }
  assert_int_equal(g_remove(path), 0);
  assert_refused(fixture, PATIENCE_MS, EVS_CODE_FAILED_PRECONDITION, "the service account's token: ");
  assert_int_equal(http_script_connections(fixture->kube->script), 0);
}

/* Neither a server that another authority vouches for nor one without a valid certificate sees the token. */
static void only_the_clusters_own_server_gets_the_token(void **state)
{
  Fixture *fixture = *state;
  kube_fake_serve(fixture->kube);
  assert_refused(fixture, PATIENCE_MS, EVS_CODE_FAILED_PRECONDITION, "certificate");
  g_autofree char *ca = g_build_filename(fixture->kube->account_dir, "ca.crt", NULL);
  assert_int_equal(g_remove(ca), 0);
  assert_refused(fixture, PATIENCE_MS, EVS_CODE_FAILED_PRECONDITION, "ca.crt");
  assert_int_equal(calls(fixture, ""), 0);
}

static void a_stranger_does_not_get_the_token(void **state)
{
  Fixture *fixture = *state, *other = start_with(FALSE);
  kube_fake_serve(fixture->kube);
  g_autofree char *ca = NULL, *own = g_build_filename(other->dir, "kube-ca.crt", NULL),
                  *trusted = g_build_filename(fixture->kube->account_dir, "ca.crt", NULL);
  assert_true(g_file_get_contents(own, &ca, NULL, NULL) && g_file_set_contents(trusted, ca, -1, NULL));
  assert_refused(fixture, PATIENCE_MS, EVS_CODE_FAILED_PRECONDITION, "certificate");
  assert_int_equal(calls(fixture, ""), 0);
  void *rest = other;
  stop(&rest);
}

static void an_unreachable_server_is_given_up_in_time(void **state)
{
  Fixture *fixture = *state;
  g_autoptr(KubeApi) api = kube_api_new("https://127.0.0.1:1", fixture->kube->account_dir);
  const TaintTask task = {.node_name = KUBE_FAKE_NODE,
                          .driver_name = DRIVER,
                          .first_pause_ms = PAUSE_MS,
                          .deadline_us = clock_deadline_in_ms(SHORT_MS)};
  g_autoptr(GError) error = NULL;
  gboolean removed = FALSE;
  assert_false(taint_remove(api, &task, &removed, &error));
  assert_true(evs_error_is(error, EVS_CODE_DEADLINE_EXCEEDED));
  assert_non_null(strstr(error->message, "https://127.0.0.1:1"));
}

static void hostile_answers_are_refused(void **state)
{
  Fixture *fixture = *state;
  g_autofree char *huge = g_strnfill(KUBE_MAX_BYTES + 1, ' ');
  const struct {
    int status;
    const char *body;
    EvsCode code;
    const char *text;
  } rows[] = {
    {200, huge, EVS_CODE_OUT_OF_RANGE, "larger than 4194304 bytes"},
    {200, "", EVS_CODE_INTERNAL, "no JSON object"},
    {200, "<html>", EVS_CODE_INTERNAL, "no JSON object"},
    {200, "[]", EVS_CODE_INTERNAL, "no JSON object"},
    {200, "{\"spec\":{\"taints\":7}}", EVS_CODE_INTERNAL, "no list 'spec.taints'"},
    {302, "", EVS_CODE_INTERNAL, "status 302"},
    {404, "{\"message\":\"nodes \\\"" KUBE_FAKE_NODE "\\\" not found\"}", EVS_CODE_NOT_FOUND, "not found"},
    {418, "{\"message\":\"\\u0007\\u001b[2J\"}", EVS_CODE_INTERNAL, "status 418:   [2J"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    http_script_clear(fixture->kube->script);
    http_script_add(fixture->kube->script, (ScriptRule){.match = "GET " KUBE_FAKE_NODE_PATH,
                                                        .status = rows[i].status,
                                                        .body = rows[i].body,
                                                        .headers = "Location: /elsewhere\r\n"});
    kube_fake_serve(fixture->kube);
    assert_refused(fixture, PATIENCE_MS, rows[i].code, rows[i].text);
    assert_int_equal(calls(fixture, ""), 1);
  }
}

static void names_and_addresses_are_checked(void **state)
{
  (void)state;
  static const char *const bad[] = {NULL, "", ".", "..", "a/b", "-a", "a-", "A", "a b", "a%2f", "a?b", "a#"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    assert_false(kube_is_name(bad[i]));
  g_autofree char *longest = g_strnfill(KUBE_MAX_NAME, 'a'), *longer = g_strnfill(KUBE_MAX_NAME + 1, 'a');
  assert_true(kube_is_name(longest) && kube_is_name("ip-10-0-0-1.eu-de.internal") && !kube_is_name(longer));
  g_autofree char *plain = kube_api_url_from("10.96.0.1", "443", NULL),
                  *wide = kube_api_url_from("fd00::1", "6443", NULL);
  assert_string_equal(plain, "https://10.96.0.1:443");
  assert_string_equal(wide, "https://[fd00::1]:6443");
  static const char *const rows[][2] = {{NULL, "443"}, {"10.0.0.1", NULL}, {"a/b", "443"}, {"a@b", "443"},
                                        {"a", "0"},    {"a", "65536"},     {"a", "4x"},    {"", "443"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(kube_api_url_from(rows[i][0], rows[i][1], &error));
    assert_true(evs_error_is(error, EVS_CODE_FAILED_PRECONDITION));
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const struct CMUnitTest tests[] = {
    TEST(the_taint_goes_and_others_stay),
    TEST(without_a_taint_nothing_is_waited_for_or_written),
    TEST(each_driver_has_its_own_taint),
    TEST(it_waits_for_the_registration),
    TEST(a_driver_that_never_registers_keeps_the_taint),
    TEST(a_changed_list_is_read_again),
    TEST(passing_failures_are_tried_again),
    TEST(a_lost_answer_does_no_harm),
    TEST(a_missing_right_is_named),
    TEST(a_refused_token_is_said_and_a_new_one_taken),
    TEST(a_file_that_is_no_token_is_not_sent),
    cmocka_unit_test_setup_teardown(only_the_clusters_own_server_gets_the_token, start_expired, stop),
    TEST(a_stranger_does_not_get_the_token),
    TEST(an_unreachable_server_is_given_up_in_time),
    TEST(hostile_answers_are_refused),
    cmocka_unit_test(names_and_addresses_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
