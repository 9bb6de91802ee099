#include "evsclient/disk.h"

#include "base/text.h"
#include "evsclient/records.h"
#include "evsclient/typed_call.h"

void evs_disk_free(EvsDisk *disk)
{
  evs_record_free(&evs_record_disk, disk);
}

EvsDisk *evs_disk_copy(const EvsDisk *disk)
{
  return evs_record_copy(&evs_record_disk, disk);
}

void evs_unsubscribed_free(EvsUnsubscribed *unsubscribed)
{
  evs_record_free(&evs_record_unsubscribed, unsubscribed);
}

const char *evs_disk_metadata(const EvsDisk *disk, const char *key)
{
  const char *value = g_hash_table_lookup(disk->metadata, key);
  return value ? value : "";
}

const EvsAttachment *evs_disk_attachment(const EvsDisk *disk, const char *server_id)
{
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    if (g_ascii_strcasecmp(attachment->server_id, server_id) == 0)
      return attachment;
  }
  return NULL;
}

EvsAccepted *evs_disk_create_many(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                                  const char *client_token, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_DISK_CREATE, .request = request, .client_token = client_token};
  return evs_typed_get(client, context, &call, error);
}

gboolean evs_disk_create(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                         const char *client_token, char **ret_job_id, char **ret_volume_id, GError **error)
{
  g_autoptr(EvsAccepted) accepted = evs_disk_create_many(client, context, request, client_token, error);
  if (!accepted || !evs_accepted_take_job(EVS_OP_DISK_CREATE, accepted, ret_job_id, error))
    return FALSE;
  *ret_volume_id = text_is_uuid(accepted->volume_ids[0]) ? g_strdup(accepted->volume_ids[0]) : NULL;
  return TRUE;
}

EvsAccepted *evs_disk_create_v2(EvsClient *client, const EvsContext *context, const EvsDiskCreate *request,
                                GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_DISK_CREATE_V2, .request = request};
  return evs_typed_get(client, context, &call, error);
}

EvsDisk *evs_disk_get(EvsClient *client, const EvsContext *context, const char *volume_id, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_DISK_GET, .id = volume_id};
  return evs_typed_get(client, context, &call, error);
}

EvsDisk *evs_vendor_disk_get(EvsClient *client, const EvsContext *context, const char *volume_id,
                             GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_VENDOR_DISK_GET, .id = volume_id};
  return evs_typed_get(client, context, &call, error);
}

EvsDisk *evs_disk_update(EvsClient *client, const EvsContext *context, const char *volume_id,
                         const EvsDiskUpdate *request, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_DISK_UPDATE, .id = volume_id, .request = request};
  return evs_typed_get(client, context, &call, error);
}

gboolean evs_disk_delete(EvsClient *client, const EvsContext *context, const char *volume_id,
                         char **ret_job_id, GError **error)
{
  EvsTypedCall call = {.op = EVS_OP_DISK_DELETE, .id = volume_id};
  g_autoptr(EvsAccepted) accepted = evs_typed_get(client, context, &call, error);
  if (!accepted)
    return FALSE;
  *ret_job_id = g_steal_pointer(&accepted->job_id);
  return TRUE;
}

GPtrArray *evs_disk_unsubscribe(EvsClient *client, const EvsContext *context, const char *const *volume_ids,
                                GError **error)
{
  EvsDiskUnsubscribe request = {volume_ids};
  EvsTypedCall call = {.op = EVS_OP_DISK_UNSUBSCRIBE, .request = &request};
  return evs_typed_list(client, context, &call, (GDestroyNotify)evs_unsubscribed_free, error);
}

/* ---- lists ---- */

GPtrArray *evs_disk_list_page(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                              GError **error)
{
  EvsDiskFilter page = *filter;
  page.limit = filter->limit ? filter->limit : EVS_MAX_PAGE;
  EvsTypedCall call = {.op = EVS_OP_DISK_LIST, .query = &page};
  return evs_typed_list(client, context, &call, (GDestroyNotify)evs_disk_free, error);
}

GPtrArray *evs_disk_list(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter,
                         GError **error)
{
  g_autoptr(EvsIterator) disks = evs_disk_iterate(client, context, filter);
  return evs_iterator_rest(disks, (GDestroyNotify)evs_disk_free, error);
}

static EvsIterator *iterate(EvsClient *client, const EvsContext *context, EvsOp op,
                            const EvsDiskFilter *filter)
{
  EvsTypedCall call = {.op = op, .query = filter};
  return evs_iterator_new(client, context, &call);
}

EvsIterator *evs_disk_iterate(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter)
{
  return iterate(client, context, EVS_OP_DISK_LIST, filter);
}

EvsIterator *evs_vendor_disk_iterate(EvsClient *client, const EvsContext *context,
                                     const EvsDiskFilter *filter)
{
  return iterate(client, context, EVS_OP_VENDOR_DISK_LIST, filter);
}

EvsIterator *evs_disk_iterate_short(EvsClient *client, const EvsContext *context, const EvsDiskFilter *filter)
{
  return iterate(client, context, EVS_OP_DISK_LIST_SHORT, filter);
}
