#include "evsclient/cinder.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

void evs_exported_image_free(EvsExportedImage *image)
{
  evs_record_free(&evs_record_exported_image, image);
}

/* A call whose answer says nothing. */
static gboolean act(EvsClient *client, const EvsContext *context, EvsOp op, const char *id,
                    gconstpointer request, GError **error)
{
  EvsTypedCall call = {.op = op, .id = id, .request = request};
  return evs_typed_call(client, context, &call, NULL, error);
}

static gpointer ask(EvsClient *client, const EvsContext *context, EvsOp op, const char *id,
                    gconstpointer request, GError **error)
{
  EvsTypedCall call = {.op = op, .id = id, .request = request};
  return evs_typed_get(client, context, &call, error);
}

static EvsIterator *iterate(EvsClient *client, const EvsContext *context, EvsOp op, gconstpointer filter)
{
  EvsTypedCall call = {.op = op, .query = filter};
  return evs_iterator_new(client, context, &call);
}

/* ---- disks ---- */

EvsDisk *evs_cinder_volume_create(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                                  GError **error)
{
  return ask(client, context, EVS_OP_CINDER_VOLUME_CREATE, NULL, request, error);
}

gboolean evs_cinder_volume_delete(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  gboolean cascade, GError **error)
{
  EvsCinderVolumeDelete query = {cascade};
  EvsTypedCall call = {.op = EVS_OP_CINDER_VOLUME_DELETE, .id = volume_id, .query = &query};
  return evs_typed_call(client, context, &call, NULL, error);
}

EvsDisk *evs_cinder_volume_update(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const EvsCinderVolumeUpdate *request, GError **error)
{
  return ask(client, context, EVS_OP_CINDER_VOLUME_UPDATE, volume_id, request, error);
}

EvsDisk *evs_cinder_volume_get(EvsClient *client, const EvsContext *context, const char *volume_id,
                               GError **error)
{
  return ask(client, context, EVS_OP_CINDER_VOLUME_GET, volume_id, NULL, error);
}

EvsIterator *evs_cinder_volume_iterate(EvsClient *client, const EvsContext *context,
                                       const EvsCinderVolumeFilter *filter)
{
  return iterate(client, context, EVS_OP_CINDER_VOLUME_LIST, filter);
}

EvsIterator *evs_cinder_volume_iterate_short(EvsClient *client, const EvsContext *context,
                                             const EvsCinderVolumeFilter *filter)
{
  return iterate(client, context, EVS_OP_CINDER_VOLUME_LIST_SHORT, filter);
}

gboolean evs_cinder_volume_extend(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  gint64 new_size_gib, GError **error)
{
  EvsDiskExtend request = {.new_size_gib = new_size_gib};
  return act(client, context, EVS_OP_CINDER_VOLUME_EXTEND, volume_id, &request, error);
}

gboolean evs_cinder_volume_set_bootable(EvsClient *client, const EvsContext *context, const char *volume_id,
                                        gboolean bootable, GError **error)
{
  EvsCinderSwitch request = {bootable};
  return act(client, context, EVS_OP_CINDER_VOLUME_SET_BOOTABLE, volume_id, &request, error);
}

gboolean evs_cinder_volume_set_readonly(EvsClient *client, const EvsContext *context, const char *volume_id,
                                        gboolean readonly, GError **error)
{
  EvsCinderSwitch request = {readonly};
  return act(client, context, EVS_OP_CINDER_VOLUME_SET_READONLY, volume_id, &request, error);
}

EvsExportedImage *evs_cinder_volume_export_image(EvsClient *client, const EvsContext *context,
                                                 const char *volume_id, const EvsImageExport *request,
                                                 GError **error)
{
  return ask(client, context, EVS_OP_CINDER_VOLUME_EXPORT_IMAGE, volume_id, request, error);
}

gboolean evs_cinder_volume_attach(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const EvsCinderAttach *request, GError **error)
{
  return act(client, context, EVS_OP_CINDER_VOLUME_ATTACH, volume_id, request, error);
}

gboolean evs_cinder_volume_detach(EvsClient *client, const EvsContext *context, const char *volume_id,
                                  const char *attachment_id, GError **error)
{
  EvsCinderDetach request = {attachment_id};
  return act(client, context, EVS_OP_CINDER_VOLUME_DETACH, volume_id, &request, error);
}

gboolean evs_cinder_volume_reserve(EvsClient *client, const EvsContext *context, const char *volume_id,
                                   GError **error)
{
  return act(client, context, EVS_OP_CINDER_VOLUME_RESERVE, volume_id, NULL, error);
}

gboolean evs_cinder_volume_unreserve(EvsClient *client, const EvsContext *context, const char *volume_id,
                                     GError **error)
{
  return act(client, context, EVS_OP_CINDER_VOLUME_UNRESERVE, volume_id, NULL, error);
}

/* ---- snapshots ---- */

EvsSnapshot *evs_cinder_snapshot_create(EvsClient *client, const EvsContext *context,
                                        const EvsSnapshotCreate *request, GError **error)
{
  return ask(client, context, EVS_OP_CINDER_SNAPSHOT_CREATE, NULL, request, error);
}

gboolean evs_cinder_snapshot_delete(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                    GError **error)
{
  return act(client, context, EVS_OP_CINDER_SNAPSHOT_DELETE, snapshot_id, NULL, error);
}

EvsSnapshot *evs_cinder_snapshot_update(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                        const EvsSnapshotUpdate *request, GError **error)
{
  return ask(client, context, EVS_OP_CINDER_SNAPSHOT_UPDATE, snapshot_id, request, error);
}

EvsSnapshot *evs_cinder_snapshot_get(EvsClient *client, const EvsContext *context, const char *snapshot_id,
                                     GError **error)
{
  return ask(client, context, EVS_OP_CINDER_SNAPSHOT_GET, snapshot_id, NULL, error);
}

EvsIterator *evs_cinder_snapshot_iterate(EvsClient *client, const EvsContext *context,
                                         const EvsCinderSnapshotFilter *filter)
{
  return iterate(client, context, EVS_OP_CINDER_SNAPSHOT_LIST, filter);
}

EvsIterator *evs_cinder_snapshot_iterate_short(EvsClient *client, const EvsContext *context,
                                               const EvsCinderSnapshotFilter *filter)
{
  return iterate(client, context, EVS_OP_CINDER_SNAPSHOT_LIST_SHORT, filter);
}
