#include "controller/disk_state.h"

/* Unknown statuses count as at rest, so that nobody waits for an end that never comes. */
static const char *const moving[] = {
  "creating",         "attaching",   "detaching", "extending",   "deleting", "backing-up",
  "restoring-backup", "rollbacking", "uploading", "downloading", "retyping", NULL,
};

gboolean disk_is_moving(const EvsDisk *disk)
{
  return g_strv_contains(moving, disk->status);
}

char *disk_describe_servers(const EvsDisk *disk)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    g_string_append_printf(text, "%sserver '%s'", i ? ", " : "", attachment->server_id);
  }
  return g_string_free(text->len ? text : g_string_append(text, "none"), FALSE);
}

gboolean disk_refuse_status(const EvsDisk *disk, const char *operation, GError **error)
{
  return evs_error_set(error, disk_is_moving(disk) ? EVS_CODE_ABORTED : EVS_CODE_FAILED_PRECONDITION,
                       "disk '%s' cannot be %s now: its status is '%s'", disk->id, operation, disk->status);
}
