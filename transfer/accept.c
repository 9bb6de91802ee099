#include "transfer/accept.h"

#include "base/clock.h"
#include "evsclient/http.h"
#include "evsclient/metadata.h"
#include "ownership/disk_use.h"

enum { LOOK_FIRST_MS = 100, LOOK_MOST_MS = 2000, SETTLE_LOOK_MS = 500 };

static gboolean fail(GError **error, EvsCode code, const char *remedy, const char *format, ...)
  G_GNUC_PRINTF(4, 5);

static gboolean fail(GError **error, EvsCode code, const char *remedy, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  evs_error_set(error, code, "%s", text);
  if (error)
    evs_error_set_remedy(*error, remedy);
  return FALSE;
}

char *transfer_source_mark(const Handover *handover)
{
  g_autofree char *id = g_ascii_strdown(handover->transfer_id, -1);
  return g_strconcat("transfer:", id, NULL);
}

static const char *name_of(const TransferAccept *request)
{
  if (request->volume_name && *request->volume_name)
    return request->volume_name;
  return *request->handover->pv_name ? request->handover->pv_name : request->handover->volume_id;
}

/* ---- whose is it ---- */

static gboolean has_senders_marks(const Handover *handover, const EvsDisk *disk)
{
  const char *cluster = evs_disk_metadata(disk, OWNER_KEY_CLUSTER);
  const char *driver = evs_disk_metadata(disk, OWNER_KEY_DRIVER);
  return (!*cluster && !*driver) ||
         (g_str_equal(cluster, handover->cluster) && g_str_equal(driver, handover->driver));
}

static TransferDiskKind refuse_foreign(const EvsDisk *disk, GError **error)
{
  g_autofree char *owner = owner_describe(disk);
  fail(error, EVS_CODE_FAILED_PRECONDITION, "if it shall be this cluster's all the same: evsctl adopt",
       "disk '%s' is in this project already and belongs to %s", disk->id, owner);
  return TRANSFER_DISK_FOREIGN;
}

TransferDiskKind transfer_judge_found(const TransferAccept *request, const EvsDisk *disk, GError **error)
{
  g_autofree char *mark = transfer_source_mark(request->handover);
  if (g_ascii_strcasecmp(evs_disk_metadata(disk, OWNER_KEY_SOURCE), mark) != 0)
    return has_senders_marks(request->handover, disk) ? TRANSFER_DISK_UNMARKED : refuse_foreign(disk, error);
  if (!request->owner)
    return evs_disk_metadata(disk, OWNER_KEY_CLUSTER)[0] ? refuse_foreign(disk, error) : TRANSFER_DISK_OURS;
  switch (owner_of_disk(request->owner, disk)) {
  case OWNER_NOBODY:
    return TRANSFER_DISK_UNMARKED;
  case OWNER_ANOTHER:
    return refuse_foreign(disk, error);
  case OWNER_US:
    break;
  }
  if (owner_made_for(request->owner, disk, name_of(request)))
    return TRANSFER_DISK_OURS;
  fail(error, EVS_CODE_ALREADY_EXISTS, "use the volume that it was taken over for",
       "disk '%s' was taken over for another volume, '%s'", disk->id,
       evs_disk_metadata(disk, OWNER_KEY_PV_NAME));
  return TRANSFER_DISK_FOREIGN;
}

/* ---- looking ---- */

gboolean transfer_find_disk(EvsClient *client, const EvsContext *context, const Handover *handover,
                            EvsDisk **ret_disk, GError **error)
{
  g_autoptr(GError) local = NULL;
  *ret_disk = evs_disk_get(client, context, handover->volume_id, &local);
  if (*ret_disk || evs_error_is(local, EVS_CODE_NOT_FOUND))
    return TRUE;
  g_propagate_prefixed_error(error, g_steal_pointer(&local), "looking for disk '%s': ", handover->volume_id);
  return FALSE;
}

/* Looks until the disk is here and does not change by itself, or until_us. *ret_disk NULL: it is not here. */
static gboolean look_until(EvsClient *client, const EvsContext *context, const Handover *handover,
                           gint64 until_us, EvsDisk **ret_disk, GError **error)
{
  gint64 pause_ms = LOOK_FIRST_MS;
  for (;;) {
    g_autoptr(EvsDisk) disk = NULL;
    if (!transfer_find_disk(client, context, handover, &disk, error))
      return FALSE;
    if (disk && !disk_is_moving(disk)) {
      *ret_disk = g_steal_pointer(&disk);
      return TRUE;
    }
    if (clock_now_us() >= until_us) {
      *ret_disk = NULL;
      return TRUE;
    }
    gint64 next_us = MIN(clock_deadline_in_ms(pause_ms), until_us);
    if (!evs_context_sleep(context, next_us, "waiting for the disk that was taken over", FALSE, error))
      return FALSE;
    pause_ms = MIN(pause_ms * 2, LOOK_MOST_MS);
  }
}

/* ---- accepting ---- */

static gboolean is_about_key(const GError *failure)
{
  g_autofree char *text = g_ascii_strdown(failure->message, -1);
  return strstr(text, "auth_key") || strstr(text, "auth key") || strstr(text, "authkey");
}

/* Codes that say what a retry or a person with other rights or a larger quota can do; the others are the cloud's way
 * to say that this transfer cannot be accepted. */
static gboolean explains_itself(const GError *failure)
{
  switch (evs_error_code(failure)) {
  case EVS_CODE_NOT_FOUND:
  case EVS_CODE_INVALID_ARGUMENT:
  case EVS_CODE_FAILED_PRECONDITION:
  case EVS_CODE_INTERNAL:
  case EVS_CODE_UNKNOWN:
    return FALSE;
  default:
    return TRUE;
  }
}

/* The refusal as the user shall read it. Takes failure. */
static void refuse(const Handover *handover, GError *failure, GError **error)
{
  g_autoptr(GError) local = failure;
  EvsCode code = EVS_CODE_FAILED_PRECONDITION;
  const char *remedy = "ask the sender to look at the disk: evsctl transfer status";
  g_autofree char *text = NULL;
  if (evs_error_is(local, EVS_CODE_NOT_FOUND)) {
    code = EVS_CODE_NOT_FOUND;
    remedy = "ask the sender whether it was cancelled, and for a new handover";
    text = g_strdup_printf("there is no transfer '%s' of disk '%s': it was cancelled, or somebody else has "
                           "accepted it",
                           handover->transfer_id, handover->volume_id);
  } else if (is_about_key(local)) {
    code = EVS_CODE_PERMISSION_DENIED;
    remedy = "ask the sender for the last handover of this disk, or a new one";
    text = g_strdup_printf("the cloud does not take the key of transfer '%s' of disk '%s'",
                           handover->transfer_id, handover->volume_id);
  } else {
    text = g_strdup_printf("transfer '%s' of disk '%s' cannot be accepted: %s", handover->transfer_id,
                           handover->volume_id, local->message);
  }
  fail(error, code, remedy, "%s", text);
  if (error) {
    evs_error_set_cloud(*error, evs_error_cloud_code(local), evs_error_http_status(local),
                        evs_error_request_id(local));
    evs_error_set_outcome(*error, EVS_OUTCOME_REFUSED);
  }
}

/* After a POST that did not go well. *ret_disk: the disk, for it is here all the same. Takes failure. */
static gboolean settle_failure(EvsClient *client, const EvsContext *context, const Handover *handover,
                               GError *failure, EvsDisk **ret_disk, GError **error)
{
  g_autoptr(GError) local = failure;
  gboolean unknown = evs_error_outcome(local) == EVS_OUTCOME_UNKNOWN;
  if (evs_error_outcome(local) == EVS_OUTCOME_UNSENT || (!unknown && explains_itself(local))) {
    g_propagate_prefixed_error(error, g_steal_pointer(&local), "accepting disk '%s': ", handover->volume_id);
    return FALSE;
  }
  gint64 wait_ms = unknown ? TRANSFER_LOST_ANSWER_MS : is_about_key(local) ? 0 : TRANSFER_REFUSED_MS;
  if (!look_until(client, context, handover, clock_deadline_in_ms(wait_ms), ret_disk, error))
    return FALSE;
  if (*ret_disk)
    return TRUE;
  if (!unknown)
    refuse(handover, g_steal_pointer(&local), error);
  else
    fail(error, EVS_CODE_ABORTED, "call again: the disk is looked for first",
         "it is not known whether transfer '%s' of disk '%s' was accepted: %s", handover->transfer_id,
         handover->volume_id, local->message);
  return FALSE;
}

/* Brings the disk into the project. *ret_accepted: this very call did. */
static gboolean bring(EvsClient *client, const EvsContext *context, const TransferAccept *request,
                      EvsDisk **ret_disk, gboolean *ret_accepted, GError **error)
{
  const Handover *handover = request->handover;
  const EvsContext *after = request->after ? request->after : context;
  GError *local = NULL;
  if (!handover_check_expiry(handover, clock_wall_us(), error))
    return FALSE;
  g_autoptr(EvsTransfer) transfer =
    evs_transfer_accept(client, context, handover->transfer_id, handover->auth_key, &local);
  *ret_accepted = transfer != NULL;
  if (!transfer)
    return settle_failure(client, after, handover, local, ret_disk, error);
  if (!look_until(client, after, handover, CLOCK_NEVER, ret_disk, &local)) {
    if (evs_error_is(local, EVS_CODE_DEADLINE_EXCEEDED)) /* of a look; the acceptance goes on */
      local->code = EVS_CODE_ABORTED;
    g_propagate_error(error, local);
    g_prefix_error(error, "transfer '%s' is accepted, disk '%s' is on its way: ", handover->transfer_id,
                   handover->volume_id);
    return FALSE;
  }
  return TRUE;
}

/* ---- marking ---- */

static void add_marks(const TransferAccept *request, GHashTable *metadata)
{
  GHashTableIter iter;
  gpointer key, value;
  if (request->owner) {
    owner_mark(request->owner, name_of(request), metadata);
    owner_note(metadata, OWNER_KEY_PV_NAME, name_of(request));
  } else {
    static const char *const keys[] = {OWNER_KEY_CLUSTER, OWNER_KEY_DRIVER, OWNER_KEY_NAME_HASH};
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
      g_hash_table_insert(metadata, g_strdup(keys[i]), g_strdup(""));
  }
  if (request->notes) {
    g_hash_table_iter_init(&iter, request->notes);
    while (g_hash_table_iter_next(&iter, &key, &value))
      owner_note(metadata, key, value);
  }
  g_hash_table_insert(metadata, g_strdup(OWNER_KEY_SOURCE), transfer_source_mark(request->handover));
}

/* A disk on its way from accepted to marked. */
typedef struct {
  EvsClient *client;
  const EvsContext *after;
  const TransferAccept *request;
  gboolean
    accepted; /* by this very call; else by one that was killed, or by somebody who is about to mark it */
  EvsDisk *disk;
} Marking;

/* Whose it is now. What this very call has accepted needs only be free of the mark that somebody else makes by the same
 * handover. */
static TransferDiskKind judge(const Marking *marking, GError **error)
{
  g_autofree char *mark = transfer_source_mark(marking->request->handover);
  gboolean marked = g_ascii_strcasecmp(evs_disk_metadata(marking->disk, OWNER_KEY_SOURCE), mark) == 0;
  return marking->accepted && !marked ? TRANSFER_DISK_UNMARKED
                                      : transfer_judge_found(marking->request, marking->disk, error);
}

static gboolean read_again(Marking *marking, GError **error)
{
  g_autoptr(EvsDisk) before = marking->disk;
  marking->disk = evs_disk_get(marking->client, marking->after, before->id, error);
  return marking->disk != NULL;
}

/* Whoever accepted it may be alive and about to mark it: gives him time. */
static gboolean settle(Marking *marking, TransferDiskKind *kind, GError **error)
{
  gint64 until_us = clock_deadline_in_ms(TRANSFER_SETTLE_MS);
  while (*kind == TRANSFER_DISK_UNMARKED && clock_now_us() < until_us) {
    gint64 next_us = MIN(clock_deadline_in_ms(SETTLE_LOOK_MS), until_us);
    if (!evs_context_sleep(marking->after, next_us, "seeing whether somebody marks the disk", FALSE, error) ||
        !read_again(marking, error))
      return FALSE;
    *kind = judge(marking, error);
  }
  return *kind != TRANSFER_DISK_FOREIGN;
}

static gboolean give_name(Marking *marking, GError **error)
{
  const char *name = marking->request->disk_name;
  if (!name || g_str_equal(marking->disk->name, name))
    return TRUE;
  const EvsDiskUpdate update = {.name = name};
  g_autoptr(EvsDisk) renamed =
    evs_disk_update(marking->client, marking->after, marking->disk->id, &update, error);
  if (!renamed)
    g_prefix_error(error, "disk '%s' is accepted, but has its old name: ", marking->disk->id);
  return renamed != NULL;
}

static gboolean give_marks(Marking *marking, GError **error)
{
  g_autoptr(GHashTable) metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  add_marks(marking->request, metadata);
  g_autoptr(GHashTable) set =
    evs_disk_metadata_add(marking->client, marking->after, marking->disk->id, metadata, error);
  if (!set)
    g_prefix_error(error, "disk '%s' is accepted, but bears no owner yet: ", marking->disk->id);
  return set != NULL;
}

/* EVS has no compare-and-set for metadata: it is looked right before marking and right after. The name first: a disk
 * that bears the marks is finished. */
static gboolean mark(Marking *marking, GError **error)
{
  TransferDiskKind kind = judge(marking, error);
  if (kind == TRANSFER_DISK_UNMARKED && !marking->accepted && !settle(marking, &kind, error))
    return FALSE;
  if (kind != TRANSFER_DISK_UNMARKED)
    return kind == TRANSFER_DISK_OURS;
  if (!g_str_equal(marking->disk->status, "available")) {
    disk_refuse_status(marking->disk, "taken over", error);
    return FALSE;
  }
  if (!give_name(marking, error) || !read_again(marking, error))
    return FALSE;
  kind = judge(marking, error);
  if (kind != TRANSFER_DISK_UNMARKED)
    return kind == TRANSFER_DISK_OURS;
  return give_marks(marking, error) && read_again(marking, error) &&
         judge(marking, error) != TRANSFER_DISK_FOREIGN;
}

static gboolean check_project(EvsClient *client, const EvsContext *context, const Handover *handover,
                              GError **error)
{
  g_autofree char *project_id = evs_client_project_id(client, context, error);
  if (!project_id)
    return FALSE;
  if (g_ascii_strcasecmp(project_id, handover->project_id) != 0)
    return TRUE;
  return fail(error, EVS_CODE_FAILED_PRECONDITION,
              "within one project no transfer is needed: cancel it, then evsctl adopt",
              "disk '%s' was offered by this very project, '%s'", handover->volume_id, project_id);
}

gboolean transfer_accept(EvsClient *client, const EvsContext *context, const TransferAccept *request,
                         EvsDisk **ret_disk, GError **error)
{
  const Handover *handover = request->handover;
  Marking marking = {
    .client = client, .after = request->after ? request->after : context, .request = request};
  if (!check_project(client, context, handover, error) ||
      !transfer_find_disk(client, context, handover, &marking.disk, error) ||
      (!marking.disk && !bring(client, context, request, &marking.disk, &marking.accepted, error)))
    return FALSE;
  gboolean good = mark(&marking, error);
  g_autoptr(EvsDisk) disk = marking.disk;
  if (good && ret_disk)
    *ret_disk = g_steal_pointer(&disk);
  return good;
}
