/* evsctl transfer cancel, expire, reject: the ways in which a transfer ends without the disk going. */
#include "base/text.h"
#include "evsctl/command.h"
#include "evsctl/transfer_file.h"
#include "evsctl/transfer_offer.h"
#include "evsctl/transfer_report.h"
#include "evsctl/transfer_state.h"

typedef struct {
  char *passphrase_file;
  gboolean dry_run;
} Options;

static const Flag cancel_flags[] = {
  FLAG(Options, passphrase_file, TEXT, "passphrase-file", "FILE",
       "the first line of this file opens the handover files"),
};
static const Flag expire_flags[] = {
  FLAG(Options, dry_run, SWITCH, "dry-run", NULL, "show what would be called off, and change nothing"),
};

#define COLUMNS "transfer_id:TRANSFER volume_id:VOLUME expires end"

/* Takes nothing. */
static json_t *show_row(const char *transfer_id, const char *volume_id, gint64 expires_wall_us,
                        const char *end)
{
  json_t *row = json_object();
  evs_json_set_text(row, "transfer_id", transfer_id);
  evs_json_set_text(row, "volume_id", volume_id);
  transfer_show_time(row, "expires", expires_wall_us);
  evs_json_set_text(row, "end", end);
  return row;
}

/* ---- cancel ---- */

static json_t *cancel_listed(const TransferWorld *world, const EvsTransfer *transfer, GError **error)
{
  gint64 expires_wall_us;
  transfer_state_of_listed(world, transfer, &expires_wall_us);
  if (!offer_withdraw(world->client, world->context, transfer->id, transfer->volume_id, error))
    return NULL;
  return show_row(transfer->id, transfer->volume_id, expires_wall_us, "cancelled");
}

/* One that is not listed any more is cancelled already if its disk is here. */
static json_t *cancel_file(const TransferWorld *world, const char *path, const char *passphrase,
                           GError **error)
{
  TransferState state;
  const char *note;
  g_autoptr(Handover) handover = handover_load(path, passphrase, error);
  if (!handover)
    return NULL;
  if (g_ascii_strcasecmp(world->project_id, handover->project_id) != 0) {
    evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                  "file '%s' is another project's offer: its sender can cancel it, you can reject it", path);
    return NULL;
  }
  const EvsTransfer *transfer = transfer_world_find(world, handover->transfer_id);
  if (transfer)
    return cancel_listed(world, transfer, error);
  if (!transfer_state_of_handover(world, handover, &state, &note, error))
    return NULL;
  if (state != TRANSFER_ACCEPTED)
    return show_row(handover->transfer_id, handover->volume_id, handover->expires_wall_us,
                    "cancelled already");
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                "disk '%s' is not in this project any more: transfer '%s' was accepted", handover->volume_id,
                handover->transfer_id);
  if (error)
    evs_error_set_remedy(*error, "only the new owner can hand it back");
  return NULL;
}

static json_t *cancel_any(const TransferWorld *world, const char *what, const char *passphrase,
                          GError **error)
{
  if (!text_is_uuid(what))
    return cancel_file(world, what, passphrase, error);
  const EvsTransfer *transfer = transfer_world_find(world, what);
  if (transfer)
    return cancel_listed(world, transfer, error);
  evs_error_set(
    error, EVS_CODE_NOT_FOUND,
    "this project has no transfer '%s', nor one of a disk with that id: accepted or cancelled already", what);
  if (error)
    evs_error_set_outcome(*error, EVS_OUTCOME_REFUSED);
  return NULL;
}

static int run_cancel(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  const Options *options = data;
  g_autoptr(GError) error = NULL;
  g_auto(TransferWorld) world = {0};
  char *passphrase = NULL;
  int status = EXIT_OK;
  if (!transfer_passphrase_read(options->passphrase_file, &passphrase, &error) ||
      !transfer_world_read(session, &world, &error)) {
    handover_text_free(passphrase);
    return session_end(FALSE, error);
  }
  json_t *rows = json_array();
  for (char **what = arguments; *what && !session_interrupted(); what++) {
    g_autoptr(GError) problem = NULL;
    json_t *row = cancel_any(&world, *what, passphrase, &problem);
    if (row)
      json_array_append_new(rows, row);
    else
      failure_note(&status, problem);
  }
  handover_text_free(passphrase);
  session_print(session, rows, COLUMNS);
  return session_interrupted() ? EXIT_INTERRUPTED : status;
}

/* ---- expire ---- */

/* *ret_end static. One that is gone before it could be called off was accepted, or called off by somebody else: fine. */
static gboolean expire_one(const TransferWorld *world, const EvsTransfer *transfer, const char **ret_end,
                           GError **error)
{
  g_autoptr(GError) problem = NULL;
  *ret_end = "called off";
  if (evs_transfer_delete(world->client, world->context, transfer->id, &problem))
    return TRUE;
  if (evs_error_is(problem, EVS_CODE_NOT_FOUND)) {
    *ret_end = "over already";
    return TRUE;
  }
  g_propagate_prefixed_error(error, g_steal_pointer(&problem), "calling transfer '%s' off: ", transfer->id);
  return FALSE;
}

static int run_expire(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  (void)arguments;
  const Options *options = data;
  g_autoptr(GError) error = NULL;
  g_auto(TransferWorld) world = {0};
  int status = EXIT_OK;
  if (!transfer_world_read(session, &world, &error))
    return session_end(FALSE, error);
  json_t *rows = json_array();
  for (guint i = 0; i < world.transfers->len && !session_interrupted(); i++) {
    const EvsTransfer *transfer = world.transfers->pdata[i];
    g_autoptr(GError) problem = NULL;
    gint64 expires_wall_us;
    const char *end = "would be called off";
    if (transfer_state_of_listed(&world, transfer, &expires_wall_us) != TRANSFER_EXPIRED)
      continue;
    if (!options->dry_run && !expire_one(&world, transfer, &end, &problem)) {
      failure_note(&status, problem);
      end = "failed";
    }
    json_array_append_new(rows, show_row(transfer->id, transfer->volume_id, expires_wall_us, end));
  }
  session_print(session, rows, COLUMNS);
  return session_interrupted() ? EXIT_INTERRUPTED : status;
}

/* ---- reject ---- */

static gboolean confirm(Session *session, char **paths, GError **error)
{
  g_autofree char *all = g_strjoinv(", ", paths);
  g_autofree char *question = g_strdup_printf("destroy %s, and the keys in them?", all);
  return session_confirm(session, question, error);
}

static json_t *reject_one(const char *path, GError **error)
{
  g_autoptr(Handover) handover = handover_load(path, NULL, NULL);
  guint links = 0;
  if (!transfer_file_discard(path, &links, error))
    return NULL;
  g_autofree char *other_names =
    links ? g_strdup_printf("; it had %u other name%s, empty now", links, links == 1 ? "" : "s")
          : g_strdup("");
  g_autofree char *end = g_strconcat("discarded", other_names, NULL);
  json_t *row = json_object();
  evs_json_set_text(row, "file", path);
  evs_json_set_text(row, "transfer_id", handover ? handover->transfer_id : "");
  evs_json_set_text(row, "volume_id", handover ? handover->volume_id : "");
  evs_json_set_text(row, "end", end);
  return row;
}

static int run_reject(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  (void)data;
  g_autoptr(GError) error = NULL;
  int status = EXIT_OK;
  if (!confirm(session, arguments, &error))
    return session_end(FALSE, error);
  json_t *rows = json_array();
  for (char **path = arguments; *path; path++) {
    g_autoptr(GError) problem = NULL;
    json_t *row = reject_one(*path, &problem);
    if (row)
      json_array_append_new(rows, row);
    else
      failure_note(&status, problem);
  }
  gboolean any = json_array_size(rows) > 0;
  session_print(session, rows, "file transfer_id:TRANSFER volume_id:VOLUME end");
  if (any)
    fputs(
      "The disk stays offered until its sender calls that off: ask for `evsctl transfer cancel` of these "
      "transfers.\n"
      "The files were overwritten once and removed. Copies elsewhere (mail, backups), file systems that copy "
      "on write and flash\n"
      "may keep the key: only the sender's cancel makes it worthless.\n",
      stderr);
  return status;
}

static const Command commands[] = {
  {.verb = "cancel",
   .arguments = "TRANSFER|VOLUME|FILE...",
   .least = 1,
   .most = ANY_NUMBER,
   .summary = "call transfers off that are not accepted yet",
   .description = "Waits until each disk is available again. The keys are worthless after that.",
   .run = run_cancel,
   COMMAND_FLAGS(cancel_flags, Options)},
  {.verb = "expire",
   .arguments = "",
   .summary = "call off the transfers of evsctl whose time is over",
   .description =
     "The cloud knows no expiry: until this runs, a transfer whose time is over can still be accepted by "
     "other "
     "tools.\n"
     "Only names of the form evscsi-TIME-HEX are touched. Meant to run every few minutes; nothing to do is "
     "success.",
   .run = run_expire,
   COMMAND_FLAGS(expire_flags, Options)},
  {.verb = "reject",
   .arguments = "FILE...",
   .least = 1,
   .most = ANY_NUMBER,
   .summary = "discard handover files that one does not want",
   .description =
     "Asks first; --yes does not. Overwrites and removes the files, asks nothing of the cloud: it knows no "
     "refusal, and the sender\n"
     "must cancel. Works without the passphrase.",
   .run = run_reject},
};

const CommandGroup transfer_cancel_group = COMMAND_GROUP("transfer", NULL, commands);
