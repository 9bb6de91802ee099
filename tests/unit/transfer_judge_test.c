/* transfer/eligibility.c and accept.c without a cloud: which disk may go, and whose a disk is that is found. */
#include "evsclient/records.h"
#include "tests/unit/cmocka_all.h"
#include "transfer/accept.h"

#define DISK "b104b8db-170d-441b-897a-3c8ba9c5a214"
#define TRANSFER "11111111-2222-4333-8444-555555555555"

static const Owner us = {"beta", OWNER_DEFAULT_DRIVER};

/* As the client reads it. */
static EvsDisk *new_disk(void)
{
  json_t *json = json_pack("{s:s, s:s}", "id", DISK, "status", "available");
  EvsDisk *disk = evs_record_read(&evs_record_disk, json);
  json_decref(json);
  assert_non_null(disk);
  return disk;
}

static void put(EvsDisk *disk, const char *key, const char *value)
{
  g_hash_table_insert(disk->metadata, g_strdup(key), g_strdup(value));
}

static void set(char **field, const char *value)
{
  g_free(*field);
  *field = g_strdup(value);
}

static EvsSnapshot *new_snapshot(const char *id, const char *name)
{
  json_t *json = json_pack("{s:s, s:s, s:s}", "id", TRANSFER, "name", name, "volume_id", DISK);
  EvsSnapshot *snapshot = evs_record_read(&evs_record_snapshot, json);
  json_decref(json);
  assert_non_null(snapshot);
  set(&snapshot->id, id);
  return snapshot;
}

static GPtrArray *snapshots_of(guint own, guint backups)
{
  GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)evs_snapshot_free);
  for (guint i = 0; i < own; i++) {
    g_autofree char *id = g_strdup_printf("snap-%u", i);
    g_ptr_array_add(list, new_snapshot(id, "s"));
  }
  for (guint i = 0; i < backups; i++)
    g_ptr_array_add(list, new_snapshot("backup-1", "autobk_snapshot_1"));
  return list;
}

static void expect(const EvsDisk *disk, GPtrArray *snapshots, const GPtrArray *pending, const char *rule,
                   const char *text)
{
  g_autoptr(GPtrArray) mine = snapshots;
  g_autoptr(GPtrArray) problems = transfer_judge_disk(disk, mine, pending);
  if (!rule) {
    assert_int_equal(problems->len, 0);
    return;
  }
  assert_int_equal(problems->len, 1);
  const TransferProblem *problem = problems->pdata[0];
  assert_string_equal(problem->rule, rule);
  if (!strstr(problem->text, text))
    fail_msg("'%s' is not in '%s'", text, problem->text);
  assert_true(*problem->remedy);
}

static void test_good_disk(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk();
  set(&disk->service_type, "EVS");
  expect(disk, snapshots_of(0, 0), NULL, NULL, NULL);
}

static void test_statuses(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk();
  set(&disk->status, "creating");
  expect(disk, snapshots_of(0, 0), NULL, "status", "has status 'creating'; only 'available' disks can go");
  set(&disk->status, "in-use");
  EvsAttachment *attachment = g_new0(EvsAttachment, 1);
  attachment->server_id = g_strdup("srv-a");
  g_ptr_array_add(disk->attachments, attachment);
  expect(disk, snapshots_of(0, 0), NULL, "status", "'in-use' (server 'srv-a'); only");
}

static void test_offered(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk();
  set(&disk->status, "awaiting-transfer");
  EvsTransfer transfer = {.id = (char *)TRANSFER, .name = (char *)"by hand", .volume_id = (char *)DISK};
  g_autoptr(GPtrArray) pending = g_ptr_array_new();
  expect(disk, snapshots_of(0, 0), pending, "transfer", "is being taken over by another project");
  g_ptr_array_add(pending, &transfer);
  expect(disk, snapshots_of(0, 0), pending, "transfer",
         "is offered by transfer '" TRANSFER "', which evsctl did not make");
  transfer.name = (char *)"evscsi-1700086400-0011aabb";
  expect(disk, snapshots_of(0, 0), pending, NULL, NULL);
}

static void test_copies(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk();
  expect(disk, snapshots_of(1, 0), NULL, "snapshots", "has 1 snapshot: 'snap-0'");
  expect(disk, snapshots_of(7, 0), NULL, "snapshots",
         "has 7 snapshots: 'snap-0', 'snap-1', 'snap-2', 'snap-3', 'snap-4' ...");
  expect(disk, snapshots_of(0, 2), NULL, "backups", "has 2 backups: 'backup-1'");
}

static void test_marks(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) frozen = new_disk(), encrypted = new_disk(), dedicated = new_disk(),
                     bootable = new_disk(), prepaid = new_disk();
  frozen->frozen = TRUE;
  expect(frozen, snapshots_of(0, 0), NULL, "frozen", "is frozen by the cloud");
  put(encrypted, "__system__encrypted", "1");
  expect(encrypted, snapshots_of(0, 0), NULL, "encrypted", "is encrypted");
  set(&dedicated->service_type, "DESS");
  expect(dedicated, snapshots_of(0, 0), NULL, "storage", "is on dedicated storage (DESS");
  bootable->bootable = TRUE;
  expect(bootable, snapshots_of(0, 0), NULL, "system disk", "is a system disk");
  put(prepaid, "orderID", "CS1");
  expect(prepaid, snapshots_of(0, 0), NULL, "billing", "is paid by the year or month (order 'CS1')");
}

/* ---- a disk that is in the own project already ---- */

static const Handover handover = {.transfer_id = (char *)TRANSFER,
                                  .volume_id = (char *)DISK,
                                  .cluster = (char *)"alpha",
                                  .driver = (char *)OWNER_DEFAULT_DRIVER,
                                  .pv_name = (char *)"pvc-alpha"};

static void mark_for(EvsDisk *disk, const char *cluster, const char *volume)
{
  const Owner owner = {cluster, OWNER_DEFAULT_DRIVER};
  owner_mark(&owner, volume, disk->metadata);
  put(disk, OWNER_KEY_PV_NAME, volume);
}

static void expect_kind(const EvsDisk *disk, const Owner *owner, TransferDiskKind kind, EvsCode code,
                        const char *text)
{
  const TransferAccept request = {.handover = &handover, .owner = owner, .volume_name = "pvc-1"};
  g_autoptr(GError) error = NULL;
  assert_int_equal(transfer_judge_found(&request, disk, &error), kind);
  assert_int_equal(error != NULL, kind == TRANSFER_DISK_FOREIGN);
  if (!error)
    return;
  assert_int_equal(evs_error_code(error), code);
  if (!strstr(error->message, text))
    fail_msg("'%s' is not in '%s'", text, error->message);
}

static void test_found_unmarked(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk();
  expect_kind(disk, &us, TRANSFER_DISK_UNMARKED, 0, NULL); /* metadata did not come along */
  mark_for(disk, "alpha", "pvc-alpha");
  expect_kind(disk, &us, TRANSFER_DISK_UNMARKED, 0, NULL); /* the sender's */
  put(disk, OWNER_KEY_SOURCE, "snapshot:x");
  expect_kind(disk, &us, TRANSFER_DISK_UNMARKED, 0, NULL);
  expect_kind(disk, NULL, TRANSFER_DISK_UNMARKED, 0, NULL);
  put(disk, OWNER_KEY_DRIVER, "another.driver");
  expect_kind(disk, &us, TRANSFER_DISK_FOREIGN, EVS_CODE_FAILED_PRECONDITION,
              "belongs to cluster 'alpha', driver 'another.driver'");
  mark_for(disk, "gamma", "pvc-gamma");
  expect_kind(disk, &us, TRANSFER_DISK_FOREIGN, EVS_CODE_FAILED_PRECONDITION, "belongs to cluster 'gamma'");
  /* Ours, but not by this handover. */
  mark_for(disk, "beta", "pvc-1");
  expect_kind(disk, &us, TRANSFER_DISK_FOREIGN, EVS_CODE_FAILED_PRECONDITION, "belongs to cluster 'beta'");
}

static void test_found_marked(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk();
  put(disk, OWNER_KEY_SOURCE, "transfer:" TRANSFER);
  expect_kind(disk, &us, TRANSFER_DISK_UNMARKED, 0, NULL); /* accepted as nobody's */
  expect_kind(disk, NULL, TRANSFER_DISK_OURS, 0, NULL);
  mark_for(disk, "beta", "pvc-1");
  expect_kind(disk, &us, TRANSFER_DISK_OURS, 0, NULL);
  mark_for(disk, "beta", "pvc-2");
  expect_kind(disk, &us, TRANSFER_DISK_FOREIGN, EVS_CODE_ALREADY_EXISTS,
              "was taken over for another volume, 'pvc-2'");
  mark_for(disk, "gamma", "pvc-1");
  expect_kind(disk, &us, TRANSFER_DISK_FOREIGN, EVS_CODE_FAILED_PRECONDITION, "belongs to cluster 'gamma'");
  put(disk, OWNER_KEY_SOURCE, "transfer:00000000-2222-4333-8444-555555555555"); /* by another transfer */
  expect_kind(disk, &us, TRANSFER_DISK_FOREIGN, EVS_CODE_FAILED_PRECONDITION, "belongs to cluster 'gamma'");
}

static void test_describe(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk();
  mark_for(disk, "alpha", "pvc-alpha");
  disk->size_gib = 40;
  set(&disk->project_id, "p");
  set(&disk->volume_type, "SSD");
  set(&disk->availability_zone, "a");
  g_autoptr(Handover) described = g_new0(Handover, 1);
  described->pv_name = g_strdup("old");
  transfer_describe_disk(disk, described);
  assert_string_equal(described->volume_id, DISK);
  assert_string_equal(described->cluster, "alpha");
  assert_string_equal(described->driver, OWNER_DEFAULT_DRIVER);
  assert_string_equal(described->pv_name, "pvc-alpha");
  assert_string_equal(described->project_id, "p");
  assert_string_equal(described->pvc_name, "");
  assert_int_equal(described->size_gib, 40);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_good_disk),    cmocka_unit_test(test_statuses),
    cmocka_unit_test(test_offered),      cmocka_unit_test(test_copies),
    cmocka_unit_test(test_marks),        cmocka_unit_test(test_found_unmarked),
    cmocka_unit_test(test_found_marked), cmocka_unit_test(test_describe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
