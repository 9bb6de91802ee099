/* Decoding and encoding of evsclient: json, disk, job, catalog, error_body, codes. */
#include "evsclient/catalog.h"
#include "evsclient/codes.h"
#include "evsclient/disk.h"
#include "evsclient/error_body.h"
#include "evsclient/job.h"
#include "evsclient/records.h"
#include "evsclient/typed_call.h"

#include "tests/unit/cmocka_all.h"

#define DISK_ID "b104b8db-170d-441b-897a-3c8ba9c5a214"

static EvsDisk *read_disk(const json_t *object)
{
  return evs_record_read(&evs_record_disk, object);
}

static EvsJob *read_job(const json_t *object)
{
  return evs_record_read(&evs_record_job, object);
}

static json_t *parse(const char *text)
{
  json_t *value = evs_json_parse(text, strlen(text));
  assert_non_null(value);
  return value;
}

static void test_json_is_tolerant(void **state)
{
  (void)state;
  g_autoptr(json_t) root =
    parse("{\"i\":7,\"s\":\" 40 \",\"r\":3.0,\"n\":null,\"t\":\"TRUE\",\"b\":true,\"x\":\"x1\","
          "\"m\":{\"a\":1,\"b\":false,\"c\":\"v\",\"d\":null},\"l\":[]}");
  assert_int_equal(evs_json_int(root, "i", -1), 7);
  assert_int_equal(evs_json_int(root, "s", -1), 40);
  assert_int_equal(evs_json_int(root, "r", -1), 3);
  assert_int_equal(evs_json_int(root, "n", -1), -1);
  assert_int_equal(evs_json_int(root, "x", -1), -1);
  assert_int_equal(evs_json_int(root, "missing", -1), -1);
  assert_int_equal(evs_json_int(NULL, "missing", -1), -1);
  assert_true(evs_json_bool(root, "t", FALSE));
  assert_true(evs_json_bool(root, "b", FALSE));
  assert_true(evs_json_bool(root, "i", FALSE));
  assert_true(evs_json_bool(root, "n", TRUE));
  g_autofree char *number = evs_json_text(root, "i"), *none = evs_json_text(root, "n"),
                  *list = evs_json_text(root, "l");
  assert_string_equal(number, "7");
  assert_string_equal(none, "");
  assert_string_equal(list, "");
  g_autoptr(GHashTable) map = evs_json_map(root, "m");
  assert_string_equal(g_hash_table_lookup(map, "a"), "1");
  assert_string_equal(g_hash_table_lookup(map, "b"), "false");
  assert_string_equal(g_hash_table_lookup(map, "d"), "");
  g_autoptr(GHashTable) empty = evs_json_map(root, "l");
  assert_int_equal(g_hash_table_size(empty), 0);
}

static void test_json_depth(void **state)
{
  (void)state;
  g_autofree char *deep = g_strnfill(100000, '[');
  assert_null(evs_json_parse(deep, strlen(deep)));
  assert_null(evs_json_parse("{\"a\":", 5));
  assert_null(evs_json_parse(NULL, 0));
  const char *brackets = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"}";
  g_autoptr(json_t) fine = parse(brackets);
  assert_true(json_is_object(fine));
}

static void test_times(void **state)
{
  (void)state;
  const gint64 second = G_USEC_PER_SEC;
  assert_int_equal(evs_json_time("2016-05-25T02:42:10.856332"), 1464144130 * second + 856332);
  assert_int_equal(evs_json_time("2013-02-25t04:13:17.000000"), 1361765597 * second);
  assert_int_equal(evs_json_time("2016-03-08T07:40:13.219Z"), 1457422813 * second + 219000);
  assert_int_equal(evs_json_time("2014-06-28T12:20:21Z"), 1403958021 * second);
  assert_int_equal(evs_json_time("2014-06-28T12:20:21+00:00"), 1403958021 * second);
  assert_int_equal(evs_json_time(""), 0);
  assert_int_equal(evs_json_time("yesterday"), 0);
  assert_int_equal(evs_json_time(NULL), 0);
}

static void test_disk(void **state)
{
  (void)state;
  g_autoptr(json_t) root = parse(
    "{\"id\":\"" DISK_ID "\",\"name\":\"pvc-1\",\"status\":\"in-use\",\"description\":null,\"size\":\"40\","
    "\"availability_zone\":\"az1\",\"volume_type\":\"GPSSD2\",\"bootable\":\"false\",\"multiattach\":"
    "\"true\","
    "\"wwn\":\" 688860300000D136FA16F48F05992360\",\"snapshot_id\":null,"
    "\"iops\":{\"id\":\"x\",\"total_val\":\"3000\",\"frozened\":false},\"throughput\":{\"total_val\":125},"
    "\"volume_image_metadata\":{\"image_id\":\"img\",\"min_disk\":40},\"metadata\":{\"hw:passthrough\":true,"
    "\"__system__encrypted\":0,\"k\":\"v\"},\"tags\":null,\"unknown\":{\"deep\":[1]},"
    "\"attachments\":[{\"server_id\":\"a0000000-0000-4000-8000-000000000001\",\"attachment_id\":\"at1\","
    "\"device\":\"/dev/vdb\",\"id\":\"" DISK_ID "\"},{\"server_id\":null},7]}");
  EvsDisk *disk = read_disk(root);
  g_autoptr(EvsDisk) copy = evs_disk_copy(disk);
  evs_disk_free(disk);
  assert_string_equal(copy->id, DISK_ID);
  assert_string_equal(copy->description, "");
  assert_int_equal(copy->size_gib, 40);
  assert_true(copy->multiattach);
  assert_false(copy->bootable);
  assert_string_equal(copy->wwn, "688860300000d136fa16f48f05992360");
  assert_int_equal(copy->iops, 3000);
  assert_int_equal(copy->throughput, 125);
  assert_string_equal(copy->image_id, "img");
  assert_string_equal(copy->snapshot_id, "");
  assert_string_equal(evs_disk_metadata(copy, "hw:passthrough"), "true");
  assert_string_equal(evs_disk_metadata(copy, "__system__encrypted"), "0");
  assert_string_equal(evs_disk_metadata(copy, "none"), "");
  assert_int_equal(g_hash_table_size(copy->tags), 0);
  assert_int_equal(copy->attachments->len, 1);
  assert_string_equal(evs_disk_attachment(copy, "A0000000-0000-4000-8000-000000000001")->attachment_id,
                      "at1");
  assert_null(evs_disk_attachment(copy, "other"));
}

static void test_disk_without_id(void **state)
{
  (void)state;
  g_autoptr(json_t) odd = parse("{\"id\":\"40g42920-0000-0000-0000-000000000000\"}"), none = parse("{}");
  assert_null(read_disk(odd));
  assert_null(read_disk(none));
  assert_null(read_disk(NULL));
  g_autoptr(json_t) bare = parse("{\"id\":\"" DISK_ID "\"}");
  g_autoptr(EvsDisk) disk = read_disk(bare);
  assert_string_equal(disk->status, "");
  assert_int_equal(disk->attachments->len, 0);
}

static char *create_body(const EvsDiskCreate *request)
{
  return evs_json_write(evs_record_write(&evs_record_disk_create, request));
}

static void test_create_body(void **state)
{
  (void)state;
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(metadata, (gpointer) "z", (gpointer) "1");
  g_hash_table_insert(metadata, (gpointer) "hw:passthrough", (gpointer) "true");
  EvsDiskCreate request = {.name = "pvc-1",
                           .availability_zone = "az1",
                           .volume_type = "SSD",
                           .size_gib = 10,
                           .multiattach = TRUE,
                           .dedicated_storage_id = "d",
                           .metadata = metadata,
                           .tags = metadata};
  g_autofree char *body = create_body(&request);
  assert_string_equal(body,
                      "{\"OS-SCH-HNT:scheduler_hints\":{\"dedicated_storage_id\":\"d\"},\"volume\":{"
                      "\"availability_zone\":\"az1\",\"metadata\":{\"create_for_volume_id\":\"true\","
                      "\"hw:passthrough\":\"true\",\"z\":\"1\"},\"multiattach\":true,\"name\":\"pvc-1\","
                      "\"size\":10,\"tags\":{\"hw:passthrough\":\"true\",\"z\":\"1\"},"
                      "\"volume_type\":\"SSD\"}}");
  EvsDiskCreate smallest = {.availability_zone = "az1", .volume_type = "SSD", .size_gib = 10};
  g_autofree char *small = create_body(&smallest);
  assert_string_equal(small,
                      "{\"volume\":{\"availability_zone\":\"az1\",\"metadata\":{\"create_for_volume_id\":"
                      "\"true\"},\"size\":10,\"volume_type\":\"SSD\"}}");
}

static void test_list_query(void **state)
{
  (void)state;
  const char *const ids[] = {"a", "b", NULL};
  EvsDiskFilter filter = {.ids = ids, .name = "a b", .limit = 500, .marker = "m"};
  g_autofree char *query = evs_record_query(&evs_record_disk_query, &filter);
  assert_string_equal(query, "limit=500&name=a%20b&ids=%5B%27a%27%2C%27b%27%5D&marker=m");
}

static void test_job(void **state)
{
  (void)state;
  g_autoptr(json_t) simple =
    parse("{\"status\":\"RUNNING\",\"job_id\":\"j\",\"job_type\":\"createVolume\","
          "\"end_time\":\"\",\"error_code\":null,\"entities\":{\"volume_id\":\"" DISK_ID "\"}}");
  g_autoptr(EvsJob) running = read_job(simple);
  assert_int_equal(running->state, EVS_JOB_RUNNING);
  assert_string_equal(running->volume_id, DISK_ID);
  assert_string_equal(running->error_code, "");
  assert_int_equal(running->end_wall_us, 0);
  g_autoptr(json_t) batch =
    parse("{\"status\":\"FAIL\",\"job_id\":\"j\",\"end_time\":\"2016-03-08T07:40:13.219Z\",\"entities\":{"
          "\"sub_jobs\":["
          "{\"status\":\"SUCCESS\",\"entities\":{\"volume_id\":\"" DISK_ID "\"}},"
          "{\"status\":\"FAIL\",\"error_code\":\"Ecs.0205\",\"fail_reason\":\"\",\"entities\":"
          "{\"errorcode_message\":\"real cause\"}}]}}");
  g_autoptr(EvsJob) failed = read_job(batch);
  assert_int_equal(failed->state, EVS_JOB_FAIL);
  assert_string_equal(failed->volume_id, DISK_ID);
  assert_string_equal(failed->error_code, "Ecs.0205");
  assert_string_equal(failed->fail_reason, "real cause");
  assert_int_not_equal(failed->end_wall_us, 0);
  g_autoptr(json_t) strange = parse("{\"status\":\"WAITING_EXECUTE\",\"entities\":{\"volume_id\":\"../x\"}}");
  g_autoptr(EvsJob) waiting = read_job(strange);
  assert_int_equal(waiting->state, EVS_JOB_RUNNING);
  assert_string_equal(waiting->volume_id, "");
}

static gpointer read_reply(EvsOp op, const json_t *answer)
{
  gpointer reply = NULL;
  assert_true(evs_reply_read(op, answer, &reply, NULL));
  return reply;
}

static void test_catalog(void **state)
{
  (void)state;
  g_autoptr(json_t) answer =
    parse("{\"volume_types\":[{\"id\":\"1\",\"name\":\"SAS\",\"extra_specs\":{\"RESKEY:availability_zones\":"
          "\"az1, az2\","
          "\"os-vendor-extended:sold_out_availability_zones\":\"az2\"}},{\"id\":\"2\",\"name\":\"SSD\"}]}");
  GPtrArray *types = read_reply(EVS_OP_TYPE_LIST, answer);
  assert_int_equal(evs_disk_type_offer(types, "SAS", "az1"), EVS_OFFER_YES);
  assert_int_equal(evs_disk_type_offer(types, "SAS", "az2"), EVS_OFFER_SOLD_OUT);
  assert_int_equal(evs_disk_type_offer(types, "SAS", "az3"), EVS_OFFER_NOT_IN_ZONE);
  assert_int_equal(evs_disk_type_offer(types, "SSD", "az9"), EVS_OFFER_YES);
  assert_int_equal(evs_disk_type_offer(types, "ESSD", "az1"), EVS_OFFER_NO_TYPE);
  evs_reply_free(EVS_OP_TYPE_LIST, types);
  g_autoptr(json_t) zone_answer =
    parse("{\"availabilityZoneInfo\":[{\"zoneName\":\"az1\",\"zoneState\":{\"available\":"
          "true}},{\"zoneName\":\"az2\",\"zoneState\":{\"available\":\"false\"}}]}");
  GPtrArray *zones = read_reply(EVS_OP_ZONE_LIST, zone_answer);
  const EvsZone *first = zones->pdata[0], *second = zones->pdata[1];
  assert_string_equal(first->name, "az1");
  assert_true(first->available);
  assert_false(second->available);
  evs_reply_free(EVS_OP_ZONE_LIST, zones);
  g_autoptr(json_t) other_answer = parse("{\"availabilityZonesInfo\":[{\"zoneName\":\"az3\"}]}");
  GPtrArray *others = read_reply(EVS_OP_ZONE_LIST, other_answer);
  const EvsZone *third = others->pdata[0];
  assert_string_equal(third->name, "az3");
  assert_true(third->available);
  evs_reply_free(EVS_OP_ZONE_LIST, others);
}

static void test_error_bodies(void **state)
{
  (void)state;
  static const struct {
    int status;
    const char *body, *cloud_code, *text, *request;
    EvsCode code;
    EvsOutcome outcome;
  } cases[] = {
    {400, "{\"error\":{\"code\":\"EVS.1042\",\"message\":\"quota!\"}}", "EVS.1042", "cannot x: quota!",
     "header", EVS_CODE_RESOURCE_EXHAUSTED, EVS_OUTCOME_REFUSED},
    {401, "{\"error_msg\":\"bad\",\"error_code\":\"APIG.0301\",\"request_id\":\"r1\"}", "APIG.0301",
     "cannot x: bad", "header", EVS_CODE_UNAUTHENTICATED, EVS_OUTCOME_REFUSED},
    {404, "{\"itemNotFound\":{\"message\":\"gone\",\"code\":404}}", "itemNotFound", "cannot x: gone",
     "header", EVS_CODE_NOT_FOUND, EVS_OUTCOME_REFUSED},
    {400, "{\"code\":\"Common.0011\",\"message\":\"No jobs found.\"}", "Common.0011",
     "cannot x: No jobs found.", "header", EVS_CODE_INTERNAL, EVS_OUTCOME_REFUSED},
    {401, "{\"error\":{\"code\":401,\"message\":\"The username\\nis\",\"title\":\"Unauthorized\"}}", "401",
     "cannot x: The username is", "header", EVS_CODE_UNAUTHENTICATED, EVS_OUTCOME_REFUSED},
    {404, "{\"error\":{\"code\":\"EVS.2044\",\"message\":\"kms\"}}", "EVS.2044", "cannot x: kms", "header",
     EVS_CODE_UNAVAILABLE, EVS_OUTCOME_REFUSED},
    {404, "<html>", "", "cannot x: the cloud answered with HTTP status 404", "header", EVS_CODE_INTERNAL,
     EVS_OUTCOME_REFUSED},
    {502, "", "", "cannot x: the cloud answered with HTTP status 502", "header", EVS_CODE_UNAVAILABLE,
     EVS_OUTCOME_UNKNOWN},
    {400, "{\"error\":{\"code\":\"New.1\",\"message\":\"m\"}}", "New.1", "cannot x: m", "header",
     EVS_CODE_INTERNAL, EVS_OUTCOME_REFUSED},
    {400, "[1,2]", "", "cannot x: the cloud answered with HTTP status 400", "header", EVS_CODE_INTERNAL,
     EVS_OUTCOME_REFUSED},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    guint traits;
    evs_error_set_answer(&error, "x", cases[i].status, cases[i].body, strlen(cases[i].body), "header",
                         &traits);
    assert_string_equal(error->message, cases[i].text);
    assert_string_equal(evs_error_cloud_code(error), cases[i].cloud_code);
    assert_string_equal(evs_error_request_id(error), cases[i].request);
    assert_int_equal(evs_error_code(error), cases[i].code);
    assert_int_equal(evs_error_outcome(error), cases[i].outcome);
    assert_int_equal(evs_error_http_status(error), cases[i].status);
  }
}

static void test_request_id_of_the_body(void **state)
{
  (void)state;
  const char *body = "{\"error_msg\":\"m\",\"error_code\":\"APIGW.0308\",\"request_id\":\"r1\"}";
  g_autoptr(GError) error = NULL;
  guint traits;
  evs_error_set_answer(&error, "x", 429, body, strlen(body), NULL, &traits);
  assert_string_equal(evs_error_request_id(error), "r1");
  assert_int_equal(traits, EVS_TRAIT_THROTTLE);
}

static void test_long_message_is_cut(void **state)
{
  (void)state;
  g_autofree char *filler = g_strnfill(5000, 'm');
  g_autofree char *body = g_strdup_printf("{\"error\":{\"code\":\"EVS.1\",\"message\":\"%s\"}}", filler);
  g_auto(EvsErrorBody) parsed = {0};
  assert_true(evs_error_body_parse(body, strlen(body), &parsed));
  assert_int_equal(strlen(parsed.message), 512);
}

static void assert_code(const char *cloud_code, const char *message, EvsCode code, guint traits)
{
  const EvsCloudCode *row = evs_cloud_code_find(cloud_code, message);
  assert_non_null(row);
  assert_int_equal(row->code, code);
  assert_int_equal(row->traits, traits);
}

static void test_codes(void **state)
{
  (void)state;
  assert_code("EVS.5404", "x", EVS_CODE_NOT_FOUND, 0);
  assert_code("EVS.5400", "Must specify a valid status.", EVS_CODE_FAILED_PRECONDITION, 0);
  assert_code("EVS.5400", "offset param must be an integer.", EVS_CODE_ABORTED, 0);
  assert_code("EVS.5400", "Invalid imageRef provided.", EVS_CODE_INVALID_ARGUMENT, 0);
  assert_code("EVS.5400", "limit param must be positive.", EVS_CODE_INVALID_ARGUMENT, 0);
  assert_code("EVS.5400", "Malformed request body.", EVS_CODE_INTERNAL, 0);
  assert_code("Common.0024", NULL, EVS_CODE_UNAVAILABLE, EVS_TRAIT_THROTTLE);
  assert_code("Common.1503", NULL, EVS_CODE_UNAVAILABLE, EVS_TRAIT_THROTTLE);
  assert_code("APIG.0308", NULL, EVS_CODE_UNAVAILABLE, EVS_TRAIT_THROTTLE);
  assert_code("Common.0013", NULL, EVS_CODE_UNAUTHENTICATED, EVS_TRAIT_AUTH);
  assert_code("EVS.2219", NULL, EVS_CODE_ALREADY_EXISTS, 0);
  assert_code("EVS.2220", NULL, EVS_CODE_ABORTED, 0);
  assert_code("EVS.2223", NULL, EVS_CODE_UNIMPLEMENTED, 0);
  assert_code("EVS.2409", NULL, EVS_CODE_ABORTED, EVS_TRAIT_RETRY);
  assert_code("EVS.2071", NULL, EVS_CODE_RESOURCE_EXHAUSTED, 0);
  assert_code("Ecs.0104", NULL, EVS_CODE_RESOURCE_EXHAUSTED, 0);
  assert_code("Ecs.0057", NULL, EVS_CODE_ALREADY_EXISTS, 0);
  assert_code("Ecs.0111", NULL, EVS_CODE_NOT_FOUND, 0);
  assert_code("Ecs.1000", "{itemNotFound ...", EVS_CODE_NOT_FOUND, 0);
  assert_code("Ecs.1000", "other", EVS_CODE_UNAVAILABLE, EVS_TRAIT_RETRY | EVS_TRAIT_UNSURE);
  assert_code("EVS.2144", NULL, EVS_CODE_FAILED_PRECONDITION, 0);
  assert_code("EVS.2145", NULL, EVS_CODE_FAILED_PRECONDITION, 0);
  assert_code("Ecs.0003", "The disk is frozen", EVS_CODE_FAILED_PRECONDITION, 0);
  assert_code("Ecs.0003", "the account is in arrears", EVS_CODE_FAILED_PRECONDITION, 0);
  assert_code("Ecs.0003", "No permission", EVS_CODE_PERMISSION_DENIED, 0);
  assert_null(evs_cloud_code_find("", NULL));
  assert_null(evs_cloud_code_find(NULL, NULL));
  assert_null(evs_cloud_code_find("EVS.9999", NULL));
  assert_int_equal(evs_traits_of_http_status(429), EVS_TRAIT_THROTTLE);
  assert_int_equal(evs_code_of_http_status(404), EVS_CODE_INTERNAL);
}

static void test_job_error(void **state)
{
  (void)state;
  g_autoptr(GError) error = NULL;
  evs_error_set_job(&error, "create disk", "j1", "EVS.1042", "no room");
  assert_string_equal(error->message, "cannot create disk: job j1 failed: no room");
  assert_int_equal(evs_error_code(error), EVS_CODE_RESOURCE_EXHAUSTED);
  assert_int_equal(evs_error_outcome(error), EVS_OUTCOME_FAILED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_json_is_tolerant),
    cmocka_unit_test(test_json_depth),
    cmocka_unit_test(test_times),
    cmocka_unit_test(test_disk),
    cmocka_unit_test(test_disk_without_id),
    cmocka_unit_test(test_create_body),
    cmocka_unit_test(test_list_query),
    cmocka_unit_test(test_job),
    cmocka_unit_test(test_catalog),
    cmocka_unit_test(test_error_bodies),
    cmocka_unit_test(test_request_id_of_the_body),
    cmocka_unit_test(test_long_message_is_cut),
    cmocka_unit_test(test_codes),
    cmocka_unit_test(test_job_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
