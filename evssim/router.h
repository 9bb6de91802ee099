/* From a request to its answer, in the order of a real gateway: which service (Host or path prefix), which route, who
 * calls, how often, which faults fire, may they, and then the handler. */
#pragma once

#include "evssim/request.h"

void router_start(Sim *sim);
void router_stop(Sim *sim);

/* Handles the request; when this returns it has its answer (p->answered) with p->delay_ms set, and is counted in the
 * stats. The caller sends it. */
void router_dispatch(Request *request);

/* All routes, in the order in which they were added. */
void router_visit(const Sim *sim, void (*visit)(const Route *route, void *argument), void *argument);
