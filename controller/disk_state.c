#include "controller/disk_state.h"

#include "base/clock.h"
#include "controller/context.h"

enum { LOOK_PAUSE_MS = 1000 };

EvsDisk *disk_read(EvsClient *client, const EvsContext *context, const char *volume_id, GError **error)
{
  GError *local = NULL;
  EvsDisk *disk = evs_disk_get(client, context, volume_id, &local);
  if (disk)
    return disk;
  if (evs_error_is(local, EVS_CODE_NOT_FOUND))
    g_propagate_prefixed_error(error, local,
                               "volume '%s' has no disk in this project: it was deleted, or handed over to "
                               "another account: ",
                               volume_id);
  else
    g_propagate_error(error, local);
  return NULL;
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
