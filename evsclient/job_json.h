/* Decoding of job answers. */
#pragma once

#include "evsclient/job.h"
#include "evsclient/json.h"

/* Never NULL; members that are missing read as "". */
EvsJob *evs_job_from_json(const json_t *object);
