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
  assert_in_range(pace.interval_us, 1, 40000);
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
  assert_int_equal(evs_pace_next_us(&pace), now + 5 * SECOND - 700000);
}

/* ---- gates ---- */

enum { GATES = 4 };

/* An account: its gates, and the buckets behind them. */
typedef struct {
  EvsGates *gates;
  EvsGate *gate[GATES];
  Mutex lock;
  Bucket bucket[GATES];
  gdouble rps[GATES]; /* of the buckets; 0: 60 */
  gboolean one_bucket;
  gboolean until_shared; /* ends as soon as one limit for all has been noticed */
  guint taken, refused;
  gint64 end_us;
} Account;

typedef struct {
  Account *account;
  guint which;
  gint64 pause_ms; /* between two calls */
} Sender;

static void send_one(Account *account, guint which)
{
  gboolean probe, taken;
  EvsContext context = {.deadline_us = account->end_us};
  if (!evs_gate_enter(account->gate[which], &context, "call", TRUE, &probe, NULL))
    return;
  {
    MUTEX_HOLD(&account->lock);
    taken = bucket_take(&account->bucket[account->one_bucket ? 0 : which], clock_now_us());
    account->taken += taken;
    account->refused += !taken;
  }
  evs_gate_leave(account->gate[which], probe, taken ? EVS_GATE_TAKEN : EVS_GATE_THROTTLED);
}

static void *send_until_end(void *data)
{
  const Sender *sender = data;
  Account *account = sender->account;
  while (clock_now_us() < account->end_us &&
         !(account->until_shared && evs_gates_shared_us(account->gates))) {
    send_one(account, sender->which);
    if (sender->pause_ms)
      clock_sleep_until(clock_deadline_in_ms(sender->pause_ms));
  }
  return NULL;
}

/* Two threads send through each gate; pause_ms[]: what they wait in between, -1: nothing goes through it. The interval
 * for all at the end, 0: the account is not seen to share one. */
static gint64 account_run(Account *account, const gint64 pause_ms[GATES], gint64 ms)
{
  Sender senders[2 * GATES];
  Thread threads[2 * GATES];
  account->gates = evs_gates_new();
  account->end_us = clock_deadline_in_ms(ms);
  mutex_init(&account->lock);
  for (guint i = 0; i < GATES; i++) {
    g_autofree char *operation = g_strdup_printf("operation-%u", i);
    account->gate[i] = evs_gates_get(account->gates, "https://evs", operation);
    gdouble rps = account->rps[i] ? account->rps[i] : 60;
    account->bucket[i] = (Bucket){.rps = rps, .burst = rps / 10, .tokens = rps / 10, .at_us = clock_now_us()};
  }
  guint count = 0;
  for (guint i = 0; i < 2 * GATES; i++) {
    senders[i] = (Sender){.account = account, .which = i / 2, .pause_ms = pause_ms[i / 2]};
    if (senders[i].pause_ms >= 0)
      threads[count++] = thread_start("send", send_until_end, &senders[i]);
  }
  for (guint i = 0; i < count; i++)
    thread_join(threads[i]);
  gint64 shared_us = evs_gates_shared_us(account->gates);
  evs_gates_free(account->gates);
  mutex_destroy(&account->lock);
  return shared_us;
}

/* A busy operation and one that asks now and then. */
static const gint64 busy_and_rare[GATES] = {0, 300, -1, -1}, all_busy[GATES] = {0, 0, 0, 0};

static void one_bucket_for_all_is_noticed(void **state)
{
  (void)state;
  Account account = {.one_bucket = TRUE, .until_shared = TRUE};
  assert_in_range(account_run(&account, busy_and_rare, 30 * 1000), 1, PACE_INTERVAL_MAX_US);
}

static void buckets_of_their_own_are_not_mistaken(void **state)
{
  (void)state;
  Account account = {0};
  assert_int_equal(account_run(&account, busy_and_rare, 1500), 0);
}

/* A rare operation that has a narrow limit of its own, beside a busy one that is never refused. */
static void a_narrow_bucket_is_not_mistaken(void **state)
{
  (void)state;
  static const gint64 pauses[GATES] = {10, 100, -1, -1};
  Account account = {.rps = {10000, 10}};
  assert_int_equal(account_run(&account, pauses, 2000), 0);
  assert_in_range(account.refused, 3, 40);
}

/* Four operations at the limit of each: all are paced, none is taken for one of small part. */
static void busy_operations_are_paced_apart(void **state)
{
  (void)state;
  Account account = {0};
  assert_int_equal(account_run(&account, all_busy, 2500), 0);
  assert_true(account.taken > 100);
  assert_true(account.refused * 3 < account.taken);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_storm_runs_at_the_clouds_pace),
    cmocka_unit_test(a_wider_bucket_is_found_out),
    cmocka_unit_test(pauses_teach_nothing),
    cmocka_unit_test(late_calls_catch_up),
    cmocka_unit_test(one_bucket_for_all_is_noticed),
    cmocka_unit_test(buckets_of_their_own_are_not_mistaken),
    cmocka_unit_test(a_narrow_bucket_is_not_mistaken),
    cmocka_unit_test(busy_operations_are_paced_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
