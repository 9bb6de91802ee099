#include "evsctl/orphan_delete.h"

#include "base/clock.h"
#include "evsclient/http.h"

enum { FIRST_LOOK_MS = 100, MAX_LOOK_MS = 2000 };

typedef struct {
  EvsClient *client;
  const EvsContext *context;
  const OrphanSearch *search;
} Deleting;

static void result_free(gpointer data)
{
  OrphanResult *result = data;
  g_free(result->text);
  g_free(result);
}

static void settle(OrphanResult *result, OrphanEnd end, char *text)
{
  g_free(result->text);
  result->end = end;
  result->text = text;
}

/* NOT_FOUND: somebody else has deleted it. */
static void settle_error(OrphanResult *result, const GError *error)
{
  if (evs_error_is(error, EVS_CODE_NOT_FOUND))
    settle(result, ORPHAN_DELETED, NULL);
  else
    settle(result, ORPHAN_FAILED_TO_GO, evs_error_describe(error));
}

static gboolean send_disk(const Deleting *deleting, const char *id, OrphanResult *result, GError **error)
{
  g_autoptr(EvsDisk) disk = evs_disk_get(deleting->client, deleting->context, id, error);
  const EvsSnapshotFilter of_disk = {.volume_id = id};
  g_autoptr(GPtrArray) snapshots =
    disk ? evs_snapshot_list(deleting->client, deleting->context, &of_disk, error) : NULL;
  if (!snapshots)
    return FALSE;
  OrphanSearch now = *deleting->search;
  now.snapshots = snapshots;
  char *keep = orphan_disk_keep(&now, disk);
  g_autofree char *job = NULL;
  settle(result, keep ? ORPHAN_KEPT : ORPHAN_GOING, keep);
  return keep || evs_disk_delete(deleting->client, deleting->context, id, &job, error);
}

static gboolean send_snapshot(const Deleting *deleting, const char *id, OrphanResult *result, GError **error)
{
  g_autoptr(EvsSnapshot) snapshot = evs_snapshot_get(deleting->client, deleting->context, id, error);
  if (!snapshot)
    return FALSE;
  char *keep = orphan_snapshot_keep(deleting->search, snapshot);
  settle(result, keep ? ORPHAN_KEPT : ORPHAN_GOING, keep);
  return keep || evs_snapshot_delete(deleting->client, deleting->context, id, error);
}

static void send_one(const Deleting *deleting, const Orphan *orphan, OrphanResult *result)
{
  g_autoptr(GError) error = NULL;
  gboolean ok = orphan->is_snapshot ? send_snapshot(deleting, orphan->id, result, &error)
                                    : send_disk(deleting, orphan->id, result, &error);
  if (!ok)
    settle_error(result, error);
}

/* One look; leaves ORPHAN_GOING while it is still there. */
static void look(const Deleting *deleting, const Orphan *orphan, OrphanResult *result)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *status = NULL;
  if (orphan->is_snapshot) {
    g_autoptr(EvsSnapshot) snapshot =
      evs_snapshot_get(deleting->client, deleting->context, orphan->id, &error);
    status = snapshot ? g_strdup(snapshot->status) : NULL;
  } else {
    g_autoptr(EvsDisk) disk = evs_disk_get(deleting->client, deleting->context, orphan->id, &error);
    status = disk ? g_strdup(disk->status) : NULL;
  }
  if (evs_error_is(error, EVS_CODE_NOT_FOUND))
    settle(result, ORPHAN_DELETED, NULL);
  else if (status && g_str_equal(status, "error_deleting"))
    settle(result, ORPHAN_FAILED_TO_GO, g_strdup("the cloud could not delete it (status 'error_deleting')"));
}

static gboolean look_at_all(const Deleting *deleting, const GPtrArray *orphans, GPtrArray *results)
{
  gboolean some_go = FALSE;
  for (guint i = 0; i < orphans->len; i++) {
    OrphanResult *result = results->pdata[i];
    if (result->end == ORPHAN_GOING)
      look(deleting, orphans->pdata[i], result);
    some_go |= result->end == ORPHAN_GOING;
  }
  return some_go;
}

GPtrArray *orphan_delete_all(EvsClient *client, const EvsContext *context, const OrphanSearch *search,
                             const GPtrArray *orphans)
{
  const Deleting deleting = {client, context, search};
  GPtrArray *results = g_ptr_array_new_with_free_func(result_free);
  for (guint i = 0; i < orphans->len; i++) {
    g_ptr_array_add(results, g_new0(OrphanResult, 1));
    send_one(&deleting, orphans->pdata[i], results->pdata[i]);
  }
  gint64 pause_ms = FIRST_LOOK_MS;
  while (
    look_at_all(&deleting, orphans, results) &&
    evs_context_sleep(context, clock_deadline_in_ms(pause_ms), "wait for the end of deletes", TRUE, NULL))
    pause_ms = MIN(pause_ms * 2, MAX_LOOK_MS);
  return results;
}
