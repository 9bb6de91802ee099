/* Shared lists, of snapshots by disk: who is served by which listing, and what it costs. */
#include "base/clock.h"
#include "base/thread.h"
#include "controller/shared_list.h"
#include "evsclient/snapshot.h"
#include "tests/unit/cmocka_all.h"

enum { CALLERS = 20 };

/* A cloud that lists what it is told and can be held up. */
typedef struct {
  Mutex lock;
  Cond changed;
  gboolean held;     /* listings wait */
  guint by_key, all; /* listings begun */
  guint disks;       /* with one snapshot each; disk n is "n<n>" */
  gboolean large;    /* the whole list is too large */
  EvsCode fail_next; /* EVS_CODE_OK: none */
} Cloud;

static void drop_snapshot(void *snapshot)
{
  evs_snapshot_free(snapshot);
}

static GPtrArray *fetch(void *data, const EvsContext *context, const char *key, GError **error)
{
  (void)context;
  Cloud *cloud = data;
  MUTEX_HOLD(&cloud->lock);
  if (key)
    cloud->by_key++;
  else
    cloud->all++;
  cond_broadcast(&cloud->changed);
  while (cloud->held)
    cond_wait(&cloud->changed, &cloud->lock);
  if (cloud->fail_next != EVS_CODE_OK) {
    evs_error_set(error, cloud->fail_next, "the cloud says no");
    cloud->fail_next = EVS_CODE_OK;
    return NULL;
  }
  if (!key && cloud->large)
    return NULL;
  GPtrArray *snapshots = g_ptr_array_new_with_free_func(drop_snapshot);
  for (guint i = 0; i < (key ? 1 : cloud->disks); i++) {
    EvsSnapshot *snapshot = g_new0(EvsSnapshot, 1);
    snapshot->volume_id = key ? g_strdup(key) : g_strdup_printf("n%u", i);
    g_ptr_array_add(snapshots, snapshot);
  }
  return snapshots;
}

static SharedLists *new_lists(Cloud *cloud, gint64 gap_ms, guint burst)
{
  const SharedListKind kind = {.what = "snapshots of disk",
                               .fetch = fetch,
                               .data = cloud,
                               .drop = drop_snapshot,
                               .gap_ms = gap_ms,
                               .burst = burst};
  return shared_lists_new(&kind);
}

static void cloud_open(Cloud *cloud, guint disks)
{
  *cloud = (Cloud){.disks = disks};
  mutex_init(&cloud->lock);
  cond_init(&cloud->changed);
}

static void cloud_close(Cloud *cloud)
{
  cond_destroy(&cloud->changed);
  mutex_destroy(&cloud->lock);
}

static void hold(Cloud *cloud, gboolean held)
{
  MUTEX_HOLD(&cloud->lock);
  cloud->held = held;
  cond_broadcast(&cloud->changed);
}

static guint listings(Cloud *cloud)
{
  MUTEX_HOLD(&cloud->lock);
  return cloud->by_key + cloud->all;
}

/* Waits for one more than there were. */
static void await_listing(Cloud *cloud, guint before)
{
  MUTEX_HOLD(&cloud->lock);
  while (cloud->by_key + cloud->all == before)
    cond_wait(&cloud->changed, &cloud->lock);
}

typedef struct {
  SharedLists *lists;
  char *key;
  gboolean found;
  GError *error;
  Thread thread;
} Caller;

static void visit(GPtrArray *snapshots, void *data)
{
  Caller *caller = data;
  for (guint i = 0; i < snapshots->len; i++)
    caller->found |= g_str_equal(((EvsSnapshot *)snapshots->pdata[i])->volume_id, caller->key);
}

static void *look(void *argument)
{
  Caller *caller = argument;
  EvsContext context = {.deadline_us = clock_deadline_in_ms(30000)};
  shared_list_read(caller->lists, &context, caller->key, visit, caller, &caller->error);
  return NULL;
}

static void begin(Caller *caller, SharedLists *lists, guint number)
{
  *caller = (Caller){.lists = lists, .key = g_strdup_printf("n%u", number)};
  caller->thread = thread_start("caller", look, caller);
}

static void end(Caller *caller)
{
  thread_join(caller->thread);
  g_free(caller->key);
  g_clear_error(&caller->error);
}

/* The first caller's listing is held up; `count` more gather behind it; then all go on. */
static void run_storm(Cloud *cloud, SharedLists *lists, Caller *callers, guint count)
{
  guint before = listings(cloud);
  hold(cloud, TRUE);
  begin(&callers[0], lists, 0);
  await_listing(cloud, before);
  for (guint i = 1; i <= count; i++)
    begin(&callers[i], lists, i);
  while (shared_lists_gathered(lists) < count)
    clock_sleep_until(clock_deadline_in_ms(1));
  hold(cloud, FALSE);
  for (guint i = 0; i <= count; i++)
    thread_join(callers[i].thread);
}

static void test_one_by_key(void **state)
{
  (void)state;
  Cloud cloud;
  cloud_open(&cloud, 100);
  SharedLists *lists = new_lists(&cloud, 0, 0);
  Caller caller;
  begin(&caller, lists, 7);
  end(&caller);
  assert_true(caller.found);
  assert_int_equal(cloud.by_key, 1);
  assert_int_equal(cloud.all, 0);
  shared_lists_free(lists);
  cloud_close(&cloud);
}

static void test_storm_costs_one_listing(void **state)
{
  (void)state;
  Cloud cloud;
  cloud_open(&cloud, CALLERS); /* the last caller's disk, "n20", does not exist */
  SharedLists *lists = new_lists(&cloud, 0, 0);
  Caller callers[CALLERS + 1];
  run_storm(&cloud, lists, callers, CALLERS);
  for (guint i = 0; i <= CALLERS; i++) {
    assert_null(callers[i].error);
    assert_int_equal(callers[i].found, i < CALLERS);
    g_free(callers[i].key);
  }
  assert_int_equal(cloud.by_key, 1);
  assert_int_equal(cloud.all, 1);
  shared_lists_free(lists);
  cloud_close(&cloud);
}

/* The whole list is too large to be relied on: key by key, and it is not tried again. */
static void test_a_large_list(void **state)
{
  (void)state;
  Cloud cloud;
  cloud_open(&cloud, 10);
  cloud.large = TRUE;
  SharedLists *lists = new_lists(&cloud, 0, 0);
  Caller callers[5];
  for (guint round = 1; round <= 2; round++) {
    cloud.by_key = 0;
    run_storm(&cloud, lists, callers, 4);
    assert_int_equal(cloud.all, 1);
    assert_int_equal(cloud.by_key, 1 + 4);
    for (guint i = 0; i <= 4; i++) {
      assert_null(callers[i].error);
      assert_true(callers[i].found);
      g_free(callers[i].key);
    }
  }
  shared_lists_free(lists);
  cloud_close(&cloud);
}

/* Two listings at once, then one each gap: callers that come one by one while a listing is not due share it. */
static void test_a_trickle_is_held_to_a_pace(void **state)
{
  (void)state;
  enum { GAP_MS = 300, TRICKLE = 6 };
  Cloud cloud;
  cloud_open(&cloud, CALLERS);
  SharedLists *lists = new_lists(&cloud, GAP_MS, 2);
  Caller callers[TRICKLE];
  gint64 start_us = clock_now_us();
  for (guint i = 0; i < 2; i++) {
    begin(&callers[i], lists, i);
    end(&callers[i]);
  }
  assert_int_equal(cloud.by_key, 2);
  for (guint i = 2; i < TRICKLE; i++)
    begin(&callers[i], lists, i);
  for (guint i = 2; i < TRICKLE; i++) {
    thread_join(callers[i].thread);
    assert_true(callers[i].found);
    g_free(callers[i].key);
  }
  gint64 gaps = (clock_now_us() - start_us) / (GAP_MS * 1000);
  assert_true(gaps >= 1);
  assert_in_range(cloud.by_key + cloud.all, 3, 2 + gaps);
  shared_lists_free(lists);
  cloud_close(&cloud);
}

static void test_errors(void **state)
{
  (void)state;
  Cloud cloud;
  cloud_open(&cloud, 10);
  SharedLists *lists = new_lists(&cloud, 0, 0);
  Caller caller = {.lists = lists, .key = (char *)"n1"};
  cloud.fail_next = EVS_CODE_UNAVAILABLE;
  look(&caller);
  assert_int_equal(evs_error_code(caller.error), EVS_CODE_UNAVAILABLE);
  assert_string_equal(caller.error->message, "the cloud says no");
  g_clear_error(&caller.error);
  /* Whoever listed gave up: the caller looks again. */
  cloud.fail_next = EVS_CODE_ABORTED;
  look(&caller);
  assert_null(caller.error);
  assert_true(caller.found);
  EvsContext over = {.deadline_us = 0};
  cloud.fail_next = EVS_CODE_ABORTED;
  GError *error = NULL;
  assert_false(shared_list_read(lists, &over, "n1", visit, &caller, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  g_clear_error(&error);
  shared_lists_free(lists);
  cloud_close(&cloud);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_by_key),   cmocka_unit_test(test_storm_costs_one_listing),
    cmocka_unit_test(test_a_large_list), cmocka_unit_test(test_a_trickle_is_held_to_a_pace),
    cmocka_unit_test(test_errors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
