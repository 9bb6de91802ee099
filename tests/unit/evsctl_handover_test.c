/* evsctl transfer without a cloud: what is read of PVs, what stands in manifests, and the files. */
#include "evsctl/transfer_file.h"
#include "evsctl/transfer_manifest.h"
#include "evsctl/transfer_pv.h"
#include "tests/unit/cmocka_all.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define DISK "5f8de1a2-0000-4000-8000-000000000001"
#define TRANSFER "5f8de1a2-0000-4000-8000-000000000002"

/* ' for ". Newly allocated. */
static char *json_of(const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, "'", -1);
  return g_strjoinv("\"", parts);
}

static GPtrArray *facts_of(const char *text)
{
  g_autofree char *json = json_of(text);
  g_autoptr(GError) error = NULL;
  GPtrArray *facts = pv_facts_parse(json, strlen(json), &error);
  if (!facts)
    fail_msg("%s", error->message);
  return facts;
}

/* ---- PVs ---- */

static void a_pv_is_read_alone_or_in_a_list(void **state)
{
  (void)state;
  static const char pv[] = "{'kind':'PersistentVolume','metadata':{'name':'pv-1','labels':{'a':'b',"
                           "'topology.kubernetes.io/zone':'z','x.k8s.io/y':'z','n':1}},'spec':{'csi':{"
                           "'volumeHandle':'" DISK "','fsType':'xfs'}}}";
  g_autofree char *list =
    g_strdup_printf("{'kind':'List','items':[%s,%s]}", pv, "{'metadata':{'name':'nfs'},'spec':{'nfs':{}}}");
  g_autoptr(GPtrArray) alone = facts_of(pv), listed = facts_of(list);
  assert_int_equal(alone->len, 1);
  assert_int_equal(listed->len, 1);
  const PvFacts *facts = pv_facts_named(listed, "pv-1");
  assert_ptr_equal(facts, pv_facts_of_disk(listed, "5F8DE1A2-0000-4000-8000-000000000001"));
  assert_string_equal(facts->fs_type, "xfs");
  assert_string_equal(facts->volume_mode, "Filesystem");
  assert_string_equal(facts->pvc_name, "");
  assert_int_equal(g_hash_table_size(facts->labels), 1);
  assert_null(pv_facts_named(listed, "nfs"));
  assert_null(pv_facts_named(NULL, "pv-1"));
}

static void in_tree_and_block_volumes_are_read(void **state)
{
  (void)state;
  g_autoptr(GPtrArray) facts = facts_of(
    "{'items':[{'metadata':{'name':'old'},'spec':{'cinder':{'volumeID':'" DISK "','fsType':'ext4'}}},"
    "{'metadata':{'name':'raw'},'spec':{'volumeMode':'Block','csi':{'volumeHandle':'" TRANSFER
    "','fsType':'ext4'}}}]}");
  assert_string_equal(pv_facts_named(facts, "old")->fs_type, "ext4");
  assert_string_equal(pv_facts_named(facts, "raw")->fs_type, "");
  assert_string_equal(pv_facts_named(facts, "raw")->volume_mode, "Block");
}

static void what_is_no_list_is_refused(void **state)
{
  (void)state;
  static const char *const wrong[] = {"", "x", "[]", "{}", "{\"items\":{}}", "{\"items\":null}", "null"};
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(GError) error = NULL;
    assert_null(pv_facts_parse(wrong[i], strlen(wrong[i]), &error));
    assert_true(evs_error_is(error, EVS_CODE_INVALID_ARGUMENT));
  }
  g_autoptr(GPtrArray) odd =
    facts_of("{'items':[1,null,{},{'metadata':[],'spec':'x'},"
             "{'metadata':{'name':'p'},'spec':{'csi':{'volumeHandle':'no-uuid'}}}]}");
  assert_int_equal(odd->len, 0);
}

/* ---- manifests ---- */

static Handover *handover_new(void)
{
  Handover *handover = g_new0(Handover, 1);
  *handover = (Handover){.transfer_id = g_strdup(TRANSFER),
                         .auth_key = g_strdup("0123456789abcdef"),
                         .volume_id = g_strdup(DISK),
                         .volume_type = g_strdup("SSD"),
                         .availability_zone = g_strdup("sim-1a"),
                         .region = g_strdup(""),
                         .project_id = g_strdup("0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
                         .cluster = g_strdup(""),
                         .driver = g_strdup(""),
                         .size_gib = 10,
                         .fs_type = g_strdup(""),
                         .volume_mode = g_strdup("Filesystem"),
                         .pv_name = g_strdup(""),
                         .pvc_name = g_strdup(""),
                         .pvc_namespace = g_strdup(""),
                         .labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                         .to = g_strdup(""),
                         .created_wall_us = G_USEC_PER_SEC,
                         .expires_wall_us = 2 * G_USEC_PER_SEC};
  return handover;
}

static void set(char **field, const char *value)
{
  g_free(*field);
  *field = g_strdup(value);
}

static void expect_names(const Handover *handover, const TransferManifestOrder *order, const char *pv,
                         const char *pvc, const char *pvc_namespace)
{
  g_autofree char *is_pv = transfer_manifest_pv_name(order, handover),
                  *is_pvc = transfer_manifest_pvc_name(order, handover),
                  *is_namespace = transfer_manifest_namespace(order, handover);
  assert_string_equal(is_pv, pv);
  assert_string_equal(is_pvc, pvc);
  assert_string_equal(is_namespace, pvc_namespace);
}

/* The file comes from somebody else: names that would spoil the manifest are replaced. */
static void names_are_such_as_kubernetes_takes(void **state)
{
  (void)state;
  const TransferManifestOrder none = {0}, given = {.pv_name = "p", .pvc_name = "c", .pvc_namespace = "n"};
  g_autoptr(Handover) handover = handover_new();
  expect_names(handover, &none, "evs-" DISK, "evs-" DISK, "default");
  set(&handover->pv_name, "Not_A_Name");
  set(&handover->pvc_name, "-x");
  set(&handover->pvc_namespace, "a.b");
  expect_names(handover, &none, "evs-" DISK, "evs-" DISK, "default");
  set(&handover->pv_name, "pv-1");
  expect_names(handover, &none, "pv-1", "pv-1", "default");
  set(&handover->pvc_name, "data");
  set(&handover->pvc_namespace, "shop");
  expect_names(handover, &none, "pv-1", "data", "shop");
  expect_names(handover, &given, "p", "c", "n");
}

static void bad_labels_and_unknown_file_systems_are_left_out(void **state)
{
  (void)state;
  const TransferManifestOrder order = {.driver_name = "d"};
  g_autoptr(Handover) handover = handover_new();
  g_hash_table_insert(handover->labels, g_strdup("good"), g_strdup("value-1"));
  g_hash_table_insert(handover->labels, g_strdup("bad"), g_strdup("two words"));
  g_hash_table_insert(handover->labels, g_strdup("bad key"), g_strdup("x"));
  g_hash_table_insert(handover->labels, g_strdup("slash"), g_strdup("a/b"));
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  EvsDisk disk = {
    .id = (char *)DISK, .availability_zone = (char *)"sim-1a", .size_gib = 10, .metadata = metadata};
  g_autoptr(json_t) all = json_array();
  transfer_manifest_add(&order, handover, &disk, all);
  const json_t *pv = json_array_get(all, 0), *claim = json_array_get(all, 1);
  const json_t *labels = json_object_get(json_object_get(pv, "metadata"), "labels");
  assert_int_equal(json_object_size(labels), 1);
  assert_string_equal(json_string_value(json_object_get(labels, "good")), "value-1");
  assert_null(json_object_get(json_object_get(json_object_get(pv, "spec"), "csi"), "fsType"));
  assert_string_equal(json_string_value(json_object_get(json_object_get(claim, "spec"), "volumeName")),
                      "evs-" DISK);
}

/* ---- files ---- */

static char *make_directory(void)
{
  char *directory = g_dir_make_tmp("evsctl-transfer-XXXXXX", NULL);
  assert_non_null(directory);
  return directory;
}

static void files_are_found_swept_and_locked(void **state)
{
  (void)state;
  g_autofree char *directory = make_directory(), *file = transfer_file_path(directory, DISK);
  g_autofree char *leftover = g_strdup_printf("%s/.evs-transfer-" DISK ".json.0123abcd.tmp", directory);
  g_autofree char *other = g_strdup_printf("%s/.evs-transfer-" TRANSFER ".json.0123abcd.tmp", directory);
  g_autoptr(Handover) handover = handover_new();
  g_autoptr(GError) error = NULL;
  assert_true(handover_save(handover, file, NULL, FALSE, NULL));
  assert_true(g_file_set_contents(leftover, "key", -1, NULL));
  assert_true(g_file_set_contents(other, "key", -1, NULL));
  transfer_file_sweep(directory, DISK);
  assert_false(g_file_test(leftover, G_FILE_TEST_EXISTS));
  assert_true(g_file_test(other, G_FILE_TEST_EXISTS));
  g_autoptr(GPtrArray) found = transfer_files_in(directory, NULL);
  assert_int_equal(found->len, 1);
  assert_string_equal(found->pdata[0], file);
  int first = transfer_directory_lock(directory, NULL);
  assert_true(first >= 0);
  assert_int_equal(transfer_directory_lock(directory, &error), -1);
  assert_non_null(strstr(error->message, "another transfer command is at work"));
  close(first);
  guint links = 1;
  assert_true(transfer_file_discard(file, &links, NULL));
  assert_int_equal(links, 0);
  assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
  assert_int_equal(g_unlink(other), 0);
  assert_int_equal(g_rmdir(directory), 0);
}

static void passphrases_are_a_first_line(void **state)
{
  (void)state;
  static const struct {
    const char *text, *passphrase; /* NULL: refused */
  } rows[] = {{"a b\n", "a b"}, {"a", "a"}, {"a\r\nsecond", "a"}, {"", NULL}, {"\nx", NULL}};
  g_autofree char *directory = make_directory(), *path = g_build_filename(directory, "p", NULL);
  char *passphrase = NULL;
  assert_true(transfer_passphrase_read(NULL, &passphrase, NULL));
  assert_null(passphrase);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    assert_true(g_file_set_contents(path, rows[i].text, -1, NULL));
    assert_int_equal(transfer_passphrase_read(path, &passphrase, NULL), rows[i].passphrase != NULL);
    assert_int_equal(g_strcmp0(passphrase, rows[i].passphrase), 0);
    handover_text_free(passphrase);
  }
  assert_int_equal(g_unlink(path), 0);
  assert_false(transfer_passphrase_read(path, &passphrase, NULL));
  assert_int_equal(g_rmdir(directory), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_pv_is_read_alone_or_in_a_list),
    cmocka_unit_test(in_tree_and_block_volumes_are_read),
    cmocka_unit_test(what_is_no_list_is_refused),
    cmocka_unit_test(names_are_such_as_kubernetes_takes),
    cmocka_unit_test(bad_labels_and_unknown_file_systems_are_left_out),
    cmocka_unit_test(files_are_found_swept_and_locked),
    cmocka_unit_test(passphrases_are_a_first_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
