#include "evsctl/disk_blocks.h"

#include "ownership/disk_use.h"
#include "ownership/snapshot_kind.h"
#include "transfer/eligibility.h"

enum { SNAPSHOTS_MAX = 7, SERVERS_MAX = 16, SIZE_MAX_GIB = 32768 };

typedef struct {
  const DiskView *view;
  GPtrArray *blocks;
} Judging;

static void block_free(gpointer data)
{
  DiskBlock *block = data;
  g_free(block->reason);
  g_free(block->remedy);
  g_free(block);
}

/* Takes reason and remedy. */
static void add(const Judging *judging, DiskOperation operation, char *reason, char *remedy)
{
  DiskBlock *block = g_new0(DiskBlock, 1);
  *block = (DiskBlock){operation, reason, remedy};
  g_ptr_array_add(judging->blocks, block);
}

const char *disk_operation_name(DiskOperation operation)
{
  static const char *const names[DISK_N_OPERATIONS] = {
    [DISK_OPERATION_DELETE] = "delete",     [DISK_OPERATION_ATTACH] = "attach",
    [DISK_OPERATION_EXPAND] = "expand",     [DISK_OPERATION_SNAPSHOT] = "snapshot",
    [DISK_OPERATION_TRANSFER] = "transfer",
  };
  return names[operation];
}

const char *disk_status_words(const char *status)
{
  static const struct {
    const char *status, *words;
  } rows[] = {
    {"creating", "is being created"},
    {"available", "attached to no server, ready for use"},
    {"attaching", "is being attached"},
    {"detaching", "is being detached"},
    {"in-use", "attached"},
    {"extending", "is being expanded"},
    {"error_extending", "its expansion failed: the cloud's support must look at it, or it is deleted"},
    {"deleting", "is being deleted"},
    {"error_deleting", "its deletion failed: only the cloud's support can end it"},
    {"error", "its creation failed: it holds nothing"},
    {"backing-up", "is being backed up"},
    {"restoring-backup", "is being restored from a backup"},
    {"error_restoring", "its restoring from a backup failed: its data are not to be trusted"},
    {"rollbacking", "is being rolled back to a snapshot"},
    {"error_rollbacking", "its rollback to a snapshot failed: roll it back again before it is used"},
    {"uploading", "is being exported to an image"},
    {"downloading", "is being filled from an image"},
    {"retyping", "its type is being changed"},
    {"awaiting-transfer", "offered to another project, not accepted yet"},
    {"error_detaching", "its detaching failed: only the cloud's support can end it"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (g_str_equal(rows[i].status, status))
      return rows[i].words;
  }
  return "a status that this program does not know";
}

/* ---- rules shared by operations ---- */

static gboolean has_status(const Judging *judging, const char *status)
{
  return g_str_equal(judging->view->disk->status, status);
}

/* What only a person frees: transfer, freezing, order. TRUE if it blocks. */
static gboolean check_use(const Judging *judging, DiskOperation operation, DiskUse use)
{
  g_autoptr(GError) refusal = NULL;
  if (disk_check_use(judging->view->disk, use, &refusal))
    return FALSE;
  const char *transfer = judging->view->transfer_id;
  char *remedy = has_status(judging, "awaiting-transfer") && transfer
                   ? g_strdup_printf("have it accepted, or take it back: evsctl transfer delete %s", transfer)
                   : g_strdup(evs_error_remedy(refusal));
  add(judging, operation, g_strdup(refusal->message), remedy);
  return TRUE;
}

static void block_status(const Judging *judging, DiskOperation operation)
{
  const EvsDisk *disk = judging->view->disk;
  gboolean is_moving = disk_is_moving(disk);
  const char *remedy = is_moving ? "wait: this ends by itself"
                       : g_str_equal(disk->status, "error_rollbacking")
                         ? "roll it back again, or delete it"
                         : "open a ticket with the cloud's support, or restore a snapshot to a new volume";
  add(judging, operation,
      g_strdup_printf("its status is '%s' (%s)", disk->status, disk_status_words(disk->status)),
      g_strdup(remedy));
}

static void block_attached(const Judging *judging, DiskOperation operation, const char *why)
{
  const EvsDisk *disk = judging->view->disk;
  g_autofree char *servers = disk_describe_servers(disk);
  const EvsAttachment *first = disk->attachments->len > 0 ? disk->attachments->pdata[0] : NULL;
  add(judging, operation, g_strdup_printf("it is attached to %s%s", servers, why),
      first ? g_strdup_printf(
                "end its pods and wait for the driver to detach it; by hand: evsctl server detach %s %s",
                first->server_id, disk->id)
            : g_strdup("end its pods and wait for the driver to detach it"));
}

/* Those that people or the driver took; *ret_first of any. */
static guint count_snapshots(const Judging *judging, const EvsSnapshot **ret_first)
{
  guint count = 0;
  for (guint i = 0; i < judging->view->snapshots->len; i++) {
    const EvsSnapshot *snapshot = judging->view->snapshots->pdata[i];
    if (snapshot_is_backup(snapshot))
      continue;
    *ret_first = count++ ? *ret_first : snapshot;
  }
  return count;
}

static void block_snapshots(const Judging *judging, DiskOperation operation)
{
  const EvsSnapshot *first = NULL;
  guint count = count_snapshots(judging, &first);
  if (count > 0)
    add(judging, operation,
        g_strdup_printf("it has %u %s, which would be deleted with it, the first '%s' (%s)", count,
                        count == 1 ? "snapshot" : "snapshots", first->id, first->name),
        g_strdup_printf("delete %s first: evsctl snapshot list --volume-id %s", count == 1 ? "it" : "them",
                        judging->view->disk->id));
}

/* ---- one function per operation ---- */

static void judge_delete(const Judging *judging)
{
  static const char *const deletable[] = {"available",         "error", "error_extending", "error_restoring",
                                          "error_rollbacking", NULL};
  const DiskView *view = judging->view;
  check_use(judging, DISK_OPERATION_DELETE, DISK_USE_DELETE);
  if (view->disk->attachments->len > 0)
    block_attached(judging, DISK_OPERATION_DELETE, "");
  else if (!g_strv_contains(deletable, view->disk->status) && !has_status(judging, "awaiting-transfer"))
    block_status(judging, DISK_OPERATION_DELETE);
  block_snapshots(judging, DISK_OPERATION_DELETE);
  if (view->owner && owner_of_disk(view->owner, view->disk) == OWNER_ANOTHER) {
    g_autofree char *owner = owner_describe(view->disk);
    add(judging, DISK_OPERATION_DELETE,
        g_strdup_printf("it belongs to %s: this cluster's driver refuses", owner),
        g_strdup_printf("delete it from there, or take it over: evsctl adopt %s --cluster-id=%s --force",
                        view->disk->id, view->owner->cluster_id));
  }
}

static void judge_attach(const Judging *judging)
{
  const EvsDisk *disk = judging->view->disk;
  if (check_use(judging, DISK_OPERATION_ATTACH, DISK_USE_ATTACH))
    return;
  const char *bound = evs_disk_metadata(disk, "__system__server_id");
  if (bound[0])
    add(judging, DISK_OPERATION_ATTACH, g_strdup_printf("it can be attached to server '%s' only", bound),
        g_strdup("it belongs to that server's own disks: use another disk"));
  if (has_status(judging, "available") ||
      (has_status(judging, "in-use") && disk->multiattach && disk->attachments->len < SERVERS_MAX))
    return;
  if (has_status(judging, "in-use"))
    block_attached(judging, DISK_OPERATION_ATTACH,
                   disk->multiattach ? ", which is as many as there may be" : ", and is not shared");
  else
    block_status(judging, DISK_OPERATION_ATTACH);
}

static gboolean server_allows_expansion(const EvsServer *server)
{
  static const char *const fit[] = {"ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF", NULL};
  return g_strv_contains(fit, server->status);
}

static void judge_expand(const Judging *judging)
{
  const DiskView *view = judging->view;
  if (check_use(judging, DISK_OPERATION_EXPAND, DISK_USE_EXPAND))
    return;
  if (view->disk->size_gib >= SIZE_MAX_GIB)
    add(judging, DISK_OPERATION_EXPAND, g_strdup_printf("it has %d GiB, the largest there is", SIZE_MAX_GIB),
        g_strdup("use more volumes"));
  if (has_status(judging, "in-use") && view->disk->multiattach)
    block_attached(judging, DISK_OPERATION_EXPAND,
                   "; a shared disk is expanded while it is attached to none");
  else if (!has_status(judging, "in-use") && !has_status(judging, "available"))
    block_status(judging, DISK_OPERATION_EXPAND);
  for (guint i = 0; has_status(judging, "in-use") && i < view->servers->len; i++) {
    const EvsServer *server = view->servers->pdata[i];
    if (!server_allows_expansion(server))
      add(judging, DISK_OPERATION_EXPAND,
          g_strdup_printf("its server '%s' (%s) is %s", server->id, server->name, server->status),
          g_strdup("wait until the server runs or is stopped"));
  }
}

static void judge_snapshot(const Judging *judging)
{
  const EvsSnapshot *first = NULL;
  if (check_use(judging, DISK_OPERATION_SNAPSHOT, DISK_USE_SNAPSHOT))
    return;
  if (!has_status(judging, "in-use") && !has_status(judging, "available"))
    block_status(judging, DISK_OPERATION_SNAPSHOT);
  if (count_snapshots(judging, &first) >= SNAPSHOTS_MAX)
    add(judging, DISK_OPERATION_SNAPSHOT,
        g_strdup_printf("it has %d snapshots, as many as there may be", SNAPSHOTS_MAX),
        g_strdup_printf("delete one: evsctl snapshot list --volume-id %s", judging->view->disk->id));
  for (guint i = 0; i < judging->view->snapshots->len; i++) {
    const EvsSnapshot *snapshot = judging->view->snapshots->pdata[i];
    if (g_str_equal(snapshot->status, "creating"))
      add(judging, DISK_OPERATION_SNAPSHOT,
          g_strdup_printf("snapshot '%s' is being taken: one at a time", snapshot->id),
          g_strdup("wait: this ends by itself"));
  }
}

/* The rules are those of whoever hands disks over; an own pending transfer, which is none to them, is one here. */
static void judge_transfer(const Judging *judging)
{
  g_autoptr(GPtrArray) problems = transfer_judge_disk(judging->view->disk, judging->view->snapshots, NULL);
  if (has_status(judging, "awaiting-transfer"))
    check_use(judging, DISK_OPERATION_TRANSFER, DISK_USE_SNAPSHOT);
  for (guint i = 0; i < problems->len; i++) {
    const TransferProblem *problem = problems->pdata[i];
    if (!g_str_equal(problem->rule, "transfer"))
      add(judging, DISK_OPERATION_TRANSFER, g_strdup(problem->text), g_strdup(problem->remedy));
  }
}

GPtrArray *disk_blocks_find(const DiskView *view)
{
  const Judging judging = {view, g_ptr_array_new_with_free_func(block_free)};
  judge_delete(&judging);
  judge_attach(&judging);
  judge_expand(&judging);
  judge_snapshot(&judging);
  judge_transfer(&judging);
  return judging.blocks;
}
