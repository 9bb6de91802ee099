#include "evssim/request.h"

#include "base/text.h"

#include <stdarg.h>

static void free_text(gpointer text)
{
  g_free(text);
}

Request *request_new(Sim *sim, const char *method, const char *raw_target)
{
  Request *request = g_new0(Request, 1);
  struct RequestPrivate *p = request->p = g_new0(struct RequestPrivate, 1);
  const char *mark = strchr(raw_target, '?');
  p->method = g_strdup(method);
  p->raw_path = mark ? g_strndup(raw_target, (gsize)(mark - raw_target)) : g_strdup(raw_target);
  p->raw_query = g_strdup(mark ? mark + 1 : "");
  p->host = g_strdup("");
  p->headers = g_ptr_array_new_with_free_func(free_text);
  p->reply_headers = g_ptr_array_new_with_free_func(free_text);
  request->sim = sim;
  request->method = p->method;
  request->raw_path = p->raw_path;
  request->raw_query = p->raw_query;
  request->host = p->host;
  request->body = (const guint8 *)"";
  g_autofree char *id = g_uuid_string_random();
  g_auto(GStrv) parts = g_strsplit(id, "-", -1);
  request->request_id = g_strjoinv("", parts);
  return request;
}

void request_free(Request *request)
{
  if (!request)
    return;
  struct RequestPrivate *p = request->p;
  if (p->on_done)
    p->on_done(request);
  for (int i = 0; i < FAULT_KINDS; i++)
    fault_action_unref(p->faults[i]);
  for (guint i = 0; i < p->parameter_count; i++)
    g_free(p->parameters[i].value);
  if (p->json)
    json_decref(p->json);
  if (p->reply_body)
    json_decref(p->reply_body);
  if (p->query)
    g_hash_table_unref(p->query);
  g_ptr_array_unref(p->headers);
  g_ptr_array_unref(p->reply_headers);
  g_free(p->method);
  g_free(p->raw_path);
  g_free(p->raw_query);
  g_free(p->host);
  g_free(p->code);
  g_free(p->reply_plain);
  g_free(p);
  g_free(request->request_id);
  g_free(request);
}

void request_add_header(Request *request, const char *name, const char *value)
{
  struct RequestPrivate *p = request->p;
  g_ptr_array_add(p->headers, g_strdup(name));
  g_ptr_array_add(p->headers, g_strdup(value));
  if (g_ascii_strcasecmp(name, "host") == 0) {
    g_free(p->host);
    request->host = p->host = g_strdup(value);
  }
}

const char *request_header(const Request *request, const char *name)
{
  const GPtrArray *headers = request->p->headers;
  for (guint i = 0; i + 1 < headers->len; i += 2)
    if (g_ascii_strcasecmp(g_ptr_array_index(headers, i), name) == 0)
      return g_ptr_array_index(headers, i + 1);
  return NULL;
}

void request_headers_visit(const Request *request,
                           void (*visit)(const char *name, const char *value, void *argument), void *argument)
{
  const GPtrArray *headers = request->p->headers;
  for (guint i = 0; i + 1 < headers->len; i += 2)
    visit(g_ptr_array_index(headers, i), g_ptr_array_index(headers, i + 1), argument);
}

void request_set_parameter(Request *request, const char *name, const char *value)
{
  struct RequestPrivate *p = request->p;
  if (p->parameter_count < REQUEST_SEGMENTS_MAX)
    p->parameters[p->parameter_count++] = (PathParameter){.name = name, .value = g_strdup(value)};
}

const char *request_path(const Request *request, const char *name)
{
  const struct RequestPrivate *p = request->p;
  for (guint i = 0; i < p->parameter_count; i++)
    if (g_str_equal(p->parameters[i].name, name))
      return p->parameters[i].value;
  return "";
}

/* Decodes one name or value of a query; what cannot be decoded stays as it is. */
static char *query_decode(const char *text, gsize length)
{
  g_autofree char *raw = g_strndup(text, length);
  for (char *c = raw; *c; c++)
    if (*c == '+')
      *c = ' ';
  char *decoded = g_uri_unescape_string(raw, NULL);
  return decoded ? decoded : g_steal_pointer(&raw);
}

GPtrArray *request_query_all(const Request *request, const char *name)
{
  GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) parts = g_strsplit(request->p->raw_query, "&", -1);
  for (char **part = parts; *part; part++) {
    const char *equals = strchr(*part, '=');
    g_autofree char *key = query_decode(*part, equals ? (gsize)(equals - *part) : strlen(*part));
    if (g_str_equal(key, name))
      g_ptr_array_add(values, query_decode(equals ? equals + 1 : "", equals ? strlen(equals + 1) : 0));
  }
  return values;
}

static void query_parse(struct RequestPrivate *p)
{
  p->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_auto(GStrv) parts = g_strsplit(p->raw_query, "&", -1);
  for (char **part = parts; *part; part++) {
    const char *equals = strchr(*part, '=');
    g_autofree char *name = query_decode(*part, equals ? (gsize)(equals - *part) : strlen(*part));
    if (*name && !g_hash_table_contains(p->query, name))
      g_hash_table_insert(p->query, g_steal_pointer(&name),
                          query_decode(equals ? equals + 1 : "", equals ? strlen(equals + 1) : 0));
  }
}

const char *request_query(const Request *request, const char *name)
{
  if (!request->p->query)
    query_parse(request->p);
  return g_hash_table_lookup(request->p->query, name);
}

json_t *request_json(Request *request)
{
  struct RequestPrivate *p = request->p;
  if (!p->json_parsed) {
    p->json_parsed = TRUE;
    p->json = json_loadb((const char *)request->body, request->body_bytes, 0, NULL);
    if (p->json && !json_is_object(p->json))
      g_clear_pointer(&p->json, json_decref);
  }
  return p->json;
}

const char *request_volume(Request *request)
{
  static const char *const bodies[][2] = {{"volumeAttachment", "volumeId"},
                                          {"snapshot", "volume_id"},
                                          {"rollback", "volume_id"},
                                          {"transfer", "volume_id"}};
  const char *id = request_path(request, "volume_id");
  for (gsize i = 0; !*id && request->body_bytes && i < G_N_ELEMENTS(bodies); i++) {
    const char *found =
      json_string_value(json_object_get(json_object_get(request_json(request), bodies[i][0]), bodies[i][1]));
    id = found ? found : "";
  }
  return *id ? id : NULL;
}

void request_fire_faults(Request *request, guint kinds, const char *volume_id)
{
  const char *known = request_volume(request);
  faults_fire(request->sim->faults, kinds, request->route->op,
              request->principal.account ? request->principal.account->name : NULL, known ? known : volume_id,
              request->p->faults);
}

FaultAction *request_take_fault(Request *request, FaultKind kind)
{
  return g_steal_pointer(&request->p->faults[kind]);
}

/* ---- answers ---- */

static void answer(Request *request, int status, json_t *body, const char *code)
{
  struct RequestPrivate *p = request->p;
  g_assert(!p->answered);
  p->answered = TRUE;
  p->status = status;
  p->reply_body = body;
  p->code = g_strdup(code);
}

void reply_json(Request *request, int status, json_t *body)
{
  g_assert(body);
  answer(request, status, body, NULL);
}

void reply_empty(Request *request, int status)
{
  answer(request, status, NULL, NULL);
}

void reply_text(Request *request, int status, const char *text)
{
  answer(request, status, NULL, NULL);
  request->p->reply_plain = g_strdup(text);
}

void reply_drop(Request *request)
{
  answer(request, 0, NULL, NULL);
}

void reply_header(Request *request, const char *name, const char *value)
{
  g_ptr_array_add(request->p->reply_headers, g_strdup(name));
  g_ptr_array_add(request->p->reply_headers, g_strdup(value));
}

/* Strings of jansson must be UTF-8; a message may quote what a client sent. */
static json_t *message_json(const char *message)
{
  g_autofree char *valid = g_utf8_make_valid(message, -1);
  return json_string(valid);
}

void reply_shaped(Request *request, int status, FaultShape shape, const char *code, const char *message)
{
  json_t *text = message_json(message);
  json_t *body;
  switch (shape) {
  case FAULT_SHAPE_FLAT:
    body = json_pack("{s:s, s:o}", "code", code, "message", text);
    break;
  case FAULT_SHAPE_CINDER:
    body = json_pack("{s:{s:o, s:i}}", code, "message", text, "code", status);
    break;
  case FAULT_SHAPE_GATEWAY:
    body =
      json_pack("{s:o, s:s, s:s}", "error_msg", text, "error_code", code, "request_id", request->request_id);
    break;
  case FAULT_SHAPE_ERROR:
  default:
    if (request->route && request->route->service == SIM_SERVICE_IAM)
      body = json_pack("{s:{s:i, s:o, s:s, s:s}}", "error", "code", status, "message", text, "title",
                       status == 401 ? "Unauthorized" : "Error", "error_code", code);
    else
      body = json_pack("{s:{s:s, s:o}}", "error", "code", code, "message", text);
    break;
  }
  answer(request, status, body, code);
}

void reply_error(Request *request, int status, const char *code, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  reply_shaped(request, status, FAULT_SHAPE_ERROR, code, message);
}

void reply_gateway(Request *request, int status, const char *code, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  reply_shaped(request, status, FAULT_SHAPE_GATEWAY, code, message);
}

void reply_cinder(Request *request, int status, const char *name, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  reply_shaped(request, status, FAULT_SHAPE_CINDER, name, message);
}
