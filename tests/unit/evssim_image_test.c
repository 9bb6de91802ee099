/* evs-sim's images: exports of disks (7.1.13), disks made of them, and what the image service tells. */
#include "tests/unit/evssim_cloud.h"

#include <event2/event.h>
#include <fcntl.h>

#include "base/clock.h"
#include "evssim/disks.h"
#include "evssim/images.h"

#define UPLOAD "'os-volume_upload_image'"

static Answer export(Cloud *cloud, const Disk *disk, const char *fields)
{
  g_autofree char *body = g_strdup_printf("{" UPLOAD ":{%s}}", fields);
  return cloud_evs(cloud, "POST", "v3", body, "volumes/%s/action", disk->id);
}

static void turn_until_image(Cloud *cloud, const char *id, const char *status)
{
  gint64 deadline = clock_deadline_in_ms(20000);
  while (!g_str_equal(sim_image(cloud->sim, id)->status, status)) {
    if (clock_now_us() >= deadline)
      fail_msg("image %s is %s, not %s", id, sim_image(cloud->sim, id)->status, status);
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  }
}

/* An active image of the disk; its id, newly allocated. */
static char *make_image(Cloud *cloud, Disk *disk)
{
  g_auto(Answer) answer = export(cloud, disk, "'image_name':'golden'");
  answer_expect(&answer, 202, "");
  char *id = g_strdup(answer_text(&answer, "os-volume_upload_image/image_id"));
  turn_until_image(cloud, id, IMAGE_ACTIVE);
  return id;
}

static void write_byte(Cloud *cloud, const Disk *disk, char byte)
{
  g_autofree char *file = disk_file(cloud->sim, disk);
  int fd = open(file, O_WRONLY | O_CLOEXEC);
  assert_int_equal(pwrite(fd, &byte, 1, 4096), 1);
  close(fd);
}

static char read_byte(Cloud *cloud, const Disk *disk)
{
  char byte = 0;
  g_autofree char *file = disk_file(cloud->sim, disk);
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  assert_int_equal(pread(fd, &byte, 1, 4096), 1);
  close(fd);
  return byte;
}

static void exports_hold_the_disk_for_a_while(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_auto(Answer) answer =
    export(cloud, disk, "'image_name':'my image-1.0_x','disk_format':'qcow2','__os_type':'windows'");
  answer_expect(&answer, 202, "");
  const char *id = answer_text(&answer, "os-volume_upload_image/image_id");
  assert_string_equal(answer_text(&answer, "os-volume_upload_image/status"), "uploading");
  assert_string_equal(answer_text(&answer, "os-volume_upload_image/id"), disk->id);
  assert_string_equal(answer_text(&answer, "os-volume_upload_image/container_format"), "bare");
  assert_string_equal(answer_text(&answer, "os-volume_upload_image/disk_format"), "qcow2");
  assert_string_equal(answer_text(&answer, "os-volume_upload_image/volume_type/name"), "SSD");
  assert_string_equal(disk->status, DISK_UPLOADING);
  assert_string_equal(sim_image(cloud->sim, id)->status, IMAGE_SAVING);
  g_auto(Answer) again = export(cloud, disk, "'image_name':'x'");
  answer_expect(&again, 400, "EVS.5400");
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  g_autofree char *target = g_strconcat("/ims/v2/images/", id, NULL);
  g_auto(Answer) got = cloud_call(cloud, "GET", target, NULL);
  assert_string_equal(answer_text(&got, "status"), "active");
  assert_string_equal(answer_text(&got, "name"), "my image-1.0_x");
  assert_string_equal(answer_text(&got, "__os_type"), "windows");
  assert_int_equal(cloud_calls(cloud, "v3.7.1.13"), 2);
  assert_int_equal(cloud_calls(cloud, "ims.image"), 1);
}

/* The disk is free: it can be changed, and what is left of older jobs does not touch it. */
static void expect_extension(Cloud *cloud, const Disk *disk)
{
  g_auto(Answer) answer =
    cloud_evs(cloud, "POST", "v2", "{'os-extend':{'new_size':11}}", "volumes/%s/action", disk->id);
  answer_expect(&answer, 202, "");
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  assert_int_equal(disk->size_gib, 11);
}

static void exports_outlive_the_process(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = g_strdup(disk->id);
  write_byte(cloud, disk, 'a');
  g_auto(Answer) answer = export(cloud, disk, "'image_name':'x'");
  answer_expect(&answer, 202, "");
  g_autofree char *image_id = g_strdup(answer_text(&answer, "os-volume_upload_image/image_id"));
  g_autofree char *stray = g_build_filename(cloud->directory, "images", NO_SUCH_ID ".img", NULL);
  assert_true(g_file_set_contents(stray, "x", 1, NULL));
  cloud_restart(cloud);
  images_sweep_files(cloud->sim);
  assert_int_not_equal(access(stray, F_OK), 0);
  assert_string_equal(sim_disk(cloud->sim, id)->status, DISK_UPLOADING);
  assert_string_equal(sim_image(cloud->sim, image_id)->status, IMAGE_SAVING);
  turn_until_image(cloud, image_id, IMAGE_ACTIVE);
  cloud_turn_until(cloud, sim_disk(cloud->sim, id), DISK_AVAILABLE);
  g_autofree char *file = image_file(cloud->sim, sim_image(cloud->sim, image_id));
  assert_int_equal(access(file, F_OK), 0);

  /* killed after the job's record and before the image's and the disk's: nobody was told of an export */
  g_auto(Answer) second = export(cloud, sim_disk(cloud->sim, id), "'image_name':'y'");
  image_remove(cloud->sim, sim_image(cloud->sim, answer_text(&second, "os-volume_upload_image/image_id")));
  disk = sim_disk(cloud->sim, id);
  disk_set_status(disk, DISK_AVAILABLE);
  disk_changed(cloud->sim, disk);
  cloud_restart(cloud);
  disk = sim_disk(cloud->sim, id);
  expect_extension(cloud, disk);
}

static void attached_disks_need_force(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_ptr_array_add(disk->attachments, attachment_new(cloud_server(cloud, "alpha-1")->id, "/dev/vdb", 0));
  disk_set_status(disk, DISK_IN_USE);
  g_auto(Answer) plain = export(cloud, disk, "'image_name':'x','force':false");
  answer_expect(&plain, 400, "EVS.5400");
  g_auto(Answer) forced = export(cloud, disk, "'image_name':'x','force':true");
  answer_expect(&forced, 202, "");
  cloud_turn_until(cloud, disk, DISK_IN_USE);
}

static void failed_exports_leave_the_disk_as_it_was(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  cloud_fault(cloud, "{'match':{'op':'v3.7.1.13'},'times':1,'action':{'kind':'job','result':'FAIL'}}");
  g_auto(Answer) answer = export(cloud, disk, "'image_name':'x'");
  answer_expect(&answer, 202, "");
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  assert_string_equal(sim_image(cloud->sim, answer_text(&answer, "os-volume_upload_image/image_id"))->status,
                      IMAGE_KILLED);
}

static void bad_exports_are_refused(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10), *large = cloud_disk(cloud, "sim-1a", 1025);
  g_autofree char *long_name = g_strnfill(129, 'x');
  g_autofree char *named = g_strdup_printf("'image_name':'%s'", long_name);
  const struct {
    const char *fields, *code;
  } rows[] = {
    {"", "EVS.5400"},
    {"'image_name':''", "EVS.5400"},
    {named, "EVS.5400"},
    {"'image_name':'a/b'", "EVS.5400"},
    {"'image_name':'x','disk_format':'iso'", "EVS.5400"},
    {"'image_name':'x','container_format':'tar'", "EVS.5400"},
    {"'image_name':'x','__os_type':'plan9'", "EVS.5400"},
    {"'image_name':'x','force':'yes'", "EVS.1018"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = export(cloud, disk, rows[i].fields);
    answer_expect(&answer, 400, rows[i].code);
  }
  static const char good[] = "{" UPLOAD ":{'image_name':'x'}}";
  g_auto(Answer) too_large = cloud_evs(cloud, "POST", "v2", good, "volumes/%s/action", large->id);
  answer_expect(&too_large, 400, "EVS.5400");
  g_auto(Answer) other_key = cloud_evs(cloud, "POST", "v2", "{'os-volume_uploaded_image':{'image_name':''}}",
                                       "volumes/%s/action", disk->id);
  answer_expect(&other_key, 400, "EVS.5400");
  assert_int_equal(cloud_calls(cloud, "7.1.13"), 2);
  assert_int_equal(g_hash_table_size(cloud->sim->images), 0);
  g_auto(Answer) twin = cloud_evs(cloud, "POST", "v3", good, "volumes/%s/action", large->id);
  answer_expect(&twin, 202, "");
}

/* ---- disks of images ---- */

static Answer create(Cloud *cloud, const char *image_id, int size, const char *more)
{
  g_autofree char *body = g_strdup_printf(
    "{'volume':{'imageRef':'%s','availability_zone':'sim-1a','volume_type':'SSD','size':%d%s}}", image_id,
    size, more);
  return cloud_evs(cloud, "POST", "v2", body, "volumes");
}

static void disks_of_images_hold_their_bytes(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  write_byte(cloud, disk, 'a');
  g_autofree char *image_id = make_image(cloud, disk);
  write_byte(cloud, disk, 'b');
  g_auto(Answer) answer = create(cloud, image_id, 12, "");
  answer_expect(&answer, 202, "");
  g_autofree char *id = g_strdup(answer_text(&answer, "volume/id"));
  cloud_turn_until(cloud, sim_disk(cloud->sim, id), DISK_AVAILABLE);
  cloud_restart(cloud);
  images_sweep_files(cloud->sim);
  assert_int_equal(read_byte(cloud, sim_disk(cloud->sim, id)), 'a');
  g_auto(Answer) got = cloud_evs(cloud, "GET", "v2", NULL, "volumes/%s", id);
  assert_string_equal(answer_text(&got, "volume/bootable"), "true");
  assert_string_equal(answer_text(&got, "volume/volume_image_metadata/image_id"), image_id);
  assert_string_equal(answer_text(&got, "volume/volume_image_metadata/min_disk"), "10");
  g_auto(Answer) custom = cloud_get_disk(cloud, id);
  assert_string_equal(answer_text(&custom, "volume/volume_image_metadata/image_name"), "golden");
  g_auto(Answer) huge =
    cloud_evs(cloud, "POST", "v2", "{'os-extend':{'new_size':1025}}", "volumes/%s/action", id);
  answer_expect(&huge, 400, "EVS.1010");
  g_autofree char *target = g_strconcat("/ims/v2/images/", image_id, NULL);
  g_auto(Answer) removed = cloud_call(cloud, "DELETE", target, NULL);
  answer_expect(&removed, 204, "");
  g_auto(Answer) late = create(cloud, image_id, 12, "");
  answer_expect(&late, 400, "EVS.2046");
}

static void images_bind_what_is_made_of_them(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 20);
  disk->bootable = TRUE;
  g_autofree char *image_id = make_image(cloud, disk);
  const struct {
    int size;
    const char *more, *code;
  } rows[] = {
    {19, "", "EVS.1010"},
    {1025, "", "EVS.1010"},
    {20, ",'multiattach':true", "EVS.2094"},
    {20, ",'metadata':{'hw:passthrough':'true'}", "EVS.1043"},
    {20, ",'snapshot_id':'" NO_SUCH_ID "'", "EVS.1016"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Answer) answer = create(cloud, image_id, rows[i].size, rows[i].more);
    answer_expect(&answer, 400, rows[i].code);
  }
  image_set_status(cloud->sim, sim_image(cloud->sim, image_id), IMAGE_SAVING);
  g_auto(Answer) early = create(cloud, image_id, 20, "");
  answer_expect(&early, 400, "EVS.5400");
  image_set_status(cloud->sim, sim_image(cloud->sim, image_id), IMAGE_ACTIVE);
  cloud_act_as(cloud, "evs:volumes:create evs:volumes:get");
  g_auto(Answer) refused = create(cloud, image_id, 20, "");
  answer_expect(&refused, 403, "EVS.5403");
}

static void images_belong_to_a_project(void **state)
{
  Cloud *cloud = *state;
  g_autofree char *image_id = make_image(cloud, cloud_disk(cloud, "sim-1a", 10));
  g_auto(Answer) list = cloud_call(cloud, "GET", "/ims/v2/images?name=golden", NULL);
  assert_string_equal(answer_text(&list, "images/0/id"), image_id);
  g_free(cloud->token);
  cloud->token = cloud_login(cloud, "other");
  g_autofree char *target = g_strconcat("/ims/v2/images/", image_id, NULL);
  g_auto(Answer) theirs = cloud_call(cloud, "GET", target, NULL);
  assert_int_equal(theirs.status, 404);
  g_auto(Answer) empty = cloud_call(cloud, "GET", "/ims/v2/images", NULL);
  assert_int_equal(json_array_size(json_object_get(empty.body, "images")), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(exports_outlive_the_process),      TEST(exports_hold_the_disk_for_a_while),
    TEST(attached_disks_need_force),        TEST(failed_exports_leave_the_disk_as_it_was),
    TEST(bad_exports_are_refused),          TEST(disks_of_images_hold_their_bytes),
    TEST(images_bind_what_is_made_of_them), TEST(images_belong_to_a_project),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
