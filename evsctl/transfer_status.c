/* evsctl transfer list, show, status: where transfers stand. Nothing is changed, no key is shown. */
#include "base/text.h"
#include "evsctl/command.h"
#include "evsctl/transfer_file.h"
#include "evsctl/transfer_report.h"
#include "evsctl/transfer_state.h"

typedef struct {
  char *directory, *passphrase_file;
} Options;

static const Flag file_flags[] = {
  FLAG(Options, passphrase_file, TEXT, "passphrase-file", "FILE",
       "the first line of this file opens the handover files"),
};
static const Flag status_flags[] = {
  FLAG(Options, directory, TEXT, "dir", "DIR", "whose handover files, if no FILE is given (.)"),
  FLAG(Options, passphrase_file, TEXT, "passphrase-file", "FILE",
       "the first line of this file opens the handover files"),
};

/* ---- list ---- */

#define LISTED "id volume_id:VOLUME state expires name created"

static json_t *show_listed(const TransferWorld *world, const EvsTransfer *transfer)
{
  gint64 expires_wall_us;
  TransferState state = transfer_state_of_listed(world, transfer, &expires_wall_us);
  json_t *row = json_object();
  evs_json_set_text(row, "id", transfer->id);
  evs_json_set_text(row, "volume_id", transfer->volume_id);
  evs_json_set_text(row, "state", transfer_state_name(state));
  transfer_show_time(row, "expires", expires_wall_us);
  evs_json_set_text(row, "name", transfer->name);
  transfer_show_time(row, "created", transfer->created_wall_us);
  return row;
}

static int run_list(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  (void)data;
  (void)arguments;
  g_autoptr(GError) error = NULL;
  g_auto(TransferWorld) world = {0};
  if (!transfer_world_read(session, &world, &error))
    return session_end(FALSE, error);
  json_t *rows = json_array();
  for (guint i = 0; i < world.transfers->len; i++)
    json_array_append_new(rows, show_listed(&world, world.transfers->pdata[i]));
  session_print(session, rows, LISTED);
  return EXIT_OK;
}

/* ---- files ---- */

/* NULL with *error: unreadable, or the cloud cannot be asked. */
static json_t *show_file(const TransferWorld *world, const char *path, const char *passphrase, GError **error)
{
  TransferState state;
  const char *note;
  g_autoptr(Handover) handover = handover_load(path, passphrase, error);
  if (!handover || !transfer_state_of_handover(world, handover, &state, &note, error))
    return NULL;
  json_t *row = transfer_handover_show(handover);
  gboolean is_sender = g_ascii_strcasecmp(world->project_id, handover->project_id) == 0;
  evs_json_set_text(row, "state", transfer_state_name(state));
  evs_json_set_text(row, "side", is_sender ? "sender" : "receiver");
  evs_json_set_text(row, "note", note ? note : "");
  evs_json_set_text(row, "file", path);
  return row;
}

/* ---- show ---- */

static json_t *show_any(const TransferWorld *world, const char *what, const char *passphrase, GError **error)
{
  if (!text_is_uuid(what))
    return show_file(world, what, passphrase, error);
  const EvsTransfer *transfer = transfer_world_find(world, what);
  if (transfer)
    return show_listed(world, transfer);
  evs_error_set(
    error, EVS_CODE_NOT_FOUND,
    "this project has no transfer '%s', nor one of a disk with that id: accepted, cancelled, or never made",
    what);
  if (error)
    evs_error_set_outcome(*error, EVS_OUTCOME_REFUSED);
  return NULL;
}

static int run_show(Session *session, const Command *command, void *data, char **arguments)
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
  for (char **what = arguments; *what; what++) {
    g_autoptr(GError) problem = NULL;
    json_t *row = show_any(&world, *what, passphrase, &problem);
    if (row)
      json_array_append_new(rows, row);
    else
      failure_note(&status, problem);
  }
  handover_text_free(passphrase);
  gboolean single = !arguments[1];
  if (json_array_size(rows) > 0)
    session_print(session, single ? json_incref(json_array_get(rows, 0)) : json_incref(rows), NULL);
  json_decref(rows);
  return status;
}

/* ---- status ---- */

#define STATUS "volume_id:VOLUME state side pv_name:PV to expires note file"

static gboolean is_in_files(const json_t *rows, const char *transfer_id)
{
  size_t index;
  json_t *row;
  json_array_foreach(rows, index, row)
  {
    const char *known = json_string_value(json_object_get(row, "transfer_id"));
    if (known && g_ascii_strcasecmp(known, transfer_id) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Transfers of evsctl that no file here knows: perhaps their files are elsewhere. */
static void add_without_file(const TransferWorld *world, json_t *rows)
{
  for (guint i = 0; i < world->transfers->len; i++) {
    const EvsTransfer *transfer = world->transfers->pdata[i];
    gint64 expires_wall_us;
    TransferState state = transfer_state_of_listed(world, transfer, &expires_wall_us);
    if (state == TRANSFER_FOREIGN || is_in_files(rows, transfer->id))
      continue;
    json_t *row = json_object();
    evs_json_set_text(row, "transfer_id", transfer->id);
    evs_json_set_text(row, "volume_id", transfer->volume_id);
    transfer_show_time(row, "expires", expires_wall_us);
    evs_json_set_text(row, "state", transfer_state_name(state));
    evs_json_set_text(row, "side", "sender");
    evs_json_set_text(row, "note", "its handover file is not here");
    evs_json_set_text(row, "file", "");
    json_array_append_new(rows, row);
  }
}

static gboolean prepare(Session *session, const Options *options, char **arguments, TransferWorld *world,
                        char **ret_passphrase, GPtrArray **ret_paths, GError **error)
{
  if (!transfer_passphrase_read(options->passphrase_file, ret_passphrase, error))
    return FALSE;
  if (!arguments[0]) {
    *ret_paths = transfer_files_in(options->directory ? options->directory : ".", error);
    return *ret_paths && transfer_world_read(session, world, error);
  }
  if (options->directory)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--dir: not together with FILE");
  *ret_paths = g_ptr_array_new();
  for (char **path = arguments; *path; path++)
    g_ptr_array_add(*ret_paths, *path);
  return transfer_world_read(session, world, error);
}

static int run_status(Session *session, const Command *command, void *data, char **arguments)
{
  (void)command;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) paths = NULL;
  g_auto(TransferWorld) world = {0};
  char *passphrase = NULL;
  int status = EXIT_OK;
  if (!prepare(session, data, arguments, &world, &passphrase, &paths, &error)) {
    handover_text_free(passphrase);
    return session_end(FALSE, error);
  }
  json_t *rows = json_array();
  for (guint i = 0; i < paths->len; i++) {
    g_autoptr(GError) problem = NULL;
    json_t *row = show_file(&world, paths->pdata[i], passphrase, &problem);
    if (row)
      json_array_append_new(rows, row);
    else
      failure_note(&status, problem);
  }
  handover_text_free(passphrase);
  if (!arguments[0])
    add_without_file(&world, rows);
  session_print(session, rows, STATUS);
  return status;
}

static const Command commands[] = {
  {.verb = "list",
   .arguments = "",
   .summary = "list the project's transfers that are not over",
   .description = "State `foreign`: made by something else than evsctl, which leaves it alone. The API's "
                  "plain call: --raw.",
   .run = run_list},
  {.verb = "show",
   .arguments = "TRANSFER|VOLUME|FILE...",
   .least = 1,
   .most = ANY_NUMBER,
   .summary = "show transfers, or what handover files say, but their keys",
   .run = run_show,
   COMMAND_FLAGS(file_flags, Options)},
  {.verb = "status",
   .arguments = "[FILE...]",
   .most = ANY_NUMBER,
   .summary = "where the transfers of handover files stand: pending, accepted, cancelled, expired",
   .description =
     "Both sides may ask, each with its own cloud-config. The sender sees what the cloud lists, and whether "
     "the disk "
     "left; the\n"
     "receiver whether it has come. A receiver cannot tell a cancelled transfer from a pending one.\n"
     "Without FILE: those of --dir, and the transfers of evsctl that have no file there.",
   .run = run_status,
   COMMAND_FLAGS(status_flags, Options)},
};

const CommandGroup transfer_status_group = COMMAND_GROUP("transfer", NULL, commands);
