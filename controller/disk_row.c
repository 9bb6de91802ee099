#include "controller/disk_row.h"

#include "base/log.h"
#include "ownership/disk_use.h"

static gboolean is_free(const EvsDisk *row)
{
  return g_str_equal(row->status, "available") && row->attachments->len == 0;
}

static gboolean allows_attach(const DiskAim *aim, const EvsDisk *row)
{
  gboolean shared = row->multiattach && g_str_equal(row->status, "in-use");
  if (aim->multi_node ? !row->multiattach || !(is_free(row) || shared) : !is_free(row))
    return FALSE;
  return !evs_disk_attachment(row, aim->server_id) && disk_check_use(row, DISK_USE_ATTACH, NULL);
}

gboolean disk_row_allows(const Owner *owner, const DiskAim *aim, const EvsDisk *row)
{
  switch (aim->kind) {
  case DISK_AIM_ATTACH:
    return allows_attach(aim, row);
  case DISK_AIM_DETACH:
    return g_str_equal(row->status, "in-use") && evs_disk_attachment(row, aim->server_id);
  case DISK_AIM_DELETE:
    return is_free(row) && owner_of_disk(owner, row) != OWNER_ANOTHER &&
           disk_check_use(row, DISK_USE_DELETE, NULL);
  }
  return FALSE;
}

gboolean disk_row_look(const Controller *controller, const EvsContext *context, const char *volume_id,
                       const DiskAim *aim, EvsDisk **ret_row)
{
  g_autoptr(GError) error = NULL;
  *ret_row = NULL;
  if (!evs_watcher_look(controller->watcher, context, volume_id, ret_row, &error)) {
    log_debug("the disk is not looked at by list", LOG_TEXT("disk", volume_id),
              LOG_TEXT("error", error->message));
    return FALSE;
  }
  return *ret_row && g_ascii_strcasecmp((*ret_row)->id, volume_id) == 0 &&
         disk_row_allows(&controller->owner, aim, *ret_row);
}
