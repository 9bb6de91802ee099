#include "node/metadata_fetch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "node/http_body.h"

#include <curl/curl.h>
#include <jansson.h>

enum { MAX_TOKEN = 4096, MAX_VALUE = 255, HTTP_OK = 200, HTTP_UNAUTHORIZED = 401, PAUSE_MS = 1000 };

/* One request; the status, or 0 with error set when no whole answer came. */
static long request(const char *method, const char *url, const char *header, GString *text, GError **error)
{
  CURL *curl = curl_easy_init();
  struct curl_slist *headers = header ? curl_slist_append(NULL, header) : NULL;
  HttpBody body = {.text = text, .most = METADATA_MAX_BYTES};
  char reason[CURL_ERROR_SIZE] = "";
  long status = 0;
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)METADATA_CONNECT_MS);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)METADATA_REQUEST_MS);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, http_body_take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_OK)
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  else if (body.too_large)
    evs_error_set(error, EVS_CODE_UNAVAILABLE, "%s %s: the answer is larger than %d bytes", method, url,
                  METADATA_MAX_BYTES);
  else
    evs_error_set(error, EVS_CODE_UNAVAILABLE, "%s %s: %s", method, url,
                  *reason ? reason : curl_easy_strerror(code));
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return status;
}

static gboolean is_token(const char *text)
{
  gsize length = strlen(text);
  for (const char *c = text; *c; c++)
    if (!g_ascii_isgraph(*c))
      return FALSE;
  return length > 0 && length <= MAX_TOKEN;
}

/* "X-Metadata-Token: ..." or NULL where there are no tokens. */
static char *token_header(const char *base)
{
  g_autofree char *url = g_strconcat(base, "/meta-data/latest/api/token", NULL);
  g_autofree char *lifetime = g_strdup_printf("X-Metadata-Token-Ttl-Seconds: %d", METADATA_TOKEN_TTL_S);
  g_autoptr(GString) text = g_string_new(NULL);
  if (request("PUT", url, lifetime, text, NULL) != HTTP_OK)
    return NULL;
  g_strstrip(text->str);
  return is_token(text->str) ? g_strconcat("X-Metadata-Token: ", text->str, NULL) : NULL;
}

static char *fetch_once(const char *base, GError **error)
{
  g_autofree char *url = g_strconcat(base, "/openstack/latest/meta_data.json", NULL);
  long status = 0;
  for (int round = 0; round < 2; round++) {
    g_autofree char *token = token_header(base);
    g_autoptr(GString) text = g_string_new(NULL);
    status = request("GET", url, token, text, error);
    if (status == 0)
      return NULL;
    if (status == HTTP_OK)
      return g_string_free(g_steal_pointer(&text), FALSE);
    if (status != HTTP_UNAUTHORIZED)
      break;
  }
  evs_error_set(error, EVS_CODE_UNAVAILABLE, "GET %s: status %ld", url, status);
  return NULL;
}

char *metadata_fetch(const char *url, GError **error)
{
  g_autofree char *base = g_strdup(url);
  for (gsize length = strlen(base); length > 0 && base[length - 1] == '/'; length--)
    base[length - 1] = '\0';
  for (int attempt = 1;; attempt++) {
    g_autoptr(GError) reason = NULL;
    char *text = fetch_once(base, &reason);
    if (text)
      return text;
    if (attempt == METADATA_ATTEMPTS) {
      g_propagate_error(error, g_steal_pointer(&reason));
      return NULL;
    }
    clock_sleep_until(clock_deadline_in_ms(PAUSE_MS));
  }
}

static const char *plain_member(const json_t *document, const char *key)
{
  const char *value = json_string_value(json_object_get(document, key));
  return text_is_label(value, MAX_VALUE) ? value : NULL;
}

char *metadata_digest(const char *document, GError **error)
{
  json_t *parsed = json_loads(document, 0, NULL);
  const char *id = plain_member(parsed, "uuid"), *zone = plain_member(parsed, "availability_zone");
  GString *out = NULL;
  if (!id || !zone) {
    evs_error_set(error, EVS_CODE_UNAVAILABLE, "the metadata document has no plain '%s'",
                  id ? "availability_zone" : "uuid");
  } else {
    static const char *const optional[][2] = {{"region", "region_id"}, {"project_id", "project_id"}};
    out = g_string_new(NULL);
    g_string_append_printf(out, "{\"node_id\":\"%s\",\"zone\":\"%s\"", id, zone);
    for (gsize i = 0; i < G_N_ELEMENTS(optional); i++) {
      const char *value = plain_member(parsed, optional[i][1]);
      if (value)
        g_string_append_printf(out, ",\"%s\":\"%s\"", optional[i][0], value);
    }
    g_string_append_c(out, '}');
  }
  json_decref(parsed);
  return out ? g_string_free(out, FALSE) : NULL;
}
