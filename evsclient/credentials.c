#include "evsclient/credentials.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "evsclient/ini.h"
#include "evsclient/meter.h"

#define SECONDS ((gint64)G_USEC_PER_SEC)
#define MARGIN_US (40 * 60 * SECONDS)
#define MIN_POLL_US (10 * SECONDS)
#define MAX_POLL_US (5 * 60 * SECONDS)
#define ASSUMED_LIFE_US (15 * 60 * SECONDS) /* where the answer names no end */

struct EvsCredentials {
  const EvsConfig *config;
  EvsHttp *http;
  const gint64 *skew_us;
  Mutex lock;
  Cond renewed;
  gboolean renewing;
  EvsKeys current;
  char *project_id;
  gint64 good_until_us, renew_at_us; /* clock_now_us() scale; 0: no credentials */
  gint64 rejected_at_us;             /* the last rejection that made them be renewed; 0: none */
  EvsMetadataSession session;        /* of the thread that renews */
};

void evs_keys_clear(EvsKeys *keys)
{
  g_free(keys->access_key);
  secret_free(keys->secret_key);
  secret_free(keys->security_token);
  secret_free(keys->token);
  *keys = (EvsKeys){0};
}

static EvsKeys copy_keys(const EvsKeys *keys)
{
  return (EvsKeys){
    .access_key = g_strdup(keys->access_key),
    .secret_key = g_strdup(keys->secret_key),
    .security_token = g_strdup(keys->security_token),
    .token = g_strdup(keys->token),
    .generation = keys->generation,
  };
}

EvsCredentials *evs_credentials_new(const EvsConfig *config, EvsHttp *http, const gint64 *skew_us)
{
  EvsCredentials *credentials = g_new0(EvsCredentials, 1);
  *credentials = (EvsCredentials){.config = config, .http = http, .skew_us = skew_us};
  evs_meter_credentials_expiry(0);
  mutex_init(&credentials->lock);
  cond_init(&credentials->renewed);
  if (config->auth == EVS_AUTH_AKSK) {
    EvsKeys given = {config->access_key, config->secret_key, config->security_token, NULL, 1};
    credentials->current = copy_keys(&given);
    credentials->good_until_us = credentials->renew_at_us = CLOCK_NEVER;
  }
  return credentials;
}

void evs_credentials_free(EvsCredentials *credentials)
{
  if (!credentials)
    return;
  evs_keys_clear(&credentials->current);
  g_free(credentials->project_id);
  secret_free(credentials->session.token);
  cond_destroy(&credentials->renewed);
  mutex_destroy(&credentials->lock);
  g_free(credentials);
}

static gboolean same(const char *a, const char *b)
{
  return g_strcmp0(a, b) == 0;
}

/* With the lock held. */
static void store(EvsCredentials *credentials, EvsFetched *fetched)
{
  gint64 now = clock_now_us();
  gint64 cloud_now = clock_wall_us() + __atomic_load_n(credentials->skew_us, __ATOMIC_RELAXED);
  gint64 left = fetched->expires_us > 0 ? fetched->expires_us - cloud_now : ASSUMED_LIFE_US;
  gboolean unchanged = credentials->current.generation > 0 &&
                       same(credentials->current.access_key, fetched->keys.access_key) &&
                       same(credentials->current.token, fetched->keys.token);
  if (!unchanged) {
    fetched->keys.generation = credentials->current.generation + 1;
    evs_keys_clear(&credentials->current);
    credentials->current = fetched->keys;
    fetched->keys = (EvsKeys){0};
  }
  if (fetched->project_id) {
    g_free(credentials->project_id);
    credentials->project_id = g_steal_pointer(&fetched->project_id);
  }
  evs_meter_credentials_expiry(clock_wall_us() + left);
  credentials->good_until_us = now + MAX(left, MIN_POLL_US);
  credentials->renew_at_us =
    left > MARGIN_US + MAX_POLL_US ? now + left - MARGIN_US : now + CLAMP(left / 4, MIN_POLL_US, MAX_POLL_US);
}

static gboolean fetch(EvsCredentials *credentials, const EvsContext *context, EvsFetched *fetched,
                      GError **error)
{
  const EvsConfig *config = credentials->config;
  gboolean ok =
    config->auth == EVS_AUTH_PASSWORD
      ? evs_fetch_token(config, credentials->http, context, fetched, error)
      : evs_fetch_agency(config, credentials->http, context, &credentials->session, fetched, error);
  if (!ok && error && *error && (*error)->domain == EVS_ERROR)
    evs_error_set_outcome(*error, EVS_OUTCOME_UNSENT);
  return ok;
}

/* With the lock held and released meanwhile. TRUE if there are usable credentials afterwards. */
static gboolean renew(EvsCredentials *credentials, const EvsContext *context, GError **error)
{
  EvsFetched fetched = {0};
  g_autoptr(GError) failure = NULL;
  credentials->renewing = TRUE;
  mutex_unlock(&credentials->lock);
  gboolean ok = fetch(credentials, context, &fetched, &failure);
  evs_meter_credentials_renewal(ok);
  mutex_lock(&credentials->lock);
  credentials->renewing = FALSE;
  if (ok)
    store(credentials, &fetched);
  else
    credentials->renew_at_us = clock_now_us() + MIN_POLL_US;
  cond_broadcast(&credentials->renewed);
  evs_keys_clear(&fetched.keys);
  g_free(fetched.project_id);
  if (ok)
    return TRUE;
  if (clock_now_us() < credentials->good_until_us) {
    log_warn("credentials not renewed, the old ones are still good", LOG_TEXT("error", failure->message));
    return TRUE;
  }
  g_propagate_error(error, g_steal_pointer(&failure));
  return FALSE;
}

/* With the lock held: another thread renews and there is nothing usable. */
static gboolean wait_renewed(EvsCredentials *credentials, const EvsContext *context, GError **error)
{
  mutex_unlock(&credentials->lock);
  gboolean wanted = evs_context_check(context, "authenticate", FALSE, error);
  mutex_lock(&credentials->lock);
  if (wanted && credentials->renewing)
    cond_wait_until(&credentials->renewed, &credentials->lock, evs_context_slice(context));
  return wanted;
}

gboolean evs_credentials_get(EvsCredentials *credentials, const EvsContext *context, EvsKeys *ret_keys,
                             GError **error)
{
  MUTEX_HOLD(&credentials->lock);
  for (;;) {
    gint64 now = clock_now_us();
    gboolean good = now < credentials->good_until_us;
    if (good && (now < credentials->renew_at_us || credentials->renewing))
      break;
    if (credentials->renewing) {
      if (!wait_renewed(credentials, context, error))
        return FALSE;
      continue;
    }
    if (!renew(credentials, context, error))
      return FALSE;
    break;
  }
  *ret_keys = copy_keys(&credentials->current);
  return TRUE;
}

gboolean evs_credentials_reject(EvsCredentials *credentials, guint64 generation)
{
  if (credentials->config->auth == EVS_AUTH_AKSK)
    return FALSE;
  MUTEX_HOLD(&credentials->lock);
  if (credentials->current.generation != generation)
    return TRUE;
  gint64 now = clock_now_us();
  if (credentials->rejected_at_us > 0 && now - credentials->rejected_at_us < MIN_POLL_US)
    return FALSE; /* new ones were just had for that, and do not help */
  credentials->rejected_at_us = now;
  credentials->good_until_us = credentials->renew_at_us = 0;
  return TRUE;
}

char *evs_credentials_project(EvsCredentials *credentials)
{
  MUTEX_HOLD(&credentials->lock);
  return g_strdup(credentials->project_id);
}
