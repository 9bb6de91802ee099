/* evsclient/snapshot.c: what is sent, what is sent again, and how answers are read. */
#include "evsclient/records.h"
#include "evsclient/snapshot.h"
#include "tests/unit/evsclient_fixture.h"

#define SNAPSHOTS "/v2/" PROJECT "/cloudsnapshots"
#define SNAPSHOT_ID "c0000000-0000-4000-8000-000000000001"
#define OTHER_ID "c0000000-0000-4000-8000-000000000002"
#define THIRD_ID "c0000000-0000-4000-8000-000000000003"
#define POST_SNAPSHOT "POST " SNAPSHOTS
#define LIST_SNAPSHOTS "GET " SNAPSHOTS "/detail"
#define ROW(id) "{\"id\":\"" id "\",\"status\":\"available\"}"

static EvsSnapshot *create_snapshot(Fixture *fixture, gint64 ms, GError **error)
{
  EvsContext context = fixture_within_ms(ms);
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(metadata, (gpointer) "z", (gpointer) "1");
  g_hash_table_insert(metadata, (gpointer) "a/b", (gpointer) "2");
  EvsSnapshotCreate request = {.volume_id = DISK_ID, .name = "snap-1", .force = TRUE, .metadata = metadata};
  return evs_snapshot_create(fixture->client, &context, &request, error);
}

static void test_create(void **state)
{
  Fixture *fixture = *state;
  http_script_add(
    fixture->script,
    (ScriptRule){.match = POST_SNAPSHOT,
                 .status = 202,
                 .body = "{\"snapshot\":{\"id\":\"" SNAPSHOT_ID "\",\"status\":\"creating\",\"size\":\"40\","
                         "\"name\":\"snap-1\",\"description\":null,\"volume_id\":\"" DISK_ID "\","
                         "\"created_at\":\"2016-05-25t02:42:10.856332\",\"updated_at\":null,"
                         "\"metadata\":{\"k\":true}}}"});
  g_autoptr(GError) error = NULL;
  EvsSnapshot *made = create_snapshot(fixture, 5000, &error);
  assert_non_null(made);
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_copy(made);
  evs_snapshot_free(made);
  assert_string_equal(snapshot->id, SNAPSHOT_ID);
  assert_string_equal(snapshot->name, "snap-1");
  assert_string_equal(snapshot->status, "creating");
  assert_string_equal(snapshot->description, "");
  assert_string_equal(snapshot->volume_id, DISK_ID);
  assert_int_equal(snapshot->size_gib, 40);
  assert_int_equal(snapshot->created_wall_us, 1464144130856332);
  assert_string_equal(evs_snapshot_metadata(snapshot, "k"), "true");
  assert_string_equal(evs_snapshot_metadata(snapshot, "none"), "");
  g_autofree char *request = http_script_last(fixture->script, POST_SNAPSHOT " HTTP");
  assert_non_null(strstr(request,
                         "\r\n\r\n{\"snapshot\":{\"force\":true,\"metadata\":{\"a/b\":\"2\",\"z\":\"1\"},"
                         "\"name\":\"snap-1\",\"volume_id\":\"" DISK_ID "\"}}"));
}

static void test_lost_create_is_not_repeated(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script, (ScriptRule){.match = POST_SNAPSHOT, .kind = SCRIPT_DROP});
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsSnapshot) snapshot = create_snapshot(fixture, 5000, &error);
  assert_null(snapshot);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_int_equal(http_script_count(fixture->script, POST_SNAPSHOT), 1);
}

static void test_answer_without_id_may_have_made_one(void **state)
{
  Fixture *fixture = *state;
  http_script_add(fixture->script,
                  (ScriptRule){.match = POST_SNAPSHOT, .status = 202, .body = "{\"snapshot\":{}}"});
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsSnapshot) snapshot = create_snapshot(fixture, 5000, &error);
  assert_null(snapshot);
  assert_string_equal(error->message, "cannot create snapshot: the answer's snapshot has no id");
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_int_equal(http_script_count(fixture->script, POST_SNAPSHOT), 1);
}

/* RESOURCE_EXHAUSTED would keep the VolumeSnapshot undeletable. */
static void test_full_quota_is_final(void **state)
{
  static const struct {
    int status;
    const char *body;
  } answers[] = {
    {413, "{\"error\":{\"code\":\"EVS.5413\",\"message\":\"Insufficient snapshot quota.\"}}"},
    {413, "{\"overLimit\":{\"code\":413,\"message\":\"SnapshotLimitExceeded\"}}"},
    {413, "<html>"},
  };
  Fixture *fixture = *state;
  for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
    http_script_add(
      fixture->script,
      (ScriptRule){.match = POST_SNAPSHOT, .times = 1, .status = answers[i].status, .body = answers[i].body});
    g_autoptr(GError) error = NULL;
    g_autoptr(EvsSnapshot) snapshot = create_snapshot(fixture, 5000, &error);
    assert_null(snapshot);
    assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
    assert_string_equal(evs_error_remedy(error),
                        "delete snapshots (a disk has at most 7) or have the quota of snapshots raised");
    assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_REFUSED);
  }
  assert_int_equal(http_script_count(fixture->script, POST_SNAPSHOT), 3);
}

static void test_get(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  http_script_add(fixture->script, (ScriptRule){.match = "GET " SNAPSHOTS "/" SNAPSHOT_ID,
                                                .body = "{\"snapshot\":" ROW(SNAPSHOT_ID) "}"});
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_get(fixture->client, &context, SNAPSHOT_ID, &error);
  assert_non_null(snapshot);
  assert_int_equal(snapshot->created_wall_us, 0);
  assert_null(evs_snapshot_get(fixture->client, &context, OTHER_ID, &error));
  assert_true(evs_error_is(error, EVS_CODE_NOT_FOUND));
  assert_true(evs_error_is_cloud(error, "EVS.5404"));
  g_clear_error(&error);
  assert_null(evs_snapshot_get(fixture->client, &context, "../x", &error));
  assert_true(evs_error_is(error, EVS_CODE_NOT_FOUND));
  assert_int_equal(http_script_count(fixture->script, ""), 2);
}

static void test_delete_is_repeated(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(20000);
  const char *match = "DELETE " SNAPSHOTS "/" SNAPSHOT_ID;
  http_script_add(fixture->script, (ScriptRule){.match = match, .times = 1, .kind = SCRIPT_DROP});
  http_script_add(fixture->script, (ScriptRule){.match = match, .status = 202});
  g_autoptr(GError) error = NULL;
  assert_true(evs_snapshot_delete(fixture->client, &context, SNAPSHOT_ID, &error));
  assert_int_equal(http_script_count(fixture->script, match), 2);
  assert_false(evs_snapshot_delete(fixture->client, &context, "x", &error));
  assert_int_equal(http_script_count(fixture->script, ""), 2);
}

static void test_busy_snapshot_is_not_deleted(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  http_script_add(fixture->script,
                  (ScriptRule){.match = "DELETE " SNAPSHOTS,
                               .status = 400,
                               .body = "{\"error\":{\"code\":\"EVS.1047\",\"message\":\"m\"}}"});
  g_autoptr(GError) error = NULL;
  assert_false(evs_snapshot_delete(fixture->client, &context, SNAPSHOT_ID, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
}

static void test_list_query(void **state)
{
  (void)state;
  const char *const ids[] = {"i1", "i2", NULL};
  EvsSnapshotFilter filter = {.volume_id = "v", .name = "a b&c", .ids = ids, .limit = 500, .offset = 7};
  g_autofree char *query = evs_record_query(&evs_record_snapshot_query, &filter);
  assert_string_equal(query, "limit=500&name=a%20b%26c&volume_id=v&id=i1&id=i2&offset=7");
  EvsSnapshotFilter none = {.id = "x"};
  g_autofree char *plain = evs_record_query(&evs_record_snapshot_query, &none);
  assert_string_equal(plain, "id=x");
}

static void add_list(Fixture *fixture, const char *query, const char *rows)
{
  http_script_add(fixture->script, (ScriptRule){.match = query, .times = 1, .body = rows});
}

static void assert_all_three(Fixture *fixture, guint calls)
{
  EvsContext context = fixture_within_ms(5000);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all =
    evs_snapshot_list(fixture->client, &context, &(EvsSnapshotFilter){.limit = 2}, &error);
  assert_non_null(all);
  assert_int_equal(all->len, 3);
  assert_string_equal(((EvsSnapshot *)all->pdata[0])->id, SNAPSHOT_ID);
  assert_string_equal(((EvsSnapshot *)all->pdata[2])->id, THIRD_ID);
  assert_int_equal(http_script_count(fixture->script, LIST_SNAPSHOTS), calls);
}

/* A snapshot made between two pages pushes the last one of the first page onto the second. */
static void test_list_pages(void **state)
{
  Fixture *fixture = *state;
  add_list(fixture, LIST_SNAPSHOTS "?limit=2 ",
           "{\"count\":3,\"snapshots\":[" ROW(SNAPSHOT_ID) "," ROW(OTHER_ID) "],\"snapshots_links\":null}");
  add_list(fixture, LIST_SNAPSHOTS "?limit=2&offset=1 ",
           "{\"snapshots\":[" ROW(OTHER_ID) "," ROW(THIRD_ID) "]}");
  add_list(fixture, LIST_SNAPSHOTS "?limit=2&offset=2 ", "{\"snapshots\":[" ROW(THIRD_ID) "]}");
  assert_all_three(fixture, 3);
}

/* The first page's snapshots are deleted before the second is asked for: what was the third is now the first. */
static void test_deleted_snapshots_hide_no_other(void **state)
{
  Fixture *fixture = *state;
  add_list(fixture, LIST_SNAPSHOTS "?limit=2 ", "{\"snapshots\":[" ROW(SNAPSHOT_ID) "," ROW(OTHER_ID) "]}");
  add_list(fixture, LIST_SNAPSHOTS "?limit=2&offset=1 ", "{\"snapshots\":[]}");
  add_list(fixture, LIST_SNAPSHOTS "?limit=2 ", "{\"snapshots\":[" ROW(THIRD_ID) "]}");
  assert_all_three(fixture, 3);
}

static void test_list_of_a_cloud_without_offset_ends(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  http_script_add(fixture->script, (ScriptRule){.match = LIST_SNAPSHOTS,
                                                .body = "{\"snapshots\":[" ROW(SNAPSHOT_ID) ",{},7]}"});
  g_autoptr(GPtrArray) all =
    evs_snapshot_list(fixture->client, &context, &(EvsSnapshotFilter){.limit = 3}, NULL);
  assert_int_equal(all->len, 1);
  assert_int_equal(http_script_count(fixture->script, LIST_SNAPSHOTS), 2);
}

static void test_list_checks_ids(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  const char *many[62];
  for (guint i = 0; i < 61; i++)
    many[i] = SNAPSHOT_ID;
  many[61] = NULL;
  const char *const odd[] = {"x", NULL};
  const EvsSnapshotFilter filters[] = {{.ids = many}, {.ids = odd}, {.id = "x"}, {.volume_id = "x"}};
  for (gsize i = 0; i < G_N_ELEMENTS(filters); i++)
    assert_null(evs_snapshot_list_page(fixture->client, &context, &filters[i], NULL));
  assert_int_equal(http_script_count(fixture->script, ""), 0);
}

#define SNAPSHOT_TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    SNAPSHOT_TEST(test_create),
    SNAPSHOT_TEST(test_lost_create_is_not_repeated),
    SNAPSHOT_TEST(test_answer_without_id_may_have_made_one),
    SNAPSHOT_TEST(test_full_quota_is_final),
    SNAPSHOT_TEST(test_get),
    SNAPSHOT_TEST(test_delete_is_repeated),
    SNAPSHOT_TEST(test_busy_snapshot_is_not_deleted),
    SNAPSHOT_TEST(test_list_query),
    SNAPSHOT_TEST(test_list_pages),
    SNAPSHOT_TEST(test_deleted_snapshots_hide_no_other),
    SNAPSHOT_TEST(test_list_of_a_cloud_without_offset_ends),
    SNAPSHOT_TEST(test_list_checks_ids),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
