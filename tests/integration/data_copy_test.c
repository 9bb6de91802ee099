/* What snapshots, restored and cloned volumes hold: all parts together, on ext4, xfs and btrfs. The original stays
 * mounted and goes on changing while its copy is used on the same node. */
#include "tests/integration/data_support.h"

enum { CHUNKS = 48 };

/* Seeds: what was there when the copy was made, and what came later. */
enum { EARLY = 1, LATE, COPYS_OWN };

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller, *node;
} Stand;

static Stand stand_new(void **state)
{
  Stand stand = {.harness = *state, .sim = sim_start(*state, NULL)};
  stand.controller = controller_start(stand.harness, stand.sim, NULL);
  stand.node = node_start(stand.harness, stand.sim, NULL);
  return stand;
}

static void put_up(const Stand *stand, CsiVolume *volume)
{
  csi_attach(volume, stand->controller, stand->node);
  csi_stage(volume, stand->node);
  csi_publish(volume, stand->node);
}

static void take_down(const Stand *stand, CsiVolume *volume)
{
  csi_unpublish(volume, stand->node);
  csi_unstage(volume, stand->node);
  csi_detach(volume, stand->controller, stand->node);
  sim_wait_disk_status(stand->sim, volume->id, "available");
}

static char *file_of(const CsiVolume *volume)
{
  return g_build_filename(volume->target, "data", NULL);
}

static gint64 bytes_total(const Stand *stand, const CsiVolume *volume)
{
  json_t *stats = csi_call(stand->node, "NodeGetVolumeStats", NULL, "{s:s, s:s}", "volume_id", volume->id,
                           "volume_path", volume->target);
  gint64 total =
    json_integer_value(json_object_get(json_array_get(json_object_get(stats, "usage"), 0), "total"));
  json_decref(stats);
  return total;
}

static void assert_image(const Stand *stand, const CsiVolume *volume, const char *name, guint32 seed)
{
  g_autofree char *look = data_look_inside(stand->harness, stand->sim, volume);
  g_autofree char *path = g_build_filename(look, name, NULL);
  data_assert(path, seed, CHUNKS);
  data_look_away(stand->harness, look);
}

static gsize snapshots(const Stand *stand)
{
  json_t *state = sim_get(stand->sim, "/_sim/state");
  gsize count = json_array_size(json_object_get(state, "snapshots"));
  json_decref(state);
  return count;
}

/* The copy shows the early data and, twice as large, all its room; what is written to one is not seen in the other;
 * and that is what the disks' files hold. */
static void check_copy(const Stand *stand, CsiVolume *original, CsiVolume *copy)
{
  g_autofree char *late = file_of(original);
  put_up(stand, copy);
  g_autofree char *early = file_of(copy);
  g_autofree char *own = g_build_filename(copy->target, "own", NULL);
  data_assert(early, EARLY, CHUNKS);
  data_assert(late, LATE, CHUNKS);
  assert_in_range(bytes_total(stand, copy), 19 * GIB, 20 * GIB);
  data_write(own, COPYS_OWN, CHUNKS);
  take_down(stand, copy);
  data_assert(late, LATE, CHUNKS);
  take_down(stand, original);
  assert_image(stand, original, "data", LATE);
  assert_image(stand, copy, "data", EARLY);
  assert_image(stand, copy, "own", COPYS_OWN);
}

static void remove_all(const Stand *stand, CsiVolume *original, CsiVolume *copy)
{
  csi_delete(copy, stand->controller);
  csi_delete(original, stand->controller);
  assert_int_equal(sim_disk_count(stand->sim), 0);
  assert_int_equal(snapshots(stand), 0);
  assert_int_equal(sim_loops(stand->sim), 0);
}

static CsiVolume *create_copy(const Stand *stand, const char *name, const CsiVolume *original, json_t *source)
{
  json_t *request = csi_create_request(name, 20 * GIB, json_incref(original->capability));
  json_object_set_new(request, "volume_content_source", source);
  CsiVolume *copy = csi_create_by(stand->harness, stand->controller, request);
  assert_int_equal(copy->capacity, 20 * GIB);
  return copy;
}

typedef struct {
  const Stand *stand;
  const CsiVolume *original;
  char *id;
} Snapshot;

/* As the snapshotter: asks again until the snapshot is ready. */
static gboolean is_ready(void *data)
{
  Snapshot *snapshot = data;
  json_t *reply = csi_call(snapshot->stand->controller, "CreateSnapshot", NULL, "{s:s, s:s}", "name", "snap",
                           "source_volume_id", snapshot->original->id);
  json_t *row = json_object_get(reply, "snapshot");
  const char *id = json_string_value(json_object_get(row, "snapshot_id"));
  gboolean ready = json_is_true(json_object_get(row, "ready_to_use"));
  assert_non_null(id);
  if (!snapshot->id)
    snapshot->id = g_strdup(id);
  assert_string_equal(snapshot->id, id);
  json_decref(reply);
  return ready;
}

static char *take_snapshot(const Stand *stand, const CsiVolume *original)
{
  Snapshot snapshot = {.stand = stand, .original = original};
  assert_true(wait_until(is_ready, &snapshot, HARNESS_WAIT_MS));
  assert_int_equal(snapshots(stand), 1);
  return snapshot.id;
}

static void delete_snapshot(const Stand *stand, const char *id)
{
  json_decref(csi_call(stand->controller, "DeleteSnapshot", NULL, "{s:s}", "snapshot_id", id));
}

static gboolean no_snapshot(void *data)
{
  return snapshots(data) == 0;
}

static void restores(void **state, const char *fs_type)
{
  Stand stand = stand_new(state);
  CsiVolume *original =
    csi_create(stand.harness, stand.controller, "original", 10 * GIB, csi_mount(fs_type, NULL));
  put_up(&stand, original);
  g_autofree char *path = file_of(original);
  data_write(path, EARLY, CHUNKS);
  g_autofree char *id = take_snapshot(&stand, original);
  data_write(path, LATE, CHUNKS);

  CsiVolume *copy =
    create_copy(&stand, "restored", original, json_pack("{s:{s:s}}", "snapshot", "snapshot_id", id));
  check_copy(&stand, original, copy);
  assert_int_equal(snapshots(&stand), 1);
  delete_snapshot(&stand, id);
  remove_all(&stand, original, copy);
}

static void clones(void **state, const char *fs_type)
{
  Stand stand = stand_new(state);
  CsiVolume *original =
    csi_create(stand.harness, stand.controller, "original", 10 * GIB, csi_mount(fs_type, NULL));
  put_up(&stand, original);
  g_autofree char *path = file_of(original);
  data_write(path, EARLY, CHUNKS);
  CsiVolume *copy =
    create_copy(&stand, "clone", original, json_pack("{s:{s:s}}", "volume", "volume_id", original->id));
  assert_true(wait_until(no_snapshot, &stand, HARNESS_WAIT_MS));
  data_write(path, LATE, CHUNKS);
  check_copy(&stand, original, copy);
  remove_all(&stand, original, copy);
}

#define BOTH(fs_type)                                                                                        \
  static void fs_type##_is_restored(void **state)                                                            \
  {                                                                                                          \
    restores(state, #fs_type);                                                                               \
  }                                                                                                          \
  static void fs_type##_is_cloned(void **state)                                                              \
  {                                                                                                          \
    clones(state, #fs_type);                                                                                 \
  }
BOTH(ext4)
BOTH(xfs)
BOTH(btrfs)

/* The bytes of a raw block volume, read through the node's device and from the disk's file. */
static void a_raw_block_volume_is_restored(void **state)
{
  Stand stand = stand_new(state);
  CsiVolume *original = csi_create(stand.harness, stand.controller, "original", 10 * GIB, csi_block());
  put_up(&stand, original);
  data_write(original->target, EARLY, CHUNKS);
  g_autofree char *id = take_snapshot(&stand, original);
  data_write(original->target, LATE, CHUNKS);
  CsiVolume *copy =
    create_copy(&stand, "restored", original, json_pack("{s:{s:s}}", "snapshot", "snapshot_id", id));
  put_up(&stand, copy);
  data_assert(copy->target, EARLY, CHUNKS);
  take_down(&stand, copy);
  take_down(&stand, original);
  g_autofree char *early = sim_disk_file(stand.sim, copy->id), *late = sim_disk_file(stand.sim, original->id);
  data_assert(early, EARLY, CHUNKS);
  data_assert(late, LATE, CHUNKS);
  delete_snapshot(&stand, id);
  remove_all(&stand, original, copy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(ext4_is_restored),
    TEST(xfs_is_restored),
    TEST(btrfs_is_restored),
    TEST(ext4_is_cloned),
    TEST(xfs_is_cloned),
    TEST(btrfs_is_cloned),
    TEST(a_raw_block_volume_is_restored),
  };
  return cmocka_run_group_tests_name("data_copy", tests, NULL, NULL);
}
