/* evs-sim's Cinder face of snapshots (7.2) and its /v3 twins: shapes, pages, rights. What happens to the bytes is in
 * evssim_snapshot_test.c. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/disks.h"
#include "evssim/snapshots.h"

static char *take(Cloud *cloud, const char *version, const Disk *disk, const char *more)
{
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'%s}}", disk->id, more);
  g_auto(Answer) answer = cloud_evs(cloud, "POST", version, body, "snapshots");
  answer_expect(&answer, 202, "");
  assert_string_equal(answer_text(&answer, "snapshot/status"), "creating");
  assert_null(
    json_object_get(json_object_get(answer.body, "snapshot"), "os-extended-snapshot-attributes:progress"));
  char *id = g_strdup(answer_text(&answer, "snapshot/id"));
  cloud_turn_until_snapshot(cloud, id, "available");
  return id;
}

static void snapshots_live(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id =
    take(cloud, "v3", disk, ",'name':'one','description':null,'force':true,'metadata':{'k':'v'}");
  g_auto(Answer) got = cloud_evs(cloud, "GET", "v2", NULL, "snapshots/%s", id);
  answer_expect(&got, 200, "");
  assert_string_equal(answer_text(&got, "snapshot/os-extended-snapshot-attributes:progress"), "100%");
  assert_string_equal(answer_text(&got, "snapshot/metadata/k"), "v");
  g_auto(Answer) named = cloud_evs(cloud, "PUT", "v3", "{'snapshot':{'name':'two'}}", "snapshots/%s", id);
  answer_expect(&named, 200, "");
  assert_string_equal(answer_text(&named, "snapshot/name"), "two");
  assert_null(
    json_object_get(json_object_get(named.body, "snapshot"), "os-extended-snapshot-attributes:progress"));
  g_auto(Answer) removed = cloud_evs(cloud, "DELETE", "v2", NULL, "snapshots/%s", id);
  answer_expect(&removed, 202, "");
  assert_null(removed.body);
  g_auto(Answer) again = cloud_evs(cloud, "DELETE", "v2", NULL, "snapshots/%s", id);
  answer_expect(&again, 400, "EVS.1047");
  cloud_turn_until_snapshot(cloud, id, NULL);
  g_auto(Answer) gone = cloud_evs(cloud, "GET", "v3", NULL, "snapshots/%s", id);
  answer_expect(&gone, 404, "EVS.5404");
  static const char *const ops[] = {"v3.7.2.1", "7.2.2", "v3.7.2.3", "7.2.6", "v3.7.2.6"};
  for (gsize i = 0; i < G_N_ELEMENTS(ops); i++)
    assert_true(cloud_calls(cloud, ops[i]) > 0);
}

static gsize rows(Cloud *cloud, const char *version, const char *path)
{
  g_auto(Answer) answer = cloud_evs(cloud, "GET", version, NULL, "%s", path);
  answer_expect(&answer, 200, "");
  assert_null(json_object_get(answer.body, "count"));
  return json_array_size(json_object_get(answer.body, "snapshots"));
}

static void lists_go_by_marker(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10), *far = cloud_disk(cloud, "sim-1b", 10);
  g_autofree char *a = take(cloud, "v2", disk, ",'name':'a'"), *b = take(cloud, "v2", disk, ",'name':'b'"),
                  *c = take(cloud, "v2", far, ",'name':'a'");
  g_auto(Answer) first = cloud_evs(cloud, "GET", "v2", NULL, "snapshots?limit=1");
  assert_string_equal(answer_text(&first, "snapshots/0/id"), c);
  assert_null(json_object_get(json_array_get(json_object_get(first.body, "snapshots"), 0),
                              "os-extended-snapshot-attributes:progress"));
  g_autofree char *next =
    g_strdup_printf("http://sim.test/evs/v2/" ALPHA_PROJECT "/snapshots?limit=1&marker=%s", c);
  assert_string_equal(answer_text(&first, "snapshots_links/0/href"), next);
  g_auto(Answer) second = cloud_evs(cloud, "GET", "v3", NULL, "snapshots/detail?limit=1&marker=%s", c);
  assert_string_equal(answer_text(&second, "snapshots/0/id"), b);
  assert_string_equal(answer_text(&second, "snapshots/0/os-extended-snapshot-attributes:progress"), "100%");
  assert_non_null(strstr(answer_text(&second, "snapshots_links/0/href"), "/evs/v3/"));
  g_autofree char *after_last = g_strdup_printf("snapshots?marker=%s", a);
  assert_int_equal(rows(cloud, "v2", after_last), 0);
  g_autofree char *of_disk = g_strdup_printf("snapshots?volume_id=%s", disk->id);
  assert_int_equal(rows(cloud, "v2", of_disk), 2);
  assert_int_equal(rows(cloud, "v2", "snapshots?name=a&status=available"), 2);
  assert_int_equal(rows(cloud, "v2", "snapshots/detail?availability_zone=sim-1b"), 1);
  assert_int_equal(rows(cloud, "v3", "snapshots/detail?availability_zone=sim-1b"), 3); /* not its filter */
  assert_int_equal(rows(cloud, "v2", "snapshots?availability_zone=sim-1b"), 3);
  g_auto(Answer) bad = cloud_evs(cloud, "GET", "v2", NULL, "snapshots?marker=%s", NO_SUCH_ID);
  answer_expect(&bad, 400, "EVS.1024");
  g_auto(Answer) odd = cloud_evs(cloud, "GET", "v2", NULL, "snapshots?marker=x");
  answer_expect(&odd, 400, "EVS.1024");
}

static void disks_of_snapshots_need_a_further_right(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = take(cloud, "v2", disk, "");
  g_autofree char *body = g_strdup_printf(
    "{'volume':{'snapshot_id':'%s','availability_zone':'sim-1a','volume_type':'SSD','size':10}}", id);
  cloud_act_as(cloud, "evs:volumes:create evs:volumes:get");
  g_auto(Answer) refused = cloud_evs(cloud, "POST", "v3", body, "volumes");
  answer_expect(&refused, 403, "EVS.5403");
  cloud_act_as(cloud, "evs:volumes:create evs:volumes:get evs:snapshots:get");
  g_auto(Answer) taken = cloud_evs(cloud, "POST", "v3", body, "volumes");
  answer_expect(&taken, 202, "");
  assert_string_equal(answer_text(&taken, "volume/snapshot_id"), id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(snapshots_live),
    TEST(lists_go_by_marker),
    TEST(disks_of_snapshots_need_a_further_right),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
