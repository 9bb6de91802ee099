/* Decoding of quotas. */
#pragma once

#include "evsclient/json.h"
#include "evsclient/quota.h"

/* From the member quota_set; what is no quota is left out. Never NULL. */
EvsQuota *evs_quota_from_json(json_t *quota_set);
