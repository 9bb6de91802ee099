/* Creates on evs-sim: every refusal by its code, what is kept, quotas, X-Client-Token. Through the router, without a
 * socket. */
#include "tests/unit/evssim_cloud.h"

#include <event2/event.h>
#include <sys/stat.h>

#include "evssim/disks.h"
#include "evssim/jobs.h"
#include "evssim/parts.h"
#include "evssim/profile.h"
#include "evssim/router.h"

/* ---- create ---- */

#define LONG_64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
  const char *body, *code;
} refusals[] = {
  {"", "EVS.5400"},
  {"[]", "EVS.5400"},
  {"{}", "EVS.1008"},
  {"{'volume':[]}", "EVS.1009"},
  {"{'volume':{'volume_type':'SSD','size':10}}", "EVS.2083"},
  {"{'volume':{'availability_zone':'sim-1a','size':10}}", "EVS.2083"},
  {"{'volume':{'availability_zone':'mars','volume_type':'SSD','size':10}}", "EVS.1036"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'FLOPPY','size':10}}", "EVS.2070"},
  {"{'volume':{'availability_zone':'sim-1b','volume_type':'SSD','size':10}}", "EVS.2071"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'SATA','size':10}}", "EVS.2072"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'SSD'}}", "EVS.1010"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'SSD','size':9}}", "EVS.1010"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'SSD','size':32769}}", "EVS.1010"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'SSD','size':'10'}}", "EVS.1018"},
  {"{'volume':{'availability_zone':1,'volume_type':'SSD','size':10}}", "EVS.1018"},
  {"{'volume':{" GOOD_VOLUME ",'name':'" LONG_64 "x'}}", "EVS.1003"},
  {"{'volume':{" GOOD_VOLUME ",'description':'" LONG_64 "0123456789012345678901'}}", "EVS.1004"},
  {"{'volume':{" GOOD_VOLUME ",'enterprise_project_id':'x'}}", "EVS.2059"},
  {"{'volume':{" GOOD_VOLUME ",'count':0}}", "EVS.1021"},
  {"{'volume':{" GOOD_VOLUME ",'count':101}}", "EVS.1021"},
  {"{'volume':{" GOOD_VOLUME ",'count':'2'}}", "EVS.1018"},
  {"{'volume':{" GOOD_VOLUME ",'snapshot_id':'" NO_SUCH_ID "'}}", "EVS.2045"},
  {"{'volume':{" GOOD_VOLUME ",'imageRef':'" NO_SUCH_ID "'}}", "EVS.2046"},
  {"{'volume':{" GOOD_VOLUME ",'backup_id':'" NO_SUCH_ID "'}}", "EVS.1006"},
  {"{'volume':{" GOOD_VOLUME ",'backup_id':'" NO_SUCH_ID "','imageRef':'" NO_SUCH_ID "'}}", "EVS.1016"},
  {"{'volume':{" GOOD_VOLUME ",'multiattach':'true'}}", "EVS.1018"},
  {"{'volume':{" GOOD_VOLUME ",'metadata':{'hw:passthrough':'yes'}}}", "EVS.1057"},
  {"{'volume':{" GOOD_VOLUME ",'metadata':{'full_clone':'2'}}}", "EVS.1063"},
  {"{'volume':{" GOOD_VOLUME ",'metadata':{'__system__encrypted':'1'}}}", "EVS.2041"},
  {"{'volume':{" GOOD_VOLUME ",'metadata':{'a':{}}}}", "EVS.1018"},
  {"{'volume':{" GOOD_VOLUME ",'metadata':{'':'x'}}}", "EVS.5400"},
  {"{'volume':{" GOOD_VOLUME ",'tags':{'a b':'x'}}}", "EVS.1062"},
  {"{'volume':{" GOOD_VOLUME ",'tags':{'a/b':'x'}}}", "EVS.1062"},
  {"{'volume':{" GOOD_VOLUME ",'tags':{'a':'0123456789012345678901234567890123456789012x4'}}}", "EVS.1062"},
  {"{'volume':{" GOOD_VOLUME
   ",'tags':{'1':'','2':'','3':'','4':'','5':'','6':'','7':'','8':'','9':'','10':'','11':''}}}",
   "EVS.1061"},
  {"{'volume':{" GOOD_VOLUME ",'iops':3000}}", "EVS.2235"},
  {"{'volume':{" GOOD_VOLUME ",'throughput':200}}", "EVS.2235"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'ESSD2','size':10}}", "EVS.2232"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'ESSD2','size':10,'iops':500,'throughput':200}}",
   "EVS.2232"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'ESSD2','size':10,'iops':10001}}", "EVS.2231"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'GPSSD2','size':10,'iops':3000}}", "EVS.2233"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'GPSSD2','size':10,'iops':2999,'throughput':125}}",
   "EVS.2231"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'GPSSD2','size':10,'iops':5001,'throughput':125}}",
   "EVS.2231"},
  {"{'volume':{'availability_zone':'sim-1a','volume_type':'GPSSD2','size':10,'iops':3000,'throughput':751}}",
   "EVS.2231"},
  {"{'volume':{" GOOD_VOLUME "},'bssParam':{'chargingMode':'free'}}", "EVS.2147"},
  {"{'volume':{" GOOD_VOLUME "},'bssParam':{'chargingMode':'prePaid','periodType':'month','periodNum':10}}",
   "EVS.2147"},
  {"{'volume':{" GOOD_VOLUME "},'server_id':'" NO_SUCH_ID "'}", "EVS.2229"},
};

static void create_refuses_by_code(void **state)
{
  Cloud *cloud = *state;
  for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
    g_auto(Answer) answer = cloud_post(cloud, EVS_CREATE, refusals[i].body, NULL);
    if (answer.status != 400 || strcmp(answer.code, refusals[i].code) != 0)
      fail_msg("row %zu: got %d %s, not 400 %s: %s", i, answer.status, answer.code, refusals[i].code,
               refusals[i].body);
  }
  assert_int_equal(g_hash_table_size(cloud->sim->disks), 0);
}

/* What the Go peer sends: empty hints, "" for none. */
static void create_takes_empty_members(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) answer =
    cloud_post(cloud, EVS_CREATE,
               "{'volume':{" GOOD_VOLUME ",'snapshot_id':'','imageRef':null},'server_id':'',"
               "'OS-SCH-HNT:scheduler_hints':{}}",
               NULL);
  answer_expect(&answer, 202, "");
  g_auto(Answer) dedicated = cloud_post(
    cloud, EVS_CREATE,
    "{'volume':{" GOOD_VOLUME "},'OS-SCH-HNT:scheduler_hints':{'dedicated_storage_id':'" NO_SUCH_ID "'}}",
    NULL);
  answer_expect(&dedicated, 404, "EVS.5404");
}

static void create_keeps_what_was_asked_for(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) answer = cloud_post(
    cloud, EVS_CREATE,
    "{'volume':{'availability_zone':'sim-1a','volume_type':'GPSSD2','size':100,'iops':5000,'throughput':500,"
    "'name':'" LONG_64 "','description':'d','multiattach':true,'tags':{'k':'v'},"
    "'metadata':{'create_for_volume_id':true,'hw:passthrough':'true','n':5}}}",
    NULL);
  answer_expect(&answer, 202, "");
  const char *id = answer_text(&answer, "volume_ids/0");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "entities/volume_id"), id);
  assert_string_equal(answer_text(&job, "job_type"), "createVolume");
  g_auto(Answer) disk = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&disk, "volume/status"), "available");
  assert_string_equal(answer_text(&disk, "volume/name"), LONG_64);
  assert_string_equal(answer_text(&disk, "volume/metadata/n"), "5");
  assert_string_equal(answer_text(&disk, "volume/tags/k"), "v");
  assert_string_equal(answer_text(&disk, "volume/bootable"), "false");
  assert_int_equal(strlen(answer_text(&disk, "volume/wwn")), 32);
  assert_int_equal(answer_text(&disk, "volume/wwn")[0], '6');
  const json_t *volume = json_object_get(disk.body, "volume");
  assert_int_equal(json_integer_value(json_object_get(volume, "size")), 100);
  assert_true(json_is_true(json_object_get(volume, "multiattach")));
  assert_int_equal(json_integer_value(json_object_get(json_object_get(volume, "iops"), "total_val")), 5000);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(volume, "throughput"), "total_val")),
                   500);
  g_autofree char *file = disk_file(cloud->sim, sim_disk(cloud->sim, id));
  struct stat status;
  assert_int_equal(stat(file, &status), 0);
  assert_int_equal(status.st_size, (off_t)100 << 30);
  assert_in_range(status.st_blocks, 0, 64); /* sparse */
}

/* INIT, 404 while it is being made, RUNNING, creating, then all at once available. The loop stands still, the clock is
 * moved by hand. */
static void create_shows_its_states(void **state)
{
  Cloud *cloud = *state;
  sim_set_clock(cloud->sim, 0.001, 0);
  g_auto(Answer) answer = cloud_post(
    cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME ",'metadata':{'create_for_volume_id':'true'}}}", NULL);
  const char *id = answer_text(&answer, "volume_ids/0"), *job_id = answer_text(&answer, "job_id");
  g_autofree char *job_target = g_strconcat(EVS_JOBS, job_id, NULL);
  Job *job = job_find(cloud->sim, SIM_SERVICE_EVS, sim_project(cloud->sim, ALPHA_PROJECT), job_id);
  gint64 whole_us = job_due_us(job) - sim_virtual_us(cloud->sim);
  static const struct {
    double share;
    const char *job, *disk; /* disk NULL: 404 */
  } steps[] = {{0.05, "INIT", NULL}, {0.2, "RUNNING", NULL}, {0.5, "RUNNING", "creating"}};
  double passed = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
    cloud->sim->virtual_base_us += (gint64)((steps[i].share - passed) * (double)whole_us);
    passed = steps[i].share;
    g_auto(Answer) at_job = cloud_call(cloud, "GET", job_target, NULL);
    g_auto(Answer) at_disk = cloud_get_disk(cloud, id);
    assert_string_equal(answer_text(&at_job, "status"), steps[i].job);
    assert_string_equal(answer_text(&at_job, "end_time"), "");
    if (steps[i].disk)
      assert_string_equal(answer_text(&at_disk, "volume/status"), steps[i].disk);
    else
      answer_expect(&at_disk, 404, "EVS.5404");
  }
  g_auto(Answer) early = cloud_delete_disk(cloud, id);
  answer_expect(&early, 400, "EVS.1046");
  sim_set_clock(cloud->sim, 100000, 0);
  jobs_retime(cloud->sim);
  g_auto(Answer) end = cloud_wait_evs_job(cloud, job_id);
  assert_string_equal(answer_text(&end, "status"), "SUCCESS");
  g_auto(Answer) disk = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&disk, "volume/status"), "available");
}

static void create_without_the_mark_names_no_disk(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) answer = cloud_post(cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME "}}", NULL);
  answer_expect(&answer, 202, "");
  assert_null(json_object_get(answer.body, "volume_ids"));
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  g_auto(Answer) disk = cloud_get_disk(cloud, answer_text(&job, "entities/volume_id"));
  assert_int_equal(disk.status, 200);
}

static void batches_have_sub_jobs(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) answer = cloud_post(
    cloud, EVS_CREATE,
    "{'volume':{" GOOD_VOLUME ",'name':'b','count':3.9,'metadata':{'create_for_volume_id':'true'}}}", NULL);
  assert_int_equal(json_array_size(json_object_get(answer.body, "volume_ids")), 3);
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "job_type"), "batchCreateVolume");
  assert_string_equal(answer_text(&job, "entities/sub_jobs/2/status"), "SUCCESS");
  assert_string_equal(answer_text(&job, "entities/sub_jobs/2/entities/name"), "b-0003");
  assert_string_equal(answer_text(&job, "entities/sub_jobs/2/entities/volume_id"),
                      answer_text(&answer, "volume_ids/2"));
  assert_null(json_object_get(json_object_get(job.body, "entities"), "volume_id"));
}

static void quotas_stop_creates(void **state)
{
  Cloud *cloud = *state;
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "other");
  static const struct {
    const char *type;
    int size, count;
    const char *code; /* "": taken */
  } steps[] = {
    {"SSD", 501, 1, "EVS.1042"}, {"SAS", 101, 1, "EVS.1042"}, {"SSD", 10, 4, "EVS.1034"},
    {"SAS", 60, 1, ""},          {"SAS", 41, 1, "EVS.1042"},  {"SSD", 500, 1, ""},
    {"SSD", 450, 1, "EVS.1042"}, {"SAS", 40, 1, ""},          {"SSD", 10, 1, "EVS.1034"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
    g_autofree char *body =
      g_strdup_printf("{'volume':{'availability_zone':'sim-1a','volume_type':'%s','size':%d,'count':%d}}",
                      steps[i].type, steps[i].size, steps[i].count);
    g_auto(Answer) answer = cloud_post(cloud, "/evs/v2.1/" BETA_PROJECT "/cloudvolumes", body, NULL);
    answer_expect(&answer, *steps[i].code ? 400 : 202, steps[i].code);
  }
  g_auto(Answer) quota =
    cloud_call(cloud, "GET", "/evs/v2/" BETA_PROJECT "/os-quota-sets/" BETA_PROJECT "?usage=True", NULL);
  const json_t *set = json_object_get(quota.body, "quota_set");
  const json_t *sas = json_object_get(set, "gigabytes_SAS");
  assert_int_equal(json_integer_value(json_object_get(sas, "in_use")), 100);
  assert_int_equal(json_integer_value(json_object_get(sas, "limit")), 100);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(set, "volumes"), "in_use")), 3);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(set, "snapshots"), "limit")), -1);
}

/* ---- X-Client-Token ---- */

#define TOKEN "11111111-2222-4333-8444-555555555555"

static void same_token_same_answer(void **state)
{
  Cloud *cloud = *state;
  static const char body[] =
    "{'volume':{" GOOD_VOLUME ",'name':'t','metadata':{'create_for_volume_id':'true'}}}";
  g_auto(Answer) first = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  answer_expect(&first, 202, "");
  g_auto(Answer) second = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  assert_true(json_equal(first.body, second.body));
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&first, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
  g_auto(Answer) other_body = cloud_post(cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME ",'name':'u'}}", TOKEN);
  answer_expect(&other_body, 400, "EVS.2219");
  g_auto(Answer) other_path = cloud_post(cloud, "/evs/v2.1/" ALPHA_SUB "/cloudvolumes", body, TOKEN);
  assert_int_equal(other_path.status, 400); /* the project is not the token's: refused before */
  cloud_pass(cloud, 8 * 3600 - 60);
  g_auto(Answer) late = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  assert_true(json_equal(first.body, late.body));
  cloud_restart(cloud);
  cloud_pass(cloud, 8 * 3600 - 60);
  g_auto(Answer) restarted = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  assert_true(json_equal(first.body, restarted.body));
  cloud_pass(cloud, 120);
  g_auto(Answer) old = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  answer_expect(&old, 400, "EVS.2220");
  assert_int_equal(g_hash_table_size(cloud->sim->disks), 1);
}

static void tokens_remember_failures_and_refusals(void **state)
{
  Cloud *cloud = *state;
  static const char body[] = "{'volume':{" GOOD_VOLUME ",'name':'t'}}";
  cloud_fault(cloud, "{'times':1,'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) first = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&first, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "FAIL");
  g_auto(Answer) second = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  assert_string_equal(answer_text(&first, "job_id"), answer_text(&second, "job_id"));
  static const char bad[] = "{'volume':{'availability_zone':'sim-1a','volume_type':'SATA','size':10}}";
  static const char other[] = "11111111-2222-4333-8444-666666666666";
  g_auto(Answer) refused = cloud_post(cloud, EVS_CREATE, bad, other);
  answer_expect(&refused, 400, "EVS.2072");
  g_auto(Answer) conflict = cloud_post(cloud, EVS_CREATE, body, other);
  answer_expect(&conflict, 400, "EVS.2219");
  static const char *const malformed[] = {"x", "11111111-2222-4333-8444-55555555555", "{}"};
  for (gsize i = 0; i < G_N_ELEMENTS(malformed); i++) {
    g_auto(Answer) answer = cloud_post(cloud, EVS_CREATE, body, malformed[i]);
    answer_expect(&answer, 400, "EVS.2218");
  }
}

static void token_modes(void **state)
{
  Cloud *cloud = *state;
  static const char body[] = "{'volume':{" GOOD_VOLUME "}}";
  cloud->sim->profile->client_token = CLIENT_TOKEN_REFUSED;
  g_auto(Answer) refused = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  answer_expect(&refused, 400, "EVS.2223");
  cloud->sim->profile->client_token = CLIENT_TOKEN_IGNORED;
  g_auto(Answer) one = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  g_auto(Answer) two = cloud_post(cloud, EVS_CREATE, body, TOKEN);
  assert_string_not_equal(answer_text(&one, "job_id"), answer_text(&two, "job_id"));
}

static void a_request_under_way_is_2221(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *body = cloud_quoted("{'volume':{" GOOD_VOLUME "}}");
  g_autoptr(Request) request = request_new(cloud->sim, "POST", EVS_CREATE);
  request_add_header(request, "X-Auth-Token", cloud->token);
  request_add_header(request, "X-Client-Token", TOKEN);
  request->body = (const guint8 *)body;
  request->body_bytes = strlen(body);
  router_dispatch(request);
  assert_int_equal(request->p->status, 202);
  g_auto(Answer) during = cloud_post(cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME "}}", TOKEN);
  answer_expect(&during, 400, "EVS.2221");
  request_free(g_steal_pointer(&request)); /* its answer has left */
  g_auto(Answer) after = cloud_post(cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME "}}", TOKEN);
  answer_expect(&after, 202, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(create_refuses_by_code),
    TEST(create_takes_empty_members),
    TEST(create_keeps_what_was_asked_for),
    TEST(create_shows_its_states),
    TEST(create_without_the_mark_names_no_disk),
    TEST(batches_have_sub_jobs),
    TEST(quotas_stop_creates),
    TEST(same_token_same_answer),
    TEST(tokens_remember_failures_and_refusals),
    TEST(token_modes),
    TEST(a_request_under_way_is_2221),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
