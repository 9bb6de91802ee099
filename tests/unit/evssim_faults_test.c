/* evssim/faults.c, stats.c, rate.c: which requests a fault hits, what is counted, how often one may call. */
#include "tests/unit/cmocka_all.h"

#include "base/error.h"
#include "evssim/faults.h"
#include "evssim/jsonread.h"
#include "evssim/rate.h"
#include "evssim/stats.h"

static const char *add(Faults *faults, const char *text, GError **error)
{
  g_autoptr(json_t) document = jsonread_text(text, strlen(text), "fault", error);
  return document ? faults_add(faults, document, error) : NULL;
}

/* The kind that fires on this request, -1 for none. */
static int fire(Faults *faults, const char *op, const char *account, const char *volume)
{
  FaultAction *actions[FAULT_KINDS] = {NULL};
  int kind = -1;
  faults_fire(faults, ~0u, op, account, volume, actions);
  for (int i = 0; i < FAULT_KINDS; i++) {
    if (actions[i])
      kind = i;
    fault_action_unref(actions[i]);
  }
  return kind;
}

static void bad_faults_are_refused_by_name(void **state)
{
  static const struct {
    const char *text, *part;
  } rows[] = {
    {"{}", "'action' is missing"},
    {"{\"action\":{}}", "action: 'kind' is missing"},
    {"{\"action\":{\"kind\":\"explode\"}}", "'kind' must be one of status, delay, drop, body, job, stuck"},
    {"{\"action\":{\"kind\":\"delay\"}}", "'ms' is missing"},
    {"{\"action\":{\"kind\":\"delay\",\"ms\":1,\"when\":\"after\"}}", "action: unknown key 'when'"},
    {"{\"action\":{\"kind\":\"status\"}}", "'status' is missing"},
    {"{\"action\":{\"kind\":\"status\",\"status\":99}}", "'status' must be a whole number from 200 to 599"},
    {"{\"action\":{\"kind\":\"status\",\"status\":500,\"shape\":\"round\"}}",
     "'shape' must be one of error, flat"},
    {"{\"action\":{\"kind\":\"drop\",\"when\":\"now\"}}", "'when' must be one of before, after"},
    {"{\"action\":{\"kind\":\"job\",\"result\":\"SUCCESS\"}}", "'result' must be one of FAIL, vanish, early"},
    {"{\"action\":{\"kind\":\"stuck\",\"state\":\"odd\"}}", "'state' must be one of creating, attaching"},
    {"{\"action\":{\"kind\":\"body\"}}", "'mode' is missing"},
    {"{\"action\":{\"kind\":\"throttle\",\"form\":\"999\",\"ms\":1}}", "'form' must be one of 429, 503, 202"},
    {"{\"action\":{\"kind\":\"kill\",\"pid\":1}}", "'pid' must be a whole number from 2"},
    {"{\"action\":{\"kind\":\"delay\",\"ms\":1},\"match\":{\"user\":\"x\"}}", "match: unknown key 'user'"},
    {"{\"action\":{\"kind\":\"delay\",\"ms\":1},\"time\":3}", "fault: unknown key 'time'"},
    {"{\"action\":{\"kind\":\"delay\",\"ms\":1},\"probability\":1.5}",
     "'probability' must be a number from 0 to 1"},
    {"{\"action\":{\"kind\":\"delay\",\"ms\":1},\"times\":0}", "'times' must be a whole number from 1"},
  };
  (void)state;
  Faults *faults = faults_new(1);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(add(faults, rows[i].text, &error));
    assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
    if (!strstr(error->message, rows[i].part))
      fail_msg("row %zu: '%s'", i, error->message);
  }
  g_autoptr(json_t) list = faults_list(faults);
  assert_int_equal(json_array_size(list), 0);
  faults_free(faults);
}

static void match_skip_and_times(void **state)
{
  (void)state;
  Faults *faults = faults_new(1);
  const char *id =
    add(faults,
        "{\"match\":{\"op\":\"6.1.1\",\"account\":\"a\",\"volume\":\"v\",\"skip\":2},\"times\":2,"
        "\"action\":{\"kind\":\"drop\",\"when\":\"after\"}}",
        NULL);
  assert_string_equal(id, "f1");
  assert_int_equal(fire(faults, "6.1.3", "a", "v"), -1);
  assert_int_equal(fire(faults, "6.1.1", "b", "v"), -1);
  assert_int_equal(fire(faults, "6.1.1", "a", NULL), -1);
  static const int wanted[] = {-1, -1, FAULT_DROP, FAULT_DROP, -1, -1};
  for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
    assert_int_equal(fire(faults, "6.1.1", "a", "v"), wanted[i]);
  g_autoptr(json_t) list = faults_list(faults);
  const json_t *item = json_array_get(list, 0);
  assert_int_equal(json_integer_value(json_object_get(item, "hits")), 2);
  assert_string_equal(json_string_value(json_object_get(item, "id")), "f1");
  assert_int_equal(json_integer_value(json_object_get(item, "times")), 2);
  assert_false(faults_remove(faults, "f2"));
  assert_true(faults_remove(faults, "f1"));
  assert_string_equal(add(faults, "{\"action\":{\"kind\":\"delay\",\"ms\":1}}", NULL), "f2");
  assert_int_equal(fire(faults, "anything", NULL, NULL), FAULT_DELAY);
  assert_true(faults_remove(faults, NULL));
  assert_int_equal(fire(faults, "anything", NULL, NULL), -1);
  faults_free(faults);
}

static void kinds_combine_and_the_first_of_a_kind_counts(void **state)
{
  (void)state;
  Faults *faults = faults_new(1);
  add(faults, "{\"times\":1,\"action\":{\"kind\":\"delay\",\"ms\":10}}", NULL);
  add(faults, "{\"action\":{\"kind\":\"delay\",\"ms\":20}}", NULL);
  add(faults, "{\"action\":{\"kind\":\"drop\"}}", NULL);
  FaultAction *actions[FAULT_KINDS] = {NULL};
  faults_fire(faults, ~0u, "x", NULL, NULL, actions);
  assert_int_equal(actions[FAULT_DELAY]->ms, 10);
  assert_false(actions[FAULT_DROP]->after);
  faults_remove(faults, NULL); /* fired actions outlive their fault */
  assert_int_equal(actions[FAULT_DELAY]->ms, 10);
  assert_string_equal(actions[FAULT_DROP]->fault_id, "f3");
  fault_action_unref(actions[FAULT_DELAY]);
  fault_action_unref(actions[FAULT_DROP]);
  faults_free(faults);
}

static void probability_is_about_right(void **state)
{
  (void)state;
  Faults *faults = faults_new(5);
  add(faults, "{\"probability\":0.25,\"action\":{\"kind\":\"delay\",\"ms\":1}}", NULL);
  int hits = 0;
  for (int i = 0; i < 4000; i++)
    hits += fire(faults, "x", NULL, NULL) == FAULT_DELAY;
  assert_in_range(hits, 880, 1120);
  faults_free(faults);
}

/* A throttle hits everything for its time, and counts as one. */
static void throttle_opens_a_window(void **state)
{
  (void)state;
  Faults *faults = faults_new(1);
  add(faults, "{\"times\":1,\"action\":{\"kind\":\"throttle\",\"form\":\"202\",\"ms\":3600000}}", NULL);
  for (int i = 0; i < 5; i++)
    assert_int_equal(fire(faults, "x", NULL, NULL), FAULT_THROTTLE);
  g_autoptr(json_t) list = faults_list(faults);
  assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "hits")), 1);
  faults_remove(faults, NULL);
  add(faults, "{\"times\":1,\"action\":{\"kind\":\"throttle\",\"ms\":0}}", NULL);
  assert_int_equal(fire(faults, "x", NULL, NULL), FAULT_THROTTLE);
  assert_int_equal(fire(faults, "x", NULL, NULL), -1);
  faults_free(faults);
}

static void calls_are_counted(void **state)
{
  (void)state;
  g_autoptr(Profile) profile = profile_load("fast", 1, NULL);
  Stats *stats = stats_new(profile);
  stats_count(stats, "6.1.1", 202, NULL);
  stats_count(stats, "6.1.1", 202, "");
  stats_count(stats, "6.1.1", 429, "APIGW.0308");
  stats_count(stats, "6.1.1", 0, NULL);
  g_autoptr(json_t) wanted =
    json_pack("{s:{s:{s:i,s:{s:i,s:i,s:i},s:{s:i}}},s:{}}", "calls", "6.1.1", "total", 4, "status", "202", 2,
              "429", 1, "dropped", 1, "code", "APIGW.0308", 1, "oracle_ms");
  g_autoptr(json_t) got = stats_render(stats);
  assert_true(json_equal(got, wanted));
  assert_int_equal(stats_total(stats, "6.1.1"), 4);
  stats_reset(stats);
  assert_int_equal(stats_total(stats, "6.1.1"), 0);
  stats_free(stats);
}

static void buckets_fill_at_their_rate(void **state)
{
  (void)state;
  Rate *rate = rate_new(10, 3);
  gint64 now_us = 5000000;
  for (int i = 0; i < 3; i++)
    assert_true(rate_take(rate, "u/6.1.1", now_us));
  assert_false(rate_take(rate, "u/6.1.1", now_us));
  assert_true(rate_take(rate, "u/6.1.4", now_us)); /* a bucket of its own */
  assert_false(rate_take(rate, "u/6.1.1", now_us + 90000));
  assert_true(rate_take(rate, "u/6.1.1", now_us + 110000));
  assert_false(rate_take(rate, "u/6.1.1", now_us + 120000));
  now_us += 60000000; /* no more than the burst is saved up */
  for (int i = 0; i < 3; i++)
    assert_true(rate_take(rate, "u/6.1.1", now_us));
  assert_false(rate_take(rate, "u/6.1.1", now_us));
  rate_free(rate);
  Rate *free_rate = rate_new(0, 1);
  for (int i = 0; i < 100; i++)
    assert_true(rate_take(free_rate, "u", now_us));
  rate_free(free_rate);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(bad_faults_are_refused_by_name),
    cmocka_unit_test(match_skip_and_times),
    cmocka_unit_test(kinds_combine_and_the_first_of_a_kind_counts),
    cmocka_unit_test(probability_is_about_right),
    cmocka_unit_test(throttle_opens_a_window),
    cmocka_unit_test(calls_are_counted),
    cmocka_unit_test(buckets_fill_at_their_rate),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
