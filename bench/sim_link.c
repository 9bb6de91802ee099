#include "bench/sim_link.h"

#include <curl/curl.h>

enum { ANSWER_BYTES_MAX = 64 << 20, TIMEOUT_MS = 60000, SHOWN_BODY_BYTES = 300 };

struct SimLink {
  char *url;
  CURL *curl;
};

SimLink *sim_link_new(const char *url)
{
  SimLink *link = g_new0(SimLink, 1);
  link->url = g_strdup(url);
  link->curl = curl_easy_init();
  g_assert(link->curl);
  return link;
}

void sim_link_free(SimLink *link)
{
  if (!link)
    return;
  curl_easy_cleanup(link->curl);
  g_free(link->url);
  g_free(link);
}

static size_t collect(char *data, size_t size, size_t count, void *into)
{
  GString *reply = into;
  if (reply->len + size * count > ANSWER_BYTES_MAX)
    return 0;
  g_string_append_len(reply, data, (gssize)(size * count));
  return size * count;
}

static gboolean exchange(SimLink *link, const char *method, const char *url, const char *body, GString *reply,
                         long *ret_status, GError **error)
{
  CURL *curl = link->curl;
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
  struct curl_slist *headers = NULL;
  if (body) {
    headers = curl_slist_append(headers, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  }
  CURLcode result = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  if (result != CURLE_OK)
    return evs_error_set(error, EVS_CODE_UNAVAILABLE, "%s %s: %s", method, url, curl_easy_strerror(result));
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
  return TRUE;
}

gboolean sim_link_request(SimLink *link, const char *method, const char *path, json_t *body,
                          json_t **ret_answer, GError **error)
{
  char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
  json_decref(body);
  g_autofree char *url = g_strconcat(link->url, path, NULL);
  GString *reply = g_string_new(NULL);
  long status = 0;
  gboolean success = exchange(link, method, url, text, reply, &status, error);
  free(text);
  json_error_t cause;
  json_t *answer = NULL;
  if (success && (status < 200 || status > 299))
    success = evs_error_set(error, EVS_CODE_INTERNAL, "%s %s: %ld %.*s", method, url, status,
                            SHOWN_BODY_BYTES, reply->str);
  else if (success && reply->len && !(answer = json_loadb(reply->str, reply->len, 0, &cause)))
    success = evs_error_set(error, EVS_CODE_INTERNAL, "%s %s: no JSON: %s", method, url, cause.text);
  g_string_free(reply, TRUE);
  if (success && ret_answer)
    *ret_answer = answer;
  else
    json_decref(answer);
  return success;
}

gboolean sim_link_set_speed(SimLink *link, double speed, GError **error)
{
  return sim_link_request(link, "PUT", "/_sim/clock", json_pack("{s:f}", "speed", speed), NULL, error);
}
