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

json_t *operation_shape_table(json_t *value, const char *columns)
{
  value = unwrap(value);
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

gboolean operation_reply_has_secret(const EvsOperation *operation)
{
  return operation->shape == EVS_REPLY_ONE && secret_field(operation) != NULL;
}

gboolean operation_secret_check(const EvsOperation *operation, const OperationOptions *options,
                                GError **error)
{
  if (!operation_reply_has_secret(operation) || options->show_key || options->key_file)
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "the cloud tells the key only once: say --key-file=FILE or --show-key");
}

/* A new file only: one that is there may be readable by others, or hold another key. */
static gboolean write_secret(const char *path, const char *secret, GError **error)
{
  g_autofree char *line = g_strconcat(secret, "\n", NULL);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean ok = fd >= 0 && write(fd, line, strlen(line)) == (gssize)strlen(line) && fsync(fd) == 0;
  int reason = errno;
  explicit_bzero(line, strlen(line));
  if (fd >= 0)
    close(fd);
  return ok || evs_error_set_errno(error, EVS_CODE_INTERNAL, reason, "key file '%s'", path);
}

gboolean operation_secret_deliver(const EvsOperation *operation, const OperationOptions *options,
                                  gconstpointer reply, json_t *shown, GError **error)
{
  const EvsField *field = operation_reply_has_secret(operation) ? secret_field(operation) : NULL;
  if (!field || field->kind != EVS_FIELD_TEXT)
    return TRUE;
  const char *secret = *(char *const *)G_STRUCT_MEMBER_P(reply, field->offset);
  if (options->show_key)
    json_object_set_new(shown, field->name, json_string(secret));
  return !options->key_file || write_secret(options->key_file, secret, error);
}
