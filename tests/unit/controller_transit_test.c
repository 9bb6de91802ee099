/* How long a disk hangs, by a clock of the test's; which servers count as running. */
#include "controller/detach.h"
#include "controller/transit.h"
#include "tests/unit/cmocka_all.h"

enum { STUCK_MS = 120 * 1000 };

static gint64 test_now_us;

static gint64 test_clock(void)
{
  return test_now_us;
}

static void pass_ms(gint64 ms)
{
  test_now_us += ms * 1000;
}

/* -1: not stuck. */
static gint64 see(Transits *transits, const char *id, const char *status)
{
  const EvsDisk disk = {.id = (char *)id, .status = (char *)status};
  gint64 ms = -1;
  return transits_see(transits, &disk, &ms) ? ms : -1;
}

static void test_stuck_over_many_looks(void **state)
{
  (void)state;
  Transits *transits = transits_new(STUCK_MS, test_clock);
  assert_int_equal(see(transits, "a", "detaching"), -1);
  pass_ms(STUCK_MS - 1);
  assert_int_equal(see(transits, "a", "detaching"), -1);
  pass_ms(1);
  assert_int_equal(see(transits, "a", "detaching"), STUCK_MS);
  assert_int_equal(see(transits, "b", "detaching"), -1);
  assert_int_equal(see(transits, "a", "attaching"), -1); /* another operation */
  pass_ms(STUCK_MS);
  assert_int_equal(see(transits, "a", "attaching"), STUCK_MS);
  assert_int_equal(see(transits, "a", "in-use"), -1);
  assert_int_equal(see(transits, "a", "attaching"), -1);
  transits_begin(transits, "c", "attaching");
  pass_ms(STUCK_MS);
  assert_int_equal(see(transits, "c", "attaching"), STUCK_MS);
  transits_end(transits, "c");
  assert_int_equal(see(transits, "c", "attaching"), -1);
  transits_free(transits);
}

static void test_a_long_gap_starts_anew(void **state)
{
  (void)state;
  Transits *transits = transits_new(STUCK_MS, test_clock);
  assert_int_equal(see(transits, "a", "detaching"), -1);
  pass_ms(TRANSIT_GAP_MS + 1);
  assert_int_equal(see(transits, "a", "detaching"), -1);
  pass_ms(TRANSIT_GAP_MS);
  assert_int_equal(see(transits, "a", "detaching"), TRANSIT_GAP_MS);
  transits_free(transits);
}

static void test_the_table_is_bounded(void **state)
{
  (void)state;
  Transits *transits = transits_new(STUCK_MS, test_clock);
  for (int i = 0; i <= TRANSITS_MAX; i++) {
    g_autofree char *id = g_strdup_printf("%d", i);
    transits_begin(transits, id, "attaching");
    assert_in_range(transits_count(transits), 1, TRANSITS_MAX);
  }
  assert_int_equal(transits_count(transits), 1);
  transits_free(transits);
}

static void test_servers_that_run(void **state)
{
  (void)state;
  static const char *const running[] = {"ACTIVE",  "BUILD",  "REBOOT",        "HARD_REBOOT",   "MIGRATING",
                                        "REBUILD", "RESIZE", "REVERT_RESIZE", "VERIFY_RESIZE", ""};
  static const char *const down[] = {"SHUTOFF", "ERROR",   "DELETED",           "SOFT_DELETED", "PAUSED",
                                     "SHELVED", "UNKNOWN", "SHELVED_OFFLOADED", "SUSPENDED"};
  for (gsize i = 0; i < G_N_ELEMENTS(running); i++)
    assert_true(detach_server_runs(running[i]));
  for (gsize i = 0; i < G_N_ELEMENTS(down); i++)
    assert_false(detach_server_runs(down[i]));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_stuck_over_many_looks),
    cmocka_unit_test(test_a_long_gap_starts_anew),
    cmocka_unit_test(test_the_table_is_bounded),
    cmocka_unit_test(test_servers_that_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
