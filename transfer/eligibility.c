#include "transfer/eligibility.h"

#include "ownership/disk_use.h"
#include "ownership/owner.h"
#include "ownership/snapshot_kind.h"

enum { NAMED_SNAPSHOTS_MAX = 5 };

void transfer_problem_free(gpointer data)
{
  TransferProblem *problem = data;
  if (problem)
    g_free(problem->text);
  g_free(problem);
}

void transfer_problem_add(GPtrArray *problems, const char *rule, const char *remedy, const char *format, ...)
{
  TransferProblem *problem = g_new0(TransferProblem, 1);
  va_list arguments;
  va_start(arguments, format);
  *problem = (TransferProblem){.rule = rule, .remedy = remedy, .text = g_strdup_vprintf(format, arguments)};
  va_end(arguments);
  g_ptr_array_add(problems, problem);
}

/* ---- one rule each ---- */

static void judge_offered(const EvsDisk *disk, const GPtrArray *pending, GPtrArray *problems)
{
  const EvsTransfer *transfer = transfer_find_pending(pending, disk->id);
  gint64 expires_wall_us;
  if (transfer && transfer_name_parse(transfer->name, &expires_wall_us))
    return;
  if (transfer)
    transfer_problem_add(
      problems, "transfer", "have it accepted, or delete it: evsctl transfer delete TRANSFER",
      "disk '%s' is offered by transfer '%s', which evsctl did not make", disk->id, transfer->id);
  else
    transfer_problem_add(problems, "transfer", "wait until that has ended, then ask again",
                         "disk '%s' is being taken over by another project", disk->id);
}

static void judge_status(const EvsDisk *disk, const GPtrArray *pending, GPtrArray *problems)
{
  if (g_str_equal(disk->status, "available"))
    return;
  if (g_str_equal(disk->status, "awaiting-transfer")) {
    judge_offered(disk, pending, problems);
  } else if (disk->attachments->len > 0) {
    g_autofree char *servers = disk_describe_servers(disk);
    transfer_problem_add(problems, "status", "stop the pods that use it and wait until it is detached",
                         "disk '%s' has status '%s' (%s); only 'available' disks can go", disk->id,
                         disk->status, servers);
  } else {
    transfer_problem_add(problems, "status",
                         disk_is_moving(disk) ? "wait until the operation on it has ended"
                                              : "see to the disk in the console",
                         "disk '%s' has status '%s'; only 'available' disks can go", disk->id, disk->status);
  }
}

/* Counts those that `belongs` says, and names the first of them. Newly allocated; NULL: none. */
static char *name_snapshots(const EvsDisk *disk, const GPtrArray *snapshots, gboolean backups,
                            guint *ret_count)
{
  GString *names = g_string_new(NULL);
  *ret_count = 0;
  for (guint i = 0; i < snapshots->len; i++) {
    const EvsSnapshot *snapshot = snapshots->pdata[i];
    if (g_ascii_strcasecmp(snapshot->volume_id, disk->id) != 0 || snapshot_is_backup(snapshot) != backups)
      continue;
    if (++*ret_count <= NAMED_SNAPSHOTS_MAX)
      g_string_append_printf(names, "%s'%s'", names->len ? ", " : "", snapshot->id);
  }
  if (*ret_count > NAMED_SNAPSHOTS_MAX)
    g_string_append(names, " ...");
  return g_string_free(names, *ret_count == 0);
}

static void judge_copies(const EvsDisk *disk, const GPtrArray *snapshots, GPtrArray *problems)
{
  guint count;
  g_autofree char *own = name_snapshots(disk, snapshots, FALSE, &count);
  if (own)
    transfer_problem_add(problems, "snapshots",
                         "delete them: kubectl delete volumesnapshot, or evsctl snapshot delete SNAPSHOT",
                         "disk '%s' has %u snapshot%s: %s", disk->id, count, count == 1 ? "" : "s", own);
  g_autofree char *backups = name_snapshots(disk, snapshots, TRUE, &count);
  if (backups)
    transfer_problem_add(problems, "backups",
                         "delete the disk's backups, and take it out of its backup policy, in the backup "
                         "service's console",
                         "disk '%s' has %u backup%s: %s", disk->id, count, count == 1 ? "" : "s", backups);
}

static void judge_marks(const EvsDisk *disk, GPtrArray *problems)
{
  const char *order_id = evs_disk_metadata(disk, "orderID");
  if (order_id[0])
    transfer_problem_add(problems, "billing", "make it pay-per-use in the console",
                         "disk '%s' is paid by the year or month (order '%s')", disk->id, order_id);
  if (disk->frozen || disk->throughput_frozen)
    transfer_problem_add(problems, "frozen", "see to the account's balance and state in the console",
                         "disk '%s' is frozen by the cloud", disk->id);
  if (disk->encrypted || g_str_equal(evs_disk_metadata(disk, "__system__encrypted"), "1"))
    transfer_problem_add(problems, "encrypted",
                         "copy its data to a disk that is not encrypted, and hand that one over",
                         "disk '%s' is encrypted", disk->id);
  if (disk->bootable)
    transfer_problem_add(problems, "system disk", "copy its data to a data disk, and hand that one over",
                         "disk '%s' is a system disk (bootable)", disk->id);
  gboolean dedicated = disk->service_type[0] && !g_str_equal(disk->service_type, "EVS");
  if (dedicated || disk->dedicated_storage_id[0])
    transfer_problem_add(problems, "storage",
                         "copy its data to a disk on shared storage, and hand that one over",
                         "disk '%s' is on dedicated storage (%s '%s')", disk->id,
                         dedicated ? disk->service_type : "DSS", disk->dedicated_storage_id);
}

GPtrArray *transfer_judge_disk(const EvsDisk *disk, const GPtrArray *snapshots, const GPtrArray *pending)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func(transfer_problem_free);
  judge_status(disk, pending, problems);
  judge_marks(disk, problems);
  judge_copies(disk, snapshots, problems);
  return problems;
}

const EvsTransfer *transfer_find_pending(const GPtrArray *pending, const char *volume_id)
{
  for (guint i = 0; pending && i < pending->len; i++) {
    const EvsTransfer *transfer = pending->pdata[i];
    if (g_ascii_strcasecmp(transfer->volume_id, volume_id) == 0)
      return transfer;
  }
  return NULL;
}

GPtrArray *transfer_check_disk(EvsClient *client, const EvsContext *context, const char *volume_id,
                               EvsDisk **ret_disk, GError **error)
{
  g_autoptr(EvsDisk) disk = evs_disk_get(client, context, volume_id, error);
  if (!disk) {
    g_prefix_error(error, "disk '%s': ", volume_id);
    return NULL;
  }
  const EvsSnapshotFilter filter = {.volume_id = disk->id};
  g_autoptr(GPtrArray) snapshots = evs_snapshot_list(client, context, &filter, error);
  if (!snapshots) {
    g_prefix_error(error, "looking for snapshots of disk '%s': ", volume_id);
    return NULL;
  }
  g_autoptr(GPtrArray) pending = NULL;
  if (g_str_equal(disk->status, "awaiting-transfer")) {
    pending = evs_transfer_list(client, context, NULL, error);
    if (!pending) {
      g_prefix_error(error, "looking for the transfer of disk '%s': ", volume_id);
      return NULL;
    }
  }
  GPtrArray *problems = transfer_judge_disk(disk, snapshots, pending);
  if (ret_disk)
    *ret_disk = g_steal_pointer(&disk);
  return problems;
}

static void set(char **field, const char *value)
{
  g_free(*field);
  *field = g_strdup(value);
}

void transfer_describe_disk(const EvsDisk *disk, Handover *into)
{
  set(&into->volume_id, disk->id);
  set(&into->volume_type, disk->volume_type);
  set(&into->availability_zone, disk->availability_zone);
  set(&into->project_id, disk->project_id);
  set(&into->cluster, evs_disk_metadata(disk, OWNER_KEY_CLUSTER));
  set(&into->driver, evs_disk_metadata(disk, OWNER_KEY_DRIVER));
  set(&into->pv_name, evs_disk_metadata(disk, OWNER_KEY_PV_NAME));
  set(&into->pvc_name, evs_disk_metadata(disk, OWNER_KEY_PVC_NAME));
  set(&into->pvc_namespace, evs_disk_metadata(disk, OWNER_KEY_PVC_NAMESPACE));
  into->size_gib = disk->size_gib;
}
