/* Asking for disks and for snapshots. */
#include "evsclient/watch.h"

static const char *disk_id(const void *record)
{
  return ((const EvsDisk *)record)->id;
}

static const char *disk_name(const void *record)
{
  return ((const EvsDisk *)record)->name;
}

static const char *disk_status(const void *record)
{
  return ((const EvsDisk *)record)->status;
}

static void *disk_copy(const void *record)
{
  return evs_disk_copy(record);
}

static void disk_free(void *record)
{
  evs_disk_free(record);
}

static void *disk_get(EvsClient *client, const EvsContext *context, const char *id, GError **error)
{
  return evs_disk_get(client, context, id, error);
}

static GPtrArray *disk_list(EvsClient *client, const EvsContext *context, const char *const *ids, guint page,
                            const void *last, GError **error)
{
  (void)page;
  EvsDiskFilter filter = {.ids = ids, .limit = WATCH_PAGE, .marker = last ? disk_id(last) : NULL};
  return evs_disk_list_page(client, context, &filter, error);
}

static GPtrArray *disk_list_named(EvsClient *client, const EvsContext *context, const char *name,
                                  GError **error)
{
  const EvsDiskFilter filter = {.name = name};
  return evs_disk_list(client, context, &filter, error);
}

const WatchSubject watch_disks = {
  .name = "disk",
  .id_kind = "volume",
  .id = disk_id,
  .name_of = disk_name,
  .status = disk_status,
  .copy = disk_copy,
  .free = disk_free,
  .get = disk_get,
  .list = disk_list,
  .list_named = disk_list_named,
  .by_marker = TRUE,
};

static const char *snapshot_id(const void *record)
{
  return ((const EvsSnapshot *)record)->id;
}

static const char *snapshot_name(const void *record)
{
  return ((const EvsSnapshot *)record)->name;
}

static const char *snapshot_status(const void *record)
{
  return ((const EvsSnapshot *)record)->status;
}

static void *snapshot_copy(const void *record)
{
  return evs_snapshot_copy(record);
}

static void snapshot_free(void *record)
{
  evs_snapshot_free(record);
}

static void *snapshot_get(EvsClient *client, const EvsContext *context, const char *id, GError **error)
{
  return evs_snapshot_get(client, context, id, error);
}

static GPtrArray *snapshot_list(EvsClient *client, const EvsContext *context, const char *const *ids,
                                guint page, const void *last, GError **error)
{
  (void)last;
  EvsSnapshotFilter filter = {.ids = ids, .limit = WATCH_PAGE, .offset = (gint64)page * WATCH_PAGE};
  return evs_snapshot_list_page(client, context, &filter, error);
}

static GPtrArray *snapshot_list_named(EvsClient *client, const EvsContext *context, const char *name,
                                      GError **error)
{
  const EvsSnapshotFilter filter = {.name = name};
  return evs_snapshot_list(client, context, &filter, error);
}

const WatchSubject watch_snapshots = {
  .name = "snapshot",
  .id_kind = "snapshot",
  .id = snapshot_id,
  .name_of = snapshot_name,
  .status = snapshot_status,
  .copy = snapshot_copy,
  .free = snapshot_free,
  .get = snapshot_get,
  .list = snapshot_list,
  .list_named = snapshot_list_named,
};
