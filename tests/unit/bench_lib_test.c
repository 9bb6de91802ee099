/* bench/: what sidecars make of answers, the queue they work by, figures, options. No processes. */
#include "bench/goals.h"
#include "bench/options.h"
#include "bench/storm.h"
#include "bench/table.h"
#include "tests/unit/cmocka_all.h"

#include "base/clock.h"
#include "base/thread.h"

static void codes_are_final_as_each_sidecar_takes_them(void **state)
{
  (void)state;
  static const EvsCode running[] = {EVS_CODE_ABORTED, EVS_CODE_DEADLINE_EXCEEDED, EVS_CODE_UNAVAILABLE,
                                    EVS_CODE_CANCELLED};
  static const EvsCode final[] = {EVS_CODE_INTERNAL,  EVS_CODE_INVALID_ARGUMENT,
                                  EVS_CODE_NOT_FOUND, EVS_CODE_FAILED_PRECONDITION,
                                  EVS_CODE_UNKNOWN,   EVS_CODE_UNAUTHENTICATED};
  for (int sidecar = 0; sidecar < SIDECAR_COUNT; sidecar++) {
    for (gsize i = 0; i < G_N_ELEMENTS(running); i++)
      assert_false(sidecar_code_is_final((Sidecar)sidecar, running[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(final); i++)
      assert_true(sidecar_code_is_final((Sidecar)sidecar, final[i]));
  }
  assert_true(sidecar_code_is_final(SIDECAR_PROVISIONER, EVS_CODE_RESOURCE_EXHAUSTED));
  assert_false(sidecar_code_is_final(SIDECAR_ATTACHER, EVS_CODE_RESOURCE_EXHAUSTED));
}

static void back_off_doubles_up_to_its_most(void **state)
{
  (void)state;
  BackOff back_off = {.start_ms = 1000, .max_ms = 300000};
  GRand *random = g_rand_new_with_seed(1);
  assert_int_equal(back_off_us(&back_off, 1, random), 1000000);
  assert_int_equal(back_off_us(&back_off, 2, random), 2000000);
  assert_int_equal(back_off_us(&back_off, 9, random), 256000000);
  assert_int_equal(back_off_us(&back_off, 10, random), 300000000);
  assert_int_equal(back_off_us(&back_off, 4000000000u, random), 300000000);
  back_off.jitter = TRUE;
  gint64 least = G_MAXINT64, most = 0;
  for (int i = 0; i < 1000; i++) {
    gint64 us = back_off_us(&back_off, 1, random);
    least = MIN(least, us);
    most = MAX(most, us);
  }
  assert_in_range(least, 500000, 520000);
  assert_in_range(most, 1480000, 1500000);
  g_rand_free(random);
}

static void percentiles_are_values_that_were_seen(void **state)
{
  (void)state;
  Samples *samples = samples_new();
  assert_int_equal(samples_percentile(samples, 50), 0);
  for (int i = 200; i > 0; i--)
    samples_add(samples, i * 1000);
  assert_int_equal(samples_percentile(samples, 50), 100000);
  assert_int_equal(samples_percentile(samples, 99), 198000);
  assert_int_equal(samples_percentile(samples, 100), 200000);
  samples_add(samples, 1); /* after it was sorted */
  assert_int_equal(samples_percentile(samples, 0), 1);
  json_t *shown = samples_render(samples, "ms", 1000);
  assert_int_equal(json_integer_value(json_object_get(shown, "count")), 201);
  assert_true(json_number_value(json_object_get(shown, "max_ms")) == 200.0);
  json_decref(shown);
  samples_free(samples);
}

/* ---- the storm ---- */

typedef struct {
  int steps_done, calls;
  gint64 called_us[8];
} Thing;

typedef struct {
  Mutex lock;
  int under_way, most_under_way, fail_each; /* each object's first so many calls fail */
  EvsCode code;
} World;

static StepOutcome world_call(gpointer object, guint attempt, gpointer data, GError **error)
{
  Thing *thing = object;
  World *world = data;
  {
    MUTEX_HOLD(&world->lock);
    world->under_way++;
    world->most_under_way = MAX(world->most_under_way, world->under_way);
  }
  thing->called_us[thing->calls++] = clock_now_us();
  clock_sleep_until(clock_deadline_in_ms(2));
  {
    MUTEX_HOLD(&world->lock);
    world->under_way--;
  }
  if ((int)attempt < world->fail_each) {
    evs_error_set(error, world->code, "not this time");
    return STEP_FAILED;
  }
  thing->steps_done++;
  return STEP_DONE;
}

static StepOutcome ready_at_second(gpointer object, guint attempt, gpointer data, GError **error)
{
  (void)data;
  (void)error;
  ((Thing *)object)->calls++;
  return attempt == 0 ? STEP_NOT_YET : STEP_DONE;
}

static const StormStep first_step = {"First", "firstJob", SIDECAR_ATTACHER, world_call};
static const StormStep second_step = {"Second", "secondJob", SIDECAR_PROVISIONER, world_call};
static const StormStep *const both[] = {&first_step, &second_step, NULL};
static const StormStep *const only_first[] = {&first_step, NULL};

static int tally_of(json_t *(*tally)(const Storm *), const Storm *storm, const char *code)
{
  json_t *shown = tally(storm);
  int count = (int)json_integer_value(code ? json_object_get(json_object_get(shown, "by_code"), code)
                                           : json_object_get(shown, "total"));
  json_decref(shown);
  return count;
}

static void all_objects_go_through_their_steps(void **state)
{
  (void)state;
  enum { N = 40, WORKERS = 5 };
  Thing things[N] = {{0}};
  World world = {.lock = MUTEX_INIT};
  StormOptions options = {.workers = WORKERS, .back_off = {1000, 1000, FALSE}, .limit_ms = 30000};
  g_autoptr(Storm) storm = storm_new(&options);
  for (int i = 0; i < N; i++)
    storm_add(storm, &things[i], both, 0);
  storm_run(storm, &world);
  assert_int_equal(storm_done(storm), N);
  assert_in_range(world.most_under_way, 2, 2 * WORKERS);
  for (int i = 0; i < N; i++)
    assert_int_equal(things[i].steps_done, 2);
  assert_int_equal(storm_answers(storm)->len, 2 * N);
  Samples *second = g_hash_table_lookup((GHashTable *)storm_calls(storm), "Second");
  assert_int_equal(samples_count(second), N);
  assert_int_equal(tally_of(storm_failures, storm, NULL), 0);
  assert_true(storm_makespan_us(storm) >= N / WORKERS * 2000);
}

/* Waits 20, then 40 ms; final and other codes are told apart; the next step's first failure waits 20 ms again. */
static void failures_come_again_later(void **state)
{
  (void)state;
  for (int round = 0; round < 2; round++) {
    Thing thing = {0};
    World world = {.lock = MUTEX_INIT, .fail_each = 2, .code = round ? EVS_CODE_INTERNAL : EVS_CODE_ABORTED};
    StormOptions options = {.workers = 2, .back_off = {20, 1000, FALSE}, .limit_ms = 30000};
    g_autoptr(Storm) storm = storm_new(&options);
    storm_add(storm, &thing, only_first, 0);
    storm_run(storm, &world);
    assert_int_equal(storm_done(storm), 1);
    assert_int_equal(thing.calls, 3);
    assert_true(thing.called_us[1] - thing.called_us[0] >= 20000);
    assert_true(thing.called_us[2] - thing.called_us[1] >= 40000);
    assert_int_equal(tally_of(storm_failures, storm, NULL), round ? 2 : 0);
    assert_int_equal(tally_of(storm_retries, storm, NULL), round ? 0 : 2);
    assert_int_equal(tally_of(storm_failures, storm, "First INTERNAL"), round ? 2 : 0);
  }
}

/* Two that come again at different times while all workers idle: neither may be overslept. */
static void every_time_of_coming_is_watched(void **state)
{
  (void)state;
  enum { N = 6 };
  Thing things[N] = {{0}};
  World world = {.lock = MUTEX_INIT};
  StormOptions options = {.workers = N, .back_off = {10, 10, FALSE}, .limit_ms = 30000};
  g_autoptr(Storm) storm = storm_new(&options);
  gint64 begin_us = clock_now_us();
  for (int i = 0; i < N; i++)
    storm_add(storm, &things[i], only_first, i * 30000);
  storm_run(storm, &world);
  assert_int_equal(storm_done(storm), N);
  for (int i = 0; i < N; i++) {
    assert_true(things[i].called_us[0] - begin_us >= i * 30000);
    assert_true(things[i].called_us[0] - begin_us < i * 30000 + 10000000);
  }
}

static void what_is_not_ready_is_asked_again(void **state)
{
  (void)state;
  static const StormStep step = {"Ready", "job", SIDECAR_SNAPSHOTTER, ready_at_second};
  static const StormStep *const steps[] = {&step, NULL};
  Thing thing = {0};
  StormOptions options = {.workers = 1, .back_off = {5, 5, FALSE}, .limit_ms = 30000};
  g_autoptr(Storm) storm = storm_new(&options);
  storm_add(storm, &thing, steps, 0);
  storm_run(storm, NULL);
  assert_int_equal(thing.calls, 2);
  assert_int_equal(tally_of(storm_failures, storm, NULL) + tally_of(storm_retries, storm, NULL), 0);
}

static void the_limit_ends_it(void **state)
{
  (void)state;
  Thing thing = {0};
  World world = {.lock = MUTEX_INIT, .fail_each = 100, .code = EVS_CODE_INTERNAL};
  StormOptions options = {.workers = 1, .back_off = {60000, 60000, FALSE}, .limit_ms = 50};
  g_autoptr(Storm) storm = storm_new(&options);
  storm_add(storm, &thing, only_first, 0);
  storm_run(storm, &world);
  assert_int_equal(storm_done(storm), 0);
  assert_int_equal(thing.calls, 1);
}

/* ---- options, results ---- */

static void scenarios_are_read(void **state)
{
  (void)state;
  g_autoptr(Scenario) attach = scenario_parse("attach:500/50", NULL);
  assert_int_equal(attach->kind, SCENARIO_ATTACH);
  assert_int_equal(attach->count, 500);
  assert_int_equal(attach->servers, 50);
  g_autoptr(Scenario) rpc = scenario_parse("rpc", NULL);
  assert_int_equal(rpc->count, 200000);
  static const char *const refused[] = {
    "create",  "create:", "create:0",  "create:5/5", "attach:5", "attach:5/", "attach:5/0",
    "creat:5", "",        "mix:86401", "create:1.5", "rpc:",     "attach:/5", "create:50000000"};
  for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(GError) error = NULL;
    if (scenario_parse(refused[i], &error))
      fail_msg("'%s' was taken", refused[i]);
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  }
}

static void options_name_what_is_missing(void **state)
{
  (void)state;
  static const struct {
    const char *argument, *scenario, *missing;
  } cases[] = {
    {"--seed=1", "create:1", "--controller"},
    {"--controller=unix:///a", "attach:1/1", "--sim or --servers"},
    {"--controller=unix:///a", "node:1", "--node"},
    {"--sim=http://127.0.0.1:1", "startup", "--command"},
    {"--pid=1,x", "rpc", "--pid"},
    {"--workers=0", "rpc", "--node or --controller"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *scenario = g_strdup_printf("--scenario=%s", cases[i].scenario);
    char *argv[] = {(char *)"evs-bench", (char *)cases[i].argument, scenario, NULL};
    g_auto(Options) options = {0};
    g_autoptr(GError) error = NULL;
    assert_false(options_parse(3, argv, &options, &error));
    if (!strstr(error->message, cases[i].missing))
      fail_msg("%s: %s", cases[i].missing, error->message);
  }
}

static char *write_result(const char *dir, int seed, const char *row)
{
  g_autofree char *text =
    g_strdup_printf("{\"format\":1,\"seed\":%d,\"scenarios\":[{\"scenario\":\"create:5\",%s}]}", seed, row);
  char *path = g_strdup_printf("%s/%d.json", dir, seed);
  assert_true(g_file_set_contents(path, text, -1, NULL));
  return path;
}

static void results_merge_to_their_median(void **state)
{
  (void)state;
  g_autofree char *dir = g_dir_make_tmp("bench-XXXXXX", NULL);
  char *files[] = {
    write_result(dir, 1, "\"makespan_ms\":5.0,\"ratio\":1.5,\"objects\":5,\"failures\":{\"total\":0}"),
    write_result(dir, 2, "\"makespan_ms\":4.0,\"ratio\":1.1,\"objects\":5,\"failures\":{\"total\":7}"),
    write_result(dir, 3, "\"makespan_ms\":9.0,\"objects\":5,\"failures\":{\"total\":1}"), NULL};
  g_autoptr(GError) error = NULL;
  json_t *merged = table_merge(files, &error);
  assert_non_null(merged);
  const json_t *row = json_array_get(json_object_get(merged, "scenarios"), 0);
  assert_string_equal(json_string_value(json_object_get(row, "scenario")), "create:5");
  assert_true(json_number_value(json_object_get(row, "makespan_ms")) == 5.0);
  assert_true(json_number_value(json_object_get(row, "ratio")) == 1.3);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(row, "failures"), "total")), 1);
  assert_int_equal(json_integer_value(json_object_get(merged, "runs")), 3);
  g_autofree char *table = table_render(merged);
  assert_non_null(strstr(table, "create:5"));
  assert_non_null(strstr(table, "1.300"));
  json_decref(merged);
  assert_true(g_file_set_contents(files[1], "{\"format\":2}", -1, NULL));
  assert_null(table_merge(files, &error));
  assert_non_null(strstr(error->message, files[1]));
  for (char **file = files; *file; file++) {
    unlink(*file);
    g_free(*file);
  }
  rmdir(dir);
}

static void goals_are_held_against_a_result(void **state)
{
  (void)state;
  json_t *result =
    json_pack("{s:[{s:s,s:f,s:{s:i}},{s:s,s:{s:f}},{s:s}]}", "scenarios", "scenario", "create:500", "ratio",
              1.11, "failures", "total", 0, "scenario", "rpc", "figures", "node Probe, 1 in flight, calls/s",
              30000.0, "scenario", "attach:1/1");
  guint missed;
  g_autofree char *shown = goals_render(result, &missed);
  json_decref(result);
  assert_int_equal(missed, 1);
  g_auto(GStrv) lines = g_strsplit(g_strstrip(shown), "\n", -1);
  assert_int_equal(g_strv_length(lines), 4); /* the head and three goals */
  assert_true(g_str_has_suffix(lines[1], "MISSED"));
  assert_true(g_str_has_suffix(lines[2], " met"));
  assert_true(g_str_has_suffix(lines[3], " met"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(codes_are_final_as_each_sidecar_takes_them),
    cmocka_unit_test(back_off_doubles_up_to_its_most),
    cmocka_unit_test(percentiles_are_values_that_were_seen),
    cmocka_unit_test(all_objects_go_through_their_steps),
    cmocka_unit_test(failures_come_again_later),
    cmocka_unit_test(every_time_of_coming_is_watched),
    cmocka_unit_test(what_is_not_ready_is_asked_again),
    cmocka_unit_test(the_limit_ends_it),
    cmocka_unit_test(scenarios_are_read),
    cmocka_unit_test(options_name_what_is_missing),
    cmocka_unit_test(results_merge_to_their_median),
    cmocka_unit_test(goals_are_held_against_a_result),
  };
  return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
