/* evsclient/typed_call.c and the calls over it: what is sent for each, how answers are read. */
#include "evsclient/cinder.h"
#include "evsclient/disk_change.h"
#include "evsclient/server.h"
#include "evsclient/typed_call.h"
#include "tests/unit/evsclient_caller.h"

/* The old operations are called here like all others. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#define SNAPSHOT_ID "c0000000-0000-4000-8000-000000000001"
#define V2 "/v2/" PROJECT
#define DISK_ANSWER "{\"volume\":{\"id\":\"" DISK_ID "\",\"status\":\"creating\"}}"
#define SNAPSHOT_ANSWER "{\"snapshot\":{\"id\":\"" SNAPSHOT_ID "\",\"volume_id\":\"" DISK_ID "\"}}"
#define JOB_ANSWER "{\"job_id\":\"j1\"}"

/* ---- disks ---- */

static void test_create_many(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 202, "{\"order_id\":\"o1\",\"volume_ids\":[\"" DISK_ID "\"]}");
  EvsDiskCreate request = {.name = "n",
                           .availability_zone = "az1",
                           .volume_type = "SSD",
                           .size_gib = 10,
                           .count = 2,
                           .backup_id = NULL,
                           .server_id = SERVER_ID,
                           .charging_mode = "prePaid",
                           .period_type = "month",
                           .period_count = 2,
                           .auto_pay = TRUE};
  g_autoptr(EvsAccepted) accepted =
    evs_disk_create_many(caller.client, &caller.context, &request, DISK_ID, NULL);
  assert_string_equal(accepted->order_id, "o1");
  assert_string_equal(accepted->job_id, "");
  assert_string_equal(accepted->volume_ids[0], DISK_ID);
  assert_sent(&caller, "POST /v2.1/" PROJECT "/cloudvolumes",
              "{\"bssParam\":{\"chargingMode\":\"prePaid\",\"isAutoPay\":\"true\",\"periodNum\":2,"
              "\"periodType\":\"month\"},\"server_id\":\"" SERVER_ID "\",\"volume\":{\"availability_zone\":"
              "\"az1\",\"count\":2,\"metadata\":{\"create_for_volume_id\":\"true\"},\"name\":\"n\","
              "\"size\":10,\"volume_type\":\"SSD\"}}");
  g_autofree char *job = NULL, *id = NULL;
  g_autoptr(GError) error = NULL;
  assert_false(evs_disk_create(caller.client, &caller.context, &request, NULL, &job, &id, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
  assert_non_null(strstr(error->message, "order 'o1'"));
}

static void test_other_creates(void **state)
{
  Caller caller = caller_of(state);
  EvsDiskCreate request = {.availability_zone = "az1", .volume_type = "SSD", .size_gib = 10};
  answer_all(&caller, 202, JOB_ANSWER);
  g_autoptr(EvsAccepted) accepted = evs_disk_create_v2(caller.client, &caller.context, &request, NULL);
  assert_string_equal(accepted->job_id, "j1");
  assert_null(accepted->volume_ids[0]);
#define SMALL "{\"volume\":{\"availability_zone\":\"az1\",\"size\":10,\"volume_type\":\"SSD\"}}"
  assert_sent(&caller, "POST " V2 "/cloudvolumes", SMALL);
  answer_all(&caller, 202, DISK_ANSWER);
  g_autoptr(EvsDisk) disk = evs_cinder_volume_create(caller.client, &caller.context, &request, NULL);
  assert_string_equal(disk->status, "creating");
  assert_sent(&caller, "POST " V2 "/volumes", SMALL);
  request.server_id = SERVER_ID;
  g_autoptr(GError) error = NULL;
  guint before = http_script_count(caller.fixture->script, "");
  assert_null(evs_cinder_volume_create(caller.client, &caller.context, &request, &error));
  assert_string_equal(error->message, "'server_id' is not taken by this call");
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
  assert_int_equal(http_script_count(caller.fixture->script, ""), before);
}

/* 6.1.2 answers without a root; a cloud that mends its ways is understood as well. */
static void test_updates(void **state)
{
  Caller caller = caller_of(state);
  static const char *const answers[] = {"{\"id\":\"" DISK_ID "\",\"name\":\"new\"}",
                                        "{\"volume\":{\"id\":\"" DISK_ID "\",\"name\":\"new\"}}"};
  EvsDiskUpdate request = {.name = "new", .description = ""};
  for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
    answer_all(&caller, 200, answers[i]);
    g_autoptr(EvsDisk) disk = evs_disk_update(caller.client, &caller.context, DISK_ID, &request, NULL);
    assert_string_equal(disk->name, "new");
    assert_sent(&caller, "PUT " V2 "/cloudvolumes/" DISK_ID,
                "{\"volume\":{\"description\":\"\",\"name\":\"new\"}}");
  }
  answer_all(&caller, 200, NULL);
  g_autoptr(EvsDisk) silent = evs_disk_update(caller.client, &caller.context, DISK_ID, &request, NULL);
  assert_string_equal(silent->id, "");
  answer_all(&caller, 200, DISK_ANSWER);
  EvsCinderVolumeUpdate cinder = {.name = "n2", .display_description = "d"};
  g_autoptr(EvsDisk) twin = evs_cinder_volume_update(caller.client, &caller.context, DISK_ID, &cinder, NULL);
  assert_string_equal(twin->id, DISK_ID);
  assert_sent(&caller, "PUT " V2 "/volumes/" DISK_ID,
              "{\"volume\":{\"display_description\":\"d\",\"name\":\"n2\"}}");
}

/* Trap 24 of evs-facts 17.1: an object with results, or an array of such. */
static void test_unsubscribe(void **state)
{
  Caller caller = caller_of(state);
#define RESULTS "{\"results\":[{\"volume_id\":\"" DISK_ID "\",\"result\":\"FAIL\",\"fail_reason\":\"r\"}]}"
  static const char *const answers[] = {
    RESULTS, "[" RESULTS "]", "[{\"volume_id\":\"" DISK_ID "\",\"result\":\"FAIL\",\"fail_reason\":\"r\"}]"};
  const char *const ids[] = {DISK_ID, NULL};
  for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
    answer_all(&caller, 202, answers[i]);
    g_autoptr(GPtrArray) results = evs_disk_unsubscribe(caller.client, &caller.context, ids, NULL);
    assert_int_equal(results->len, 1);
    const EvsUnsubscribed *result = results->pdata[0];
    assert_string_equal(result->fail_reason, "r");
    assert_string_equal(result->order_id, "");
    assert_sent(&caller, "POST " V2 "/cloudvolumes/unsubscribe", "{\"volume_ids\":[\"" DISK_ID "\"]}");
  }
}

static void test_changes(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 202, JOB_ANSWER);
  EvsDiskExtend extend = {.new_size_gib = 50, .auto_pay = TRUE};
  g_autoptr(EvsAccepted) first = evs_disk_extend_paid(caller.client, &caller.context, DISK_ID, &extend, NULL);
  assert_string_equal(first->job_id, "j1");
  assert_sent(&caller, "POST /v2.1/" PROJECT "/cloudvolumes/" DISK_ID "/action",
              "{\"bssParam\":{\"isAutoPay\":\"true\"},\"os-extend\":{\"new_size\":50}}");
  extend.auto_pay = FALSE;
  g_autoptr(EvsAccepted) second = evs_disk_extend_v2(caller.client, &caller.context, DISK_ID, &extend, NULL);
  assert_sent(&caller, "POST " V2 "/cloudvolumes/" DISK_ID "/action", "{\"os-extend\":{\"new_size\":50}}");
  EvsDiskNewSize size = {DISK_ID, 60};
  g_autoptr(GPtrArray) sizes = g_ptr_array_new();
  g_ptr_array_add(sizes, &size);
  EvsDiskExtendBatch batch = {.disks = sizes, .auto_pay = TRUE};
  g_autoptr(EvsAccepted) third = evs_disk_extend_batch(caller.client, &caller.context, &batch, NULL);
  assert_sent(&caller, "POST /v5/" PROJECT "/volumes/batch-extend",
              "{\"bss_param\":{\"is_auto_pay\":\"true\"},\"volumes\":[{\"id\":\"" DISK_ID
              "\",\"new_size\":60}]}");
  EvsDiskRetype retype = {.new_type = "ESSD", .console_url = "http://c"};
  g_autoptr(EvsAccepted) fourth =
    evs_disk_retype_paid(caller.client, &caller.context, DISK_ID, &retype, NULL);
  assert_sent(
    &caller, "POST " V2 "/volumes/" DISK_ID "/retype",
    "{\"bssParam\":{\"cloudServiceConsoleURL\":\"http://c\"},\"os-retype\":{\"new_type\":\"ESSD\"}}");
  assert_non_null(second && third && fourth ? third : NULL);
}

static void test_vendor_calls(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 200,
             "{\"volume\":{\"id\":\"" DISK_ID "\",\"os-vendor-extended:lock_scene\":\"backup\"}}");
  g_autoptr(EvsDisk) disk = evs_vendor_disk_get(caller.client, &caller.context, DISK_ID, NULL);
  assert_string_equal(disk->lock_scene, "backup");
  assert_string_equal(disk->lock_source_id, "");
  assert_sent(&caller, "GET " V2 "/os-vendor-volumes/" DISK_ID, "");
  answer_all(&caller, 202, "{\"rollback\":{\"volume_id\":\"" DISK_ID "\"}}");
  EvsRollback rollback = {.volume_id = DISK_ID, .name = "n"};
  assert_true(evs_vendor_snapshot_rollback(caller.client, &caller.context, SNAPSHOT_ID, &rollback, NULL));
  assert_sent(&caller, "POST " V2 "/os-vendor-snapshots/" SNAPSHOT_ID "/rollback",
              "{\"rollback\":{\"name\":\"n\",\"volume_id\":\"" DISK_ID "\"}}");
  assert_true(evs_snapshot_rollback(caller.client, &caller.context, SNAPSHOT_ID, &rollback, NULL));
  assert_sent(&caller, "POST " V2 "/cloudsnapshots/" SNAPSHOT_ID "/rollback",
              "{\"rollback\":{\"name\":\"n\",\"volume_id\":\"" DISK_ID "\"}}");
}

/* ---- the OpenStack face ---- */

#define ACTION "POST " V2 "/volumes/" DISK_ID "/action"

static void test_actions(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 202, NULL);
  assert_true(evs_cinder_volume_extend(caller.client, &caller.context, DISK_ID, 20, NULL));
  assert_sent(&caller, ACTION, "{\"os-extend\":{\"new_size\":20}}");
  assert_true(evs_cinder_volume_set_bootable(caller.client, &caller.context, DISK_ID, FALSE, NULL));
  assert_sent(&caller, ACTION, "{\"os-set_bootable\":{\"bootable\":false}}");
  assert_true(evs_cinder_volume_set_readonly(caller.client, &caller.context, DISK_ID, TRUE, NULL));
  assert_sent(&caller, ACTION, "{\"os-update_readonly_flag\":{\"readonly\":true}}");
  EvsCinderAttach attach = {.server_id = SERVER_ID, .mountpoint = "/dev/vdb", .mode = "ro"};
  assert_true(evs_cinder_volume_attach(caller.client, &caller.context, DISK_ID, &attach, NULL));
  assert_sent(&caller, ACTION,
              "{\"os-attach\":{\"instance_uuid\":\"" SERVER_ID
              "\",\"mode\":\"ro\",\"mountpoint\":\"/dev/vdb\"}}");
  assert_true(evs_cinder_volume_detach(caller.client, &caller.context, DISK_ID, NULL, NULL));
  assert_sent(&caller, ACTION, "{\"os-detach\":{}}");
  assert_true(evs_cinder_volume_detach(caller.client, &caller.context, DISK_ID, SNAPSHOT_ID, NULL));
  assert_sent(&caller, ACTION, "{\"os-detach\":{\"attachment_id\":\"" SNAPSHOT_ID "\"}}");
  assert_true(evs_cinder_volume_reserve(caller.client, &caller.context, DISK_ID, NULL));
  assert_sent(&caller, ACTION, "{\"os-reserve\":{}}");
  assert_true(evs_cinder_volume_unreserve(caller.client, &caller.context, DISK_ID, NULL));
  assert_sent(&caller, ACTION, "{\"os-unreserve\":{}}");
  assert_true(evs_cinder_volume_delete(caller.client, &caller.context, DISK_ID, FALSE, NULL));
  assert_sent(&caller, "DELETE " V2 "/volumes/" DISK_ID, "");
  assert_true(evs_cinder_volume_delete(caller.client, &caller.context, DISK_ID, TRUE, NULL));
  assert_sent(&caller, "DELETE " V2 "/volumes/" DISK_ID "?cascade=true", "");
}

static void test_export(void **state)
{
  Caller caller = caller_of(state);
  static const char *const roots[] = {"os-volume_upload_image", "os-volume_uploaded_image"};
  EvsImageExport request = {.image_name = "my image", .disk_format = "raw", .os_type = "linux"};
  for (gsize i = 0; i < G_N_ELEMENTS(roots); i++) {
    g_autofree char *body = g_strdup_printf("{\"%s\":{\"image_id\":\"i1\",\"size\":\"40\",\"id\":\"" DISK_ID
                                            "\",\"volume_type\":{\"name\":\"SSD\"}}}",
                                            roots[i]);
    answer_all(&caller, 202, body);
    g_autoptr(EvsExportedImage) image =
      evs_cinder_volume_export_image(caller.client, &caller.context, DISK_ID, &request, NULL);
    assert_string_equal(image->image_id, "i1");
    assert_string_equal(image->volume_type, "SSD");
    assert_int_equal(image->size_gib, 40);
    assert_sent(&caller, ACTION,
                "{\"os-volume_upload_image\":{\"__os_type\":\"linux\",\"disk_format\":\"raw\","
                "\"image_name\":\"my image\"}}");
    http_script_clear(caller.fixture->script);
  }
}

static void test_snapshots(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 202, SNAPSHOT_ANSWER);
  EvsSnapshotCreate create = {.volume_id = DISK_ID, .name = "s", .force = TRUE};
  EvsSnapshotUpdate update = {.description = "d"};
  g_autoptr(EvsSnapshot) made = evs_cinder_snapshot_create(caller.client, &caller.context, &create, NULL);
  assert_string_equal(made->id, SNAPSHOT_ID);
  assert_sent(&caller, "POST " V2 "/snapshots",
              "{\"snapshot\":{\"force\":true,\"name\":\"s\",\"volume_id\":\"" DISK_ID "\"}}");
  g_autoptr(EvsSnapshot) changed =
    evs_snapshot_update(caller.client, &caller.context, SNAPSHOT_ID, &update, NULL);
  assert_sent(&caller, "PUT " V2 "/cloudsnapshots/" SNAPSHOT_ID, "{\"snapshot\":{\"description\":\"d\"}}");
  g_autoptr(EvsSnapshot) twin =
    evs_cinder_snapshot_update(caller.client, &caller.context, SNAPSHOT_ID, &update, NULL);
  assert_sent(&caller, "PUT " V2 "/snapshots/" SNAPSHOT_ID, "{\"snapshot\":{\"description\":\"d\"}}");
  g_autoptr(EvsSnapshot) read = evs_cinder_snapshot_get(caller.client, &caller.context, SNAPSHOT_ID, NULL);
  assert_string_equal(read->volume_id, changed->volume_id);
  assert_string_equal(twin->id, SNAPSHOT_ID);
  assert_true(evs_cinder_snapshot_delete(caller.client, &caller.context, SNAPSHOT_ID, NULL));
  assert_sent(&caller, "DELETE " V2 "/snapshots/" SNAPSHOT_ID, "");
}

/* ---- servers ---- */

static void test_server(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 200,
             "{\"server\":{\"id\":\"" SERVER_ID "\",\"status\":\"ACTIVE\",\"locked\":\"true\","
             "\"OS-EXT-STS:power_state\":1,\"os-extended-volumes:volumes_attached\":["
             "{\"id\":\"" DISK_ID "\",\"bootIndex\":\"0\",\"delete_on_termination\":\"true\"},"
             "{\"id\":\"" SNAPSHOT_ID "\",\"bootIndex\":null},{\"bootIndex\":\"0\"}]}}");
  g_autoptr(EvsServer) server = evs_server_get(caller.client, &caller.context, SERVER_ID, NULL);
  assert_true(server->locked);
  assert_int_equal(server->power_state, 1);
  assert_int_equal(server->disks->len, 2);
  const EvsServerDisk *boot = server->disks->pdata[0], *data = server->disks->pdata[1];
  assert_int_equal(boot->boot_index, 0);
  assert_true(boot->delete_on_termination);
  assert_int_equal(data->boot_index, -1);
  answer_all(&caller, 200,
             "{\"attachableQuantity\":{\"free_disk\":\"23\"},\"volumeAttachments\":[{\"volumeId\":\"" DISK_ID
             "\",\"size\":\"40\",\"bus\":\"scsi\"},{\"id\":\"" SNAPSHOT_ID "\",\"bootIndex\":0}]}");
  gint64 slots;
  g_autoptr(GPtrArray) devices =
    evs_server_block_devices(caller.client, &caller.context, SERVER_ID, &slots, NULL);
  assert_int_equal(slots, 23);
  assert_int_equal(devices->len, 2);
  const EvsBlockDevice *first = devices->pdata[0], *second = devices->pdata[1];
  assert_int_equal(first->boot_index, -1);
  assert_int_equal(first->size_gib, 40);
  assert_string_equal(second->volume_id, SNAPSHOT_ID);
  assert_int_equal(second->boot_index, 0);
}

static void test_attach(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 200, JOB_ANSWER);
  g_autofree char *job = NULL, *dry_job = NULL;
  EvsServerAttach attach = {.volume_id = DISK_ID, .device = "/dev/vdb"};
  assert_true(evs_server_attach_as(caller.client, &caller.context, SERVER_ID, &attach, &job, NULL));
#define ATTACH "POST /v1/" PROJECT "/cloudservers/" SERVER_ID "/attachvolume"
  assert_sent(&caller, ATTACH,
              "{\"volumeAttachment\":{\"device\":\"/dev/vdb\",\"volumeId\":\"" DISK_ID "\"}}");
  EvsServerAttach dry = {.dry_run = TRUE, .volume_type = "SSD", .passthrough = "true"};
  assert_true(evs_server_attach_as(caller.client, &caller.context, SERVER_ID, &dry, &dry_job, NULL));
  assert_sent(
    &caller, ATTACH,
    "{\"dry_run\":true,\"volumeAttachment\":{\"hw:passthrough\":\"true\",\"volume_type\":\"SSD\"}}");
}

/* ---- ids ---- */

static void test_ids(void **state G_GNUC_UNUSED)
{
  static const struct {
    const char *name, *id;
    EvsCode code; /* OK: accepted */
    const char *text;
  } rows[] = {
    {"volume_id", DISK_ID, EVS_CODE_OK, NULL},
    {"volume_id", "x", EVS_CODE_NOT_FOUND, "'x' is no volume id: a UUID is expected"},
    {"volume_id", NULL, EVS_CODE_NOT_FOUND, "'' is no volume id: a UUID is expected"},
    {"type_id", "SSD", EVS_CODE_NOT_FOUND, "'SSD' is no disk type id: a UUID is expected"},
    {"job_id", "ff808_0-8", EVS_CODE_OK, NULL},
    {"job_id", "a/b", EVS_CODE_NOT_FOUND,
     "'a/b' is no job id: 1 to 64 letters, digits, '-' and '_' is expected"},
    {"version", "v3", EVS_CODE_OK, NULL},
    {"version", "v4", EVS_CODE_NOT_FOUND, "'v4' is no API version: one of v1, v2, v3 is expected"},
    {"key", "csi.storage.k8s.io/pv/name", EVS_CODE_OK, NULL},
    {"key", "..", EVS_CODE_INVALID_ARGUMENT,
     "'..' is no metadata key: 1 to 85 characters other than '.' and '..' is expected"},
    {"key", "", EVS_CODE_INVALID_ARGUMENT,
     "'' is no metadata key: 1 to 85 characters other than '.' and '..' is expected"},
    {"key", "a\nb", EVS_CODE_INVALID_ARGUMENT, NULL},
    {"planet", "x", EVS_CODE_INTERNAL, "nothing is known about ids named 'planet'"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    assert_int_equal(evs_path_id_check(rows[i].name, rows[i].id, &error), rows[i].code == EVS_CODE_OK);
    assert_int_equal(error ? evs_error_code(error) : EVS_CODE_OK, rows[i].code);
    if (rows[i].text)
      assert_string_equal(error->message, rows[i].text);
  }
}

/* Every name in braces of every operation is known, and a missing id is never sent. */
static void test_no_operation_goes_without_its_ids(void **state)
{
  Caller caller = caller_of(state);
  for (EvsOp op = 0; op < EVS_OP_COUNT; op++) {
    const char *path = evs_operations[op].path;
    const char *brace = strchr(path, '{');
    if (brace && g_str_has_prefix(brace, "{project}"))
      brace = strchr(brace + 1, '{');
    if (!brace || g_str_has_prefix(brace, "{project}"))
      continue;
    EvsTypedCall call = {.op = op, .id = "no id"};
    g_autoptr(GError) error = NULL;
    assert_false(evs_typed_call(caller.client, &caller.context, &call, NULL, &error));
    assert_true(evs_error_is(error, EVS_CODE_NOT_FOUND));
  }
  EvsTypedCall call = {.op = EVS_OP_DISK_CREATE, .client_token = "no uuid"};
  g_autoptr(GError) error = NULL;
  assert_false(evs_typed_call(caller.client, &caller.context, &call, NULL, &error));
  assert_string_equal(error->message, "the client token is no UUID");
  assert_int_equal(http_script_count(caller.fixture->script, ""), 0);
}

static void test_keys_are_encoded(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 200, "{\"meta\":{}}");
  EvsTypedCall call = {
    .op = EVS_OP_DISK_METADATA_REMOVE, .id = DISK_ID, .second_id = "csi.storage.k8s.io/pv name?#%\xc3\xa9"};
  assert_true(evs_typed_call(caller.client, &caller.context, &call, NULL, NULL));
  assert_sent(&caller,
              "DELETE " V2 "/volumes/" DISK_ID "/metadata/csi.storage.k8s.io%2Fpv%20name%3F%23%25%C3%A9", "");
}

/* ---- answers ---- */

static void test_answers_without_their_key(void **state)
{
  Caller caller = caller_of(state);
  answer_all(&caller, 200, "{\"volume\":{\"id\":\"odd\"}}");
  g_autoptr(GError) error = NULL;
  assert_null(evs_disk_get(caller.client, &caller.context, DISK_ID, &error));
  assert_true(evs_error_is(error, EVS_CODE_INTERNAL));
  assert_string_equal(error->message, "cannot get disk: the answer's volume has no id");
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNSENT);
  g_clear_error(&error);
  EvsDiskCreate request = {.availability_zone = "az1", .volume_type = "SSD", .size_gib = 10};
  assert_null(evs_cinder_volume_create(caller.client, &caller.context, &request, &error));
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_UNKNOWN);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
    TEST(test_create_many),
    TEST(test_other_creates),
    TEST(test_updates),
    TEST(test_unsubscribe),
    TEST(test_changes),
    TEST(test_vendor_calls),
    TEST(test_actions),
    TEST(test_export),
    TEST(test_snapshots),
    TEST(test_server),
    TEST(test_attach),
    TEST(test_ids),
    TEST(test_no_operation_goes_without_its_ids),
    TEST(test_keys_are_encoded),
    TEST(test_answers_without_their_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
