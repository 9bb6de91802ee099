/* The simulated IAM: who a caller is and what it may do. Reference: docs/evs-sim.md, "Accounts and permissions".
 *
 * A request is authenticated by a token (X-Auth-Token) or by a signature of either form (signature.h) with a user's
 * access key or a temporary one (then X-Security-Token must be the key's). A signature older or younger than 15
 * minutes on the cloud's clock is refused. The functions that the router calls are in parts.h. */
#pragma once

#include "evssim/credentials.h"
#include "evssim/sim.h"

enum { IAM_SKEW_SECONDS = 15 * 60 };

/* What iam_start() made. */
Credentials *iam_credentials(const Sim *sim);

/* As iam_authenticate(), for a token from elsewhere than the header (the body of a temporary key's request). */
gboolean iam_authenticate_token(Request *request, const char *token);

/* iam_routes.c: POST /v3/auth/tokens and the other calls to the IAM endpoint. */
void iam_routes_start(Sim *sim);
