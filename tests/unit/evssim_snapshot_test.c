/* Snapshots of evs-sim: rules, bytes, lists, roll back, disks made of them, what a restart keeps. Through the router,
 * without a socket. */
#include "tests/unit/evssim_cloud.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "evssim/faults.h"
#include "evssim/snapshots.h"

#define SNAPSHOTS "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots"
#define DETAIL SNAPSHOTS "/detail"

enum { BYTE_AT = 5 << 20 };

/* ---- helpers ---- */

static Answer create(Cloud *cloud, const char *volume_id, const char *more)
{
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s'%s}}", volume_id, more);
  return cloud_post(cloud, SNAPSHOTS, body, NULL);
}

static Answer snapshot_call(Cloud *cloud, const char *method, const char *id, const char *more,
                            const char *body)
{
  g_autofree char *target = g_strconcat(SNAPSHOTS "/", id, more, NULL);
  g_autofree char *text = body ? cloud_quoted(body) : NULL;
  return cloud_call(cloud, method, target, text);
}

static Answer roll_back(Cloud *cloud, const char *id, const char *volume_id)
{
  g_autofree char *body = g_strdup_printf("{'rollback':{'volume_id':'%s'}}", volume_id);
  return snapshot_call(cloud, "POST", id, "/rollback", body);
}

static char *take(Cloud *cloud, const Disk *disk, const char *more)
{
  g_auto(Answer) answer = create(cloud, disk->id, more);
  answer_expect(&answer, 202, "");
  char *id = g_strdup(answer_text(&answer, "snapshot/id"));
  cloud_turn_until_snapshot(cloud, id, "available");
  return id;
}

static void write_byte(const char *path, char byte)
{
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, &byte, 1, BYTE_AT), 1);
  close(fd);
}

static char read_byte(const char *path)
{
  char byte = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(pread(fd, &byte, 1, BYTE_AT), 1);
  close(fd);
  return byte;
}

static char disk_byte(const Cloud *cloud, const Disk *disk)
{
  g_autofree char *path = disk_file(cloud->sim, disk);
  return read_byte(path);
}

static void set_disk_byte(const Cloud *cloud, const Disk *disk, char byte)
{
  g_autofree char *path = disk_file(cloud->sim, disk);
  write_byte(path, byte);
}

/* ---- create ---- */

static void snapshots_hold_the_bytes_of_the_request(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  set_disk_byte(cloud, disk, 'a');
  g_auto(Answer) answer =
    create(cloud, disk->id, ",'name':'s','description':'d','force':false,'metadata':{'k':'v'}");
  answer_expect(&answer, 202, "");
  g_autofree char *id = g_strdup(answer_text(&answer, "snapshot/id"));
  assert_string_equal(answer_text(&answer, "snapshot/status"), "creating");
  assert_string_equal(answer_text(&answer, "snapshot/volume_id"), disk->id);
  assert_null(strchr(answer_text(&answer, "snapshot/created_at"), 'Z'));
  set_disk_byte(cloud, disk, 'b'); /* too late */
  cloud_turn_until_snapshot(cloud, id, "available");
  g_autofree char *file = snapshot_file(cloud->sim, sim_snapshot(cloud->sim, id));
  struct stat status;
  assert_int_equal(stat(file, &status), 0);
  assert_int_equal(status.st_size, 10LL << 30);
  assert_true(status.st_blocks * 512LL < 16 << 20); /* still sparse */
  assert_int_equal(read_byte(file), 'a');
  g_auto(Answer) got = snapshot_call(cloud, "GET", id, "", NULL);
  assert_string_equal(answer_text(&got, "snapshot/name"), "s");
  assert_string_equal(answer_text(&got, "snapshot/description"), "d");
  assert_string_equal(answer_text(&got, "snapshot/metadata/k"), "v");
  assert_string_equal(answer_text(&got, "snapshot/os-extended-snapshot-attributes:progress"), "100%");
  assert_string_equal(disk->status, DISK_AVAILABLE);
}

static void bad_snapshots_are_refused(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *long_name = g_strnfill(65, 'x');
  g_autofree char *named = g_strdup_printf(",'name':'%s'", long_name);
  g_autofree char *longer = g_strnfill(86, 'x');
  g_autofree char *described = g_strdup_printf(",'description':'%s'", longer);
  const struct {
    const char *volume_id, *more;
    int status;
    const char *code;
  } rows[] = {
    {NO_SUCH_ID, "", 404, "EVS.5404"},
    {"x", "", 404, "EVS.5404"},
    {disk->id, named, 400, "EVS.5400"},
    {disk->id, described, 400, "EVS.5400"},
    {disk->id, ",'name':1", 400, "EVS.1018"},
    {disk->id, ",'force':'true'", 400, "EVS.1018"},
    {disk->id, ",'metadata':[]", 400, "EVS.1018"},
    {disk->id, ",'metadata':{'k':1}", 400, "EVS.5400"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = create(cloud, rows[i].volume_id, rows[i].more);
    answer_expect(&answer, rows[i].status, rows[i].code);
  }
  g_auto(Answer) empty = cloud_post(cloud, SNAPSHOTS, "{}", NULL);
  answer_expect(&empty, 400, "EVS.5400");
  assert_int_equal(snapshots_count(cloud->sim, NULL, NULL, NULL), 0);
}

static void attached_disks_need_force(void **state)
{
  Cloud *cloud = *state;
  static const struct {
    const char *status;
    gboolean plain, forced;
  } rows[] = {
    {DISK_AVAILABLE, TRUE, TRUE},        {DISK_IN_USE, FALSE, TRUE},    {DISK_ATTACHING, FALSE, TRUE},
    {DISK_DETACHING, FALSE, TRUE},       {DISK_CREATING, FALSE, FALSE}, {DISK_DELETING, FALSE, FALSE},
    {DISK_EXTENDING, FALSE, FALSE},      {DISK_ERROR, FALSE, FALSE},    {DISK_ROLLBACKING, FALSE, FALSE},
    {"awaiting-transfer", FALSE, FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    Disk *disk = cloud_disk(cloud, "sim-1a", 10);
    disk_set_status(disk, rows[i].status);
    g_auto(Answer) plain = create(cloud, disk->id, "");
    answer_expect(&plain, rows[i].plain ? 202 : 400, rows[i].plain ? "" : "EVS.5400");
    g_auto(Answer) forced = create(cloud, disk->id, ",'force':true");
    answer_expect(&forced, rows[i].forced ? 202 : 400, rows[i].forced ? "" : "EVS.5400");
  }
}

static void eighth_snapshot_and_quota_are_refused(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10), *other = cloud_disk(cloud, "sim-1a", 10);
  for (int i = 0; i < SNAPSHOTS_PER_DISK_MAX; i++) {
    g_auto(Answer) answer = create(cloud, disk->id, "");
    answer_expect(&answer, 202, "");
  }
  g_auto(Answer) eighth = create(cloud, disk->id, "");
  answer_expect(&eighth, 413, "EVS.5413");
  gint64 *limit = g_new(gint64, 1);
  *limit = 7;
  g_hash_table_insert(disk->project->quota, g_strdup("snapshots_SSD"), limit);
  g_auto(Answer) refused = create(cloud, other->id, "");
  answer_expect(&refused, 413, "EVS.5413");
  *limit = 8;
  g_auto(Answer) taken = create(cloud, other->id, "");
  answer_expect(&taken, 202, "");
  g_auto(Answer) quota =
    cloud_call(cloud, "GET", "/evs/v2/" ALPHA_PROJECT "/os-quota-sets/" ALPHA_PROJECT "?usage=True", NULL);
  const json_t *set = json_object_get(quota.body, "quota_set");
  assert_int_equal(json_integer_value(json_object_get(json_object_get(set, "snapshots"), "in_use")), 8);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(set, "snapshots_SSD"), "in_use")), 8);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(set, "snapshots_SAS"), "in_use")), 0);
}

static void failed_snapshots(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  cloud_fault(cloud, "{'match':{'op':'6.2.1'},'times':1,'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) answer = create(cloud, disk->id, "");
  g_autofree char *id = g_strdup(answer_text(&answer, "snapshot/id"));
  cloud_turn_until_snapshot(cloud, id, "error");
  cloud_fault(cloud, "{'match':{'op':'6.2.2'},'times':1,'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) removed = snapshot_call(cloud, "DELETE", id, "", NULL);
  answer_expect(&removed, 202, "");
  cloud_turn_until_snapshot(cloud, id, "error_deleting");
  g_auto(Answer) again = snapshot_call(cloud, "DELETE", id, "", NULL);
  answer_expect(&again, 400, "EVS.1047");
}

/* ---- delete, update ---- */

static void delete_takes_the_snapshot_and_its_file(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = take(cloud, disk, "");
  g_autofree char *file = snapshot_file(cloud->sim, sim_snapshot(cloud->sim, id));
  g_auto(Answer) removed = snapshot_call(cloud, "DELETE", id, "", NULL);
  answer_expect(&removed, 202, "");
  g_auto(Answer) going = snapshot_call(cloud, "GET", id, "", NULL);
  assert_string_equal(answer_text(&going, "snapshot/status"), "deleting");
  g_auto(Answer) again = snapshot_call(cloud, "DELETE", id, "", NULL);
  answer_expect(&again, 400, "EVS.1047");
  cloud_turn_until_snapshot(cloud, id, NULL);
  assert_int_not_equal(access(file, F_OK), 0);
  g_auto(Answer) gone = snapshot_call(cloud, "GET", id, "", NULL);
  answer_expect(&gone, 404, "EVS.5404");
  g_auto(Answer) once_more = snapshot_call(cloud, "DELETE", id, "", NULL);
  answer_expect(&once_more, 404, "EVS.5404");
}

static void snapshots_of_backups_cannot_be_touched(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = take(cloud, disk, ",'name':'autobk_snapshot_1'");
  g_auto(Answer) removed = snapshot_call(cloud, "DELETE", id, "", NULL);
  answer_expect(&removed, 400, "EVS.5400");
  g_auto(Answer) back = roll_back(cloud, id, disk->id);
  answer_expect(&back, 400, "EVS.5400");
  assert_string_equal(sim_snapshot(cloud->sim, id)->status, "available");
}

static void deleting_a_disk_deletes_its_snapshots(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10), *other = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *first = take(cloud, disk, ""), *kept = take(cloud, other, "");
  g_autofree char *file = snapshot_file(cloud->sim, sim_snapshot(cloud->sim, first));
  g_auto(Answer) answer = cloud_delete_disk(cloud, disk->id);
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
  assert_null(sim_snapshot(cloud->sim, first));
  assert_int_not_equal(access(file, F_OK), 0);
  assert_non_null(sim_snapshot(cloud->sim, kept));
}

static void names_can_be_changed(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = take(cloud, disk, ",'name':'one','description':'d'");
  g_auto(Answer) renamed = snapshot_call(cloud, "PUT", id, "", "{'snapshot':{'name':'two'}}");
  answer_expect(&renamed, 200, "");
  assert_string_equal(answer_text(&renamed, "snapshot/name"), "two");
  assert_string_equal(answer_text(&renamed, "snapshot/description"), "d");
  g_auto(Answer) nothing = snapshot_call(cloud, "PUT", id, "", "{'snapshot':{}}");
  answer_expect(&nothing, 400, "EVS.5400");
  g_auto(Answer) missing = snapshot_call(cloud, "PUT", NO_SUCH_ID, "", "{'snapshot':{'name':'two'}}");
  answer_expect(&missing, 404, "EVS.5404");
}

/* ---- lists ---- */

static guint list_rows(Cloud *cloud, const char *query, char **ret_ids, gboolean *ret_link)
{
  g_autofree char *target = g_strconcat(DETAIL, query, NULL);
  g_auto(Answer) answer = cloud_call(cloud, "GET", target, NULL);
  answer_expect(&answer, 200, "");
  const json_t *rows = json_object_get(answer.body, "snapshots");
  g_autoptr(GString) ids = g_string_new(NULL);
  gsize index;
  json_t *row;
  json_array_foreach(rows, index, row)
    g_string_append_printf(ids, "%s ", json_string_value(json_object_get(row, "id")));
  if (ret_ids)
    *ret_ids = g_strdup(ids->str);
  if (ret_link)
    *ret_link = json_object_get(answer.body, "snapshots_links") != NULL;
  return (guint)json_integer_value(json_object_get(answer.body, "count"));
}

static void lists_filter_and_page(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10), *far = cloud_disk(cloud, "sim-1b", 10);
  g_autofree char *a = take(cloud, disk, ",'name':'a'"), *b = take(cloud, disk, ",'name':'b'"),
                  *c = take(cloud, far, ",'name':'a'");
  g_autofree char *newest_first = g_strdup_printf("%s %s %s ", c, b, a);
  g_autofree char *all = NULL, *page = NULL, *last = NULL, *both = NULL;
  gboolean link = TRUE;
  assert_int_equal(list_rows(cloud, "", &all, &link), 3);
  assert_string_equal(all, newest_first);
  assert_false(link);
  g_autofree char *b_only = g_strdup_printf("%s ", b), *a_only = g_strdup_printf("%s ", a);
  assert_int_equal(list_rows(cloud, "?limit=1&offset=1", &page, &link), 3);
  assert_string_equal(page, b_only);
  assert_true(link);
  assert_int_equal(list_rows(cloud, "?limit=1&offset=2", &last, &link), 3);
  assert_string_equal(last, a_only);
  assert_false(link);
  g_autofree char *ids_query = g_strdup_printf("?id=%s&id=" NO_SUCH_ID "&id=%s", a, c);
  g_autofree char *a_and_c = g_strdup_printf("%s %s ", c, a);
  assert_int_equal(list_rows(cloud, ids_query, &both, NULL), 2);
  assert_string_equal(both, a_and_c);
  g_autofree char *of_disk = g_strdup_printf("?volume_id=%s", disk->id);
  assert_int_equal(list_rows(cloud, of_disk, NULL, NULL), 2);
  assert_int_equal(list_rows(cloud, "?name=a", NULL, NULL), 2);
  assert_int_equal(list_rows(cloud, "?availability_zone=sim-1b", NULL, NULL), 1);
  assert_int_equal(list_rows(cloud, "?status=creating", NULL, NULL), 0);
  assert_int_equal(list_rows(cloud, "?service_type=DSS", NULL, NULL), 0);
  assert_int_equal(list_rows(cloud, "?offset=7", NULL, NULL), 3);
  g_auto(Answer) bad_limit = cloud_call(cloud, "GET", DETAIL "?limit=0", NULL);
  answer_expect(&bad_limit, 400, "EVS.1023");
  g_auto(Answer) bad_offset = cloud_call(cloud, "GET", DETAIL "?offset=x", NULL);
  answer_expect(&bad_offset, 400, "EVS.5400");
  g_auto(Answer) bad_zone = cloud_call(cloud, "GET", DETAIL "?availability_zone=x", NULL);
  answer_expect(&bad_zone, 400, "EVS.1041");
}

static void stale_lists_show_the_past(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_free(take(cloud, disk, ""));
  cloud_fault(cloud, "{'match':{'op':'6.2.4'},'times':1,'action':{'kind':'stale','ms':60000}}");
  assert_int_equal(list_rows(cloud, "", NULL, NULL), 0);
  assert_int_equal(list_rows(cloud, "", NULL, NULL), 1);
}

static void other_projects_see_nothing(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = take(cloud, disk, "");
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "other");
  g_autofree char *target = g_strconcat("/evs/v2/" BETA_PROJECT "/cloudsnapshots/", id, NULL);
  g_auto(Answer) got = cloud_call(cloud, "GET", target, NULL);
  answer_expect(&got, 404, "EVS.5404");
  g_auto(Answer) list = cloud_call(cloud, "GET", "/evs/v2/" BETA_PROJECT "/cloudsnapshots/detail", NULL);
  assert_int_equal(json_integer_value(json_object_get(list.body, "count")), 0);
}

static void readers_may_not_create(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = take(cloud, disk, "");
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "reader");
  g_auto(Answer) refused = create(cloud, disk->id, "");
  answer_expect(&refused, 403, "EVS.5403");
  g_auto(Answer) removed = snapshot_call(cloud, "DELETE", id, "", NULL);
  answer_expect(&removed, 403, "EVS.5403");
  g_auto(Answer) got = snapshot_call(cloud, "GET", id, "", NULL);
  answer_expect(&got, 200, "");
}

/* ---- roll back ---- */

static void rollback_brings_the_bytes_back(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10), *other = cloud_disk(cloud, "sim-1a", 10);
  set_disk_byte(cloud, disk, 'a');
  g_autofree char *id = take(cloud, disk, "");
  set_disk_byte(cloud, disk, 'b');
  g_auto(Answer) elsewhere = roll_back(cloud, id, other->id);
  answer_expect(&elsewhere, 400, "EVS.5400");
  disk_set_status(disk, DISK_IN_USE);
  g_auto(Answer) busy = roll_back(cloud, id, disk->id);
  answer_expect(&busy, 400, "EVS.5400");
  disk_set_status(disk, DISK_AVAILABLE);
  g_auto(Answer) taken = roll_back(cloud, id, disk->id);
  answer_expect(&taken, 202, "");
  assert_string_equal(disk->status, DISK_ROLLBACKING);
  assert_string_equal(sim_snapshot(cloud->sim, id)->status, DISK_ROLLBACKING);
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  assert_int_equal(disk_byte(cloud, disk), 'a');
  assert_string_equal(sim_snapshot(cloud->sim, id)->status, DISK_AVAILABLE);

  cloud_fault(cloud, "{'match':{'op':'6.2.6'},'times':1,'action':{'kind':'job','result':'FAIL'}}");
  set_disk_byte(cloud, disk, 'c');
  g_auto(Answer) failing = roll_back(cloud, id, disk->id);
  answer_expect(&failing, 202, "");
  cloud_turn_until(cloud, disk, DISK_ERROR_ROLLBACKING);
  g_auto(Answer) again = roll_back(cloud, id, disk->id);
  answer_expect(&again, 202, "");
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  assert_int_equal(disk_byte(cloud, disk), 'a');
}

/* ---- disks of snapshots ---- */

static Answer create_of(Cloud *cloud, const char *snapshot_id, const char *zone, const char *type, int size,
                        const char *metadata)
{
  g_autofree char *body =
    g_strdup_printf("{'volume':{'snapshot_id':'%s','availability_zone':'%s','volume_type':'%s','size':%d,"
                    "'metadata':{'create_for_volume_id':'true'%s}}}",
                    snapshot_id, zone, type, size, metadata);
  return cloud_post(cloud, EVS_CREATE, body, NULL);
}

static void disks_of_snapshots_hold_their_bytes(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  json_object_set_new(disk->metadata, "hw:passthrough", json_string("true"));
  set_disk_byte(cloud, disk, 'a');
  g_autofree char *id = take(cloud, disk, "");
  set_disk_byte(cloud, disk, 'b');
  g_auto(Answer) answer = create_of(cloud, id, "sim-1a", "SSD", 12, ",'full_clone':'1'");
  answer_expect(&answer, 202, "");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
  g_auto(Answer) got = cloud_get_disk(cloud, answer_text(&answer, "volume_ids/0"));
  assert_string_equal(answer_text(&got, "volume/snapshot_id"), id);
  assert_string_equal(answer_text(&got, "volume/metadata/full_clone"), "1");
  assert_string_equal(answer_text(&got, "volume/metadata/hw:passthrough"), "true");
  const Disk *copy = sim_disk(cloud->sim, answer_text(&got, "volume/id"));
  assert_int_equal(disk_byte(cloud, copy), 'a');
  g_autofree char *file = disk_file(cloud->sim, copy);
  struct stat status;
  assert_int_equal(stat(file, &status), 0);
  assert_int_equal(status.st_size, 12LL << 30);
  g_auto(Answer) plain = cloud_get_disk(cloud, disk->id);
  assert_true(json_is_null(json_object_get(json_object_get(plain.body, "volume"), "snapshot_id")));
}

static void snapshots_bind_what_is_made_of_them(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 20);
  g_autofree char *id = take(cloud, disk, "");
  const struct {
    const char *zone, *type;
    int size;
    const char *metadata, *code;
  } rows[] = {
    {"sim-1b", "SAS", 20, "", "EVS.2054"},
    {"sim-1a", "SAS", 20, "", "EVS.2096"},
    {"sim-1a", "SSD", 19, "", "EVS.1010"},
    {"sim-1a", "SSD", 20, ",'__system__encrypted':'1','__system__cmkid':'" NO_SUCH_ID "'", "EVS.1043"},
    {"sim-1a", "SSD", 20, ",'hw:passthrough':'true'", "EVS.1043"},
    {"sim-1a", "SSD", 20, ",'full_clone':'2'", "EVS.1063"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = create_of(cloud, id, rows[i].zone, rows[i].type, rows[i].size, rows[i].metadata);
    answer_expect(&answer, 400, rows[i].code);
  }
  snapshot_set_status(cloud->sim, sim_snapshot(cloud->sim, id), DISK_CREATING);
  g_auto(Answer) early = create_of(cloud, id, "sim-1a", "SSD", 20, "");
  answer_expect(&early, 400, "EVS.2043");
  g_auto(Answer) missing = create_of(cloud, NO_SUCH_ID, "sim-1a", "SSD", 20, "");
  answer_expect(&missing, 400, "EVS.2045");
}

/* ---- restart ---- */

static void snapshots_survive_a_restart(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *volume_id = g_strdup(disk->id);
  set_disk_byte(cloud, disk, 'a');
  g_autofree char *id = take(cloud, disk, ",'name':'kept','metadata':{'k':'v'}");
  g_auto(Answer) running = create(cloud, disk->id, ""),
                 leaving = snapshot_call(cloud, "DELETE", id, "", NULL);
  answer_expect(&leaving, 202, "");
  g_autofree char *second = g_strdup(answer_text(&running, "snapshot/id"));
  g_autofree char *stray = g_build_filename(cloud->directory, "snapshots", NO_SUCH_ID ".img", NULL);
  assert_true(g_file_set_contents(stray, "x", 1, NULL));
  cloud_restart(cloud);
  snapshots_sweep_files(cloud->sim);
  assert_int_not_equal(access(stray, F_OK), 0);
  const Snapshot *kept = sim_snapshot(cloud->sim, id);
  assert_string_equal(kept->status, "deleting");
  assert_string_equal(kept->name, "kept");
  assert_string_equal(json_string_value(json_object_get(kept->metadata, "k")), "v");
  cloud_turn_until_snapshot(cloud, id, NULL);
  cloud_turn_until_snapshot(cloud, second, "available");
  disk = sim_disk(cloud->sim, volume_id);
  set_disk_byte(cloud, disk, 'b');
  g_auto(Answer) back = roll_back(cloud, second, volume_id);
  answer_expect(&back, 202, "");
  cloud_restart(cloud);
  disk = sim_disk(cloud->sim, volume_id);
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  assert_int_equal(disk_byte(cloud, disk), 'a');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(snapshots_hold_the_bytes_of_the_request),
    TEST(bad_snapshots_are_refused),
    TEST(attached_disks_need_force),
    TEST(eighth_snapshot_and_quota_are_refused),
    TEST(failed_snapshots),
    TEST(delete_takes_the_snapshot_and_its_file),
    TEST(snapshots_of_backups_cannot_be_touched),
    TEST(deleting_a_disk_deletes_its_snapshots),
    TEST(names_can_be_changed),
    TEST(lists_filter_and_page),
    TEST(stale_lists_show_the_past),
    TEST(other_projects_see_nothing),
    TEST(readers_may_not_create),
    TEST(rollback_brings_the_bytes_back),
    TEST(disks_of_snapshots_hold_their_bytes),
    TEST(snapshots_bind_what_is_made_of_them),
    TEST(snapshots_survive_a_restart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
