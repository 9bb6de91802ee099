/* Volumes expanded while they are written to, all parts together: the file system grows under the load, no byte is
 * lost, and the disk's file holds them all after everything is undone. */
#include "tests/integration/data_support.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum { SEED = 7, LATER, SOME = 32 };

static const gint64 small = 10 * GIB, large = 14 * GIB;

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller, *node;
  CsiVolume *volume;
} Stand;

static Stand stand_new(void **state, json_t *capability)
{
  Stand stand = {.harness = *state, .sim = sim_start(*state, NULL)};
  stand.controller = controller_start(stand.harness, stand.sim, NULL);
  stand.node = node_start(stand.harness, stand.sim, NULL);
  stand.volume = csi_create(stand.harness, stand.controller, "pvc-grow", small, capability);
  csi_attach(stand.volume, stand.controller, stand.node);
  csi_stage(stand.volume, stand.node);
  csi_publish(stand.volume, stand.node);
  return stand;
}

static void take_down(const Stand *stand)
{
  csi_unpublish(stand->volume, stand->node);
  csi_unstage(stand->volume, stand->node);
  csi_detach(stand->volume, stand->controller, stand->node);
  sim_wait_disk_status(stand->sim, stand->volume->id, "available");
}

static void expand_disk(const Stand *stand)
{
  json_t *reply = csi_call(stand->controller, "ControllerExpandVolume", NULL, "{s:s, s:{s:I}, s:O}",
                           "volume_id", stand->volume->id, "capacity_range", "required_bytes",
                           (json_int_t)large, "volume_capability", stand->volume->capability);
  assert_int_equal(json_integer_value(json_object_get(reply, "capacity_bytes")), large);
  gboolean mounted = json_object_get(stand->volume->capability, "mount") != NULL;
  assert_int_equal(json_is_true(json_object_get(reply, "node_expansion_required")), mounted);
  json_decref(reply);
}

static json_t *node_request(const Stand *stand)
{
  return json_pack("{s:s, s:s, s:s, s:{s:I}, s:O}", "volume_id", stand->volume->id, "volume_path",
                   stand->volume->target, "staging_target_path", stand->volume->staging, "capacity_range",
                   "required_bytes", (json_int_t)large, "volume_capability", stand->volume->capability);
}

static void expand_on_node(const Stand *stand)
{
  json_t *reply = csi_call_json(stand->node, "NodeExpandVolume", node_request(stand), CSI_TIMEOUT_MS, NULL);
  assert_int_equal(json_integer_value(json_object_get(reply, "capacity_bytes")), large);
  json_decref(reply);
}

static gint64 bytes_total(const Stand *stand)
{
  json_t *stats = csi_call(stand->node, "NodeGetVolumeStats", NULL, "{s:s, s:s}", "volume_id",
                           stand->volume->id, "volume_path", stand->volume->target);
  gint64 total =
    json_integer_value(json_object_get(json_array_get(json_object_get(stats, "usage"), 0), "total"));
  json_decref(stats);
  return total;
}

static void assert_grown(const Stand *stand)
{
  assert_in_range(bytes_total(stand), large - GIB, large);
}

/* The kernel adds groups to a mounted ext4 for a process with CAP_SYS_RESOURCE only. Kubernetes' privileged containers
 * have it; a build machine may not. Without it the node says so, and the file system grows at its next stage: that is
 * tested then. */
static gboolean grows_mounted(const char *fs_type)
{
  return !g_str_has_prefix(fs_type, "ext") || prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1;
}

static void grow_file_system(const Stand *stand, const char *fs_type)
{
  if (grows_mounted(fs_type)) {
    expand_on_node(stand);
    assert_grown(stand);
    return;
  }
  print_message("note: no CAP_SYS_RESOURCE here: %s grows at its next stage, not online\n", fs_type);
  csi_expect_error(stand->node, "NodeExpandVolume", node_request(stand), EVS_CODE_FAILED_PRECONDITION,
                   "CAP_SYS_RESOURCE");
}

static void expand_under_load(void **state, const char *fs_type)
{
  Stand stand = stand_new(state, csi_mount(fs_type, NULL));
  g_autofree char *path = g_build_filename(stand.volume->target, "data", NULL);
  DataLoad *load = data_load_start(path, SEED);
  data_load_await(load, SOME);
  expand_disk(&stand);
  data_load_await(load, SOME);
  grow_file_system(&stand, fs_type);
  data_load_await(load, SOME);
  guint chunks = data_load_stop(load);
  data_assert(path, SEED, chunks);
  if (!grows_mounted(fs_type)) {
    csi_unpublish(stand.volume, stand.node);
    csi_unstage(stand.volume, stand.node);
    csi_stage(stand.volume, stand.node);
    csi_publish(stand.volume, stand.node);
    assert_grown(&stand);
    expand_on_node(&stand);
  }
  take_down(&stand);

  g_autofree char *image = sim_disk_file(stand.sim, stand.volume->id);
  struct stat status;
  assert_int_equal(stat(image, &status), 0);
  assert_int_equal(status.st_size, large);
  g_autofree char *look = data_look_inside(stand.harness, stand.sim, stand.volume);
  g_autofree char *found = g_build_filename(look, "data", NULL);
  data_assert(found, SEED, chunks);
  data_look_away(stand.harness, look);
  csi_delete(stand.volume, stand.controller);
}

static void ext4_grows_under_load(void **state)
{
  expand_under_load(state, "ext4");
}

static void xfs_grows_under_load(void **state)
{
  expand_under_load(state, "xfs");
}

static void btrfs_grows_under_load(void **state)
{
  expand_under_load(state, "btrfs");
}

static gint64 device_size(const char *path)
{
  guint64 bytes = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(ioctl(fd, BLKGETSIZE64, &bytes), 0);
  close(fd);
  return (gint64)bytes;
}

/* The pod's device is larger at once, and what it writes behind the old end is on the disk. */
static void raw_block_grows_under_load(void **state)
{
  Stand stand = stand_new(state, csi_block());
  assert_int_equal(device_size(stand.volume->target), small);
  DataLoad *load = data_load_start(stand.volume->target, SEED);
  data_load_await(load, SOME);
  expand_disk(&stand);
  expand_on_node(&stand);
  data_load_await(load, SOME);
  guint chunks = data_load_stop(load);
  assert_int_equal(device_size(stand.volume->target), large);
  data_write_at(stand.volume->target, small, LATER, SOME);
  take_down(&stand);

  g_autofree char *image = sim_disk_file(stand.sim, stand.volume->id);
  data_assert(image, SEED, chunks);
  data_assert_at(image, small, LATER, SOME);
  csi_delete(stand.volume, stand.controller);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(ext4_grows_under_load),
    TEST(xfs_grows_under_load),
    TEST(btrfs_grows_under_load),
    TEST(raw_block_grows_under_load),
  };
  return cmocka_run_group_tests_name("data_expand", tests, NULL, NULL);
}
