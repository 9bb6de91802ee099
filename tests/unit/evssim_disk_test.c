/* The life of disks and their jobs on evs-sim, lists, faults, what a restart keeps. Through the router, without a
 * socket. */
#include "tests/unit/evssim_cloud.h"

#include <event2/event.h>

#include "base/clock.h"
#include "evssim/disks.h"
#include "evssim/jobs.h"
#include "evssim/parts.h"
#include "evssim/profile.h"

/* ---- delete ---- */

static void delete_follows_the_rules(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *status, *code;
  } rows[] = {
    {DISK_IN_USE, "EVS.1046"},         {DISK_ATTACHING, "EVS.1046"},
    {DISK_DETACHING, "EVS.1046"},      {DISK_EXTENDING, "EVS.1046"},
    {DISK_ERROR_DELETING, "EVS.1046"}, {DISK_BACKING_UP, "EVS.2130"},
    {"awaiting-transfer", "EVS.1046"}, {DISK_ERROR, ""},
    {DISK_ERROR_EXTENDING, ""},        {DISK_ERROR_RESTORING, ""},
    {DISK_ERROR_ROLLBACKING, ""},      {DISK_AVAILABLE, ""},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Disk *disk = cloud_disk(cloud, "sim-1a", 10);
    g_autofree char *id = g_strdup(disk->id), *file = disk_file(cloud->sim, disk);
    disk_set_status(disk, rows[i].status);
    g_auto(Answer) answer = cloud_delete_disk(cloud, id);
    answer_expect(&answer, *rows[i].code ? 400 : 200, rows[i].code);
    if (*rows[i].code)
      continue;
    assert_string_equal(sim_disk(cloud->sim, id)->status, DISK_DELETING);
    g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
    assert_string_equal(answer_text(&job, "status"), "SUCCESS");
    g_auto(Answer) gone = cloud_get_disk(cloud, id);
    answer_expect(&gone, 404, "EVS.5404");
    g_auto(Answer) again = cloud_delete_disk(cloud, id);
    answer_expect(&again, 404, "EVS.5404");
    assert_int_not_equal(access(file, F_OK), 0);
  }
  g_auto(Answer) malformed = cloud_delete_disk(cloud, "not-a-uuid");
  answer_expect(&malformed, 400, "EVS.1002");
  g_auto(Answer) empty = cloud_delete_disk(cloud, "");
  answer_expect(&empty, 400, "EVS.1002");
}

static void prepaid_disks_are_unsubscribed(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) answer =
    cloud_post(cloud, EVS_CREATE,
               "{'volume':{" GOOD_VOLUME ",'metadata':{'create_for_volume_id':'true'}},"
               "'bssParam':{'chargingMode':'prePaid','periodType':'year','periodNum':1}}",
               NULL);
  answer_expect(&answer, 202, "");
  assert_null(json_object_get(answer.body, "job_id"));
  g_autofree char *id = g_strdup(answer_text(&answer, "volume_ids/0"));
  g_autofree char *order = g_strdup(answer_text(&answer, "order_id"));
  gint64 deadline = clock_deadline_in_ms(20000);
  while (strcmp(sim_disk(cloud->sim, id)->status, DISK_AVAILABLE) != 0 && clock_now_us() < deadline)
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  g_auto(Answer) disk = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&disk, "volume/metadata/orderID"), order);
  g_auto(Answer) refused = cloud_delete_disk(cloud, id);
  answer_expect(&refused, 400, "EVS.1035");
  g_autofree char *body = g_strdup_printf("{'volume_ids':['%s','" NO_SUCH_ID "']}", id);
  g_auto(Answer) dropped =
    cloud_post(cloud, "/evs/v2/" ALPHA_PROJECT "/cloudvolumes/unsubscribe", body, NULL);
  answer_expect(&dropped, 202, "");
  assert_string_equal(answer_text(&dropped, "results/0/result"), "SUCCESS");
  assert_string_equal(answer_text(&dropped, "results/0/order_id"), order);
  assert_string_equal(answer_text(&dropped, "results/1/result"), "FAIL");
}

/* ---- jobs ---- */

static void unknown_jobs_are_common_0011(void **state)
{
  Cloud *cloud = *state;
  static const char *const ids[] = {"", "x", NO_SUCH_ID};
  for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
    g_autofree char *target = g_strconcat(EVS_JOBS, ids[i], NULL);
    g_auto(Answer) answer = cloud_call(cloud, "GET", target, NULL);
    answer_expect(&answer, 400, "Common.0011");
  }
  /* a job of EVS is none of ECS */
  g_auto(Answer) answer = cloud_post(cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME "}}", NULL);
  g_autofree char *elsewhere =
    g_strconcat("/ecs/v1/" ALPHA_PROJECT "/jobs/", answer_text(&answer, "job_id"), NULL);
  g_auto(Answer) ecs = cloud_call(cloud, "GET", elsewhere, NULL);
  answer_expect(&ecs, 400, "Common.0011");
}

/* Without a code the failed disk stays in error; with another code than EVS.2024 nothing is left of it. */
static void failed_creates(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *fault, *code, *status;
  } rows[] = {
    {"{'times':1,'action':{'kind':'job','result':'FAIL'}}", "EVS.2024", "error"},
    {"{'times':1,'action':{'kind':'job','result':'FAIL','code':'EVS.2002'}}", "EVS.2002", NULL},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    cloud_fault(cloud, rows[i].fault);
    g_auto(Answer) answer = cloud_post(
      cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME ",'metadata':{'create_for_volume_id':'true'}}}", NULL);
    g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
    assert_string_equal(answer_text(&job, "status"), "FAIL");
    assert_string_equal(answer_text(&job, "error_code"), rows[i].code);
    g_auto(Answer) disk = cloud_get_disk(cloud, answer_text(&answer, "volume_ids/0"));
    if (rows[i].status)
      assert_string_equal(answer_text(&disk, "volume/status"), rows[i].status);
    else
      answer_expect(&disk, 404, "EVS.5404");
  }
}

/* Faults on jobs wait for a request that starts one; those on reads for a read of disks. */
static void faults_wait_for_what_they_spoil(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = cloud_make_disk(cloud, "d");
  cloud_fault(cloud, "{'times':1,'action':{'kind':'job','result':'FAIL'}}");
  cloud_fault(cloud, "{'times':1,'action':{'kind':'stale','ms':60000}}");
  g_auto(Answer) types = cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/types", NULL);
  g_auto(Answer) refused = cloud_delete_disk(cloud, NO_SUCH_ID);
  answer_expect(&refused, 404, "EVS.5404");
  g_autoptr(json_t) before = faults_list(cloud->sim->faults);
  for (gsize i = 0; i < 2; i++)
    assert_int_equal(json_integer_value(json_object_get(json_array_get(before, i), "hits")), 0);
  g_auto(Answer) stale = cloud_get_disk(cloud, id);
  answer_expect(&stale, 404, "EVS.5404");
  g_auto(Answer) deleted = cloud_delete_disk(cloud, id);
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&deleted, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "FAIL");
  assert_int_equal(types.status, 200);
}

static void failed_delete_leaves_error_deleting(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = cloud_make_disk(cloud, "d");
  cloud_fault(cloud, "{'match':{'op':'6.1.6'},'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) answer = cloud_delete_disk(cloud, id);
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "error_code"), "EVS.2020");
  g_auto(Answer) disk = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&disk, "volume/status"), "error_deleting");
}

static void vanished_jobs_do_their_work(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = cloud_make_disk(cloud, "d");
  cloud_fault(cloud, "{'action':{'kind':'job','result':'vanish'}}");
  g_auto(Answer) answer = cloud_delete_disk(cloud, id);
  g_autofree char *target = g_strconcat(EVS_JOBS, answer_text(&answer, "job_id"), NULL);
  g_auto(Answer) job = cloud_call(cloud, "GET", target, NULL);
  answer_expect(&job, 400, "Common.0011");
  gint64 deadline = clock_deadline_in_ms(20000);
  while (sim_disk(cloud->sim, id) && clock_now_us() < deadline)
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  assert_null(sim_disk(cloud->sim, id));
}

static void early_jobs_say_success_too_soon(void **state)
{
  Cloud *cloud = *state;
  cloud_fault(cloud, "{'match':{'op':'6.1.1'},'action':{'kind':'job','result':'early'}}");
  sim_set_clock(cloud->sim, 0.001, 0);
  g_auto(Answer) answer = cloud_post(
    cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME ",'metadata':{'create_for_volume_id':'true'}}}", NULL);
  const Job *job = job_find(cloud->sim, SIM_SERVICE_EVS, sim_project(cloud->sim, ALPHA_PROJECT),
                            answer_text(&answer, "job_id"));
  cloud->sim->virtual_base_us += (job_due_us(job) - sim_virtual_us(cloud->sim)) * 3 / 4;
  g_auto(Answer) shown = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&shown, "status"), "SUCCESS");
  g_auto(Answer) disk = cloud_get_disk(cloud, answer_text(&answer, "volume_ids/0"));
  assert_string_equal(answer_text(&disk, "volume/status"), "creating");
}

static void stuck_jobs_end_when_the_fault_goes(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = cloud_make_disk(cloud, "d");
  cloud_fault(cloud, "{'times':1,'action':{'kind':'stuck','state':'deleting'}}");
  g_auto(Answer) answer = cloud_delete_disk(cloud, id);
  struct timeval while_ms = {.tv_usec = 60000};
  event_base_loopexit(cloud->sim->events, &while_ms);
  event_base_dispatch(cloud->sim->events);
  g_autofree char *target = g_strconcat(EVS_JOBS, answer_text(&answer, "job_id"), NULL);
  g_auto(Answer) job = cloud_call(cloud, "GET", target, NULL);
  assert_string_equal(answer_text(&job, "status"), "RUNNING");
  assert_string_equal(sim_disk(cloud->sim, id)->status, "deleting");
  g_auto(Answer) removed = cloud_call(cloud, "DELETE", "/_sim/faults", NULL);
  assert_int_equal(removed.status, 403); /* no loopback peer here */
  faults_remove(cloud->sim->faults, NULL);
  jobs_unstick(cloud->sim, NULL);
  g_auto(Answer) end = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&end, "status"), "SUCCESS");
}

/* ---- lists ---- */

static Answer list(Cloud *cloud, const char *query)
{
  g_autofree char *target = g_strconcat(EVS_DISKS, "detail", *query ? "?" : "", query, NULL);
  return cloud_call(cloud, "GET", target, NULL);
}

/* The names of the rows, joined by spaces. */
static char *names(Cloud *cloud, const char *query)
{
  g_auto(Answer) answer = list(cloud, query);
  if (answer.status != 200)
    fail_msg("%s: %d %s", query, answer.status, answer.code);
  GString *text = g_string_new(NULL);
  gsize index;
  json_t *row;
  json_array_foreach(json_object_get(answer.body, "volumes"), index, row) g_string_append_printf(
    text, "%s%s", text->len ? " " : "", json_string_value(json_object_get(row, "name")));
  return g_string_free(text, FALSE);
}

static void fill(Cloud *cloud, char *ids[5])
{
  static const int sizes[] = {30, 10, 20, 40, 10};
  for (int i = 0; i < 5; i++) {
    Disk *disk = cloud_disk(cloud, i == 3 ? "sim-1b" : "sim-1a", sizes[i]);
    g_free(disk->name);
    disk->name = g_strdup_printf("d%d", i);
    ids[i] = g_strdup(disk->id);
    if (i == 4)
      disk_set_status(disk, DISK_ERROR);
    if (i == 2)
      json_object_set_new(disk->metadata, "k", json_string("v"));
    if (i == 1)
      g_ptr_array_add(disk->attachments, attachment_new("srv", "/dev/vdb", 1));
    disk_changed(cloud->sim, disk);
  }
}

static void lists_filter_sort_and_page(void **state)
{
  Cloud *cloud = *state;
  char *ids[6] = {NULL};
  fill(cloud, ids);
  g_autofree char *marker = g_strconcat("limit=2&marker=", ids[3], NULL);
  g_autofree char *by_id = g_strconcat("id=", ids[2], NULL);
  g_autofree char *by_ids =
    g_strdup_printf("ids=%%5B%%27%s%%27,%%27%s%%27,'x']&id=%s", ids[0], ids[4], ids[2]);
  const struct {
    const char *query, *names;
  } rows[] = {
    {"", "d4 d3 d2 d1 d0"}, /* newest first */
    {"sort_dir=asc", "d0 d1 d2 d3 d4"},
    {"sort_key=size&sort_dir=asc", "d1 d4 d2 d0 d3"},
    {"sort_key=size", "d3 d0 d2 d4 d1"},
    {"sort_key=status", "d4 d3 d2 d1 d0"},
    {"limit=2", "d4 d3"},
    {marker, "d2 d1"},
    {"limit=2&offset=4", "d0"},
    {"offset=9", ""},
    {"name=d3", "d3"},
    {"name=d", ""},
    {"status=error", "d4"},
    {"status=available&availability_zone=sim-1a", "d2 d1 d0"},
    {"server_id=srv", "d1"},
    {"metadata=%7B%22k%22%3A%20%22v%22%7D", "d2"},
    {"metadata={\"k\":\"w\"}", ""},
    {"multiattach=true", ""},
    {"multiattach=false&bootable=false&service_type=EVS&limit=1", "d4"},
    {"service_type=DSS", ""},
    {"enterprise_project_id=all_granted_eps&limit=1", "d4"},
    {"enterprise_project_id=x", ""},
    {by_id, "d2"},
    {by_ids, "d4 d0"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *got = names(cloud, rows[i].query);
    if (strcmp(got, rows[i].names) != 0)
      fail_msg("%s: got '%s', not '%s'", rows[i].query, got, rows[i].names);
  }
  g_auto(Answer) page = list(cloud, "limit=2");
  assert_int_equal(json_integer_value(json_object_get(page.body, "count")), 5); /* ignores paging */
  assert_non_null(strstr(answer_text(&page, "volumes_links/0/href"), "/volumes/detail?limit=2&marker="));
  g_auto(Answer) last = list(cloud, "limit=5");
  assert_null(json_object_get(last.body, "volumes_links"));
  for (int i = 0; i < 5; i++)
    g_free(ids[i]);
}

static void bad_lists_are_refused(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *query, *code;
  } rows[] = {
    {"limit=x", "EVS.5400"},
    {"limit=0", "EVS.1023"},
    {"limit=1001", "EVS.2142"},
    {"offset=x", "EVS.5400"},
    {"offset=-1", "EVS.5400"},
    {"marker=x", "EVS.1024"},
    {"marker=" NO_SUCH_ID, "EVS.1024"},
    {"sort_key=name", "EVS.1039"},
    {"sort_dir=up", "EVS.1040"},
    {"availability_zone=mars", "EVS.1041"},
    {"metadata=x", "EVS.1058"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = list(cloud, rows[i].query);
    answer_expect(&answer, 400, rows[i].code);
  }
}

/* New rows come late, and what is listed is up to date, as GET is. */
static void lists_lag(void **state)
{
  Cloud *cloud = *state;
  cloud->sim->profile->list_lag_ms = 50;
  g_autofree char *id = cloud_make_disk(cloud, "new");
  cloud->sim->profile->list_lag_ms = 60000;
  g_autofree char *none = names(cloud, "");
  assert_string_equal(none, "");

  cloud->sim->profile->list_lag_ms = 30;
  gint64 deadline_us = clock_deadline_in_ms(5000);
  g_autofree char *listed = names(cloud, "");
  while (!listed[0] && clock_now_us() < deadline_us) {
    g_free(listed);
    listed = names(cloud, "");
  }
  assert_string_equal(listed, "new");
  g_auto(Answer) renamed =
    cloud_evs(cloud, "PUT", "v2", "{'volume':{'name':'renamed'}}", "cloudvolumes/%s", id);
  assert_int_equal(renamed.status, 200);
  g_autofree char *now = names(cloud, "");
  assert_string_equal(now, "renamed");
  cloud->sim->profile->list_lag_ms = 0;
  cloud_fault(cloud, "{'match':{'op':'6.1.4'},'times':1,'action':{'kind':'stale','ms':60000}}");
  g_auto(Answer) stale = cloud_get_disk(cloud, id);
  answer_expect(&stale, 404, "EVS.5404");
  g_auto(Answer) fresh = cloud_get_disk(cloud, id);
  assert_int_equal(fresh.status, 200);
}

/* ---- others ---- */

static void other_projects_see_nothing(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = cloud_make_disk(cloud, "mine");
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "other");
  g_autofree char *target = g_strconcat("/evs/v2/" BETA_PROJECT "/cloudvolumes/", id, NULL);
  g_auto(Answer) answer = cloud_call(cloud, "GET", target, NULL);
  answer_expect(&answer, 404, "EVS.5404");
  g_auto(Answer) rows = cloud_call(cloud, "GET", "/evs/v2/" BETA_PROJECT "/cloudvolumes/detail", NULL);
  assert_int_equal(json_array_size(json_object_get(rows.body, "volumes")), 0);
}

static void readers_may_not_write(void **state)
{
  Cloud *cloud = *state;
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "reader");
  g_auto(Answer) create = cloud_post(cloud, EVS_CREATE, "{'volume':{" GOOD_VOLUME "}}", NULL);
  answer_expect(&create, 403, "EVS.5403");
  g_auto(Answer) read = list(cloud, "");
  assert_int_equal(read.status, 200);
}

static void unknown_paths_are_the_gateways(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *method, *target;
  } rows[] = {{"GET", "/nothing"}, {"PUT", EVS_CREATE}, {"GET", "/evs/v9/x/y/z"}, {"GET", "/"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = cloud_call(cloud, rows[i].method, rows[i].target, NULL);
    answer_expect(&answer, 404, "APIGW.0101");
    assert_non_null(json_object_get(answer.body, "error_msg"));
    assert_non_null(json_object_get(answer.body, "request_id"));
  }
}

static void status_faults_have_four_shapes(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *shape, *place;
  } rows[] = {{"error", "error/code"}, {"flat", "code"}, {"gateway", "error_code"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text = g_strdup_printf(
      "{'times':1,'action':{'kind':'status','status':503,'code':'EVS.5503','shape':'%s'}}", rows[i].shape);
    cloud_fault(cloud, text);
    g_auto(Answer) answer = list(cloud, "");
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer_text(&answer, rows[i].place), "EVS.5503");
  }
  cloud_fault(cloud,
              "{'times':1,'action':{'kind':'status','status':404,'code':'itemNotFound','shape':'cinder'}}");
  g_auto(Answer) cinder = list(cloud, "");
  assert_int_equal(json_integer_value(json_object_get(json_object_get(cinder.body, "itemNotFound"), "code")),
                   404);
  static const struct {
    const char *form;
    int status;
    const char *code;
  } forms[] = {{"429", 429, "APIGW.0308"}, {"503", 503, "Common.1503"}, {"202", 202, "Common.0024"}};
  for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
    g_autofree char *text =
      g_strdup_printf("{'times':1,'action':{'kind':'throttle','form':'%s','ms':0}}", forms[i].form);
    cloud_fault(cloud, text);
    g_auto(Answer) answer = list(cloud, "");
    answer_expect(&answer, forms[i].status, forms[i].code);
  }
}

static void a_restart_keeps_disks_jobs_and_the_clock(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = cloud_make_disk(cloud, "kept");
  sim_set_clock(cloud->sim, 0.5, 5000000);
  g_auto(Answer) answer = cloud_post(
    cloud, EVS_CREATE,
    "{'volume':{" GOOD_VOLUME ",'name':'later','metadata':{'create_for_volume_id':'true'}}}", NULL);
  gint64 virtual_us = sim_virtual_us(cloud->sim);
  cloud_restart(cloud);
  assert_true(cloud->sim->speed == 0.5);
  assert_int_equal(cloud->sim->skew_us, 5000000);
  assert_true(sim_virtual_us(cloud->sim) >= virtual_us);
  assert_true(sim_virtual_us(cloud->sim) < virtual_us + 10 * G_USEC_PER_SEC);
  g_auto(Answer) disk = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&disk, "volume/name"), "kept");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
  g_autofree char *all = names(cloud, "");
  assert_string_equal(all, "later kept");
}

static void types_and_zones_are_offered(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) types = cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/types", NULL);
  assert_int_equal(json_array_size(json_object_get(types.body, "volume_types")), 5);
  assert_string_equal(answer_text(&types, "volume_types/0/name"), "SATA");
  assert_string_equal(
    answer_text(&types, "volume_types/0/extra_specs/os-vendor-extended:sold_out_availability_zones"),
    "sim-1a");
  assert_string_equal(answer_text(&types, "volume_types/1/extra_specs/RESKEY:availability_zones"),
                      "sim-1a,sim-1b");
  g_autofree char *target =
    g_strconcat("/evs/v3/" ALPHA_PROJECT "/types/", answer_text(&types, "volume_types/1/id"), NULL);
  g_auto(Answer) one = cloud_call(cloud, "GET", target, NULL);
  assert_string_equal(answer_text(&one, "volume_type/name"), "SAS");
  g_auto(Answer) none = cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/types/x", NULL);
  answer_expect(&none, 404, "EVS.5404");
  g_auto(Answer) zones = cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/os-availability-zone", NULL);
  assert_string_equal(answer_text(&zones, "availabilityZoneInfo/1/zoneName"), "sim-1b");
  g_auto(Answer) versions = cloud_call(cloud, "GET", "/evs/", NULL);
  assert_int_equal(versions.status, 300);
  g_auto(Answer) usage =
    cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/os-quota-sets/" ALPHA_PROJECT, NULL);
  answer_expect(&usage, 400, "EVS.5400");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(delete_follows_the_rules),
    TEST(prepaid_disks_are_unsubscribed),
    TEST(unknown_jobs_are_common_0011),
    TEST(failed_creates),
    TEST(faults_wait_for_what_they_spoil),
    TEST(failed_delete_leaves_error_deleting),
    TEST(vanished_jobs_do_their_work),
    TEST(early_jobs_say_success_too_soon),
    TEST(stuck_jobs_end_when_the_fault_goes),
    TEST(lists_filter_sort_and_page),
    TEST(bad_lists_are_refused),
    TEST(lists_lag),
    TEST(other_projects_see_nothing),
    TEST(readers_may_not_write),
    TEST(unknown_paths_are_the_gateways),
    TEST(status_faults_have_four_shapes),
    TEST(a_restart_keeps_disks_jobs_and_the_clock),
    TEST(types_and_zones_are_offered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
