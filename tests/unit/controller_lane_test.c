/* Lanes, attempts and deleted disks: order, giving up, and many threads at once (tsan runs this too). */
#include "base/clock.h"
#include "base/thread.h"
#include "controller/attempts.h"
#include "controller/deleted_disks.h"
#include "controller/server_lane.h"
#include "tests/unit/cmocka_all.h"

static gboolean always(void *data)
{
  (void)data;
  return TRUE;
}

static EvsContext patient(void)
{
  return (EvsContext){.deadline_us = clock_deadline_in_ms(30000)};
}

typedef struct {
  ServerLanes *lanes;
  LaneUse use;
  Mutex *lock;
  GString *order; /* under the lock */
  char letter;
} Guest;

static void *visit(void *argument)
{
  Guest *guest = argument;
  EvsContext context = patient();
  g_autoptr(LaneHold) hold G_GNUC_UNUSED =
    server_lane_enter(guest->lanes, "server", guest->use, &context, NULL);
  MUTEX_HOLD(guest->lock);
  g_string_append_c(guest->order, guest->letter);
  return NULL;
}

/* Two attaches wait before two detaches come: the detaches go first, each kind in its order. */
static void test_detach_first(void **state)
{
  (void)state;
  g_autoptr(ServerLanes) lanes = server_lanes_new(LANE_STUCK_MS);
  Mutex lock = MUTEX_INIT;
  g_autoptr(GString) order = g_string_new(NULL);
  EvsContext context = patient();
  LaneHold *hold = server_lane_enter(lanes, "server", LANE_ATTACH, &context, NULL);
  assert_non_null(hold);
  static const char letters[] = "aADb";
  Guest guests[4];
  Thread threads[4];
  for (guint i = 0; i < 4; i++) {
    LaneUse use = letters[i] == 'D' || letters[i] == 'b' ? LANE_DETACH : LANE_ATTACH;
    guests[i] = (Guest){.lanes = lanes, .use = use, .lock = &lock, .order = order, .letter = letters[i]};
    threads[i] = thread_start("guest", visit, &guests[i]);
    while (server_lanes_waiting(lanes) <= i)
      clock_sleep_until(clock_deadline_in_ms(1));
  }
  server_lane_leave(hold);
  for (guint i = 0; i < 4; i++)
    thread_join(threads[i]);
  assert_string_equal(order->str, "DbaA");
  assert_int_equal(server_lanes_busy(lanes), 0);
}

static void test_give_up(void **state)
{
  (void)state;
  g_autoptr(ServerLanes) lanes = server_lanes_new(LANE_STUCK_MS);
  EvsContext context = patient();
  LaneHold *hold = server_lane_enter(lanes, "server", LANE_DETACH, &context, NULL);
  GError *error = NULL;
  EvsContext cancelled = {.deadline_us = CLOCK_NEVER, .cancelled = always};
  assert_null(server_lane_enter(lanes, "server", LANE_ATTACH, &cancelled, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  assert_non_null(strstr(error->message, "server 'server' is busy"));
  g_clear_error(&error);
  EvsContext late = {.deadline_us = clock_deadline_in_ms(20)};
  assert_null(server_lane_enter(lanes, "server", LANE_DETACH, &late, NULL));
  LaneHold *other = server_lane_enter(lanes, "another", LANE_ATTACH, &late, NULL);
  assert_non_null(other);
  assert_int_equal(server_lanes_busy(lanes), 2);
  assert_false(server_lane_stuck(hold));
  EvsContext slice = server_lane_slice(hold, &(EvsContext){.deadline_us = CLOCK_NEVER});
  assert_in_range(clock_left_ms(slice.deadline_us), LANE_STUCK_MS - 5000, LANE_STUCK_MS);
  server_lane_leave(hold);
  server_lane_leave(other);
  assert_int_equal(server_lanes_busy(lanes), 0);
}

enum { RUNNERS = 8, ROUNDS = 300 };

typedef struct {
  ServerLanes *lanes;
  int *inside; /* guarded by the lane alone: tsan sees a broken lane */
} Runner;

static void *run_rounds(void *argument)
{
  Runner *runner = argument;
  for (int i = 0; i < ROUNDS; i++) {
    EvsContext context = patient();
    LaneHold *hold = server_lane_enter(runner->lanes, "server", i % LANE_N_USES, &context, NULL);
    if (!hold || ++*runner->inside != 1)
      g_error("two holders in one lane");
    --*runner->inside;
    server_lane_leave(hold);
  }
  return NULL;
}

static void test_one_at_a_time(void **state)
{
  (void)state;
  g_autoptr(ServerLanes) lanes = server_lanes_new(LANE_STUCK_MS);
  int inside = 0;
  Runner runner = {.lanes = lanes, .inside = &inside};
  Thread threads[RUNNERS];
  for (int i = 0; i < RUNNERS; i++)
    threads[i] = thread_start("runner", run_rounds, &runner);
  for (int i = 0; i < RUNNERS; i++)
    thread_join(threads[i]);
  assert_int_equal(inside, 0);
  assert_int_equal(server_lanes_busy(lanes), 0);
}

/* A wait inside the lane ends when the hold is stuck, or with its own context if that is earlier. */
static void test_stuck(void **state)
{
  enum { STUCK_MS = 30 };
  (void)state;
  g_autoptr(ServerLanes) lanes = server_lanes_new(STUCK_MS);
  EvsContext context = patient();
  LaneHold *hold = server_lane_enter(lanes, "server", LANE_ATTACH, &context, NULL);
  assert_non_null(hold);
  EvsContext slice = server_lane_slice(hold, &context);
  assert_in_range(clock_left_ms(slice.deadline_us), 0, STUCK_MS);
  EvsContext late = {.deadline_us = clock_now_us()};
  assert_int_equal(server_lane_slice(hold, &late).deadline_us, late.deadline_us);
  clock_sleep_until(slice.deadline_us);
  assert_true(server_lane_stuck(hold));
  server_lane_leave(hold);
  assert_int_equal(server_lanes_busy(lanes), 0);
}

static void test_attempts(void **state)
{
  (void)state;
  Attempts *attempts = attempts_new();
  assert_int_equal(attempts_current(attempts, "a"), 0);
  attempts_advance(attempts, "a", 0);
  attempts_advance(attempts, "a", 1);
  attempts_advance(attempts, "b", 0);
  assert_int_equal(attempts_current(attempts, "a"), 2);
  assert_int_equal(attempts_current(attempts, "b"), 1);
  attempts_advance(attempts, "a", 0); /* a slower call proves an old token: never backwards */
  assert_int_equal(attempts_current(attempts, "a"), 2);
  attempts_forget(attempts, "a");
  assert_int_equal(attempts_current(attempts, "a"), 0);
  for (guint i = 0; i < ATTEMPTS_MAX; i++) {
    g_autofree char *name = g_strdup_printf("n%u", i);
    attempts_advance(attempts, name, 0);
  }
  assert_int_equal(attempts_current(attempts, "b"), 0); /* the ceiling was reached: all forgotten */
  attempts_free(attempts);
}

static void assert_found(DeletedDisks *disks, const char *name, const char *id, guint attempt)
{
  guint found_attempt = 0;
  g_autofree char *found = deleted_disks_find(disks, name, &found_attempt);
  if (!id) {
    assert_null(found);
    return;
  }
  assert_non_null(found);
  assert_string_equal(found, id);
  assert_int_equal(found_attempt, attempt);
}

static void test_deleted_disks(void **state)
{
  (void)state;
  DeletedDisks *disks = deleted_disks_new();
  assert_found(disks, "pvc", NULL, 0);
  deleted_disks_made(disks, "id-0", "pvc", 0);
  assert_found(disks, "pvc", NULL, 0); /* it still lives */
  assert_false(deleted_disks_has(disks, "id-0"));
  deleted_disks_gone(disks, "id-0");
  assert_true(deleted_disks_has(disks, "id-0"));
  assert_found(disks, "pvc", "id-0", 0);
  deleted_disks_made(disks, "id-2", "pvc", 2);
  deleted_disks_made(disks, "id-1", "pvc", 1);
  deleted_disks_gone(disks, "id-2");
  deleted_disks_gone(disks, "id-1"); /* later, but of an older token */
  assert_found(disks, "pvc", "id-2", 2);
  deleted_disks_gone(disks, "of another process");
  assert_true(deleted_disks_has(disks, "of another process"));
  for (int i = 0; i < DELETED_DISKS_MAX; i++) {
    g_autofree char *id = g_strdup_printf("many-%d", i);
    deleted_disks_made(disks, id, id, 0);
    deleted_disks_gone(disks, id);
  }
  assert_false(deleted_disks_has(disks, "id-2"));
  assert_found(disks, "pvc", NULL, 0); /* the ceiling was reached: all forgotten */
  deleted_disks_free(disks);
  deleted_disks_free(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_detach_first),  cmocka_unit_test(test_give_up),
    cmocka_unit_test(test_one_at_a_time), cmocka_unit_test(test_stuck),
    cmocka_unit_test(test_attempts),      cmocka_unit_test(test_deleted_disks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
