/* What expansion and snapshots of evs-sim do to attached disks: real loop devices, real file systems. In the test's own
 * process (tests/unit/evssim_cloud.h). */
#include <event2/event.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/text.h"
#include "evssim/snapshots.h"
#include "tests/unit/evssim_cloud.h"

static char *device_path(const Cloud *cloud, const char *below)
{
  return g_build_filename(cloud->directory, "servers/by-name/alpha.alpha-1", below, NULL);
}

static void attach(Cloud *cloud, const Disk *disk)
{
  g_autofree char *target = g_strdup_printf("/ecs/v1/" ALPHA_PROJECT "/cloudservers/%s/attachvolume",
                                            cloud_server(cloud, "alpha-1")->id);
  g_autofree char *body = g_strdup_printf("{'volumeAttachment':{'volumeId':'%s'}}", disk->id);
  g_auto(Answer) answer = cloud_post(cloud, target, body, NULL);
  answer_expect(&answer, 200, "");
  g_autofree char *status = cloud_wait_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(status, "SUCCESS");
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

static void extend(Cloud *cloud, const Disk *disk, int size)
{
  g_autofree char *target = g_strdup_printf("/evs/v2.1/" ALPHA_PROJECT "/cloudvolumes/%s/action", disk->id);
  g_autofree char *body = g_strdup_printf("{'os-extend':{'new_size':%d}}", size);
  g_auto(Answer) answer = cloud_post(cloud, target, body, NULL);
  answer_expect(&answer, 202, "");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
}

static guint64 device_bytes(const char *node)
{
  guint64 bytes = 0;
  int fd = open(node, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(ioctl(fd, BLKGETSIZE64, &bytes), 0);
  close(fd);
  return bytes;
}

static void expect_sectors(const char *path, guint64 bytes)
{
  g_autofree char *text = NULL, *expected = g_strdup_printf("%" G_GUINT64_FORMAT "\n", bytes / 512);
  assert_true(text_read_file(path, 64, &text, NULL, NULL));
  assert_string_equal(text, expected);
}

static void attached_disks_grow_under_a_mount(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, disk);
  g_autofree char *node = device_path(cloud, "dev/vdb"), *size = device_path(cloud, "sys/block/vdb/size");
  g_autofree char *point = g_build_filename(cloud->directory, "mnt", NULL);
  g_autofree char *file = g_build_filename(point, "kept", NULL);
  assert_int_equal(mkdir(point, 0700), 0);
  run((const char *[]){"mkfs.ext4", "-q", node, NULL});
  assert_int_equal(mount(node, point, "ext4", 0, NULL), 0);
  assert_true(g_file_set_contents(file, "before", -1, NULL));
  expect_sectors(size, 10ULL << 30);
  extend(cloud, disk, 12);
  assert_string_equal(disk->status, DISK_IN_USE);
  assert_true(device_bytes(node) == 12ULL << 30);
  expect_sectors(size, 12ULL << 30);
  g_autofree char *text = NULL;
  assert_true(g_file_get_contents(file, &text, NULL, NULL));
  assert_string_equal(text, "before");
  assert_int_equal(umount(point), 0);
}

static void act(Cloud *cloud, const Disk *disk, const char *body, int status)
{
  g_auto(Answer) answer = cloud_evs(cloud, "POST", "v2", body, "volumes/%s/action", disk->id);
  answer_expect(&answer, status, "");
}

static void readonly_disks_take_no_writes(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  act(cloud, disk, "{'os-update_readonly_flag':{'readonly':true}}", 202);
  attach(cloud, disk);
  g_autofree char *node = device_path(cloud, "dev/vdb"), *flag = device_path(cloud, "sys/block/vdb/ro");
  g_autofree char *text = NULL;
  assert_true(text_read_file(flag, 64, &text, NULL, NULL));
  assert_string_equal(text, "1\n");
  assert_true(device_bytes(node) == 10ULL << 30);
  int fd = open(node, O_WRONLY | O_CLOEXEC);
  gboolean refused = fd < 0 || write(fd, "x", 1) < 0 || fsync(fd) != 0;
  if (fd >= 0)
    close(fd);
  assert_true(refused);
}

/* os-detach changes what EVS says and no more; with the disk its device goes too. */
static void named_detaches_leave_the_device(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  g_autofree char *id = g_strdup(disk->id), *node = device_path(cloud, "dev/vdb");
  attach(cloud, disk);
  act(cloud, disk, "{'os-detach':{}}", 202);
  assert_string_equal(disk->status, DISK_AVAILABLE);
  assert_true(device_bytes(node) == 10ULL << 30);
  g_auto(Answer) removed = cloud_evs(cloud, "DELETE", "v2", NULL, "volumes/%s", id);
  answer_expect(&removed, 202, "");
  cloud_turn_until_gone(cloud, id);
  assert_int_not_equal(access(node, F_OK), 0);
}

static char *snap(Cloud *cloud, const Disk *disk)
{
  g_autofree char *body = g_strdup_printf("{'snapshot':{'volume_id':'%s','force':true}}", disk->id);
  g_auto(Answer) answer = cloud_post(cloud, "/evs/v2/" ALPHA_PROJECT "/cloudsnapshots", body, NULL);
  answer_expect(&answer, 202, "");
  const Snapshot *snapshot = sim_snapshot(cloud->sim, answer_text(&answer, "snapshot/id"));
  gint64 deadline = clock_deadline_in_ms(20000);
  while (strcmp(snapshot->status, DISK_AVAILABLE) != 0 && clock_now_us() < deadline)
    event_base_loop(cloud->sim->events, EVLOOP_ONCE);
  assert_string_equal(snapshot->status, DISK_AVAILABLE);
  return g_strdup(snapshot->id);
}

static const Disk *restore(Cloud *cloud, const char *snapshot_id)
{
  g_autofree char *body = g_strdup_printf("{'volume':{" GOOD_VOLUME ",'snapshot_id':'%s',"
                                          "'metadata':{'create_for_volume_id':'true'}}}",
                                          snapshot_id);
  g_auto(Answer) answer = cloud_post(cloud, EVS_CREATE, body, NULL);
  answer_expect(&answer, 202, "");
  g_auto(Answer) job = cloud_wait_evs_job(cloud, answer_text(&answer, "job_id"));
  assert_string_equal(answer_text(&job, "status"), "SUCCESS");
  return sim_disk(cloud->sim, answer_text(&answer, "volume_ids/0"));
}

static void write_at(const char *node, const char *text)
{
  int fd = open(node, O_WRONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, text, strlen(text), 7 << 20), strlen(text));
  assert_int_equal(fsync(fd), 0);
  close(fd);
}

static void expect_at(const char *node, const char *text)
{
  char read_back[16] = "";
  int fd = open(node, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(pread(fd, read_back, strlen(text), 7 << 20), strlen(text));
  assert_string_equal(read_back, text);
  close(fd);
}

/* What the server has flushed is in the snapshot, what it writes later is not. */
static void snapshots_of_attached_disks_hold_what_reached_them(void **state)
{
  Cloud *cloud = *state;
  const Disk *disk = cloud_disk(cloud, "sim-1a", 10);
  attach(cloud, disk);
  g_autofree char *node = device_path(cloud, "dev/vdb"), *copy_node = device_path(cloud, "dev/vdc");
  write_at(node, "first");
  g_autofree char *snapshot_id = snap(cloud, disk);
  write_at(node, "later");
  attach(cloud, restore(cloud, snapshot_id));
  expect_at(copy_node, "first");
  expect_at(node, "later");
  write_at(copy_node, "third"); /* a copy of its own */
  attach(cloud, restore(cloud, snapshot_id));
  g_autofree char *second_copy = device_path(cloud, "dev/vdd");
  expect_at(second_copy, "first");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cloud_setup_with_devices, cloud_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(attached_disks_grow_under_a_mount),
    TEST(readonly_disks_take_no_writes),
    TEST(named_detaches_leave_the_device),
    TEST(snapshots_of_attached_disks_hold_what_reached_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
