#include "evsclient/client.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "evsclient/api.h"
#include "evsclient/meter.h"
#include "evsclient/session.h"

enum {
  CACHE_US = 5 * 60 * G_USEC_PER_SEC,
  CACHE_WAIT_MS = 5000,
  SKEW_TOLERATED_US = 5 * G_USEC_PER_SEC,
  SKEW_NEWS_US = 30 * G_USEC_PER_SEC,
};

static EvsSession *session_new(EvsClient *client, const EvsConfig *config)
{
  EvsSession *session = g_new0(EvsSession, 1);
  session->references = 1;
  session->config = evs_config_copy(config);
  session->credentials = evs_credentials_new(session->config, client->http, &client->skew_us);
  session->project_id = g_strdup(config->project_id);
  return session;
}

EvsSession *evs_session_borrow(EvsClient *client)
{
  MUTEX_HOLD(&client->lock);
  client->session->references++;
  return client->session;
}

void evs_session_return(EvsClient *client, EvsSession *session)
{
  {
    MUTEX_HOLD(&client->lock);
    if (--session->references > 0)
      return;
  }
  evs_credentials_free(session->credentials);
  evs_config_free(session->config);
  g_free(session->project_id);
  g_free(session);
}

static void collect(void *data)
{
  EvsClient *client = data;
  evs_meter_shared_interval(evs_gates_shared_us(client->gates));
}

EvsClient *evs_client_new(const EvsConfig *config, GError **error)
{
  (void)error;
  json_object_seed(0);
  EvsClient *client = g_new0(EvsClient, 1);
  mutex_init(&client->lock);
  cond_init(&client->cached);
  client->http = evs_http_new();
  client->gates = evs_gates_new();
  client->session = session_new(client, config);
  metrics_collect(collect, client);
  return client;
}

/* With the lock held, or alone. */
static void forget_lists(EvsClient *client)
{
  for (guint slot = 0; slot < EVS_CACHE_SLOTS; slot++)
    g_clear_pointer(&client->cache[slot].answer, json_decref);
}

static gboolean is_kept(const EvsClient *client, EvsCacheSlot slot)
{
  return client->cache[slot].answer && clock_now_us() < client->cache[slot].until_us;
}

GPtrArray *evs_client_cache_read(EvsClient *client, const EvsContext *context, EvsCacheSlot slot,
                                 GPtrArray *(*read)(const json_t *answer))
{
  gint64 until_us = clock_deadline_in_ms(CACHE_WAIT_MS);
  MUTEX_HOLD(&client->lock);
  while (!is_kept(client, slot) && client->cache[slot].reading && clock_now_us() < until_us &&
         evs_context_check(context, "", TRUE, NULL))
    cond_wait_until(&client->cached, &client->lock, MIN(until_us, evs_context_slice(context)));
  if (is_kept(client, slot))
    return read(client->cache[slot].answer);
  client->cache[slot].reading = TRUE;
  return NULL;
}

void evs_client_cache_put(EvsClient *client, EvsCacheSlot slot, json_t *answer)
{
  MUTEX_HOLD(&client->lock);
  client->cache[slot].reading = FALSE;
  if (answer) {
    g_clear_pointer(&client->cache[slot].answer, json_decref);
    client->cache[slot].answer = answer;
    client->cache[slot].until_us = clock_now_us() + CACHE_US;
  }
  cond_broadcast(&client->cached);
}

void evs_client_free(EvsClient *client)
{
  if (!client)
    return;
  metrics_collect_end(collect, client);
  evs_session_return(client, client->session);
  forget_lists(client);
  evs_http_free(client->http);
  evs_gates_free(client->gates);
  cond_destroy(&client->cached);
  mutex_destroy(&client->lock);
  g_free(client->trouble);
  g_free(client);
}

void evs_client_reconfigure(EvsClient *client, const EvsConfig *config)
{
  EvsSession *session = session_new(client, config), *old;
  {
    MUTEX_HOLD(&client->lock);
    old = client->session;
    client->session = session;
    forget_lists(client);
  }
  evs_session_return(client, old);
}

char *evs_client_region(EvsClient *client)
{
  MUTEX_HOLD(&client->lock);
  return g_strdup(client->session->config->region);
}

const char *evs_session_endpoint(const EvsSession *session, EvsService service)
{
  switch (service) {
  case EVS_SERVICE_ECS:
    return session->config->endpoint_ecs;
  case EVS_SERVICE_IAM:
    return session->config->endpoint_iam;
  case EVS_SERVICE_EVS:
    break;
  }
  return session->config->endpoint_evs;
}

/* Exactly one project must have the name: guessing could create disks in the wrong one. */
static char *pick_project(const json_t *answer, const char *name, GError **error)
{
  g_autofree char *id = NULL;
  guint found = 0;
  gsize i;
  json_t *project;
  json_array_foreach(json_object_get(answer, "projects"), i, project)
  {
    g_autofree char *project_name = evs_json_text(project, "name");
    if (!g_str_equal(project_name, name))
      continue;
    found++;
    g_free(id);
    id = evs_json_text(project, "id");
  }
  if (found == 1 && evs_id_is_project(id))
    return g_steal_pointer(&id);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                "%u projects are named '%s': set project-id in cloud-config", found, name);
  return NULL;
}

static char *look_up_project(EvsClient *client, EvsSession *session, const EvsContext *context,
                             GError **error)
{
  const EvsConfig *config = session->config;
  const char *name = config->project_name ? config->project_name : config->region;
  g_autofree char *encoded = evs_percent_encode(name);
  g_autofree char *query = g_strconcat("name=", encoded, NULL);
  EvsCall call = {.operation = &evs_operations[EVS_OP_PROJECT_LIST], .query = query};
  g_autoptr(json_t) answer = evs_api_call_in(client, session, context, &call, error);
  return answer ? pick_project(answer, name, error) : NULL;
}

/* A token belongs to its project: no look-up. */
static char *token_project(EvsSession *session, const EvsContext *context, GError **error)
{
  g_auto(EvsKeys) keys = {0};
  if (!evs_credentials_get(session->credentials, context, &keys, error))
    return NULL;
  char *id = evs_credentials_project(session->credentials);
  if (id && evs_id_is_project(id))
    return id;
  g_free(id);
  evs_error_set(error, EVS_CODE_FAILED_PRECONDITION,
                "the token names no project: set project-id in cloud-config");
  return NULL;
}

char *evs_session_project(EvsClient *client, EvsSession *session, const EvsContext *context, GError **error)
{
  {
    MUTEX_HOLD(&client->lock);
    if (session->project_id)
      return g_strdup(session->project_id);
  }
  char *id = session->config->auth == EVS_AUTH_PASSWORD ? token_project(session, context, error)
                                                        : look_up_project(client, session, context, error);
  if (id) {
    MUTEX_HOLD(&client->lock);
    g_free(session->project_id);
    session->project_id = g_strdup(id);
  }
  return id;
}

char *evs_client_project_id(EvsClient *client, const EvsContext *context, GError **error)
{
  EvsSession *session = evs_session_borrow(client);
  char *id = evs_session_project(client, session, context, error);
  evs_session_return(client, session);
  return id;
}

gboolean evs_client_learn_skew(EvsClient *client, gint64 date_us, gint64 sent_wall_us)
{
  if (date_us == 0)
    return FALSE;
  /* The header has whole seconds; the answer was made somewhere between sending and now. */
  gint64 middle = sent_wall_us + (clock_wall_us() - sent_wall_us) / 2;
  gint64 skew = date_us + G_USEC_PER_SEC / 2 - middle;
  gint64 old = __atomic_load_n(&client->skew_us, __ATOMIC_RELAXED);
  if (ABS(skew) < SKEW_TOLERATED_US)
    skew = 0;
  if (ABS(skew - old) < SKEW_TOLERATED_US)
    return FALSE;
  __atomic_store_n(&client->skew_us, skew, __ATOMIC_RELAXED);
  if (skew != 0)
    log_warn("clock differs from the cloud's, signing by the cloud's",
             LOG_NUMBER("seconds", skew / G_USEC_PER_SEC));
  return ABS(skew - old) >= SKEW_NEWS_US;
}

void evs_client_note_health(EvsClient *client, const char *trouble)
{
  MUTEX_HOLD(&client->lock);
  if (g_strcmp0(client->trouble, trouble) == 0)
    return;
  g_free(client->trouble);
  client->trouble = g_strdup(trouble);
}

gboolean evs_client_healthy(EvsClient *client, char **ret_reason)
{
  MUTEX_HOLD(&client->lock);
  if (ret_reason)
    *ret_reason = g_strdup(client->trouble ? client->trouble : "");
  return client->trouble == NULL;
}
