#include "evsclient/error_body.h"

#include "evsclient/codes.h"
#include "evsclient/json.h"

enum { MAX_TEXT = 512 };

/* Valid UTF-8 on one line, bounded: it goes into logs and to the user. Consumes text. */
static char *tidy(char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, MAX_TEXT));
  g_free(text);
  for (char *c = valid; *c; c++)
    if ((guchar)*c < 0x20 || *c == 0x7f)
      *c = ' ';
  return g_strdup(g_strstrip(valid));
}

static gboolean take(const json_t *object, const char *code_key, const char *message_key, EvsErrorBody *body)
{
  if (!json_object_get(object, code_key) || !json_object_get(object, message_key))
    return FALSE;
  g_free(body->code);
  g_free(body->message);
  body->code = tidy(evs_json_text(object, code_key));
  body->message = tidy(evs_json_text(object, message_key));
  return TRUE;
}

/* A nested object: the named one of EVS and ECS, or a native error whose member name is the code. */
static gboolean take_nested(json_t *root, EvsErrorBody *body)
{
  const char *name;
  json_t *value;
  json_object_foreach(root, name, value)
  {
    if (take(value, "error_code", "error_msg", body))
      return TRUE;
    if (!take(value, "code", "message", body))
      continue;
    if (json_is_integer(json_object_get(value, "code")) && !g_str_equal(name, "error")) {
      g_free(body->code);
      body->code = tidy(g_strdup(name));
    }
    return TRUE;
  }
  return FALSE;
}

gboolean evs_error_body_parse(const char *text, gsize length, EvsErrorBody *ret_body)
{
  g_autoptr(json_t) root = evs_json_parse(text, length);
  *ret_body = (EvsErrorBody){.request_id = tidy(evs_json_text(root, "request_id"))};
  gboolean found = take(root, "error_code", "error_msg", ret_body) ||
                   take(root, "code", "message", ret_body) || take_nested(root, ret_body);
  if (!found) {
    ret_body->code = g_strdup("");
    ret_body->message = g_strdup("");
  }
  return found;
}

void evs_error_body_clear(EvsErrorBody *body)
{
  g_clear_pointer(&body->code, g_free);
  g_clear_pointer(&body->message, g_free);
  g_clear_pointer(&body->request_id, g_free);
}

void evs_error_set_answer(GError **error, const char *what, int status, const char *text, gsize length,
                          const char *request_id, guint *ret_traits)
{
  g_auto(EvsErrorBody) body = {0};
  evs_error_body_parse(text, length, &body);
  const EvsCloudCode *row = evs_cloud_code_find(body.code, body.message);
  EvsCode code = row ? row->code : evs_code_of_http_status(status);
  guint traits = row ? row->traits : evs_traits_of_http_status(status);
  g_autoptr(GError) made = NULL;
  if (*body.message)
    evs_error_set(&made, code, "cannot %s: %s", what, body.message);
  else
    evs_error_set(&made, code, "cannot %s: the cloud answered with HTTP status %d", what, status);
  evs_error_set_cloud(made, body.code, status, request_id && *request_id ? request_id : body.request_id);
  evs_error_set_remedy(made, row ? row->remedy : NULL);
  evs_error_set_outcome(made, traits & EVS_TRAIT_UNSURE ? EVS_OUTCOME_UNKNOWN : EVS_OUTCOME_REFUSED);
  if (ret_traits)
    *ret_traits = traits;
  g_propagate_error(error, g_steal_pointer(&made));
}

void evs_error_set_job(GError **error, const char *what, const char *job_id, const char *code,
                       const char *reason)
{
  const EvsCloudCode *row = evs_cloud_code_find(code, reason);
  g_autofree char *detail = tidy(g_strdup(reason && *reason ? reason : "no reason given"));
  g_autofree char *id = tidy(g_strdup(job_id ? job_id : "")), *cloud_code = tidy(g_strdup(code ? code : ""));
  g_autoptr(GError) made = NULL;
  evs_error_set(&made, row ? row->code : EVS_CODE_INTERNAL, "cannot %s: job %s failed: %s", what, id, detail);
  evs_error_set_cloud(made, cloud_code, 0, NULL);
  evs_error_set_remedy(made, row ? row->remedy : NULL);
  evs_error_set_outcome(made, EVS_OUTCOME_FAILED);
  g_propagate_error(error, g_steal_pointer(&made));
}
