/* Running a command of the API: what is typed is checked, then the calls are made, then their ends are waited for. */
#include "evsctl/operation_call.h"

#include "evsclient/client.h"

enum { PAGE = 1000 };

/* One call: of several ids, each has one. */
typedef struct {
  const char *id, *second_id; /* borrowed */
  json_t *answer;             /* the cloud's, whole */
  json_t *shown;              /* of it, what people may see */
  gboolean running;           /* it has an end to wait for */
} Item;

typedef struct {
  Session *session;
  const OperationCommand *row;
  const EvsOperation *operation;
  OperationOptions *options;
  EvsClient *client;
  char **path_names;
  GArray *items; /* of Item */
} Run;

static void item_clear(gpointer data)
{
  Item *item = data;
  json_decref(item->answer);
  json_decref(item->shown);
}

/* ---- what was typed ---- */

static void take_ids(Run *run, char **arguments)
{
  guint names = g_strv_length(run->path_names), count = g_strv_length(arguments);
  guint calls = run->row->many ? count - names + 1 : 1;
  for (guint i = 0; i < calls; i++) {
    Item item = {0};
    if (names == 1)
      item.id = arguments[i];
    else if (names == 2)
      item = (Item){.id = arguments[0], .second_id = arguments[1 + i]};
    g_array_append_val(run->items, item);
  }
}

static gboolean check_ids(const Run *run, GError **error)
{
  for (guint i = 0; i < run->items->len; i++) {
    const Item *item = &g_array_index(run->items, Item, i);
    const char *ids[] = {item->id, item->second_id};
    for (guint k = 0; run->path_names[k] && k < G_N_ELEMENTS(ids); k++) {
      if (!evs_path_id_check(run->path_names[k], ids[k], error))
        return FALSE;
    }
  }
  return TRUE;
}

/* "size:GIB": the argument is that flag's value. A MAP behind a path's key gets that key. */
static gboolean take_one(Run *run, const char *word, const char *text, GError **error)
{
  g_autofree char *flag = g_strndup(word, strcspn(word, ":"));
  const Item *item = &g_array_index(run->items, Item, 0);
  gboolean keyed = item->second_id && g_str_equal(run->path_names[1], "key");
  g_autofree char *pair = keyed ? g_strconcat(item->second_id, "=", text, NULL) : NULL;
  return flag_set_value(run->options->flags, flag, pair ? pair : text, error);
}

static gboolean take_rest(Run *run, char **arguments, GError **error)
{
  if (!run->row->rest)
    return TRUE;
  g_auto(GStrv) words = g_strsplit(run->row->rest, " ", -1);
  char **word = words;
  for (char **argument = arguments + g_strv_length(run->path_names); *argument; argument++) {
    if (!take_one(run, *word, *argument, error))
      return FALSE;
    if (!g_str_has_suffix(*word, "..."))
      word++;
  }
  return TRUE;
}

static gboolean check_required(const Run *run, GError **error)
{
  const FlagSet *flags = run->options->flags;
  for (gsize i = 0; i < flag_set_count(flags); i++) {
    FlagView view = flag_set_view(flags, i);
    if (view.required && !flag_set_given(flags, view.name))
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--%s is required%s%s", view.name,
                           *view.accepts ? ": " : "", view.accepts);
  }
  return TRUE;
}

/* "'size' is missing: ..." is told as "--size is missing: ...". */
static void name_flag(const EvsRecord *record, GError *error)
{
  const char *end = error->message[0] == '\'' ? strchr(error->message + 1, '\'') : NULL;
  for (gsize i = 0; end && i < record->count; i++) {
    g_autofree char *flag = evs_field_flag(&record->fields[i]);
    g_autofree char *title = evs_field_title(&record->fields[i]);
    g_autofree char *quoted = g_strconcat("'", title, "'", NULL);
    if (!flag || !g_str_has_prefix(error->message, quoted))
      continue;
    char *told = g_strconcat("--", flag, end + 1, NULL);
    g_free(error->message);
    error->message = told;
    return;
  }
}

static gboolean check_record(const EvsRecord *record, gconstpointer value, GError **error)
{
  g_autoptr(GError) wrong = NULL;
  if (!record || evs_record_check(record, value, NULL, &wrong))
    return TRUE;
  name_flag(record, wrong);
  g_propagate_error(error, g_steal_pointer(&wrong));
  return FALSE;
}

static gboolean check_all(Run *run, char **arguments, GError **error)
{
  take_ids(run, arguments);
  return check_ids(run, error) && take_rest(run, arguments, error) && check_required(run, error) &&
         check_record(run->operation->query, run->options->query, error) &&
         check_record(run->operation->request, run->options->request, error) &&
         operation_secret_prepare(run->row, run->options, error);
}

static gboolean confirm(const Run *run, GError **error)
{
  if (!run->operation->audited)
    return TRUE;
  g_autoptr(GString) question = g_string_new(run->operation->what);
  for (guint i = 0; i < run->items->len; i++) {
    const Item *item = &g_array_index(run->items, Item, i);
    const char *id = item->second_id ? item->second_id : item->id;
    if (id)
      g_string_append_printf(question, "%s%s", i ? ", " : " ", id);
  }
  g_string_append_c(question, '?');
  return session_confirm(run->session, question->str, error);
}

/* ---- calls ---- */

static EvsTypedCall call_of(const Run *run, const Item *item)
{
  return (EvsTypedCall){.op = run->row->op,
                        .id = item->id,
                        .second_id = item->second_id,
                        .query = run->options->query,
                        .request = run->options->request,
                        .client_token = run->options->client_token};
}

static gboolean send(Run *run, Item *item, GError **error)
{
  EvsTypedCall call = call_of(run, item);
  gpointer reply = NULL;
  item->answer = evs_typed_answer(run->client, session_context(run->session), &call, error);
  if (!item->answer || !evs_reply_read(run->row->op, item->answer, &reply, error))
    return FALSE;
  item->running = run->operation->end != EVS_END_NOW && !run->options->no_wait;
  item->shown = reply ? evs_reply_show(run->row->op, reply) : NULL;
  gboolean ok = operation_secret_deliver(run->row, run->options, reply, item->shown, error);
  evs_reply_free(run->row->op, reply);
  return ok;
}

/* What is known of a call without a reply, or whose end leaves nothing to look at. */
static json_t *outcome_of(const Run *run, const Item *item, const char *result)
{
  const char *ids[] = {item->id, item->second_id};
  json_t *outcome = json_object();
  for (guint i = 0; run->path_names[i] && i < G_N_ELEMENTS(ids); i++)
    json_object_set_new(outcome, run->path_names[i], json_string(ids[i]));
  json_object_set_new(outcome, "result", json_string(result));
  return outcome;
}

static void list_page_size(const Run *run)
{
  gboolean paged = flag_set_has(run->options->flags, PAGE_SIZE_FLAG);
  if (!paged || !run->options->limit || run->options->limit >= PAGE ||
      flag_set_given(run->options->flags, PAGE_SIZE_FLAG))
    return;
  g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, run->options->limit);
  flag_set_value(run->options->flags, PAGE_SIZE_FLAG, size, NULL);
}

/* A call for many may be taken as a whole and refused for some. */
static gboolean check_results(const Run *run, const json_t *list, GError **error)
{
  size_t index, refused = 0;
  json_t *one;
  json_array_foreach(list, index, one)
  {
    const char *result = json_string_value(json_object_get(one, "result"));
    refused += result && g_str_equal(result, "FAIL");
  }
  g_autoptr(GError) made = NULL;
  if (!refused)
    return TRUE;
  evs_error_set(&made, EVS_CODE_FAILED_PRECONDITION, "%s: refused for %zu of %zu", run->operation->what,
                refused, json_array_size(list));
  evs_error_set_outcome(made, EVS_OUTCOME_REFUSED);
  g_propagate_error(error, g_steal_pointer(&made));
  return FALSE;
}

static gboolean list(Run *run, Item *item, GError **error)
{
  list_page_size(run);
  EvsTypedCall call = call_of(run, item);
  g_autoptr(EvsIterator) iterator = evs_iterator_new(run->client, session_context(run->session), &call);
  g_autoptr(GError) wrong = NULL;
  gconstpointer record;
  item->shown = json_array();
  while ((!run->options->limit || (gint64)json_array_size(item->shown) < run->options->limit) &&
         (record = evs_iterator_next(iterator, &wrong)))
    json_array_append_new(item->shown, evs_record_show(run->operation->reply, record));
  if (!wrong)
    return check_results(run, item->shown, error);
  g_clear_pointer(&item->shown, json_decref); /* part of a list would be taken for all of it */
  g_propagate_error(error, g_steal_pointer(&wrong));
  return FALSE;
}

/* ---- ends ---- */

/* The id of the disk or snapshot that the row names: of the path, the answer, or the request. Newly allocated. */
static char *find_subject(const Run *run, const Item *item)
{
  const char *name = run->row->subject ? run->row->subject : "volume_id";
  const char *ids[] = {item->id, item->second_id};
  for (guint i = 0; run->path_names[i] && i < G_N_ELEMENTS(ids); i++) {
    if (g_str_equal(run->path_names[i], name))
      return g_strdup(ids[i]);
  }
  const json_t *found = json_find(item->answer, name);
  g_autoptr(json_t) request =
    run->operation->request ? evs_record_write(run->operation->request, run->options->request) : NULL;
  if (!found)
    found = json_find(request, name);
  if (json_is_array(found))
    found = json_array_get(found, 0);
  return json_is_string(found) ? g_strdup(json_string_value(found)) : NULL;
}

static gint64 wanted_size(const Run *run)
{
  if (run->row->op != EVS_OP_CINDER_VOLUME_EXTEND)
    return 0;
  g_autoptr(json_t) request = evs_record_write(run->operation->request, run->options->request);
  return json_integer_value(json_find(request, "new_size"));
}

static json_t *look(const Run *run, const char *id, GError **error)
{
  EvsTypedCall call = {.op = run->row->look, .id = id};
  gpointer reply = NULL;
  if (!evs_typed_call(run->client, session_context(run->session), &call, &reply, error))
    return NULL;
  json_t *shown = evs_reply_show(run->row->look, reply);
  evs_reply_free(run->row->look, reply);
  return shown;
}

/* All that were made: one as itself, several as an array. */
static json_t *look_at_made(const Run *run, const Item *item, const char *subject, GError **error)
{
  const json_t *ids = json_object_get(item->answer, run->row->subject ? run->row->subject : "");
  if (json_array_size(ids) < 2)
    return look(run, subject, error);
  json_t *all = json_array();
  size_t index;
  json_t *id;
  json_array_foreach(ids, index, id)
  {
    json_t *one = json_is_string(id) ? look(run, json_string_value(id), error) : NULL;
    if (!one) {
      json_decref(all);
      return NULL;
    }
    json_array_append_new(all, one);
  }
  return all;
}

static gboolean show_end(const Run *run, Item *item, const char *subject, GError **error)
{
  gboolean gone = g_str_equal(run->operation->method, "DELETE") && run->operation->end != EVS_END_ECS_JOB;
  json_t *shown;
  if (gone || run->row->look == NO_OP || !subject)
    shown = outcome_of(run, item, "done");
  else if (!(shown = look_at_made(run, item, subject, error)))
    return FALSE;
  json_decref(item->shown);
  item->shown = shown;
  return TRUE;
}

/* Orders of disks paid by the month have no job: there is nothing to wait for. */
static gboolean finish(Run *run, Item *item, GError **error)
{
  gboolean by_job = run->operation->end == EVS_END_JOB || run->operation->end == EVS_END_ECS_JOB;
  g_autofree char *job_id = by_job ? evs_json_text(item->answer, "job_id") : NULL;
  g_autofree char *subject = find_subject(run, item), *made = NULL;
  if (by_job && !*job_id)
    return TRUE;
  if (!by_job && !subject)
    return evs_error_set(error, EVS_CODE_INTERNAL, "%s: the answer does not say what to wait for",
                         run->operation->what);
  OperationWork work = {.operation = run->operation,
                        .job_id = job_id,
                        .look = run->row->look,
                        .subject_id = subject,
                        .size_gib = wanted_size(run)};
  return operation_wait(run->session, &work, &made, error) &&
         show_end(run, item, subject ? subject : made, error);
}

/* ---- the whole ---- */

static void show(const Run *run)
{
  json_t *all = json_array();
  for (guint i = 0; i < run->items->len; i++) {
    const Item *item = &g_array_index(run->items, Item, i);
    if (item->shown)
      json_array_append(all, item->shown);
  }
  gboolean single = run->items->len == 1;
  json_t *value = single && json_array_size(all) ? json_incref(json_array_get(all, 0)) : NULL;
  if (value || (!single && json_array_size(all))) {
    value = value ? value : json_incref(all);
    if (session_output(run->session) == OUTPUT_TABLE)
      value = operation_shape_table(value, run->row->columns);
    session_print(run->session, value, run->row->columns);
  }
  json_decref(all);
}

/* One that fails does not stop the others; the first failure's status is the command's. A lost answer to a question
 * leaves nothing behind in the cloud. */
static void note(const Run *run, int *status, GError *error)
{
  if (g_str_equal(run->operation->method, "GET") && evs_error_outcome(error) == EVS_OUTCOME_UNKNOWN)
    evs_error_set_outcome(error, EVS_OUTCOME_UNSENT);
  failure_note(status, error);
}

static void send_all(Run *run, int *status)
{
  guint i;
  for (i = 0; i < run->items->len && !session_interrupted(); i++) {
    g_autoptr(GError) error = NULL;
    Item *item = &g_array_index(run->items, Item, i);
    if (run->operation->shape == EVS_REPLY_LIST ? !list(run, item, &error) : !send(run, item, &error)) {
      note(run, status, error);
      item->running = FALSE;
    } else if (!item->shown) {
      item->shown = outcome_of(run, item, run->operation->end == EVS_END_NOW ? "done" : "taken");
    }
  }
  if (i == run->items->len)
    return;
  fprintf(stderr, "evsctl: interrupted: %u of %u were not sent\n", run->items->len - i, run->items->len);
  *status = EXIT_INTERRUPTED;
}

static int run_items(Run *run)
{
  int status = EXIT_OK;
  send_all(run, &status);
  for (guint i = 0; i < run->items->len; i++) {
    g_autoptr(GError) error = NULL;
    Item *item = &g_array_index(run->items, Item, i);
    if (!item->running || finish(run, item, &error))
      continue;
    note(run, &status, error);
    if (evs_error_outcome(error) == EVS_OUTCOME_FAILED)
      g_clear_pointer(&item->shown, json_decref);
  }
  show(run);
  return status;
}

int operation_command_run(Session *session, const Command *command, void *options, char **arguments)
{
  g_autoptr(GError) error = NULL;
  const OperationCommand *row = command->data;
  Run run = {.session = session, .row = row, .operation = &evs_operations[row->op], .options = options};
  run.path_names = operation_path_names(run.operation);
  run.items = g_array_new(FALSE, FALSE, sizeof(Item));
  g_array_set_clear_func(run.items, item_clear);
  gboolean ready = check_all(&run, arguments, &error) && confirm(&run, &error) &&
                   (run.client = session_client(session, &error)) != NULL;
  int status = ready ? run_items(&run) : failure_print(error);
  g_array_unref(run.items);
  g_strfreev(run.path_names);
  return status;
}
