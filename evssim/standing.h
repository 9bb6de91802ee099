/* What an account may do for reasons that are not its permissions: arrears, suspension, and what KMS says of its keys
 * (PUT /_sim/accounts/NAME). In the journal (kind "standing"). */
#pragma once

#include "evssim/sim.h"

/* The caller's account is in order, or the request only reads; else answers (EVS.2144, EVS.2145, Ecs.0003). */
gboolean standing_check(Request *request);

typedef enum { KMS_CREATE, KMS_ROLLBACK } KmsUse;
/* An encrypted disk can be made, or rolled back; else answers (EVS.2040, 2042, 2044, 2055, 2105, 2143). */
gboolean standing_kms(Request *request, KmsUse use);

void standing_handle_put(Request *request);
void standing_start(Sim *sim);
void standing_stop(Sim *sim);
