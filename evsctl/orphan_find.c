#include "evsctl/orphan_find.h"

#include "evsclient/json.h"
#include "ownership/clone_leftover.h"
#include "ownership/disk_use.h"
#include "ownership/snapshot_kind.h"

void orphan_free(Orphan *orphan)
{
  g_free(orphan->id);
  g_free(orphan->name);
  g_free(orphan->status);
  g_free(orphan->volume_name);
  g_free(orphan->why);
  g_free(orphan->keep);
  g_free(orphan);
}

static void free_orphan(gpointer orphan)
{
  orphan_free(orphan);
}

const char *orphan_kind_name(OrphanKind kind)
{
  static const char *const names[] = {
    [ORPHAN_DISK] = "disk",         [ORPHAN_DUPLICATE] = "duplicate",     [ORPHAN_FAILED] = "failed disk",
    [ORPHAN_SNAPSHOT] = "snapshot", [ORPHAN_LEFTOVER] = "clone snapshot",
  };
  return names[kind];
}

static gint64 age_of(const OrphanSearch *search, gint64 created_wall_us)
{
  return created_wall_us > 0 ? MAX(0, (search->now_wall_us - created_wall_us) / G_USEC_PER_SEC) : -1;
}

static gboolean is_ours(const OrphanSearch *search, const EvsDisk *disk)
{
  return owner_of_disk(&search->owner, disk) == OWNER_US;
}

static const char *pv_of(const OrphanSearch *search, const EvsDisk *disk)
{
  return search->pvs ? pv_list_volume(search->pvs, disk->id) : NULL;
}

static gboolean has_failed(const EvsDisk *disk)
{
  return g_str_has_prefix(disk->status, "error");
}

/* ---- may it go? ---- */

static char *keep_for_age(const OrphanSearch *search, gint64 age_s)
{
  if (age_s < 0)
    return g_strdup("its age is not known");
  if (age_s < search->min_age_s)
    return g_strdup_printf("younger than --older-than (%" G_GINT64_FORMAT " s old)", age_s);
  return NULL;
}

static char *keep_for_snapshots(const OrphanSearch *search, const EvsDisk *disk)
{
  for (guint i = 0; i < search->snapshots->len; i++) {
    const EvsSnapshot *snapshot = search->snapshots->pdata[i];
    if (!snapshot_is_backup(snapshot) && g_ascii_strcasecmp(snapshot->volume_id, disk->id) == 0)
      return g_strdup_printf("snapshot '%s' would be deleted with it", snapshot->id);
  }
  return NULL;
}

/* The statuses in which EVS takes a delete. */
static gboolean is_deletable_status(const char *status)
{
  static const char *const deletable[] = {"available",         "error", "error_extending", "error_restoring",
                                          "error_rollbacking", NULL};
  return g_strv_contains(deletable, status);
}

char *orphan_disk_keep(const OrphanSearch *search, const EvsDisk *disk)
{
  g_autoptr(GError) refusal = NULL;
  const char *pv = pv_of(search, disk);
  if (!search->pvs)
    return g_strdup("no --pv-list");
  if (pv)
    return g_strdup_printf("PV '%s' names it", pv);
  if (!is_ours(search, disk))
    return g_strdup("it is not of this cluster and driver");
  if (disk->attachments->len > 0) {
    g_autofree char *servers = disk_describe_servers(disk);
    return g_strdup_printf("attached to %s", servers);
  }
  if (!is_deletable_status(disk->status))
    return g_strdup_printf("its status is '%s'", disk->status);
  if (!disk_check_use(disk, DISK_USE_DELETE, &refusal))
    return g_strdup(refusal->message);
  char *keep = keep_for_age(search, age_of(search, evs_json_time(disk->created_at)));
  return keep ? keep : keep_for_snapshots(search, disk);
}

static gboolean is_pending(const OrphanSearch *search, const EvsSnapshot *snapshot)
{
  return g_hash_table_contains(search->pvs->pending_snapshots,
                               evs_snapshot_metadata(snapshot, OWNER_KEY_NAME_HASH));
}

static char *keep_leftover(const OrphanSearch *search, const EvsSnapshot *snapshot)
{
  return clone_leftover_may_go(&search->owner, snapshot, search->disks, search->now_wall_us)
           ? NULL
           : g_strdup("a clone may be using it");
}

char *orphan_snapshot_keep(const OrphanSearch *search, const EvsSnapshot *snapshot)
{
  if (owner_of_snapshot(&search->owner, snapshot) != OWNER_US)
    return g_strdup("it is not of this cluster and driver");
  if (snapshot_is_temporary(snapshot))
    return keep_leftover(search, snapshot);
  if (!search->pvs)
    return g_strdup("no --pv-list");
  const char *content = pv_list_snapshot(search->pvs, snapshot->id);
  if (content)
    return g_strdup_printf("VolumeSnapshotContent '%s' names it", content);
  if (is_pending(search, snapshot))
    return g_strdup("a VolumeSnapshotContent without handle waits for it");
  if (search->pvs->content_count == 0)
    return g_strdup("the list holds no VolumeSnapshotContent at all");
  if (!g_str_equal(snapshot->status, "available") && !g_str_equal(snapshot->status, "error"))
    return g_strdup_printf("its status is '%s'", snapshot->status);
  return keep_for_age(search, age_of(search, snapshot->created_wall_us));
}

/* ---- finding ---- */

static void add_disk(const OrphanSearch *search, GPtrArray *found, const EvsDisk *disk, OrphanKind kind,
                     char *why)
{
  Orphan *orphan = g_new0(Orphan, 1);
  *orphan = (Orphan){
    .kind = kind,
    .id = g_strdup(disk->id),
    .name = g_strdup(disk->name),
    .status = g_strdup(disk->status),
    .volume_name = g_strdup(evs_disk_metadata(disk, OWNER_KEY_PV_NAME)),
    .size_gib = disk->size_gib,
    .age_s = age_of(search, evs_json_time(disk->created_at)),
    .why = why,
    .keep = orphan_disk_keep(search, disk),
  };
  g_ptr_array_add(found, orphan);
}

/* The disk of each name hash that stays: the one that a PV names, else the oldest. Borrowed pointers. */
static GHashTable *choose_keepers(const OrphanSearch *search)
{
  GHashTable *keepers = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < search->disks->len; i++) {
    EvsDisk *disk = search->disks->pdata[i];
    const char *hash = evs_disk_metadata(disk, OWNER_KEY_NAME_HASH);
    if (!hash[0] || !is_ours(search, disk))
      continue;
    const EvsDisk *keeper = g_hash_table_lookup(keepers, hash);
    gboolean is_better =
      !keeper || (pv_of(search, disk) && !pv_of(search, keeper)) ||
      (!pv_of(search, disk) == !pv_of(search, keeper) && strcmp(disk->created_at, keeper->created_at) < 0);
    if (is_better)
      g_hash_table_insert(keepers, (gpointer)hash, disk);
  }
  return keepers;
}

static void judge_disk(const OrphanSearch *search, GHashTable *keepers, const EvsDisk *disk, GPtrArray *found)
{
  const char *hash = evs_disk_metadata(disk, OWNER_KEY_NAME_HASH), *pv = pv_of(search, disk);
  const EvsDisk *keeper = hash[0] ? g_hash_table_lookup(keepers, hash) : NULL;
  if (has_failed(disk))
    add_disk(search, found, disk, ORPHAN_FAILED,
             g_strdup_printf("its status is '%s'%s", disk->status,
                             search->pvs && !pv ? ", and no PV names it" : ""));
  else if (keeper && keeper != disk)
    add_disk(search, found, disk, ORPHAN_DUPLICATE,
             g_strdup_printf("disk '%s' has the same volume name", keeper->id));
  else if (search->pvs && !pv)
    add_disk(search, found, disk, ORPHAN_DISK, g_strdup("no PV names it"));
}

static void add_snapshot(const OrphanSearch *search, GPtrArray *found, const EvsSnapshot *snapshot,
                         OrphanKind kind, char *why)
{
  Orphan *orphan = g_new0(Orphan, 1);
  *orphan = (Orphan){
    .kind = kind,
    .id = g_strdup(snapshot->id),
    .name = g_strdup(snapshot->name),
    .status = g_strdup(snapshot->status),
    .volume_name = g_strdup(""),
    .size_gib = snapshot->size_gib,
    .age_s = age_of(search, snapshot->created_wall_us),
    .why = why,
    .keep = orphan_snapshot_keep(search, snapshot),
    .is_snapshot = TRUE,
  };
  g_ptr_array_add(found, orphan);
}

static void judge_snapshot(const OrphanSearch *search, const EvsSnapshot *snapshot, GPtrArray *found)
{
  if (clone_leftover_is(&search->owner, snapshot))
    add_snapshot(search, found, snapshot, ORPHAN_LEFTOVER,
                 g_strdup_printf("left by a clone of disk '%s'", snapshot->volume_id));
  else if (!snapshot_is_backup(snapshot) && owner_of_snapshot(&search->owner, snapshot) == OWNER_US &&
           search->pvs && !pv_list_snapshot(search->pvs, snapshot->id) && !is_pending(search, snapshot))
    add_snapshot(search, found, snapshot, ORPHAN_SNAPSHOT,
                 g_strdup_printf("no VolumeSnapshotContent names it (of disk '%s')", snapshot->volume_id));
}

GPtrArray *orphan_find(const OrphanSearch *search)
{
  GPtrArray *found = g_ptr_array_new_with_free_func(free_orphan);
  g_autoptr(GHashTable) keepers = choose_keepers(search);
  for (guint i = 0; i < search->disks->len; i++) {
    if (is_ours(search, search->disks->pdata[i]))
      judge_disk(search, keepers, search->disks->pdata[i], found);
  }
  for (guint i = 0; i < search->snapshots->len; i++)
    judge_snapshot(search, search->snapshots->pdata[i], found);
  return found;
}

guint orphan_count_named(const OrphanSearch *search)
{
  guint named = 0;
  for (guint i = 0; i < search->disks->len; i++)
    named += is_ours(search, search->disks->pdata[i]) && pv_of(search, search->disks->pdata[i]) ? 1 : 0;
  return named;
}
