/* evsctl transfer create and accept between two accounts: what is checked, what is written, what comes out. */
#include "tests/harness/evsctl.h"
#include "tests/integration/transfer_support.h"

#include <sys/stat.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

typedef struct {
  Accounts *accounts;
  Harness *harness;
  char *disk, *directory, *file;
} World;

static char *file_of(const World *world, const char *disk)
{
  return g_strdup_printf("%s/evs-transfer-%s.json", world->directory, disk);
}

static World begin(void **state)
{
  World world = {.accounts = accounts_open(*state, NULL), .harness = *state};
  world.disk = accounts_make_disk(world.accounts, accounts_marks("alpha-cluster", "pvc-alpha"));
  world.directory = harness_path(world.harness, "out");
  assert_int_equal(g_mkdir_with_parents(world.directory, 0700), 0);
  world.file = file_of(&world, world.disk);
  sim_reset_calls(world.accounts->sim);
  return world;
}

static void end(World *world)
{
  accounts_close(world->accounts);
  g_free(world->disk);
  g_free(world->directory);
  g_free(world->file);
}

/* line: words separated by blanks. */
static Evsctl as(const World *world, const char *config, const char *line, ...) G_GNUC_PRINTF(3, 4);

static Evsctl as(const World *world, const char *config, const char *line, ...)
{
  va_list list;
  va_start(list, line);
  g_autofree char *text = g_strdup_vprintf(line, list);
  va_end(list);
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  g_autoptr(GPtrArray) arguments = g_ptr_array_new();
  for (char **word = words; *word; word++)
    g_ptr_array_add(arguments, *word);
  return evsctl_with(world->harness, config, arguments);
}

#define alpha(world, ...) as((world), (world)->accounts->alpha_config, __VA_ARGS__)
#define beta(world, ...) as((world), (world)->accounts->beta_config, __VA_ARGS__)

static json_t *read_json(const char *path)
{
  json_error_t error;
  json_t *value = json_load_file(path, 0, &error);
  if (!value)
    fail_msg("%s: %s", path, error.text);
  return value;
}

static const char *text_of(const json_t *object, const char *key)
{
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

static void expect_no_key(const Evsctl *run, const char *key)
{
  if (strstr(run->out, key) || strstr(run->err, key))
    fail_msg("the key is shown: %s%s", run->out, run->err);
}

static void a_disk_goes_from_file_to_manifest(void **state)
{
  World world = begin(state);
  g_auto(Evsctl) created = alpha(&world, "transfer create %s --to=team-b --output-dir=%s --fs-type=xfs -v",
                                 world.disk, world.directory);
  evsctl_assert_status(&created, 0);
  struct stat found;
  assert_int_equal(stat(world.file, &found), 0);
  assert_int_equal(found.st_mode & 07777, 0600);
  json_t *file = read_json(world.file);
  assert_string_equal(text_of(file, "volume_id"), world.disk);
  assert_string_equal(text_of(file, "to"), "team-b");
  assert_string_equal(text_of(file, "pv_name"), "pvc-alpha");
  g_autofree char *key = g_strdup(text_of(file, "auth_key"));
  assert_string_not_equal(key, "");
  json_decref(file);
  expect_no_key(&created, key);
  g_auto(Evsctl) dry = beta(&world, "transfer accept %s --dry-run --emit-pv", world.file);
  evsctl_assert_status(&dry, 0);
  assert_non_null(strstr(dry.out, "would be accepted"));
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 0);
  g_auto(Evsctl) accepted = beta(
    &world, "transfer accept %s --cluster-id=beta --emit-pv --storage-class=fast -v -o json", world.file);
  evsctl_assert_status(&accepted, 0);
  expect_no_key(&accepted, key);
  g_autofree char *owner =
    accounts_expect_disk(world.accounts, world.disk, "beta", "available", "evs.csi.huaweicloud.com/cluster");
  assert_string_equal(owner, "beta");
  json_t *list = json_loads(accepted.out, 0, NULL);
  const json_t *items = json_object_get(list, "items");
  assert_int_equal(json_array_size(items), 2);
  const json_t *pv = json_array_get(items, 0), *claim = json_array_get(items, 1);
  json_t *wanted_pv = json_pack(
    "{s:{s:s}, s:[s], s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:{s:[{s:[{s:s, s:s, s:[s]}]}]}},"
    " s:{s:s, s:s, s:s, s:s}}",
    "capacity", "storage", "10Gi", "accessModes", "ReadWriteOnce", "persistentVolumeReclaimPolicy", "Retain",
    "storageClassName", "fast", "volumeMode", "Filesystem", "csi", "driver", "evs.csi.huaweicloud.com",
    "volumeHandle", world.disk, "fsType", "xfs", "nodeAffinity", "required", "nodeSelectorTerms",
    "matchExpressions", "key", "topology.evs.csi.huaweicloud.com/zone", "operator", "In", "values", "sim-1a",
    "claimRef", "apiVersion", "v1", "kind", "PersistentVolumeClaim", "namespace", "default", "name",
    "pvc-alpha");
  json_t *wanted_claim = json_pack("{s:[s], s:{s:{s:s}}, s:s, s:s, s:s}", "accessModes", "ReadWriteOnce",
                                   "resources", "requests", "storage", "10Gi", "storageClassName", "fast",
                                   "volumeMode", "Filesystem", "volumeName", "pvc-alpha");
  if (!json_equal(json_object_get(pv, "spec"), wanted_pv) ||
      !json_equal(json_object_get(claim, "spec"), wanted_claim))
    fail_msg("%s", accepted.out);
  json_decref(wanted_pv);
  json_decref(wanted_claim);
  json_decref(list);
  end(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_disk_goes_from_file_to_manifest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
