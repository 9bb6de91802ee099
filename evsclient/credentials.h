/* What calls are authenticated with, kept fresh: static access keys, temporary keys of a server's agency (metadata
 * service), or a token got for a password. One thread at a time renews; the others use the old ones while they are
 * still good and wait when they are not.
 *
 * Agency keys: asked for again 40 min before their end (a quarter of what is left when they live shorter), at most
 * every 10 s; an unchanged answer is kept. Where the metadata service knows session tokens they are used; where it
 * does not (404, 405, 503) that is remembered for a day.
 */
#pragma once

#include "evsclient/http.h"

typedef struct EvsCredentials EvsCredentials;

/* A copy for one call. Either keys or a token. NULL: not of this kind. */
typedef struct {
  char *access_key, *secret_key, *security_token;
  char *token;
  guint64 generation; /* tells evs_credentials_reject which ones are meant */
} EvsKeys;

/* Overwrites and frees. */
void evs_keys_clear(EvsKeys *keys);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EvsKeys, evs_keys_clear)

/* skew_us: read atomically, the cloud's clock minus ours. All arguments must outlive it. */
EvsCredentials *evs_credentials_new(const EvsConfig *config, EvsHttp *http, const gint64 *skew_us);
/* NULL is fine. */
void evs_credentials_free(EvsCredentials *credentials);

/* Errors: UNAUTHENTICATED, UNAVAILABLE, FAILED_PRECONDITION (server without agency); nothing was sent to the service
 * itself, so their outcome is UNSENT. */
gboolean evs_credentials_get(EvsCredentials *credentials, const EvsContext *context, EvsKeys *ret_keys,
                             GError **error);

/* The cloud did not accept these. TRUE if others may be had: get again. At most every 10 s, so that many calls that
 * are refused do not ask IAM each. */
gboolean evs_credentials_reject(EvsCredentials *credentials, guint64 generation);

/* The project that a token belongs to, or NULL if none is known. Newly allocated. */
char *evs_credentials_project(EvsCredentials *credentials);

/* What a fetch gives (credential sources only). */
typedef struct {
  EvsKeys keys;
  char *project_id;  /* NULL: not said */
  gint64 expires_us; /* wall clock of the cloud; 0: not said */
} EvsFetched;

gboolean evs_fetch_token(const EvsConfig *config, EvsHttp *http, const EvsContext *context,
                         EvsFetched *ret_fetched, GError **error);

/* State of the metadata service's session tokens. */
typedef struct {
  char *token;
  gint64 token_until_us, plain_until_us; /* clock_now_us() scale */
} EvsMetadataSession;
gboolean evs_fetch_agency(const EvsConfig *config, EvsHttp *http, const EvsContext *context,
                          EvsMetadataSession *session, EvsFetched *ret_fetched, GError **error);
