#include "node/kube_api.h"

#include "base/error.h"
#include "base/text.h"
#include "node/http_body.h"
#include "version.h"

#include <curl/curl.h>

enum { MAX_WORDS = 300, MAX_PORT = 65535 };

struct KubeApi {
  char *url, *token_path, *ca_path;
  CURL *curl; /* keeps the connection for the next request */
};

KubeApi *kube_api_new(const char *url, const char *account_dir)
{
  KubeApi *api = g_new0(KubeApi, 1);
  api->url = g_strdup(url);
  api->token_path = g_build_filename(account_dir, "token", NULL);
  api->ca_path = g_build_filename(account_dir, "ca.crt", NULL);
  api->curl = curl_easy_init();
  return api;
}

void kube_api_free(KubeApi *api)
{
  if (!api)
    return;
  curl_easy_cleanup(api->curl);
  g_free(api->url);
  g_free(api->token_path);
  g_free(api->ca_path);
  g_free(api);
}

static gboolean is_made_of(const char *text, const char *more, gsize max)
{
  gsize length = text ? strlen(text) : 0;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum(text[i]) && !strchr(more, text[i]))
      return FALSE;
  return length > 0 && length <= max;
}

char *kube_api_url_from(const char *host, const char *port, GError **error)
{
  gint64 number = 0;
  if (is_made_of(host, ".:-", KUBE_MAX_NAME) && text_parse_int64(port ? port : "", 1, MAX_PORT, &number))
    return g_strdup_printf(strchr(host, ':') ? "https://[%s]:%d" : "https://%s:%d", host, (int)number);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name no API server: this runs in a pod");
  return NULL;
}

gboolean kube_is_name(const char *name)
{
  if (!is_made_of(name, ".-", KUBE_MAX_NAME))
    return FALSE;
  for (const char *c = name; *c; c++)
    if (g_ascii_isupper(*c))
      return FALSE;
  return g_ascii_isalnum(name[0]) && g_ascii_isalnum(name[strlen(name) - 1]);
}

/* "Authorization: Bearer ...", newly allocated. */
static char *read_authorization(const KubeApi *api, GError **error)
{
  g_autofree char *token = NULL;
  g_autoptr(GError) reason = NULL;
  if (!text_read_file(api->token_path, KUBE_MAX_TOKEN, &token, NULL, &reason)) {
    evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "the service account's token: %s", reason->message);
    return NULL;
  }
  g_strstrip(token);
  gboolean good = *token != '\0';
  for (const char *c = token; *c; c++)
    good = good && g_ascii_isgraph(*c);
  if (good)
    return g_strconcat("Authorization: Bearer ", token, NULL);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION, "'%s' holds no token", api->token_path);
  return NULL;
}

static void prepare(KubeApi *api, const KubeRequest *request, const char *url, HttpBody *body, char *reason)
{
  CURL *curl = api->curl;
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
  if (request->patch)
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->patch);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "evs-csi-taint/" EVS_VERSION);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_CAINFO, api->ca_path);
  curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)KUBE_CONNECT_MS);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)KUBE_REQUEST_MS);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, http_body_take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
}

/* No certificate of the server, or no authority to verify it by: trying again does not help. */
static gboolean is_untrusted(CURL *curl, CURLcode code)
{
  long verified = 0;
  curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verified);
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         (code == CURLE_SSL_CONNECT_ERROR && verified != 0);
}

static void set_transport_error(const KubeApi *api, const KubeRequest *request, CURLcode code,
                                const char *reason, GError **error)
{
  if (!*reason)
    reason = curl_easy_strerror(code);
  if (is_untrusted(api->curl, code))
    evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                  "%s %s%s: the API server's certificate cannot be verified by '%s': %s", request->method,
                  api->url, request->path, api->ca_path, reason);
  else
    evs_error_set(error, EVS_CODE_UNAVAILABLE, "%s %s%s: %s", request->method, api->url, request->path,
                  reason);
}

/* The status, or 0 with error set when no whole answer came. */
static long perform(KubeApi *api, const KubeRequest *request, GString *text, GError **error)
{
  g_autofree char *authorization = read_authorization(api, error);
  if (!authorization)
    return 0;
  g_autofree char *url = g_strconcat(api->url, request->path, NULL);
  HttpBody body = {.text = text, .most = KUBE_MAX_BYTES};
  char reason[CURL_ERROR_SIZE] = "";
  long status = 0;
  prepare(api, request, url, &body, reason);
  struct curl_slist *headers = curl_slist_append(NULL, authorization);
  headers = curl_slist_append(headers, "Accept: application/json");
  if (request->patch)
    headers = curl_slist_append(headers, "Content-Type: application/json-patch+json");
  curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, headers);
  CURLcode code = curl_easy_perform(api->curl);
  if (code == CURLE_OK)
    curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &status);
  else if (body.too_large)
    evs_error_set(error, EVS_CODE_OUT_OF_RANGE, "%s %s: the answer is larger than %d bytes", request->method,
                  url, KUBE_MAX_BYTES);
  else
    set_transport_error(api, request, code, reason, error);
  curl_slist_free_all(headers);
  return status;
}

/* ": <the message of a Status object>", or "". Newly allocated. */
static char *server_words(json_t *answer)
{
  const char *message = json_string_value(json_object_get(answer, "message"));
  if (!message || !*message)
    return g_strdup("");
  g_autofree char *valid = g_utf8_make_valid(message, -1);
  for (char *c = valid; *c; c++)
    if ((guchar)*c < 0x20 || *c == 0x7f)
      *c = ' ';
  g_autofree char *start = g_strndup(valid, MAX_WORDS), *whole = g_utf8_make_valid(start, -1);
  return g_strconcat(": ", whole, NULL);
}

static gboolean set_refusal(const KubeRequest *request, long status, json_t *answer, GError **error)
{
  static const struct {
    long status;
    EvsCode code;
  } codes[] = {
    {401, EVS_CODE_UNAUTHENTICATED}, {403, EVS_CODE_PERMISSION_DENIED}, {404, EVS_CODE_NOT_FOUND},
    {409, EVS_CODE_ABORTED},         {422, EVS_CODE_ABORTED},           {429, EVS_CODE_UNAVAILABLE},
  };
  EvsCode code = status >= 500 ? EVS_CODE_UNAVAILABLE : EVS_CODE_INTERNAL;
  for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
    if (codes[i].status == status)
      code = codes[i].code;
  g_autofree char *words = server_words(answer);
  g_autofree char *why = code == EVS_CODE_UNAUTHENTICATED
                           ? g_strdup("the service account's token is refused, ")
                         : code == EVS_CODE_PERMISSION_DENIED
                           ? g_strdup_printf("the service account lacks the right '%s', ", request->right)
                           : g_strdup("");
  evs_error_set(error, code, "%s%s %s: status %ld%s", why, request->method, request->path, status, words);
  return FALSE;
}

gboolean kube_api_send(KubeApi *api, const KubeRequest *request, json_t **ret_answer, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  long status = perform(api, request, text, error);
  if (status == 0)
    return FALSE;
  json_t *answer = json_loadb(text->str, text->len, 0, NULL);
  gboolean good = FALSE;
  if (status != 200)
    good = set_refusal(request, status, answer, error);
  else if (!json_is_object(answer))
    good = evs_error_set(error, EVS_CODE_INTERNAL, "%s %s: the answer is no JSON object", request->method,
                         request->path);
  else
    good = TRUE;
  if (!good) {
    json_decref(answer);
    return FALSE;
  }
  *ret_answer = answer;
  return TRUE;
}
