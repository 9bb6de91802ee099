/* Which rows of a list let an attach, a detach or a delete go forward: only the common ones (controller/disk_row.h). */
#include "controller/disk_row.h"
#include "tests/unit/cmocka_all.h"

#define HERE "00000000-0000-4000-8000-00000000000a"
#define THERE "00000000-0000-4000-8000-00000000000b"

static const Owner us = {.cluster_id = "prod", .driver_name = OWNER_DEFAULT_DRIVER};

typedef struct {
  const char *what;
  const char *status;
  const char *servers[3]; /* it is attached to these */
  const char *cluster;    /* its owner; NULL: nobody */
  gboolean shared, frozen;
  const char *order; /* paid by the year */
  /* the aims that the row allows */
  gboolean attach, attach_shared, detach, remove;
} Row;

static const Row rows[] = {
  {"free", "available", {NULL}, .cluster = "prod", .attach = TRUE, .remove = TRUE},
  {"free, nobody's", "available", {NULL}, .attach = TRUE, .remove = TRUE},
  {"another cluster's", "available", {NULL}, .cluster = "test", .attach = TRUE},
  {"free and shared",
   "available",
   {NULL},
   "prod",
   .shared = TRUE,
   .attach = TRUE,
   .attach_shared = TRUE,
   .remove = TRUE},
  {"attached here", "in-use", {HERE}, .cluster = "prod", .detach = TRUE},
  {"attached elsewhere", "in-use", {THERE}, .cluster = "prod"},
  {"shared, attached elsewhere", "in-use", {THERE}, .cluster = "prod", .shared = TRUE, .attach_shared = TRUE},
  {"shared, attached here", "in-use", {HERE}, .cluster = "prod", .shared = TRUE, .detach = TRUE},
  {"shared, attached to both", "in-use", {THERE, HERE}, .cluster = "prod", .shared = TRUE, .detach = TRUE},
  {"available, but attached", "available", {THERE}, .cluster = "prod", .shared = TRUE},
  {"attaching here", "attaching", {NULL}, .cluster = "prod"},
  {"detaching from here", "detaching", {HERE}, .cluster = "prod"},
  {"shared, detaching elsewhere", "detaching", {HERE, THERE}, .cluster = "prod", .shared = TRUE},
  {"being made", "creating", {NULL}, .cluster = "prod"},
  {"going", "deleting", {NULL}, .cluster = "prod"},
  {"broken", "error", {NULL}, .cluster = "prod"},
  {"broken when it grew", "error_extending", {NULL}, .cluster = "prod"},
  {"broken when it was detached", "error_detaching", {HERE}, .cluster = "prod"},
  {"handed over", "awaiting-transfer", {NULL}, .cluster = "prod"},
  {"of a status nobody knows", "napping", {NULL}, .cluster = "prod"},
  {"frozen", "available", {NULL}, .cluster = "prod", .frozen = TRUE},
  {"paid by the year", "available", {NULL}, .cluster = "prod", .order = "CS1"},
};

static void attach_to(EvsDisk *disk, const char *server_id)
{
  EvsAttachment *attachment = g_new0(EvsAttachment, 1);
  attachment->server_id = g_strdup(server_id);
  g_ptr_array_add(disk->attachments, attachment);
}

static EvsDisk *make(const Row *row)
{
  EvsDisk *disk = g_new0(EvsDisk, 1);
  disk->id = g_strdup("00000001-1111-4222-8333-444455556666");
  disk->status = g_strdup(row->status);
  disk->multiattach = row->shared;
  disk->frozen = row->frozen;
  disk->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  disk->attachments = g_ptr_array_new();
  for (gsize i = 0; i < G_N_ELEMENTS(row->servers) && row->servers[i]; i++)
    attach_to(disk, row->servers[i]);
  if (row->order)
    g_hash_table_insert(disk->metadata, g_strdup("orderID"), g_strdup(row->order));
  if (row->cluster) {
    const Owner owner = {.cluster_id = row->cluster, .driver_name = us.driver_name};
    owner_mark(&owner, "pvc-1", disk->metadata);
  }
  return disk;
}

static void expect(const Row *row, const EvsDisk *disk, const DiskAim *aim, const char *name,
                   gboolean allowed)
{
  if (disk_row_allows(&us, aim, disk) != allowed)
    fail_msg("a disk %s is %sallowed to %s", row->what, allowed ? "not " : "", name);
}

static void only_common_rows_go_forward(void **state)
{
  (void)state;
  const DiskAim attach = {.kind = DISK_AIM_ATTACH, .server_id = HERE};
  const DiskAim attach_shared = {.kind = DISK_AIM_ATTACH, .server_id = HERE, .multi_node = TRUE};
  const DiskAim detach = {.kind = DISK_AIM_DETACH, .server_id = HERE};
  const DiskAim remove = {.kind = DISK_AIM_DELETE};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(EvsDisk) disk = make(&rows[i]);
    expect(&rows[i], disk, &attach, "attach", rows[i].attach);
    expect(&rows[i], disk, &attach_shared, "attach to many", rows[i].attach_shared);
    expect(&rows[i], disk, &detach, "detach", rows[i].detach);
    expect(&rows[i], disk, &remove, "delete", rows[i].remove);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(only_common_rows_go_forward)};
  return cmocka_run_group_tests_name("controller_row", tests, NULL, NULL);
}
