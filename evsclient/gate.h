/* Throttle gates: one per endpoint and operation. A throttle answer closes the gate for everybody; after a pause one
 * caller goes through as a probe, and its success opens the gate again. Callers pass in order of arrival, at most 8 at
 * a time: no operation takes all connections, and few calls are on their way when the gate closes.
 *
 * An open gate that was throttled before also paces (pace.h): it offers calls at the rate that the cloud took between two
 * throttle answers, so that a storm runs at the cloud's pace with few refusals and without a configured figure.
 *
 * An account may have one limit for all its calls. It shows in throttle answers to an operation that makes only a small
 * part of the calls while the busiest is refused as well. Then the gates forget what they have learned, which was their
 * part of it, and all go by one pace besides their own; operations with a small part are counted by it but do not wait
 * for it.
 */
#pragma once

#include "evsclient/client.h"

typedef struct EvsGates EvsGates;
typedef struct EvsGate EvsGate;

EvsGates *evs_gates_new(void);
/* Nobody may be in a gate. NULL is fine. */
void evs_gates_free(EvsGates *gates);
/* Lives as long as the gates. Texts are copied. */
EvsGate *evs_gates_get(EvsGates *gates, const char *endpoint, const char *operation);

/* The interval between two calls of any kind, in microseconds, while the account seems to have one limit for all; else
 * 0. Who asks often without need should ask less often then. */
gint64 evs_gates_shared_us(EvsGates *gates);

typedef enum { EVS_GATE_TAKEN, EVS_GATE_THROTTLED, EVS_GATE_UNKNOWN } EvsGateResult;

/* Waits for a turn. TRUE: the caller must send, and tell the result by evs_gate_leave with the same *ret_probe.
 * FALSE with *error when the context ends. */
gboolean evs_gate_enter(EvsGate *gate, const EvsContext *context, const char *what, gboolean read,
                        gboolean *ret_probe, GError **error);
void evs_gate_leave(EvsGate *gate, gboolean probe, EvsGateResult result);
/* Does it hold requests back after a throttle answer? For metrics. */
gboolean evs_gate_is_closed(EvsGate *gate);
