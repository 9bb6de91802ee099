/* evs-sim's Cinder face of disks: create, delete, update, get, lists, extensions, and their /v3 twins. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/disks.h"
#include "evssim/snapshots.h"

#define NEW "'availability_zone':'sim-1a','volume_type':'SSD','size':10"

static const json_t *volume_of(const Answer *answer)
{
  return json_object_get(answer->body, "volume");
}

static Answer create(Cloud *cloud, const char *version, const char *fields)
{
  g_autofree char *body = g_strdup_printf("{'volume':{%s}}", fields);
  return cloud_evs(cloud, "POST", version, body, "volumes");
}

static char *create_available(Cloud *cloud, const char *fields)
{
  g_auto(Answer) answer = create(cloud, "v2", fields);
  answer_expect(&answer, 202, "");
  char *id = g_strdup(answer_text(&answer, "volume/id"));
  cloud_turn_until(cloud, sim_disk(cloud->sim, id), DISK_AVAILABLE);
  return id;
}

static gboolean has(const json_t *object, const char *key)
{
  return json_object_get(object, key) != NULL;
}

static void create_answers_with_the_disk(void **state)
{
  Cloud *cloud = *state;
  g_auto(Answer) answer = create(cloud, "v2",
                                 NEW ",'name':'one','description':'d','metadata':{'k':'v'},'imageRef':null,"
                                     "'source_volid':null,'tags':{'a':'b'},'count':3");
  answer_expect(&answer, 202, "");
  const json_t *volume = volume_of(&answer);
  assert_string_equal(answer_text(&answer, "volume/status"), "creating");
  assert_string_equal(answer_text(&answer, "volume/metadata/k"), "v");
  assert_true(json_is_null(json_object_get(volume, "snapshot_id")));
  assert_true(json_is_null(json_object_get(volume, "storage_cluster_id")));
  assert_true(json_is_false(json_object_get(volume, "shareable")));
  const char *id = answer_text(&answer, "volume/id");
  g_autofree char *self = g_strdup_printf("http://sim.test/evs/v2/" ALPHA_PROJECT "/volumes/%s", id);
  assert_string_equal(answer_text(&answer, "volume/links/0/href"), self);
  assert_int_equal(g_hash_table_size(cloud->sim->disks),
                   1); /* count is no field of this face, tags neither */
  assert_int_equal(json_object_size(sim_disk(cloud->sim, id)->tags), 0);

  g_auto(Answer) at_once = cloud_evs(cloud, "GET", "v2", NULL, "volumes/%s", id);
  answer_expect(&at_once, 200, "");
  cloud_turn_until(cloud, sim_disk(cloud->sim, id), DISK_AVAILABLE);
  g_auto(Answer) twin = cloud_evs(cloud, "GET", "v3", NULL, "volumes/%s", id);
  assert_string_equal(answer_text(&twin, "volume/status"), "available");
  assert_int_equal(cloud_calls(cloud, "v3.7.1.7"), 1);
}

static void details_are_of_the_cinder_shape(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = create_available(
    cloud, "'availability_zone':'sim-1a','volume_type':'GPSSD2','size':10,'iops':3000,'throughput':125");
  g_auto(Answer) answer = cloud_evs(cloud, "GET", "v3", NULL, "volumes/%s", id);
  answer_expect(&answer, 200, "");
  const json_t *volume = volume_of(&answer);
  static const char *const absent[] = {"wwn",          "tags",  "serial_number",
                                       "service_type", "count", "enterprise_project_id"};
  static const char *const nulls[] = {"volume_image_metadata", "source_volid", "consistencygroup_id",
                                      "os-vol-mig-status-attr:migstat",
                                      "os-volume-replication:extended_status"};
  for (gsize i = 0; i < G_N_ELEMENTS(absent); i++)
    assert_false(has(volume, absent[i]));
  for (gsize i = 0; i < G_N_ELEMENTS(nulls); i++)
    assert_true(json_is_null(json_object_get(volume, nulls[i])));
  assert_string_equal(answer_text(&answer, "volume/os-vol-tenant-attr:tenant_id"), ALPHA_PROJECT);
  assert_string_equal(answer_text(&answer, "volume/bootable"), "false");
  assert_string_equal(answer_text(&answer, "volume/iops/volume_id"), id);
  assert_non_null(strstr(answer_text(&answer, "volume/links/0/href"), "/evs/v3/"));
}

static void expect_keys(const json_t *object, const char *const *expected, gsize count)
{
  for (gsize i = 0; i < count; i++)
    if (!has(object, expected[i]))
      fail_msg("'%s' is missing", expected[i]);
  if (json_object_size(object) != count) {
    char *text = json_dumps(object, 0);
    fail_msg("there is more than %zu members in %s", count, text);
  }
}

/* The reference's tables 7-8 and 7-55 to the member, and the nulls of the samples. */
static void shapes_have_the_members_of_the_reference(void **state)
{
  Cloud *cloud = *state;
  static const char *const summary[] = {"id",
                                        "links",
                                        "name",
                                        "status",
                                        "attachments",
                                        "availability_zone",
                                        "bootable",
                                        "encrypted",
                                        "created_at",
                                        "updated_at",
                                        "description",
                                        "volume_type",
                                        "snapshot_id",
                                        "source_volid",
                                        "metadata",
                                        "size",
                                        "replication_status",
                                        "consistencygroup_id",
                                        "user_id",
                                        "shareable",
                                        "multiattach",
                                        "storage_cluster_id"};
  static const char *const detail[] = {"id",
                                       "links",
                                       "name",
                                       "status",
                                       "attachments",
                                       "availability_zone",
                                       "os-vol-host-attr:host",
                                       "source_volid",
                                       "snapshot_id",
                                       "description",
                                       "created_at",
                                       "os-vol-tenant-attr:tenant_id",
                                       "volume_image_metadata",
                                       "volume_type",
                                       "size",
                                       "consistencygroup_id",
                                       "bootable",
                                       "metadata",
                                       "updated_at",
                                       "encrypted",
                                       "replication_status",
                                       "os-volume-replication:extended_status",
                                       "os-vol-mig-status-attr:migstat",
                                       "os-vol-mig-status-attr:name_id",
                                       "shareable",
                                       "user_id",
                                       "multiattach"};
  g_auto(Answer) made = create(cloud, "v2", NEW);
  expect_keys(volume_of(&made), summary, G_N_ELEMENTS(summary));
  g_auto(Answer) got = cloud_evs(cloud, "GET", "v2", NULL, "volumes/%s", answer_text(&made, "volume/id"));
  expect_keys(volume_of(&got), detail, G_N_ELEMENTS(detail));
}

static void the_first_version_has_its_own_names(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = create_available(cloud, NEW ",'name':'one','description':'d'");
  g_auto(Answer) answer = cloud_evs(cloud, "GET", "v1", NULL, "volumes/%s", id);
  answer_expect(&answer, 200, "");
  assert_string_equal(answer_text(&answer, "volume/display_name"), "one");
  assert_string_equal(answer_text(&answer, "volume/display_description"), "d");
  assert_false(has(volume_of(&answer), "name"));
  assert_int_equal(cloud_calls(cloud, "v1.7.1.7"), 1);
}

static void twins_of_the_old_reads_differ(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = create_available(cloud, NEW);
  g_auto(Answer) v2 = cloud_evs(cloud, "GET", "v2", NULL, "os-vendor-volumes/%s", id);
  g_auto(Answer) v3 = cloud_evs(cloud, "GET", "v3", NULL, "os-vendor-volumes/%s", id);
  assert_string_equal(answer_text(&v2, "volume/shareable"), "false");
  assert_true(has(volume_of(&v2), "source_volid"));
  assert_true(json_is_false(json_object_get(volume_of(&v3), "shareable")));
  assert_true(has(volume_of(&v3), "source_vol_id"));
  assert_true(has(volume_of(&v3), "wwn"));
  assert_false(has(volume_of(&v3), "source_volid"));
}

static void bad_creates_are_refused(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *long_name = g_strnfill(65, 'x');
  g_autofree char *named = g_strdup_printf(NEW ",'name':'%s'", long_name);
  const struct {
    const char *fields, *code;
  } rows[] = {
    {"'volume_type':'SSD','size':10", "EVS.2083"},
    {"'availability_zone':'sim-1a','volume_type':'SSD'", "EVS.1010"},
    {"'availability_zone':'sim-1a','volume_type':'SSD','size':9", "EVS.1010"},
    {"'availability_zone':'sim-1a','volume_type':'SSD','size':'10'", "EVS.1018"},
    {"'availability_zone':'sim-1a','volume_type':'SATA','size':10", "EVS.2072"},
    {"'availability_zone':'mars','volume_type':'SSD','size':10", "EVS.1036"},
    {named, "EVS.1003"},
    {NEW ",'source_volid':'" NO_SUCH_ID "'", "EVS.5400"},
    {NEW ",'source_replica':'" NO_SUCH_ID "'", "EVS.5400"},
    {NEW ",'consistencygroup_id':'" NO_SUCH_ID "'", "EVS.5400"},
    {NEW ",'imageRef':'" NO_SUCH_ID "'", "EVS.2046"},
    {NEW ",'snapshot_id':'" NO_SUCH_ID "'", "EVS.2045"},
    {NEW ",'iops':3000", "EVS.2235"},
    {NEW ",'metadata':{'hw:passthrough':'yes'}", "EVS.1057"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = create(cloud, i % 2 ? "v3" : "v2", rows[i].fields);
    answer_expect(&answer, 400, rows[i].code);
  }
  g_auto(Answer) empty = cloud_evs(cloud, "POST", "v2", "{}", "volumes");
  answer_expect(&empty, 400, "EVS.1008");
  g_auto(Answer) storage = cloud_evs(
    cloud, "POST", "v2",
    "{'volume':{" NEW "},'OS-SCH-HNT:scheduler_hints':{'dedicated_storage_id':'" NO_SUCH_ID "'}}", "volumes");
  answer_expect(&storage, 404, "EVS.5404");
  assert_int_equal(g_hash_table_size(cloud->sim->disks), 0);
}

/* 8.1.1.2 differs from its younger relatives. */
static void the_old_custom_create_has_its_own_rules(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *long_name = g_strnfill(85, 'x');
  g_autofree char *body = g_strdup_printf("{'volume':{" NEW ",'name':'%s','multiattach':'true',"
                                          "'metadata':{'create_for_volume_id':'true'}}}",
                                          long_name);
  g_auto(Answer) answer = cloud_evs(cloud, "POST", "v3", body, "cloudvolumes");
  answer_expect(&answer, 200, "");
  assert_false(has(answer.body, "volume_ids"));
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_true(sim_disk(cloud->sim, answer_text(&job, "entities/volume_id"))->multiattach);
  g_auto(Answer) rates = cloud_evs(cloud, "POST", "v3",
                                   "{'volume':{'availability_zone':'sim-1a','volume_type':'GPSSD2','size':10,"
                                   "'iops':3000,'throughput':125}}",
                                   "cloudvolumes");
  answer_expect(&rates, 400, "EVS.2233");
  g_auto(Answer) now = cloud_post(cloud, EVS_CREATE, "{'volume':{" NEW ",'multiattach':'true'}}", NULL);
  answer_expect(&now, 400, "EVS.1018");
}

static void failed_creates_leave_an_error(void **state)
{
  Cloud *cloud = *state;
  cloud_fault(cloud, "{'match':{'op':'7.1.1'},'times':1,'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) answer = create(cloud, "v2", NEW);
  answer_expect(&answer, 202, "");
  cloud_turn_until(cloud, sim_disk(cloud->sim, answer_text(&answer, "volume/id")), DISK_ERROR);
}

/* ---- delete ---- */

static void delete_takes_snapshots_only_when_told(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = create_available(cloud, NEW), *bare = create_available(cloud, NEW);
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'}}", id);
  g_auto(Answer) snapshot = cloud_evs(cloud, "POST", "v2", body, "snapshots");
  answer_expect(&snapshot, 202, "");
  const struct {
    const char *query;
    int status;
    const char *code;
  } rows[] = {{"", 400, "EVS.5400"},
              {"?cascade=false", 400, "EVS.5400"},
              {"?cascade=perhaps", 400, "EVS.5400"},
              {"?cascade=True", 202, ""},
              {"?cascade=true", 400, "EVS.1046"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = cloud_evs(cloud, "DELETE", "v3", NULL, "volumes/%s%s", id, rows[i].query);
    answer_expect(&answer, rows[i].status, rows[i].code);
    assert_true(rows[i].status != 202 || !answer.body);
  }
  cloud_turn_until_gone(cloud, id);
  assert_int_equal(g_hash_table_size(cloud->sim->snapshots), 0);
  g_auto(Answer) gone = cloud_evs(cloud, "GET", "v2", NULL, "volumes/%s", id);
  answer_expect(&gone, 404, "EVS.5404");
  g_auto(Answer) again = cloud_evs(cloud, "DELETE", "v2", NULL, "volumes/%s", id);
  answer_expect(&again, 404, "EVS.5404");
  g_auto(Answer) malformed = cloud_evs(cloud, "DELETE", "v2", NULL, "volumes/x");
  answer_expect(&malformed, 400, "EVS.1002");
  g_auto(Answer) plain = cloud_evs(cloud, "DELETE", "v2", NULL, "volumes/%s", bare);
  answer_expect(&plain, 202, "");
}

/* ---- update ---- */

static Answer update(Cloud *cloud, const char *id, const char *fields)
{
  g_autofree char *body = g_strdup_printf("{'volume':{%s}}", fields);
  return cloud_evs(cloud, "PUT", "v2", body, "volumes/%s", id);
}

static void updates_change_what_they_name(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *id = create_available(
    cloud, NEW ",'name':'one','description':'d','metadata':{'hw:passthrough':'true','a':'1'}");
  g_auto(Answer) named = update(cloud, id, "'name':'two','display_name':'three'");
  answer_expect(&named, 200, "");
  assert_string_equal(answer_text(&named, "volume/name"), "two");
  assert_string_equal(answer_text(&named, "volume/description"), "d");
  g_auto(Answer) older =
    update(cloud, id, "'display_name':'three','display_description':'e','metadata':{'b':'2'}");
  assert_string_equal(answer_text(&older, "volume/name"), "three");
  assert_string_equal(answer_text(&older, "volume/description"), "e");
  const json_t *metadata = json_object_get(volume_of(&older), "metadata");
  assert_int_equal(json_object_size(metadata), 2); /* replaced, but for what makes the disk a SCSI one */
  assert_string_equal(answer_text(&older, "volume/metadata/hw:passthrough"), "true");
  assert_string_equal(answer_text(&older, "volume/metadata/b"), "2");
  assert_false(has(volume_of(&older), "os-vol-tenant-attr:tenant_id"));

  g_autofree char *long_text = g_strnfill(86, 'x');
  g_autofree char *described = g_strdup_printf("'description':'%s'", long_text);
  const struct {
    const char *fields, *code;
  } bad[] = {{"", "EVS.5400"},
             {"'name':1", "EVS.1018"},
             {described, "EVS.1004"},
             {"'metadata':{'k':1}", "EVS.5400"},
             {"'metadata':[]", "EVS.1018"},
             {"'metadata':{'hw:passthrough':'false'}", "EVS.2047"}};
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_auto(Answer) refused = update(cloud, id, bad[i].fields);
    answer_expect(&refused, 400, bad[i].code);
  }
}

/* ---- lists ---- */

static gsize rows(Cloud *cloud, const char *path)
{
  g_auto(Answer) answer = cloud_evs(cloud, "GET", "v3", NULL, "%s", path);
  answer_expect(&answer, 200, "");
  assert_false(has(answer.body, "count"));
  return json_array_size(json_object_get(answer.body, "volumes"));
}

static void lists_know_fewer_filters(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *one = create_available(cloud, NEW ",'name':'one','metadata':{'k':'v'}"),
                  *two = create_available(cloud, NEW ",'name':'two'");
  assert_int_equal(rows(cloud, "volumes/detail"), 2);
  assert_int_equal(rows(cloud, "volumes/detail?name=one"), 1);
  assert_int_equal(rows(cloud, "volumes/detail?metadata=%7B%22k%22%3A%22v%22%7D"), 1);
  assert_int_equal(rows(cloud, "volumes?availability_zone=sim-1b"), 0);
  assert_int_equal(rows(cloud, "volumes?all_tenants=1&server_id=x&bootable=true&multiattach=true"), 2);
  g_auto(Answer) page = cloud_evs(cloud, "GET", "v3", NULL, "volumes?limit=1&sort_dir=asc");
  g_autofree char *next =
    g_strdup_printf("http://sim.test/evs/v3/" ALPHA_PROJECT "/volumes?limit=1&marker=%s", one);
  assert_string_equal(answer_text(&page, "volumes/0/id"), one);
  assert_int_equal(json_object_size(json_array_get(json_object_get(page.body, "volumes"), 0)), 3);
  assert_string_equal(answer_text(&page, "volumes_links/0/href"), next);
  g_auto(Answer) last =
    cloud_evs(cloud, "GET", "v2", NULL, "volumes/detail?limit=1&sort_dir=asc&marker=%s", one);
  assert_string_equal(answer_text(&last, "volumes/0/id"), two);
  assert_string_equal(answer_text(&last, "volumes/0/os-vol-tenant-attr:tenant_id"), ALPHA_PROJECT);
  assert_false(has(last.body, "volumes_links"));
  g_auto(Answer) bad = cloud_evs(cloud, "GET", "v2", NULL, "volumes?limit=1001");
  answer_expect(&bad, 400, "EVS.2142");
}

/* Clients name a microversion; there is only one, so none is refused. */
static void microversions_are_tolerated(void **state)
{
  Cloud *cloud = *state;
  const char *const headers[] = {
    "X-Auth-Token", cloud->token, "OpenStack-API-Version", "volume 3.59", "Accept", "application/json", NULL};
  g_auto(Answer) answer =
    cloud_request(cloud, "GET", "/evs/v3/" ALPHA_PROJECT "/volumes/detail", NULL, headers);
  answer_expect(&answer, 200, "");
  g_auto(Answer) version = cloud_request(cloud, "GET", "/evs/v3/", NULL, NULL);
  answer_expect(&version, 200, "");
  assert_string_equal(answer_text(&version, "versions/0/id"), "v3.0");
  g_auto(Answer) identity = cloud_request(cloud, "GET", "/iam/v3/", NULL, NULL);
  assert_string_equal(answer_text(&identity, "version/links/0/href"), "http://sim.test/iam/v3/");
}

static void extensions_are_listed(void **state)
{
  Cloud *cloud = *state;
  cloud_act_as(cloud, "none");
  g_auto(Answer) answer = cloud_evs(cloud, "GET", "v2", NULL, "extensions");
  answer_expect(&answer, 200, "");
  assert_string_equal(answer_text(&answer, "extensions/0/alias"), "OS-SCH-HNT");
  assert_int_equal(json_array_size(json_object_get(answer.body, "extensions")), 26);
  assert_true(
    json_is_array(json_object_get(json_array_get(json_object_get(answer.body, "extensions"), 0), "links")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(create_answers_with_the_disk),
    TEST(details_are_of_the_cinder_shape),
    TEST(shapes_have_the_members_of_the_reference),
    TEST(the_first_version_has_its_own_names),
    TEST(twins_of_the_old_reads_differ),
    TEST(bad_creates_are_refused),
    TEST(the_old_custom_create_has_its_own_rules),
    TEST(failed_creates_leave_an_error),
    TEST(delete_takes_snapshots_only_when_told),
    TEST(updates_change_what_they_name),
    TEST(lists_know_fewer_filters),
    TEST(microversions_are_tolerated),
    TEST(extensions_are_listed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
