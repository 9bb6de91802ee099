/* What the cloud says of a scenario: calls per object, throttles, the oracle, and how long after a job's end the driver's
 * answer came. */
#pragma once

#include "bench/bench.h"

/* Before: resets evs-sim's counts. TRUE without a simulator. */
gboolean account_begin(Bench *bench, GError **error);

/* After: adds "oracle_ms" (an object), "cloud_calls" {"total","per_object","by_operation":{OP:calls per object}},
 * "throttles", "lag_ms" {JOB TYPE:{"count",...},"all":{}} to the row. Nothing without a simulator. */
gboolean account_end(Bench *bench, const Storm *storm, json_t *row, GError **error);
