/* Verifies request signatures of algorithm SDK-HMAC-SHA256 in both wire forms that clients in the field send:
 *
 *   Access form   Authorization: SDK-HMAC-SHA256 Access=AK, SignedHeaders=a;b, Signature=hex
 *   scoped form   Authorization: SDK-HMAC-SHA256 Credential=AK/DATE/REGION/SERVICE/sdk_request, SignedHeaders=...
 *
 * They differ in the key (the secret itself, or one derived from date, region and service), in the string to sign
 * (3 lines or 4) and in how the query and header values are made canonical.
 *
 * Pure: no state, no clock, no look-up of keys; the caller finds the secret for signature->access_key and judges
 * the age of signature->date_us. Written apart from the client's signer on purpose: the two meet only on the wire
 * and in the published vectors. Any thread.
 *
 * All errors are UNAUTHENTICATED and never contain a secret nor the signature that would have been right.
 */
#pragma once

#include <glib.h>

enum {
  SIGNATURE_MAX_AUTHORIZATION = 8192, /* bytes of the header */
  SIGNATURE_MAX_HEADERS = 64,         /* names in SignedHeaders */
};

typedef enum { SIGNATURE_FORM_ACCESS, SIGNATURE_FORM_SCOPED } SignatureForm;

/* What the Authorization header says. */
typedef struct {
  SignatureForm form;
  char *access_key;
  char *scope;         /* "20240229/region/service/sdk_request"; NULL in the Access form */
  char **signed_names; /* lower case, in the order sent */
  char *digest;        /* 64 lower-case hexadecimal digits */
} Signature;

typedef struct {
  const char *name; /* any case */
  const char *value;
} SignatureHeader;

/* The request as it came over the wire. */
typedef struct {
  const char *method;
  const char *target; /* of the request line: "/path?query"; an absolute "http://host/path" is cut to that */
  const SignatureHeader *headers;
  gsize header_count;
  const void *body; /* exactly the bytes sent; NULL for none */
  gsize body_size;
} SignatureRequest;

/* Reads the value of an Authorization header. NULL and *error if it is of another scheme, incomplete or oversized. */
Signature *signature_parse(const char *authorization, GError **error);
void signature_free(Signature *signature);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signature, signature_free)

/* The instant in X-Sdk-Date, in microseconds since 1970 UTC. The header must be present and signed, and the scoped
 * form's date must be the same day. */
gboolean signature_date(const Signature *signature, const SignatureRequest *request, gint64 *ret_wall_us,
                        GError **error);

/* TRUE if the request was signed with this secret. */
gboolean signature_verify(const Signature *signature, const SignatureRequest *request, const char *secret,
                          GError **error);

/* The two intermediate texts, for tests and for telling a client author where the two sides part. NULL and *error
 * if a signed header is missing or the target holds a broken percent escape. Newly allocated. */
char *signature_canonical_request(const Signature *signature, const SignatureRequest *request,
                                  GError **error);
char *signature_string_to_sign(const Signature *signature, const SignatureRequest *request, GError **error);
