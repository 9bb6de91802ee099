/* evs-sim's volumes/ID/action: which operation a body means, and what each does. */
#include "tests/unit/evssim_cloud.h"

#include "evssim/disks.h"

#define SERVER "11111111-1111-4111-8111-111111111111"
#define OTHER_SERVER "22222222-2222-4222-8222-222222222222"

static Answer act(Cloud *cloud, const char *version, const Disk *disk, const char *body)
{
  return cloud_evs(cloud, "POST", version, body, "volumes/%s/action", disk->id);
}

static void expect(Cloud *cloud, const Disk *disk, const char *body, int status, const char *code)
{
  g_auto(Answer) answer = act(cloud, "v2", disk, body);
  answer_expect(&answer, status, code);
  if (status < 300)
    assert_null(answer.body);
}

static void expansion_has_no_job(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  expect(cloud, disk, "{'os-extend':{'new_size':20}}", 202, "");
  assert_string_equal(disk->status, DISK_EXTENDING);
  expect(cloud, disk, "{'os-extend':{'new_size':30}}", 400, "EVS.1064");
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  assert_int_equal(disk->size_gib, 20);
  expect(cloud, disk, "{'os-extend':{'new_size':20}}", 400, "EVS.1015");
  expect(cloud, disk, "{'os-extend':{'new_size':32769}}", 400, "EVS.1010");
  expect(cloud, disk, "{'os-extend':{'new_size':'30'}}", 400, "EVS.1018");
  expect(cloud, disk, "{'os-extend':{}}", 400, "EVS.1011");
  json_object_set_new(disk->metadata, "orderID", json_string("x"));
  expect(cloud, disk, "{'os-extend':{'new_size':30}}", 400, "EVS.1014");
}

static void flags_are_set(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 2000);
  expect(cloud, disk, "{'os-set_bootable':{'bootable':true}}", 200, "");
  expect(cloud, disk, "{'os-update_readonly_flag':{'readonly':true}}", 202, "");
  g_autofree char *id = g_strdup(disk->id);
  cloud_restart(cloud);
  disk = sim_disk(cloud->sim, id);
  assert_true(disk->bootable);
  assert_true(disk->readonly);
  g_auto(Answer) got = cloud_evs(cloud, "GET", "v2", NULL, "volumes/%s", disk->id);
  assert_string_equal(answer_text(&got, "volume/bootable"), "true");
  expect(cloud, disk, "{'os-extend':{'new_size':2001}}", 202, ""); /* it is no system disk for all that */
  cloud_turn_until(cloud, disk, DISK_AVAILABLE);
  expect(cloud, disk, "{'os-set_bootable':{'bootable':false}}", 200, "");
  expect(cloud, disk, "{'os-update_readonly_flag':{'readonly':false}}", 202, "");
  assert_false(disk->bootable || disk->readonly);
  expect(cloud, disk, "{'os-set_bootable':{'bootable':'true'}}", 400, "EVS.1018");
  expect(cloud, disk, "{'os-update_readonly_flag':{}}", 400, "EVS.5400");
  expect(cloud, disk, "{'os-update_readonly_flag':true}", 400, "EVS.5400");
}

static void attachments_are_names_only(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  expect(cloud, disk, "{'os-attach':{'instance_uuid':'" SERVER "','mountpoint':'/dev/sdc','mode':'rw'}}", 202,
         "");
  assert_string_equal(disk->status, DISK_IN_USE);
  g_auto(Answer) got = cloud_evs(cloud, "GET", "v2", NULL, "volumes/%s", disk->id);
  assert_string_equal(answer_text(&got, "volume/attachments/0/server_id"), SERVER);
  assert_string_equal(answer_text(&got, "volume/attachments/0/device"), "/dev/sdc");
  assert_string_equal(answer_text(&got, "volume/attachments/0/id"), disk->id);
  expect(cloud, disk, "{'os-attach':{'instance_uuid':'" OTHER_SERVER "','mountpoint':'/dev/sdc'}}", 400,
         "EVS.5400");
  expect(cloud, disk, "{'os-detach':{'attachment_id':'" NO_SUCH_ID "'}}", 404, "EVS.5404");
  expect(cloud, disk, "{'os-detach':{}}", 202, "");
  assert_string_equal(disk->status, DISK_AVAILABLE);
  expect(cloud, disk, "{'os-detach':{}}", 400, "EVS.5400");
  static const char *const bad[] = {
    "{'os-attach':{'mountpoint':'/dev/sdc'}}",
    "{'os-attach':{'instance_uuid':'x','mountpoint':'/dev/sdc'}}",
    "{'os-attach':{'instance_uuid':'" SERVER "'}}",
    "{'os-attach':{'instance_uuid':'" SERVER "','mountpoint':'/dev/sdc','mode':'rwx'}}",
  };
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    expect(cloud, disk, bad[i], 400, "EVS.5400");
}

static void shared_disks_have_several(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  disk->multiattach = TRUE;
  expect(cloud, disk, "{'os-attach':{'instance_uuid':'" SERVER "','mountpoint':'/dev/sdc'}}", 202, "");
  expect(cloud, disk, "{'os-attach':{'instance_uuid':'" SERVER "','mountpoint':'/dev/sdc'}}", 400,
         "EVS.5400");
  expect(cloud, disk, "{'os-attach':{'instance_uuid':'" OTHER_SERVER "','mountpoint':'/dev/sdc'}}", 202, "");
  expect(cloud, disk, "{'os-detach':{}}", 400, "EVS.5400");
  const Attachment *first = g_ptr_array_index(disk->attachments, 0);
  g_autofree char *body = g_strdup_printf("{'os-detach':{'attachment_id':'%s'}}", first->attachment_id);
  expect(cloud, disk, body, 202, "");
  assert_string_equal(disk->status, DISK_IN_USE);
  assert_non_null(disk_attachment(disk, OTHER_SERVER));
  expect(cloud, disk, "{'os-detach':{}}", 202, "");
  assert_string_equal(disk->status, DISK_AVAILABLE);
}

static void reserved_disks_wait_for_an_attach(void **state)
{
  Cloud *cloud = *state;
  Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  expect(cloud, disk, "{'os-unreserve':{}}", 400, "EVS.5400");
  expect(cloud, disk, "{'os-reserve':{}}", 202, "");
  assert_string_equal(disk->status, DISK_ATTACHING);
  expect(cloud, disk, "{'os-reserve':{}}", 400, "EVS.5400");
  expect(cloud, disk, "{'os-unreserve':{}}", 202, "");
  assert_string_equal(disk->status, DISK_AVAILABLE);
  expect(cloud, disk, "{'os-reserve':{}}", 202, "");
  expect(cloud, disk, "{'os-attach':{'instance_uuid':'" SERVER "','mountpoint':'/dev/sdc'}}", 202, "");
  assert_string_equal(disk->status, DISK_IN_USE);
}

static void the_body_tells_the_operation(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  expect(cloud, disk, "{'os-fly':{}}", 400, "EVS.5400");
  expect(cloud, disk, "{'os-reserve':{},'os-unreserve':{}}", 400, "EVS.5400");
  expect(cloud, disk, "nonsense", 400, "EVS.5400");
  assert_int_equal(cloud_calls(cloud, "volumes.action"), 3);
  g_auto(Answer) twin = act(cloud, "v3", disk, "{'os-reserve':{}}");
  answer_expect(&twin, 202, "");
  assert_int_equal(cloud_calls(cloud, "v3.7.1.16"), 1);
  expect(cloud, disk, "{'os-unreserve':{}}", 202, "");
  assert_int_equal(cloud_calls(cloud, "7.1.17"), 1);
  g_auto(Answer) gone = cloud_evs(cloud, "POST", "v2", "{'os-reserve':{}}", "volumes/%s/action", NO_SUCH_ID);
  answer_expect(&gone, 404, "EVS.5404");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(expansion_has_no_job),
    TEST(flags_are_set),
    TEST(attachments_are_names_only),
    TEST(shared_disks_have_several),
    TEST(reserved_disks_wait_for_an_attach),
    TEST(the_body_tells_the_operation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
