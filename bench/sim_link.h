/* The control interface of evs-sim (docs/evs-sim.md): what the cloud was asked, when its jobs ended, its clock. One
 * thread. */
#pragma once

#include "base/error.h"

#include <jansson.h>

typedef struct SimLink SimLink;

/* url: "http://127.0.0.1:PORT". Connects with the first request. */
SimLink *sim_link_new(const char *url);
void sim_link_free(SimLink *link);

/* method "GET", "PUT", "POST", "DELETE"; path "/_sim/stats". body may be NULL and is taken over. *ret_answer (may be
 * NULL): the parsed answer, or NULL for an empty one. UNAVAILABLE without an answer, INTERNAL for one that is not 2xx or
 * no JSON. */
gboolean sim_link_request(SimLink *link, const char *method, const char *path, json_t *body,
                          json_t **ret_answer, GError **error);

/* Speed of job times; 1 is real. */
gboolean sim_link_set_speed(SimLink *link, double speed, GError **error);
