/* One volume's whole life over all real parts: what was written is on the disk's file after everything is undone. */
#include "tests/harness/csi.h"

#include "base/text.h"

enum { PATTERN_BYTES = 3 << 20, MAX_PATTERN = PATTERN_BYTES + 1 };

/* The same bytes in every run, and no block like another. */
static char *make_pattern(void)
{
  guint32 *words = g_malloc(PATTERN_BYTES);
  guint32 value = 0x9e3779b9;
  for (gsize i = 0; i < PATTERN_BYTES / sizeof *words; i++) {
    value = value * 1664525 + 1013904223;
    words[i] = value;
  }
  return (char *)words;
}

static void assert_file_is(const char *path, const char *pattern)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  g_autoptr(GError) error = NULL;
  if (!text_read_file(path, MAX_PATTERN, &text, &length, &error))
    fail_msg("%s", error->message);
  assert_int_equal(length, PATTERN_BYTES);
  assert_memory_equal(text, pattern, PATTERN_BYTES);
}

static void write_pattern(const CsiVolume *volume, const char *pattern)
{
  g_autofree char *path = g_build_filename(volume->target, "data", NULL);
  g_autoptr(GError) error = NULL;
  if (!g_file_set_contents_full(path, pattern, PATTERN_BYTES, G_FILE_SET_CONTENTS_DURABLE, 0600, &error))
    fail_msg("%s", error->message);
  assert_file_is(path, pattern);
}

/* Out of the unmounted disk's file, by e2fsprogs' own reader. */
static void assert_image_holds(Harness *harness, const Sim *sim, const CsiVolume *volume, const char *pattern)
{
  g_autofree char *image = sim_disk_file(sim, volume->id);
  g_autofree char *out = harness_path(harness, "read-back");
  g_autofree char *command = g_strdup_printf("dump /data %s", out);
  Process *debugfs = process_start_list(harness, "debugfs", "-R", command, image, NULL);
  assert_int_equal(process_wait_exit(debugfs, HARNESS_WAIT_MS), 0);
  assert_file_is(out, pattern);
}

static void assert_nothing_left(const Sim *sim, const CsiVolume *volume)
{
  g_autofree char *image = sim_disk_file(sim, volume->id);
  assert_false(g_file_test(image, G_FILE_TEST_EXISTS));
  assert_int_equal(sim_disk_count(sim), 0);
  assert_int_equal(sim_loops(sim), 0);
  assert_false(g_file_test(volume->target, G_FILE_TEST_EXISTS));
}

static void what_is_written_survives_to_the_disks_file(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  Plugin *node = node_start(harness, sim, &(PluginOptions){.ask_metadata = TRUE});
  g_autofree char *pattern = make_pattern();

  CsiVolume *volume = csi_create(harness, controller, "pvc-life", 10 * GIB, csi_mount("ext4", "noatime"));
  assert_int_equal(volume->capacity, 10 * GIB);
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  csi_attach(volume, controller, node);
  assert_int_equal(sim_loops(sim), 1);
  csi_stage(volume, node);
  csi_publish(volume, node);
  write_pattern(volume, pattern);
  json_t *stats = csi_call(node, "NodeGetVolumeStats", NULL, "{s:s, s:s}", "volume_id", volume->id,
                           "volume_path", volume->target);
  json_t *bytes = json_array_get(json_object_get(stats, "usage"), 0);
  assert_true(json_integer_value(json_object_get(bytes, "used")) >= PATTERN_BYTES);
  json_decref(stats);

  csi_unpublish(volume, node);
  csi_unstage(volume, node);
  csi_detach(volume, controller, node);
  sim_wait_disk_status(sim, volume->id, "available");
  assert_int_equal(sim_loops(sim), 0);
  assert_image_holds(harness, sim, volume, pattern);

  csi_delete(volume, controller);
  assert_nothing_left(sim, volume);
  assert_int_equal(sim_calls(sim, "6.1.1"), 1);
  assert_int_equal(sim_calls(sim, "6.1.6"), 1);
}

/* Another server of the zone gets the disk with its data, not a new file system. */
static void data_moves_to_another_server(void **state)
{
  Harness *harness = *state;
  Sim *sim = sim_start(harness, NULL);
  Plugin *controller = controller_start(harness, sim, NULL);
  Plugin *first = node_start(harness, sim, NULL);
  Plugin *second = node_start(harness, sim, &(PluginOptions){.server = 1});
  g_autofree char *pattern = make_pattern();

  CsiVolume *volume = csi_create(harness, controller, "pvc-move", 10 * GIB, csi_mount("ext4", NULL));
  csi_attach(volume, controller, first);
  csi_stage(volume, first);
  csi_publish(volume, first);
  write_pattern(volume, pattern);
  csi_unpublish(volume, first);
  csi_unstage(volume, first);
  csi_detach(volume, controller, first);

  csi_attach(volume, controller, second);
  csi_stage(volume, second);
  csi_publish(volume, second);
  g_autofree char *path = g_build_filename(volume->target, "data", NULL);
  assert_file_is(path, pattern);
  csi_unpublish(volume, second);
  csi_unstage(volume, second);
  csi_detach(volume, controller, second);
  csi_delete(volume, controller);
  assert_nothing_left(sim, volume);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_written_survives_to_the_disks_file, harness_setup,
                                    harness_teardown),
    cmocka_unit_test_setup_teardown(data_moves_to_another_server, harness_setup, harness_teardown),
  };
  return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
