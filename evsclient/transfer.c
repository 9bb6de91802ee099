#include "evsclient/transfer.h"

#include "evsclient/records.h"
#include "evsclient/typed_call.h"

static const EvsField transfer_fields[] = {
  EVS_FIELD(EvsTransfer, id, TEXT, "id", .flags = EVS_FIELD_UUID),
  EVS_FIELD(EvsTransfer, name, TEXT, "name"),
  EVS_FIELD(EvsTransfer, volume_id, TEXT, "volume_id"),
  EVS_FIELD(EvsTransfer, auth_key, TEXT, "auth_key", .flags = EVS_FIELD_SECRET),
  EVS_FIELD(EvsTransfer, created_at, TEXT, "created_at"),
  EVS_FIELD(EvsTransfer, created_wall_us, TIME, "created_at", .flags = EVS_FIELD_DERIVED),
  EVS_FIELD(EvsTransfer, links, LIST, "links", .record = &evs_record_link),
};
const EvsRecord evs_record_transfer = EVS_RECORD("transfer", EvsTransfer, transfer_fields, .key = "id");

static const EvsField create_fields[] = {
  EVS_FIELD(EvsTransferCreate, volume_id, TEXT, "transfer/volume_id",
            .flags = EVS_FIELD_REQUIRED | EVS_FIELD_UUID, .help = "disk to hand over", .flag = "volume"),
  EVS_FIELD(EvsTransferCreate, name, TEXT, "transfer/name", .flags = EVS_FIELD_REQUIRED, .least = 1,
            .most = 64, .help = "name of the transfer"),
};
const EvsRecord evs_record_transfer_create = EVS_RECORD("transfer request", EvsTransferCreate, create_fields);

typedef struct {
  const char *auth_key;
} EvsTransferAccept;

static const EvsField accept_fields[] = {
  EVS_FIELD(EvsTransferAccept, auth_key, TEXT, "accept/auth_key",
            .flags = EVS_FIELD_REQUIRED | EVS_FIELD_SECRET, .least = 1, .most = 255,
            .help = "the transfer's key, from its creator"),
};
const EvsRecord evs_record_transfer_accept =
  EVS_RECORD("transfer acceptance", EvsTransferAccept, accept_fields);

static const EvsField filter_fields[] = {
  EVS_FIELD(EvsTransferFilter, limit, INT, "limit", .least = 1, .most = 1000, .help = "transfers per page"),
  EVS_FIELD(EvsTransferFilter, offset, INT, "offset", .least = 1, .most = G_MAXINT32,
            .help = "transfers to leave out"),
};
const EvsRecord evs_record_transfer_filter =
  EVS_RECORD("list of transfers", EvsTransferFilter, filter_fields);

void evs_transfer_free(EvsTransfer *transfer)
{
  evs_record_free(&evs_record_transfer, transfer);
}

static EvsTransfer *one(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                        GError **error)
{
  gpointer transfer = NULL;
  return evs_typed_call(client, context, call, &transfer, error) ? transfer : NULL;
}

EvsTransfer *evs_transfer_create(EvsClient *client, const EvsContext *context,
                                 const EvsTransferCreate *request, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_TRANSFER_CREATE, .request = request};
  return one(client, context, &call, error);
}

EvsTransfer *evs_transfer_accept(EvsClient *client, const EvsContext *context, const char *transfer_id,
                                 const char *auth_key, GError **error)
{
  EvsTransferAccept request = {.auth_key = auth_key};
  EvsTypedCall call = {.op = EVS_OP_TRANSFER_ACCEPT, .id = transfer_id, .request = &request};
  return one(client, context, &call, error);
}

gboolean evs_transfer_delete(EvsClient *client, const EvsContext *context, const char *transfer_id,
                             GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_TRANSFER_DELETE, .id = transfer_id};
  return evs_typed_call(client, context, &call, NULL, error);
}

EvsTransfer *evs_transfer_get(EvsClient *client, const EvsContext *context, const char *transfer_id,
                              GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_TRANSFER_GET, .id = transfer_id};
  return one(client, context, &call, error);
}

EvsIterator *evs_transfer_iterate(EvsClient *client, const EvsContext *context,
                                  const EvsTransferFilter *filter)
{
  EvsTypedCall call = {.op = EVS_OP_TRANSFER_LIST, .query = filter};
  return evs_iterator_new(client, context, &call);
}

EvsIterator *evs_transfer_iterate_short(EvsClient *client, const EvsContext *context,
                                        const EvsTransferFilter *filter)
{
  EvsTypedCall call = {.op = EVS_OP_TRANSFER_LIST_SHORT, .query = filter};
  return evs_iterator_new(client, context, &call);
}

GPtrArray *evs_transfer_list(EvsClient *client, const EvsContext *context, const EvsTransferFilter *filter,
                             GError **error)
{
  g_autoptr(EvsIterator) iterator = evs_transfer_iterate(client, context, filter);
  return evs_iterator_rest(iterator, (GDestroyNotify)evs_transfer_free, error);
}
