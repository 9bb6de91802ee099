/* evs-sim in a test: start, its /_sim/ control interface (design of the formats: docs of evssim), its disks. */
#pragma once

#include "tests/harness/harness.h"

#include <jansson.h>

typedef struct {
  Process *process;
  const char *url;          /* "http://127.0.0.1:PORT" */
  const char *state_dir;    /* DIR of --state-dir */
  const char *cloud_config; /* ready for --cloud-config; NULL when accounts were given */
} Sim;

typedef struct {
  const char *accounts;  /* JSON text for --accounts; NULL: the simulator's default account */
  const char *profile;   /* name, or JSON text (begins with '{'); NULL: "fast" */
  const char *state_dir; /* of an earlier simulator whose state is taken over; NULL: a new one */
  int seed;
} SimOptions;

/* Starts one and waits until it is ready. options may be NULL. At teardown its state is purged after it has ended. */
Sim *sim_start(Harness *harness, const SimOptions *options);

/* ---- control. Paths as "/_sim/stats"; an answer other than 2xx fails the test and shows its body ---- */

/* method "GET", "PUT", "POST", "DELETE". body may be NULL and is taken over. Returns the parsed answer, or NULL for
 * an empty one (json_decref). */
json_t *sim_request(const Sim *sim, const char *method, const char *path, json_t *body);
json_t *sim_get(const Sim *sim, const char *path);
/* As sim_request with the body as JSON text; the answer is dropped. */
void sim_send(const Sim *sim, const char *method, const char *path, const char *body);
/* Any answer is fine: its status. */
int sim_request_status(const Sim *sim, const char *method, const char *path, const char *body);

/* Calls of one operation ("6.1.1", "ecs.attach") since the start or the last reset; NULL: of all operations. */
gint64 sim_calls(const Sim *sim, const char *op);
void sim_reset_calls(const Sim *sim);
/* All counts as "6.1.1=1 ecs.attach=2", for failure texts. Newly allocated. */
char *sim_describe_calls(const Sim *sim);

/* Sets a fault (JSON text of POST /_sim/faults) and returns its id (newly allocated). */
char *sim_fault(const Sim *sim, const char *fault);
gint64 sim_fault_hits(const Sim *sim, const char *id);
void sim_clear_faults(const Sim *sim);

/* ---- state ---- */

/* The disk's row of /_sim/state, or NULL when there is none (json_decref). */
json_t *sim_disk(const Sim *sim, const char *volume_id);
gsize sim_disk_count(const Sim *sim);
/* Waits until the disk has this status; "gone": until it is no more. */
void sim_wait_disk_status(const Sim *sim, const char *volume_id, const char *status);
/* DIR/disks/<id>.img. Newly allocated. */
char *sim_disk_file(const Sim *sim, const char *volume_id);
/* Loop devices the simulator holds. */
gint64 sim_loops(const Sim *sim);

/* The n-th server of /_sim/state, from 0 (json_decref): {"id","name","dev_dir","sys_dir","status"}. */
json_t *sim_server(const Sim *sim, gsize index);
