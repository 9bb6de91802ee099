/* The calls of libevsclient that the driver does not need, against evs-sim over real sockets: what they do there, how lists
 * page, how paths with odd characters are signed. */
#include "evsclient/cinder.h"
#include "evsclient/disk_change.h"
#include "evsclient/json.h"
#include "evsclient/metadata.h"
#include "evsclient/server.h"
#include "tests/integration/evsclient_cloud.h"

#pragma GCC diagnostic ignored                                                                               \
  "-Wdeprecated-declarations" /* the old operations are called here like all others */

typedef struct {
  Sim *sim;
  EvsConfig *config;
  Cloud cloud;
  EvsClient *client;
  const EvsContext *context;
} Stage;

static void open_stage(Stage *stage, void **state)
{
  stage->sim = sim_start(*state, NULL);
  stage->config = cloud_load_config(stage->sim);
  stage->cloud = cloud_open(stage->config);
  stage->client = stage->cloud.client;
  stage->context = &stage->cloud.context;
}

static void close_stage(Stage *stage)
{
  cloud_close(&stage->cloud);
  evs_config_free(stage->config);
}

static char *server_id(const Stage *stage)
{
  g_autoptr(json_t) server = sim_server(stage->sim, 0);
  return g_strdup(json_string_value(json_object_get(server, "id")));
}

/* Waits for disks that an order or another call without a job makes. */
static void await_disk(Stage *stage, const char *id)
{
  sim_wait_disk_status(stage->sim, id, "available");
}

/* ---- disks paid by the month ---- */

static EvsAccepted *order_disks(Stage *stage)
{
  EvsDiskCreate request = stage->cloud.request;
  request.count = 2;
  request.charging_mode = "prePaid";
  request.period_type = "month";
  request.period_count = 1;
  request.auto_pay = TRUE;
  g_autoptr(GError) error = NULL;
  EvsAccepted *accepted = evs_disk_create_many(stage->client, stage->context, &request, NULL, &error);
  cloud_assert_ok(accepted != NULL, error);
  return accepted;
}

static void test_paid_disks(void **state)
{
  Stage stage;
  open_stage(&stage, state);
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsAccepted) ordered = order_disks(&stage);
  assert_string_not_equal(ordered->order_id, "");
  assert_string_equal(ordered->job_id, "");
  assert_int_equal(g_strv_length(ordered->volume_ids), 2);
  const char *id = ordered->volume_ids[0];
  await_disk(&stage, id);
  await_disk(&stage, ordered->volume_ids[1]);
  g_autofree char *job = NULL, *delete_job = NULL;
  assert_false(evs_disk_delete(stage.client, stage.context, id, &delete_job, &error));
  assert_true(evs_error_is_cloud(error, "EVS.1035"));
  g_clear_error(&error);
  EvsDiskExtend extend = {.new_size_gib = 20, .auto_pay = TRUE};
  g_autoptr(EvsAccepted) extended = evs_disk_extend_paid(stage.client, stage.context, id, &extend, &error);
  cloud_assert_ok(extended != NULL, error);
  assert_string_not_equal(extended->order_id, "");
  assert_string_equal(extended->job_id, "");
  await_disk(&stage, id);
  assert_false(evs_disk_extend(stage.client, stage.context, id, 30, &job, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  assert_non_null(strstr(error->message, "the cloud made order"));
  g_clear_error(&error);
  await_disk(&stage, id);
  g_autoptr(GPtrArray) results =
    evs_disk_unsubscribe(stage.client, stage.context, (const char *const *)ordered->volume_ids, &error);
  cloud_assert_ok(results != NULL, error);
  assert_int_equal(results->len, 2);
  for (guint i = 0; i < results->len; i++)
    assert_string_equal(((const EvsUnsubscribed *)results->pdata[i])->result, "SUCCESS");
  sim_wait_disk_status(stage.sim, id, "gone");
  close_stage(&stage);
}

/* ---- lists ---- */

/* Five disks named disk-0001 ... by one call. */
static EvsAccepted *make_five(Stage *stage)
{
  EvsDiskCreate request = stage->cloud.request;
  request.count = 5;
  g_autoptr(GError) error = NULL;
  EvsAccepted *accepted = evs_disk_create_many(stage->client, stage->context, &request, NULL, &error);
  cloud_assert_ok(accepted != NULL, error);
  assert_int_equal(g_strv_length(accepted->volume_ids), 5);
  for (guint i = 0; i < 5; i++)
    await_disk(stage, accepted->volume_ids[i]);
  return accepted;
}

/* Reads the list to its end: each of the five once. Takes the iterator. */
static void assert_five(EvsIterator *list, gboolean brief)
{
  g_autoptr(EvsIterator) disks = list;
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (const EvsDisk *disk; (disk = evs_iterator_next(disks, &error));) {
    assert_true(g_hash_table_add(seen, g_strdup(disk->id)));
    assert_true(g_str_has_prefix(disk->name, "disk-000"));
    assert_int_equal(disk->size_gib, brief ? 0 : 10);
  }
  cloud_assert_ok(TRUE, error);
  assert_int_equal(g_hash_table_size(seen), 5);
}

static void test_lists(void **state)
{
  Stage stage;
  open_stage(&stage, state);
  g_autoptr(EvsAccepted) made = make_five(&stage);
  EvsDiskFilter two = {.limit = 2};
  EvsCinderVolumeFilter cinder = {.limit = 2};
  sim_reset_calls(stage.sim);
  assert_five(evs_disk_iterate(stage.client, stage.context, &two), FALSE);
  assert_five(evs_vendor_disk_iterate(stage.client, stage.context, &two), FALSE);
  assert_five(evs_disk_iterate_short(stage.client, stage.context, &two), TRUE);
  assert_five(evs_cinder_volume_iterate(stage.client, stage.context, &cinder), FALSE);
  assert_five(evs_cinder_volume_iterate_short(stage.client, stage.context, &cinder), TRUE);
  static const char *const ops[] = {"6.1.3", "6.1.11", "6.1.8", "7.1.8", "7.1.6"};
  for (gsize i = 0; i < G_N_ELEMENTS(ops); i++)
    assert_int_equal(sim_calls(stage.sim, ops[i]), 3);
  assert_int_equal(sim_calls(stage.sim, NULL), 15);
  assert_five(evs_disk_iterate(stage.client, stage.context, NULL), FALSE);
  assert_int_equal(sim_calls(stage.sim, "6.1.3"), 4);
  EvsDiskFilter none = {.status = "error"};
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) empty = evs_disk_list(stage.client, stage.context, &none, &error);
  cloud_assert_ok(empty && empty->len == 0, error);
  assert_true(made->volume_ids[4] != NULL);
  close_stage(&stage);
}

/* How many disks the filter lets through. Takes the iterator. */
static guint count_of(EvsIterator *list)
{
  g_autoptr(EvsIterator) disks = list;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) all = evs_iterator_rest(disks, (GDestroyNotify)evs_disk_free, &error);
  cloud_assert_ok(all != NULL, error);
  return all->len;
}

static void test_filters(void **state)
{
  Stage stage;
  open_stage(&stage, state);
  g_autoptr(GHashTable) metadata = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(metadata, (gpointer) "csi/k \"quoted\"", (gpointer) "v & w");
  g_autofree char *plain = cloud_create_disk(&stage.cloud, NULL);
  stage.cloud.request.metadata = metadata;
  stage.cloud.request.name = "marked";
  stage.cloud.request.size_gib = 20;
  g_autofree char *marked = cloud_create_disk(&stage.cloud, NULL);
  const char *ids[] = {marked, plain, NULL}, *one[] = {plain, NULL};
  const struct {
    EvsDiskFilter filter;
    guint count;
  } rows[] = {
    {{.metadata = metadata}, 1},
    {{.name = "marked"}, 1},
    {{.ids = ids}, 2},
    {{.ids = one, .id = marked}, 1},
    {{.id = marked}, 1},
    {{.bootable = "false"}, 2},
    {{.bootable = "true"}, 0},
    {{.multiattach = "true"}, 0},
    {{.status = "available"}, 2},
    {{.availability_zone = "sim-1b"}, 0},
    {{.service_type = "EVS"}, 2},
    {{.service_type = "DSS"}, 0},
    {{.offset = 1}, 1},
    {{.offset = 7}, 0},
    {{.server_id = plain}, 0},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (count_of(evs_disk_iterate(stage.client, stage.context, &rows[i].filter)) != rows[i].count)
      fail_msg("filter %u does not let %u disks through", (guint)i, rows[i].count);
  EvsCinderVolumeFilter cinder = {.metadata = metadata}, sorted = {.sort_key = "size", .sort_dir = "asc"};
  assert_int_equal(count_of(evs_cinder_volume_iterate(stage.client, stage.context, &cinder)), 1);
  g_autoptr(EvsIterator) by_size = evs_cinder_volume_iterate(stage.client, stage.context, &sorted);
  const EvsDisk *smallest = evs_iterator_next(by_size, NULL);
  assert_string_equal(smallest->id, plain);
  close_stage(&stage);
}

/* Snapshots page by offset in section 6, by marker in section 7. */
static void test_snapshot_lists(void **state)
{
  Stage stage;
  open_stage(&stage, state);
  g_autoptr(GError) error = NULL;
  g_autofree char *id = cloud_create_disk(&stage.cloud, NULL);
  for (guint i = 0; i < 3; i++) {
    EvsSnapshotCreate request = {.volume_id = id, .name = i == 1 ? "one" : "other"};
    g_autoptr(EvsSnapshot) snapshot =
      evs_cinder_snapshot_create(stage.client, stage.context, &request, &error);
    cloud_assert_ok(
      snapshot && evs_watch_snapshot(stage.cloud.watcher, stage.context, snapshot->id, NULL, &error), error);
  }
  EvsSnapshotFilter custom = {.limit = 2};
  EvsCinderSnapshotFilter cinder = {.limit = 1, .volume_id = id}, named = {.name = "one"};
  EvsIterator *lists[] = {evs_snapshot_iterate(stage.client, stage.context, &custom),
                          evs_cinder_snapshot_iterate(stage.client, stage.context, &cinder),
                          evs_cinder_snapshot_iterate_short(stage.client, stage.context, &cinder),
                          evs_cinder_snapshot_iterate(stage.client, stage.context, &named)};
  for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
    g_autoptr(EvsIterator) list = lists[i];
    g_autoptr(GPtrArray) all = evs_iterator_rest(list, (GDestroyNotify)evs_snapshot_free, &error);
    cloud_assert_ok(all != NULL, error);
    assert_int_equal(all->len, i == 3 ? 1 : 3);
    assert_string_equal(((const EvsSnapshot *)all->pdata[0])->volume_id, id);
  }
  close_stage(&stage);
}

/* ---- metadata whose keys need care in a path ---- */

static void test_keys_in_paths(void **state)
{
  static const char *const keys[] = {"csi.storage.k8s.io/pv/name",
                                     "with blank & more?#",
                                     "\xe4\xb8\xad\xe6\x96\x87",
                                     "a+b=c;d,e",
                                     "%41%2F",
                                     "tilde~'(quoted)*"};
  Stage stage;
  open_stage(&stage, state);
  g_autofree char *id = cloud_create_disk(&stage.cloud, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) pairs = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(pairs, (gpointer)keys[i], (gpointer) "value");
    g_autoptr(GHashTable) added = evs_disk_metadata_add(stage.client, stage.context, id, pairs, &error);
    cloud_assert_ok(added != NULL, error);
    g_autofree char *value = evs_disk_metadata_get(stage.client, stage.context, id, keys[i], &error);
    cloud_assert_ok(value && g_str_equal(value, "value"), error);
    cloud_assert_ok(evs_disk_metadata_set(stage.client, stage.context, id, keys[i], "new", &error), error);
    g_autoptr(EvsDisk) disk = evs_cinder_volume_get(stage.client, stage.context, id, &error);
    cloud_assert_ok(disk != NULL, error);
    assert_string_equal(evs_disk_metadata(disk, keys[i]), "new");
    cloud_assert_ok(evs_disk_metadata_remove(stage.client, stage.context, id, keys[i], &error), error);
    g_autofree char *gone = evs_disk_metadata_get(stage.client, stage.context, id, keys[i], &error);
    assert_null(gone);
    assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  }
  close_stage(&stage);
}

/* ---- batches, cascades, servers ---- */

static void test_batch_extend(void **state)
{
  Stage stage;
  open_stage(&stage, state);
  g_autoptr(EvsAccepted) made = make_five(&stage);
  g_autoptr(GPtrArray) sizes = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < 5; i++) {
    EvsDiskNewSize *size = g_new(EvsDiskNewSize, 1);
    *size = (EvsDiskNewSize){made->volume_ids[i], 11 + i};
    g_ptr_array_add(sizes, size);
  }
  EvsDiskExtendBatch request = {.disks = sizes};
  g_autoptr(GError) error = NULL;
  g_autoptr(EvsAccepted) accepted = evs_disk_extend_batch(stage.client, stage.context, &request, &error);
  cloud_assert_ok(accepted && *accepted->job_id, error);
  for (guint i = 0; i < 5; i++) {
    g_autoptr(EvsDisk) disk = NULL;
    cloud_assert_ok(evs_watch_extend(stage.cloud.watcher, stage.context, made->volume_ids[i],
                                     accepted->job_id, 11 + i, &disk, &error),
                    error);
    assert_int_equal(disk->size_gib, 11 + i);
  }
  g_autoptr(EvsJob) job = evs_job_get(stage.client, stage.context, EVS_SERVICE_EVS, accepted->job_id, &error);
  cloud_assert_ok(job != NULL, error);
  assert_int_equal(job->state, EVS_JOB_SUCCESS);
  assert_int_equal(job->sub_jobs->len, 5);
  close_stage(&stage);
}

static void test_cascade(void **state)
{
  Stage stage;
  open_stage(&stage, state);
  g_autoptr(GError) error = NULL;
  g_autofree char *id = cloud_create_disk(&stage.cloud, NULL);
  EvsSnapshotCreate request = {.volume_id = id, .name = "snap"};
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_create(stage.client, stage.context, &request, &error);
  cloud_assert_ok(
    snapshot && evs_watch_snapshot(stage.cloud.watcher, stage.context, snapshot->id, NULL, &error), error);
  assert_false(evs_cinder_volume_delete(stage.client, stage.context, id, FALSE, &error));
  assert_int_equal(evs_error_code(error), EVS_CODE_FAILED_PRECONDITION);
  g_clear_error(&error);
  cloud_assert_ok(evs_cinder_volume_delete(stage.client, stage.context, id, TRUE, &error), error);
  sim_wait_disk_status(stage.sim, id, "gone");
  g_autoptr(EvsSnapshot) gone = evs_snapshot_get(stage.client, stage.context, snapshot->id, &error);
  assert_null(gone);
  assert_int_equal(evs_error_code(error), EVS_CODE_NOT_FOUND);
  close_stage(&stage);
}

static void test_servers(void **state)
{
  Stage stage;
  open_stage(&stage, state);
  g_autoptr(GError) error = NULL;
  g_autofree char *server = server_id(&stage), *id = cloud_create_disk(&stage.cloud, NULL);
  g_autofree char *none = NULL, *job = NULL;
  EvsServerAttach dry = {.dry_run = TRUE, .volume_type = "SSD", .passthrough = "false"};
  cloud_assert_ok(evs_server_attach_as(stage.client, stage.context, server, &dry, &none, &error), error);
  assert_string_equal(none, "");
  EvsServerAttach attach = {.volume_id = id, .device = "/dev/vdf"};
  cloud_assert_ok(evs_server_attach_as(stage.client, stage.context, server, &attach, &job, &error) &&
                    evs_watch_attach(stage.cloud.watcher, stage.context, id, server, job, NULL, NULL, &error),
                  error);
  g_autoptr(EvsServer) read = evs_server_get(stage.client, stage.context, server, &error);
  cloud_assert_ok(read != NULL, error);
  assert_string_equal(read->status, "ACTIVE");
  const EvsServerDisk *plugged = NULL;
  for (guint i = 0; i < read->disks->len; i++)
    if (g_str_equal(((const EvsServerDisk *)read->disks->pdata[i])->volume_id, id))
      plugged = read->disks->pdata[i];
  assert_non_null(plugged);
  assert_int_equal(plugged->boot_index, -1);
  g_autoptr(EvsDisk) disk = evs_disk_get(stage.client, stage.context, id, &error);
  cloud_assert_ok(disk != NULL, error);
  const EvsAttachment *attachment = evs_disk_attachment(disk, server);
  assert_string_equal(attachment->device, "/dev/vdf");
  assert_string_equal(attachment->volume_id, id);
  assert_string_not_equal(attachment->attached_at, "");
  close_stage(&stage);
}

#define SIM_TEST(function) cmocka_unit_test_setup_teardown(function, harness_setup, harness_teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    SIM_TEST(test_paid_disks),     SIM_TEST(test_lists),         SIM_TEST(test_filters),
    SIM_TEST(test_snapshot_lists), SIM_TEST(test_keys_in_paths), SIM_TEST(test_batch_extend),
    SIM_TEST(test_cascade),        SIM_TEST(test_servers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
