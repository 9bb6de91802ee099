#include "controller/snapshot_take.h"

#include "base/clock.h"
#include "base/log.h"
#include "controller/context.h"
#include "controller/snapshot_crowd.h"
#include "controller/snapshot_find.h"
#include "controller/snapshot_remove.h"
#include "ownership/snapshot_kind.h"

enum { LOOK_PAUSE_MS = 1000, LOOK_PAUSE_MAX_MS = 5000, LISTED_PAUSE_MS = 500 };

typedef struct {
  Controller *controller;
  RpcCall *call;
  const SnapshotOrder *order;
  EvsContext to_send, to_wait;
} Taking;

static gboolean find(const Taking *taking, const char *own_id, SnapshotFound *ret_found, GError **error)
{
  return snapshot_find(taking->controller, &taking->to_wait, taking->order->name, taking->order->evs_name,
                       own_id, ret_found, error);
}

static EvsSnapshot *post(const Taking *taking, GError **error)
{
  const SnapshotOrder *order = taking->order;
  const EvsSnapshotCreate body = {.volume_id = order->volume_id,
                                  .name = order->evs_name,
                                  .force = order->force,
                                  .metadata = order->metadata};
  rpc_call_note(taking->call, "asking for a snapshot of disk %s", order->volume_id);
  return evs_snapshot_create(taking->controller->client, &taking->to_send, &body, error);
}

/* Quotas are final for snapshots (see the header), unless clones of the disk fill them for the moment. Takes the
 * refusal. */
static void refuse(const Taking *taking, GError *refusal, GError **error)
{
  const char *volume_id = taking->order->volume_id;
  if (evs_error_is(refusal, EVS_CODE_RESOURCE_EXHAUSTED))
    refusal->code = EVS_CODE_FAILED_PRECONDITION;
  if (snapshot_crowd_is_refusal(refusal) &&
      snapshot_crowd_passes(taking->controller, &taking->to_wait, volume_id)) {
    refusal->code = EVS_CODE_ABORTED;
    g_prefix_error(&refusal, "clones of the disk that run now hold snapshots of it: ");
  }
  g_propagate_prefixed_error(error, refusal, "taking a snapshot of disk '%s': ", volume_id);
}

/* Looks until the snapshot of a POST without answer shows up. *ret_snapshot is NULL when it did not in time. */
static gboolean look_for_lost(const Taking *taking, EvsSnapshot **ret_snapshot, GError **error)
{
  static const char awaited[] = "the answer to the snapshot request was lost";
  gint64 end_us = clock_deadline_in_ms(TAKE_LOST_ANSWER_MS);
  gint64 pause_ms = LOOK_PAUSE_MS;
  rpc_call_note(taking->call, "%s", awaited);
  for (;;) {
    g_auto(SnapshotFound) found = {0};
    if (!find(taking, NULL, &found, error))
      return FALSE;
    *ret_snapshot = g_steal_pointer(&found.snapshot);
    if (*ret_snapshot || clock_now_us() >= end_us)
      return TRUE;
    if (!context_pause(&taking->to_wait, MIN(pause_ms, clock_left_ms(end_us)), awaited, error))
      return FALSE;
    pause_ms = MIN(pause_ms * 2, LOOK_PAUSE_MAX_MS);
  }
}

/* Deletes the snapshot of the own POST: another one is older, or it failed. */
static void remove_own(const Taking *taking, const char *snapshot_id, const char *reason)
{
  g_autoptr(GError) error = NULL;
  log_info("deleting the snapshot just taken", LOG_TEXT("snapshot", snapshot_id), LOG_TEXT("reason", reason));
  rpc_call_note(taking->call, "deleting snapshot %s: %s", snapshot_id, reason);
  if (!snapshot_remove(taking->controller, &taking->to_wait, &taking->to_wait, snapshot_id, NULL,
                       SNAPSHOT_REMOVE_SEND, &error))
    log_warn("a superfluous snapshot stays", LOG_TEXT("snapshot", snapshot_id),
             LOG_TEXT("reason", error->message));
}

/* What the list says once it shows the own snapshot (or, if it never does, at the end of the wait). */
static gboolean await_listed(const Taking *taking, const char *own_id, SnapshotFound *ret_found,
                             GError **error)
{
  gint64 end_us = clock_deadline_in_ms(TAKE_LISTED_MS);
  for (;;) {
    g_auto(SnapshotFound) found = {0};
    if (!find(taking, own_id, &found, error))
      return FALSE;
    if (found.has_own || clock_now_us() >= end_us) {
      *ret_found = found;
      found = (SnapshotFound){0};
      return TRUE;
    }
    if (!context_pause(&taking->to_wait, LISTED_PAUSE_MS, "the new snapshot is not listed yet", error))
      return FALSE;
  }
}

/* Takes the snapshot of the own POST and gives the one that counts. */
static EvsSnapshot *agree(const Taking *taking, EvsSnapshot *posted, GError **error)
{
  g_autoptr(EvsSnapshot) own = posted;
  g_auto(SnapshotFound) found = {0};
  if (!await_listed(taking, own->id, &found, error))
    return NULL;
  gboolean own_chosen = found.snapshot && g_str_equal(found.snapshot->id, own->id);
  if (own_chosen)
    return g_steal_pointer(&found.snapshot);
  if (found.snapshot && (found.has_own || snapshot_compare_age(found.snapshot, own) < 0)) {
    remove_own(taking, own->id, "another controller's counts");
    return g_steal_pointer(&found.snapshot);
  }
  if (!found.has_own)
    return g_steal_pointer(&own);
  remove_own(taking, own->id, "it failed");
  evs_error_set(error, EVS_CODE_INTERNAL,
                "the cloud could not take snapshot '%s' of disk '%s' (status 'error'); it was removed",
                own->id, taking->order->volume_id);
  return NULL;
}

EvsSnapshot *snapshot_take(Controller *controller, RpcCall *call, const SnapshotOrder *order, GError **error)
{
  const Taking taking = {.controller = controller,
                         .call = call,
                         .order = order,
                         .to_send = context_to_send(call),
                         .to_wait = context_to_wait(call)};
  for (guint posts = 0; posts < TAKE_POSTS_MAX; posts++) {
    g_autoptr(GError) local = NULL;
    g_autoptr(EvsSnapshot) own = post(&taking, &local);
    if (own)
      return agree(&taking, g_steal_pointer(&own), error);
    if (evs_error_outcome(local) != EVS_OUTCOME_UNKNOWN) {
      refuse(&taking, g_steal_pointer(&local), error);
      return NULL;
    }
    EvsSnapshot *found = NULL;
    if (!look_for_lost(&taking, &found, error))
      return NULL;
    if (found)
      return found;
  }
  evs_error_set(error, EVS_CODE_ABORTED, "no snapshot after %d requests to the cloud; the next call goes on",
                TAKE_POSTS_MAX);
  return NULL;
}

void snapshot_remove_remnants(Controller *controller, RpcCall *call, GPtrArray *remnants)
{
  EvsContext to_wait = context_to_wait(call);
  for (guint i = 0; i < remnants->len; i++) {
    const EvsSnapshot *remnant = remnants->pdata[i];
    g_autoptr(GError) error = NULL;
    if (snapshot_remove(controller, &to_wait, &to_wait, remnant->id, NULL, SNAPSHOT_REMOVE_SEND, &error))
      log_info("failed snapshot deleted", LOG_TEXT("snapshot", remnant->id), LOG_TEXT("name", remnant->name));
    else
      log_warn("a failed snapshot stays", LOG_TEXT("snapshot", remnant->id),
               LOG_TEXT("reason", error->message));
  }
}
