/* evsclient's transfers, tags, metadata, versions, catalog: what is sent, what is refused unsent, what is read. */
#include "evsclient/api_version.h"
#include "evsclient/catalog.h"
#include "evsclient/log_lines.h"
#include "evsclient/metadata.h"
#include "evsclient/project.h"
#include "evsclient/recycle_bin.h"
#include "evsclient/tag.h"
#include "evsclient/transfer.h"
#include "tests/unit/evsclient_fixture.h"

#define V2 "/v2/" PROJECT
#define TRANSFER_ID "cac5c677-73a9-4288-bb9c-b2ebfb547377"
#define TRANSFER V2 "/os-volume-transfer"
#define KEY "0123456789abcdef"
#define TRANSFER_BODY                                                                                        \
  "{\"transfer\":{\"id\":\"" TRANSFER_ID "\",\"name\":\"n\",\"volume_id\":\"" DISK_ID                        \
  "\",\"created_at\":\"2015-02-25T03:56:53.081642\",\"auth_key\":\"" KEY "\"}}"
#define METADATA V2 "/volumes/" DISK_ID "/metadata"
#define SNAPSHOT_METADATA V2 "/snapshots/" DISK_ID "/metadata"
#define LONG_85 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void answer(Fixture *fixture, const char *match, int status, const char *body)
{
  http_script_clear(fixture->script);
  http_script_add(fixture->script, (ScriptRule){.match = match, .status = status, .body = body});
}

static void assert_sent(Fixture *fixture, const char *prefix, const char *body)
{
  g_autofree char *request = http_script_last(fixture->script, prefix);
  if (!request)
    fail_msg("nothing like '%s' was sent", prefix);
  assert_string_equal(strstr(request, "\r\n\r\n") + 4, body);
}

/* Refused before anything was sent, with this in the text. */
static void assert_unsent(Fixture *fixture, guint sent, GError *error, EvsCode code, const char *text)
{
  assert_non_null(error);
  assert_int_equal(evs_error_code(error), code);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
  if (!strstr(error->message, text))
    fail_msg("'%s' is not in '%s'", text, error->message);
  assert_int_equal(http_script_count(fixture->script, ""), sent);
}

static GHashTable *pairs(const char *key, const char *value)
{
  GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
  if (key)
    g_hash_table_insert(table, (gpointer)key, (gpointer)value);
  return table;
}

/* ---- transfers ---- */

static void test_transfer_life(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  answer(fixture, "POST " TRANSFER, 202, TRANSFER_BODY);
  EvsTransferCreate request = {.volume_id = DISK_ID, .name = "n"};
  g_autoptr(EvsTransfer) made = evs_transfer_create(fixture->client, &context, &request, NULL);
  assert_non_null(made);
  assert_string_equal(made->auth_key, KEY);
  assert_int_equal(made->created_wall_us, 1424836613081642);
  assert_sent(fixture, "POST " TRANSFER " ", "{\"transfer\":{\"name\":\"n\",\"volume_id\":\"" DISK_ID "\"}}");
  g_autoptr(EvsTransfer) taken =
    evs_transfer_accept(fixture->client, &context, TRANSFER_ID, made->auth_key, NULL);
  assert_string_equal(taken->volume_id, DISK_ID);
  assert_sent(fixture, "POST " TRANSFER "/" TRANSFER_ID "/accept ",
              "{\"accept\":{\"auth_key\":\"" KEY "\"}}");
  answer(fixture, "DELETE " TRANSFER "/" TRANSFER_ID, 202, NULL);
  assert_true(evs_transfer_delete(fixture->client, &context, TRANSFER_ID, NULL));
  answer(fixture, "GET " TRANSFER "/" TRANSFER_ID, 200, TRANSFER_BODY);
  g_autoptr(EvsTransfer) read = evs_transfer_get(fixture->client, &context, TRANSFER_ID, NULL);
  assert_string_equal(read->name, "n");
}

static void test_lost_transfers_are_not_repeated(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  http_script_add(fixture->script, (ScriptRule){.match = "POST", .kind = SCRIPT_DROP});
  EvsTransferCreate request = {.volume_id = DISK_ID, .name = "n"};
  g_autoptr(GError) first = NULL, second = NULL;
  assert_null(evs_transfer_create(fixture->client, &context, &request, &first));
  assert_null(evs_transfer_accept(fixture->client, &context, TRANSFER_ID, KEY, &second));
  assert_int_equal(evs_error_outcome(first), EVS_OUTCOME_UNKNOWN);
  assert_int_equal(evs_error_outcome(second), EVS_OUTCOME_UNKNOWN);
  assert_null(strstr(second->message, KEY));
  assert_int_equal(http_script_count(fixture->script, ""), 2);
}

static void test_transfer_pages(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  http_script_add(fixture->script, (ScriptRule){.match = "GET " TRANSFER "/detail?limit=1 ",
                                                .body = "{\"transfers\":[{\"id\":\"" TRANSFER_ID "\"}]}"});
  http_script_add(fixture->script, (ScriptRule){.match = "GET " TRANSFER "/detail?limit=1&offset=1 ",
                                                .body = "{\"transfers\":[{\"id\":\"" DISK_ID "\"}]}"});
  http_script_add(fixture->script, (ScriptRule){.match = "GET " TRANSFER "/detail?limit=1&offset=2 ",
                                                .body = "{\"transfers\":[]}"});
  EvsTransferFilter filter = {.limit = 1};
  g_autoptr(GPtrArray) all = evs_transfer_list(fixture->client, &context, &filter, NULL);
  assert_non_null(all);
  assert_int_equal(all->len, 2);
  assert_string_equal(((EvsTransfer *)all->pdata[1])->id, DISK_ID);
}

static void test_transfer_refusals(void **state)
{
  static const struct {
    EvsTransferCreate request;
    const char *text;
  } cases[] = {
    {{.name = "n"}, "'volume_id' is missing"},
    {{.volume_id = "x", .name = "n"}, "'volume_id' is 'x': a UUID is expected"},
    {{.volume_id = DISK_ID}, "'name' is missing"},
    {{.volume_id = DISK_ID, .name = LONG_85}, "'name' has 85 characters: text of 1 to 64 characters"},
  };
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(evs_transfer_create(fixture->client, &context, &cases[i].request, &error));
    assert_unsent(fixture, 0, error, EVS_CODE_INVALID_ARGUMENT, cases[i].text);
  }
  g_autoptr(GError) no_key = NULL, bad_id = NULL;
  assert_null(evs_transfer_accept(fixture->client, &context, TRANSFER_ID, NULL, &no_key));
  assert_unsent(fixture, 0, no_key, EVS_CODE_INVALID_ARGUMENT, "'auth_key' is missing");
  assert_false(evs_transfer_delete(fixture->client, &context, "..", &bad_id));
  assert_unsent(fixture, 0, bad_id, EVS_CODE_NOT_FOUND, "'..' is no transfer id");
}

static void keep_line(EvsLogLevel level, const char *line, void *data)
{
  assert_int_equal(level, EVS_LOG_INFO);
  g_string_append(data, line);
}

/* What destroys or gives away leaves a line where the program wants it, without secrets. */
static void test_log_lines(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  g_autoptr(GString) lines = g_string_new(NULL);
  answer(fixture, "POST " TRANSFER, 202, TRANSFER_BODY);
  evs_log_to(EVS_LOG_INFO, TRUE, keep_line, lines);
  EvsTransferCreate request = {.volume_id = DISK_ID, .name = "n"};
  g_autoptr(EvsTransfer) made = evs_transfer_create(fixture->client, &context, &request, NULL);
  g_autoptr(EvsTransfer) taken = evs_transfer_accept(fixture->client, &context, TRANSFER_ID, KEY, NULL);
  evs_log_to(EVS_LOG_INFO, FALSE, NULL, NULL);
  assert_true(made && taken);
  assert_non_null(strstr(lines->str, "\"call\":\"create transfer\",\"disk\":\"" DISK_ID "\""));
  assert_non_null(strstr(lines->str, "\"call\":\"accept transfer\",\"transfer\":\"" TRANSFER_ID "\""));
  assert_null(strstr(lines->str, KEY));
  assert_true(g_str_has_suffix(lines->str, "}\n"));
}

/* ---- tags ---- */

static void test_tags(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  answer(fixture, "POST ", 204, NULL);
  g_autoptr(GHashTable) tags = pairs("k", "v");
  const char *path = "POST " V2 "/cloudvolumes/" DISK_ID "/tags/action";
  assert_true(evs_tag_add(fixture->client, &context, DISK_ID, tags, NULL));
  assert_sent(fixture, path, "{\"action\":\"create\",\"tags\":[{\"key\":\"k\",\"value\":\"v\"}]}");
  /* Somebody else's tag, which could not be set here. */
  const char *keys[] = {"a/b", NULL};
  assert_true(evs_tag_remove(fixture->client, &context, DISK_ID, keys, NULL));
  assert_sent(fixture, path, "{\"action\":\"delete\",\"tags\":[{\"key\":\"a/b\"}]}");
  answer(fixture, "GET " V2 "/cloudvolumes/tags ", 200, "{\"tags\":{\"k\":[\"a\",\"b\"],\"l\":[]}}");
  g_autoptr(GHashTable) all = evs_tag_list(fixture->client, &context, NULL);
  assert_int_equal(g_hash_table_size(all), 2);
  assert_string_equal(((char **)g_hash_table_lookup(all, "k"))[1], "b");
  answer(fixture, "GET " V2 "/cloudvolumes/" DISK_ID "/tags ", 200,
         "{\"tags\":[{\"key\":\"k\",\"value\":\"v\"}],\"sys_tags\":null}");
  g_autoptr(EvsDiskTags) mine = evs_tag_get(fixture->client, &context, DISK_ID, NULL);
  assert_int_equal(mine->tags->len, 1);
  assert_int_equal(mine->sys_tags->len, 0);
}

static void test_tag_refusals(void **state)
{
  static const struct {
    const char *key, *value, *text;
  } cases[] = {
    {NULL, NULL, "'tags' is missing"},
    {"a/b", "v", "'key' is 'a/b': letters, digits, '-' and '_' are expected"},
    {"k", "a b", "'value' is 'a b': letters, digits, '-' and '_' are expected"},
    {"k", "", "'value' is missing"},
    {"", "v", "'key' is missing"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "v", "'key' has 37 characters: text of 1 to 36 characters"},
    {"k", "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv", "'value' has 44 characters"},
  };
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) tags = pairs(cases[i].key, cases[i].value);
    assert_false(evs_tag_add(fixture->client, &context, DISK_ID, tags, &error));
    assert_unsent(fixture, 0, error, EVS_CODE_INVALID_ARGUMENT, cases[i].text);
  }
  g_autoptr(GHashTable) many = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < 11; i++)
    g_hash_table_insert(many, g_strdup_printf("k%u", i), (gpointer) "v");
  g_autoptr(GError) error = NULL;
  assert_false(evs_tag_add(fixture->client, &context, DISK_ID, many, &error));
  assert_unsent(fixture, 0, error, EVS_CODE_INVALID_ARGUMENT, "'tags' has 11 items");
}

static void test_find_by_tags(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  answer(fixture, "POST " V2 "/cloudvolumes/resource_instances/action ", 200,
         "{\"total_count\":1,\"resources\":[{\"resource_id\":\"" DISK_ID
         "\",\"resource_name\":\"n\",\"resource_detail\":{\"id\":\"" DISK_ID
         "\",\"size\":40},\"tags\":[{\"key\":\"k\",\"value\":\"v\"}]}]}");
  EvsTagValues wanted = {.key = "k"};
  EvsTagMatch match = {.key = "resource_name", .value = "n"};
  g_autoptr(GPtrArray) tags = g_ptr_array_new(), matches = g_ptr_array_new();
  g_ptr_array_add(tags, &wanted);
  g_ptr_array_add(matches, &match);
  EvsTagFilter filter = {.tags = tags, .matches = matches, .limit = 5};
  g_autoptr(EvsIterator) found = evs_tag_find(fixture->client, &context, &filter);
  const EvsTaggedDisk *disk = evs_iterator_next(found, NULL);
  assert_non_null(disk);
  assert_int_equal(disk->disk->size_gib, 40);
  assert_string_equal(((EvsTag *)disk->tags->pdata[0])->value, "v");
  assert_null(evs_iterator_next(found, NULL));
  assert_sent(fixture, "POST ",
              "{\"action\":\"filter\",\"limit\":5,\"matches\":[{\"key\":\"resource_name\",\"value\":\"n\"}],"
              "\"tags\":[{\"key\":\"k\",\"values\":[]}]}");
  guint sent = http_script_count(fixture->script, "");
  g_ptr_array_add(tags, &wanted);
  g_autoptr(EvsIterator) twice = evs_tag_find(fixture->client, &context, &filter);
  g_autoptr(GError) error = NULL;
  assert_null(evs_iterator_next(twice, &error));
  assert_unsent(fixture, sent, error, EVS_CODE_INVALID_ARGUMENT, "'tags' has 'k' twice");
}

/* ---- recycle bin ---- */

#define BIN "/v3/" PROJECT "/recycle-bin-volumes"

static void test_recycle_bin(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  answer(fixture, "GET " BIN "/detail?name=n&limit=1000 ", 200,
         "{\"count\":1,\"volumes\":[{\"id\":\"" DISK_ID
         "\",\"size\":10,\"plan_delete_at\":\"2026-12-01T00:00:00.000000\"}]}");
  g_autoptr(EvsIterator) bin =
    evs_recycle_bin_iterate(fixture->client, &context, &(EvsRecycleFilter){.name = "n"});
  const EvsRecycledDisk *disk = evs_iterator_next(bin, NULL);
  assert_non_null(disk);
  assert_int_equal(disk->disk->size_gib, 10);
  assert_string_equal(disk->id, DISK_ID);
  assert_int_equal(disk->plan_delete_wall_us, 1796083200000000);
  answer(fixture, "POST " BIN "/" DISK_ID "/revert ", 204, NULL);
  assert_true(evs_recycle_bin_revert(fixture->client, &context, DISK_ID, NULL));
  answer(fixture, "DELETE " BIN "/" DISK_ID " ", 204, NULL);
  assert_true(evs_recycle_bin_delete(fixture->client, &context, DISK_ID, NULL));
}

static void test_recycle_policy(void **state)
{
  static const char *const shapes[] = {
    "{\"switch\":true,\"threshold_time\":7,\"keep_time\":30}",
    "{\"policy\":{\"switch\":\"true\",\"threshold_time\":\"7\",\"keep_time\":30}}",
  };
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  for (guint i = 0; i < G_N_ELEMENTS(shapes); i++) {
    answer(fixture, "GET " BIN "/policy ", 200, shapes[i]);
    EvsRecyclePolicy policy = {0};
    assert_true(evs_recycle_policy_get(fixture->client, &context, &policy, NULL));
    assert_true(policy.on);
    assert_int_equal(policy.threshold_days, 7);
    assert_int_equal(policy.keep_days, 30);
  }
  answer(fixture, "PUT " BIN "/policy ", 204, NULL);
  EvsRecyclePolicy off = {.keep_days = 5}, wrong = {.keep_days = 366};
  assert_true(evs_recycle_policy_set(fixture->client, &context, &off, NULL));
  assert_sent(fixture, "PUT ", "{\"keep_time\":5,\"switch\":false}");
  guint sent = http_script_count(fixture->script, "");
  g_autoptr(GError) error = NULL;
  assert_false(evs_recycle_policy_set(fixture->client, &context, &wrong, &error));
  assert_unsent(fixture, sent, error, EVS_CODE_INVALID_ARGUMENT,
                "'keep_time' is 366: a number from 1 to 365");
}

/* ---- metadata ---- */

static void test_disk_metadata(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  answer(fixture, "P", 200, "{\"metadata\":{\"k\":\"v\",\"n\":1}}");
  g_autoptr(GHashTable) some = pairs("k", "v");
  g_autoptr(GHashTable) added = evs_disk_metadata_add(fixture->client, &context, DISK_ID, some, NULL);
  assert_string_equal(g_hash_table_lookup(added, "n"), "1");
  assert_sent(fixture, "POST " METADATA " ", "{\"metadata\":{\"k\":\"v\"}}");
  g_autoptr(GHashTable) updated = evs_disk_metadata_update(fixture->client, &context, DISK_ID, some, NULL);
  assert_non_null(updated);
  assert_sent(fixture, "PUT " METADATA " ", "{\"metadata\":{\"k\":\"v\"}}");
  answer(fixture, "PUT " METADATA "/a%2Fb ", 200, "{\"meta\":{\"a/b\":\"\"}}");
  assert_true(evs_disk_metadata_set(fixture->client, &context, DISK_ID, "a/b", "", NULL));
  assert_sent(fixture, "PUT " METADATA "/a%2Fb ", "{\"meta\":{\"a/b\":\"\"}}");
  answer(fixture, "GET " METADATA "/k ", 200, "{\"meta\":{\"k\":\"v\"}}");
  g_autofree char *value = evs_disk_metadata_get(fixture->client, &context, DISK_ID, "k", NULL);
  assert_string_equal(value, "v");
  answer(fixture, "GET " METADATA " ", 200, "{\"metadata\":{}}");
  g_autoptr(GHashTable) none = evs_disk_metadata_list(fixture->client, &context, DISK_ID, NULL);
  assert_int_equal(g_hash_table_size(none), 0);
  answer(fixture, "GET /v3/" PROJECT "/volumes/" DISK_ID "/metadata ", 200, "{\"metadata\":{\"k\":\"v\"}}");
  g_autoptr(GHashTable) v3 = evs_disk_metadata_list_v3(fixture->client, &context, DISK_ID, NULL);
  assert_int_equal(g_hash_table_size(v3), 1);
  answer(fixture, "DELETE " METADATA "/k ", 200, NULL);
  assert_true(evs_disk_metadata_remove(fixture->client, &context, DISK_ID, "k", NULL));
}

static void test_snapshot_metadata(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  answer(fixture, "P", 200, "{\"metadata\":{\"k\":\"v\"}}");
  g_autoptr(GHashTable) some = pairs("k", "v");
  g_autoptr(GHashTable) added = evs_snapshot_metadata_add(fixture->client, &context, DISK_ID, some, NULL);
  assert_non_null(added);
  assert_sent(fixture, "POST " SNAPSHOT_METADATA " ", "{\"metadata\":{\"k\":\"v\"}}");
  g_autoptr(GHashTable) updated =
    evs_snapshot_metadata_update(fixture->client, &context, DISK_ID, some, NULL);
  assert_non_null(updated);
  assert_sent(fixture, "PUT " SNAPSHOT_METADATA " ", "{\"metadata\":{\"k\":\"v\"}}");
  assert_true(evs_snapshot_metadata_set(fixture->client, &context, DISK_ID, "k", "w", NULL));
  assert_sent(fixture, "PUT " SNAPSHOT_METADATA "/k ", "{\"meta\":{\"k\":\"w\"}}");
  answer(fixture, "GET " SNAPSHOT_METADATA "/k ", 200, "{\"meta\":{\"other\":\"v\"}}");
  g_autoptr(GError) error = NULL;
  assert_null(evs_snapshot_metadata_get(fixture->client, &context, DISK_ID, "k", &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  answer(fixture, "GET " SNAPSHOT_METADATA " ", 200, "{\"metadata\":{\"k\":\"v\"}}");
  g_autoptr(GHashTable) all = evs_snapshot_metadata_list(fixture->client, &context, DISK_ID, NULL);
  assert_string_equal(g_hash_table_lookup(all, "k"), "v");
  answer(fixture, "DELETE " SNAPSHOT_METADATA "/k ", 200, NULL);
  assert_true(evs_snapshot_metadata_remove(fixture->client, &context, DISK_ID, "k", NULL));
}

static void test_metadata_refusals(void **state)
{
  static const struct {
    const char *key, *value, *text;
  } cases[] = {
    {NULL, NULL, "'metadata' is missing"},
    {LONG_85 "a", "v", "a key of 1 to 85"},
    {"k", LONG_85 "a", "a value of 0 to 85 characters"},
    {"", "v", "a key of 1 to 85"},
  };
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) some = pairs(cases[i].key, cases[i].value);
    assert_null(evs_disk_metadata_add(fixture->client, &context, DISK_ID, some, &error));
    assert_unsent(fixture, 0, error, EVS_CODE_INVALID_ARGUMENT, cases[i].text);
  }
  g_autoptr(GError) dots = NULL, none = NULL;
  assert_false(evs_disk_metadata_remove(fixture->client, &context, DISK_ID, "..", &dots));
  assert_unsent(fixture, 0, dots, EVS_CODE_INVALID_ARGUMENT, "metadata key");
  assert_false(evs_disk_metadata_set(fixture->client, &context, DISK_ID, NULL, "v", &none));
  assert_unsent(fixture, 0, none, EVS_CODE_INVALID_ARGUMENT, "metadata key");
}

/* ---- what the cloud has ---- */

static void test_versions(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  static const char body[] =
    "{\"versions\":[{\"id\":\"v2.0\",\"status\":\"SUPPORTED\",\"version\":\"\","
    "\"updated\":\"2014-06-28T12:20:21Z\",\"links\":[{\"rel\":\"self\",\"href\":\"h\"}],"
    "\"media-types\":[{\"base\":\"b\",\"type\":\"t\"}]},{\"id\":null}]}";
  answer(fixture, "GET / ", 300, body);
  g_autoptr(GPtrArray) all = evs_version_list(fixture->client, &context, NULL);
  g_autoptr(GPtrArray) twin = evs_cinder_version_list(fixture->client, &context, NULL);
  assert_int_equal(all->len, 1);
  assert_int_equal(twin->len, 1);
  const EvsVersion *version = all->pdata[0];
  assert_int_equal(version->updated_wall_us, 1403958021000000);
  assert_string_equal(((EvsLink *)version->links->pdata[0])->href, "h");
  assert_string_equal(((EvsMediaType *)version->media_types->pdata[0])->type, "t");
  answer(fixture, "GET /v2 ", 200, body);
  g_autoptr(EvsVersion) one = evs_version_get(fixture->client, &context, "v2", NULL);
  g_autoptr(EvsVersion) other = evs_cinder_version_get(fixture->client, &context, "v2", NULL);
  assert_string_equal(one->id, "v2.0");
  assert_string_equal(other->status, "SUPPORTED");
  guint sent = http_script_count(fixture->script, "");
  g_autoptr(GError) error = NULL;
  assert_null(evs_version_get(fixture->client, &context, "v4", &error));
  assert_unsent(fixture, sent, error, EVS_CODE_NOT_FOUND, "one of v1, v2, v3");
}

static void test_catalog(void **state)
{
  Fixture *fixture = *state;
  EvsContext context = fixture_within_ms(5000);
  answer(
    fixture, "GET " V2 "/types/" DISK_ID " ", 200,
    "{\"volume_type\":{\"id\":\"" DISK_ID
    "\",\"name\":\"SSD\",\"description\":null,\"extra_specs\":{\"RESKEY:availability_zones\":\"a, b\"}}}");
  g_autoptr(EvsDiskType) type = evs_disk_type_get(fixture->client, &context, DISK_ID, NULL);
  assert_string_equal(type->name, "SSD");
  assert_string_equal(type->zones[1], "b");
  assert_null(type->sold_out[0]);
  answer(fixture, "GET " V2 "/extensions ", 200,
         "{\"extensions\":[{\"alias\":\"os-hosts\",\"updated\":\"2011-06-29T00:00:00-01:00\"}]}");
  g_autoptr(GPtrArray) extensions = evs_extension_list(fixture->client, &context, NULL);
  const EvsExtension *extension = extensions->pdata[0];
  assert_string_equal(extension->alias, "os-hosts");
  assert_int_equal(extension->updated_wall_us, 1309309200000000);
  answer(fixture, "GET /v3/projects?name=p ", 200,
         "{\"projects\":[{\"id\":\"" PROJECT "\",\"name\":\"p\",\"enabled\":true}]}");
  g_autoptr(GPtrArray) projects = evs_project_list(fixture->client, &context, "p", NULL);
  assert_int_equal(projects->len, 1);
  assert_true(((EvsProject *)projects->pdata[0])->enabled);
}

int main(void)
{
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
    WITH_FIXTURE(test_transfer_life),     WITH_FIXTURE(test_lost_transfers_are_not_repeated),
    WITH_FIXTURE(test_transfer_pages),    WITH_FIXTURE(test_transfer_refusals),
    WITH_FIXTURE(test_log_lines),         WITH_FIXTURE(test_tags),
    WITH_FIXTURE(test_tag_refusals),      WITH_FIXTURE(test_find_by_tags),
    WITH_FIXTURE(test_recycle_bin),       WITH_FIXTURE(test_recycle_policy),
    WITH_FIXTURE(test_disk_metadata),     WITH_FIXTURE(test_snapshot_metadata),
    WITH_FIXTURE(test_metadata_refusals), WITH_FIXTURE(test_versions),
    WITH_FIXTURE(test_catalog),
  };
  return cmocka_run_group_tests_name("evsclient_subjects", tests, NULL, NULL);
}
