#include "controller/list_volumes.h"

#include "base/text.h"
#include "controller/context.h"
#include "controller/controller.h"
#include "controller/volume_message.h"
#include "csi.pb-c.h"

enum { CREATED_AT_MAX = 40 };

char *list_token_new(const char *created_at, const char *id)
{
  return g_strdup_printf("%s/%s", created_at, id);
}

static gboolean is_time(const char *text)
{
  gsize length = strlen(text);
  return length <= CREATED_AT_MAX && strspn(text, "0123456789-:.TtZz+ ") == length;
}

gboolean list_token_parse(const char *token, char **ret_created_at, const char **ret_id, GError **error)
{
  *ret_created_at = NULL;
  *ret_id = NULL;
  if (token[0] == '\0')
    return TRUE;
  g_autofree char *copy = g_strdup(token);
  char *slash = strchr(copy, '/');
  if (slash)
    *slash = '\0';
  if (!slash || !is_time(copy) || !text_is_uuid(slash + 1))
    return evs_error_set(error, EVS_CODE_ABORTED,
                         "field 'starting_token' is no token of this driver; start again without one");
  *ret_id = slash + 1;
  *ret_created_at = g_steal_pointer(&copy);
  return TRUE;
}

static int compare_position(const EvsDisk *disk, const char *created_at, const char *id)
{
  int order = strcmp(disk->created_at, created_at);
  return order ? order : strcmp(disk->id, id);
}

static gint compare_disks(gconstpointer a, gconstpointer b)
{
  const EvsDisk *one = *(const EvsDisk *const *)a, *other = *(const EvsDisk *const *)b;
  return compare_position(one, other->created_at, other->id);
}

/* A bootable disk counts as a system disk unless it is attached as a second one. */
static gboolean is_system_disk(const EvsDisk *disk)
{
  if (!disk->bootable)
    return FALSE;
  for (guint i = 0; i < disk->attachments->len; i++) {
    const EvsAttachment *attachment = disk->attachments->pdata[i];
    if (!g_str_has_suffix(attachment->device, "da"))
      return FALSE;
  }
  return TRUE;
}

void list_select(GPtrArray *disks, const Owner *owner, gboolean owned_only, const char *created_at,
                 const char *id)
{
  for (guint i = disks->len; i > 0; i--) {
    const EvsDisk *disk = disks->pdata[i - 1];
    if (is_system_disk(disk) || (owned_only && owner_of_disk(owner, disk) != OWNER_US) ||
        (created_at && compare_position(disk, created_at, id) <= 0))
      g_ptr_array_remove_index_fast(disks, i - 1);
  }
  g_ptr_array_sort(disks, compare_disks);
}

static Csi__V1__ListVolumesResponse__Entry *new_entry(const EvsDisk *disk)
{
  Csi__V1__ListVolumesResponse__Entry *entry = g_new0(Csi__V1__ListVolumesResponse__Entry, 1);
  csi__v1__list_volumes_response__entry__init(entry);
  entry->volume = volume_message_new(disk);
  entry->status = g_new0(Csi__V1__ListVolumesResponse__VolumeStatus, 1);
  csi__v1__list_volumes_response__volume_status__init(entry->status);
  entry->status->published_node_ids = volume_message_nodes(disk, &entry->status->n_published_node_ids);
  return entry;
}

GPtrArray *list_page(RpcCall *call, const Controller *controller, gint32 max_entries,
                     const char *starting_token, guint *ret_count, GError **error)
{
  if (max_entries < 0) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "field 'max_entries' is %d; 0 or more is accepted",
                  max_entries);
    return NULL;
  }
  g_autofree char *created_at = NULL;
  const char *id = NULL;
  if (!list_token_parse(starting_token, &created_at, &id, error))
    return NULL;

  EvsContext context = context_to_send(call);
  const EvsDiskFilter everything = {0};
  g_autoptr(GPtrArray) disks = evs_disk_list(controller->client, &context, &everything, error);
  if (!disks)
    return NULL;
  list_select(disks, &controller->owner, controller->list_owned_only, created_at, id);
  guint most = max_entries > 0 ? MIN((guint)max_entries, LIST_ENTRIES_MAX) : LIST_ENTRIES_MAX;
  *ret_count = MIN(disks->len, most);
  return g_steal_pointer(&disks);
}

ProtobufCMessage *list_volumes(RpcCall *call, const void *request, void *data, GError **error)
{
  const Csi__V1__ListVolumesRequest *message = request;
  guint count = 0;
  g_autoptr(GPtrArray) disks =
    list_page(call, data, message->max_entries, message->starting_token, &count, error);
  if (!disks)
    return NULL;
  Csi__V1__ListVolumesResponse *response = g_new0(Csi__V1__ListVolumesResponse, 1);
  csi__v1__list_volumes_response__init(response);
  if (count > 0)
    response->entries = g_new0(Csi__V1__ListVolumesResponse__Entry *, count);
  for (guint i = 0; i < count; i++)
    response->entries[response->n_entries++] = new_entry(disks->pdata[i]);
  if (count < disks->len) {
    const EvsDisk *last = disks->pdata[count - 1];
    response->next_token = list_token_new(last->created_at, last->id);
  }
  return &response->base;
}
