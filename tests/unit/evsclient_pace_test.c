/* Pacing by what the cloud's token buckets take (evsclient/pace.h), on a clock of its own; and gates before buckets that
 * are real but quick. */
#include "evsclient/pace.h"

#include "base/clock.h"
#include "base/thread.h"
#include "evsclient/gate.h"
#include "tests/unit/cmocka_all.h"

enum { SECOND = G_USEC_PER_SEC, PAUSE_US = 250 * 1000 };

typedef struct {
  gdouble rps, burst, tokens;
  gint64 at_us;
} Bucket;

static gboolean bucket_take(Bucket *bucket, gint64 now_us)
{
  gdouble tokens = bucket->tokens + (gdouble)(now_us - bucket->at_us) / SECOND * bucket->rps;
  bucket->tokens = MIN(tokens, bucket->burst);
  bucket->at_us = now_us;
  if (bucket->tokens < 1)
    return FALSE;
  bucket->tokens--;
  return TRUE;
}

/* Sends one call after the other, each taking call_us, until `wanted` are taken. The time at the end. */
static gint64 send_all(EvsPace *pace, Bucket *bucket, guint wanted, gint64 now_us, guint *ret_refused)
{
  const gint64 call_us = 3000;
  *ret_refused = 0;
  for (guint taken = 0; taken < wanted; now_us += call_us) {
    now_us = MAX(now_us, evs_pace_next_us(pace));
    evs_pace_go(pace, now_us);
    if (bucket_take(bucket, now_us)) {
      evs_pace_taken(pace, now_us);
      taken++;
    } else {
      evs_pace_throttled(pace, now_us);
      now_us += PAUSE_US;
      (*ret_refused)++;
    }
  }
  return now_us;
}

/* 500 calls through a bucket of 10/s and 20 at once need 48 s: pacing must not add to that, nor provoke refusals. */
static void a_storm_runs_at_the_clouds_pace(void **state)
{
  (void)state;
  EvsPace pace = {0};
  gint64 begin_us = 1000 * (gint64)SECOND;
  Bucket bucket = {.rps = 10, .burst = 20, .tokens = 20, .at_us = begin_us};
  guint refused;
  gint64 end_us = send_all(&pace, &bucket, 500, begin_us, &refused);
  assert_in_range(end_us - begin_us, 48 * SECOND - 100000, 49 * SECOND);
  assert_in_range(refused, 2, 12);
}

/* What a passing obstacle taught is unlearned: 2/s for a while, then 50/s. */
static void a_wider_bucket_is_found_out(void **state)
{
  (void)state;
  EvsPace pace = {0};
  gint64 begin_us = 1000 * (gint64)SECOND;
  Bucket bucket = {.rps = 2, .burst = 1, .tokens = 1, .at_us = begin_us};
  guint refused;
  gint64 end_us = send_all(&pace, &bucket, 20, begin_us, &refused);
  assert_in_range(pace.interval_us, 350000, 800000);
  bucket.rps = 50;
  bucket.burst = 5;
  end_us = send_all(&pace, &bucket, 300, end_us, &refused);
  assert_in_range(pace.interval_us, 1, 30000);
  assert_true(end_us - begin_us < 70 * (gint64)SECOND);
}

static void pauses_teach_nothing(void **state)
{
  (void)state;
  EvsPace pace = {0};
  evs_pace_set(&pace, 100000, 1000 * (gint64)SECOND);
  evs_pace_taken(&pace, 1001 * (gint64)SECOND);
  evs_pace_taken(&pace, 1002 * (gint64)SECOND);
  evs_pace_throttled(&pace, 1040 * (gint64)SECOND); /* two calls in 40 s are no rate */
  assert_in_range(pace.interval_us, 90000, 100000);
  evs_pace_go(&pace, 1041 * (gint64)SECOND);
  assert_true(pace.interval_us > 0);
  evs_pace_go(&pace, 1040 * (gint64)SECOND + PACE_FORGET_US + 1);
  assert_int_equal(pace.interval_us, 0);
}

/* A thread that wakes late makes up for it, but not for a long sleep. */
static void late_calls_catch_up(void **state)
{
  (void)state;
  EvsPace pace = {0};
  gint64 now = 1000 * (gint64)SECOND;
  evs_pace_set(&pace, 100000, now);
  evs_pace_go(&pace, now + 150000);
  assert_int_equal(evs_pace_next_us(&pace), now + 200000);
  evs_pace_go(&pace, now + 5 * SECOND);
  assert_int_equal(evs_pace_next_us(&pace), now + 5 * SECOND - 200000);
}

/* ---- gates ---- */

enum { GATES = 2, SENDERS = 3 };

/* An account: its gates, and the buckets behind them. */
typedef struct {
  EvsGates *gates;
  EvsGate *gate[GATES];
  Mutex lock;
  Bucket bucket[GATES];
  gboolean one_bucket;
  guint taken;
  gint64 end_us;
} Account;

static gboolean account_send(Account *account, guint which)
{
  gboolean probe;
  EvsContext context = {.deadline_us = account->end_us};
  if (!evs_gate_enter(account->gate[which], &context, "call", TRUE, &probe, NULL))
    return FALSE;
  gboolean taken;
  {
    MUTEX_HOLD(&account->lock);
    taken = bucket_take(&account->bucket[account->one_bucket ? 0 : which], clock_now_us());
    account->taken += taken;
  }
  evs_gate_leave(account->gate[which], probe, taken ? EVS_GATE_TAKEN : EVS_GATE_THROTTLED);
  return TRUE;
}

static void *send_much(void *data)
{
  Account *account = data;
  while (clock_now_us() < account->end_us && !evs_gates_shared_us(account->gates))
    account_send(account, 0);
  return NULL;
}

/* A call in 150 ms, a ninth of what the bucket gives. */
static void *send_little(void *data)
{
  Account *account = data;
  while (clock_now_us() < account->end_us && !evs_gates_shared_us(account->gates)) {
    account_send(account, 1);
    clock_sleep_until(clock_deadline_in_ms(150));
  }
  return NULL;
}

/* Until the account is seen to share one bucket, or for so long. The interval, 0: not seen. */
static gint64 run_account(gboolean one_bucket, gint64 ms)
{
  Account account = {.gates = evs_gates_new(), .one_bucket = one_bucket, .end_us = clock_deadline_in_ms(ms)};
  mutex_init(&account.lock);
  account.gate[0] = evs_gates_get(account.gates, "https://evs", "much");
  account.gate[1] = evs_gates_get(account.gates, "https://evs", "little");
  for (guint i = 0; i < GATES; i++)
    account.bucket[i] = (Bucket){.rps = 60, .burst = 6, .tokens = 6, .at_us = clock_now_us()};
  Thread threads[SENDERS];
  for (guint i = 0; i < SENDERS; i++)
    threads[i] = thread_start("send", i ? send_much : send_little, &account);
  for (guint i = 0; i < SENDERS; i++)
    thread_join(threads[i]);
  assert_true(account.taken > 8);
  gint64 shared_us = evs_gates_shared_us(account.gates);
  evs_gates_free(account.gates);
  mutex_destroy(&account.lock);
  return shared_us;
}

static void one_bucket_for_all_is_found_out(void **state)
{
  (void)state;
  assert_in_range(run_account(TRUE, 30 * 1000), 1, PACE_INTERVAL_MAX_US);
}

static void buckets_of_their_own_are_not_mistaken(void **state)
{
  (void)state;
  assert_int_equal(run_account(FALSE, 1500), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_storm_runs_at_the_clouds_pace),
    cmocka_unit_test(a_wider_bucket_is_found_out),
    cmocka_unit_test(pauses_teach_nothing),
    cmocka_unit_test(late_calls_catch_up),
    cmocka_unit_test(one_bucket_for_all_is_found_out),
    cmocka_unit_test(buckets_of_their_own_are_not_mistaken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
