/* evsclient/watcher.c: waits for changes of disks and for snapshots. Scripted answers follow one another; the numbers of
 * calls are part of what is asserted. */
#include "evsclient/watcher.h"

#include "base/clock.h"
#include "base/thread.h"
#include "tests/unit/evsclient_fixture.h"

#define LIST_DISKS "GET /v2/" PROJECT "/cloudvolumes/detail"
#define LIST_SNAPSHOTS "GET /v2/" PROJECT "/cloudsnapshots/detail"
#define GET_SNAPSHOT "GET /v2/" PROJECT "/cloudsnapshots/c0000000"
#define GET_JOB "GET /v1/" PROJECT "/jobs/j1"
#define DISK(members) "{\"id\":\"" DISK_ID "\"," members "}"
#define DISKS(members) "{\"volumes\":[" DISK(members) "]}"
#define SNAPSHOT_ID "c0000000-0000-4000-8000-000000000000"
#define SNAPSHOT(status) "{\"id\":\"" SNAPSHOT_ID "\",\"status\":\"" status "\"}"
#define SNAPSHOTS(status) "{\"snapshots\":[" SNAPSHOT(status) "]}"

typedef struct {
  Fixture base; /* first: the fixture's functions take it for the whole */
  EvsWatcher *watcher;
  gint64 taken_us; /* snapshots are available from then on */
} Watching;

static int setup(void **state)
{
  void *base;
  fixture_setup(&base);
  Watching *watching = g_new0(Watching, 1);
  watching->base = *(Fixture *)base;
  g_free(base);
  watching->watcher = evs_watcher_new(watching->base.client);
  *state = watching;
  return 0;
}

static int teardown(void **state)
{
  evs_watcher_free(((Watching *)*state)->watcher);
  return fixture_teardown(state);
}

/* The first `times` answers are this body, 0: all from then on. */
static void answer(Watching *watching, const char *match, guint times, const char *body)
{
  http_script_add(watching->base.script, (ScriptRule){.match = match, .times = times, .body = body});
}

static guint calls(Watching *watching, const char *prefix)
{
  return http_script_count(watching->base.script, prefix);
}

/* So many lists, on a busy machine a few more before the waiter wakes, and `others` calls that are none. */
static void assert_lists(Watching *watching, const char *list, guint lists, guint others)
{
  guint made = calls(watching, list);
  assert_in_range(made, lists, lists + 3);
  assert_int_equal(calls(watching, "") - made, others);
}

static gboolean extend(Watching *watching, const char *job, EvsDisk **ret_disk, GError **error)
{
  EvsContext context = fixture_within_ms(20000);
  return evs_watch_extend(watching->watcher, &context, DISK_ID, job, 20, ret_disk, error);
}

static gboolean qos(Watching *watching, const char *job, EvsDisk **ret_disk, GError **error)
{
  EvsContext context = fixture_within_ms(20000);
  return evs_watch_qos(watching->watcher, &context, DISK_ID, job, 4000, 0, ret_disk, error);
}

static void test_extended_by_row(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_DISKS, 2, DISKS("\"status\":\"extending\",\"size\":10"));
  answer(watching, LIST_DISKS, 1, DISKS("\"status\":\"extending\",\"size\":20"));
  answer(watching, LIST_DISKS, 0, DISKS("\"status\":\"in-use\",\"size\":20"));
  g_autoptr(EvsDisk) disk = NULL;
  assert_true(extend(watching, "j1", &disk, NULL));
  assert_int_equal(disk->size_gib, 20);
  assert_lists(watching, LIST_DISKS, 4, 0);
}

static void test_failed_extend_has_the_jobs_reason(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_DISKS, 1, DISKS("\"status\":\"extending\",\"size\":10"));
  answer(watching, LIST_DISKS, 0, DISKS("\"status\":\"error_extending\",\"size\":10"));
  answer(watching, GET_DISK, 0, "{\"volume\":" DISK("\"status\":\"error_extending\",\"size\":10") "}");
  answer(watching, GET_JOB, 0,
         "{\"status\":\"FAIL\",\"error_code\":\"EVS.2026\",\"fail_reason\":\"no room\"}");
  g_autoptr(EvsDisk) disk = NULL;
  g_autoptr(GError) error = NULL;
  assert_false(extend(watching, "j1", &disk, &error));
  assert_string_equal(error->message, "cannot expand disk: job j1 failed: no room");
  assert_true(evs_error_is_job_failure(error));
  assert_null(disk);
  assert_int_equal(calls(watching, GET_DISK), 1);
  assert_int_equal(calls(watching, GET_JOB), 1);
}

static void test_failed_extend_without_a_job(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_DISKS, 0, DISKS("\"status\":\"error_extending\",\"size\":10"));
  answer(watching, GET_DISK, 0, "{\"volume\":" DISK("\"status\":\"error_extending\",\"size\":10") "}");
  g_autoptr(GError) error = NULL;
  assert_false(extend(watching, NULL, NULL, &error));
  assert_string_equal(error->message,
                      "cannot expand disk: disk " DISK_ID " has the status 'error_extending'");
  assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  assert_int_equal(calls(watching, GET_DISK), 1);
}

static void test_performance_by_row(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_DISKS, 2, DISKS("\"status\":\"in-use\",\"iops\":{\"total_val\":3000}"));
  answer(watching, LIST_DISKS, 0, DISKS("\"status\":\"in-use\",\"iops\":{\"total_val\":4000}"));
  g_autoptr(EvsDisk) disk = NULL;
  assert_true(qos(watching, "j1", &disk, NULL));
  assert_int_equal(disk->iops, 4000);
  assert_lists(watching, LIST_DISKS, 3, 0);
}

/* The disk shows nothing of it: the job is asked once the change is late. */
static void test_failed_change_of_performance(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_DISKS, 1, DISKS("\"status\":\"in-use\",\"iops\":{\"total_val\":4000}"));
  answer(watching, LIST_DISKS, 0, DISKS("\"status\":\"in-use\",\"iops\":{\"total_val\":3000}"));
  answer(watching, GET_JOB, 0,
         "{\"status\":\"FAIL\",\"error_code\":\"EVS.2050\",\"fail_reason\":\"refused\"}");
  assert_true(qos(watching, "j1", NULL, NULL)); /* teaches what is late */
  g_autoptr(GError) error = NULL;
  assert_false(qos(watching, "j1", NULL, &error));
  assert_string_equal(error->message, "cannot change the disk's performance: job j1 failed: refused");
  assert_int_equal(calls(watching, GET_JOB), 1);
  assert_int_equal(calls(watching, GET_DISK), 0);
}

static void test_type_by_row(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_DISKS, 2, DISKS("\"status\":\"available\",\"volume_type\":\"SAS\""));
  answer(watching, LIST_DISKS, 0, DISKS("\"status\":\"available\",\"volume_type\":\"SSD\""));
  EvsContext context = fixture_within_ms(20000);
  assert_true(evs_watch_retype(watching->watcher, &context, DISK_ID, "j1", "SSD", NULL, NULL));
  assert_lists(watching, LIST_DISKS, 3, 0);
}

static void test_long_retype_leaves_it_running(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_DISKS, 0, DISKS("\"status\":\"available\",\"volume_type\":\"SAS\""));
  EvsContext context = fixture_within_ms(400);
  g_autoptr(GError) error = NULL;
  assert_false(evs_watch_retype(watching->watcher, &context, DISK_ID, "j1", "SSD", NULL, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  assert_string_equal(error->message, "change the disk's type: disk " DISK_ID
                                      ", job j1, waited 0 s, it goes on in the cloud");
}

/* Snapshots by the dozen: each that the query names, or all of them. */
static void answer_snapshots(void *data, const char *request, ScriptAnswer *ret_answer)
{
  Watching *watching = data;
  const char *status = clock_now_us() < watching->taken_us ? "creating" : "available";
  g_autofree char *line = g_strndup(request, (gsize)(strstr(request, "\r\n") - request));
  g_autoptr(GString) rows = g_string_new(NULL);
  for (guint i = 0; i < 100; i++) {
    g_autofree char *id = g_strdup_printf("c0000000-0000-4000-8000-%012u", i);
    if (!strstr(line, "&id=") || strstr(line, id))
      g_string_append_printf(rows, "%s{\"id\":\"%s\",\"status\":\"%s\"}", rows->len > 0 ? "," : "", id,
                             status);
  }
  ret_answer->body = g_strdup_printf("{\"snapshots\":[%s]}", rows->str);
}

typedef struct {
  Watching *watching;
  guint number;
  Thread thread;
} Waiter;

static void *wait_for_snapshot(void *argument)
{
  Waiter *waiter = argument;
  EvsContext context = fixture_within_ms(30000);
  g_autofree char *id = g_strdup_printf("c0000000-0000-4000-8000-%012u", waiter->number);
  g_autoptr(EvsSnapshot) snapshot = NULL;
  gboolean ok = evs_watch_snapshot(waiter->watching->watcher, &context, id, &snapshot, NULL);
  return GINT_TO_POINTER(ok && snapshot && g_str_equal(snapshot->id, id));
}

static void take_many(Watching *watching, guint count)
{
  g_autofree Waiter *waiters = g_new0(Waiter, count);
  watching->taken_us = clock_deadline_in_ms(700);
  http_script_add(watching->base.script,
                  (ScriptRule){.match = LIST_SNAPSHOTS, .answer = answer_snapshots, .data = watching});
  for (guint i = 0; i < count; i++) {
    waiters[i] = (Waiter){.watching = watching, .number = i};
    waiters[i].thread = thread_start("waiter", wait_for_snapshot, &waiters[i]);
  }
  for (guint i = 0; i < count; i++) {
    void *result;
    assert_int_equal(pthread_join(waiters[i].thread.handle, &result), 0);
    assert_true(GPOINTER_TO_INT(result));
  }
  assert_in_range(calls(watching, LIST_SNAPSHOTS), 2, 8);
  assert_int_equal(calls(watching, ""), calls(watching, LIST_SNAPSHOTS));
}

static void test_fifty_snapshots_by_ids(void **state)
{
  Watching *watching = *state;
  take_many(watching, 50);
  assert_int_equal(calls(watching, LIST_SNAPSHOTS "?limit=1000&id="), calls(watching, LIST_SNAPSHOTS));
}

static void test_eighty_snapshots_by_pages(void **state)
{
  Watching *watching = *state;
  take_many(watching, 80);
  assert_in_range(calls(watching, LIST_SNAPSHOTS "?limit=1000 "), 1, 8);
}

static void test_failed_snapshot_is_given_back(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_SNAPSHOTS, 1, SNAPSHOTS("creating"));
  answer(watching, LIST_SNAPSHOTS, 0, SNAPSHOTS("error"));
  answer(watching, GET_SNAPSHOT, 0, "{\"snapshot\":" SNAPSHOT("error") "}");
  EvsContext context = fixture_within_ms(20000);
  g_autoptr(EvsSnapshot) snapshot = NULL;
  g_autoptr(GError) error = NULL;
  assert_false(evs_watch_snapshot(watching->watcher, &context, SNAPSHOT_ID, &snapshot, &error));
  assert_string_equal(error->message,
                      "cannot create snapshot: snapshot " SNAPSHOT_ID " has the status 'error'");
  assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  assert_non_null(snapshot);
  assert_string_equal(snapshot->status, "error");
  assert_lists(watching, LIST_SNAPSHOTS, 2, 1);
  assert_int_equal(calls(watching, GET_SNAPSHOT), 1);
}

/* The list said "error" wrongly. */
static void test_row_alone_fails_no_snapshot(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_SNAPSHOTS, 0, SNAPSHOTS("error"));
  answer(watching, GET_SNAPSHOT, 0, "{\"snapshot\":" SNAPSHOT("available") "}");
  EvsContext context = fixture_within_ms(20000);
  assert_true(evs_watch_snapshot(watching->watcher, &context, SNAPSHOT_ID, NULL, NULL));
  assert_lists(watching, LIST_SNAPSHOTS, 1, 1);
}

static void test_snapshot_that_is_late(void **state)
{
  Watching *watching = *state;
  EvsContext context = fixture_within_ms(400);
  answer(watching, LIST_SNAPSHOTS, 0, SNAPSHOTS("creating"));
  g_autoptr(GError) error = NULL;
  assert_false(evs_watch_snapshot(watching->watcher, &context, SNAPSHOT_ID, NULL, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  assert_string_equal(error->message,
                      "create snapshot: snapshot " SNAPSHOT_ID ", waited 0 s, it goes on in the cloud");
  g_clear_error(&error);
  guint before = calls(watching, "");
  assert_false(evs_watch_snapshot(watching->watcher, &context, "x", NULL, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  assert_int_equal(calls(watching, ""), before);
}

/* Absence from the list proves nothing: GET by id does. */
static void test_deleted_snapshot(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_SNAPSHOTS, 2, SNAPSHOTS("deleting"));
  answer(watching, LIST_SNAPSHOTS, 0, "{\"snapshots\":[]}");
  EvsContext context = fixture_within_ms(20000);
  assert_true(evs_watch_snapshot_delete(watching->watcher, &context, SNAPSHOT_ID, NULL));
  assert_lists(watching, LIST_SNAPSHOTS, 3, 1);
  assert_int_equal(calls(watching, GET_SNAPSHOT), 1);
}

static void test_snapshot_that_cannot_be_deleted(void **state)
{
  Watching *watching = *state;
  answer(watching, LIST_SNAPSHOTS, 0, SNAPSHOTS("error_deleting"));
  answer(watching, GET_SNAPSHOT, 0, "{\"snapshot\":" SNAPSHOT("error_deleting") "}");
  EvsContext context = fixture_within_ms(20000);
  g_autoptr(GError) error = NULL;
  assert_false(evs_watch_snapshot_delete(watching->watcher, &context, SNAPSHOT_ID, &error));
  assert_string_equal(error->message,
                      "cannot delete snapshot: snapshot " SNAPSHOT_ID " has the status 'error_deleting'");
  assert_int_equal(calls(watching, GET_SNAPSHOT), 1);
}

#define WATCH_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    WATCH_TEST(test_extended_by_row),
    WATCH_TEST(test_failed_extend_has_the_jobs_reason),
    WATCH_TEST(test_failed_extend_without_a_job),
    WATCH_TEST(test_performance_by_row),
    WATCH_TEST(test_failed_change_of_performance),
    WATCH_TEST(test_type_by_row),
    WATCH_TEST(test_long_retype_leaves_it_running),
    WATCH_TEST(test_fifty_snapshots_by_ids),
    WATCH_TEST(test_eighty_snapshots_by_pages),
    WATCH_TEST(test_failed_snapshot_is_given_back),
    WATCH_TEST(test_row_alone_fails_no_snapshot),
    WATCH_TEST(test_snapshot_that_is_late),
    WATCH_TEST(test_deleted_snapshot),
    WATCH_TEST(test_snapshot_that_cannot_be_deleted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
