/* rpc/ over a real socket: answers, refusals, joins, deadlines. */
#include "base/log.h"
#include "tests/integration/rpc_raw.h"
#include "tests/integration/rpc_support.h"

#define PATH_STATS "/csi.v1.Node/NodeGetVolumeStats"
#define PATH_PROBE "/csi.v1.Identity/Probe"

enum { SECOND_US = 1000 * 1000 };

static EvsCode call_raw(Fixture *fixture, const char *path, const void *bytes, gsize length, char **ret_text)
{
  g_autoptr(GBytes) reply = NULL;
  g_autoptr(GError) error = NULL;
  gboolean fine = rpc_client_call_raw(fixture->client, path, bytes, length, 5000, &reply, &error);
  *ret_text = g_strdup(error ? error->message : "");
  return fine ? EVS_CODE_OK : evs_error_code(error);
}

static EvsCode call_stats(Fixture *fixture, const char *volume, char **ret_text)
{
  Csi__V1__NodeGetVolumeStatsRequest request = CSI__V1__NODE_GET_VOLUME_STATS_REQUEST__INIT;
  request.volume_id = (char *)volume;
  return call_node(fixture->client, "NodeGetVolumeStats", &request.base, 5000, ret_text);
}

static void quick_and_pooled_methods_answer(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  assert_int_equal(probe(fixture->client, 0), EVS_CODE_OK); /* no deadline */
  assert_int_equal(call_stats(fixture, "there", NULL), EVS_CODE_OK);
  fixture_free(fixture);
}

static void errors_carry_code_and_one_line_of_text(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  g_autofree char *missing = NULL, *overlong = NULL, *broken = NULL;
  assert_int_equal(call_stats(fixture, "missing", &missing), EVS_CODE_NOT_FOUND);
  assert_string_equal(missing, "volume 'missing' is not here (EVS.5404, request req-1)");
  assert_int_equal(call_stats(fixture, "long", &overlong), EVS_CODE_INTERNAL);
  assert_in_range(strlen(overlong), 4000, 4096);
  assert_true(g_str_has_suffix(overlong, "xxx..."));
  assert_int_equal(call_stats(fixture, "broken", &broken), EVS_CODE_INTERNAL);
  assert_string_equal(broken, "NodeGetVolumeStats: the handler returned neither a reply nor an error");
  fixture_free(fixture);
}

/* Without a slot that takes every method, core would let the client hang until its deadline. */
static void unknown_methods_are_refused_at_once(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  g_autofree char *long_path = g_strnfill(4000, 'x');
  long_path[0] = '/';
  const char *paths[] = {"/csi.v1.Node/NoSuch", "/csi.v1.Node/NodeExpandVolume", "/csi.v1.Node/",
                         "/csi.v9.Node/NodeGetInfo", long_path};
  for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
    g_autofree char *text = NULL;
    gint64 start_us = clock_now_us();
    assert_int_equal(call_raw(fixture, paths[i], "", 0, &text), EVS_CODE_UNIMPLEMENTED);
    assert_true(clock_now_us() - start_us < 2 * SECOND_US);
    assert_true(g_str_has_prefix(text, "method '/"));
  }
  fixture_free(fixture);
}

static void bad_bodies_are_refused(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  g_autofree char *malformed = NULL, *nul = NULL, *huge = NULL, *after = NULL;
  assert_int_equal(call_raw(fixture, PATH_STATS, "\xff\xff", 2, &malformed), EVS_CODE_INVALID_ARGUMENT);
  assert_string_equal(malformed, "the request is not a valid csi.v1.NodeGetVolumeStatsRequest message");
  assert_int_equal(call_raw(fixture, PATH_STATS,
                            "\x0a\x03"
                            "a\0b",
                            5, &nul),
                   EVS_CODE_INVALID_ARGUMENT);
  assert_string_equal(nul, "field 'volume_id' has a NUL byte in it");

  gsize length = 5 * 1024 * 1024;
  g_autofree char *body = g_malloc0(length);
  gint64 start_us = clock_now_us();
  assert_int_equal(call_raw(fixture, PATH_STATS, body, length, &huge), EVS_CODE_RESOURCE_EXHAUSTED);
  assert_true(clock_now_us() - start_us < 2 * SECOND_US);

  g_autoptr(GString) greedy = g_string_new(NULL); /* 3 MiB on the wire, far more than 16 MiB unpacked */
  while (greedy->len < 3 * 1024 * 1024)
    g_string_append_len(greedy, "\x12\0", 2);
  assert_int_equal(call_raw(fixture, "/csi.v1.Node/NodeStageVolume", greedy->str, greedy->len, &after),
                   EVS_CODE_RESOURCE_EXHAUSTED);
  assert_non_null(strstr(after, "needs more than"));
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  fixture_free(fixture);
}

/* Quick methods come by a slot of their own, where core reads the message. */
static void quick_methods_refuse_bad_bodies_too(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  g_autofree char *malformed = NULL, *huge = NULL;
  assert_int_equal(call_raw(fixture, PATH_PROBE, "\xff\xff", 2, &malformed), EVS_CODE_INVALID_ARGUMENT);
  assert_string_equal(malformed, "the request is not a valid csi.v1.ProbeRequest message");
  gsize length = 5 * 1024 * 1024;
  g_autofree char *body = g_malloc0(length);
  assert_int_equal(call_raw(fixture, PATH_PROBE, body, length, &huge), EVS_CODE_RESOURCE_EXHAUSTED);
  int bare = raw_connect(fixture->path); /* a whole request without a message */
  raw_send_headers(bare, PATH_PROBE, "localhost", NULL);
  raw_send(bare, "\0\0\0\0\1\0\0\0\1", 9);
  assert_true(raw_wait_end(bare, 5000));
  int silent = raw_connect(fixture->path); /* its message never comes: nobody waits for it */
  raw_send_headers(silent, PATH_PROBE, "localhost", NULL);
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  gint64 start_us = clock_now_us();
  fixture_free(fixture);
  assert_true(clock_now_us() - start_us < 2 * SECOND_US);
  close(silent);
  close(bare);
}

static void count_lines(LogLevel level, const char *line, void *data)
{
  if (strstr(line, "method="))
    __atomic_add_fetch((int *)data + (level == LOG_LEVEL_DEBUG), 1, __ATOMIC_RELAXED);
}

/* kubelet and the liveness probe call for ever: that all is well is no news. */
static void quick_successes_are_logged_for_debugging_only(void **state)
{
  (void)state;
  int lines[2] = {0, 0}; /* at other levels, at debug level */
  static const LogLevel levels[] = {LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};
  log_set_sink(count_lines, lines);
  for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
    g_autofree char *text = NULL;
    log_init(LOG_FORMAT_TEXT, levels[i]);
    Fixture *fixture = fixture_new();
    assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
    assert_int_equal(call_raw(fixture, PATH_PROBE, "\xff\xff", 2, &text), EVS_CODE_INVALID_ARGUMENT);
    fixture_free(fixture); /* all lines are written */
    assert_int_equal(lines[0], i + 1);
    assert_int_equal(lines[1], i);
  }
  log_init(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
  log_set_sink(NULL, NULL);
}

static void a_key_function_may_refuse(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  ProtobufCMessage *request = stage_request("", "/a");
  g_autofree char *text = NULL;
  assert_int_equal(call_node(fixture->client, "NodeStageVolume", request, 5000, &text),
                   EVS_CODE_INVALID_ARGUMENT);
  assert_string_equal(text, "field 'volume_id' is empty");
  free_message(request);
  assert_int_equal(fixture_count(fixture, &fixture->entered), 0);
  fixture_free(fixture);
}

static void equal_requests_share_one_run(void **state)
{
  (void)state;
  enum { N = 6 };
  Fixture *fixture = fixture_new();
  AsyncCall *calls[N];
  for (int i = 0; i < N; i++)
    calls[i] = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 8000);
  fixture_wait_pending(fixture, "\"members\":6,");
  /* a different request for the same volume is refused by name while the six wait */
  g_autofree char *text = NULL;
  ProtobufCMessage *other = stage_request("v1", "/b");
  assert_int_equal(call_node(fixture->client, "NodeStageVolume", other, 5000, &text), EVS_CODE_ABORTED);
  free_message(other);
  assert_non_null(strstr(text, "NodeStageVolume v1 runs since 0 s: waiting at the gate"));
  fixture_open(fixture);
  for (int i = 0; i < N; i++) {
    async_join(calls[i]);
    assert_int_equal(calls[i]->code, EVS_CODE_OK);
    async_free(calls[i]);
  }
  assert_int_equal(fixture_count(fixture, &fixture->entered), 1);
  fixture_free(fixture);
}

/* The client sees our ABORTED, not its own DEADLINE_EXCEEDED; the flight goes on and the next call joins it. */
static void flights_answer_before_the_deadline_and_go_on(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  AsyncCall *first = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 4000);
  async_join(first);
  assert_int_equal(first->code, EVS_CODE_ABORTED);
  assert_non_null(strstr(first->text, "NodeStageVolume v1 runs since "));
  assert_non_null(strstr(first->text, "waiting at the gate"));
  assert_in_range(first->us, 3500 * 1000, 3999 * 1000); /* 4000 - 10 % */
  AsyncCall *second = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 8000);
  fixture_wait_pending(fixture, "\"members\":1,");
  fixture_open(fixture);
  async_join(second);
  assert_int_equal(second->code, EVS_CODE_OK);
  assert_int_equal(fixture_count(fixture, &fixture->entered), 1);
  async_free(first);
  async_free(second);
  fixture_free(fixture);
}

static void other_calls_answer_before_the_deadline_too(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  AsyncCall *call = async_start(fixture, NULL, "NodePublishVolume", publish_request("v1"), 4000);
  AsyncCall *hasty = async_start(fixture, NULL, "NodePublishVolume", publish_request("v2"), 300);
  async_join(hasty);
  assert_int_equal(hasty->code, EVS_CODE_DEADLINE_EXCEEDED);
  async_join(call);
  assert_int_equal(call->code, EVS_CODE_DEADLINE_EXCEEDED);
  assert_non_null(strstr(call->text, "NodePublishVolume is not finished after")); /* our text, not core's */
  assert_in_range(call->us, 3500 * 1000, 3999 * 1000);
  fixture_open(fixture);
  fixture_wait_left(fixture, 2);
  assert_int_equal(fixture_count(fixture, &fixture->unwanted), 2);
  async_free(call);
  async_free(hasty);
  fixture_free(fixture);
}

/* What rpc_call_deadline_us() tells: a flight its budget, whoever waits; another call when its answer is due. */
static void handlers_know_their_deadline(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  fixture_open(fixture);
  ProtobufCMessage *stage = stage_request("v1", "/a"), *publish = publish_request("v2");
  assert_int_equal(call_node(fixture->client, "NodeStageVolume", stage, 20000, NULL), EVS_CODE_OK);
  assert_in_range(fixture_left_ms(fixture), 14 * 60 * 1000, 15 * 60 * 1000);
  assert_int_equal(call_node(fixture->client, "NodePublishVolume", publish, 20000, NULL), EVS_CODE_OK);
  assert_in_range(fixture_left_ms(fixture), 10000, 19500); /* 20 s - 1 s; core sends time-outs rounded up */
  assert_int_equal(call_node(fixture->client, "NodePublishVolume", publish, 0, NULL), EVS_CODE_OK);
  assert_int_equal(fixture_left_ms(fixture), -1);
  free_message(stage);
  free_message(publish);
  fixture_free(fixture);
}

static void full_pools_answer_unavailable(void **state)
{
  (void)state;
  enum { N = 4 };
  RpcServerOptions options = {
    .max_concurrent_streams = 64, .class_threads = 2, .class_queue = 2, .grace_ms = 1000};
  Fixture *fixture = fixture_new_with(&options);
  AsyncCall *calls[N];
  for (int i = 0; i < N; i++) {
    calls[i] = async_start(fixture, NULL, "NodePublishVolume", publish_request("v"), 8000);
    fixture_wait_entered(fixture, MIN(i + 1, 2)); /* two run ... */
  }
  /* ... and two wait, once the last of them has come: then a fifth is refused, and so is a new flight, at once */
  ProtobufCMessage *publish = publish_request("v");
  EvsCode code = EVS_CODE_OK;
  g_autofree char *text = NULL;
  for (gint64 until_us = clock_deadline_in_ms(8000);
       code != EVS_CODE_UNAVAILABLE && clock_now_us() < until_us;) {
    g_clear_pointer(&text, g_free);
    code = call_node(fixture->client, "NodePublishVolume", publish, 300, &text);
  }
  free_message(publish);
  assert_int_equal(code, EVS_CODE_UNAVAILABLE);
  assert_string_equal(text, "NodePublishVolume: too many calls wait for a free worker, call again");
  assert_int_equal(call_stats(fixture, "there", NULL), EVS_CODE_OK); /* another class */
  fixture_open(fixture);
  for (int i = 0; i < N; i++) {
    async_join(calls[i]);
    assert_true(calls[i]->code == EVS_CODE_OK || calls[i]->code == EVS_CODE_UNAVAILABLE);
    async_free(calls[i]);
  }
  fixture_free(fixture);
}

/* What waits in the queue until its client has its answer is not begun at all. */
static void queued_calls_of_gone_clients_are_not_begun(void **state)
{
  (void)state;
  RpcServerOptions options = {
    .max_concurrent_streams = 64, .class_threads = 1, .class_queue = 4, .grace_ms = 1000};
  Fixture *fixture = fixture_new_with(&options);
  AsyncCall *running = async_start(fixture, NULL, "NodePublishVolume", publish_request("v1"), 20000);
  AsyncCall *flying = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 20000);
  fixture_wait_entered(fixture, 2);
  AsyncCall *queued = async_start(fixture, NULL, "NodePublishVolume", publish_request("v2"), 400);
  AsyncCall *grounded = async_start(fixture, NULL, "NodeStageVolume", stage_request("v2", "/a"), 400);
  async_join(queued);
  async_join(grounded);
  assert_int_equal(queued->code, EVS_CODE_DEADLINE_EXCEEDED);
  assert_true(grounded->code == EVS_CODE_ABORTED || grounded->code == EVS_CODE_DEADLINE_EXCEEDED);
  fixture_open(fixture);
  async_join(running);
  async_join(flying);
  assert_int_equal(running->code, EVS_CODE_OK);
  assert_int_equal(flying->code, EVS_CODE_OK);
  assert_true(rpc_server_drain(fixture->server)); /* the queue is empty after it */
  assert_int_equal(fixture_count(fixture, &fixture->entered), 2);
  async_free(running);
  async_free(flying);
  async_free(queued);
  async_free(grounded);
  fixture_free(fixture);
}

/* Members of a flight beyond the first hold no worker: one class thread serves them all. */
static void joiners_hold_no_worker(void **state)
{
  (void)state;
  enum { N = 20 };
  RpcServerOptions options = {
    .max_concurrent_streams = 64, .class_threads = 1, .class_queue = 1, .grace_ms = 1000};
  Fixture *fixture = fixture_new_with(&options);
  AsyncCall *calls[N];
  for (int i = 0; i < N; i++)
    calls[i] = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 8000);
  fixture_wait_pending(fixture, "\"members\":20,");
  fixture_open(fixture);
  for (int i = 0; i < N; i++) {
    async_join(calls[i]);
    assert_int_equal(calls[i]->code, EVS_CODE_OK);
    async_free(calls[i]);
  }
  assert_int_equal(fixture_count(fixture, &fixture->entered), 1);
  fixture_free(fixture);
}

/* A client that dies leaves its flight: the handler sees that nobody waits, and goes on as it sees fit. */
static void vanished_clients_leave_their_flight(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  int fd = raw_connect(fixture->path);
  assert_true(fd >= 0);
  raw_send_headers(fd, "/csi.v1.Node/NodeStageVolume", "localhost", NULL);
  raw_send_message(fd, "\x0a\x02v1", 4, FALSE);
  fixture_wait_pending(fixture, "\"members\":1,");
  fixture_wait_entered(fixture, 1);
  close(fd);
  fixture_wait_pending(fixture, "\"members\":0,");
  fixture_open(fixture);
  fixture_wait_left(fixture, 1);
  assert_int_equal(fixture_count(fixture, &fixture->unwanted), 1);
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  fixture_free(fixture);
}

/* Core itself refuses a request without :authority, and what is no HTTP/2; the server must outlive both. */
static void strange_peers_do_no_harm(void **state)
{
  (void)state;
  Fixture *fixture = fixture_new();
  int nameless = raw_connect(fixture->path);
  raw_send_headers(nameless, "/csi.v1.Identity/Probe", NULL, NULL);
  raw_send_message(nameless, "", 0, FALSE);
  assert_true(raw_wait_end(nameless, 5000));
  int noisy = raw_connect(fixture->path);
  g_autofree char *noise = g_strnfill(70000, '\xee');
  raw_send(noisy, noise, 70000);
  assert_true(raw_wait_end(noisy, 5000));
  int proper = raw_connect(fixture->path), empty = raw_connect(fixture->path);
  raw_send_headers(proper, "/csi.v1.Identity/Probe", "localhost", NULL);
  raw_send_message(proper, "", 0, FALSE);
  assert_true(raw_wait_end(proper, 5000));
  raw_send_headers(empty, "/csi.v1.Identity/Probe", "localhost", NULL); /* headers, then nothing */
  close(empty);
  close(proper);
  close(noisy);
  close(nameless);
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  fixture_free(fixture);
}

/* kubelet and the sidecars have different ideas of a unix socket's authority, by their age. */
static void every_authority_is_served(void **state)
{
  (void)state;
  static const char *const authorities[] = {"localhost", "/var/lib/kubelet/plugins/evs/csi.sock",
                                            "%2Fvar%2Flib%2Fkubelet%2Fplugins%2Fevs%2Fcsi.sock",
                                            "csi.sock:80", "_"};
  Fixture *fixture = fixture_new();
  fixture_open(fixture);
  for (gsize i = 0; i < G_N_ELEMENTS(authorities); i++) {
    int fd = raw_connect(fixture->path);
    raw_send_headers(fd, "/csi.v1.Node/NodeStageVolume", authorities[i], NULL);
    raw_send_message(fd, "\x0a\x02v1", 4, FALSE);
    assert_true(raw_wait_end(fd, 5000));
    close(fd);
    fixture_wait_left(fixture, (int)i + 1);
  }
  fixture_free(fixture);
}

/* Core inflates a message whole before it looks at the size limit: 200 kB on the wire took 200 MB. */
static void compressed_messages_are_refused(void **state)
{
  (void)state;
  static const char gzipped_v1[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xe3\x62\x2a\x33\x04\x00\x5c\x35\xc6\x65\x04\x00\x00\x00";
  Fixture *fixture = fixture_new();
  fixture_open(fixture);
  int fd = raw_connect(fixture->path);
  raw_send_headers(fd, "/csi.v1.Node/NodeStageVolume", "localhost", "gzip");
  raw_send_message(fd, gzipped_v1, sizeof gzipped_v1 - 1, TRUE);
  assert_true(raw_wait_end(fd, 5000));
  close(fd);
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  assert_int_equal(fixture_count(fixture, &fixture->entered), 0);
  fixture_free(fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(quick_and_pooled_methods_answer),
    cmocka_unit_test(errors_carry_code_and_one_line_of_text),
    cmocka_unit_test(unknown_methods_are_refused_at_once),
    cmocka_unit_test(bad_bodies_are_refused),
    cmocka_unit_test(quick_methods_refuse_bad_bodies_too),
    cmocka_unit_test(quick_successes_are_logged_for_debugging_only),
    cmocka_unit_test(a_key_function_may_refuse),
    cmocka_unit_test(equal_requests_share_one_run),
    cmocka_unit_test(flights_answer_before_the_deadline_and_go_on),
    cmocka_unit_test(other_calls_answer_before_the_deadline_too),
    cmocka_unit_test(handlers_know_their_deadline),
    cmocka_unit_test(full_pools_answer_unavailable),
    cmocka_unit_test(queued_calls_of_gone_clients_are_not_begun),
    cmocka_unit_test(joiners_hold_no_worker),
    cmocka_unit_test(vanished_clients_leave_their_flight),
    cmocka_unit_test(strange_peers_do_no_harm),
    cmocka_unit_test(every_authority_is_served),
    cmocka_unit_test(compressed_messages_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
