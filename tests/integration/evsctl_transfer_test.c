/* evsctl transfer create and accept between two accounts: what is checked, what is written, what comes out. */
#include "tests/integration/evsctl_transfer_support.h"
#include "tests/integration/operator_support.h"

#include <sys/stat.h>

static void a_disk_goes_from_file_to_manifest(void **state)
{
  World world = world_begin(state);
  g_auto(Evsctl) created = alpha(&world, "transfer create %s --to=team-b --output-dir=%s --fs-type=xfs -v",
                                 world.disk, world.directory);
  evsctl_assert_status(&created, 0);
  struct stat found;
  assert_int_equal(stat(world.file, &found), 0);
  assert_int_equal(found.st_mode & 07777, 0600);
  json_t *file = json_file(world.file);
  assert_string_equal(json_text(file, "volume_id"), world.disk);
  assert_string_equal(json_text(file, "to"), "team-b");
  assert_string_equal(json_text(file, "pv_name"), "pvc-alpha");
  g_autofree char *key = g_strdup(json_text(file, "auth_key"));
  assert_string_not_equal(key, "");
  json_decref(file);
  expect_no_text(&created, key);
  g_auto(Evsctl) dry = beta(&world, "transfer accept %s --dry-run --emit-pv", world.file);
  evsctl_assert_status(&dry, 0);
  assert_non_null(strstr(dry.out, "would be accepted"));
  assert_int_equal(sim_calls(world.accounts->sim, "7.4.2"), 0);
  g_auto(Evsctl) accepted = beta(
    &world, "transfer accept %s --cluster-id=beta --emit-pv --storage-class=fast -v -o json", world.file);
  evsctl_assert_status(&accepted, 0);
  expect_no_text(&accepted, key);
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
  world_end(&world);
}

/* ---- what may not go ---- */

typedef struct {
  const char *change; /* of the simulator's disk, quotes as '; NULL: a snapshot is taken */
  const char *complaint, *remedy;
} Violation;

static const Violation violations[] = {
  {"{'status':'error'}", "has status 'error'; only 'available' disks can go",
   "see to the disk in the console"},
  {"{'status':'extending'}", "has status 'extending'", "wait until the operation on it has ended"},
  {"{'metadata':{'orderID':'CS1'}}", "is paid by the year or month (order 'CS1')", "make it pay-per-use"},
  {"{'metadata':{'__system__encrypted':'1'}}", "is encrypted",
   "copy its data to a disk that is not encrypted"},
  {"{'bootable':true}", "is a system disk (bootable)", "copy its data to a data disk"},
  {"{'service_type':'DSS'}", "is on dedicated storage (DSS", "copy its data to a disk on shared storage"},
  {"{'status':'awaiting-transfer'}", "is being taken over by another project", "wait until that has ended"},
  {NULL, "has 1 snapshot: '", "delete them: kubectl delete volumesnapshot"},
};

/* All of it is told at once, nothing is created, and one good disk among them does not go either. */
static void each_violation_is_told_and_nothing_is_created(void **state)
{
  World world = world_begin(state);
  g_autoptr(GString) line = g_string_new("transfer create ");
  g_string_append(line, world.disk);
  for (gsize i = 0; i < G_N_ELEMENTS(violations); i++) {
    g_autofree char *disk = world_disk(&world);
    g_string_append_printf(line, " %s", disk);
    if (violations[i].change) {
      sim_set_disk(world.sim, disk, violations[i].change);
      continue;
    }
    g_auto(Evsctl) snapshot = alpha(&world, "snapshot create %s --name=s", disk);
    evsctl_assert_status(&snapshot, 0);
  }
  sim_reset_calls(world.sim);
  g_auto(Evsctl) run = alpha(&world, "%s nobodys-disk --output-dir=%s", line->str, world.directory);
  for (gsize i = 0; i < G_N_ELEMENTS(violations); i++) {
    expect(&run, 1, violations[i].complaint);
    expect(&run, 1, violations[i].remedy);
  }
  expect(&run, 1, "no disk of the project is called 'nobodys-disk'");
  expect(&run, 1, "9 problems with 9 of 10 disks: nothing was created");
  assert_int_equal(sim_calls(world.sim, "7.4.1"), 0);
  assert_int_equal(sim_transfers(world.sim, world.disk, NULL), 0);
  assert_false(g_file_test(world.file, G_FILE_TEST_EXISTS));
  world_end(&world);
}

static void keep_going_offers_the_others(void **state)
{
  World world = world_begin(state);
  g_autofree char *bad = world_disk(&world);
  sim_set_disk(world.sim, bad, "{'bootable':true}");
  g_auto(Evsctl) dry = alpha(&world, "transfer create %s %s --output-dir=%s --keep-going --dry-run", bad,
                             world.disk, world.directory);
  expect(&dry, 1, "would be created");
  assert_int_equal(sim_calls(world.sim, "7.4.1"), 0);
  g_auto(Evsctl) run = alpha(&world, "transfer create %s %s --output-dir=%s --keep-going -o json", bad,
                             world.disk, world.directory);
  expect(&run, 1, "1 problem with 1 of 2 disks: the others are offered");
  assert_int_equal(sim_calls(world.sim, "7.4.1"), 1);
  json_t *rows = json_loads(run.out, 0, NULL);
  assert_string_equal(json_text(json_array_get(rows, 0), "end"), "refused");
  const json_t *problem = json_array_get(json_object_get(json_array_get(rows, 0), "problems"), 0);
  assert_string_equal(json_text(problem, "rule"), "system disk");
  assert_string_equal(json_text(json_array_get(rows, 1), "end"), "created");
  assert_string_equal(json_text(json_array_get(rows, 1), "file"), world.file);
  json_decref(rows);
  assert_int_equal(sim_transfers(world.sim, bad, NULL), 0);
  world_end(&world);
}

/* What EVS does not show is told by the cloud's refusal; nothing is left of the attempt. */
static void what_only_the_cloud_knows_is_its_refusal(void **state)
{
  static const struct {
    const char *change, *code;
  } hidden[] = {
    {"{'backups':true}", "EVS.5400"},
    {"{'backup_policy':true}", "EVS.5400"},
    {"{'replicated':true}", "EVS.5400"},
    {"{'frozen':true}", "EVS."}, /* of a type that does not show it */
  };
  World world = world_begin(state);
  for (gsize i = 0; i < G_N_ELEMENTS(hidden); i++) {
    g_autofree char *disk = world_disk(&world), *file = world_file(&world, disk);
    sim_set_disk(world.sim, disk, hidden[i].change);
    g_auto(Evsctl) run = alpha(&world, "transfer create %s --output-dir=%s", disk, world.directory);
    expect(&run, 1, hidden[i].code);
    expect(&run, 1, "offering disk '");
    assert_int_equal(sim_transfers(world.sim, disk, NULL), 0);
    assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
  }
  world_end(&world);
}

static void a_transfer_of_somebody_else_is_left_alone(void **state)
{
  World world = world_begin(state);
  g_auto(Evsctl) raw = alpha(&world, "transfer create --raw %s gift --show-key --yes", world.disk);
  evsctl_assert_status(&raw, 0);
  g_auto(Evsctl) run = alpha(&world, "transfer create %s --output-dir=%s", world.disk, world.directory);
  expect(&run, 1, "which evsctl did not make");
  assert_int_equal(sim_calls(world.sim, "7.4.3"), 0);
  world_end(&world);
}

/* ---- files ---- */

static void a_file_in_the_way_is_told_before_anything_is_made(void **state)
{
  World world = world_begin(state);
  assert_true(g_file_set_contents(world.file, "precious", -1, NULL));
  g_auto(Evsctl) run = alpha(&world, "transfer create %s --output-dir=%s", world.disk, world.directory);
  expect(&run, 1, "not a JSON object: is it a handover file?");
  g_auto(Evsctl) nowhere = alpha(&world, "transfer create %s --output-dir=/nonexistent", world.disk);
  expect(&nowhere, 2, "--output-dir: '/nonexistent' is no directory that can be written");
  assert_int_equal(sim_calls(world.sim, "7.4.1"), 0);
  g_autofree char *text = NULL;
  assert_true(g_file_get_contents(world.file, &text, NULL, NULL));
  assert_string_equal(text, "precious");
  world_end(&world);
}

static void a_second_call_changes_nothing(void **state)
{
  World world = world_begin(state);
  world_offer(&world, world.disk);
  g_autofree char *key = key_in(world.file);
  g_auto(Evsctl) again = alpha(&world, "transfer create pvc-alpha --output-dir=%s", world.directory);
  expect(&again, 0, "there already");
  g_autofree char *same = key_in(world.file);
  assert_string_equal(key, same);
  assert_int_equal(sim_calls(world.sim, "7.4.1"), 1);
  g_auto(Evsctl) twice =
    alpha(&world, "transfer create pvc-alpha %s --output-dir=%s", world.disk, world.directory);
  expect(&twice, 1, "is given twice");
  g_auto(Evsctl) shown =
    alpha(&world, "transfer create pvc-alpha --output-dir=%s --show-key", world.directory);
  expect(&shown, 0, key); /* only when asked for */
  g_auto(Evsctl) elsewhere =
    alpha(&world, "transfer create pvc-alpha --output-dir=%s", harness_dir(world.harness));
  expect(&elsewhere, 0, "created anew");
  assert_int_equal(sim_transfers(world.sim, world.disk, NULL), 1);
  world_end(&world);
}

static void a_passphrase_hides_the_key(void **state)
{
  World world = world_begin(state);
  g_autofree char *right = harness_write_file(world.harness, "right", "correct horse\n");
  g_autofree char *wrong = harness_write_file(world.harness, "wrong", "battery staple\n");
  g_autofree char *empty = harness_write_file(world.harness, "empty", "\n");
  world_offer(&world, world.disk); /* in clear; put under the passphrase by the next call */
  g_autofree char *key = key_in(world.file);
  g_auto(Evsctl) sealed = alpha(&world, "transfer create %s --output-dir=%s --passphrase-file=%s", world.disk,
                                world.directory, right);
  expect(&sealed, 0, "there already");
  g_autofree char *text = NULL;
  assert_true(g_file_get_contents(world.file, &text, NULL, NULL));
  assert_null(strstr(text, key));
  assert_non_null(strstr(text, "scrypt-aes-256-gcm"));
  g_auto(Evsctl) bad = beta(&world, "transfer accept %s --passphrase-file=%s", world.file, wrong);
  expect(&bad, 1, "the passphrase is wrong, or the text was changed");
  g_auto(Evsctl) none = beta(&world, "transfer accept %s", world.file);
  expect(&none, 1, "give its --passphrase-file");
  g_auto(Evsctl) blank = beta(&world, "transfer accept %s --passphrase-file=%s", world.file, empty);
  expect(&blank, 2, "a first line of 1 to 1024 bytes is expected");
  assert_int_equal(sim_calls(world.sim, "7.4.2"), 0);
  g_auto(Evsctl) good = beta(&world, "transfer accept %s --passphrase-file=%s", world.file, right);
  expect(&good, 0, "accepted");
  world_end(&world);
}

/* ---- PVs ---- */

static char *pv_list(const World *world, const char *second)
{
  g_autofree char *text = g_strdup_printf(
    "{\"kind\":\"List\",\"items\":[{\"kind\":\"PersistentVolume\",\"metadata\":{\"name\":\"pv-1\",\"labels\":"
    "{\"team\":\"db\",\"topology.kubernetes.io/zone\":\"sim-1a\"}},\"spec\":{\"volumeMode\":\"Filesystem\","
    "\"claimRef\":{\"name\":\"data\",\"namespace\":\"shop\"},\"csi\":{\"driver\":\"evs.csi.huaweicloud.com\","
    "\"volumeHandle\":\"%s\",\"fsType\":\"xfs\"}}},{\"kind\":\"PersistentVolume\",\"metadata\":{\"name\":"
    "\"pv-2\"},"
    "\"spec\":{\"volumeMode\":\"Block\",\"csi\":{\"driver\":\"evs.csi.huaweicloud.com\",\"volumeHandle\":\"%"
    "s\"}}}]}",
    world->disk, second);
  return harness_write_file(world->harness, "pvs.json", text);
}

static void the_file_carries_what_the_pv_says(void **state)
{
  World world = world_begin(state);
  g_autofree char *second = world_disk(&world), *second_file = world_file(&world, second);
  g_autofree char *list = pv_list(&world, second);
  g_autofree char *directory = g_strconcat("--output-dir=", world.directory, NULL);
  g_auto(Evsctl) missing =
    alpha(&world, "transfer create --pv=pv-1 --pv=pv-9 --pv-list=%s %s", list, directory);
  expect(&missing, 1, "there is no PV 'pv-9' with a disk of EVS");
  assert_int_equal(sim_calls(world.sim, "7.4.1"), 0);
  g_auto(Evsctl) fed = evsctl_fed(world.harness, world.accounts->alpha_config, list, "transfer", "create",
                                  "--pv=pv-1", "--pv=pv-2", "--pv-list=-", directory, NULL);
  evsctl_assert_status(&fed, 0);
  json_t *file = json_file(world.file), *block = json_file(second_file);
  assert_string_equal(json_text(file, "pv_name"), "pv-1");
  assert_string_equal(json_text(file, "pvc_name"), "data");
  assert_string_equal(json_text(file, "pvc_namespace"), "shop");
  assert_string_equal(json_text(file, "fs_type"), "xfs");
  assert_string_equal(json_text(json_object_get(file, "labels"), "team"), "db");
  assert_int_equal(json_object_size(json_object_get(file, "labels")), 1);
  assert_string_equal(json_text(block, "volume_mode"), "Block");
  json_decref(file);
  json_decref(block);
  g_auto(Evsctl) accepted = beta(&world, "transfer accept %s %s --emit-pv -o json", world.file, second_file);
  evsctl_assert_status(&accepted, 0);
  json_t *manifest = json_loads(accepted.out, 0, NULL);
  const json_t *items = json_object_get(manifest, "items");
  const json_t *claim = json_array_get(items, 1), *block_pv = json_array_get(items, 2);
  assert_int_equal(json_array_size(items), 4);
  assert_string_equal(json_text(json_object_get(claim, "metadata"), "name"), "data");
  assert_string_equal(json_text(json_object_get(claim, "metadata"), "namespace"), "shop");
  assert_string_equal(
    json_text(json_object_get(json_object_get(json_array_get(items, 0), "metadata"), "labels"), "team"),
    "db");
  assert_string_equal(json_text(json_object_get(block_pv, "spec"), "volumeMode"), "Block");
  assert_null(json_object_get(json_object_get(json_object_get(block_pv, "spec"), "csi"), "fsType"));
  json_decref(manifest);
  world_end(&world);
}

static void kubectl_is_asked_for_pvs(void **state)
{
  World world = world_begin(state);
  g_autofree char *list = pv_list(&world, world.disk);
  g_autofree char *script = g_strdup_printf(
    "[ \"$*\" = 'get persistentvolumes -o json' ] || { echo \"$*\" >&2; exit 1; }\nexec cat %s", list);
  fake_kubectl(world.harness, script);
  g_auto(Evsctl) run = alpha(&world, "transfer create --pv=pv-1 --output-dir=%s", world.directory);
  expect(&run, 0, "created");
  json_t *file = json_file(world.file);
  assert_string_equal(json_text(file, "pvc_name"), "data");
  json_decref(file);
  world_end(&world);
}

static void wrong_input_sends_nothing(void **state)
{
  static const struct {
    const char *line, *complaint;
  } rows[] = {
    {"transfer create", "which disks: VOLUME... or --pv=NAME is expected"},
    {"transfer create x --expires=31d", "--expires: 31d: 1s to 30d are expected"},
    {"transfer create x --expires=soon", "--expires: soon"},
    {"transfer create x --block --fs-type=xfs", "--block: has no --fs-type"},
    {"transfer create x --auth-key=abc", "no such flag"},
    {"transfer accept", "expected is: evsctl transfer accept FILE..."},
    {"transfer accept a b --pv=x", "--pv: is the name for one file"},
    {"transfer accept a --driver-name=x", "--driver-name: needs --cluster-id"},
    {"transfer accept a --namespace=a.b", "--namespace: 'a.b'"},
    {"transfer accept a --cluster-id=-/", "--cluster-id: "},
    {"transfer status a --dir=.", "--dir: not together with FILE"},
  };
  World world = world_begin(state);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_auto(Evsctl) run = alpha(&world, "%s", rows[i].line);
    expect(&run, 2, rows[i].complaint);
  }
  assert_int_equal(sim_calls(world.sim, NULL), 0);
  world_end(&world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    TEST(a_disk_goes_from_file_to_manifest),
    TEST(each_violation_is_told_and_nothing_is_created),
    TEST(keep_going_offers_the_others),
    TEST(what_only_the_cloud_knows_is_its_refusal),
    TEST(a_transfer_of_somebody_else_is_left_alone),
    TEST(a_file_in_the_way_is_told_before_anything_is_made),
    TEST(a_second_call_changes_nothing),
    TEST(a_passphrase_hides_the_key),
    TEST(the_file_carries_what_the_pv_says),
    TEST(kubectl_is_asked_for_pvs),
    TEST(wrong_input_sends_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
