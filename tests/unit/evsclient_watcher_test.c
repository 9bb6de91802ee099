/* evsclient/watcher.c: many waits, few calls. A tiny cloud of disks and jobs in the test answers; the numbers of
 * calls are part of what is asserted. */
#include "evsclient/watcher.h"

#include "base/clock.h"
#include "base/thread.h"
#include "tests/harness/http_script.h"

#include "tests/unit/cmocka_all.h"

#define PROJECT "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define SERVER_ID "a0000000-0000-4000-8000-000000000001"
#define LIST "GET /v2/" PROJECT "/cloudvolumes/detail"
#define GET "GET /v2/" PROJECT "/cloudvolumes/00000000"
#define ECS_JOB "GET /ecs/v1/" PROJECT "/jobs/"

enum { MAX_DISKS = 128 };

/* What the tiny cloud says of a disk before and after `change_us`. */
typedef struct {
  gint64 change_us;
  const char *before, *after;                   /* status; NULL: no such disk */
  const char *attached_before, *attached_after; /* attachment ids to SERVER_ID, or NULL */
  const char *list_says;                        /* status in lists only, until the change; NULL: the truth */
  gboolean unlisted;                            /* in no list at all */
} Disk;

typedef struct {
  HttpScript *script;
  EvsClient *client;
  EvsWatcher *watcher;
  Disk disks[MAX_DISKS];
  guint n_disks;
} Fixture;

static char *disk_id(guint number)
{
  return g_strdup_printf("00000000-0000-4000-8000-%012u", number);
}

static char *render(const Disk *disk, guint number, gboolean in_list)
{
  gboolean changed = clock_now_us() >= disk->change_us;
  const char *status = changed ? disk->after : disk->before;
  const char *attachment = changed ? disk->attached_after : disk->attached_before;
  if (in_list && !changed && disk->list_says)
    status = disk->list_says;
  if (!status || (in_list && disk->unlisted))
    return NULL;
  g_autofree char *id = disk_id(number);
  g_autofree char *attachments =
    attachment ? g_strdup_printf("{\"server_id\":\"" SERVER_ID "\",\"attachment_id\":\"%s\"}", attachment)
               : g_strdup("");
  return g_strdup_printf("{\"id\":\"%s\",\"status\":\"%s\",\"attachments\":[%s]}", id, status, attachments);
}

static void answer_list(void *data, const char *request, ScriptAnswer *ret_answer)
{
  Fixture *fixture = data;
  g_autoptr(GString) rows = g_string_new(NULL);
  const char *line_end = strstr(request, "\r\n");
  g_autofree char *line = g_strndup(request, (gsize)(line_end - request));
  for (guint i = fixture->n_disks; i-- > 0;) {
    g_autofree char *id = disk_id(i);
    g_autofree char *row = render(&fixture->disks[i], i, TRUE);
    if (row && (!strstr(line, "ids=") || strstr(line, id)))
      g_string_append_printf(rows, "%s%s", rows->len > 0 ? "," : "", row);
  }
  ret_answer->body = g_strdup_printf("{\"volumes\":[%s]}", rows->str);
}

static void answer_get(void *data, const char *request, ScriptAnswer *ret_answer)
{
  Fixture *fixture = data;
  guint number = (guint)g_ascii_strtoull(request + strlen(GET "-0000-4000-8000-"), NULL, 10);
  g_autofree char *row = number < fixture->n_disks ? render(&fixture->disks[number], number, FALSE) : NULL;
  ret_answer->status = row ? 200 : 404;
  ret_answer->body = row ? g_strdup_printf("{\"volume\":%s}", row)
                         : g_strdup("{\"error\":{\"code\":\"EVS.5404\",\"message\":\"not found\"}}");
}

static int setup(void **state)
{
  Fixture *fixture = g_new0(Fixture, 1);
  fixture->script = http_script_start();
  const char *url = http_script_url(fixture->script);
  g_autofree char *text =
    g_strdup_printf("[Global]\nregion = r1\nproject-id = " PROJECT "\naccess-key = a\nsecret-key = s\n"
                    "endpoint-evs = %s\nendpoint-ecs = %s/ecs\n",
                    url, url);
  g_autoptr(EvsConfig) config = evs_config_parse(text, "test", NULL);
  fixture->client = evs_client_new(config, NULL);
  fixture->watcher = evs_watcher_new(fixture->client);
  http_script_add(fixture->script, (ScriptRule){.match = LIST, .answer = answer_list, .data = fixture});
  http_script_add(fixture->script, (ScriptRule){.match = GET, .answer = answer_get, .data = fixture});
  *state = fixture;
  return 0;
}

static int teardown(void **state)
{
  Fixture *fixture = *state;
  evs_watcher_free(fixture->watcher);
  evs_client_free(fixture->client);
  http_script_stop(fixture->script);
  g_free(fixture);
  return 0;
}

static guint add_disk(Fixture *fixture, Disk disk, gint64 after_ms)
{
  disk.change_us = clock_deadline_in_ms(after_ms);
  fixture->disks[fixture->n_disks] = disk;
  return fixture->n_disks++;
}

static void add_job(Fixture *fixture, const char *body)
{
  http_script_add(fixture->script, (ScriptRule){.match = "GET /v1/" PROJECT "/jobs/", .body = body});
  http_script_add(fixture->script, (ScriptRule){.match = ECS_JOB, .body = body});
}

static guint job_calls(Fixture *fixture)
{
  return http_script_count(fixture->script, "GET /v1/" PROJECT "/jobs/") +
         http_script_count(fixture->script, ECS_JOB);
}

static gboolean watch_create(Fixture *fixture, guint number, const char *job, gint64 ms, GError **error)
{
  EvsContext context = {.deadline_us = clock_deadline_in_ms(ms)};
  g_autofree char *id = disk_id(number);
  g_autoptr(EvsDisk) disk = NULL;
  gboolean ok = evs_watch_create(fixture->watcher, &context, id, job, &disk, error);
  if (ok)
    assert_string_equal(disk->id, id);
  return ok;
}

/* So that overdue waits are noticed after 2 s, not after the 10 s of a watcher that knows nothing. */
static void teach(Fixture *fixture)
{
  guint number = add_disk(fixture, (Disk){.before = "creating", .after = "available"}, 0);
  EvsContext context = {.deadline_us = clock_deadline_in_ms(10000)};
  g_autofree char *id = disk_id(number);
  assert_true(evs_watch_create(fixture->watcher, &context, id, NULL, NULL, NULL));
}

typedef struct {
  Fixture *fixture;
  guint number;
  Thread thread;
} Waiter;

static void *wait_for_create(void *argument)
{
  Waiter *waiter = argument;
  return GINT_TO_POINTER(watch_create(waiter->fixture, waiter->number, "j1", 20000, NULL));
}

static void create_many(Fixture *fixture, guint count)
{
  g_autofree Waiter *waiters = g_new0(Waiter, count);
  for (guint i = 0; i < count; i++)
    add_disk(fixture, (Disk){.before = "creating", .after = "available"}, 700);
  for (guint i = 0; i < count; i++) {
    waiters[i] = (Waiter){.fixture = fixture, .number = i};
    waiters[i].thread = thread_start("waiter", wait_for_create, &waiters[i]);
  }
  for (guint i = 0; i < count; i++) {
    void *result;
    assert_int_equal(pthread_join(waiters[i].thread.handle, &result), 0);
    assert_true(GPOINTER_TO_INT(result));
  }
}

static void test_fifty_creates_by_ids(void **state)
{
  Fixture *fixture = *state;
  create_many(fixture, 50);
  assert_int_equal(http_script_count(fixture->script, GET), 0);
  assert_int_equal(job_calls(fixture), 0);
  assert_in_range(http_script_count(fixture->script, LIST), 2, 8);
  assert_in_range(http_script_count(fixture->script, LIST "?limit=1000&ids="), 2, 8);
}

static void test_a_hundred_creates_by_pages(void **state)
{
  Fixture *fixture = *state;
  create_many(fixture, 100);
  assert_int_equal(http_script_count(fixture->script, GET), 0);
  assert_int_equal(job_calls(fixture), 0);
  assert_in_range(http_script_count(fixture->script, LIST), 2, 8);
}

static void test_idle_watcher_asks_nothing(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "creating", .after = "available"}, 100);
  assert_true(watch_create(fixture, 0, NULL, 10000, NULL));
  guint calls = http_script_count(fixture->script, "");
  clock_sleep_until(clock_deadline_in_ms(700));
  assert_int_equal(http_script_count(fixture->script, ""), calls);
}

static void test_error_status_ends_the_wait_with_the_jobs_reason(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "creating", .after = "error"}, 100);
  add_job(fixture, "{\"status\":\"FAIL\",\"error_code\":\"EVS.2024\",\"fail_reason\":\"no host\"}");
  g_autoptr(GError) error = NULL;
  assert_false(watch_create(fixture, 0, "j1", 20000, &error));
  assert_string_equal(error->message, "cannot create disk: job j1 failed: no host");
  assert_int_equal(evs_error_code(error), EVS_CODE_INTERNAL);
  assert_true(evs_error_is_job_failure(error));
  assert_int_equal(job_calls(fixture), 1);
  assert_int_equal(http_script_count(fixture->script, GET), 1);
}

static void test_vanished_disk_is_told_by_the_job(void **state)
{
  Fixture *fixture = *state;
  teach(fixture);
  guint number = add_disk(fixture, (Disk){.before = NULL, .after = NULL}, 0);
  add_job(fixture, "{\"status\":\"FAIL\",\"error_code\":\"EVS.1042\",\"fail_reason\":\"quota\"}");
  g_autoptr(GError) error = NULL;
  assert_false(watch_create(fixture, number, "j1", 20000, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_RESOURCE_EXHAUSTED);
  assert_int_equal(job_calls(fixture), 1);
}

static void test_row_alone_fails_nothing(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "creating", .after = "available", .list_says = "error"}, 900);
  g_autoptr(GError) error = NULL;
  assert_true(watch_create(fixture, 0, "j1", 20000, &error));
  assert_null(error);
}

static void test_job_names_the_disk(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "creating", .after = "available"}, 600);
  add_job(fixture,
          "{\"status\":\"RUNNING\",\"entities\":{\"volume_id\":\"00000000-0000-4000-8000-000000000000\"}}");
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autoptr(EvsDisk) disk = NULL;
  assert_true(evs_watch_create(fixture->watcher, &context, NULL, "j1", &disk, NULL));
  assert_string_equal(disk->id, "00000000-0000-4000-8000-000000000000");
  assert_int_equal(job_calls(fixture), 1);
}

static void test_attach_wants_a_new_attachment(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture,
           (Disk){.before = "in-use", .after = "in-use", .attached_before = "old", .attached_after = "new"},
           600);
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autofree char *id = disk_id(0);
  const char *const known[] = {"old", NULL};
  g_autoptr(EvsDisk) disk = NULL;
  gint64 start = clock_now_us();
  assert_true(evs_watch_attach(fixture->watcher, &context, id, SERVER_ID, "j1", known, &disk, NULL));
  assert_true(clock_now_us() - start >= 500 * 1000);
  assert_string_equal(evs_disk_attachment(disk, SERVER_ID)->attachment_id, "new");
  assert_int_equal(http_script_count(fixture->script, GET), 0);
}

/* The list lags behind for ever: the job ends first, then GET by id tells. */
static void test_job_success_is_confirmed_on_the_disk(void **state)
{
  Fixture *fixture = *state;
  teach(fixture);
  guint number =
    add_disk(fixture, (Disk){.before = "creating", .after = "available", .unlisted = TRUE}, 2600);
  add_job(fixture, "{\"status\":\"SUCCESS\"}");
  gint64 start = clock_now_us();
  assert_true(watch_create(fixture, number, "j1", 20000, NULL));
  assert_true(clock_now_us() - start >= 2500 * 1000);
  assert_int_equal(job_calls(fixture), 1);
  assert_int_equal(http_script_count(fixture->script, GET), 2);
}

/* Late, but its row says "creating": nothing else is asked. */
static void test_disk_seen_under_way_needs_no_job(void **state)
{
  Fixture *fixture = *state;
  teach(fixture);
  guint number = add_disk(fixture, (Disk){.before = "creating", .after = "available"}, 3000);
  assert_true(watch_create(fixture, number, "j1", 20000, NULL));
  assert_int_equal(job_calls(fixture), 0);
  assert_int_equal(http_script_count(fixture->script, GET), 0);
}

static void test_bad_ids_spoil_nothing(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autoptr(GError) error = NULL;
  assert_false(evs_watch_delete(fixture->watcher, &context, "x", "j1", &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  g_clear_error(&error);
  assert_false(evs_watch_create(fixture->watcher, &context, NULL, "", NULL, &error));
  assert_string_equal(error->message, "cannot wait to create disk: neither disk nor job is known");
  assert_int_equal(http_script_count(fixture->script, ""), 0);
}

/* The row shows the end, the job confirms it. */
static void test_detach_is_confirmed_by_its_job(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "detaching", .after = "available", .attached_before = "at"}, 300);
  add_job(fixture, "{\"status\":\"SUCCESS\"}");
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autofree char *id = disk_id(0);
  assert_true(evs_watch_detach(fixture->watcher, &context, id, SERVER_ID, "j1", NULL));
  assert_int_equal(http_script_count(fixture->script, GET), 0);
  assert_int_equal(job_calls(fixture), 1);
}

/* No job is known, or it cannot be asked: the disk itself. */
static void test_detach_is_confirmed_by_id(void **state)
{
  Fixture *fixture = *state;
  for (guint i = 0; i < 2; i++) {
    add_disk(fixture, (Disk){.before = "detaching", .after = "available", .attached_before = "at"}, 300);
    EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
    g_autofree char *id = disk_id(i);
    assert_true(evs_watch_detach(fixture->watcher, &context, id, SERVER_ID, i ? "j1" : NULL, NULL));
    assert_int_equal(http_script_count(fixture->script, GET), i + 1);
    assert_int_equal(job_calls(fixture), i);
  }
}

/* A row that shows the end while the job still runs: it is asked again, at the pace of looking. */
static void test_running_job_is_believed(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "detaching", .after = "available", .attached_before = "at"}, 300);
  for (int i = 0; i < 2; i++)
    http_script_add(fixture->script,
                    (ScriptRule){.match = ECS_JOB, .times = 1, .body = "{\"status\":\"RUNNING\"}"});
  http_script_add(fixture->script, (ScriptRule){.match = ECS_JOB, .body = "{\"status\":\"SUCCESS\"}"});
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autofree char *id = disk_id(0);
  assert_true(evs_watch_detach(fixture->watcher, &context, id, SERVER_ID, "j1", NULL));
  assert_int_equal(http_script_count(fixture->script, GET), 0);
  assert_int_equal(job_calls(fixture), 3);
}

static void test_failed_detach(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "detaching", .after = "available", .attached_before = "at"}, 300);
  add_job(fixture, "{\"status\":\"FAIL\",\"error_code\":\"Ecs.0111\",\"fail_reason\":\"busy\"}");
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autofree char *id = disk_id(0);
  g_autoptr(GError) error = NULL;
  assert_false(evs_watch_detach(fixture->watcher, &context, id, SERVER_ID, "j1", &error));
  assert_true(evs_error_is_job_failure(error));
  assert_int_equal(job_calls(fixture), 1);
}

static void test_detach_of_a_gone_disk(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autofree char *id = disk_id(77);
  assert_true(evs_watch_detach(fixture->watcher, &context, id, SERVER_ID, NULL, NULL));
  assert_int_equal(http_script_count(fixture->script, GET), 1);
}

static void test_delete_is_confirmed_by_its_job(void **state)
{
  Fixture *fixture = *state;
  add_job(fixture, "{\"status\":\"SUCCESS\"}");
  add_disk(fixture, (Disk){.before = "deleting", .after = NULL}, 300);
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autofree char *id = disk_id(0);
  assert_true(evs_watch_delete(fixture->watcher, &context, id, "j1", NULL));
  assert_int_equal(http_script_count(fixture->script, GET), 0);
  assert_int_equal(job_calls(fixture), 1);
}

static void test_failed_delete(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "deleting", .after = "error_deleting"}, 300);
  EvsContext context = {.deadline_us = clock_deadline_in_ms(20000)};
  g_autofree char *id = disk_id(0);
  g_autoptr(GError) error = NULL;
  assert_false(evs_watch_delete(fixture->watcher, &context, id, NULL, &error));
  assert_string_equal(error->message,
                      "cannot delete disk: disk 00000000-0000-4000-8000-000000000000 has the status "
                      "'error_deleting'");
}

static void test_deadline_leaves_it_running(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "creating", .after = "available"}, 60000);
  g_autoptr(GError) error = NULL;
  assert_false(watch_create(fixture, 0, "j1", 500, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  assert_string_equal(error->message,
                      "create disk: disk 00000000-0000-4000-8000-000000000000, job j1, waited 0 s, "
                      "it goes on in the cloud");
  assert_false(evs_error_is_job_failure(error));
}

static gboolean cancelled_soon(void *data)
{
  return clock_now_us() > *(gint64 *)data;
}

static void test_cancelled_wait_ends(void **state)
{
  Fixture *fixture = *state;
  add_disk(fixture, (Disk){.before = "creating", .after = "available"}, 60000);
  gint64 until = clock_deadline_in_ms(200), start = clock_now_us();
  EvsContext context = {.deadline_us = CLOCK_NEVER, .cancelled = cancelled_soon, .data = &until};
  g_autofree char *id = disk_id(0);
  g_autoptr(GError) error = NULL;
  assert_false(evs_watch_create(fixture->watcher, &context, id, "j1", NULL, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_ABORTED);
  assert_true(clock_now_us() - start < 2 * G_USEC_PER_SEC);
}

static void test_forgotten_job_leaves_it_to_the_disk(void **state)
{
  Fixture *fixture = *state;
  teach(fixture);
  guint number = add_disk(fixture, (Disk){.before = NULL, .after = "available"}, 2400);
  http_script_add(
    fixture->script,
    (ScriptRule){.match = "GET /v1/" PROJECT "/jobs/",
                 .status = 400,
                 .body = "{\"error\":{\"code\":\"Common.0011\",\"message\":\"query job fail.\"}}"});
  assert_true(watch_create(fixture, number, "j1", 20000, NULL));
  assert_int_equal(job_calls(fixture), 1);
}

#define WATCHER_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    WATCHER_TEST(test_fifty_creates_by_ids),
    WATCHER_TEST(test_a_hundred_creates_by_pages),
    WATCHER_TEST(test_idle_watcher_asks_nothing),
    WATCHER_TEST(test_error_status_ends_the_wait_with_the_jobs_reason),
    WATCHER_TEST(test_vanished_disk_is_told_by_the_job),
    WATCHER_TEST(test_row_alone_fails_nothing),
    WATCHER_TEST(test_job_names_the_disk),
    WATCHER_TEST(test_attach_wants_a_new_attachment),
    WATCHER_TEST(test_job_success_is_confirmed_on_the_disk),
    WATCHER_TEST(test_disk_seen_under_way_needs_no_job),
    WATCHER_TEST(test_bad_ids_spoil_nothing),
    WATCHER_TEST(test_detach_is_confirmed_by_its_job),
    WATCHER_TEST(test_detach_is_confirmed_by_id),
    WATCHER_TEST(test_running_job_is_believed),
    WATCHER_TEST(test_failed_detach),
    WATCHER_TEST(test_detach_of_a_gone_disk),
    WATCHER_TEST(test_delete_is_confirmed_by_its_job),
    WATCHER_TEST(test_failed_delete),
    WATCHER_TEST(test_deadline_leaves_it_running),
    WATCHER_TEST(test_cancelled_wait_ends),
    WATCHER_TEST(test_forgotten_job_leaves_it_to_the_disk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
