/* Request signing, SDK-HMAC-SHA256 in its "Access" form: the one all current clouds of the family take.
 * A pure function of its input; no clock, no state. Any thread.
 *
 * What is signed: method, path (each segment decoded once and encoded again, ending in a slash for the signature
 * only), query (decoded, encoded, sorted by name then value), the headers chosen by the caller and the body's hash.
 * A header x-sdk-content-sha256 among the signed ones replaces the body's hash.
 */
#pragma once

#include <glib.h>

typedef struct {
  const char *name; /* any case; NULL ends a list */
  const char *value;
} EvsHeader;

typedef struct {
  const char *method;       /* any case */
  const char *url;          /* absolute, as sent */
  const EvsHeader *headers; /* to be signed; must hold Host (host[:port] as sent) if it shall be signed, and
                               X-Sdk-Date, whose value dates the signature */
  const char *body;         /* NULL: none */
  gsize body_length;
  const char *access_key, *secret_key;
} EvsSignRequest;

/* All parts are newly allocated; none holds the secret key. */
typedef struct {
  char *canonical_request, *string_to_sign, *authorization;
} EvsSignature;

void evs_sign(const EvsSignRequest *request, EvsSignature *ret_signature);
void evs_signature_clear(EvsSignature *signature);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EvsSignature, evs_signature_clear)

/* "20240229T123456Z" of a wall clock in microseconds. Newly allocated. */
char *evs_sign_date(gint64 wall_us);

/* Percent-encodes all but A-Z a-z 0-9 - _ . ~ (so a slash too). Newly allocated. */
char *evs_percent_encode(const char *text);
