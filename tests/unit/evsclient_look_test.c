/* evsclient/look.c and sweep_round.c: many callers look at disks, few lists are read. A tiny cloud in the test answers in
 * pages; the numbers of calls are part of what is asserted. */
#include "base/clock.h"
#include "base/thread.h"
#include "evsclient/watcher.h"
#include "tests/harness/http_script.h"
#include "tests/unit/cmocka_all.h"

#define PROJECT "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define LIST "GET /v2/" PROJECT "/cloudvolumes/detail"
#define BY_IDS LIST "?limit=1000&ids="
#define BY_NAME LIST "?limit=1000&name="
#define BEHIND LIST "?limit=1000&marker="
#define GET "GET /v2/" PROJECT "/cloudvolumes/0"

enum { LONE_TICK_MS = 150, MANY = 100, PAGE = 1000 };

typedef struct {
  HttpScript *script;
  EvsClient *client;
  EvsWatcher *watcher;
  Mutex lock;
  Cond changed;
  guint n_disks; /* number n is the older, the smaller n is */
  const char *status;
  gboolean held; /* lists that have begun wait with their answer */
  guint begun;
} Fixture;

static char *disk_id(guint number)
{
  return g_strdup_printf("00000000-0000-4000-8000-%012u", number);
}

/* The part of a request's line behind "KEY=", or NULL. */
static const char *find_value(const char *line, const char *key)
{
  const char *found = strstr(line, key);
  return found ? found + strlen(key) : NULL;
}

static char *render_list(const Fixture *fixture, const char *line)
{
  g_autoptr(GString) rows = g_string_new(NULL);
  const char *marker = find_value(line, "marker=00000000-0000-4000-8000-"),
             *name = find_value(line, "name=d"), *ids = find_value(line, "ids=");
  guint shown = 0;
  guint newer = marker ? (guint)g_ascii_strtoull(marker, NULL, 10) : fixture->n_disks;
  for (guint i = newer; i-- > 0 && shown < PAGE;) {
    g_autofree char *id = disk_id(i);
    if ((ids && !strstr(ids, id)) || (name && g_ascii_strtoull(name, NULL, 10) != i))
      continue;
    g_string_append_printf(rows, "%s{\"id\":\"%s\",\"name\":\"d%u\",\"status\":\"%s\"}", shown++ ? "," : "",
                           id, i, fixture->status);
  }
  return g_strdup_printf("{\"volumes\":[%s]}", rows->str);
}

static void answer_list(void *data, const char *request, ScriptAnswer *ret_answer)
{
  Fixture *fixture = data;
  g_autofree char *line = g_strndup(request, strcspn(request, "\r\n"));
  MUTEX_HOLD(&fixture->lock);
  ret_answer->body = render_list(fixture, line);
  fixture->begun++;
  cond_broadcast(&fixture->changed);
  while (fixture->held)
    cond_wait(&fixture->changed, &fixture->lock);
}

static int setup(void **state)
{
  Fixture *fixture = g_new0(Fixture, 1);
  mutex_init(&fixture->lock);
  cond_init(&fixture->changed);
  fixture->status = "available";
  fixture->script = http_script_start();
  g_autofree char *text =
    g_strdup_printf("[Global]\nregion = r1\nproject-id = " PROJECT "\naccess-key = a\nsecret-key = s\n"
                    "endpoint-evs = %s\n",
                    http_script_url(fixture->script));
  g_autoptr(EvsConfig) config = evs_config_parse(text, "test", NULL);
  fixture->client = evs_client_new(config, NULL);
  fixture->watcher = evs_watcher_new(fixture->client);
  *state = fixture;
  return 0;
}

static int teardown(void **state)
{
  Fixture *fixture = *state;
  evs_watcher_free(fixture->watcher);
  evs_client_free(fixture->client);
  http_script_stop(fixture->script);
  cond_destroy(&fixture->changed);
  mutex_destroy(&fixture->lock);
  g_free(fixture);
  return 0;
}

static void add_disks(Fixture *fixture, guint count)
{
  fixture->n_disks = count;
  http_script_add(fixture->script, (ScriptRule){.match = LIST, .answer = answer_list, .data = fixture});
}

static guint lists(Fixture *fixture)
{
  return http_script_count(fixture->script, LIST);
}

static void grow(Fixture *fixture, guint count)
{
  MUTEX_HOLD(&fixture->lock);
  fixture->n_disks += count;
}

static void hold(Fixture *fixture, gboolean held, const char *status)
{
  MUTEX_HOLD(&fixture->lock);
  fixture->held = held;
  fixture->status = status;
  cond_broadcast(&fixture->changed);
}

static void await_list(Fixture *fixture, guint count)
{
  MUTEX_HOLD(&fixture->lock);
  while (fixture->begun < count)
    cond_wait(&fixture->changed, &fixture->lock);
}

typedef struct {
  Fixture *fixture;
  guint number;
  gint64 ms;
  gboolean ok;
  EvsDisk *disk;
  GError *error;
  Thread thread;
} Looker;

static void *look(void *argument)
{
  Looker *looker = argument;
  EvsContext context = {.deadline_us = clock_deadline_in_ms(looker->ms)};
  g_autofree char *id = disk_id(looker->number);
  looker->ok = evs_watcher_look(looker->fixture->watcher, &context, id, &looker->disk, &looker->error);
  return NULL;
}

static void begin(Looker *looker, Fixture *fixture, guint number)
{
  *looker = (Looker){.fixture = fixture, .number = number, .ms = 30000};
  looker->thread = thread_start("looker", look, looker);
}

static void clear(Looker *looker)
{
  evs_disk_free(looker->disk);
  g_clear_error(&looker->error);
}

/* Waits for its end: it must have seen its disk in this status; NULL: no disk. */
static void end(Looker *looker, const char *status)
{
  thread_join(looker->thread);
  assert_true(looker->ok);
  assert_null(looker->error);
  if (status) {
    g_autofree char *id = disk_id(looker->number);
    assert_non_null(looker->disk);
    assert_string_equal(looker->disk->id, id);
    assert_string_equal(looker->disk->status, status);
  } else {
    assert_null(looker->disk);
  }
  clear(looker);
}

static void test_one_look_is_one_call_at_once(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 3);
  Looker looker;
  gint64 start = clock_now_us();
  begin(&looker, fixture, 1);
  end(&looker, "available");
  assert_true(clock_now_us() - start < LONE_TICK_MS * 1000);
  assert_int_equal(http_script_count(fixture->script, BY_IDS), 1);
  assert_int_equal(http_script_count(fixture->script, ""), 1);
}

static void test_what_is_not_listed_is_no_error(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 3);
  Looker looker;
  begin(&looker, fixture, 77);
  end(&looker, NULL);
  assert_int_equal(lists(fixture), 1);
}

static void test_a_second_look_waits_for_the_tick(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 3);
  Looker looker;
  gint64 start = clock_now_us();
  for (guint i = 0; i < 2; i++) {
    begin(&looker, fixture, i);
    end(&looker, "available");
  }
  assert_true(clock_now_us() - start >= LONE_TICK_MS * 1000);
  assert_int_equal(lists(fixture), 2);
}

/* The first look's list is held up; all others share the next one. */
static void look_many(Fixture *fixture, guint count)
{
  Looker first, lookers[MANY];
  hold(fixture, TRUE, "available");
  begin(&first, fixture, 0);
  await_list(fixture, 1);
  for (guint i = 0; i < count; i++)
    begin(&lookers[i], fixture, i);
  clock_sleep_until(
    clock_deadline_in_ms(200)); /* so that all have come; later ones would cost one list more */
  hold(fixture, FALSE, "in-use");
  end(&first, "available");
  for (guint i = 0; i < count; i++)
    end(&lookers[i], "in-use"); /* of a list that began after they had come */
}

static void test_looks_share_one_list_by_ids(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, MANY);
  look_many(fixture, 50);
  assert_in_range(http_script_count(fixture->script, BY_IDS), 2, 3);
  assert_int_equal(http_script_count(fixture->script, BY_IDS), lists(fixture));
}

static void test_looks_share_one_page(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, MANY);
  look_many(fixture, MANY);
  assert_in_range(lists(fixture), 2, 3);
  assert_in_range(http_script_count(fixture->script, BY_IDS), 1, 2);
}

/* Four full pages and no end: after as many pages as calls by ids would be, it asks by ids. */
static void test_old_disks_of_a_big_project(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 4 * PAGE + 1);
  look_many(fixture, MANY);
  assert_in_range(lists(fixture), 1 + 2 + 2, 1 + 2 + 2 + 2);
  assert_int_equal(http_script_count(fixture->script, BEHIND), 1);
  assert_in_range(http_script_count(fixture->script, BY_IDS), 1 + 2, 1 + 2 + 2);
}

typedef struct {
  Fixture *fixture;
  Thread thread;
} Waiter;

static void *wait_for_create(void *argument)
{
  Waiter *waiter = argument;
  EvsContext context = {.deadline_us = clock_deadline_in_ms(30000)};
  g_autofree char *id = disk_id(0);
  assert_true(evs_watch_create(waiter->fixture->watcher, &context, id, NULL, NULL, NULL));
  return NULL;
}

/* What waits is swept once per tick anyway: looks add nothing. */
static void test_looks_ride_on_the_sweep(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, MANY);
  hold(fixture, FALSE, "creating");
  Waiter waiter = {.fixture = fixture};
  gint64 start = clock_now_us();
  waiter.thread = thread_start("waiter", wait_for_create, &waiter);
  await_list(fixture, 1);
  for (guint i = 0; i < 3; i++) {
    Looker looker;
    begin(&looker, fixture, i);
    end(&looker, "creating");
  }
  guint ticks = (guint)((clock_now_us() - start) / (LONE_TICK_MS * 1000));
  assert_in_range(lists(fixture), 4, ticks + 2);
  hold(fixture, FALSE, "available");
  thread_join(waiter.thread);
  assert_int_equal(http_script_count(fixture->script, GET), 0);
}

static void test_failure_of_the_list_is_the_looks(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = LIST,
                               .times = 1,
                               .status = 403,
                               .body = "{\"error\":{\"code\":\"EVS.5403\",\"message\":\"not for you\"}}"});
  add_disks(fixture, 1);
  Looker looker;
  begin(&looker, fixture, 0);
  thread_join(looker.thread);
  assert_false(looker.ok);
  assert_null(looker.disk);
  assert_int_equal(evs_error_code(looker.error), EVS_CODE_PERMISSION_DENIED);
  assert_string_equal(evs_error_cloud_code(looker.error), "EVS.5403");
  clear(&looker);
  begin(&looker, fixture, 0);
  end(&looker, "available");
}

static void test_the_lookers_time_is_up(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 1);
  hold(fixture, TRUE, "available");
  Looker looker = {.fixture = fixture, .ms = 300};
  look(&looker);
  assert_false(looker.ok);
  assert_int_equal(evs_error_code(looker.error), EVS_CODE_ABORTED);
  assert_string_equal(looker.error->message,
                      "gave up looking at disk '00000000-0000-4000-8000-000000000000' in a list");
  clear(&looker);
  hold(fixture, FALSE, "available");
}

static void test_bad_id(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = {.deadline_us = CLOCK_NEVER};
  g_autoptr(GError) error = NULL;
  EvsDisk *disk = NULL;
  assert_false(evs_watcher_look(fixture->watcher, &context, "x'],['y", &disk, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  assert_int_equal(http_script_count(fixture->script, ""), 0);
}

/* ---- by name ---- */

typedef struct {
  Fixture *fixture;
  guint number;
  gboolean ok, found;
  GError *error;
  Thread thread;
} Seeker;

static void *seek(void *argument)
{
  Seeker *seeker = argument;
  EvsContext context = {.deadline_us = clock_deadline_in_ms(30000)};
  g_autofree char *name = g_strdup_printf("d%u", seeker->number);
  g_autoptr(GPtrArray) disks = NULL;
  seeker->ok = evs_watcher_look_name(seeker->fixture->watcher, &context, name, &disks, &seeker->error);
  assert_true(!disks || disks->len <= 1);
  seeker->found = disks && disks->len == 1 && g_str_equal(((EvsDisk *)disks->pdata[0])->name, name);
  return NULL;
}

/* Names `first`, first + step, ...: those below the number of disks are found, and no others. */
static void seek_many(Fixture *fixture, guint first, guint step)
{
  Seeker seekers[MANY];
  for (guint i = 0; i < MANY; i++) {
    seekers[i] = (Seeker){.fixture = fixture, .number = first + i * step};
    seekers[i].thread = thread_start("seeker", seek, &seekers[i]);
  }
  for (guint i = 0; i < MANY; i++) {
    thread_join(seekers[i].thread);
    assert_null(seekers[i].error);
    assert_true(seekers[i].ok);
    assert_int_equal(seekers[i].found, seekers[i].number < fixture->n_disks);
  }
}

static void test_one_name_is_one_small_call(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 5);
  for (guint i = 4; i <= 5; i++) {
    Seeker seeker = {.fixture = fixture, .number = i};
    seek(&seeker);
    assert_true(seeker.ok);
    assert_int_equal(seeker.found, i < 5);
  }
  assert_int_equal(http_script_count(fixture->script, BY_NAME), 2);
  assert_int_equal(http_script_count(fixture->script, ""), 2);
}

/* A hundred names at once, half of them there: the first three ask, the others share a page or two. */
static void test_many_names_share_a_page(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 50);
  seek_many(fixture, 0, 1);
  assert_int_equal(http_script_count(fixture->script, BY_NAME), 3);
  assert_in_range(lists(fixture), 3 + 1, 3 + 3);
}

/* The whole list is read once; then the newest page, and ids for names of old disks. */
static void test_many_names_in_a_big_project(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 3 * PAGE + 500);
  seek_many(fixture, 3 * PAGE + 500, 1);
  assert_int_equal(http_script_count(fixture->script, BY_NAME), 3);
  assert_int_equal(http_script_count(fixture->script, BY_IDS), 0);
  guint first = lists(fixture), behind = http_script_count(fixture->script, BEHIND);
  assert_in_range(first, 3 + 4, 3 + 4 + 2);
  assert_int_equal(behind, 3);

  grow(fixture, 300); /* by others */
  seek_many(fixture, 3 * PAGE + 600, 3);
  assert_int_equal(http_script_count(fixture->script, BEHIND), behind);
  assert_int_equal(http_script_count(fixture->script, BY_IDS), 0);
  assert_in_range(lists(fixture) - first, 1, 3 + 3);

  guint second = lists(fixture);
  seek_many(fixture, 7, 1);
  assert_int_equal(http_script_count(fixture->script, BEHIND), behind);
  assert_in_range(http_script_count(fixture->script, BY_IDS), 1, 4);
  assert_in_range(lists(fixture) - second, 2, 3 + 2 * 3);
}

/* Between two readings more came than a page holds. */
static void test_a_gap_is_read(void **state)
{
  Fixture *fixture = *state;
  add_disks(fixture, 2 * PAGE);
  seek_many(fixture, 2 * PAGE, 1);
  guint behind = http_script_count(fixture->script, BEHIND);
  grow(fixture, PAGE + 200);
  seek_many(fixture, 3 * PAGE - 100, 5);
  assert_int_equal(http_script_count(fixture->script, BEHIND), behind + 1);
}

static void test_failure_of_the_list_is_the_names(void **state)
{
  Fixture *fixture = *state;
  static const char refusal[] = "{\"error\":{\"code\":\"EVS.5403\",\"message\":\"not for you\"}}";
  http_script_add(fixture->script, (ScriptRule){.match = BY_NAME, .status = 403, .body = refusal});
  http_script_add(fixture->script, (ScriptRule){.match = LIST, .status = 403, .body = refusal});
  for (guint i = 0; i < 5; i++) {
    Seeker seeker = {.fixture = fixture, .number = i};
    seek(&seeker);
    assert_false(seeker.ok);
    assert_string_equal(evs_error_cloud_code(seeker.error), "EVS.5403");
    g_clear_error(&seeker.error);
  }
  assert_int_equal(http_script_count(fixture->script, BY_NAME), 3);
  assert_int_equal(lists(fixture), 5);
}

#define LOOK_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    LOOK_TEST(test_one_look_is_one_call_at_once),
    LOOK_TEST(test_what_is_not_listed_is_no_error),
    LOOK_TEST(test_a_second_look_waits_for_the_tick),
    LOOK_TEST(test_looks_share_one_list_by_ids),
    LOOK_TEST(test_looks_share_one_page),
    LOOK_TEST(test_old_disks_of_a_big_project),
    LOOK_TEST(test_looks_ride_on_the_sweep),
    LOOK_TEST(test_failure_of_the_list_is_the_looks),
    LOOK_TEST(test_the_lookers_time_is_up),
    LOOK_TEST(test_bad_id),
    LOOK_TEST(test_one_name_is_one_small_call),
    LOOK_TEST(test_many_names_share_a_page),
    LOOK_TEST(test_many_names_in_a_big_project),
    LOOK_TEST(test_a_gap_is_read),
    LOOK_TEST(test_failure_of_the_list_is_the_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
