/* Standard snapshots of evs-sim (/v5), through the router, without a socket. */
#include "tests/unit/evssim_cloud.h"

#include <fcntl.h>
#include <unistd.h>

#include "evssim/disks.h"
#include "evssim/snapshots.h"

#define V5 "/evs/v5/" ALPHA_PROJECT "/snapshots"
#define V2 "/evs/v2/" ALPHA_PROJECT

static Answer create(Cloud *cloud, const Disk *disk, const char *more)
{
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'%s}}", disk->id, more);
  return cloud_post(cloud, V5, body, NULL);
}

/* One that is available; its id, newly allocated. */
static char *take(Cloud *cloud, const Disk *disk, const char *more)
{
  g_auto(Answer) made = create(cloud, disk, more);
  answer_expect(&made, 202, "");
  cloud_turn_until_snapshot(cloud, answer_text(&made, "snapshot_id"), DISK_AVAILABLE);
  return g_strdup(answer_text(&made, "snapshot_id"));
}

static Answer call(Cloud *cloud, const char *method, const char *id, const char *rest,
                   const char *single_quoted)
{
  g_autofree char *target = g_strdup_printf(V5 "/%s%s", id, rest);
  g_autofree char *body = single_quoted ? cloud_quoted(single_quoted) : NULL;
  return cloud_call(cloud, method, target, body);
}

static gsize listed(Cloud *cloud, const char *target)
{
  g_auto(Answer) answer = cloud_call(cloud, "GET", target, NULL);
  answer_expect(&answer, 200, "");
  assert_int_equal(json_integer_value(json_object_get(answer.body, "count")),
                   json_array_size(json_object_get(answer.body, "snapshots")));
  return json_array_size(json_object_get(answer.body, "snapshots"));
}

static void write_disk(const Cloud *cloud, const Disk *disk, const char *text)
{
  g_autofree char *file = disk_file(cloud->sim, disk);
  int fd = open(file, O_WRONLY | O_CLOEXEC);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
}

static void jobs_make_snapshots(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  disk_set_status(disk, DISK_IN_USE); /* no force is needed */
  g_auto(Answer) made =
    create(cloud, disk, ",'name':'n','description':'d','tags':{'k':'v'},'instant_access':true");
  answer_expect(&made, 202, "");
  g_autofree char *target = g_strconcat(V2 "/jobs/", answer_text(&made, "job_id"), NULL);
  g_auto(Answer) job = cloud_call(cloud, "GET", target, NULL);
  assert_string_equal(answer_text(&job, "job_type"), "createSnapshot");
  g_auto(Answer) ended = cloud_wait_evs_job(cloud, answer_text(&made, "job_id"));
  assert_string_equal(answer_text(&ended, "status"), "SUCCESS");
  g_autofree char *id = g_strdup(answer_text(&made, "snapshot_id"));
  cloud_restart(cloud);
  g_auto(Answer) got = call(cloud, "GET", id, "", NULL);
  answer_expect(&got, 200, "");
  const json_t *snapshot = json_object_get(got.body, "snapshot");
  assert_string_equal(answer_text(&got, "snapshot/status"), "available");
  assert_string_equal(answer_text(&got, "snapshot/name"), "n");
  assert_string_equal(answer_text(&got, "snapshot/availability_zone"), "sim-1a");
  assert_string_equal(answer_text(&got, "snapshot/tags/k"), "v");
  assert_string_equal(answer_text(&got, "snapshot/snapshot_type"), "user");
  assert_true(json_is_true(json_object_get(snapshot, "instant_access")));
  assert_true(json_is_true(json_object_get(snapshot, "incremental")));
  assert_int_equal(json_integer_value(json_object_get(snapshot, "progress")), 100);
}

static void each_kind_has_its_calls(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = take(cloud, disk, "");
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", disk->id);
  g_auto(Answer) old = cloud_post(cloud, V2 "/cloudsnapshots", body, NULL);
  answer_expect(&old, 202, "");
  assert_int_equal(listed(cloud, V5 "/detail"), 1);
  assert_int_equal(listed(cloud, V2 "/cloudsnapshots/detail"), 1);
  g_autofree char *target = g_strconcat(V2 "/cloudsnapshots/", id, NULL);
  g_auto(Answer) unknown = cloud_call(cloud, "GET", target, NULL);
  answer_expect(&unknown, 404, "EVS.5404");
  g_auto(Answer) older = call(cloud, "GET", answer_text(&old, "snapshot/id"), "", NULL);
  answer_expect(&older, 404, "EVS.5404");
  g_autofree char *create_body = g_strdup_printf("{'volume':{" GOOD_VOLUME ",'snapshot_id':'%s'}}", id);
  g_auto(Answer) copy = cloud_post(cloud, EVS_CREATE, create_body, NULL); /* both make disks */
  answer_expect(&copy, 202, "");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&copy, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
}

static void snapshots_are_changed(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = take(cloud, disk, ",'tags':{'a':'1'}");
  g_auto(Answer) named = call(cloud, "PUT", id, "", "{'snapshot':{'name':'new'}}");
  answer_expect(&named, 200, "");
  assert_string_equal(answer_text(&named, "snapshot/name"), "new");
  g_auto(Answer) tagged =
    call(cloud, "POST", id, "/tags/create", "{'tags':[{'key':'a','value':'2'},{'key':'b','value':'3'}]}");
  answer_expect(&tagged, 204, "");
  g_auto(Answer) untagged = call(cloud, "POST", id, "/tags/delete", "{'tags':[{'key':'b'}]}");
  answer_expect(&untagged, 204, "");
  g_auto(Answer) bad = call(cloud, "POST", id, "/tags/create", "{'tags':[{'key':'a/b','value':'2'}]}");
  answer_expect(&bad, 400, "EVS.1062");
  cloud_restart(cloud);
  g_auto(Answer) tags = cloud_call(cloud, "GET", V5 "/tags", NULL);
  assert_int_equal(json_object_size(json_object_get(tags.body, "tags")), 1);
  assert_string_equal(answer_text(&tags, "tags/a/0"), "2");
  g_auto(Answer) removed = call(cloud, "DELETE", id, "", NULL);
  answer_expect(&removed, 202, "");
  cloud_turn_until_snapshot(cloud, id, NULL);
  assert_int_equal(listed(cloud, V5 "/detail"), 0);
}

static void disks_are_rolled_back(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  write_disk(cloud, disk, "before");
  g_autofree char *id = take(cloud, disk, ""), *file = disk_file(cloud->sim, disk);
  write_disk(cloud, disk, "after.");
  g_autofree char *body = g_strdup_printf("{'rollback':{'volume_id':'%s'}}", disk->id);
  g_auto(Answer) back = call(cloud, "POST", id, "/rollback", body);
  answer_expect(&back, 202, "");
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  char bytes[7] = "";
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  assert_int_equal(read(fd, bytes, 6), 6);
  close(fd);
  assert_string_equal(bytes, "before");
}

static void creates_are_checked(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  static const struct {
    const char *more, *code;
  } bad[] = {{",'instant_access':'yes'", "EVS.1018"},
             {",'incremental':1", "EVS.1018"},
             {",'tags':[]", "EVS.1018"},
             {",'tags':{'a/b':'v'}", "EVS.1062"},
             {",'name':7", "EVS.1018"}};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_auto(Answer) answer = create(cloud, disk, bad[i].more);
    answer_expect(&answer, 400, bad[i].code);
  }
  g_auto(Answer) nothing = cloud_post(cloud, V5, "{}", NULL);
  answer_expect(&nothing, 400, "EVS.5400");
  g_auto(Answer) first = create(cloud, disk, "");
  answer_expect(&first, 202, "");
  g_auto(Answer) second = create(cloud, disk, "");
  answer_expect(&second, 409, "EVS.2409");
  cloud_turn_until_snapshot(cloud, answer_text(&first, "snapshot_id"), DISK_AVAILABLE);
  g_free(disk->type);
  disk->type = g_strdup("SAS");
  g_auto(Answer) instant = create(cloud, disk, ",'instant_access':true");
  answer_expect(&instant, 400, "EVS.5400");
  cloud_set_disk(cloud, disk->id, "{'status':'extending'}");
  g_auto(Answer) busy = create(cloud, disk, "");
  answer_expect(&busy, 400, "EVS.5400");
}

static void limits_are_those_of_the_kind(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  for (int i = 0; i < SNAPSHOTS_INSTANT_PER_DISK_MAX; i++)
    g_free(take(cloud, disk, ",'instant_access':true"));
  g_auto(Answer) instant = create(cloud, disk, ",'instant_access':true");
  answer_expect(&instant, 413, "EVS.5413");
  g_free(take(cloud, disk, "")); /* an eighth */
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", disk->id);
  g_auto(Answer) old = cloud_post(cloud, V2 "/cloudsnapshots", body, NULL);
  answer_expect(&old, 202, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(jobs_make_snapshots),   TEST(each_kind_has_its_calls), TEST(snapshots_are_changed),
    TEST(disks_are_rolled_back), TEST(creates_are_checked),     TEST(limits_are_those_of_the_kind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
