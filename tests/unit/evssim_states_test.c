/* The recycle bin of evs-sim, and the states that /_sim can bring a disk into. Through the router, without a socket. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/disks.h"
#include "evssim/recycle.h"
#include "evssim/snapshots.h"

#define BIN "/evs/v3/" ALPHA_PROJECT "/recycle-bin-volumes/"

enum { DAY_SECONDS = 24 * 3600 };

static Answer bin_call(Cloud *cloud, const char *method, const char *path, const char *body)
{
  g_autofree char *target = g_strconcat(BIN, path, NULL);
  g_autofree char *text = body ? cloud_quoted(body) : NULL;
  return cloud_call(cloud, method, target, text);
}

static void delete_disk(Cloud *cloud, const char *id)
{
  g_auto(Answer) answer = cloud_delete_disk(cloud, id);
  answer_expect(&answer, 200, "");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
}

static void expect_in_bin(Cloud *cloud, const char *id, gboolean there)
{
  g_auto(Answer) answer = bin_call(cloud, "GET", id, NULL);
  answer_expect(&answer, there ? 200 : 404, there ? "" : "EVS.5404");
}

/* Tokens live for a day. */
static void pass_days(Cloud *cloud, int days)
{
  cloud_pass(cloud, days * DAY_SECONDS);
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "csi");
}

static void switch_on(Cloud *cloud)
{
  g_auto(Answer) answer =
    bin_call(cloud, "PUT", "policy", "{'switch':true,'threshold_time':2,'keep_time':3}");
  answer_expect(&answer, 204, "");
}

/* ---- the bin ---- */

static void policies_are_kept(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) before = bin_call(cloud, "GET", "policy", NULL);
  assert_true(json_is_false(json_object_get(before.body, "switch")));
  assert_int_equal(json_integer_value(json_object_get(before.body, "threshold_time")), 7);
  assert_int_equal(json_integer_value(json_object_get(before.body, "keep_time")), 7);
  static const char *const bad[] = {"[]",
                                    "{'switch':'on'}",
                                    "{'threshold_time':0}",
                                    "{'threshold_time':1001}",
                                    "{'keep_time':366}",
                                    "{'keep_time':'7'}"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_auto(Answer) answer = bin_call(cloud, "PUT", "policy", bad[i]);
    answer_expect(&answer, 400, "EVS.5400");
  }
  switch_on(cloud);
  cloud_restart(cloud);
  g_auto(Answer) after = bin_call(cloud, "GET", "policy", NULL);
  assert_true(json_is_true(json_object_get(after.body, "switch")));
  assert_int_equal(json_integer_value(json_object_get(after.body, "threshold_time")), 2);
  assert_int_equal(json_integer_value(json_object_get(after.body, "keep_time")), 3);
}

static void young_disks_are_not_kept(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10), *old = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *young_id = g_strdup(disk->id), *old_id = g_strdup(old->id);
  pass_days(cloud, 3);
  delete_disk(cloud, old_id); /* the bin is off */
  expect_in_bin(cloud, old_id, FALSE);
  switch_on(cloud);
  const Disk *fresh = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *fresh_id = g_strdup(fresh->id);
  delete_disk(cloud, fresh_id);
  expect_in_bin(cloud, fresh_id, FALSE);
  delete_disk(cloud, young_id); /* three days old by now */
  expect_in_bin(cloud, young_id, TRUE);
}

static void deleted_disks_come_back(void **state)
{
  Cloud *cloud = *state;
  switch_on(cloud);
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = g_strdup(disk->id), *file = disk_file(cloud->sim, disk);
  pass_days(cloud, 2);
  delete_disk(cloud, id);
  g_auto(Answer) gone = cloud_get_disk(cloud, id);
  answer_expect(&gone, 404, "EVS.5404");
  g_auto(Answer) again = cloud_delete_disk(cloud, id);
  answer_expect(&again, 404, "EVS.5404");
  g_auto(Answer) list = bin_call(cloud, "GET", "detail", NULL);
  assert_int_equal(json_integer_value(json_object_get(list.body, "count")), 1);
  assert_string_equal(answer_text(&list, "volumes/0/id"), id);
  assert_non_null(answer_text(&list, "volumes/0/plan_delete_at"));
  assert_non_null(answer_text(&list, "volumes/0/pre_deleted_at"));
  cloud_restart(cloud);
  assert_int_equal(access(file, F_OK), 0);
  g_autofree char *revert = g_strconcat(id, "/revert", NULL);
  g_auto(Answer) reverted = bin_call(cloud, "POST", revert, "{}");
  answer_expect(&reverted, 204, "");
  expect_in_bin(cloud, id, FALSE);
  g_auto(Answer) back = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&back, "volume/status"), "available");
}

static void bins_are_emptied(void **state)
{
  Cloud *cloud = *state;
  switch_on(cloud);
  g_autofree char *first = g_strdup(cloud_disk(cloud, "sim-1a", 10)->id),
                  *second = g_strdup(cloud_disk(cloud, "sim-1a", 10)->id);
  pass_days(cloud, 2);
  delete_disk(cloud, first);
  delete_disk(cloud, second);
  g_auto(Answer) removed = bin_call(cloud, "DELETE", first, NULL);
  answer_expect(&removed, 204, "");
  expect_in_bin(cloud, first, FALSE);
  assert_null(sim_disk(cloud->sim, first));
  expect_in_bin(cloud, second, TRUE);
  pass_days(cloud, 3);
  expect_in_bin(cloud, second, FALSE);
  assert_null(sim_disk(cloud->sim, second));
}

/* ---- states ---- */

static void states_are_set_strictly(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *target = g_strconcat("/_sim/disks/", disk->id, NULL);
  static const char *const bad[] = {"[]",
                                    "{'status':'molten'}",
                                    "{'status':1}",
                                    "{'metadata':{'k':1}}",
                                    "{'frozen':'yes'}",
                                    "{'colour':'red'}"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    assert_int_equal(cloud_control(cloud, "PUT", target, bad[i]), 400);
  assert_int_equal(cloud_control(cloud, "PUT", "/_sim/disks/" NO_SUCH_ID, "{}"), 404);
  cloud_set_disk(cloud, disk->id, "{'status':'awaiting-transfer','metadata':{'orderID':'o','k':'v'}}");
  cloud_set_disk(cloud, disk->id, "{'metadata':{'k':null}}");
  g_autofree char *id = g_strdup(disk->id);
  cloud_restart(cloud);
  g_auto(Answer) got = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&got, "volume/status"), "awaiting-transfer");
  assert_string_equal(answer_text(&got, "volume/metadata/orderID"), "o");
  assert_null(json_object_get(sim_disk(cloud->sim, id)->metadata, "k"));
  g_auto(Answer) removed = cloud_delete_disk(cloud, id);
  answer_expect(&removed, 400, "EVS.1035");
  cloud_set_disk(cloud, id, "{'metadata':{'orderID':null}}");
  g_auto(Answer) again = cloud_delete_disk(cloud, id);
  answer_expect(&again, 400, "EVS.1046");
}

static void frozen_disks_can_do_nothing(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_free(disk->type);
  disk->type = g_strdup("ESSD2");
  disk->iops = 1000;
  cloud_set_disk(cloud, disk->id, "{'frozen':true}");
  g_auto(Answer) removed = cloud_delete_disk(cloud, disk->id);
  answer_expect(&removed, 403, "EVS.2144");
  g_autofree char *snapshot = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", disk->id);
  g_auto(Answer) snapped = cloud_post(cloud, "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots", snapshot, NULL);
  answer_expect(&snapped, 403, "EVS.2144");
  g_autofree char *action = g_strdup_printf("/evs/v2.1/" ALPHA_PROJECT "/cloudvolumes/%s/action", disk->id);
  g_auto(Answer) grown = cloud_post(cloud, action, "{'os-extend':{'new_size':11}}", NULL);
  answer_expect(&grown, 403, "EVS.2144");
  g_autofree char *target = g_strdup_printf("/ecs/v1/" ALPHA_PROJECT "/cloudservers/%s/attachvolume",
                                            cloud_server(cloud, "alpha-1")->id);
  g_autofree char *attach = g_strdup_printf("{'volumeAttachment':{'volumeId':'%s'}}", disk->id);
  g_auto(Answer) attached = cloud_post(cloud, target, attach, NULL);
  answer_expect(&attached, 403, "Ecs.0003");
  g_auto(Answer) got = cloud_get_disk(cloud, disk->id);
  assert_true(
    json_is_true(json_object_get(json_object_get(json_object_get(got.body, "volume"), "iops"), "frozened")));
  cloud_set_disk(cloud, disk->id, "{'frozen':false}");
  delete_disk(cloud, disk->id);
}

static void accounts_get_into_trouble(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = g_strdup(cloud_disk(cloud, "sim-1a", 10)->id);
  static const char *const bad[] = {"[]", "{'status':'rich'}", "{'kms':1}", "{'colour':'red'}"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    assert_int_equal(cloud_control(cloud, "PUT", "/_sim/accounts/alpha", bad[i]), 400);
  assert_int_equal(cloud_control(cloud, "PUT", "/_sim/accounts/nobody", "{}"), 404);
  static const struct {
    const char *edit, *code;
  } cases[] = {{"{'status':'frozen'}", "EVS.2144"}, {"{'status':'suspended'}", "EVS.2145"}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    assert_int_equal(cloud_control(cloud, "PUT", "/_sim/accounts/alpha", cases[i].edit), 200);
    cloud_restart(cloud);
    g_auto(Answer) removed = cloud_delete_disk(cloud, id);
    answer_expect(&removed, 403, cases[i].code);
    g_auto(Answer) seen = cloud_get_disk(cloud, id);
    answer_expect(&seen, 200, "");
    g_autofree char *attach = g_strdup_printf("{'volumeAttachment':{'volumeId':'%s'}}", id);
    g_autofree char *target = g_strdup_printf("/ecs/v1/" ALPHA_PROJECT "/cloudservers/%s/attachvolume",
                                              cloud_server(cloud, "alpha-1")->id);
    g_auto(Answer) attached = cloud_post(cloud, target, attach, NULL);
    answer_expect(&attached, 403, "Ecs.0003");
  }
  assert_int_equal(cloud_control(cloud, "PUT", "/_sim/accounts/alpha", "{'status':'normal'}"), 200);
  delete_disk(cloud, id);
}

static void backups_are_put_there(void **state)
{
  Cloud *cloud = *state;
  static const char *const bad[] = {"[]",
                                    "{'account':'alpha'}",
                                    "{'account':'alpha','zone':'mars'}",
                                    "{'account':'nobody','zone':'sim-1a'}",
                                    "{'account':'alpha','zone':'sim-1a','size':0}",
                                    "{'account':'alpha','zone':'sim-1a','status':'lost'}"};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    assert_int_equal(cloud_control(cloud, "PUT", "/_sim/backups/" NO_SUCH_ID, bad[i]), 400);
  static const char good[] = "{'account':'alpha','zone':'sim-1a','size':33}";
  assert_int_equal(cloud_control(cloud, "PUT", "/_sim/backups/x", good), 400);
  assert_int_equal(cloud_control(cloud, "PUT", "/_sim/backups/" NO_SUCH_ID, good), 200);
  cloud_restart(cloud);
  static const char create[] =
    "{'volume':{'availability_zone':'sim-1a','volume_type':'SSD','backup_id':'" NO_SUCH_ID "'}}";
  g_auto(Answer) made = cloud_post(cloud, EVS_CREATE, create, NULL);
  answer_expect(&made, 202, "");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&made, "job_id"));
  assert_int_equal(json_integer_value(json_object_get(json_object_get(job.body, "entities"), "size")), 33);
  assert_int_equal(cloud_control(cloud, "DELETE", "/_sim/backups/" NO_SUCH_ID, NULL), 204);
  assert_int_equal(cloud_control(cloud, "DELETE", "/_sim/backups/" NO_SUCH_ID, NULL), 404);
  g_auto(Answer) gone = cloud_post(cloud, EVS_CREATE, create, NULL);
  answer_expect(&gone, 400, "EVS.1006");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(policies_are_kept),         TEST(young_disks_are_not_kept), TEST(deleted_disks_come_back),
    TEST(bins_are_emptied),          TEST(states_are_set_strictly),  TEST(frozen_disks_can_do_nothing),
    TEST(accounts_get_into_trouble), TEST(backups_are_put_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
