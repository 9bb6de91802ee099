/* base/flight.c: joining, leaving, claims, and the races between them. */
#include "base/clock.h"
#include "base/error.h"
#include "base/flight.h"
#include "base/thread.h"
#include "tests/unit/cmocka_all.h"

/* A member counts its answers. */
typedef struct {
  int answers; /* atomic */
  gconstpointer result;
  EvsCode code;
} Member;

static void answer(void *pointer, gconstpointer result, const GError *error)
{
  Member *member = pointer;
  member->result = result;
  member->code = error ? evs_error_code(error) : EVS_CODE_OK;
  __atomic_add_fetch(&member->answers, 1, __ATOMIC_RELEASE);
}

static const guint8 *fingerprint(guint8 seed)
{
  static const guint8 prints[][FLIGHT_FINGERPRINT_BYTES] = {{0}, {1}, {2}};
  return prints[seed];
}

static Flight *join(FlightTable *table, const char *key, guint8 seed, Member *member, gboolean expect_started)
{
  g_autoptr(GError) error = NULL;
  gboolean started = !expect_started;
  Flight *flight = flight_join(table, key, "CreateVolume pvc-1", fingerprint(seed), member, &started, &error);
  if (!flight)
    fail_msg("%s", error->message);
  assert_int_equal(started, expect_started);
  return flight;
}

static void equal_requests_get_the_one_result(void **state)
{
  (void)state;
  FlightTable *table = flight_table_new(answer, 10);
  Member one = {0}, two = {0}, later = {0};
  Flight *flight = join(table, "create:a", 1, &one, TRUE);
  assert_ptr_equal(join(table, "create:a", 1, &two, FALSE), flight);
  assert_int_equal(flight_joined(flight), 2);
  flight_finish(flight, "result", NULL);
  assert_int_equal(one.answers, 1);
  assert_string_equal(two.result, "result");
  /* the key is free again, also for a different request */
  flight_finish(join(table, "create:a", 2, &later, TRUE), "other", NULL);
  assert_string_equal(later.result, "other");
  assert_int_equal(one.answers, 1);
  flight_table_free(table);
}

static void errors_reach_every_member(void **state)
{
  (void)state;
  FlightTable *table = flight_table_new(answer, 10);
  Member one = {0}, two = {0};
  Flight *flight = join(table, "create:a", 1, &one, TRUE);
  join(table, "create:a", 1, &two, FALSE);
  g_autoptr(GError) error = NULL;
  evs_error_set(&error, EVS_CODE_RESOURCE_EXHAUSTED, "quota");
  flight_finish(flight, NULL, error);
  assert_int_equal(one.code, EVS_CODE_RESOURCE_EXHAUSTED);
  assert_int_equal(two.code, EVS_CODE_RESOURCE_EXHAUSTED);
  flight_table_free(table);
}

static void different_request_is_told_what_runs(void **state)
{
  (void)state;
  FlightTable *table = flight_table_new(answer, 10);
  Member one = {0}, two = {0};
  gboolean started;
  g_autoptr(GError) error = NULL;
  Flight *flight = join(table, "create:a", 1, &one, TRUE);
  flight_note(flight, "old note");
  flight_note(flight, "job 1f3a runs");
  assert_null(flight_join(table, "create:a", "CreateVolume pvc-1", fingerprint(2), &two, &started, &error));
  assert_true(evs_error_is(error, EVS_CODE_ABORTED));
  assert_non_null(strstr(error->message, "CreateVolume pvc-1 runs since 0 s: job 1f3a runs"));
  g_autofree char *text = flight_table_describe(table, "create:a");
  assert_string_equal(text, "CreateVolume pvc-1 runs since 0 s: job 1f3a runs");
  assert_null(flight_table_describe(table, "create:b"));
  flight_finish(flight, "r", NULL);
  assert_int_equal(two.answers, 0);
  flight_table_free(table);
}

static void who_left_gets_no_answer(void **state)
{
  (void)state;
  FlightTable *table = flight_table_new(answer, 10);
  Member one = {0}, two = {0};
  Flight *flight = join(table, "create:a", 1, &one, TRUE);
  assert_true(flight_wanted(flight));
  assert_true(flight_leave(table, "create:a", &one));
  assert_false(flight_leave(table, "create:a", &one));
  assert_false(flight_leave(table, "create:b", &one));
  assert_false(flight_wanted(flight));
  join(table, "create:a", 1, &two, FALSE);
  assert_true(flight_wanted(flight));
  flight_finish(flight, "r", NULL);
  assert_int_equal(one.answers, 0);
  assert_int_equal(two.answers, 1);
  assert_false(flight_leave(table, "create:a", &two));
  flight_table_free(table);
}

static void members_have_a_ceiling(void **state)
{
  (void)state;
  FlightTable *table = flight_table_new(answer, 2);
  Member members[3] = {0};
  gboolean started;
  g_autoptr(GError) error = NULL;
  Flight *flight = join(table, "create:a", 1, &members[0], TRUE);
  join(table, "create:a", 1, &members[1], FALSE);
  assert_null(flight_join(table, "create:b", "x", fingerprint(1), &members[2], &started, &error));
  assert_true(evs_error_is(error, EVS_CODE_RESOURCE_EXHAUSTED));
  assert_true(flight_leave(table, "create:a", &members[1]));
  flight_finish(join(table, "create:b", 1, &members[2], TRUE), "r", NULL);
  flight_finish(flight, "r", NULL);
  flight_table_free(table);
}

static void claims_exclude_other_flights_until_the_end(void **state)
{
  (void)state;
  FlightTable *table = flight_table_new(answer, 10);
  Member one = {0}, two = {0};
  g_autoptr(GError) error = NULL;
  Flight *holder = join(table, "attach:v+s", 1, &one, TRUE), *other = join(table, "volume:v", 2, &two, TRUE);
  assert_true(flight_claim(holder, "volume:v", NULL));
  assert_true(flight_claim(holder, "volume:v", NULL));
  assert_false(flight_claim(other, "volume:v", &error));
  assert_true(evs_error_is(error, EVS_CODE_ABORTED));
  assert_string_equal(error->message, "'volume:v' is busy: CreateVolume pvc-1 runs since 0 s");
  flight_finish(holder, "r", NULL);
  assert_true(flight_claim(other, "volume:v", NULL));
  flight_finish(other, "r", NULL);
  flight_table_free(table);
}

static void pending_is_rendered_as_json(void **state)
{
  (void)state;
  FlightTable *table = flight_table_new(answer, 10);
  g_autofree char *none = flight_table_render(table);
  assert_string_equal(none, "[]");
  Member one = {0};
  Flight *flight = join(table, "create:\"a", 1, &one, TRUE);
  flight_note(flight, "n\n");
  g_autofree char *some = flight_table_render(table);
  assert_true(
    g_str_has_prefix(some, "[{\"key\":\"create:\\\"a\",\"operation\":\"CreateVolume pvc-1\",\"age_ms\":"));
  assert_true(g_str_has_suffix(some, ",\"members\":1,\"note\":\"n\\n\"}]"));
  flight_finish(flight, "r", NULL);
  flight_table_free(table);
}

/* ---- races: many threads join, leave, claim and finish; each member is answered or has left, never both ---- */

enum { THREADS = 16, ROUNDS = 400, KEYS = 3 };

typedef struct {
  FlightTable *table;
  guint seed;
  int started, answered, left, refused; /* written by this thread only */
  int *running;                         /* per key: flights at a time, atomic */
} Racer;

static void finish_flight(Racer *racer, int key, Flight *flight)
{
  assert_int_equal(__atomic_add_fetch(&racer->running[key], 1, __ATOMIC_SEQ_CST), 1);
  racer->started++;
  g_autoptr(GError) error = NULL;
  flight_note(flight, "n");
  if (flight_claim(flight, "shared", &error))
    g_assert_no_error(error);
  if (rand_r(&racer->seed) % 4 == 0)
    clock_sleep_until(clock_now_us() + 200);
  flight_wanted(flight);
  assert_int_equal(__atomic_sub_fetch(&racer->running[key], 1, __ATOMIC_SEQ_CST), 0);
  flight_finish(flight, "r", NULL);
}

static void wait_answer(const Member *member)
{
  gint64 until_us = clock_deadline_in_ms(20000);
  while (__atomic_load_n(&member->answers, __ATOMIC_ACQUIRE) == 0) {
    if (clock_now_us() > until_us)
      fail_msg("no answer came");
    clock_sleep_until(clock_now_us() + 20);
  }
}

static void *race(void *argument)
{
  Racer *racer = argument;
  for (int i = 0; i < ROUNDS; i++) {
    Member member = {0};
    int key = (int)(rand_r(&racer->seed) % KEYS);
    g_autofree char *name = g_strdup_printf("k:%d", key);
    gboolean started = FALSE;
    Flight *flight =
      flight_join(racer->table, name, "op", fingerprint((guint8)(rand_r(&racer->seed) % 8 == 0)), &member,
                  &started, NULL);
    if (!flight) {
      racer->refused++;
      continue;
    }
    if (started)
      finish_flight(racer, key, flight);
    else if (rand_r(&racer->seed) % 2 && flight_leave(racer->table, name, &member)) {
      racer->left++;
      assert_int_equal(__atomic_load_n(&member.answers, __ATOMIC_ACQUIRE), 0);
      continue;
    }
    wait_answer(&member);
    racer->answered += __atomic_load_n(&member.answers, __ATOMIC_ACQUIRE);
  }
  return NULL;
}

static void no_member_is_lost_or_answered_twice(void **state)
{
  (void)state;
  FlightTable *table = flight_table_new(answer, 1000);
  int running[KEYS] = {0}, total = 0;
  Racer racers[THREADS];
  Thread threads[THREADS];
  for (guint i = 0; i < THREADS; i++) {
    racers[i] = (Racer){.table = table, .seed = i + 1, .running = running};
    threads[i] = thread_start("racer", race, &racers[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    thread_join(threads[i]);
    total += racers[i].answered + racers[i].left + racers[i].refused;
  }
  assert_int_equal(total, THREADS * ROUNDS);
  g_autofree char *pending = flight_table_render(table);
  assert_string_equal(pending, "[]");
  flight_table_free(table);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_requests_get_the_one_result),
    cmocka_unit_test(errors_reach_every_member),
    cmocka_unit_test(different_request_is_told_what_runs),
    cmocka_unit_test(who_left_gets_no_answer),
    cmocka_unit_test(members_have_a_ceiling),
    cmocka_unit_test(claims_exclude_other_flights_until_the_end),
    cmocka_unit_test(pending_is_rendered_as_json),
    cmocka_unit_test(no_member_is_lost_or_answered_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
