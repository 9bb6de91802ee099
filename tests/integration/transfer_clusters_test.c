/* A disk with data goes from a pod of one cluster to a pod of another, in another account: two configurations, two
 * controllers, two nodes, each with its own account's keys alone. What comes between is the handover file. */
#include "tests/harness/csi.h"
#include "tests/harness/evsctl.h"
#include "tests/integration/data_support.h"
#include "tests/integration/transfer_support.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

#define ALPHA_PV "pvc-alpha"
#define BETA_VOLUME "pvc-beta"
#define GONE "it was deleted, or handed over to another account"

enum {
  DATA_SEED = 7,
  DATA_CHUNKS = 64,
  SUPERBLOCK = 1024, /* of ext4, with these in it */
  MAKE_TIME_OFFSET = SUPERBLOCK + 0x108,
  UUID_OFFSET = SUPERBLOCK + 0x78,
  UUID_BYTES = 16,
};

typedef struct {
  Plugin *controller, *node;
  const char *config;
} Cluster;

/* What tells one making of a file system from another. */
typedef struct {
  guint8 uuid[UUID_BYTES];
  guint32 made_at;
} FileSystem;

typedef struct {
  Harness *harness;
  Accounts *accounts;
  Sim *sim;
  Cluster alpha, beta;
  CsiVolume *volume; /* alpha's */
  FileSystem fs;
  char *checksum; /* of the pod's file */
  char *directory, *file;
} World;

static Cluster start_cluster(const World *world, const char *config, const char *name, gsize server)
{
  const PluginOptions of_controller = {.cloud_config = config, .cluster_id = name};
  const PluginOptions of_node = {.server = server};
  return (Cluster){controller_start(world->harness, world->sim, &of_controller),
                   node_start(world->harness, world->sim, &of_node), config};
}

static char *data_file(const CsiVolume *volume)
{
  return g_build_filename(volume->target, "data", NULL);
}

static char *checksum_of(const char *path)
{
  g_autofree char *bytes = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(path, &bytes, &length, &error))
    fail_msg("%s", error->message);
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, length);
}

static FileSystem look_at_filesystem(const World *world)
{
  FileSystem found;
  g_autofree char *path = sim_disk_file(world->sim, world->volume->id);
  FILE *file = fopen(path, "rbe");
  assert_non_null(file);
  assert_int_equal(fseek(file, UUID_OFFSET, SEEK_SET), 0);
  assert_int_equal(fread(found.uuid, UUID_BYTES, 1, file), 1);
  assert_int_equal(fseek(file, MAKE_TIME_OFFSET, SEEK_SET), 0);
  assert_int_equal(fread(&found.made_at, sizeof found.made_at, 1, file), 1);
  fclose(file);
  assert_int_not_equal(found.made_at, 0);
  return found;
}

/* ---- alpha: a pod writes, and goes ---- */

static void use(CsiVolume *volume, const Cluster *cluster)
{
  csi_attach(volume, cluster->controller, cluster->node);
  csi_stage(volume, cluster->node);
  csi_publish(volume, cluster->node);
}

static void leave(CsiVolume *volume, const Cluster *cluster)
{
  csi_unpublish(volume, cluster->node);
  csi_unstage(volume, cluster->node);
  csi_detach(volume, cluster->controller, cluster->node);
}

static void write_data(World *world)
{
  world->volume =
    csi_create(world->harness, world->alpha.controller, ALPHA_PV, 10 * GIB, csi_mount("ext4", NULL));
  use(world->volume, &world->alpha);
  g_autofree char *path = data_file(world->volume);
  data_write(path, DATA_SEED, DATA_CHUNKS);
  world->checksum = checksum_of(path);
  leave(world->volume, &world->alpha);
  sim_wait_disk_status(world->sim, world->volume->id, "available");
  world->fs = look_at_filesystem(world);
}

static World begin(void **state)
{
  World world = {.harness = *state, .accounts = accounts_open(*state, NULL)};
  world.sim = world.accounts->sim;
  world.alpha = start_cluster(&world, world.accounts->alpha_config, "alpha-cluster", 0);
  world.beta = start_cluster(&world, world.accounts->beta_config, "beta-cluster", 1);
  write_data(&world);
  world.directory = harness_path(world.harness, "handover");
  assert_int_equal(g_mkdir_with_parents(world.directory, 0700), 0);
  world.file = g_strdup_printf("%s/evs-transfer-%s.json", world.directory, world.volume->id);
  return world;
}

static void end(World *world)
{
  accounts_close(world->accounts);
  g_free(world->checksum);
  g_free(world->directory);
  g_free(world->file);
}

/* The PV as `kubectl get pv -o json` of alpha's cluster would show it. */
static char *write_pv_list(const World *world)
{
  json_t *list =
    json_pack("{s:s, s:s, s:[{s:s, s:s, s:{s:s, s:{s:s}}, s:{s:{s:s}, s:[s], s:s, s:s, s:{s:s, s:s},"
              " s:{s:s, s:s, s:s}}}]}",
              "apiVersion", "v1", "kind", "List", "items", "apiVersion", "v1", "kind", "PersistentVolume",
              "metadata", "name", ALPHA_PV, "labels", "app", "shop", "spec", "capacity", "storage", "10Gi",
              "accessModes", "ReadWriteOnce", "persistentVolumeReclaimPolicy", "Retain", "volumeMode",
              "Filesystem", "claimRef", "namespace", "shop", "name", "data", "csi", "driver",
              "evs.csi.huaweicloud.com", "volumeHandle", world->volume->id, "fsType", "ext4");
  char *text = json_dumps(list, 0);
  char *path = harness_write_file(world->harness, "pvs.json", text);
  free(text);
  json_decref(list);
  return path;
}

static void offer(const World *world)
{
  g_autofree char *list = write_pv_list(world), *pvs = g_strconcat("--pv-list=", list, NULL);
  g_autofree char *directory = g_strconcat("--output-dir=", world->directory, NULL);
  g_auto(Evsctl) run = evsctl(world->harness, world->alpha.config, "transfer", "create", "--pv=" ALPHA_PV,
                              pvs, "--to=beta", directory, NULL);
  evsctl_assert_status(&run, 0);
  sim_wait_disk_status(world->sim, world->volume->id, "awaiting-transfer");
}

/* ---- beta ---- */

static void expect_no_alpha_key(const char *text, gsize length, const char *where)
{
  static const char *const keys[] = {"AKALPHA", "SKALPHA", ALPHA_PROJECT};
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    if (memmem(text, length, keys[i], strlen(keys[i])))
      fail_msg("%s has '%s'", where, keys[i]);
  }
}

static void expect_file_without_alpha_key(const char *path)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(path, &text, &length, &error))
    fail_msg("%s", error->message);
  expect_no_alpha_key(text, length, path);
}

/* Neither its configuration nor its processes have a key of alpha's, and it does not see alpha's disk. */
static void expect_beta_alone(const World *world)
{
  expect_file_without_alpha_key(world->beta.config);
  const Plugin *const plugins[] = {world->beta.controller, world->beta.node};
  static const char *const files[] = {"environ", "cmdline"};
  for (gsize i = 0; i < G_N_ELEMENTS(plugins); i++) {
    for (gsize j = 0; j < G_N_ELEMENTS(files); j++) {
      g_autofree char *path = g_strdup_printf("/proc/%d/%s", process_pid(plugins[i]->process), files[j]);
      expect_file_without_alpha_key(path);
    }
  }
  csi_expect_error(world->beta.controller, "ControllerGetVolume",
                   json_pack("{s:s}", "volume_id", world->volume->id), EVS_CODE_NOT_FOUND, GONE);
}

/* The disk of the PV that `transfer accept --emit-pv` wrote, as the CO hands it to the driver. */
static CsiVolume *take_over(const World *world)
{
  g_auto(Evsctl) run = evsctl(world->harness, world->beta.config, "transfer", "accept", world->file,
                              "--cluster-id=beta-cluster", "--emit-pv", "-o", "json", NULL);
  evsctl_assert_status(&run, 0);
  json_t *list = json_loads(run.out, 0, NULL);
  const json_t *pv = json_array_get(json_object_get(list, "items"), 0);
  const json_t *spec = json_object_get(pv, "spec"), *source = json_object_get(spec, "csi");
  const char *reclaim = json_string_value(json_object_get(spec, "persistentVolumeReclaimPolicy"));
  assert_string_equal(reclaim, "Retain");
  assert_string_equal(json_string_value(json_object_get(source, "driver")), "evs.csi.huaweicloud.com");
  const char *fs_type = json_string_value(json_object_get(source, "fsType"));
  assert_string_equal(fs_type, "ext4");
  CsiVolume *volume = csi_static(world->harness, json_string_value(json_object_get(source, "volumeHandle")),
                                 csi_mount(fs_type, NULL), json_object_get(source, "volumeAttributes"));
  json_decref(list);
  return volume;
}

/* A pod of beta's cluster finds the data, on the file system that alpha's node made. */
static void expect_data(const World *world, CsiVolume *volume)
{
  assert_string_equal(volume->id, world->volume->id);
  use(volume, &world->beta);
  assert_string_equal(json_string_value(json_object_get(volume->publish_context, "blank")), "false");
  g_autofree char *path = data_file(volume), *checksum = checksum_of(path);
  assert_string_equal(checksum, world->checksum);
  data_assert(path, DATA_SEED, DATA_CHUNKS);
  g_autofree char *another = g_build_filename(volume->target, "betas", NULL);
  data_write(another, DATA_SEED + 1, 1);
  leave(volume, &world->beta);
  FileSystem now = look_at_filesystem(world);
  assert_memory_equal(now.uuid, world->fs.uuid, UUID_BYTES);
  assert_int_equal(now.made_at, world->fs.made_at);
}

static void delete_as_beta(const World *world, CsiVolume *volume)
{
  csi_delete(volume, world->beta.controller);
  sim_wait_disk_status(world->sim, volume->id, "gone");
}

/* ---- */

static void a_disk_goes_from_pv_to_static_pv(void **state)
{
  World world = begin(state);
  expect_beta_alone(&world);
  offer(&world);
  csi_expect_error(world.alpha.controller, "ControllerPublishVolume",
                   csi_attach_request(world.volume, world.alpha.node), EVS_CODE_FAILED_PRECONDITION,
                   "it is offered to another project (status 'awaiting-transfer')");
  sim_reset_calls(world.sim);
  CsiVolume *taken = take_over(&world);
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 1);
  expect_data(&world, taken);
  delete_as_beta(&world, taken);
  end(&world);
}

static void a_disk_goes_from_pv_to_claim(void **state)
{
  World world = begin(state);
  offer(&world);
  sim_reset_calls(world.sim);
  g_autofree char *handover = NULL;
  assert_true(g_file_get_contents(world.file, &handover, NULL, NULL));
  json_t *request = csi_create_request(BETA_VOLUME, 10 * GIB, csi_mount("ext4", NULL));
  json_object_set_new(request, "parameters", json_pack("{s:s}", "transfer", "true"));
  json_object_set_new(request, "secrets", json_pack("{s:s}", "handover", handover));
  CsiVolume *volume = csi_create_by(world.harness, world.beta.controller, request);
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 1);
  assert_int_equal(sim_calls(world.sim, "6.1.1"), 0);
  expect_data(&world, volume);
  delete_as_beta(&world, volume);
  end(&world);
}

/* Alpha's cluster still has its PV, which is to be let go; nothing it does reaches the disk. */
static void the_sender_lets_go(void **state)
{
  World world = begin(state);
  offer(&world);
  CsiVolume *taken = take_over(&world);
  const char *id = world.volume->id;
  csi_unpublish(world.volume, world.alpha.node);
  csi_unstage(world.volume, world.alpha.node);
  csi_detach(world.volume, world.alpha.controller, world.alpha.node);
  const struct {
    const char *method;
    json_t *request;
  } refused[] = {
    {"ControllerPublishVolume", csi_attach_request(world.volume, world.alpha.node)},
    {"ControllerExpandVolume", json_pack("{s:s, s:{s:I}}", "volume_id", id, "capacity_range",
                                         "required_bytes", (json_int_t)(20 * GIB))},
    {"CreateSnapshot", json_pack("{s:s, s:s}", "name", "snap-1", "source_volume_id", id)},
    {"ControllerGetVolume", json_pack("{s:s}", "volume_id", id)},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
    csi_expect_error(world.alpha.controller, refused[i].method, refused[i].request, EVS_CODE_NOT_FOUND, GONE);
  csi_delete(world.volume, world.alpha.controller);
  g_free(accounts_expect_disk(world.accounts, id, "beta", "available", "x"));
  expect_data(&world, taken);
  end(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_disk_goes_from_pv_to_static_pv),
    TEST(a_disk_goes_from_pv_to_claim),
    TEST(the_sender_lets_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
