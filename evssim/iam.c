#include "evssim/iam.h"

#include "base/error.h"
#include "evssim/parts.h"
#include "evssim/signature.h"

enum { HEADERS_MAX = 128 };

typedef struct Iam Iam;

struct Iam {
  Credentials *credentials;
  GHashTable *keys; /* ak -> StaticKey* */
};

/* An access key of a user, from accounts.json. */
typedef struct {
  const AccessKey *key;
  const User *user;
} StaticKey;

Credentials *iam_credentials(const Sim *sim)
{
  return sim->iam->credentials;
}

/* --- permissions --- */

static gboolean action_matches(const char *pattern, const char *action)
{
  return strchr(pattern, '*') ? g_pattern_match_simple(pattern, action) : strcmp(pattern, action) == 0;
}

gboolean iam_denies(const Principal *principal, const char *action)
{
  for (const char *const *pattern = principal->actions; pattern && *pattern; pattern++)
    if (**pattern == '!' && action_matches(*pattern + 1, action))
      return TRUE;
  return FALSE;
}

gboolean iam_allows(const Principal *principal, const char *action)
{
  for (const char *const *pattern = principal->actions; pattern && *pattern; pattern++)
    if (action_matches(*pattern, action))
      return !iam_denies(principal, action);
  return FALSE;
}

/* --- refusals --- */

static gboolean refuse_gateway(Request *request, const char *cause)
{
  reply_gateway(request, 401, "APIGW.0301", "Incorrect IAM authentication information: %s", cause);
  return FALSE;
}

static gboolean refuse_missing(Request *request)
{
  switch (request->route->service) {
  case SIM_SERVICE_EVS:
    reply_error(request, 401, "EVS.5401", "Authentication required.");
    return FALSE;
  case SIM_SERVICE_IAM:
    reply_error(request, 401, "", "The request you have made requires authentication.");
    return FALSE;
  default:
    return refuse_gateway(request, "neither a token nor a signature is on the request");
  }
}

/* The same code, with the status that each service gives it. */
static gboolean refuse_token(Request *request)
{
  if (request->route->service == SIM_SERVICE_IAM)
    reply_error(request, 401, "", "The token must be updated.");
  else
    reply_error(request, request->route->service == SIM_SERVICE_EVS ? 400 : 401, "Common.0013",
                "Invalid token in the header.");
  return FALSE;
}

/* --- tokens --- */

/* What a token may be made of, as a header has it. */
static gboolean is_token_text(const char *text)
{
  for (; *text; text++)
    if (!g_ascii_isalnum(*text) && !strchr("+/=_-.", *text))
      return FALSE;
  return TRUE;
}

gboolean iam_authenticate_token(Request *request, const char *token)
{
  if (request->route->service == SIM_SERVICE_EVS && !is_token_text(token)) {
    reply_error(request, 400, "EVS.0002", "invalid token!");
    return FALSE;
  }
  const Credential *credential = credentials_find(iam_credentials(request->sim), token);
  if (!credential || credential->secret)
    return refuse_gateway(request, "the token cannot be decrypted");
  if (credential_is_expired(request->sim, credential))
    return refuse_token(request);
  /* EVS and ECS belong to a project: a token of the whole domain opens nothing there. */
  if (!credential->principal.project && request->route->service != SIM_SERVICE_IAM)
    return refuse_token(request);
  request->principal = credential->principal;
  return TRUE;
}

/* --- signatures --- */

typedef struct {
  SignatureHeader headers[HEADERS_MAX];
  gsize count;
} HeaderList;

static void collect_header(const char *name, const char *value, void *argument)
{
  HeaderList *list = argument;
  if (list->count < HEADERS_MAX)
    list->headers[list->count++] = (SignatureHeader){name, value};
}

/* The secret of the signature's access key, and whose it is; NULL after a refusal. */
static const char *find_secret(Request *request, const Signature *signature, Principal *ret_principal)
{
  const StaticKey *permanent = g_hash_table_lookup(request->sim->iam->keys, signature->access_key);
  if (permanent) {
    *ret_principal = (Principal){permanent->user->account, permanent->user->name,
                                 (const char *const *)permanent->user->actions, NULL};
    return permanent->key->sk;
  }
  const Credential *temporary = credentials_find(iam_credentials(request->sim), signature->access_key);
  if (!temporary || !temporary->secret) {
    refuse_gateway(request, "the access key is unknown");
    return NULL;
  }
  if (g_strcmp0(request_header(request, "X-Security-Token"), temporary->security_token) != 0) {
    refuse_gateway(request, "X-Security-Token is missing or not that of the temporary access key");
    return NULL;
  }
  if (credential_is_expired(request->sim, temporary)) {
    refuse_gateway(request, "the temporary access key has expired");
    return NULL;
  }
  *ret_principal = temporary->principal;
  ret_principal->project = NULL;
  return temporary->secret;
}

static gboolean check_signature(const Request *request, const Signature *signature, const char *secret,
                                GError **error)
{
  HeaderList list = {.count = 0};
  request_headers_visit(request, collect_header, &list);
  g_autofree char *target = *request->raw_query
                              ? g_strconcat(request->raw_path, "?", request->raw_query, NULL)
                              : g_strdup(request->raw_path);
  SignatureRequest signed_request = {.method = request->method,
                                     .target = target,
                                     .headers = list.headers,
                                     .header_count = list.count,
                                     .body = request->body,
                                     .body_size = request->body_bytes};
  gint64 date_us = 0;
  if (!signature_verify(signature, &signed_request, secret, error) ||
      !signature_date(signature, &signed_request, &date_us, error))
    return FALSE;
  gint64 away_us = ABS(date_us - sim_cloud_us(request->sim));
  if (away_us > (gint64)IAM_SKEW_SECONDS * G_USEC_PER_SEC)
    return evs_error_set(error, EVS_CODE_UNAUTHENTICATED,
                         "signature expired: X-Sdk-Date is %" G_GINT64_FORMAT " s off",
                         away_us / G_USEC_PER_SEC);
  return TRUE;
}

static gboolean authenticate_signature(Request *request, const char *authorization)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Signature) signature = signature_parse(authorization, &error);
  if (!signature)
    return refuse_gateway(request, error->message);
  Principal principal = {0};
  const char *secret = find_secret(request, signature, &principal);
  if (!secret)
    return FALSE;
  if (!check_signature(request, signature, secret, &error))
    return refuse_gateway(request, error->message);
  const char *project_id = request_header(request, "X-Project-Id");
  if (project_id && *project_id) {
    principal.project = sim_project(request->sim, project_id);
    if (!principal.project || principal.project->account != principal.account)
      return refuse_gateway(request, "X-Project-Id is none of the account's projects");
  }
  request->principal = principal;
  return TRUE;
}

gboolean iam_authenticate(Request *request)
{
  const char *authorization = request_header(request, "Authorization");
  if (authorization && *authorization)
    return authenticate_signature(request, authorization);
  const char *token = request_header(request, "X-Auth-Token");
  if (token && *token)
    return iam_authenticate_token(request, token);
  return refuse_missing(request);
}

gboolean iam_check_project(Request *request, const char *project_id)
{
  const Principal *principal = &request->principal;
  const Project *project = request->project;
  if (project && project->account == principal->account &&
      (!principal->project || principal->project == project))
    return TRUE;
  if (!project && request->route->service == SIM_SERVICE_EVS)
    reply_error(request, 400, "EVS.0001", "invalid tenant id! ('%s')", project_id);
  else
    reply_error(request, 400, "Common.0018",
                "Invalid token in the header: the project in the URI is not its own");
  return FALSE;
}

/* --- life --- */

static void index_keys(Iam *iam, const Account *account)
{
  for (guint i = 0; i < account->users->len; i++) {
    const User *user = account->users->pdata[i];
    for (guint j = 0; j < user->keys->len; j++) {
      StaticKey *entry = g_new0(StaticKey, 1);
      entry->key = user->keys->pdata[j];
      entry->user = user;
      g_hash_table_insert(iam->keys, entry->key->ak, entry);
    }
  }
}

void iam_start(Sim *sim)
{
  sim->iam = g_new0(Iam, 1);
  sim->iam->keys = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  sim->iam->credentials = credentials_new(sim);
  for (guint i = 0; i < sim->accounts->len; i++)
    index_keys(sim->iam, sim->accounts->pdata[i]);
  iam_routes_start(sim);
}

void iam_stop(Sim *sim)
{
  if (!sim->iam)
    return;
  credentials_free(sim->iam->credentials);
  g_hash_table_unref(sim->iam->keys);
  g_clear_pointer(&sim->iam, g_free);
}
