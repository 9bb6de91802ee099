/* What the controller reads from snapshots: kind, owner, which one counts, what holds a disk, what a clone left; and
 * what a disk made from something must be like. */
#include "base/error.h"
#include "controller/clone_snapshot.h"
#include "controller/create_snapshot.h"
#include "controller/delete_guard.h"
#include "controller/find_disk.h"
#include "controller/list_snapshots.h"
#include "controller/snapshot_find.h"
#include "controller/snapshot_message.h"
#include "controller/snapshot_request.h"
#include "controller/volume_message.h"
#include "controller/volume_source.h"
#include "ownership/clone_leftover.h"
#include "ownership/snapshot_kind.h"
#include "tests/unit/cmocka_all.h"

#define ID(n) "0000000" n "-1111-4222-8333-444455556666"
#define DISK "dddddddd-1111-4222-8333-444455556666"

static const Owner us = {.cluster_id = "prod", .driver_name = "evs.csi.huaweicloud.com"};
static const Owner them = {.cluster_id = "test", .driver_name = "evs.csi.huaweicloud.com"};

static void assert_error(GError *error, EvsCode code, const char *text)
{
  assert_non_null(error);
  assert_int_equal(evs_error_code(error), code);
  if (!strstr(error->message, text))
    fail_msg("'%s' is not in '%s'", text, error->message);
  g_error_free(error);
}

static GHashTable *new_map(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* Available, 10 GiB, of DISK; with the marks of owner for `name` (owner NULL: none). */
static EvsSnapshot *new_snapshot(const Owner *owner, const char *id, const char *created_at, const char *name)
{
  EvsSnapshot *snapshot = g_new0(EvsSnapshot, 1);
  snapshot->id = g_strdup(id);
  snapshot->name = g_strdup(name);
  snapshot->status = g_strdup("available");
  snapshot->description = g_strdup("");
  snapshot->volume_id = g_strdup(DISK);
  snapshot->size_gib = 10;
  snapshot->created_at = g_strdup(created_at);
  snapshot->created_wall_us = 1500000;
  snapshot->metadata = new_map();
  if (owner)
    owner_mark(owner, name, snapshot->metadata);
  return snapshot;
}

static EvsSnapshot *with_status(EvsSnapshot *snapshot, const char *status)
{
  g_free(snapshot->status);
  snapshot->status = g_strdup(status);
  return snapshot;
}

static EvsSnapshot *new_temporary(const Owner *owner, const char *id)
{
  EvsSnapshot *snapshot = new_snapshot(owner, id, "2026", CLONE_SNAPSHOT_PREFIX "1");
  g_hash_table_insert(snapshot->metadata, g_strdup(OWNER_KEY_CLONE_OF), g_strdup(DISK));
  return snapshot;
}

static EvsDisk *new_disk(const char *status)
{
  EvsDisk *disk = g_new0(EvsDisk, 1);
  char **const texts[] = {&disk->name,
                          &disk->description,
                          &disk->image_id,
                          &disk->backup_id,
                          &disk->wwn,
                          &disk->service_type,
                          &disk->enterprise_project_id,
                          &disk->dedicated_storage_id,
                          &disk->created_at,
                          &disk->snapshot_id};
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    *texts[i] = g_strdup("");
  disk->id = g_strdup(DISK);
  disk->status = g_strdup(status);
  disk->availability_zone = g_strdup("az-1");
  disk->volume_type = g_strdup("SSD");
  disk->size_gib = 10;
  disk->metadata = new_map();
  disk->tags = new_map();
  disk->attachments = g_ptr_array_new();
  return disk;
}

static void put(GHashTable *map, const char *key, const char *value)
{
  g_hash_table_insert(map, g_strdup(key), g_strdup(value));
}

static void drop(void *snapshot)
{
  evs_snapshot_free(snapshot);
}

static GPtrArray *list_of(EvsSnapshot *const *snapshots)
{
  GPtrArray *list = g_ptr_array_new_with_free_func(drop);
  for (gsize i = 0; snapshots[i]; i++)
    g_ptr_array_add(list, snapshots[i]);
  return list;
}

/* ---- kinds ---- */

static void test_kinds(void **state)
{
  (void)state;
  g_autoptr(EvsSnapshot) plain = new_snapshot(NULL, ID("1"), "2026", "by-hand");
  g_autoptr(EvsSnapshot) backup = new_snapshot(NULL, ID("2"), "2026", "autobk_snapshot_2026");
  g_autoptr(EvsSnapshot) marked = new_snapshot(NULL, ID("3"), "2026", "any");
  put(marked->metadata, "__system_enableActive", "true");
  g_autoptr(EvsSnapshot) temporary = new_temporary(&them, ID("4"));
  g_autoptr(EvsSnapshot) lookalike = new_snapshot(&us, ID("5"), "2026", CLONE_SNAPSHOT_PREFIX "by-hand");
  assert_true(snapshot_is_visible(plain));
  assert_true(snapshot_is_visible(lookalike));
  assert_true(snapshot_is_backup(backup));
  assert_true(snapshot_is_backup(marked));
  assert_true(snapshot_is_temporary(temporary));
  assert_false(snapshot_is_visible(backup));
  assert_false(snapshot_is_visible(temporary));

  assert_int_equal(delete_guard_judge(&us, plain), GUARD_KEEP);
  assert_int_equal(delete_guard_judge(&us, backup), GUARD_IGNORE);
  assert_int_equal(delete_guard_judge(&us, temporary), GUARD_KEEP);
  assert_int_equal(delete_guard_judge(&them, temporary), GUARD_REMOVE);
  assert_int_equal(delete_guard_judge(&us, with_status(plain, "error")), GUARD_KEEP);
  assert_int_equal(delete_guard_judge(&us, with_status(plain, "deleting")), GUARD_LEAVES);
}

static void test_statuses(void **state)
{
  (void)state;
  static const char *const at_rest[] = {"error", "error_deleting", "unheard_of"};
  static const char *const moving[] = {"creating", "deleting", "rollbacking", "backing-up"};
  g_autoptr(EvsSnapshot) snapshot = new_snapshot(&us, ID("1"), "2026", "snap-1");
  assert_true(snapshot_check_not_failed(snapshot, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS(at_rest) + G_N_ELEMENTS(moving); i++) {
    gboolean rests = i < G_N_ELEMENTS(at_rest);
    with_status(snapshot, rests ? at_rest[i] : moving[i - G_N_ELEMENTS(at_rest)]);
    assert_false(snapshot_is_ready(snapshot));
    GError *error = NULL;
    assert_false(snapshot_refuse_status(snapshot, "deleted", &error));
    assert_error(error, rests ? EVS_CODE_FAILED_PRECONDITION : EVS_CODE_ABORTED, snapshot->status);
  }
  GError *error = NULL;
  assert_false(snapshot_check_not_failed(with_status(snapshot, "error"), &error));
  assert_error(error, EVS_CODE_FAILED_PRECONDITION, "delete it and take another");

  static const char *const fit[] = {"available", "in-use", "attaching"};
  for (gsize i = 0; i < G_N_ELEMENTS(fit); i++) {
    g_autoptr(EvsDisk) disk = new_disk(fit[i]);
    assert_true(create_snapshot_check_disk(disk, NULL));
  }
  g_autoptr(EvsDisk) extending = new_disk("extending");
  g_autoptr(EvsDisk) broken = new_disk("error");
  error = NULL;
  assert_false(create_snapshot_check_disk(extending, &error));
  assert_error(error, EVS_CODE_ABORTED, "extending");
  error = NULL;
  assert_false(create_snapshot_check_disk(broken, &error));
  assert_error(error, EVS_CODE_FAILED_PRECONDITION, "'error'");
}

/* ---- which one counts ---- */

static void test_pick(void **state)
{
  (void)state;
  EvsSnapshot *const snapshots[] = {new_snapshot(&us, ID("9"), "2026-02", "snap-1"),
                                    new_snapshot(&us, ID("3"), "2026-01", "snap-1"),
                                    new_snapshot(&us, ID("2"), "2026-01", "snap-1"),
                                    new_snapshot(&them, ID("1"), "2025", "snap-1"),
                                    new_snapshot(NULL, ID("4"), "2025", "snap-1"),
                                    new_snapshot(&us, ID("5"), "2025", "snap-2"),
                                    with_status(new_snapshot(&us, ID("6"), "2025", "snap-1"), "error"),
                                    with_status(new_snapshot(&us, ID("7"), "2025", "snap-1"), "deleting"),
                                    NULL};
  g_autoptr(GPtrArray) list = list_of(snapshots);
  g_auto(SnapshotFound) found = {0};
  guint duplicates = 0;
  snapshot_pick(&us, "snap-1", "snap-1", ID("9"), list, &found, &duplicates);
  assert_string_equal(found.snapshot->id, ID("2"));
  assert_int_equal(duplicates, 2);
  assert_true(found.has_own);
  assert_int_equal(found.remnants->len, 1);
  assert_string_equal(((EvsSnapshot *)found.remnants->pdata[0])->id, ID("6"));

  g_auto(SnapshotFound) none = {0};
  snapshot_pick(&us, "snap-3", "snap-3", ID("9"), list, &none, &duplicates);
  assert_null(none.snapshot);
  assert_false(none.has_own);
  assert_int_equal(none.remnants->len, 0);
}

static void test_clone_names(void **state)
{
  (void)state;
  g_autofree char *name = clone_snapshot_name(&us, DISK, "pvc-2");
  g_autofree char *again = clone_snapshot_name(&us, DISK, "pvc-2");
  g_autofree char *other = clone_snapshot_name(&us, DISK, "pvc-3");
  g_autofree char *theirs = clone_snapshot_name(&them, DISK, "pvc-2");
  assert_int_equal(strlen(name), strlen(CLONE_SNAPSHOT_PREFIX) + 32);
  assert_string_equal(name, again);
  assert_string_not_equal(name, other);
  assert_string_not_equal(name, theirs);
}

static void test_sweep(void **state)
{
  (void)state;
  const gint64 minute_us = 60 * G_USEC_PER_SEC;
  g_autoptr(GPtrArray) disks = g_ptr_array_new_with_free_func((GDestroyNotify)evs_disk_free);
  g_autoptr(EvsSnapshot) snapshot = new_temporary(&us, ID("1"));
  g_autoptr(EvsSnapshot) theirs = new_temporary(&them, ID("1"));
  g_autoptr(EvsSnapshot) plain = new_snapshot(&us, ID("1"), "2026", "snap-1");
  gint64 young = snapshot->created_wall_us + 19 * minute_us, old = young + 2 * minute_us;
  assert_false(clone_leftover_may_go(&us, snapshot, disks, young));
  assert_true(clone_leftover_may_go(&us, snapshot, disks, old));
  assert_false(clone_leftover_may_go(&us, theirs, disks, old));
  assert_false(clone_leftover_may_go(&us, plain, disks, old));

  EvsDisk *disk = new_disk("creating");
  g_free(disk->snapshot_id);
  disk->snapshot_id = g_strdup(ID("1"));
  g_ptr_array_add(disks, disk);
  assert_false(clone_leftover_may_go(&us, snapshot, disks, old));
  g_free(disk->status);
  disk->status = g_strdup("in-use");
  assert_true(clone_leftover_may_go(&us, snapshot, disks, young));
}

/* ---- requests and messages ---- */

static void test_request(void **state)
{
  (void)state;
  Csi__V1__CreateSnapshotRequest message = CSI__V1__CREATE_SNAPSHOT_REQUEST__INIT;
  message.name = (char *)"snap-1";
  message.source_volume_id = (char *)DISK;
  static const char *const given[][2] = {{"force-create", "false"},
                                         {"csi.storage.k8s.io/volumesnapshot/name", "nightly"},
                                         {"csi.storage.k8s.io/anything", "x"}};
  Csi__V1__CreateSnapshotRequest__ParametersEntry entries[3], *pointers[3];
  for (gsize i = 0; i < 3; i++) {
    csi__v1__create_snapshot_request__parameters_entry__init(&entries[i]);
    entries[i].key = (char *)given[i][0];
    entries[i].value = (char *)given[i][1];
    pointers[i] = &entries[i];
  }
  message.parameters = pointers;
  g_autoptr(SnapshotRequest) plain = snapshot_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, NULL);
  assert_true(plain->force);
  message.n_parameters = 3;
  g_autoptr(SnapshotRequest) full = snapshot_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, NULL);
  assert_false(full->force);
  assert_int_equal(g_hash_table_size(full->notes), 1);
  assert_string_equal(g_hash_table_lookup(full->notes, given[1][0]), "nightly");

  entries[2].key = (char *)"colour";
  GError *error = NULL;
  assert_null(snapshot_request_parse(&message, PARAMETERS_REFUSE_UNKNOWN, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "parameter 'colour' is unknown");
  g_autoptr(SnapshotRequest) ignored = snapshot_request_parse(&message, PARAMETERS_IGNORE_UNKNOWN, NULL);
  assert_non_null(ignored);
  message.name = (char *)CLONE_SNAPSHOT_PREFIX "1";
  error = NULL;
  assert_null(snapshot_request_parse(&message, PARAMETERS_IGNORE_UNKNOWN, &error));
  assert_error(error, EVS_CODE_INVALID_ARGUMENT, "field 'name' begins with");
}

static void test_message(void **state)
{
  (void)state;
  g_autoptr(EvsSnapshot) snapshot = new_snapshot(&us, ID("1"), "2026", "snap-1");
  Csi__V1__Snapshot *ready = snapshot_message_new(snapshot, "az-1");
  assert_true(ready->ready_to_use);
  assert_int_equal(ready->size_bytes, (gint64)10 << 30);
  assert_int_equal(ready->creation_time->seconds, 1);
  assert_int_equal(ready->creation_time->nanos, 500000000);
  assert_string_equal(ready->accessible_topology[0]->segments[0]->value, "az-1");
  Csi__V1__Snapshot *not_ready = snapshot_message_new(with_status(snapshot, "creating"), NULL);
  assert_false(not_ready->ready_to_use);
  assert_int_equal(not_ready->n_accessible_topology, 0);
  csi__v1__snapshot__free_unpacked(ready, NULL);
  csi__v1__snapshot__free_unpacked(not_ready, NULL);
}

static void test_list(void **state)
{
  (void)state;
  EvsSnapshot *const snapshots[] = {new_snapshot(&us, ID("3"), "2026-03", "c"),
                                    new_snapshot(NULL, ID("1"), "2026-01", "a"), new_temporary(&us, ID("9")),
                                    new_snapshot(&us, ID("2"), "2026-02", "b"), NULL};
  g_autoptr(GPtrArray) all = list_of(snapshots);
  list_snapshots_select(all, &us, FALSE, "", NULL, NULL);
  assert_int_equal(all->len, 3);
  assert_string_equal(((EvsSnapshot *)all->pdata[0])->id, ID("1"));
  list_snapshots_select(all, &us, TRUE, DISK, "2026-02", ID("2"));
  assert_int_equal(all->len, 1);
  assert_string_equal(((EvsSnapshot *)all->pdata[0])->id, ID("3"));
  list_snapshots_select(all, &us, FALSE, ID("8"), NULL, NULL);
  assert_int_equal(all->len, 0);
}

/* ---- disks made from something ---- */

static CreateRequest *new_request(SourceKind kind, const char *source_id)
{
  CreateRequest *request = g_new0(CreateRequest, 1);
  request->name = g_strdup("pvc-2");
  request->evs_name = g_strdup("pvc-2");
  request->size = (VolumeSize){.create_gib = 10, .most_gib = G_MAXINT64};
  request->zones = g_ptr_array_new_with_free_func(g_free);
  request->source_kind = kind;
  request->source_id = g_strdup(source_id);
  return request;
}

static void assert_refused(const CreateRequest *request, const EvsDisk *disk, gint64 size_gib, EvsCode code,
                           const char *text)
{
  GError *error = NULL;
  assert_false(volume_source_fits(request, disk, size_gib, &error));
  assert_error(error, code, text);
}

static void test_source_fits(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk("available");
  g_autoptr(CreateRequest) request = new_request(SOURCE_SNAPSHOT, ID("1"));
  assert_true(volume_source_fits(request, disk, 10, NULL));
  /* No size asked for: the source's. */
  assert_true(volume_source_fits(request, disk, 20, NULL));
  request->size.least_gib = 15;
  request->size.create_gib = 15;
  assert_refused(request, disk, 20, EVS_CODE_OUT_OF_RANGE, "at least 20 GiB");
  assert_true(volume_source_fits(request, disk, 15, NULL));
  request->size = (VolumeSize){.create_gib = 10, .most_gib = 15};
  assert_refused(request, disk, 20, EVS_CODE_OUT_OF_RANGE, "at most 15 GiB");

  g_ptr_array_add(request->zones, g_strdup("az-2"));
  assert_refused(request, disk, 10, EVS_CODE_RESOURCE_EXHAUSTED, "must be in 'az-1'");
  g_ptr_array_add(request->zones, g_strdup("az-1"));
  assert_true(volume_source_fits(request, disk, 10, NULL));
  request->parameters.type = g_strdup("SAS");
  assert_refused(request, disk, 10, EVS_CODE_INVALID_ARGUMENT, "parameter 'type' is 'SAS'");
  g_clear_pointer(&request->parameters.type, g_free);
  put(disk->metadata, "__system__cmkid", ID("7"));
  assert_refused(request, disk, 10, EVS_CODE_INVALID_ARGUMENT, "parameter 'kmsId' is ''");
  request->parameters.kms_key_id = g_strdup(ID("7"));
  put(disk->metadata, "hw:passthrough", "true");
  assert_refused(request, disk, 10, EVS_CODE_INVALID_ARGUMENT, "parameter 'scsi' is 'false'");
}

static void test_ids_that_cannot_exist(void **state)
{
  (void)state;
  g_autoptr(CreateRequest) snapshot = new_request(SOURCE_SNAPSHOT, "fake");
  g_autoptr(CreateRequest) volume = new_request(SOURCE_VOLUME, "fake");
  g_autoptr(CreateRequest) none = new_request(SOURCE_NONE, NULL);
  GError *error = NULL;
  assert_false(volume_source_check_exists(snapshot, &error));
  assert_error(error, EVS_CODE_NOT_FOUND, "snapshot 'fake'");
  error = NULL;
  assert_false(volume_source_check_exists(volume, &error));
  assert_error(error, EVS_CODE_NOT_FOUND, "volume 'fake'");
  assert_true(volume_source_check_exists(none, NULL));
}

static void assert_other_source(const CreateRequest *request, const EvsDisk *disk)
{
  GError *error = NULL;
  assert_false(find_disk_fits(request, disk, &error));
  assert_error(error, EVS_CODE_ALREADY_EXISTS, "another source");
}

/* The mark on the disk tells one source from another, also once its snapshot is gone. */
static void test_disk_of_source(void **state)
{
  (void)state;
  g_autoptr(EvsDisk) disk = new_disk("available");
  g_autoptr(CreateRequest) empty = new_request(SOURCE_NONE, NULL);
  g_autoptr(CreateRequest) snapshot = new_request(SOURCE_SNAPSHOT, ID("1"));
  g_autoptr(CreateRequest) volume = new_request(SOURCE_VOLUME, ID("2"));
  assert_true(find_disk_fits(empty, disk, NULL));
  assert_other_source(snapshot, disk);
  g_free(disk->snapshot_id);
  disk->snapshot_id = g_strdup(ID("1"));
  assert_true(find_disk_fits(snapshot, disk, NULL));
  assert_other_source(empty, disk);
  assert_other_source(volume, disk);

  put(disk->metadata, OWNER_KEY_SOURCE, "volume:" ID("2"));
  assert_true(disk_has_source(disk));
  assert_true(find_disk_fits(volume, disk, NULL));
  assert_other_source(snapshot, disk);
  Csi__V1__Volume *message = volume_message_new(disk);
  assert_string_equal(message->content_source->volume->volume_id, ID("2"));
  csi__v1__volume__free_unpacked(message, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_kinds),          cmocka_unit_test(test_statuses),
    cmocka_unit_test(test_pick),           cmocka_unit_test(test_clone_names),
    cmocka_unit_test(test_sweep),          cmocka_unit_test(test_request),
    cmocka_unit_test(test_message),        cmocka_unit_test(test_list),
    cmocka_unit_test(test_source_fits),    cmocka_unit_test(test_ids_that_cannot_exist),
    cmocka_unit_test(test_disk_of_source),
  };
  return cmocka_run_group_tests_name("controller_copies", tests, NULL, NULL);
}
