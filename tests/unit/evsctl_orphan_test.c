/* evsctl/orphan_find.c and pv_list.c: which disks and snapshots are orphans, and which of them may go. */
#include "evsctl/duration.h"
#include "evsctl/orphan_find.h"

#include "base/text.h"
#include "tests/unit/cmocka_all.h"

#include <string.h>

#define HOUR_US ((gint64)3600 * G_USEC_PER_SEC)
#define NOW_US ((gint64)1700000000 * G_USEC_PER_SEC) /* 2023-11-14T22:13:20Z */
#define OLD "2023-11-14T10:00:00.000000"
#define OLDER "2023-11-13T10:00:00.000000"
#define YOUNG "2023-11-14T22:00:00.000000"

static const Owner us = {"prod-1", OWNER_DEFAULT_DRIVER};

static GHashTable *marks(const Owner *owner, const char *name)
{
  GHashTable *metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (owner)
    owner_mark(owner, name, metadata);
  return metadata;
}

typedef struct {
  GPtrArray *disks, *snapshots;
  PvList *pvs;
  OrphanSearch search;
} World;

static void disk_done(gpointer data)
{
  EvsDisk *disk = data;
  g_hash_table_unref(disk->metadata);
  g_ptr_array_unref(disk->attachments);
  g_free(disk);
}

static void snapshot_done(gpointer data)
{
  EvsSnapshot *snapshot = data;
  g_hash_table_unref(snapshot->metadata);
  g_free(snapshot);
}

static int setup(void **state)
{
  World *world = g_new0(World, 1);
  world->disks = g_ptr_array_new_with_free_func(disk_done);
  world->snapshots = g_ptr_array_new_with_free_func(snapshot_done);
  world->search = (OrphanSearch){.owner = us,
                                 .disks = world->disks,
                                 .snapshots = world->snapshots,
                                 .now_wall_us = NOW_US,
                                 .min_age_s = 3600};
  *state = world;
  return 0;
}

static int teardown(void **state)
{
  World *world = *state;
  g_ptr_array_unref(world->disks);
  g_ptr_array_unref(world->snapshots);
  pv_list_free(world->pvs);
  g_free(world);
  return 0;
}

/* Strings are borrowed. */
static EvsDisk *add_disk(World *world, const char *id, const char *status, const char *created,
                         const char *volume)
{
  EvsDisk *disk = g_new0(EvsDisk, 1);
  *disk = (EvsDisk){.id = (char *)id,
                    .name = (char *)volume,
                    .status = (char *)status,
                    .created_at = (char *)created,
                    .snapshot_id = (char *)"",
                    .size_gib = 10,
                    .metadata = marks(&us, volume),
                    .attachments = g_ptr_array_new()};
  g_ptr_array_add(world->disks, disk);
  return disk;
}

static EvsSnapshot *add_snapshot(World *world, const char *id, const char *name, gint64 age_us)
{
  EvsSnapshot *snapshot = g_new0(EvsSnapshot, 1);
  *snapshot = (EvsSnapshot){.id = (char *)id,
                            .name = (char *)name,
                            .status = (char *)"available",
                            .volume_id = (char *)"d-0",
                            .created_at = (char *)"",
                            .created_wall_us = NOW_US - age_us,
                            .metadata = marks(&us, name)};
  g_ptr_array_add(world->snapshots, snapshot);
  return snapshot;
}

static void use_list(World *world, const char *text)
{
  g_autoptr(GError) error = NULL;
  world->pvs = pv_list_parse(text, strlen(text), &error);
  if (!world->pvs)
    fail_msg("%s", error->message);
  world->search.pvs = world->pvs;
}

#define PV(name, handle)                                                                                     \
  "{\"kind\":\"PersistentVolume\",\"metadata\":{\"name\":\"" name                                            \
  "\"},\"spec\":{\"csi\":{\"volumeHandle\":\"" handle "\"}}}"
#define LIST(items) "{\"kind\":\"List\",\"items\":[" items "]}"

/* "kind:id:keep" of all, one per line. */
static char *describe(const World *world)
{
  g_autoptr(GPtrArray) found = orphan_find(&world->search);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < found->len; i++) {
    const Orphan *orphan = found->pdata[i];
    g_string_append_printf(text, "%s:%s:%s\n", orphan_kind_name(orphan->kind), orphan->id,
                           orphan->keep ? orphan->keep : "may go");
  }
  return g_string_free(g_steal_pointer(&text), FALSE);
}

static void expect(const World *world, const char *wanted)
{
  g_autofree char *text = describe(world);
  assert_string_equal(text, wanted);
}

static void disks_without_pv_are_orphans(void **state)
{
  World *world = *state;
  add_disk(world, "d-used", "available", OLD, "pvc-1");
  add_disk(world, "d-lost", "available", OLD, "pvc-2");
  add_disk(world, "d-young", "available", YOUNG, "pvc-3");
  add_disk(world, "d-ageless", "available", "", "pvc-4");
  add_disk(world, "d-moving", "extending", OLD, "pvc-5");
  add_disk(world, "d-odd", "no-such-status", OLD, "pvc-6");
  use_list(world, LIST(PV("pv-1", "D-USED"))); /* in any case */
  expect(world, "disk:d-lost:may go\n"
                "disk:d-young:younger than --older-than (800 s old)\n"
                "disk:d-ageless:its age is not known\n"
                "disk:d-moving:its status is 'extending'\n"
                "disk:d-odd:its status is 'no-such-status'\n");
}

static void of_duplicates_the_named_one_stays_else_the_oldest(void **state)
{
  World *world = *state;
  add_disk(world, "d-a", "available", OLDER, "pvc-1");
  add_disk(world, "d-b", "available", OLD, "pvc-1");
  add_disk(world, "d-c", "available", OLD, "pvc-2");
  add_disk(world, "d-d", "available", OLDER, "pvc-2");
  expect(world, "duplicate:d-b:no --pv-list\nduplicate:d-c:no --pv-list\n");
  use_list(world, LIST(PV("pv-1", "d-b") "," PV("pv-2", "d-d")));
  expect(world, "duplicate:d-a:may go\nduplicate:d-c:may go\n");
}

/* A PV that names the younger of two decides; the other is the duplicate though it is older. Both named: both stay. */
static void duplicates_that_pvs_name_stay(void **state)
{
  World *world = *state;
  add_disk(world, "d-a", "available", OLDER, "pvc-1");
  add_disk(world, "d-b", "available", OLD, "pvc-1");
  use_list(world, LIST(PV("pv-1", "d-a") "," PV("pv-2", "d-b")));
  expect(world, "duplicate:d-b:PV 'pv-2' names it\n");
}

static void failed_disks_are_told_even_if_used(void **state)
{
  World *world = *state;
  add_disk(world, "d-used", "error", OLD, "pvc-1");
  add_disk(world, "d-lost", "error_extending", OLD, "pvc-2");
  add_disk(world, "d-stuck", "error_deleting", OLD, "pvc-3");
  use_list(world, LIST(PV("pv-1", "d-used")));
  expect(world, "failed disk:d-used:PV 'pv-1' names it\n"
                "failed disk:d-lost:may go\n"
                "failed disk:d-stuck:its status is 'error_deleting'\n");
}

static void what_the_driver_may_not_delete_stays(void **state)
{
  World *world = *state;
  EvsDisk *paid = add_disk(world, "d-paid", "available", OLD, "pvc-1");
  g_hash_table_insert(paid->metadata, g_strdup("orderID"), g_strdup("CS1"));
  add_disk(world, "d-0", "available", OLD, "pvc-2");
  add_snapshot(world, "s-1", "snapshot-1", 2 * HOUR_US);
  use_list(world, LIST(PV("pv-1", "x")));
  expect(world,
         "disk:d-paid:disk 'd-paid' is paid by the year or month (order 'CS1') and cannot be deleted here\n"
         "disk:d-0:snapshot 's-1' would be deleted with it\n"
         "snapshot:s-1:the list holds no VolumeSnapshotContent at all\n");
}

#define CONTENT(name, rest)                                                                                  \
  "{\"kind\":\"VolumeSnapshotContent\",\"metadata\":{\"name\":\"" name "\"}," rest "}"

static void snapshots_that_are_waited_for_are_no_orphans(void **state)
{
  World *world = *state;
  add_snapshot(world, "s-named", "snapshot-1", 2 * HOUR_US);
  add_snapshot(world, "s-static", "snapshot-2", 2 * HOUR_US);
  add_snapshot(world, "s-pending", "snapshot-uid-3", 2 * HOUR_US);
  add_snapshot(world, "s-lost", "snapshot-4", 2 * HOUR_US);
  add_snapshot(world, "s-young", "snapshot-5", HOUR_US / 2);
  add_snapshot(world, "s-backup", "autobk_snapshot_1", 2 * HOUR_US);
  use_list(
    world,
    LIST(PV("pv-1", "d-0") "," CONTENT("c1", "\"status\":{\"snapshotHandle\":\"s-named\"}") "," CONTENT(
      "c2", "\"spec\":{\"source\":{\"snapshotHandle\":\"s-static\"}}") "," CONTENT("c3",
                                                                                   "\"spec\":{"
                                                                                   "\"volumeSnapshotRef\":{"
                                                                                   "\"uid\":\"uid-3\"}}")));
  expect(world, "snapshot:s-lost:may go\nsnapshot:s-young:younger than --older-than (1800 s old)\n");
}

static void clone_snapshots_go_when_no_clone_can_use_them(void **state)
{
  World *world = *state;
  EvsSnapshot *old = add_snapshot(world, "s-old", "evscsi-clone-1", HOUR_US);
  EvsSnapshot *young = add_snapshot(world, "s-young", "evscsi-clone-2", HOUR_US / 60);
  g_hash_table_insert(old->metadata, g_strdup(OWNER_KEY_CLONE_OF), g_strdup("d-0"));
  g_hash_table_insert(young->metadata, g_strdup(OWNER_KEY_CLONE_OF), g_strdup("d-0"));
  expect(world, "clone snapshot:s-old:may go\nclone snapshot:s-young:a clone may be using it\n");
}

static void the_lists_of_the_api_server_are_read_too(void **state)
{
  World *world = *state;
  add_disk(world, "d-1", "available", OLD, "pvc-1");
  use_list(
    world,
    "{\"kind\":\"PersistentVolumeList\",\"items\":[{\"metadata\":{\"name\":\"pv\"},\"spec\":{\"cinder\":"
    "{\"volumeID\":\"d-1\"}}}]}");
  assert_int_equal(world->pvs->pv_count, 1);
  expect(world, "");
  assert_int_equal(orphan_count_named(&world->search), 1);
}

static void spans_of_time(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    gint64 seconds;
  } good[] = {{"0", 0}, {"90s", 90}, {"15m", 900}, {"1h", 3600}, {"2d", 172800}, {"7", 7}};
  static const char *const bad[] = {"", "h", "-1h", "1.5h", "1w", "1h30m", "9999999d"};
  gint64 seconds;
  for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
    assert_true(duration_parse("t", good[i].text, &seconds, NULL));
    assert_int_equal(seconds, good[i].seconds);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    assert_false(duration_parse("t", bad[i], &seconds, NULL));
  static const struct {
    gint64 seconds;
    const char *text;
  } shown[] = {{-1, "-"},      {0, "0s"},    {119, "119s"}, {120, "2m"},
               {7199, "119m"}, {7200, "2h"}, {200000, "2d"}};
  for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
    g_autofree char *text = duration_format(shown[i].seconds);
    assert_string_equal(text, shown[i].text);
  }
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(disks_without_pv_are_orphans),
    test(of_duplicates_the_named_one_stays_else_the_oldest),
    test(duplicates_that_pvs_name_stay),
    test(failed_disks_are_told_even_if_used),
    test(what_the_driver_may_not_delete_stays),
    test(snapshots_that_are_waited_for_are_no_orphans),
    test(clone_snapshots_go_when_no_clone_can_use_them),
    test(the_lists_of_the_api_server_are_read_too),
    cmocka_unit_test(spans_of_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
