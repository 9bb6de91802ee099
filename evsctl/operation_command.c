/* Commands made of rows: arguments, flags and help that follow from the operation. */
#include "evsctl/operation_call.h"

static const Flag wait_flags[] = {
  FLAG(OperationOptions, wait, SWITCH, "wait", NULL,
       "return when the cloud is done, at most --timeout (default)"),
  FLAG(OperationOptions, no_wait, SWITCH, "no-wait", NULL, "return as soon as the cloud has taken it"),
};
static const Flag list_flags[] = {
  FLAG(OperationOptions, limit, NUMBER, "limit", "N", "show at most so many (all)", .least = 1,
       .most = 1000000),
};
static const Flag secret_flags[] = {
  FLAG(OperationOptions, key_file, TEXT, "key-file", "FILE",
       "write the key to this new file, readable by its owner"),
  FLAG(OperationOptions, show_key, SWITCH, "show-key", NULL, "show the key"),
};
static const Flag token_flags[] = {
  FLAG(OperationOptions, client_token, TEXT, "client-token", "UUID",
       "the cloud takes requests with the same token once (for 8 hours)"),
};

char **operation_path_names(const EvsOperation *operation)
{
  GPtrArray *names = g_ptr_array_new();
  for (const char *at = strchr(operation->path, '{'); at; at = strchr(at + 1, '{')) {
    char *name = g_strndup(at + 1, strcspn(at + 1, "}"));
    if (g_str_equal(name, "project"))
      g_free(name);
    else
      g_ptr_array_add(names, name);
  }
  g_ptr_array_add(names, NULL);
  return (char **)g_ptr_array_free(names, FALSE);
}

/* ---- flags ---- */

static void add_own_flags(const OperationCommand *row, FlagSet *set, OperationOptions *options)
{
  const EvsOperation *operation = &evs_operations[row->op];
  if (operation->shape == EVS_REPLY_LIST && (operation->paging || g_str_equal(operation->method, "GET")))
    flag_set_add(set, list_flags, G_N_ELEMENTS(list_flags), options);
  if (operation->end != EVS_END_NOW)
    flag_set_add(set, wait_flags, G_N_ELEMENTS(wait_flags), options);
  if (row->secret)
    flag_set_add(set, secret_flags, G_N_ELEMENTS(secret_flags), options);
  if (row->op == EVS_OP_DISK_CREATE)
    flag_set_add(set, token_flags, G_N_ELEMENTS(token_flags), options);
}

static void add_flags(const Command *command, FlagSet *set, void *data)
{
  const OperationCommand *row = command->data;
  const EvsOperation *operation = &evs_operations[row->op];
  OperationOptions *options = data;
  if (options) {
    options->flags = set;
    options->query = operation->query ? g_malloc0(operation->query->size) : NULL;
    options->request = operation->request ? g_malloc0(operation->request->size) : NULL;
  }
  gboolean list = operation->shape == EVS_REPLY_LIST;
  (list ? flag_set_add_query : flag_set_add_record)(set, operation->query, options ? options->query : NULL);
  (list ? flag_set_add_query : flag_set_add_record)(set, operation->request,
                                                    options ? options->request : NULL);
  add_own_flags(row, set, options);
}

static void free_options(const Command *command, void *data)
{
  const OperationCommand *row = command->data;
  OperationOptions *options = data;
  if (options->query)
    evs_record_free(evs_operations[row->op].query, options->query);
  if (options->request)
    evs_record_free(evs_operations[row->op].request, options->request);
  operation_secret_clear(options);
  g_free(options->key_file);
  g_free(options->client_token);
  g_free(options);
}

/* ---- arguments ---- */

/* "volume_id" is VOLUME to people. */
static char *argument_name(const char *path_name)
{
  g_autofree char *name =
    g_str_has_suffix(path_name, "_id") ? g_strndup(path_name, strlen(path_name) - 3) : g_strdup(path_name);
  return g_ascii_strup(name, -1);
}

static void add_path_arguments(const OperationCommand *row, Command *command, GString *text)
{
  g_auto(GStrv) names = operation_path_names(&evs_operations[row->op]);
  for (guint i = 0; names[i]; i++) {
    g_autofree char *name = argument_name(names[i]);
    g_string_append_printf(text, "%s%s%s", text->len ? " " : "", name,
                           row->many && !names[i + 1] ? "..." : "");
    command->least++;
    command->most++;
  }
  if (row->many)
    command->most = ANY_NUMBER;
}

static void add_rest_arguments(const OperationCommand *row, Command *command, GString *text)
{
  g_auto(GStrv) words = g_strsplit(row->rest, " ", -1);
  for (char **word = words; *word; word++) {
    const char *name = strchr(*word, ':') + 1;
    g_string_append_printf(text, "%s%s", text->len ? " " : "", name);
    command->least += *name != '[';
    command->most = g_str_has_suffix(name, "...") ? ANY_NUMBER : command->most + 1;
  }
}

static const char *ending(const EvsOperation *operation)
{
  return operation->end == EVS_END_NOW ? "" : " Returns when the cloud is done; --no-wait at once.";
}

static char *describe(const OperationCommand *row)
{
  const EvsOperation *operation = &evs_operations[row->op];
  GString *text = g_string_new(NULL);
  if (row->description)
    g_string_append_printf(text, "%s\n", row->description);
  if (operation->deprecated)
    g_string_append(text, "Deprecated by the reference: kept for old programs.\n");
  if (operation->audited)
    g_string_append(text, "Asks before it is done; --yes does not.\n");
  g_string_append_printf(text, "Operation %s: %s %s.%s", operation->id, operation->method, operation->path,
                         ending(operation));
  return g_string_free(text, FALSE);
}

Command operation_command_make(const OperationCommand *row)
{
  const EvsOperation *operation = &evs_operations[row->op];
  Command command = {.verb = row->verb,
                     .variant = row->variant,
                     .options_size = sizeof(OperationOptions),
                     .run = operation_command_run,
                     .data = row,
                     .add_flags = add_flags,
                     .free_options = free_options};
  GString *arguments = g_string_new(NULL);
  add_path_arguments(row, &command, arguments);
  if (row->rest)
    add_rest_arguments(row, &command, arguments);
  command.arguments = g_string_free(arguments, FALSE);
  const char *summary = row->summary ? row->summary : operation->what;
  command.summary = operation->deprecated ? g_strconcat(summary, " (deprecated)", NULL) : summary;
  command.description = describe(row);
  return command;
}
