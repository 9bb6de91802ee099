#include "evsclient/typed_call.h"

#include "base/text.h"
#include "evsclient/api.h"

enum { MAX_KEY = 85, MAX_JOB_ID = 64, SHOWN_BYTES = 64, MAX_ID_NAME = 32 };

/* ---- ids ---- */

static gboolean is_version(const char *id)
{
  return g_str_equal(id, "v1") || g_str_equal(id, "v2") || g_str_equal(id, "v3");
}

static gboolean is_job_id(const char *id)
{
  return text_is_label(id, MAX_JOB_ID) && !strchr(id, '.');
}

/* A path of dots would be folded away on its way. */
static gboolean is_metadata_key(const char *key)
{
  return text_is_printable(key) && *key && g_utf8_strlen(key, -1) <= MAX_KEY && !g_str_equal(key, ".") &&
         !g_str_equal(key, "..");
}

static const struct {
  const char *name, *kind;
  gboolean (*is)(const char *id);
  const char *expected;
  EvsCode code;
} id_kinds[] = {
  {"volume_id", "volume id", text_is_uuid, "a UUID", EVS_CODE_NOT_FOUND},
  {"snapshot_id", "snapshot id", text_is_uuid, "a UUID", EVS_CODE_NOT_FOUND},
  {"transfer_id", "transfer id", text_is_uuid, "a UUID", EVS_CODE_NOT_FOUND},
  {"type_id", "disk type id", text_is_uuid, "a UUID", EVS_CODE_NOT_FOUND},
  {"server_id", "server id", text_is_uuid, "a UUID", EVS_CODE_NOT_FOUND},
  {"job_id", "job id", is_job_id, "1 to 64 letters, digits, '-' and '_'", EVS_CODE_NOT_FOUND},
  {"version", "API version", is_version, "one of v1, v2, v3", EVS_CODE_NOT_FOUND},
  {"key", "metadata key", is_metadata_key, "1 to 85 characters other than '.' and '..'",
   EVS_CODE_INVALID_ARGUMENT},
};

gboolean evs_path_id_check(const char *name, const char *id, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS(id_kinds); i++) {
    if (!g_str_equal(id_kinds[i].name, name))
      continue;
    if (id && id_kinds[i].is(id))
      return TRUE;
    g_autofree char *shown = g_utf8_make_valid(id ? id : "", id ? (gssize)strnlen(id, SHOWN_BYTES) : 0);
    return evs_error_set(error, id_kinds[i].code, "'%s' is no %s: %s is expected", shown, id_kinds[i].kind,
                         id_kinds[i].expected);
  }
  return evs_error_set(error, EVS_CODE_INTERNAL, "nothing is known about ids named '%s'", name);
}

/* All names in braces but {project}, in order. */
static gboolean check_ids(const EvsTypedCall *call, const EvsOperation *operation, GError **error)
{
  const char *ids[] = {call->id, call->second_id};
  guint next = 0;
  for (const char *at = strchr(operation->path, '{'); at; at = strchr(at + 1, '{')) {
    char name[MAX_ID_NAME];
    gsize length = strcspn(at + 1, "}");
    g_strlcpy(name, at + 1, MIN(length + 1, sizeof name));
    if (g_str_equal(name, "project"))
      continue;
    if (next >= G_N_ELEMENTS(ids) || !evs_path_id_check(name, ids[next++], error))
      return FALSE;
  }
  return !call->client_token || text_is_uuid(call->client_token) ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "the client token is no UUID");
}

/* ---- sending ---- */

typedef char *(*Writer)(const EvsRecord *record, gconstpointer value);

static char *write_body(const EvsRecord *record, gconstpointer value)
{
  return evs_json_write(evs_record_write(record, value));
}

/* *ret_text: what the record says, NULL without a record. A value that is NULL is one with nothing in it. */
static gboolean check_and_write(const EvsRecord *record, gconstpointer value, Writer writer, char **ret_text,
                                GError **error)
{
  *ret_text = NULL;
  if (!record)
    return !value || evs_error_set(error, EVS_CODE_INTERNAL, "this operation takes no such record");
  g_autofree gpointer nothing = value ? NULL : g_malloc0(record->size);
  gconstpointer given = value ? value : nothing;
  if (!evs_record_check(record, given, NULL, error))
    return FALSE;
  *ret_text = writer(record, given);
  return TRUE;
}

/* The ids in a body: what a call is about whose path names nothing. Newly allocated; NULL: none. */
static char *subject_of(const EvsRecord *record, gconstpointer value)
{
  for (gsize i = 0; record && value && i < record->count; i++) {
    const EvsField *field = &record->fields[i];
    gconstpointer slot = G_STRUCT_MEMBER_P(value, field->offset);
    if (field->flags & EVS_FIELD_UUID && field->kind == EVS_FIELD_TEXT)
      return g_strdup(*(char *const *)slot);
    if (field->flags & EVS_FIELD_UUID && field->kind == EVS_FIELD_TEXTS && *(char **const *)slot)
      return g_strjoinv(",", *(char **const *)slot);
  }
  return NULL;
}

json_t *evs_typed_answer(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                         GError **error)
{
  const EvsOperation *operation = &evs_operations[call->op];
  g_autofree char *query = NULL, *body = NULL;
  if (!check_ids(call, operation, error) ||
      !check_and_write(operation->query, call->query, evs_record_query, &query, error) ||
      !check_and_write(operation->request, call->request, write_body, &body, error))
    return NULL;
  g_autofree char *subject = subject_of(operation->request, call->request);
  EvsCall plain = {.operation = operation,
                   .id = call->id,
                   .second_id = call->second_id,
                   .query = query && *query ? query : NULL,
                   .body = body,
                   .client_token = call->client_token,
                   .subject = subject};
  json_t *answer = evs_api_call(client, context, &plain, error);
  if (body)
    explicit_bzero(body, strlen(body)); /* it may hold a transfer's key */
  return answer;
}

/* ---- reading ---- */

static gboolean refuse_reply(const EvsOperation *operation, GError **error)
{
  g_autoptr(GError) made = NULL;
  evs_error_set(&made, EVS_CODE_INTERNAL, "cannot %s: the answer's %s has no %s", operation->what,
                operation->reply->name, operation->reply->key ? operation->reply->key : "members");
  evs_error_set_outcome(made,
                        g_str_equal(operation->method, "GET") ? EVS_OUTCOME_UNSENT : EVS_OUTCOME_UNKNOWN);
  g_propagate_error(error, g_steal_pointer(&made));
  return FALSE;
}

/* All members absent; its key need not be there. */
static gpointer empty_record(const EvsRecord *record)
{
  EvsRecord keyless = *record;
  keyless.key = NULL;
  g_autoptr(json_t) object = json_object();
  return evs_record_read(&keyless, object);
}

gboolean evs_reply_read(EvsOp op, const json_t *answer, gpointer *ret_reply, GError **error)
{
  const EvsOperation *operation = &evs_operations[op];
  *ret_reply = NULL;
  if (operation->shape == EVS_REPLY_NONE || !operation->reply)
    return TRUE;
  const json_t *root = operation->root ? evs_record_member(answer, operation->root) : answer;
  if (operation->shape == EVS_REPLY_LIST) {
    *ret_reply = evs_record_read_list(operation->reply, root);
    return TRUE;
  }
  *ret_reply = evs_record_read(operation->reply, root);
  if (!*ret_reply && operation->due)
    return refuse_reply(operation, error);
  if (!*ret_reply)
    *ret_reply = empty_record(operation->reply);
  return TRUE;
}

gboolean evs_typed_call(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                        gpointer *ret_reply, GError **error)
{
  g_autoptr(json_t) answer = evs_typed_answer(client, context, call, error);
  gpointer reply = NULL;
  if (!answer || !evs_reply_read(call->op, answer, &reply, error))
    return FALSE;
  if (ret_reply)
    *ret_reply = reply;
  else
    evs_reply_free(call->op, reply);
  return TRUE;
}

gpointer evs_typed_get(EvsClient *client, const EvsContext *context, const EvsTypedCall *call, GError **error)
{
  gpointer reply = NULL;
  return evs_typed_call(client, context, call, &reply, error) ? reply : NULL;
}

gboolean evs_accepted_take_job(EvsOp op, const EvsAccepted *accepted, char **ret_job_id, GError **error)
{
  const char *what = evs_operations[op].what;
  if (*accepted->job_id) {
    *ret_job_id = g_strdup(accepted->job_id);
    return TRUE;
  }
  g_autoptr(GError) made = NULL;
  if (is_job_id(accepted->order_id)) {
    evs_error_set(&made, EVS_CODE_FAILED_PRECONDITION,
                  "cannot %s: the disk is billed yearly or monthly, the cloud made order '%s' of it", what,
                  accepted->order_id);
    evs_error_set_remedy(made, "pay or cancel the order in the console");
  } else {
    evs_error_set(&made, EVS_CODE_INTERNAL, "cannot %s: the answer lacks 'job_id'", what);
  }
  evs_error_set_outcome(made, EVS_OUTCOME_UNKNOWN);
  g_propagate_error(error, g_steal_pointer(&made));
  return FALSE;
}

GPtrArray *evs_typed_list(EvsClient *client, const EvsContext *context, const EvsTypedCall *call,
                          GDestroyNotify item_free, GError **error)
{
  gpointer list = NULL;
  if (!evs_typed_call(client, context, call, &list, error))
    return NULL;
  g_ptr_array_set_free_func(list, item_free);
  return list;
}

void evs_reply_free(EvsOp op, gpointer reply)
{
  const EvsOperation *operation = &evs_operations[op];
  if (!reply)
    return;
  if (operation->shape == EVS_REPLY_LIST)
    evs_record_list_free(operation->reply, reply);
  else
    evs_record_free(operation->reply, reply);
}

json_t *evs_reply_show(EvsOp op, gconstpointer reply)
{
  const EvsOperation *operation = &evs_operations[op];
  if (!reply)
    return json_null();
  if (operation->shape != EVS_REPLY_LIST)
    return evs_record_show(operation->reply, reply);
  const GPtrArray *list = reply;
  json_t *array = json_array();
  for (guint i = 0; i < list->len; i++)
    json_array_append_new(array, evs_record_show(operation->reply, list->pdata[i]));
  return array;
}
