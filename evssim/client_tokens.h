/* X-Client-Token (reference 6.1.1, EVS.2218-2223): a client's UUID under which a create runs once.
 *
 * The first request's answer, a refusal too, is remembered with a fingerprint of method, path and body. For 8 hours
 * (virtual) the same request gets the same answer, whatever has become of its job and disk; another request under the
 * token is EVS.2219, one while the first answer is still on its way EVS.2221, one after 8 hours EVS.2220. A token is
 * forgotten for good after 7 days. Tokens belong to the account. */
#pragma once

#include "evssim/sim.h"

void client_tokens_start(Sim *sim);
void client_tokens_stop(Sim *sim);

/* TRUE: go on with the request (there is no token, or it is new). FALSE: it has been answered. */
gboolean client_token_check(Request *request);
/* Remembers the answer of a request that client_token_check() let through. To be called before the effect of the
 * request is in the journal, so that a killed simulator never makes the same disk twice. body is borrowed. */
void client_token_remember(Request *request, int status, json_t *body);
