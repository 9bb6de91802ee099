#include "evssim/metadata.h"

#include "base/text.h"
#include "evssim/iam.h"
#include "evssim/parts.h"

#include <sys/random.h>

enum {
  SESSION_SECONDS_MIN = 60,
  SESSION_SECONDS_MAX = 6 * 3600,
  SESSIONS_MAX = 10000, /* over all servers; the oldest go first */
  SESSION_BYTES = 32,
  RENEW_SECONDS = 6 * 3600,
};

typedef struct {
  char *token;
  const Server *server;
  gint64 expires_us; /* virtual */
} Session;

struct Metadata {
  GHashTable *sessions; /* token -> Session* */
  GQueue order;         /* of Session*, oldest first */
  GHashTable *keys;     /* server id -> id of its newest agency key */
  GHashTable *strict;   /* server ids that demand a session token */
};

static void session_free(gpointer data)
{
  Session *session = data;
  g_free(session->token);
  g_free(session);
}

/* --- sessions --- */

static Session *session_new(Sim *sim, const Server *server, gint64 seconds)
{
  struct Metadata *metadata = sim->metadata;
  if (metadata->order.length >= SESSIONS_MAX) {
    Session *oldest = g_queue_pop_head(&metadata->order);
    g_hash_table_remove(metadata->sessions, oldest->token);
  }
  guint8 raw[SESSION_BYTES];
  gssize got = getrandom(raw, sizeof raw, 0);
  g_assert(got == (gssize)sizeof raw);
  Session *session = g_new0(Session, 1);
  session->token = g_base64_encode(raw, sizeof raw);
  session->server = server;
  session->expires_us = sim_virtual_us(sim) + seconds * G_USEC_PER_SEC;
  g_hash_table_insert(metadata->sessions, session->token, session);
  g_queue_push_tail(&metadata->order, session);
  return session;
}

static gboolean session_is_good(Sim *sim, const Server *server, const char *token)
{
  const Session *session = g_hash_table_lookup(sim->metadata->sessions, token);
  return session && session->server == server && sim_virtual_us(sim) < session->expires_us;
}

/* The server of the path, or NULL after an answer. */
static const Server *find_server(Request *request)
{
  const Server *server = sim_server(request->sim, request_path(request, "server_id"));
  if (!server)
    reply_error(request, 404, "", "404 Not Found");
  else if (request_header(request, "X-Forwarded-For")) {
    reply_error(request, 403, "", "requests with X-Forwarded-For are refused");
    server = NULL;
  }
  return server;
}

static const Server *admit(Request *request)
{
  const Server *server = find_server(request);
  if (!server)
    return NULL;
  const char *token = request_header(request, "X-Metadata-Token");
  gboolean demanded = g_hash_table_contains(request->sim->metadata->strict, server->id);
  if (token ? session_is_good(request->sim, server, token) : !demanded)
    return server;
  reply_error(request, 401, "", "401 Unauthorized: %s",
              token ? "the token is invalid or has expired" : "no token");
  return NULL;
}

static void handle_session(Request *request)
{
  const Server *server = find_server(request);
  if (!server)
    return;
  const char *wanted = request_header(request, "X-Metadata-Token-Ttl-Seconds");
  gint64 seconds = SESSION_SECONDS_MAX;
  if (wanted && !text_parse_int64(wanted, SESSION_SECONDS_MIN, SESSION_SECONDS_MAX, &seconds)) {
    reply_error(request, 400, "", "X-Metadata-Token-Ttl-Seconds must be %d to %d", SESSION_SECONDS_MIN,
                SESSION_SECONDS_MAX);
    return;
  }
  reply_text(request, 200, session_new(request->sim, server, seconds)->token);
}

/* --- data --- */

static void handle_data(Request *request)
{
  const Server *server = admit(request);
  if (!server)
    return;
  g_autofree char *hostname = g_strconcat(server->name, ".novalocal", NULL);
  g_autofree char *seed = g_compute_checksum_for_string(G_CHECKSUM_SHA512, server->id, -1);
  json_t *meta = json_pack("{s:s, s:s, s:s, s:s, s:s}", "charging_mode", "0", "os_bit", "64", "os_type",
                           "Linux", "image_name", "evs-sim", "metering.resourcespeccode", "s6.large.2.linux");
  reply_json(request, 200,
             json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:s, s:s, s:s}", "random_seed", seed, "uuid",
                       server->id, "availability_zone", server->zone, "enterprise_project_id", "0",
                       "hostname", hostname, "launch_index", 0, "instance_type", "s6.large.2", "meta", meta,
                       "region_id", request->sim->region, "project_id", server->project->id, "name",
                       server->name));
}

static const Credential *agency_key(Sim *sim, const Server *server)
{
  Credentials *credentials = iam_credentials(sim);
  const char *known = g_hash_table_lookup(sim->metadata->keys, server->id);
  const Credential *key = known ? credentials_find(credentials, known) : NULL;
  if (key && sim_virtual_us(sim) + (gint64)RENEW_SECONDS * G_USEC_PER_SEC < key->expires_us)
    return key;
  Principal principal;
  if (!server->agency ||
      !principal_of_agency(server->project->account, server->agency, server->project, &principal))
    return NULL;
  key = credentials_issue_key(credentials, &principal, TRUE, CREDENTIAL_KEY_SECONDS_MAX);
  g_hash_table_replace(sim->metadata->keys, g_strdup(server->id), g_strdup(key->id));
  return key;
}

static void handle_security_key(Request *request)
{
  const Server *server = admit(request);
  if (!server)
    return;
  const Credential *key = agency_key(request->sim, server);
  if (!key) {
    reply_error(request, 401, "", "The server has no agency. Please configure Cloud Service Agency first");
    return;
  }
  g_autofree char *expires = credential_time_text(request->sim, key->expires_us);
  reply_json(request, 200,
             json_pack("{s:{s:s, s:s, s:s, s:s}}", "credential", "access", key->id, "secret", key->secret,
                       "securitytoken", key->security_token, "expires_at", expires));
}

/* --- options --- */

static void load_option(Sim *sim, const char *id, json_t *record)
{
  (void)record;
  g_hash_table_add(sim->metadata->strict, g_strdup(id));
}

void metadata_handle_options(Request *request)
{
  const Server *server = sim_server(request->sim, request_path(request, "server_id"));
  if (!server || server->project != request->project) {
    reply_error(request, 404, "Ecs.0114", "The server does not exist.");
    return;
  }
  const char *tokens = json_string_value(json_object_get(request_json(request), "http_tokens"));
  if (g_strcmp0(tokens, "required") == 0) {
    g_hash_table_add(request->sim->metadata->strict, g_strdup(server->id));
    state_put(request->sim, "metadata_options", server->id, json_pack("{s:s}", "http_tokens", "required"));
  } else if (g_strcmp0(tokens, "optional") == 0) {
    g_hash_table_remove(request->sim->metadata->strict, server->id);
    state_remove(request->sim, "metadata_options", server->id);
  } else {
    reply_error(request, 400, "Ecs.0005", "http_tokens must be required or optional");
    return;
  }
  reply_json(request, 200, json_pack("{s:s, s:s}", "http_endpoint", "enabled", "http_tokens", tokens));
}

static const Route routes[] = {
  {"meta.data", SIM_SERVICE_META, "GET", "/{server_id}/openstack/latest/meta_data.json", NULL, ROUTE_NO_AUTH,
   handle_data},
  {"meta.securitykey", SIM_SERVICE_META, "GET", "/{server_id}/openstack/latest/securitykey", NULL,
   ROUTE_NO_AUTH, handle_security_key},
  {"meta.token", SIM_SERVICE_META, "PUT", "/{server_id}/meta-data/latest/api/token", NULL, ROUTE_NO_AUTH,
   handle_session},
};

void metadata_start(Sim *sim)
{
  struct Metadata *metadata = g_new0(struct Metadata, 1);
  sim->metadata = metadata;
  metadata->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, session_free);
  metadata->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  metadata->strict = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init(&metadata->order);
  state_register(sim, "metadata_options", load_option);
  router_add(sim, routes, G_N_ELEMENTS(routes));
}

void metadata_stop(Sim *sim)
{
  if (!sim->metadata)
    return;
  g_queue_clear(&sim->metadata->order);
  g_hash_table_unref(sim->metadata->sessions);
  g_hash_table_unref(sim->metadata->keys);
  g_hash_table_unref(sim->metadata->strict);
  g_clear_pointer(&sim->metadata, g_free);
}
