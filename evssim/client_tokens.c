#include "evssim/client_tokens.h"

#include "base/text.h"
#include "evssim/profile.h"
#include "evssim/request.h"

enum {
  VALID_SECONDS = 8 * 3600,
  KEEP_SECONDS = 7 * 24 * 3600,
  TOKENS_MAX = 200000,
};

typedef struct {
  char *key; /* "<domain id>/<token>" */
  char *fingerprint;
  gint64 first_us; /* virtual */
  int status;
  json_t *body;
  gboolean in_progress; /* the first answer has not left yet */
} TokenRecord;

struct ClientTokens {
  GHashTable *by_key; /* key -> TokenRecord* */
  GQueue order;       /* of TokenRecord*, oldest first */
};

static void record_free(TokenRecord *record)
{
  if (record->body)
    json_decref(record->body);
  g_free(record->key);
  g_free(record->fingerprint);
  g_free(record);
}

static TokenRecord *record_add(Sim *sim, const char *key, const char *fingerprint, gint64 first_us,
                               int status, json_t *body)
{
  TokenRecord *record = g_new0(TokenRecord, 1);
  record->key = g_strdup(key);
  record->fingerprint = g_strdup(fingerprint);
  record->first_us = first_us;
  record->status = status;
  record->body = json_deep_copy(body);
  g_hash_table_insert(sim->client_tokens->by_key, record->key, record);
  g_queue_push_tail(&sim->client_tokens->order, record);
  return record;
}

static void prune(Sim *sim)
{
  gint64 oldest_us = sim_virtual_us(sim) - (gint64)KEEP_SECONDS * G_USEC_PER_SEC;
  for (;;) {
    TokenRecord *record = g_queue_peek_head(&sim->client_tokens->order);
    if (!record || (record->first_us >= oldest_us && sim->client_tokens->order.length <= TOKENS_MAX))
      return;
    g_queue_pop_head(&sim->client_tokens->order);
    state_remove(sim, "client-token", record->key);
    g_hash_table_remove(sim->client_tokens->by_key, record->key);
  }
}

static char *token_key(const Request *request, const char *token)
{
  g_autofree char *lower = g_ascii_strdown(token, -1);
  return g_strdup_printf("%s/%s", request->principal.account->domain_id, lower);
}

static char *fingerprint_of(const Request *request)
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(sum, (const guchar *)request->method, -1);
  g_checksum_update(sum, (const guchar *)request->raw_path, (gssize)strlen(request->raw_path) + 1);
  g_checksum_update(sum, request->body, (gssize)request->body_bytes);
  return g_strdup(g_checksum_get_string(sum));
}

static void answer_again(Request *request, const TokenRecord *record, const char *fingerprint)
{
  gint64 age_us = sim_virtual_us(request->sim) - record->first_us;
  if (age_us > (gint64)VALID_SECONDS * G_USEC_PER_SEC)
    reply_error(request, 400, "EVS.2220", "idempotent request over 8 hours from the first request.");
  else if (!g_str_equal(record->fingerprint, fingerprint))
    reply_error(request, 400, "EVS.2219", "url/project id/body conflict with X-Client-Token");
  else if (record->in_progress)
    reply_error(request, 400, "EVS.2221",
                "idempotent request wait timeout, because of another same request is processing.");
  else
    reply_json(request, record->status, json_deep_copy(record->body));
}

gboolean client_token_check(Request *request)
{
  const char *token = request_header(request, "X-Client-Token");
  ClientTokenMode mode = request->sim->profile->client_token;
  if (!token || mode == CLIENT_TOKEN_IGNORED)
    return TRUE;
  if (mode == CLIENT_TOKEN_REFUSED) {
    reply_error(request, 400, "EVS.2223", "idempotent request is not supported yet.");
    return FALSE;
  }
  if (!text_is_uuid(token)) {
    reply_error(request, 400, "EVS.2218", "invalid X-Client-Token in header");
    return FALSE;
  }
  prune(request->sim);
  g_autofree char *key = token_key(request, token);
  g_autofree char *fingerprint = fingerprint_of(request);
  const TokenRecord *record = g_hash_table_lookup(request->sim->client_tokens->by_key, key);
  if (!record)
    return TRUE;
  answer_again(request, record, fingerprint);
  return FALSE;
}

/* The request is over: its answer has left, or never will. */
static void on_done(Request *request)
{
  TokenRecord *record = request->sim->client_tokens ? g_hash_table_lookup(request->sim->client_tokens->by_key,
                                                                          request->p->done_argument)
                                                    : NULL;
  if (record)
    record->in_progress = FALSE;
  g_free(request->p->done_argument);
}

void client_token_remember(Request *request, int status, json_t *body)
{
  Sim *sim = request->sim;
  const char *token = request_header(request, "X-Client-Token");
  if (!token || sim->profile->client_token != CLIENT_TOKEN_ON)
    return;
  g_autofree char *key = token_key(request, token);
  g_autofree char *fingerprint = fingerprint_of(request);
  TokenRecord *record = record_add(sim, key, fingerprint, sim_virtual_us(sim), status, body);
  record->in_progress = TRUE;
  request->p->done_argument = g_steal_pointer(&key);
  request->p->on_done = on_done;
  state_put(sim, "client-token", record->key,
            json_pack("{s:s, s:I, s:i, s:O}", "fingerprint", fingerprint, "first_us",
                      (json_int_t)record->first_us, "status", status, "body", record->body));
}

static void token_load(Sim *sim, const char *key, json_t *record)
{
  const char *fingerprint;
  json_int_t first_us;
  json_t *body;
  int status;
  if (json_unpack(record, "{s:s, s:I, s:i, s:o}", "fingerprint", &fingerprint, "first_us", &first_us,
                  "status", &status, "body", &body) == 0)
    record_add(sim, key, fingerprint, first_us, status, body);
}

void client_tokens_start(Sim *sim)
{
  sim->client_tokens = g_new0(struct ClientTokens, 1);
  sim->client_tokens->by_key =
    g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)record_free);
  g_queue_init(&sim->client_tokens->order);
  state_register(sim, "client-token", token_load);
}

void client_tokens_stop(Sim *sim)
{
  if (!sim->client_tokens)
    return;
  g_queue_clear(&sim->client_tokens->order);
  g_hash_table_unref(sim->client_tokens->by_key);
  g_clear_pointer(&sim->client_tokens, g_free);
}
