/* One request made by hand for `evsctl api`: its URL, its headers and its signature, just as they would be sent. The same
 * request is either shown (a dry run: how a 401 is debugged) or sent, so what is shown is what is sent.
 *
 * The default headers are those of every call of the client. What is signed by default: Host, X-Sdk-Date, X-Project-Id,
 * X-Client-Token, X-Security-Token, and every header given by the user but Content-Type, Accept and User-Agent.
 * No state, any thread.
 */
#pragma once

#include "evsclient/config.h"
#include "evsclient/credentials.h"
#include "evsclient/job.h"
#include "evsclient/json.h"

enum { API_MAX_BODY = 12 << 20, API_MAX_HEADERS = 32, API_MAX_URL = 32 << 10 };

typedef struct {
  EvsService service;
  const char *method;       /* any case */
  const char *path;         /* "/v2/{project}/cloudvolumes?limit=1", percent-encoded, or "" */
  const GPtrArray *headers; /* of char *, "Name: value"; NULL: none */
  const char *body;         /* NULL: none */
  const char *date;         /* YYYYMMDDTHHMMSSZ; NULL: now; a header X-Sdk-Date wins */
  const char *sign_headers; /* "host;x-sdk-date"; NULL: the default */
} ApiOrder;

typedef struct {
  char *name, *value;
  gboolean is_secret; /* comes from the configuration or from IAM: shown only when asked for by name */
  gboolean is_signed;
} ApiHeader;

typedef struct {
  char *method, *url;
  GPtrArray *headers; /* of ApiHeader *: Host first, Authorization or X-Auth-Token last */
  char *canonical_request, *string_to_sign; /* NULL with a token: nothing is signed */
} ApiRequest;

void api_request_free(ApiRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApiRequest, api_request_free)

/* What is wrong with the order, before anything is asked of anybody. INVALID_ARGUMENT naming the argument. */
gboolean api_order_check(const ApiOrder *order, GError **error);

gboolean api_order_needs_project(const ApiOrder *order);

/* project: fills {project} and X-Project-Id; NULL: the path names none. keys: either access keys or a token.
 * INVALID_ARGUMENT if a header that shall be signed is not in the request. */
ApiRequest *api_request_make(const ApiOrder *order, const EvsConfig *config, const char *project,
                             const EvsKeys *keys, GError **error);

/* {"method", "url", "headers", "canonical_request", "string_to_sign"}. Secrets, also within the canonical request, are
 * "***" unless show_secrets; the signature in Authorization is shown: it is good for this one request for 15 minutes
 * and what a refused one is compared with. */
json_t *api_request_show(const ApiRequest *request, gboolean show_secrets);
