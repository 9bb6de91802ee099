/* The less used operations of the custom API: update, deprecated reads and rollback, tags. Through the router, without a
 * socket. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/disks.h"
#include "evssim/stats.h"

#define V2 "/evs/v2/" ALPHA_PROJECT
#define V3 "/evs/v3/" ALPHA_PROJECT
#define FIND V2 "/cloudvolumes/resource_instances/action"

static Answer put_disk(Cloud *cloud, const char *id, const char *single_quoted)
{
  g_autofree char *target = g_strconcat(EVS_DISKS, id, NULL), *body = cloud_quoted(single_quoted);
  return cloud_call(cloud, "PUT", target, body);
}

static Answer tag(Cloud *cloud, const char *id, const char *single_quoted)
{
  g_autofree char *target = g_strdup_printf(EVS_DISKS "%s/tags/action", id);
  return cloud_post(cloud, target, single_quoted, NULL);
}

static void expect_tag(Cloud *cloud, const char *id, const char *key, const char *value)
{
  const Disk *disk = sim_disk(cloud->sim, id);
  const char *is = json_string_value(json_object_get(disk->tags, key));
  if (g_strcmp0(is, value) != 0)
    fail_msg("tag %s is %s, not %s", key, is ? is : "absent", value ? value : "absent");
}

/* ---- update ---- */

static void disks_are_renamed(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) named = put_disk(cloud, disk->id, "{'volume':{'name':'a','description':'b'}}");
  answer_expect(&named, 200, "");
  assert_string_equal(answer_text(&named, "id"), disk->id); /* no "volume" around it */
  assert_string_equal(answer_text(&named, "name"), "a");
  assert_string_equal(answer_text(&named, "description"), "b");
  assert_null(json_object_get(named.body, "wwn"));
  g_auto(Answer) again = put_disk(cloud, disk->id, "{'volume':{'description':''}}");
  assert_string_equal(answer_text(&again, "name"), "a");
  assert_string_equal(answer_text(&again, "description"), "");
  cloud_restart(cloud);
}

static void updates_are_checked(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  static const struct {
    const char *body, *code;
  } bad[] = {{"[]", "EVS.1001"},
             {"{}", "EVS.1001"},
             {"{'volume':'x'}", "EVS.1001"},
             {"{'volume':{}}", "EVS.1007"},
             {"{'volume':{'name':null}}", "EVS.1007"},
             {"{'volume':{'name':1}}", "EVS.1018"}};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_auto(Answer) answer = put_disk(cloud, disk->id, bad[i].body);
    answer_expect(&answer, 400, bad[i].code);
  }
  static const struct {
    const char *key;
    gsize max;
    const char *code;
  } limits[] = {{"name", 64, "EVS.1003"}, {"description", 85, "EVS.1004"}};
  for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
    for (gsize more = 0; more < 2; more++) {
      g_autofree char *text = g_strnfill(limits[i].max + more, 'x');
      g_autofree char *body = g_strdup_printf("{'volume':{'%s':'%s'}}", limits[i].key, text);
      g_auto(Answer) answer = put_disk(cloud, disk->id, body);
      answer_expect(&answer, more ? 400 : 200, more ? limits[i].code : "");
    }
  }
  g_auto(Answer) malformed = put_disk(cloud, "x", "{'volume':{'name':'n'}}");
  answer_expect(&malformed, 400, "EVS.1002");
  g_auto(Answer) missing = put_disk(cloud, NO_SUCH_ID, "{'volume':{'name':'n'}}");
  answer_expect(&missing, 404, "EVS.5404");
  cloud_set_disk(cloud, disk->id, "{'frozen':true}");
  g_auto(Answer) frozen = put_disk(cloud, disk->id, "{'volume':{'name':'n'}}");
  answer_expect(&frozen, 403, "EVS.2144");
}

/* ---- deprecated reads ---- */

static void short_lists_are_short(void **state)
{
  Cloud *cloud = *state;
  const Disk *first = cloud_disk(cloud, "sim-1a", 10), *second = cloud_disk(cloud, "sim-1b", 10);
  g_auto(Answer) list = cloud_call(cloud, "GET", V2 "/cloudvolumes?limit=1", NULL);
  answer_expect(&list, 200, "");
  assert_string_equal(answer_text(&list, "volumes/0/id"), second->id);
  const json_t *row = json_array_get(json_object_get(list.body, "volumes"), 0);
  assert_int_equal(json_object_size(row), 3);
  assert_non_null(answer_text(&list, "volumes/0/links/0/href"));
  assert_null(json_object_get(list.body, "volumes_links"));
  assert_null(json_object_get(list.body, "count"));
  g_auto(Answer) zone = cloud_call(cloud, "GET", V2 "/cloudvolumes?availability_zone=sim-1a", NULL);
  assert_int_equal(json_array_size(json_object_get(zone.body, "volumes")), 1);
  assert_string_equal(answer_text(&zone, "volumes/0/id"), first->id);
}

static void vendor_reads_have_twins(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  static const char *const versions[] = {V2, V3};
  for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
    g_autofree char *one = g_strdup_printf("%s/os-vendor-volumes/%s", versions[i], disk->id);
    g_autofree char *all = g_strdup_printf("%s/os-vendor-volumes/detail?ids=['%s']", versions[i], disk->id);
    g_autofree char *changed = g_strdup_printf("%s/os-vendor-volumes/detail?changessince=now", versions[i]);
    g_auto(Answer) got = cloud_call(cloud, "GET", one, NULL);
    assert_string_equal(answer_text(&got, "volume/wwn"), disk->wwn);
    g_auto(Answer) list = cloud_call(cloud, "GET", all, NULL);
    assert_string_equal(answer_text(&list, "volumes/0/wwn"), disk->wwn);
    assert_int_equal(json_integer_value(json_object_get(list.body, "count")), 1);
    g_auto(Answer) refused = cloud_call(cloud, "GET", changed, NULL);
    answer_expect(&refused, 403, "EVS.1027");
  }
  assert_int_equal(stats_total(cloud->sim->stats, "6.1.12"), 1);
  assert_int_equal(stats_total(cloud->sim->stats, "v3.6.1.12"), 1);
}

static void old_rollbacks_know_the_disk(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", disk->id);
  g_auto(Answer) made = cloud_post(cloud, V2 "/cloudsnapshots", body, NULL);
  g_autofree char *target =
    g_strdup_printf(V2 "/os-vendor-snapshots/%s/rollback", answer_text(&made, "snapshot/id"));
  g_autofree char *twin =
    g_strdup_printf(V3 "/os-vendor-snapshots/%s/rollback", answer_text(&made, "snapshot/id"));
  static const char *const bad[] = {"{'rollback':{'name':'n'}}", "{}",
                                    "{'rollback':{'volume_id':'" NO_SUCH_ID "'}}"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_auto(Answer) refused = cloud_post(cloud, target, bad[i], NULL);
    answer_expect(&refused, 400, "EVS.5400");
  }
  g_auto(Answer) strict = cloud_post(cloud, twin, "{'rollback':{}}", NULL);
  answer_expect(&strict, 400, "EVS.5400");
  cloud_turn_until_snapshot(cloud, answer_text(&made, "snapshot/id"), DISK_AVAILABLE);
  g_auto(Answer) taken = cloud_post(cloud, target, "{'rollback':{}}", NULL);
  answer_expect(&taken, 202, "");
  assert_string_equal(answer_text(&taken, "rollback/volume_id"), disk->id);
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
}

/* Each item has its own result, whatever the status. */
static void orders_are_dropped_one_by_one(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *edit, *result, *reason;
  } cases[] = {{"{'metadata':{'orderID':'o'}}", "SUCCESS", NULL},
               {"{}", "FAIL", "periodic"},
               {"{'metadata':{'orderID':'o'},'bootable':true}", "FAIL", "server"},
               {"{'metadata':{'orderID':'o'},'status':'in-use'}", "FAIL", "available"}};
  GString *body = g_string_new("{'volume_ids':['" NO_SUCH_ID "'");
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
    cloud_set_disk(cloud, disk->id, cases[i].edit);
    g_string_append_printf(body, ",'%s'", disk->id);
  }
  g_autofree char *text = g_string_free(g_string_append(body, "]}"), FALSE);
  g_auto(Answer) answer = cloud_post(cloud, V2 "/cloudvolumes/unsubscribe", text, NULL);
  answer_expect(&answer, 202, "");
  assert_string_equal(answer_text(&answer, "results/0/result"), "FAIL");
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *result = g_strdup_printf("results/%zu/result", i + 1);
    g_autofree char *reason = g_strdup_printf("results/%zu/fail_reason", i + 1);
    assert_string_equal(answer_text(&answer, result), cases[i].result);
    if (cases[i].reason)
      assert_non_null(strstr(answer_text(&answer, reason), cases[i].reason));
  }
}

static void expect_batch(Cloud *cloud, const char *volumes, int status, const char *code)
{
  g_autofree char *body = g_strdup_printf("{'volumes':[%s]}", volumes);
  g_auto(Answer) answer = cloud_post(cloud, "/evs/v5/" ALPHA_PROJECT "/volumes/batch-extend", body, NULL);
  answer_expect(&answer, status, code);
  if (status != 202)
    return;
  g_autofree char *target = g_strconcat(V2 "/jobs/", answer_text(&answer, "job_id"), NULL);
  g_auto(Answer) running = cloud_call(cloud, "GET", target, NULL);
  assert_string_equal(answer_text(&running, "job_type"), "batchExtendVolume");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
  assert_string_equal(answer_text(&job, "entities/sub_jobs/1/job_type"), "extendVolume");
}

static void disks_grow_together_or_not_at_all(void **state)
{
  Cloud *cloud = *state;
  const Disk *one = cloud_disk(cloud, "sim-1a", 10), *two = cloud_disk(cloud, "sim-1a", 20);
  g_autofree char *good =
    g_strdup_printf("{'id':'%s','new_size':11},{'id':'%s','new_size':22}", one->id, two->id);
  g_autofree char *half =
    g_strdup_printf("{'id':'%s','new_size':12},{'id':'%s','new_size':22}", one->id, two->id);
  g_autofree char *missing = g_strdup_printf("{'id':'%s','new_size':12},{'id':'" NO_SUCH_ID "'}", one->id);
  expect_batch(cloud, good, 202, "");
  assert_int_equal(one->size_gib, 11);
  assert_int_equal(two->size_gib, 22);
  expect_batch(cloud, half, 400, "EVS.1015");
  expect_batch(cloud, missing, 404, "EVS.5404");
  expect_batch(cloud, "{'id':'x'}", 400, "EVS.1002");
  assert_string_equal(one->status, DISK_AVAILABLE);
  assert_int_equal(one->size_gib, 11);
}

/* ---- tags ---- */

static void tags_are_set_and_deleted(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = g_strdup(cloud_disk(cloud, "sim-1a", 10)->id);
  g_auto(Answer) set = tag(
    cloud, id,
    "{'action':'create','tags':[{'key':'a','value':'1'},{'key':'b','value':'2'},{'key':'a','value':'3'}]}");
  answer_expect(&set, 204, "");
  assert_null(set.body);
  expect_tag(cloud, id, "a", "3");
  g_auto(Answer) over = tag(cloud, id, "{'action':'create','tags':[{'key':'b','value':'4'}]}");
  answer_expect(&over, 204, "");
  assert_int_equal(stats_total(cloud->sim->stats, "6.3.1"), 2);
  cloud_restart(cloud);
  expect_tag(cloud, id, "a", "3");
  expect_tag(cloud, id, "b", "4");
  g_auto(Answer) gone = tag(cloud, id, "{'action':'delete','tags':[{'key':'a'},{'key':'none'}]}");
  answer_expect(&gone, 204, "");
  expect_tag(cloud, id, "a", NULL);
  g_autofree char *target = g_strdup_printf(EVS_DISKS "%s/tags", id);
  g_auto(Answer) got = cloud_call(cloud, "GET", target, NULL);
  assert_int_equal(json_array_size(json_object_get(got.body, "tags")), 1);
  assert_string_equal(answer_text(&got, "tags/0/key"), "b");
  assert_string_equal(answer_text(&got, "tags/0/value"), "4");
  assert_int_equal(json_array_size(json_object_get(got.body, "sys_tags")), 0);
  assert_int_equal(stats_total(cloud->sim->stats, "6.3.2"), 1);
}

static void tags_are_checked(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = g_strdup(cloud_disk(cloud, "sim-1a", 10)->id);
  g_autofree char *longest = g_strnfill(64, 'k'), *longer = g_strnfill(65, 'k');
  static const struct {
    const char *body, *code;
  } bad[] = {{"{'action':'create'}", "EVS.5400"},
             {"{'action':'create','tags':[]}", "EVS.5400"},
             {"{'action':'paint','tags':[{'key':'a','value':'1'}]}", "EVS.5400"},
             {"{'action':'create','tags':[{'key':'a'}]}", "EVS.1062"},
             {"{'action':'create','tags':[{'key':'','value':'1'}]}", "EVS.1062"},
             {"{'action':'create','tags':[{'key':'a','value':''}]}", "EVS.1062"},
             {"{'action':'create','tags':[{'key':'a/b','value':'1'}]}", "EVS.1062"},
             {"{'action':'create','tags':[{'key':'a','value':1}]}", "EVS.1062"},
             {"{'action':'delete','tags':[{}]}", "EVS.1062"}};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_auto(Answer) answer = tag(cloud, id, bad[i].body);
    answer_expect(&answer, 400, bad[i].code);
  }
  const struct {
    const char *key, *code;
  } lengths[] = {{longest, ""}, {longer, "EVS.1062"}};
  for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
    g_autofree char *body =
      g_strdup_printf("{'action':'create','tags':[{'key':'%s','value':'1'}]}", lengths[i].key);
    g_auto(Answer) answer = tag(cloud, id, body);
    answer_expect(&answer, *lengths[i].code ? 400 : 204, lengths[i].code);
  }
  for (int i = 1; i <= 10; i++) { /* the first is the longest key's */
    g_autofree char *body = g_strdup_printf("{'action':'create','tags':[{'key':'t%d','value':'1'}]}", i);
    g_auto(Answer) answer = tag(cloud, id, body);
    answer_expect(&answer, i == 10 ? 400 : 204, i == 10 ? "EVS.1061" : "");
  }
  cloud_set_disk(cloud, id, "{'frozen':true}");
  g_auto(Answer) frozen = tag(cloud, id, "{'action':'delete','tags':[{'key':'t1'}]}");
  answer_expect(&frozen, 403, "EVS.2144");
}

static void disks_are_found_by_tags(void **state)
{
  Cloud *cloud = *state;
  static const char *const tags[] = {"{'key':'env','value':'prod'},{'key':'app','value':'db'}",
                                     "{'key':'env','value':'test'},{'key':'app','value':'db'}",
                                     "{'key':'env','value':'dev'}"};
  for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
    Disk *disk = cloud_disk(cloud, "sim-1a", 10);
    g_free(disk->name);
    disk->name = g_strdup_printf("disk-%zu", i);
    g_autofree char *body = g_strdup_printf("{'action':'create','tags':[%s]}", tags[i]);
    g_auto(Answer) answer = tag(cloud, disk->id, body);
    answer_expect(&answer, 204, "");
  }
  static const struct {
    const char *query, *first; /* name of the first one */
    json_int_t count;
    gsize rows;
  } cases[] = {
    {"'tags':[{'key':'env','values':['prod','dev']}]", "disk-2", 2, 2},
    {"'tags':[{'key':'env','values':['prod','dev']},{'key':'app','values':[]}]", "disk-0", 1, 1},
    {"'tags':[{'key':'app','values':['db']}],'limit':1", "disk-1", 2, 1},
    {"'tags':[{'key':'app','values':['db']}],'limit':1,'offset':1", "disk-0", 2, 1},
    {"'tags':[{'key':'env','values':[]}],'matches':[{'key':'resource_name','value':'k-1'}]", "disk-1", 1, 1},
    {"'tags':[],'matches':[{'key':'service_type','value':'DSS'}]", NULL, 0, 0},
    {"'tags':[{'key':'env','values':['none']}]", NULL, 0, 0},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *body = g_strdup_printf("{'action':'filter',%s}", cases[i].query);
    g_auto(Answer) answer = cloud_post(cloud, FIND, body, NULL);
    answer_expect(&answer, 200, "");
    assert_int_equal(json_integer_value(json_object_get(answer.body, "total_count")), cases[i].count);
    assert_int_equal(json_array_size(json_object_get(answer.body, "resources")), cases[i].rows);
    if (cases[i].first) {
      assert_string_equal(answer_text(&answer, "resources/0/resource_name"), cases[i].first);
      assert_string_equal(answer_text(&answer, "resources/0/resource_detail/name"), cases[i].first);
      assert_non_null(answer_text(&answer, "resources/0/tags/0/key"));
    }
  }
  g_auto(Answer) all = cloud_call(cloud, "GET", V2 "/cloudvolumes/tags", NULL);
  const json_t *map = json_object_get(all.body, "tags");
  assert_int_equal(json_object_size(map), 2);
  assert_int_equal(json_array_size(json_object_get(map, "env")), 3);
  assert_int_equal(json_array_size(json_object_get(map, "app")), 1);
}

static void tag_queries_are_checked(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *body, *code;
  } bad[] = {
    {"{'action':'count','tags':[]}", "EVS.5400"},
    {"{'action':'filter'}", "EVS.5400"},
    {"{'action':'filter','tags':[{'key':'a'}]}", "EVS.1062"},
    {"{'action':'filter','tags':[{'key':'a','values':[1]}]}", "EVS.1062"},
    {"{'action':'filter','tags':[{'key':'a','values':['x','x']}]}", "EVS.1062"},
    {"{'action':'filter','tags':[{'key':'a','values':[]},{'key':'a','values':[]}]}", "EVS.1062"},
    {"{'action':'filter','tags':[{'key':'a','values':['1','2','3','4','5','6','7','8','9','10','11']}]}",
     "EVS.1062"},
    {"{'action':'filter','tags':[0,1,2,3,4,5,6,7,8,9,10]}", "EVS.5400"},
    {"{'action':'filter','tags':[],'matches':[{'key':'colour','value':'red'}]}", "EVS.5400"},
    {"{'action':'filter','tags':[],'matches':{}}", "EVS.5400"},
    {"{'action':'filter','tags':[],'limit':0}", "EVS.1023"},
    {"{'action':'filter','tags':[],'limit':1001}", "EVS.2142"},
    {"{'action':'filter','tags':[],'limit':'9'}", "EVS.5400"},
    {"{'action':'filter','tags':[],'offset':-1}", "EVS.5400"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_auto(Answer) answer = cloud_post(cloud, FIND, bad[i].body, NULL);
    answer_expect(&answer, 400, bad[i].code);
  }
}

/* ---- versions ---- */

static void versions_need_no_token(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) all = cloud_request(cloud, "GET", "/evs/", NULL, NULL);
  answer_expect(&all, 300, "");
  static const char *const ids[] = {"v1.0", "v2.0", "v3.0"}, *const paths[] = {"/evs/v1", "/evs/v2",
                                                                               "/evs/v3"};
  for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
    g_autofree char *place = g_strdup_printf("versions/%zu/id", i);
    assert_string_equal(answer_text(&all, place), ids[i]);
    g_auto(Answer) one = cloud_request(cloud, "GET", paths[i], NULL, NULL);
    answer_expect(&one, 200, "");
    assert_string_equal(answer_text(&one, "versions/0/id"), ids[i]);
  }
  g_auto(Answer) none = cloud_request(cloud, "GET", "/evs/v4", NULL, NULL);
  answer_expect(&none, 404, "EVS.5404");
  /* the reference has each of these calls twice */
  static const struct {
    const char *op;
    guint64 calls;
  } counts[] = {{"5.1", 1}, {"7.7.2", 1}, {"5.2", 4}, {"7.7.1", 4}};
  for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
    assert_int_equal(stats_total(cloud->sim->stats, counts[i].op), counts[i].calls);
  cloud_fault(cloud, "{'match':{'op':'7.7.1'},'action':{'kind':'status','status':503,'code':'EVS.5503'}}");
  g_auto(Answer) down = cloud_request(cloud, "GET", "/evs/v2", NULL, NULL);
  answer_expect(&down, 503, "EVS.5503");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(disks_are_renamed),
    TEST(updates_are_checked),
    TEST(short_lists_are_short),
    TEST(vendor_reads_have_twins),
    TEST(old_rollbacks_know_the_disk),
    TEST(tags_are_set_and_deleted),
    TEST(tags_are_checked),
    TEST(disks_are_found_by_tags),
    TEST(tag_queries_are_checked),
    TEST(versions_need_no_token),
    TEST(orders_are_dropped_one_by_one),
    TEST(disks_grow_together_or_not_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
