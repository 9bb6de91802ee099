/* The rules of requests and filters: what is refused before it is sent, and with which words (evs-facts 4, 7, 8, 17). */
#include "evsclient/cinder.h"
#include "evsclient/disk_change.h"
#include "evsclient/operations.h"
#include "evsclient/performance.h"
#include "evsclient/records.h"
#include "evsclient/server.h"
#include "tests/unit/cmocka_all.h"

#define ID "b104b8db-170d-441b-897a-3c8ba9c5a214"
#define OTHER_ID "c104b8db-170d-441b-897a-3c8ba9c5a214"
#define LONG_64 "1234567890123456789012345678901234567890123456789012345678901234"

static void assert_check(const EvsRecord *record, gconstpointer value, const char *text)
{
  g_autoptr(GError) error = NULL;
  gboolean ok = evs_record_check(record, value, NULL, &error);
  if (!text && !ok)
    fail_msg("refused: %s", error->message);
  if (text && ok)
    fail_msg("accepted, not refused with: %s", text);
  if (text)
    assert_string_equal(error->message, text);
}

#define CREATE(...)                                                                                          \
  (EvsDiskCreate)                                                                                            \
  {                                                                                                          \
    .availability_zone = "az1", .volume_type = "SSD", .size_gib = 10, __VA_ARGS__                            \
  }

static void test_create(void **state G_GNUC_UNUSED)
{
  const struct {
    EvsDiskCreate request;
    const char *text; /* NULL: accepted */
  } rows[] = {
    {CREATE(.name = LONG_64), NULL},
    {CREATE(.name = LONG_64 "5"), "'name' has 65 characters: text of at most 64 characters is expected"},
    {{.volume_type = "SSD", .size_gib = 10},
     "'availability_zone' is missing: text of at most 64 characters is expected"},
    {{.availability_zone = "az1", .size_gib = 10},
     "'volume_type' is missing: text of at most 64 letters, digits, '-', '_' and '.' is expected"},
    {{.availability_zone = "az1", .volume_type = "SSD"},
     "'size' is missing: a number from 10 to 32768 is expected (GiB)"},
    {{.availability_zone = "az1", .volume_type = "SSD", .backup_id = ID}, NULL},
    {{.availability_zone = "az1", .volume_type = "SSD", .size_gib = 9},
     "'size' is 9: a number from 10 to 32768 is expected"},
    {{.availability_zone = "az1", .volume_type = "SSD", .size_gib = 4, .image_id = ID}, NULL},
    {{.availability_zone = "az1", .volume_type = "SSD", .size_gib = 32769},
     "'size' is 32769: a number from 1 to 32768 is expected"},
    {CREATE(.snapshot_id = ID, .image_id = ID),
     "at most one of 'snapshot_id', 'imageRef' and 'backup_id' is expected"},
    {CREATE(.backup_id = ID, .count = 2), "'count' is above 1: one disk at a time is made from a backup"},
    {CREATE(.count = 101), "'count' is 101: a number from 1 to 100 is expected"},
    {CREATE(.snapshot_id = "snap"), "'snapshot_id' is 'snap': a UUID is expected"},
    {CREATE(.charging_mode = "free"), "'chargingMode' is 'free': one of postPaid, prePaid is expected"},
    {CREATE(.charging_mode = "prePaid", .period_type = "month"),
     "'chargingMode' is prePaid: 'periodType' and 'periodNum' are expected with it"},
    {CREATE(.charging_mode = "prePaid", .period_type = "year", .period_count = 2),
     "'periodNum' is above 1: disks are ordered for one year at a time"},
    {CREATE(.charging_mode = "prePaid", .period_type = "month", .period_count = 10),
     "'periodNum' is 10: a number from 1 to 9 is expected"},
    {CREATE(.period_type = "month"), "'periodType' and 'periodNum' belong to 'chargingMode' prePaid"},
    {CREATE(.charging_mode = "prePaid", .period_type = "month", .period_count = 9), NULL},
    {CREATE(.iops = 5000), "'iops' is not taken by disk type 'SSD' with 10 GiB"},
    {CREATE(.throughput = 200), "'throughput' is not taken by disk type 'SSD' with 10 GiB"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    assert_check(&evs_record_disk_create, &rows[i].request, rows[i].text);
}

static GHashTable *table(const char *key, const char *value)
{
  GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert(map, g_strdup(key), g_strdup(value));
  return map;
}

static void test_metadata_of_create(void **state G_GNUC_UNUSED)
{
  g_autoptr(GHashTable) passthrough = table("hw:passthrough", "true"), linked = table("full_clone", "0");
  g_autoptr(GHashTable) encrypted = table("__system__encrypted", "1");
  assert_check(&evs_record_disk_create, &CREATE(.metadata = passthrough), NULL);
  assert_check(&evs_record_disk_create, &CREATE(.metadata = passthrough, .backup_id = ID), NULL);
  assert_check(&evs_record_disk_create, &CREATE(.metadata = linked, .snapshot_id = ID), NULL);
  assert_check(&evs_record_disk_create, &CREATE(.metadata = passthrough, .snapshot_id = ID),
               "'metadata' has 'hw:passthrough': a disk made from a snapshot or image takes that from it");
  assert_check(
    &evs_record_cinder_volume_create, &CREATE(.metadata = encrypted, .image_id = ID),
    "'metadata' has '__system__encrypted': a disk made from a snapshot or image takes that from it");
  assert_check(&evs_record_disk_create, &CREATE(.metadata = encrypted),
               "'metadata' has '__system__encrypted' but not '__system__cmkid', the key's id");
  g_hash_table_insert(encrypted, g_strdup("__system__cmkid"), g_strdup(ID));
  assert_check(&evs_record_disk_create, &CREATE(.metadata = encrypted), NULL);
}

static void test_tags_of_create(void **state G_GNUC_UNUSED)
{
  g_autoptr(GHashTable) good = table("env_1-\xe4\xb8\xad", "v1.2"), dotted = table("a.b", "c");
  g_autoptr(GHashTable) slash = table("a", "b/c"), many = table("k", "");
  assert_check(&evs_record_disk_create, &CREATE(.tags = good), NULL);
  assert_check(&evs_record_disk_create, &CREATE(.tags = dotted),
               "'tags' has 'a.b=c': letters, digits, '_' and '-' are expected, in the value '.' too");
  assert_check(&evs_record_disk_create_v2, &CREATE(.tags = slash),
               "'tags' has 'a=b/c': letters, digits, '_' and '-' are expected, in the value '.' too");
  for (char c = 'a'; c <= 'i'; c++)
    g_hash_table_insert(many, g_strdup_printf("x%c", c), g_strdup(""));
  assert_check(&evs_record_disk_create, &CREATE(.tags = many), NULL);
  g_hash_table_insert(many, g_strdup("one"), g_strdup("more"));
  assert_check(&evs_record_disk_create, &CREATE(.tags = many),
               "'tags' has 11 pairs: key=value with a key of 1 to 36 and a value of 0 to 43 characters, "
               "at most 10 times, is expected");
}

static void test_narrower_creates(void **state G_GNUC_UNUSED)
{
  assert_check(&evs_record_disk_create_v2, &CREATE(.count = 3), NULL);
  assert_check(&evs_record_disk_create_v2, &CREATE(.iops = 3000), "'iops' is not taken by this call");
  assert_check(&evs_record_disk_create_v2, &CREATE(.charging_mode = "postPaid"),
               "'chargingMode' is not taken by this call");
  assert_check(&evs_record_cinder_volume_create, &CREATE(.count = 3), "'count' is not taken by this call");
  assert_check(&evs_record_cinder_volume_create, &CREATE(.backup_id = ID),
               "'backup_id' is not taken by this call");
  assert_check(&evs_record_cinder_volume_create, &CREATE(.auto_pay = TRUE),
               "'isAutoPay' is not taken by this call");
}

static void test_performance(void **state G_GNUC_UNUSED)
{
  static const struct {
    const char *type;
    gint64 size_gib, iops, throughput;
    const char *text;
  } rows[] = {
    {"GPSSD2", 10, 3000, 125, NULL},
    {"GPSSD2", 10, 5000, 1000, NULL},
    {"GPSSD2", 10, 5001, 125,
     "'iops' is 5001: a number from 3000 to 5000 is expected for disk type 'GPSSD2' with 10 GiB"},
    {"GPSSD2", 10, 0, 125,
     "'iops' is missing: a number from 3000 to 5000 is expected for disk type 'GPSSD2' with 10 GiB"},
    {"GPSSD2", 4, 3000, 125, "'iops' is 3000: there is no right one for disk type 'GPSSD2' with 4 GiB"},
    {"GPSSD2", 1000, 3000, 0,
     "'throughput' is missing: a number from 125 to 750 is expected for disk type 'GPSSD2' with 1000 GiB"},
    {"GPSSD2", 1000, 3000, 751,
     "'throughput' is 751: a number from 125 to 750 is expected for disk type 'GPSSD2' with 1000 GiB"},
    {"GPSSD2", 0, 128000, 1000, NULL},
    {"GPSSD2", 0, 128001, 1000,
     "'iops' is 128001: a number from 3000 to 128000 is expected for disk type 'GPSSD2'"},
    {"ESSD2", 10, 100, 0, NULL},
    {"ESSD2", 10, 100, 125, "'throughput' is not taken by disk type 'ESSD2' with 10 GiB"},
    {"ESSD2", 10, 10001, 0,
     "'iops' is 10001: a number from 100 to 10000 is expected for disk type 'ESSD2' with 10 GiB"},
    {"SAS", 10, 0, 0, NULL},
    {"SAS", 10, 1, 0, "'iops' is not taken by disk type 'SAS' with 10 GiB"},
    {"co-p1", 10, 7, 7, NULL},
    {NULL, 10, 7, 7, NULL},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_int_equal(
      evs_performance_check(rows[i].type, rows[i].size_gib, rows[i].iops, rows[i].throughput, &error),
      rows[i].text == NULL);
    if (rows[i].text)
      assert_string_equal(error->message, rows[i].text);
  }
}

static void test_changes(void **state G_GNUC_UNUSED)
{
  assert_check(&evs_record_disk_update, &(EvsDiskUpdate){0}, "one of 'name' and 'description' is expected");
  assert_check(&evs_record_disk_update, &(EvsDiskUpdate){.description = ""}, NULL);
  assert_check(&evs_record_cinder_volume_update, &(EvsCinderVolumeUpdate){0},
               "one of 'name', 'description' and 'metadata' is expected");
  assert_check(&evs_record_snapshot_update, &(EvsSnapshotUpdate){0},
               "one of 'name' and 'description' is expected");
  assert_check(&evs_record_disk_extend, &(EvsDiskExtend){0},
               "'new_size' is missing: a number from 1 to 32768 is expected");
  assert_check(&evs_record_cinder_extend, &(EvsDiskExtend){.new_size_gib = 5, .auto_pay = TRUE},
               "'isAutoPay' is not taken by this call");
  assert_check(&evs_record_qos, &(EvsDiskQos){0},
               "'iops' is missing: a number from 100 to 256000 is expected");
  assert_check(&evs_record_qos, &(EvsDiskQos){4000, 100},
               "'throughput' is 100: a number from 125 to 1000 is expected");
  assert_check(&evs_record_retype, &(EvsDiskRetype){.new_type = "ESSD", .iops = 5000},
               "'iops' is not taken by disk type 'ESSD'");
  assert_check(&evs_record_retype, &(EvsDiskRetype){.new_type = "GPSSD2", .iops = 5000, .throughput = 200},
               NULL);
}

static void test_batch(void **state G_GNUC_UNUSED)
{
  g_autoptr(GPtrArray) disks = g_ptr_array_new();
  EvsDiskExtendBatch batch = {.disks = disks};
  EvsDiskNewSize one = {ID, 20}, other = {OTHER_ID, 0};
#define VOLUMES "id=new-size, 1 to 50 times, is expected"
  assert_check(&evs_record_extend_batch, &(EvsDiskExtendBatch){0}, "'volumes' is missing: " VOLUMES);
  assert_check(&evs_record_extend_batch, &batch, "'volumes' is missing: " VOLUMES);
  g_ptr_array_add(disks, &one);
  assert_check(&evs_record_extend_batch, &batch, NULL);
  g_ptr_array_add(disks, &one);
  assert_check(&evs_record_extend_batch, &batch, "'volumes' has '" ID "' twice");
  disks->pdata[1] = &other;
  assert_check(&evs_record_extend_batch, &batch,
               "'volumes': 'new_size' is missing: a number from 1 to 32768 is expected");
  g_ptr_array_set_size(disks, 51);
  assert_check(&evs_record_extend_batch, &batch, "'volumes' has 51 items: " VOLUMES);
}

static void test_unsubscribe(void **state G_GNUC_UNUSED)
{
  const char *ids[62] = {NULL};
  assert_check(&evs_record_unsubscribe, &(EvsDiskUnsubscribe){ids},
               "'volume_ids' is missing: a list of 1 to 60 UUIDs is expected");
  for (guint i = 0; i < 60; i++)
    ids[i] = ID;
  assert_check(&evs_record_unsubscribe, &(EvsDiskUnsubscribe){ids}, NULL);
  ids[60] = ID;
  assert_check(&evs_record_unsubscribe, &(EvsDiskUnsubscribe){ids},
               "'volume_ids' has 61 items: a list of 1 to 60 UUIDs is expected");
}

static void test_filters(void **state G_GNUC_UNUSED)
{
  const char *odd[] = {"x", NULL};
  assert_check(&evs_record_disk_query, &(EvsDiskFilter){.limit = 1000, .bootable = "false"}, NULL);
  assert_check(&evs_record_disk_query, &(EvsDiskFilter){.limit = -1},
               "'limit' is -1: a number from 1 to 1000 is expected");
  assert_check(&evs_record_disk_query, &(EvsDiskFilter){.sort_key = "name"},
               "'sort_key' is 'name': one of created_at, id, status, size is expected");
  assert_check(&evs_record_disk_query, &(EvsDiskFilter){.ids = odd},
               "'ids' is 'x': a list of 1 to 60 UUIDs is expected");
  assert_check(&evs_record_disk_query, &(EvsDiskFilter){.changes_since = "2016"},
               "'changessince' is not taken by this call");
  assert_check(&evs_record_vendor_disk_query, &(EvsDiskFilter){.changes_since = "2016"}, NULL);
  assert_check(&evs_record_vendor_disk_query, &(EvsDiskFilter){.bootable = "true"},
               "'bootable' is not taken by this call");
  assert_check(&evs_record_disk_short_query, &(EvsDiskFilter){.offset = 3},
               "'offset' is not taken by this call");
  assert_check(&evs_record_snapshot_query, &(EvsSnapshotFilter){.offset = -3},
               "'offset' is -3: a number from 0 to 2147483647 is expected");
  assert_check(&evs_record_cinder_snapshot_short_query, &(EvsCinderSnapshotFilter){.availability_zone = "a"},
               "'availability_zone' is not taken by this call");
}

static void test_the_rest(void **state G_GNUC_UNUSED)
{
  assert_check(&evs_record_snapshot_create, &(EvsSnapshotCreate){0},
               "'volume_id' is missing: a UUID is expected");
  assert_check(&evs_record_rollback, &(EvsRollback){.name = "n"},
               "'volume_id' is missing: a UUID is expected");
  assert_check(&evs_record_image_export, &(EvsImageExport){0},
               "'image_name' is missing: text of 1 to 128 characters is expected");
  assert_check(&evs_record_image_export, &(EvsImageExport){.image_name = "a/b"},
               "'image_name' is 'a/b': letters, digits, '-', '.', '_' and blanks are expected");
  assert_check(&evs_record_image_export, &(EvsImageExport){.image_name = "a", .disk_format = "iso"},
               "'disk_format' is 'iso': one of vhd, zvhd, zvhd2, raw, qcow2 is expected");
  assert_check(&evs_record_cinder_attach, &(EvsCinderAttach){.server_id = ID},
               "'mountpoint' is missing: text of at most 255 characters is expected");
  assert_check(&evs_record_server_attach, &(EvsServerAttach){0}, "'volumeId' is missing: a UUID is expected");
  assert_check(&evs_record_server_attach, &(EvsServerAttach){.volume_id = ID, .count = 2},
               "'volume_type', 'hw:passthrough' and 'count' are for a dry run without a disk");
  assert_check(&evs_record_server_attach, &(EvsServerAttach){.dry_run = TRUE, .volume_type = "SSD"},
               "a dry run without a disk takes 'volume_type' and 'hw:passthrough'");
  assert_check(&evs_record_server_detach, &(EvsServerDetach){2},
               "'delete_flag' is 2: a number from 0 to 1 is expected");
}

/* All tables: fields that fit their records, help for each flag, no flag twice. */
static void test_tables_are_sound(void **state G_GNUC_UNUSED)
{
  for (EvsOp op = 0; op < EVS_OP_COUNT; op++) {
    const EvsRecord *taken[] = {evs_operations[op].query, evs_operations[op].request};
    g_autoptr(GHashTable) flags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (gsize r = 0; r < G_N_ELEMENTS(taken); r++) {
      for (gsize i = 0; taken[r] && i < taken[r]->count; i++) {
        const EvsField *field = &taken[r]->fields[i];
        char *flag = evs_field_flag(field);
        if (!flag)
          continue;
        assert_true(field->offset < taken[r]->size);
        if (!field->help)
          fail_msg("%s: --%s has no help", evs_operations[op].id, flag);
        if (!g_hash_table_add(flags, flag))
          fail_msg("%s: --%s twice", evs_operations[op].id, flag);
      }
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_create),
    cmocka_unit_test(test_metadata_of_create),
    cmocka_unit_test(test_tags_of_create),
    cmocka_unit_test(test_narrower_creates),
    cmocka_unit_test(test_performance),
    cmocka_unit_test(test_changes),
    cmocka_unit_test(test_batch),
    cmocka_unit_test(test_unsubscribe),
    cmocka_unit_test(test_filters),
    cmocka_unit_test(test_the_rest),
    cmocka_unit_test(test_tables_are_sound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
