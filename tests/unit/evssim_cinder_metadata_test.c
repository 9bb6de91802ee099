/* evs-sim's metadata operations on disks (7.5) and snapshots (7.6). Every test runs on both. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/disks.h"
#include "evssim/snapshots.h"

typedef struct {
  const char *collection; /* "volumes" */
  char *id;
} Owner;

/* A disk and a snapshot with metadata a=1, b=2 and a fixed key. */
static void make_owners(Cloud *cloud, Owner owners[2])
{
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = g_uuid_string_random();
  g_autoptr(json_t) metadata = json_pack("{s:s, s:s, s:s}", "a", "1", "b", "2", "__system__x", "y");
  json_object_update(disk->metadata, metadata);
  const Snapshot *snapshot = snapshot_take(cloud->sim, disk, id, "", "", metadata, NULL);
  owners[0] = (Owner){"volumes", g_strdup(disk->id)};
  owners[1] = (Owner){"snapshots", g_strdup(snapshot->id)};
}

static Answer call(Cloud *cloud, const char *method, const Owner *owner, const char *key, const char *body)
{
  return cloud_evs(cloud, method, "v2", body, "%s/%s/metadata%s%s", owner->collection, owner->id,
                   *key ? "/" : "", key);
}

static void expect_all(Cloud *cloud, const Owner *owner, const char *expected)
{
  g_auto(Answer) answer = call(cloud, "GET", owner, "", NULL);
  answer_expect(&answer, 200, "");
  g_autofree char *text = json_dumps(json_object_get(answer.body, "metadata"), JSON_COMPACT | JSON_SORT_KEYS);
  g_autofree char *quoted = cloud_quoted(expected);
  assert_string_equal(text, quoted);
}

static void run(void **state, void (*test)(Cloud *cloud, const Owner *owner))
{
  Cloud *cloud = *state;
  Owner owners[2];
  make_owners(cloud, owners);
  for (int i = 0; i < 2; i++) {
    test(cloud, &owners[i]);
    g_free(owners[i].id);
  }
}

static void change_all(Cloud *cloud, const Owner *owner)
{
  g_auto(Answer) added = call(cloud, "POST", owner, "", "{'metadata':{'b':'3','c':'4'}}");
  answer_expect(&added, 200, "");
  assert_string_equal(answer_text(&added, "metadata/a"), "1");
  expect_all(cloud, owner, "{'__system__x':'y','a':'1','b':'3','c':'4'}");
  g_auto(Answer) replaced = call(cloud, "PUT", owner, "", "{'metadata':{'d':''}}");
  answer_expect(&replaced, 200, "");
  expect_all(cloud, owner, "{'__system__x':'y','d':''}");
}

static void pairs_are_added_and_replaced(void **state)
{
  run(state, change_all);
}

static void change_one(Cloud *cloud, const Owner *owner)
{
  g_auto(Answer) got = call(cloud, "GET", owner, "a", NULL);
  answer_expect(&got, 200, "");
  assert_string_equal(answer_text(&got, "meta/a"), "1");
  g_auto(Answer) set = call(cloud, "PUT", owner, "a", "{'meta':{'a':'5'}}");
  answer_expect(&set, 200, "");
  assert_string_equal(answer_text(&set, "meta/a"), "5");
  g_auto(Answer) removed = call(cloud, "DELETE", owner, "b", NULL);
  answer_expect(&removed, 200, "");
  assert_null(removed.body);
  expect_all(cloud, owner, "{'__system__x':'y','a':'5'}");
  g_auto(Answer) gone = call(cloud, "GET", owner, "b", NULL);
  answer_expect(&gone, 404, "EVS.5404");
  g_auto(Answer) again = call(cloud, "DELETE", owner, "b", NULL);
  answer_expect(&again, 404, "EVS.5404");
}

static void single_pairs_are_read_set_and_removed(void **state)
{
  run(state, change_one);
}

static void refuse_bad(Cloud *cloud, const Owner *owner)
{
  g_autofree char *longest = g_strnfill(85, 'k'), *longer = g_strnfill(86, 'k');
  g_autofree char *fits = g_strdup_printf("{'metadata':{'%s':'%s'}}", longest, longest);
  g_autofree char *long_key = g_strdup_printf("{'metadata':{'%s':''}}", longer);
  g_autofree char *long_value = g_strdup_printf("{'metadata':{'k':'%s'}}", longer);
  const struct {
    const char *method, *key, *body;
    int status;
    const char *code;
  } rows[] = {
    {"POST", "", fits, 200, ""},
    {"POST", "", long_key, 400, "EVS.5400"},
    {"PUT", "", long_value, 400, "EVS.5400"},
    {"POST", "", "{'metadata':{'k':null}}", 400, "EVS.5400"},
    {"POST", "", "{'metadata':{'':'v'}}", 400, "EVS.5400"},
    {"POST", "", "{'meta':{'k':'v'}}", 400, "EVS.5400"},
    {"PUT", "a", "{'meta':{'b':'v'}}", 400, "EVS.5400"},
    {"PUT", "a", "{'meta':{'a':'v','b':'v'}}", 400, "EVS.5400"},
    {"PUT", "__system__x", "{'meta':{'__system__x':'v'}}", 400, "EVS.2047"},
    {"POST", "", "{'metadata':{'hw:passthrough':'true'}}", 400, "EVS.2047"},
    {"POST", "", "{'metadata':{'__system__x':'y'}}", 200, ""},
    {"DELETE", "__system__x", NULL, 403, "EVS.5403"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = call(cloud, rows[i].method, owner, rows[i].key, rows[i].body);
    answer_expect(&answer, rows[i].status, rows[i].code);
  }
  const Owner missing = {owner->collection, (char *)NO_SUCH_ID};
  g_auto(Answer) nobody = call(cloud, "GET", &missing, "", NULL);
  answer_expect(&nobody, 404, "EVS.5404");
}

static void bad_pairs_are_refused(void **state)
{
  run(state, refuse_bad);
}

/* 7.5.7 is a v3 path with a number of its own; the others have twins. */
static void twins_are_counted(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) all = cloud_evs(cloud, "GET", "v3", NULL, "volumes/%s/metadata", disk->id);
  answer_expect(&all, 200, "");
  g_auto(Answer) added =
    cloud_evs(cloud, "POST", "v3", "{'metadata':{'k':'v'}}", "volumes/%s/metadata", disk->id);
  answer_expect(&added, 200, "");
  assert_int_equal(cloud_calls(cloud, "7.5.7"), 1);
  assert_int_equal(cloud_calls(cloud, "v3.7.5.1"), 1);
  g_autofree char *id = g_strdup(disk->id);
  cloud_restart(cloud);
  assert_string_equal(disk_metadata(sim_disk(cloud->sim, id), "k"), "v");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(pairs_are_added_and_replaced),
    TEST(single_pairs_are_read_set_and_removed),
    TEST(bad_pairs_are_refused),
    TEST(twins_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
