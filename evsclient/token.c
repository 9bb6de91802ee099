/* Credential sources: a token for a password (IAM), temporary keys of the server's agency (metadata service). */
#include "base/clock.h"
#include "evsclient/credentials.h"
#include "evsclient/error_body.h"
#include "evsclient/ini.h"
#include "evsclient/json.h"
#include "evsclient/meter.h"

enum {
  ATTEMPTS = 3,
  PAUSE_MS = 300,
  METADATA_MS = 5 * 1000,
  METADATA_TOKEN_SECONDS = 6 * 3600,
  METADATA_TOKEN_MARGIN_SECONDS = 600,
  MAX_METADATA_TOKEN = 4096,
  NO_SESSIONS_SECONDS = 24 * 3600,
};

static char *token_body(const EvsConfig *config)
{
  json_t *domain = json_object(), *user = json_object(), *project = json_object();
  evs_json_set_text(domain, "name", config->domain_name);
  evs_json_set_text(user, "name", config->user_name);
  evs_json_set_text(user, "password", config->password);
  json_object_set_new(user, "domain", domain);
  evs_json_set_text(project, config->project_id ? "id" : "name",
                    config->project_id     ? config->project_id
                    : config->project_name ? config->project_name
                                           : config->region);
  return evs_json_write(json_pack("{s{s{s[s]s{so}}s{so}}}", "auth", "identity", "methods", "password",
                                  "password", "user", user, "scope", "project", project));
}

static gboolean read_token(const EvsHttpResponse *response, EvsFetched *fetched, GError **error)
{
  g_autoptr(json_t) root = evs_json_parse(response->body->str, response->body->len);
  const json_t *token = json_object_get(root, "token");
  if (!response->subject_token || !*response->subject_token)
    return evs_error_set(error, EVS_CODE_INTERNAL, "cannot get a token: the answer has no X-Subject-Token");
  g_autofree char *expires = evs_json_text(token, "expires_at");
  fetched->keys.token = g_strdup(response->subject_token);
  fetched->expires_us = evs_json_time(expires);
  fetched->project_id = evs_json_text(json_object_get(token, "project"), "id");
  if (!*fetched->project_id)
    g_clear_pointer(&fetched->project_id, g_free);
  return TRUE;
}

/* Up to ATTEMPTS times: asking for credentials changes nothing. TRUE for any answer below 500. */
static gboolean ask(EvsHttp *http, const EvsContext *context, const char *operation,
                    const EvsHttpRequest *request, EvsHttpResponse *response, GError **error)
{
  g_autoptr(GError) failure = NULL;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    evs_http_response_clear(response);
    g_clear_error(&failure);
    if (attempt > 0 &&
        !evs_context_sleep(context, clock_deadline_in_ms(PAUSE_MS << attempt), "authenticate", FALSE, error))
      return FALSE;
    gint64 start = clock_now_us();
    gboolean answered = evs_http_perform(http, context, request, response, &failure);
    evs_meter_call(operation, answered ? response->status : 0, NULL, clock_now_us() - start);
    if (answered && response->status < 500)
      return TRUE;
    if (!evs_context_check(context, "authenticate", FALSE, NULL))
      break;
  }
  if (failure) {
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "cannot authenticate: ");
    return FALSE;
  }
  return TRUE;
}

gboolean evs_fetch_token(const EvsConfig *config, EvsHttp *http, const EvsContext *context,
                         EvsFetched *ret_fetched, GError **error)
{
  g_autofree char *url = g_strconcat(config->endpoint_iam, "/v3/auth/tokens?nocatalog=true", NULL);
  char *body = token_body(config);
  struct curl_slist *headers = NULL;
  evs_headers_add(&headers, "Content-Type", "application/json");
  EvsHttpRequest request = {
    .method = "POST",
    .url = url,
    .headers = headers,
    .body = body,
    .body_length = strlen(body),
    .abandonable = TRUE,
    .config = config,
  };
  g_auto(EvsHttpResponse) response = {0};
  gboolean ok = ask(http, context, "get token", &request, &response, error);
  evs_headers_free(headers);
  secret_free(body);
  if (!ok)
    return FALSE;
  if (response.status >= 200 && response.status < 300)
    return read_token(&response, ret_fetched, error);
  evs_error_set_answer(error, "get a token", response.status, response.body->str, response.body->len,
                       response.request_id, NULL);
  if (error && *error)
    evs_error_set_remedy(*error, "check user-name, password, domain-name and the project in cloud-config");
  return FALSE;
}

static gboolean metadata_ask(const EvsConfig *config, EvsHttp *http, const EvsContext *context,
                             const char *method, const char *path, const char *header, const char *value,
                             EvsHttpResponse *response, GError **error)
{
  g_autofree char *url = g_strconcat(config->metadata_url, path, NULL);
  struct curl_slist *headers = NULL;
  if (header)
    evs_headers_add(&headers, header, value);
  EvsHttpRequest request = {
    .method = method,
    .url = url,
    .headers = headers,
    .total_ms = METADATA_MS,
    .abandonable = TRUE,
    .no_proxy = TRUE,
    .config = config,
  };
  gboolean ok = ask(http, context, "get agency keys", &request, response, error);
  evs_headers_free(headers);
  return ok;
}

/* A session token where the service knows them; going without is no error. */
static gboolean open_session(const EvsConfig *config, EvsHttp *http, const EvsContext *context,
                             EvsMetadataSession *session, GError **error)
{
  gint64 now = clock_now_us();
  if ((session->token && now < session->token_until_us) || now < session->plain_until_us)
    return TRUE;
  secret_clear(&session->token);
  g_autofree char *life = g_strdup_printf("%d", METADATA_TOKEN_SECONDS);
  g_auto(EvsHttpResponse) response = {0};
  if (!metadata_ask(config, http, context, "PUT", "/meta-data/latest/api/token",
                    "X-Metadata-Token-Ttl-Seconds", life, &response, error))
    return FALSE;
  if (response.status == 200 && response.body->len > 0 && response.body->len <= MAX_METADATA_TOKEN &&
      strcspn(response.body->str, "\r\n\t ") == response.body->len) {
    session->token = g_strdup(response.body->str);
    session->token_until_us =
      now + (gint64)(METADATA_TOKEN_SECONDS - METADATA_TOKEN_MARGIN_SECONDS) * G_USEC_PER_SEC;
  } else if (response.status == 404 || response.status == 405 || response.status == 503) {
    session->plain_until_us = now + (gint64)NO_SESSIONS_SECONDS * G_USEC_PER_SEC;
  }
  return TRUE;
}

static gboolean read_agency(const EvsHttpResponse *response, EvsFetched *fetched, GError **error)
{
  g_autoptr(json_t) root = evs_json_parse(response->body->str, response->body->len);
  const json_t *credential = json_object_get(root, "credential");
  fetched->keys.access_key = evs_json_text(credential, "access");
  fetched->keys.secret_key = evs_json_text(credential, "secret");
  fetched->keys.security_token = evs_json_text(credential, "securitytoken");
  g_autofree char *expires = evs_json_text(credential, "expires_at");
  fetched->expires_us = evs_json_time(expires);
  if (*fetched->keys.access_key && *fetched->keys.secret_key && *fetched->keys.security_token)
    return TRUE;
  return evs_error_set(
    error, EVS_CODE_INTERNAL,
    "cannot get the agency's keys: access, secret or securitytoken is missing in the answer");
}

static gboolean lacks_agency(const EvsHttpResponse *response)
{
  return response->status >= 400 && strstr(response->body->str, "configure Cloud Service Agency") != NULL;
}

gboolean evs_fetch_agency(const EvsConfig *config, EvsHttp *http, const EvsContext *context,
                          EvsMetadataSession *session, EvsFetched *ret_fetched, GError **error)
{
  g_auto(EvsHttpResponse) response = {0};
  for (int attempt = 0; attempt < 2; attempt++) {
    if (!open_session(config, http, context, session, error) ||
        !metadata_ask(config, http, context, "GET", "/openstack/latest/securitykey",
                      session->token ? "X-Metadata-Token" : NULL, session->token, &response, error))
      return FALSE;
    if (response.status == 200)
      return read_agency(&response, ret_fetched, error);
    if (response.status != 401 || lacks_agency(&response))
      break;
    secret_clear(&session->token);
    session->plain_until_us = 0;
  }
  if (lacks_agency(&response))
    return evs_error_set(
      error, EVS_CODE_FAILED_PRECONDITION,
      "cannot get the agency's keys: this server has no agency; give it one in the ECS console");
  evs_error_set_answer(error, "get the agency's keys", response.status, response.body->str,
                       response.body->len, response.request_id, NULL);
  return FALSE;
}
