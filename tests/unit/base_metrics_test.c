/* base/metrics: the page to the byte, ceilings, hostile label values, collectors, many threads; base/process_metrics. */
#include "base/clock.h"
#include "base/metrics.h"
#include "base/process_metrics.h"
#include "base/thread.h"
#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <unistd.h>

/* The lines of one family, in the order of the page; "" when it is not there. Newly allocated. */
static char *family_text(const char *name)
{
  g_autofree char *page = metrics_render();
  g_auto(GStrv) lines = g_strsplit(page, "\n", -1);
  GString *found = g_string_new(NULL);
  gboolean inside = FALSE;
  for (guint i = 0; lines[i]; i++) {
    g_auto(GStrv) words = g_strsplit(lines[i], " ", 4);
    if (g_str_has_prefix(lines[i], "# HELP "))
      inside = g_str_equal(words[2], name);
    if (inside && *lines[i])
      g_string_append_printf(found, "%s\n", lines[i]);
  }
  return g_string_free(found, FALSE);
}

static void expect_family(const char *name, const char *text)
{
  g_autofree char *found = family_text(name);
  assert_string_equal(found, text);
}

/* The value of a line that begins so; -1 without it. */
static double value_of(const char *series)
{
  g_autofree char *page = metrics_render();
  g_autofree char *begin = g_strconcat("\n", series, " ", NULL);
  const char *at = strstr(page, begin);
  return at ? g_ascii_strtod(at + strlen(begin), NULL) : -1;
}

static void page_is_prometheus_text(void **state)
{
  (void)state;
  MetricFamily *calls = metrics_counter("test_calls_total", "Calls.", "op", "code", NULL);
  metric_add(calls, 2, "b", "1");
  metric_add(calls, 0.5, "a\"\\\n", "x");
  metric_add(calls, 1, "b", "1");
  expect_family("test_calls_total", "# HELP test_calls_total Calls.\n# TYPE test_calls_total counter\n"
                                    "test_calls_total{op=\"a\\\"\\\\\\n\",code=\"x\"} 0.5\n"
                                    "test_calls_total{op=\"b\",code=\"1\"} 3\n");
  assert_ptr_equal(metrics_counter("test_calls_total", "Other.", NULL), calls);
}

static void histogram_buckets_are_cumulative(void **state)
{
  (void)state;
  MetricFamily *lag = metrics_histogram("test_lag_seconds", "Lag.", "op", NULL);
  metric_observe(lag, 0.25, "x"); /* a bound belongs to its bucket */
  metric_observe(lag, 0.3, "x");
  series_observe(metric_series(lag, "x"), 1000);
  g_autofree char *text = family_text("test_lag_seconds");
  assert_non_null(strstr(text, "_bucket{op=\"x\",le=\"0.1\"} 0\n"));
  assert_non_null(strstr(text, "_bucket{op=\"x\",le=\"0.25\"} 1\n"));
  assert_non_null(strstr(text, "_bucket{op=\"x\",le=\"0.5\"} 2\n"));
  assert_non_null(strstr(text, "_bucket{op=\"x\",le=\"900\"} 2\n"));
  assert_non_null(strstr(text,
                         "_bucket{op=\"x\",le=\"+Inf\"} 3\n"
                         "test_lag_seconds_sum{op=\"x\"} 1000.55\ntest_lag_seconds_count{op=\"x\"} 3\n"));
}

static void what_has_nothing_to_say_is_not_shown(void **state)
{
  (void)state;
  metrics_counter("test_plain_total", "Plain.", NULL);
  expect_family("test_plain_total",
                "# HELP test_plain_total Plain.\n# TYPE test_plain_total counter\ntest_plain_total 0\n");
  metrics_counter("test_labelled_total", "Labelled.", "op", NULL);
  expect_family("test_labelled_total", "");
  MetricFamily *expiry = metrics_gauge("test_expiry_timestamp_seconds", "Expiry.", NULL);
  expect_family("test_expiry_timestamp_seconds", "");
  metric_set(expiry, 1700000000.5);
  expect_family("test_expiry_timestamp_seconds",
                "# HELP test_expiry_timestamp_seconds Expiry.\n# TYPE test_expiry_timestamp_seconds gauge\n"
                "test_expiry_timestamp_seconds 1700000000.5\n");
  metric_remove(expiry);
  expect_family("test_expiry_timestamp_seconds", "");
  metric_remove(expiry);
}

static void label_values_are_bounded_and_valid(void **state)
{
  (void)state;
  MetricFamily *calls = metrics_counter("test_hostile_total", "Hostile.", "code", NULL);
  metric_add(calls, 1, "\xff");
  assert_int_equal(value_of("test_hostile_total{code=\"\xef\xbf\xbd\"}"), 1);
  g_autofree char *fits = g_strnfill(METRICS_MAX_VALUE_BYTES - 1, 'x');
  g_autofree char *series = g_strdup_printf("test_hostile_total{code=\"%s\"}", fits);
  g_autofree char *split = g_strconcat(fits, "\xc3\xa9", NULL), *whole = g_strconcat(fits, "yz", NULL);
  metric_add(calls, 5, split); /* a character across the limit goes as a whole */
  assert_int_equal(value_of(series), 5);
  metric_add(calls, 7, whole);
  g_autofree char *longest = g_strdup_printf("test_hostile_total{code=\"%sy\"}", fits);
  assert_int_equal(value_of(longest), 7);
}

static void families_have_a_ceiling(void **state)
{
  (void)state;
  MetricFamily *calls = metrics_counter("test_many_total", "Many.", "id", NULL);
  double before = value_of("evs_metrics_dropped_series_total");
  for (int i = 0; i < METRICS_MAX_SERIES + 3; i++) {
    g_autofree char *id = g_strdup_printf("%d", i);
    metric_add(calls, 1, id);
  }
  series_add(metric_series(calls, "one more"), 1);
  metric_add(calls, 1, "0");
  g_autofree char *text = family_text("test_many_total");
  guint lines = 0;
  for (const char *at = text; (at = strchr(at, '\n')); at++)
    lines++;
  assert_int_equal(lines, METRICS_MAX_SERIES + 2);
  assert_int_equal(value_of("test_many_total{id=\"0\"}"), 2);
  assert_int_equal(value_of("evs_metrics_dropped_series_total"), before + 4);
}

static void collect_twice(void *data)
{
  *(int *)data += 1;
  metric_set(metrics_gauge("test_collected", "Collected.", NULL), *(int *)data);
}

static void collectors_run_before_each_page(void **state)
{
  (void)state;
  int runs = 0, other = 100;
  metrics_collect(collect_twice, &runs);
  assert_int_equal(value_of("test_collected"), 1);
  assert_int_equal(value_of("test_collected"), 2);
  metrics_collect_end(collect_twice, &other); /* another one's */
  assert_int_equal(value_of("test_collected"), 3);
  metrics_collect_end(collect_twice, &runs);
  assert_int_equal(value_of("test_collected"), 3);
  assert_int_equal(runs, 3);
}

enum { THREADS = 4, ROUNDS = 2000 };

static void *hammer(void *argument)
{
  (void)argument;
  MetricFamily *calls = metrics_counter("test_threads_total", "Threads.", "op", NULL);
  MetricFamily *lag = metrics_histogram("test_threads_seconds", "Threads.", NULL);
  MetricSeries *series = metric_series(calls, "kept"), *times = metric_series(lag);
  for (int i = 0; i < ROUNDS; i++) {
    series_add(series, 1);
    metric_add(calls, 1, "looked up");
    series_observe(times, 0.5);
    if (i % 500 == 0)
      g_free(metrics_render());
  }
  return NULL;
}

static void updates_from_many_threads_all_count(void **state)
{
  (void)state;
  Thread threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    threads[i] = thread_start("hammer", hammer, NULL);
  for (int i = 0; i < THREADS; i++)
    thread_join(threads[i]);
  assert_int_equal(value_of("test_threads_total{op=\"kept\"}"), THREADS * ROUNDS);
  assert_int_equal(value_of("test_threads_total{op=\"looked up\"}"), THREADS * ROUNDS);
  assert_int_equal(value_of("test_threads_seconds_count"), THREADS * ROUNDS);
  assert_int_equal(value_of("test_threads_seconds_sum"), THREADS * ROUNDS / 2);
}

static void process_tells_of_itself(void **state)
{
  (void)state;
  process_metrics_declare();
  double before = value_of("process_open_fds");
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_int_equal(value_of("process_open_fds"), before + 1);
  close(fd);
  assert_int_equal(value_of("process_open_fds"), before);
  assert_true(value_of("process_max_fds") > before);
  double now = (double)clock_wall_us() / G_USEC_PER_SEC, start = value_of("process_start_time_seconds");
  assert_true(start > now - 600 && start <= now + 1);
  double resident = value_of("process_resident_memory_bytes");
  assert_true(resident > 500000 && value_of("process_virtual_memory_bytes") > resident);
  double used = value_of("process_cpu_seconds_total");
  assert_true(used >= 0 && used < 600);
  gint64 end_us = clock_deadline_in_ms(5000);
  while (value_of("process_cpu_seconds_total") <= used) /* rendering takes CPU time */
    assert_true(clock_now_us() < end_us);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(page_is_prometheus_text),
    cmocka_unit_test(histogram_buckets_are_cumulative),
    cmocka_unit_test(what_has_nothing_to_say_is_not_shown),
    cmocka_unit_test(label_values_are_bounded_and_valid),
    cmocka_unit_test(families_have_a_ceiling),
    cmocka_unit_test(collectors_run_before_each_page),
    cmocka_unit_test(updates_from_many_threads_all_count),
    cmocka_unit_test(process_tells_of_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
