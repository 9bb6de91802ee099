/* evsctl/disk_blocks.c: what forbids which operation on a disk, and that every block has a remedy. */
#include "evsctl/disk_blocks.h"

#include "tests/unit/cmocka_all.h"

#include <string.h>

typedef struct {
  EvsDisk disk;
  GPtrArray *snapshots, *servers;
  DiskView view;
} World;

static int setup(void **state)
{
  World *world = g_new0(World, 1);
  char *none = (char *)"";
  world->disk = (EvsDisk){.id = (char *)"d-1",
                          .name = none,
                          .status = (char *)"available",
                          .description = none,
                          .availability_zone = (char *)"z",
                          .volume_type = (char *)"SSD",
                          .size_gib = 10,
                          .snapshot_id = none,
                          .image_id = none,
                          .backup_id = none,
                          .wwn = none,
                          .service_type = none,
                          .enterprise_project_id = none,
                          .dedicated_storage_id = none,
                          .created_at = none};
  world->disk.metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  world->disk.attachments = g_ptr_array_new_with_free_func(g_free);
  world->snapshots = g_ptr_array_new_with_free_func(g_free);
  world->servers = g_ptr_array_new_with_free_func(g_free);
  world->view = (DiskView){.disk = &world->disk, .snapshots = world->snapshots, .servers = world->servers};
  *state = world;
  return 0;
}

static int teardown(void **state)
{
  World *world = *state;
  for (guint i = 0; i < world->snapshots->len; i++)
    g_hash_table_unref(((EvsSnapshot *)world->snapshots->pdata[i])->metadata);
  g_hash_table_unref(world->disk.metadata);
  g_ptr_array_unref(world->disk.attachments);
  g_ptr_array_unref(world->snapshots);
  g_ptr_array_unref(world->servers);
  g_free(world);
  return 0;
}

static void attach(World *world, const char *server_id, const char *server_status)
{
  EvsAttachment *attachment = g_new0(EvsAttachment, 1);
  *attachment =
    (EvsAttachment){.server_id = (char *)server_id, .attachment_id = (char *)"", .device = (char *)""};
  g_ptr_array_add(world->disk.attachments, attachment);
  EvsServer *server = g_new0(EvsServer, 1);
  *server = (EvsServer){.id = (char *)server_id, .name = (char *)"n", .status = (char *)server_status};
  g_ptr_array_add(world->servers, server);
  world->disk.status = (char *)"in-use";
}

static void add_snapshot(World *world, const char *id, const char *name, const char *status)
{
  EvsSnapshot *snapshot = g_new0(EvsSnapshot, 1);
  *snapshot = (EvsSnapshot){.id = (char *)id,
                            .name = (char *)name,
                            .status = (char *)status,
                            .volume_id = (char *)"d-1",
                            .metadata = g_hash_table_new(g_str_hash, g_str_equal)};
  g_ptr_array_add(world->snapshots, snapshot);
}

/* "delete attach": the operations that something forbids. Every block has a reason and a remedy. */
static void expect(const World *world, const char *wanted)
{
  g_autoptr(GPtrArray) blocks = disk_blocks_find(&world->view);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < blocks->len; i++) {
    const DiskBlock *block = blocks->pdata[i];
    const char *name = disk_operation_name(block->operation);
    assert_true(block->reason[0] && block->remedy[0]);
    if (!g_str_has_suffix(text->str, name))
      g_string_append_printf(text, "%s%s", text->len ? " " : "", name);
  }
  assert_string_equal(text->str, wanted);
}

static void mark(World *world, const char *key, const char *value)
{
  g_hash_table_insert(world->disk.metadata, g_strdup(key), g_strdup(value));
}

#define ALL "delete attach expand snapshot transfer"

static void each_status_blocks_what_the_cloud_refuses(void **state)
{
  World *world = *state;
  static const struct {
    const char *status, *blocked;
  } rows[] = {
    {"available", ""},
    {"creating", ALL},
    {"extending", ALL},
    {"awaiting-transfer", ALL},
    {"error", "attach expand snapshot transfer"},
    {"error_extending", "attach expand snapshot transfer"},
    {"error_restoring", "attach expand snapshot transfer"},
    {"error_rollbacking", "attach expand snapshot transfer"},
    {"error_deleting", ALL},
    {"backing-up", ALL},
    {"never-heard-of", ALL},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    world->disk.status = (char *)rows[i].status;
    expect(world, rows[i].blocked);
  }
}

static void attachments_block(void **state)
{
  World *world = *state;
  attach(world, "s-1", "ACTIVE");
  expect(world, "delete attach transfer");
  ((EvsServer *)world->servers->pdata[0])->status = (char *)"REBOOT";
  expect(world, "delete attach expand transfer");
}

static void a_shared_disk_takes_more_servers_but_is_not_expanded(void **state)
{
  World *world = *state;
  world->disk.multiattach = TRUE;
  attach(world, "s-1", "ACTIVE");
  expect(world, "delete expand transfer");
  for (int i = 0; i < 15; i++)
    attach(world, "s-n", "ACTIVE");
  expect(world, "delete attach expand transfer");
}

static void snapshots_block(void **state)
{
  World *world = *state;
  add_snapshot(world, "s-0", "autobk_snapshot_1", "available");
  expect(world, "transfer"); /* the cloud's backups go with their disk */
  add_snapshot(world, "s-1", "snapshot-1", "creating");
  expect(world, "delete snapshot transfer");
  ((EvsSnapshot *)world->snapshots->pdata[1])->status = (char *)"available";
  expect(world, "delete transfer");
  for (int i = 0; i < 6; i++)
    add_snapshot(world, "s-n", "snapshot-n", "available");
  expect(world, "delete snapshot transfer");
}

static void marks_of_the_cloud_block(void **state)
{
  World *world = *state;
  mark(world, "orderID", "CS1");
  expect(world, "delete attach expand transfer");
  g_hash_table_remove_all(world->disk.metadata);
  mark(world, "__system__server_id", "s-9");
  expect(world, "attach");
  g_hash_table_remove_all(world->disk.metadata);
  mark(world, "__system__encrypted", "1");
  expect(world, "transfer");
  g_hash_table_remove_all(world->disk.metadata);
  world->disk.frozen = TRUE;
  expect(world, ALL);
  world->disk.frozen = FALSE;
  world->disk.size_gib = 32768;
  expect(world, "expand");
}

static void only_another_clusters_disk_is_not_deleted(void **state)
{
  World *world = *state;
  static const Owner us = {"prod-1", OWNER_DEFAULT_DRIVER}, them = {"prod-2", OWNER_DEFAULT_DRIVER};
  owner_mark(&us, "pvc-1", world->disk.metadata);
  expect(world, ""); /* no cluster is in question */
  world->view.owner = &us;
  expect(world, "");
  world->view.owner = &them;
  expect(world, "delete");
}

static void every_known_status_has_words(void **state)
{
  (void)state;
  static const char *const statuses[] = {
    "creating",   "available",        "attaching",         "detaching",      "in-use",
    "extending",  "error_extending",  "deleting",          "error_deleting", "error",
    "backing-up", "restoring-backup", "error_restoring",   "rollbacking",    "error_rollbacking",
    "uploading",  "downloading",      "awaiting-transfer", "retyping"};
  const char *unknown = disk_status_words("no such");
  for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
    assert_string_not_equal(disk_status_words(statuses[i]), unknown);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
    test(each_status_blocks_what_the_cloud_refuses),
    test(attachments_block),
    test(a_shared_disk_takes_more_servers_but_is_not_expanded),
    test(snapshots_block),
    test(marks_of_the_cloud_block),
    test(only_another_clusters_disk_is_not_deleted),
    cmocka_unit_test(every_known_status_has_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
