/* evssim/ecs*.c and server_devices.c: the rules of attach and detach, their jobs, what can be read of them, and the
 * devices they make. In the test's own process (tests/unit/evssim_cloud.h), with real loop devices. */
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/text.h"
#include "evssim/device.h"
#include "evssim/disks.h"
#include "evssim/parts.h"
#include "tests/unit/evssim_cloud.h"

#define NO_DISK "00000000-0000-0000-0000-000000000000"

static void assert_answer(const Answer *answer, int status, const char *code)
{
  if (answer->status != status || strcmp(answer->code, code) != 0)
    fail_msg("answer %d '%s' (%s), expected %d '%s'", answer->status, answer->code, answer->message, status,
             code);
}

static char *server_path(const Cloud *cloud, const char *server, const char *rest)
{
  return g_strdup_printf("/ecs/v1/" ALPHA_PROJECT "/cloudservers/%s%s", cloud_server(cloud, server)->id,
                         rest);
}

static Answer attach_call(Cloud *cloud, const char *server, const char *volume_id, const char *more)
{
  g_autofree char *target = server_path(cloud, server, "/attachvolume");
  g_autofree char *body = g_strdup_printf("{\"volumeAttachment\":{\"volumeId\":\"%s\"%s}}", volume_id, more);
  return cloud_call(cloud, "POST", target, body);
}

static Answer detach_call(Cloud *cloud, const char *server, const char *volume_id, const char *query)
{
  g_autofree char *rest = g_strconcat("/detachvolume/", volume_id, query, NULL);
  g_autofree char *target = server_path(cloud, server, rest);
  return cloud_call(cloud, "DELETE", target, NULL);
}

static void finish(Cloud *cloud, const Answer *answer, const char *expected)
{
  if (answer->status != 200)
    fail_msg("answer %d %s %s", answer->status, answer->code, answer->message);
  g_autofree char *status = cloud_wait_job(cloud, answer_text(answer, "job_id"));
  assert_string_equal(status, expected);
}

static void attach(Cloud *cloud, const char *server, const Disk *disk)
{
  g_auto(Answer) answer = attach_call(cloud, server, disk->id, "");
  finish(cloud, &answer, "SUCCESS");
}

static void detach(Cloud *cloud, const char *server, const Disk *disk)
{
  g_auto(Answer) answer = detach_call(cloud, server, disk->id, "");
  finish(cloud, &answer, "SUCCESS");
}

static char *device_path(const Cloud *cloud, const char *server, const char *below)
{
  return g_build_filename(cloud->directory, "servers", cloud_server(cloud, server)->id, below, NULL);
}

static gboolean exists(const Cloud *cloud, const char *server, const char *below)
{
  g_autofree char *path = device_path(cloud, server, below);
  struct stat status;
  return lstat(path, &status) == 0;
}

static void set_status(Cloud *cloud, const char *server, const char *status)
{
  Server *found = sim_server(cloud->sim, cloud_server(cloud, server)->id);
  g_free(found->status);
  found->status = g_strdup(status);
}

static void attach_and_detach_drive_disk_and_device(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) answer = attach_call(cloud, "alpha-1", disk->id, "");
  assert_string_equal(disk->status, DISK_ATTACHING);
  assert_int_equal(disk->attachments->len, 0);
  finish(cloud, &answer, "SUCCESS");
  assert_string_equal(disk->status, DISK_IN_USE);
  const Attachment *attachment = disk_attachment(disk, cloud_server(cloud, "alpha-1")->id);
  assert_string_equal(attachment->device, "/dev/vdb");
  g_autofree char *first_id = g_strdup(attachment->attachment_id);
  g_autofree char *serial = device_path(cloud, "alpha-1", "sys/block/vdb/serial");
  g_autofree char *text = NULL;
  assert_true(text_read_file(serial, 64, &text, NULL, NULL));
  assert_int_equal(strlen(text), 20);
  assert_memory_equal(text, disk->id, 20);
  g_autofree char *by_name =
    g_build_filename(cloud->directory, "servers/by-name/alpha.alpha-1/dev/vdb", NULL);
  assert_int_equal(access(by_name, F_OK), 0);
  assert_int_equal(device_loops(cloud->sim), 1);

  /* A simulator killed before it noted the job's end finishes the job once more. */
  const Project *project = sim_project(cloud->sim, ALPHA_PROJECT);
  Job *job = job_find(cloud->sim, SIM_SERVICE_ECS, project, answer_text(&answer, "job_id"));
  job->type->finish(cloud->sim, job, FALSE);
  assert_null(job->error_code);
  assert_string_equal(disk->status, DISK_IN_USE);
  assert_int_equal(disk->attachments->len, 1);

  g_auto(Answer) leaving = detach_call(cloud, "alpha-1", disk->id, "?delete_flag=0");
  assert_string_equal(disk->status, DISK_DETACHING);
  finish(cloud, &leaving, "SUCCESS");
  assert_string_equal(disk->status, DISK_AVAILABLE);
  assert_int_equal(disk->attachments->len, 0);
  assert_false(exists(cloud, "alpha-1", "dev/vdb"));
  assert_int_equal(device_loops(cloud->sim), 0);

  attach(cloud, "alpha-1", disk);
  attachment = disk_attachment(disk, cloud_server(cloud, "alpha-1")->id);
  assert_string_not_equal(attachment->attachment_id, first_id);
}

static void attach_is_refused_with_its_code(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10), *other = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, "alpha-1", disk);
  g_auto(Answer) again = attach_call(cloud, "alpha-1", disk->id, "");
  assert_answer(&again, 400, "Ecs.0057");
  g_auto(Answer) elsewhere = attach_call(cloud, "alpha-2", disk->id, "");
  assert_answer(&elsewhere, 400, "Ecs.0103");
  g_auto(Answer) missing = attach_call(cloud, "alpha-1", NO_DISK, "");
  assert_answer(&missing, 400, "Ecs.0103");
  g_auto(Answer) far = attach_call(cloud, "far", other->id, "");
  assert_answer(&far, 400, "Ecs.0121");
  g_auto(Answer) nowhere =
    cloud_call(cloud, "POST", "/ecs/v1/" ALPHA_PROJECT "/cloudservers/" NO_DISK "/attachvolume",
               "{\"volumeAttachment\":{\"volumeId\":\"" NO_DISK "\"}}");
  assert_answer(&nowhere, 404, "Ecs.0114");
  g_auto(Answer) taken = attach_call(cloud, "alpha-1", other->id, ",\"device\":\"/dev/sdb\"");
  assert_answer(&taken, 400, "Ecs.0005");
  g_autofree char *target = server_path(cloud, "alpha-1", "/attachvolume");
  g_auto(Answer) garbage = cloud_call(cloud, "POST", target, "{\"volumeAttachment\":[");
  assert_answer(&garbage, 400, "Ecs.0005");
  set_status(cloud, "alpha-2", "BUILD");
  g_auto(Answer) building = attach_call(cloud, "alpha-2", other->id, "");
  assert_answer(&building, 400, "Ecs.0100");
  json_object_set_new(other->metadata, "__system__server_id", json_string(cloud_server(cloud, "far")->id));
  g_auto(Answer) owned = attach_call(cloud, "alpha-1", other->id, "");
  assert_answer(&owned, 400, "Ecs.0017");
  assert_string_equal(other->status, DISK_AVAILABLE);
}

/* tiny has 3 slots, one of them for its system disk. */
static void slots_run_out(void **state)
{
  Cloud *cloud = *state;
  Disk *disks[3];
  for (int i = 0; i < 3; i++)
    disks[i] = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, "tiny", disks[0]);
  g_auto(Answer) second = attach_call(cloud, "tiny", disks[1]->id, "");
  assert_int_equal(second.status, 200);
  g_auto(Answer) third = attach_call(cloud, "tiny", disks[2]->id, "");
  assert_answer(&third, 400, "Ecs.0104");
  finish(cloud, &second, "SUCCESS");
  g_autofree char *target = server_path(cloud, "tiny", "/block_device");
  g_auto(Answer) list = cloud_call(cloud, "GET", target, NULL);
  const json_t *free_slots = json_object_get(list.body, "attachableQuantity");
  assert_int_equal(json_integer_value(json_object_get(free_slots, "free_disk")), 0);
  detach(cloud, "tiny", disks[0]);
  attach(cloud, "tiny", disks[2]);
  assert_string_equal(disk_attachment(disks[2], cloud_server(cloud, "tiny")->id)->device, "/dev/vdb");
}

static void detach_is_refused_with_its_code(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) loose = detach_call(cloud, "alpha-1", disk->id, "");
  assert_answer(&loose, 400, "Ecs.0111");
  g_auto(Answer) missing = detach_call(cloud, "alpha-1", NO_DISK, "");
  assert_answer(&missing, 400, "Ecs.0111");
  g_auto(Answer) coming = attach_call(cloud, "alpha-1", disk->id, "");
  g_auto(Answer) too_early = detach_call(cloud, "alpha-1", disk->id, "");
  assert_answer(&too_early, 400, "Ecs.0102");
  finish(cloud, &coming, "SUCCESS");
  g_auto(Answer) of_another = detach_call(cloud, "alpha-2", disk->id, "");
  assert_answer(&of_another, 400, "Ecs.0111");
  g_auto(Answer) odd = detach_call(cloud, "alpha-1", disk->id, "?delete_flag=2");
  assert_answer(&odd, 400, "Ecs.0005");
  set_status(cloud, "alpha-1", "ERROR");
  g_auto(Answer) plain = detach_call(cloud, "alpha-1", disk->id, "");
  assert_answer(&plain, 400, "Ecs.0100");
  g_auto(Answer) forced = detach_call(cloud, "alpha-1", disk->id, "?delete_flag=1");
  finish(cloud, &forced, "SUCCESS");
  g_auto(Answer) twice = detach_call(cloud, "alpha-1", disk->id, "");
  assert_answer(&twice, 400, "Ecs.0111");
}

static void run(const char *const *argv)
{
  int status = 0;
  g_autoptr(GError) error = NULL;
  if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                    &error) ||
      status)
    fail_msg("%s: %s", argv[0], error ? error->message : "failed");
}

/* A running server's mounted disk leaves by force only; a stopped server's at once. */
static void mounted_disk_stays_with_its_running_server(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, "alpha-1", disk);
  g_autofree char *node = device_path(cloud, "alpha-1", "dev/vdb");
  g_autofree char *point = g_build_filename(cloud->directory, "mnt", NULL);
  assert_int_equal(mkdir(point, 0700), 0);
  run((const char *[]){"mkfs.ext4", "-q", node, NULL});
  assert_int_equal(mount(node, point, "ext4", 0, NULL), 0);
  g_auto(Answer) plain = detach_call(cloud, "alpha-1", disk->id, "");
  finish(cloud, &plain, "FAIL");
  g_autofree char *target =
    g_strconcat("/ecs/v1/" ALPHA_PROJECT "/jobs/", answer_text(&plain, "job_id"), NULL);
  g_auto(Answer) job = cloud_call(cloud, "GET", target, NULL);
  assert_string_equal(answer_text(&job, "error_code"), "Ecs.1000");
  assert_string_equal(disk->status, DISK_IN_USE);
  assert_true(exists(cloud, "alpha-1", "dev/vdb"));
  g_auto(Answer) forced = detach_call(cloud, "alpha-1", disk->id, "?delete_flag=1");
  finish(cloud, &forced, "SUCCESS");
  assert_int_equal(umount(point), 0);

  attach(cloud, "alpha-1", disk);
  assert_int_equal(mount(node, point, "ext4", 0, NULL), 0);
  set_status(cloud, "alpha-1", "SHUTOFF");
  detach(cloud, "alpha-1", disk);
  assert_int_equal(umount(point), 0);
}

static void shared_disk_goes_to_several_servers(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  disk->multiattach = TRUE;
  attach(cloud, "alpha-1", disk);
  attach(cloud, "alpha-2", disk);
  assert_int_equal(disk->attachments->len, 2);
  assert_int_equal(device_loops(cloud->sim), 2);
  detach(cloud, "alpha-1", disk);
  assert_string_equal(disk->status, DISK_IN_USE);
  detach(cloud, "alpha-2", disk);
  assert_string_equal(disk->status, DISK_AVAILABLE);
}

static void shared_disk_goes_to_sixteen_servers_at_most(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  disk->multiattach = TRUE;
  for (int i = 0; i < SIM_SHARED_SERVERS_MAX; i++) {
    g_autofree char *elsewhere = g_strdup_printf("00000000-0000-0000-0000-%012d", i);
    g_ptr_array_add(disk->attachments, attachment_new(elsewhere, "/dev/vdb", 0));
  }
  disk_set_status(disk, DISK_IN_USE);
  g_auto(Answer) one_too_many = attach_call(cloud, "alpha-1", disk->id, "");
  assert_answer(&one_too_many, 400, "Ecs.0103");
  disk_attachment_remove(disk, "00000000-0000-0000-0000-000000000000");
  attach(cloud, "alpha-1", disk);
}

static void jobs_of_one_server_run_one_after_another(void **state)
{
  Cloud *cloud = *state;
  Disk *first = cloud_disk(cloud, "sim-1a", 10), *second = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) one = attach_call(cloud, "alpha-1", first->id, "");
  g_auto(Answer) two = attach_call(cloud, "alpha-1", second->id, "");
  finish(cloud, &two, "SUCCESS");
  assert_string_equal(first->status, DISK_IN_USE);
  finish(cloud, &one, "SUCCESS");
}

static void scsi_servers_and_passthrough_disks_show_wwids(void **state)
{
  Cloud *cloud = *state;
  Disk *plain = cloud_disk(cloud, "sim-1a", 10), *passthrough = cloud_disk(cloud, "sim-1a", 10);
  json_object_set_new(passthrough->metadata, "hw:passthrough", json_string("true"));
  attach(cloud, "scsi-1", plain);
  attach(cloud, "alpha-1", passthrough);
  const char *const servers[] = {"scsi-1", "alpha-1"};
  const Disk *const disks[] = {plain, passthrough};
  for (int i = 0; i < 2; i++) {
    g_autofree char *path = device_path(cloud, servers[i], "sys/block/sdb/device/wwid");
    g_autofree char *expected = g_strdup_printf("naa.%s\n", disks[i]->wwn);
    g_autofree char *text = NULL;
    assert_true(text_read_file(path, 128, &text, NULL, NULL));
    assert_string_equal(text, expected);
    g_autofree char *rest = g_strconcat("/block_device/", disks[i]->id, NULL);
    g_autofree char *target = server_path(cloud, servers[i], rest);
    g_auto(Answer) answer = cloud_call(cloud, "GET", target, NULL);
    assert_string_equal(answer_text(&answer, "volumeAttachment/bus"), "scsi");
  }
}

/* The cloud is loose about types; clients must read both. */
static void views_show_disks_with_the_clouds_types(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, "alpha-1", disk);
  g_autofree char *list_path = server_path(cloud, "alpha-1", "/block_device");
  g_auto(Answer) list = cloud_call(cloud, "GET", list_path, NULL);
  assert_string_equal(answer_text(&list, "volumeAttachments/0/id"), disk->id);
  assert_string_equal(answer_text(&list, "volumeAttachments/0/device"), "/dev/vdb");
  json_t *row = json_array_get(json_object_get(list.body, "volumeAttachments"), 0);
  assert_int_equal(json_integer_value(json_object_get(row, "size")), 10);
  assert_true(json_is_null(json_object_get(row, "bootIndex")));
  json_t *quantity = json_object_get(list.body, "attachableQuantity");
  assert_int_equal(json_integer_value(json_object_get(quantity, "free_blk")), 22);

  g_autofree char *rest = g_strconcat("/block_device/", disk->id, NULL);
  g_autofree char *single_path = server_path(cloud, "alpha-1", rest);
  g_auto(Answer) single = cloud_call(cloud, "GET", single_path, NULL);
  assert_string_equal(answer_text(&single, "volumeAttachment/size"), "10");
  g_autofree char *gone_path = server_path(cloud, "alpha-1", "/block_device/" NO_DISK);
  g_auto(Answer) gone = cloud_call(cloud, "GET", gone_path, NULL);
  assert_answer(&gone, 400, "Ecs.1000");
  assert_non_null(strstr(gone.message, "itemNotFound"));

  g_autofree char *quota_path = server_path(cloud, "alpha-1", "/appendvolumequota");
  g_auto(Answer) quota = cloud_call(cloud, "GET", quota_path, NULL);
  assert_int_equal(json_integer_value(json_object_get(quota.body, "count")), 22);
}

static void server_detail_comes_in_both_forms(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, "alpha-1", disk);
  g_autofree char *v1_path = server_path(cloud, "alpha-1", "");
  g_auto(Answer) v1 = cloud_call(cloud, "GET", v1_path, NULL);
  assert_string_equal(answer_text(&v1, "server/OS-EXT-AZ:availability_zone"), "sim-1a");
  assert_string_equal(answer_text(&v1, "server/os-extended-volumes:volumes_attached/0/bootIndex"), "-1");
  set_status(cloud, "alpha-1", "SHUTOFF");
  g_autofree char *nova_path =
    g_strconcat("/ecs/v2.1/" ALPHA_PROJECT "/servers/", cloud_server(cloud, "alpha-1")->id, NULL);
  g_auto(Answer) nova = cloud_call(cloud, "GET", nova_path, NULL);
  assert_string_equal(answer_text(&nova, "server/status"), "SHUTOFF");
  assert_string_equal(answer_text(&nova, "server/OS-EXT-STS:vm_state"), "stopped");
  assert_string_equal(
    answer_text(&nova, "server/os-extended-volumes:volumes_attached/0/delete_on_termination"), "false");
  g_auto(Answer) none = cloud_call(cloud, "GET", "/ecs/v2.1/" ALPHA_PROJECT "/servers/" NO_DISK, NULL);
  assert_int_equal(none.status, 404);
  assert_non_null(json_object_get(none.body, "itemNotFound"));
}

static gboolean disk_has_status(Cloud *cloud, const Disk *disk, const char *status)
{
  g_autofree char *target = g_strconcat("/evs/v2/" ALPHA_PROJECT "/cloudvolumes/", disk->id, NULL);
  g_auto(Answer) answer = cloud_call(cloud, "GET", target, NULL);
  return strcmp(answer_text(&answer, "volume/status"), status) == 0;
}

static void nova_twins_attach_and_detach_without_a_job(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *list = g_strdup_printf("/ecs/v2.1/" ALPHA_PROJECT "/servers/%s/os-volume_attachments",
                                          cloud_server(cloud, "alpha-1")->id);
  g_autofree char *one = g_strconcat(list, "/", disk->id, NULL);
  g_autofree char *body = g_strdup_printf("{\"volumeAttachment\":{\"volumeId\":\"%s\"}}", disk->id);
  g_auto(Answer) attached = cloud_call(cloud, "POST", list, body);
  assert_int_equal(attached.status, 200);
  assert_string_equal(answer_text(&attached, "volumeAttachment/device"), "/dev/vdb");
  assert_true(disk_has_status(cloud, disk, DISK_ATTACHING));
  cloud_turn_until(cloud, disk, DISK_IN_USE);
  g_auto(Answer) again = cloud_call(cloud, "POST", list, body);
  assert_int_equal(again.status, 400);
  assert_non_null(json_object_get(again.body, "badRequest"));
  g_auto(Answer) shown = cloud_call(cloud, "GET", one, NULL);
  assert_string_equal(answer_text(&shown, "volumeAttachment/volumeId"), disk->id);
  g_auto(Answer) detached = cloud_call(cloud, "DELETE", one, NULL);
  assert_int_equal(detached.status, 202);
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  g_auto(Answer) gone = cloud_call(cloud, "DELETE", one, NULL);
  assert_int_equal(gone.status, 404);
}

static void dry_run_checks_and_attaches_nothing(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *target = server_path(cloud, "alpha-1", "/attachvolume");
  g_autofree char *body =
    g_strdup_printf("{\"dry_run\":true,\"volumeAttachment\":{\"volumeId\":\"%s\"}}", disk->id);
  g_auto(Answer) good = cloud_call(cloud, "POST", target, body);
  assert_int_equal(good.status, 204);
  assert_string_equal(disk->status, DISK_AVAILABLE);
  g_auto(Answer) short_of = cloud_call(cloud, "POST", target, "{\"dry_run\":true,\"volumeAttachment\":{}}");
  assert_answer(&short_of, 400, "Ecs.0005");
}

static void unknown_and_empty_jobs_are_refused(void **state)
{
  Cloud *cloud = *state;
  static const char *const targets[] = {"/ecs/v1/" ALPHA_PROJECT "/jobs/" NO_DISK,
                                        "/ecs/v1/" ALPHA_PROJECT "/jobs/"};
  for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
    g_auto(Answer) answer = cloud_call(cloud, "GET", targets[i], NULL);
    assert_answer(&answer, 400, "Common.0011");
  }
}

/* What is attached, and what was being attached, is so after a restart. */
static void restart_brings_devices_and_jobs_back(void **state)
{
  Cloud *cloud = *state;
  Disk *steady = cloud_disk(cloud, "sim-1a", 10), *coming = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *steady_id = g_strdup(steady->id), *coming_id = g_strdup(coming->id);
  attach(cloud, "alpha-1", steady);
  g_auto(Answer) answer = attach_call(cloud, "alpha-1", coming->id, "");
  assert_int_equal(answer.status, 200);
  /* What a simulator killed between the device and the journal leaves. */
  g_autofree char *stale = device_path(cloud, "alpha-1", "sys/block/vdz");
  assert_int_equal(mkdir(stale, 0755), 0);
  cloud_restart(cloud);
  assert_false(exists(cloud, "alpha-1", "sys/block/vdz"));
  assert_int_equal(device_loops(cloud->sim), 1);
  assert_string_equal(device_name(cloud_server(cloud, "alpha-1")->devices, steady_id), "vdb");
  finish(cloud, &answer, "SUCCESS");
  assert_string_equal(sim_disk(cloud->sim, coming_id)->status, DISK_IN_USE);
  assert_int_equal(device_loops(cloud->sim), 2);
  detach(cloud, "alpha-1", sim_disk(cloud->sim, steady_id));
  assert_string_equal(device_name(cloud_server(cloud, "alpha-1")->devices, coming_id), "vdc");
}

static void disks_of_a_deleted_server_are_free(void **state)
{
  Cloud *cloud = *state;
  Disk *attached = cloud_disk(cloud, "sim-1a", 10), *coming = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, "alpha-1", attached);
  g_auto(Answer) answer = attach_call(cloud, "alpha-1", coming->id, "");
  assert_int_equal(answer.status, 200);
  set_status(cloud, "alpha-1", "DELETED");
  ecs_server_deleted(cloud->sim, sim_server(cloud->sim, cloud_server(cloud, "alpha-1")->id));
  finish(cloud, &answer, "FAIL");
  assert_string_equal(attached->status, DISK_AVAILABLE);
  assert_string_equal(coming->status, DISK_AVAILABLE);
  assert_int_equal(device_loops(cloud->sim), 0);
  g_auto(Answer) late = detach_call(cloud, "alpha-1", attached->id, "");
  assert_answer(&late, 404, "Ecs.0114");
  attach(cloud, "alpha-2", attached);
}

/* Dispatched as from loopback, where alone /_sim answers. */
static void disk_faults_are_read_strictly(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, "alpha-1", disk);
  static const struct {
    const char *body;
    int status;
  } rows[] = {{"{\"fault\":\"short\"}", 200},
              {"{\"fault\":\"melt\"}", 400},
              {"{\"fault\":\"none\",\"x\":1}", 400},
              {"{}", 400},
              {"[]", 400},
              {"{\"fault\":7}", 400}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Request) request = request_new(cloud->sim, "PUT", "/_sim");
    request_set_parameter(request, "server_id", cloud_server(cloud, "alpha-1")->id);
    request_set_parameter(request, "volume_id", disk->id);
    request->body = (const guint8 *)rows[i].body;
    request->body_bytes = strlen(rows[i].body);
    ecs_handle_disk_fault(request);
    assert_int_equal(request->p->status, rows[i].status);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup_with_devices, cloud_teardown)

int main(void)
{
  static const struct CMUnitTest tests[] = {
    TEST(attach_and_detach_drive_disk_and_device),
    TEST(attach_is_refused_with_its_code),
    TEST(slots_run_out),
    TEST(detach_is_refused_with_its_code),
    TEST(mounted_disk_stays_with_its_running_server),
    TEST(shared_disk_goes_to_several_servers),
    TEST(shared_disk_goes_to_sixteen_servers_at_most),
    TEST(jobs_of_one_server_run_one_after_another),
    TEST(scsi_servers_and_passthrough_disks_show_wwids),
    TEST(views_show_disks_with_the_clouds_types),
    TEST(server_detail_comes_in_both_forms),
    TEST(nova_twins_attach_and_detach_without_a_job),
    TEST(dry_run_checks_and_attaches_nothing),
    TEST(unknown_and_empty_jobs_are_refused),
    TEST(restart_brings_devices_and_jobs_back),
    TEST(disks_of_a_deleted_server_are_free),
    TEST(disk_faults_are_read_strictly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
