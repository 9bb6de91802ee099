#include "ownership/disk_use.h"

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

static gboolean refuse_use(GError **error, const char *remedy, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean refuse_use(GError **error, const char *remedy, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "%s", text);
  if (error)
    evs_error_set_remedy(*error, remedy);
  return FALSE;
}

gboolean disk_check_use(const EvsDisk *disk, DiskUse use, GError **error)
{
  static const struct {
    const char *done;
    gboolean by_order; /* of a disk paid by the year or month */
    const char *order_remedy;
  } uses[DISK_N_USES] = {
    [DISK_USE_ATTACH] = {"attached", TRUE, "make it pay-per-use in the console, then ask again"},
    [DISK_USE_DELETE] = {"deleted", TRUE, "unsubscribe it in the console"},
    [DISK_USE_EXPAND] = {"expanded", TRUE, "expand it in the console, then ask again"},
    [DISK_USE_MODIFY] = {"modified", TRUE, "change it in the console"},
    [DISK_USE_SNAPSHOT] = {"snapshotted", FALSE, NULL},
  };
  if (g_str_equal(disk->status, "awaiting-transfer"))
    return refuse_use(error, "accept or delete the transfer first",
                      "disk '%s' cannot be %s: it is offered to another project (status 'awaiting-transfer')",
                      disk->id, uses[use].done);
  if (disk->frozen)
    return refuse_use(error, "see to the account's balance and state in the console",
                      "disk '%s' cannot be %s: the cloud has frozen it", disk->id, uses[use].done);
  const char *order_id = evs_disk_metadata(disk, "orderID");
  if (uses[use].by_order && order_id[0])
    return refuse_use(error, uses[use].order_remedy,
                      "disk '%s' is paid by the year or month (order '%s') and cannot be %s here", disk->id,
                      order_id, uses[use].done);
  return TRUE;
}

gboolean disk_is_locked_error(const GError *error)
{
  return evs_error_is_cloud(error, "EVS.2068");
}
