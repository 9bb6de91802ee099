#include "ownership/snapshot_kind.h"

#include "base/error.h"
#include "ownership/owner.h"

#define BACKUP_PREFIX "autobk_snapshot_"
#define BACKUP_KEY "__system_enableActive"

gboolean snapshot_is_backup(const EvsSnapshot *snapshot)
{
  return g_str_has_prefix(snapshot->name, BACKUP_PREFIX) ||
         g_hash_table_contains(snapshot->metadata, BACKUP_KEY) || g_str_equal(snapshot->status, "backing-up");
}

gboolean snapshot_is_temporary(const EvsSnapshot *snapshot)
{
  return g_str_has_prefix(snapshot->name, CLONE_SNAPSHOT_PREFIX) &&
         evs_snapshot_metadata(snapshot, OWNER_KEY_CLONE_OF)[0];
}

gboolean snapshot_is_visible(const EvsSnapshot *snapshot)
{
  return !snapshot_is_backup(snapshot) && !snapshot_is_temporary(snapshot);
}

gboolean snapshot_is_ready(const EvsSnapshot *snapshot)
{
  return g_str_equal(snapshot->status, "available");
}

gboolean snapshot_is_live(const EvsSnapshot *snapshot)
{
  return !g_str_equal(snapshot->status, "error") && !g_str_equal(snapshot->status, "deleting") &&
         !g_str_equal(snapshot->status, "error_deleting");
}

gboolean snapshot_check_not_failed(const EvsSnapshot *snapshot, GError **error)
{
  if (!g_str_equal(snapshot->status, "error"))
    return TRUE;
  return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                       "the cloud could not take snapshot '%s' (status 'error'): delete it and take another",
                       snapshot->id);
}

gboolean snapshot_refuse_status(const EvsSnapshot *snapshot, const char *operation, GError **error)
{
  /* Unknown statuses count as at rest, so that nobody waits for an end that never comes. */
  static const char *const moving[] = {"creating", "deleting", "rollbacking", "backing-up", NULL};
  return evs_error_set(
    error, g_strv_contains(moving, snapshot->status) ? EVS_CODE_ABORTED : EVS_CODE_FAILED_PRECONDITION,
    "snapshot '%s' cannot be %s now: its status is '%s'", snapshot->id, operation, snapshot->status);
}

int snapshot_compare_age(const EvsSnapshot *a, const EvsSnapshot *b)
{
  int order = strcmp(a->created_at, b->created_at);
  return order ? order : strcmp(a->id, b->id);
}
