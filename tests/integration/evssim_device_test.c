/* evssim/device.c and evssim/loop.c on real loop devices: what a guest sees, that it can be formatted and mounted,
 * what each fault does to it, and that nothing is left. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/thread.h"
#include "evssim/device.h"
#include "evssim/loop.h"
#include "tests/harness/harness.h"

#define VOLUME "62f0d06b-808d-480d-8f5a-0123456789ab"
#define OTHER "72f0d06b-808d-480d-8f5a-0123456789ab"
#define WWN "6888603000008b32fa16688d09368506"

enum { DISK_BYTES = 64 << 20 };

static char *disk_image(Harness *harness, const char *name)
{
  char *file = harness_path(harness, "%s.img", name);
  int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(ftruncate(fd, DISK_BYTES), 0);
  close(fd);
  return file;
}

static DeviceTree *new_tree(Harness *harness)
{
  g_autofree char *directory = harness_path(harness, "server");
  g_autoptr(GError) error = NULL;
  DeviceTree *tree = device_tree_new(directory, &error);
  assert_null(error);
  return tree;
}

static void attach(DeviceTree *tree, DeviceBus bus, const char *volume, const char *file)
{
  DeviceDisk disk = {.bus = bus, .volume_id = volume, .wwn = WWN, .file = file};
  g_autoptr(GError) error = NULL;
  if (!device_attach(tree, &disk, &error))
    fail_msg("attach: %s", error->message);
}

static void set_fault(DeviceTree *tree, const char *name)
{
  DeviceFault fault = DEVICE_FAULT_NONE;
  g_autoptr(GError) error = NULL;
  if (!device_parse_fault(name, &fault, &error) || !device_set_fault(tree, VOLUME, fault, &error))
    fail_msg("fault %s: %s", name, error->message);
}

static char *content(Harness *harness, const char *below)
{
  g_autofree char *path = harness_path(harness, "server/%s", below);
  char *text = NULL;
  return text_read_file(path, 4096, &text, NULL, NULL) ? text : NULL;
}

static void assert_content(Harness *harness, const char *below, const char *expected)
{
  g_autofree char *text = content(harness, below);
  if (!text)
    fail_msg("%s is missing", below);
  assert_string_equal(text, expected);
}

static gboolean present(Harness *harness, const char *below)
{
  g_autofree char *path = harness_path(harness, "server/%s", below);
  struct stat status;
  return lstat(path, &status) == 0;
}

static guint entries(Harness *harness, const char *below)
{
  g_autofree char *path = harness_path(harness, "server/%s", below);
  g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
  guint count = 0;
  while (g_dir_read_name(directory))
    count++;
  return count;
}

static guint loops_below(Harness *harness)
{
  guint count = 0;
  g_autoptr(GDir) devices = g_dir_open("/sys/block", 0, NULL);
  const char *name = NULL;
  while ((name = g_dir_read_name(devices))) {
    g_autofree char *path = g_strdup_printf("/sys/block/%s/loop/backing_file", name);
    g_autofree char *file = NULL;
    if (text_read_file(path, 4096, &file, NULL, NULL) && g_str_has_prefix(file, harness_dir(harness)))
      count++;
  }
  return count;
}

static void run(Harness *harness, const char *const *argv)
{
  int status = process_wait_exit(process_start(harness, argv), HARNESS_WAIT_MS);
  if (status != 0)
    fail_msg("%s exits %d", argv[0], status);
}

/* Opens with a fresh page cache; 0 or the errno of reading one sector at this place. */
static int read_at(const char *node, off_t offset)
{
  int fd = open(node, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  char sector[LOOP_SECTOR];
  gssize got = pread(fd, sector, sizeof sector, offset);
  int result = got == LOOP_SECTOR ? 0 : got < 0 ? errno : -1;
  close(fd);
  return result;
}

static guint64 device_bytes(const char *node)
{
  int fd = open(node, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  guint64 bytes = 0;
  assert_int_equal(ioctl(fd, BLKGETSIZE64, &bytes), 0);
  close(fd);
  return bytes;
}

static void virtio_disk_is_seen_as_a_guest_sees_it(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  g_autoptr(DeviceTree) tree = new_tree(harness);
  attach(tree, DEVICE_VIRTIO, VOLUME, file);
  assert_string_equal(device_name(tree, VOLUME), "vdb");
  assert_content(harness, "sys/block/vdb/serial", "62f0d06b-808d-480d-8");
  assert_content(harness, "sys/block/vdb/size", "131072\n");
  assert_content(harness, "sys/block/vdb/ro", "0\n");
  assert_false(present(harness, "sys/block/vdb/device/wwid"));
  g_autofree char *node = harness_path(harness, "server/dev/vdb");
  struct stat status;
  assert_int_equal(stat(node, &status), 0);
  assert_true(S_ISBLK(status.st_mode));
  g_autofree char *number = g_strdup_printf("%u:%u", major(status.st_rdev), minor(status.st_rdev));
  g_autofree char *number_line = g_strconcat(number, "\n", NULL);
  assert_content(harness, "sys/block/vdb/dev", number_line);
  g_autofree char *link = harness_path(harness, "server/sys/dev/block/%s", number);
  g_autofree char *target = g_file_read_link(link, NULL);
  assert_string_equal(target, "../../block/vdb");
  assert_true(present(harness, "dev/disk/by-id/virtio-62f0d06b-808d-480d-8"));
  assert_int_equal(device_bytes(node), DISK_BYTES);
  assert_int_equal(loops_below(harness), 1);

  device_detach(tree, VOLUME);
  assert_int_equal(loops_below(harness), 0);
  static const char *const empty[] = {"sys/block", "sys/dev/block", "dev/disk/by-id"};
  for (gsize i = 0; i < G_N_ELEMENTS(empty); i++)
    assert_int_equal(entries(harness, empty[i]), 0);
  assert_false(present(harness, "dev/vdb"));
  assert_null(device_name(tree, VOLUME));
}

static void scsi_disk_has_wwid_and_rescan(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  g_autoptr(DeviceTree) tree = new_tree(harness);
  attach(tree, DEVICE_SCSI, VOLUME, file);
  assert_string_equal(device_name(tree, VOLUME), "sdb");
  assert_content(harness, "sys/block/sdb/device/wwid", "naa." WWN "\n");
  assert_content(harness, "sys/block/sdb/device/rescan", "");
  assert_false(present(harness, "sys/block/sdb/serial"));
  assert_true(present(harness, "dev/disk/by-id/scsi-3" WWN));
  assert_true(present(harness, "dev/disk/by-id/wwn-0x" WWN));
}

static void disk_can_be_formatted_mounted_and_read_back_elsewhere(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  g_autoptr(DeviceTree) tree = new_tree(harness);
  attach(tree, DEVICE_VIRTIO, VOLUME, file);
  g_autofree char *node = harness_path(harness, "server/dev/vdb");
  g_autofree char *point = harness_path(harness, "mnt");
  g_autofree char *written = harness_path(harness, "mnt/file");
  assert_int_equal(mkdir(point, 0700), 0);
  run(harness, (const char *[]){"mkfs.ext4", "-q", node, NULL});
  assert_int_equal(mount(node, point, "ext4", 0, NULL), 0);
  assert_true(g_file_set_contents(written, "kept", -1, NULL));
  assert_int_equal(umount(point), 0);
  device_detach(tree, VOLUME);
  assert_int_equal(loops_below(harness), 0);

  /* The next server sees the same bytes, here read-only. */
  DeviceDisk disk = {.bus = DEVICE_VIRTIO, .volume_id = VOLUME, .file = file, .read_only = TRUE};
  assert_true(device_attach(tree, &disk, NULL));
  assert_content(harness, "sys/block/vdb/ro", "1\n");
  assert_int_equal(mount(node, point, "ext4", MS_RDONLY, NULL), 0);
  g_autofree char *text = NULL;
  assert_true(text_read_file(written, 16, &text, NULL, NULL));
  assert_string_equal(text, "kept");
  assert_int_equal(umount(point), 0);
  int fd = open(node, O_RDONLY | O_CLOEXEC);
  int read_only = 0;
  assert_int_equal(ioctl(fd, BLKROGET, &read_only), 0);
  close(fd);
  assert_int_equal(read_only, 1);
}

/* What a guest has set ends with its attachment, though the loop device goes on to the next. */
static void a_disk_that_was_set_read_only_is_attached_writable(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  g_autofree char *node = harness_path(harness, "server/dev/vdb");
  g_autoptr(DeviceTree) tree = new_tree(harness);
  for (int i = 0; i < 2; i++) {
    attach(tree, DEVICE_VIRTIO, VOLUME, file);
    int fd = open(node, O_RDWR | O_CLOEXEC), read_only = 1;
    assert_int_equal(pwrite(fd, "x", 1, 0), 1);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(ioctl(fd, BLKROSET, &read_only), 0);
    close(fd);
    device_detach(tree, VOLUME);
  }
}

static void names_are_the_next_free_letters(void **state)
{
  Harness *harness = *state;
  g_autofree char *first = disk_image(harness, "first");
  g_autofree char *second = disk_image(harness, "second");
  g_autoptr(DeviceTree) tree = new_tree(harness);
  attach(tree, DEVICE_VIRTIO, VOLUME, first);
  attach(tree, DEVICE_VIRTIO, OTHER, second);
  attach(tree, DEVICE_VIRTIO, OTHER, second);
  assert_int_equal(device_count(tree), 2);
  assert_string_equal(device_name(tree, OTHER), "vdc");
  device_detach(tree, VOLUME);
  attach(tree, DEVICE_VIRTIO, VOLUME, first);
  assert_string_equal(device_name(tree, VOLUME), "vdb");
}

static void faults_come_and_go_without_harm(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  g_autoptr(DeviceTree) tree = new_tree(harness);
  attach(tree, DEVICE_VIRTIO, VOLUME, file);
  g_autofree char *node = harness_path(harness, "server/dev/vdb");
  run(harness, (const char *[]){"mkfs.ext4", "-q", node, NULL});
  g_autofree char *before = NULL, *after = NULL;
  gsize length = 0;
  assert_true(g_file_get_contents(file, &before, &length, NULL));

  set_fault(tree, "eio");
  assert_int_equal(device_bytes(node), DISK_BYTES);
  assert_int_equal(read_at(node, 0), EIO);
  assert_int_equal(read_at(node, DISK_BYTES - LOOP_SECTOR), EIO);
  set_fault(tree, "wrong_serial");
  assert_int_equal(read_at(node, 0), 0);
  assert_content(harness, "sys/block/vdb/serial", "ff0fffff-ffff-ffff-f");
  set_fault(tree, "short");
  assert_content(harness, "sys/block/vdb/serial", "62f0d06b-808d-480d-8");
  assert_content(harness, "sys/block/vdb/size", "65536\n");
  assert_int_equal(device_bytes(node), DISK_BYTES / 2);
  set_fault(tree, "vanish");
  assert_false(present(harness, "dev/vdb"));
  assert_false(present(harness, "sys/block/vdb"));
  assert_int_equal(entries(harness, "sys/dev/block"), 0);
  set_fault(tree, "none");
  assert_content(harness, "sys/block/vdb/size", "131072\n");
  assert_int_equal(device_bytes(node), DISK_BYTES);
  assert_int_equal(read_at(node, 0), 0);
  assert_true(g_file_get_contents(file, &after, &length, NULL));
  assert_int_equal(length, DISK_BYTES);
  assert_memory_equal(before, after, DISK_BYTES);
}

/* TRUE if a write that must reach the disk fails with EIO. */
static gboolean write_fails(const char *directory)
{
  g_autofree char *path = g_build_filename(directory, "late", NULL);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return errno == EIO || errno == EROFS;
  gboolean failed = write(fd, "x", 1) != 1 || fsync(fd) != 0;
  close(fd);
  return failed;
}

static void mounted_disk_fails_under_eio_and_after_an_unplug(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  g_autoptr(DeviceTree) tree = new_tree(harness);
  g_autofree char *node = harness_path(harness, "server/dev/vdb");
  g_autofree char *point = harness_path(harness, "mnt");
  assert_int_equal(mkdir(point, 0700), 0);
  attach(tree, DEVICE_VIRTIO, VOLUME, file);
  run(harness, (const char *[]){"mkfs.ext4", "-q", node, NULL});
  assert_int_equal(mount(node, point, "ext4", 0, NULL), 0);
  assert_false(write_fails(point));
  set_fault(tree, "eio");
  assert_true(write_fails(point));
  assert_int_equal(umount(point), 0);
  set_fault(tree, "none");
  assert_int_equal(mount(node, point, "ext4", 0, NULL), 0);
  assert_false(write_fails(point));
  device_detach(tree, VOLUME);
  assert_true(write_fails(point));
  assert_int_equal(loops_below(harness), 1);
  assert_int_equal(umount(point), 0);
  assert_int_equal(loops_below(harness), 0);
}

/* The body of the process that attach_and_die() kills. */
static int attach_and_wait(const char *directory, const char *file)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(DeviceTree) tree = device_tree_new(directory, &error);
  DeviceDisk disk = {.bus = DEVICE_VIRTIO, .volume_id = VOLUME, .file = file};
  if (!tree || !device_attach(tree, &disk, &error)) {
    fprintf(stderr, "%s\n", error->message);
    return EXIT_FAILURE;
  }
  printf("attached %s\n", device_name(tree, VOLUME));
  fflush(stdout);
  for (;;)
    pause();
}

/* Attaches in another process, mounts the disk at point (NULL: does not), and kills the process by SIGKILL. */
static void attach_and_die(Harness *harness, const char *file, const char *point)
{
  g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *directory = harness_path(harness, "server");
  g_autofree char *node = harness_path(harness, "server/dev/vdb");
  Process *process = process_start(harness, (const char *[]){self, "--attach", directory, file, NULL});
  g_autofree char *name = process_wait_output(process, "attached ", HARNESS_START_MS);
  assert_string_equal(name, "vdb");
  if (point)
    assert_int_equal(mount(node, point, "ext4", 0, NULL), 0);
  process_kill(process);
}

static void killed_simulator_leaves_no_loop_device_and_finds_its_disks_again(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  g_autofree char *point = harness_path(harness, "mnt");
  g_autofree char *node = harness_path(harness, "server/dev/vdb");
  assert_int_equal(mkdir(point, 0700), 0);
  run(harness, (const char *[]){"mkfs.ext4", "-q", "-F", file, NULL});
  attach_and_die(harness, file, NULL);
  assert_int_equal(loops_below(harness), 0);
  attach_and_die(harness, file, point);
  assert_int_equal(loops_below(harness), 1);
  struct stat before, after;
  assert_int_equal(stat(node, &before), 0);

  g_autoptr(DeviceTree) tree = new_tree(harness);
  g_autofree char *second = disk_image(harness, "second");
  attach(tree, DEVICE_VIRTIO, OTHER, second);
  attach(tree, DEVICE_VIRTIO, VOLUME, file);
  device_tree_prune(tree);
  assert_string_equal(device_name(tree, VOLUME), "vdb");
  assert_string_equal(device_name(tree, OTHER), "vdc");
  assert_int_equal(stat(node, &after), 0);
  assert_int_equal(before.st_rdev, after.st_rdev);
  assert_false(write_fails(point));
  assert_int_equal(umount(point), 0);
  assert_int_equal(loops_below(harness), 2);
}

static void entries_of_detached_disks_are_pruned_after_a_restart(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  attach_and_die(harness, file, NULL);
  assert_true(present(harness, "sys/block/vdb/serial"));
  g_autoptr(DeviceTree) tree = new_tree(harness);
  device_tree_prune(tree);
  assert_int_equal(entries(harness, "sys/block"), 0);
  assert_int_equal(entries(harness, "sys/dev/block"), 0);
  assert_false(present(harness, "dev/vdb"));
}

static void the_servers_own_disk_is_seen_and_stays(void **state)
{
  g_autoptr(DeviceTree) tree = new_tree(*state);
  g_autofree char *file = disk_image(*state, "disk");
  g_autofree char *size = harness_path(*state, "server/sys/block/vda/size");
  assert_true(device_show_system(tree, DEVICE_VIRTIO, NULL));
  attach(tree, DEVICE_VIRTIO, VOLUME, file);
  assert_string_equal(device_name(tree, VOLUME), "vdb");
  assert_int_equal(device_count(tree), 1);
  device_tree_prune(tree);
  assert_true(g_file_test(size, G_FILE_TEST_EXISTS));
}

static void growing_disk_shows_its_new_size(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  g_autoptr(DeviceTree) tree = new_tree(harness);
  attach(tree, DEVICE_VIRTIO, VOLUME, file);
  assert_int_equal(truncate(file, 2 * DISK_BYTES), 0);
  assert_true(device_grow(tree, VOLUME, NULL));
  assert_content(harness, "sys/block/vdb/size", "262144\n");
  g_autofree char *node = harness_path(harness, "server/dev/vdb");
  assert_int_equal(device_bytes(node), 2 * DISK_BYTES);
}

static void what_is_wrong_is_said(void **state)
{
  Harness *harness = *state;
  g_autoptr(DeviceTree) tree = new_tree(harness);
  g_autoptr(GError) error = NULL;
  DeviceFault fault = DEVICE_FAULT_NONE;
  assert_false(device_parse_fault("melt", &fault, &error));
  assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  g_clear_error(&error);
  assert_false(device_set_fault(tree, VOLUME, DEVICE_FAULT_EIO, &error));
  assert_true(evs_error_is(error, EVS_CODE_NOT_FOUND));
  g_clear_error(&error);
  DeviceDisk missing = {.bus = DEVICE_VIRTIO, .volume_id = VOLUME, .file = "/nonexistent/disk"};
  assert_false(device_attach(tree, &missing, &error));
  assert_true(evs_error_is(error, EVS_CODE_INTERNAL));
  assert_int_equal(entries(harness, "sys/block"), 0);
}

static void purge_frees_what_lies_below_a_directory(void **state)
{
  Harness *harness = *state;
  g_autofree char *file = disk_image(harness, "disk");
  LoopDevice loop;
  assert_true(loop_open(&loop, file, FALSE, NULL));
  assert_int_equal(loops_below(harness), 1);
  loop_purge("/nonexistent");
  assert_int_equal(loops_below(harness), 1);
  loop_purge(harness_dir(harness));
  loop_close(&loop);
  assert_int_equal(loops_below(harness), 0);
}

enum { RACERS = 4, LOOPS_EACH = 8 };

typedef struct {
  Harness *harness;
  int number;
  LoopDevice loops[LOOPS_EACH];
  gboolean failed;
} Racer;

static void *race(void *argument)
{
  Racer *racer = argument;
  for (int i = 0; i < LOOPS_EACH; i++) {
    g_autofree char *file = harness_path(racer->harness, "race-%d-%d.img", racer->number, i);
    racer->failed |= !loop_open(&racer->loops[i], file, FALSE, NULL);
  }
  return NULL;
}

/* The kernel names a free device to everybody who asks; only one gets it. */
static void racing_openers_each_get_a_device(void **state)
{
  Harness *harness = *state;
  Racer racers[RACERS] = {{0}};
  Thread threads[RACERS];
  for (int i = 0; i < RACERS * LOOPS_EACH; i++) {
    g_autofree char *name = g_strdup_printf("race-%d-%d", i / LOOPS_EACH, i % LOOPS_EACH);
    g_free(disk_image(harness, name));
  }
  for (int i = 0; i < RACERS; i++) {
    racers[i].harness = harness;
    racers[i].number = i;
    threads[i] = thread_start("racer", race, &racers[i]);
  }
  for (int i = 0; i < RACERS; i++)
    thread_join(threads[i]);
  assert_int_equal(loops_below(harness), RACERS * LOOPS_EACH);
  for (int i = 0; i < RACERS; i++) {
    assert_false(racers[i].failed);
    for (int j = 0; j < LOOPS_EACH; j++)
      loop_close(&racers[i].loops[j]);
  }
  assert_int_equal(loops_below(harness), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(int argc, char **argv)
{
  if (argc == 4 && strcmp(argv[1], "--attach") == 0)
    return attach_and_wait(argv[2], argv[3]);
  static const struct CMUnitTest tests[] = {
    TEST(virtio_disk_is_seen_as_a_guest_sees_it),
    TEST(scsi_disk_has_wwid_and_rescan),
    TEST(disk_can_be_formatted_mounted_and_read_back_elsewhere),
    TEST(a_disk_that_was_set_read_only_is_attached_writable),
    TEST(names_are_the_next_free_letters),
    TEST(faults_come_and_go_without_harm),
    TEST(mounted_disk_fails_under_eio_and_after_an_unplug),
    TEST(killed_simulator_leaves_no_loop_device_and_finds_its_disks_again),
    TEST(entries_of_detached_disks_are_pruned_after_a_restart),
    TEST(the_servers_own_disk_is_seen_and_stays),
    TEST(growing_disk_shows_its_new_size),
    TEST(what_is_wrong_is_said),
    TEST(purge_frees_what_lies_below_a_directory),
    TEST(racing_openers_each_get_a_device),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
