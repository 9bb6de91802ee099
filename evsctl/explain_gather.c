#include "evsctl/explain.h"

#include "base/text.h"
#include "evsclient/recycle_bin.h"
#include "evsctl/page.h"
#include "evsctl/volume_find.h"

typedef struct {
  EvsClient *client;
  const EvsContext *context;
  const ExplainOrder *order;
  Explanation *found;
} Gathering;

static void server_free(gpointer server)
{
  evs_server_free(server);
}

void explanation_free(Explanation *explanation)
{
  if (!explanation)
    return;
  g_free(explanation->volume_id);
  evs_disk_free(explanation->disk);
  g_free(explanation->bin_until);
  g_clear_pointer(&explanation->snapshots, g_ptr_array_unref);
  g_clear_pointer(&explanation->servers, g_ptr_array_unref);
  g_clear_pointer(&explanation->transfer, evs_transfer_free);
  g_clear_pointer(&explanation->job, evs_job_free);
  json_decref(explanation->flights);
  g_clear_pointer(&explanation->blocks, g_ptr_array_unref);
  g_ptr_array_unref(explanation->notes);
  g_free(explanation);
}

static void note(const Gathering *gathering, const char *what, const GError *error)
{
  g_autofree char *text = evs_error_describe(error);
  g_ptr_array_add(gathering->found->notes, g_strdup_printf("%s: %s", what, text));
}

/* A disk that GET does not know may lie in the recycle bin. */
static gboolean look_into_bin(const Gathering *gathering, const char *volume_id, GError **error)
{
  gboolean is_there = FALSE;
  g_autoptr(GError) problem = NULL;
  if (!evs_recycle_bin_find(gathering->client, gathering->context, volume_id, &is_there,
                            &gathering->found->bin_until, &problem) ||
      !is_there)
    return FALSE;
  g_clear_error(error);
  gathering->found->volume_id = g_strdup(volume_id);
  return TRUE;
}

static void gather_servers(const Gathering *gathering)
{
  const GPtrArray *attachments = gathering->found->disk->attachments;
  for (guint i = 0; i < attachments->len; i++) {
    const EvsAttachment *attachment = attachments->pdata[i];
    g_autoptr(GError) error = NULL;
    EvsServer *server = evs_server_get(gathering->client, gathering->context, attachment->server_id, &error);
    if (server)
      g_ptr_array_add(gathering->found->servers, server);
    else if (evs_error_is(error, EVS_CODE_NOT_FOUND))
      g_ptr_array_add(gathering->found->notes,
                      g_strdup_printf("server '%s', which it is attached to, does not exist any more",
                                      attachment->server_id));
    else
      note(gathering, "server", error);
  }
}

static void gather_snapshots(const Gathering *gathering)
{
  const EvsSnapshotFilter filter = {.volume_id = gathering->found->volume_id};
  g_autoptr(GError) error = NULL;
  gathering->found->snapshots = evs_snapshot_list(gathering->client, gathering->context, &filter, &error);
  if (!gathering->found->snapshots) {
    note(gathering, "snapshots", error);
    return;
  }
  GPtrArray *snapshots = gathering->found->snapshots; /* clouds filter loosely */
  for (guint i = snapshots->len; i > 0; i--) {
    const EvsSnapshot *snapshot = snapshots->pdata[i - 1];
    if (g_ascii_strcasecmp(snapshot->volume_id, gathering->found->volume_id) != 0)
      g_ptr_array_remove_index(snapshots, i - 1);
  }
}

/* Asked for only when the status says that there is one. */
static void gather_transfer(const Gathering *gathering)
{
  if (!g_str_equal(gathering->found->disk->status, "awaiting-transfer"))
    return;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) transfers = evs_transfer_list(gathering->client, gathering->context, NULL, &error);
  if (!transfers) {
    note(gathering, "transfers", error);
    return;
  }
  for (guint i = 0; i < transfers->len && !gathering->found->transfer; i++) {
    const EvsTransfer *transfer = transfers->pdata[i];
    if (g_ascii_strcasecmp(transfer->volume_id, gathering->found->volume_id) == 0)
      gathering->found->transfer =
        evs_transfer_get(gathering->client, gathering->context, transfer->id, NULL);
  }
}

static void gather_bin(const Gathering *gathering)
{
  g_autoptr(GError) error = NULL;
  if (!evs_recycle_bin_policy(gathering->client, gathering->context, &gathering->found->bin_on, &error))
    note(gathering, "recycle bin", error);
}

/* Jobs are known to EVS or to ECS; the cloud lists them for nobody. */
static void gather_job(const Gathering *gathering)
{
  const char *id = gathering->order->job_id;
  if (!id)
    return;
  g_autoptr(GError) error = NULL;
  gathering->found->job = evs_job_get(gathering->client, gathering->context, EVS_SERVICE_EVS, id, &error);
  if (!gathering->found->job) {
    g_clear_error(&error);
    gathering->found->job = evs_job_get(gathering->client, gathering->context, EVS_SERVICE_ECS, id, &error);
  }
  if (!gathering->found->job)
    note(gathering, "job", error);
}

/* A create is known by the volume's name, all else by its id. */
static gboolean is_about(const json_t *flight, const Explanation *found)
{
  g_autofree char *key = evs_json_text(flight, "key"), *text = evs_json_text(flight, "note");
  if (strstr(key, found->volume_id) || strstr(text, found->volume_id))
    return TRUE;
  if (!found->disk || !g_str_has_prefix(key, "create:"))
    return FALSE;
  g_autofree char *hash = text_sha256(key + strlen("create:"));
  return g_str_equal(evs_disk_metadata(found->disk, OWNER_KEY_NAME_HASH), hash);
}

static void gather_flights(const Gathering *gathering)
{
  if (!gathering->order->controller)
    return;
  g_autoptr(GError) error = NULL;
  g_autofree char *text =
    page_fetch_below(gathering->order->controller, "/debug/pending", gathering->context, NULL, &error);
  if (!text) {
    note(gathering, "controller", error);
    return;
  }
  g_autoptr(json_t) all = evs_json_parse(text, strlen(text));
  gathering->found->flights = json_array();
  gsize i;
  json_t *flight;
  json_array_foreach(all, i, flight)
  {
    if (is_about(flight, gathering->found))
      json_array_append(gathering->found->flights, flight);
  }
}

static void judge(const Gathering *gathering)
{
  Explanation *found = gathering->found;
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  const DiskView view = {
    .disk = found->disk,
    .snapshots = found->snapshots ? found->snapshots : none,
    .servers = found->servers,
    .transfer_id = found->transfer ? found->transfer->id : NULL,
    .owner = gathering->order->owner,
  };
  found->blocks = disk_blocks_find(&view);
}

Explanation *explain_gather(EvsClient *client, const EvsContext *context, const ExplainOrder *order,
                            GError **error)
{
  g_autoptr(Explanation) found = g_new0(Explanation, 1);
  const Gathering gathering = {client, context, order, found};
  g_autoptr(GError) problem = NULL;
  found->notes = g_ptr_array_new_with_free_func(g_free);
  found->servers = g_ptr_array_new_with_free_func(server_free);
  found->disk = volume_find(client, context, order->volume, &problem);
  if (found->disk) {
    found->volume_id = g_strdup(found->disk->id);
    gather_servers(&gathering);
    gather_snapshots(&gathering);
    gather_transfer(&gathering);
    gather_bin(&gathering);
    judge(&gathering);
  } else if (!evs_error_is(problem, EVS_CODE_NOT_FOUND) || !text_is_uuid(order->volume) ||
             !look_into_bin(&gathering, order->volume, &problem)) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
  }
  gather_job(&gathering);
  gather_flights(&gathering);
  return g_steal_pointer(&found);
}
