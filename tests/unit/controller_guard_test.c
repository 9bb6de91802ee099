/* Which lists of snapshots a delete relies on (controller/delete_guard.h): that of all of them only when it is whole. */
#include "base/clock.h"
#include "base/thread.h"
#include "controller/delete_guard.h"
#include "tests/unit/evsclient_fixture.h"

#define LIST_SNAPSHOTS "GET /v2/" PROJECT "/cloudsnapshots/detail"
#define DISK "d0000000-0000-4000-8000-%012u"

enum { DISKS = 4, TAKEN = 2 /* the disk that has a snapshot */ };

/* A project with a snapshot of one disk, which is its oldest, and many of others. */
typedef struct {
  guint page; /* rows of a list of all */
} Project;

static void append_row(GString *rows, guint disk, guint number)
{
  g_string_append_printf(
    rows,
    "%s{\"id\":\"c0000000-0000-4000-8000-%012u\",\"status\":\"available\",\"name\":\"s\","
    "\"volume_id\":\"" DISK "\"}",
    rows->len > 0 ? "," : "", number, disk);
}

static void answer(void *data, const char *request, ScriptAnswer *ret_answer)
{
  const Project *project = data;
  g_autoptr(GString) rows = g_string_new("");
  g_autofree char *taken = g_strdup_printf("volume_id=" DISK, (guint)TAKEN);
  g_autofree char *line = g_strndup(request, strcspn(request, "\r\n"));
  if (strstr(line, taken))
    append_row(rows, TAKEN, 0);
  else if (!strstr(line, "volume_id="))
    for (guint i = 1; i <= project->page; i++)
      append_row(rows, i < project->page || i == GUARD_LIST_PAGE ? 1000 + i : TAKEN, i);
  ret_answer->status = 200;
  ret_answer->body = g_strdup_printf("{\"snapshots\":[%s]}", rows->str);
}

typedef struct {
  SharedLists *lists;
  char *disk;
  guint found;
  GError *error;
  Thread thread;
} Caller;

static void visit(GPtrArray *snapshots, void *data)
{
  Caller *caller = data;
  for (guint i = 0; i < snapshots->len; i++)
    caller->found += g_str_equal(((EvsSnapshot *)snapshots->pdata[i])->volume_id, caller->disk);
}

static void *ask(void *argument)
{
  Caller *caller = argument;
  EvsContext context = fixture_within_ms(20000);
  shared_list_read(caller->lists, &context, caller->disk, visit, caller, &caller->error);
  return NULL;
}

static void begin(Caller *caller, SharedLists *lists, guint disk)
{
  *caller = (Caller){.lists = lists, .disk = g_strdup_printf(DISK, disk)};
  caller->thread = thread_start("caller", ask, caller);
}

/* The first disk's list is slow; the others gather behind it. */
static void ask_at_once(Fixture *fixture, Project *project)
{
  SharedLists *lists = delete_guard_lists_new(fixture->client);
  Caller callers[DISKS];
  http_script_add(
    fixture->script,
    (ScriptRule){.match = LIST_SNAPSHOTS, .times = 1, .body = "{\"snapshots\":[]}", .delay_ms = 1000});
  http_script_add(fixture->script, (ScriptRule){.match = LIST_SNAPSHOTS, .answer = answer, .data = project});
  begin(&callers[0], lists, 0);
  while (http_script_count(fixture->script, LIST_SNAPSHOTS) == 0)
    clock_sleep_until(clock_deadline_in_ms(1));
  for (guint i = 1; i < DISKS; i++)
    begin(&callers[i], lists, i);
  for (guint i = 0; i < DISKS; i++) {
    thread_join(callers[i].thread);
    assert_null(callers[i].error);
    assert_int_equal(callers[i].found, i == TAKEN);
    g_free(callers[i].disk);
  }
  shared_lists_free(lists);
}

static void test_a_whole_list_answers_all(void **state)
{
  Fixture *fixture = *state;
  Project project = {.page = GUARD_LIST_PAGE - 1};
  ask_at_once(fixture, &project);
  assert_int_equal(http_script_count(fixture->script, LIST_SNAPSHOTS), 2);
}

/* A full page may be followed by another one, where the snapshot is. */
static void test_a_full_page_answers_nobody(void **state)
{
  Fixture *fixture = *state;
  Project project = {.page = GUARD_LIST_PAGE};
  ask_at_once(fixture, &project);
  assert_int_equal(http_script_count(fixture->script, LIST_SNAPSHOTS), 1 + 1 + (DISKS - 1));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_a_whole_list_answers_all, fixture_setup, fixture_teardown),
    cmocka_unit_test_setup_teardown(test_a_full_page_answers_nobody, fixture_setup, fixture_teardown),
  };
  return cmocka_run_group_tests_name("controller_guard", tests, NULL, NULL);
}
