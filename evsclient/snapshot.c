#include "evsclient/snapshot.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

void evs_snapshot_free(EvsSnapshot *snapshot)
{
  evs_record_free(&evs_record_snapshot, snapshot);
}

EvsSnapshot *evs_snapshot_copy(const EvsSnapshot *snapshot)
{
  return evs_record_copy(&evs_record_snapshot, snapshot);
}

const char *evs_snapshot_metadata(const EvsSnapshot *snapshot, const char *key)
{
  const char *value = g_hash_table_lookup(snapshot->metadata, key);
  return value ? value : "";
}

EvsSnapshot *evs_snapshot_create(EvsClient *client, const EvsContext *context,
                                 const EvsSnapshotCreate *request, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_SNAPSHOT_CREATE, .request = request};
  return evs_typed_get(client, context, &call, error);
}

EvsSnapshot *evs_snapshot_get(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                              GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_SNAPSHOT_GET, .id = snapshot_id};
  return evs_typed_get(client, context, &call, error);
}

gboolean evs_snapshot_delete(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                             GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_SNAPSHOT_DELETE, .id = snapshot_id};
  return evs_typed_call(client, context, &call, NULL, error);
}

EvsSnapshot *evs_snapshot_update(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                 const EvsSnapshotUpdate *request, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_SNAPSHOT_UPDATE, .id = snapshot_id, .request = request};
  return evs_typed_get(client, context, &call, error);
}

gboolean evs_snapshot_rollback(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                               const EvsRollback *request, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_SNAPSHOT_ROLLBACK, .id = snapshot_id, .request = request};
  return evs_typed_call(client, context, &call, NULL, error);
}

gboolean evs_vendor_snapshot_rollback(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                      const EvsRollback *request, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_VENDOR_SNAPSHOT_ROLLBACK, .id = snapshot_id, .request = request};
  return evs_typed_call(client, context, &call, NULL, error);
}

GPtrArray *evs_snapshot_list_page(EvsClient *client, const EvsContext *context,
                                  const EvsSnapshotFilter *filter, GError **error)
{
  EvsSnapshotFilter page = *filter;
  page.limit = filter->limit ? filter->limit : EVS_MAX_PAGE;
  EvsTypedCall call = {.op = EVS_OP_SNAPSHOT_LIST, .query = &page};
  return evs_typed_list(client, context, &call, (GDestroyNotify)evs_snapshot_free, error);
}

EvsIterator *evs_snapshot_iterate(EvsClient *client, const EvsContext *context,
                                  const EvsSnapshotFilter *filter)
{
  EvsTypedCall call = {.op = EVS_OP_SNAPSHOT_LIST, .query = filter};
  return evs_iterator_new(client, context, &call);
}

/* By offset: 6.2.4 documents no marker. A snapshot made meanwhile pushes others to the next page: they come twice. */
GPtrArray *evs_snapshot_list(EvsClient *client, const EvsContext *context, const EvsSnapshotFilter *filter,
                             GError **error)
{
  g_autoptr(EvsIterator) snapshots = evs_snapshot_iterate(client, context, filter);
  return evs_iterator_rest(snapshots, (GDestroyNotify)evs_snapshot_free, error);
}
