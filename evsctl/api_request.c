#include "evsctl/api_request.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "evsclient/api.h"
#include "evsclient/ini.h"
#include "evsclient/sign.h"
#include "version.h"

#define HIDDEN "***"
#define PROJECT_MARK "{project}"

enum { DATE_LENGTH = 16 };

static void header_free(gpointer data)
{
  ApiHeader *header = data;
  g_free(header->name);
  secret_free(header->value);
  g_free(header);
}

void api_request_free(ApiRequest *request)
{
  if (!request)
    return;
  g_free(request->method);
  g_free(request->url);
  g_ptr_array_unref(request->headers);
  secret_free(request->canonical_request);
  g_free(request->string_to_sign);
  g_free(request);
}

/* ---- what the user gave ---- */

static gboolean check_method(const char *method, GError **error)
{
  static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", NULL};
  g_autofree char *upper = g_ascii_strup(method, -1);
  if (g_strv_contains(methods, upper))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                       "METHOD: '%s': GET, POST, PUT, DELETE or PATCH is expected", method);
}

static gboolean check_path(const char *path, GError **error)
{
  const char *problem = NULL;
  if (strstr(path, "://"))
    problem = "a path without host is expected: the host follows from --service and cloud-config";
  else if (path[0] && path[0] != '/')
    problem = "a path beginning with '/' is expected";
  else if (strlen(path) > API_MAX_URL)
    problem = "at most 32768 bytes are expected";
  for (const char *at = path; *at && !problem; at++) {
    if (*at <= ' ' || *at > '~' || *at == '#')
      problem = "other characters than ASCII letters, digits and signs must be percent-encoded, as %20";
  }
  g_autofree char *rest = g_strdup(path);
  for (char *mark; (mark = strstr(rest, PROJECT_MARK));)
    memset(mark, '-', strlen(PROJECT_MARK));
  if (!problem && strpbrk(rest, "{}"))
    problem = "only {project} is filled in: write other ids out, and braces as %7B and %7D";
  return !problem || evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "PATH: %s", problem);
}

/* Headers that evsctl makes itself, or libcurl. */
static const char *forbidden_header(const char *name)
{
  static const struct {
    const char *name, *instead;
  } forbidden[] = {
    {"Authorization", "evsctl signs the request itself"},
    {"X-Auth-Token", "set auth = password in cloud-config"},
    {"Content-Length", "it follows from --data"},
    {"Transfer-Encoding", "it follows from --data"},
    {"Connection", "evsctl makes it"},
    {"Expect", "evsctl makes it"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++) {
    if (g_ascii_strcasecmp(forbidden[i].name, name) == 0)
      return forbidden[i].instead;
  }
  return NULL;
}

/* Splits "Name: value". Error texts name the header only: its value may be a secret. */
static gboolean parse_header(const char *text, char **ret_name, char **ret_value, GError **error)
{
  const char *colon = strchr(text, ':');
  gsize length = colon ? (gsize)(colon - text) : 0;
  if (length == 0 ||
      strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != length)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--header: 'Name: value' is expected");
  g_autofree char *name = g_strndup(text, length);
  g_autofree char *value = g_strstrip(g_strdup(colon + 1));
  const char *instead = forbidden_header(name);
  if (instead)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--header: %s: cannot be given: %s", name,
                         instead);
  for (const char *at = value; *at; at++) {
    if (*at < ' ' || *at > '~')
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "--header: %s: a value of printable ASCII is expected", name);
  }
  *ret_name = g_steal_pointer(&name);
  *ret_value = g_steal_pointer(&value);
  return TRUE;
}

static gboolean is_date_header(const char *name)
{
  return g_ascii_strcasecmp(name, "X-Sdk-Date") == 0;
}

/* flag: where it was given. */
static gboolean check_date(const char *flag, const char *date, GError **error)
{
  gboolean good = !date || strlen(date) == DATE_LENGTH;
  for (gsize i = 0; good && date && i < DATE_LENGTH; i++)
    good = i == 8 ? date[i] == 'T' : i == DATE_LENGTH - 1 ? date[i] == 'Z' : g_ascii_isdigit(date[i]);
  return good || evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                               "%s: '%s': UTC as YYYYMMDDTHHMMSSZ is expected", flag, date);
}

static gboolean check_headers(const GPtrArray *headers, GError **error)
{
  for (guint i = 0; headers && i < headers->len; i++) {
    g_autofree char *name = NULL, *value = NULL;
    if (i >= API_MAX_HEADERS)
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT, "--header: at most %d are expected",
                           API_MAX_HEADERS);
    if (!parse_header(headers->pdata[i], &name, &value, error) ||
        (is_date_header(name) && !check_date("--header: X-Sdk-Date", value, error)))
      return FALSE;
  }
  return TRUE;
}

gboolean api_order_check(const ApiOrder *order, GError **error)
{
  return check_method(order->method, error) && check_path(order->path, error) &&
         check_headers(order->headers, error) && check_date("--date", order->date, error);
}

gboolean api_order_needs_project(const ApiOrder *order)
{
  return strstr(order->path, PROJECT_MARK) != NULL;
}

/* ---- the request ---- */

static ApiHeader *find_header(const ApiRequest *request, const char *name)
{
  for (guint i = 0; i < request->headers->len; i++) {
    ApiHeader *header = request->headers->pdata[i];
    if (g_ascii_strcasecmp(header->name, name) == 0)
      return header;
  }
  return NULL;
}

/* A later one of the same name replaces the value where it stands. */
static ApiHeader *set_header(ApiRequest *request, const char *name, const char *value, gboolean is_signed)
{
  ApiHeader *header = find_header(request, name);
  if (!header) {
    header = g_new0(ApiHeader, 1);
    header->name = g_strdup(name);
    g_ptr_array_add(request->headers, header);
  }
  secret_free(header->value);
  header->value = g_strdup(value);
  header->is_signed = is_signed;
  header->is_secret = FALSE;
  return header;
}

static gboolean is_signed_by_default(const char *name)
{
  static const char *const unsigned_names[] = {"content-type", "accept", "user-agent", NULL};
  g_autofree char *lower = g_ascii_strdown(name, -1);
  return !g_strv_contains(unsigned_names, lower) && !strchr(name, '_');
}

static void set_given_headers(ApiRequest *request, const GPtrArray *headers)
{
  for (guint i = 0; headers && i < headers->len; i++) {
    g_autofree char *name = NULL, *value = NULL;
    if (parse_header(headers->pdata[i], &name, &value, NULL))
      set_header(request, name, value, is_signed_by_default(name));
  }
}

static void set_all_headers(ApiRequest *request, const ApiOrder *order, const char *project,
                            const EvsKeys *keys)
{
  g_autofree char *host = evs_url_host(request->url);
  g_autofree char *date = order->date ? g_strdup(order->date) : evs_sign_date(clock_wall_us());
  set_header(request, "Host", host, TRUE);
  set_header(request, "User-Agent", "evsctl/" EVS_VERSION, FALSE);
  set_header(request, "X-Language", "en-us", FALSE);
  set_header(request, "Content-Type", "application/json", FALSE);
  if (!keys->token)
    set_header(request, "X-Sdk-Date", date, TRUE);
  if (project)
    set_header(request, "X-Project-Id", project, TRUE);
  if (keys->security_token)
    set_header(request, "X-Security-Token", keys->security_token, TRUE)->is_secret = TRUE;
  set_given_headers(request, order->headers);
}

/* Marks exactly the listed headers as signed. */
static gboolean choose_signed(ApiRequest *request, const char *list, GError **error)
{
  for (guint i = 0; i < request->headers->len; i++)
    ((ApiHeader *)request->headers->pdata[i])->is_signed = FALSE;
  g_auto(GStrv) names = g_strsplit_set(list, ";,", -1);
  for (char **name = names; *name; name++) {
    ApiHeader *header = find_header(request, g_strstrip(*name));
    if (!header)
      return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                           "--sign-headers: '%s' is no header of this request; add it by --header", *name);
    header->is_signed = TRUE;
  }
  if (!find_header(request, "X-Sdk-Date")->is_signed)
    return evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                         "--sign-headers: x-sdk-date must be among them: the cloud takes no other signature");
  return TRUE;
}

static void sign(ApiRequest *request, const ApiOrder *order, const EvsKeys *keys)
{
  EvsHeader to_sign[API_MAX_HEADERS * 2] = {{NULL, NULL}};
  guint n = 0;
  for (guint i = 0; i < request->headers->len && n < G_N_ELEMENTS(to_sign) - 1; i++) {
    const ApiHeader *header = request->headers->pdata[i];
    if (header->is_signed)
      to_sign[n++] = (EvsHeader){header->name, header->value};
  }
  const EvsSignRequest input = {
    .method = request->method,
    .url = request->url,
    .headers = to_sign,
    .body = order->body,
    .body_length = order->body ? strlen(order->body) : 0,
    .access_key = keys->access_key,
    .secret_key = keys->secret_key,
  };
  g_auto(EvsSignature) signature = {0};
  evs_sign(&input, &signature);
  request->canonical_request = g_steal_pointer(&signature.canonical_request);
  request->string_to_sign = g_steal_pointer(&signature.string_to_sign);
  set_header(request, "Authorization", signature.authorization, FALSE);
}

static const char *service_endpoint(const EvsConfig *config, EvsService service)
{
  switch (service) {
  case EVS_SERVICE_ECS:
    return config->endpoint_ecs;
  case EVS_SERVICE_IAM:
    return config->endpoint_iam;
  case EVS_SERVICE_EVS:
    break;
  }
  return config->endpoint_evs;
}

ApiRequest *api_request_make(const ApiOrder *order, const EvsConfig *config, const char *project,
                             const EvsKeys *keys, GError **error)
{
  g_autoptr(ApiRequest) request = g_new0(ApiRequest, 1);
  g_auto(GStrv) parts = g_strsplit(order->path, PROJECT_MARK, -1);
  g_autofree char *path = g_strjoinv(project ? project : "", parts);
  request->method = g_ascii_strup(order->method, -1);
  request->url = g_strconcat(service_endpoint(config, order->service), path, NULL);
  request->headers = g_ptr_array_new_with_free_func(header_free);
  set_all_headers(request, order, project, keys);
  if (keys->token) {
    if (order->sign_headers || order->date) {
      evs_error_set(error, EVS_CODE_INVALID_ARGUMENT,
                    "--date and --sign-headers are for access keys: with auth = password nothing is signed");
      return NULL;
    }
    set_header(request, "X-Auth-Token", keys->token, FALSE)->is_secret = TRUE;
    return g_steal_pointer(&request);
  }
  if (order->sign_headers && !choose_signed(request, order->sign_headers, error))
    return NULL;
  sign(request, order, keys);
  return g_steal_pointer(&request);
}

/* ---- showing ---- */

/* The text with all occurrences of what is secret replaced. */
static char *hide_in(const ApiRequest *request, const char *text)
{
  char *shown = g_strdup(text);
  for (guint i = 0; i < request->headers->len; i++) {
    const ApiHeader *header = request->headers->pdata[i];
    if (!header->is_secret || !header->value[0])
      continue;
    g_auto(GStrv) parts = g_strsplit(shown, header->value, -1);
    secret_free(shown);
    shown = g_strjoinv(HIDDEN, parts);
  }
  return shown;
}

static void set_shown(json_t *object, const char *key, const ApiRequest *request, const char *text,
                      gboolean show_secrets)
{
  g_autofree char *shown = !text ? NULL : show_secrets ? g_strdup(text) : hide_in(request, text);
  json_object_set_new(object, key, shown ? json_string(shown) : json_null());
}

json_t *api_request_show(const ApiRequest *request, gboolean show_secrets)
{
  json_t *headers = json_object();
  for (guint i = 0; i < request->headers->len; i++) {
    const ApiHeader *header = request->headers->pdata[i];
    json_object_set_new(headers, header->name,
                        json_string(header->is_secret && !show_secrets ? HIDDEN : header->value));
  }
  json_t *shown = json_object();
  json_object_set_new(shown, "method", json_string(request->method));
  json_object_set_new(shown, "url", json_string(request->url));
  json_object_set_new(shown, "headers", headers);
  set_shown(shown, "canonical_request", request, request->canonical_request, show_secrets);
  set_shown(shown, "string_to_sign", request, request->string_to_sign, show_secrets);
  return shown;
}
