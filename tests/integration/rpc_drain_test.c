/* The end of a server: SIGTERM's way through calls that run, that came too late, that nobody waits for. */
#include "tests/integration/rpc_raw.h"
#include "tests/integration/rpc_support.h"

#include <time.h>

enum { MS = 1000 };

typedef struct {
  Fixture *fixture;
  gint64 us; /* the drain took */
  gboolean drained;
} Drain;

static void *run_drain(void *argument)
{
  Drain *drain = argument;
  gint64 start_us = clock_now_us();
  drain->drained = rpc_server_drain(drain->fixture->server);
  drain->us = clock_now_us() - start_us;
  return NULL;
}

static RpcServerOptions with_grace(gint64 grace_ms)
{
  return (RpcServerOptions){
    .max_concurrent_streams = 64, .class_threads = 8, .class_queue = 8, .grace_ms = grace_ms};
}

static void idle_server_drains_at_once(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(10000);
  Fixture *fixture = fixture_new_with(&options);
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  Drain drain = {.fixture = fixture};
  run_drain(&drain);
  assert_true(drain.us < 2000 * MS);
  assert_int_equal(probe(fixture->client, 2000), EVS_CODE_UNAVAILABLE);
  fixture_free(fixture);
}

static void calls_within_the_grace_period_are_answered(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(20000);
  Fixture *fixture = fixture_new_with(&options);
  AsyncCall *stage = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 20000);
  AsyncCall *publish = async_start(fixture, NULL, "NodePublishVolume", publish_request("v2"), 20000);
  fixture_wait_entered(fixture, 2);
  Drain drain = {.fixture = fixture};
  Thread thread = thread_start("drain", run_drain, &drain);
  clock_sleep_until(clock_deadline_in_ms(200)); /* it must be waiting now, and does no harm if not yet */
  fixture_open(fixture);
  thread_join(thread);
  async_join(stage);
  async_join(publish);
  assert_int_equal(stage->code, EVS_CODE_OK);
  assert_int_equal(publish->code, EVS_CODE_OK);
  assert_int_equal(fixture_count(fixture, &fixture->stopped), 0);
  assert_true(drain.us < 10000 * MS);
  async_free(stage);
  async_free(publish);
  fixture_free(fixture);
}

/* Handlers learn of the end by rpc_call_stopping(); their clients get ABORTED, which sidecars repeat. */
static void calls_beyond_the_grace_period_are_aborted(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(300);
  Fixture *fixture = fixture_new_with(&options);
  AsyncCall *stage = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 20000);
  AsyncCall *publish = async_start(fixture, NULL, "NodePublishVolume", publish_request("v2"), 20000);
  fixture_wait_entered(fixture, 2);
  Drain drain = {.fixture = fixture};
  run_drain(&drain);
  async_join(stage);
  async_join(publish);
  assert_int_equal(stage->code, EVS_CODE_ABORTED);
  assert_int_equal(publish->code, EVS_CODE_ABORTED);
  assert_int_equal(fixture_count(fixture, &fixture->left), 2);
  assert_int_equal(fixture_count(fixture, &fixture->stopped), 2);
  assert_in_range(drain.us, 300 * MS, 5000 * MS);
  async_free(stage);
  async_free(publish);
  fixture_free(fixture);
}

/* A handler that does not look up does not keep its client waiting. */
static void clients_of_deaf_handlers_are_answered_too(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(100);
  Fixture *fixture = fixture_new_with(&options);
  fixture_make_stubborn(fixture);
  AsyncCall *stage = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 60000);
  AsyncCall *publish = async_start(fixture, NULL, "NodePublishVolume", publish_request("v2"), 60000);
  fixture_wait_entered(fixture, 2);
  Drain drain = {.fixture = fixture};
  Thread thread = thread_start("drain", run_drain, &drain);
  async_join(stage);
  async_join(publish);
  assert_int_equal(stage->code, EVS_CODE_ABORTED);
  assert_string_equal(stage->text, "the driver stops while NodeStageVolume runs, call again");
  assert_int_equal(publish->code, EVS_CODE_ABORTED);
  assert_int_equal(fixture_count(fixture, &fixture->left), 0);
  fixture_open(fixture);
  thread_join(thread);
  async_free(stage);
  async_free(publish);
  fixture_free(fixture);
}

/* Nor does it keep the process alive: what hangs for ever is left behind, its clients answered, and it may still return
 * while the process ends. */
static void deaf_handlers_are_left_behind_in_the_end(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(100);
  options.deaf_ms = 400;
  Fixture *fixture = fixture_new_with(&options);
  fixture_make_stubborn(fixture);
  AsyncCall *stage = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 60000);
  AsyncCall *publish = async_start(fixture, NULL, "NodePublishVolume", publish_request("v2"), 60000);
  fixture_wait_entered(fixture, 2);
  Drain drain = {.fixture = fixture};
  run_drain(&drain);
  assert_false(drain.drained);
  assert_in_range(drain.us, 500 * MS, 5000 * MS);
  assert_int_equal(fixture_count(fixture, &fixture->left), 0);
  async_join(stage);
  async_join(publish);
  assert_int_equal(stage->code, EVS_CODE_ABORTED);
  assert_int_equal(publish->code, EVS_CODE_ABORTED);
  fixture_open(fixture);
  run_drain(&drain); /* once more: now they have returned */
  assert_true(drain.drained);
  assert_int_equal(fixture_count(fixture, &fixture->left), 2);
  async_free(stage);
  async_free(publish);
  fixture_free(fixture);
}

/* A deadline passed, the client left, the drain began, and only then the handler returns: a reply after the queue's
 * shutdown would abort the process. */
static void handlers_may_return_long_after_everybody_left(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(100);
  Fixture *fixture = fixture_new_with(&options);
  fixture_make_stubborn(fixture);
  RpcClient *other = rpc_client_new(fixture->endpoint, NULL);
  AsyncCall *stage = async_start(fixture, other, "NodeStageVolume", stage_request("v1", "/a"), 300);
  AsyncCall *publish = async_start(fixture, other, "NodePublishVolume", publish_request("v2"), 300);
  async_join(stage);
  async_join(publish);
  assert_true(stage->code == EVS_CODE_ABORTED || stage->code == EVS_CODE_DEADLINE_EXCEEDED);
  assert_int_equal(publish->code, EVS_CODE_DEADLINE_EXCEEDED);
  rpc_client_free(other);
  Drain drain = {.fixture = fixture};
  Thread thread = thread_start("drain", run_drain, &drain);
  clock_sleep_until(clock_deadline_in_ms(1200)); /* far past the grace period and the flush */
  assert_int_equal(fixture_count(fixture, &fixture->left), 0);
  fixture_open(fixture);
  thread_join(thread);
  assert_int_equal(fixture_count(fixture, &fixture->left), 2);
  assert_in_range(drain.us, 1000 * MS, 10000 * MS);
  async_free(stage);
  async_free(publish);
  fixture_free(fixture);
}

/* Calls that come during the drain are refused with a code that sidecars repeat, on old and new connections; those
 * that run are served to their end. */
static void late_calls_are_refused(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(20000);
  Fixture *fixture = fixture_new_with(&options);
  AsyncCall *publish = async_start(fixture, NULL, "NodePublishVolume", publish_request("v2"), 20000);
  fixture_wait_entered(fixture, 1);
  Drain drain = {.fixture = fixture};
  Thread thread = thread_start("drain", run_drain, &drain);
  EvsCode code = EVS_CODE_OK;
  for (gint64 until_us = clock_deadline_in_ms(10000); code == EVS_CODE_OK && clock_now_us() < until_us;)
    code = probe(fixture->client, 5000);
  assert_int_equal(code, EVS_CODE_UNAVAILABLE);
  RpcClient *fresh = rpc_client_new(fixture->endpoint, NULL);
  ProtobufCMessage *late = stage_request("v3", "/a");
  g_autofree char *text = NULL;
  assert_int_equal(call_node(fresh, "NodeStageVolume", late, 5000, &text), EVS_CODE_UNAVAILABLE);
  assert_string_equal(text, "the driver stops and takes no new calls, call again");
  free_message(late);
  rpc_client_free(fresh);
  fixture_open(fixture);
  thread_join(thread);
  async_join(publish);
  assert_int_equal(publish->code, EVS_CODE_OK);
  assert_int_equal(fixture_count(fixture, &fixture->entered), 1);
  async_free(publish);
  fixture_free(fixture);
}

static gint64 process_cpu_us(void)
{
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* Waiting for a deaf handler costs no processor time. */
static void nothing_spins_at_the_end(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(50);
  Fixture *fixture = fixture_new_with(&options);
  fixture_make_stubborn(fixture);
  AsyncCall *publish = async_start(fixture, NULL, "NodePublishVolume", publish_request("v2"), 20000);
  fixture_wait_entered(fixture, 1);
  Drain drain = {.fixture = fixture};
  Thread thread = thread_start("drain", run_drain, &drain);
  async_join(publish);
  clock_sleep_until(clock_deadline_in_ms(300)); /* into the shutdown */
  gint64 cpu_us = process_cpu_us();
  clock_sleep_until(clock_deadline_in_ms(500));
  assert_true(process_cpu_us() - cpu_us < 200 * MS);
  assert_int_equal(fixture_count(fixture, &fixture->left), 0);
  fixture_open(fixture);
  thread_join(thread);
  async_free(publish);
  fixture_free(fixture);
}

/* A request that never comes whole does not keep the server alive. */
static void half_sent_calls_are_cut_off(void **state)
{
  (void)state;
  RpcServerOptions options = with_grace(200);
  Fixture *fixture = fixture_new_with(&options);
  int fd = raw_connect(fixture->path);
  raw_send_headers(fd, "/csi.v1.Node/NodeStageVolume", "localhost", NULL);
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  Drain drain = {.fixture = fixture};
  run_drain(&drain);
  assert_in_range(drain.us, 200 * MS, 5000 * MS);
  assert_true(raw_wait_end(fd, 1000));
  close(fd);
  fixture_free(fixture);
}

/* Many calls of all kinds while the server goes down: each client gets an answer, and nothing is left. */
static void drain_under_load_answers_everybody(void **state)
{
  (void)state;
  enum { N = 48 };
  RpcServerOptions options = with_grace(100);
  Fixture *fixture = fixture_new_with(&options);
  AsyncCall *calls[N];
  for (int i = 0; i < N; i++) {
    g_autofree char *volume = g_strdup_printf("v%d", i % 6);
    calls[i] = i % 2
                 ? async_start(fixture, NULL, "NodeStageVolume", stage_request(volume, "/a"), 300 + 10 * i)
                 : async_start(fixture, NULL, "NodePublishVolume", publish_request(volume), 300 + 10 * i);
  }
  fixture_wait_entered(fixture, 6);
  Drain drain = {.fixture = fixture};
  run_drain(&drain);
  for (int i = 0; i < N; i++) {
    async_join(calls[i]);
    EvsCode code = calls[i]->code;
    if (code != EVS_CODE_ABORTED && code != EVS_CODE_UNAVAILABLE && code != EVS_CODE_CANCELLED &&
        code != EVS_CODE_DEADLINE_EXCEEDED)
      fail_msg("%s: %s", evs_code_name(code), calls[i]->text);
    async_free(calls[i]);
  }
  fixture_free(fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(idle_server_drains_at_once),
    cmocka_unit_test(calls_within_the_grace_period_are_answered),
    cmocka_unit_test(calls_beyond_the_grace_period_are_aborted),
    cmocka_unit_test(clients_of_deaf_handlers_are_answered_too),
    cmocka_unit_test(deaf_handlers_are_left_behind_in_the_end),
    cmocka_unit_test(handlers_may_return_long_after_everybody_left),
    cmocka_unit_test(late_calls_are_refused),
    cmocka_unit_test(nothing_spins_at_the_end),
    cmocka_unit_test(half_sent_calls_are_cut_off),
    cmocka_unit_test(drain_under_load_answers_everybody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
