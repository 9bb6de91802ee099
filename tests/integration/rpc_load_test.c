/* Many calls at a time: stream limit, memory while they wait and after, time of one call. */
#include "base/log.h"
#include "base/text.h"
#include "tests/integration/rpc_support.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

enum { MAX_STATUS_BYTES = 64 * 1024, KB_PER_CALL = 64 };

/* RssAnon of this process in kB. */
static gint64 anonymous_kb(void)
{
  g_autofree char *text = NULL;
  assert_true(text_read_file("/proc/self/status", MAX_STATUS_BYTES, &text, NULL, NULL));
  const char *line = strstr(text, "RssAnon:");
  assert_non_null(line);
  return g_ascii_strtoll(line + strlen("RssAnon:"), NULL, 10);
}

static void more_calls_than_streams_are_all_served(void **state)
{
  (void)state;
  enum { N = 256, STREAMS = 16 };
  RpcServerOptions options = {
    .max_concurrent_streams = STREAMS, .class_threads = 4, .class_queue = 512, .grace_ms = 1000};
  Fixture *fixture = fixture_new_with(&options);
  AsyncCall *calls[N];
  for (int i = 0; i < N; i++)
    calls[i] = async_start(fixture, NULL, "NodePublishVolume", publish_request("v"), 60000);
  fixture_wait_entered(fixture, 4);
  fixture_open(fixture);
  for (int i = 0; i < N; i++) {
    async_join(calls[i]);
    if (calls[i]->code != EVS_CODE_OK)
      fail_msg("call %d: %s", i, calls[i]->text);
    async_free(calls[i]);
  }
  assert_int_equal(fixture_count(fixture, &fixture->left), N);
  fixture_free(fixture);
}

/* 600 callers join one flight; when all are gone most of the memory they took goes back to the kernel. The 600 threads
 * of the clients are in this process too, and what their allocator keeps varies: hence no more than half is asked. */
static void memory_of_a_burst_is_given_back(void **state)
{
  (void)state;
  enum { N = 600 };
  RpcServerOptions options = {
    .max_concurrent_streams = 1024, .class_threads = 4, .class_queue = 4, .grace_ms = 1000};
  Fixture *fixture = fixture_new_with(&options);
  assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
  gint64 before_kb = anonymous_kb();
  AsyncCall **calls = g_new0(AsyncCall *, N);
  for (int i = 0; i < N; i++)
    calls[i] = async_start(fixture, NULL, "NodeStageVolume", stage_request("v1", "/a"), 60000);
  fixture_wait_pending(fixture, "\"members\":600,");
  gint64 pending_kb = anonymous_kb();
  fixture_open(fixture);
  for (int i = 0; i < N; i++) {
    async_join(calls[i]);
    assert_int_equal(calls[i]->code, EVS_CODE_OK);
    async_free(calls[i]);
  }
  g_free(calls);
  gint64 until_us = clock_deadline_in_ms(10000), after_kb = anonymous_kb();
  gint64 kept_kb = (pending_kb - before_kb) / 2;
  while (after_kb > before_kb + kept_kb && clock_now_us() < until_us) {
    clock_sleep_until(clock_deadline_in_ms(100));
    after_kb = anonymous_kb();
  }
  print_message("anonymous memory, server and clients in one process: %" G_GINT64_FORMAT
                " kB before, %" G_GINT64_FORMAT " kB with %d pending, %" G_GINT64_FORMAT " kB after\n",
                before_kb, pending_kb, N, after_kb);
  if (!SANITIZED) {
    assert_true(pending_kb - before_kb < N * KB_PER_CALL);
    assert_true(after_kb <= before_kb + kept_kb);
  }
  fixture_free(fixture);
}

static int compare_times(const void *a, const void *b)
{
  gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
  return left < right ? -1 : left > right;
}

/* A figure to look at; the limit is only against accidents, the machine may be busy. */
static void one_probe_is_quick(void **state)
{
  (void)state;
  enum { N = 4000, LIMIT_US = 2000 };
  log_init(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
  Fixture *fixture = fixture_new();
  g_autofree gint64 *times = g_new(gint64, N);
  for (int i = 0; i < N; i++) {
    gint64 start_us = clock_now_us();
    assert_int_equal(probe(fixture->client, 5000), EVS_CODE_OK);
    times[i] = clock_now_us() - start_us;
  }
  qsort(times, N, sizeof *times, compare_times);
  print_message("Probe over one connection: p50 %" G_GINT64_FORMAT " us, p99 %" G_GINT64_FORMAT " us\n",
                times[N / 2], times[N * 99 / 100]);
  assert_true(SANITIZED || times[N / 2] < LIMIT_US);
  fixture_free(fixture);
  log_init(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(more_calls_than_streams_are_all_served),
    cmocka_unit_test(memory_of_a_burst_is_given_back),
    cmocka_unit_test(one_probe_is_quick),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
