#include "evsctl/transfer_offer.h"

#include "base/clock.h"
#include "evsclient/http.h"
#include "evsctl/transfer_file.h"

enum { LOOK_FIRST_MS = 100, LOOK_MOST_MS = 2000, LOOK_AGAIN_MS = 500 };

void offer_clear(Offer *offer)
{
  evs_disk_free(offer->disk);
  g_free(offer->path);
  handover_free(offer->handover);
  *offer = (Offer){0};
}

/* ---- the file ---- */

void offer_check_file(const OfferTerms *terms, const Offer *offer, GPtrArray *problems)
{
  g_autoptr(GError) problem = NULL;
  g_autoptr(Handover) old = handover_load(offer->path, terms->passphrase, &problem);
  if (!old && !evs_error_is(problem, EVS_CODE_NOT_FOUND))
    transfer_problem_add(problems, "file",
                         "name another --output-dir, give its passphrase, or remove the file",
                         "disk '%s': %s", offer->disk->id, problem->message);
  else if (old && g_ascii_strcasecmp(old->volume_id, offer->disk->id) != 0)
    transfer_problem_add(problems, "file", "name another --output-dir, or move the file away",
                         "disk '%s': file '%s' is the handover of disk '%s'", offer->disk->id, offer->path,
                         old->volume_id);
}

/* The handover of this very transfer, its time not over; NULL: there is none. */
static Handover *load_matching(const OfferTerms *terms, const Offer *offer, const EvsTransfer *pending)
{
  g_autoptr(Handover) handover = handover_load(offer->path, terms->passphrase, NULL);
  gboolean matches = handover && pending && g_ascii_strcasecmp(handover->transfer_id, pending->id) == 0 &&
                     g_ascii_strcasecmp(handover->volume_id, offer->disk->id) == 0 &&
                     handover_check_expiry(handover, clock_wall_us(), NULL);
  return matches ? g_steal_pointer(&handover) : NULL;
}

gboolean offer_is_complete(const OfferTerms *terms, const Offer *offer, const GPtrArray *pending)
{
  g_autoptr(Handover) handover = load_matching(terms, offer, transfer_find_pending(pending, offer->disk->id));
  return handover != NULL;
}

/* ---- waiting ---- */

typedef enum { DISK_LEAVES_AVAILABLE, DISK_IS_AVAILABLE } Awaited;

/* Until the disk is so, or until_us (no error). *ret_came. */
static gboolean await_disk(EvsClient *client, const EvsContext *context, const char *volume_id,
                           Awaited awaited, gint64 until_us, gboolean *ret_came, GError **error)
{
  gint64 pause_ms = LOOK_FIRST_MS;
  for (;;) {
    g_autoptr(EvsDisk) disk = evs_disk_get(client, context, volume_id, error);
    if (!disk) {
      g_prefix_error(error, "waiting for disk '%s': ", volume_id);
      return FALSE;
    }
    *ret_came = g_str_equal(disk->status, "available") == (awaited == DISK_IS_AVAILABLE);
    if (*ret_came || clock_now_us() >= until_us)
      return TRUE;
    gint64 next_us = MIN(clock_deadline_in_ms(pause_ms), until_us);
    if (!evs_context_sleep(context, next_us, "waiting for the disk of a transfer", FALSE, error))
      return FALSE;
    pause_ms = MIN(pause_ms * 2, LOOK_MOST_MS);
  }
}

gboolean offer_withdraw(EvsClient *client, const EvsContext *context, const char *transfer_id,
                        const char *volume_id, GError **error)
{
  g_autoptr(GError) problem = NULL;
  gboolean came;
  if (!evs_transfer_delete(client, context, transfer_id, &problem) &&
      !evs_error_is(problem, EVS_CODE_NOT_FOUND)) {
    g_propagate_prefixed_error(error, g_steal_pointer(&problem), "calling transfer '%s' off: ", transfer_id);
    return FALSE;
  }
  g_clear_error(&problem);
  if (await_disk(client, context, volume_id, DISK_IS_AVAILABLE, CLOCK_NEVER, &came, &problem))
    return TRUE;
  if (!evs_error_is(problem, EVS_CODE_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
  }
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                "disk '%s' is not in this project any more: transfer '%s' was accepted", volume_id,
                transfer_id);
  if (error)
    evs_error_set_outcome(*error, EVS_OUTCOME_REFUSED);
  return FALSE;
}

/* ---- making ---- */

/* Takes away a transfer of ours whose key nobody has. *ret_done: the file has it, all is well. */
static gboolean clear_way(EvsClient *client, const EvsContext *context, const OfferTerms *terms, Offer *offer,
                          gboolean *ret_done, GError **error)
{
  gint64 until_us = clock_deadline_in_ms(OFFER_LOST_ANSWER_MS), expires_wall_us;
  *ret_done = FALSE;
  for (;;) {
    g_autoptr(GPtrArray) all = evs_transfer_list(client, context, NULL, error);
    if (!all)
      return FALSE;
    const EvsTransfer *pending = transfer_find_pending(all, offer->disk->id);
    if (pending && !transfer_name_parse(pending->name, &expires_wall_us))
      return evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                           "disk '%s' is offered by transfer '%s', which evsctl did not make",
                           offer->disk->id, pending->id);
    if (pending) {
      offer->handover = load_matching(terms, offer, pending);
      *ret_done = offer->handover != NULL;
      offer->renewed = !*ret_done;
      return *ret_done || offer_withdraw(client, context, pending->id, offer->disk->id, error);
    }
    /* A list may be behind the disk's status. */
    gboolean is_free;
    if (!await_disk(client, context, offer->disk->id, DISK_IS_AVAILABLE,
                    MIN(clock_deadline_in_ms(LOOK_AGAIN_MS), until_us), &is_free, error))
      return FALSE;
    if (is_free || clock_now_us() >= until_us)
      return TRUE;
  }
}

/* One POST. *ret_transfer NULL with TRUE: its answer was lost, the way must be cleared. */
static gboolean post(EvsClient *client, const EvsContext *context, const Offer *offer, const char *name,
                     EvsTransfer **ret_transfer, GError **error)
{
  g_autoptr(GError) problem = NULL;
  const EvsTransferCreate request = {.volume_id = offer->disk->id, .name = name};
  *ret_transfer = evs_transfer_create(client, context, &request, &problem);
  if (*ret_transfer)
    return TRUE;
  gboolean came;
  if (evs_error_outcome(problem) == EVS_OUTCOME_UNKNOWN)
    return await_disk(client, context, offer->disk->id, DISK_LEAVES_AVAILABLE,
                      clock_deadline_in_ms(OFFER_LOST_ANSWER_MS), &came, error);
  g_propagate_prefixed_error(error, g_steal_pointer(&problem), "offering disk '%s': ", offer->disk->id);
  return FALSE;
}

static void set(char **field, const char *value)
{
  g_free(*field);
  *field = g_strdup(value ? value : "");
}

static void describe_use(const OfferTerms *terms, const Offer *offer, Handover *into)
{
  const PvFacts *facts = offer->facts;
  gboolean is_block =
    terms->block || offer->disk->multiattach || (facts && g_str_equal(facts->volume_mode, "Block"));
  set(&into->volume_mode, is_block ? "Block" : "Filesystem");
  set(&into->fs_type, is_block ? "" : terms->fs_type ? terms->fs_type : facts ? facts->fs_type : "");
  into->labels =
    facts ? g_hash_table_ref(facts->labels) : g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (!facts)
    return;
  set(&into->pv_name, facts->name);
  set(&into->pvc_name, facts->pvc_name);
  set(&into->pvc_namespace, facts->pvc_namespace);
}

static Handover *describe(const OfferTerms *terms, const Offer *offer, const EvsTransfer *transfer,
                          gint64 created_wall_us)
{
  Handover *handover = g_new0(Handover, 1);
  transfer_describe_disk(offer->disk, handover);
  set(&handover->transfer_id, transfer->id);
  set(&handover->auth_key, transfer->auth_key);
  set(&handover->region, terms->region);
  set(&handover->project_id, terms->project_id);
  set(&handover->to, terms->to);
  describe_use(terms, offer, handover);
  handover->created_wall_us = created_wall_us;
  handover->expires_wall_us = created_wall_us + terms->lifetime_s * G_USEC_PER_SEC;
  return handover;
}

/* A transfer whose key cannot be kept is of no use to anybody. */
static gboolean keep(EvsClient *client, const EvsContext *context, const OfferTerms *terms, Offer *offer,
                     GError **error)
{
  g_autoptr(GError) problem = NULL, stays = NULL;
  if (handover_save(offer->handover, offer->path, terms->passphrase, TRUE, &problem))
    return TRUE;
  if (!offer_withdraw(client, context, offer->handover->transfer_id, offer->disk->id, &stays))
    g_prefix_error(&problem,
                   "transfer '%s' of disk '%s' stays without a key (%s): ", offer->handover->transfer_id,
                   offer->disk->id, stays->message);
  g_propagate_error(error, g_steal_pointer(&problem));
  g_clear_pointer(&offer->handover, handover_free);
  return FALSE;
}

/* An offer made in clear is put under the passphrase that is given now. */
static gboolean settle_old(const OfferTerms *terms, Offer *offer, GError **error)
{
  offer->was_there = TRUE;
  return !terms->passphrase || transfer_file_is_encrypted(offer->path) ||
         handover_save(offer->handover, offer->path, terms->passphrase, TRUE, error);
}

gboolean offer_make(EvsClient *client, const EvsContext *context, const OfferTerms *terms, Offer *offer,
                    GError **error)
{
  transfer_file_sweep(terms->directory, offer->disk->id);
  gboolean look = !g_str_equal(offer->disk->status, "available"), done;
  for (guint i = 0; i < OFFER_TRIES_MAX; i++, look = TRUE) {
    g_autoptr(EvsTransfer) transfer = NULL;
    if (look && !clear_way(client, context, terms, offer, &done, error))
      return FALSE;
    if (look && done)
      return settle_old(terms, offer, error);
    gint64 now_wall_us = clock_wall_us();
    g_autofree char *name = transfer_name_new(now_wall_us + terms->lifetime_s * G_USEC_PER_SEC);
    if (!post(client, context, offer, name, &transfer, error))
      return FALSE;
    if (!transfer)
      continue;
    offer->handover = describe(terms, offer, transfer, now_wall_us);
    return keep(client, context, terms, offer, error);
  }
  evs_error_set(error, EVS_CODE_UNAVAILABLE,
                "the cloud's answers to the transfer of disk '%s' were lost %d times", offer->disk->id,
                OFFER_TRIES_MAX);
  if (error) {
    evs_error_set_outcome(*error, EVS_OUTCOME_UNKNOWN);
    evs_error_set_remedy(*error, "call again: what was made is called off then");
  }
  return FALSE;
}
