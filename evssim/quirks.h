/* Odd shapes that the cloud's documents and samples show (evs-facts 17) and that clients must live with: on with
 * "quirks": true in the profile. */
#pragma once

#include "evssim/sim.h"

/* The body of a successful EVS answer, made odd; takes over body. NULL stays NULL. */
json_t *quirks_apply(const Request *request, json_t *body);
