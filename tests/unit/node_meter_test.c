/* The node's metrics: each counted under its name; attach slots by a made-up sysfs. */
#include "base/clock.h"
#include "base/metrics.h"
#include "node/attach_limit.h"
#include "node/meter.h"
#include "tests/unit/cmocka_all.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void expect_page(const char *text)
{
  g_autofree char *page = metrics_render();
  if (!strstr(page, text))
    fail_msg("'%s' is not in:\n%s", text, page);
}

static void each_is_counted_under_its_name(void **state)
{
  (void)state;
  gint64 two_seconds_ago = clock_now_us() - 2 * G_USEC_PER_SEC;
  node_meter_format("xfs", two_seconds_ago);
  expect_page("\nevs_node_formats_total{filesystem=\"xfs\"} 1\n");
  expect_page("\nevs_node_format_duration_seconds_bucket{filesystem=\"xfs\",le=\"1\"} 0\n");
  expect_page("\nevs_node_format_duration_seconds_count{filesystem=\"xfs\"} 1\n");
  for (int result = NODE_CHECK_CLEAN; result <= NODE_CHECK_FAILED; result++)
    node_meter_check("ext4", (NodeCheckResult)result, two_seconds_ago);
  expect_page("\nevs_node_filesystem_checks_total{filesystem=\"ext4\",result=\"clean\"} 1\n"
              "evs_node_filesystem_checks_total{filesystem=\"ext4\",result=\"failed\"} 1\n"
              "evs_node_filesystem_checks_total{filesystem=\"ext4\",result=\"mended\"} 1\n"
              "evs_node_filesystem_checks_total{filesystem=\"ext4\",result=\"repaired\"} 1\n");
  expect_page("\nevs_node_filesystem_check_duration_seconds_count{filesystem=\"ext4\"} 4\n");
  node_meter_grow("btrfs", TRUE, two_seconds_ago);
  node_meter_grow("btrfs", FALSE, two_seconds_ago);
  expect_page("\nevs_node_filesystem_grows_total{filesystem=\"btrfs\",result=\"failed\"} 1\n"
              "evs_node_filesystem_grows_total{filesystem=\"btrfs\",result=\"ok\"} 1\n");
  expect_page("\nevs_node_filesystem_grow_duration_seconds_count{filesystem=\"btrfs\"} 2\n");
  node_meter_mount("bind", TRUE);
  expect_page("\nevs_node_mounts_total{type=\"bind\",result=\"ok\"} 1\n");
  node_meter_unmount(FALSE);
  expect_page("\nevs_node_unmounts_total{result=\"failed\"} 1\n");
  node_meter_device_wait(two_seconds_ago);
  expect_page("\nevs_node_device_wait_seconds_count 1\n");
}

static void add_disk(const char *sys_dir, const char *name)
{
  g_autofree char *path = g_build_filename(sys_dir, "block", name, NULL);
  assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
}

static void slots_show_what_is_attached(void **state)
{
  (void)state;
  g_autofree char *dir = g_dir_make_tmp("node-meter-XXXXXX", NULL);
  g_autofree char *sys_dir = g_build_filename(dir, "sys", NULL);
  NodeOptions options = {
    .kubelet_dir = g_strdup(dir), .sys_dir = g_strdup(sys_dir), .dev_dir = g_strdup("/dev")};
  g_autoptr(Node) node = node_new(&options, NULL);
  assert_non_null(node);
  AttachSlots slots = attach_slots_get(node);
  assert_int_equal(slots.limit, 23);
  assert_int_equal(slots.used, 0);
  static const char *const disks[] = {"sda", "sdb", "sdc", "loop0", "dm-0"};
  for (gsize i = 0; i < G_N_ELEMENTS(disks); i++)
    add_disk(sys_dir, disks[i]);
  slots = attach_slots_get(node);
  assert_int_equal(slots.limit, 59);
  assert_int_equal(slots.used, 2);
  node->options.attach_limit = 7;
  node_meter_begin(node);
  expect_page("\nevs_node_attach_slots 7\n");
  expect_page("\nevs_node_attach_slots_used 2\n");
  expect_page("\nevs_node_unmounts_total{result=\"failed\"} 1\nevs_node_unmounts_total{result=\"ok\"} 0\n");
  node_meter_end(node);
  for (gsize i = 0; i < G_N_ELEMENTS(disks); i++) {
    g_autofree char *path = g_build_filename(sys_dir, "block", disks[i], NULL);
    g_rmdir(path);
  }
  g_autofree char *block = g_build_filename(sys_dir, "block", NULL);
  g_rmdir(block);
  g_rmdir(sys_dir);
  g_rmdir(dir);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_is_counted_under_its_name),
    cmocka_unit_test(slots_show_what_is_attached),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
