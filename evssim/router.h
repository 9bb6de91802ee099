/* From a request to its answer, in the order of a real gateway: which service (Host or path prefix), which route, who
 * calls, how often, which faults fire, may they, and then the handler. */
#pragma once

#include "evssim/request.h"

void router_start(Sim *sim);
void router_stop(Sim *sim);

/* Handles the request; when this returns it has its answer (p->answered) with p->delay_ms set, and is counted in the
 * stats. The caller sends it. */
void router_dispatch(Request *request);

/* All routes, in the order in which they were added, with the key and its value that their body must have (NULL: none,
 * any). */
void router_visit(const Sim *sim,
                  void (*visit)(const Route *route, const char *key, const char *value, void *argument),
                  void *argument);
