/* evsclient/iterator.c: how lists page, and what they make of a cloud that pages badly. */
#include "evsclient/cinder.h"
#include "tests/unit/evsclient_caller.h"

/* The old lists are called here like all others. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define V2 "/v2/" PROJECT

#define ID(n) "00000000-0000-4000-8000-00000000000" n
#define ROW(n) "{\"id\":\"" ID(n) "\"}"
#define DETAIL "GET " V2 "/cloudvolumes/detail?"
#define CINDER "GET " V2 "/volumes/detail?"
#define NEXT ",\"volumes_links\":[{\"rel\":\"next\",\"href\":\"http://elsewhere/\"}]"

static void add_page(Caller *caller, const char *match, const char *body)
{
  http_script_add(caller->fixture->script, (ScriptRule){.match = match, .body = body});
}

/* Checks that the list is disks 1 to count. */
static void assert_disks(EvsIterator *disks, guint count)
{
  g_autoptr(GError) error = NULL;
  for (guint i = 1; i <= count; i++) {
    const EvsDisk *disk = evs_iterator_next(disks, &error);
    assert_null(error);
    assert_non_null(disk);
    assert_int_equal(disk->id[strlen(disk->id) - 1], '0' + (int)i);
  }
  assert_null(evs_iterator_next(disks, &error));
  assert_null(evs_iterator_next(disks, &error));
  assert_null(error);
}

/* A cloud that gives less at a time than it is asked for; a disk made meanwhile; an empty page at the end. */
static void test_marker_pages(void **state)
{
  Caller caller = caller_of(state);
  EvsCinderVolumeFilter filter = {.limit = 3, .name = "n", .offset = 1};
  add_page(&caller, CINDER "limit=3&name=n&offset=1 ",
           "{\"volumes\":[" ROW("1") "," ROW("2") "," ROW("3") "]}");
  add_page(&caller, CINDER "limit=3&name=n&marker=" ID("3") " ",
           "{\"volumes\":[" ROW("3") "," ROW("4") "]" NEXT "}");
  add_page(&caller, CINDER "limit=3&name=n&marker=" ID("4") " ", "{\"volumes\":[" ROW("5") "]" NEXT "}");
  add_page(&caller, CINDER "limit=3&name=n&marker=" ID("5") " ", "{\"volumes\":[]}");
  g_autoptr(EvsIterator) disks = evs_cinder_volume_iterate(caller.client, &caller.context, &filter);
  filter = (EvsCinderVolumeFilter){0}; /* it was copied */
  assert_int_equal(http_script_count(caller.fixture->script, ""), 0);
  assert_disks(disks, 5);
  assert_int_equal(http_script_count(caller.fixture->script, ""), 4);
}

/* The disks that the marker names are deleted while the list is read. */
static void test_marker_is_gone(void **state)
{
  static const char gone[] = "{\"error\":{\"code\":\"EVS.1024\",\"message\":\"invalid filter marker!\"}}";
  Caller caller = caller_of(state);
  EvsDiskFilter filter = {.limit = 3}, first = {.limit = 3, .marker = ID("9")};
  add_page(&caller, DETAIL "limit=3 ", "{\"volumes\":[" ROW("1") "," ROW("2") "," ROW("3") "]}");
  for (guint i = 0; i < 3; i++) {
    static const char *const requests[] = {DETAIL "limit=3&marker=" ID("3") " ",
                                           DETAIL "limit=3&marker=" ID("2") " ",
                                           DETAIL "limit=3&marker=" ID("9") " "};
    http_script_add(caller.fixture->script, (ScriptRule){.match = requests[i], .status = 400, .body = gone});
  }
  add_page(&caller, DETAIL "limit=3&marker=" ID("1") " ", "{\"volumes\":[" ROW("3") "," ROW("4") "]}");
  g_autoptr(EvsIterator) disks = evs_disk_iterate(caller.client, &caller.context, &filter);
  assert_disks(disks, 4);
  assert_int_equal(http_script_count(caller.fixture->script, ""), 4);
  g_autoptr(EvsIterator) own = evs_disk_iterate(caller.client, &caller.context, &first);
  g_autoptr(GError) error = NULL;
  assert_null(evs_iterator_next(own, &error)); /* the caller's own marker */
  assert_true(evs_error_is_cloud(error, "EVS.1024"));
}

/* The count says that the next link leads nowhere. */
static void test_count_ends_the_list(void **state)
{
  Caller caller = caller_of(state);
  EvsDiskFilter filter = {0};
  add_page(&caller, DETAIL "limit=1000 ", "{\"count\":2,\"volumes\":[" ROW("1") "," ROW("2") "]" NEXT "}");
  g_autoptr(EvsIterator) disks = evs_disk_iterate(caller.client, &caller.context, &filter);
  assert_disks(disks, 2);
  assert_int_equal(http_script_count(caller.fixture->script, ""), 1);
}

/* It gives the same page again and again: it takes no marker. */
static void test_stuck_list_ends(void **state)
{
  Caller caller = caller_of(state);
  EvsDiskFilter filter = {.limit = 2};
  add_page(&caller, DETAIL, "{\"volumes\":[" ROW("1") "," ROW("2") "]}");
  g_autoptr(EvsIterator) disks = evs_disk_iterate(caller.client, &caller.context, &filter);
  assert_disks(disks, 2);
  assert_int_equal(http_script_count(caller.fixture->script, ""), 2);
}

/* Rows that cannot be read do not end the list before its time. */
static void test_unreadable_rows(void **state)
{
  Caller caller = caller_of(state);
  EvsDiskFilter filter = {.limit = 2};
  add_page(&caller, DETAIL "limit=2 ", "{\"volumes\":[" ROW("1") ",{\"id\":null}]}");
  add_page(&caller, DETAIL "limit=2&marker=" ID("1") " ", "{\"volumes\":[" ROW("2") "]}");
  g_autoptr(EvsIterator) disks = evs_disk_iterate(caller.client, &caller.context, &filter);
  assert_disks(disks, 2);
}

static void test_error_between_pages(void **state)
{
  Caller caller = caller_of(state);
  EvsDiskFilter filter = {.limit = 1};
  add_page(&caller, DETAIL "limit=1 ", "{\"volumes\":[" ROW("1") "]}");
  http_script_add(caller.fixture->script,
                  (ScriptRule){.match = DETAIL "limit=1&marker=" ID("1") " ",
                               .times = 1,
                               .status = 403,
                               .body = "{\"error\":{\"code\":\"EVS.5403\",\"message\":\"m\"}}"});
  add_page(&caller, DETAIL "limit=1&marker=" ID("1") " ", "{\"volumes\":[" ROW("2") "]}");
  add_page(&caller, DETAIL "limit=1&marker=" ID("2") " ", "{\"volumes\":[]}");
  g_autoptr(EvsIterator) disks = evs_disk_iterate(caller.client, &caller.context, &filter);
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsDisk) first = evs_iterator_steal(disks, &error);
  assert_string_equal(first->id, ID("1"));
  assert_null(evs_iterator_next(disks, &error));
  assert_true(evs_error_is_cloud(error, "EVS.5403"));
  g_clear_error(&error);
  const EvsDisk *second = evs_iterator_next(disks, &error);
  assert_string_equal(second->id, ID("2"));
  assert_null(evs_iterator_next(disks, &error));
  assert_null(error);
}

static void test_wrong_filters(void **state)
{
  Caller caller = caller_of(state);
  EvsDiskFilter filter = {.limit = 1001}, narrow = {.server_id = SERVER_ID};
  g_autoptr(EvsIterator) disks = evs_disk_iterate(caller.client, &caller.context, &filter);
  g_autoptr(EvsIterator) vendor = evs_vendor_disk_iterate(caller.client, &caller.context, &narrow);
  g_autoptr(GError) error = NULL;
  assert_null(evs_iterator_next(disks, &error));
  assert_string_equal(error->message, "'limit' is 1001: a number from 1 to 1000 is expected");
  g_clear_error(&error);
  assert_null(evs_iterator_next(vendor, &error));
  assert_string_equal(error->message, "'server_id' is not taken by this call");
  assert_int_equal(http_script_count(caller.fixture->script, ""), 0);
}

static void test_other_lists(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 200, "{\"volumes\":[],\"snapshots\":[]}");
  EvsDiskFilter filter = {.sort_key = "size", .sort_dir = "asc"};
  g_autoptr(EvsIterator) vendor = evs_vendor_disk_iterate(caller.client, &caller.context, &filter);
  assert_null(evs_iterator_next(vendor, NULL));
  assert_sent(&caller, "GET " V2 "/os-vendor-volumes/detail?limit=1000&sort_key=size&sort_dir=asc", "");
  g_autoptr(EvsIterator) brief = evs_disk_iterate_short(caller.client, &caller.context, &filter);
  assert_null(evs_iterator_next(brief, NULL));
  assert_sent(&caller, "GET " V2 "/cloudvolumes?limit=1000&sort_key=size&sort_dir=asc", "");
  EvsCinderVolumeFilter none = {0};
  g_autoptr(EvsIterator) cinder = evs_cinder_volume_iterate_short(caller.client, &caller.context, &none);
  assert_null(evs_iterator_next(cinder, NULL));
  assert_sent(&caller, "GET " V2 "/volumes?limit=1000", "");
  EvsCinderSnapshotFilter snapshots = {.volume_id = DISK_ID};
  g_autoptr(EvsIterator) detail = evs_cinder_snapshot_iterate(caller.client, &caller.context, &snapshots);
  assert_null(evs_iterator_next(detail, NULL));
  assert_sent(&caller, "GET " V2 "/snapshots/detail?limit=1000&volume_id=" DISK_ID, "");
  g_autoptr(EvsIterator) summary =
    evs_cinder_snapshot_iterate_short(caller.client, &caller.context, &snapshots);
  assert_null(evs_iterator_next(summary, NULL));
  assert_sent(&caller, "GET " V2 "/snapshots?limit=1000&volume_id=" DISK_ID, "");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
    TEST(test_marker_pages),    TEST(test_marker_is_gone),  TEST(test_count_ends_the_list),
    TEST(test_stuck_list_ends), TEST(test_unreadable_rows), TEST(test_error_between_pages),
    TEST(test_wrong_filters),   TEST(test_other_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
