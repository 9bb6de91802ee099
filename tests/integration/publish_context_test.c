/* What crosses from one version to another (docs/upgrade.md): the contexts of tests/data/publish-context, of each release and of
 * the driver that this one replaces, serve a newer node; an older node is served by a newer controller, whose new keys it ignores;
 * and the node goes on with what another plugin has mounted. */
#include "tests/integration/data_support.h"

#include "base/text.h"

#define OWN_RELEASE_BEGINS "0."

enum { FILE_MAX = 4096, CHUNKS = 3, SCSI_SERVER = 4, LEAST_FILES = 2 };

typedef struct {
  Harness *harness;
  Sim *sim;
  Plugin *controller, *node;
} World;

static World begin(void **state, gsize server)
{
  World world = {.harness = *state, .sim = sim_start(*state, NULL)};
  world.controller = controller_start(*state, world.sim, NULL);
  world.node = node_start(*state, world.sim, &(PluginOptions){.server = server});
  return world;
}

/* A volume of that bus, attached. */
static CsiVolume *attached(const World *world, const char *name, const char *bus)
{
  json_t *request = csi_create_request(name, 10 * GIB, csi_mount("ext4", NULL));
  if (g_str_equal(bus, "scsi"))
    json_object_set_new(request, "parameters", json_pack("{s:s}", "scsi", "true"));
  CsiVolume *volume = csi_create_by(world->harness, world->controller, request);
  csi_attach(volume, world->controller, world->node);
  return volume;
}

/* One file with the disk's own values in place, and `extra` added; its keys are the file's. */
static json_t *read_context(const char *path, const CsiVolume *volume, gboolean with_later_keys)
{
  g_autofree char *text = NULL;
  assert_true(text_read_file(path, FILE_MAX, &text, NULL, NULL));
  json_t *file = json_loads(text, 0, NULL), *context = json_object();
  assert_non_null(file);
  static const char *const places[] = {"serial", "wwn", "size-bytes"};
  static const char *const marks[] = {"<serial>", "<wwn>", "<size>"};
  const char *key;
  json_t *value;
  json_object_foreach(file, key, value)
  {
    json_t *own = value;
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
      if (g_str_equal(json_string_value(value), marks[i]))
        own = json_object_get(volume->publish_context, places[i]);
    }
    assert_non_null(own);
    json_object_set(context, key, own);
  }
  if (with_later_keys) {
    json_object_set_new(context, "key-of-a-later-version", json_string("anything"));
    json_object_set_new(context, "zone", json_string(""));
  }
  json_decref(file);
  return context;
}

/* Paths of the files for a bus. */
static GPtrArray *files_for(const char *bus)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *ending = g_strdup_printf("-%s.json", bus);
  g_autoptr(GDir) dir = g_dir_open(EVS_CONTEXTS, 0, NULL);
  assert_non_null(dir);
  for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
    if (g_str_has_suffix(name, ending))
      g_ptr_array_add(paths, g_build_filename(EVS_CONTEXTS, name, NULL));
  }
  return paths;
}

static gboolean is_own_release(const char *path)
{
  g_autofree char *name = g_path_get_basename(path);
  return g_str_has_prefix(name, OWN_RELEASE_BEGINS);
}

/* Every key of a release is still written, and every key that is written stands in a file. */
static void compare_keys(const CsiVolume *volume, const GPtrArray *files)
{
  json_t *known = json_object();
  const char *key;
  json_t *value;
  for (guint i = 0; i < files->len; i++) {
    if (!is_own_release(files->pdata[i]))
      continue;
    json_t *context = read_context(files->pdata[i], volume, FALSE);
    json_object_foreach(context, key, value)
    {
      if (!json_object_get(volume->publish_context, key))
        fail_msg("the controller writes '%s' no more, which nodes of %s need", key, (char *)files->pdata[i]);
    }
    json_object_update(known, context);
    json_decref(context);
  }
  json_object_foreach(volume->publish_context, key, value)
  {
    if (!json_object_get(known, key))
      fail_msg("the controller writes the new key '%s': add a file to tests/data/publish-context", key);
  }
  json_decref(known);
}

/* Stage, publish, read what is there, and all the way back. */
static void use_once(const World *world, CsiVolume *volume, json_t *context)
{
  json_decref(volume->publish_context);
  volume->publish_context = context;
  csi_stage(volume, world->node);
  csi_publish(volume, world->node);
  g_autofree char *file = g_build_filename(volume->target, "data", NULL);
  data_assert(file, 1, CHUNKS);
  csi_unpublish(volume, world->node);
  csi_unstage(volume, world->node);
}

/* The first use, by the context as the controller writes it now, formats. */
static void write_data(const World *world, CsiVolume *volume)
{
  csi_stage(volume, world->node);
  csi_publish(volume, world->node);
  g_autofree char *file = g_build_filename(volume->target, "data", NULL);
  data_write(file, 1, CHUNKS);
  csi_unpublish(volume, world->node);
  csi_unstage(volume, world->node);
}

static void all_contexts_serve(void **state, const char *bus, gsize server)
{
  World world = begin(state, server);
  CsiVolume *volume = attached(&world, "pvc-1", bus);
  json_t *now = json_incref(volume->publish_context);
  g_autoptr(GPtrArray) files = files_for(bus);
  assert_true(files->len > 0);
  compare_keys(volume, files);
  write_data(&world, volume);
  for (guint i = 0; i < files->len; i++) {
    json_decref(volume->publish_context);
    volume->publish_context = json_incref(now);
    json_t *older = read_context(files->pdata[i], volume, FALSE),
           *later = read_context(files->pdata[i], volume, TRUE);
    use_once(&world, volume, older);
    use_once(&world, volume, later);
  }
  json_decref(now);
  csi_detach(volume, world.controller, world.node);
  csi_delete(volume, world.controller);
}

static void contexts_of_all_versions_serve_virtio_disks(void **state)
{
  all_contexts_serve(state, "virtio", 0);
}

static void contexts_of_all_versions_serve_scsi_disks(void **state)
{
  all_contexts_serve(state, "scsi", SCSI_SERVER);
}

/* A release's context makes a file system on a new disk; the other driver's never does. */
static void only_own_contexts_format(void **state)
{
  World world = begin(state, 0);
  g_autoptr(GPtrArray) files = files_for("virtio");
  assert_true(files->len >= LEAST_FILES);
  for (guint i = 0; i < files->len; i++) {
    g_autofree char *name = g_strdup_printf("pvc-new-%u", i);
    CsiVolume *volume = attached(&world, name, "virtio");
    json_t *context = read_context(files->pdata[i], volume, FALSE);
    json_decref(volume->publish_context);
    volume->publish_context = context;
    if (is_own_release(files->pdata[i])) {
      csi_stage(volume, world.node);
      csi_unstage(volume, world.node);
    } else {
      csi_expect_error(world.node, "NodeStageVolume", csi_stage_request(volume, world.node),
                       EVS_CODE_FAILED_PRECONDITION, "it is not known to be a new disk: not formatting");
    }
  }
}

/* The device of the one disk that the server shows beside its system disk. */
static char *device_of(const World *world)
{
  json_t *server = sim_server(world->sim, 0);
  char *device = g_build_filename(json_string_value(json_object_get(server, "dev_dir")), "vdb", NULL);
  json_decref(server);
  assert_true(g_file_test(device, G_FILE_TEST_EXISTS));
  return device;
}

/* Another plugin (an older one, or huaweicloud-csi-driver) has staged and published the volume, then this one took its place:
 * it publishes for a second pod, and takes all mounts back. */
static void mounts_of_another_plugin_are_taken_over(void **state)
{
  World world = begin(state, 0);
  CsiVolume *volume = attached(&world, "pvc-1", "virtio");
  write_data(&world, volume);
  g_autofree char *device = device_of(&world), *first = g_strdup(volume->target);
  g_autofree char *second = g_strconcat(first, "-2", NULL);
  assert_int_equal(g_mkdir_with_parents(first, 0750), 0);
  data_run(world.harness, "mount", "-t", "ext4", device, volume->staging, NULL);
  data_run(world.harness, "mount", "--bind", volume->staging, first, NULL);

  json_decref(volume->publish_context);
  volume->publish_context = json_pack("{s:s}", "DevicePath", "/dev/vdb");
  csi_stage(volume, world.node); /* the kubelet asks again after its own restart */
  csi_publish(volume, world.node);
  g_free(volume->target);
  volume->target = g_strdup(second);
  csi_publish(volume, world.node);
  g_autofree char *file = g_build_filename(second, "data", NULL);
  data_assert(file, 1, CHUNKS);
  csi_unpublish(volume, world.node);
  g_free(volume->target);
  volume->target = g_strdup(first);
  csi_unpublish(volume, world.node);
  csi_unstage(volume, world.node);
  csi_detach(volume, world.controller, world.node);
  csi_delete(volume, world.controller);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
  const struct CMUnitTest tests[] = {
    test(contexts_of_all_versions_serve_virtio_disks),
    test(contexts_of_all_versions_serve_scsi_disks),
    test(only_own_contexts_format),
    test(mounts_of_another_plugin_are_taken_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
