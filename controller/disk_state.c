#include "controller/disk_state.h"

#include "base/clock.h"
#include "controller/context.h"

enum { LOOK_PAUSE_MS = 1000 };

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

gboolean disk_await_change(EvsClient *client, const EvsContext *context, const EvsDisk *before, gint64 ms,
                           const char *why, GError **error)
{
  gint64 end_us = clock_deadline_in_ms(ms);
  while (clock_now_us() < end_us) {
    if (!context_pause(context, LOOK_PAUSE_MS, why, error))
      return FALSE;
    g_autoptr(EvsDisk) disk = evs_disk_get(client, context, before->id, NULL);
    if (disk &&
        (!g_str_equal(disk->status, before->status) || disk->attachments->len != before->attachments->len))
      break;
  }
  return TRUE;
}

gboolean disk_refuse_status(const EvsDisk *disk, const char *operation, GError **error)
{
  return evs_error_set(error, disk_is_moving(disk) ? EVS_CODE_ABORTED : EVS_CODE_FAILED_PRECONDITION,
                       "disk '%s' cannot be %s now: its status is '%s'", disk->id, operation, disk->status);
}
