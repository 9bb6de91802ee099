/* Bodies and queries that no client should send: in a good body of every operation, each member in turn becomes a value of every other
 * kind, or goes. evs-sim answers each with a success or a refusal that has a code, and lives on. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/disks.h"
#include "evssim/snapshots.h"

/* {d}: a disk, {s}: its snapshot, {u}: an id that nothing has. Fresh ones for each row. */
static const struct {
  const char *method, *path, *body;
} calls[] = {
  {"POST", "v2.1/P/cloudvolumes",
   "{'volume':{'availability_zone':'sim-1a','volume_type':'GPSSD2','size':10,'name':'n','description':'d','"
   "count':1,"
   "'multiattach':false,'snapshot_id':'','imageRef':'','backup_id':'','metadata':{'hw:passthrough':'true',"
   "'full_clone':'0','__system__encrypted':'0','__system__cmkid':'{u}','create_for_volume_id':'true'},"
   "'tags':{'k':'v'},'enterprise_project_id':'0','iops':3000,'throughput':125,'shareable':false},"
   "'bssParam':{'chargingMode':'prePaid','periodType':'month','periodNum':1,'isAutoPay':'true'},'server_id':'"
   "',"
   "'OS-SCH-HNT:scheduler_hints':{'dedicated_storage_id':''}}"},
  {"POST", "v2/P/cloudvolumes",
   "{'volume':{'availability_zone':'sim-1a','volume_type':'SSD','size':10,'count':2,'shareable':'false'}}"},
  {"POST", "v3/P/cloudvolumes",
   "{'volume':{'availability_zone':'sim-1a','volume_type':'SSD','size':10,'multiattach':'true','tags':{'k':'"
   "v'}}}"},
  {"POST", "v2/P/volumes",
   "{'volume':{'availability_zone':'sim-1a','volume_type':'SSD','size':10,'name':'n','description':'d',"
   "'multiattach':false,'snapshot_id':null,'imageRef':null,'source_volid':null,'source_replica':null,"
   "'consistencygroup_id':null,'metadata':{'k':'v'},'iops':null,'throughput':null}}"},
  {"PUT", "v2/P/cloudvolumes/{d}", "{'volume':{'name':'n','description':'d'}}"},
  {"PUT", "v2/P/volumes/{d}",
   "{'volume':{'name':'n','description':'d','display_name':'m','display_description':'e','metadata':{'k':'v'}"
   "}}"},
  {"POST", "v2.1/P/cloudvolumes/{d}/action", "{'os-extend':{'new_size':11},'bssParam':{'isAutoPay':'true'}}"},
  {"POST", "v5/P/volumes/batch-extend",
   "{'volumes':[{'id':'{d}','new_size':11}],'bss_param':{'is_auto_pay':'true'}}"},
  {"PUT", "v5/P/cloudvolumes/{d}/qos", "{'qos_modify':{'iops':3000,'throughput':125}}"},
  {"POST", "v2/P/volumes/{d}/retype", "{'os-retype':{'new_type':'SSD','iops':1,'throughput':1}}"},
  {"POST", "v2/P/cloudvolumes/unsubscribe", "{'volume_ids':['{d}','{u}']}"},
  {"POST", "v2/P/cloudsnapshots",
   "{'snapshot':{'volume_id':'{d}','name':'n','description':'d','force':true,'metadata':{'k':'v'}}}"},
  {"POST", "v2/P/snapshots",
   "{'snapshot':{'volume_id':'{d}','name':'n','description':null,'force':true,'metadata':{'k':'v'}}}"},
  {"PUT", "v2/P/cloudsnapshots/{s}", "{'snapshot':{'name':'n','description':'d'}}"},
  {"PUT", "v2/P/snapshots/{s}", "{'snapshot':{'name':'n','description':'d'}}"},
  {"POST", "v2/P/cloudsnapshots/{s}/rollback", "{'rollback':{'volume_id':'{d}','name':'n'}}"},
  {"POST", "v2/P/os-vendor-snapshots/{s}/rollback", "{'rollback':{'volume_id':'{d}','name':'n'}}"},
  {"POST", "v2/P/cloudvolumes/{d}/tags/action", "{'action':'create','tags':[{'key':'k','value':'v'}]}"},
  {"POST", "v2/P/cloudvolumes/{d}/tags/action", "{'action':'delete','tags':[{'key':'k'}]}"},
  {"POST", "v2/P/cloudvolumes/resource_instances/action",
   "{'action':'filter','tags':[{'key':'k','values':['v']}],'matches':[{'key':'resource_name','value':'n'}],"
   "'limit':10,'offset':0}"},
  {"POST", "v2/P/volumes/{d}/action", "{'os-extend':{'new_size':11}}"},
  {"POST", "v2/P/volumes/{d}/action", "{'os-set_bootable':{'bootable':true}}"},
  {"POST", "v2/P/volumes/{d}/action", "{'os-update_readonly_flag':{'readonly':true}}"},
  {"POST", "v2/P/volumes/{d}/action",
   "{'os-volume_upload_image':{'image_name':'i','force':true,'container_format':'bare','disk_format':'raw',"
   "'__os_type':'linux'}}"},
  {"POST", "v2/P/volumes/{d}/action",
   "{'os-attach':{'instance_uuid':'{u}','mountpoint':'/dev/vdb','mode':'rw','host_name':'h'}}"},
  {"POST", "v2/P/volumes/{d}/action", "{'os-detach':{'attachment_id':'{u}'}}"},
  {"POST", "v2/P/volumes/{d}/action", "{'os-reserve':{}}"},
  {"POST", "v2/P/volumes/{d}/action", "{'os-unreserve':{}}"},
  {"POST", "v2/P/volumes/{d}/metadata", "{'metadata':{'k':'v'}}"},
  {"PUT", "v2/P/volumes/{d}/metadata", "{'metadata':{'k':'v'}}"},
  {"PUT", "v2/P/volumes/{d}/metadata/k", "{'meta':{'k':'v'}}"},
  {"POST", "v2/P/snapshots/{s}/metadata", "{'metadata':{'k':'v'}}"},
  {"PUT", "v2/P/snapshots/{s}/metadata", "{'metadata':{'k':'v'}}"},
  {"PUT", "v2/P/snapshots/{s}/metadata/k", "{'meta':{'k':'v'}}"},
  {"POST", "v2/P/os-volume-transfer", "{'transfer':{'volume_id':'{d}','name':'n'}}"},
  {"POST", "v2/P/os-volume-transfer/{u}/accept", "{'accept':{'auth_key':'k'}}"},
  {"PUT", "v3/P/recycle-bin-volumes/policy", "{'switch':false,'threshold_time':7,'keep_time':7}"},
};

enum { LONG_TEXT = 5000, DEPTH_MAX = 8 };

/* Values of every kind; the caller frees. */
static GPtrArray *make_values(void)
{
  GPtrArray *values = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  g_autofree char *long_text = g_strnfill(LONG_TEXT, 'x');
  json_t *const all[] = {json_null(),
                         json_true(),
                         json_integer(-1),
                         json_integer(G_MAXINT64),
                         json_integer(G_MININT64),
                         json_real(1e300),
                         json_string(""),
                         json_string(long_text),
                         json_string("\xf0\x9f\x98\x80 '\"\\ %s %n"),
                         json_array(),
                         json_object(),
                         json_pack("[[],{},n,s]", "x"),
                         json_pack("{s:{s:[]}, s:n, s:i}", "", "x", "\x01", "y", 1)};
  for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
    g_ptr_array_add(values, all[i]);
  return values;
}

typedef struct {
  Cloud *cloud;
  const char *method, *target;
  json_t *body;
  GPtrArray *values;
  guint *sent;
} Attack;

static void shoot(const Attack *attack)
{
  char *text = json_dumps(attack->body, 0);
  g_auto(Answer) answer = cloud_call(attack->cloud, attack->method, attack->target, text);
  gboolean fine = answer.status >= 200 && answer.status < 500 && (answer.status < 300 || *answer.code);
  if (!fine)
    fail_msg("%s %s %.500s: %d %s", attack->method, attack->target, text, answer.status, answer.code);
  free(text);
  ++*attack->sent;
}

/* Spoils each member of the container, and those below it, one at a time. */
static void spoil(const Attack *attack, json_t *container, int depth)
{
  g_autoptr(json_t) whole = json_copy(container);
  const char *key;
  json_t *member;
  gsize index;
  if (json_is_array(whole)) {
    json_array_foreach(whole, index, member)
    {
      for (guint i = 0; i < attack->values->len; i++) {
        json_array_set(container, index, g_ptr_array_index(attack->values, i));
        shoot(attack);
      }
      json_array_set(container, index, member);
      if (depth < DEPTH_MAX)
        spoil(attack, member, depth + 1);
    }
    return;
  }
  json_object_foreach(whole, key, member)
  {
    for (guint i = 0; i < attack->values->len; i++) {
      json_object_set(container, key, g_ptr_array_index(attack->values, i));
      shoot(attack);
    }
    json_object_del(container, key);
    shoot(attack);
    json_object_set(container, key, member);
    if (depth < DEPTH_MAX)
      spoil(attack, member, depth + 1);
  }
}

/* With the ids in place of their names. Newly allocated. */
static char *fill(const char *template, const Disk *disk, const Snapshot *snapshot)
{
  GString *text = g_string_new(template);
  g_string_replace(text, "{d}", disk->id, 0);
  g_string_replace(text, "{s}", snapshot->id, 0);
  g_string_replace(text, "{u}", NO_SUCH_ID, 0);
  g_string_replace(text, "P/", ALPHA_PROJECT "/", 1);
  return g_string_free(text, FALSE);
}

static void spoilt_bodies_are_answered(void **state)
{
  Cloud *cloud = *state;
  guint sent = 0;
  g_autoptr(GPtrArray) values = make_values();
  for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
    const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
    g_autofree char *snapshot_id = g_uuid_string_random();
    const Snapshot *snapshot = snapshot_take(cloud->sim, disk, snapshot_id, "", "", NULL, NULL);
    snapshot_set_status(cloud->sim, (Snapshot *)snapshot, DISK_AVAILABLE);
    g_autofree char *path = fill(calls[i].path, disk, snapshot), *target = g_strconcat("/evs/", path, NULL),
                    *quoted = cloud_quoted(calls[i].body), *text = fill(quoted, disk, snapshot);
    g_autoptr(json_t) body = json_loads(text, 0, NULL);
    if (!body)
      fail_msg("not JSON: %s", text);
    const Attack attack = {.cloud = cloud,
                           .method = calls[i].method,
                           .target = target,
                           .body = body,
                           .values = values,
                           .sent = &sent};
    spoil(&attack, body, 0);
  }
  print_message("%u spoilt bodies\n", sent);
  cloud_restart(cloud); /* what the journal holds by now can be read */
}

static void spoilt_queries_are_answered(void **state)
{
  Cloud *cloud = *state;
  static const char *const lists[] = {"v2/P/cloudvolumes/detail",
                                      "v2/P/cloudvolumes",
                                      "v3/P/os-vendor-volumes/detail",
                                      "v2/P/volumes",
                                      "v3/P/volumes/detail",
                                      "v2/P/cloudsnapshots/detail",
                                      "v2/P/snapshots",
                                      "v3/P/snapshots/detail",
                                      "v2/P/os-volume-transfer/detail",
                                      "v3/P/recycle-bin-volumes/detail",
                                      ("v2/P/os-quota-sets/" ALPHA_PROJECT)};
  static const char *const parameters[] = {"limit",
                                           "offset",
                                           "marker",
                                           "sort_key",
                                           "sort_dir",
                                           "name",
                                           "status",
                                           "availability_zone",
                                           "metadata",
                                           "id",
                                           "ids",
                                           "multiattach",
                                           "service_type",
                                           "dedicated_storage_id",
                                           "volume_type_id",
                                           "server_id",
                                           "bootable",
                                           "enterprise_project_id",
                                           "not_metadata",
                                           "volume_id",
                                           "changessince",
                                           "usage",
                                           "cascade"};
  static const char *const texts[] = {"",
                                      "0",
                                      "-1",
                                      "99999999999999999999",
                                      "1.5",
                                      "x",
                                      "%00",
                                      "%ff%fe",
                                      "%",
                                      "%zz",
                                      "%7B%7D",
                                      "%7B%22k%22%3A1%7D",
                                      "%5B%5D",
                                      "%5B%27%27%2C%27",
                                      "null",
                                      "true",
                                      "%F0%9F%98%80",
                                      NO_SUCH_ID};
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = g_uuid_string_random();
  assert_non_null(snapshot_take(cloud->sim, disk, id, "", "", NULL, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
    for (gsize k = 0; k < G_N_ELEMENTS(parameters) * G_N_ELEMENTS(texts); k++) {
      g_autofree char *path = fill(lists[i], disk, sim_snapshot(cloud->sim, id));
      g_autofree char *target = g_strdup_printf("/evs/%s?%s=%s", path, parameters[k / G_N_ELEMENTS(texts)],
                                                texts[k % G_N_ELEMENTS(texts)]);
      g_auto(Answer) answer = cloud_call(cloud, "GET", target, NULL);
      if (answer.status != 200 && (answer.status < 400 || answer.status >= 500 || !*answer.code))
        fail_msg("%s: %d %s", target, answer.status, answer.code);
    }
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(spoilt_bodies_are_answered),
    TEST(spoilt_queries_are_answered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
