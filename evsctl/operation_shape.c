/* Results as tables, and secrets of replies. */
#include "evsctl/operation_call.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const json_t *find_below(const json_t *value, const char *name)
{
  const char *key;
  json_t *member;
  size_t index;
  const json_t *found = NULL;
  json_object_foreach((json_t *)value, key, member)
  {
    if ((found = json_find(member, name)))
      return found;
  }
  json_array_foreach(value, index, member)
  {
    if ((found = json_find(member, name)))
      return found;
  }
  return NULL;
}

const json_t *json_find(const json_t *value, const char *name)
{
  const json_t *own = json_object_get(value, name);
  return own && !json_is_null(own) ? own : find_below(value, name);
}

/* {"meta":{...}} is what is in it. */
static json_t *unwrap(json_t *value)
{
  while (json_is_object(value) && json_object_size(value) == 1) {
    json_t *inner = json_object_iter_value(json_object_iter(value));
    if (!json_is_object(inner) && !json_is_array(inner))
      break;
    json_incref(inner);
    json_decref(value);
    value = inner;
  }
  return value;
}

static gboolean has_object(const json_t *object)
{
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)object, key, member)
  {
    if (json_is_object(member))
      return TRUE;
  }
  return FALSE;
}

/* {"volumes":{"limit":1}} -> [{"name":"volumes","limit":1}]; {"key":["a"]} -> [{"name":"key","value":["a"]}]. What stands
 * beside objects is about all of them and no row. */
static json_t *rows_of(const json_t *object)
{
  gboolean of_objects = has_object(object);
  json_t *rows = json_array();
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)object, key, member)
  {
    if (of_objects && !json_is_object(member))
      continue;
    json_t *row = json_object();
    json_object_set_new(row, "name", json_string(key));
    if (json_is_object(member))
      json_object_update(row, member);
    else
      json_object_set(row, "value", member);
    json_array_append_new(rows, row);
  }
  return rows;
}

static gboolean is_empty(const json_t *value)
{
  if (json_is_string(value))
    return json_string_length(value) == 0;
  if (json_is_object(value) || json_is_array(value))
    return json_object_size(value) + json_array_size(value) == 0;
  return json_is_null(value);
}

/* People look for what is there. */
static json_t *without_empty(const json_t *object)
{
  json_t *kept = json_object();
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)object, key, member)
  {
    if (!is_empty(member) && !g_str_equal(key, "links"))
      json_object_set(kept, key, member);
  }
  return kept;
}

json_t *operation_shape_table(json_t *value, const char *columns)
{
  if (json_is_object(value)) {
    json_t *kept = without_empty(value);
    json_decref(value);
    value = unwrap(kept);
  }
  if (!columns || !json_is_object(value) || !g_str_has_prefix(columns, "name"))
    return value;
  json_t *rows = rows_of(value);
  json_decref(value);
  return rows;
}

/* ---- secrets ---- */

static const EvsField *secret_field(const EvsOperation *operation)
{
  for (gsize i = 0; operation->reply && i < operation->reply->count; i++) {
    if (operation->reply->fields[i].flags & EVS_FIELD_SECRET)
      return &operation->reply->fields[i];
  }
  return NULL;
}

/* A new file only: one that is there may be readable by others, or hold another key. */
static gboolean open_key_file(OperationOptions *options, GError **error)
{
  const char *path = options->key_file;
  options->key_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  options->key_open = options->key_fd >= 0;
  return options->key_open ||
         evs_error_set_errno(error, EVS_CODE_INVALID_ARGUMENT, errno, "--key-file: cannot make '%s'", path);
}

gboolean operation_secret_prepare(const OperationCommand *row, OperationOptions *options, GError **error)
{
  if (!row->secret)
    return TRUE;
  if (options->key_file)
    return open_key_file(options, error);
  return options->show_key ||
         evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "the cloud tells the key only once: say --key-file=FILE or --show-key");
}

static gboolean write_key(OperationOptions *options, const char *key, GError **error)
{
  g_autofree char *line = g_strconcat(key, "\n", NULL);
  gssize length = (gssize)strlen(line);
  gboolean ok = write(options->key_fd, line, (gsize)length) == length && fsync(options->key_fd) == 0;
  int reason = errno;
  explicit_bzero(line, (gsize)length);
  close(options->key_fd);
  options->key_open = FALSE;
  return ok || evs_error_set_errno(error, EVS_CODE_INTERNAL, reason, "key file '%s'", options->key_file);
}

gboolean operation_secret_deliver(const OperationCommand *row, OperationOptions *options, gconstpointer reply,
                                  json_t *shown, GError **error)
{
  const EvsField *field = row->secret ? secret_field(&evs_operations[row->op]) : NULL;
  if (!field || field->kind != EVS_FIELD_TEXT)
    return TRUE;
  const char *secret = *(char *const *)G_STRUCT_MEMBER_P(reply, field->offset);
  if (options->show_key)
    json_object_set_new(shown, field->name, json_string(secret));
  return !options->key_open || write_key(options, secret, error);
}

void operation_secret_clear(OperationOptions *options)
{
  if (!options->key_open)
    return;
  close(options->key_fd);
  unlink(options->key_file);
  options->key_open = FALSE;
}
