/* What the controller tells of capacity and health: capacity_cache.c by a clock of the test's, get_capacity.c,
 * volume_health.c. */
#include "base/clock.h"
#include "base/thread.h"
#include "controller/get_capacity.h"
#include "controller/volume_health.h"
#include "controller/volume_size.h"
#include "tests/unit/cmocka_all.h"

/* ---- capacity_cache ---- */

static gint64 test_now_us;

static gint64 test_clock(void)
{
  return test_now_us;
}

typedef struct {
  CapacityCache *cache;
  Mutex lock;
  guint reads; /* under the lock, with what follows */
  gboolean fail, slow;
  gint64 limit; /* of the quota that the next reading finds */
} Cloud;

static EvsQuota *new_quota(void)
{
  EvsQuota *quota = g_new0(EvsQuota, 1);
  quota->items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return quota;
}

static void set_quota(EvsQuota *quota, const char *name, gint64 limit, gint64 in_use)
{
  EvsQuotaItem *item = g_hash_table_lookup(quota->items, name);
  if (!item) {
    item = g_new0(EvsQuotaItem, 1);
    g_hash_table_insert(quota->items, g_strdup(name), item);
  }
  *item = (EvsQuotaItem){.limit = limit, .in_use = in_use};
}

static gboolean fetch(void *data, const EvsContext *context, CapacityFacts *ret_facts, GError **error)
{
  Cloud *cloud = data;
  assert_true(context->once);
  assert_in_range(clock_left_ms(context->deadline_us), 1, CAPACITY_READ_MS);
  gboolean slow, fail;
  gint64 limit;
  {
    MUTEX_HOLD(&cloud->lock);
    cloud->reads++;
    slow = cloud->slow;
    fail = cloud->fail;
    limit = cloud->limit;
  }
  if (slow)
    clock_sleep_until(clock_deadline_in_ms(100));
  if (fail)
    return evs_error_set(error, EVS_CODE_UNAVAILABLE, "the cloud is down");
  ret_facts->quota = new_quota();
  set_quota(ret_facts->quota, "gigabytes", limit, 0);
  return TRUE;
}

static void take_limit(const CapacityFacts *facts, void *data)
{
  *(gint64 *)data = evs_quota_item(facts->quota, "gigabytes")->limit;
}

/* The limit that the cache tells, or -code. */
static gint64 ask(Cloud *cloud)
{
  const EvsContext context = {.deadline_us = clock_deadline_in_ms(30000)};
  g_autoptr(GError) error = NULL;
  gint64 limit = 0;
  return capacity_cache_visit(cloud->cache, &context, take_limit, &limit, &error)
           ? limit
           : -(gint64)evs_error_code(error);
}

static int set_up(void **state)
{
  Cloud *cloud = g_new0(Cloud, 1);
  mutex_init(&cloud->lock);
  cloud->cache = capacity_cache_new(fetch, cloud, test_clock);
  cloud->limit = 1;
  *state = cloud;
  return 0;
}

static int tear_down(void **state)
{
  Cloud *cloud = *state;
  capacity_cache_free(cloud->cache);
  mutex_destroy(&cloud->lock);
  g_free(cloud);
  return 0;
}

static void let_pass(gint64 ms)
{
  test_now_us += ms * 1000;
}

static void test_one_reading_a_minute(void **state)
{
  Cloud *cloud = *state;
  assert_int_equal(ask(cloud), 1);
  cloud->limit = 2;
  let_pass(CAPACITY_CACHE_MS - 1);
  assert_int_equal(ask(cloud), 1);
  assert_int_equal(cloud->reads, 1);
  let_pass(1);
  assert_int_equal(ask(cloud), 2);
  assert_int_equal(cloud->reads, 2);
}

static void test_a_failure_is_remembered(void **state)
{
  Cloud *cloud = *state;
  cloud->fail = TRUE;
  for (int i = 0; i < 10; i++)
    assert_int_equal(ask(cloud), -EVS_CODE_UNAVAILABLE);
  let_pass(CAPACITY_CACHE_MS - 1);
  cloud->fail = FALSE;
  assert_int_equal(ask(cloud), -EVS_CODE_UNAVAILABLE);
  assert_int_equal(cloud->reads, 1);
  let_pass(1);
  assert_int_equal(ask(cloud), 1);
  assert_int_equal(cloud->reads, 2);
}

/* The last good reading serves for a while, and no longer; one reading a minute all the same. */
static void test_an_outage(void **state)
{
  Cloud *cloud = *state;
  assert_int_equal(ask(cloud), 1);
  gint64 read_us = test_now_us;
  cloud->fail = TRUE;
  guint minutes = 0;
  for (; test_now_us - read_us < (CAPACITY_STALE_MS - CAPACITY_CACHE_MS) * G_TIME_SPAN_MILLISECOND;
       minutes++) {
    let_pass(CAPACITY_CACHE_MS);
    assert_int_equal(ask(cloud), 1);
    assert_int_equal(ask(cloud), 1);
  }
  assert_int_equal(cloud->reads, 1 + minutes);
  let_pass(CAPACITY_CACHE_MS);
  assert_int_equal(ask(cloud), -EVS_CODE_UNAVAILABLE);
  cloud->fail = FALSE;
  cloud->limit = 3;
  let_pass(CAPACITY_CACHE_MS);
  assert_int_equal(ask(cloud), 3);
}

typedef struct {
  Cloud *cloud;
  gint64 answer;
  Thread thread;
} Asker;

static void *ask_in_thread(void *argument)
{
  Asker *asker = argument;
  asker->answer = ask(asker->cloud);
  return NULL;
}

static void expect_of_many(Cloud *cloud, gint64 wanted)
{
  Asker askers[16];
  for (guint i = 0; i < G_N_ELEMENTS(askers); i++) {
    askers[i].cloud = cloud;
    askers[i].thread = thread_start("asker", ask_in_thread, &askers[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS(askers); i++)
    thread_join(askers[i].thread);
  for (guint i = 0; i < G_N_ELEMENTS(askers); i++)
    assert_int_equal(askers[i].answer, wanted);
}

static void test_many_share_a_reading(void **state)
{
  Cloud *cloud = *state;
  cloud->slow = TRUE;
  cloud->fail = TRUE;
  expect_of_many(cloud, -EVS_CODE_UNAVAILABLE);
  assert_int_equal(cloud->reads, 1);
  let_pass(CAPACITY_CACHE_MS);
  cloud->fail = FALSE;
  expect_of_many(cloud, 1);
  assert_int_equal(cloud->reads, 2);
  let_pass(CAPACITY_CACHE_MS);
  cloud->fail = TRUE;
  expect_of_many(cloud, 1);
  assert_int_equal(cloud->reads, 3);
}

static void test_the_impatient_get_nothing(void **state)
{
  Cloud *cloud = *state;
  cloud->slow = TRUE;
  Asker reader = {.cloud = cloud};
  reader.thread = thread_start("reader", ask_in_thread, &reader);
  for (gboolean runs = FALSE; !runs;) {
    clock_sleep_until(clock_deadline_in_ms(1));
    MUTEX_HOLD(&cloud->lock);
    runs = cloud->reads == 1;
  }
  const EvsContext late = {.deadline_us = clock_now_us()};
  g_autoptr(GError) error = NULL;
  gint64 limit = 0;
  assert_false(capacity_cache_visit(cloud->cache, &late, take_limit, &limit, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  thread_join(reader.thread);
  assert_int_equal(reader.answer, 1);
}

/* ---- get_capacity ---- */

static char *no_zones[] = {NULL};
static char *only_b[] = {(char *)"b", NULL};
static EvsDiskType ssd = {.id = (char *)"1", .name = (char *)"SSD", .sold_out = only_b};
static EvsDiskType sas = {.id = (char *)"2", .name = (char *)"SAS", .sold_out = no_zones};

static CapacityFacts new_facts(void)
{
  CapacityFacts facts = {.quota = new_quota(), .types = g_ptr_array_new(), .zones = g_ptr_array_new()};
  g_ptr_array_add(facts.types, &ssd);
  g_ptr_array_add(facts.types, &sas);
  g_ptr_array_add(facts.zones, (char *)"a");
  g_ptr_array_add(facts.zones, (char *)"b");
  return facts;
}

static void clear_facts(CapacityFacts *facts)
{
  evs_quota_free(facts->quota);
  g_ptr_array_unref(facts->types);
  g_ptr_array_unref(facts->zones);
}

static gint64 available(const CapacityFacts *facts, const char *zone, const char *type)
{
  Capacity capacity = {0};
  assert_true(capacity_compute(facts, zone, type, &capacity, NULL));
  assert_int_equal(capacity.minimum_gib, DISK_MIN_GIB);
  return capacity.available_gib;
}

static void test_the_least_quota(void **state)
{
  (void)state;
  CapacityFacts facts = new_facts();
  assert_int_equal(available(&facts, NULL, NULL), CAPACITY_UNLIMITED_GIB);
  set_quota(facts.quota, "gigabytes", -1, 500);
  assert_int_equal(available(&facts, NULL, "SSD"), CAPACITY_UNLIMITED_GIB);
  set_quota(facts.quota, "gigabytes", 1000, 300);
  assert_int_equal(available(&facts, "a", "SSD"), 700);
  set_quota(facts.quota, "gigabytes_SSD", 400, 390);
  assert_int_equal(available(&facts, "a", "SSD"), 10);
  assert_int_equal(available(&facts, "a", "SAS"), 700);
  set_quota(facts.quota, "volumes_SAS", 5, 5);
  assert_int_equal(available(&facts, "a", "SAS"), 0);
  set_quota(facts.quota, "gigabytes", 1000, 1200); /* lowered below what is used */
  assert_int_equal(available(&facts, "a", "SSD"), 0);
  clear_facts(&facts);
}

static void test_where_nothing_can_be_made(void **state)
{
  (void)state;
  CapacityFacts facts = new_facts();
  set_quota(facts.quota, "volumes", 10, 8);
  assert_int_equal(available(&facts, "a", "SSD"), 2 * DISK_MAX_GIB);
  assert_int_equal(available(&facts, "b", "SSD"), 0);
  assert_int_equal(available(&facts, NULL, "SSD"), 2 * DISK_MAX_GIB);
  assert_int_equal(available(&facts, "moon", "SSD"), 0);
  Capacity capacity = {0};
  set_quota(facts.quota, "per_volume_gigabytes", 2000, 0);
  assert_true(capacity_compute(&facts, "a", "SSD", &capacity, NULL));
  assert_int_equal(capacity.maximum_gib, 2000);
  set_quota(facts.quota, "per_volume_gigabytes", -1, 0);
  assert_true(capacity_compute(&facts, "a", "SSD", &capacity, NULL));
  assert_int_equal(capacity.maximum_gib, DISK_MAX_GIB);
  g_autoptr(GError) error = NULL;
  assert_false(capacity_compute(&facts, "a", "GOLD", &capacity, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_INVALID_ARGUMENT);
  clear_facts(&facts);
}

/* ---- volume_health ---- */

static void expect_health(const char *status, gboolean frozen, const char *reasons)
{
  const EvsDisk disk = {.id = (char *)"id", .status = (char *)status, .frozen = frozen};
  Csi__V1__VolumeHealth *health = volume_health_new(&disk);
  g_autoptr(GString) got = g_string_new(NULL);
  for (gsize i = 0; i < health->n_health_statuses; i++) {
    const Csi__V1__VolumeHealth__VolumeHealthEntry *entry = health->health_statuses[i];
    g_string_append_printf(got, "%s%d %s", i ? ", " : "", (int)entry->status, entry->reason);
    assert_true(entry->message[0] != '\0');
  }
  assert_string_equal(got->str, reasons);
  assert_string_equal(health->volume_id, "id");
  csi__v1__volume_health__free_unpacked(health, NULL);
}

static void test_health(void **state)
{
  (void)state;
#define TYPE(name) CSI__V1__VOLUME_HEALTH_ERROR_TYPE__##name
  const struct {
    const char *status;
    int type;
    const char *reason;
  } rows[] = {
    {"error", TYPE(INACCESSIBLE), "CreationFailed"},
    {"error_restoring", TYPE(DATA_LOSS), "RestoreFailed"},
    {"error_rollbacking", TYPE(DATA_LOSS), "RollbackFailed"},
    {"error_extending", TYPE(DEGRADED), "ExpansionFailed"},
    {"error_deleting", TYPE(INACCESSIBLE), "DeletionFailed"},
    {"error_detaching", TYPE(DEGRADED), "CloudError"},
    {"restoring-backup", TYPE(INACCESSIBLE), "Restoring"},
    {"rollbacking", TYPE(INACCESSIBLE), "RollingBack"},
    {"awaiting-transfer", TYPE(INACCESSIBLE), "AwaitingTransfer"},
    {"deleting", TYPE(INACCESSIBLE), "Deleting"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *wanted = g_strdup_printf("%d %s", rows[i].type, rows[i].reason);
    expect_health(rows[i].status, FALSE, wanted);
    g_autofree char *both = g_strdup_printf("%s, %d Frozen", wanted, TYPE(INACCESSIBLE));
    expect_health(rows[i].status, TRUE, both);
  }
  static const char *const healthy[] = {"available", "in-use",     "attaching",    "detaching", "extending",
                                        "creating",  "backing-up", "a-new-status", ""};
  for (gsize i = 0; i < G_N_ELEMENTS(healthy); i++)
    expect_health(healthy[i], FALSE, "");
}

#define CACHE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
    CACHE_TEST(test_one_reading_a_minute),
    CACHE_TEST(test_a_failure_is_remembered),
    CACHE_TEST(test_an_outage),
    CACHE_TEST(test_many_share_a_reading),
    CACHE_TEST(test_the_impatient_get_nothing),
    cmocka_unit_test(test_the_least_quota),
    cmocka_unit_test(test_where_nothing_can_be_made),
    cmocka_unit_test(test_health),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
