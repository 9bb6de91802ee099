/* node/device_find.c, node/device_open.c: disks by identity in made-up sysfs trees; no real device is needed. */
#include "base/clock.h"
#include "base/error.h"
#include "node/device.h"
#include "tests/unit/cmocka_all.h"

#include <glib/gstdio.h>
#include <sys/sysmacros.h>

#define SERIAL "62f0d06b-808d-480d-8"
#define WWN "6888603000008b32fa16688d09368506"

typedef struct {
  char *root, *sys, *dev;
  DeviceTree tree;
} Trees;

static int set_up(void **state)
{
  Trees *trees = g_new0(Trees, 1);
  trees->root = g_dir_make_tmp("evs-device-XXXXXX", NULL);
  trees->sys = g_build_filename(trees->root, "sys", NULL);
  trees->dev = g_build_filename(trees->root, "dev", NULL);
  g_autofree char *block = g_build_filename(trees->sys, "block", NULL);
  g_mkdir_with_parents(block, 0700);
  g_mkdir_with_parents(trees->dev, 0700);
  trees->tree = (DeviceTree){.sys_dir = trees->sys, .dev_dir = trees->dev};
  *state = trees;
  return 0;
}

static void remove_tree(const char *path)
{
  GDir *directory = g_dir_open(path, 0, NULL);
  for (const char *name; directory && (name = g_dir_read_name(directory));) {
    g_autofree char *child = g_build_filename(path, name, NULL);
    remove_tree(child);
  }
  if (directory)
    g_dir_close(directory);
  g_remove(path);
}

static int tear_down(void **state)
{
  Trees *trees = *state;
  remove_tree(trees->root);
  g_free(trees->root);
  g_free(trees->sys);
  g_free(trees->dev);
  g_free(trees);
  return 0;
}

static void put(const Trees *trees, const char *disk, const char *attribute, const char *text)
{
  g_autofree char *path = g_build_filename(trees->sys, "block", disk, attribute, NULL);
  g_autofree char *directory = g_path_get_dirname(path);
  g_mkdir_with_parents(directory, 0700);
  assert_true(g_file_set_contents(path, text, -1, NULL));
}

static const DiskFacts virtio = {.bus = DISK_BUS_VIRTIO, .identity = (char *)SERIAL, .size_bytes = 1024};
static const DiskFacts scsi = {.bus = DISK_BUS_SCSI, .identity = (char *)WWN, .size_bytes = 1024};

static void a_virtio_disk_is_found_by_its_serial(void **state)
{
  const Trees *trees = *state;
  put(trees, "vda", "serial", "");
  put(trees, "vda", "dev", "253:0\n");
  put(trees, "vdb", "serial", "62f0d06b-808d-480d-9");
  put(trees, "vdb", "dev", "253:16\n");
  put(trees, "vdc", "serial", SERIAL);
  put(trees, "vdc", "dev", "253:32\n");
  put(trees, "sdc", "device/wwid", "naa." WWN "\n");
  g_auto(Device) device = DEVICE_INIT;
  assert_true(device_find(&trees->tree, &virtio, &device, NULL));
  assert_string_equal(device.name, "vdc");
  assert_int_equal(device.number, makedev(253, 32));
  assert_true(g_str_has_suffix(device.node, "/dev/vdc"));
  g_autoptr(GPtrArray) disks = device_tree_disks(&trees->tree, NULL);
  assert_int_equal(disks->len, 4);
}

static void a_scsi_disk_is_found_by_its_wwid(void **state)
{
  const Trees *trees = *state;
  put(trees, "sda", "device/wwid", "t10.ATA  " WWN "\n");
  put(trees, "sda", "serial", WWN);
  put(trees, "sdb", "device/wwid", "naa.6888603000008B32FA16688D09368506\n");
  put(trees, "sdb", "dev", "8:16\n");
  g_auto(Device) device = DEVICE_INIT;
  assert_true(device_find(&trees->tree, &scsi, &device, NULL));
  assert_string_equal(device.name, "sdb");
}

static void a_longer_serial_is_another_disk(void **state)
{
  const Trees *trees = *state;
  put(trees, "vdb", "serial", SERIAL "b");
  put(trees, "vdb", "dev", "253:16\n");
  g_auto(Device) device = DEVICE_INIT;
  g_autoptr(GError) error = NULL;
  assert_false(device_find(&trees->tree, &virtio, &device, &error));
  assert_true(evs_error_is(error, EVS_CODE_NOT_FOUND));
  assert_string_equal(error->message, "no disk with serial '" SERIAL "' on this node");
}

static void two_disks_with_one_identity_are_refused(void **state)
{
  const Trees *trees = *state;
  put(trees, "vdb", "serial", SERIAL);
  put(trees, "vdb", "dev", "253:16\n");
  put(trees, "vdc", "serial", SERIAL);
  put(trees, "vdc", "dev", "253:32\n");
  g_auto(Device) device = DEVICE_INIT;
  g_autoptr(GError) error = NULL;
  assert_false(device_find(&trees->tree, &virtio, &device, &error));
  assert_true(evs_error_is(error, EVS_CODE_FAILED_PRECONDITION));
  assert_non_null(strstr(error->message, "'vdb'"));
  assert_non_null(strstr(error->message, "'vdc'"));
}

static void a_node_that_is_no_block_device_is_refused(void **state)
{
  const Trees *trees = *state;
  put(trees, "vdb", "serial", SERIAL);
  put(trees, "vdb", "dev", "253:16\n");
  put(trees, "vdb", "size", "2\n");
  g_autofree char *node = g_build_filename(trees->dev, "vdb", NULL);
  assert_true(g_file_set_contents(node, "", -1, NULL));
  g_auto(Device) device = DEVICE_INIT;
  g_autoptr(GError) error = NULL;
  assert_false(device_acquire(&trees->tree, &virtio, clock_now_us(), NULL, NULL, &device, &error));
  assert_true(evs_error_is(error, EVS_CODE_FAILED_PRECONDITION));
  assert_non_null(strstr(error->message, "is not the block device 253:16 that sysfs calls 'vdb'"));
}

static void the_wait_for_a_disk_is_bounded(void **state)
{
  const Trees *trees = *state;
  g_auto(Device) device = DEVICE_INIT;
  g_autoptr(GError) error = NULL;
  gint64 start_us = clock_now_us();
  assert_false(device_acquire(&trees->tree, &virtio, clock_deadline_in_ms(300), NULL, NULL, &device, &error));
  assert_true(evs_error_is(error, EVS_CODE_NOT_FOUND));
  assert_in_range(clock_now_us() - start_us, 300 * 1000, 5 * G_USEC_PER_SEC);
}

static gboolean never(void *data)
{
  (void)data;
  return FALSE;
}

static void the_wait_ends_when_nobody_waits(void **state)
{
  const Trees *trees = *state;
  g_auto(Device) device = DEVICE_INIT;
  assert_false(device_acquire(&trees->tree, &virtio, CLOCK_NEVER, never, NULL, &device, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_virtio_disk_is_found_by_its_serial),      TEST(a_scsi_disk_is_found_by_its_wwid),
    TEST(a_longer_serial_is_another_disk),           TEST(two_disks_with_one_identity_are_refused),
    TEST(a_node_that_is_no_block_device_is_refused), TEST(the_wait_for_a_disk_is_bounded),
    TEST(the_wait_ends_when_nobody_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
