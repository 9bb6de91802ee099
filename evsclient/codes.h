/* What the cloud's error codes mean for us: gRPC code, whether the call may be tried again, and what the user can do.
 * Decided by the cloud's code (and message, where one code has several), never by the HTTP status: an expired token is
 * a 400, a key management fault a 404, a throttle answer a 202. Also for the error_code of a failed job.
 * Implements evs-facts.md 13 (EVS, Common), cloud-facts.md A8 (ECS, gateway, native names).
 */
#pragma once

#include "base/error.h"

enum {
  EVS_TRAIT_THROTTLE = 1 << 0, /* too many calls: wait and send again; nothing was taken */
  EVS_TRAIT_AUTH = 1 << 1,     /* the credentials were not accepted: renew them and send once more */
  EVS_TRAIT_RETRY = 1 << 2,    /* passes by itself: send again if the call may be repeated */
  EVS_TRAIT_UNSURE = 1 << 3,   /* the request may have been taken all the same */
};

typedef struct {
  const char *cloud_code;
  const char *needle; /* part of the message, or NULL for any; rows with one stand first */
  EvsCode code;
  guint traits;
  const char *remedy; /* or NULL */
} EvsCloudCode;

/* NULL for an unknown code. message may be NULL. APIG.x counts as APIGW.x. */
const EvsCloudCode *evs_cloud_code_find(const char *cloud_code, const char *message);

/* For an answer without a known code. */
EvsCode evs_code_of_http_status(int status);
/* EVS_TRAIT_*, likewise. */
guint evs_traits_of_http_status(int status);
