/* The odd shapes of evs-sim's answers ("quirks": true). Through the router, without a socket. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/disks.h"
#include "evssim/profile.h"

static const json_t *member(const Answer *answer, const char *object, const char *key)
{
  return json_object_get(json_object_get(answer->body, object), key);
}

static void disks_look_odd(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  json_object_set_new(disk->metadata, "__system__encrypted", json_string("0"));
  json_object_set_new(disk->metadata, "hw:passthrough", json_string("true"));
  disk->iops = 3000;
  disk->multiattach = TRUE;
  g_autofree char *wwn = g_strconcat(" ", disk->wwn, NULL);
  g_auto(Answer) answer = cloud_get_disk(cloud, disk->id);
  assert_string_equal(answer_text(&answer, "volume/wwn"), wwn);
  assert_true(json_is_true(member(&answer, "volume", "shareable")));
  assert_true(json_is_null(member(&answer, "volume", "description")));
  assert_null(member(&answer, "volume", "tags"));
  assert_true(json_is_integer(json_object_get(member(&answer, "volume", "metadata"), "__system__encrypted")));
  assert_true(json_is_true(json_object_get(member(&answer, "volume", "metadata"), "hw:passthrough")));
  assert_string_equal(answer_text(&answer, "volume/iops/total_val"), "3000");
  g_auto(Answer) cinder = cloud_evs(cloud, "GET", "v3", NULL, "volumes/%s", disk->id);
  assert_true(json_is_true(member(&cinder, "volume", "shareable")));
  assert_null(member(&cinder, "volume", "wwn"));
  /* the disk itself is as it was */
  assert_string_equal(disk_metadata(disk, "hw:passthrough"), "true");
  cloud->sim->profile->quirks = FALSE;
  g_auto(Answer) plain = cloud_get_disk(cloud, disk->id);
  assert_string_equal(answer_text(&plain, "volume/wwn"), disk->wwn);
}

static void snapshots_look_odd(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", disk->id);
  g_auto(Answer) answer = cloud_post(cloud, "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots", body, NULL);
  answer_expect(&answer, 202, "");
  assert_string_equal(answer_text(&answer, "snapshot/size"), "10");
  assert_int_equal(answer_text(&answer, "snapshot/created_at")[10], 't');
  assert_true(json_is_null(member(&answer, "snapshot", "updated_at")));
  g_auto(Answer) list = cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots/detail", NULL);
  assert_true(json_is_null(json_object_get(list.body, "snapshots_links")));
  assert_string_equal(answer_text(&list, "snapshots/0/size"), "10");
}

static void tags_and_orders_look_odd(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  json_object_set_new(disk->tags, "k", json_string("v"));
  g_auto(Answer) found = cloud_post(cloud, EVS_DISKS "resource_instances/action",
                                    "{'action':'filter','tags':[{'key':'k','values':[]}]}", NULL);
  assert_string_equal(answer_text(&found, "resources/0/tags/0/key"), "k");
  assert_string_equal(answer_text(&found, "resources/0/tags/1/key"), "k");
  assert_int_equal(json_object_size(disk->tags), 1);
  g_auto(Answer) dropped =
    cloud_post(cloud, EVS_DISKS "unsubscribe", "{'volume_ids':['" NO_SUCH_ID "']}", NULL);
  assert_string_equal(answer_text(&dropped, "0/results/0/result"), "FAIL");
}

static void lists_and_jobs_look_odd(void **state)
{
  Cloud *cloud = *state;
  sim_set_clock(cloud->sim, 0.001, 0); /* INIT lasts */
  g_auto(Answer) made = cloud_post(cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME ",'count':2}}", NULL);
  g_autofree char *target = g_strconcat(EVS_JOBS, answer_text(&made, "job_id"), NULL);
  g_auto(Answer) job = cloud_call(cloud, "GET", target, NULL);
  assert_string_equal(answer_text(&job, "status"), "WAITING_EXECUTE");
  cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) list = cloud_call(cloud, "GET", EVS_DISKS "detail", NULL);
  assert_string_equal(answer_text(&list, "volumes_links/0/rel"), "next"); /* though nothing comes */
  g_auto(Answer) zones = cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/os-availability-zone", NULL);
  assert_string_equal(answer_text(&zones, "availabilityZonesInfo/0/zoneName"), "sim-1a");
  g_auto(Answer) quota =
    cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/os-quota-sets/" ALPHA_PROJECT "?usage=True", NULL);
  assert_non_null(member(&quota, "quota_set", "volumes_GPS"));
  assert_null(member(&quota, "quota_set", "volumes_GPSSD"));
  g_auto(Answer) types = cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/types", NULL);
  gsize index;
  json_t *type;
  json_array_foreach(json_object_get(types.body, "volume_types"), index, type)
  {
    gboolean everywhere = strcmp(json_string_value(json_object_get(type, "name")), "SAS") == 0;
    gboolean named =
      json_object_get(json_object_get(type, "extra_specs"), "RESKEY:availability_zones") != NULL;
    assert_int_equal(named, !everywhere);
  }
  /* errors and other services are never odd */
  g_auto(Answer) missing = cloud_get_disk(cloud, NO_SUCH_ID);
  answer_expect(&missing, 404, "EVS.5404");
}

static int setup_with_quirks(void **state)
{
  int result = cloud_setup(state);
  ((Cloud *)*state)->sim->profile->quirks = TRUE;
  return result;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_with_quirks, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(disks_look_odd),
    TEST(snapshots_look_odd),
    TEST(lists_and_jobs_look_odd),
    TEST(tags_and_orders_look_odd),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
