/* One authenticated request. */
#include "base/clock.h"
#include "base/text.h"
#include "evsclient/api.h"
#include "version.h"

enum { PROJECT_DIGITS = 32, MAX_JOB_ID = 64, MAX_SIGNED = 8 };

char *evs_url_host(const char *url)
{
  g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
  if (!uri || !g_uri_get_host(uri))
    return g_strdup("");
  const char *host = g_uri_get_host(uri);
  gboolean ipv6 = strchr(host, ':') != NULL;
  int port = g_uri_get_port(uri), own = g_str_equal(g_uri_get_scheme(uri), "http") ? 80 : 443;
  g_autofree char *bracketed = g_strdup_printf(ipv6 ? "[%s]" : "%s", host);
  return port < 0 || port == own ? g_steal_pointer(&bracketed) : g_strdup_printf("%s:%d", bracketed, port);
}

gboolean evs_id_check_uuid(const char *kind, const char *id, GError **error)
{
  if (text_is_uuid(id))
    return TRUE;
  g_autofree char *shown = g_utf8_make_valid(id ? id : "", id ? (gssize)strnlen(id, 64) : 0);
  return evs_error_set(error, EVS_CODE_NOT_FOUND, "'%s' is no %s id: a UUID is expected", shown, kind);
}

gboolean evs_id_check_job(const char *id, GError **error)
{
  if (text_is_label(id, MAX_JOB_ID) && !strchr(id, '.'))
    return TRUE;
  return evs_error_set(error, EVS_CODE_INTERNAL,
                       "the cloud gave a job id that is none: letters, digits, - and _ are expected");
}

gboolean evs_id_is_project(const char *id)
{
  return id && strlen(id) == PROJECT_DIGITS && strspn(id, "0123456789abcdefABCDEF") == PROJECT_DIGITS;
}

/* The headers that are both sent and signed. */
static guint signed_headers(const EvsWire *wire, const EvsKeys *keys, const char *host, const char *date,
                            EvsHeader headers[MAX_SIGNED])
{
  guint n = 0;
  headers[n++] = (EvsHeader){"Host", host};
  headers[n++] = (EvsHeader){"X-Sdk-Date", date};
  if (wire->project)
    headers[n++] = (EvsHeader){"X-Project-Id", wire->project};
  if (wire->client_token)
    headers[n++] = (EvsHeader){"X-Client-Token", wire->client_token};
  if (keys->security_token)
    headers[n++] = (EvsHeader){"X-Security-Token", keys->security_token};
  headers[n] = (EvsHeader){NULL, NULL};
  return n;
}

static void add_signature(struct curl_slist **headers, EvsClient *client, const EvsWire *wire,
                          const EvsKeys *keys)
{
  g_autofree char *host = evs_url_host(wire->url);
  g_autofree char *date =
    evs_sign_date(clock_wall_us() + __atomic_load_n(&client->skew_us, __ATOMIC_RELAXED));
  EvsHeader to_sign[MAX_SIGNED];
  guint n = signed_headers(wire, keys, host, date, to_sign);
  EvsSignRequest request = {
    .method = wire->method,
    .url = wire->url,
    .headers = to_sign,
    .body = wire->body,
    .body_length = wire->body ? strlen(wire->body) : 0,
    .access_key = keys->access_key,
    .secret_key = keys->secret_key,
  };
  g_auto(EvsSignature) signature = {0};
  evs_sign(&request, &signature);
  for (guint i = 1; i < n; i++) /* libcurl sends Host */
    evs_headers_add(headers, to_sign[i].name, to_sign[i].value);
  evs_headers_add(headers, "Authorization", signature.authorization);
}

static struct curl_slist *wire_headers(EvsClient *client, const EvsWire *wire, const EvsKeys *keys)
{
  struct curl_slist *headers = NULL;
  headers = curl_slist_append(headers, "Expect:"); /* no waiting for 100 Continue */
  evs_headers_add(&headers, "User-Agent", "evs-csi/" EVS_VERSION);
  evs_headers_add(&headers, "X-Language", "en-us"); /* some codes are told apart by their English text */
  evs_headers_add(&headers, "Content-Type", "application/json");
  for (const EvsHeader *extra = wire->extra; extra && extra->name; extra++)
    evs_headers_add(&headers, extra->name, extra->value);
  if (!keys->token) {
    add_signature(&headers, client, wire, keys);
    return headers;
  }
  evs_headers_add(&headers, "X-Auth-Token", keys->token);
  if (wire->project)
    evs_headers_add(&headers, "X-Project-Id", wire->project);
  if (wire->client_token)
    evs_headers_add(&headers, "X-Client-Token", wire->client_token);
  return headers;
}

gboolean evs_wire_send(EvsClient *client, EvsSession *session, const EvsContext *context, const EvsWire *wire,
                       EvsHttpResponse *ret_response, EvsWireResult *ret_result, GError **error)
{
  g_auto(EvsKeys) keys = {0};
  if (!evs_credentials_get(session->credentials, context, &keys, error))
    return FALSE;
  struct curl_slist *headers = wire_headers(client, wire, &keys);
  EvsHttpRequest request = {
    .method = wire->method,
    .url = wire->url,
    .headers = headers,
    .body = wire->body,
    .body_length = wire->body ? strlen(wire->body) : 0,
    .fresh = wire->fresh,
    .abandonable = wire->read,
    .config = session->config,
  };
  gint64 sent_wall = clock_wall_us();
  gboolean answered = evs_http_perform(client->http, context, &request, ret_response, error);
  evs_headers_free(headers);
  ret_result->generation = keys.generation;
  ret_result->clock_changed = answered && evs_client_learn_skew(client, ret_response->date_us, sent_wall);
  return answered;
}
