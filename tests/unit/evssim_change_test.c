/* Changes of disks on evs-sim: expansion, QoS, type; their rules, effects and what a restart keeps. Through the router,
 * without a socket. */
#include "tests/unit/evssim_cloud.h"

#include <sys/stat.h>

#include "evssim/disks.h"
#include "evssim/snapshots.h"

static Answer call(Cloud *cloud, const char *method, const char *version, const char *id, const char *path,
                   const char *body)
{
  g_autofree char *target =
    g_strdup_printf("/evs/%s/" ALPHA_PROJECT "/%s/%s/%s", version,
                    strcmp(path, "retype") == 0 ? "volumes" : "cloudvolumes", id, path);
  g_autofree char *text = cloud_quoted(body);
  return cloud_call(cloud, method, target, text);
}

static Answer extend(Cloud *cloud, const char *id, int size)
{
  g_autofree char *body = g_strdup_printf("{'os-extend':{'new_size':%d}}", size);
  return call(cloud, "POST", "v2.1", id, "action", body);
}

static Answer set_qos(Cloud *cloud, const char *id, const char *rates)
{
  g_autofree char *body = g_strdup_printf("{'qos_modify':{%s}}", rates);
  return call(cloud, "PUT", "v5", id, "qos", body);
}

static Answer retype(Cloud *cloud, const char *id, const char *type, const char *more)
{
  g_autofree char *body = g_strdup_printf("{'os-retype':{'new_type':'%s'%s}}", type, more);
  return call(cloud, "POST", "v2", id, "retype", body);
}

static void expect_job(Cloud *cloud, const Answer *answer, int status, const char *outcome, const char *code)
{
  answer_expect(answer, status, "");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), outcome);
  if (*code)
    assert_string_equal(answer_text(&job, "error_code"), code);
}

static Disk *disk_of_type(Cloud *cloud, const char *type, gint64 size_gib)
{
  Disk *disk = cloud_disk(cloud, "sim-1a", size_gib);
  g_free(disk->type);
  disk->type = g_strdup(type);
  return disk;
}

static gint64 file_gib(const Cloud *cloud, const Disk *disk)
{
  g_autofree char *file = disk_file(cloud->sim, disk);
  struct stat status;
  assert_int_equal(stat(file, &status), 0);
  return status.st_size >> 30;
}

static gint64 shown(const Answer *answer, const char *what)
{
  const json_t *volume = json_object_get(answer->body, "volume");
  return json_integer_value(json_object_get(json_object_get(volume, what), "total_val"));
}

static void set_quota(const Disk *disk, const char *kind, gint64 limit)
{
  gint64 *value = g_new(gint64, 1);
  *value = limit;
  g_hash_table_replace(disk->project->quota, g_strdup(kind), value);
}

/* ---- expansion ---- */

static void disks_grow(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) answer = extend(cloud, disk->id, 12);
  assert_string_equal(disk->status, DISK_EXTENDING);
  g_auto(Answer) again = extend(cloud, disk->id, 13);
  answer_expect(&again, 400, "EVS.1064");
  expect_job(cloud, &answer, 202, "SUCCESS", "");
  assert_string_equal(disk->status, DISK_AVAILABLE);
  assert_int_equal(disk->size_gib, 12);
  assert_int_equal(file_gib(cloud, disk), 12);
  g_auto(Answer) older = call(cloud, "POST", "v2", disk->id, "action", "{'os-extend':{'new_size':13}}");
  expect_job(cloud, &older, 200, "SUCCESS", "");
  assert_int_equal(disk->size_gib, 13);
}

static void bad_expansions_are_refused(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  static const struct {
    const char *body, *code;
  } bodies[] = {
    {"{}", "EVS.1011"},
    {"{'os-extend':{}}", "EVS.1011"},
    {"{'os-extend':{'new_size':'11'}}", "EVS.1018"},
    {"{'os-extend':{'new_size':11.5}}", "EVS.1018"},
    {"{'os-extend':{'new_size':0}}", "EVS.1010"},
    {"{'os-extend':{'new_size':32769}}", "EVS.1010"},
    {"{'os-extend':{'new_size':10}}", "EVS.1015"},
    {"{'os-extend':{'new_size':9}}", "EVS.1015"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
    g_auto(Answer) answer = call(cloud, "POST", "v2.1", disk->id, "action", bodies[i].body);
    answer_expect(&answer, 400, bodies[i].code);
  }
  static const char *const statuses[] = {DISK_ATTACHING, DISK_DETACHING, DISK_ERROR, "awaiting-transfer",
                                         DISK_ERROR_EXTENDING};
  for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
    disk_set_status(disk, statuses[i]);
    g_auto(Answer) answer = extend(cloud, disk->id, 11);
    answer_expect(&answer, 400, "EVS.1064");
  }
  disk_set_status(disk, DISK_IN_USE);
  disk->multiattach = TRUE;
  g_auto(Answer) shared = extend(cloud, disk->id, 11);
  answer_expect(&shared, 400, "EVS.1065");
  g_auto(Answer) missing = extend(cloud, NO_SUCH_ID, 11);
  answer_expect(&missing, 404, "EVS.5404");
  assert_int_equal(disk->size_gib, 10);
}

static void servers_must_allow_expansion(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *status;
    gboolean allowed;
  } rows[] = {{"ACTIVE", TRUE},  {"PAUSED", TRUE}, {"SUSPENDED", TRUE},
              {"SHUTOFF", TRUE}, {"ERROR", FALSE}, {"REBOOT", FALSE}};
  Server *server = sim_server(cloud->sim, cloud_server(cloud, "alpha-1")->id);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Disk *disk = cloud_disk(cloud, "sim-1a", 10);
    g_ptr_array_add(disk->attachments, attachment_new(server->id, "/dev/vdb", 0));
    disk_set_status(disk, DISK_IN_USE);
    g_free(server->status);
    server->status = g_strdup(rows[i].status);
    g_auto(Answer) answer = extend(cloud, disk->id, 11);
    if (rows[i].allowed) {
      expect_job(cloud, &answer, 202, "SUCCESS", "");
      assert_string_equal(disk->status, DISK_IN_USE);
    } else {
      answer_expect(&answer, 400, "EVS.1066");
    }
    disk_attachment_remove(disk, server->id);
  }
}

static void expansion_counts_against_quotas(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  static const char *const kinds[] = {"gigabytes", "gigabytes_SSD", "per_volume_gigabytes"};
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
    set_quota(disk, kinds[i], 11);
    g_auto(Answer) answer = extend(cloud, disk->id, 12);
    answer_expect(&answer, 400, "EVS.1042");
    set_quota(disk, kinds[i], -1);
  }
  set_quota(disk, "gigabytes", 12);
  g_auto(Answer) answer = extend(cloud, disk->id, 12);
  expect_job(cloud, &answer, 202, "SUCCESS", "");
}

static void failed_expansions(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  cloud_fault(cloud, "{'match':{'op':'6.1.5'},'times':1,'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) answer = extend(cloud, disk->id, 12);
  expect_job(cloud, &answer, 202, "FAIL", "EVS.2026");
  assert_string_equal(disk->status, DISK_ERROR_EXTENDING);
  assert_int_equal(disk->size_gib, 10);
}

static void expansions_survive_a_restart(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = g_strdup(disk->id);
  g_auto(Answer) answer = extend(cloud, id, 12);
  answer_expect(&answer, 202, "");
  cloud_restart(cloud);
  disk = sim_disk(cloud->sim, id);
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  assert_int_equal(disk->size_gib, 12);
  assert_int_equal(file_gib(cloud, disk), 12);
}

/* ---- QoS ---- */

static void rates_change(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = disk_of_type(cloud, "GPSSD2", 10);
  disk->iops = 3000;
  disk->throughput = 125;
  g_auto(Answer) answer = set_qos(cloud, disk->id, "'iops':5000,'throughput':500");
  g_auto(Answer) again = set_qos(cloud, disk->id, "'iops':4000,'throughput':500");
  answer_expect(&again, 400, "EVS.2068");
  expect_job(cloud, &answer, 202, "SUCCESS", "");
  g_auto(Answer) got = cloud_get_disk(cloud, disk->id);
  assert_int_equal(shown(&got, "iops"), 5000);
  assert_int_equal(shown(&got, "throughput"), 500);
  cloud_fault(cloud, "{'match':{'op':'6.1.13'},'times':1,'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) failing = set_qos(cloud, disk->id, "'iops':4000,'throughput':400");
  expect_job(cloud, &failing, 202, "FAIL", "EVS.2050");
  assert_int_equal(disk->iops, 5000);
  assert_string_equal(disk->lock, "");
}

static void bad_rates_are_refused(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *type, *rates, *code;
  } rows[] = {
    {"SSD", "'iops':5000", "EVS.2234"},
    {"GPSSD2", "'iops':5000", "EVS.2233"},
    {"GPSSD2", "'throughput':125", "EVS.2233"},
    {"GPSSD2", "'iops':2999,'throughput':125", "EVS.2231"},
    {"GPSSD2", "'iops':5001,'throughput':125", "EVS.2231"},
    {"GPSSD2", "'iops':5000,'throughput':124", "EVS.2231"},
    {"GPSSD2", "'iops':3000,'throughput':751", "EVS.2231"},
    {"GPSSD2", "'iops':'5000','throughput':125", "EVS.1018"},
    {"ESSD2", "'iops':1000,'throughput':125", "EVS.2232"},
    {"ESSD2", "", "EVS.2232"},
    {"ESSD2", "'iops':99", "EVS.2231"},
    {"ESSD2", "'iops':10001", "EVS.2231"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    const Disk *disk = disk_of_type(cloud, rows[i].type, 10);
    g_auto(Answer) answer = set_qos(cloud, disk->id, rows[i].rates);
    answer_expect(&answer, 400, rows[i].code);
  }
  Disk *disk = disk_of_type(cloud, "ESSD2", 10);
  disk_set_status(disk, DISK_ATTACHING);
  g_auto(Answer) busy = set_qos(cloud, disk->id, "'iops':1000");
  answer_expect(&busy, 400, "EVS.5400");
  disk_set_status(disk, DISK_IN_USE);
  g_auto(Answer) taken = set_qos(cloud, disk->id, "'iops':1000");
  expect_job(cloud, &taken, 202, "SUCCESS", "");
}

/* ---- type ---- */

static void types_go_up(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = disk_of_type(cloud, "SAS", 10);
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", disk->id);
  g_auto(Answer) taken = cloud_post(cloud, "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots", body, NULL);
  g_auto(Answer) answer = retype(cloud, disk->id, "GPSSD2", ",'iops':4000,'throughput':200");
  expect_job(cloud, &answer, 202, "SUCCESS", "");
  assert_string_equal(disk->type, "GPSSD2");
  assert_int_equal(disk->iops, 4000);
  assert_int_equal(disk->throughput, 200);
  assert_string_equal(sim_snapshot(cloud->sim, answer_text(&taken, "snapshot/id"))->type, "GPSSD2");
  g_auto(Answer) higher = retype(cloud, disk->id, "SSD", "");
  expect_job(cloud, &higher, 202, "SUCCESS", "");
  g_auto(Answer) got = cloud_get_disk(cloud, disk->id);
  assert_string_equal(answer_text(&got, "volume/volume_type"), "SSD");
  assert_int_equal(shown(&got, "iops"), 0);
}

static void bad_types_are_refused(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *from, *to, *more, *code;
  } rows[] = {
    {"SSD", "SAS", "", "EVS.2087"},    {"SSD", "SSD", "", "EVS.2087"},
    {"SSD", "ESSD2", "", "EVS.2087"},  {"SSD", "nonsense", "", "EVS.2087"},
    {"ESSD2", "SSD", "", "EVS.2087"},  {"SAS", "ESSD", "", "EVS.2071"},
    {"SAS", "GPSSD2", "", "EVS.2233"}, {"SAS", "SSD", ",'iops':5000", "EVS.2235"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    const Disk *disk = disk_of_type(cloud, rows[i].from, 10);
    g_auto(Answer) answer = retype(cloud, disk->id, rows[i].to, rows[i].more);
    answer_expect(&answer, 400, rows[i].code);
  }
  Disk *disk = disk_of_type(cloud, "SAS", 10);
  set_quota(disk, "gigabytes_SSD", 1);
  g_auto(Answer) full = retype(cloud, disk->id, "SSD", "");
  answer_expect(&full, 400, "EVS.1042");
  set_quota(disk, "gigabytes_SSD", -1);
  disk_set_status(disk, DISK_EXTENDING);
  g_auto(Answer) busy = retype(cloud, disk->id, "SSD", "");
  answer_expect(&busy, 400, "EVS.5400");
  g_auto(Answer) empty = call(cloud, "POST", "v2", disk->id, "retype", "{}");
  answer_expect(&empty, 400, "EVS.5400");
}

/* While the type changes nothing else is done to the disk, over a restart too; its status shows nothing. */
static void type_changes_lock_the_disk(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = disk_of_type(cloud, "SAS", 10);
  g_autofree char *id = g_strdup(disk->id);
  cloud_fault(cloud, "{'match':{'op':'retype'},'action':{'kind':'stuck','state':'attaching'}}");
  g_auto(Answer) running = retype(cloud, id, "SSD", "");
  answer_expect(&running, 202, "");
  g_auto(Answer) removed = cloud_delete_disk(cloud, id);
  answer_expect(&removed, 400, "EVS.2068");
  g_auto(Answer) grown = extend(cloud, id, 11);
  answer_expect(&grown, 400, "EVS.2068");
  g_auto(Answer) again = retype(cloud, id, "SSD", "");
  answer_expect(&again, 400, "EVS.2068");
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", id);
  g_auto(Answer) snapped = cloud_post(cloud, "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots", body, NULL);
  answer_expect(&snapped, 400, "EVS.2068");
  g_autofree char *attach = g_strdup_printf("{'volumeAttachment':{'volumeId':'%s'}}", id);
  g_autofree char *target = g_strdup_printf("/ecs/v1/" ALPHA_PROJECT "/cloudservers/%s/attachvolume",
                                            cloud_server(cloud, "alpha-1")->id);
  g_auto(Answer) attached = cloud_post(cloud, target, attach, NULL);
  answer_expect(&attached, 400, "Ecs.0103");
  g_auto(Answer) got = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&got, "volume/status"), "available");
  assert_string_equal(answer_text(&got, "volume/volume_type"), "SAS");
  cloud_restart(cloud); /* the fault is gone, the job goes on */
  assert_string_equal(sim_disk(cloud->sim, id)->lock, DISK_LOCK_RETYPE);
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&running, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
  assert_string_equal(sim_disk(cloud->sim, id)->lock, "");
  assert_string_equal(sim_disk(cloud->sim, id)->type, "SSD");
}

static void ten_type_changes_at_a_time(void **state)
{
  Cloud *cloud = *state;
  for (int i = 0; i < 10; i++)
    disk_of_type(cloud, "SAS", 10)->lock = DISK_LOCK_RETYPE;
  const Disk *disk = disk_of_type(cloud, "SAS", 10);
  g_auto(Answer) refused = retype(cloud, disk->id, "SSD", "");
  answer_expect(&refused, 400, "EVS.2088");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(disks_grow),
    TEST(bad_expansions_are_refused),
    TEST(servers_must_allow_expansion),
    TEST(expansion_counts_against_quotas),
    TEST(failed_expansions),
    TEST(expansions_survive_a_restart),
    TEST(rates_change),
    TEST(bad_rates_are_refused),
    TEST(types_go_up),
    TEST(bad_types_are_refused),
    TEST(type_changes_lock_the_disk),
    TEST(ten_type_changes_at_a_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
